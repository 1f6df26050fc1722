//! Where a program of a log had its parts, when the log comes without first maps: read from the log
//! before anything is run, so that our addresses are the recorded ones. The first mapping that the
//! kernel placed tells where its area began, the first `brk` where the heap does; what the program
//! put at addresses of its own choice moves our stack, loader and program out of the way.

use super::files::flags_of;
use super::image::{Image, VOTES};
use super::ranges::Ranges;
use super::{memory_call, returned};
use crate::addr::{PAGE_SIZE, VirtAddr, page_align};
use crate::machine::Sysno;
use crate::script::ast::{Architecture, Expr, Statement};
use crate::script::evaluate::{self, Names};
use crate::sort;
use crate::sorted::{SortedMap, SortedSet};
use std::ops::Range;

/// `MAP_FIXED | MAP_FIXED_NOREPLACE`.
pub(super) const FIXED: u64 = 0x10_0010;
pub(super) const CLONE_VM: u64 = 0x100;
/// A heap begins at most so far behind its program: 1 GiB at random, and the program itself.
pub(super) const HEAP_DISTANCE: u64 = 2 << 30;
/// Threads map at most so far below the first mapping of their program.
const KINSHIP: u64 = 1 << 36;
/// Mappings among which the one is looked for that lay at an address.
const UNITS_BACK: usize = 4096;

/// The programs of a log: by the line of their `execve`, or by a process that the log begins in.
#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    by_line: SortedMap<usize, Image>,
    by_process: SortedMap<String, Image>,
    /// The lines of calls that begin at an address and are no `mmap`.
    named: SortedMap<u64, Vec<usize>>,
    /// The lines of calls that mapped something at an address.
    mapped: SortedMap<u64, Vec<usize>>,
    /// What calls mapped, in the order of the log: the line, and the range.
    units: Vec<(usize, Range<u64>)>,
    /// In a log that shows no process being made: whose memory a process shares, by where it maps.
    leaders: SortedMap<String, String>,
    /// The processes that the log begins in are threads of one: nothing that they map meets.
    threads: bool,
}

/// Where a program is kept while the log is read.
#[derive(Clone)]
enum Key {
    Line(usize),
    Process(String),
    /// A forked child: its memory is its parent's.
    Inherited,
}

/// The last break of each process: a log that leaves out `execve` (`strace -e trace=%memory`) shows by it that another
/// program began.
#[derive(Default)]
struct Heaps {
    last: SortedMap<String, u64>,
    /// Every break that any process was told.
    told: SortedSet<u64>,
}

impl Heaps {
    /// Takes a call in; whether it tells that its process runs another program than before.
    fn show_another_program(&mut self, process: &str, statement: &Statement) -> bool {
        let result = returned(statement);
        match statement.call.name.as_str() {
            "execve" | "execveat" if result == Some(0) => {
                self.last.remove(process);
            }
            "fork" | "vfork" | "clone" | "clone3" => {
                if let (Some(child), Some(heap)) = (result, self.last.get(process).copied()) {
                    self.last.insert(child.to_string(), heap);
                }
            }
            "brk" => {
                let Some(now) = result else { return false };
                let before = self.last.insert(process.to_string(), now);
                // Nobody was told this break: no call moved the heap there.
                let is_new = self.told.insert(now);
                let moved = |before: u64| is_another_heap(before, now) || (is_new && before != now);
                return asks_for_break(statement) && before.is_some_and(moved);
            }
            _ => {}
        }
        false
    }

    /// A process has the heap of another one.
    fn share(&mut self, process: &str, leader: &str) {
        if let Some(heap) = self.last.get(leader).copied() {
            self.last.insert(process.to_string(), heap);
        }
    }
}

/// `brk(NULL)`
fn asks_for_break(statement: &Statement) -> bool {
    evaluate::arguments(&statement.call, &Names::new()).is_ok_and(|args| args[0].int() == 0)
}

/// Whether two breaks are of two programs: one heap does not reach so far.
fn is_another_heap(one: u64, other: u64) -> bool {
    one.abs_diff(other) > HEAP_DISTANCE
}

impl Images {
    /// Reads a log.
    pub(super) fn read(statements: &[Statement], architecture: Architecture) -> Self {
        let (images, apart) = Self::read_with(statements, architecture, &SortedSet::new());
        // What one maps where another one has something is no memory that they share.
        if apart.is_empty() { images } else { Self::read_with(statements, architecture, &apart).0 }
    }

