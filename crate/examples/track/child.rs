//! The process that is followed: random calls about a small part of its memory, and nothing else once they begin.

use std::arch::x86_64::_rdtsc;

/// The first argument that makes the program this process.
pub const ARGUMENT: &str = "child";
/// The call that says "from here on": with this as its first argument.
pub const MARK: u64 = 0x7061_6765;
/// A call that took longer was interrupted, by other programs mostly, and does not count.
const INTERRUPTED: u64 = 200_000;
/// Kinds of calls that are timed apart; the last is what is not a call about memory.
pub const KINDS: [&str; 9] = ["mmap", "munmap", "mprotect", "mremap", "brk", "madvise", "mlock", "munlock", "read"];

const PAGE: u64 = 4096;
/// The part of memory where fixed mappings go, in pages.
const ARENA: u64 = 96;
/// Mappings that are remembered.
const SLOTS: usize = 24;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

struct Child {
    random: Random,
    arena: u64,
    /// Where the heap of the program itself ends.
    heap: u64,
    brk: u64,
    slots: [(u64, u64); SLOTS],
    files: [u64; 3],
    zero: u64,
    /// Cycles and calls, by kind.
    spent: [(u64, u64); KINDS.len()],
    timed: bool,
    /// What reading the counter costs by itself, in cycles.
    counter: u64,
}

/// A system call, from this very place: no library is between.
fn syscall(number: u64, args: [u64; 6]) -> i64 {
    let result;
    // SAFETY: the calls touch memory that this program made for them, and nothing that Rust knows of.
    unsafe {
        std::arch::asm!("syscall", inlateout("rax") number as i64 => result, in("rdi") args[0], in("rsi") args[1], in("rdx") args[2],
            in("r10") args[3], in("r8") args[4], in("r9") args[5], lateout("rcx") _, lateout("r11") _);
    }
    result
}

fn open(path: &str, flags: libc::c_int) -> u64 {
    let path = std::ffi::CString::new(path).expect("a path");
    // SAFETY: a path with its NUL.
    unsafe { libc::open(path.as_ptr(), flags) as u64 }
}

/// Cycles between two readings of the counter.
fn counter_cost() -> u64 {
    // SAFETY: a counter is read.
    let pair = || unsafe { (_rdtsc(), _rdtsc()) };
    (0..1000).map(|_| pair()).map(|(before, after)| after - before).min().unwrap_or(0)
}

/// Makes `count` calls. `timed`: says at the end what each kind cost.
pub fn run(seed: u64, count: u64, timed: bool) {
    // SAFETY: a name with its NUL.
    let memory = unsafe { libc::memfd_create(c"tracked".as_ptr(), 0) as u64 };
    // SAFETY: a file of its own.
    unsafe { libc::ftruncate(memory as libc::c_int, 64 * PAGE as i64) };
    let executable = std::env::current_exe().expect("a name of its own");
    let executable = executable.to_string_lossy();
    let files = [open(&executable, libc::O_RDONLY), open(&executable, libc::O_RDONLY), memory];
    let arena = syscall(libc::SYS_mmap as u64, [0, (ARENA + 512) * PAGE, 0, 0x22, u64::MAX, 0]) as u64;
    let mut child = Child {
        random: Random(seed),
        arena: arena + 256 * PAGE,
        heap: 0,
        brk: 0,
        slots: [(0, 0); SLOTS],
        files,
        zero: open("/dev/zero", libc::O_RDONLY),
        spent: [(0, 0); KINDS.len()],
        timed,
        counter: counter_cost(),
    };
    syscall(libc::SYS_getppid as u64, [MARK, 0, 0, 0, 0, 0]);
    child.brk = syscall(libc::SYS_brk as u64, [0; 6]) as u64;
    child.heap = child.brk;
    for _ in 1..count {
        child.step();
    }
    if timed {
        for (name, (calls, cycles)) in KINDS.iter().zip(child.spent) {
            println!("{name} {calls} {cycles}");
        }
        return;
    }
    syscall(libc::SYS_exit_group as u64, [0; 6]);
}

impl Child {
    fn call(&mut self, kind: usize, number: libc::c_long, args: [u64; 6]) -> i64 {
        if !self.timed {
            return syscall(number as u64, args);
        }
        // SAFETY: a counter is read.
        let before = unsafe { _rdtsc() };
        let result = syscall(number as u64, args);
        // SAFETY: as before.
        let cycles = (unsafe { _rdtsc() } - before).saturating_sub(self.counter);
        if cycles < INTERRUPTED {
            self.spent[kind].0 += 1;
            self.spent[kind].1 += cycles;
        }
        result
    }

