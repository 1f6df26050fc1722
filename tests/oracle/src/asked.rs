//! What the kernel says to the `>` lines of a statement that ask for more than is compared anyway.

use crate::live::Live;
use crate::observe::{self, SOFT_FIELDS, show_runs, without_mark};
use crate::tracee::Tracee;
use pagefault::addr::VirtRange;
use pagefault::ids::Pid;
use pagefault::machine::Machine;
use pagefault::script::{Expectation, Number, Session, Statement, StepReport};
use pagefault::view;
use std::time::SystemTime;

/// What two sides say: the kernel and the emulator.
pub(crate) type Sides = (&'static str, String, String);

/// Times of files, by the descriptors that a statement asks about.
pub(crate) type Times = Vec<(u64, Option<SystemTime>)>;

/// What is asked of the kernel before a statement, to say what it changed.
pub(crate) struct Before {
    pub(crate) times: Times,
    numbers: Vec<Option<u64>>,
}

impl Before {
    pub(crate) fn take(live: &Live, statement: &Statement, pid: u32) -> Result<Self, String> {
        let numbers = if statement.asks_for_changes() { numbers(live, statement, pid)? } else { Vec::new() };
        Ok(Self { times: times(live, statement, pid), numbers })
    }

    /// The answer that is recorded for the number at a place: what the kernel says, or what it must be like if it is so.
    pub(crate) fn answer(&self, at: usize, number: &Number, real: Option<u64>) -> Result<String, String> {
        let real = real.ok_or_else(|| format!("Linux gives no {} for `{}`", number.field, number.show(&number.wanted)))?;
        let gap = if number.name.is_empty() { "" } else { " " };
        let was = self.numbers.get(at).copied().flatten();
        match number.wanted.value() {
            Some(_) => Ok(format!("{}{gap}{real}", number.name)),
            None if number.wanted.holds(was.unwrap_or(0), real) => Ok(format!("{}{gap}{}", number.name, number.wanted)),
            None => Err(format!("Linux says {}, which is not {}", number.show_found(was, real), number.wanted)),
        }
    }
}

/// When the files behind the descriptors that are asked about were changed. Having been asked, the kernel gives the next
/// change a time of its own.
pub(crate) fn times(live: &Live, statement: &Statement, pid: u32) -> Times {
    let asked = statement.expectations.iter().filter_map(|e| if let Expectation::Mtime(fd, _) = e { Some(*fd) } else { None });
    let time = |fd| {
        let tracee = live.tracee(pid)?;
        std::fs::metadata(format!("/proc/{}/fd/{fd}", tracee.pid())).ok()?.modified().ok()
    };
    asked.map(|fd| (fd, time(fd))).collect()
}

/// `same` or `changed`, by descriptor.
pub(crate) fn changed<'a>(before: &'a Times, now: &'a Times) -> impl Iterator<Item = (u64, &'static str)> + 'a {
    before.iter().zip(now).map(|((fd, then), (_, now))| (*fd, if then == now { "same" } else { "changed" }))
}

/// The numbers that a statement asks for, as the kernel gives them. Of a process that has ended, and of an area that is not
/// there, there are none.
pub(crate) fn numbers(live: &Live, statement: &Statement, acting: u32) -> Result<Vec<Option<u64>>, String> {
    let mut areas = None;
    let mut all = Vec::new();
    for number in statement.numbers() {
        let who = number.who.map_or(Ok(acting), |name| live.pid_of(Some(name)))?;
        let Some(tracee) = live.tracee(who) else {
            all.push(None);
            continue;
        };
        all.push(match number.field {
            "status" => Some(observe::status(tracee)?.get(number.name).copied().unwrap_or(0)),
            "smaps" => {
                if areas.is_none() {
                    areas = Some(observe::smaps(tracee)?);
                }
                let area = areas.iter().flatten().find(|(range, ..)| Some(*range) == number.range);
                area.map(|(_, fields, _)| fields.iter().find(|(field, _)| field == number.name).map_or(0, |(_, kb)| *kb))
            }
            _ => Some(live.maps(who)?.iter().filter(|line| line.name != "[vsyscall]").count() as u64),
        });
    }
    Ok(all)
}

/// Both sides' answers to what is asked of status, smaps and pagemap. Of a process that has ended there are none. Where a
/// number need only be in a relation, it counts whether it is.
pub(crate) fn sides(
    live: &Live,
    session: &Session,
    statement: &Statement,
    report: &StepReport,
    acting: u32,
    before: &Before,
) -> Result<Vec<Sides>, String> {
    let mut sides = Vec::new();
    let (real, ours) = (numbers(live, statement, acting)?, session.numbers_asked(statement, Pid(acting)));
    for (at, (number, (real, ours))) in statement.numbers().iter().zip(real.into_iter().zip(ours)).enumerate() {
        if number.field == "smaps" && SOFT_FIELDS.contains(&number.name) {
            continue;
        }
        let Some(real) = real else { continue };
        let was = before.numbers.get(at).copied().flatten();
        let wanted = number.show(&number.wanted);
        let is_relation = number.wanted.value().is_none();
        let ours_hold = !report.differences.iter().any(|d| d.field == number.field && d.expected == wanted);
        if !(is_relation && ours_hold && number.wanted.holds(was.unwrap_or(0), real)) {
            sides.push((number.field, number.show_found(was, real), ours.map_or("unknown".into(), |ours| number.show(&ours))));
        }
    }
    let Some(tracee) = live.tracee(acting) else { return Ok(sides) };
    for expectation in &statement.expectations {
        match expectation {
            Expectation::Smaps(range, _, Some(_)) => sides.push(flags_of(tracee, session.machine(), Pid(acting), *range)?),
            Expectation::Pagemap(range, _) => {
                let ours = view::pagemap_runs(session.machine(), Pid(acting), *range);
                sides.push(("pagemap", show_runs(&observe::pagemap(tracee, *range)?), show_runs(&ours)));
            }
            _ => {}
        }
    }
    Ok(sides)
}

fn flags_of(tracee: &Tracee, machine: &Machine, pid: Pid, range: VirtRange) -> Result<Sides, String> {
    let real = observe::smaps(tracee)?.into_iter().find(|(area, ..)| *area == range);
    let ours = view::smaps(machine, pid).into_iter().find(|area| area.range == range);
    let show = |flags: &str| format!("{range} {}", without_mark(flags));
    let word = |side: Option<String>| side.unwrap_or_else(|| format!("{range}: no such area"));
    Ok(("smaps", word(real.map(|(.., flags)| show(&flags))), word(ours.map(|area| show(&area.flags)))))
}
