//! A machine that JavaScript drives call by call, for the library.

use super::difference::difference;
use super::fuse::Aside;
use super::watch::Watch;
use super::{join, to_js};
use crate::addr::VirtAddr;
use crate::errno::{SysError, SysResult};
use crate::fs::Content;
use crate::ids::Pid;
use crate::machine::{Arg, Machine, Sysno};
use crate::mmu::Access;
use crate::settings::Header;
use crate::signal::{SiCode, SigNo, Signal};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// A buffer that grew larger than this for one answer is given back.
const BUFFER_KEPT: usize = 4 << 20;

#[derive(Serialize)]
struct SignalView {
    signal: &'static str,
    code: &'static str,
    high: u32,
    low: u32,
}

/// A computer. After a trap of WebAssembly the whole instance is dead.
#[wasm_bindgen]
#[derive(Debug)]
pub struct WasmMachine {
    pub(super) machine: Machine,
    selected: Pid,
    /// Bytes that cross in either direction; JavaScript looks into it.
    pub(super) buffer: Vec<u8>,
    /// Six arguments in, one result out, as 64-bit words.
    pub(super) words: Box<[u64; 7]>,
    pub(super) error: Option<SysError>,
    pub(super) signal: Option<Signal>,
    saved: Vec<Option<Box<Machine>>>,
    pub(super) watch: Watch,
    pub(super) asides: Vec<Aside>,
    /// A question to a file written in JavaScript, or its like.
    pub(super) asked: Box<[u64; 6]>,
}

/// The settings that lines such as `@ram 64M` give, as at the head of a script.
fn header(text: &str) -> Result<Header, JsValue> {
    Header::read(text).map_err(|error| told(&error))
}

fn told(error: &impl ToString) -> JsValue {
    JsValue::from_str(&error.to_string())
}

/// Every system call, as `name=number` joined by spaces.
#[wasm_bindgen(js_name = systemCalls)]
pub fn system_calls() -> String {
    let calls: Vec<_> = Sysno::ALL.iter().map(|call| format!("{}={}", call.name(), *call as u32)).collect();
    calls.join(" ")
}