    /// A part of something that was mapped, and may be gone, or of the arena.
    fn part(&mut self) -> (u64, u64) {
        let slot = self.slots[self.random.below(SLOTS as u64) as usize];
        if slot.1 > 0 && self.random.below(8) > 0 {
            let page = self.random.below(slot.1);
            return (slot.0 + page * PAGE, 1 + self.random.below(slot.1 - page));
        }
        let page = self.random.below(ARENA - 8);
        (self.arena + page * PAGE, 1 + self.random.below(8))
    }

    fn step(&mut self) {
        match self.random.below(40) {
            0..8 => self.map(),
            8..14 => self.unmap(),
            14..21 => {
                let ((at, pages), prot) = (self.part(), self.random.one_of(&[0, 1, 3, 3, 3, 5]));
                self.call(2, libc::SYS_mprotect, [at, pages * PAGE, prot, 0, 0, 0]);
            }
            21..26 => self.remap(),
            26..29 => {
                let to = (self.brk + self.random.below(9) * PAGE).saturating_sub(4 * PAGE).max(self.heap);
                self.brk = self.call(4, libc::SYS_brk, [to, 0, 0, 0, 0, 0]) as u64;
            }
            29..34 => {
                let advice = self.random.one_of(&[0, 1, 2, 3, 4, 8, 10, 11, 14, 15, 16, 17, 18, 19, 20, 22, 23, 102, 103]);
                let (at, pages) = self.part();
                self.call(5, libc::SYS_madvise, [at, pages * PAGE, advice, 0, 0, 0]);
            }
            34 => {
                let (at, pages) = self.part();
                self.call(6, libc::SYS_mlock, [at, pages * PAGE, 0, 0, 0, 0]);
            }
            35 => {
                let (at, pages) = self.part();
                self.call(7, libc::SYS_munlock, [at, pages * PAGE, 0, 0, 0, 0]);
            }
            _ => {
                let (at, pages) = self.part();
                self.call(8, libc::SYS_read, [self.zero, at, pages * PAGE, 0, 0, 0]);
            }
        }
    }

    fn map(&mut self) {
        let (at, pages) = (self.arena + self.random.below(ARENA - 8) * PAGE, 1 + self.random.below(8));
        let prot = self.random.one_of(&[0, 1, 3, 3, 3, 5]);
        let place = self.random.one_of(&[0, 0, 0x10, 0x10, 0x10, 0x10, 0x10_0000]);
        let more = self.random.one_of(&[0, 0, 0, 0, 0, 0x4000, 0x8000, 0x2_0000, 0x100]);
        let kind = self.random.one_of(&[2, 2, 2, 1]);
        let file = self.random.below(8);
        let (fd, offset, anonymous) = match file {
            0..3 => (self.files[file as usize], self.random.below(4) * PAGE, 0),
            _ => (u64::MAX, 0, 0x20),
        };
        let hint = if place == 0 { self.random.one_of(&[0, at]) } else { at };
        let result = self.call(0, libc::SYS_mmap, [hint, pages * PAGE, prot, kind | place | more | anonymous, fd, offset]);
        if result > 0 {
            self.remember(result as u64, pages);
        }
    }

    /// Takes note of a mapping in the place of another, which goes if nothing would ever replace it.
    fn remember(&mut self, at: u64, pages: u64) {
        let slot = self.random.below(SLOTS as u64) as usize;
        let (old, len) = std::mem::replace(&mut self.slots[slot], (at, pages));
        let replaceable = old >= self.arena && old < self.arena + ARENA * PAGE;
        if len > 0 && !replaceable {
            self.call(1, libc::SYS_munmap, [old, len * PAGE, 0, 0, 0, 0]);
        }
    }

    fn unmap(&mut self) {
        let (at, pages) = self.part();
        self.call(1, libc::SYS_munmap, [at, pages * PAGE, 0, 0, 0, 0]);
    }

    fn remap(&mut self) {
        let (at, pages) = self.part();
        let flags = self.random.one_of(&[0, 1, 1, 3, 3, 5, 7]);
        let new = if flags & 4 != 0 { pages } else { self.random.one_of(&[pages, 1 + self.random.0 % 8]) };
        let to = self.arena + self.random.below(ARENA - 8) * PAGE;
        let result = self.call(3, libc::SYS_mremap, [at, pages * PAGE, new * PAGE, flags, to, 0]);
        if result > 0 && result as u64 != at {
            self.remember(result as u64, new);
        }
    }
}
