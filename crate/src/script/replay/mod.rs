//! Replaying the log of a real program. What is about memory is done and compared; descriptors, process
//! ids and the results of other calls are inputs, since a log holds only a part of what the program did.
//!
//! A log without first maps is replayed at its own addresses: [`layout`] reads from it where the program's
//! parts lay, [`assume`] adds what a call shows to have been mapped before the log, and [`space`] keeps
//! what is known. [`limits`] tries what would have made a call fail as recorded, and [`order`] finds an order of
//! overlapping calls that explains the log; [`misnamed`] finds the one call
//! whose address contradicts all others.

mod assume;
mod belief;
mod compare;
mod files;
mod image;
mod layout;
pub(super) mod limits;
mod misnamed;
pub(super) mod order;
mod ranges;
mod refused;
mod search;
mod sketch;
mod space;
pub(super) mod trial;

use super::assemble::process_from_inputs;
use super::ast::{Architecture, Call, Expr, Outcome, Statement};
use super::evaluate;
use super::run::{State, Yield};
use crate::addr::{PAGE_SIZE, VirtRange, page_align};
use crate::ids::{MmSerial, Pid};
use crate::machine::{Arg, ProcessConfig, Sysno};
use crate::settings::WrittenPolicy;
use crate::sort;
use crate::sorted::{SortedMap, SortedSet};
use belief::{Doubt, Phantoms};
use layout::{FIXED, Images, pages};
use misnamed::Misnamed;
use ranges::Ranges;
use space::Space;
use std::ops::Range;
use std::sync::Arc;
use trial::Reading;

/// The state of a replay.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    base: ProcessConfig,
    written: WrittenPolicy,
    architecture: Architecture,
    /// What the log tells of its programs, and of each address space; absent when the log has first maps.
    spaces: Option<SortedMap<MmSerial, Space>>,
    images: Arc<Images>,
    /// Calls that are missing: the lines between which each happened, by the first one.
    cuts: Arc<[Range<usize>]>,
    cuts_begun: usize,
    /// What is missing of what has begun has ended behind this line.
    in_doubt_until: usize,
    /// Address spaces whose first areas count as written.
    prepared: SortedSet<MmSerial>,
    /// Recorded numbers of SysV segments, and ours.
    segments: SortedMap<u64, u64>,
    /// What the last call took for granted.
    assumed: Vec<String>,
    /// Addresses of the last call that lie elsewhere here: the recorded one, and ours.
    elsewhere: Vec<(u64, u64)>,
    /// What to do if the result of the next call contradicts, in a log whose calls overlap.
    doubted: Option<Doubt>,
    /// Memory that no call put where it is.
    phantoms: SortedMap<MmSerial, Phantoms>,
    /// How many refusals may still be explained: each takes copies of the machine.
    explanations_left: usize,
    /// A call that is replayed with another address than recorded.
    misnamed: Option<Misnamed>,
}

/// Recorded refusals whose cause is looked for.
const MOST_EXPLANATIONS: usize = 200;

/// A memory call as the log has it.
#[derive(Clone, Copy)]
struct Recorded<'a> {
    pid: Pid,
    number: Sysno,
    args: &'a [Arg; 6],
    statement: &'a Statement,
}

/// The memory call of a name; those of 32-bit programs mean the same.
pub(super) fn memory_call(name: &str) -> Option<Sysno> {
    match name {
        "mmap2" | "old_mmap" => Some(Sysno::mmap),
        _ => Sysno::from_name(name).filter(|number| number.is_about_memory()),
    }
}

/// Accesses that a script or a log makes by itself.
pub(super) fn is_access(name: &str) -> bool {
    matches!(name, "load" | "store" | "execute" | "touch_read" | "touch_write")
}

/// Whether a verdict on a log counts a statement: a memory call, or an access that ended in a signal.
pub(super) fn counts(statement: &Statement) -> bool {
    let signal = matches!(statement.outcome, Some(Outcome::Signal(..)));
    memory_call(&statement.call.name).is_some() || (signal && is_access(&statement.call.name))
}

/// The number that a statement is recorded to have returned.
fn returned(statement: &Statement) -> Option<u64> {
    match &statement.outcome {
        Some(Outcome::Value(expr)) => evaluate::number(expr, &evaluate::Names::new()).ok(),
        _ => None,
    }
}