#[wasm_bindgen]
impl WasmMachine {
    /// A machine without processes, from settings written as at the head of a script.
    ///
    /// # Errors
    /// What is wrong with the settings, in words.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<WasmMachine, JsValue> {
        let settings = header(settings)?;
        let mut machine = Machine::new(&settings.machine).map_err(|error| told(&error))?;
        if let Some(pid) = settings.first_pid {
            machine.set_next_pid(Pid(pid));
        }
        Ok(Self {
            machine,
            selected: Pid(0),
            buffer: Vec::new(),
            words: Box::new([0; 7]),
            error: None,
            signal: None,
            saved: Vec::new(),
            watch: Watch::default(),
            asides: Vec::new(),
            asked: Box::new([0; 6]),
        })
    }

    /// Adds a file from its `@file` line; its content is the first `len` bytes of the buffer unless that is -1.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    #[wasm_bindgen(js_name = addFile)]
    pub fn add_file(&mut self, line: &str, len: i32) -> Result<(), JsValue> {
        for mut file in header(line)?.machine.files {
            if let Ok(len) = usize::try_from(len) {
                file.content = Content::Bytes(self.buffer[..len.min(self.buffer.len())].to_vec());
                file.size = file.size.max(len as u64);
            }
            self.machine.add_file(&file);
        }
        Ok(())
    }

    /// Starts a process from settings written as at the head of a script; its number.
    ///
    /// # Errors
    /// What is wrong with them, or too little RAM, in words.
    pub fn spawn(&mut self, settings: &str) -> Result<u32, JsValue> {
        let settings = header(settings)?;
        self.machine.spawn(&settings.process).map(|pid| pid.0).map_err(|error| told(&error))
    }

    /// Whether a process lives.
    #[wasm_bindgen(js_name = isAlive)]
    pub fn is_alive(&self, pid: u32) -> bool {
        self.machine.mm_of(Pid(pid)).is_some()
    }

    /// Address of the seven words.
    pub fn words(&self) -> usize {
        self.words.as_ptr() as usize
    }

    /// Address of the buffer, made at least `len` bytes long.
    pub fn buffer(&mut self, len: usize) -> usize {
        if self.buffer.len() < len {
            self.buffer.resize(len, 0);
        } else if self.buffer.len() > BUFFER_KEPT && len <= BUFFER_KEPT {
            self.buffer.truncate(BUFFER_KEPT);
            self.buffer.shrink_to_fit();
        }
        self.buffer.as_ptr() as usize
    }

    /// A system call by number; arguments and result are the words. Whether it succeeded.
    pub fn syscall(&mut self, pid: u32, number: u32) -> bool {
        let args = [0, 1, 2, 3, 4, 5].map(|i| Arg::Int(self.words[i]));
        self.call(pid, number, &args)
    }

    /// The same with pointers to what is given: the argument at a place (6 for none) is the first `len` bytes of the
    /// buffer, that at a second place the `second_len` bytes behind. A third one (6 for none) points to where the answer
    /// goes, which is taken with `takeOutput`.
    #[wasm_bindgen(js_name = syscallGiven)]
    #[allow(clippy::too_many_arguments, reason = "numbers cross one by one")]
    pub fn syscall_given(
        &mut self,
        pid: u32,
        number: u32,
        at: usize,
        len: usize,
        second_at: usize,
        second_len: usize,
        answer_at: usize,
    ) -> bool {
        let mut args = [0, 1, 2, 3, 4, 5].map(|i| Arg::Int(self.words[i]));
        let len = len.min(self.buffer.len());
        let end = len.saturating_add(second_len).min(self.buffer.len());
        for (at, bytes) in [(at, &self.buffer[..len]), (second_at, &self.buffer[len..end])] {
            if let Some(arg) = args.get_mut(at) {
                *arg = Arg::Bytes(bytes.to_vec());
            }
        }
        if let Some(arg) = args.get_mut(answer_at) {
            *arg = Arg::Scratch;
        }
        self.call(pid, number, &args)
    }

    fn call(&mut self, pid: u32, number: u32, args: &[Arg; 6]) -> bool {
        let result = match Sysno::from_number(number.into()) {
            Some(number) => self.machine.syscall(Pid(pid), number, args),
            None => Err(SysError::new(crate::errno::Errno::ENOSYS, crate::why::Why::NotEmulated { name: "?" })),
        };
        self.settle(result)
    }

    pub(super) fn settle(&mut self, result: SysResult) -> bool {
        self.words[6] = result.unwrap_or_else(SysError::raw);
        self.error = result.err();
        result.is_ok()
    }

    /// The errno's number of the last failed call.
    pub fn errno(&self) -> u32 {
        self.error.map_or(0, |error| error.errno as u32)
    }

    /// The symbol of the last failed call's errno.
    #[wasm_bindgen(js_name = errnoName)]
    pub fn errno_name(&self) -> String {
        self.error.map_or(String::new(), |error| error.errno.name().into())
    }

    /// Why the last failed call was refused.
    pub fn why(&self) -> String {
        self.error.map_or(String::new(), |error| error.why.to_string())
    }

    /// What the last call wrote through a pointer (mincore's vector) goes to the buffer; how many bytes.
    #[wasm_bindgen(js_name = takeOutput)]
    pub fn take_output(&mut self) -> usize {
        let output = std::mem::take(&mut self.machine.output);
        let len = output.len();
        self.buffer(len);
        self.buffer[..len].copy_from_slice(&output);
        len
    }

    /// Lets a process run: the loads and stores below are its.
    pub fn select(&mut self, pid: u32) -> bool {
        self.selected = Pid(pid);
        self.machine.switch_to(self.selected).is_ok()
    }

    /// A byte of the selected process; NaN if the access raised a signal.
    #[wasm_bindgen(js_name = load8)]
    pub fn load8(&mut self, addr: f64) -> f64 {
        match self.machine.kernel.cpu.load_hit::<u8>(addr as u64) {
            Some(value) => value.into(),
            None => self.load_slow(addr, 1),
        }
    }

    /// 16 bits, little-endian; NaN if the access raised a signal.
    #[wasm_bindgen(js_name = load16)]
    pub fn load16(&mut self, addr: f64) -> f64 {
        match self.machine.kernel.cpu.load_hit::<u16>(addr as u64) {
            Some(value) => value.into(),
            None => self.load_slow(addr, 2),
        }
    }

    /// 32 bits, little-endian; NaN if the access raised a signal.
    #[wasm_bindgen(js_name = load32)]
    pub fn load32(&mut self, addr: f64) -> f64 {
        match self.machine.kernel.cpu.load_hit::<u32>(addr as u64) {
            Some(value) => value.into(),
            None => self.load_slow(addr, 4),
        }
    }

    /// 64 bits, little-endian, into the last of the words; `false` if the access raised a signal.
    #[wasm_bindgen(js_name = load64)]
    pub fn load64(&mut self, addr: f64) -> bool {
        match self.machine.kernel.cpu.load_hit::<u64>(addr as u64) {
            Some(value) => {
                self.words[6] = value;
                true
            }
            None => !self.load_slow(addr, 8).is_nan(),
        }
    }

    #[inline(never)]
    fn load_slow(&mut self, addr: f64, size: usize) -> f64 {
        let mut bytes = [0; 8];
        match self.machine.load(self.selected, VirtAddr(addr as u64), &mut bytes[..size]) {
            Ok(()) => {
                self.words[6] = u64::from_le_bytes(bytes);
                self.words[6] as u32 as f64
            }
            Err(signal) => {
                self.signal = Some(signal);
                f64::NAN
            }
        }
    }

    /// Stores a byte as the selected process; `false` if the access raised a signal.
    pub fn store8(&mut self, addr: f64, value: u32) -> bool {
        self.machine.kernel.cpu.store_hit::<u8>(addr as u64, value as u8) || self.store_slow(addr, value.into(), 1)
    }

    /// Stores 16 bits, little-endian; `false` if the access raised a signal.
    pub fn store16(&mut self, addr: f64, value: u32) -> bool {
        self.machine.kernel.cpu.store_hit::<u16>(addr as u64, value as u16) || self.store_slow(addr, value.into(), 2)
    }

    /// Stores 32 bits, little-endian; `false` if the access raised a signal.
    pub fn store32(&mut self, addr: f64, value: u32) -> bool {
        self.machine.kernel.cpu.store_hit::<u32>(addr as u64, value) || self.store_slow(addr, value.into(), 4)
    }

    /// Stores the first of the words, little-endian; `false` if the access raised a signal.
    pub fn store64(&mut self, addr: f64) -> bool {
        let value = self.words[0];
        self.machine.kernel.cpu.store_hit::<u64>(addr as u64, value) || self.store_slow(addr, value, 8)
    }

    #[inline(never)]
    fn store_slow(&mut self, addr: f64, value: u64, size: usize) -> bool {
        let stored = self.machine.store_word(self.selected, VirtAddr(addr as u64), value, size);
        self.signal = stored.err();
        stored.is_ok()
    }

    /// Makes one access after another to addresses that stand in the buffer, as 64-bit words or (`doubles`) as doubles:
    /// 0 reads, 1 writes, 2 fetches, 3 one of these each, as bytes behind the addresses say. How many were made before
    /// one raised a signal; −1 − its place for a double that is no address.
    pub fn run(&mut self, pid: u32, count: usize, doubles: bool, kind: u32) -> f64 {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        for i in 0..count.min(self.buffer.len() / 8) {
            let word = u64::from_le_bytes(self.buffer[i * 8..i * 8 + 8].try_into().expect("eight bytes"));
            let double = f64::from_bits(word);
            if doubles && !((0.0..EXACT).contains(&double) && double.fract() == 0.0) {
                return -1.0 - i as f64;
            }
            let addr = VirtAddr(if doubles { double as u64 } else { word });
            let kind = if kind == 3 { self.buffer.get(count * 8 + i).copied().unwrap_or(0).into() } else { kind };
            let access = match kind {
                0 => Access::Read,
                1 => Access::Write,
                _ => Access::Execute,
            };
            if i > 0 && self.machine.kernel.cpu.remembers(addr, access) {
                continue;
            }
            if let Err(signal) = self.machine.touch(Pid(pid), addr, access) {
                self.signal = Some(signal);
                return i as f64;
            }
        }
        count as f64
    }

    /// Reads `len` bytes of a process into the buffer; `false` if the access raised a signal.
    pub fn read(&mut self, pid: u32, high: u32, low: u32, len: usize) -> bool {
        self.buffer(len);
        let result = self.machine.load(Pid(pid), VirtAddr(join(high, low)), &mut self.buffer[..len]);
        self.signal = result.err();
        result.is_ok()
    }

    /// Writes the first `len` bytes of the buffer; `false` if the access raised a signal.
    pub fn write(&mut self, pid: u32, high: u32, low: u32, len: usize) -> bool {
        let result = self.machine.store(Pid(pid), VirtAddr(join(high, low)), &self.buffer[..len]);
        self.signal = result.err();
        result.is_ok()
    }

    /// Fetches an instruction; `false` if the access raised a signal.
    pub fn execute(&mut self, pid: u32, high: u32, low: u32) -> bool {
        let result = self.machine.execute(Pid(pid), VirtAddr(join(high, low)));
        self.signal = result.err();
        result.is_ok()
    }

    /// The last signal: `{signal, code, high, low}`.
    #[wasm_bindgen(js_name = lastSignal)]
    pub fn last_signal(&self) -> JsValue {
        let view = self.signal.map(|signal| SignalView {
            signal: signal.signo.name(),
            code: signal.code.name(),
            high: (signal.addr.0 >> 32) as u32,
            low: signal.addr.0 as u32,
        });
        to_js(&view)
    }

    /// Ends a process by SIGKILL; `false` if it does not live.
    pub fn kill(&mut self, pid: u32) -> bool {
        let lives = self.is_alive(pid);
        if lives {
            self.machine.kill_by_signal(Pid(pid), Signal { signo: SigNo::Kill, code: SiCode::SI_KERNEL, addr: VirtAddr(0) });
        }
        lives
    }

    /// WRPKRU.
    #[wasm_bindgen(js_name = writePkru)]
    pub fn write_pkru(&mut self, pid: u32, rights: u32) {
        self.machine.write_pkru(Pid(pid), rights);
    }

    /// RDPKRU.
    #[wasm_bindgen(js_name = readPkru)]
    pub fn read_pkru(&mut self, pid: u32) -> u32 {
        self.machine.read_pkru(Pid(pid))
    }

    /// Whether page faults are kept for `takeFaults`.
    #[wasm_bindgen(js_name = recordFaults)]
    pub fn record_faults(&mut self, on: bool) {
        self.watch.record_faults(&mut self.machine, on);
    }

    /// Faults since the last time: address and error code of each, then how many were not kept.
    #[wasm_bindgen(js_name = takeFaults)]
    pub fn take_faults(&mut self) -> Vec<u64> {
        self.watch.take_faults(&mut self.machine)
    }

    /// From here on what happens is kept, to be explained.
    #[wasm_bindgen(js_name = beginExplaining)]
    pub fn begin_explaining(&mut self, pid: u32) {
        self.watch.begin(&mut self.machine, Pid(pid));
    }

    /// What has happened since: a call or an access of a process, how it ended (`ok`, `error`, `signal`) and its result as
    /// strace prints it.
    #[wasm_bindgen(js_name = endExplaining)]
    pub fn end_explaining(&mut self, call: String, result: String, ending: &str, accessed: bool) -> JsValue {
        let ended = match ending {
            "error" => Err(self.error),
            _ => Ok(self.signal.filter(|_| ending == "signal")),
        };
        to_js(&self.watch.end(&mut self.machine, call, result, ended, accessed))
    }

    /// What is different now from a copy: processes, areas, pages. Null if the copy was dropped.
    pub fn difference(&self, handle: usize) -> JsValue {
        match self.saved.get(handle) {
            Some(Some(copy)) => to_js(&difference(copy, &self.machine)),
            _ => JsValue::NULL,
        }
    }

    /// Keeps a whole copy of the machine; its handle.
    pub fn save(&mut self) -> usize {
        let copy = Some(Box::new(self.machine.clone()));
        // A handle that was dropped is given out again: a list of them does not grow.
        match self.saved.iter().position(Option::is_none) {
            Some(free) => {
                self.saved[free] = copy;
                free
            }
            None => {
                self.saved.push(copy);
                self.saved.len() - 1
            }
        }
    }

    /// Goes back to a copy; `false` if it was dropped.
    pub fn restore(&mut self, handle: usize) -> bool {
        match self.saved.get(handle) {
            Some(Some(copy)) => {
                self.machine = (**copy).clone();
                true
            }
            _ => false,
        }
    }

    /// Drops a copy.
    #[wasm_bindgen(js_name = dropSaved)]
    pub fn drop_saved(&mut self, handle: usize) {
        if let Some(slot) = self.saved.get_mut(handle) {
            *slot = None;
        }
    }
}
