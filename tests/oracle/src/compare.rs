//! One script on both sides, statement by statement.

use crate::contents::OpenFiles;
use crate::host::Place;
use crate::live::{Live, NotHere, Outcome};
use crate::observe;
use crate::tracee::Tracee;
use pagefault::addr::{VirtAddr, VirtRange};
use pagefault::ids::Pid;
use pagefault::machine::MapsLine;
use pagefault::script::{Script, Session, Statement, StepReport};
use pagefault::view;
use std::cell::RefCell;
use std::fmt;

/// Bytes of an ELF file that only tell what it is (`EI_NIDENT`).
const ELF_IDENT: u64 = 16;

/// What is compared after each statement, beside the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Minor and major faults of the acting process.
    pub(crate) faults: bool,
    /// The Vm and Rss lines of `/proc/PID/status`.
    pub(crate) status: bool,
    /// What pagemap says of every page of the acting process.
    pub(crate) pages: bool,
    /// smaps of the acting process.
    pub(crate) smaps: bool,
    /// The bytes of the pages that the acting process has present, and what of its files is cached.
    pub(crate) contents: bool,
}

impl Fields {
    /// Results, maps and fault counts.
    pub(crate) const SPACES: Self = Self { faults: true, status: false, pages: false, smaps: false, contents: false };
    /// Everything.
    pub(crate) const ALL: Self = Self { faults: true, status: true, pages: true, smaps: true, contents: true };
}

/// Why a script did not pass.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The two sides, or one and the script, differ.
    Differs { line: usize, call: String, field: &'static str, real: String, ours: String },
    /// The script is wrong.
    Script(String),
    /// The script wants what is otherwise here: the settings.
    NotHere(Vec<String>),
    /// The kernel cannot be asked here.
    CannotAsk(String),
}

impl From<NotHere> for Failure {
    fn from(why: NotHere) -> Self {
        match why {
            NotHere::ThisScript(settings) => Self::NotHere(settings),
            NotHere::NoScript(why) => Self::CannotAsk(why),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { line, call, field, real, ours } => {
                write!(f, "line {line}, {field} of {call}: Linux says {real}, the emulator {ours}")
            }
            Self::Script(why) | Self::CannotAsk(why) => f.write_str(why),
            Self::NotHere(settings) => write!(f, "it wants {}", settings.join(", ")),
        }
    }
}

/// Fields of status that are compared. VmPeak and VmHWM are left out: reading them settles them.
const STATUS: &[&str] = &["VmSize", "VmLck", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmData", "VmStk", "VmExe", "VmPTE"];

/// The emulator and the real processes.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) session: Session,
    live: Live,
    fields: Fields,
    /// Soft-dirty marks of the real side are passed over.
    without_marks: bool,
    pub(crate) open_files: RefCell<OpenFiles>,
}

impl Pair {
    /// Starts both sides.
    pub(crate) fn start(place: &mut Place, mut script: Script, fields: Fields) -> Result<Self, Failure> {
        // Invariants are recounted after every statement here too.
        script.header.machine.sysctl.paranoid = true;
        place.host.equip(&mut script.header);
        let session = Session::new(script).map_err(|e| Failure::Script(e.to_string()))?;
        let live = Live::start(&mut place.sandbox, &place.host, session.script(), session.machine())?;
        let pair = Self { session, live, fields, without_marks: place.host.has_marks(), open_files: RefCell::default() };
        let first = pair.live.first();
        pair.compare_maps(first, 0, "the start")?;
        Ok(pair)
    }

    /// The real process of a number.
    pub(crate) fn tracee(&self, pid: u32) -> Option<&Tracee> {
        self.live.tracee(pid)
    }

    /// Runs the next statement of the session's script on both sides.
    pub(crate) fn step(&mut self) -> Result<bool, Failure> {
        let Some(statement) = self.session.script().statements.get(self.session.position()).cloned() else { return Ok(false) };
        let Some(report) = self.step_emulator(&statement)? else { return Ok(false) };
        if let Some(d) = report.differences.first() {
            return Err(Failure::Differs {
                line: report.line,
                call: report.call.clone(),
                field: d.field,
                real: format!("{} (recorded)", d.expected),
                ours: d.found.clone(),
            });
        }
        let outcome = self.live.run(&statement).map_err(Failure::Script)?;
        self.compare(&statement, &report, &outcome)?;
        Ok(true)
    }

