//! The real side: runs the statements of a script in real processes.

mod access;
mod ask;

use crate::batches;
use crate::host::Host;
use crate::observe::{Identities, Identity};
use crate::sandbox::{Sandbox, SettingGuard};
use crate::tracee::{RealSignal, Start, Tracee};
use crate::wait;
use pagefault::errno::Errno;
use pagefault::internals;
use pagefault::machine::Capabilities;
use pagefault::machine::{Arg, MapsLine, ProcessConfig, Sysno};
use pagefault::script::{Call, Expr, Script, Statement};
use pagefault::sorted::SortedMap;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::MetadataExt;

/// What one statement did.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The number, in the script, of the process that ran it.
    pub(crate) pid: u32,
    /// As a script writes it.
    pub(crate) result: String,
    /// Minor and major faults of the process.
    pub(crate) faults: (u64, u64),
    /// `mincore`'s answer, where the script gave no place for it.
    pub(crate) vector: Option<String>,
    /// The process it made.
    pub(crate) child: Option<u32>,
    /// The number that an access gives: what was loaded, the lowest byte first, or how much was touched.
    pub(crate) value: Option<u64>,
}

/// Why a script cannot be run here.
#[derive(Clone, Debug)]
pub(crate) enum NotHere {
    /// It wants what is otherwise here: the settings.
    ThisScript(Vec<String>),
    /// No script can.
    NoScript(String),
}

impl From<String> for NotHere {
    fn from(why: String) -> Self {
        Self::NoScript(why)
    }
}

/// The real processes of a script, by the numbers they have in it.
#[derive(Debug)]
pub(crate) struct Live {
    tracees: BTreeMap<u32, Tracee>,
    /// Real process numbers.
    numbers: HashMap<i64, u32>,
    names: SortedMap<String, u64>,
    /// What the last statement asked, and the answer: what is expected of it speaks of the one before.
    answer: Option<(String, u64)>,
    /// Processes by the name of their fork.
    processes: HashMap<String, u32>,
    next: u32,
    handlers: Handlers,
    /// The processor has protection keys.
    has_keys: bool,
    pub(crate) identities: Identities,
    _settings: Vec<SettingGuard>,
}

/// What processes do about signals, by process and signal (`on` statements).
#[derive(Debug, Default)]
struct Handlers {
    calls: HashMap<(u32, i32), Vec<Call>>,
    /// The statement wants the signal itself, or a handler is at work.
    masked: bool,
}

impl Handlers {
    fn inherit(&mut self, parent: u32, child: u32) {
        let of_parent: Vec<_> = self.calls.iter().filter(|((of, _), _)| *of == parent).collect();
        let of_child: Vec<_> = of_parent.into_iter().map(|((_, signo), calls)| ((child, *signo), calls.clone())).collect();
        self.calls.extend(of_child);
    }
}

/// What the first process of a script may do.
pub(crate) fn capabilities(process: &ProcessConfig) -> Capabilities {
    process.capabilities.unwrap_or(Capabilities::of_user(process.uid))
}

/// The numbers of capabilities (`capabilities(7)`) are the bits of the set.
fn dropped(kept: Capabilities) -> Vec<u32> {
    (0..=40).filter(|n| Capabilities::all().bits() >> n & 1 == 1 && kept.bits() >> n & 1 == 0).collect()
}

