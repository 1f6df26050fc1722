//! Areas without RAM: the tracker tells the same maps as the machine that makes the calls, and costs little.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::addr::VirtAddr;
use pagefault::flags::{MapFlags, Prot};
use pagefault::ids::Pid;
use pagefault::machine::{Arg, FileConfig, Machine, MachineConfig, Sysno};
use pagefault::track::{AddressSpace, Event, FileKind, MappedFile, Mmap, MremapFlags, TrackError};
use pagefault::view;
use proptest::prelude::*;

const BASE: u64 = 0x1000_0000;
const PAGE: u64 = 4096;
const PAGES: u64 = 32;
const FILE: &str = "/data";

#[derive(Clone, Debug)]
enum Op {
    Map { page: u64, count: u64, prot: u64, flags: u64, file: bool },
    Unmap { page: u64, count: u64 },
    Protect { page: u64, count: u64, prot: u64 },
    Move { from: u64, count: u64, to: u64, new: u64, flags: u64 },
    Brk { pages: i64 },
    Advise { page: u64, count: u64, advice: i64 },
    Lock { page: u64, count: u64, lock: bool },
    Write { page: u64 },
    Fork,
}

fn op() -> impl Strategy<Value = Op> {
    let range = || (0..PAGES, 1..7u64).prop_map(|(page, count)| (page, count.min(PAGES - page)));
    let prot = || prop_oneof![Just(0), Just(1), Just(3), Just(3), Just(5)];
    // Fixed, or where the kernel finds a place; POPULATE, NORESERVE, STACK, LOCKED.
    let more = prop_oneof![6 => Just(0x10), 2 => Just(0), 1 => Just(0x8010), 1 => Just(0x4010), 1 => Just(0x2_0010), 1 => Just(0x10_0000), 1 => Just(0x2010)];
    let shared = prop_oneof![3 => Just(2u64), 1 => Just(1)];
    let advice = prop::sample::select(vec![0i64, 1, 2, 4, 8, 10, 11, 16, 17, 18, 19, 14, 15, 23]);
    prop_oneof![
        6 => (range(), prot(), more, shared, prop::bool::weighted(0.3)).prop_map(|((page, count), prot, more, kind, file)| {
            let flags = more | kind | if file { 0 } else { 0x20 };
            Op::Map { page, count, prot, flags, file }
        }),
        4 => range().prop_map(|(page, count)| Op::Unmap { page, count }),
        6 => (range(), prot()).prop_map(|((page, count), prot)| Op::Protect { page, count, prot }),
        4 => (range(), 0..PAGES, 1..8u64, prop::sample::select(vec![0u64, 1, 1, 3, 5, 7])).prop_map(|((from, count), to, new, flags)| {
            Op::Move { from, count, to, new: if flags & 4 != 0 { count } else { new }, flags }
        }),
        1 => (-4..6i64).prop_map(|pages| Op::Brk { pages }),
        4 => (range(), advice).prop_map(|((page, count), advice)| Op::Advise { page, count, advice }),
        1 => (range(), any::<bool>()).prop_map(|((page, count), lock)| Op::Lock { page, count, lock }),
        5 => (0..PAGES).prop_map(|page| Op::Write { page }),
        1 => Just(Op::Fork),
    ]
}

fn addr(page: u64) -> VirtAddr {
    VirtAddr(BASE + page * PAGE)
}

/// A machine and what is told of its process.
struct Pair {
    machine: Machine,
    pid: Pid,
    space: AddressSpace,
    brk: u64,
}

impl Pair {
    fn new() -> Self {
        let mut config = MachineConfig::reference();
        config.files.push(FileConfig::on_disk(FILE, 64 * PAGE));
        let (mut machine, pid) = Machine::with_standard_process(&config).unwrap();
        let opened =
            machine.syscall(pid, Sysno::open, &[Arg::Bytes(FILE.into()), Arg::Int(2), Arg::Int(0), Arg::Int(0), Arg::Int(0), Arg::Int(0)]);
        assert_eq!(opened, Ok(3));
        let mut space = AddressSpace::from_maps(&view::smaps_text(&machine, pid)).unwrap();
        let brk = Self::call_of(&mut machine, pid, Sysno::brk, [0; 6]).unwrap();
        space.set_heap(VirtAddr(brk), VirtAddr(brk));
        Self { machine, pid, space, brk }
    }

