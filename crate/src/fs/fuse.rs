//! Files whose contents come from outside the machine (as Linux `fs/fuse`: a file system in user space). The page cache is
//! the ordinary one; here is what is asked of whoever has the contents, what was answered, and what is told.
//!
//! Nothing waits: who needs a page that is not there leaves a [`Request`] and unwinds. Whoever drives the machine takes it,
//! hands the page in with [`Fs::provide`] (or an error with [`Fs::answer`]), and has the access made again.

use super::{Fs, Inode};
use crate::addr::{PAGE_SIZE, Pfn};
use crate::errno::Errno;
use crate::event::Trace;
use crate::ids::InodeId;
use crate::phys::{FrameFlags, Phys};
use bitflags::bitflags;
use std::ops::Range;

/// Answers that nobody came back for, at most.
const MOST_ANSWERS: usize = 64;

bitflags! {
    /// What whoever has the contents wants to be asked or told, besides reads.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Hooks: u32 {
        /// New mappings (`f_op->mmap`).
        const MMAP = 1;
        /// The first write to a page of a shared mapping (`vm_ops->page_mkwrite`).
        const MKWRITE = 2;
        /// Dirty pages (`a_ops->writepages`); without it they stay dirty in the cache, as in a file in memory.
        const WRITEBACK = 4;
        /// New sizes.
        const TRUNCATE = 8;
    }
}

/// What a file has whose contents come from outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fuse {
    /// Its number, never used again by whoever gives them: answers for another one are not taken.
    pub serial: u64,
    /// What is asked.
    pub hooks: Hooks,
    /// Pages that are asked for at once, at most: the one that is needed and those behind it.
    pub read_ahead: u64,
    /// The name of its `mmap`, for the trace.
    pub mmap_name: &'static str,
    /// The name of its `fault`, for the trace.
    pub fault_name: &'static str,
    /// What was answered and has not been used: an errno, or that it may be.
    answers: Vec<(Asked, Option<Errno>)>,
}

impl Fuse {
    /// A file of a number that is asked for its pages only.
    pub fn new(serial: u64) -> Self {
        let (mmap_name, fault_name) = ("fuse_file_mmap", "filemap_fault");
        Self { serial, hooks: Hooks::empty(), read_ahead: 1, mmap_name, fault_name, answers: Vec::new() }
    }

    fn take_answer(&mut self, asked: Asked) -> Option<Option<Errno>> {
        let place = self.answers.iter().position(|(of, _)| *of == asked)?;
        Some(self.answers.remove(place).1)
    }
}

/// A question, as answers name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// The contents of a page.
    Page(u64),
    /// Whether a page may be written through a shared mapping.
    Mkwrite(u64),
    /// Whether it may be mapped.
    Mmap {
        /// From this page on.
        pgoff: u64,
        /// So many pages.
        pages: u64,
        /// Bits of `mmap`'s `prot`.
        prot: u64,
        /// Writes go to the file.
        shared: bool,
    },
    /// Whether it may have another size, in bytes.
    Truncate(u64),
}

/// What somebody waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// The file's number.
    pub serial: u64,
    /// What is asked.
    pub asked: Asked,
    /// Pages that may be handed in, from the one that is needed on; 0 for another question.
    pub count: u64,
    /// The page is needed to write it.
    pub write: bool,
}

/// What has happened to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// A page was written back: its bytes up to the file's end.
    Written {
        /// The file's number.
        serial: u64,
        /// Which page.
        page: u64,
        /// What it holds.
        bytes: Vec<u8>,
    },
    /// Somebody asked that what was written back before has arrived (fsync(2), `MS_SYNC`).
    Synced {
        /// The file's number.
        serial: u64,
    },
    /// Pages may be handed in, and nobody waits for them (`MADV_WILLNEED`).
    Ahead {
        /// The file's number.
        serial: u64,
        /// From this page on.
        page: u64,
        /// So many.
        count: u64,
    },
    /// It has another size.
    Resized {
        /// The file's number.
        serial: u64,
        /// Bytes.
        size: u64,
    },
    /// An open file was closed by its last holder (`f_op->release`).
    Released {
        /// The file's number.
        serial: u64,
    },
    /// The file itself is gone: its last name and its last holder.
    Forgotten {
        /// The file's number.
        serial: u64,
    },
}

