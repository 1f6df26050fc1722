//! At a limit there is an errno, a signal or a kill, never a panic.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::addr::VirtAddr;
use pagefault::event::{Event, Note};
use pagefault::machine::{Arg, Machine, MachineConfig, ProcessConfig, Sysno};
use pagefault::signal::SigNo;

fn small(ram: u64) -> MachineConfig {
    MachineConfig { ram_bytes: ram, ..MachineConfig::reference() }
}

fn map(machine: &mut Machine, pid: pagefault::ids::Pid, len: u64) -> u64 {
    machine.mmap(pid, [0, len, 3, 0x22, u64::MAX, 0]).unwrap()
}

#[test]
fn the_last_frame_gone_the_process_is_killed() {
    let (mut machine, pid) = Machine::with_standard_process(&small(1 << 20)).unwrap();
    let at = map(&mut machine, pid, 8 << 20);
    let killed = (0..2048).find_map(|page| machine.store(pid, VirtAddr(at + page * 4096), b"x").err());
    assert_eq!(killed.expect("256 frames cannot hold 2048 pages").signo, SigNo::Kill);
    assert!(!machine.is_alive(pid), "its memory is gone");
    let next = machine.spawn(&ProcessConfig::default()).expect("there is room again");
    let at = map(&mut machine, next, 4096);
    machine.store(next, VirtAddr(at), b"y").unwrap();
}

#[test]
fn the_largest_process_dies_so_that_a_smaller_one_lives() {
    let (mut machine, glutton) = Machine::with_standard_process(&small(1 << 20)).unwrap();
    let modest = machine.spawn(&ProcessConfig::default()).unwrap();
    let at = map(&mut machine, glutton, 600 * 1024);
    for page in 0..150 {
        machine.store(glutton, VirtAddr(at + page * 4096), b"x").unwrap();
    }
    let at = map(&mut machine, modest, 4 << 20);
    for page in 0..120 {
        machine.store(modest, VirtAddr(at + page * 4096), b"y").expect("the other one is chosen");
    }
    assert!(!machine.is_alive(glutton) && machine.is_alive(modest));
}

/// The trace tells every candidate's badness; among equals the youngest dies, and all who share its memory.
#[test]
fn the_choice_is_told() {
    let (mut machine, first) = Machine::with_standard_process(&small(1 << 20)).unwrap();
    let others: Vec<_> = (0..2).map(|_| machine.spawn(&ProcessConfig::default()).unwrap()).collect();
    let at = [first, others[0], others[1]].map(|pid| (pid, map(&mut machine, pid, 4 << 20)));
    for (pid, at) in at {
        for page in 0..60 {
            machine.store(pid, VirtAddr(at + page * 4096), b"x").unwrap();
        }
    }
    let clone_vm = [0x100 | 17, 0, 0, 0, 0, 0].map(Arg::Int);
    let sharer = pagefault::ids::Pid(machine.syscall(others[1], Sysno::clone, &clone_vm).unwrap() as u32);
    machine.trace().start(1 << 16);
    let fill = machine.spawn(&ProcessConfig::default()).unwrap();
    let at = map(&mut machine, fill, 4 << 20);
    for page in 0..50 {
        machine.store(fill, VirtAddr(at + page * 4096), b"y").expect("somebody larger is chosen");
    }
    let dead: Vec<_> = machine.processes().filter(|process| !process.is_alive()).map(|process| process.pid).collect();
    assert_eq!(dead, [others[1], sharer], "the youngest of the largest");
    assert!(machine.is_alive(first) && machine.is_alive(others[0]));
    let (events, _) = machine.trace().drain();
    let points: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Say(Note::Value { name: "points", value }) => Some(*value),
            _ => None,
        })
        .collect();
    assert!(points.len() >= 4 && points[1] == points[2], "{points:?}");
    assert_eq!(pagefault::internals::vm_events(&machine).oom_kill, 1);
}

#[test]
fn fork_without_frames_is_enomem_and_leaves_nothing_behind() {
    let (mut machine, pid) = Machine::with_standard_process(&small(1 << 20)).unwrap();
    let at = map(&mut machine, pid, 4 << 20);
    let mut page = 0;
    while machine.free_frames() > 2 {
        machine.store(pid, VirtAddr(at + page * 4096), b"x").unwrap();
        page += 1;
    }
    let free = machine.free_frames();
    let refused = machine.syscall(pid, Sysno::fork, &[const { Arg::Int(0) }; 6]).unwrap_err();
    assert_eq!(refused.errno.name(), "ENOMEM");
    assert_eq!(machine.free_frames(), free);
}