    /// Reads a log of which some processes are known to have their own memory: and those that are found to.
    fn read_with(statements: &[Statement], architecture: Architecture, apart: &SortedSet<String>) -> (Self, SortedSet<String>) {
        let mut found = SortedSet::new();
        let freed = if statements.iter().any(makes_or_starts) { Vec::new() } else { interrupted_unmaps(statements) };
        let mut numbers: SortedMap<&str, usize> = SortedMap::new();
        let mut images = Self { threads: are_threads(statements), ..Self::default() };
        let first = statements.first().and_then(|statement| statement.process.clone()).unwrap_or_default();
        let mut current: SortedMap<String, Key> = SortedMap::new();
        let mut heaps = Heaps::default();
        // A log that has `execve` shows every program begin.
        let shows_programs = statements.iter().any(|statement| matches!(statement.call.name.as_str(), "execve" | "execveat"));
        let is_of_memory_alone = !images.threads && !statements.iter().any(makes_or_starts);
        for statement in statements {
            let process = statement.process.as_deref().unwrap_or_default();
            if is_of_memory_alone
                && !current.contains_key(process)
                && !apart.contains(process)
                && let Some(leader) = images.likely_leader(&current, statement)
            {
                heaps.share(process, &leader);
                current.insert(process.to_string(), current[&leader].clone());
                images.leaders.insert(process.to_string(), leader);
            }
            if heaps.show_another_program(process, statement) && !shows_programs {
                let image = images.by_line.entry(statement.line).or_default();
                (image.complete, image.unseen) = (architecture == Architecture::X86_64, true);
                current.insert(process.to_string(), Key::Line(statement.line));
            }
            let key = match current.get(process) {
                Some(key) => key.clone(),
                None if images.threads => Key::Process(first.clone()),
                None => Key::Process(process.to_string()),
            };
            match statement.call.name.as_str() {
                "execve" | "execveat" if returned(statement) == Some(0) => {
                    let image = images.by_line.entry(statement.line).or_default();
                    image.complete = architecture == Architecture::X86_64;
                    image.path = path_of(statement);
                    current.insert(process.to_string(), Key::Line(statement.line));
                }
                "fork" | "clone" | "clone3" | "vfork" => {
                    let shares = flags_of(&statement.call, &Names::new()) & CLONE_VM != 0;
                    if let Some(child) = returned(statement).filter(|child| *child > 0) {
                        current.insert(child.to_string(), if shares { key } else { Key::Inherited });
                    }
                }
                _ => {
                    // By what it does elsewhere a process is not told from others.
                    if is_of_memory_alone && memory_call(&statement.call.name).is_some() {
                        current.entry(process.to_string()).or_insert_with(|| key.clone());
                    }
                    images.name(statement);
                    let count = numbers.len();
                    let number = *numbers.entry(process).or_insert(count);
                    if let Some(image) = images.at(&key) {
                        if is_of_memory_alone && image.meets(statement, number, &freed) {
                            found.insert(process.to_string());
                        }
                        image.learn(statement);
                    }
                }
            }
        }
        if overlap(statements) {
            images.vote();
        }
        found.retain(|process| images.leaders.contains_key(process));
        (images, found)
    }

    /// Whose memory a process shares that is met in the midst of one: a program would ask for its break first, and where
    /// mappings lie differs between programs.
    fn likely_leader(&self, current: &SortedMap<String, Key>, statement: &Statement) -> Option<String> {
        let number = memory_call(&statement.call.name).filter(|number| *number != Sysno::brk)?;
        let args = evaluate::arguments(&statement.call, &Names::new()).ok()?;
        let at = if number == Sysno::mmap { returned(statement)? } else { args[0].int() };
        // Above the first mapping of a part of a log lies what was mapped before.
        let below = |image: &Image, top: u64| if image.complete { top.wrapping_sub(at) } else { top.abs_diff(at) };
        let distance = |image: &Image| image.top.map(|top| below(image, top)).filter(|distance| *distance < KINSHIP);
        let near = |(process, key): (&String, &Key)| Some((distance(self.image(key)?)?, process.clone()));
        let is_leader = |(process, _): &(&String, &Key)| !self.leaders.contains_key(*process);
        let mut near: Vec<_> = current.iter().filter(is_leader).filter_map(near).collect();
        sort::by(&mut near, Ord::cmp);
        // Programs whose places are not random all lie alike.
        let is_clear = near.get(1).is_none_or(|(second, _)| near[0].0 < second / 2);
        near.into_iter().next().filter(|_| is_clear).map(|(_, process)| process)
    }

