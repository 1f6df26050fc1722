//! `>` lines as C: what is looked at before the statement, and what must hold behind it.

use crate::expression::{Names, plain};
use crate::outcome::sign;
use crate::text::literal;
use crate::walk::Step;
use pagefault::machine::MapsLine;
use pagefault::script::{Expectation, MapsExpectation, Relation, Statement, Wanted};
use std::collections::BTreeMap;

/// The most areas that the runtime has room for.
const MOST_AREAS: usize = 380;
/// The most maps that it remembers from before a statement.
const MOST_LOOKS: usize = 4;
/// The most numbers that it remembers so.
const MOST_NOTES: usize = 32;

/// What a statement looks at.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) before: Vec<String>,
    pub(crate) behind: Vec<String>,
    /// Tables in front of the statement's function.
    pub(crate) tables: Vec<String>,
    /// What is not compared, and how often.
    pub(crate) left_out: BTreeMap<&'static str, usize>,
}

/// How a statement is looked at.
pub(crate) struct Manner<'a> {
    pub(crate) step: &'a Step,
    /// A statement without `> maps` changes none, one without `> minflt` takes no fault.
    pub(crate) exact: bool,
    /// Between `quiet(1)` and `quiet(0)`.
    pub(crate) quiet: bool,
    /// Where addresses lie.
    pub(crate) names: &'a Names,
    /// Names of tables begin so.
    pub(crate) prefix: &'a str,
    /// The number of a process by its name.
    pub(crate) process_of: &'a dyn Fn(&str) -> Option<u32>,
}

impl Checks {
    /// All of a statement that comes back.
    pub(crate) fn of(statement: &Statement, manner: &Manner) -> Self {
        let mut checks = Self::default();
        checks.faults(statement, manner);
        checks.maps(statement, manner);
        for expectation in &statement.expectations {
            checks.one(expectation, manner);
        }
        checks
    }

    pub(crate) fn leave_out(&mut self, what: &'static str) {
        *self.left_out.entry(what).or_default() += 1;
    }

    fn faults(&mut self, statement: &Statement, manner: &Manner) {
        let is_fork = manner.step.child.is_some();
        let any = statement.expectations.contains(&Expectation::AnyFaults);
        let (mut minor, mut major) = (false, false);
        for expectation in &statement.expectations {
            match expectation {
                Expectation::MinorFaults(_) | Expectation::MajorFaults(_) if is_fork => self.leave_out("faults of a fork"),
                Expectation::MinorFaults(wanted) => {
                    self.behind.push(format!("minflt({});", relation(wanted, "0")));
                    minor = true;
                }
                Expectation::MajorFaults(wanted) => {
                    self.behind.push(format!("majflt({});", relation(wanted, "0")));
                    major = true;
                }
                _ => {}
            }
        }
        if manner.exact && !any && !is_fork {
            match (minor, major) {
                (false, false) => self.behind.push("no_faults();".into()),
                (false, true) => self.behind.push("minflt(EQ, 0, 0);".into()),
                (true, false) => self.behind.push("majflt(EQ, 0, 0);".into()),
                (true, true) => {}
            }
        }
    }

    fn maps(&mut self, statement: &Statement, manner: &Manner) {
        let mut asked: Vec<Option<&str>> = Vec::new();
        for expectation in &statement.expectations {
            if let Expectation::Maps(who, _) = expectation
                && !asked.contains(&who.as_deref())
            {
                asked.push(who.as_deref());
            }
        }
        if manner.exact && !manner.quiet && !asked.contains(&None) {
            asked.push(None);
        }
        for who in asked {
            let lines = statement.expectations.iter().filter_map(|expectation| match expectation {
                Expectation::Maps(name, maps) if name.as_deref() == who => Some(maps),
                _ => None,
            });
            let lines: Vec<_> = lines.collect();
            self.maps_of(who, &lines, manner);
        }
    }

    fn maps_of(&mut self, who: Option<&str>, lines: &[&MapsExpectation], manner: &Manner) {
        let process = who.map_or(Some(manner.step.process), |who| (manner.process_of)(who));
        let Some(process) = process else { return self.leave_out("maps of a process without a number") };
        if manner.step.areas > MOST_AREAS {
            return self.leave_out("maps of hundreds of areas");
        }
        if lines.iter().any(|line| matches!(line, MapsExpectation::New(line) if is_own(line))) {
            return self.leave_out("maps where the program's own areas change");
        }
        let is_whole = |line: &&MapsExpectation| matches!(line, MapsExpectation::Whole(_) | MapsExpectation::Extent(_));
        let table = format!("{}_maps_{}", manner.prefix, self.tables.len());
        let told: Vec<String> = lines.iter().filter_map(|line| told(line, manner.names)).collect();
        let place = if told.is_empty() { "0".to_string() } else { table.clone() };
        if !told.is_empty() {
            // Shifted addresses are no constants: the table is filled when it is used.
            self.tables.push(table.clone());
            self.behind.push(format!("const struct told {table}[] = {{\n\t\t{},\n\t}};", told.join(",\n\t\t")));
        }
        if lines.iter().any(is_whole) {
            let extent = u32::from(lines.iter().any(|line| matches!(line, MapsExpectation::Extent(_))));
            self.behind.push(format!("maps_are({process}, {extent}, {}, {place});", told.len()));
            return;
        }
        let from = if manner.step.child == Some(process) { manner.step.process } else { process };
        let look = |slot: usize| format!("before_maps({slot}, {from});");
        let looks = self.before.iter().filter(|line| line.starts_with("before_maps")).count();
        let known = (0..looks).find(|slot| self.before.contains(&look(*slot)));
        if known.is_none() && looks == MOST_LOOKS {
            return self.leave_out("maps of many processes at once");
        }
        let slot = known.unwrap_or(looks);
        if known.is_none() {
            self.before.push(look(slot));
        }
        self.behind.push(format!("maps_changed({slot}, {process}, {}, {place});", told.len()));
    }

