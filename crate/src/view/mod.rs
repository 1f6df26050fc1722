//! Floor 7: looking. Text of `/proc` by process, snapshots for drawing, explanations of what happened. Nothing
//! here changes the machine.
//!
//! Key types: [`Snapshot`], [`MapsLine`], [`Smaps`], [`Explained`], [`StepFacts`].

pub mod columns;
mod explain;
mod facts;
mod proc;
mod snapshot;

pub use crate::proc::{MapsLine, MemoryUse, PageState, STATUS_FIELDS, Smaps, render_maps_line};
pub use explain::{Check, Explained, TreeLine, explain};
pub use facts::{Fact, Moment, SignalFact, Span, StepFacts};
pub use proc::{
    buddyinfo_text, maps, maps_text, meminfo, meminfo_text, memory_use, page_state, pagemap_runs, pagemap_words, smaps, smaps_of_area,
    smaps_rollup, smaps_rollup_text, smaps_text, statm, statm_text, status_field, status_text, vmstat, vmstat_text,
};
pub use snapshot::{
    FrameDetail, FrameView, MapperView, PageView, ProcessBrief, ProcessView, Snapshot, TlbView, VmaView, WalkLevel, WalkView, area_view,
    frame_detail, frame_view, processes, snapshot, walk_view,
};