impl Replay {
    /// Where the area of mappings begins may be said.
    pub(super) fn new(script: &super::Script, reading: Reading) -> Self {
        let has_maps = !script.header.process.maps.is_empty() || script.statements.iter().any(|s| !s.inputs.is_empty());
        let mut images = if has_maps { Images::default() } else { Images::read(&script.statements, script.architecture) };
        reading.top.into_iter().for_each(|top| images.set_top(top));
        let mut cuts: Vec<_> = script.set_aside.iter().filter(|aside| aside.is_memory_call).map(|aside| aside.began..aside.line).collect();
        sort::by_key(&mut cuts, |cut: &Range<usize>| cut.start);
        Self {
            base: script.header.process.clone(),
            written: script.header.written,
            architecture: script.architecture,
            spaces: (!has_maps).then(SortedMap::new),
            images: Arc::new(images),
            cuts: cuts.into(),
            cuts_begun: 0,
            in_doubt_until: 0,
            prepared: SortedSet::new(),
            segments: SortedMap::new(),
            assumed: Vec::new(),
            elsewhere: Vec::new(),
            doubted: None,
            phantoms: SortedMap::new(),
            explanations_left: MOST_EXPLANATIONS,
            misnamed: reading.misnamed,
        }
    }

    /// Whether a statement is a refusal whose cause will be looked for if it does not happen here.
    pub(super) fn wants_explanation(&mut self, statement: &Statement) -> bool {
        let wants = self.explanations_left > 0 && limits::may_be_a_limit(statement);
        self.explanations_left -= usize::from(wants);
        wants
    }

    /// Whose memory a process shares that the log did not show being made: the first one's, or that of a named one.
    pub(super) fn leader(&self, state: &State, process: Option<&str>) -> Option<Pid> {
        self.spaces.as_ref()?;
        let lives = |pid: &Pid| state.machine.mm_of(*pid).is_some();
        match self.images.leader_of(process) {
            Some(leader) => state.processes.get(leader).copied(),
            // The first one may have ended: the memory is that of any which is left.
            None if self.images.are_threads() => {
                let others = state.processes.values().copied().filter(lives).min_by_key(|pid| pid.0);
                Some(state.first).filter(lives).or(others)
            }
            None => None,
        }
    }

    /// How a process starts that the log meets without having seen it made.
    pub(super) fn config_met(&self, process: Option<&str>) -> ProcessConfig {
        match &self.spaces {
            Some(_) => self.images.met_in(process).config(&self.base),
            None => self.base.clone(),
        }
    }

    /// What is known of the memory of such a process.
    pub(super) fn meet(&mut self, state: &State, pid: Pid, process: Option<&str>) {
        let space = self.images.met_in(process).space();
        self.set_space(state, pid, space);
    }

    /// A new address space: what it starts with the log does not show.
    fn set_space(&mut self, state: &State, pid: Pid, mut space: Space) {
        if let (Some(spaces), Some(mm)) = (&mut self.spaces, state.machine.mm_of(pid)) {
            mm.vmas.iter().for_each(|(_, area)| space.assume(area.range.start.0..area.range.end.0));
            spaces.insert(mm.serial, space);
        }
    }

    /// A child knows of its memory what its parent knew.
    fn inherit_space(&mut self, state: &State, parent: Pid, child: Pid) {
        let (Some(spaces), Some(from), Some(to)) = (&mut self.spaces, state.machine.mm_of(parent), state.machine.mm_of(child)) else {
            return;
        };
        if from.serial != to.serial {
            let space = spaces.get(&from.serial).cloned().unwrap_or_default();
            spaces.insert(to.serial, space);
        }
        if self.prepared.contains(&from.serial) {
            self.prepared.insert(to.serial);
        }
    }

    fn space(&mut self, state: &State, pid: Pid) -> Option<&mut Space> {
        let serial = state.machine.mm_of(pid)?.serial;
        Some(self.spaces.as_mut()?.entry(serial).or_default())
    }

    /// The same, if there is one.
    fn known_space(&self, state: &State, pid: Pid) -> Option<&Space> {
        self.spaces.as_ref()?.get(&state.machine.mm_of(pid)?.serial)
    }

