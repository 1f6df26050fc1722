//! `mmap(2)` above the region: arguments, rights and types (Linux `mm/util.c:vm_mmap_pgoff`,
//! `mm/mmap.c:do_mmap`). The checks come in the kernel's order; the first that fails decides.

use super::file_operations::file_operations;
use super::get_unmapped_area::is_error_value;
use super::kernel::Kernel;
use super::task::Personality;
use crate::addr::{PAGE_SHIFT, PMD_SIZE, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::flags::{MAP_DROPPABLE, MAP_SHARED_VALIDATE, MapFlags, Prot, VmFlags};
use crate::fs::{Inode, InodeKind, OpenMode, Seals};
use crate::ids::{FileId, MmId};
use crate::why::Why;

/// The arguments of `mmap(2)` with the descriptor already looked up.
#[derive(Clone, Copy, Debug)]
pub struct MmapRequest {
    /// The file; `None` for anonymous memory.
    pub file: Option<FileId>,
    /// Address or hint.
    pub addr: VirtAddr,
    /// Length in bytes.
    pub len: u64,
    /// Access wanted.
    pub prot: Prot,
    /// Everything else.
    pub flags: MapFlags,
    /// Offset in the file, in pages.
    pub pgoff: u64,
}

/// Flags that MAP_SHARED has always understood; the others it ignores and MAP_SHARED_VALIDATE refuses.
const LEGACY_FLAGS: u64 = {
    let named = MapFlags::SHARED
        .union(MapFlags::PRIVATE)
        .union(MapFlags::FIXED)
        .union(MapFlags::ANONYMOUS)
        .union(MapFlags::DENYWRITE)
        .union(MapFlags::EXECUTABLE)
        .union(MapFlags::UNINITIALIZED)
        .union(MapFlags::GROWSDOWN)
        .union(MapFlags::LOCKED)
        .union(MapFlags::NORESERVE)
        .union(MapFlags::POPULATE)
        .union(MapFlags::NONBLOCK)
        .union(MapFlags::STACK)
        .union(MapFlags::HUGETLB)
        .union(MapFlags::MAP_32BIT)
        .union(MapFlags::ABOVE4G);
    // MAP_HUGE_2MB | MAP_HUGE_1GB
    named.bits() | 21 << 26 | 30 << 26
};

impl Kernel {
    /// Maps, then makes pages present where asked to (Linux `vm_mmap_pgoff`): the address.
    ///
    /// # Errors
    /// As `mmap(2)`, in the order of `do_mmap`.
    pub(crate) fn vm_mmap_pgoff(&mut self, request: MmapRequest) -> SysResult {
        self.call("vm_mmap_pgoff", |k| {
            let mm = k.current_mm();
            let addr = k.do_mmap_pgoff(mm, request)?;
            k.populate_mapping(mm, addr, &request);
            Ok(addr.0)
        })
    }

    /// Makes the pages of a new mapping present if it is locked or was asked to have them (what Linux `do_mmap`
    /// answers in `populate`, and its callers then do). Pages that cannot be had now fault later.
    pub(crate) fn populate_mapping(&mut self, mm: MmId, addr: VirtAddr, request: &MmapRequest) {
        let locked = self.mms[mm].def_flags.contains(VmFlags::LOCKED) || request.flags.contains(MapFlags::LOCKED);
        let asked = request.flags & (MapFlags::POPULATE | MapFlags::NONBLOCK) == MapFlags::POPULATE;
        if (locked || asked) && !is_error_value(addr) {
            let _ = self.mm_populate(mm, VirtRange::from_len(addr, page_align(request.len)), true);
        }
    }

    /// The name that `do_mmap`'s callers knew until Linux 5.9 folded the two; the call tree keeps both.
    ///
    /// # Errors
    /// As `mmap(2)`.
    #[inline]
    pub(crate) fn do_mmap_pgoff(&mut self, mm: MmId, request: MmapRequest) -> SysResult<VirtAddr> {
        self.call("do_mmap_pgoff", |k| k.do_mmap(mm, request))
    }

    /// Linux `do_mmap`: checks, place, flags, region.
    ///
    /// # Errors
    /// As `mmap(2)`.
    pub(crate) fn do_mmap(&mut self, mm: MmId, request: MmapRequest) -> SysResult<VirtAddr> {
        self.call("do_mmap", |k| k.do_mmap_checked(mm, request))
    }

    fn do_mmap_checked(&mut self, mm: MmId, mut request: MmapRequest) -> SysResult<VirtAddr> {
        self.require(request.len != 0, Errno::EINVAL, || Why::ZeroLength)?;
        if request.prot.contains(Prot::READ) && self.task().personality.contains(Personality::READ_IMPLIES_EXEC) {
            let noexec = request.file.is_some_and(|file| file_operations(self.fs.inode_of(file).kind).is_noexec());
            request.prot |= if noexec { Prot::empty() } else { Prot::EXEC };
        }
        if request.flags.contains(MapFlags::FIXED_NOREPLACE) {
            request.flags |= MapFlags::FIXED;
        }
        if !request.flags.contains(MapFlags::FIXED) {
            request.addr = self.round_hint_to_min(request.addr);
        }
        let len = page_align(request.len);
        self.require(len != 0, Errno::ENOMEM, || Why::LengthOverflow { len: request.len })?;
        request.len = len;
        let pages = len >> PAGE_SHIFT;
        let no_wrap = request.pgoff.checked_add(pages).is_some();
        self.require(no_wrap, Errno::EOVERFLOW, || Why::OffsetOverflow { pgoff: request.pgoff, pages })?;
        let (count, limit) = (self.mms[mm].vmas.len() as u64, self.sysctl.max_map_count);
        self.require(count <= limit, Errno::ENOMEM, || Why::MapCount { count, limit })?;

        let mut flags = self.initial_vm_flags(mm, &request);
        if request.prot == Prot::EXEC {
            flags = flags.with_pkey(self.execute_only_pkey(mm));
        }
        request.addr = self.get_unmapped_area(mm, &request)?;
        if is_error_value(request.addr) {
            return Ok(request.addr);
        }
        let range = VirtRange::from_len(request.addr, len);
        if request.flags.contains(MapFlags::FIXED_NOREPLACE)
            && let Some(id) = self.mms[mm].vmas.first_overlap(range)
        {
            let at = self.mms[mm].vmas.get(id).range.start;
            return self.refuse(Errno::EEXIST, Why::Occupied { at });
        }
        if request.flags.contains(MapFlags::LOCKED) {
            let may = self.can_do_mlock();
            self.require(may, Errno::EPERM, || Why::MayNotLock)?;
        }
        if let Err(why) = self.mlock_future_ok(mm, flags, len) {
            return self.refuse(Errno::EAGAIN, why);
        }
        match request.file {
            Some(file) => self.check_file_mapping(file, &request, &mut flags)?,
            None => self.check_anonymous_mapping(&mut request, &mut flags)?,
        }
        if request.flags.contains(MapFlags::NORESERVE) && self.sysctl.overcommit_memory != 2 {
            flags |= VmFlags::NORESERVE;
        }
        self.mmap_region(mm, request.file, range, flags, request.pgoff)
    }

    /// Rounds a hint down to its page and up to the lowest address searches use.
    pub(crate) fn round_hint_to_min(&self, hint: VirtAddr) -> VirtAddr {
        let hint = hint.page_floor();
        let lowest = self.sysctl.lowest_search_addr();
        if hint.0 != 0 && hint.0 < lowest { VirtAddr(lowest) } else { hint }
    }

    /// Access bits, flag bits, the process's defaults, and that everything may be allowed later.
    fn initial_vm_flags(&self, mm: MmId, request: &MmapRequest) -> VmFlags {
        let translate = [
            (MapFlags::GROWSDOWN, VmFlags::GROWSDOWN),
            (MapFlags::LOCKED, VmFlags::LOCKED),
            (MapFlags::SYNC, VmFlags::SYNC),
            (MapFlags::STACK, VmFlags::NOHUGEPAGE),
        ];
        let mut flags = VmFlags::from_prot(request.prot) | self.mms[mm].def_flags;
        flags |= VmFlags::MAYREAD | VmFlags::MAYWRITE | VmFlags::MAYEXEC;
        for (from, to) in translate {
            if request.flags.contains(from) {
                flags |= to;
            }
        }
        flags
    }

    /// The checks of a file mapping; sets the sharing bits of `flags`.
    fn check_file_mapping(&mut self, file: FileId, request: &MmapRequest, flags: &mut VmFlags) -> SysResult<()> {
        let open = self.fs.file(file);
        let (readable, writable, kind) = (open.readable, open.writable, self.fs.inode_of(file).kind);
        let operations = file_operations(kind);
        let pages = request.len >> PAGE_SHIFT;
        let fits = request.len <= operations.max_bytes() && request.pgoff <= (operations.max_bytes() - request.len) >> PAGE_SHIFT;
        self.require(fits, Errno::EOVERFLOW, || Why::OffsetOverflow { pgoff: request.pgoff, pages })?;
        let map_type = request.flags.map_type();
        match map_type {
            1 | MAP_SHARED_VALIDATE => {
                let sync = if operations.supports_sync_flag() { MapFlags::SYNC.bits() } else { 0 };
                let unknown = request.flags.bits() & !(LEGACY_FLAGS | sync);
                if map_type == MAP_SHARED_VALIDATE {
                    self.require(unknown == 0, Errno::EOPNOTSUPP, || Why::FlagsNotSupported { flags: unknown })?;
                }
                let may_write = writable || !request.prot.contains(Prot::WRITE);
                self.require(may_write, Errno::EACCES, || Why::FileNotWritable)?;
                *flags |= VmFlags::SHARED | VmFlags::MAYSHARE;
                if !writable {
                    *flags -= VmFlags::MAYWRITE | VmFlags::SHARED;
                }
            }
            2 => {}
            kind => return self.refuse(Errno::EINVAL, Why::BadMapType { kind }),
        }
        self.require(readable, Errno::EACCES, || Why::FileNotReadable)?;
        if operations.is_noexec() {
            self.require(!request.prot.contains(Prot::EXEC), Errno::EPERM, || Why::NoExec)?;
            *flags -= VmFlags::MAYEXEC;
        }
        self.require(operations.can_mmap(), Errno::ENODEV, || Why::NoMmapMethod)?;
        let grows = flags.contains(VmFlags::GROWSDOWN);
        self.require(!grows, Errno::EINVAL, || Why::GrowsDownNotAnon)?;
        self.check_write_seals(file, flags)
    }

    /// Linux `memfd_check_seals_mmap`: a sealed file takes no shared writable mapping, and a shared
    /// read-only one can never become writable.
    fn check_write_seals(&mut self, file: FileId, flags: &mut VmFlags) -> SysResult<()> {
        let inode = self.fs.inode_of(file);
        let sealed =
            inode.kind == InodeKind::Shmem && inode.seals.is_some_and(|seals| seals.intersects(Seals::WRITE | Seals::FUTURE_WRITE));
        if sealed && flags.contains(VmFlags::SHARED) {
            self.require(!flags.contains(VmFlags::WRITE), Errno::EPERM, || Why::SealedFile)?;
            *flags -= VmFlags::MAYWRITE;
        }
        Ok(())
    }

    /// The checks of an anonymous mapping; sets the sharing bits of `flags` and the page offset.
    fn check_anonymous_mapping(&mut self, request: &mut MmapRequest, flags: &mut VmFlags) -> SysResult<()> {
        let grows = flags.contains(VmFlags::GROWSDOWN);
        match request.flags.map_type() {
            1 => {
                self.require(!grows, Errno::EINVAL, || Why::GrowsDownNotAnon)?;
                request.pgoff = 0;
                *flags |= VmFlags::SHARED | VmFlags::MAYSHARE;
                return Ok(());
            }
            2 => {}
            MAP_DROPPABLE => {
                let clash = grows || request.flags.intersects(MapFlags::LOCKED | MapFlags::HUGETLB);
                self.require(!clash, Errno::EINVAL, || Why::DroppableCombination)?;
                *flags |= VmFlags::DROPPABLE | VmFlags::NORESERVE | VmFlags::WIPEONFORK | VmFlags::DONTDUMP;
            }
            kind => return self.refuse(Errno::EINVAL, Why::BadMapType { kind }),
        }
        request.pgoff = request.addr.page_number();
        Ok(())
    }

    /// Linux `ksys_mmap_pgoff` after the descriptor: huge pages are configured but the pool is empty, so that whatever
    /// else is wrong is told first. Anonymous memory gets a file of huge pages (Linux `hugetlb_file_setup`).
    fn prepare_hugetlb(&mut self, request: &mut MmapRequest) -> SysResult<Option<FileId>> {
        let in_huge_pages = request.file.is_some_and(|file| self.fs.inode_of(file).kind == InodeKind::Hugetlb);
        let asked = request.flags.contains(MapFlags::HUGETLB);
        let fits = in_huge_pages || !asked || request.file.is_none();
        self.require(fits, Errno::EINVAL, || Why::NotConfigured)?;
        if in_huge_pages {
            request.len = request.len.checked_next_multiple_of(PMD_SIZE).unwrap_or(0);
        }
        if in_huge_pages || !asked {
            return Ok(None);
        }
        let log_size = request.flags.bits() >> 26 & 0x3f;
        let known = matches!(log_size, 0 | 21 | 30);
        self.require(known, Errno::EINVAL, || Why::UnknownFlags { flags: log_size << 26 })?;
        let unit = if log_size == 0 { PMD_SIZE } else { 1 << log_size };
        request.len = request.len.checked_next_multiple_of(unit).unwrap_or(0);
        let inode = self.fs.add_inode(Inode::new(InodeKind::Hugetlb));
        request.file = Some(self.fs.open(inode, "/anon_hugepage (deleted)", OpenMode { read: true, write: true }));
        Ok(request.file)
    }

    /// Linux `ksys_mmap_pgoff`, with the descriptor looked up.
    ///
    /// # Errors
    /// As `mmap(2)`.
    pub(crate) fn mmap_file(&mut self, mut request: MmapRequest) -> SysResult {
        let anonymous = self.prepare_hugetlb(&mut request)?;
        let result = self.vm_mmap_pgoff(request);
        if let Some(file) = anonymous {
            self.fput(file);
        }
        result
    }
}
