//! Recorded refusals that this machine does not give: which limit would have caused one. Each is tried alone on a copy of
//! the machine as it was before the call, at the lowest value that lets everything before it work.

use super::{Replay, memory_call, returned};
use crate::addr::PAGE_SIZE;
use crate::flags::VmFlags;
use crate::ids::Pid;
use crate::machine::Sysno;
use crate::mm::{Capabilities, Resource, Rlimit};
use crate::script::ast::{Outcome, Statement};
use crate::script::evaluate;
use crate::script::run::{State, Yield};

/// A user without capabilities.
const ORDINARY_USER: u32 = 1000;
/// So many areas are near the limit that Linux has unless told otherwise.
const MANY_AREAS: u64 = 60_000;
/// `vm.max_map_count` unless set.
const DEFAULT_MAP_COUNT: u64 = 65_530;
/// A program and its loader have at most so many areas that a log does not show.
const HIDDEN_AREAS: u64 = 64;
/// A request that no small machine could keep.
const LARGE: u64 = 1 << 18;

/// One assumption about the recorded machine.
struct Trial {
    /// What it is, as one would set it.
    text: String,
    apply: Apply,
}

type Apply = Box<dyn FnOnce(&mut State, Pid)>;

impl Trial {
    fn new(text: impl Into<String>, apply: impl FnOnce(&mut State, Pid) + 'static) -> Self {
        Self { text: text.into(), apply: Box::new(apply) }
    }
}

/// Whether a recorded outcome is a refusal that a limit may cause.
pub(in crate::script) fn may_be_a_limit(statement: &Statement) -> bool {
    let refusal = refused_break(statement) > 0
        || matches!(&statement.outcome, Some(Outcome::Error(name)) if matches!(name.as_str(), "ENOMEM" | "EAGAIN" | "EPERM"));
    refusal && memory_call(&statement.call.name).is_some()
}

/// What would have made a call fail as recorded, from the state before it; in words, empty if it is no limit's errno.
pub(in crate::script) fn explain(before: &State, pid: Pid, statement: &Statement) -> String {
    let errno = match &statement.outcome {
        Some(Outcome::Error(errno)) => errno.as_str(),
        // A break that is refused has no errno: it stays where it was. The kernel's own reason is a lack of memory.
        _ => "ENOMEM",
    };
    let unmoved = before.machine.mm_of(pid).map(|mm| mm.brk.0);
    if refused_break(statement) > 0
        && returned(statement).map(|got| before.replay.as_ref().map_or(got, |r| r.ours(before, pid, got))) != unmoved
    {
        return "no cause makes it so: a brk that is refused returns the break that there was, and this is another address".into();
    }
    let fits = |trial: Trial| {
        let mut state = before.clone();
        (trial.apply)(&mut state, pid);
        let mut replay: Replay = state.replay.take()?;
        let outcome = replay.run(&mut state, pid, statement).ok()?;
        let is_refused = match outcome {
            Yield::Error(error) => error.errno.name() == errno,
            Yield::Value(value) => refused_break(statement) > 0 && Some(value) == unmoved,
            _ => false,
        };
        is_refused.then_some(trial.text)
    };
    let found: Vec<_> = trials(before, pid, statement, errno).into_iter().filter_map(fits).collect();
    match found.as_slice() {
        [] => "no limit, overcommit setting or lack of capabilities that was tried makes it so".into(),
        found if refused_break(statement) > 0 => format!("would be refused with {}", found.join(", or with ")),
        found => format!("would be {errno} with {}", found.join(", or with ")),
    }
}

/// How many bytes further a recorded `brk` asked for than it got.
fn refused_break(statement: &Statement) -> u64 {
    if memory_call(&statement.call.name) != Some(Sysno::brk) {
        return 0;
    }
    let asked = evaluate::arguments(&statement.call, &evaluate::Names::new()).map_or(0, |args| args[0].int());
    returned(statement).map_or(0, |got| asked.saturating_sub(got))
}

fn trials(before: &State, pid: Pid, statement: &Statement, errno: &str) -> Vec<Trial> {
    match errno {
        "ENOMEM" => memory_trials(before, pid, statement),
        "EAGAIN" => lock_trials(before, pid, asked_pages(before, statement)),
        _ => vec![unprivileged(), no_locking(), above_lowest_address(before, statement)],
    }
}

fn memory_trials(before: &State, pid: Pid, statement: &Statement) -> Vec<Trial> {
    let Some(mm) = before.machine.mm_of(pid) else { return Vec::new() };
    let areas = mm.vmas.len() as u64;
    let (peak, data) = (mm.hiwater_vm.max(mm.total_vm) << 12, mm.data_vm << 12);
    let asked = asked_pages(before, statement);
    let mut trials = Vec::new();
    // A new mapping is refused beyond the limit, a split at it.
    let most = if memory_call(&statement.call.name) == Some(Sysno::mmap) { areas.saturating_sub(1) } else { areas };
    let text = match DEFAULT_MAP_COUNT.checked_sub(most) {
        Some(0) => format!("vm.max_map_count={DEFAULT_MAP_COUNT}, which it is unless set"),
        Some(more @ ..=HIDDEN_AREAS) => {
            format!("vm.max_map_count={DEFAULT_MAP_COUNT}, which it is unless set, and {more} areas that the log does not show")
        }
        _ => format!("vm.max_map_count={most} ({DEFAULT_MAP_COUNT} unless set)"),
    };
    let count = Trial::new(text, move |state, _| {
        state.machine.kernel.sysctl.max_map_count = most;
    });
    let (near, far) = if areas >= MANY_AREAS { (Some(count), None) } else { (None, Some(count)) };
    trials.extend(near);
    if asked >= LARGE {
        trials.push(Trial::new(format!("vm.overcommit_memory=0 and less than {} MB of RAM and swap", asked >> 8), move |state, _| {
            let sysctl = &mut state.machine.kernel.sysctl;
            (sysctl.overcommit_memory, sysctl.total_pages, sysctl.swap_pages) = (0, asked - 1, 0);
        }));
    }
    trials.push(limited("RLIMIT_AS", Resource::As, peak, asked));
    trials.push(never_overcommit(before, asked));
    trials.push(limited("RLIMIT_DATA", Resource::Data, data.max(1), asked));
    trials.extend(lock_trials(before, pid, asked));
    trials.extend(far);
    trials
}

