//! What the first use of an address implies. A log of a running process, or a part of one, speaks of memory that it
//! did not see being mapped: that is assumed to exist, and named.

use super::sketch::{Rule, Sketch};
use super::{FIXED, Recorded, Replay, pages};
use crate::addr::{PAGE_SIZE, PMD_SIZE, TASK_SIZE, VirtAddr, VirtRange};
use crate::ids::Pid;
use crate::machine::{Arg, Sysno};
use crate::script::ast::{Architecture, Outcome, SignalSpec, Statement};
use crate::script::run::{State, Yield};
use std::ops::Range;

/// `MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE`.
const ASSUMED: u64 = 0x10_4022;
const SHARED: u64 = 1;
const PRIVATE: u64 = 2;
const MADV_REMOVE: u64 = 9;
/// Searches begin here (CONFIG_LSM_MMAP_MIN_ADDR).
pub(super) const LOWEST: u64 = 0x1_0000;
const NO_DESCRIPTOR: u64 = u64::MAX;

/// An amount of memory, for people.
pub(super) fn amount(bytes: u64) -> String {
    match bytes >> 10 {
        kb if kb.is_multiple_of(1 << 20) => format!("{} GB", kb >> 20),
        kb if kb.is_multiple_of(1 << 10) => format!("{} MB", kb >> 10),
        kb => format!("{kb} kB"),
    }
}

impl Replay {
    /// Before a memory call: whatever it needs and the log has not told of is there.
    pub(super) fn assume_for_call(&mut self, state: &mut State, pid: Pid, number: Sysno, args: &[Arg; 6], statement: &Statement) {
        if self.spaces.is_none() {
            return;
        }
        if number == Sysno::brk {
            return self.assume_heap(state, pid, args[0].int(), super::returned(statement));
        }
        let Some(needed) = needed_by(number, args, statement) else { return };
        let shared = number == Sysno::madvise && args[2].int() == MADV_REMOVE;
        self.assume_mapped(state, pid, needed, 3, if shared { SHARED } else { PRIVATE });
    }

    /// Whether a refusal says only that something is missing in memory of which the log tells nothing.
    pub(super) fn is_refused_for_unknown(
        &mut self,
        state: &State,
        pid: Pid,
        number: Sysno,
        args: &[Arg; 6],
        statement: &Statement,
    ) -> bool {
        use Sysno::*;
        let for_memory = matches!(&statement.outcome, Some(Outcome::Error(name)) if matches!(name.as_str(), "ENOMEM" | "EFAULT"));
        let needs = matches!(number, mprotect | pkey_mprotect | madvise | mlock | mlock2 | munlock | msync | mincore | mremap | mseal);
        let range = pages(args[0].int(), args[1].int());
        for_memory && needs && self.space(state, pid).is_some_and(|space| !space.unknown(range).is_empty())
    }

    /// Before an access that ended in a signal: memory that forbids it, if the signal says that there was some.
    pub(super) fn assume_for_signal(&mut self, state: &mut State, pid: Pid, recorded: u64, spec: &SignalSpec) {
        if spec.code.as_deref() == Some("SEGV_ACCERR") {
            self.assume_mapped(state, pid, pages(recorded, 1), 0, PRIVATE);
        }
    }

    /// The parts of a range of which the log has told nothing are mapped, if they are not yet.
    fn assume_mapped(&mut self, state: &mut State, pid: Pid, range: Range<u64>, prot: u64, sharing: u64) {
        let Some(space) = self.space(state, pid) else { return };
        let unknown = space.unknown(range);
        for part in &unknown {
            space.know(part.clone());
        }
        for part in unknown {
            for hole in holes(state, pid, &part) {
                let flags = ASSUMED & !PRIVATE | sharing;
                let args = [hole.start, hole.end - hole.start, prot, flags, NO_DESCRIPTOR, 0].map(Arg::Int);
                state.syscall(pid, Sysno::mmap, &args);
                self.space(state, pid).into_iter().for_each(|space| space.assume(hole.clone()));
            }
            let size = amount(part.end - part.start);
            self.assumed.push(format!("{size} at {:#x} were mapped before the log shows it", part.start));
        }
        // What is assumed is no part of what the call does.
        state.machine.kernel.trace.drain();
    }

