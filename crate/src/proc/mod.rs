//! Floor 5, on top of the memory manager: what `/proc` says of it, as text, as bits and as answers to
//! questions. Nothing here changes the kernel.
//!
//! Key types: [`MapsLine`], [`Smaps`], [`PageState`], [`ScanRequest`], [`VmaQuery`]. Mirrors Linux
//! `fs/proc/task_mmu.c`, `fs/proc/meminfo.c`, `mm/vmstat.c`, `ipc/shm.c`.

mod limits;
mod maps;
mod memory;
mod numa;
mod pagemap;
mod query;
mod scan;
mod seq_file;
mod smaps;
mod status;
mod sysctl;
mod sysvipc;

pub(crate) use limits::{AUXV_WORDS, PLATFORM_BYTES, RANDOM_BYTES};
pub use limits::{auxv, limits_text, oom_score};
pub use maps::{MapsLine, anonymous_name, line_of, maps, maps_text, render_maps_line, vsyscall};
pub use memory::{MemoryUse, buddyinfo_text, meminfo, meminfo_text, memory_use, vmstat, vmstat_text};
pub use numa::numa_maps_text;
pub use pagemap::{PageState, page_state, pagemap_runs, pagemap_words};
pub use query::{QueryFlags, VmaAnswer, VmaQuery, query_vma};
pub use scan::{Categories, Region, ScanFlags, ScanRequest, pagemap_scan};
pub use seq_file::seq_read;
pub use smaps::{Smaps, smaps, smaps_of_area, smaps_rollup, smaps_rollup_text, smaps_text};
pub use status::{STATUS_FIELDS, statm, statm_text, status_field, status_text};
pub use sysctl::{kstrtoll, sysctl_file, sysctl_index};
pub use sysvipc::sysvipc_shm_text;
