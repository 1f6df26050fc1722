//! `vm_operations`: what an area does on a fault. Set by `file_operations::mmap`, called by the fault
//! path; an area without any is anonymous.

use super::driver::driver;
use super::fault::{FaultContext, FaultOutcome};
use super::fuse::FuseVmOps;
use super::kernel::Kernel;
use crate::addr::Pfn;
use crate::event::Note;
use crate::flags::VmFlags;
use crate::ids::VmOpsId;
use crate::mmu::Pte;
use crate::phys::FrameFlags;
use crate::vma::{SpecialMapping, Vma};
use crate::why::SignalWhy;

/// The page that `fault` found: the caller gets one reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundPage {
    /// Its frame.
    pub pfn: Pfn,
    /// It had to be read from a disk.
    pub major: bool,
}

/// The methods of an area (Linux `struct vm_operations_struct`).
pub trait VmOperations: Sync {
    /// The kernel's name of the `fault` method, for the trace.
    fn fault_name(&self) -> &'static str;

    /// Finds the page at `context.pgoff` of the area's object.
    ///
    /// # Errors
    /// The outcome instead of a page: SIGBUS, out of memory, or `Installed` if the method has
    /// written the entry itself.
    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome>;

    /// Whether pages around the fault may be mapped along (`map_pages` exists).
    fn maps_around(&self) -> bool {
        false
    }

    /// Whether the first write to each page must be told to the object (`page_mkwrite` exists): the
    /// page is mapped read-only until then.
    fn wants_write_notify(&self) -> bool {
        false
    }

    /// Is told of the first write to a page, if it wants to be.
    fn page_mkwrite(&self, _kernel: &mut Kernel, _context: &FaultContext) {}

    /// Whether that has to be asked of somebody outside the machine first, and what was answered: an outcome ends the fault.
    ///
    /// # Errors
    /// [`FaultOutcome::Retry`] until it is answered, SIGBUS if the write is refused.
    fn may_write(&self, _kernel: &mut Kernel, _context: &FaultContext) -> Result<(), FaultOutcome> {
        Ok(())
    }

    /// Whether an area may be cut in two.
    fn may_split(&self) -> bool {
        true
    }
}

/// The operations of an id.
pub fn vm_operations(id: VmOpsId) -> &'static dyn VmOperations {
    match id {
        VmOpsId::Shmem => &ShmemVmOps,
        VmOpsId::Shm => &ShmVmOps,
        VmOpsId::Ext4 => &Ext4VmOps,
        VmOpsId::Fuse => &FuseVmOps,
        VmOpsId::Special => &SpecialVmOps,
        VmOpsId::Secretmem => &SecretmemVmOps,
        VmOpsId::Driver(id) => driver(id).vm_operations,
    }
}

/// Looks a page of the area's file up, bringing it in if need be: what most `fault` methods do.
///
/// # Errors
/// SIGBUS behind the end of the file, or out of memory.
pub fn find_cached_page(kernel: &mut Kernel, context: &FaultContext, major_if_absent: bool) -> Result<FoundPage, FaultOutcome> {
    let file = kernel.mms[context.mm].vmas.get(context.vma).file.expect("an area with file operations has a file");
    let inode = kernel.fs.file(file).inode;
    let size = kernel.fs.inode(inode).size;
    if context.pgoff >= size.div_ceil(4096) {
        return Err(FaultOutcome::Sigbus(SignalWhy::PastEof { page: context.pgoff, size }));
    }
    let cached = kernel.fs.cached_page(inode, context.pgoff, &mut kernel.phys, &mut kernel.trace);
    let (pfn, major) = match cached {
        Ok(Some(pfn)) => (pfn, major_if_absent && context.tried && !kernel.is_filled(pfn)),
        Ok(None) => {
            let filled = kernel.fs.fill_page(inode, context.pgoff, &mut kernel.phys, &mut kernel.trace);
            (filled.ok_or(FaultOutcome::OutOfMemory)?, major_if_absent)
        }
        Err(()) => return Err(FaultOutcome::OutOfMemory),
    };
    kernel.phys.get(pfn);
    kernel.phys.frame_mut(pfn).flags -= FrameFlags::UNFILLED;
    kernel.say(Note::Page { addr: context.addr, pfn });
    Ok(FoundPage { pfn, major })
}

