//! The texts of `/proc` by process; nothing for one that has ended.

use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange};
use crate::ids::Pid;
use crate::machine::Machine;
use crate::proc::{self, MapsLine, MemoryUse, PageState, Smaps};

/// The lines of a process's maps, `[vsyscall]` last.
pub fn maps(machine: &Machine, pid: Pid) -> Vec<MapsLine> {
    machine.mm_of(pid).map_or(Vec::new(), |mm| proc::maps(&machine.kernel, mm))
}

/// The whole text of `/proc/PID/maps`.
pub fn maps_text(machine: &Machine, pid: Pid) -> String {
    machine.mm_of(pid).map_or(String::new(), |mm| proc::maps_text(&machine.kernel, mm))
}

/// The counters of every area of a process.
pub fn smaps(machine: &Machine, pid: Pid) -> Vec<Smaps> {
    machine.mm_of(pid).map_or(Vec::new(), |mm| proc::smaps(&machine.kernel, mm))
}

/// The whole text of `/proc/PID/smaps`.
pub fn smaps_text(machine: &Machine, pid: Pid) -> String {
    machine.mm_of(pid).map_or(String::new(), |mm| proc::smaps_text(&machine.kernel, mm))
}

/// The counters of all areas of a process together.
pub fn smaps_rollup(machine: &Machine, pid: Pid) -> Option<Smaps> {
    proc::smaps_rollup(&machine.kernel, machine.mm_of(pid)?)
}

/// The whole text of `/proc/PID/smaps_rollup`.
pub fn smaps_rollup_text(machine: &Machine, pid: Pid) -> String {
    machine.mm_of(pid).map_or(String::new(), |mm| proc::smaps_rollup_text(&machine.kernel, mm))
}

/// A field of `/proc/PID/status` in kB; `None` for an unknown one.
pub fn status_field(machine: &Machine, pid: Pid, field: &str) -> Option<u64> {
    proc::status_field(machine.mm_of(pid)?, field)
}

/// The numbers of `/proc/PID/statm`, in pages.
pub fn statm(machine: &Machine, pid: Pid) -> Option<[u64; 7]> {
    machine.mm_of(pid).map(proc::statm)
}

/// The line of `/proc/PID/statm`.
pub fn statm_text(machine: &Machine, pid: Pid) -> String {
    machine.mm_of(pid).map_or(String::new(), proc::statm_text)
}

/// The memory lines of `/proc/PID/status`.
pub fn status_text(machine: &Machine, pid: Pid) -> String {
    machine.mm_of(pid).map_or(String::new(), proc::status_text)
}

/// One answer about pages speaks of at most so many.
const MOST_PAGES: u64 = 1 << 20;

/// What `/proc/PID/pagemap` says of `pages` pages in a row, at most 1,048,576, frame numbers included; those
/// behind the end of user space are left out.
pub fn pagemap_words(machine: &Machine, pid: Pid, start: VirtAddr, pages: u64) -> Vec<u64> {
    let start = start.page_floor();
    let end = start.0.saturating_add(pages.min(MOST_PAGES) * PAGE_SIZE).min(machine.kernel.task_size());
    let range = VirtRange { start: start.min(VirtAddr(end)), end: VirtAddr(end) };
    machine.mm_of(pid).map_or(Vec::new(), |mm| proc::pagemap_words(&machine.kernel, mm, range, true))
}

/// The state of the page at an address of a process.
pub fn page_state(machine: &Machine, pid: Pid, addr: VirtAddr) -> PageState {
    machine.mm_of(pid).map_or(PageState::default(), |mm| proc::page_state(&machine.kernel, mm, addr))
}

/// Pages of a range that are not empty, joined into runs of equal state.
pub fn pagemap_runs(machine: &Machine, pid: Pid, range: VirtRange) -> Vec<(VirtRange, String)> {
    machine.mm_of(pid).map_or(Vec::new(), |mm| proc::pagemap_runs(&machine.kernel, mm, range))
}

/// The lines of `/proc/PID/smaps` about the area that an address lies in, or nothing.
pub fn smaps_of_area(machine: &Machine, pid: Pid, addr: VirtAddr) -> Option<String> {
    let mm = machine.mm_of(pid)?;
    let area = mm.vmas.get(mm.vmas.lookup(addr)?);
    Some(proc::smaps_of_area(&machine.kernel, mm, area))
}

/// Where the machine's memory is, in pages.
pub fn memory_use(machine: &Machine) -> MemoryUse {
    proc::memory_use(&machine.kernel)
}

/// The fields of `/proc/meminfo`, in kB.
pub fn meminfo(machine: &Machine) -> Vec<(&'static str, u64)> {
    proc::meminfo(&machine.kernel)
}

/// `/proc/meminfo`.
pub fn meminfo_text(machine: &Machine) -> String {
    proc::meminfo_text(&machine.kernel)
}

/// `/proc/buddyinfo`.
pub fn buddyinfo_text(machine: &Machine) -> String {
    proc::buddyinfo_text(&machine.kernel)
}

/// The counters of `/proc/vmstat`.
pub fn vmstat(machine: &Machine) -> Vec<(&'static str, u64)> {
    proc::vmstat(&machine.kernel)
}

/// `/proc/vmstat`.
pub fn vmstat_text(machine: &Machine) -> String {
    proc::vmstat_text(&machine.kernel)
}
