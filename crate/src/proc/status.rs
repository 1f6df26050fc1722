//! The memory lines of `/proc/PID/status` and those of `statm` (Linux `fs/proc/task_mmu.c:task_mem`,
//! `task_statm`).

use crate::addr::PAGE_SIZE;
use crate::mm::{Mm, Rss};

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

/// A field in kB; `None` for an unknown field.
pub fn status_field(mm: &Mm, field: &str) -> Option<u64> {
    let text = text_pages(mm);
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

/// The memory lines of `/proc/PID/status`.
pub fn status_text(mm: &Mm) -> String {
    let line = |field: &&str| format!("{field}:\t{:8} kB\n", status_field(mm, field).unwrap_or(0));
    STATUS_FIELDS.iter().map(line).collect()
}

/// Pages that the program's text touches.
fn text_pages(mm: &Mm) -> u64 {
    (mm.code.1.next_multiple_of(PAGE_SIZE) - mm.code.0 / PAGE_SIZE * PAGE_SIZE) / PAGE_SIZE
}

/// The numbers of `/proc/PID/statm` in pages: size, resident, shared, text, 0, data with stack, 0 (Linux
/// `task_statm`).
pub fn statm(mm: &Mm) -> [u64; 7] {
    let shared = mm.rss[Rss::File as usize] + mm.rss[Rss::Shmem as usize];
    [mm.total_vm, mm.rss_total(), shared, text_pages(mm), 0, mm.data_vm + mm.stack_vm, 0]
}

/// The line of `/proc/PID/statm`.
pub fn statm_text(mm: &Mm) -> String {
    statm(mm).map(|number| number.to_string()).join(" ") + "\n"
}
