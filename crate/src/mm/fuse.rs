//! Files whose contents come from outside the machine (Linux `fs/fuse/file.c`): `file_operations` and `vm_operations` over
//! the ordinary page cache. What is not there is asked for, and the fault or call unwinds until it has come.

use super::fault::{FaultContext, FaultOutcome};
use super::file_operations::{FileOperations, MAX_LFS, file_operations};
use super::kernel::Kernel;
use super::vm_operations::{FoundPage, VmOperations, vm_operations};
use crate::addr::{PAGE_SIZE, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::event::Note;
use crate::flags::VmFlags;
use crate::fs::{Asked, Fuse, Hooks, Inode, InodeKind, Missing, Provided};
use crate::ids::{FileId, InodeId, MmId, MmSerial, VmOpsId};
use crate::mmu::Access;
use crate::vma::Vma;
use crate::why::{SignalWhy, Why};

/// One read(2) asks for so many pages at once at most (`FUSE_MAX_MAX_PAGES`).
const MOST_PAGES: u64 = 256;

/// Pages that a call has yet to make present, when those have come that it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PopulateLeft {
    /// Of this address space.
    pub mm: MmSerial,
    /// Which.
    pub range: VirtRange,
}

/// What the file does when it is mapped.
pub(super) struct FuseFile;

impl FileOperations for FuseFile {
    fn name(&self) -> &'static str {
        "fuse_file_mmap"
    }

    fn mmap(&self, _: &mut Kernel, vma: &mut Vma) -> SysResult<()> {
        vma.ops = Some(VmOpsId::Fuse);
        Ok(())
    }

    fn max_bytes(&self) -> u64 {
        MAX_LFS
    }
}

/// What a mapping of it does on a fault.
pub(super) struct FuseVmOps;

impl VmOperations for FuseVmOps {
    fn fault_name(&self) -> &'static str {
        "filemap_fault"
    }

    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        let vma = kernel.mms[context.mm].vmas.get(context.vma);
        let (inode, jumps) = (kernel.inode_of_area(vma), vma.flags.contains(VmFlags::RAND_READ));
        let file = kernel.fs.inode(inode);
        if context.pgoff >= file.page_count() {
            return Err(FaultOutcome::Sigbus(SignalWhy::PastEof { page: context.pgoff, size: file.size }));
        }
        let ahead = file.fuse.as_ref().map_or(1, |fuse| fuse.read_ahead);
        let (most, write) = (if jumps { 1 } else { ahead }, context.access == Access::Write);
        let found = kernel.fs.fuse_page(inode, context.pgoff, most, write, &mut kernel.phys, &mut kernel.trace);
        match found {
            Ok(pfn) => {
                kernel.phys.get(pfn);
                kernel.say(Note::Page { addr: context.addr, pfn });
                Ok(FoundPage { pfn, major: false })
            }
            Err(Missing::Waits) => Err(FaultOutcome::Retry),
            Err(Missing::OutOfMemory) => Err(FaultOutcome::OutOfMemory),
            Err(Missing::Failed(_)) => Err(FaultOutcome::Sigbus(SignalWhy::NotRead { page: context.pgoff })),
        }
    }

    fn maps_around(&self) -> bool {
        true
    }

    fn wants_write_notify(&self) -> bool {
        true
    }

    fn may_write(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<(), FaultOutcome> {
        let inode = kernel.inode_of_area(kernel.mms[context.mm].vmas.get(context.vma));
        match kernel.fs.ask_hook(inode, Hooks::MKWRITE, Asked::Mkwrite(context.pgoff)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(FaultOutcome::Sigbus(SignalWhy::NotRead { page: context.pgoff })),
            None => Err(FaultOutcome::Retry),
        }
    }
}

impl Kernel {
    /// Makes a file whose contents come from outside, with a name; one that has the name already loses it.
    pub(crate) fn add_fuse_file(&mut self, path: &str, size: u64, mode: u32, fuse: Fuse) -> InodeId {
        let inode = Inode { size, backing_end: size, mode, fuse: Some(Box::new(fuse)), ..Inode::new(InodeKind::Fuse) };
        let inode = self.fs.add_inode(inode);
        self.fs.link(path, inode);
        inode
    }

    /// Takes the contents of pages, from one on: how many were taken, and whether there was room for them. What nobody
    /// needs any more is dropped.
    pub(crate) fn provide(&mut self, serial: u64, first: u64, bytes: &[u8]) -> Provided {
        let mut result = Provided::Dropped;
        // Nothing at all is a page of zeros.
        let pages = bytes.chunks(PAGE_SIZE as usize).chain(bytes.is_empty().then_some(bytes));
        for (page, bytes) in (first..).zip(pages) {
            match self.fs.provide(serial, page, bytes, &mut self.phys, &mut self.trace) {
                Provided::Dropped => {}
                other => result = other,
            }
        }
        result
    }

    fn inode_of_area(&self, vma: &Vma) -> InodeId {
        self.fs.file(vma.file.expect("an area with file operations has a file")).inode
    }

