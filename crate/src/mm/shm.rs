//! System V shared memory (Linux `ipc/shm.c`): segments with a key, attached as shared mappings. A
//! segment is a file in memory that is held without a name. What is asked and changed of them: `shmctl.rs`.

use super::kernel::Kernel;
use super::mmap::MmapRequest;
use super::task::Capabilities;
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::flags::{MapFlags, Prot};
use crate::fs::{OpenMode, Purpose};
use crate::ids::{FileId, InodeId, MmId, VmOpsId};
use crate::why::Why;
use bitflags::bitflags;

bitflags! {
    /// Flags of `shmget(2)` and `shmat(2)` (the two do not overlap in use).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct ShmFlags: u64 {
        /// `IPC_CREAT`.
        const CREAT = 0o1000;
        /// `IPC_EXCL`.
        const EXCL = 0o2000;
        /// `SHM_HUGETLB`.
        const HUGETLB = 0o4000;
        /// `SHM_NORESERVE` of shmget.
        const NORESERVE = 0o10000;
        /// `SHM_RDONLY` of shmat.
        const RDONLY = 0o10000;
        /// `SHM_RND`: the address may be rounded down.
        const RND = 0o20000;
        /// `SHM_REMAP`: what is there is replaced.
        const REMAP = 0o40000;
        /// `SHM_EXEC`.
        const EXEC = 0o100000;
        const _ = !0;
    }
}

/// Segments at most.
pub(super) const SHMMNI: u64 = 4096;
/// Slots that ids run through before they repeat: at least and at most.
const MIN_CYCLE: u64 = 64;
const MAX_CYCLE: u64 = 1 << SEQUENCE_SHIFT;
/// `kernel.shmmax` of the reference kernel.
pub(super) const SHMMAX: u64 = u64::MAX - (1 << 24);
/// An id is a slot and, above it, how often slots have been run through.
pub(super) const SEQUENCE_SHIFT: u64 = 15;

/// A segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Its number.
    pub id: u64,
    /// Its key; 0 is private.
    pub key: u32,
    /// Bytes, as asked for.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// Who made it.
    pub cuid: u32,
    /// The group of who made it.
    pub cgid: u32,
    /// The process that made it.
    pub cpid: u32,
    /// The process that attached or detached it last, 0 if none did.
    pub lpid: u32,
    /// Goes with its last attachment (`IPC_RMID`).
    pub doomed: bool,
    /// The user who locked it (`SHM_LOCK`).
    pub locked_by: Option<u32>,
    /// The file that keeps its memory.
    pub file: FileId,
}

impl Segment {
    /// Its mode as it is told, with `SHM_DEST` and `SHM_LOCKED`.
    pub(crate) fn told_mode(&self) -> u32 {
        self.mode | u32::from(self.doomed) << 9 | u32::from(self.locked_by.is_some()) << 10
    }

    /// Pages of memory that it promises.
    pub(crate) fn pages(&self) -> u64 {
        page_align(self.size) >> PAGE_SHIFT
    }
}

/// All segments.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    /// By slot; the last one is in use.
    by_slot: Vec<Option<Segment>>,
    last_slot: Option<u64>,
    sequence: u64,
}

fn slot_of(id: u64) -> u64 {
    id & ((1 << SEQUENCE_SHIFT) - 1)
}

