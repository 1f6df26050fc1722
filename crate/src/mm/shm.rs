//! System V shared memory (Linux `ipc/shm.c`): segments with a key, attached as shared mappings. A
//! segment is a file in memory that is held without a name.

use super::kernel::Kernel;
use super::mmap::MmapRequest;
use super::task::{Capabilities, Resource};
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::flags::{MapFlags, Prot};
use crate::fs::{OpenMode, Purpose};
use crate::ids::{FileId, InodeId, MmId, VmOpsId};
use crate::why::Why;
use bitflags::bitflags;
use std::collections::BTreeMap;

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
const SHMMNI: u64 = 4096;
/// Slots that ids run through before they repeat: at least and at most.
const MIN_CYCLE: u64 = 64;
const MAX_CYCLE: u64 = 1 << SEQUENCE_SHIFT;
/// `kernel.shmmax` of the reference kernel.
const SHMMAX: u64 = u64::MAX - (1 << 24);
/// An id is a slot and, above it, how often slots have been run through.
const SEQUENCE_SHIFT: u64 = 15;
const IPC_RMID: u64 = 0;
const IPC_SET: u64 = 1;
const IPC_STAT: u64 = 2;
const SHM_LOCK: u64 = 11;
const SHM_UNLOCK: u64 = 12;

/// A segment.
#[derive(Clone, Debug)]
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
    /// Who made it.
    pub creator: u32,
    /// Goes with its last attachment (`IPC_RMID`).
    pub doomed: bool,
    /// `SHM_LOCK`.
    pub locked: bool,
    /// The file that keeps its memory.
    pub file: FileId,
}

/// All segments.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    by_slot: BTreeMap<u64, Segment>,
    last_slot: Option<u64>,
    sequence: u64,
}

fn slot_of(id: u64) -> u64 {
    id & ((1 << SEQUENCE_SHIFT) - 1)
}