    fn image(&self, key: &Key) -> Option<&Image> {
        match key {
            Key::Line(line) => self.by_line.get(line),
            Key::Process(process) => self.by_process.get(process),
            Key::Inherited => None,
        }
    }

    /// The process whose memory another one shares that the log did not show being made.
    pub(super) fn leader_of(&self, process: Option<&str>) -> Option<&str> {
        self.leaders.get(process?).map(String::as_str)
    }

    /// Where calls overlap, a first address that is wrong in the log is outvoted by several that lie higher: what lies too low
    /// could not be put where it was, and what lies too high leaves a gap that the next call tells of.
    fn vote(&mut self) {
        for image in self.by_line.values_mut().chain(self.by_process.values_mut()) {
            image.overlapping = true;
            if let (Some(top), Some(highest)) = (image.top, image.ends.get(VOTES - 1)) {
                image.top = Some(top.max(*highest));
            }
        }
    }

    fn name(&mut self, statement: &Statement) {
        let number = memory_call(&statement.call.name);
        if let (Some(Sysno::mmap | Sysno::mremap), Some(at)) = (number, returned(statement)) {
            self.mapped.entry(at).or_default().push(statement.line);
            let len = evaluate::arguments(&statement.call, &Names::new())
                .map_or(0, |args| args[1 + usize::from(number == Some(Sysno::mremap))].int());
            self.units.push((statement.line, pages(at, len)));
        }
        let Some(Sysno::munmap | Sysno::mprotect | Sysno::madvise | Sysno::mremap) = memory_call(&statement.call.name) else { return };
        if let Some((_, Expr::Int(addr))) = statement.call.args.first() {
            self.named.entry(*addr).or_default().push(statement.line);
        }
    }

    /// Whether a mapping is rather where it lies here than where it is recorded: the log goes on to speak of our place, and
    /// of the recorded one later, or for the sake of what lies there already.
    pub(super) fn is_rather_ours(&self, recorded: &Range<u64>, is_taken: bool, ours: u64, line: usize) -> bool {
        match (self.next_named(recorded.start, line), self.next_named(ours, line)) {
            (Some(_), Some(_)) if is_taken => true,
            (Some(recorded), Some(ours)) => ours <= recorded,
            (None, Some(_)) => true,
            (_, None) => is_taken && self.is_claimed(recorded, line),
        }
    }

    /// Whether the log goes on to speak of what an earlier call mapped in a range, beginning elsewhere.
    fn is_claimed(&self, range: &Range<u64>, before: usize) -> bool {
        let end = self.units.partition_point(|(line, _)| *line < before);
        let earlier = self.units[..end].iter().rev().take(UNITS_BACK);
        let mut overlapping = earlier.filter(|(_, unit)| unit.start < range.end && range.start < unit.end);
        overlapping.next().is_some_and(|(_, unit)| unit.start != range.start && self.next_named(unit.start, before).is_some())
    }

    /// Whether the log goes on to speak of one address rather than of another. One of the two is where a mapping lies.
    pub(super) fn speaks_of(&self, one: u64, rather_than: u64, after: usize) -> bool {
        match (self.next_named(one, after), self.next_named(rather_than, after)) {
            (Some(one), Some(other)) => one < other,
            (None, Some(_)) => false,
            _ => true,
        }
    }

    /// What else is gone, if a range is free after all where something was mapped before a line: what that call mapped, as
    /// far as nothing was mapped there since, unless the log goes on to speak of it.
    pub(super) fn gone_with(&self, range: &Range<u64>, before: usize) -> Vec<Range<u64>> {
        let mut since = Ranges::default();
        let end = self.units.partition_point(|(line, _)| *line < before);
        for (line, unit) in self.units[..end].iter().rev().take(UNITS_BACK) {
            if unit.start < range.end && range.start < unit.end {
                let is_over = self.next_named(unit.start, before).is_none();
                return if *line < before && is_over { since.gaps(unit.clone()) } else { Vec::new() };
            }
            since.insert(unit.clone(), ());
        }
        Vec::new()
    }

    /// The next line that speaks of what lies at an address.
    fn next_named(&self, addr: u64, after: usize) -> Option<usize> {
        let first = |lines: &SortedMap<u64, Vec<usize>>| {
            let lines = lines.get(&addr)?;
            lines.get(lines.partition_point(|line| *line <= after)).copied()
        };
        // What is mapped there later is spoken of from then on.
        first(&self.named).filter(|named| first(&self.mapped).is_none_or(|mapped| *named <= mapped))
    }