    fn one(&mut self, expectation: &Expectation, manner: &Manner) {
        match expectation {
            Expectation::Mincore(digits) => self.behind.push(format!("mincore_is({});", literal(digits.as_bytes()))),
            Expectation::Pagemap(range, letters) => {
                let (start, end) = (manner.names.address(range.start.0), manner.names.address(range.end.0));
                self.behind.push(format!("pages_are({start}, {end}, {});", literal(letters.as_bytes())));
            }
            Expectation::Status(who, fields) => self.status(who.as_deref(), fields, manner),
            Expectation::Smaps(range, fields, flags) => {
                let place = format!("{}, {}", manner.names.address(range.start.0), manner.names.address(range.end.0));
                self.smaps(&place, fields, flags.as_deref());
            }
            Expectation::MapsCount(wanted) => {
                let process = manner.step.process;
                let before = self.note(wanted, &format!("count_areas({process}) - (u64)W->extra_areas"));
                let Some(before) = before else { return self.leave_out("numbers that change, too many at once") };
                self.behind.push(format!("areas_are({process}, {});", relation(wanted, &before)));
            }
            Expectation::Mtime(..) => self.leave_out("mtime"),
            Expectation::MinorFaults(_) | Expectation::MajorFaults(_) | Expectation::AnyFaults | Expectation::Maps(..) => {}
        }
    }

    /// Where a number from before the statement is kept, if it counts; `None` if there is no more room.
    fn note(&mut self, wanted: &Wanted, now: &str) -> Option<String> {
        if !matches!(wanted, Wanted::Changed(_)) {
            return Some("0".into());
        }
        let at = self.before.iter().filter(|line| line.starts_with("W->note")).count();
        if at == MOST_NOTES {
            return None;
        }
        self.before.push(format!("W->note[{at}] = {now};"));
        Some(format!("W->note[{at}]"))
    }

    fn status(&mut self, who: Option<&str>, fields: &[(String, Wanted)], manner: &Manner) {
        let process = who.map_or(Some(manner.step.process), |who| (manner.process_of)(who));
        let Some(process) = process else { return self.leave_out("status of a process without a number") };
        for (name, wanted) in fields {
            if let Some(why) = unlike(name) {
                self.leave_out(why);
                continue;
            }
            let before = self.note(wanted, &format!("status_now({process}, \"{name}\")"));
            let Some(before) = before else {
                self.leave_out("numbers that change, too many at once");
                continue;
            };
            self.behind.push(format!("status_is({process}, \"{name}\", {});", relation(wanted, &before)));
        }
    }

    fn smaps(&mut self, place: &str, fields: &[(String, Wanted)], flags: Option<&str>) {
        let mut wanted = Vec::new();
        for (name, number) in fields {
            let Some(before) = self.note(number, &format!("read_smaps({place}) ? smaps_of(\"{name}\") : 0")) else {
                self.leave_out("numbers that change, too many at once");
                continue;
            };
            wanted.push(format!("{{ \"{name}\", {} }}", relation(number, &before)));
        }
        let flags = flags.map_or("0".into(), |flags| literal(flags.as_bytes()));
        let count = wanted.len();
        let list = if count == 0 { "0".into() } else { format!("(const struct wanted[]){{ {} }}", wanted.join(", ")) };
        self.behind.push(format!("smaps_are({place}, {count}, {list}, {flags});"));
    }
}

/// Fields of status that say nothing of the script alone.
fn unlike(name: &str) -> Option<&'static str> {
    match name {
        "VmExe" | "VmLib" => Some("VmExe and VmLib, which are of the program's own code"),
        "VmHWM" => Some("VmHWM, which reading it settles"),
        _ => None,
    }
}

/// A line of the script's program, which is another one here.
fn is_own(line: &MapsLine) -> bool {
    crate::reasons::OWN.contains(&line.range.start.0)
}

/// A line of what the kernel gives to each program: of whole maps no two kernels have the same.
fn is_kernels(line: &MapsLine) -> bool {
    line.name.starts_with("[v") || line.name == "[stack]"
}

/// A line as the runtime's table has it; what is the program's own is not in it.
fn told(line: &MapsExpectation, names: &Names) -> Option<String> {
    let line = match line {
        MapsExpectation::Gone(start) => return Some(format!("GONE({})", names.address(*start))),
        MapsExpectation::New(line) => line,
        MapsExpectation::Whole(line) | MapsExpectation::Extent(line) if is_own(line) || is_kernels(line) => return None,
        MapsExpectation::Whole(line) | MapsExpectation::Extent(line) => line,
    };
    let perms: String = line.perms.iter().collect();
    let (start, end) = (names.address(line.range.start.0), names.address(line.range.end.0));
    Some(format!("{{ {start}, {end}, \"{perms}\", {}, {} }}", plain(line.offset), literal(line.name.as_bytes())))
}

/// The three words of the runtime: how, and with what.
fn relation(wanted: &Wanted, before: &str) -> String {
    match wanted {
        Wanted::Compared(Relation::Equal, value) => format!("EQ, {}, 0", plain(*value)),
        Wanted::Compared(relation, value) => format!("{}, {}, 0", sign(*relation), plain(*value)),
        Wanted::Within(from, to) => format!("WITHIN, {}, {}", plain(*from), plain(*to)),
        Wanted::Changed(by) => format!("CHANGED, {before}, (u64){by}l"),
    }
}
