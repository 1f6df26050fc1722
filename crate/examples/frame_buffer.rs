//! A device of one's own: a frame buffer, as a [`Driver`].
//!
//! The seam of the call tree serves whoever comes: `mmap()` of `/dev/fb0` calls this file's
//! [`FileOperations::mmap`], which sets `vma->vm_ops`; a fault calls this file's [`VmOperations::fault`], which
//! yields the frame that holds the pixels. A program of the machine maps the device and draws with plain
//! stores; the screen, outside, reads the same frames. `cargo run --example frame_buffer`.

use pagefault::addr::{PAGE_SIZE, VirtAddr};
use pagefault::driver::{Driver, FaultContext, FaultOutcome, FileOperations, FoundPage, Kernel, VmOperations, Vma, find_cached_page};
use pagefault::errno::{Errno, SysResult};
use pagefault::flags::VmFlags;
use pagefault::ids::{InodeId, Pid};
use pagefault::machine::{Arg, Machine, MachineConfig, Sysno};
use pagefault::why::Why;

/// Pixels in a row: a byte each.
const WIDTH: u64 = 128;
/// Rows; the buffer has two pages.
const HEIGHT: u64 = 64;

static FRAME_BUFFER: Driver = Driver { name: "fb", file_operations: &FrameBufferFile, vm_operations: &FrameBufferArea };

/// What the file does (Linux `fb_mmap`).
struct FrameBufferFile;

impl FileOperations for FrameBufferFile {
    fn name(&self) -> &'static str {
        "fb_mmap"
    }

    fn mmap(&self, kernel: &mut Kernel, vma: &mut Vma) -> SysResult<()> {
        let pages = (WIDTH * HEIGHT).div_ceil(PAGE_SIZE);
        if vma.pgoff_end() > pages {
            return kernel.refuse(Errno::EINVAL, Why::Driver("the screen has no pixels there"));
        }
        // A screen neither grows nor belongs into a core dump.
        vma.flags |= VmFlags::DONTEXPAND | VmFlags::DONTDUMP;
        vma.ops = Some(FRAME_BUFFER.ops());
        Ok(())
    }
}

/// What a mapping of it does (Linux `fb_deferred_io_vm_ops`).
struct FrameBufferArea;

impl VmOperations for FrameBufferArea {
    fn fault_name(&self) -> &'static str {
        "fb_deferred_io_fault"
    }

    /// The pixels live in the pages of the device's file: a page that nobody drew on yet is black.
    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        find_cached_page(kernel, context, false)
    }
}

fn call(machine: &mut Machine, pid: Pid, number: Sysno, args: [Arg; 6]) -> SysResult {
    machine.syscall(pid, number, &args)
}

/// A program that maps the device and draws a circle, a byte a store.
fn draw(machine: &mut Machine, pid: Pid) -> SysResult<VirtAddr> {
    let int = Arg::Int;
    let path = Arg::Bytes(b"/dev/fb0".to_vec());
    let fd = call(machine, pid, Sysno::open, [path, int(2), int(0), int(0), int(0), int(0)])?;
    let pixels = VirtAddr(machine.mmap(pid, [0, WIDTH * HEIGHT, 3, 1, fd, 0])?);
    let (centre, radius) = ((WIDTH as f64 / 2.0, HEIGHT as f64 / 2.0), HEIGHT as f64 / 2.0 - 2.0);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            // A character is about twice as high as wide.
            let distance = ((x as f64 - centre.0) / 2.0).hypot(y as f64 - centre.1);
            if (distance - radius / 1.2).abs() < 1.0 {
                machine.store(pid, pixels + (y * WIDTH + x), b"#").expect("the screen is mapped");
            }
        }
    }
    Ok(pixels)
}

/// What the screen shows: the device's own frames, whoever wrote them.
fn screen(machine: &Machine, device: InodeId) -> Vec<u8> {
    let mut shown = vec![0; (WIDTH * HEIGHT) as usize];
    for (index, page) in machine.cached_pages(device) {
        let at = (index * PAGE_SIZE) as usize;
        shown[at..at + page.len()].copy_from_slice(&page);
    }
    shown
}

fn main() {
    let (mut machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).expect("the reference machine");
    let device = machine.add_device("/dev/fb0", &FRAME_BUFFER, WIDTH * HEIGHT);
    let pixels = draw(&mut machine, pid).expect("the device can be mapped");
    for row in screen(&machine, device).chunks(WIDTH as usize).step_by(2) {
        let line: String = row.iter().map(|pixel| if *pixel == 0 { ' ' } else { char::from(*pixel) }).collect();
        println!("{}", line.trim_end());
    }
    for line in pagefault::view::maps(&machine, pid).iter().filter(|line| line.range.contains(pixels)) {
        println!("{}", pagefault::view::render_maps_line(line));
    }
}
