//! Files whose contents come from outside the machine: what is asked, what is told, and that everything else is the
//! ordinary page cache.

use pagefault::addr::{PAGE_SIZE, VirtAddr};
use pagefault::errno::Errno;
use pagefault::ids::{InodeId, Pid};
use pagefault::internals::{self, Asked, Fuse, Hooks, Notice, Provided, Request};
use pagefault::machine::{Access, Arg, Machine, MachineConfig, Sysno};
use pagefault::signal::{SigNo, Signal};

const PAGES: u64 = 64;
const READ: u64 = 1;
const WRITE: u64 = 2;
const SHARED: u64 = 1;
const PRIVATE: u64 = 2;
const POPULATE: u64 = 0x8000;

struct World {
    machine: Machine,
    pid: Pid,
    inode: InodeId,
    fd: u64,
}

/// Contents of a page: its number in every byte, and 1 more.
fn contents(page: u64) -> Vec<u8> {
    vec![page as u8 + 1; PAGE_SIZE as usize]
}

impl World {
    fn new(hooks: Hooks, read_ahead: u64) -> Self {
        Self::sized(hooks, read_ahead, PAGES * PAGE_SIZE)
    }

    fn sized(hooks: Hooks, read_ahead: u64, bytes: u64) -> Self {
        let (mut machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
        let mut fuse = Fuse::new(7);
        (fuse.hooks, fuse.read_ahead) = (hooks, read_ahead);
        (fuse.fault_name, fuse.mmap_name) = ("read_from_tape", "tape_mmap");
        let inode = internals::add_fuse_file(&mut machine, "/tape", bytes, 0o666, fuse);
        let mut world = Self { machine, pid, inode, fd: 0 };
        world.fd = world.call(Sysno::open, [Arg::Bytes(b"/tape".to_vec()), Arg::Int(2)]).unwrap();
        world
    }

    fn call<const N: usize>(&mut self, number: Sysno, args: [Arg; N]) -> Result<u64, Errno> {
        let mut all = [0; 6].map(Arg::Int);
        all.iter_mut().zip(args).for_each(|(to, from)| *to = from);
        self.machine.syscall(self.pid, number, &all).map_err(|error| error.errno)
    }

    fn ints<const N: usize>(&mut self, number: Sysno, args: [u64; N]) -> Result<u64, Errno> {
        self.call(number, args.map(Arg::Int))
    }

    fn map(&mut self, prot: u64, flags: u64) -> u64 {
        let fd = self.fd;
        self.ints(Sysno::mmap, [0, PAGES * PAGE_SIZE, prot, flags, fd, 0]).unwrap()
    }

    fn request(&self) -> Request {
        internals::fs(&self.machine).fuse.waiting.expect("somebody waits")
    }

    fn give(&mut self, page: u64) -> Provided {
        internals::provide(&mut self.machine, 7, page, &contents(page))
    }

    fn load(&mut self, at: u64) -> Result<u8, Signal> {
        let mut byte = [0];
        self.machine.load(self.pid, VirtAddr(at), &mut byte).map(|()| byte[0])
    }

    fn store(&mut self, at: u64, byte: u8) -> Result<(), Signal> {
        self.machine.store(self.pid, VirtAddr(at), &[byte])
    }

    fn notices(&mut self) -> Vec<Notice> {
        internals::fs_mut(&mut self.machine).fuse.notices.drain(..).collect()
    }

    fn faults(&self) -> (u64, u64) {
        internals::faults(&self.machine)
    }

    /// Makes a call again and again, giving every page that it asks for; the pages, and how it ended.
    fn served<T>(&mut self, mut body: impl FnMut(&mut Self) -> T) -> (Vec<u64>, T) {
        let mut asked = Vec::new();
        loop {
            let result = body(self);
            let is_begun_anew = internals::populate_left(&self.machine).is_none();
            if self.serve(&mut asked) && is_begun_anew {
                continue;
            }
            while let Some(left) = internals::populate_left(&self.machine) {
                internals::populate_rest(&mut self.machine, self.pid, left);
                self.serve(&mut asked);
            }
            return (asked, result);
        }
    }

    /// Gives what is waited for; whether anything was.
    fn serve(&mut self, pages: &mut Vec<u64>) -> bool {
        let Some(request) = internals::fs(&self.machine).fuse.waiting else { return false };
        match request.asked {
            Asked::Page(page) => {
                pages.push(page);
                (page..page + request.count).for_each(|page| assert_eq!(self.give(page), Provided::Taken));
            }
            other => internals::fs_mut(&mut self.machine).answer(7, other, None),
        }
        true
    }
}

#[test]
fn a_fault_on_an_absent_page_asks_changes_nothing_and_is_a_major_one_when_the_page_has_come() {
    let mut world = World::new(Hooks::empty(), 1);
    let at = world.map(READ, SHARED);
    let before = (world.faults(), world.machine.free_frames());
    assert_eq!(world.load(at + 5 * PAGE_SIZE).unwrap_err().signo, SigNo::Bus);
    assert_eq!(world.request(), Request { serial: 7, asked: Asked::Page(5), count: 1, write: false });
    // Upper tables may have been made; no page is there, and no fault is counted.
    assert_eq!(world.faults(), before.0);
    assert!(before.1 - world.machine.free_frames() <= 2);
    assert_eq!(world.give(5), Provided::Taken);
    assert_eq!(world.load(at + 5 * PAGE_SIZE), Ok(6));
    assert_eq!(world.faults(), (before.0.0, before.0.1 + 1));
    assert!(!internals::fs(&world.machine).is_waiting());
    // The next one finds it in the cache.
    let again = world.map(READ, PRIVATE);
    assert_eq!(world.load(again + 5 * PAGE_SIZE), Ok(6));
    assert_eq!(world.faults(), (before.0.0 + 1, before.0.1 + 1));
}

#[test]
fn what_came_along_is_mapped_around() {
    let mut world = World::new(Hooks::empty(), 8);
    let at = world.map(READ, SHARED);
    let (asked, byte) = world.served(|world| world.load(at));
    assert_eq!((asked, byte), (vec![0], Ok(1)));
    let faults = world.faults();
    assert!((0..8).all(|page| world.load(at + page * PAGE_SIZE) == Ok(page as u8 + 1)));
    assert_eq!(world.faults(), faults);
    // A window ends where a page is there already, and at the end of the file.
    assert_eq!(world.load(at + (PAGES - 3) * PAGE_SIZE).map_err(|_| world.request().count), Err(3));
    world.give(12);
    assert_eq!(world.load(at + 10 * PAGE_SIZE).map_err(|_| world.request().count), Err(2));
    // Who jumps about gets one page.
    world.ints(Sysno::madvise, [at, PAGES * PAGE_SIZE, 1]).unwrap();
    assert_eq!(world.load(at + 20 * PAGE_SIZE).map_err(|_| world.request().count), Err(1));
}

#[test]
fn a_page_that_cannot_be_read_is_sigbus_once_and_asked_for_again() {
    let mut world = World::new(Hooks::empty(), 1);
    let at = world.map(READ, SHARED);
    world.load(at).unwrap_err();
    internals::fs_mut(&mut world.machine).answer(7, Asked::Page(0), Some(Errno::EIO));
    assert_eq!(world.load(at).unwrap_err().signo, SigNo::Bus);
    assert!(!internals::fs(&world.machine).is_waiting());
    assert_eq!(internals::fs(&world.machine).fuse.failed, Some((7, Asked::Page(0))));
    world.load(at).unwrap_err();
    assert!(internals::fs(&world.machine).is_waiting());
    assert_eq!(world.served(|world| world.load(at)).1, Ok(1));
}

#[test]
fn private_writes_copy_and_the_file_keeps_its_contents() {
    let mut world = World::new(Hooks::all(), 1);
    internals::fs_mut(&mut world.machine).answer(7, Asked::Mmap { pgoff: 0, pages: PAGES, prot: 3, shared: false }, None);
    let at = world.map(READ | WRITE, PRIVATE);
    let (asked, stored) = world.served(|world| world.store(at, 99));
    assert_eq!((asked, stored), (vec![0], Ok(())));
    assert_eq!(world.load(at), Ok(99));
    world.ints(Sysno::msync, [at, PAGE_SIZE, 4]).unwrap();
    assert_eq!(world.notices(), []);
    assert_eq!(world.served(|world| world.ints(Sysno::madvise, [at, PAGE_SIZE, 4]).map(|_| world.load(at))).1, Ok(Ok(1)));
}

#[test]
fn shared_writes_are_asked_for_once_a_page_until_they_are_written_back() {
    let mut world = World::new(Hooks::MKWRITE | Hooks::WRITEBACK, 1);
    let at = world.map(READ | WRITE, SHARED);
    let asked = |world: &mut World, at: u64, byte: u8| {
        let mut asked = Vec::new();
        while world.store(at, byte).is_err() {
            let request = world.request();
            asked.push(request.asked);
            match request.asked {
                Asked::Page(page) => assert_eq!(world.give(page), Provided::Taken),
                other => internals::fs_mut(&mut world.machine).answer(7, other, None),
            }
        }
        asked
    };
    assert_eq!(asked(&mut world, at, 50), [Asked::Page(0), Asked::Mkwrite(0)]);
    assert_eq!(asked(&mut world, at + 1, 51), []);
    world.ints(Sysno::msync, [at, PAGES * PAGE_SIZE, 4]).unwrap();
    let mut bytes = contents(0);
    (bytes[0], bytes[1]) = (50, 51);
    assert_eq!(world.notices(), [Notice::Written { serial: 7, page: 0, bytes }, Notice::Synced { serial: 7 }]);
    assert_eq!(asked(&mut world, at, 52), [Asked::Mkwrite(0)]);
    // A read first, then a write: do_wp_page asks as well.
    assert_eq!(world.served(|world| world.load(at + 3 * PAGE_SIZE)).1, Ok(4));
    assert_eq!(asked(&mut world, at + 3 * PAGE_SIZE, 5), [Asked::Mkwrite(3)]);
    // Refused: SIGBUS, nothing is written, nothing is dirty.
    assert_eq!(world.served(|world| world.load(at + 4 * PAGE_SIZE)).1, Ok(5));
    world.store(at + 4 * PAGE_SIZE, 1).unwrap_err();
    internals::fs_mut(&mut world.machine).answer(7, Asked::Mkwrite(4), Some(Errno::EROFS));
    assert_eq!(world.store(at + 4 * PAGE_SIZE, 1).unwrap_err().signo, SigNo::Bus);
    assert_eq!(world.load(at + 4 * PAGE_SIZE), Ok(5));
    // Unmapping sends what was written, closing too, and the last holder is told of.
    world.ints(Sysno::munmap, [at, PAGES * PAGE_SIZE]).unwrap();
    let written: Vec<_> = world.notices().iter().map(|notice| if let Notice::Written { page, .. } = notice { *page } else { 99 }).collect();
    assert_eq!(written, [0, 3]);
    let fd = world.fd;
    world.ints(Sysno::close, [fd]).unwrap();
    assert_eq!(world.notices(), [Notice::Released { serial: 7 }]);
    world.call(Sysno::unlink, [Arg::Bytes(b"/tape".to_vec())]).unwrap();
    assert_eq!(world.notices(), [Notice::Forgotten { serial: 7 }]);
    assert_eq!(world.give(1), Provided::Dropped);
}

#[test]
fn read_and_write_ask_for_what_they_need_and_move_the_position_when_they_are_done() {
    let mut world = World::new(Hooks::WRITEBACK, 4);
    let fd = world.fd;
    let (asked, read) = world.served(|world| world.call(Sysno::read, [Arg::Int(fd), Arg::Scratch, Arg::Int(3 * PAGE_SIZE)]));
    assert_eq!((asked, read), (vec![0], Ok(3 * PAGE_SIZE)));
    assert_eq!(world.machine.output[2 * PAGE_SIZE as usize], 3);
    // A part of a page is read first, a whole page that is given is not.
    let given = Arg::Bytes(vec![9; PAGE_SIZE as usize + 10]);
    let (asked, written) = world.served(|world| world.call(Sysno::write, [Arg::Int(fd), given.clone(), Arg::Int(PAGE_SIZE + 10)]));
    assert_eq!((asked, written), (vec![4], Ok(PAGE_SIZE + 10)));
    world.ints(Sysno::fsync, [fd]).unwrap();
    let [Notice::Written { page: 3, bytes: whole, .. }, Notice::Written { page: 4, bytes: part, .. }, Notice::Synced { .. }] =
        &world.notices()[..]
    else {
        panic!("two pages are written");
    };
    assert!(whole.iter().all(|byte| *byte == 9));
    assert_eq!((part[9], part[10]), (9, 5));
    // Into memory of the same kind: everything is had, in whatever order, and the position has moved once.
    let at = world.map(READ | WRITE, SHARED);
    let to = at + 20 * PAGE_SIZE + 100;
    let (asked, read) = world.served(|world| world.ints(Sysno::read, [fd, to, 2 * PAGE_SIZE]));
    assert_eq!((asked, read), (vec![5, 20], Ok(2 * PAGE_SIZE)));
    assert_eq!(world.load(to), Ok(5));
    let positions: Vec<_> =
        internals::fs(&world.machine).files().filter(|(_, file)| file.inode == world.inode).map(|(_, file)| file.position).collect();
    assert_eq!(positions, [6 * PAGE_SIZE + 10]);
    // What cannot be read: the bytes before it, then the error.
    let (fd, page) = (world.fd, 40);
    let read = |world: &mut World| {
        world.call(Sysno::pread64, [Arg::Int(fd), Arg::Scratch, Arg::Int(2 * PAGE_SIZE), Arg::Int((page - 1) * PAGE_SIZE)])
    };
    world.give(page - 1);
    assert_eq!(read(&mut world), Err(Errno::ERESTARTSYS));
    internals::fs_mut(&mut world.machine).answer(7, Asked::Page(page), Some(Errno::EACCES));
    assert_eq!(read(&mut world), Ok(PAGE_SIZE));
    internals::fs_mut(&mut world.machine).answer(7, Asked::Page(50), Some(Errno::EACCES));
    assert_eq!(world.call(Sysno::pread64, [Arg::Int(fd), Arg::Scratch, Arg::Int(1), Arg::Int(50 * PAGE_SIZE)]), Err(Errno::EACCES));
}

#[test]
fn calls_that_make_pages_present_do_so_when_they_have_come() {
    let mut world = World::new(Hooks::empty(), 16);
    let fd = world.fd;
    let areas = |world: &World| internals::mm(&world.machine, world.pid).expect("it lives").vmas.len();
    let before = areas(&world);
    let (asked, at) = world.served(|world| world.ints(Sysno::mmap, [0, PAGES * PAGE_SIZE, READ, SHARED | POPULATE, fd, 0]));
    assert_eq!(asked, [0, 16, 32, 48]);
    assert_eq!(areas(&world), before + 1);
    let faults = world.faults();
    assert!((0..PAGES).all(|page| world.load(at.unwrap() + page * PAGE_SIZE) == Ok(page as u8 + 1)));
    assert_eq!(world.faults(), faults);

    let mut world = World::new(Hooks::empty(), 16);
    let at = world.map(READ, SHARED);
    let (asked, locked) = world.served(|world| world.ints(Sysno::mlock, [at, 20 * PAGE_SIZE]));
    assert_eq!((asked, locked), (vec![0, 16], Ok(0)));
    let (asked, read) = world.served(|world| world.ints(Sysno::madvise, [at + 40 * PAGE_SIZE, 2 * PAGE_SIZE, 22]));
    assert_eq!((asked, read), (vec![40], Ok(0)));
    // Advice waits for nothing.
    world.notices();
    assert_eq!(world.ints(Sysno::madvise, [at, PAGES * PAGE_SIZE, 3]), Ok(0));
    assert_eq!(world.notices(), [Notice::Ahead { serial: 7, page: 32, count: 8 }, Notice::Ahead { serial: 7, page: 56, count: 8 }]);
}

#[test]
fn a_refused_mapping_takes_nothing_away() {
    let mut world = World::new(Hooks::MMAP, 1);
    let fd = world.fd;
    let old = world.ints(Sysno::mmap, [0, PAGE_SIZE, READ | WRITE, PRIVATE | 0x20, u64::MAX, 0]).unwrap();
    world.store(old, 7).unwrap();
    let fixed = |world: &mut World| world.ints(Sysno::mmap, [old, PAGE_SIZE, READ, SHARED | 0x10, fd, 3]);
    assert_eq!(fixed(&mut world), Err(Errno::EINVAL));
    let fixed = |world: &mut World| world.ints(Sysno::mmap, [old, PAGE_SIZE, READ, SHARED | 0x10, fd, 3 * PAGE_SIZE]);
    assert_eq!(fixed(&mut world), Err(Errno::ERESTARTSYS));
    let asked = world.request().asked;
    assert_eq!(asked, Asked::Mmap { pgoff: 3, pages: 1, prot: 1, shared: true });
    assert_eq!(world.load(old), Ok(7));
    internals::fs_mut(&mut world.machine).answer(7, asked, Some(Errno::EACCES));
    assert_eq!(fixed(&mut world), Err(Errno::EACCES));
    assert_eq!(world.load(old), Ok(7));
    assert_eq!(world.served(fixed).1, Ok(old));
}

#[test]
fn sizes_are_asked_for_and_what_was_cut_off_never_comes_back() {
    let mut world = World::new(Hooks::TRUNCATE, 1);
    let (fd, at) = (world.fd, world.map(READ | WRITE, SHARED));
    internals::fs_mut(&mut world.machine).answer(7, Asked::Truncate(100), Some(Errno::EROFS));
    assert_eq!(world.ints(Sysno::ftruncate, [fd, 100]), Err(Errno::EROFS));
    assert_eq!(internals::fs(&world.machine).inode(world.inode).size, PAGES * PAGE_SIZE);
    world.load(at).unwrap_err();
    assert_eq!(world.served(|world| world.ints(Sysno::ftruncate, [fd, 100])).1, Ok(0));
    assert_eq!(world.notices(), [Notice::Resized { serial: 7, size: 100 }]);
    // What is on its way is cut at the new end, and beyond it nobody takes anything.
    assert_eq!((world.give(1), world.give(0)), (Provided::Dropped, Provided::Taken));
    assert_eq!((world.load(at + 99), world.load(at + 100)), (Ok(1), Ok(0)));
    assert_eq!(world.load(at + PAGE_SIZE).unwrap_err().signo, SigNo::Bus);
    assert!(!internals::fs(&world.machine).is_waiting());
    assert_eq!(world.served(|world| world.ints(Sysno::ftruncate, [fd, 4 * PAGE_SIZE])).1, Ok(0));
    assert_eq!((world.load(at + PAGE_SIZE), world.load(at + 100)), (Ok(0), Ok(0)));
    assert!(!internals::fs(&world.machine).is_waiting());
    assert_eq!(world.ints(Sysno::fallocate, [fd, 0, 0, PAGE_SIZE]), Err(Errno::EOPNOTSUPP));
}

#[test]
fn without_somebody_to_write_to_dirty_pages_stay() {
    let mut world = World::new(Hooks::empty(), 1);
    let at = world.map(READ | WRITE, SHARED);
    assert_eq!(world.served(|world| world.store(at, 9)).1, Ok(()));
    world.ints(Sysno::msync, [at, PAGE_SIZE, 4]).unwrap();
    world.ints(Sysno::munmap, [at, PAGES * PAGE_SIZE]).unwrap();
    assert_eq!(world.notices(), [Notice::Synced { serial: 7 }]);
    let at = world.map(READ, SHARED);
    assert_eq!(world.load(at), Ok(9));
}

#[test]
fn the_last_page_is_written_back_up_to_the_end_of_the_file() {
    let mut world = World::sized(Hooks::WRITEBACK, 1, PAGE_SIZE + 10);
    let at = world.map(READ | WRITE, SHARED);
    assert_eq!(world.served(|world| world.store(at + PAGE_SIZE, 9)).1, Ok(()));
    // What came behind the end is not taken.
    assert_eq!((world.load(at + PAGE_SIZE + 9), world.load(at + PAGE_SIZE + 10)), (Ok(2), Ok(0)));
    world.ints(Sysno::msync, [at, 2 * PAGE_SIZE, 4]).unwrap();
    let [Notice::Written { page: 1, bytes, .. }, _] = &world.notices()[..] else { panic!("one page is written") };
    assert_eq!(bytes.len(), 10);
}

#[test]
fn a_word_across_pages_is_stored_when_both_have_come_and_fetches_wait_too() {
    let mut world = World::new(Hooks::empty(), 1);
    let at = world.map(READ | WRITE | 4, SHARED);
    let (pid, border) = (world.pid, VirtAddr(at + PAGE_SIZE - 4));
    let (asked, stored) = world.served(|world| {
        let stored = world.machine.store_word(pid, border, u64::MAX, 8);
        (
            stored,
            internals::fs(&world.machine).is_waiting()
                && internals::fs(&world.machine).inode(world.inode).pages().any(|(_, pfn)| {
                    let mut page = [0; PAGE_SIZE as usize];
                    internals::phys(&world.machine).read(pfn, 0, &mut page);
                    page.contains(&0xff)
                }),
        )
    });
    assert_eq!((asked, stored), (vec![0, 1], (Ok(()), false)));
    assert_eq!(world.served(|world| world.machine.touch(pid, VirtAddr(at + 9 * PAGE_SIZE), Access::Execute)).0, [9]);
}

#[test]
fn copies_of_a_machine_and_saves_have_their_own_files() {
    let mut world = World::new(Hooks::WRITEBACK, 1);
    let at = world.map(READ | WRITE, SHARED);
    world.load(at).unwrap_err();
    let mut before = None;
    let save = world.machine.save(before.take());
    assert_eq!(world.served(|world| world.store(at, 9)).1, Ok(()));
    world.machine.restore(&save);
    assert!(!internals::fs(&world.machine).is_waiting());
    assert_eq!(internals::fs(&world.machine).inode(world.inode).pages().count(), 0);
    assert_eq!(world.served(|world| world.load(at)), (vec![0], Ok(1)));
}

#[test]
fn ram_that_is_used_up_is_said() {
    let config = MachineConfig { ram_bytes: 1 << 20, ..MachineConfig::reference() };
    let (mut machine, _) = Machine::with_standard_process(&config).unwrap();
    internals::add_fuse_file(&mut machine, "/tape", PAGES * PAGE_SIZE * 64, 0o666, Fuse::new(7));
    let last = (0..PAGES * 64).map(|page| internals::provide(&mut machine, 7, page, &[1])).find(|provided| *provided != Provided::Taken);
    assert_eq!(last, Some(Provided::OutOfMemory));
}

#[test]
fn areas_that_go_together_send_what_was_written_through_each() {
    let mut world = World::new(Hooks::WRITEBACK, 1);
    let at = world.map(READ | WRITE, SHARED);
    for page in 0..4 {
        assert_eq!(world.served(|world| world.store(at + page * PAGE_SIZE, 9)).1, Ok(()));
    }
    world.ints(Sysno::mprotect, [at + PAGE_SIZE, PAGE_SIZE, READ]).unwrap();
    world.ints(Sysno::mprotect, [at + 3 * PAGE_SIZE, PAGE_SIZE, READ]).unwrap();
    world.ints(Sysno::munmap, [at, PAGES * PAGE_SIZE]).unwrap();
    assert_eq!(world.notices().len(), 4);
    let again = world.map(READ | WRITE, SHARED);
    world.store(again, 8).unwrap();
    world.ints(Sysno::mprotect, [again + PAGE_SIZE, PAGE_SIZE, READ]).unwrap();
    world.ints(Sysno::exit_group, [0]).unwrap();
    assert!(matches!(world.notices()[..], [Notice::Written { page: 0, .. }, Notice::Released { .. }]));
}

/// Numbers that are the same in every run.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Programs of whatever comes, with answers that come late, are refused or are for something else. Every invariant is
/// recounted after each operation; in the end what a page holds is what was given or stored last.
#[test]
fn whatever_is_asked_and_answered_the_books_are_right() {
    for seed in 0..60 {
        let mut next = Sequence(seed);
        let hooks = Hooks::from_bits_truncate(next.below(16) as u32);
        let mut world = World::new(hooks, 1 + next.below(20));
        let mut maps = vec![VirtAddr(0x1000)];
        for _ in 0..300 {
            let at = maps[next.below(maps.len() as u64) as usize].0 + next.below(PAGES * PAGE_SIZE);
            let (fd, page) = (world.fd, at & !(PAGE_SIZE - 1));
            let len = 1 + next.below(3 * PAGE_SIZE);
            let result = match next.below(16) {
                0 if maps.len() < 8 => {
                    let flags = [SHARED, PRIVATE, SHARED | POPULATE, PRIVATE | POPULATE][next.below(4) as usize];
                    let made = world.ints(Sysno::mmap, [0, PAGES * PAGE_SIZE, READ | WRITE, flags, fd, 0]);
                    maps.extend(made.ok().map(VirtAddr));
                    made
                }
                1 => world.ints(Sysno::munmap, [page, PAGE_SIZE * (1 + next.below(3))]),
                2 => world.ints(Sysno::msync, [page, len, 4]),
                3 => world.ints(Sysno::ftruncate, [fd, next.below((PAGES + 4) * PAGE_SIZE)]),
                4 => world.ints(Sysno::mlock, [page, len]),
                5 => world.ints(Sysno::madvise, [page, len & !(PAGE_SIZE - 1), [3, 4, 22, 23][next.below(4) as usize]]),
                6 => world.ints(Sysno::mprotect, [page, PAGE_SIZE, [READ, READ | WRITE][next.below(2) as usize]]),
                7 => world.ints(Sysno::pread64, [fd, at, len, next.below(PAGES * PAGE_SIZE)]),
                8 => world.ints(Sysno::pwrite64, [fd, at, len, next.below(PAGES * PAGE_SIZE)]),
                9 => world.call(Sysno::write, [Arg::Int(fd), Arg::Bytes(vec![7; 9]), Arg::Int(len)]),
                10 => world.ints(Sysno::mremap, [page, PAGE_SIZE, 2 * PAGE_SIZE, 1]),
                11..13 => world.store(at, 8).map(|()| 0).map_err(|_| Errno::EFAULT),
                _ => world.load(at).map(u64::from).map_err(|_| Errno::EFAULT),
            };
            let Some(request) = internals::fs(&world.machine).fuse.waiting else { continue };
            let left = internals::populate_left(&world.machine);
            assert!(result == Err(Errno::ERESTARTSYS) || result == Err(Errno::EFAULT) || left.is_some(), "{result:?}");
            match (request.asked, next.below(8)) {
                (asked, 0) => internals::fs_mut(&mut world.machine).answer(7, asked, Some(Errno::EIO)),
                (_, 1) => {}
                (Asked::Page(page), _) => (page..page + request.count).for_each(|page| assert_eq!(world.give(page), Provided::Taken)),
                (asked, _) => internals::fs_mut(&mut world.machine).answer(7, asked, None),
            }
            if let Some(left) = left {
                let pid = world.pid;
                internals::populate_rest(&mut world.machine, pid, left);
            }
            if next.below(30) == 0 {
                world.give(next.below(2 * PAGES));
            }
        }
        let pid = world.pid;
        world.ints(Sysno::exit_group, [0]).unwrap();
        assert!(internals::mm(&world.machine, pid).is_none());
        internals::unlink(&mut world.machine, "/tape");
        assert_eq!(internals::fs(&world.machine).fuse_inode(7), None);
        assert!(internals::check(&world.machine).is_ok());
    }
}