/// What goes between the machine and whoever has contents of files.
#[derive(Debug, Default)]
pub struct FuseQueue {
    /// What the last operation waits for: it has ended early, and is to be made again.
    pub waiting: Option<Request>,
    /// The file and page for which the last operation failed.
    pub failed: Option<(u64, Asked)>,
    /// What has happened, the oldest first.
    pub notices: std::collections::VecDeque<Notice>,
}

/// What is asked and told belongs to a machine at a moment: a copy waits for nothing.
impl Clone for FuseQueue {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Why a page cannot be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// It was asked for: again later.
    Waits,
    /// It could not be read.
    Failed(Errno),
    /// RAM is exhausted.
    OutOfMemory,
}

/// What became of a page that was handed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Provided {
    /// It is in the cache now.
    Taken,
    /// Nobody needs it: the file is gone or shorter, or the page is there already.
    Dropped,
    /// RAM is exhausted.
    OutOfMemory,
}

impl Inode {
    /// Whether a page's contents are still outside: not cached, within what the file had, not cut off.
    pub(super) fn is_outside(&self, index: u64) -> bool {
        let within = index.checked_mul(PAGE_SIZE).is_some_and(|start| start < self.backing_end);
        self.fuse.is_some() && within && !self.pages.contains_key(&index)
    }

    /// How many pages from one on are all outside, at most so many.
    fn outside_run(&self, index: u64, most: u64) -> u64 {
        (index..index.saturating_add(most)).take_while(|page| self.is_outside(*page)).count() as u64
    }
}

impl Fs {
    /// The file of a number, unless it is gone.
    pub fn fuse_inode(&self, serial: u64) -> Option<InodeId> {
        self.inodes.iter().find(|(_, inode)| inode.fuse.as_ref().is_some_and(|fuse| fuse.serial == serial)).map(|(id, _)| id)
    }

    /// Forgets what an earlier operation waited for.
    #[inline]
    pub fn begin_operation(&mut self) {
        self.fuse.waiting = None;
        self.fuse.failed = None;
    }

    /// Whether the operation has to be made again when something from outside has come.
    #[inline]
    pub fn is_waiting(&self) -> bool {
        self.fuse.waiting.is_some()
    }

    /// Asks something of a file, unless it has been answered: `None` if that is still to come.
    pub fn ask(&mut self, id: InodeId, asked: Asked, count: u64, write: bool) -> Option<Result<(), Errno>> {
        let fuse = self.inodes[id].fuse.as_mut()?;
        let serial = fuse.serial;
        match fuse.take_answer(asked) {
            Some(None) => Some(Ok(())),
            Some(Some(errno)) => {
                self.fuse.failed = Some((serial, asked));
                Some(Err(errno))
            }
            None => {
                // Who comes second waits behind the first.
                self.fuse.waiting.get_or_insert(Request { serial, asked, count, write });
                None
            }
        }
    }

    /// Asks where whoever has the contents wants to be asked.
    pub fn ask_hook(&mut self, id: InodeId, hook: Hooks, asked: Asked) -> Option<Result<(), Errno>> {
        let wanted = self.inodes[id].fuse.as_ref().is_some_and(|fuse| fuse.hooks.contains(hook));
        if wanted { self.ask(id, asked, 0, true) } else { Some(Ok(())) }
    }

