//! Logs of eight threads that share memory, as strace would write them, with the order in which the calls truly happened.

use pagefault::errno::SysError;
use pagefault::ids::Pid;
use pagefault::machine::{Arg, Machine, MachineConfig, Sysno};
use pagefault::script::Session;
use std::fmt::Write;

pub const THREADS: usize = 8;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// A call on its way: begun, and done when it has a result.
struct Pending {
    number: Sysno,
    args: [u64; 6],
    text: String,
    result: Option<String>,
    begun_on: usize,
    /// The memory it is about: put back when it is done, unless it goes.
    region: Option<(u64, u64)>,
}

/// Eight threads that share an address space, and the log that strace would write.
pub struct Workload {
    machine: Machine,
    pid: Pid,
    random: Random,
    /// Memory that somebody has and no call is about.
    regions: Vec<(u64, u64)>,
    pending: Vec<Option<Pending>>,
    lines: Vec<String>,
    /// Calls in the order in which they happened.
    truth: Vec<String>,
    calls: usize,
}

fn hex(result: Result<u64, SysError>) -> String {
    match result {
        Ok(value) if value > 65535 => format!("{value:#x}"),
        Ok(value) => value.to_string(),
        Err(error) => format!("-1 {} ({})", error.errno, error.errno.text()),
    }
}

impl Workload {
    /// So many threads there are from the beginning, the others are made on the way.
    fn new(seed: u64, at_once: usize) -> Self {
        let mut made = Self::bare(seed);
        made.alone(0, 8192);
        for _ in 1..at_once {
            made.alone(0, 8_392_704);
            made.another_thread();
        }
        made
    }

    /// One thread, which has mapped nothing.
    fn bare(seed: u64) -> Self {
        let (machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).expect("a machine");
        let pending = vec![None];
        let mut made =
            Self { machine, pid, random: Random(seed), regions: Vec::new(), pending, lines: Vec::new(), truth: Vec::new(), calls: 0 };
        made.both("100 execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0".into());
        let brk = hex(made.machine.syscall(pid, Sysno::brk, &[0; 6].map(Arg::Int)));
        made.both(format!("100 brk(NULL) = {brk}"));
        made
    }

    /// All threads are there before anything is mapped.
    pub fn overlapping_at_once(seed: u64) -> Self {
        let mut made = Self::bare(seed);
        (1..THREADS).for_each(|_| made.another_thread());
        made
    }

    fn another_thread(&mut self) {
        let line = format!(
            "100 clone3({{flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, exit_signal=0}}, 88) = {}",
            100 + self.pending.len()
        );
        self.both(line);
        self.pending.push(None);
    }

    fn both(&mut self, line: String) {
        self.lines.push(line.clone());
        self.truth.push(line);
    }

    /// A mapping while nobody else does anything.
    fn alone(&mut self, thread: usize, len: u64) {
        let mut call = self.mmap(len);
        self.happen(thread, &mut call);
        let line = format!("{} {}) = {}", 100 + thread, call.text, call.result.as_deref().unwrap_or_default());
        self.lines.push(line);
        self.regions.extend(call.region);
    }

    fn mmap(&mut self, len: u64) -> Pending {
        let text = format!("mmap(NULL, {len}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0");
        Pending { number: Sysno::mmap, args: [0, len, 3, 0x22, u64::MAX, 0], text, result: None, begun_on: 0, region: None }
    }

    fn some_region(&mut self) -> Option<(u64, u64)> {
        let count = self.regions.len();
        (count > 0).then(|| self.regions.swap_remove(self.random.below(count)))
    }

    fn next_call(&mut self) -> Pending {
        let len = [4096, 8192, 16384, 65536, 135_168, 1 << 20, 4 << 20][self.random.below(7)];
        let kind = self.random.below(100);
        let region = if kind < 35 || self.regions.len() < 8 { None } else { self.some_region() };
        let Some((at, size)) = region else { return self.mmap(len) };
        let keep = |number, args, text| Pending { number, args, text, result: None, begun_on: 0, region: Some((at, size)) };
        match kind {
            35..65 => keep(Sysno::munmap, [at, size, 0, 0, 0, 0], format!("munmap({at:#x}, {size}")),
            65..75 => keep(Sysno::mprotect, [at, size, 1, 0, 0, 0], format!("mprotect({at:#x}, {size}, PROT_READ")),
            75..85 => keep(Sysno::madvise, [at, size, 4, 0, 0, 0], format!("madvise({at:#x}, {size}, MADV_DONTNEED")),
            85..92 if size > 4096 => {
                // The upper half goes back.
                let (half, rest) = (at + size / 2 / 4096 * 4096, size - size / 2 / 4096 * 4096);
                self.regions.push((at, size - rest));
                let text = format!("munmap({half:#x}, {rest}");
                Pending { number: Sysno::munmap, args: [half, rest, 0, 0, 0, 0], text, result: None, begun_on: 0, region: None }
            }
            _ => keep(Sysno::mremap, [at, size, len, 1, 0, 0], format!("mremap({at:#x}, {size}, {len}, MREMAP_MAYMOVE")),
        }
    }

