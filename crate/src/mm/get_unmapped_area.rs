//! Choosing an address (Linux `mm/mmap.c:__get_unmapped_area`, `arch/x86/kernel/sys_x86_64.c`,
//! `mm/huge_memory.c:__thp_get_unmapped_area`).

use super::file_operations::file_operations;
use super::kernel::Kernel;
use super::mmap::MmapRequest;
use super::task::Capabilities;
use crate::addr::{PAGE_SHIFT, PMD_SIZE, TASK_SIZE, VirtAddr};
use crate::errno::{Errno, SysResult};
use crate::event::Note;
use crate::flags::MapFlags;
use crate::ids::MmId;
use crate::vma::GapSearch;
use crate::why::Why;

/// What a search is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Fixed address or hint, page aligned unless fixed; 0 is none.
    pub(crate) addr: VirtAddr,
    /// Bytes, whole pages.
    pub(crate) len: u64,
    /// MAP_FIXED, MAP_32BIT, MAP_ABOVE4G count.
    pub(crate) flags: MapFlags,
    /// Offset in the file, in bytes; 0 for anonymous memory.
    pub(crate) offset: u64,
}

/// A hint must not straddle the end of the 47 bits that every program gets (Linux
/// `mmap_address_hint_valid`).
fn stays_on_one_side(addr: VirtAddr, len: u64) -> bool {
    (addr.0 > TASK_SIZE) == (addr.0 + len > TASK_SIZE)
}

/// The kernel hands addresses and errnos around in one word: a fixed address in the last 4,095 bytes is taken
/// for an errno and answered as one (Linux `IS_ERR_VALUE`).
pub(crate) fn is_error_value(addr: VirtAddr) -> bool {
    addr.0 > u64::MAX - 4095
}

impl Kernel {
    /// The address for a mapping; an error value as it is.
    ///
    /// # Errors
    /// ENOMEM no room; EINVAL a fixed address that is not page aligned; EPERM below
    /// `vm.mmap_min_addr` without CAP_SYS_RAWIO.
    pub(crate) fn get_unmapped_area(&mut self, mm: MmId, request: &MmapRequest) -> SysResult<VirtAddr> {
        self.call("get_unmapped_area", |k| k.get_unmapped_area_checked(mm, request))
    }