    fn call_of(machine: &mut Machine, pid: Pid, number: Sysno, args: [u64; 6]) -> Option<u64> {
        machine.syscall(pid, number, &args.map(Arg::Int)).ok()
    }

    /// Makes a call and tells of it; `event` is given what it returned.
    fn call(&mut self, number: Sysno, args: [u64; 6], event: impl Fn(Option<u64>) -> Event<'static>) -> Option<u64> {
        let result = Self::call_of(&mut self.machine, self.pid, number, args);
        match result {
            Some(_) => {
                self.space.apply(&event(result)).unwrap();
            }
            None => {
                self.space.apply_refused(&event(None));
            }
        }
        result
    }

    fn file_line(&self, at: u64) -> Option<MappedFile<'static>> {
        let line = view::maps(&self.machine, self.pid).into_iter().find(|line| line.range.contains(VirtAddr(at)))?;
        let path: &'static str = Box::leak(line.name.into_boxed_str());
        Some(MappedFile { dev: line.dev, ino: line.ino, path, open: 3, writable: true, kind: FileKind::Disk })
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Map { page, count, prot, flags, file } => {
                let (at, len) = (addr(page), count * PAGE);
                let (fd, offset) = if file { (3, (page % 8) * PAGE) } else { (u64::MAX, 0) };
                let args = [at.0, len, prot, flags, fd, offset];
                let result = Self::call_of(&mut self.machine, self.pid, Sysno::mmap, args);
                let shared = flags & 15 == 1;
                let behind = result.filter(|_| file || shared).and_then(|at| self.file_line(at));
                let (prot, flags) = (Prot::from_bits_retain(prot), MapFlags::from_bits_retain(flags));
                let mmap = Mmap { at: result.map_or(at, VirtAddr), len, prot, flags, file: behind, offset };
                match result {
                    Some(_) => _ = self.space.apply(&Event::Mmap(mmap)).unwrap(),
                    None => _ = self.space.apply_refused(&Event::Mmap(mmap)),
                }
            }
            Op::Unmap { page, count } => {
                let (at, len) = (addr(page), count * PAGE);
                self.call(Sysno::munmap, [at.0, len, 0, 0, 0, 0], |_| Event::Munmap { at, len });
            }
            Op::Protect { page, count, prot } => {
                let (at, len) = (addr(page), count * PAGE);
                let event = Event::Mprotect { at, len, prot: Prot::from_bits_retain(prot) };
                self.call(Sysno::mprotect, [at.0, len, prot, 0, 0, 0], |_| event);
            }
            Op::Move { from, count, to, new, flags } => {
                let (at, old_len, new_len, wanted) = (addr(from), count * PAGE, new * PAGE, addr(to));
                let given = MremapFlags::from_bits_retain(flags);
                self.call(Sysno::mremap, [at.0, old_len, new_len, flags, wanted.0, 0], |to| Event::Mremap {
                    at,
                    old_len,
                    new_len,
                    flags: given,
                    to: to.map_or(wanted, VirtAddr),
                });
            }
            Op::Brk { pages } => {
                let wanted = self.brk.saturating_add_signed(pages * PAGE as i64);
                let to = self.call(Sysno::brk, [wanted, 0, 0, 0, 0, 0], |to| Event::Brk { to: VirtAddr(to.unwrap()) });
                self.brk = to.unwrap();
            }
            Op::Advise { page, count, advice } => {
                let (at, len) = (addr(page), count * PAGE);
                self.call(Sysno::madvise, [at.0, len, advice as u64, 0, 0, 0], |_| Event::Madvise { at, len, advice });
            }
            Op::Lock { page, count, lock } => {
                let (at, len) = (addr(page), count * PAGE);
                let number = if lock { Sysno::mlock } else { Sysno::munlock };
                let event = if lock { Event::Mlock { at, len, flags: 0 } } else { Event::Munlock { at, len } };
                self.call(number, [at.0, len, 0, 0, 0, 0], |_| event);
            }
            Op::Write { page } => {
                // A write past the end of the file, or where it may not be, ends a program: it is not made.
                let at = addr(page);
                let may = self.space.at(at).is_some_and(|mapped| mapped.line.perms[1] == 'w' && mapped.line.ino == 0);
                if may {
                    self.machine.store(self.pid, at, b"x").unwrap();
                    self.space.apply(&Event::Written { at, len: 1 }).unwrap();
                }
            }
            Op::Fork => {
                let child = Self::call_of(&mut self.machine, self.pid, Sysno::fork, [0; 6]).unwrap();
                let told = self.space.fork();
                assert_eq!(told.maps_text(), view::maps_text(&self.machine, Pid(child as u32)));
                // The parent ends, so that its families are nobody else's: it is the child that goes on.
                Self::call_of(&mut self.machine, self.pid, Sysno::exit, [0; 6]);
                (self.pid, self.space) = (Pid(child as u32), told);
            }
        }
    }
}

