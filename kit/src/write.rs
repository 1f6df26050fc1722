//! A whole file: its head, the runtime, a function for each statement, the guardian.

use crate::call;
use crate::expectation::{Checks, Manner};
use crate::expression::{Names, Placement, shifted};
use crate::outcome;
use crate::reasons;
use crate::runtime::{BEFORE, BEHIND};
use crate::text::{comment, literal};
use crate::walk::{Step, Walk, walk};
use crate::{LeftOut, header};
use pagefault::script::{Outcome, Script, Statement};
use pagefault::sorted::SortedMap;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A script as C.
#[derive(Clone, Debug)]
pub struct Converted {
    /// The file.
    pub c: String,
    /// How many statements it runs.
    pub statements: usize,
    /// What of the script is not compared, and how often.
    pub not_compared: BTreeMap<&'static str, usize>,
}

/// More would not fit into the runtime's shared area.
const MOST_NAMES: usize = 96;
const MOST_PLACES: usize = 512;
const MOST_PROCESSES: u32 = 8;

/// Turns a script into one C file. `name` is what the file says of where it comes from.
///
/// # Errors
/// Why it cannot be one, in words.
pub fn convert(name: &str, text: &str) -> Result<Converted, LeftOut> {
    let script = Script::parse(text).map_err(|errors| LeftOut(format!("it is no script: {}", errors[0])))?;
    reasons::whole(&script, text)?;
    let walk = walk(&script)?;
    let mut writer = Writer::new(&script, &walk, text);
    writer.statements()?;
    Ok(writer.finish(name))
}

struct Writer<'a> {
    script: &'a Script,
    walk: &'a Walk,
    source: Vec<&'a str>,
    names: Names,
    /// Processes by the names of their forks.
    processes: BTreeMap<String, u32>,
    functions: String,
    steps: Vec<String>,
    not_compared: BTreeMap<&'static str, usize>,
    quiet: bool,
    needs_x86: bool,
}

impl<'a> Writer<'a> {
    fn new(script: &'a Script, walk: &'a Walk, text: &'a str) -> Self {
        let source = text.lines().collect();
        let (names, processes, functions) = Default::default();
        let (steps, not_compared) = Default::default();
        Self { script, walk, source, names, processes, functions, steps, not_compared, quiet: false, needs_x86: false }
    }

    fn statements(&mut self) -> Result<(), LeftOut> {
        for (at, statement) in self.script.statements.iter().enumerate() {
            let Some(step) = self.walk.steps.get(at) else { return Err(LeftOut("it does not run to its end".into())) };
            self.statement(at, statement, step).map_err(|why| LeftOut(format!("{why} (line {})", statement.line)))?;
        }
        if self.names.bound.len() > MOST_NAMES {
            return Err(LeftOut(format!("it binds more than {MOST_NAMES} names")));
        }
        if self.names.placements.len() > MOST_PLACES {
            return Err(LeftOut(format!("it maps at more than {MOST_PLACES} places that the kernel chooses")));
        }
        if self.walk.steps.iter().any(|step| step.process.max(step.child.unwrap_or(0)) > MOST_PROCESSES) {
            return Err(LeftOut(format!("it has more than {MOST_PROCESSES} processes")));
        }
        Ok(())
    }

    fn statement(&mut self, at: usize, statement: &Statement, step: &Step) -> Result<(), String> {
        let name = format!("line_{}_{at}", statement.line);
        let call_name = statement.call.name.as_str();
        self.needs_x86 |= needs_x86(statement);
        self.names.needed.clear();
        self.names.process = step.process;
        let call = match &statement.handler {
            Some(_) => self.handler(&name, statement)?,
            None => call::call(&statement.call, &mut self.names)?,
        };
        let leaves = matches!(call_name, "exit" | "exit_group");
        if let Some((start, end)) = step.placed {
            self.names.placements.push(Placement { process: step.process, start, end });
        }
        let expected = statement.outcome.as_ref().filter(|_| !leaves);
        let condition =
            expected.filter(|_| step.placed.is_none()).map(|outcome| outcome::condition(outcome, &mut self.names)).transpose()?.flatten();
        if call_name == "quiet" {
            self.quiet = self.source[statement.line - 1].contains("(1)");
        }
        let mut checks = match leaves {
            true => Checks::default(),
            false => {
                let processes = &self.processes;
                let process_of = |name: &str| processes.get(name).copied().or_else(|| name.parse().ok());
                let exact = self.script.header.exact;
                Checks::of(
                    statement,
                    &Manner {
                        step,
                        exact,
                        names: &self.names,
                        quiet: self.quiet || call_name == "quiet",
                        prefix: &name,
                        process_of: &process_of,
                    },
                )
            }
        };
        if leaves && !statement.expectations.is_empty() {
            checks.leave_out("what a process that leaves is asked");
        }
        self.function(&name, statement, step, &call, condition, &checks);
        for (what, count) in checks.left_out {
            *self.not_compared.entry(what).or_default() += count;
        }
        if let (Some(name), Some(child)) = (&statement.binds, step.child) {
            self.processes.insert(name.clone(), child);
        }
        Ok(())
    }

    /// The function of a handler, and what installs it.
    fn handler(&mut self, name: &str, statement: &Statement) -> Result<String, String> {
        let Some((signo, calls)) = &statement.handler else { return Ok(String::new()) };
        let slot = u32::from(*signo == pagefault::signal::SigNo::Segv);
        if calls.is_empty() {
            return Ok(format!("W->process[kit_me()].handler[{slot}] = 0;\n\tnothing();"));
        }
        let mut body = Vec::new();
        for call in calls {
            body.push(call::in_handler(call, &mut self.names)?);
        }
        writeln!(self.functions, "static void {name}_handler(void)\n{{\n\t{}\n}}", body.join("\n\t")).expect("a string takes it");
        Ok(format!("W->process[kit_me()].handler[{slot}] = {name}_handler;\n\tnothing();"))
    }

