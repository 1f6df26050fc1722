//! Writes a script back with the real kernel's answers: results, faults, changes of maps, and whatever
//! else its `>` lines ask for.

use crate::compare::{Failure, without_mark};
use crate::host::Place;
use crate::live::{Live, Outcome};
use crate::observe;
use pagefault::ids::Pid;
use pagefault::machine::MapsLine;
use pagefault::script::{Expectation, MapsExpectation, Script, Session, Statement};
use pagefault::view::render_maps_line;
use std::fmt::Write;

/// The text with its answers filled in.
pub(crate) fn record(place: &mut Place, text: &str) -> Result<String, String> {
    let mut script = Script::parse(text).map_err(|errors| errors[0].to_string())?;
    if script.is_log {
        return Err("a log of a real program cannot be recorded again".into());
    }
    place.host.equip(&mut script.header);
    let session = Session::new(script).map_err(|e| e.to_string())?;
    let script = session.script();
    let live = Live::start(&mut place.sandbox, &place.host, script, session.machine()).map_err(Failure::from);
    let mut recorder = Recorder { live: live.map_err(|why| why.to_string())?, out: String::new() };
    let ours: Vec<_> = pagefault::view::maps(session.machine(), Pid(recorder.live.first()));
    let real = recorder.live.maps(recorder.live.first())?;
    if let Some((ours, real)) = ours.iter().zip(&real).find(|(ours, real)| *real != *ours && real.range != ours.range) {
        return Err(format!("it starts with {}, the real process with {}", render_maps_line(ours), render_maps_line(real)));
    }
    recorder.header(text, script, &place.host.release);
    let settings_go = recorder.out.len();
    let lines: Vec<&str> = text.lines().collect();
    for (n, statement) in script.statements.iter().enumerate() {
        let next = script.statements.get(n + 1).map_or(lines.len() + 1, |next| next.line);
        recorder.statement(statement, &lines[statement.line - 1..next - 1])?;
    }
    let recorded = Script::parse(&recorder.out).map_err(|errors| errors[0].to_string())?;
    let settings: String = place.host.lines_for(&recorded).into_iter().map(|line| line + "\n").collect();
    recorder.out.insert_str(settings_go, &settings);
    Ok(recorder.out)
}

struct Recorder {
    live: Live,
    out: String,
}

impl Recorder {
    /// What stands before the first statement, with a line that says which kernel answered.
    fn header(&mut self, text: &str, script: &Script, release: &str) {
        let first = script.statements.first().map_or(usize::MAX, |statement| statement.line);
        let lines: Vec<&str> = text.lines().take(first.saturating_sub(1)).filter(|line| !line.starts_with("# Recorded on")).collect();
        let comments = lines.iter().take_while(|line| line.starts_with('#')).count();
        let (top, rest) = lines.split_at(comments);
        for line in top {
            let _ = writeln!(self.out, "{line}");
        }
        let _ = writeln!(self.out, "# Recorded on Linux {release} x86-64.");
        if !script.header.exact {
            self.out.push_str("@exact\n");
        }
        for line in rest {
            let _ = writeln!(self.out, "{line}");
        }
    }

    /// A statement with its answers. `source` are its lines up to the next statement.
    fn statement(&mut self, statement: &Statement, source: &[&str]) -> Result<(), String> {
        let pid = self.live.pid_of(statement.process.as_deref())?;
        let before = self.live.maps(pid)?;
        let times = self.times(statement, pid);
        let outcome = self.live.run(statement).map_err(|why| format!("line {}: {why}", statement.line))?;
        let joined = source.join("\n");
        if statement.handler.is_some() {
            // A handler has no answer.
            let _ = writeln!(self.out, "{joined}");
            return Ok(());
        }
        let end = call_end(&joined).ok_or_else(|| format!("line {}: no call", statement.line))?;
        let (call, rest) = joined.split_at(end);
        let (rest, comment) = split_comment(rest.lines().next().unwrap_or_default());
        let bare = rest.trim().is_empty() && statement.binds.is_some();
        match bare || is_marker(&statement.call.name) {
            // A bound result is not repeated, unless somebody wrote it down.
            true => self.out.push_str(call),
            false => {
                let _ = write!(self.out, "{call} = {}", outcome.result);
            }
        }
        let _ = writeln!(self.out, "{comment}");
        self.answers(statement, &outcome, &before)?;
        for ((fd, then), (_, now)) in times.iter().zip(self.times(statement, pid)) {
            let _ = writeln!(self.out, "  > mtime {fd} {}", if *then == now { "same" } else { "changed" });
        }
        for line in joined[end..].lines().skip(1).filter(|line| !line.trim_start().starts_with('>')) {
            let _ = writeln!(self.out, "{line}");
        }
        Ok(())
    }

    fn answers(&mut self, statement: &Statement, outcome: &Outcome, before: &[MapsLine]) -> Result<(), String> {
        let (minor, major) = outcome.faults;
        if minor > 0 && outcome.child.is_none() {
            let _ = writeln!(self.out, "  > minflt {minor}");
        }
        if major > 0 {
            let _ = writeln!(self.out, "  > majflt {major}");
        }
        if let Some(vector) = &outcome.vector {
            let _ = writeln!(self.out, "  > mincore {vector}");
        }
        let whole = statement.expectations.iter().any(|e| matches!(e, Expectation::Maps(_, MapsExpectation::Whole(_))));
        let now = match self.live.tracee(outcome.pid) {
            Some(_) => self.live.maps(outcome.pid)?,
            None => before.to_vec(),
        };
        match whole {
            true => now.iter().for_each(|line| {
                let _ = writeln!(self.out, "  > maps | {}", render_maps_line(line));
            }),
            false => self.changes("", before, &now),
        }
        if let Some(child) = outcome.child {
            let lines = self.live.maps(child)?;
            self.changes(&format!("[{child}] "), before, &lines);
        }
        self.asked(statement, outcome)
    }