    /// A page of a file whose contents come from outside; with it up to `most` may be handed in.
    ///
    /// # Errors
    /// It has been asked for, could not be read, or RAM is exhausted.
    pub fn fuse_page(
        &mut self,
        id: InodeId,
        index: u64,
        most: u64,
        write: bool,
        phys: &mut Phys,
        trace: &mut Trace,
    ) -> Result<Pfn, Missing> {
        let inode = &self.inodes[id];
        if let Some(pfn) = inode.frame_of(index) {
            return Ok(pfn);
        }
        if !inode.is_outside(index) {
            return self.fill_page(id, index, phys, trace).ok_or(Missing::OutOfMemory);
        }
        let count = inode.outside_run(index, most.max(1));
        match self.ask(id, Asked::Page(index), count, write) {
            None => Err(Missing::Waits),
            Some(Err(Errno::ENOMEM)) => Err(Missing::OutOfMemory),
            Some(answer) => Err(Missing::Failed(answer.err().unwrap_or(Errno::EIO))),
        }
    }

    /// Says that pages may be handed in, the next of them that are outside: how many were spoken of.
    pub(crate) fn offer_ahead(&mut self, id: InodeId, pages: Range<u64>) {
        let inode = &self.inodes[id];
        let Some(fuse) = &inode.fuse else { return };
        let (serial, most) = (fuse.serial, fuse.read_ahead.max(1));
        let end = pages.end.min(inode.page_count());
        let mut at = pages.start;
        while at < end {
            let count = inode.outside_run(at, most.min(end - at));
            if count > 0 {
                self.fuse.notices.push_back(Notice::Ahead { serial, page: at, count });
            }
            at += count.max(1);
        }
    }

    /// Takes the contents of a page; what is missing of it is zeros. Whoever asked finds it in the cache.
    pub fn provide(&mut self, serial: u64, index: u64, bytes: &[u8], phys: &mut Phys, trace: &mut Trace) -> Provided {
        let Some(id) = self.fuse_inode(serial) else { return Provided::Dropped };
        let inode = &self.inodes[id];
        if !inode.is_outside(index) {
            return Provided::Dropped;
        }
        // What was cut off in the meantime stays so.
        let valid = (inode.backing_end - index * PAGE_SIZE).min(PAGE_SIZE) as usize;
        let Some(pfn) = self.fill_page(id, index, phys, trace) else { return Provided::OutOfMemory };
        phys.write(pfn, 0, &bytes[..bytes.len().min(valid)]);
        Provided::Taken
    }

    /// Answers a question: with an errno, or that it may be. Whoever asked finds the answer when it comes back, once.
    pub fn answer(&mut self, serial: u64, asked: Asked, errno: Option<Errno>) {
        let Some(fuse) = self.fuse_inode(serial).and_then(|id| self.inodes[id].fuse.as_mut()) else { return };
        fuse.take_answer(asked);
        if fuse.answers.len() == MOST_ANSWERS {
            fuse.answers.remove(0);
        }
        fuse.answers.push((asked, errno));
    }

    /// Hands dirty pages out to be written: they are clean then.
    pub(super) fn write_outside(&mut self, id: InodeId, pages: Range<u64>, phys: &mut Phys) {
        let inode = &self.inodes[id];
        let Some(Fuse { serial, hooks, .. }) = inode.fuse.as_deref() else { return };
        if !hooks.contains(Hooks::WRITEBACK) {
            return;
        }
        for (page, pfn) in inode.pages.range(pages).map(|(page, pfn)| (*page, *pfn)) {
            if !phys.frame(pfn).flags.contains(FrameFlags::DIRTY) {
                continue;
            }
            phys.frame_mut(pfn).flags -= FrameFlags::DIRTY;
            self.writeback.written += 1;
            let mut bytes = vec![0; inode.size.saturating_sub(page * PAGE_SIZE).min(PAGE_SIZE) as usize];
            phys.read(pfn, 0, &mut bytes);
            if !bytes.is_empty() {
                self.fuse.notices.push_back(Notice::Written { serial: *serial, page, bytes });
            }
        }
    }

    /// Whoever has the contents of a file is told.
    pub(crate) fn notify(&mut self, id: InodeId, notice: impl FnOnce(u64) -> Notice) {
        if let Some(fuse) = self.try_inode(id).and_then(|inode| inode.fuse.as_deref()) {
            let notice = notice(fuse.serial);
            self.fuse.notices.push_back(notice);
        }
    }
}
