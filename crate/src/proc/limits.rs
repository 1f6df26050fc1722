//! `/proc/PID/limits`, `auxv` and `oom_score` (Linux `fs/proc/base.c:proc_pid_limits`, `auxv_read`, `proc_oom_score`).

use crate::addr::PAGE_SIZE;
use crate::mm::{Kernel, Mm, Task};
use std::fmt::Write;

/// Names and units, by number.
const LIMITS: [(&str, &str); 16] = [
    ("cpu time", "seconds"),
    ("file size", "bytes"),
    ("data size", "bytes"),
    ("stack size", "bytes"),
    ("core file size", "bytes"),
    ("resident set", "bytes"),
    ("processes", "processes"),
    ("open files", "files"),
    ("locked memory", "bytes"),
    ("address space", "bytes"),
    ("file locks", "locks"),
    ("pending signals", "signals"),
    ("msgqueue size", "bytes"),
    ("nice priority", ""),
    ("realtime priority", ""),
    ("realtime timeout", "us"),
];

/// The table of soft and hard limits: columns of 25, 20, 20 and 10 letters.
pub fn limits_text(task: &Task) -> String {
    let mut text = String::from("Limit                     Soft Limit           Hard Limit           Units     \n");
    for ((name, unit), limit) in LIMITS.iter().zip(task.rlimits) {
        let _ = write!(text, "Max {name:<22}");
        for value in [limit.cur, limit.max] {
            let said = if value == u64::MAX { "unlimited".into() } else { value.to_string() };
            let _ = write!(text, "{said:<21}");
        }
        if !unit.is_empty() {
            let _ = write!(text, "{unit:<10}");
        }
        text.push('\n');
    }
    text
}

/// How long the string is that `AT_PLATFORM` names, with its NUL.
pub(crate) const PLATFORM_BYTES: u64 = 7;
/// Bytes of chance at `AT_RANDOM`.
pub(crate) const RANDOM_BYTES: u64 = 16;
/// Words of the vector.
pub(crate) const AUXV_WORDS: u64 = 46;

/// The auxiliary vector as bytes: pairs of words, the last of zeros. What speaks of the processor (AT_HWCAP,
/// AT_HWCAP2, AT_MINSIGSTKSZ) is the reference machine's. Of a program whose arguments are not known, the end alone.
pub fn auxv(mm: &Mm) -> Vec<u8> {
    let (told, code) = (mm.told, mm.code.0);
    // Below the strings of the arguments: the platform's name, then bytes of chance.
    let platform = (told.args.0 & !15) - PLATFORM_BYTES.min(told.args.0 & !15);
    let uid = told.uid.into();
    let pairs: [(u8, u64); AUXV_WORDS as usize / 2] = [
        (33, told.vdso),
        (51, 0x6f0),
        (16, 0x178b_fbff),
        (6, PAGE_SIZE),
        (17, 100),
        (3, code + 64),
        (4, 56),
        (5, 2),
        (7, 0),
        (8, 0),
        (9, code + 0x1f0),
        (11, uid),
        (12, uid),
        (13, uid),
        (14, uid),
        (23, 0),
        (25, platform.wrapping_sub(RANDOM_BYTES)),
        (26, 2),
        (31, told.args.1),
        (15, platform),
        (27, 28),
        (28, 32),
        (0, 0),
    ];
    let known = if told.args == (0, 0) { &pairs[pairs.len() - 1..] } else { &pairs };
    known.iter().flat_map(|(kind, value)| [u64::from(*kind), *value]).flat_map(u64::to_le_bytes).collect()
}

/// `/proc/PID/oom_score`: 0 for who will never be chosen, about 667 for who needs nothing, up to 2,000.
pub fn oom_score(kernel: &Kernel, task: &Task, mm: &Mm) -> u64 {
    let total = (kernel.sysctl.total_pages + kernel.sysctl.swap_pages) as i64;
    task.oom_badness(mm, total).map_or(0, |points| ((1000 + points * 1000 / total.max(1)) * 2 / 3) as u64)
}