impl Live {
    /// Starts the first process of a script. `ours` gives the emulator's first maps and file numbers.
    pub(crate) fn start(sandbox: &mut Sandbox, host: &Host, script: &Script, ours: &pagefault::machine::Machine) -> Result<Self, NotHere> {
        let process = &script.header.process;
        let lacking = host.lacks(script);
        if !lacking.is_empty() {
            return Err(NotHere::ThisScript(lacking));
        }
        wait::begin_script()?;
        sandbox.clear().map_err(|e| e.to_string())?;
        // First of all: the disk's read-ahead is that of files when they are opened.
        let settings = apply_settings(sandbox, host, script)?;
        let mut identities = Identities::new(&sandbox.root().to_string_lossy());
        for file in &script.header.machine.files {
            let real = sandbox.create(file).map_err(|e| format!("{}: {e}", file.path))?;
            let inode = internals::fs(ours).lookup(&file.path).map(|id| internals::fs(ours).inode(id));
            let (dev, ino) = inode.map_or(((0xfe, 0), 0), |inode| (inode.dev, inode.ino));
            identities.add(real, Identity { dev, ino, name: None });
        }
        let pid = ours.processes().next().map_or(1, |process| process.pid.0);
        let maps = pagefault::view::maps(ours, pagefault::ids::Pid(pid));
        for device in ["/dev/null", "/dev/zero"] {
            if let (Some(inode), Ok(meta)) = (internals::fs(ours).lookup(device), std::fs::metadata(sandbox.root().join(&device[1..]))) {
                let inode = internals::fs(ours).inode(inode);
                identities.add((meta.dev(), meta.ino()), Identity { dev: inode.dev, ino: inode.ino, name: None });
            }
        }
        let text = maps.into_iter().find(|line| line.range.start.0 == crate::stub::TEXT);
        let writable_text = text.as_ref().is_some_and(|line| line.perms[1] == 'w');
        let program = Sandbox::program(writable_text);
        let start = Start {
            root: sandbox.root(),
            program,
            writable_text,
            uid: process.uid,
            personality: process.personality.bits(),
            rlimits: rlimits(script),
            dropped_capabilities: if process.uid == 0 { dropped(capabilities(process)) } else { Vec::new() },
        };
        let first = Tracee::start(&start)?;
        // The processes stand at the top of their root directory.
        if let Ok(meta) = std::fs::metadata(format!("/proc/{}/cwd/dev/shm", first.pid())) {
            identities.add_shm(meta.dev());
        }
        let (dev, ino) = text.as_ref().map_or(((0xfe, 0), 2), |line| (line.dev, line.ino));
        for path in [Sandbox::program(false), Sandbox::program(true)] {
            let meta = std::fs::metadata(sandbox.root().join(&path[1..])).map_err(|e| e.to_string())?;
            let name = text.as_ref().filter(|_| path == program).map(|line| line.name.clone());
            identities.add((meta.dev(), meta.ino()), Identity { dev, ino, name });
        }
        let numbers = HashMap::from([(first.pid().into(), pid)]);
        let tracees = BTreeMap::from([(pid, first)]);
        let live = Self {
            tracees,
            numbers,
            names: SortedMap::new(),
            answer: None,
            processes: HashMap::new(),
            next: pid + 1,
            handlers: Handlers::default(),
            has_keys: internals::has_keys(ours),
            identities,
            _settings: settings,
        };
        Ok(live)
    }

    /// The process that exists from the start.
    pub(crate) fn first(&self) -> u32 {
        self.next - self.numbers.len() as u32
    }

    /// What the script's statements have bound.
    pub(crate) fn names(&self) -> &SortedMap<String, u64> {
        &self.names
    }

    pub(crate) fn tracee(&self, pid: u32) -> Option<&Tracee> {
        self.tracees.get(&pid)
    }

    pub(crate) fn maps(&self, pid: u32) -> Result<Vec<MapsLine>, String> {
        self.tracees.get(&pid).map_or(Ok(Vec::new()), |tracee| self.identities.maps(tracee))
    }

    /// The process a statement speaks of.
    pub(crate) fn pid_of(&self, name: Option<&str>) -> Result<u32, String> {
        let Some(name) = name else { return Ok(self.first()) };
        let known = self.processes.get(name).copied().or_else(|| name.parse().ok());
        known.or_else(|| self.names.get(name).map(|n| *n as u32)).ok_or_else(|| format!("there is no process `{name}`"))
    }

    fn acting(&mut self, pid: u32) -> Result<&mut Tracee, String> {
        self.tracees.get_mut(&pid).ok_or_else(|| format!("process {pid} is not alive on the real kernel"))
    }

