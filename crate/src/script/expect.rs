//! Checking `>` lines: what must hold after a statement.

use super::ast::{Expectation, MapsExpectation, Statement};
use super::run::{Comparison, State, expects};
use crate::addr::VirtRange;
use crate::fs::TMPFS_DEV;
use crate::ids::Pid;
use crate::machine::{Machine, MapsLine};
use crate::sort;
use crate::view;
use std::collections::HashSet;

/// What must be known from before a statement to say what it changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    faults: (u64, u64),
    /// Maps of the acting process, and of others that are asked about.
    maps: Vec<(Pid, Vec<MapsLine>)>,
    /// Descriptors that are asked about, and how often their files had changed.
    modified: Vec<(u64, u64)>,
}

/// How often the file behind a descriptor changed: what its time would tell.
fn modified(machine: &Machine, pid: Pid, fd: u64) -> Option<u64> {
    let file = machine.process(pid)?.descriptor(fd)?;
    Some(machine.kernel.fs.inode_of(file).modified)
}

fn faults(machine: &Machine, pid: Pid) -> (u64, u64) {
    let task = machine.process(pid).filter(|process| process.is_alive()).map(|process| process.task);
    task.and_then(|task| machine.kernel.tasks.get(task)).map_or((0, 0), |task| (task.min_flt, task.maj_flt))
}

impl Before {
    /// The maps of every process.
    pub(super) fn everywhere(machine: &Machine, pid: Pid, state: &State) -> Self {
        let others = state.processes.values().copied().filter(|other| *other != pid);
        let maps = std::iter::once(pid).chain(others).map(|pid| (pid, view::maps(machine, pid))).collect();
        Self { faults: faults(machine, pid), maps, modified: Vec::new() }
    }

    /// Changes count from an earlier moment.
    pub(super) fn compare_maps_with(&mut self, earlier: &Self) {
        self.maps.clone_from(&earlier.maps);
    }

    pub(super) fn take(machine: &Machine, pid: Pid, statement: &Statement, state: &State, exact: bool) -> Self {
        let mut maps = Vec::new();
        if exact || expects(statement, |e| matches!(e, Expectation::Maps(..))) {
            maps.push((pid, view::maps(machine, pid)));
            for other in state.processes.values().filter(|other| **other != pid) {
                maps.push((*other, view::maps(machine, *other)));
            }
        }
        let asked = statement.expectations.iter().filter_map(|e| if let Expectation::Mtime(fd, _) = e { Some(*fd) } else { None });
        let modified = asked.filter_map(|fd| Some((fd, modified(machine, pid, fd)?))).collect();
        Self { faults: faults(machine, pid), maps, modified }
    }

    pub(super) fn faults_since(&self, machine: &Machine, pid: Pid) -> (u64, u64) {
        let now = faults(machine, pid);
        (now.0.saturating_sub(self.faults.0), now.1.saturating_sub(self.faults.1))
    }

    /// The maps before; those of a process that is new are its parent's.
    fn maps_of(&self, pid: Pid) -> &[MapsLine] {
        let own = self.maps.iter().find(|(known, _)| *known == pid).or(self.maps.first());
        own.map_or(&[], |(_, lines)| lines)
    }
}

/// All that must hold and does not.
pub(super) fn check(state: &State, pid: Pid, before: &Before, statement: &Statement, output: &[u8]) -> Vec<Comparison> {
    let mut checker = Checker { state, pid, before, output, found: Vec::new() };
    checker.faults(statement);
    checker.maps(statement);
    for expectation in &statement.expectations {
        checker.one(expectation);
    }
    checker.found
}

struct Checker<'a> {
    state: &'a State,
    pid: Pid,
    before: &'a Before,
    output: &'a [u8],
    found: Vec<Comparison>,
}

