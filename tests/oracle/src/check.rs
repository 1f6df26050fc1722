//! One script on both sides. The real process starts from the standard layout: a script whose header gives
//! files or maps of its own is not compared here, but with its recording.

use crate::stub;
use crate::tracee::{RealSignal, Tracee};
use pagefault::errno::Errno;
use pagefault::machine::{Arg, Sysno};
use pagefault::script::{Expr, Script, Session, Statement};
use pagefault::view;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

/// Why a script did not pass.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The two sides, or one and the script, differ.
    Differs { line: usize, what: String, real: String, ours: String },
    /// The script is wrong, or needs what the harness does not offer.
    Script(String),
    /// The kernel cannot be asked here.
    CannotAsk(String),
    /// The script needs what the harness does not offer.
    NotOffered(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { line, what, real, ours } => write!(f, "line {line}, {what}: Linux says {real}, the emulator {ours}"),
            Self::Script(why) | Self::CannotAsk(why) | Self::NotOffered(why) => f.write_str(why),
        }
    }
}

/// A folder with the program, gone at the end.
struct Workplace(PathBuf);

impl Workplace {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("pagefault-oracle-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let program = folder.join("program");
        let _ = std::fs::remove_file(&program);
        stub::write(&program)?;
        Ok(Self(folder))
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a script on both sides; how many statements agreed.
pub(crate) fn check_file(path: &str) -> Result<usize, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::Script(e.to_string()))?;
    let mut script = Script::parse(&text).map_err(|errors| Failure::Script(errors[0].to_string()))?;
    let own_maps = !script.header.process.maps.is_empty();
    if own_maps || !script.header.machine.files.is_empty() {
        return Err(Failure::NotOffered("its header gives files or maps".into()));
    }
    // Invariants are recounted after every statement here too.
    script.header.machine.sysctl.paranoid = true;
    let session = Session::new(script).map_err(|e| Failure::Script(e.to_string()))?;
    let place = Workplace::new().map_err(|e| Failure::CannotAsk(e.to_string()))?;
    let real = Tracee::start(&place.0.join("program")).map_err(Failure::CannotAsk)?;
    let mut pair = Pair { session, tracees: HashMap::from([(1, real)]) };
    pair.compare_maps(1, 0)?;
    let statements = pair.session.script().statements.clone();
    for statement in &statements {
        pair.step(statement)?;
    }
    Ok(statements.len())
}

/// The emulator and the real processes, by the emulator's numbers.
struct Pair {
    session: Session,
    tracees: HashMap<u32, Tracee>,
}

impl Pair {
    fn step(&mut self, statement: &Statement) -> Result<(), Failure> {
        let report = match self.session.step() {
            Some(Ok(report)) => report.clone(),
            Some(Err(error)) => return Err(Failure::Script(error.to_string())),
            None => return Ok(()),
        };
        if let Some(d) = report.differences.first() {
            let what = format!("{} of {}", d.field, report.call);
            return Err(Failure::Differs { line: report.line, what, real: format!("{} (recorded)", d.expected), ours: d.found.clone() });
        }
        let pid = report.pid.map_or(1, |pid| pid.0);
        let before = self.faults(pid);
        let real = self.repeat_on_linux(pid, statement).map_err(Failure::Script)?;
        let Some(real) = real else { return Ok(()) };
        let differs = |what: &str, real: String, ours: String| Failure::Differs {
            line: report.line,
            what: format!("{what} of {}", report.call),
            real,
            ours,
        };
        if real != report.result {
            return Err(differs("result", real, report.result));
        }
        if let (Some(before), Some(after)) = (before, self.faults(pid))
            && after - before != report.faults.0
            && !matches!(report.call.as_str(), "fork" | "vfork" | "clone")
        {
            return Err(differs("minor faults", (after - before).to_string(), report.faults.0.to_string()));
        }
        self.compare_maps(pid, report.line)
    }

    fn faults(&self, pid: u32) -> Option<u64> {
        self.tracees.get(&pid)?.minor_faults().ok()
    }

    /// Does on the real kernel what the statement says; the result as the emulator would show it.
    fn repeat_on_linux(&mut self, pid: u32, statement: &Statement) -> Result<Option<String>, String> {
        let names = self.session.names().clone();
        let value = |place: usize| statement.call.args.get(place).and_then(|(_, expr)| pagefault::script::number(expr, &names).ok());
        let tracee = self.tracees.get_mut(&pid).ok_or_else(|| format!("process {pid} is not alive on the real kernel"))?;
        let at = value(0).unwrap_or(0);
        match statement.call.name.as_str() {
            "load" => real_load(tracee, at, value(1).unwrap_or(1)).map(Some),
            "store" => real_store(tracee, at, statement, value(1), value(2)).map(Some),
            "execute" => Ok(Some(match tracee.execute(at)? {
                Ok(()) => "0".into(),
                Err(signal) => show_signal(signal),
            })),
            "maps" | "snap" | "nmaps" | "pagemap" | "quiet" => Ok(None),
            "exit" | "exit_group" => {
                self.tracees.remove(&pid);
                Ok(None)
            }
            name => {
                let number = Sysno::from_name(name).ok_or_else(|| format!("the harness cannot make `{name}`"))?;
                let result = self.real_syscall(pid, number, statement, &names)?;
                Ok(Some(result))
            }
        }
    }