    /// Runs one statement; `Err` is a fault of the script or of the harness.
    pub(crate) fn run(&mut self, statement: &Statement) -> Result<Outcome, String> {
        self.keep_answer();
        let pid = self.pid_of(statement.process.as_deref())?;
        let before = self.acting(pid)?.faults()?;
        let mut outcome = Outcome { pid, result: String::new(), faults: (0, 0), vector: None, child: None, value: None };
        self.handlers.masked = matches!(statement.outcome, Some(pagefault::script::Outcome::Signal(..)));
        if let Some((signo, calls)) = &statement.handler {
            self.handlers.calls.insert((pid, *signo as i32), calls.clone());
        }
        if statement.call.name.starts_with("process_vm_") {
            batches::drain();
        }
        let fatal = self.call(pid, &statement.call, statement.binds.as_deref(), &mut outcome)?;
        if let Some(child) = outcome.child {
            self.handlers.inherit(pid, child);
        }
        if let Some(tracee) = self.tracees.get(&pid) {
            let now = tracee.faults()?;
            outcome.faults = (now.0 - before.0, now.1 - before.1);
        }
        if fatal && statement.outcome.is_none() {
            self.tracees.remove(&pid);
        }
        Ok(outcome)
    }

    fn number(&self, call: &Call, place: usize) -> Result<Option<u64>, String> {
        call.args.get(place).map(|(_, expr)| pagefault::script::number(expr, &self.names)).transpose()
    }

    /// Whether it ended in a signal.
    fn call(&mut self, pid: u32, call: &Call, binds: Option<&str>, outcome: &mut Outcome) -> Result<bool, String> {
        let mut fatal = None;
        match call.name.as_str() {
            "load" => fatal = self.load(pid, call, outcome)?,
            "store" => fatal = self.store(pid, call, outcome)?,
            "execute" => {
                let at = self.number(call, 0)?.unwrap_or(0);
                fatal = self.try_access(pid, |tracee| tracee.execute(at))?.err();
                outcome.result = "0".into();
            }
            "touch_read" | "touch_write" => fatal = self.touch(pid, call, outcome)?,
            "repeat" => self.repeat(pid, call, outcome)?,
            "wrpkru" => {
                let pkru = self.number(call, 0)?.unwrap_or(0);
                self.acting(pid)?.write_pkru(pkru as u32)?;
                outcome.result = "0".into();
            }
            "rdpkru" => {
                let pkru = self.acting(pid)?.read_pkru()?;
                (outcome.value, outcome.result) = (Some(pkru.into()), show_result(pkru.into()));
            }
            "maps" | "snap" | "pagemap" | "quiet" | "on" => outcome.result = "0".into(),
            "status" | "smaps" | "nmaps" => self.ask(pid, call, outcome)?,
            name => {
                let name = if name == "preadto" { "pread64" } else { name };
                let name = if name == "pwritefrom" { "pwrite64" } else { name };
                let number = Sysno::from_name(name).ok_or_else(|| format!("the harness cannot make `{name}`"))?;
                let args = pagefault::script::arguments(call, &self.names)?;
                let result = self.syscall(pid, number, &args, outcome)?;
                let result = self.told(pid, call, result)?;
                if let (Some(name), Some(value)) = (binds, result.filter(|value| !is_error(*value))) {
                    self.names.insert(name.into(), value as u64);
                    if let Some(child) = outcome.child {
                        self.processes.insert(name.into(), child);
                    }
                }
                if result == Some(0) {
                    self.bind_descriptors(pid, call)?;
                }
                if number == Sysno::execve && result == Some(0) {
                    self.handlers.calls.retain(|(of, _), _| *of != pid);
                }
                if call.question().is_some() {
                    outcome.value = result.filter(|value| !is_error(*value)).map(|value| value as u64);
                }
                outcome.result = result.map_or("?".into(), show_result);
            }
        }
        if let (Some(name), Some(value), None) = (binds, outcome.value, fatal) {
            self.names.insert(name.into(), value);
        }
        self.answer = call.question().map(str::to_string).zip(outcome.value);
        if let Some(signal) = fatal {
            let count = if outcome.result.is_empty() { String::new() } else { format!("{} ", outcome.result) };
            outcome.result = if call.name.starts_with("touch") { count + &show_signal(signal) } else { show_signal(signal) };
        }
        Ok(fatal.is_some())
    }

