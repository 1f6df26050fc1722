//! `remap_file_pages(2)` (Linux `mm/mmap.c`): since 4.0 an emulation, a shared mapping of other pages of
//! the same file over the old one.

use super::kernel::Kernel;
use super::mmap::MmapRequest;
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, VirtAddr, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::flags::{MapFlags, Prot, VmFlags};
use crate::ids::{FileId, MmId};
use crate::why::Why;

impl Kernel {
    /// Shows the file's pages from `pgoff` on in `[start, start + size)`.
    ///
    /// # Errors
    /// EINVAL unless `prot` is 0 and the range lies in shared mappings of one file with equal flags; then
    /// those of `mmap(2)`.
    pub(crate) fn do_remap_file_pages(&mut self, mm: MmId, start: VirtAddr, size: u64, prot: u64, pgoff: u64, flags: u64) -> SysResult {
        self.call("remap_file_pages", |k| {
            k.require(prot == 0, Errno::EINVAL, || Why::BadProt { prot })?;
            let (start, size) = (start.page_floor(), size & !(PAGE_SIZE - 1));
            let end = start.0.checked_add(size).filter(|end| *end > start.0);
            let Some(end) = end else { return k.refuse(Errno::EINVAL, Why::Wraps { addr: start, len: size }) };
            let pages = size >> PAGE_SHIFT;
            k.require(pgoff.checked_add(pages).is_some(), Errno::EINVAL, || Why::OffsetOverflow { pgoff, pages })?;
            let range = VirtRange::new(start.0, end);
            let (file, vm_flags) = k.one_shared_file(mm, range)?;
            let mut map = MapFlags::from_bits_retain(flags) & MapFlags::NONBLOCK;
            map |= MapFlags::SHARED | MapFlags::FIXED | MapFlags::POPULATE;
            if vm_flags.contains(VmFlags::LOCKED) {
                map |= MapFlags::LOCKED;
            }
            let request = MmapRequest { file: Some(file), addr: start, len: size, prot: vm_flags.prot(), flags: map, pgoff };
            // The range that is replaced may be what keeps the file.
            k.fs.get_file(file);
            let mapped = k.do_mmap(mm, request);
            k.fput(file);
            k.populate_mapping(mm, mapped?, &request);
            Ok(0)
        })
    }

    /// The file and flags that a whole range shares.
    fn one_shared_file(&mut self, mm: MmId, range: VirtRange) -> SysResult<(FileId, VmFlags)> {
        let vmas = &self.mms[mm].vmas;
        let first = vmas.lookup(range.start).map(|id| vmas.get(id)).filter(|vma| vma.flags.contains(VmFlags::SHARED));
        let Some((file, flags)) = first.and_then(|vma| Some((vma.file?, vma.flags))) else {
            return self.refuse(Errno::EINVAL, Why::NotOneSharedFile { at: range.start });
        };
        let mut at = range.start;
        while at < range.end {
            let vmas = &self.mms[mm].vmas;
            let next = vmas.lookup(at).map(|id| vmas.get(id)).filter(|vma| vma.file == Some(file) && vma.flags == flags);
            let Some(next) = next else { return self.refuse(Errno::EINVAL, Why::NotOneSharedFile { at }) };
            at = next.range.end;
        }
        Ok((file, flags))
    }
}

impl VmFlags {
    /// The protection these access bits stand for.
    fn prot(self) -> Prot {
        let bits = [(VmFlags::READ, Prot::READ), (VmFlags::WRITE, Prot::WRITE), (VmFlags::EXEC, Prot::EXEC)];
        bits.into_iter().filter(|(flag, _)| self.contains(*flag)).fold(Prot::empty(), |prot, (_, bit)| prot | bit)
    }
}
