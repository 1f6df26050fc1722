//! What a file is (Linux `fs/stat.c`). Times are 0, since nothing here has a clock.

use super::file_calls::OnFile;
use super::{Arg, Machine};
use crate::addr::{PAGE_SIZE, PMD_SIZE};
use crate::errno::{Errno, SysResult};
use crate::fs::{Inode, InodeKind};
use crate::ids::InodeId;
use crate::why::Why;

const AT_SYMLINK_NOFOLLOW: u64 = 0x100;
const AT_NO_AUTOMOUNT: u64 = 0x800;
const AT_EMPTY_PATH: u64 = 0x1000;
/// How far a file on another computer is asked: one of two, not both.
const AT_STATX_SYNC_TYPE: u64 = 0x6000;
const AT_KNOWN: u64 = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
const STATX_BASIC_STATS: u64 = 0x7ff;
const STATX_RESERVED: u64 = 0x8000_0000;
/// Bytes of `struct stat` and of `struct statx`.
const STAT_BYTES: usize = 144;
const STATX_BYTES: usize = 256;
/// What `/proc` gives as the size of a block.
const PROC_BLOCK: u64 = 1024;

/// The kind of a file, in the upper bits of `st_mode`.
fn type_bits(kind: InodeKind) -> u32 {
    match kind {
        InodeKind::Directory => 0o040000,
        InodeKind::DevZero | InodeKind::DevNull | InodeKind::Device { .. } => 0o020000,
        InodeKind::Stream => 0o010000,
        InodeKind::Object(object) => object.type_bits(),
        _ => 0o100000,
    }
}

/// Attributes of a file (Linux `struct kstat`).
struct Kstat {
    mode: u32,
    links: u32,
    owner: u32,
    dev: (u32, u32),
    ino: u64,
    rdev: (u32, u32),
    size: u64,
    blksize: u64,
    blocks: u64,
}

impl Kstat {
    fn of(inode: &Inode, sectors: u64) -> Self {
        let kind = inode.kind;
        let of_proc = matches!(kind, InodeKind::Proc(_) | InodeKind::System { .. });
        Self {
            mode: type_bits(kind) | inode.mode,
            links: match kind {
                InodeKind::Directory => 2,
                InodeKind::Secret | InodeKind::PidFd { .. } | InodeKind::Object(_) => 1,
                _ if of_proc => 1,
                _ => inode.links,
            },
            owner: inode.uid,
            dev: inode.dev,
            ino: inode.ino,
            rdev: match kind {
                InodeKind::DevZero => (1, 5),
                InodeKind::DevNull => (1, 3),
                _ => (0, 0),
            },
            size: match kind {
                InodeKind::Directory => PAGE_SIZE,
                _ if of_proc => 0,
                _ => inode.size,
            },
            blksize: match kind {
                InodeKind::Hugetlb => PMD_SIZE,
                _ if of_proc => PROC_BLOCK,
                _ => PAGE_SIZE,
            },
            blocks: sectors,
        }
    }

    /// `struct stat` of x86-64 (Linux `cp_new_stat`).
    fn stat(&self) -> [u8; STAT_BYTES] {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let mut words = [0; STAT_BYTES / 8];
        words[..9].copy_from_slice(&[
            encode_dev(self.dev),
            self.ino,
            self.links.into(),
            pair(self.mode, self.owner),
            self.owner.into(),
            encode_dev(self.rdev),
            self.size,
            self.blksize,
            self.blocks,
        ]);
        flat(&words)
    }

    /// `struct statx` (Linux `cp_statx`).
    fn statx(&self) -> [u8; STATX_BYTES] {
        let pair = |low: u64, high: u64| low | high << 32;
        let mut words = [0; STATX_BYTES / 8];
        words[0] = pair(STATX_BASIC_STATS, self.blksize);
        words[2] = pair(self.links.into(), self.owner.into());
        words[3] = pair(self.owner.into(), self.mode.into());
        words[4..7].copy_from_slice(&[self.ino, self.size, self.blocks]);
        words[16] = pair(self.rdev.0.into(), self.rdev.1.into());
        words[17] = pair(self.dev.0.into(), self.dev.1.into());
        flat(&words)
    }
}

fn flat<const WORDS: usize, const BYTES: usize>(words: &[u64; WORDS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (part, word) in bytes.chunks_exact_mut(8).zip(words) {
        part.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// Linux `new_encode_dev`.
fn encode_dev((major, minor): (u32, u32)) -> u64 {
    u64::from(minor & 0xff | major << 8 | (minor & !0xff) << 12)
}

impl Machine {
    fn kstat(&self, inode: InodeId) -> Kstat {
        let inode = self.kernel.fs.inode(inode);
        Kstat::of(inode, inode.sectors(&self.kernel.phys))
    }

    fn tell_stat(&mut self, inode: InodeId, buffer: &Arg) -> SysResult {
        let stat = self.kstat(inode).stat();
        self.structure_to_user(buffer, 0, &stat)?;
        Ok(0)
    }

    pub(super) fn sys_fstat(&mut self, [fd, buffer, ..]: &[Arg; 6]) -> SysResult {
        let file = self.any_file_of(fd.int())?;
        self.tell_stat(self.kernel.fs.file(file).inode, buffer)
    }

    pub(super) fn sys_stat(&mut self, [path, buffer, ..]: &[Arg; 6]) -> SysResult {
        self.with_file(path, &mut |m, inode| m.tell_stat(inode, buffer))
    }

    pub(super) fn sys_newfstatat(&mut self, [fd, path, buffer, flags, ..]: &[Arg; 6]) -> SysResult {
        self.with_file_at(fd, path, flags.int(), &mut |m, inode| m.tell_stat(inode, buffer))
    }

    pub(super) fn sys_statx(&mut self, [fd, path, flags, mask, buffer, _]: &[Arg; 6]) -> SysResult {
        let (flags, mask) = (flags.int() & 0xffff_ffff, mask.int());
        self.kernel.require(mask & STATX_RESERVED == 0, Errno::EINVAL, || Why::UnknownFlags { flags: mask })?;
        let both = flags & AT_STATX_SYNC_TYPE == AT_STATX_SYNC_TYPE;
        self.kernel.require(!both, Errno::EINVAL, || Why::UnknownFlags { flags })?;
        self.with_file_at(fd, path, flags, &mut |m, inode| {
            let statx = m.kstat(inode).statx();
            m.structure_to_user(buffer, 0, &statx)?;
            Ok(0)
        })
    }

    /// The file of a path, or with AT_EMPTY_PATH and without a path that of a descriptor (Linux `vfs_statx`).
    fn with_file_at(&mut self, fd: &Arg, path: &Arg, flags: u64, body: OnFile) -> SysResult {
        let flags = flags & 0xffff_ffff;
        let is_empty = match path {
            Arg::Int(0) => true,
            Arg::Int(_) => self.path(path)?.is_empty(),
            Arg::Bytes(bytes) => bytes.is_empty(),
            Arg::Scratch => true,
        };
        if flags & AT_EMPTY_PATH != 0 && is_empty && fd.int() as i32 >= 0 {
            let file = self.any_file_of(fd.int())?;
            return body(self, self.kernel.fs.file(file).inode);
        }
        let unknown = flags & !AT_KNOWN;
        self.kernel.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })?;
        self.with_file(path, body)
    }
}