    fn get_unmapped_area_checked(&mut self, mm: MmId, request: &MmapRequest) -> SysResult<VirtAddr> {
        let (addr, len) = (request.addr, request.len);
        let size = self.task_size();
        self.require(len <= size, Errno::ENOMEM, || Why::BeyondTaskSize { addr, len })?;
        // The offset of anonymous memory never matters here.
        let offset = request.file.map_or(0, |_| request.pgoff << PAGE_SHIFT);
        let wanted = Wanted { addr, len, flags: request.flags, offset };
        let align = match request.file {
            Some(file) => {
                let operations = file_operations(self.fs.inode_of(file).kind);
                let fits = !request.flags.contains(MapFlags::FIXED) || addr.0.is_multiple_of(operations.page_size());
                self.require(fits || !addr.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr })?;
                operations.aligns_to_huge_pages()
            }
            None if request.flags.contains(MapFlags::SHARED) => false,
            None => addr.0 == 0 && len.is_multiple_of(PMD_SIZE),
        };
        let found = if align { self.thp_get_unmapped_area(mm, wanted) } else { self.search(mm, wanted) };
        let Some(found) = found else { return self.refuse(Errno::ENOMEM, Why::NoRoom { len }) };
        if is_error_value(found) {
            // Whether there is such an errno is not asked.
            return Errno::from_raw(found.0).map_or(Ok(found), |errno| self.refuse(errno, Why::AddressIsErrno { addr: found }));
        }
        self.require(found.0 <= size - len, Errno::ENOMEM, || Why::BeyondTaskSize { addr: found, len })?;
        self.require(found.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr: found })?;
        let min = self.sysctl.mmap_min_addr;
        let allowed = found.0 >= min || self.task().capable(Capabilities::SYS_RAWIO);
        self.require(allowed, Errno::EPERM, || Why::BelowMinAddr { addr: found, min })?;
        self.say(Note::Value { name: "addr", value: found.0 });
        Ok(found)
    }

    /// Places so that huge pages fit: searches for 2 MiB more and aligns inside.
    fn thp_get_unmapped_area(&mut self, mm: MmId, wanted: Wanted) -> Option<VirtAddr> {
        self.call("thp_get_unmapped_area", |k| k.aligned_search(mm, wanted).or_else(|| k.search(mm, wanted)))
    }

    fn aligned_search(&mut self, mm: MmId, wanted: Wanted) -> Option<VirtAddr> {
        let Wanted { addr, len, offset, .. } = wanted;
        // The kernel reckons with signed offsets here: those near the top wrap, and count as aligned.
        let end = offset.wrapping_add(len);
        let first_block = offset.wrapping_add(PMD_SIZE - 1) & !(PMD_SIZE - 1);
        if end as i64 <= first_block as i64 || end.wrapping_sub(first_block) < PMD_SIZE {
            return None;
        }
        let padded = len.checked_add(PMD_SIZE).filter(|padded| offset.checked_add(*padded).is_some())?;
        let found = self.search(mm, Wanted { len: padded, ..wanted })?;
        if found == addr {
            return Some(addr);
        }
        let shift = offset.wrapping_sub(found.0) & (PMD_SIZE - 1);
        if !self.mms[mm].layout.legacy && shift == 0 {
            return Some(found + PMD_SIZE);
        }
        Some(found + shift)
    }

    /// The plain x86-64 search (Linux `arch_get_unmapped_area_topdown`).
    pub(crate) fn search(&mut self, mm: MmId, wanted: Wanted) -> Option<VirtAddr> {
        if self.mms[mm].layout.legacy {
            return self.call("arch_get_unmapped_area", |k| k.search_bottom_up(mm, wanted));
        }
        self.call("arch_get_unmapped_area_topdown", |k| k.search_top_down(mm, wanted))
    }

    fn search_top_down(&self, mm: MmId, wanted: Wanted) -> Option<VirtAddr> {
        let Wanted { addr, len, flags, .. } = wanted;
        let size = self.task_size();
        if len > size {
            return None;
        }
        if flags.contains(MapFlags::FIXED) {
            return Some(addr);
        }
        if flags.contains(MapFlags::MAP_32BIT) {
            return self.search_bottom_up(mm, wanted);
        }
        if addr.0 != 0 && addr.0 <= size - len && stays_on_one_side(addr, len) && self.hint_is_free(mm, addr, len) {
            return Some(addr);
        }
        let lowest = if flags.contains(MapFlags::ABOVE4G) { 1 << 32 } else { 4096 };
        let low = lowest.max(self.sysctl.lowest_search_addr());
        // Who names an address above 47 bits may get one there.
        let above = if addr.0 > TASK_SIZE { size - TASK_SIZE } else { 0 };
        let high = self.mms[mm].layout.mmap_base.0 + above;
        let search = GapSearch { len, low, high, top_down: true };
        // Nothing below the base: try above it, from the bottom.
        search.run(&self.mms[mm].vmas).or_else(|| self.search_bottom_up(mm, wanted))
    }

    fn search_bottom_up(&self, mm: MmId, wanted: Wanted) -> Option<VirtAddr> {
        let Wanted { addr, len, flags, .. } = wanted;
        if flags.contains(MapFlags::FIXED) {
            return Some(addr);
        }
        let window = if flags.contains(MapFlags::MAP_32BIT) {
            0x4000_0000..0x8000_0000
        } else {
            self.mms[mm].layout.legacy_base.0..if addr.0 > TASK_SIZE { self.task_size() } else { TASK_SIZE }
        };
        if len > window.end {
            return None;
        }
        if addr.0 != 0 && addr.0 <= window.end - len && self.hint_is_free(mm, addr, len) {
            return Some(addr);
        }
        let low = window.start.max(self.sysctl.lowest_search_addr());
        GapSearch { len, low, high: window.end, top_down: false }.run(&self.mms[mm].vmas)
    }

    /// Nothing is there, and what follows is not a stack whose guard gap it would enter.
    fn hint_is_free(&self, mm: MmId, addr: VirtAddr, len: u64) -> bool {
        let vmas = &self.mms[mm].vmas;
        vmas.find(addr).is_none_or(|next| addr + len <= vmas.get(next).start_with_gap())
    }
}