impl Segments {
    /// All, in order of slot.
    pub fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.by_slot.values()
    }

    /// Whether there is any.
    #[inline]
    pub(crate) fn has_any(&self) -> bool {
        !self.by_slot.is_empty()
    }

    fn get(&self, id: u64) -> Option<&Segment> {
        self.by_slot.get(&slot_of(id)).filter(|segment| segment.id == id)
    }

    /// The next free slot, cyclically, and the id that goes with it (Linux `ipc_idr_alloc`).
    fn next_id(&mut self) -> u64 {
        let most = (self.by_slot.len() as u64 * 3 / 2).clamp(MIN_CYCLE, MAX_CYCLE);
        let start = self.last_slot.map_or(0, |last| last + 1);
        let slot = (start..most).chain(0..MAX_CYCLE).find(|slot| !self.by_slot.contains_key(slot)).expect("there are fewer than the most");
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
            let known = k.shm.iter().find(|segment| key != 0 && segment.key == key).cloned();
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
        let room = (self.shm.by_slot.len() as u64) < SHMMNI;
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
        let uid = self.task().uid;
        let mode = (flags.bits() & 0o777) as u32;
        let segment = Segment { id, key, size, mode, uid, creator: uid, doomed: false, locked: false, file };
        self.shm.by_slot.insert(slot_of(id), segment);
        Ok(id)
    }

    /// A segment by its id.
    fn segment(&mut self, id: u64) -> SysResult<Segment> {
        let signed = id as u32 as i32;
        let found = u64::try_from(signed).ok().and_then(|id| self.shm.get(id).cloned());
        found.map_or_else(|| self.refuse(Errno::EINVAL, Why::NoSegment { id: signed.into() }), Ok)
    }

    /// Linux `ipcperms`: each permission class of `wanted` must be in the segment's mode.
    fn check_segment_mode(&mut self, segment: &Segment, wanted: u32) -> SysResult<()> {
        let task = self.task();
        let asked = (wanted >> 6 | wanted >> 3 | wanted) & 7;
        let shift = if task.uid == segment.uid || task.uid == segment.creator { 6 } else { 0 };
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

    /// Removes, locks or asks a segment (Linux `ksys_shmctl`). The second value is what `IPC_STAT` writes.
    ///
    /// # Errors
    /// EINVAL, EACCES, EPERM as `shmctl(2)`.
    pub(crate) fn do_shmctl(&mut self, id: u64, command: u64) -> SysResult<(u64, Vec<u8>)> {
        self.call("ksys_shmctl", |k| {
            let known = matches!(command, IPC_RMID | IPC_SET | IPC_STAT | SHM_LOCK | SHM_UNLOCK);
            k.require(known, Errno::EINVAL, || Why::BadArgument { index: 1, value: command })?;
            let segment = k.segment(id)?;
            match command {
                IPC_STAT => {
                    k.check_segment_mode(&segment, 0o444)?;
                    Ok((0, k.shmid_ds(&segment)))
                }
                IPC_RMID | IPC_SET => {
                    let task = k.task();
                    let owns = task.uid == segment.uid || task.uid == segment.creator || task.capable(Capabilities::SYS_ADMIN);
                    k.require(owns, Errno::EPERM, || Why::NotOwner)?;
                    if command == IPC_RMID {
                        k.shm_remove(segment.id);
                    }
                    Ok((0, Vec::new()))
                }
                _ => k.shm_lock(&segment, command == SHM_LOCK).map(|()| (0, Vec::new())),
            }
        })
    }

    fn shm_lock(&mut self, segment: &Segment, lock: bool) -> SysResult<()> {
        let task = self.task();
        if !task.capable(Capabilities::IPC_LOCK) {
            let owns = task.uid == segment.uid || task.uid == segment.creator;
            let limit = task.limit(Resource::Memlock);
            self.require(owns, Errno::EPERM, || Why::NotOwner)?;
            self.require(!lock || limit > 0, Errno::EPERM, || Why::MayNotLock)?;
        }
        if let Some(own) = self.shm.by_slot.get_mut(&slot_of(segment.id)) {
            own.locked = lock;
        }
        Ok(())
    }

    /// `struct shmid64_ds`; times are 0, since nothing here has a clock.
    fn shmid_ds(&self, segment: &Segment) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(112);
        let mode = segment.mode | u32::from(segment.doomed) << 9 | u32::from(segment.locked) << 10;
        let key = if segment.doomed { 0 } else { segment.key };
        for word in [key, segment.uid, segment.uid, segment.creator, segment.creator, mode] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&(segment.id >> SEQUENCE_SHIFT).to_le_bytes());
        bytes.resize(48, 0);
        bytes.extend_from_slice(&segment.size.to_le_bytes());
        bytes.resize(48 + 8 + 24 + 8, 0);
        let attached = self.attachments(self.fs.file(segment.file).inode);
        bytes.extend_from_slice(&attached.to_le_bytes());
        bytes.resize(112, 0);
        bytes
    }

    /// Areas that map a segment, in all address spaces (Linux `shm_nattch`).
    fn attachments(&self, inode: InodeId) -> u64 {
        let areas = self.mms.iter().flat_map(|(_, mm)| mm.vmas.iter());
        areas.filter(|(_, vma)| vma.file.is_some_and(|file| self.fs.file(file).inode == inode)).count() as u64
    }

    /// Removes a segment now, or with its last attachment.
    fn shm_remove(&mut self, id: u64) {
        let Some(segment) = self.shm.by_slot.get_mut(&slot_of(id)) else { return };
        (segment.doomed, segment.key) = (true, 0);
        let file = segment.file;
        self.shm_destroy_if_unused(self.fs.file(file).inode);
    }

    /// Linux `shm_may_destroy`: removed, and nobody has it attached.
    pub(crate) fn shm_destroy_if_unused(&mut self, inode: InodeId) {
        let Some(node) = self.fs.try_inode(inode).filter(|inode| inode.opens <= 1) else { return };
        let Purpose::Segment { id } = node.purpose else { return };
        if self.shm.get(id).is_some_and(|segment| segment.doomed)
            && let Some(segment) = self.shm.by_slot.remove(&slot_of(id))
        {
            self.fput(segment.file);
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