    /// A heap that the log meets when it has grown already.
    fn assume_heap(&mut self, state: &mut State, pid: Pid, wanted: u64, result: Option<u64>) {
        let (Some(space), Some(result)) = (self.space(state, pid), result) else { return };
        if space.knows_brk {
            return;
        }
        let Some(brk) = state.machine.mm_of(pid).map(|mm| mm.brk.0) else { return };
        if wanted == 0 && result > brk && result - brk < 1 << 36 {
            state.syscall(pid, Sysno::brk, &[result, 0, 0, 0, 0, 0].map(Arg::Int));
            state.machine.kernel.trace.drain();
            self.space(state, pid).into_iter().for_each(|space| space.assume(brk..result));
            self.assumed.push(format!("the heap had {} before the log shows it", amount(result - brk)));
        }
    }

    /// A mapping that the kernel placed elsewhere than here: if memory of which the log does not tell can be the cause, it is
    /// moved to where it was.
    pub(super) fn settle(&mut self, state: &mut State, recorded: &Recorded<'_>, outcome: Yield) -> Yield {
        let Recorded { pid, number, args, statement } = *recorded;
        let (Some(wanted), Yield::Value(ours)) = (super::returned(statement), &outcome) else { return outcome };
        let ours = *ours;
        let len = match number {
            Sysno::mmap if args[3].int() & FIXED == 0 => args[1].int(),
            Sysno::mremap => args[2].int(),
            _ => return outcome,
        };
        let base = state.machine.mm_of(pid).map_or(0, |mm| mm.layout.mmap_base.0);
        if wanted == ours {
            return outcome;
        }
        let Some(space) = self.space(state, pid) else { return outcome };
        let there = space.at_same_distance(wanted);
        let is_native = self.architecture == Architecture::X86_64;
        // On another processor it is that which places it otherwise.
        if is_native
            && let Some(rule) = placed_by_another_rule(state, recorded, ours, there)
            && Self::move_mapping(state, recorded, ours, there, len)
        {
            self.assumed.push(rule.into());
            return Yield::Value(there);
        }
        let Some(space) = self.space(state, pid) else { return outcome };
        // Our search begins at the first mapping of the log. What a call freed above it the kernel's finds first.
        let place = pages(wanted, len);
        let ends_there = !space.is_known(place.end) || holes(state, pid, &(place.end..place.end + PAGE_SIZE)).is_empty();
        let is_above = wanted >= base && ends_there && space.unknown(place).is_empty();
        let filled = !space.unknown(pages(ours, len)).is_empty();
        // A higher place than one that is known to be free: it was free, if that is where the program then uses it.
        let freed = wanted > ours && !space.unknown(pages(wanted, len)).is_empty();
        let hidden = is_above || filled || (freed && self.images.speaks_of(wanted, ours, statement.line));
        // Where another machine's layout or page size is the likelier cause, that is said.
        let is_foreign = self.architecture != Architecture::X86_64 && wanted.abs_diff(ours) < len;
        if !hidden || is_foreign || !Self::move_mapping(state, recorded, ours, wanted, len) {
            return outcome;
        }
        if is_above {
            return Yield::Value(wanted);
        }
        self.assumed.push(format!("where it lies follows from what was mapped at {ours:#x} before the log shows it"));
        Yield::Value(wanted)
    }

    /// Moves a new mapping to where it was recorded; whether that worked.
    fn move_mapping(state: &mut State, recorded: &Recorded<'_>, ours: u64, wanted: u64, len: u64) -> bool {
        const MAYMOVE_FIXED: u64 = 3;
        const FIXED_NOREPLACE: u64 = 0x10_0000;
        let Recorded { pid, number, args, .. } = *recorded;
        let (target, own) = (pages(wanted, len), pages(ours, len));
        if !is_free_beside(state, pid, &target, &own) || target.end > TASK_SIZE || !wanted.is_multiple_of(PAGE_SIZE) {
            return false;
        }
        if number == Sysno::mremap {
            return state.syscall(pid, number, &[ours, len, len, MAYMOVE_FIXED, wanted, 0].map(Arg::Int)) == Yield::Value(wanted);
        }
        state.syscall(pid, Sysno::munmap, &[ours, len, 0, 0, 0, 0].map(Arg::Int));
        let mut map_at = |at| {
            let mut again = args.clone();
            (again[0], again[3]) = (Arg::Int(at), Arg::Int(args[3].int() | FIXED_NOREPLACE));
            state.syscall(pid, number, &again) == Yield::Value(at)
        };
        if map_at(wanted) {
            return true;
        }
        // Where it cannot be, it stays where it was.
        map_at(ours);
        false
    }
}

