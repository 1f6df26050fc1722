//! The machine as columns of numbers: what a page draws of tens of thousands of areas and frames without an object for
//! each. Numbers of kinds are those of the page's protocol.

mod areas;
mod cells;
mod frames;
mod page;

pub use areas::{AreaColumns, area_columns, areas_version, present_counts};
pub use cells::{Cells, NO_FRAME, Strips, cells, strips};
pub use frames::{CachedFile, ProcessInfo, cached_files, frame_kinds, process_infos, table_frames};
pub use page::{Would, area_sign, page_bytes, page_is_invented, page_sign, table_entries, would};

/// What an area is.
pub mod area {
    #![allow(missing_docs)]
    pub const ANONYMOUS: u8 = 0;
    pub const FILE: u8 = 1;
    pub const SHARED: u8 = 2;
    pub const HEAP: u8 = 3;
    pub const STACK: u8 = 4;
    pub const SPECIAL: u8 = 5;
    pub const DEVICE: u8 = 7;
}

/// What a page is: the low four bits of a cell, and the bits above.
pub mod cell {
    #![allow(missing_docs)]
    pub const ABSENT: u8 = 0;
    pub const ZERO: u8 = 1;
    pub const ANON: u8 = 2;
    pub const COW: u8 = 3;
    pub const FILE: u8 = 4;
    pub const SHMEM: u8 = 5;
    pub const GUARD: u8 = 6;
    pub const MARKER: u8 = 7;
    pub const SPECIAL: u8 = 9;
    pub const HUGE: u8 = 10;
    /// In the entries of a table: another table.
    pub const TABLE: u8 = 14;
    /// No area there.
    pub const NONE: u8 = 15;
    pub const DIRTY: u8 = 0x10;
    pub const ACCESSED: u8 = 0x20;
    pub const WRITABLE: u8 = 0x40;
    pub const LOCKED: u8 = 0x80;
}

/// What a frame is.
pub mod frame {
    #![allow(missing_docs)]
    pub const FREE: u8 = 0;
    pub const ANON: u8 = 1;
    pub const COW: u8 = 2;
    pub const FILE: u8 = 3;
    pub const SHMEM: u8 = 4;
    pub const ZERO: u8 = 5;
    pub const TABLE: u8 = 6;
    pub const KERNEL: u8 = 7;
}
