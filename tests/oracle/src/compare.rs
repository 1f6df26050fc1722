//! One script on both sides, statement by statement.

use crate::asked;
use crate::contents::OpenFiles;
use crate::failure::{Difference, Failure};
use crate::host::Place;
use crate::live::{Live, Outcome};
use crate::observe::{self, SOFT_FIELDS, show_runs, without_mark};
use crate::tracee::Tracee;
use pagefault::addr::VirtAddr;
use pagefault::ids::Pid;
use pagefault::machine::MapsLine;
use pagefault::script::{Expectation, Script, Session, Statement, StepReport, is_as_expected};
use pagefault::view;
use std::cell::RefCell;

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

/// Fields of status that are compared. VmPeak and VmHWM are left out: reading them settles them.
const STATUS: &[&str] = &["VmSize", "VmLck", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmData", "VmStk", "VmExe", "VmPTE"];

/// The emulator and the real processes.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) session: Session,
    live: Live,
    /// Where the script differs from both sides.
    pub(crate) misled: Vec<Difference>,
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
        let pair =
            Self { session, live, misled: Vec::new(), fields, without_marks: place.host.has_marks(), open_files: RefCell::default() };
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
        if report.kind == "skipped" {
            self.misled.push(Difference {
                line: report.line,
                call: report.call.clone(),
                field: "statement",
                script: Some("it to be run".into()),
                real: format!("it is not: {}", report.why.clone().unwrap_or_default()),
                ours: format!("it is not: {}", report.why.unwrap_or_default()),
            });
            return Ok(true);
        }
        let pid = self.live.pid_of(statement.process.as_deref()).map_err(Failure::Script)?;
        let before = asked::Before::take(&self.live, &statement, pid).map_err(Failure::Script)?;
        let outcome = self.live.run(&statement).map_err(|why| Failure::Script(format!("line {}: {why}", statement.line)))?;
        let compared =
            self.compare(&statement, &report, &outcome).and_then(|()| self.compare_asked(&statement, &report, &outcome, &before));
        compared.map_err(|failure| with_script(failure, &statement, &report))?;
        // Both sides agree, and the script says something else.
        self.misled.extend(report.differences.iter().filter(|d| d.excuse.is_empty()).map(|d| Difference {
            line: report.line,
            call: report.call.clone(),
            field: d.field,
            script: Some(d.expected.clone()),
            real: d.found.clone(),
            ours: d.found.clone(),
        }));
        Ok(true)
    }

    /// A broken invariant is a difference like any other: it can be shrunk.
    fn step_emulator(&mut self, statement: &Statement) -> Result<Option<StepReport>, Failure> {
        let session = std::panic::AssertUnwindSafe(&mut self.session);
        let stepped = std::panic::catch_unwind(move || {
            let session = session;
            session.0.step().map(|step| step.cloned())
        });
        let broken = |panic: Box<dyn std::any::Any + Send>| Difference {
            line: statement.line,
            call: statement.call.name.clone(),
            field: "invariant",
            script: None,
            real: "nothing".into(),
            ours: panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".into()),
        };
        stepped.map_err(broken)?.transpose().map_err(|error| Failure::Script(error.to_string()))
    }

    /// Whether the script takes several results, and each side has one of them: kernels of one version may differ.
    fn both_allowed(&self, statement: &Statement, report: &StepReport, outcome: &Outcome) -> bool {
        let Some(several @ pagefault::script::Outcome::AnyOf(_)) = &statement.outcome else { return false };
        let ours = !report.differences.iter().any(|d| d.field == "result");
        ours && pagefault::script::is_as_expected(several, &outcome.result, self.live.names()) == Ok(true)
    }

    fn compare(&self, statement: &Statement, report: &StepReport, outcome: &Outcome) -> Result<(), Failure> {
        let differs = |field, real: String, ours: String| differ(report, field, real, ours);
        let kernels_own = self.is_kernels_own(outcome.pid, report);
        if pagefault::script::is_arbitrary(&statement.call) {
            self.compare_arbitrary(statement, report, outcome)?;
        } else if !matches!(statement.call.name.as_str(), "exit" | "exit_group")
            && !kernels_own
            && !self.both_allowed(statement, report, outcome)
        {
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

    /// A number that the kernel gives as it likes: whether it compares with others as the script says, on both sides.
    fn compare_arbitrary(&self, statement: &Statement, report: &StepReport, outcome: &Outcome) -> Result<(), Failure> {
        let Some(wanted) = &statement.outcome else { return Ok(()) };
        let real = is_as_expected(wanted, &outcome.result, self.live.names()).map_err(Failure::Script)?;
        let ours = !report.differences.iter().any(|difference| difference.field == "result");
        let show = |holds: bool| if holds { "as the script says" } else { "not as the script says" }.to_string();
        differ(report, "result", show(real), show(ours))
    }

    /// What `>` lines ask for beside what is compared anyway.
    fn compare_asked(&self, statement: &Statement, report: &StepReport, outcome: &Outcome, before: &asked::Before) -> Result<(), Failure> {
        let sides = asked::sides(&self.live, &self.session, statement, report, outcome.pid, before).map_err(Failure::Script)?;
        for (field, real, ours) in sides {
            differ(report, field, real, ours)?;
        }
        let now = asked::times(&self.live, statement, outcome.pid);
        let found = report.differences.iter().find(|d| d.field == "mtime").map(|d| d.found.clone());
        for (fd, real) in asked::changed(&before.times, &now) {
            let expected = statement.expectations.iter().find_map(|e| match e {
                Expectation::Mtime(of, changed) if *of == fd => Some(if *changed { "changed" } else { "same" }),
                _ => None,
            });
            differ(report, "mtime", real.into(), found.clone().unwrap_or(expected.unwrap_or_default().into()))?;
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
                return Err(Difference { line, call: call.to_string(), field: "maps", script: None, real, ours }.into());
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

fn differ(report: &StepReport, field: &'static str, real: String, ours: String) -> Result<(), Failure> {
    match real == ours {
        true => Ok(()),
        false => Err(Difference { line: report.line, call: report.call.clone(), field, script: None, real, ours }.into()),
    }
}

/// The two sides differ: what the script says of it. What it does not tell as a difference it says as the emulator does.
fn with_script(failure: Failure, statement: &Statement, report: &StepReport) -> Failure {
    let Failure::Differs(mut all) = failure else { return failure };
    for difference in &mut all {
        let told = report.differences.iter().find(|d| d.field == difference.field).map(|d| d.expected.clone());
        let is_spoken_of = match difference.field {
            "result" => !matches!(statement.outcome, None | Some(pagefault::script::Outcome::Unknown)),
            field => statement.expectations.iter().any(|e| e.field() == field),
        };
        difference.script = told.or_else(|| is_spoken_of.then(|| difference.ours.clone()));
    }
    Failure::Differs(all)
}

/// Fields of the roll-up that are sums of whole kB.
const SUMMED: &[&str] = &["Rss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Anonymous"];

/// Not the page that the harness writes to, nor what the kernel maps for itself.
pub(crate) fn is_comparable(line: &MapsLine) -> bool {
    line.range.start.0 != crate::stub::TEXT && !line.name.starts_with("[v") && line.range.end.0 <= pagefault::addr::TASK_SIZE
}

/// Runs a script on both sides; how many statements agreed.
pub(crate) fn check_script(place: &mut Place, text: &str, fields: Fields) -> Result<usize, Failure> {
    let script = Script::parse(text).map_err(|errors| Failure::Script(errors[0].to_string()))?;
    if script.is_log {
        return Err(Failure::Script("a log of a real program cannot be run again".into()));
    }
    let mut pair = Pair::start(place, script, fields)?;
    let mut statements = 0;
    loop {
        match pair.step() {
            Ok(true) => statements += 1,
            Ok(false) if pair.misled.is_empty() => return Ok(statements),
            Ok(false) => return Err(Failure::Differs(pair.misled)),
            // From here on the two sides are no more the same.
            Err(Failure::Differs(all)) => return Err(Failure::Differs([pair.misled, all].concat())),
            Err(other) => return Err(other),
        }
    }
}