    fn function(&mut self, name: &str, statement: &Statement, step: &Step, call: &str, condition: Option<String>, checks: &Checks) {
        let mut body: Vec<String> = Vec::new();
        for needed in &self.names.needed {
            body.push(format!("if (!is_bound(N_{needed}, \"{needed}\")) return;"));
        }
        body.extend(checks.before.iter().cloned());
        // A statement that expects a signal gets it, whatever handlers there are.
        let expects_signal = matches!(statement.outcome, Some(Outcome::Signal(..)));
        body.push(format!("W->masked = {};", u32::from(expects_signal)));
        body.push(call.to_string());
        match condition {
            Some(_) if step.is_kernels_own => *self.not_compared.entry("bytes of the kernel's own pages").or_default() += 1,
            Some(condition) => {
                let words = statement.outcome.as_ref().map(outcome::words).unwrap_or_default();
                body.push(format!("result({condition}, {});", literal(words.as_bytes())));
            }
            None => {}
        }
        if let Some((start, _)) = step.placed {
            body.push(format!("placed({}, {});", self.names.placements.len() - 1, shifted(start)));
        }
        if let Some(bound) = &statement.binds {
            self.names.place(bound);
            body.push(format!("bind(&N_{bound});"));
        }
        body.extend(checks.behind.iter().cloned());
        if statement.outcome.is_none()
            && matches!(statement.call.name.as_str(), "load" | "store" | "execute" | "touch_read" | "touch_write")
        {
            body.push("die_of_signal();".into());
        }
        let source = self.source[statement.line - 1].trim();
        writeln!(self.functions, "/* {} */\nstatic void {name}(void)\n{{\n\t{}\n}}", comment(source), body.join("\n\t"))
            .expect("a string takes it");
        let shown: String = source.split(" = -1 ").next().unwrap_or(source).chars().filter(char::is_ascii).take(100).collect();
        let shown = shown.replace('#', "");
        self.steps.push(format!("{{ {}, {}, {name}, {} }}", statement.line, step.process, literal(shown.as_bytes())));
    }

    fn finish(self, name: &str) -> Converted {
        let mut c = String::new();
        let mut line = |text: String| {
            c.push_str(&text);
            c.push('\n');
        };
        line(format!("/* {}", comment(name)));
        for remark in self.source.iter().take_while(|line| line.starts_with('#')) {
            line(format!(" * {}", comment(remark.trim_start_matches('#').trim())));
        }
        line(" *\n * One file that needs nothing else:".into());
        line(" *   cc -O1 -static -nostdlib -ffreestanding -fno-stack-protector -fno-pie -no-pie \\".into());
        line(format!(" *      {LINKING} NAME.c -o NAME && ./NAME"));
        line(" * It prints TAP, and ends with 0 if all is as on Linux 6.18, else with 1. Made by pagefault; do not edit.".into());
        line(" * SPDX-License-Identifier: MIT OR Apache-2.0 */".into());
        line(header::definitions(self.script, self.walk, self.needs_x86));
        line(BEFORE.concat());
        line("/* ---- The script. ---- */\n".into());
        for (constant, value) in &self.names.constants {
            line(define(constant, *value));
        }
        for (bound, place) in &self.names.bound {
            line(format!("#define N_{bound} (W->names[{place}])"));
        }
        line(format!("\n{}", self.functions));
        line(format!("static const struct step steps[] = {{\n\t{}\n}};", self.steps.join(",\n\t")));
        line("static const u32 step_count = sizeof steps / sizeof *steps;\n".into());
        line(header::tables(self.script, self.walk));
        let left: Vec<String> = self.not_compared.iter().map(|(what, count)| format!("{count} {what}")).collect();
        line(format!("static const char KIT_NOT_COMPARED[] = {};\n", literal(left.join("; ").as_bytes())));
        line(BEHIND.into());
        Converted { c, statements: self.steps.len(), not_compared: self.not_compared }
    }
}

/// Whether a statement asks for what this processor alone has: fetches that are looked at, keys, MAP_32BIT.
fn needs_x86(statement: &Statement) -> bool {
    const MAP_32BIT: u64 = 0x40;
    let call = &statement.call;
    let flags = call.args.get(3).and_then(|(_, expr)| pagefault::script::number(expr, &SortedMap::new()).ok());
    match call.name.as_str() {
        "execute" | "wrpkru" | "rdpkru" => true,
        "mmap" => flags.is_some_and(|flags| flags & MAP_32BIT != 0),
        _ => false,
    }
}

/// Where the program's parts lie: below all that scripts map, its last page where the script's program has its one.
pub const LINKING: &str = "-Wl,-Ttext-segment=0x200000,-Tdata=0x400000,-z,noseparate-code,-z,norelro,-z,max-page-size=4096,--build-id=none";

/// A constant, with its number; AArch64 has four of its own.
fn define(name: &str, value: u64) -> String {
    let other = match name {
        "O_DIRECTORY" => Some(0o40000),
        "O_NOFOLLOW" => Some(0o100000),
        "O_DIRECT" => Some(0o200000),
        "O_LARGEFILE" => Some(0o400000),
        _ => None,
    };
    let plain = format!("#define K_{name} {value:#x}ul");
    match other {
        Some(other) => format!("#if defined(__aarch64__)\n#define K_{name} {other:#x}ul\n#else\n{plain}\n#endif"),
        None => plain,
    }
}
