//! `shmctl(2)`: what is asked and changed of SysV segments (Linux `ipc/shm.c`, `ipc/util.c`).

use super::kernel::Kernel;
use super::shm::{SEQUENCE_SHIFT, SHMMAX, SHMMNI, Segment};
use super::task::{Capabilities, Resource};
use crate::addr::PAGE_SHIFT;
use crate::errno::{Errno, SysResult};
use crate::why::Why;

const IPC_RMID: u64 = 0;
const IPC_SET: u64 = 1;
const IPC_STAT: u64 = 2;
const IPC_INFO: u64 = 3;
const SHM_LOCK: u64 = 11;
const SHM_UNLOCK: u64 = 12;
const SHM_STAT: u64 = 13;
const SHM_INFO: u64 = 14;
const SHM_STAT_ANY: u64 = 15;
/// Eight-byte words of `struct shminfo64` and of `struct shm_info`.
const SHMINFO_WORDS: usize = 9;
const SHM_INFO_WORDS: usize = 6;
/// No user and no group has this number.
const INVALID_ID: u32 = u32::MAX;

/// `struct shmid64_ds` in words of eight bytes, the largest structure that a command reads or writes.
pub type ShmidDs = [u64; 14];

/// Two fields of four bytes in one word.
fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

impl Kernel {
    /// Whether a command reads the caller's structure before anything else is looked at.
    pub(crate) fn shmctl_reads(id: u64, command: u64) -> bool {
        id as u32 as i32 >= 0 && command == IPC_SET
    }

    /// Asks about segments or changes one (Linux `ksys_shmctl`). `ds` holds what the caller gave, and then what the call
    /// writes: the result comes with how many words of it.
    ///
    /// # Errors
    /// EINVAL, EACCES, EPERM, ENOMEM as `shmctl(2)`.
    pub(crate) fn do_shmctl(&mut self, id: u64, command: u64, ds: &mut ShmidDs) -> SysResult<(u64, usize)> {
        self.call("ksys_shmctl", |k| {
            let signed = id as u32 as i32;
            k.require(signed >= 0, Errno::EINVAL, || Why::NoSegment { id: signed.into() })?;
            let id = signed as u64;
            match command {
                IPC_INFO => Ok((k.shm.highest_slot(), shmctl_ipc_info(ds))),
                SHM_INFO => Ok((k.shm.highest_slot(), k.shmctl_shm_info(ds))),
                IPC_STAT | SHM_STAT | SHM_STAT_ANY => k.shmctl_stat(id, command, ds),
                IPC_RMID | IPC_SET => k.shmctl_down(id, command, ds).map(|()| (0, 0)),
                SHM_LOCK | SHM_UNLOCK => k.shmctl_do_lock(id, command == SHM_LOCK).map(|()| (0, 0)),
                _ => k.refuse(Errno::EINVAL, Why::BadArgument { index: 1, value: command }),
            }
        })
    }

    /// `struct shm_info`: what segments use.
    fn shmctl_shm_info(&self, info: &mut ShmidDs) -> usize {
        for segment in self.shm.iter() {
            info[0] += 1;
            info[1] += segment.pages();
            info[2] += self.fs.inode_of(segment.file).cached_pages();
        }
        SHM_INFO_WORDS
    }

    /// `IPC_STAT` by number; `SHM_STAT` and `SHM_STAT_ANY` by slot, and their result is the number.
    fn shmctl_stat(&mut self, id: u64, command: u64, ds: &mut ShmidDs) -> SysResult<(u64, usize)> {
        let found = self.shm.in_slot_of(id).filter(|segment| command != IPC_STAT || segment.id == id);
        let Some(segment) = found.copied() else {
            return self.refuse(Errno::EINVAL, Why::NoSegment { id: id as i64 });
        };
        if command != SHM_STAT_ANY {
            self.check_segment_mode(&segment, 0o444)?;
        }
        // Times are 0, since nothing here has a clock.
        ds[0] = pair(segment.key, segment.uid);
        ds[1] = pair(segment.gid, segment.cuid);
        ds[2] = pair(segment.cgid, segment.told_mode());
        ds[3] = segment.id >> SEQUENCE_SHIFT;
        ds[6] = segment.size;
        ds[10] = pair(segment.cpid, segment.lpid);
        ds[11] = self.attachments(&segment);
        Ok((if command == IPC_STAT { 0 } else { segment.id }, ds.len()))
    }

    /// What only the owner, the creator and CAP_SYS_ADMIN may: remove it, or give it another owner and mode.
    fn shmctl_down(&mut self, id: u64, command: u64, ds: &ShmidDs) -> SysResult<()> {
        let segment = self.segment(id)?;
        let may = self.owns_segment(&segment) || self.task().capable(Capabilities::SYS_ADMIN);
        self.require(may, Errno::EPERM, || Why::NotOwner)?;
        if command == IPC_RMID {
            self.shm_remove(id);
            return Ok(());
        }
        let (uid, gid, mode) = ((ds[0] >> 32) as u32, ds[1] as u32, (ds[2] >> 32) as u32);
        let valid = uid != INVALID_ID && gid != INVALID_ID;
        self.require(valid, Errno::EINVAL, || Why::BadArgument { index: 2, value: INVALID_ID.into() })?;
        if let Some(segment) = self.shm.in_slot_of(id) {
            (segment.uid, segment.gid, segment.mode) = (uid, gid, mode & 0o777);
        }
        Ok(())
    }

    fn owns_segment(&self, segment: &Segment) -> bool {
        [segment.uid, segment.cuid].contains(&self.task().uid)
    }

    /// Who locks a segment pays for it, up to RLIMIT_MEMLOCK for all of a user's (Linux `user_shm_lock`).
    fn shmctl_do_lock(&mut self, id: u64, lock: bool) -> SysResult<()> {
        let segment = self.segment(id)?;
        let (uid, limit) = (self.task().uid, self.task().limit(Resource::Memlock));
        if !self.task().capable(Capabilities::IPC_LOCK) {
            let owns = self.owns_segment(&segment);
            self.require(owns, Errno::EPERM, || Why::NotOwner)?;
            self.require(!lock || limit > 0, Errno::EPERM, || Why::MayNotLock)?;
            let others = self.shm.iter().filter(|other| other.locked_by == Some(uid));
            let (locked, limit) = (others.map(Segment::pages).sum::<u64>() + segment.pages(), limit >> PAGE_SHIFT);
            let fits = !lock || segment.locked_by.is_some() || locked <= limit;
            self.require(fits, Errno::ENOMEM, || Why::MemlockLimit { locked, limit })?;
        }
        if let Some(segment) = self.shm.in_slot_of(id) {
            segment.locked_by = if lock { segment.locked_by.or(Some(uid)) } else { None };
        }
        Ok(())
    }
}

/// `struct shminfo64`: the limits.
fn shmctl_ipc_info(info: &mut ShmidDs) -> usize {
    info[..5].copy_from_slice(&[SHMMAX, 1, SHMMNI, SHMMNI, SHMMAX]);
    SHMINFO_WORDS
}
