//! Calls on files and descriptors, as far as mappings can see them (`fs/open.c`, `mm/memfd.c`).

use super::{Arg, Machine};
use crate::addr::VirtAddr;
use crate::errno::{Errno, SysResult};
use crate::fs::{Inode, InodeKind, O_APPEND, Object, OpenMode, Seals, SystemFile};
use crate::ids::{FileId, InodeId};
use crate::mm::{Capabilities, FallocateMode, Resource};
use crate::why::Why;

const O_ACCMODE: u64 = 3;
const O_CLOEXEC: u64 = 0o2000000;
const MFD_CLOEXEC: u64 = 1;
const F_DUPFD_CLOEXEC: u64 = 1030;
const FD_CLOEXEC: u64 = 1;
const O_LARGEFILE: u64 = 0o100000;
const O_NOCTTY: u64 = 0o400;
/// What a program of 64 bits may change afterwards (`SETFL_MASK`): the end as the place of writes, O_NONBLOCK, O_DIRECT,
/// O_NOATIME.
const O_CHANGED: u64 = O_APPEND | 0o4000 | O_DIRECT | 0o1000000;
const O_DIRECT: u64 = 0o40000;
/// What is about opening alone, and the access mode.
const O_OF_OPENING: u64 = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
const O_CREAT: u64 = 0o100;
const O_EXCL: u64 = 0o200;
const O_TRUNC: u64 = 0o1000;
const O_DIRECTORY: u64 = 0o200000;
const O_PATH: u64 = 0o10000000;
/// All other flags count for nothing beside `O_PATH`, but for where a path ends.
const O_PATH_FLAGS: u64 = O_PATH | O_DIRECTORY | O_CLOEXEC;
const PATH_MAX: u64 = 4096;
/// Where POSIX shared memory has its names (`shm_open(3)`): a file system in memory.
const SHM_FOLDER: &str = "/dev/shm/";
/// A component of a path has at most so many bytes.
const NAME_MAX: usize = 255;
/// `MFD_NAME_PREFIX` takes 6 of NAME_MAX bytes.
const MEMFD_NAME_MAX: u64 = 249;
const MFD_ALLOW_SEALING: u64 = 2;
const MFD_HUGETLB: u64 = 4;
const MFD_NOEXEC_SEAL: u64 = 8;
const MFD_EXEC: u64 = 16;

/// What is done to a file of a path, without opening it.
pub(super) type OnFile<'a> = &'a mut dyn FnMut(&mut Machine, InodeId) -> SysResult;