    fn repeat(&mut self, pid: u32, call: &Call, outcome: &mut Outcome) -> Result<(), String> {
        let (count, stride) = (self.number(call, 0)?.unwrap_or(0), self.number(call, 1)?.unwrap_or(0));
        let Some((_, Expr::Text(name))) = call.args.get(2) else { return Err("repeat(count, stride, \"call\", address, …)".into()) };
        let name = String::from_utf8_lossy(name).into_owned();
        let number = Sysno::from_name(&name).ok_or_else(|| format!("the harness cannot make `{name}`"))?;
        let mut args = pagefault::script::arguments(&Call { name, args: call.args[3..].to_vec(), ..Call::default() }, &self.names)?;
        outcome.result = count.to_string();
        for i in 0..count {
            let result = self.syscall(pid, number, &args, outcome)?.unwrap_or(0);
            if is_error(result) {
                outcome.result = format!("{i} -1 {}", Errno::from_raw(result as u64).map_or("?".into(), |errno| errno.to_string()));
                return Ok(());
            }
            args[0] = Arg::Int(args[0].int().wrapping_add(stride));
        }
        Ok(())
    }

    fn syscall(&mut self, pid: u32, number: Sysno, args: &[Arg; 6], outcome: &mut Outcome) -> Result<Option<i64>, String> {
        let mut words = self.words(pid, number, args)?;
        self.translate_pid(number, &mut words);
        let is_written = args.iter().any(|arg| matches!(arg, Arg::Bytes(_)));
        if args.contains(&Arg::Scratch) && !is_written {
            // Written from outside first, the page is the process's own: the call takes no fault there.
            self.acting(pid)?.lend(&[&[]])?;
        }
        let tracee = self.acting(pid)?;
        let Some(result) = tracee.syscall(number as u64, words)? else {
            self.tracees.remove(&pid);
            return Ok(None);
        };
        if number == Sysno::mincore && args[2] == Arg::Scratch {
            outcome.vector = self.vector(pid, words[1], result)?;
        }
        if number == Sysno::execve && result == 0 {
            let writable_text = args[0] == Arg::Bytes(b"/bin/stub".to_vec());
            self.acting(pid)?.start_again(writable_text)?;
        }
        if let Some(child) = self.acting(pid)?.take_child()? {
            return Ok(Some(self.adopt(child, outcome)));
        }
        let is_pid = matches!(number, Sysno::getpid | Sysno::wait4) && result > 0;
        Ok(Some(if is_pid { self.numbers.get(&result).map_or(result, |pid| i64::from(*pid)) } else { result }))
    }

    /// Register values; what is given in the script is lent to the process.
    fn words(&mut self, pid: u32, number: Sysno, args: &[Arg; 6]) -> Result<[u64; 6], String> {
        let mut given: Vec<_> =
            args.iter().filter_map(|arg| if let Arg::Bytes(bytes) = arg { Some(self.translate_path(bytes)) } else { None }).collect();
        // Behind what a script gives to be written there are zeros.
        if let (Sysno::write | Sysno::pwrite64, [text], Arg::Int(count)) = (number, &mut given[..], &args[2]) {
            let len = text.len().max((*count).min(1 << 20) as usize);
            text.to_mut().resize(len, 0);
        }
        let given: Vec<&[u8]> = given.iter().map(|bytes| &bytes[..]).collect();
        let scratch = self.acting(pid)?.scratch();
        let mut places = match given.is_empty() {
            true => Vec::new(),
            false => self.acting(pid)?.lend(&given)?,
        }
        .into_iter();
        Ok(args.each_ref().map(|arg| match arg {
            Arg::Int(value) => *value,
            Arg::Bytes(_) => places.next().unwrap_or(0),
            Arg::Scratch => scratch,
        }))
    }