    /// Where the log has told what is mapped, if it is a part of a log, or one of calls that are missing.
    fn known_of_excerpt(&self, serial: MmSerial, top: u64, until: usize) -> Option<Ranges<()>> {
        /// Whole logs tell of all of it.
        const BELOW: u64 = 64 << 30;
        let space = self.spaces.as_ref()?.get(&serial)?;
        let is_missing = self.in_doubt_until > 0 || self.cuts.get(self.cuts_begun).is_some_and(|cut| cut.start < until);
        match is_missing {
            true => Some(Ranges::default()),
            false => (!space.unknown(top.saturating_sub(BELOW)..top).is_empty()).then(|| space.known()),
        }
    }

    /// Where a recorded address of a process lies here.
    fn ours(&self, state: &State, pid: Pid, recorded: u64) -> u64 {
        self.known_space(state, pid).map_or(recorded, |space| space.ours(recorded))
    }

    /// Whether any of a range of a process is memory that the log does not show being mapped.
    pub(super) fn is_assumed(&self, state: &State, pid: Pid, range: VirtRange) -> bool {
        self.known_space(state, pid).is_some_and(|space| space.is_assumed(range.start.0..range.end.0))
    }

    /// Takes out which addresses of the last call lie elsewhere here.
    pub(super) fn take_elsewhere(&mut self) -> Vec<(u64, u64)> {
        std::mem::take(&mut self.elsewhere)
    }

    /// Takes out what the last call took for granted.
    pub(super) fn take_assumed(&mut self) -> Option<String> {
        let assumed = std::mem::take(&mut self.assumed);
        (!assumed.is_empty()).then(|| assumed.join("; "))
    }

    /// Does what a statement of the log did.
    pub(super) fn run(&mut self, state: &mut State, pid: Pid, statement: &Statement) -> Result<Yield, String> {
        let call = &statement.call;
        let result = returned(statement);
        self.pass_cuts(statement.line);
        if state.machine.mm_of(pid).is_none() {
            return Ok(Yield::Skipped("the process has ended".into()));
        }
        match call.name.as_str() {
            "execve" | "execveat" => self.execve(state, pid, statement, result),
            "fork" | "vfork" | "clone" | "clone3" => Ok(self.fork(state, pid, call, result)),
            "open" | "openat" | "creat" => Ok(self.open(state, pid, call, result)),
            "memfd_create" => Ok(self.memfd(state, pid, call, result)),
            "dup" | "dup2" | "dup3" | "fcntl" => Ok(self.duplicate(state, pid, call, result)),
            "close" | "ftruncate" | "unlink" | "exit" | "exit_group" | "fallocate" | "personality" => self.quietly(state, pid, call),
            "setrlimit" | "prlimit64" if result == Some(0) => self.quietly(state, pid, call),
            "setuid" | "setreuid" | "setresuid" if result == Some(0) => {
                refused::become_user(state, pid, call);
                Ok(Yield::Skipped("the user it becomes is taken over".into()))
            }
            "shmget" => Ok(self.shmget(state, pid, call, result)),
            "shmctl" => Ok(self.shmctl(state, pid, call, result)),
            name if is_access(name) => self.access(state, pid, statement),
            "brk" => {
                self.begin_unseen(state, pid, statement)?;
                Ok(self.memory_call(state, pid, Sysno::brk, statement))
            }
            name => match memory_call(name) {
                Some(number) => Ok(self.memory_call(state, pid, number, statement)),
                None => Ok(Yield::Skipped("not about memory".into())),
            },
        }
    }

    /// Where calls are missing from the log, what was known may have changed.
    fn pass_cuts(&mut self, line: usize) {
        let begun = self.cuts[self.cuts_begun..].iter().take_while(|cut| cut.start < line);
        let until = begun.clone().map(|cut| cut.end).max();
        self.cuts_begun += begun.count();
        // Once more behind the last one.
        let is_in_doubt = until.is_some() || self.in_doubt_until > 0;
        self.in_doubt_until = until.unwrap_or(0).max(self.in_doubt_until);
        if self.in_doubt_until < line {
            self.in_doubt_until = 0;
        }
        if let (true, Some(spaces)) = (is_in_doubt, &mut self.spaces) {
            spaces.values_mut().for_each(Space::forget);
        }
    }

