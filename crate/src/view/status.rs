//! The memory lines of `/proc/PID/status` (Linux `fs/proc/task_mmu.c:task_mem`).

use crate::ids::Pid;
use crate::machine::Machine;
use crate::mm::Rss;

/// The fields, in the kernel's order.
pub const STATUS_FIELDS: &[&str] = &[
    "VmPeak",
    "VmSize",
    "VmLck",
    "VmPin",
    "VmHWM",
    "VmRSS",
    "RssAnon",
    "RssFile",
    "RssShmem",
    "VmData",
    "VmStk",
    "VmExe",
    "VmLib",
    "VmPTE",
    "VmSwap",
    "HugetlbPages",
];

/// A field in kB; `None` for an unknown field or a process that has ended.
pub fn status_field(machine: &Machine, pid: Pid, field: &str) -> Option<u64> {
    let mm = machine.mm_of(pid)?;
    let text = (mm.code.1.next_multiple_of(4096) - mm.code.0 / 4096 * 4096) / 4096;
    let pages = match field {
        "VmPeak" => mm.hiwater_vm.max(mm.total_vm),
        "VmSize" => mm.total_vm,
        "VmLck" => mm.locked_vm,
        "VmHWM" => mm.hiwater_rss.max(mm.rss_total()),
        "VmRSS" => mm.rss_total(),
        "RssAnon" => mm.rss[Rss::Anon as usize],
        "RssFile" => mm.rss[Rss::File as usize],
        "RssShmem" => mm.rss[Rss::Shmem as usize],
        "VmData" => mm.data_vm,
        "VmStk" => mm.stack_vm,
        "VmExe" => text.min(mm.exec_vm),
        "VmLib" => mm.exec_vm - text.min(mm.exec_vm),
        "VmPTE" => mm.tables.count,
        "VmPin" | "VmSwap" | "HugetlbPages" => 0,
        _ => return None,
    };
    Some(pages * 4)
}
