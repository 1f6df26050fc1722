//! What the tracker's memory costs an area, counted by the allocator.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::addr::VirtAddr;
use pagefault::flags::{MapFlags, Prot};
use pagefault::track::{AddressSpace, Event, MappedFile, Mmap};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system's allocator's; beside it, sizes are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as was promised to this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as was promised to this function.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const AREAS: u64 = 65_000;
const PAGE: u64 = 4096;

/// Bytes an area of an address space with many, one page each, with a page between them; also what was made on the way.
fn bytes_an_area(upwards: bool, file: Option<MappedFile<'static>>, written: bool) -> usize {
    let before = BYTES.load(Ordering::Relaxed);
    let mut space = AddressSpace::new();
    let flags = MapFlags::PRIVATE | if file.is_some() { MapFlags::empty() } else { MapFlags::ANONYMOUS };
    for number in 0..AREAS {
        let place = if upwards { number } else { AREAS - number };
        let at = VirtAddr(0x7000_0000_0000 + place * 2 * PAGE);
        let mmap = Mmap { at, len: PAGE, prot: Prot::READ | Prot::WRITE, flags, file, offset: 0 };
        space.apply(&Event::Mmap(mmap)).unwrap();
        if written {
            space.apply(&Event::Written { at, len: 1 }).unwrap();
        }
    }
    assert_eq!(space.len() as u64, AREAS);
    let taken = BYTES.load(Ordering::Relaxed) - before + size_of_val(&space);
    taken / AREAS as usize
}

/// One test: what others take in the meantime would be counted.
#[test]
fn an_area_costs_little() {
    let file = MappedFile::new((0xfe, 0), 12, "/usr/lib/libc.so.6");
    let kinds = [("anonymous", None, false), ("of a file", Some(file), false), ("anonymous, each written", None, true)];
    for (name, file, written) in kinds {
        for upwards in [false, true] {
            let bytes = bytes_an_area(upwards, file, written);
            println!("{name}, {}: {bytes} bytes an area", if upwards { "upwards" } else { "downwards" });
            // A family of pages of its own is more than an area.
            let most = if written { 260 } else { 160 };
            assert!(bytes <= most, "{name}: {bytes} bytes an area");
        }
    }
}
