//! A device that somebody else wrote, behind `file_operations` and `vm_operations`.

use pagefault::addr::{PAGE_SIZE, VirtAddr};
use pagefault::driver::{Driver, FaultContext, FaultOutcome, FileOperations, FoundPage, Kernel, VmOperations, Vma, find_cached_page};
use pagefault::errno::{Errno, SysResult};
use pagefault::event::{Event, Note};
use pagefault::ids::Pid;
use pagefault::machine::{Arg, Machine, MachineConfig, Sysno};
use pagefault::signal::SigNo;
use pagefault::why::Why;

const BYTES: u64 = 2 * PAGE_SIZE;
static TAPE: Driver = Driver { name: "tape", file_operations: &Tape, vm_operations: &TapeArea };

struct Tape;

impl FileOperations for Tape {
    fn name(&self) -> &'static str {
        "tape_mmap"
    }

    fn mmap(&self, kernel: &mut Kernel, vma: &mut Vma) -> SysResult<()> {
        if vma.pgoff > 0 {
            return kernel.refuse(Errno::ENXIO, Why::Driver("the tape is read from its start"));
        }
        vma.ops = Some(TAPE.ops());
        Ok(())
    }
}

struct TapeArea;

impl VmOperations for TapeArea {
    fn fault_name(&self) -> &'static str {
        "tape_fault"
    }

    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        find_cached_page(kernel, context, false)
    }

    fn wants_write_notify(&self) -> bool {
        true
    }

    /// Counts the pages that were written, in the first byte of the second page.
    fn page_mkwrite(&self, kernel: &mut Kernel, context: &FaultContext) {
        let Some(page) = kernel.own_page(context, 1) else { return };
        let mut count = [0];
        kernel.read_page(page, 0, &mut count);
        kernel.write_page(page, 0, &[count[0] + 1]);
    }
}

fn machine() -> (Machine, Pid, u64) {
    let (mut machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
    machine.add_device("/dev/tape", &TAPE, BYTES);
    let [mode, zero] = [2, 0].map(Arg::Int);
    let path = Arg::Bytes(b"/dev/tape".to_vec());
    let fd = machine.syscall(pid, Sysno::open, &[path, mode, zero.clone(), zero.clone(), zero.clone(), zero]).unwrap();
    (machine, pid, fd)
}

fn load(machine: &mut Machine, pid: Pid, at: u64) -> u8 {
    let mut byte = [0];
    machine.load(pid, VirtAddr(at), &mut byte).unwrap();
    byte[0]
}

#[test]
fn its_own_mmap_and_fault_are_called_and_told() {
    let (mut machine, pid, fd) = machine();
    machine.trace().start(10_000);
    let at = machine.mmap(pid, [0, BYTES, 3, 1, fd, 0]).unwrap();
    machine.store(pid, VirtAddr(at), b"x").unwrap();
    let (events, _) = machine.trace().drain();
    let told = |name| events.iter().any(|event| matches!(event, Event::Enter { note: Note::Text(text), .. } if *text == name));
    assert!(told("tape_mmap") && told("tape_fault"), "{events:?}");
}

#[test]
fn what_it_refuses_is_refused_with_its_own_words() {
    let (mut machine, pid, fd) = machine();
    let error = machine.mmap(pid, [0, PAGE_SIZE, 3, 1, fd, PAGE_SIZE]).unwrap_err();
    assert_eq!((error.errno, error.why.to_string()), (Errno::ENXIO, "the tape is read from its start".to_string()));
    let at = machine.mmap(pid, [0, 2 * BYTES, 3, 1, fd, 0]).unwrap();
    let signal = machine.load(pid, VirtAddr(at + BYTES), &mut [0]).unwrap_err();
    assert_eq!(signal.signo, SigNo::Bus);
}

#[test]
fn processes_share_it_and_private_mappings_copy_it() {
    let (mut machine, pid, fd) = machine();
    let shared = machine.mmap(pid, [0, BYTES, 3, 1, fd, 0]).unwrap();
    let private = machine.mmap(pid, [0, BYTES, 3, 2, fd, 0]).unwrap();
    let child = Pid(machine.syscall(pid, Sysno::fork, &[0; 6].map(Arg::Int)).unwrap() as u32);
    machine.store(child, VirtAddr(shared), b"s").unwrap();
    assert_eq!((load(&mut machine, pid, shared), load(&mut machine, pid, private)), (b's', b's'));
    machine.store(pid, VirtAddr(private), b"p").unwrap();
    assert_eq!((load(&mut machine, child, shared), load(&mut machine, child, private)), (b's', b's'));
    pagefault::internals::check(&machine).unwrap();
}

#[test]
fn it_is_told_of_the_first_write_to_each_page() {
    let (mut machine, pid, fd) = machine();
    let at = machine.mmap(pid, [0, BYTES, 3, 1, fd, 0]).unwrap();
    assert_eq!(load(&mut machine, pid, at + PAGE_SIZE), 0);
    machine.store(pid, VirtAddr(at + 8), b"x").unwrap();
    machine.store(pid, VirtAddr(at + 9), b"y").unwrap();
    assert_eq!(load(&mut machine, pid, at + PAGE_SIZE), 1);
}

#[test]
fn a_copied_machine_has_its_own_device() {
    let (mut machine, pid, fd) = machine();
    let at = machine.mmap(pid, [0, BYTES, 3, 1, fd, 0]).unwrap();
    machine.store(pid, VirtAddr(at), b"a").unwrap();
    let mut copy = machine.clone();
    machine.store(pid, VirtAddr(at), b"b").unwrap();
    assert_eq!((load(&mut copy, pid, at), load(&mut machine, pid, at)), (b'a', b'b'));
}
