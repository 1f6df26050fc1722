//! The machine against a model so simple that it is obviously right: a table of pages, each with its
//! protection and its bytes. Random programs of mmap, munmap, mprotect, mremap, madvise, fork, load, store.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::addr::VirtAddr;
use pagefault::ids::Pid;
use pagefault::internals;
use pagefault::machine::Access;
use pagefault::machine::{Arg, Machine, MachineConfig, Sysno};
use pagefault::signal::SiCode;
use proptest::prelude::*;
use std::collections::BTreeMap;

const BASE: u64 = 0x1000_0000;
const PAGES: u64 = 24;
const READ: u64 = 1;
const WRITE: u64 = 2;

#[derive(Clone, Debug)]
enum Op {
    Map { page: u64, count: u64, prot: u64 },
    Unmap { page: u64, count: u64 },
    Protect { page: u64, count: u64, prot: u64 },
    Move { from: u64, to: u64, count: u64 },
    Forget { page: u64, count: u64 },
    Store { who: usize, page: u64, byte: u8 },
    Load { who: usize, page: u64 },
    Fork,
}

fn op() -> impl Strategy<Value = Op> {
    let range = || (0..PAGES, 1..6u64).prop_map(|(page, count)| (page, count.min(PAGES - page)));
    let prot = || prop_oneof![Just(0), Just(READ), Just(READ | WRITE)];
    prop_oneof![
        3 => (range(), prot()).prop_map(|((page, count), prot)| Op::Map { page, count, prot }),
        2 => range().prop_map(|(page, count)| Op::Unmap { page, count }),
        3 => (range(), prot()).prop_map(|((page, count), prot)| Op::Protect { page, count, prot }),
        1 => (0..8u64, 16..20u64, 1..4u64).prop_map(|(from, to, count)| Op::Move { from, to, count }),
        1 => range().prop_map(|(page, count)| Op::Forget { page, count }),
        5 => (0..3usize, 0..PAGES, any::<u8>()).prop_map(|(who, page, byte)| Op::Store { who, page, byte }),
        5 => (0..3usize, 0..PAGES).prop_map(|(who, page)| Op::Load { who, page }),
        1 => Just(Op::Fork),
    ]
}

/// Protection and first byte of every mapped page.
type Model = BTreeMap<u64, (u64, u8)>;

struct Pair {
    machine: Machine,
    processes: Vec<(Pid, Model)>,
}

fn addr(page: u64) -> u64 {
    BASE + page * 4096
}

impl Pair {
    fn new() -> Self {
        let (machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
        Self { machine, processes: vec![(pid, Model::new())] }
    }

    fn call(&mut self, number: Sysno, args: [u64; 6]) -> bool {
        let pid = self.processes[0].0;
        self.machine.syscall(pid, number, &args.map(Arg::Int)).is_ok()
    }

    fn model(&mut self) -> &mut Model {
        &mut self.processes[0].1
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Map { page, count, prot } => {
                assert!(self.call(Sysno::mmap, [addr(page), count * 4096, prot, 0x32, u64::MAX, 0]));
                for p in page..page + count {
                    self.model().insert(p, (prot, 0));
                }
            }
            Op::Unmap { page, count } => {
                assert!(self.call(Sysno::munmap, [addr(page), count * 4096, 0, 0, 0, 0]));
                self.model().retain(|p, _| !(page..page + count).contains(p));
            }
            Op::Protect { page, count, prot } => {
                let worked = self.call(Sysno::mprotect, [addr(page), count * 4096, prot, 0, 0, 0]);
                // Pages before the first hole are changed even if the call fails.
                let model = self.model();
                let mapped = (page..page + count).take_while(|p| model.contains_key(p)).count() as u64;
                assert_eq!(worked, mapped == count);
                for p in page..page + mapped {
                    model.get_mut(&p).unwrap().0 = prot;
                }
            }
            Op::Move { from, to, count } => self.move_pages(from, to, count),
            Op::Forget { page, count } => {
                self.call(Sysno::madvise, [addr(page), count * 4096, 4, 0, 0, 0]);
                for (_, content) in self.model().range_mut(page..page + count) {
                    content.1 = 0;
                }
            }
            Op::Store { who, page, byte } => self.store(who, page, byte),
            Op::Load { who, page } => self.load(who, page),
            Op::Fork if self.processes.len() < 3 => {
                let (parent, model) = self.processes[0].clone();
                let child = self.machine.syscall(parent, Sysno::fork, &[const { Arg::Int(0) }; 6]).unwrap();
                self.processes.push((Pid(child as u32), model));
            }
            Op::Fork => {}
        }
    }