    /// A new program: the maps that come with the statement, or what the log tells of it.
    fn execve(&mut self, state: &mut State, pid: Pid, statement: &Statement, result: Option<u64>) -> Result<Yield, String> {
        if result != Some(0) {
            return Ok(Yield::Skipped("it failed".into()));
        }
        let image = self.images.started_on(statement.line);
        let config = match (&self.spaces, statement.inputs.is_empty()) {
            // The first program of a log with first maps is the one the machine was started with.
            (None, true) => return Ok(Yield::Skipped("the program that the first maps show".into())),
            (Some(_), true) => image.config(&self.base),
            (_, false) => process_from_inputs(&self.base, &statement.inputs),
        };
        state.machine.replace_program(pid, &config).map_err(|error| error.to_string())?;
        self.set_space(state, pid, image.space());
        Ok(Yield::Value(0))
    }

    /// A new program whose `execve` the log does not show.
    fn begin_unseen(&mut self, state: &mut State, pid: Pid, statement: &Statement) -> Result<(), String> {
        let image = self.images.started_on(statement.line);
        if self.spaces.is_none() || !image.unseen {
            return Ok(());
        }
        state.machine.replace_program(pid, &image.config(&self.base)).map_err(|error| error.to_string())?;
        state.machine.kernel.trace.drain();
        self.set_space(state, pid, image.space());
        self.assumed.push("another program began here, whose execve the log does not show: its heap lies elsewhere".into());
        Ok(())
    }

    /// An access that the log shows by the signal that it ended in.
    fn access(&mut self, state: &mut State, pid: Pid, statement: &Statement) -> Result<Yield, String> {
        let mut call = statement.call.clone();
        let recorded = call.args.first().and_then(|(_, expr)| evaluate::number(expr, &state.names).ok());
        let (Some(recorded), Some(space)) = (recorded, self.space(state, pid)) else { return state.call(pid, &call) };
        let ours = space.ours(recorded);
        call.args[0].1 = Expr::Int(ours);
        self.note_elsewhere(recorded, ours);
        if let Some(Outcome::Signal(_, spec)) = &statement.outcome {
            self.assume_for_signal(state, pid, recorded, spec);
        }
        let outcome = state.call(pid, &call)?;
        // A log does not say whether it was a read or a write.
        if call.name == "load" && !matches!(outcome, Yield::Signal(_)) && matches!(statement.outcome, Some(Outcome::Signal(..))) {
            let store = Call { name: "store".into(), args: vec![call.args[0].clone(), (None, Expr::Int(0))], ..Call::default() };
            return state.call(pid, &store);
        }
        Ok(outcome)
    }

    fn memory_call(&mut self, state: &mut State, pid: Pid, number: Sysno, statement: &Statement) -> Yield {
        let Ok(recorded) = evaluate::arguments(&statement.call, &state.names) else {
            return Yield::Skipped("its arguments are cut off".into());
        };
        let mut args = recorded.clone();
        if number == Sysno::shmat {
            let Some(segment) = self.segments.get(&args[0].int()) else {
                return Yield::Skipped("the log does not show its segment being made".into());
            };
            args[0] = Arg::Int(*segment);
        }
        self.assume_for_call(state, pid, number, &recorded, statement);
        self.translate(state, pid, number, &mut args);
        if number == Sysno::mmap && self.know_descriptor(state, pid, &args) && files::is_refused_by_file(statement) {
            return Yield::Skipped("whether it is refused depends on a file that the log does not show being opened".into());
        }
        if number == Sysno::mincore {
            args[2] = Arg::Scratch;
        }
        let peak = refused::peak(state, pid);
        let outcome = state.syscall(pid, number, &args);
        if let Some(reason) = files::not_in_the_log(number, statement, &outcome) {
            return Yield::Skipped(reason);
        }
        if matches!(outcome, Yield::Error(_)) && self.is_refused_for_unknown(state, pid, number, &recorded, statement) {
            return Yield::Skipped("whether it fails depends on memory of which the log tells nothing".into());
        }
        let recorded = Recorded { pid, number, args: &recorded, statement };
        let outcome = self.settle(state, &recorded, outcome);
        refused::undo(state, &recorded, &outcome, peak);
        self.learn(state, &recorded, &outcome);
        self.reconcile(state, &recorded, &outcome);
        self.count_as_written(state, pid, number, &args, &outcome);
        outcome
    }