    /// Process numbers of the script are not the real ones. A number that no process of the script has must
    /// not be that of another process of this machine.
    fn translate_pid(&self, number: Sysno, words: &mut [u64; 6]) {
        use Sysno::*;
        if matches!(number, wait4 | pidfd_open | prlimit64 | process_vm_readv | process_vm_writev) && words[0] as i32 > 0 {
            words[0] = self.real_pid(words[0] as u32);
        }
    }

    /// The real number of a process of the script, also of one that has ended; the largest, which is nobody's, for
    /// any other.
    fn real_pid(&self, number: u32) -> u64 {
        let known = self.numbers.iter().find(|(_, known)| **known == number);
        known.map_or(i32::MAX as u64, |(real, _)| *real as u64)
    }

    /// `/proc/2/…` names the script's process 2.
    fn translate_path<'a>(&self, path: &'a [u8]) -> Cow<'a, [u8]> {
        let translated = || {
            let (number, rest) = std::str::from_utf8(path).ok()?.strip_prefix("/proc/")?.split_once('/')?;
            Some(format!("/proc/{}/{rest}", self.real_pid(number.parse().ok()?)).into_bytes())
        };
        translated().map_or(Cow::Borrowed(path), Cow::Owned)
    }

    fn vector(&self, pid: u32, len: u64, result: i64) -> Result<Option<String>, String> {
        let pages = len.div_ceil(4096) as usize;
        if result != 0 || pages > crate::stub::SCRATCH_BYTES {
            return Ok(None);
        }
        let bytes = self.tracees.get(&pid).map_or(Ok(Vec::new()), |tracee| tracee.read_back(pages))?;
        Ok(Some(bytes.iter().map(|byte| char::from(b'0' + (byte & 1))).collect()))
    }

    fn adopt(&mut self, child: Tracee, outcome: &mut Outcome) -> i64 {
        let number = self.next;
        self.next += 1;
        self.numbers.insert(child.pid().into(), number);
        self.tracees.insert(number, child);
        outcome.child = Some(number);
        number.into()
    }
}

/// Limits of the reference machine, then those of the header.
fn rlimits(script: &Script) -> Vec<(u32, u64, u64)> {
    let mut limits = vec![(libc::RLIMIT_STACK, 8 << 20, u64::MAX), (libc::RLIMIT_MEMLOCK, 8 << 20, 8 << 20)];
    limits.extend(script.header.process.rlimits.iter().map(|(resource, limit)| (*resource as u32, limit.cur, limit.max)));
    limits
}

/// Sets what a script wants otherwise than it is.
fn apply_settings(sandbox: &mut Sandbox, host: &Host, script: &Script) -> Result<Vec<SettingGuard>, NotHere> {
    let mut guards = Vec::new();
    for (setting, value) in host.wishes(script) {
        let refused = |error| NotHere::ThisScript(vec![format!("{} (which cannot be set here: {error})", &setting.line(value)[1..])]);
        guards.push(sandbox.set_setting(setting, value).map_err(refused)?);
    }
    Ok(guards)
}

fn is_error(result: i64) -> bool {
    (-4095..0).contains(&result)
}

fn show_signal(signal: RealSignal) -> String {
    let name = match (signal.signo, signal.code) {
        (libc::SIGSEGV, 1) => "SIGSEGV SEGV_MAPERR".into(),
        (libc::SIGSEGV, 2) => "SIGSEGV SEGV_ACCERR".into(),
        (libc::SIGSEGV, 4) => "SIGSEGV SEGV_PKUERR".into(),
        (libc::SIGSEGV, 128) => "SIGSEGV SI_KERNEL".into(),
        (libc::SIGBUS, 2) => "SIGBUS BUS_ADRERR".into(),
        (signo, code) => format!("signal {signo} code {code}"),
    };
    format!("{name} {:#x}", signal.addr)
}

fn show_result(result: i64) -> String {
    if is_error(result) {
        return Errno::from_raw(result as u64).map_or(format!("{result:#x}"), |errno| format!("-1 {errno} ({})", errno.text()));
    }
    if (0..65536).contains(&result) { result.to_string() } else { format!("{result:#x}") }
}