impl Checker<'_> {
    fn differ(&mut self, field: &'static str, expected: String, found: String) {
        if expected != found {
            let (excuse, cause) = Default::default();
            self.found.push(Comparison { field, expected, found, excuse, cause });
        }
    }

    fn who(&self, name: Option<&str>) -> Pid {
        let Some(name) = name else { return self.pid };
        let numbered = || name.parse().ok().map(Pid);
        self.state.processes.get(name).copied().or_else(numbered).unwrap_or(self.pid)
    }

    /// Fault counts: those that are written, or none in an exact script.
    fn faults(&mut self, statement: &Statement) {
        let (minor, major) = self.before.faults_since(&self.state.machine, self.pid);
        let written = |pick: fn(&Expectation) -> Option<u64>| statement.expectations.iter().find_map(pick);
        let expected_minor = written(|e| if let Expectation::MinorFaults(n) = e { Some(*n) } else { None });
        let expected_major = written(|e| if let Expectation::MajorFaults(n) = e { Some(*n) } else { None });
        let any = statement.expectations.contains(&Expectation::AnyFaults);
        let default = if self.state.exact && !any { Some(0) } else { None };
        if let Some(n) = expected_minor.or(default) {
            self.differ("minflt", n.to_string(), minor.to_string());
        }
        if let Some(n) = expected_major.or(default) {
            self.differ("majflt", n.to_string(), major.to_string());
        }
    }

    fn one(&mut self, expectation: &Expectation) {
        let machine = &self.state.machine;
        match expectation {
            Expectation::Mincore(digits) => {
                let found = self.output.iter().map(|byte| char::from(b'0' + (byte & 1))).collect();
                self.differ("mincore", digits.clone(), found);
            }
            Expectation::Status(who, fields) => {
                let pid = self.who(who.as_deref());
                for (name, value) in fields {
                    let found = view::status_field(machine, pid, name).map_or("unknown".into(), |kb| kb.to_string());
                    self.differ("status", format!("{name} {value}"), format!("{name} {found}"));
                }
            }
            Expectation::Pagemap(range, letters) => {
                let expected = if letters.is_empty() { Vec::new() } else { vec![(*range, letters.clone())] };
                let found = view::pagemap_runs(machine, self.pid, *range);
                self.differ("pagemap", show_runs(*range, &expected), show_runs(*range, &found));
            }
            Expectation::Smaps(range, fields, flags) => self.smaps(*range, fields, flags.as_deref()),
            Expectation::MapsCount(count) => {
                let found = machine.mm_of(self.pid).map_or(0, |mm| mm.vmas.len());
                self.differ("nmaps", count.to_string(), found.to_string());
            }
            Expectation::Mtime(fd, expected) => {
                let word = |changed: bool| if changed { "changed" } else { "same" }.to_string();
                let before = self.before.modified.iter().find(|(known, _)| known == fd).map(|(_, count)| *count);
                self.differ("mtime", word(*expected), word(before != modified(machine, self.pid, *fd)));
            }
            Expectation::MinorFaults(_) | Expectation::AnyFaults | Expectation::MajorFaults(_) | Expectation::Maps(..) => {}
        }
    }

    fn smaps(&mut self, range: VirtRange, fields: &[(String, u64)], flags: Option<&str>) {
        let areas = view::smaps(&self.state.machine, self.pid);
        let Some(area) = areas.into_iter().find(|area| area.range == range) else {
            return self.differ("smaps", range.to_string(), "no such area".into());
        };
        for (name, value) in fields {
            self.differ("smaps", format!("{range} {name} {value}"), format!("{range} {name} {}", area.field(name)));
        }
        if let Some(flags) = flags {
            // A script that does not speak of the mark says nothing of where it stands.
            let counts = |flag: &&str| self.state.marks_count || *flag != "sd";
            let found = area.flags.split(' ').filter(counts).collect::<Vec<_>>().join(" ");
            self.differ("smaps", format!("{range} {flags}"), format!("{range} {found}"));
        }
    }

    /// Changes of maps, and whole maps, for each process that is spoken of.
    fn maps(&mut self, statement: &Statement) {
        let mut asked: Vec<Option<String>> = Vec::new();
        for expectation in &statement.expectations {
            if let Expectation::Maps(who, _) = expectation
                && !asked.contains(who)
            {
                asked.push(who.clone());
            }
        }
        if self.state.exact && self.state.quiet.is_none() && !asked.contains(&None) {
            asked.push(None);
        }
        for who in asked {
            let of_this = statement.expectations.iter().filter_map(|e| match e {
                Expectation::Maps(name, maps) if *name == who => Some(maps),
                _ => None,
            });
            let expected: Vec<_> = of_this.collect();
            self.maps_of(who.as_deref(), &expected);
        }
    }

    fn maps_of(&mut self, who: Option<&str>, expected: &[&MapsExpectation]) {
        let pid = self.who(who);
        let now = view::maps(&self.state.machine, pid);
        let whole: Vec<_> =
            expected.iter().filter_map(|e| if let MapsExpectation::Whole(l) = e { Some(l.clone()) } else { None }).collect();
        let extents: Vec<_> =
            expected.iter().filter_map(|e| if let MapsExpectation::Extent(l) = e { Some(l.clone()) } else { None }).collect();
        if !whole.is_empty() {
            self.compare_lines(&whole, &now);
        }
        if !extents.is_empty() {
            self.compare_extents(&extents, &now);
        }
        if whole.is_empty() && extents.is_empty() {
            self.compare_changes(pid, expected, &now);
        }
    }

    fn compare_lines(&mut self, expected: &[MapsLine], found: &[MapsLine]) {
        if let Some((expected, found)) = first_difference(expected, found, show_line) {
            self.differ("maps", expected, found);
        }
    }

    /// Only extents, permissions and offsets count. If the two sides agree once neighbours that could
    /// merge are joined, the difference is one of merging.
    fn compare_extents(&mut self, expected: &[MapsLine], found: &[MapsLine]) {
        let Some((one, other)) = first_difference(expected, found, show_extent) else { return };
        let joined = first_difference(&join_alike(expected), &join_alike(found), show_extent).is_none();
        let excuse = match joined {
            true => "only where areas merge: that depends on which pages were written, which a log does not say",
            false => "",
        };
        self.found.push(Comparison { field: "maps", expected: one, found: other, excuse: excuse.into(), cause: String::new() });
    }

    fn compare_changes(&mut self, pid: Pid, expected: &[&MapsExpectation], now: &[MapsLine]) {
        let before = self.before.maps_of(pid);
        let (old, current): (HashSet<_>, HashSet<_>) = (before.iter().collect(), now.iter().collect());
        let mut gone: Vec<_> = old.difference(&current).map(|l| format!("-{:x}", l.range.start.0)).collect();
        let mut new: Vec<_> = current.difference(&old).map(|l| format!("+{}", show_line(l))).collect();
        let mut expected_gone = Vec::new();
        let mut expected_new = Vec::new();
        for expectation in expected {
            match expectation {
                MapsExpectation::Gone(start) => expected_gone.push(format!("-{start:x}")),
                MapsExpectation::New(line) => expected_new.push(format!("+{}", show_line(line))),
                _ => {}
            }
        }
        for list in [&mut gone, &mut new, &mut expected_gone, &mut expected_new] {
            sort::by(list, Ord::cmp);
        }
        self.differ("maps", few(&[expected_gone, expected_new].concat()), few(&[gone, new].concat()));
    }
}

