//! What can be recorded, and the recorder. When nobody watches, an event costs one branch.

use crate::addr::{Pfn, VirtAddr, VirtRange};
use crate::errno::SysError;
use crate::flags::VmFlags;
use crate::ids::{MmId, VmOpsId};
use crate::signal::Signal;
use crate::why::{NoMerge, SignalWhy};

/// On which side of a range its neighbour lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// At lower addresses.
    Left,
    /// At higher addresses.
    Right,
}

/// What decided a step, told beside the function's name.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Note {
    None,
    /// `name = value` in hexadecimal.
    Value {
        name: &'static str,
        value: u64,
    },
    /// A sentence without numbers.
    Text(&'static str),
    /// A range with a word before it.
    Range {
        what: &'static str,
        range: VirtRange,
    },
    /// A page with its frame.
    Page {
        addr: VirtAddr,
        pfn: Pfn,
    },
    /// A frame copied to another.
    Copy {
        from: Pfn,
        to: Pfn,
    },
}

/// One thing that happened inside a call or an access.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Event {
    /// A kernel function was entered. `Leave` follows, properly nested.
    Enter {
        /// The kernel's own name, or `vma->field = value` for an assignment of the call tree.
        function: &'static str,
        /// What decided it.
        note: Note,
    },
    /// The innermost function was left.
    Leave,
    /// Something worth saying inside the current function.
    Say(Note),
    /// A check refused the call.
    Refused(SysError),
    /// A check passed: what it would have said, with the values it looked at.
    Passed(SysError),
    /// A VMA was made.
    VmaInserted {
        /// In which address space.
        mm: MmId,
        /// Where.
        range: VirtRange,
        /// With which flags.
        flags: VmFlags,
        /// With which operations; `None` is anonymous.
        ops: Option<VmOpsId>,
    },
    /// A VMA vanished.
    VmaRemoved {
        /// In which address space.
        mm: MmId,
        /// Where it was.
        range: VirtRange,
        /// Its flags.
        flags: VmFlags,
        /// A neighbour took it over, with its pages; else they are unmapped.
        joined: bool,
    },
    /// One VMA became two.
    VmaSplit {
        /// In which address space.
        mm: MmId,
        /// The VMA before.
        range: VirtRange,
        /// The new border.
        at: VirtAddr,
    },
    /// A range was joined to its neighbours.
    VmaMerged {
        /// In which address space.
        mm: MmId,
        /// The range that was to be placed or changed.
        range: VirtRange,
        /// The VMA afterwards.
        result: VirtRange,
    },
    /// A neighbour stayed apart, and why.
    MergeRefused {
        /// Where the neighbour lies.
        side: Side,
        /// The neighbour.
        neighbour: VirtRange,
        /// The first condition that failed.
        why: NoMerge,
    },
    /// A VMA's borders or flags changed.
    VmaChanged {
        /// In which address space.
        mm: MmId,
        /// Before.
        from: VirtRange,
        /// After.
        to: VirtRange,
        /// Flags before.
        was: VmFlags,
        /// Flags after.
        flags: VmFlags,
    },
    /// A page-table entry got another value.
    PteSet {
        /// In which address space.
        mm: MmId,
        /// The page.
        addr: VirtAddr,
        /// The entry before.
        old: u64,
        /// The entry after.
        new: u64,
    },
    /// A table page was linked into the page tables.
    TableAllocated {
        /// Its level: 3 PUD, 2 PMD, 1 PTE.
        level: u8,
        /// The frame.
        pfn: Pfn,
    },
    /// A table page was given back.
    TableFreed {
        /// Its level.
        level: u8,
        /// The frame.
        pfn: Pfn,
    },
    /// A frame left the allocator.
    FrameTaken(Pfn),
    /// A frame went back to the allocator.
    FrameFreed(Pfn),
    /// The TLB learnt a translation.
    TlbFilled {
        /// The page.
        addr: VirtAddr,
        /// Its frame.
        pfn: Pfn,
    },
    /// The TLB forgot a page, or everything (`None`).
    TlbFlushed(Option<VirtAddr>),
    /// The CPU raised a page fault.
    PageFault {
        /// `CR2`.
        addr: VirtAddr,
        /// The hardware error code.
        error_code: u32,
    },
    /// An access ended in a signal.
    Signal {
        /// The signal.
        signal: Signal,
        /// The check that decided.
        why: SignalWhy,
    },
}

/// Keeps events up to a limit and counts what it had to drop.
#[derive(Clone, Debug)]
pub struct Recorder {
    events: Vec<Event>,
    limit: usize,
    dropped: u64,
}

impl Recorder {
    /// A recorder that keeps the first `limit` events until it is drained.
    pub fn new(limit: usize) -> Self {
        Self { events: Vec::new(), limit, dropped: 0 }
    }

    fn push(&mut self, event: Event) {
        if self.events.len() < self.limit {
            self.events.push(event);
        } else {
            self.dropped += 1;
        }
    }

    /// Takes the events out; the second value is how many did not fit.
    pub fn drain(&mut self) -> (Vec<Event>, u64) {
        (std::mem::take(&mut self.events), std::mem::take(&mut self.dropped))
    }
}

/// The place where events go: a recorder, or nowhere.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Box<Recorder>>);

impl Trace {
    /// Starts recording, keeping `limit` events between drains.
    pub fn start(&mut self, limit: usize) {
        self.0 = Some(Box::new(Recorder::new(limit)));
    }

    /// Stops recording; what was recorded is lost.
    pub fn stop(&mut self) {
        self.0 = None;
    }

    /// Whether anybody watches.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Records what the closure makes; the closure is not run when nobody watches.
    #[inline]
    pub fn emit(&mut self, event: impl FnOnce() -> Event) {
        if let Some(recorder) = &mut self.0 {
            recorder.push(event());
        }
    }

    /// Takes out what was recorded.
    pub fn drain(&mut self) -> (Vec<Event>, u64) {
        self.0.as_mut().map(|r| r.drain()).unwrap_or_default()
    }
}
