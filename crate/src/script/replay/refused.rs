//! Calls that the log's kernel refused and this one does not: what they did is undone, so that what follows meets the memory
//! that it met there. And the user that a program becomes, on which refusals depend.

use super::{FIXED, Recorded, limits, returned};
use crate::addr::PAGE_SIZE;
use crate::event::{Event, Note};
use crate::ids::Pid;
use crate::machine::{Arg, Sysno};
use crate::script::ast::{Call, Outcome};
use crate::script::evaluate::{self, Names};
use crate::script::run::{State, Yield};

/// `MREMAP_MAYMOVE | MREMAP_FIXED`
const MOVE_BACK: u64 = 3;

/// The largest size of an address space so far, in pages, as it was before a call.
pub(super) fn peak(state: &State, pid: Pid) -> u64 {
    state.machine.mm_of(pid).map_or(0, |mm| mm.hiwater_vm)
}

/// Undoes what a call did here that is recorded as refused, as far as another call can.
pub(super) fn undo(state: &mut State, recorded: &Recorded<'_>, outcome: &Yield, peak: u64) {
    let Recorded { pid, number, args, statement } = *recorded;
    let Yield::Value(ours) = *outcome else { return };
    let is_refused = matches!(statement.outcome, Some(Outcome::Error(_)));
    let [addr, len, new_len, flags, ..] = args.each_ref().map(Arg::int);
    let (call, args) = match number {
        Sysno::mmap if is_refused && flags & FIXED == 0 => (Sysno::munmap, [ours, len, 0, 0, 0, 0]),
        Sysno::mremap if is_refused && ours == addr => (Sysno::mremap, [addr, new_len, len, 0, 0, 0]),
        Sysno::mremap if is_refused => (Sysno::mremap, [ours, new_len, len, MOVE_BACK, addr, 0]),
        Sysno::mlock | Sysno::mlock2 if is_refused => (Sysno::munlock, [addr, len, 0, 0, 0, 0]),
        Sysno::mlockall if is_refused => (Sysno::munlockall, [0; 6]),
        // A break that is refused stays.
        Sysno::brk if addr > 0 && returned(statement).is_some_and(|got| got < addr && got.abs_diff(ours) >= PAGE_SIZE) => {
            (Sysno::brk, [returned(statement).unwrap_or(0), 0, 0, 0, 0, 0])
        }
        _ => return,
    };
    state
        .machine
        .kernel
        .trace
        .emit(|| Event::Say(Note::Text("the rest is no call of the program: the log's call was refused, what it did here is undone")));
    state.syscall(pid, call, &args.map(Arg::Int));
    if let Some(mm) = limits::mm_id(state, pid) {
        state.machine.kernel.mms[mm].hiwater_vm = peak;
    }
}

/// `setuid` and its kin: who the program is from now on.
pub(super) fn become_user(state: &mut State, pid: Pid, call: &Call) {
    let Ok(args) = evaluate::arguments(call, &Names::new()) else { return };
    let effective = args[usize::from(call.name != "setuid")].int() as u32;
    if effective != u32::MAX {
        limits::set_user(state, pid, effective);
    }
}