fn cases() -> u32 {
    std::env::var("PAGEFAULT_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_tells_the_maps_of_the_machine_that_made_the_calls(ops in prop::collection::vec(op(), 1..80)) {
        let mut pair = Pair::new();
        prop_assert_eq!(pair.space.maps_text(), view::maps_text(&pair.machine, pair.pid));
        for op in &ops {
            pair.run(op);
            prop_assert_eq!(pair.space.maps_text(), view::maps_text(&pair.machine, pair.pid), "after {:?}", op);
        }
    }

    #[test]
    fn what_cannot_be_changes_nothing(ops in prop::collection::vec((any::<u8>(), any::<[u64; 4]>(), any::<[u8; 3]>()), 1..60)) {
        let mut space = AddressSpace::from_maps("10000000-10010000 rw-p 00000000 00:00 0 \n10020000-10021000 r-xp 00000000 00:00 0 [vdso]\n").unwrap();
        for (kind, wild, tame) in ops {
            let pick = |at: usize| if tame[at % 3] & 3 == 0 { wild[at] } else { BASE + u64::from(tame[at % 3]) * PAGE };
            let (at, to, len) = (VirtAddr(pick(0)), VirtAddr(pick(1)), if tame[2] & 4 == 0 { wild[2] } else { u64::from(tame[2]) * PAGE });
            let event = match kind % 12 {
                0 => Event::Munmap { at, len },
                1 => Event::Mprotect { at, len, prot: Prot::from_bits_retain(wild[3] & 7) },
                2 => Event::Mremap { at, old_len: len, new_len: pick(3), flags: MremapFlags::from_bits_retain(wild[1] & 7), to },
                3 => Event::Brk { to },
                4 => Event::Madvise { at, len, advice: (wild[3] % 26) as i64 },
                5 => Event::Mlock { at, len, flags: wild[3] & 1 },
                6 => Event::Munlock { at, len },
                7 => Event::Mseal { at, len: PAGE },
                8 => Event::Written { at, len },
                9 => Event::Grown { to },
                10 => Event::Name { at, len, name: Some("a name") },
                _ => Event::Mmap(Mmap { at, len, prot: Prot::from_bits_retain(wild[3] & 7), flags: MapFlags::from_bits_retain(wild[1] & 0x33), file: None, offset: wild[3] & PAGE }),
            };
            let (before, number) = (space.maps_text(), space.events());
            match space.apply(&event) {
                Ok(new) => prop_assert_eq!(new, number + 1),
                Err(_) => prop_assert_eq!((space.maps_text(), space.events()), (before, number), "{:?}", event),
            }
        }
    }
}