    /// The moment at which a call happens.
    fn happen(&mut self, thread: usize, call: &mut Pending) {
        let result = self.machine.syscall(self.pid, call.number, &call.args.map(Arg::Int));
        call.region = match (call.number, &result) {
            (Sysno::mmap, Ok(at)) => Some((*at, call.args[1])),
            (Sysno::mremap, Ok(at)) => Some((*at, call.args[2])),
            (Sysno::munmap, _) => None,
            _ => call.region,
        };
        let result = hex(result);
        self.truth.push(format!("{} {}) = {result}", 100 + thread, call.text));
        call.result = Some(result);
        self.calls += 1;
    }

    /// Some thread goes on: begins a call, is served by the kernel, or comes back.
    fn tick(&mut self) {
        if self.pending.len() < THREADS && self.pending[0].is_none() && self.random.below(20) == 0 {
            return self.another_thread();
        }
        let thread = self.random.below(self.pending.len());
        match self.pending[thread].take() {
            None => {
                let mut call = self.next_call();
                call.begun_on = self.lines.len();
                self.lines.push(format!("{} {} <unfinished ...>", 100 + thread, call.text));
                self.pending[thread] = Some(call);
            }
            Some(mut call) if call.result.is_none() => {
                self.happen(thread, &mut call);
                self.pending[thread] = Some(call);
            }
            Some(call) => self.come_back(thread, call),
        }
    }

    fn come_back(&mut self, thread: usize, call: Pending) {
        let result = call.result.as_deref().unwrap_or_default();
        self.regions.extend(call.region.filter(|_| !result.starts_with('-')));
        if call.begun_on + 1 == self.lines.len() {
            self.lines[call.begun_on] = format!("{} {}) = {result}", 100 + thread, call.text);
        } else {
            self.lines.push(format!("{} <... {} resumed>) = {result}", 100 + thread, call.number.name()));
        }
    }

    fn finish(mut self) -> (String, String, usize) {
        for thread in 0..self.pending.len() {
            if let Some(mut call) = self.pending[thread].take() {
                if call.result.is_none() {
                    self.happen(thread, &mut call);
                }
                self.come_back(thread, call);
            }
        }
        let text = |lines: Vec<String>| {
            lines.into_iter().fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{line}");
                text
            })
        };
        (text(self.lines), text(self.truth), self.calls)
    }
}

/// The log, the same calls one after the other as they happened, and how many there are.
pub fn workload(seed: u64, calls: usize) -> (String, String, usize) {
    run(Workload::new(seed, if seed.is_multiple_of(2) { 2 } else { THREADS }), calls)
}

pub fn run(mut workload: Workload, calls: usize) -> (String, String, usize) {
    while workload.calls < calls {
        workload.tick();
    }
    workload.finish()
}

pub fn replay(log: &str) -> Session {
    let mut session = Session::new(pagefault::log::read(log)).expect("a machine");
    session.run_to_end().expect("it runs");
    session
}

pub fn differing(session: &Session) -> Vec<String> {
    let differences = session.reports().iter().flat_map(|report| report.differences.iter().map(move |d| (report, d)));
    differences.map(|(report, d)| format!("line {}, {}: {} not {} ({})", report.line, report.call, d.found, d.expected, d.cause)).collect()
}

/// Writes a log and its truth into the folder `LOGS_OF_THREADS`, to be measured elsewhere.
pub fn keep(name: &str, log: &str, truth: &str) {
    let Some(folder) = std::env::var_os("LOGS_OF_THREADS") else { return };
    for (kind, text) in [("log", log), ("truth", truth)] {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.{kind}")), text).expect("a folder to write to");
    }
}
