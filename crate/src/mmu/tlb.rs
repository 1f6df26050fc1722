//! The TLB: translations the CPU remembers. Direct-mapped, 4,096 entries for each kind of access,
//! the permission folded into the choice of the array: a store looks only at entries that a store
//! filled. An entry holds the page's address and the distance from it to the host's memory, so a
//! hit is one compare and one add (see `speed.md`'s reasons in ARCHITECTURE.md, "The hot path").
//!
//! This is the second of the two modules with `unsafe` (see `phys::memory`). What makes it sound:
//! an entry is filled only from a live frame's host address, such addresses stay valid as long as
//! the `Phys` that gave them, and a machine's clone starts with an empty TLB.

use super::cpu::Access;
use crate::addr::{PAGE_SIZE, VirtAddr};

/// Entries per kind of access; a power of two.
const ENTRIES: usize = 4096;
/// A tag no address compares equal to: its offset bits are not 0.
const EMPTY: u64 = u64::MAX;

#[derive(Clone, Copy)]
#[repr(C)]
struct Entry {
    /// Page address, or `EMPTY`.
    tag: u64,
    /// Host address of the page minus its guest address, wrapping: as wide as host addresses are, so that
    /// the sum is one too.
    addend: usize,
}

const NOTHING: Entry = Entry { tag: EMPTY, addend: 0 };

type Array = Box<[Entry; ENTRIES]>;

/// The translations of one CPU.
pub(super) struct Tlb {
    read: Array,
    write: Array,
    execute: Array,
    /// Places that were filled since the last full flush, each once, so that a flush costs what it forgets.
    filled: Vec<u16>,
    /// Whether a place is among them, a bit each.
    is_filled: [u64; ENTRIES / 64],
}

/// Plain integers that a hit can move in one host instruction.
pub trait Word: Copy {
    /// From the little-endian bytes of the guest.
    fn from_le(bytes: &[u8]) -> Self;
    /// To the little-endian bytes of the guest; only the first `size_of::<Self>()` count.
    fn to_le(self) -> [u8; 8];
    /// Between the guest's order (little-endian) and the host's; the same both ways.
    fn swap_order(self) -> Self;
}

macro_rules! words {
    ($($t:ty),*) => {$(
        impl Word for $t {
            #[inline]
            fn from_le(bytes: &[u8]) -> Self {
                let mut buffer = [0; size_of::<$t>()];
                buffer.copy_from_slice(&bytes[..size_of::<$t>()]);
                <$t>::from_le_bytes(buffer)
            }
            #[inline]
            fn to_le(self) -> [u8; 8] {
                (self as u64).to_le_bytes()
            }
            #[inline(always)]
            fn swap_order(self) -> Self {
                <$t>::from_le(self)
            }
        }
    )*};
}
words!(u8, u16, u32, u64);

#[inline(always)]
fn place(addr: u64) -> usize {
    (addr >> 12) as usize & (ENTRIES - 1)
}

/// The tag that an aligned access of a size hits; a misaligned one keeps low bits and misses.
#[inline(always)]
fn tag<T>(addr: u64) -> u64 {
    addr & !((PAGE_SIZE - 1) & !(size_of::<T>() as u64 - 1))
}

impl Tlb {
    pub(super) fn new() -> Self {
        let array = || vec![NOTHING; ENTRIES].into_boxed_slice().try_into().ok().expect("the length is ENTRIES");
        Self { read: array(), write: array(), execute: array(), filled: Vec::new(), is_filled: [0; ENTRIES / 64] }
    }

    /// Loads through a remembered translation.
    #[inline(always)]
    pub(super) fn load<T: Word>(&self, addr: u64) -> Option<T> {
        let entry = &self.read[place(addr)];
        if entry.tag != tag::<T>(addr) {
            return None;
        }
        let host = entry.addend.wrapping_add(addr as usize);
        // SAFETY: the tag matched, so `host` lies in the frame this entry was filled from, which lives
        // as long as the machine; the access is aligned, so it does not leave the frame.
        Some(unsafe { std::ptr::with_exposed_provenance::<T>(host).read() }.swap_order())
    }

