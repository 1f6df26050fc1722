//! Writes a script back with the real kernel's answers: results, faults, changes of maps, and whatever
//! else its `>` lines ask for.

use crate::asked;
use crate::failure::Failure;
use crate::host::Place;
use crate::live::{Live, Outcome};
use crate::observe::{self, without_mark};
use pagefault::addr::VirtRange;
use pagefault::ids::Pid;
use pagefault::machine::MapsLine;
use pagefault::script::{Expectation, Expr, MapsExpectation, Script, Session, Statement, Wanted, is_arbitrary, is_as_expected};
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
        let joined = source.join("\n");
        self.live.keep_answer();
        let pid = self.live.pid_of(statement.process.as_deref());
        let lacks_process = statement.process.as_deref().filter(|_| pid.is_err());
        if let Some(name) = lacks_process.or_else(|| pagefault::script::unbound(statement, self.live.names())) {
            println!("line {}: not run, as `{name}` is not bound: the call that should have bound it failed", statement.line);
            let _ = writeln!(self.out, "{joined}");
            return Ok(());
        }
        let pid = pid?;
        let before = self.live.maps(pid)?;
        let numbers = asked::Before::take(&self.live, statement, pid)?;
        let outcome = self.live.run(statement).map_err(|why| format!("line {}: {why}", statement.line))?;
        if statement.handler.is_some() {
            // A handler has no answer.
            let _ = writeln!(self.out, "{joined}");
            return Ok(());
        }
        let end = call_end(&joined).ok_or_else(|| format!("line {}: no call", statement.line))?;
        let (call, rest) = joined.split_at(end);
        let (rest, comment) = split_comment(rest.lines().next().unwrap_or_default());
        let bare = rest.trim().is_empty() && statement.binds.is_some();
        match &statement.outcome {
            // What is as the kernel likes is not written down.
            None if is_arbitrary(&statement.call) => self.out.push_str(call),
            Some(wanted) if is_arbitrary(&statement.call) || is_relation(wanted) || self.is_number_of(wanted, &outcome.result) => {
                self.relation(statement.line, wanted, &outcome.result, call, rest)?
            }
            // A bound result is not repeated, unless somebody wrote it down.
            _ if bare || is_marker(&statement.call.name) => self.out.push_str(call),
            _ => {
                let _ = write!(self.out, "{call} = {}", outcome.result);
            }
        }
        let _ = writeln!(self.out, "{comment}");
        self.answers(statement, &outcome, &before, &numbers)?;
        let now = asked::times(&self.live, statement, pid);
        for (fd, word) in asked::changed(&numbers.times, &now) {
            let _ = writeln!(self.out, "  > mtime {fd} {word}");
        }
        for line in joined[end..].lines().skip(1).filter(|line| !line.trim_start().starts_with('>')) {
            let _ = writeln!(self.out, "{line}");
        }
        Ok(())
    }

    /// Whether a name or a number was written down that is what the kernel says.
    fn is_number_of(&self, wanted: &pagefault::script::Outcome, result: &str) -> bool {
        let is_number = matches!(wanted, pagefault::script::Outcome::Value(expr) if !matches!(expr, Expr::Text(_)));
        is_number && is_as_expected(wanted, result, self.live.names()) == Ok(true)
    }

    /// What somebody wrote as a relation stays, if it holds.
    fn relation(&mut self, line: usize, wanted: &pagefault::script::Outcome, result: &str, call: &str, rest: &str) -> Result<(), String> {
        if !is_as_expected(wanted, result, self.live.names())? {
            return Err(format!("line {line}: Linux says {result}, which is not {}", rest.trim()));
        }
        let _ = write!(self.out, "{call}{}", rest.trim_end());
        Ok(())
    }

    fn faults(&mut self, field: &str, wanted: Option<Wanted>, found: u64) -> Result<(), String> {
        match wanted.filter(|wanted| wanted.value().is_none()) {
            Some(wanted) if !wanted.holds(0, found) => return Err(format!("Linux says {field} {found}, which is not {wanted}")),
            Some(wanted) => {
                let _ = writeln!(self.out, "  > {field} {wanted}");
            }
            None if found > 0 => {
                let _ = writeln!(self.out, "  > {field} {found}");
            }
            None => {}
        }
        Ok(())
    }

    fn answers(&mut self, statement: &Statement, outcome: &Outcome, maps: &[MapsLine], before: &asked::Before) -> Result<(), String> {
        let (minor, major) = outcome.faults;
        let wanted = |pick: fn(&Expectation) -> Option<Wanted>| statement.expectations.iter().find_map(pick);
        if outcome.child.is_none() {
            self.faults("minflt", wanted(|e| if let Expectation::MinorFaults(wanted) = e { Some(*wanted) } else { None }), minor)?;
        }
        self.faults("majflt", wanted(|e| if let Expectation::MajorFaults(wanted) = e { Some(*wanted) } else { None }), major)?;
        if let Some(vector) = &outcome.vector {
            let _ = writeln!(self.out, "  > mincore {vector}");
        }
        let whole = statement.expectations.iter().any(|e| matches!(e, Expectation::Maps(_, MapsExpectation::Whole(_))));
        let now = match self.live.tracee(outcome.pid) {
            Some(_) => self.live.maps(outcome.pid)?,
            None => maps.to_vec(),
        };
        match whole {
            true => now.iter().for_each(|line| {
                let _ = writeln!(self.out, "  > maps | {}", render_maps_line(line));
            }),
            false => self.changes("", maps, &now),
        }
        if let Some(child) = outcome.child {
            let lines = self.live.maps(child)?;
            self.changes(&format!("[{child}] "), maps, &lines);
        }
        self.asked(statement, outcome, before)
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
    fn asked(&mut self, statement: &Statement, outcome: &Outcome, before: &asked::Before) -> Result<(), String> {
        let real = asked::numbers(&self.live, statement, outcome.pid)?;
        let asked = statement.numbers();
        let answers = asked.iter().zip(real).enumerate().map(|(at, (number, real))| before.answer(at, number, real));
        let mut answers = answers.collect::<Result<Vec<_>, _>>().map_err(|why| format!("line {}: {why}", statement.line))?.into_iter();
        let mut pages: Option<VirtRange> = None;
        for expectation in &statement.expectations {
            match expectation {
                Expectation::Status(who, fields) => {
                    let who = who.as_ref().map_or(String::new(), |name| format!("[{name}] "));
                    let shown: Vec<_> = answers.by_ref().take(fields.len()).collect();
                    let _ = writeln!(self.out, "  > {who}status {}", shown.join(" "));
                }
                Expectation::Smaps(range, fields, flags) => {
                    let shown: Vec<_> = answers.by_ref().take(fields.len()).collect();
                    let is_exact = fields.iter().all(|(_, wanted)| wanted.value().is_some());
                    self.smaps(*range, outcome.pid, (!is_exact).then_some(shown), flags.is_some())?;
                }
                Expectation::MapsCount(_) => {
                    let _ = writeln!(self.out, "  > nmaps {}", answers.next().unwrap_or_default());
                }
                Expectation::Pagemap(range, _) => match &mut pages {
                    Some(all) if all.end == range.start => all.end = range.end,
                    _ => {
                        if let Some(range) = pages.replace(*range) {
                            self.pagemap(range, outcome.pid)?;
                        }
                    }
                },
                _ => {}
            }
        }
        pages.map_or(Ok(()), |range| self.pagemap(range, outcome.pid))
    }

    /// All fields of an area, or those of which somebody wrote what they must be like.
    fn smaps(&mut self, range: VirtRange, pid: u32, asked: Option<Vec<String>>, wants_flags: bool) -> Result<(), String> {
        let tracee = self.live.tracee(pid).ok_or("smaps of a process that has ended")?;
        let areas = observe::smaps(tracee)?;
        let (_, fields, flags) = areas.iter().find(|(area, ..)| *area == range).ok_or_else(|| format!("smaps: no area {range}"))?;
        let hard = fields.iter().filter(|(name, _)| !observe::SOFT_FIELDS.contains(&name.as_str()));
        let flags = if asked.is_none() || wants_flags { format!(" VmFlags: {}", without_mark(flags)) } else { String::new() };
        let shown = asked.unwrap_or_else(|| hard.map(|(name, kb)| format!("{name} {kb}")).collect());
        let _ = writeln!(self.out, "  > smaps {:x}-{:x} {}{flags}", range.start.0, range.end.0, shown.join(" "));
        Ok(())
    }

    fn pagemap(&mut self, range: VirtRange, pid: u32) -> Result<(), String> {
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

fn is_relation(wanted: &pagefault::script::Outcome) -> bool {
    use pagefault::script::Outcome::{AnyOf, Compared, Not, Within};
    matches!(wanted, Not(_) | Compared(..) | Within(..) | AnyOf(_))
}

/// Statements that only carry expectations.
fn is_marker(name: &str) -> bool {
    matches!(name, "maps" | "snap" | "pagemap" | "quiet" | "exit" | "exit_group")
}

/// Where a call ends: behind the parenthesis that closes it, and the field that is asked for.
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
                    let field = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
                    let rest = &text[at + 1..];
                    let len = if rest.starts_with('.') { rest.find(|c| !field(c)).unwrap_or(rest.len()) } else { 0 };
                    return Some(at + 1 + len);
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