    /// A broken invariant is a difference like any other: it can be shrunk.
    fn step_emulator(&mut self, statement: &Statement) -> Result<Option<StepReport>, Failure> {
        let session = std::panic::AssertUnwindSafe(&mut self.session);
        let stepped = std::panic::catch_unwind(move || {
            let session = session;
            session.0.step().map(|step| step.cloned())
        });
        let broken = |panic: Box<dyn std::any::Any + Send>| Failure::Differs {
            line: statement.line,
            call: statement.call.name.clone(),
            field: "invariant",
            real: "nothing".into(),
            ours: panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".into()),
        };
        stepped.map_err(broken)?.transpose().map_err(|error| Failure::Script(error.to_string()))
    }

    fn compare(&self, statement: &Statement, report: &StepReport, outcome: &Outcome) -> Result<(), Failure> {
        let differs = |field, real: String, ours: String| {
            if real == ours { Ok(()) } else { Err(Failure::Differs { line: report.line, call: report.call.clone(), field, real, ours }) }
        };
        let kernels_own = self.is_kernels_own(outcome.pid, report);
        if !matches!(statement.call.name.as_str(), "exit" | "exit_group") && !kernels_own {
            differs("result", outcome.result.clone(), report.result.clone())?;
        }
        if let Some(vector) = &outcome.vector {
            let ours = report.output.iter().map(|byte| char::from(b'0' + (byte & 1))).collect();
            differs("mincore", vector.clone(), ours)?;
        }
        // On a machine without a paravirtual clock there is no such page: SIGBUS instead of a fault.
        if self.fields.faults && !kernels_own && outcome.child.is_none() && self.live.tracee(outcome.pid).is_some() {
            differs("minflt", outcome.faults.0.to_string(), report.faults.0.to_string())?;
            differs("majflt", outcome.faults.1.to_string(), report.faults.1.to_string())?;
        }
        for pid in [Some(outcome.pid), outcome.child].into_iter().flatten() {
            self.compare_maps(pid, report.line, &report.call)?;
            self.compare_views(pid, &differs)?;
        }
        Ok(())
    }

    /// Whether a load is from where no two answers need be equal: the kernel's clocks, and what it has built into the
    /// vdso behind the ELF identification.
    fn is_kernels_own(&self, pid: u32, report: &StepReport) -> bool {
        let maps = view::maps(self.session.machine(), Pid(pid));
        let own = |line: &MapsLine, addr: VirtAddr| {
            let built = line.name == "[vdso]" && addr - line.range.start >= ELF_IDENT;
            line.range.contains(addr) && (built || line.name.starts_with("[vvar"))
        };
        report.call == "load" && report.focus.is_some_and(|addr| maps.iter().any(|line| own(line, addr)))
    }

    /// The whole of maps of a process.
    fn compare_maps(&self, pid: u32, line: usize, call: &str) -> Result<(), Failure> {
        if self.live.tracee(pid).is_none() {
            return Ok(());
        }
        let real = self.live.maps(pid).map_err(Failure::Script)?;
        let ours: Vec<_> = view::maps(self.session.machine(), Pid(pid)).into_iter().map(|l| self.live.identities.neutral(l)).collect();
        for i in 0..real.len().max(ours.len()) {
            if real.get(i) != ours.get(i) {
                let show = |line: Option<&MapsLine>| line.map_or("no line".to_string(), view::render_maps_line);
                let (real, ours) = (show(real.get(i)), show(ours.get(i)));
                return Err(Failure::Differs { line, call: call.to_string(), field: "maps", real, ours });
            }
        }
        Ok(())
    }