/// By which rule a large mapping comes to lie where it does, if here another one places it: which are placed for huge pages
/// depends on the kernel, and for files on their file system.
fn placed_by_another_rule(state: &State, recorded: &Recorded<'_>, ours: u64, there: u64) -> Option<&'static str> {
    const ANONYMOUS: u64 = 0x20;
    let [addr, len, _, flags, ..] = recorded.args.each_ref().map(Arg::int);
    if recorded.number != Sysno::mmap || len < PMD_SIZE || addr != 0 {
        return None;
    }
    let mut sketch = Sketch::of(state, state.machine.mm_of(recorded.pid)?.serial, 0)?;
    sketch.remove(pages(ours, len));
    match (sketch.lies_by_rule(len, there)?, flags & ANONYMOUS != 0) {
        (Rule::Highest, false) => Some(
            "it lies where its file system puts it if that does not align for huge pages: overlayfs and tmpfs do not, nor did any with older kernels",
        ),
        (Rule::Highest, true) => Some("it lies where Linux before 6.7 puts it, which does not align anonymous memory for huge pages"),
        (Rule::Aligned, true) => Some("it lies where Linux since 6.7 puts it, as long as it aligned any anonymous memory of 2 MB and more"),
        (Rule::Aligned, false) => None,
    }
}

/// The range that a call needs to be mapped to end as it did.
fn needed_by(number: Sysno, args: &[Arg; 6], statement: &Statement) -> Option<Range<u64>> {
    use Sysno::*;
    let [addr, len, _, flags, ..] = args.each_ref().map(Arg::int);
    let whole = addr.is_multiple_of(PAGE_SIZE) && len > 0;
    let worked = matches!(statement.outcome, Some(Outcome::Value(_)));
    let exists = matches!(&statement.outcome, Some(Outcome::Error(name)) if name == "EEXIST");
    match number {
        mprotect | pkey_mprotect | madvise | mlock | mlock2 | munlock | msync | mincore | munmap | mremap | mseal | remap_file_pages
            if worked && whole =>
        {
            Some(pages(addr, len))
        }
        mlock | mlock2 | munlock if worked && len > 0 => Some(pages(addr, len + (addr % PAGE_SIZE))),
        mmap if exists && flags & FIXED != 0 => Some(pages(addr, PAGE_SIZE)),
        _ => None,
    }
}

/// The free range around an address, below where mappings begin.
pub(super) fn gap(state: &State, pid: Pid, at: u64) -> Range<u64> {
    let Some(mm) = state.machine.mm_of(pid) else { return at..at };
    let before = mm.vmas.iter().map(|(_, area)| area.range.end.0).take_while(|end| *end <= at).last();
    let behind = mm.vmas.iter().map(|(_, area)| area.range.start.0).find(|start| *start > at);
    let top = mm.layout.mmap_base.0;
    before.unwrap_or(LOWEST)..behind.unwrap_or(top).min(top)
}

/// Whether nothing is mapped in a range, but for what lies in another one.
pub(super) fn is_free_beside(state: &State, pid: Pid, range: &Range<u64>, own: &Range<u64>) -> bool {
    let outside = [range.start..range.end.min(own.start), range.start.max(own.end)..range.end];
    outside.iter().filter(|part| part.start < part.end).all(|part| holes(state, pid, part) == [part.clone()])
}

/// The parts of a range where nothing is mapped.
pub(super) fn holes(state: &State, pid: Pid, range: &Range<u64>) -> Vec<Range<u64>> {
    let Some(mm) = state.machine.mm_of(pid) else { return Vec::new() };
    let mut holes = Vec::new();
    let mut at = range.start;
    for id in mm.vmas.overlapping(VirtRange { start: VirtAddr(range.start), end: VirtAddr(range.end) }) {
        let area = mm.vmas.get(id).range;
        if area.start.0 > at {
            holes.push(at..area.start.0);
        }
        at = at.max(area.end.0);
    }
    if at < range.end {
        holes.push(at..range.end);
    }
    holes
}