#[test]
fn an_area_knows_its_events() {
    let mut space = AddressSpace::from_maps("10000000-10010000 rw-p 00000000 00:00 0 \n").unwrap();
    let mmap = |at: u64, flags| Mmap { at: VirtAddr(at), len: 4 * PAGE, prot: Prot::READ, flags, file: None, offset: 0 };
    let private = MapFlags::PRIVATE | MapFlags::ANONYMOUS;
    assert_eq!(space.apply(&Event::Mmap(mmap(0x2000_0000, private))), Ok(1));
    assert_eq!(space.apply(&Event::Mprotect { at: VirtAddr(0x1000_4000), len: PAGE, prot: Prot::READ }), Ok(2));
    // It joins the first.
    assert_eq!(space.apply(&Event::Mmap(mmap(0x2000_4000, private))), Ok(3));
    let told = |space: &AddressSpace, at| space.at(VirtAddr(at)).map(|mapped| (mapped.made, mapped.changed));
    assert_eq!(told(&space, 0x2000_7fff), Some((1, 3)));
    assert_eq!(
        (told(&space, 0x1000_3000), told(&space, 0x1000_4000), told(&space, 0x1000_5000)),
        (Some((0, 2)), Some((0, 2)), Some((0, 2)))
    );
    assert_eq!(space.apply(&Event::Mmap(mmap(0x2000_2000, private | MapFlags::FIXED))), Ok(4));
    assert_eq!(told(&space, 0x2000_2000), Some((1, 4)));
    let moved = Event::Mremap {
        at: VirtAddr(0x2000_0000),
        old_len: PAGE,
        new_len: PAGE,
        flags: MremapFlags::MAYMOVE | MremapFlags::FIXED,
        to: VirtAddr(0x3000_0000),
    };
    assert_eq!(space.apply(&moved), Ok(5));
    assert_eq!((told(&space, 0x3000_0000), told(&space, 0x2000_1000), told(&space, 0x2000_0000)), (Some((5, 5)), Some((1, 5)), None));
    let child = space.fork();
    assert_eq!((told(&child, 0x3000_0000), child.events()), (Some((5, 5)), 5));
    assert_eq!((space.exec(), space.len()), (6, 0));
    space.read_maps("20000000-20001000 r--p 00000000 fe:00 7 /bin/true\n").unwrap();
    assert_eq!(told(&space, 0x2000_0000), Some((6, 6)));
}

#[test]
fn what_cannot_be_says_what_and_where() {
    let mut space = AddressSpace::from_maps("10000000-10010000 rw-p 00000000 00:00 0 \n").unwrap();
    let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS;
    let mmap = Mmap { at: VirtAddr(0x1000_f000), len: 2 * PAGE, prot: Prot::READ, flags, file: None, offset: 0 };
    let said = |result: Result<u64, TrackError>| result.unwrap_err().to_string();
    assert_eq!(
        said(space.apply(&Event::Mmap(mmap))),
        "mmap of 1000f000-10011000: EEXIST: MAP_FIXED_NOREPLACE: a mapping already exists at 0x10000000"
    );
    assert_eq!(space.apply(&Event::Munmap { at: VirtAddr(0x5000_0000), len: PAGE }), Ok(1));
    assert_eq!(said(AddressSpace::from_maps("rubbish\n").map(|_| 0)), "line 1: neither a line of maps nor a counter of smaps");
    let twice = "20000000-20001000 r--p 00000000 00:00 0\n10000000-10001000 r--p 00000000 00:00 0\n";
    assert_eq!(said(AddressSpace::from_maps(twice).map(|_| 0)), "line 2: the area is not above the one before it");
    assert_eq!(said(AddressSpace::from_maps("").map(|_| 0)), "line 0: there is no line of maps");
    assert_eq!(space.read_maps(twice), Err(TrackError::NotEmpty(1)));
}
