//! `file_operations`: what a kind of file does when it is mapped. The left half of the call tree's
//! picture; [`super::vm_operations`] is the right half.

use super::driver::driver;
use super::fuse::FuseFile;
use super::kernel::Kernel;
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, PMD_SIZE, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::flags::VmFlags;
use crate::fs::{InodeKind, Object, Purpose, SystemFile};
use crate::ids::VmOpsId;
use crate::vma::Vma;
use crate::why::Why;

/// Largest file offset of most file systems (`MAX_LFS_FILESIZE`).
pub(super) const MAX_LFS: u64 = i64::MAX as u64;

/// The methods of an open file that mappings use (Linux `struct file_operations`).
pub trait FileOperations: Sync {
    /// The kernel's name of the `mmap` method, for the trace.
    fn name(&self) -> &'static str;

    /// Whether there is an `mmap` method.
    fn can_mmap(&self) -> bool {
        true
    }

    /// Settles the flags of a new mapping before it is compared with its neighbours (Linux `mmap_prepare`).
    ///
    /// # Errors
    /// Whatever the file says; the range stays a hole then.
    fn mmap_prepare(&self, _kernel: &mut Kernel, _range: VirtRange, flags: VmFlags) -> SysResult<VmFlags> {
        Ok(flags)
    }

    /// Prepares a new area: sets `vma.ops`, may refuse. `vma.file` is set already.
    ///
    /// # Errors
    /// Whatever the file says; the range stays a hole then.
    fn mmap(&self, kernel: &mut Kernel, vma: &mut Vma) -> SysResult<()>;

    /// What a fixed address must be a multiple of, in bytes.
    fn page_size(&self) -> u64 {
        PAGE_SIZE
    }

    /// Whether mappings are placed so that huge pages fit (the file's own `get_unmapped_area`).
    fn aligns_to_huge_pages(&self) -> bool {
        false
    }

    /// Whether MAP_SHARED_VALIDATE accepts MAP_SYNC.
    fn supports_sync_flag(&self) -> bool {
        false
    }

    /// Whether the file lies on a mount whose files may not be executed (`path_noexec`).
    fn is_noexec(&self) -> bool {
        false
    }

    /// Largest offset a mapping may reach.
    fn max_bytes(&self) -> u64 {
        u64::MAX
    }
}

/// The operations of a kind of file.
pub fn file_operations(kind: InodeKind) -> &'static dyn FileOperations {
    match kind {
        InodeKind::Disk => &Ext4,
        InodeKind::Fuse => &FuseFile,
        InodeKind::Shmem => &Shmem,
        InodeKind::Secret => &Secretmem,
        InodeKind::Hugetlb => &HugetlbFs,
        InodeKind::DevZero => &DevZero,
        InodeKind::Device { driver: id } => driver(id).file_operations,
        InodeKind::Proc(_) | InodeKind::System { file: SystemFile::Sysctl { .. } } => {
            &NotMappable { method: None, noexec: true, errno: Errno::ENODEV }
        }
        InodeKind::System { .. } => &NotMappable { method: Some("proc_reg_mmap"), noexec: true, errno: Errno::EIO },
        InodeKind::Directory | InodeKind::DevNull | InodeKind::PidFd { .. } | InodeKind::Stream => {
            &NotMappable { method: None, noexec: false, errno: Errno::ENODEV }
        }
        InodeKind::Object(Object::Socket) => &NotMappable { method: Some("sock_mmap"), noexec: true, errno: Errno::ENODEV },
        InodeKind::Object(_) => &NotMappable { method: None, noexec: true, errno: Errno::ENODEV },
    }
}

/// A file on disk.
struct Ext4;

impl FileOperations for Ext4 {
    fn name(&self) -> &'static str {
        "ext4_file_mmap"
    }

    fn mmap(&self, kernel: &mut Kernel, vma: &mut Vma) -> SysResult<()> {
        let synchronous = vma.flags.contains(VmFlags::SYNC);
        let sync = VmFlags::SYNC.bits();
        kernel.require(!synchronous, Errno::EOPNOTSUPP, || Why::FlagsNotSupported { flags: sync })?;
        vma.ops = Some(VmOpsId::Ext4);
        Ok(())
    }

    fn aligns_to_huge_pages(&self) -> bool {
        true
    }

    fn supports_sync_flag(&self) -> bool {
        true
    }

    fn max_bytes(&self) -> u64 {
        MAX_LFS
    }
}