    fn compare_views(&self, pid: u32, differs: &impl Fn(&'static str, String, String) -> Result<(), Failure>) -> Result<(), Failure> {
        let (Some(tracee), machine) = (self.live.tracee(pid), self.session.machine()) else { return Ok(()) };
        if self.fields.status {
            let real = observe::status(tracee).map_err(Failure::Script)?;
            for name in STATUS {
                let ours = view::status_field(machine, Pid(pid), name).unwrap_or(0);
                let real = real.get(*name).copied().unwrap_or(0);
                differs("status", format!("{name} {real}"), format!("{name} {ours}"))?;
            }
            let real = tracee.proc_file("statm").map_err(Failure::Script)?;
            differs("statm", real.trim_end().into(), view::statm_text(machine, Pid(pid)).trim_end().into())?;
        }
        if self.fields.pages {
            for line in view::maps(machine, Pid(pid)).iter().filter(|line| is_comparable(line)) {
                let real = observe::pagemap(tracee, line.range).map_err(Failure::Script)?;
                differs("pagemap", show_runs(&real), show_runs(&view::pagemap_runs(machine, Pid(pid), line.range)))?;
            }
        }
        if self.fields.smaps {
            self.compare_smaps(pid, differs)?;
        }
        if self.fields.contents {
            self.compare_contents(pid, differs)?;
        }
        Ok(())
    }

    fn compare_smaps(&self, pid: u32, differs: &impl Fn(&'static str, String, String) -> Result<(), Failure>) -> Result<(), Failure> {
        let Some(tracee) = self.live.tracee(pid) else { return Ok(()) };
        let real = observe::smaps(tracee).map_err(Failure::Script)?;
        for (range, line) in view::smaps(self.session.machine(), Pid(pid)).iter().zip(view::maps(self.session.machine(), Pid(pid))) {
            if !is_comparable(&line) {
                continue;
            }
            let Some((_, fields, flags)) = real.iter().find(|(real, ..)| *real == range.range) else { continue };
            let of_real = |name: &str| fields.iter().find(|(field, _)| field == name).map_or(0, |(_, kb)| *kb);
            for name in range.fields.iter().map(|(name, _)| *name).chain(["THPeligible", "ProtectionKey"]) {
                let ours = range.field(name);
                if !SOFT_FIELDS.contains(&name) {
                    let real = format!("{} {name} {}", range.range, of_real(name));
                    differs("smaps", real, format!("{} {name} {ours}", range.range))?;
                }
            }
            let flags = if self.without_marks { without_mark(flags) } else { flags.clone() };
            differs("smaps", format!("{} {flags}", range.range), format!("{} {}", range.range, range.flags))?;
        }
        let rollup = observe::smaps_rollup(tracee).map_err(Failure::Script)?;
        self.compare_rollup(pid, &rollup, &real, differs)
    }

    /// The sums, without the areas that are not compared.
    fn compare_rollup(
        &self,
        pid: u32,
        real: &[(String, u64)],
        areas: &[observe::Area],
        differs: &impl Fn(&'static str, String, String) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let machine = self.session.machine();
        let Some(ours) = view::smaps_rollup(machine, Pid(pid)) else { return Ok(()) };
        let left_out: Vec<_> =
            view::maps(machine, Pid(pid)).into_iter().filter(|line| !is_comparable(line)).map(|line| line.range).collect();
        let value = |fields: &[(String, u64)], name: &str| fields.iter().find(|(field, _)| field == name).map_or(0, |(_, kb)| *kb);
        for name in SUMMED {
            let theirs: u64 = areas.iter().filter(|(range, ..)| left_out.contains(range)).map(|(_, fields, _)| value(fields, name)).sum();
            let own = view::smaps(machine, Pid(pid));
            let own: u64 = own.iter().filter(|area| left_out.contains(&area.range)).map(|area| area.field(name)).sum();
            let (real, ours) = (value(real, name) - theirs, ours.field(name) - own);
            differs("smaps_rollup", format!("{name} {real}"), format!("{name} {ours}"))?;
        }
        Ok(())
    }
}

/// VmFlags without `sd`.
pub(crate) fn without_mark(flags: &str) -> String {
    flags.split(' ').filter(|flag| *flag != "sd").collect::<Vec<_>>().join(" ")
}

/// Fields of smaps that depend on what else the machine does: DAMON clears accessed bits, MADV_FREE works
/// in batches of a CPU.
pub(crate) const SOFT_FIELDS: &[&str] = &["Referenced", "LazyFree"];

/// Fields of the roll-up that are sums of whole kB.
const SUMMED: &[&str] = &["Rss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Anonymous"];

/// Not the page that the harness writes to, nor what the kernel maps for itself.
pub(crate) fn is_comparable(line: &MapsLine) -> bool {
    line.range.start.0 != crate::stub::TEXT && !line.name.starts_with("[v") && line.range.end.0 <= pagefault::addr::TASK_SIZE
}

pub(crate) fn show_runs(runs: &[(VirtRange, String)]) -> String {
    let shown: Vec<_> = runs.iter().map(|(range, letters)| format!("{range} {letters}")).collect();
    if shown.is_empty() { "nothing".into() } else { shown.join("; ") }
}

/// Runs a script on both sides; how many statements agreed.
pub(crate) fn check_script(place: &mut Place, text: &str, fields: Fields) -> Result<usize, Failure> {
    let script = Script::parse(text).map_err(|errors| Failure::Script(errors[0].to_string()))?;
    if script.is_log {
        return Err(Failure::Script("a log of a real program cannot be run again".into()));
    }
    let mut pair = Pair::start(place, script, fields)?;
    let mut statements = 0;
    while pair.step()? {
        statements += 1;
    }
    Ok(statements)
}