impl Machine {
    /// A string argument: given, or read from the program's memory up to its NUL.
    pub(super) fn string(&mut self, arg: &Arg, max: u64) -> SysResult<String> {
        let bytes = match arg {
            Arg::Bytes(bytes) => bytes.clone(),
            Arg::Scratch => Vec::new(),
            Arg::Int(at) => self.string_from_user(VirtAddr(*at), max)?,
        };
        let fits = bytes.len() as u64 <= max;
        self.kernel.require(fits, Errno::ENAMETOOLONG, || Why::NameTooLong { max })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) fn string_from_user(&mut self, at: VirtAddr, max: u64) -> SysResult<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() as u64 <= max {
            let mut byte = [0];
            if self.copy_from_user(at + bytes.len() as u64, &mut byte) > 0 {
                return self.kernel.refuse(Errno::EFAULT, Why::BadUserAddress { at });
            }
            if byte[0] == 0 {
                break;
            }
            bytes.push(byte[0]);
        }
        Ok(bytes)
    }

    /// Gives a file the lowest free descriptor at or above `from`.
    pub(super) fn install_descriptor(&mut self, file: FileId, from: usize, close_on_exec: bool) -> SysResult {
        let limit = self.kernel.task().limit(Resource::NoFile);
        let fd = self.own_files().lowest_free(from);
        if fd as u64 >= limit {
            self.kernel.fput(file);
            return self.kernel.refuse(Errno::EMFILE, Why::NoDescriptor { limit });
        }
        self.own_files().install(fd, file, close_on_exec);
        Ok(fd as u64)
    }

    pub(super) fn sys_openat(&mut self, [_, path, flags, mode, ..]: &[Arg; 6]) -> SysResult {
        self.open_path(path, flags.int(), mode.int())
    }

    pub(super) fn sys_open(&mut self, [path, flags, mode, ..]: &[Arg; 6]) -> SysResult {
        self.open_path(path, flags.int(), mode.int())
    }

    pub(super) fn sys_creat(&mut self, [path, mode, ..]: &[Arg; 6]) -> SysResult {
        self.open_path(path, O_CREAT | O_TRUNC | 1, mode.int())
    }

    /// A path: not too long, nor a part of it.
    pub(super) fn path(&mut self, path: &Arg) -> SysResult<String> {
        let path = self.string(path, PATH_MAX - 1)?;
        let short = path.split('/').all(|component| component.len() <= NAME_MAX);
        self.kernel.require(short, Errno::ENAMETOOLONG, || Why::NameTooLong { max: NAME_MAX as u64 })?;
        Ok(path)
    }

    /// The file of a path, if there is one; a descriptor's path becomes that of the file behind it. Files of `/proc` are
    /// made anew: whoever does not open them drops them.
    fn find_file(&mut self, path: &mut String) -> Option<InodeId> {
        if let Some((inode, name)) = self.behind_link(path) {
            *path = name;
            return Some(inode);
        }
        self.find_proc_file(path).or_else(|| self.kernel.fs.lookup(path))
    }

    /// Does something to the file of a path, without opening it.
    pub(super) fn with_file(&mut self, path: &Arg, body: OnFile) -> SysResult {
        let mut path = self.path(path)?;
        let Some(inode) = self.find_file(&mut path) else { return self.kernel.refuse(Errno::ENOENT, Why::NoSuchFile) };
        let result = body(self, inode);
        let kernel = &mut self.kernel;
        kernel.fs.drop_if_unused(inode, &mut kernel.phys, &mut kernel.trace);
        result
    }

    fn open_path(&mut self, path: &Arg, flags: u64, mode: u64) -> SysResult {
        let mut path = self.path(path)?;
        let path_only = flags & O_PATH != 0;
        let flags = if path_only { flags & O_PATH_FLAGS } else { flags };
        let access = flags & O_ACCMODE;
        let wanted = OpenMode { read: !path_only && (access == 0 || access == 2), write: access == 1 || access == 2 };
        let of_mapping = self.is_mapping_link(&path)?;
        let inode = match self.find_file(&mut path) {
            Some(inode) => {
                let follows = !of_mapping || self.kernel.task().capable(Capabilities::SYS_ADMIN);
                self.kernel.require(follows, Errno::EPERM, || Why::NeedsCapability { capability: "CAP_SYS_ADMIN" })?;
                let may = match flags & (O_CREAT | O_EXCL) == O_CREAT | O_EXCL {
                    true => self.kernel.refuse(Errno::EEXIST, Why::FileExists),
                    false if path_only => self.check_mode(inode, wanted, flags),
                    false if self.is_unnamed(inode) => self.kernel.refuse(Errno::ENXIO, Why::OpenedOnce),
                    false => self.check_mode(inode, wanted, flags).and_then(|()| self.open_proc_file(inode)),
                };
                if let Err(error) = may {
                    let kernel = &mut self.kernel;
                    kernel.fs.drop_if_unused(inode, &mut kernel.phys, &mut kernel.trace);
                    return Err(error);
                }
                inode
            }
            None if flags & O_CREAT == 0 => return self.kernel.refuse(Errno::ENOENT, Why::NoSuchFile),
            None => {
                let uid = self.kernel.task().uid;
                let new = if path.starts_with(SHM_FOLDER) { Inode::in_tmpfs() } else { Inode::new(InodeKind::Disk) };
                let inode = self.kernel.fs.add_inode(Inode { mode: mode as u32 & 0o777, uid, ..new });
                self.kernel.fs.link(&path, inode);
                inode
            }
        };
        let cut = self.kernel.fs.inode(inode).kind.has_pages();
        let direct = flags & O_DIRECT != 0 && !path_only;
        if let Err(error) = self.require_direct(direct, cut) {
            let kernel = &mut self.kernel;
            kernel.fs.drop_if_unused(inode, &mut kernel.phys, &mut kernel.trace);
            return Err(error);
        }
        if flags & O_TRUNC != 0 && wanted.write && cut {
            self.kernel.do_truncate(inode, 0)?;
        }
        let file = self.kernel.fs.open(inode, &path, wanted);
        let open = self.kernel.fs.file_mut(file);
        open.path_only = path_only;
        open.takes_direct = cut;
        open.flags = if path_only { flags } else { flags | O_LARGEFILE } & !O_OF_OPENING;
        self.install_descriptor(file, 0, flags & O_CLOEXEC != 0)
    }

    /// O_DIRECT is for files of a disk, and for those in memory that were opened by a name.
    fn require_direct(&mut self, direct: bool, takes_direct: bool) -> SysResult<()> {
        self.kernel.require(!direct || takes_direct, Errno::EINVAL, || Why::UnknownFlags { flags: O_DIRECT })
    }

    /// Whether it is an object that has no way to be opened once more (Linux `no_open`, `sock_no_open`).
    fn is_unnamed(&self, inode: InodeId) -> bool {
        matches!(self.kernel.fs.inode(inode).kind, InodeKind::Object(object) if object != Object::Pipe)
    }

    fn check_mode(&mut self, inode: InodeId, wanted: OpenMode, flags: u64) -> SysResult<()> {
        let (file, task) = (self.kernel.fs.inode(inode), self.kernel.task());
        let shift = if file.uid == task.uid { 6 } else { 0 };
        let bits = file.mode >> shift & 7;
        let allowed = (!wanted.read || bits & 4 != 0) && (!wanted.write || bits & 2 != 0);
        let kind = file.kind;
        // Settings know root and others, no capability (Linux `sysctl_perm`).
        let of_setting = matches!(kind, InodeKind::System { file: SystemFile::Sysctl { .. } });
        let allowed = allowed || !of_setting && task.capable(Capabilities::DAC_OVERRIDE);
        self.kernel.require(allowed, Errno::EACCES, || Why::ModeForbids)?;
        let directory = kind == InodeKind::Directory;
        self.kernel.require(!(directory && wanted.write), Errno::EISDIR, || Why::IsDirectory)?;
        self.kernel.require(directory || flags & O_DIRECTORY == 0, Errno::ENOTDIR, || Why::NoSuchFile)
    }

    pub(super) fn sys_close(&mut self, [fd, ..]: &[Arg; 6]) -> SysResult {
        let fd = fd.int();
        self.any_file_of(fd)?;
        self.close_descriptor(fd);
        Ok(0)
    }

    /// Closes a descriptor that is open.
    pub(super) fn close_descriptor(&mut self, fd: u64) {
        if let Some(file) = self.own_files().take(fd) {
            self.kernel.fput(file);
        }
    }

    pub(super) fn sys_dup(&mut self, [fd, ..]: &[Arg; 6]) -> SysResult {
        let file = self.any_file_of(fd.int())?;
        self.kernel.fs.get_file(file);
        self.install_descriptor(file, 0, false)
    }

    pub(super) fn sys_dup2(&mut self, [old, new, ..]: &[Arg; 6]) -> SysResult {
        let file = self.any_file_of(old.int())?;
        let (old, new) = (old.int() as u32, new.int() as u32);
        let limit = self.kernel.task().limit(Resource::NoFile);
        self.kernel.require(u64::from(new) < limit, Errno::EBADF, || Why::BadDescriptor { fd: new.into() })?;
        if old == new {
            return Ok(new.into());
        }
        self.kernel.fs.get_file(file);
        if let Some(closed) = self.own_files().install(new as usize, file, false) {
            self.kernel.fput(closed);
        }
        Ok(new.into())
    }

    pub(super) fn sys_dup3(&mut self, args: &[Arg; 6]) -> SysResult {
        let same = args[0].int() as u32 == args[1].int() as u32;
        self.kernel.require(!same, Errno::EINVAL, || Why::BadArgument { index: 1, value: args[1].int() })?;
        self.sys_dup2(args)
    }

    pub(super) fn sys_memfd_create(&mut self, [name, flags, ..]: &[Arg; 6]) -> SysResult {
        let flags = flags.int();
        let known = 1 | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC;
        let size_bits = if flags & MFD_HUGETLB != 0 { 0x3f << 26 } else { 0 };
        let unknown = flags & !(known | size_bits);
        self.kernel.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })?;
        let both = flags & (MFD_EXEC | MFD_NOEXEC_SEAL) == MFD_EXEC | MFD_NOEXEC_SEAL;
        self.kernel.require(!both, Errno::EINVAL, || Why::UnknownFlags { flags })?;
        let name = match self.string(name, MEMFD_NAME_MAX) {
            Err(error) if error.errno == Errno::ENAMETOOLONG => return self.kernel.refuse(Errno::EINVAL, error.why),
            other => other?,
        };
        let log_size = flags >> 26 & 0x3f;
        self.kernel.require(matches!(log_size, 0 | 21 | 30), Errno::ENODEV, || Why::UnknownFlags { flags: log_size << 26 })?;
        let seals = match flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL) {
            0 => Seals::SEAL,
            only if only & MFD_NOEXEC_SEAL == 0 => Seals::empty(),
            _ => Seals::EXEC,
        };
        let inode = self.kernel.new_shmem_inode(0, false);
        let node = self.kernel.fs.inode_mut(inode);
        node.seals = Some(seals);
        if flags & MFD_NOEXEC_SEAL != 0 {
            node.mode &= !0o111;
        }
        if flags & MFD_HUGETLB != 0 {
            let node = self.kernel.fs.inode_mut(inode);
            (node.kind, node.dev) = (InodeKind::Hugetlb, (0, 0xf));
        }
        let mode = OpenMode { read: true, write: true };
        let file = self.kernel.fs.open(inode, &format!("/memfd:{name} (deleted)"), mode);
        self.kernel.fs.file_mut(file).flags = O_LARGEFILE;
        self.install_descriptor(file, 0, flags & MFD_CLOEXEC != 0)
    }

    /// Memory that even the kernel cannot read (Linux `mm/secretmem.c`).
    pub(super) fn sys_memfd_secret(&mut self, [flags, ..]: &[Arg; 6]) -> SysResult {
        let flags = flags.int() & 0xffff_ffff;
        let unknown = flags & !O_CLOEXEC;
        self.kernel.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })?;
        let uid = self.kernel.task().uid;
        let inode = self.kernel.fs.add_inode(Inode { mode: 0o600, uid, ..Inode::new(InodeKind::Secret) });
        let file = self.kernel.fs.open(inode, "/secretmem (deleted)", OpenMode { read: true, write: true });
        self.kernel.fs.file_mut(file).flags = O_LARGEFILE;
        self.install_descriptor(file, 0, flags & O_CLOEXEC != 0)
    }

    pub(super) fn sys_fcntl(&mut self, [fd, command, value, ..]: &[Arg; 6]) -> SysResult {
        let command = command.int();
        // Linux `check_fcntl_cmd`: what is about the descriptor alone.
        let file = if matches!(command, 0..=3 | F_DUPFD_CLOEXEC) { self.any_file_of(fd.int())? } else { self.file_of(fd.int())? };
        let from = value.int() as u32 as usize;
        match command {
            0 | F_DUPFD_CLOEXEC => {
                self.kernel.fs.get_file(file);
                self.install_descriptor(file, from, command == F_DUPFD_CLOEXEC)
            }
            1 => Ok(self.own_files().closes_on_exec(fd.int()).into()),
            2 => {
                self.own_files().set_close_on_exec(fd.int(), value.int() & FD_CLOEXEC != 0);
                Ok(0)
            }
            3 => {
                let open = self.kernel.fs.file(file);
                Ok(open.flags
                    | match (open.readable, open.writable) {
                        (true, true) => 2,
                        (_, writable) => u64::from(writable),
                    })
            }
            4 => {
                let is_pipe = self.kernel.fs.inode_of(file).kind == InodeKind::Object(Object::Pipe);
                let takes_direct = is_pipe || self.kernel.fs.file(file).takes_direct;
                self.require_direct(value.int() & O_DIRECT != 0, takes_direct)?;
                let open = self.kernel.fs.file_mut(file);
                open.flags = (open.flags & !O_CHANGED) | (value.int() & O_CHANGED);
                Ok(0)
            }
            1033 => self.add_seals(file, value.int()),
            1034 => match self.kernel.fs.inode_of(file).seals {
                Some(seals) => Ok(seals.bits().into()),
                None => self.kernel.refuse(Errno::EINVAL, Why::NotSealable),
            },
            other => self.kernel.refuse(Errno::EINVAL, Why::BadArgument { index: 1, value: other }),
        }
    }

    /// F_ADD_SEALS (Linux `memfd_add_seals`).
    fn add_seals(&mut self, file: FileId, bits: u64) -> SysResult {
        let open = self.kernel.fs.file(file);
        let (inode, writable) = (open.inode, open.writable);
        self.kernel.require(writable, Errno::EPERM, || Why::WrongOpenMode)?;
        let Some(new) = u32::try_from(bits).ok().and_then(Seals::from_bits) else {
            return self.kernel.refuse(Errno::EINVAL, Why::UnknownFlags { flags: bits });
        };
        let node = self.kernel.fs.inode(inode);
        let busy = node.shared_writable_mappings > 0;
        let Some(old) = node.seals else { return self.kernel.refuse(Errno::EINVAL, Why::NotSealable) };
        let locked = old.contains(Seals::SEAL);
        self.kernel.require(!locked, Errno::EPERM, || Why::SealForbids { seals: old.bits() })?;
        let blocked = new.contains(Seals::WRITE) && !old.contains(Seals::WRITE) && busy;
        self.kernel.require(!blocked, Errno::EBUSY, || Why::WritableMappingExists)?;
        // Who seals an executable seals what is executed (W^X from the start).
        let executable = self.kernel.fs.inode(inode).mode & 0o111 != 0;
        let implied = match new.contains(Seals::EXEC) && executable {
            true => Seals::SHRINK | Seals::GROW | Seals::WRITE | Seals::FUTURE_WRITE,
            false => Seals::empty(),
        };
        self.kernel.fs.inode_mut(inode).seals = Some(old | new | implied);
        Ok(0)
    }

    pub(super) fn sys_chmod(&mut self, [path, mode, ..]: &[Arg; 6]) -> SysResult {
        self.with_file(path, &mut |m, inode| m.change_mode(inode, mode.int()))
    }

    pub(super) fn sys_fchmod(&mut self, [fd, mode, ..]: &[Arg; 6]) -> SysResult {
        let file = self.file_of(fd.int())?;
        let inode = self.kernel.fs.file(file).inode;
        self.change_mode(inode, mode.int())
    }

    fn change_mode(&mut self, inode: InodeId, mode: u64) -> SysResult {
        let (file, task) = (self.kernel.fs.inode(inode), self.kernel.task());
        let mode = mode as u32 & 0o777;
        let of_proc = matches!(file.kind, InodeKind::Proc(_) | InodeKind::System { file: SystemFile::Sysctl { .. } });
        let owns = !of_proc && (file.uid == task.uid || task.capable(Capabilities::FOWNER));
        let seals = file.seals.unwrap_or(Seals::empty());
        let sealed = seals.contains(Seals::EXEC) && (file.mode ^ mode) & 0o111 != 0;
        self.kernel.require(owns, Errno::EPERM, || Why::NotOwner)?;
        self.kernel.require(!sealed, Errno::EPERM, || Why::SealForbids { seals: seals.bits() })?;
        self.kernel.fs.inode_mut(inode).mode = mode;
        Ok(0)
    }

    pub(super) fn sys_ftruncate(&mut self, [fd, size, ..]: &[Arg; 6]) -> SysResult {
        let size = size.int();
        self.kernel.require(size as i64 >= 0, Errno::EINVAL, || Why::BadSize { size })?;
        let file = self.file_of(fd.int())?;
        let open = self.kernel.fs.file(file);
        let (inode, writable) = (open.inode, open.writable);
        self.kernel.require(writable, Errno::EINVAL, || Why::WrongOpenMode)?;
        self.kernel.do_truncate(inode, size)
    }

    pub(super) fn sys_truncate(&mut self, [path, size, ..]: &[Arg; 6]) -> SysResult {
        let size = size.int();
        self.kernel.require(size as i64 >= 0, Errno::EINVAL, || Why::BadSize { size })?;
        self.with_file(path, &mut |m, inode| {
            m.check_mode(inode, OpenMode { read: false, write: true }, 0)?;
            m.kernel.do_truncate(inode, size)
        })
    }

    pub(super) fn sys_fallocate(&mut self, [fd, mode, offset, len, ..]: &[Arg; 6]) -> SysResult {
        let file = self.file_of(fd.int())?;
        let open = self.kernel.fs.file(file);
        let (inode, writable) = (open.inode, open.writable);
        let is_pipe = self.kernel.fs.inode(inode).kind == InodeKind::Object(Object::Pipe);
        let mode = FallocateMode::from_bits_retain(mode.int());
        self.kernel.require(!is_pipe, Errno::ESPIPE, || Why::NoPlaces)?;
        self.kernel.do_fallocate(inode, writable, mode, offset.int(), len.int())
    }

    pub(super) fn sys_fsync(&mut self, [fd, ..]: &[Arg; 6]) -> SysResult {
        let file = self.file_of(fd.int())?;
        let inode = self.kernel.fs.file(file).inode;
        let kind = self.kernel.fs.inode(inode).kind;
        let synced = kind.has_pages() || matches!(kind, InodeKind::Directory | InodeKind::Hugetlb);
        self.kernel.require(synced, Errno::EINVAL, || Why::NotSynced)?;
        self.kernel.vfs_fsync_range(inode, 0..u64::MAX);
        Ok(0)
    }

    pub(super) fn sys_sync(&mut self, _: &[Arg; 6]) -> SysResult {
        let all: Vec<_> = self.kernel.fs.inodes().map(|(id, _)| id).collect();
        for inode in all {
            self.kernel.vfs_fsync_range(inode, 0..u64::MAX);
        }
        Ok(0)
    }

    pub(super) fn sys_unlink(&mut self, [path, ..]: &[Arg; 6]) -> SysResult {
        self.unlink_path(path)
    }

    pub(super) fn sys_unlinkat(&mut self, [_, path, ..]: &[Arg; 6]) -> SysResult {
        self.unlink_path(path)
    }

    fn unlink_path(&mut self, path: &Arg) -> SysResult {
        let path = self.path(path)?;
        let kernel = &mut self.kernel;
        match kernel.fs.unlink(&path, &mut kernel.phys, &mut kernel.trace) {
            Some(_) => Ok(0),
            None => kernel.refuse(Errno::ENOENT, Why::NoSuchFile),
        }
    }
}
