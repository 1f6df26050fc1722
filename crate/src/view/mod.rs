//! Floor 7: looking. Text of `/proc`, snapshots for drawing, explanations of what happened. Nothing
//! here changes the machine.
//!
//! Key types: [`Snapshot`], [`MapsLine`], [`Smaps`], [`Explained`]. Mirrors Linux `fs/proc/task_mmu.c`.

mod explain;
mod maps;
mod pagemap;
mod smaps;
mod snapshot;
mod status;

pub use crate::machine::MapsLine;
pub use explain::{Explained, TreeLine, explain};
pub use maps::{maps, maps_text, render_maps_line};
pub use pagemap::{PageState, page_state, pagemap_runs};
pub use smaps::{Smaps, smaps, smaps_rollup, smaps_rollup_text, smaps_text};
pub use snapshot::{FrameView, PageView, ProcessView, Snapshot, TlbView, VmaView, WalkLevel, WalkView, frame_view, snapshot, walk_view};
pub use status::{STATUS_FIELDS, statm, statm_text, status_field};