    /// The first program that the log shows from its start.
    fn first_program(&mut self) -> Option<&mut Image> {
        self.by_line.values_mut().find(|image| image.complete && image.top.is_some())
    }

    /// Where the first program's area of mappings may begin if one of its first addresses is wrong: at the end of any of
    /// them, or above the highest by the length of the one that is wrong.
    pub(super) fn other_tops(&mut self) -> Vec<u64> {
        let Some(image) = self.first_program() else { return Vec::new() };
        let mut first = image.first.clone();
        sort::by_key(&mut first, |range: &Range<u64>| std::cmp::Reverse(range.end));
        let above = first.iter().take(2).flat_map(|high| first.iter().map(|range| high.end + (range.end - range.start)));
        let mut tops: Vec<u64> = first.iter().map(|range| range.end).chain(above).filter(|top| Some(*top) != image.top).collect();
        sort::by(&mut tops, |one, other| other.cmp(one));
        tops.dedup();
        tops
    }

    /// The first program's area of mappings begins there.
    pub(super) fn set_top(&mut self, top: u64) {
        if let Some(image) = self.first_program() {
            image.found_top = Some(top);
        }
    }

    fn at(&mut self, key: &Key) -> Option<&mut Image> {
        match key {
            Key::Line(line) => self.by_line.get_mut(line),
            Key::Process(process) => Some(self.by_process.entry(process.clone()).or_default()),
            Key::Inherited => None,
        }
    }

    /// Whether a process that the log did not show being made is a thread of the first one.
    pub(super) fn are_threads(&self) -> bool {
        self.threads
    }

    /// The program that an `execve` on a line started.
    pub(super) fn started_on(&self, line: usize) -> Image {
        self.by_line.get(&line).cloned().unwrap_or_default()
    }

    /// The program in which the log meets a process.
    pub(super) fn met_in(&self, process: Option<&str>) -> Image {
        self.by_process.get(process.unwrap_or_default()).cloned().unwrap_or_default()
    }
}

/// Whether a call makes a process or starts a program.
fn makes_or_starts(statement: &Statement) -> bool {
    matches!(statement.call.name.as_str(), "execve" | "execveat" | "fork" | "vfork" | "clone" | "clone3")
}

/// Whether memory calls of a log overlap in time.
pub(super) fn overlap(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| statement.began < statement.line && memory_call(&statement.call.name).is_some())
}

/// Whether the processes of an excerpt can be threads of one program (`strace -p` names them all): no program starts, none
/// is forked, what one maps is not mapped already, and there is one heap.
fn are_threads(statements: &[Statement]) -> bool {
    let mut live = Ranges::default();
    let mut heap = None;
    for statement in statements {
        let name = statement.call.name.as_str();
        if makes_or_starts(statement) {
            return false;
        }
        let (Some(number), Some(at)) = (memory_call(name), returned(statement)) else { continue };
        let Ok(args) = evaluate::arguments(&statement.call, &Names::new()) else { continue };
        let [addr, len, new_len, flags, ..] = args.each_ref().map(|arg| arg.int());
        match number {
            Sysno::munmap => live.remove(pages(addr, len)),
            Sysno::brk if heap.replace(at).is_some_and(|before| is_another_heap(before, at)) => return false,
            Sysno::mmap => {
                let range = pages(at, len);
                if flags & FIXED == 0 && live.gaps(range.clone()) != [range.clone()] {
                    return false;
                }
                live.insert(range, ());
            }
            Sysno::mremap => {
                live.remove(pages(addr, len));
                live.insert(pages(at, new_len), ());
            }
            _ => {}
        }
    }
    true
}

fn path_of(statement: &Statement) -> Option<String> {
    match statement.call.arg("pathname", usize::from(statement.call.name == "execveat")) {
        Some(Expr::Text(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

/// A range of whole pages.
pub(super) fn pages(start: u64, len: u64) -> Range<u64> {
    let end = start.saturating_add(len).min(u64::MAX - PAGE_SIZE);
    VirtAddr(start).page_floor().0..page_align(end)
}

/// The munmap calls that were interrupted, with the lines on which they began and ended: what they free is free in between.
fn interrupted_unmaps(statements: &[Statement]) -> Vec<(usize, usize, Range<u64>)> {
    let unmaps = statements.iter().filter(|s| s.began < s.line && memory_call(&s.call.name) == Some(Sysno::munmap));
    let ranges = unmaps.filter_map(|s| {
        let args = evaluate::arguments(&s.call, &Names::new()).ok()?;
        Some((s.began, s.line, pages(args[0].int(), args[1].int())))
    });
    ranges.collect()
}
