//! A machine that JavaScript drives call by call, for the library.

use super::{join, to_js};
use crate::addr::VirtAddr;
use crate::errno::{SysError, SysResult};
use crate::fs::Content;
use crate::ids::Pid;
use crate::machine::{Arg, FileConfig, Machine, MachineConfig, ProcessConfig, Sysno};
use crate::signal::Signal;
use crate::view;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

/// What `Machine.create` may be given.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    ram: Option<f64>,
    mem_total: Option<f64>,
    max_map_count: Option<f64>,
    overcommit: Option<u8>,
    files: Vec<FileOptions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileOptions {
    path: String,
    size: Option<f64>,
    content: Option<String>,
    mode: Option<u32>,
}

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
    machine: Machine,
    selected: Pid,
    /// Bytes that cross in either direction; JavaScript looks into it.
    buffer: Vec<u8>,
    /// Six arguments in, one result out, as 64-bit words.
    words: Box<[u64; 7]>,
    error: Option<SysError>,
    signal: Option<Signal>,
    saved: Vec<Option<Box<Machine>>>,
}

#[wasm_bindgen]
impl WasmMachine {
    /// A machine without processes.
    ///
    /// # Errors
    /// What is wrong with the options, in words.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> Result<WasmMachine, JsValue> {
        let given = if options.is_undefined() { Ok(Options::default()) } else { serde_wasm_bindgen::from_value(options) };
        let options: Options = given.map_err(|error| JsValue::from_str(&error.to_string()))?;
        let mut config = MachineConfig::reference();
        if let Some(ram) = options.ram {
            if !(65536.0..=2147483648.0).contains(&ram) {
                return Err(JsValue::from_str("ram must lie between 64 KiB and 2 GiB"));
            }
            config.ram_bytes = ram as u64;
        }
        config.sysctl.total_pages = options.mem_total.map_or(config.sysctl.total_pages, |bytes| bytes as u64 >> 12);
        config.sysctl.max_map_count = options.max_map_count.map_or(config.sysctl.max_map_count, |count| count as u64);
        config.sysctl.overcommit_memory = options.overcommit.unwrap_or(0).min(2);
        config.files = options.files.into_iter().map(file_config).collect();
        let machine = Machine::new(&config).map_err(|error| JsValue::from_str(&error.to_string()))?;
        Ok(Self { machine, selected: Pid(0), buffer: Vec::new(), words: Box::new([0; 7]), error: None, signal: None, saved: Vec::new() })
    }

    /// Starts a process with the standard layout; its number.
    ///
    /// # Errors
    /// Too little RAM, in words.
    pub fn spawn(&mut self, name: String, uid: u32) -> Result<u32, JsValue> {
        let config = ProcessConfig { name, uid, ..ProcessConfig::default() };
        self.machine.spawn(&config).map(|pid| pid.0).map_err(|error| JsValue::from_str(&error.to_string()))
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
        }
        self.buffer.as_ptr() as usize
    }

    /// A system call by number; arguments and result are the words. A string argument (given by its
    /// place, 6 for none) is the first `len` bytes of the buffer. Whether it succeeded.
    pub fn syscall(&mut self, pid: u32, number: u32, string_at: usize, len: usize) -> bool {
        let mut args = [const { Arg::Int(0) }; 6];
        for (arg, word) in args.iter_mut().zip(self.words.iter()) {
            *arg = Arg::Int(*word);
        }
        if string_at < 6 {
            args[string_at] = Arg::Bytes(self.buffer[..len.min(self.buffer.len())].to_vec());
        }
        let result = match Sysno::from_number(number.into()) {
            Some(number) => self.machine.syscall(Pid(pid), number, &args),
            None => Err(SysError::new(crate::errno::Errno::ENOSYS, crate::why::Why::NotEmulated { name: "?" })),
        };
        self.settle(result)
    }

    fn settle(&mut self, result: SysResult) -> bool {
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

    /// `mmap` with plain numbers: the address, or the negated errno. Addresses are exact below 2^53.
    #[wasm_bindgen(js_name = mmapNumber)]
    pub fn mmap_number(&mut self, pid: u32, addr: f64, len: f64, prot: u32, flags: u32, fd: i32, offset: f64) -> f64 {
        let args = [addr as u64, len as u64, prot.into(), flags.into(), fd as i64 as u64, offset as u64];
        let result = self.machine.mmap(Pid(pid), args);
        self.settle(result);
        self.words[6] as i64 as f64
    }

    /// `munmap` with plain numbers: 0 or the negated errno.
    #[wasm_bindgen(js_name = munmapNumber)]
    pub fn munmap_number(&mut self, pid: u32, addr: f64, len: f64) -> f64 {
        let result = self.machine.munmap(Pid(pid), addr as u64, len as u64);
        self.settle(result);
        self.words[6] as i64 as f64
    }

    /// Lets a process run: the loads and stores below are its.
    pub fn select(&mut self, pid: u32) -> bool {
        self.selected = Pid(pid);
        self.machine.switch_to(self.selected).is_ok()
    }

    /// A byte; NaN if the access raised a signal.
    #[wasm_bindgen(js_name = load8)]
    pub fn load8(&mut self, addr: f64) -> f64 {
        match self.machine.kernel.cpu.load_hit::<u8>(addr as u64) {
            Some(value) => value.into(),
            None => self.load_slow(addr, 1),
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

    #[inline(never)]
    fn load_slow(&mut self, addr: f64, size: usize) -> f64 {
        let mut bytes = [0; 4];
        match self.machine.load(self.selected, VirtAddr(addr as u64), &mut bytes[..size]) {
            Ok(()) => u32::from_le_bytes(bytes).into(),
            Err(signal) => {
                self.signal = Some(signal);
                f64::NAN
            }
        }
    }

    /// Stores a byte; `false` if the access raised a signal.
    pub fn store8(&mut self, addr: f64, value: u32) -> bool {
        self.machine.kernel.cpu.store_hit::<u8>(addr as u64, value as u8) || self.store_slow(addr, value, 1)
    }

    /// Stores 32 bits, little-endian; `false` if the access raised a signal.
    pub fn store32(&mut self, addr: f64, value: u32) -> bool {
        self.machine.kernel.cpu.store_hit::<u32>(addr as u64, value) || self.store_slow(addr, value, 4)
    }

    #[inline(never)]
    fn store_slow(&mut self, addr: f64, value: u32, size: usize) -> bool {
        let stored = self.machine.store_word(self.selected, VirtAddr(addr as u64), value.into(), size);
        self.signal = stored.err();
        stored.is_ok()
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

    /// `/proc/PID/maps`.
    pub fn maps(&self, pid: u32) -> String {
        view::maps_text(&self.machine, Pid(pid))
    }

    /// `/proc/PID/smaps_rollup`.
    #[wasm_bindgen(js_name = smapsRollup)]
    pub fn smaps_rollup(&self, pid: u32) -> String {
        view::smaps_rollup_text(&self.machine, Pid(pid))
    }

    /// `/proc/PID/statm`.
    pub fn statm(&self, pid: u32) -> String {
        view::statm_text(&self.machine, Pid(pid))
    }

    /// `/proc/PID/smaps`.
    pub fn smaps(&self, pid: u32) -> String {
        view::smaps_text(&self.machine, Pid(pid))
    }

    /// The memory lines of `/proc/PID/status`.
    pub fn status(&self, pid: u32) -> String {
        view::status_text(&self.machine, Pid(pid))
    }

    /// `/proc/PID/pagemap` of pages in a row.
    pub fn pagemap(&self, pid: u32, high: u32, low: u32, pages: u32) -> Vec<u64> {
        view::pagemap_words(&self.machine, Pid(pid), VirtAddr(join(high, low)), pages.into())
    }

    /// `/proc/meminfo`.
    pub fn meminfo(&self) -> String {
        view::meminfo_text(&self.machine.kernel)
    }

    /// `/proc/buddyinfo`.
    pub fn buddyinfo(&self) -> String {
        view::buddyinfo_text(&self.machine.kernel)
    }

    /// `/proc/vmstat`.
    pub fn vmstat(&self) -> String {
        view::vmstat_text(&self.machine.kernel)
    }

    /// The page walk of an address.
    pub fn walk(&self, pid: u32, high: u32, low: u32) -> JsValue {
        to_js(&view::walk_view(&self.machine, Pid(pid), VirtAddr(join(high, low))))
    }

    /// The machine now, as plain data.
    pub fn snapshot(&self) -> JsValue {
        to_js(&view::snapshot(&self.machine))
    }

    /// Keeps a whole copy of the machine; its handle.
    pub fn save(&mut self) -> usize {
        self.saved.push(Some(Box::new(self.machine.clone())));
        self.saved.len() - 1
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

fn file_config(options: FileOptions) -> FileConfig {
    let mut file = FileConfig::on_disk(&options.path, 0);
    if let Some(content) = options.content {
        file.size = content.len() as u64;
        file.content = Content::Bytes(content.into_bytes());
    }
    file.size = options.size.map_or(file.size, |size| size as u64);
    file.mode = options.mode.unwrap_or(file.mode);
    file
}
