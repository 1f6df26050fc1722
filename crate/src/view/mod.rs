//! Floor 7: looking. Text of `/proc` by process, snapshots for drawing, explanations of what happened. Nothing
//! here changes the machine.
//!
//! Key types: [`Snapshot`], [`MapsLine`], [`Smaps`], [`Explained`].

mod explain;
mod proc;
mod snapshot;

pub use crate::proc::{MapsLine, PageState, STATUS_FIELDS, Smaps, buddyinfo_text, meminfo_text, render_maps_line, vmstat_text};
pub use explain::{Explained, TreeLine, explain};
pub use proc::{
    maps, maps_text, page_state, pagemap_runs, pagemap_words, smaps, smaps_rollup, smaps_rollup_text, smaps_text, statm, statm_text,
    status_field, status_text,
};
pub use snapshot::{
    FrameDetail, FrameView, MapperView, PageView, ProcessView, Snapshot, TlbView, VmaView, WalkLevel, WalkView, frame_detail, frame_view,
    snapshot, walk_view,
};
