//! Checking `>` lines: what must hold after a statement.

use super::ast::{Expectation, MapsExpectation, Statement};
use super::numbers::Number;
use super::relation::{Relation, Wanted};
use super::run::{Comparison, State, expects};
use crate::addr::VirtRange;
use crate::fs::TMPFS_DEV;
use crate::ids::Pid;
use crate::machine::{Machine, MapsLine};
use crate::sort;
use crate::sorted::SortedMap;
use crate::view;

/// What must be known from before a statement to say what it changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    faults: (u64, u64),
    /// Maps of the acting process, and of others that are asked about.
    maps: Vec<(Pid, Vec<MapsLine>)>,
    /// Descriptors that are asked about, and how often their files had changed.
    modified: Vec<(u64, u64)>,
    /// Numbers that are asked for, in the order in which they are.
    numbers: Vec<Option<u64>>,
}

/// How often the file behind a descriptor changed: what its time would tell.
fn modified(machine: &Machine, pid: Pid, fd: u64) -> Option<u64> {
    let file = machine.descriptor(pid, fd)?;
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
        Self { faults: faults(machine, pid), maps, ..Self::default() }
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
        let numbers = if statement.asks_for_changes() { numbers(state, pid, statement) } else { Vec::new() };
        Self { faults: faults(machine, pid), maps, modified, numbers }
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

/// The process of a name, else the acting one.
fn who(state: &State, acting: Pid, name: Option<&str>) -> Pid {
    let Some(name) = name else { return acting };
    let numbered = || name.parse().ok().map(Pid);
    state.processes.get(name).copied().or_else(numbered).unwrap_or(acting)
}

/// The numbers that a statement asks for, as they are now.
pub(super) fn numbers(state: &State, acting: Pid, statement: &Statement) -> Vec<Option<u64>> {
    let machine = &state.machine;
    let mut areas = None;
    let mut now = |number: Number| match number.field {
        "status" => view::status_field(machine, who(state, acting, number.who), number.name),
        "smaps" => {
            let areas = areas.get_or_insert_with(|| view::smaps(machine, acting));
            areas.iter().find(|area| Some(area.range) == number.range).map(|area| area.field(number.name))
        }
        _ => Some(machine.mm_of(acting).map_or(0, |mm| mm.vmas.len()) as u64),
    };
    let mut found = Vec::new();
    for number in statement.numbers() {
        found.push(now(number));
    }
    found
}

/// All that must hold and does not.
pub(super) fn check(state: &State, pid: Pid, before: &Before, statement: &Statement, output: &[u8]) -> Vec<Comparison> {
    let mut checker = Checker { state, pid, before, output, found: Vec::new() };
    checker.faults(statement);
    checker.maps(statement);
    checker.numbers(statement);
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
        who(self.state, self.pid, name)
    }

    /// Fault counts: those that are written, or none in an exact script.
    fn faults(&mut self, statement: &Statement) {
        let (minor, major) = self.before.faults_since(&self.state.machine, self.pid);
        let written = |pick: fn(&Expectation) -> Option<Wanted>| statement.expectations.iter().find_map(pick);
        let expected_minor = written(|e| if let Expectation::MinorFaults(n) = e { Some(*n) } else { None });
        let expected_major = written(|e| if let Expectation::MajorFaults(n) = e { Some(*n) } else { None });
        let any = statement.expectations.contains(&Expectation::AnyFaults);
        let default = if self.state.exact && !any { Some(Wanted::Compared(Relation::Equal, 0)) } else { None };
        for (field, expected, found) in [("minflt", expected_minor, minor), ("majflt", expected_major, major)] {
            if let Some(wanted) = expected.or(default).filter(|wanted| !wanted.holds(0, found)) {
                self.differ(field, wanted.to_string(), found.to_string());
            }
        }
    }

    fn one(&mut self, expectation: &Expectation) {
        let machine = &self.state.machine;
        match expectation {
            Expectation::Mincore(digits) => {
                let found = self.output.iter().map(|byte| char::from(b'0' + (byte & 1))).collect();
                self.differ("mincore", digits.clone(), found);
            }
            Expectation::Pagemap(range, letters) => {
                let expected = if letters.is_empty() { Vec::new() } else { vec![(*range, letters.clone())] };
                let found = view::pagemap_runs(machine, self.pid, *range);
                self.differ("pagemap", show_runs(*range, &expected), show_runs(*range, &found));
            }
            Expectation::Smaps(range, _, flags) => self.smaps(*range, flags.as_deref()),
            Expectation::Mtime(fd, expected) => {
                let word = |changed: bool| if changed { "changed" } else { "same" }.to_string();
                let before = self.before.modified.iter().find(|(known, _)| known == fd).map(|(_, count)| *count);
                self.differ("mtime", word(*expected), word(before != modified(machine, self.pid, *fd)));
            }
            Expectation::MinorFaults(_)
            | Expectation::AnyFaults
            | Expectation::MajorFaults(_)
            | Expectation::Maps(..)
            | Expectation::Status(..)
            | Expectation::MapsCount(_) => {}
        }
    }

    /// Numbers of status, smaps and maps.
    fn numbers(&mut self, statement: &Statement) {
        let asked = statement.numbers();
        if asked.is_empty() {
            return;
        }
        for (at, (number, found)) in asked.iter().zip(numbers(self.state, self.pid, statement)).enumerate() {
            let before = self.before.numbers.get(at).copied().flatten();
            match found {
                Some(found) if number.wanted.holds(before.unwrap_or(0), found) => {}
                Some(found) => self.differ(number.field, number.show(&number.wanted), number.show_found(before, found)),
                // That there is no such area is told once, for all of it.
                None if number.range.is_some() => {}
                None => self.differ(number.field, number.show(&number.wanted), number.show(&"unknown")),
            }
        }
    }

    fn smaps(&mut self, range: VirtRange, flags: Option<&str>) {
        let areas = view::smaps(&self.state.machine, self.pid);
        let Some(area) = areas.into_iter().find(|area| area.range == range) else {
            return self.differ("smaps", range.to_string(), "no such area".into());
        };
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
        let mut gone: Vec<_> = only_in(before, now).map(|l| format!("-{:x}", l.range.start.0)).collect();
        let unknown: Vec<_> = expected.iter().filter_map(|e| of_unknown_inode(e)).collect();
        let mut new: Vec<_> = only_in(now, before).map(|l| format!("+{}", show_as_far_as_known(l, &unknown))).collect();
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

/// The lines that another list does not have.
fn only_in<'a>(these: &'a [MapsLine], those: &'a [MapsLine]) -> impl Iterator<Item = &'a MapsLine> {
    let those: SortedMap<_, _> = those.iter().map(|line| (line.range.start, line)).collect();
    these.iter().filter(move |line| those.get(&line.range.start) != Some(line))
}

/// A line of a file whose inode the recording does not know, as it did not make it: `fe:00 0 /T/new`.
fn of_unknown_inode(expected: &MapsExpectation) -> Option<&MapsLine> {
    match expected {
        MapsExpectation::New(line) => Some(line).filter(|line| line.ino == 0 && line.name.starts_with('/')),
        _ => None,
    }
}

fn show_as_far_as_known(line: &MapsLine, unknown: &[&MapsLine]) -> String {
    match unknown.iter().any(|one| (one.range, &one.name) == (line.range, &line.name)) {
        true => show_line(&MapsLine { ino: 0, ..line.clone() }),
        false => show_line(line),
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