    /// The name of a file's `f_op->mmap`: that of whoever wrote it.
    pub(crate) fn mmap_name(&self, file: FileId) -> &'static str {
        let inode = self.fs.inode_of(file);
        inode.fuse.as_ref().map_or(file_operations(inode.kind).name(), |fuse| fuse.mmap_name)
    }

    /// The name of an area's `vm_ops->fault`: that of whoever wrote it.
    pub(crate) fn fault_name(&self, vma: &Vma) -> Option<&'static str> {
        let fuse = vma.file.and_then(|file| self.fs.inode_of(file).fuse.as_ref());
        fuse.map(|fuse| fuse.fault_name).or_else(|| vma.ops.map(|ops| vm_operations(ops).fault_name()))
    }

    /// Asks whoever has a file's contents whether something may be.
    ///
    /// # Errors
    /// ERESTARTSYS until it is answered, then what was answered.
    pub(super) fn ask_outside(&mut self, inode: InodeId, hook: Hooks, asked: Asked) -> SysResult<()> {
        match self.fs.ask_hook(inode, hook, asked) {
            Some(Ok(())) => Ok(()),
            Some(Err(errno)) => self.refuse(errno, Why::RefusedOutside),
            None => self.refuse(Errno::ERESTARTSYS, Why::Waits),
        }
    }

    /// Asks whether a file may be mapped so.
    ///
    /// # Errors
    /// As [`Kernel::ask_outside`].
    pub(super) fn ask_outside_to_map(&mut self, file: Option<FileId>, range: VirtRange, flags: VmFlags, pgoff: u64) -> SysResult<()> {
        let Some(inode) = file.map(|file| self.fs.file(file).inode).filter(|inode| self.fs.inode(*inode).fuse.is_some()) else {
            return Ok(());
        };
        let prot = flags.bits() & (VmFlags::READ | VmFlags::WRITE | VmFlags::EXEC).bits();
        let shared = flags.contains(VmFlags::SHARED);
        self.ask_outside(inode, Hooks::MMAP, Asked::Mmap { pgoff, pages: range.pages(), prot, shared })
    }

    /// Before anything is read: how many of the bytes can be, up to the first page that could not be had.
    ///
    /// # Errors
    /// ERESTARTSYS if a page has been asked for; EIO or what was answered for the first one; ENOMEM.
    pub(crate) fn fuse_read_iter(&mut self, inode: InodeId, offset: u64, count: u64) -> SysResult<u64> {
        let end = offset.saturating_add(count).min(self.fs.inode(inode).size);
        let (first, last) = (offset / PAGE_SIZE, end.div_ceil(PAGE_SIZE));
        for page in first..last {
            let most = (last - page).min(MOST_PAGES);
            match self.fs.fuse_page(inode, page, most, false, &mut self.phys, &mut self.trace) {
                Ok(_) => {}
                Err(Missing::Waits) => return self.refuse(Errno::ERESTARTSYS, Why::Waits),
                Err(_) if page > first => return Ok(page * PAGE_SIZE - offset),
                Err(Missing::Failed(errno)) => return self.refuse(errno, Why::RefusedOutside),
                Err(Missing::OutOfMemory) => return self.refuse(Errno::ENOMEM, Why::OutOfFrames),
            }
        }
        Ok(count)
    }

    /// Before anything is written: the pages that are written in part are read. All of them where the bytes come from the
    /// program's memory, of which nobody knows how many can be had.
    ///
    /// # Errors
    /// As [`Kernel::fuse_read_iter`].
    pub(crate) fn fuse_write_begin(&mut self, inode: InodeId, offset: u64, count: u64, are_given: bool) -> SysResult<()> {
        let end = offset.saturating_add(count);
        for page in offset / PAGE_SIZE..end.min(self.fs.inode(inode).size).div_ceil(PAGE_SIZE) {
            let whole = page * PAGE_SIZE >= offset && (page + 1) * PAGE_SIZE <= end;
            if !(whole && are_given) {
                self.fuse_read_iter(inode, page * PAGE_SIZE, 1)?;
            }
        }
        Ok(())
    }

    /// Notes what is left to be made present by a call that has done the rest.
    pub(super) fn leave_to_populate(&mut self, mm: MmId, range: VirtRange) {
        let mm = self.mms[mm].serial;
        let range = match self.populate_left {
            Some(left) if left.mm == mm => VirtRange { start: left.range.start.min(range.start), end: left.range.end.max(range.end) },
            _ => range,
        };
        self.populate_left = Some(PopulateLeft { mm, range });
    }

    /// Forgets what an earlier operation waited for.
    #[inline]
    pub(crate) fn begin_operation(&mut self) {
        self.fs.begin_operation();
        self.populate_left = None;
    }

    /// Goes on to make present what a call of the current task has left.
    pub(crate) fn populate_rest(&mut self, PopulateLeft { mm, range }: PopulateLeft) {
        if self.mms[self.current_mm()].serial == mm {
            // As far as it can be: the call has ended well.
            let _ = self.mm_populate(self.current_mm(), range, true);
        }
    }
}