impl Segments {
    /// All, in order of slot.
    pub fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.by_slot.iter().flatten()
    }

    /// Whether there is any.
    #[inline]
    pub(crate) fn has_any(&self) -> bool {
        !self.by_slot.is_empty()
    }

    fn count(&self) -> u64 {
        self.iter().count() as u64
    }

    /// The highest slot in use, 0 if none is (Linux `ipc_get_maxidx`).
    pub(super) fn highest_slot(&self) -> u64 {
        self.by_slot.len().saturating_sub(1) as u64
    }

    /// The segment in the slot of an id, whose id may be another.
    pub(super) fn in_slot_of(&mut self, id: u64) -> Option<&mut Segment> {
        self.by_slot.get_mut(slot_of(id) as usize)?.as_mut()
    }

    fn is_free(&self, slot: u64) -> bool {
        self.by_slot.get(slot as usize).is_none_or(Option::is_none)
    }

    fn insert(&mut self, segment: Segment) {
        let slot = slot_of(segment.id) as usize;
        self.by_slot.resize(self.by_slot.len().max(slot + 1), None);
        self.by_slot[slot] = Some(segment);
    }

    fn remove(&mut self, id: u64) {
        self.by_slot[slot_of(id) as usize] = None;
        while let Some(None) = self.by_slot.last() {
            self.by_slot.pop();
        }
    }

    /// The next free slot, cyclically, and the id that goes with it (Linux `ipc_idr_alloc`).
    fn next_id(&mut self) -> u64 {
        let most = (self.count() * 3 / 2).clamp(MIN_CYCLE, MAX_CYCLE);
        let start = self.last_slot.map_or(0, |last| last + 1);
        let slot = (start..most).chain(0..MAX_CYCLE).find(|slot| self.is_free(*slot)).expect("there are fewer than the most");
        if self.last_slot.is_some_and(|last| slot <= last) {
            self.sequence += 1;
        }
        self.last_slot = Some(slot);
        self.sequence << SEQUENCE_SHIFT | slot
    }
}

impl Kernel {
    /// Finds or makes a segment: its id (Linux `ksys_shmget`).
    ///
    /// # Errors
    /// EINVAL (size), ENOENT, EEXIST, EACCES, ENOSPC, ENOMEM as `shmget(2)`.
    pub(crate) fn do_shmget(&mut self, key: u64, size: u64, flags: u64) -> SysResult {
        let (key, flags) = (key as u32, ShmFlags::from_bits_retain(flags & 0xffff_ffff));
        self.call("ksys_shmget", |k| {
            let known = k.shm.iter().find(|segment| key != 0 && segment.key == key).copied();
            match known {
                Some(_) if flags.contains(ShmFlags::CREAT | ShmFlags::EXCL) => k.refuse(Errno::EEXIST, Why::FileExists),
                Some(segment) => {
                    k.require(size <= segment.size, Errno::EINVAL, || Why::BadSize { size })?;
                    k.check_segment_mode(&segment, flags.bits() as u32)?;
                    Ok(segment.id)
                }
                None if key != 0 && !flags.contains(ShmFlags::CREAT) => k.refuse(Errno::ENOENT, Why::NoSegment { id: key.into() }),
                None => k.newseg(key, size, flags),
            }
        })
    }

    /// Linux `newseg`.
    fn newseg(&mut self, key: u32, size: u64, flags: ShmFlags) -> SysResult {
        self.require((1..=SHMMAX).contains(&size), Errno::EINVAL, || Why::BadSize { size })?;
        self.require(page_align(size) >= size, Errno::ENOSPC, || Why::BadSize { size })?;
        let room = self.shm.count() < SHMMNI;
        if flags.contains(ShmFlags::HUGETLB) {
            return self.refuse(Errno::ENOMEM, Why::HugePoolEmpty);
        }
        let reserve = !flags.contains(ShmFlags::NORESERVE) || self.sysctl.overcommit_memory == 2;
        let mm = self.current_mm();
        self.require(size <= i64::MAX as u64, Errno::EINVAL, || Why::BadSize { size })?;
        let file = self.shmem_kernel_file_setup(mm, &format!("/SYSV{key:08x}"), size, reserve)?;
        if !room {
            self.fput(file);
            return self.refuse(Errno::ENOSPC, Why::BadSize { size });
        }
        let id = self.shm.next_id();
        let inode = self.fs.file(file).inode;
        // The inode number is the segment's id.
        let node = self.fs.inode_mut(inode);
        (node.ino, node.purpose) = (id, Purpose::Segment { id });
        let (uid, gid, cpid) = (self.task().uid, self.task().gid(), self.task().tgid);
        let mode = (flags.bits() & 0o777) as u32;
        let (cuid, cgid) = (uid, gid);
        let segment = Segment { id, key, size, mode, uid, gid, cuid, cgid, cpid, lpid: 0, doomed: false, locked_by: None, file };
        self.shm.insert(segment);
        Ok(id)
    }

