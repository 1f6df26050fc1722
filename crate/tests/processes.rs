//! Threads of a process, where a script cannot say it: a signal that kills, and the machine at an earlier moment.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::addr::VirtAddr;
use pagefault::ids::Pid;
use pagefault::machine::{Arg, Ended, Machine, MachineConfig, Sysno};
use pagefault::signal::{SiCode, SigNo, Signal};

const THREAD: u64 = 0x1_0000 | 0x800 | 0x100;
const CLONE_FILES: u64 = 0x400;

fn call(machine: &mut Machine, pid: Pid, number: Sysno, args: [u64; 6]) -> u64 {
    machine.syscall(pid, number, &args.map(Arg::Int)).expect("the call succeeds")
}

fn clone(machine: &mut Machine, pid: Pid, flags: u64) -> Pid {
    Pid(call(machine, pid, Sysno::clone, [flags, 0, 0, 0, 0, 0]) as u32)
}

#[test]
fn a_signal_that_kills_ends_every_thread_and_frees_what_they_had() {
    let (mut machine, parent) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
    let free = machine.free_frames();
    let child = clone(&mut machine, parent, 0);
    let threads = [0, CLONE_FILES].map(|more| clone(&mut machine, child, THREAD | more));
    let signal = Signal { signo: SigNo::Segv, code: SiCode::SEGV_MAPERR, addr: VirtAddr(0) };
    machine.kill_by_signal(threads[0], signal);
    for pid in [child, threads[0], threads[1]] {
        assert_eq!(machine.process(pid).and_then(|process| process.ended), Some(Ended::Signal("SIGSEGV")));
        assert_eq!(machine.open_descriptors(pid).count(), 0);
    }
    assert!(machine.is_alive(parent));
    assert_eq!(call(&mut machine, parent, Sysno::wait4, [u64::MAX, 0, 0, 0, 0, 0]), child.0.into());
    assert!([child, threads[0], threads[1]].iter().all(|pid| machine.process(*pid).is_none()));
    assert_eq!(machine.free_frames(), free);
}

#[test]
fn descriptors_that_are_shared_are_as_they_were_after_a_restore() {
    let (mut machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
    let thread = clone(&mut machine, pid, THREAD | CLONE_FILES);
    let before = machine.save(None);
    call(&mut machine, thread, Sysno::close, [0, 0, 0, 0, 0, 0]);
    call(&mut machine, thread, Sysno::exit, [0; 6]);
    assert_eq!(machine.descriptor(pid, 0), None);
    machine.restore(&before);
    assert!(machine.descriptor(pid, 0).is_some());
    assert_eq!(machine.descriptor(pid, 0), machine.descriptor(thread, 0));
}