    /// Stores through a remembered translation; `false` if there is none.
    #[inline(always)]
    pub(super) fn store<T: Word>(&mut self, addr: u64, value: T) -> bool {
        let entry = &self.write[place(addr)];
        if entry.tag != tag::<T>(addr) {
            return false;
        }
        let host = entry.addend.wrapping_add(addr as usize);
        // SAFETY: as in `load`; entries of this array come from writable leaves only.
        unsafe { std::ptr::with_exposed_provenance_mut::<T>(host).write(value.swap_order()) };
        true
    }

    /// The frame's host address for a whole page, if remembered.
    #[inline]
    pub(super) fn remembers(&self, addr: VirtAddr, access: Access) -> bool {
        self.array(access)[place(addr.0)].tag == addr.page_floor().0
    }

    pub(super) fn fill(&mut self, addr: VirtAddr, access: Access, host: usize) {
        let page = addr.page_floor().0;
        let slot = place(page);
        self.note_filled(slot as u16);
        let entry = Entry { tag: page, addend: host.wrapping_sub(page as usize) };
        self.array_mut(access)[slot] = entry;
    }

    #[inline]
    pub(super) fn flush_page(&mut self, addr: VirtAddr) -> bool {
        let slot = place(addr.0);
        self.is_filled[slot / 64] & 1 << (slot % 64) != 0 && self.flush_filled(addr.page_floor().0)
    }

    fn flush_filled(&mut self, page: u64) -> bool {
        let mut any = false;
        for array in [&mut self.read, &mut self.write, &mut self.execute] {
            let entry = &mut array[place(page)];
            if entry.tag == page {
                *entry = NOTHING;
                any = true;
            }
        }
        any
    }

    pub(super) fn flush_all(&mut self) -> bool {
        let any = !self.filled.is_empty();
        for slot in self.filled.drain(..) {
            self.is_filled[usize::from(slot) / 64] = 0;
            for array in [&mut self.read, &mut self.write, &mut self.execute] {
                array[slot as usize] = NOTHING;
            }
        }
        any
    }

    /// What is remembered: page, kind of access, host address of the frame.
    pub(super) fn entries(&self) -> impl Iterator<Item = (VirtAddr, Access, usize)> {
        let arrays = [(&self.read, Access::Read), (&self.write, Access::Write), (&self.execute, Access::Execute)];
        arrays.into_iter().flat_map(|(array, access)| {
            let used = array.iter().filter(|entry| entry.tag != EMPTY);
            used.map(move |e| (VirtAddr(e.tag), access, e.addend.wrapping_add(e.tag as usize)))
        })
    }

    /// Places that were filled since the last full flush, in the order in which they were.
    pub(super) fn filled(&self) -> &[u16] {
        &self.filled
    }

    /// What is remembered in a place: page, kind of access, host address of the frame.
    pub(super) fn entries_in(&self, slot: u16) -> impl Iterator<Item = (VirtAddr, Access, usize)> {
        [Access::Read, Access::Write, Access::Execute].into_iter().filter_map(move |access| {
            let entry = &self.array(access)[usize::from(slot)];
            (entry.tag != EMPTY).then(|| (VirtAddr(entry.tag), access, entry.addend.wrapping_add(entry.tag as usize)))
        })
    }

    /// Counts a place as filled, whether or not anything is still remembered in it.
    pub(super) fn note_filled(&mut self, slot: u16) {
        let (word, bit) = (&mut self.is_filled[usize::from(slot) / 64], 1 << (slot % 64));
        if *word & bit == 0 {
            *word |= bit;
            self.filled.push(slot);
        }
    }

    fn array(&self, access: Access) -> &Array {
        match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
            Access::Execute => &self.execute,
        }
    }

    fn array_mut(&mut self, access: Access) -> &mut Array {
        match access {
            Access::Read => &mut self.read,
            Access::Write => &mut self.write,
            Access::Execute => &mut self.execute,
        }
    }
}