/// A file in memory.
struct Shmem;

impl FileOperations for Shmem {
    fn name(&self) -> &'static str {
        "shmem_mmap"
    }

    fn mmap(&self, kernel: &mut Kernel, vma: &mut Vma) -> SysResult<()> {
        let purpose = vma.file.map(|file| kernel.fs.inode_of(file).purpose);
        let segment = matches!(purpose, Some(Purpose::Segment { .. }));
        vma.ops = Some(if segment { VmOpsId::Shm } else { VmOpsId::Shmem });
        Ok(())
    }

    fn max_bytes(&self) -> u64 {
        MAX_LFS
    }
}

/// `memfd_secret(2)`: always shared, always locked.
struct Secretmem;

impl FileOperations for Secretmem {
    fn name(&self) -> &'static str {
        "secretmem_mmap"
    }

    fn is_noexec(&self) -> bool {
        true
    }

    fn mmap_prepare(&self, kernel: &mut Kernel, range: VirtRange, flags: VmFlags) -> SysResult<VmFlags> {
        let shared = flags.intersects(VmFlags::SHARED | VmFlags::MAYSHARE);
        kernel.require(shared, Errno::EINVAL, || Why::SecretIsShared)?;
        let mm = kernel.current_mm();
        if let Err(why) = kernel.mlock_future_ok(mm, flags | VmFlags::LOCKED, range.len()) {
            return kernel.refuse(Errno::EAGAIN, why);
        }
        Ok(flags | VmFlags::LOCKED | VmFlags::DONTDUMP)
    }

    fn mmap(&self, _: &mut Kernel, vma: &mut Vma) -> SysResult<()> {
        vma.ops = Some(VmOpsId::Secretmem);
        Ok(())
    }
}

/// `/dev/zero`: shared it is shared anonymous memory, private it is anonymous memory.
struct DevZero;

impl FileOperations for DevZero {
    fn name(&self) -> &'static str {
        "mmap_zero"
    }

    fn mmap(&self, kernel: &mut Kernel, vma: &mut Vma) -> SysResult<()> {
        if vma.flags.contains(VmFlags::SHARED) {
            let mm = kernel.current_mm();
            return kernel.shmem_zero_setup(mm, vma);
        }
        // Anonymous, but it keeps its file: /proc/PID/maps shows the name.
        vma.ops = None;
        Ok(())
    }
}

/// A file in huge pages: the pool of them is empty.
struct HugetlbFs;

impl FileOperations for HugetlbFs {
    fn name(&self) -> &'static str {
        "hugetlbfs_file_mmap"
    }

    fn mmap(&self, kernel: &mut Kernel, vma: &mut Vma) -> SysResult<()> {
        let offset = vma.pgoff << PAGE_SHIFT;
        kernel.require(offset.is_multiple_of(PMD_SIZE), Errno::EINVAL, || Why::OffsetUnaligned { offset })?;
        kernel.refuse(Errno::ENOMEM, Why::HugePoolEmpty)
    }

    fn page_size(&self) -> u64 {
        PMD_SIZE
    }

    fn max_bytes(&self) -> u64 {
        MAX_LFS
    }
}

/// A file that cannot be mapped: directories, pipes, /dev/null, and the files of `/proc`.
struct NotMappable {
    /// The `mmap` method that has nothing to call, if there is one.
    method: Option<&'static str>,
    noexec: bool,
    /// What its `mmap` says.
    errno: Errno,
}

impl FileOperations for NotMappable {
    fn name(&self) -> &'static str {
        self.method.unwrap_or("none")
    }

    fn can_mmap(&self) -> bool {
        self.method.is_some()
    }

    fn is_noexec(&self) -> bool {
        self.noexec
    }

    fn mmap(&self, kernel: &mut Kernel, _: &mut Vma) -> SysResult<()> {
        kernel.refuse(self.errno, Why::NoMmapMethod)
    }
}