    fn real_syscall(&mut self, pid: u32, number: Sysno, statement: &Statement, names: &HashMap<String, u64>) -> Result<String, String> {
        let args = pagefault::script::arguments(&statement.call, names)?;
        let tracee = self.tracees.get_mut(&pid).ok_or("the process has ended")?;
        let mut words = [0; 6];
        for (word, arg) in words.iter_mut().zip(&args) {
            *word = match arg {
                Arg::Int(value) => *value,
                Arg::Bytes(bytes) => tracee.lend(bytes)?,
                Arg::Scratch => tracee.lend(&[])?,
            };
        }
        if matches!(number, Sysno::fork | Sysno::vfork) {
            // vfork would suspend the parent until the child is gone: the picture is fork's.
            tracee.syscall(Sysno::fork as u64, [0; 6])?;
            let child = tracee.take_child().ok_or("the fork made no child")?;
            let newest = self.session.machine().processes().map(|process| process.pid.0).max().unwrap_or(0);
            self.tracees.insert(newest, child);
            return Ok(newest.to_string());
        }
        let result = tracee.syscall(number as u64, words)?;
        if number == Sysno::mincore && args[2] == Arg::Scratch && result == 0 {
            let pages = words[1].div_ceil(4096) as usize;
            let vector: String = tracee.read_back(pages)?.iter().map(|byte| char::from(b'0' + (byte & 1))).collect();
            let expected = statement.expectations.iter().find_map(|e| match e {
                pagefault::script::Expectation::Mincore(digits) => Some(digits.clone()),
                _ => None,
            });
            if expected.is_some_and(|expected| expected != vector) {
                return Ok(format!("0 with the vector {vector}"));
            }
        }
        Ok(show_result(result))
    }

    /// Maps of a process on both sides, without what the harness cannot make equal: the program's own
    /// file and the numbers of files in memory.
    fn compare_maps(&self, pid: u32, line: usize) -> Result<(), Failure> {
        let Some(tracee) = self.tracees.get(&pid) else { return Ok(()) };
        let real = tracee.maps().map_err(Failure::Script)?;
        let ours = view::maps_text(self.session.machine(), pagefault::ids::Pid(pid));
        let (real, ours): (Vec<_>, Vec<_>) = (real.lines().map(essence).collect(), ours.lines().map(essence).collect());
        for i in 0..real.len().max(ours.len()) {
            let at = |lines: &[String]| lines.get(i).cloned().unwrap_or_else(|| "no line".into());
            if at(&real) != at(&ours) {
                return Err(Failure::Differs { line, what: format!("maps of process {pid}"), real: at(&real), ours: at(&ours) });
            }
        }
        Ok(())
    }
}

/// A maps line without device, inode and the path of the program.
fn essence(line: &str) -> String {
    let mut fields = line.split_whitespace();
    let mut next = || fields.next().unwrap_or_default().to_string();
    let (range, perms, offset) = (next(), next(), next());
    let (_, _) = (next(), next());
    let name = fields.collect::<Vec<_>>().join(" ");
    let name = if range.starts_with("00400000-") { "program".into() } else { name };
    format!("{range} {perms} {offset} {name}")
}

fn real_load(tracee: &mut Tracee, at: u64, len: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    for i in 0..len {
        match tracee.load(at + i)? {
            Ok(byte) => bytes.push(byte),
            Err(signal) => return Ok(show_signal(signal)),
        }
    }
    Ok(pagefault::script::show_bytes(&bytes))
}

fn real_store(tracee: &mut Tracee, at: u64, statement: &Statement, value: Option<u64>, size: Option<u64>) -> Result<String, String> {
    let bytes = match statement.call.args.get(1).map(|(_, expr)| expr) {
        Some(Expr::Text(bytes)) => bytes.clone(),
        _ => value.unwrap_or(0).to_le_bytes()[..size.unwrap_or(1) as usize].to_vec(),
    };
    for (i, byte) in bytes.iter().enumerate() {
        if let Err(signal) = tracee.store(at + i as u64, *byte)? {
            return Ok(show_signal(signal));
        }
    }
    Ok(bytes.len().to_string())
}

fn show_signal(signal: RealSignal) -> String {
    let name = match (signal.signo, signal.code) {
        (libc::SIGSEGV, 1) => "SIGSEGV SEGV_MAPERR".into(),
        (libc::SIGSEGV, 2) => "SIGSEGV SEGV_ACCERR".into(),
        (libc::SIGSEGV, 128) => "SIGSEGV SI_KERNEL".into(),
        (libc::SIGBUS, 2) => "SIGBUS BUS_ADRERR".into(),
        (signo, code) => format!("signal {signo} code {code}"),
    };
    format!("{name} {:#x}", signal.addr)
}

fn show_result(result: i64) -> String {
    if (-4095..0).contains(&result) {
        let errno = Errno::ALL.iter().find(|errno| **errno as i64 == -result);
        return errno.map_or(format!("-1 errno {}", -result), |errno| format!("-1 {errno} ({})", errno.text()));
    }
    if (0..65536).contains(&result) { result.to_string() } else { format!("{result:#x}") }
}