/// Files in memory: a page that does not exist yet is made, of zeros.
struct ShmemVmOps;

impl VmOperations for ShmemVmOps {
    fn fault_name(&self) -> &'static str {
        "shmem_fault"
    }

    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        find_cached_page(kernel, context, false)
    }

    fn maps_around(&self) -> bool {
        true
    }
}

/// Secret memory: as files in memory, but nothing is mapped along.
struct SecretmemVmOps;

impl VmOperations for SecretmemVmOps {
    fn fault_name(&self) -> &'static str {
        "secretmem_fault"
    }

    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        find_cached_page(kernel, context, false)
    }
}

/// Attached SysV segments: the pages of their file in memory.
struct ShmVmOps;

impl VmOperations for ShmVmOps {
    fn fault_name(&self) -> &'static str {
        "shm_fault"
    }

    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        find_cached_page(kernel, context, false)
    }
}

/// Files on disk: a page that is not cached is read, which makes the fault a major one.
struct Ext4VmOps;

impl VmOperations for Ext4VmOps {
    fn fault_name(&self) -> &'static str {
        "filemap_fault"
    }

    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        let reads_ahead = kernel.sysctl.read_ahead_pages > 0 && is_absent(kernel, context);
        let found = find_cached_page(kernel, context, true)?;
        if reads_ahead {
            kernel.call("do_sync_mmap_readahead", |k| k.do_sync_mmap_readahead(context));
        }
        Ok(found)
    }

    fn maps_around(&self) -> bool {
        true
    }

    fn wants_write_notify(&self) -> bool {
        true
    }
}

/// Whether the page is not in the cache of the area's file.
fn is_absent(kernel: &Kernel, context: &FaultContext) -> bool {
    let file = kernel.mms[context.mm].vmas.get(context.vma).file;
    file.is_some_and(|file| !kernel.fs.inode_of(file).is_cached(context.pgoff))
}

/// vdso and vvar: pages of the kernel.
struct SpecialVmOps;

impl VmOperations for SpecialVmOps {
    fn fault_name(&self) -> &'static str {
        "special_mapping_fault"
    }

    fn fault(&self, kernel: &mut Kernel, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        let vma = kernel.mms[context.mm].vmas.get(context.vma);
        if vma.flags.contains(VmFlags::PFNMAP) {
            return Err(fault_vvar(kernel, context));
        }
        let page = kernel.vdso_pages.get(context.pgoff as usize).copied();
        let pfn = page.ok_or(FaultOutcome::Sigbus(SignalWhy::NoPage))?;
        kernel.phys.get(pfn);
        Ok(FoundPage { pfn, major: false })
    }

    fn may_split(&self) -> bool {
        false
    }
}

/// vvar maps bare frames: the entry is written here, and no counter knows it. Only the first page of
/// `[vvar]` and the first of `[vvar_vclock]` exist.
fn fault_vvar(kernel: &mut Kernel, context: &FaultContext) -> FaultOutcome {
    let vma: &Vma = kernel.mms[context.mm].vmas.get(context.vma);
    let prot = super::fault::page_prot(vma);
    let which = usize::from(vma.special != Some(SpecialMapping::Vvar));
    let page = Some(kernel.vvar_pages[which]).filter(|_| context.pgoff == 0);
    let Some(pfn) = page else { return FaultOutcome::Sigbus(SignalWhy::NoPage) };
    let pte = Pte::leaf(pfn, prot | Pte::SPECIAL | Pte::ACCESSED);
    if kernel.install(context, pte) { FaultOutcome::DONE } else { FaultOutcome::OutOfMemory }
}