    fn move_pages(&mut self, from: u64, to: u64, count: u64) {
        // Only where all of it is mapped alike is the outcome simple.
        let protections: Vec<_> = (from..from + count).map(|p| self.model().get(&p).map(|(prot, _)| *prot)).collect();
        if protections[0].is_none() || protections.iter().any(|prot| *prot != protections[0]) {
            return;
        }
        let worked = self.call(Sysno::mremap, [addr(from), count * 4096, count * 4096, 3, addr(to), 0]);
        assert!(worked, "moving {count} pages from {from} to {to}");
        for i in 0..count {
            let content = self.model().remove(&(from + i)).unwrap();
            self.model().insert(to + i, content);
        }
    }

    fn store(&mut self, who: usize, page: u64, byte: u8) {
        let Some((pid, model)) = self.processes.get_mut(who) else { return };
        let result = self.machine.store(*pid, VirtAddr(addr(page)), &[byte]).map_err(|signal| signal.code);
        match model.get_mut(&page) {
            None => assert_eq!(result, Err(SiCode::SEGV_MAPERR)),
            Some((prot, _)) if *prot & WRITE == 0 => assert_eq!(result, Err(SiCode::SEGV_ACCERR)),
            Some((_, content)) => {
                assert_eq!(result, Ok(()));
                *content = byte;
            }
        }
    }

    fn load(&mut self, who: usize, page: u64) {
        let Some((pid, model)) = self.processes.get(who) else { return };
        let mut byte = [0xee];
        let result = self.machine.load(*pid, VirtAddr(addr(page)), &mut byte).map_err(|signal| signal.code);
        match model.get(&page) {
            None => assert_eq!(result, Err(SiCode::SEGV_MAPERR)),
            Some((0, _)) => assert_eq!(result, Err(SiCode::SEGV_ACCERR)),
            Some((_, content)) => assert_eq!((result, byte[0]), (Ok(()), *content)),
        }
    }

    /// All pages of all processes, and that nothing is lost when everybody has gone.
    fn finish(mut self) {
        for who in 0..self.processes.len() {
            for page in 0..PAGES {
                self.load(who, page);
            }
        }
        let before = Machine::new(&MachineConfig::reference()).unwrap().free_frames();
        for (pid, _) in self.processes.drain(..) {
            self.machine.syscall(pid, Sysno::exit_group, &[const { Arg::Int(0) }; 6]).unwrap();
        }
        // What the program's file left in the page cache is the only thing that stays.
        let cached: u64 = internals::fs(&self.machine).inodes().map(|(_, inode)| inode.pages().count() as u64).sum();
        assert_eq!(u64::from(self.machine.free_frames()) + cached, u64::from(before));
        assert_eq!(internals::committed(&self.machine).pages, 0, "promises are given back");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_table_of_pages(ops in prop::collection::vec(op(), 1..60)) {
        let mut pair = Pair::new();
        for op in &ops {
            pair.run(op);
        }
        pair.finish();
    }

    /// No argument breaks it, whatever the numbers: every invariant holds after every call.
    #[test]
    fn any_call_with_any_arguments_ends_in_a_value_or_an_errno(
        calls in prop::collection::vec((0..Sysno::ALL.len(), prop::array::uniform6(argument())), 1..40)
    ) {
        let (mut machine, first) = Machine::with_standard_process(&MachineConfig { ram_bytes: 4 << 20, ..MachineConfig::reference() }).unwrap();
        let mut pid = first;
        for (number, args) in calls {
            if !machine.is_alive(pid) {
                pid = machine.spawn(&Default::default()).unwrap_or(first);
            }
            let _ = machine.raw_syscall(pid, Sysno::ALL[number] as u64, args);
            let _ = machine.touch(pid, VirtAddr(args[0]), Access::Write);
        }
    }

    /// No text breaks the parser.
    #[test]
    fn any_text_is_a_script_or_a_list_of_errors(text in "[ -~\n]{0,200}") {
        let _ = pagefault::script::Script::parse(&text);
    }
}

fn argument() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => (0..64u64).prop_map(|page| 0x1000_0000 + page * 4096),
        3 => 0..16u64,
        3 => (0..64u64).prop_map(|pages| pages * 4096),
        1 => any::<u64>(),
        1 => (0..64u32).prop_map(|bit| 1u64 << bit),
        2 => Just(0x22),
        1 => Just(u64::MAX),
        1 => Just(0x7fff_ffff_e000),
    ]
}