/// Changes of maps in one line; of thousands only the first are shown, and how many there are.
fn few(changes: &[String]) -> String {
    const SHOWN: usize = 12;
    match changes.get(..SHOWN) {
        Some(first) if changes.len() > SHOWN => {
            // Equal texts mean equal changes: those not shown are told apart by a sum.
            let sum =
                changes.iter().flat_map(|change| change.bytes()).fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
            format!("{}; … {} changes in all (sum {sum:x})", first.join("; "), changes.len())
        }
        _ => changes.join("; "),
    }
}

/// A line without what no two runs share: inode numbers of files in memory.
fn show_line(line: &MapsLine) -> String {
    let ino = if matches!(line.dev, (0, 1 | 0xe)) || line.dev == TMPFS_DEV { 0 } else { line.ino };
    view::render_maps_line(&MapsLine { ino, ..line.clone() })
}

fn show_extent(line: &MapsLine) -> String {
    let perms: String = line.perms.iter().collect();
    format!("{} {perms} {:x}", line.range, line.offset)
}

fn first_difference(a: &[MapsLine], b: &[MapsLine], show: fn(&MapsLine) -> String) -> Option<(String, String)> {
    let at = |lines: &[MapsLine], i: usize| lines.get(i).map_or("no line".to_string(), show);
    (0..a.len().max(b.len())).map(|i| (at(a, i), at(b, i))).find(|(a, b)| a != b)
}

/// Joins neighbours that maps alone cannot tell from one area.
fn join_alike(lines: &[MapsLine]) -> Vec<MapsLine> {
    let mut joined: Vec<MapsLine> = Vec::new();
    for line in lines {
        match joined.last_mut() {
            Some(last)
                if last.range.end == line.range.start
                    && last.perms == line.perms
                    && (last.offset == 0 && line.offset == 0 || last.offset + last.range.len() == line.offset) =>
            {
                last.range.end = line.range.end;
            }
            _ => joined.push(line.clone()),
        }
    }
    joined
}

fn show_runs(range: VirtRange, runs: &[(VirtRange, String)]) -> String {
    if runs.is_empty() {
        return format!("{range} none");
    }
    runs.iter().map(|(range, letters)| format!("{range} {letters}")).collect::<Vec<_>>().join(", ")
}
