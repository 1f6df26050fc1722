//! What a machine is in: its texts of `/proc`, and what no such text says.

use super::machine::WasmMachine;
use super::{join, to_js};
use crate::addr::{Pfn, VirtAddr};
use crate::ids::Pid;
use crate::settings::SETTINGS;
use crate::view;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl WasmMachine {
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
        view::meminfo_text(&self.machine)
    }

    /// `/proc/buddyinfo`.
    pub fn buddyinfo(&self) -> String {
        view::buddyinfo_text(&self.machine)
    }

    /// `/proc/vmstat`.
    pub fn vmstat(&self) -> String {
        view::vmstat_text(&self.machine)
    }

    /// The page walk of an address.
    pub fn walk(&self, pid: u32, high: u32, low: u32) -> JsValue {
        to_js(&view::walk_view(&self.machine, Pid(pid), VirtAddr(join(high, low))))
    }

    /// The machine now, as plain data.
    pub fn snapshot(&self) -> JsValue {
        to_js(&view::snapshot(&self.machine))
    }

    /// Bytes of host memory that hold its RAM.
    #[wasm_bindgen(js_name = hostBytes)]
    pub fn host_bytes(&self) -> f64 {
        self.machine.kernel.phys.host_bytes() as f64
    }

    /// Every process in short: `{pid, ended, rss, minFlt, majFlt}`.
    pub fn processes(&self) -> JsValue {
        to_js(&view::processes(&self.machine))
    }

    /// What is known of a frame; null if there is none of that number.
    pub fn frame(&self, pfn: u32) -> JsValue {
        if self.machine.kernel.phys.frames().count() <= pfn as usize {
            return JsValue::NULL;
        }
        to_js(&view::frame_detail(&self.machine, Pfn(pfn)))
    }

    /// The kernel's settings as a script writes them, one a line.
    pub fn settings(&self) -> String {
        let sysctl = &self.machine.kernel.sysctl;
        SETTINGS.iter().map(|setting| setting.line((setting.get)(sysctl)) + "\n").collect()
    }
}
