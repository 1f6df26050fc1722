//! What a step did, as facts: plain data from which texts are made, in any language.
//!
//! A fact is the difference between before and after, folded from the step's events: a page that came and went within
//! the step is no fact. Each names its process and where.

mod areas;
mod gather;
mod pages;

pub use gather::Moment;

use crate::addr::VirtRange;
use crate::signal::Signal;
use serde::Serialize;

/// A range of addresses, hexadecimal without `0x`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// First address.
    pub start: String,
    /// First address behind.
    pub end: String,
}

impl From<VirtRange> for Span {
    // Made in many places.
    #[inline(never)]
    fn from(range: VirtRange) -> Self {
        Self { start: format!("{:x}", range.start.0), end: format!("{:x}", range.end.0) }
    }
}

/// One thing that is different after a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs)] // the variants say what their fields are
pub enum Fact {
    /// A process, or a thread of one, was made; whether it runs in the address space of its maker.
    ProcessNew { pid: u32, parent: Option<u32>, thread: bool, shares: bool },
    /// A process ended: with which status, or by which signal.
    ProcessEnded { pid: u32, status: Option<i32>, signal: Option<&'static str> },
    /// The process got another address space (`execve`).
    SpaceNew { pid: u32 },
    /// An area where none was. `name` as in maps, `ops` absent for anonymous memory.
    AreaNew { pid: u32, at: Span, perms: String, name: String, ops: Option<&'static str> },
    /// A whole area is unmapped.
    AreaGone { pid: u32, at: Span, perms: String },
    /// A part of an area is unmapped.
    AreaCut { pid: u32, from: Span, gone: Span },
    /// An area reaches further than before.
    AreaGrown { pid: u32, from: Span, to: Span },
    /// An area is several now.
    AreaSplit { pid: u32, from: Span, into: Vec<Span> },
    /// Several areas, or parts of them, are one now.
    AreaMerged { pid: u32, of: Vec<Span>, into: Span },
    /// Permissions as in maps.
    AreaPerms { pid: u32, at: Span, from: String, to: String },
    /// Other flags, two letters each as in smaps.
    AreaFlags { pid: u32, at: Span, gained: String, lost: String },
    /// Pages that are present and were not: `page` is `anon`, `shared`, `file`, `shmem` (a file without a disk), `zero`, `kernel`.
    PagesPresent { pid: u32, at: Span, count: u64, page: &'static str },
    /// Pages that are not present any more.
    PagesGone { pid: u32, at: Span, count: u64 },
    /// A page is another frame now.
    PageCopied { pid: u32, addr: String, from: u32, to: u32, zero: bool },
    /// Entries that went elsewhere with their frames.
    PagesMoved { pid: u32, from: String, to: String, count: u64 },
    /// Entries lost the right to be written.
    PagesProtected { pid: u32, at: Span, count: u64 },
    /// Entries got the right to be written.
    PagesWritable { pid: u32, at: Span, count: u64 },
    /// Entries changed otherwise.
    PagesChanged { pid: u32, at: Span, count: u64 },
    /// Guard regions or poison set.
    MarkersSet { pid: u32, at: Span, count: u64, marker: &'static str },
    /// Guard regions or poison taken away.
    MarkersGone { pid: u32, at: Span, count: u64 },
    /// Page tables linked, by level.
    TablesMade { count: u64 },
    /// Page tables given back.
    TablesGone { count: u64 },
    /// The TLB learnt translations.
    TlbFilled { count: u64, addr: String, frame: u32 },
    /// The TLB forgot single pages.
    TlbForgot { count: u64 },
    /// The TLB forgot everything.
    TlbFlushed,
    /// Locked pages of a process.
    Locked { pid: u32, from: u64, to: u64 },
    /// What is mapped from now on is locked, or not any more (`MCL_FUTURE`).
    FutureLocked { pid: u32, on: bool },
    /// No frame is free any more.
    RamFull,
    /// What is done from now on when a signal comes: so many calls, or what happens without a handler.
    Handler { pid: u32, signal: &'static str, calls: Option<usize> },
    /// The program break.
    Brk { pid: u32, from: String, to: String },
    /// Resident pages: exact, also where events were dropped.
    Resident { pid: u32, from: u64, to: u64 },
    /// The size of a file, decimal.
    FileSize { name: String, from: String, to: String },
    /// How many areas there are, of steps of which events were dropped.
    AreaCount { pid: u32, from: u64, to: u64 },
    /// A descriptor was opened.
    Opened { pid: u32, fd: u64, name: String },
    /// A descriptor was closed.
    Closed { pid: u32, fd: u64 },
    /// A resource limit: its number, the soft limits, decimal; absent is unlimited.
    Limit { pid: u32, resource: u64, from: Option<String>, to: Option<String> },
}

/// A step: who did what, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepFacts {
    /// Whose.
    pub pid: u32,
    /// The call's name.
    pub call: String,
    /// As `strace` prints it.
    pub result: String,
    /// `ok`, `error`, `signal`, `skipped`.
    pub ending: &'static str,
    /// Of an error.
    pub errno: Option<&'static str>,
    /// Of a signal that the access ended in, or that a handler answered first.
    pub signal: Option<SignalFact>,
    /// Why, of an error, a signal or a part of a log that is not replayed.
    pub why: Option<String>,
    /// Signals that handlers answered.
    pub handled: u64,
    /// How often a repeated call or access worked before it ended.
    pub counted: Option<u64>,
    /// Minor and major faults taken.
    pub faults: (u64, u64),
    /// The process lived when the step began.
    pub lived: bool,
    /// The program itself accessed memory: the MMU translated.
    pub accessed: bool,
    /// What is different now.
    pub facts: Vec<Fact>,
    /// Events that were not kept: the facts about areas and pages are incomplete.
    pub dropped: u64,
}

/// A signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignalFact {
    /// Its name.
    pub name: &'static str,
    /// `si_code`.
    pub code: &'static str,
    /// `si_addr`, hexadecimal.
    pub addr: String,
}

impl From<Signal> for SignalFact {
    fn from(signal: Signal) -> Self {
        Self { name: signal.signo.name(), code: signal.code.name(), addr: format!("{:x}", signal.addr.0) }
    }
}