    /// A segment by its id.
    pub(super) fn segment(&mut self, id: u64) -> SysResult<Segment> {
        let signed = id as u32 as i32;
        let found = u64::try_from(signed).ok().and_then(|id| self.shm.in_slot_of(id).filter(|segment| segment.id == id).copied());
        found.map_or_else(|| self.refuse(Errno::EINVAL, Why::NoSegment { id: signed.into() }), Ok)
    }

    /// Linux `ipcperms`: each permission class of `wanted` must be in the segment's mode.
    pub(super) fn check_segment_mode(&mut self, segment: &Segment, wanted: u32) -> SysResult<()> {
        let task = self.task();
        let asked = (wanted >> 6 | wanted >> 3 | wanted) & 7;
        let shift = match task.gid() {
            _ if [segment.uid, segment.cuid].contains(&task.uid) => 6,
            gid if gid == segment.gid || gid == segment.cgid => 3,
            _ => 0,
        };
        let granted = segment.mode >> shift & 7;
        let may = asked & !granted == 0 || task.capable(Capabilities::IPC_OWNER);
        self.require(may, Errno::EACCES, || Why::ModeForbids)
    }

    /// Attaches a segment: its address (Linux `do_shmat`).
    ///
    /// # Errors
    /// EINVAL, EACCES, and those of `mmap(2)`.
    pub(crate) fn do_shmat(&mut self, mm: MmId, id: u64, addr: VirtAddr, flags: u64) -> SysResult {
        let flags = ShmFlags::from_bits_retain(flags & 0xffff_ffff);
        self.call("do_shmat", |k| {
            let negative = (id as u32 as i32) < 0;
            k.require(!negative, Errno::EINVAL, || Why::NoSegment { id: i64::from(id as u32 as i32) })?;
            let addr = k.attach_address(addr, flags)?;
            let segment = k.segment(id)?;
            let (prot, acc) = attach_access(flags);
            k.check_segment_mode(&segment, acc)?;
            let len = k.fs.inode_of(segment.file).size;
            if addr.0 != 0 && !flags.contains(ShmFlags::REMAP) {
                let end = addr.0.checked_add(len);
                let free = end.is_some_and(|end| k.mms[mm].vmas.first_overlap(VirtRange::new(addr.0, end)).is_none());
                k.require(free, Errno::EINVAL, || Why::Occupied { at: addr })?;
            }
            let inode = k.fs.file(segment.file).inode;
            // Each attachment has an open file of its own: two never merge.
            let mode = OpenMode { read: true, write: !flags.contains(ShmFlags::RDONLY) };
            let path = k.fs.file(segment.file).path.clone();
            let file = k.fs.open(inode, &path, mode);
            let fixed = if addr.0 == 0 { MapFlags::empty() } else { MapFlags::FIXED };
            let request = MmapRequest { file: Some(file), addr, len, prot, flags: MapFlags::SHARED | fixed, pgoff: 0 };
            let mapped = k.do_mmap(mm, request);
            k.fput(file);
            let addr = mapped?;
            k.populate_mapping(mm, addr, &request);
            Ok(addr.0)
        })
    }

    /// The address as given, rounded down if SHM_RND allows it; 0 is "anywhere".
    fn attach_address(&mut self, addr: VirtAddr, flags: ShmFlags) -> SysResult<VirtAddr> {
        let remap = flags.contains(ShmFlags::REMAP);
        if addr.0 == 0 {
            self.require(!remap, Errno::EINVAL, || Why::BadArgument { index: 1, value: 0 })?;
            return Ok(addr);
        }
        if addr.is_page_aligned() {
            return Ok(addr);
        }
        self.require(flags.contains(ShmFlags::RND), Errno::EINVAL, || Why::AddrUnaligned { addr })?;
        let rounded = addr.page_floor();
        self.require(rounded.0 != 0 || !remap, Errno::EINVAL, || Why::BadArgument { index: 1, value: 0 })?;
        Ok(rounded)
    }