/// How many pages a call asks for.
fn asked_pages(before: &State, statement: &Statement) -> u64 {
    let Ok(args) = evaluate::arguments(&statement.call, &before.names) else { return 0 };
    let place = match memory_call(&statement.call.name) {
        Some(Sysno::brk) => return refused_break(statement).div_ceil(PAGE_SIZE),
        Some(Sysno::mlockall) => return 0,
        Some(Sysno::mremap) => 2,
        _ => 1,
    };
    args[place].int().div_ceil(PAGE_SIZE)
}

fn limited(name: &str, resource: Resource, bytes: u64, asked: u64) -> Trial {
    let below = (bytes >> 10).saturating_add(asked.saturating_mul(4));
    Trial::new(format!("{name} between {} and {below} kB", bytes >> 10), move |state, pid| set_limit(state, pid, resource, bytes))
}

/// `vm.overcommit_memory=2`, with just what has been promised.
fn never_overcommit(before: &State, asked: u64) -> Trial {
    let promised = before.machine.kernel.commit.pages;
    let text = format!(
        "vm.overcommit_memory=2 and a CommitLimit between {} and {} kB",
        promised * 4,
        promised.saturating_add(asked).saturating_mul(4)
    );
    Trial::new(text, move |state, _| {
        let sysctl = &mut state.machine.kernel.sysctl;
        (sysctl.overcommit_memory, sysctl.overcommit_ratio, sysctl.swap_pages) = (2, 100, 0);
        (sysctl.admin_reserve_kbytes, sysctl.user_reserve_kbytes) = (0, 0);
        sysctl.total_pages = promised + 1;
    })
}

/// What limits locked memory: a user without CAP_IPC_LOCK, and for calls that do not lock by themselves an earlier
/// `mlockall(MCL_FUTURE)`. A limit of 0 gives another errno.
fn lock_trials(before: &State, pid: Pid, asked: u64) -> Vec<Trial> {
    let Some(mm) = before.machine.mm_of(pid) else { return Vec::new() };
    let all = if asked == 0 { mm.total_vm } else { mm.locked_vm.saturating_add(asked) };
    let lowest = (mm.locked_vm << 12).max(1);
    let range = match mm.locked_vm {
        0 => format!("above 0 and below {} kB", all.saturating_mul(4)),
        locked => format!("between {} and {} kB", locked * 4, all.saturating_mul(4)),
    };
    let text = format!("RLIMIT_MEMLOCK {range} and no CAP_IPC_LOCK");
    let plain = move |state: &mut State, pid| {
        drop_capabilities(state, pid);
        set_limit(state, pid, Resource::Memlock, lowest);
    };
    let future = move |state: &mut State, pid| {
        plain(state, pid);
        if let Some(mm) = mm_id(state, pid) {
            state.machine.kernel.mms[mm].def_flags |= VmFlags::LOCKED;
        }
    };
    vec![Trial::new(text.clone(), plain), Trial::new(format!("{text}, after mlockall(MCL_FUTURE)"), future)]
}

/// The lowest address that an ordinary user may map, just above the one that a call names.
fn above_lowest_address(before: &State, statement: &Statement) -> Trial {
    let addr = evaluate::arguments(&statement.call, &before.names).map_or(0, |args| args[0].int());
    let lowest = (addr | (PAGE_SIZE - 1)).saturating_add(1);
    Trial::new(format!("vm.mmap_min_addr={lowest} or higher and no CAP_SYS_RAWIO"), move |state, pid| {
        drop_capabilities(state, pid);
        state.machine.kernel.sysctl.mmap_min_addr = lowest;
    })
}

fn unprivileged() -> Trial {
    Trial::new("an ordinary user without capabilities", drop_capabilities)
}

fn no_locking() -> Trial {
    Trial::new("RLIMIT_MEMLOCK of 0 and no CAP_IPC_LOCK", |state, pid| {
        drop_capabilities(state, pid);
        set_limit(state, pid, Resource::Memlock, 0);
    })
}

pub(super) fn mm_id(state: &State, pid: Pid) -> Option<crate::ids::MmId> {
    let task = state.machine.process(pid)?.task;
    Some(state.machine.kernel.tasks[task].mm)
}

fn drop_capabilities(state: &mut State, pid: Pid) {
    set_user(state, pid, ORDINARY_USER);
}

/// A process becomes another user's, with what that one may.
pub(super) fn set_user(state: &mut State, pid: Pid, uid: u32) {
    let Some(task) = state.machine.process(pid).map(|process| process.task) else { return };
    let task = &mut state.machine.kernel.tasks[task];
    (task.uid, task.capabilities) = (uid, Capabilities::of_user(uid));
}

fn set_limit(state: &mut State, pid: Pid, resource: Resource, bytes: u64) {
    let Some(task) = state.machine.process(pid).map(|process| process.task) else { return };
    state.machine.kernel.tasks[task].rlimits[resource as usize] = Rlimit { cur: bytes, max: bytes };
}