    /// Writable private memory that a call made counts as written, under [`WrittenPolicy::Writable`].
    fn count_as_written(&mut self, state: &mut State, pid: Pid, number: Sysno, args: &[Arg; 6], outcome: &Yield) {
        let (WrittenPolicy::Writable, Some(mm)) = (self.written, state.machine.mm_of(pid)) else { return };
        let changed = match (number, outcome) {
            (Sysno::mmap, Yield::Value(at)) => pages(*at, args[1].int()),
            (Sysno::mprotect, _) => pages(args[0].int(), args[1].int()),
            (Sysno::brk, _) => mm.start_brk.page_floor().0..page_align(mm.brk.0),
            (Sysno::mmap, _) => 0..0,
            _ => return,
        };
        let first = self.prepared.insert(mm.serial);
        let changed = if first { 0..u64::MAX - PAGE_SIZE } else { changed };
        state.machine.count_as_written(pid, VirtRange::new(changed.start, changed.end));
    }

    /// Turns recorded addresses into ours.
    fn translate(&mut self, state: &State, pid: Pid, number: Sysno, args: &mut [Arg; 6]) {
        for place in addresses_of(number, args) {
            let Some(space) = self.space(state, pid) else { return };
            if let Arg::Int(recorded) = args[*place]
                && recorded != 0
            {
                let ours = space.ours(recorded);
                args[*place] = Arg::Int(ours);
                self.note_elsewhere(recorded, ours);
            }
        }
    }

    fn note_elsewhere(&mut self, recorded: u64, ours: u64) {
        if recorded != ours && !self.elsewhere.contains(&(recorded, ours)) {
            self.elsewhere.push((recorded, ours));
        }
    }

    /// Remembers where recorded memory lies here, and that the log has told of it.
    fn learn(&mut self, state: &State, recorded: &Recorded<'_>, outcome: &Yield) {
        let Recorded { pid, number, args, statement } = *recorded;
        let [addr, len, new_len, ..] = args.each_ref().map(Arg::int);
        let result = returned(statement);
        let trusted = self.trusts(state, pid, statement, outcome, if number == Sysno::mremap { new_len } else { len });
        if let (Sysno::mmap | Sysno::mremap | Sysno::brk | Sysno::shmat, Some(recorded), Yield::Value(ours)) = (number, result, outcome) {
            self.note_elsewhere(recorded, *ours);
        }
        let Some(space) = self.space(state, pid) else { return };
        match (number, outcome) {
            (Sysno::mmap, Yield::Value(ours)) => space.show(pages(*ours, len)),
            (Sysno::mremap, Yield::Value(ours)) => space.show(pages(*ours, new_len)),
            (Sysno::munmap, Yield::Value(0)) => space.show(pages(space.ours(addr), len)),
            _ => {}
        }
        match (number, result, outcome) {
            (Sysno::mmap | Sysno::mremap, ..) if !trusted => {}
            (Sysno::mmap, Some(recorded), Yield::Value(ours)) => space.mapped(pages(recorded, len), *ours),
            (Sysno::mremap, Some(recorded), Yield::Value(ours)) => {
                space.know(pages(addr, len));
                space.mapped(pages(recorded, new_len), *ours);
            }
            // A heap whose start the log does not show may grow by so much without meeting anything.
            (Sysno::brk, Some(recorded), Yield::Value(ours)) if !space.knows_brk => {
                space.knows_brk = true;
                if recorded != *ours {
                    space.mapped(recorded..recorded.saturating_add(1 << 32), *ours);
                }
            }
            (Sysno::munmap, Some(0), _) => space.know(pages(addr, len)),
            _ => {}
        }
    }

    /// Whether a recorded place is believed that is not ours: not where something else lies, and not if the log goes on to
    /// speak of ours.
    fn trusts(&self, state: &State, pid: Pid, statement: &Statement, outcome: &Yield, len: u64) -> bool {
        let (Some(recorded), Yield::Value(ours)) = (returned(statement), outcome) else { return true };
        if recorded == *ours || self.spaces.is_none() {
            return true;
        }
        let free = assume::is_free_beside(state, pid, &pages(recorded, len), &pages(*ours, len));
        free && self.images.speaks_of(recorded, *ours, statement.line)
    }
}

/// The arguments of a call that are addresses of its own memory.
fn addresses_of(number: Sysno, args: &[Arg; 6]) -> &'static [usize] {
    use Sysno::*;
    match number {
        mlockall | munlockall | pkey_alloc | pkey_free | process_madvise | process_vm_readv | process_vm_writev => &[],
        mremap if args[3].int() & 2 != 0 => &[0, 4],
        shmat => &[1],
        _ => &[0],
    }
}