    /// When the files behind the descriptors that are asked about were changed. Having been asked, the kernel
    /// gives the next change a time of its own.
    fn times(&self, statement: &Statement, pid: u32) -> Vec<(u64, Option<std::time::SystemTime>)> {
        let asked = statement.expectations.iter().filter_map(|e| if let Expectation::Mtime(fd, _) = e { Some(*fd) } else { None });
        let time = |fd| {
            let tracee = self.live.tracee(pid)?;
            std::fs::metadata(format!("/proc/{}/fd/{fd}", tracee.pid())).ok()?.modified().ok()
        };
        asked.map(|fd| (fd, time(fd))).collect()
    }

    fn changes(&mut self, who: &str, before: &[MapsLine], now: &[MapsLine]) {
        for line in before.iter().filter(|line| !now.contains(line)) {
            let _ = writeln!(self.out, "  > {who}maps - {:x}", line.range.start.0);
        }
        for line in now.iter().filter(|line| !before.contains(line)) {
            let _ = writeln!(self.out, "  > {who}maps + {}", render_maps_line(line));
        }
    }

    /// What `>` lines ask for by being there.
    fn asked(&mut self, statement: &Statement, outcome: &Outcome) -> Result<(), String> {
        let mut pages: Option<pagefault::addr::VirtRange> = None;
        for expectation in &statement.expectations {
            match expectation {
                Expectation::Status(who, fields) => self.status(who.as_deref(), outcome.pid, fields)?,
                Expectation::Smaps(range, ..) => self.smaps(*range, outcome.pid)?,
                Expectation::Pagemap(range, _) => match &mut pages {
                    Some(all) if all.end == range.start => all.end = range.end,
                    _ => {
                        if let Some(range) = pages.replace(*range) {
                            self.pagemap(range, outcome.pid)?;
                        }
                    }
                },
                Expectation::MapsCount(_) => {
                    let count = self.live.maps(outcome.pid)?.iter().filter(|line| line.name != "[vsyscall]").count();
                    let _ = writeln!(self.out, "  > nmaps {count}");
                }
                _ => {}
            }
        }
        pages.map_or(Ok(()), |range| self.pagemap(range, outcome.pid))
    }

    fn status(&mut self, who: Option<&str>, acting: u32, fields: &[(String, u64)]) -> Result<(), String> {
        let pid = who.map_or(Ok(acting), |name| self.live.pid_of(Some(name)))?;
        let tracee = self.live.tracee(pid).ok_or("status of a process that has ended")?;
        let all = observe::status(tracee)?;
        let shown: Vec<_> = fields.iter().map(|(name, _)| format!("{name} {}", all.get(name).copied().unwrap_or(0))).collect();
        let who = who.map_or(String::new(), |name| format!("[{name}] "));
        let _ = writeln!(self.out, "  > {who}status {}", shown.join(" "));
        Ok(())
    }

    fn smaps(&mut self, range: pagefault::addr::VirtRange, pid: u32) -> Result<(), String> {
        let tracee = self.live.tracee(pid).ok_or("smaps of a process that has ended")?;
        let areas = observe::smaps(tracee)?;
        let (_, fields, flags) = areas.iter().find(|(area, ..)| *area == range).ok_or_else(|| format!("smaps: no area {range}"))?;
        let hard = fields.iter().filter(|(name, _)| !crate::compare::SOFT_FIELDS.contains(&name.as_str()));
        let fields: Vec<_> = hard.map(|(name, kb)| format!("{name} {kb}")).collect();
        let _ = writeln!(self.out, "  > smaps {:x}-{:x} {} VmFlags: {}", range.start.0, range.end.0, fields.join(" "), without_mark(flags));
        Ok(())
    }

    fn pagemap(&mut self, range: pagefault::addr::VirtRange, pid: u32) -> Result<(), String> {
        let tracee = self.live.tracee(pid).ok_or("pagemap of a process that has ended")?;
        let mut at = range.start;
        for (run, letters) in observe::pagemap(tracee, range)? {
            if at < run.start {
                let _ = writeln!(self.out, "  > pagemap {:x}-{:x}", at.0, run.start.0);
            }
            let _ = writeln!(self.out, "  > pagemap {:x}-{:x} {letters}", run.start.0, run.end.0);
            at = run.end;
        }
        if at < range.end {
            let _ = writeln!(self.out, "  > pagemap {:x}-{:x}", at.0, range.end.0);
        }
        Ok(())
    }
}

/// Statements that only carry expectations.
fn is_marker(name: &str) -> bool {
    matches!(name, "maps" | "snap" | "nmaps" | "pagemap" | "quiet" | "exit" | "exit_group")
}

/// Where the parenthesis that closes the call stands, and one further.
fn call_end(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The comment of a line, with the blanks before it.
fn split_comment(line: &str) -> (&str, String) {
    match line.find('#') {
        Some(at) if !line[..at].contains('"') => (&line[..at], format!("  {}", &line[at..])),
        _ => (line, String::new()),
    }
}