    /// Detaches the segment that is attached at an address, all its pieces (Linux `ksys_shmdt`).
    ///
    /// # Errors
    /// EINVAL if none is.
    pub(crate) fn do_shmdt(&mut self, mm: MmId, addr: VirtAddr) -> SysResult {
        self.call("ksys_shmdt", |k| {
            k.require(addr.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr })?;
            let Some((file, size)) = k.first_attachment(mm, addr) else {
                return k.refuse(Errno::EINVAL, Why::NothingAttached { at: addr });
            };
            let end = addr + page_align(size);
            // The first goes whole, however long it was made; what follows must end within the segment's size.
            let all = VirtRange { start: addr, end: VirtAddr(k.task_size()) };
            let mut pieces: Vec<VirtRange> = Vec::new();
            for vma in k.mms[mm].vmas.overlapping(all).map(|id| k.mms[mm].vmas.get(id)) {
                let is_first = pieces.is_empty();
                if !is_first && vma.range.end > end {
                    break;
                }
                if vma.file == Some(file) && starts_at(vma.range.start, vma.pgoff, addr) {
                    pieces.push(vma.range);
                }
            }
            for range in pieces {
                // A sealed piece stays; nobody is told.
                let _ = k.do_munmap(mm, range.start, range.len());
            }
            Ok(0)
        })
    }

    /// The first area above `addr` that belongs to an attachment that started there.
    fn first_attachment(&self, mm: MmId, addr: VirtAddr) -> Option<(FileId, u64)> {
        let all = VirtRange { start: addr, end: VirtAddr(self.task_size()) };
        if all.start >= all.end {
            return None;
        }
        let mut areas = self.mms[mm].vmas.overlapping(all).map(|id| self.mms[mm].vmas.get(id));
        let found = areas.find(|vma| vma.ops == Some(VmOpsId::Shm) && starts_at(vma.range.start, vma.pgoff, addr))?;
        let file = found.file?;
        Some((file, self.fs.inode_of(file).size))
    }

    /// Areas that map a segment, in all address spaces (Linux `shm_nattch`).
    pub(crate) fn attachments(&self, segment: &Segment) -> u64 {
        self.i_mmap.areas(self.fs.file(segment.file).inode).count() as u64
    }

    /// Notes that the running process attached an area of a segment, or detached one (Linux `__shm_open`, `__shm_close`).
    #[cold]
    #[inline(never)]
    pub(crate) fn shm_update_pid(&mut self, inode: InodeId) {
        let Purpose::Segment { id } = self.fs.inode(inode).purpose else { return };
        if let (Some(segment), Some(task)) = (self.shm.in_slot_of(id), self.tasks.get(self.current)) {
            segment.lpid = task.tgid;
        }
    }

    /// Removes a segment now, or with its last attachment.
    pub(super) fn shm_remove(&mut self, id: u64) {
        let Some(segment) = self.shm.in_slot_of(id) else { return };
        (segment.doomed, segment.key) = (true, 0);
        let file = segment.file;
        self.shm_destroy_if_unused(self.fs.file(file).inode);
    }

    /// Linux `shm_may_destroy`: removed, and nobody has it attached.
    pub(crate) fn shm_destroy_if_unused(&mut self, inode: InodeId) {
        let Some(node) = self.fs.try_inode(inode).filter(|inode| inode.opens <= 1) else { return };
        let Purpose::Segment { id } = node.purpose else { return };
        if let Some(Segment { file, .. }) = self.shm.in_slot_of(id).filter(|segment| segment.id == id && segment.doomed).copied() {
            self.shm.remove(id);
            self.fput(file);
        }
    }
}

/// Protection of an attachment, and the permission classes it needs.
fn attach_access(flags: ShmFlags) -> (Prot, u32) {
    let (mut prot, mut access) = match flags.contains(ShmFlags::RDONLY) {
        true => (Prot::READ, 0o444),
        false => (Prot::READ | Prot::WRITE, 0o666),
    };
    if flags.contains(ShmFlags::EXEC) {
        prot |= Prot::EXEC;
        access |= 0o111;
    }
    (prot, access)
}

/// Whether a piece that starts at `start` and shows page `pgoff` belongs to an attachment at `addr`.
fn starts_at(start: VirtAddr, pgoff: u64, addr: VirtAddr) -> bool {
    start >= addr && (start - addr) / PAGE_SIZE == pgoff && pgoff < 1 << (64 - PAGE_SHIFT)
}
