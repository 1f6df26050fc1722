//! What a script does, known by running it: which process each statement is of, and what the machine of the script starts with.

use crate::LeftOut;
use crate::expression::is_chosen;
use pagefault::addr::VirtAddr;
use pagefault::ids::Pid;
use pagefault::machine::{Arg, Machine, MapsLine, Sysno};
use pagefault::script::{Call, Script, Session, StepReport, number};
use pagefault::sorted::SortedMap;
use pagefault::view;

/// Of one statement.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The place of its process among those of the script, from 1.
    pub(crate) process: u32,
    /// The place of the process that it made.
    pub(crate) child: Option<u32>,
    /// Where it mapped something, if the kernel chose the place.
    pub(crate) placed: Option<(u64, u64)>,
    /// It is about the kernel's own pages, where no two machines have the same.
    pub(crate) is_kernels_own: bool,
    /// The most areas that a process had before or after.
    pub(crate) areas: usize,
}

/// Of the script as a whole.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) steps: Vec<Step>,
    /// Where the first page goes that nobody gives a place.
    pub(crate) anchor: u64,
    /// Fields of status before the first statement, in kB.
    pub(crate) status: Vec<(&'static str, u64)>,
    /// How many areas there were.
    pub(crate) areas: u64,
    /// The script needs the rights of root: for another user something that it expects is not so.
    pub(crate) needs_root: bool,
}

/// Fields of status where the program itself has its share.
pub(crate) const SHARED_FIELDS: &[&str] =
    &["VmPeak", "VmSize", "VmLck", "VmPin", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmData", "VmStk", "VmPTE"];

/// More areas than this are near the limit of a kernel (`vm.max_map_count`).
const FULL_TABLE: usize = 30_000;

/// Runs the script to its end.
pub(crate) fn walk(script: &Script) -> Result<Walk, LeftOut> {
    let unrunnable = |error: &dyn std::fmt::Display| LeftOut(format!("it does not run: {error}"));
    let mut session = Session::new(script.clone()).map_err(|error| unrunnable(&error))?;
    let first = session.machine().processes().next().map_or(Pid(1), |process| process.pid);
    if first.0 != 1 {
        return Err(LeftOut("its processes have numbers of their own (@pid)".into()));
    }
    let status = SHARED_FIELDS.iter().map(|name| (*name, view::status_field(session.machine(), first, name).unwrap_or(0))).collect();
    let anchor = anchor(session.machine(), first)?;
    let areas = view::maps(session.machine(), first).iter().filter(|line| line.name != "[vsyscall]").count() as u64;
    let mut steps = Vec::new();
    loop {
        let statement = session.script().statements.get(steps.len()).cloned();
        let known: Vec<Pid> = session.machine().processes().map(|process| process.pid).collect();
        let maps_before = view::maps(session.machine(), first).len();
        let Some(report) = session.step() else { break };
        let report = report.map_err(|error| unrunnable(&error))?.clone();
        let pid = report.pid.unwrap_or(first);
        let machine = session.machine();
        let maps = view::maps(machine, pid);
        let child = machine.processes().map(|process| process.pid).find(|pid| !known.contains(pid)).map(|pid| pid.0);
        let is_access =
            statement.as_ref().is_some_and(|statement| matches!(statement.call.name.as_str(), "load" | "store" | "execute" | "touch_read"));
        let is_kernels_own = is_access && report.focus.is_some_and(|addr| lies_in_kernels_own(&maps, addr));
        let placed = statement.as_ref().and_then(|statement| placed(&statement.call, session.names(), &report));
        steps.push(Step { process: pid.0, child, placed, is_kernels_own, areas: maps.len().max(maps_before) });
    }
    if steps.iter().any(|step| step.areas > FULL_TABLE) {
        return Err(LeftOut("it fills the table of areas, in which the program has some itself".into()));
    }
    Ok(Walk { steps, anchor, status, areas, needs_root: needs_root(script) })
}

/// The range that a call mapped where the kernel chose.
fn placed(call: &Call, names: &SortedMap<String, u64>, report: &StepReport) -> Option<(u64, u64)> {
    const MAP_FIXED: u64 = 0x10;
    const MREMAP_FIXED: u64 = 2;
    let argument = |place: usize| call.args.get(place).and_then(|(_, expr)| number(expr, names).ok());
    let start = report.focus.filter(|_| report.kind != "error")?.0;
    let length = match call.name.as_str() {
        "mmap" if argument(3)? & MAP_FIXED == 0 => argument(1)?,
        "mremap" if argument(3)? & MREMAP_FIXED == 0 && argument(0)? != start => argument(2)?,
        _ => return None,
    };
    is_chosen(start).then(|| (start, start + length.next_multiple_of(4096)))
}

fn lies_in_kernels_own(maps: &[MapsLine], addr: VirtAddr) -> bool {
    maps.iter().any(|line| line.range.contains(addr) && line.name.starts_with("[v"))
}

/// Asks a copy of the machine.
fn anchor(machine: &Machine, first: Pid) -> Result<u64, LeftOut> {
    let mut machine = machine.clone();
    let args = [0, 4096, 0, 0x22, u64::MAX, 0].map(Arg::Int);
    machine.syscall(first, Sysno::mmap, &args).map_err(|error| LeftOut(format!("no page can be mapped at its start: {}", error.errno)))
}

/// Whether the script expects what only root may do.
fn needs_root(script: &Script) -> bool {
    const SOMEBODY: u32 = 65534;
    if script.header.process.uid != 0 {
        return false;
    }
    let mut other = script.clone();
    other.header.process.uid = SOMEBODY;
    other.header.process.capabilities = None;
    for file in &mut other.header.machine.files {
        file.uid = if file.uid == 0 { SOMEBODY } else { file.uid };
    }
    let Ok(mut session) = Session::new(other) else { return true };
    session.run_to_end().is_err() || !session.verdict().is_equal()
}
