//! Decoding the calls on memory (Linux `SYSCALL_DEFINE…`).

use super::{Arg, Machine};
use crate::addr::{VirtAddr, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::event::Note;
use crate::flags::{MapFlags, Prot};
use crate::ids::{FileId, Pid};
use crate::mm::{MmapRequest, MremapRequest};
use crate::why::Why;

fn addr(arg: &Arg) -> VirtAddr {
    VirtAddr(arg.int())
}

impl Machine {
    pub(super) fn sys_mmap(&mut self, args: &[Arg; 6]) -> SysResult {
        let [address, len, prot, flags, fd, offset] = args.each_ref().map(Arg::int);
        self.do_sys_mmap([address, len, prot, flags, fd, offset])
    }

    /// `mmap(2)` of a process with plain numbers: the way for callers in a hurry.
    ///
    /// # Errors
    /// As `mmap(2)`.
    pub fn mmap(&mut self, pid: Pid, args: [u64; 6]) -> SysResult {
        self.switch_to(pid)?;
        let result = self.do_sys_mmap(args);
        self.check_after_operation();
        result
    }

    fn do_sys_mmap(&mut self, [address, len, prot, flags, fd, offset]: [u64; 6]) -> SysResult {
        let note = Note::Value { name: "len", value: len };
        self.enter("SYSCALL_DEFINE6(mmap)", note);
        let result = self.mmap_at_offset(address, len, prot, flags, fd, offset);
        self.leave();
        result
    }

    fn mmap_at_offset(&mut self, address: u64, len: u64, prot: u64, flags: u64, fd: u64, offset: u64) -> SysResult {
        let aligned = offset.is_multiple_of(4096);
        self.kernel.require(aligned, Errno::EINVAL, || Why::OffsetUnaligned { offset })?;
        self.enter("ksys_mmap_pgoff", Note::None);
        let result = self.ksys_mmap_pgoff(address, len, prot, flags, fd, offset >> 12);
        self.leave();
        result
    }

    fn ksys_mmap_pgoff(&mut self, address: u64, len: u64, prot: u64, flags: u64, fd: u64, pgoff: u64) -> SysResult {
        let flags = MapFlags::from_bits_retain(flags);
        let file = match flags.contains(MapFlags::ANONYMOUS) {
            true => None,
            false => Some(self.file_of(fd)?),
        };
        let prot = Prot::from_bits_retain(prot);
        self.kernel.mmap_file(MmapRequest { file, addr: VirtAddr(address), len, prot, flags, pgoff })
    }

    /// The file of a descriptor of the running process.
    ///
    /// # Errors
    /// EBADF.
    pub(super) fn file_of(&mut self, fd: u64) -> SysResult<FileId> {
        let file = self.any_file_of(fd)?;
        let is_path = self.kernel.fs.file(file).path_only;
        self.kernel.require(!is_path, Errno::EBADF, || Why::BadDescriptor { fd: fd as i32 as i64 })?;
        Ok(file)
    }

    /// The same, also of one that was opened with `O_PATH` (Linux `fdget_raw`).
    pub(super) fn any_file_of(&mut self, fd: u64) -> SysResult<FileId> {
        match self.running.and_then(|pid| self.descriptor(pid, fd)) {
            Some(file) => Ok(file),
            None => self.kernel.refuse(Errno::EBADF, Why::BadDescriptor { fd: fd as i32 as i64 }),
        }
    }

    fn enter(&mut self, function: &'static str, note: Note) {
        self.kernel.trace.emit(|| crate::event::Event::Enter { function, note });
    }

    fn leave(&mut self) {
        self.kernel.trace.emit(|| crate::event::Event::Leave);
    }

    pub(super) fn sys_munmap(&mut self, [start, len, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_munmap(mm, addr(start), len.int())
    }

    /// `munmap(2)` of a process with plain numbers.
    ///
    /// # Errors
    /// As `munmap(2)`.
    pub fn munmap(&mut self, pid: Pid, start: u64, len: u64) -> SysResult {
        self.switch_to(pid)?;
        let mm = self.kernel.current_mm();
        let result = self.kernel.do_munmap(mm, VirtAddr(start), len);
        self.check_after_operation();
        result
    }

    pub(super) fn sys_mprotect(&mut self, [start, len, prot, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_mprotect(mm, addr(start), len.int(), Prot::from_bits_retain(prot.int()), None)
    }

    pub(super) fn sys_brk(&mut self, [wanted, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        Ok(self.kernel.do_brk(mm, addr(wanted)))
    }

    pub(super) fn sys_mremap(&mut self, [address, old, new, flags, target, _]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        let request = MremapRequest {
            addr: addr(address),
            old_len: old.int(),
            new_len: new.int(),
            flags: crate::mm::MremapFlags::from_bits_retain(flags.int()),
            new_addr: addr(target),
        };
        self.kernel.do_mremap(mm, request)
    }

    pub(super) fn sys_madvise(&mut self, [start, len, advice, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_madvise(mm, addr(start), len.int(), advice.int() as i32 as i64)
    }

    pub(super) fn sys_msync(&mut self, [start, len, flags, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_msync(mm, addr(start), len.int(), flags.int())
    }

    pub(super) fn sys_mincore(&mut self, [start, len, vector, ..]: &[Arg; 6]) -> SysResult {
        let range = self.kernel.check_mincore_range(addr(start), len.int())?;
        if let Arg::Int(at) = vector {
            let fits = at.checked_add(range.pages()).is_some_and(|end| end <= self.kernel.task_size());
            self.kernel.require(fits, Errno::EFAULT, || Why::BadVector { at: VirtAddr(*at) })?;
        }
        self.mincore_in_chunks(range, vector)
    }

    /// As the kernel does it: 4,096 pages at a time, each piece of the vector copied before the next.
    fn mincore_in_chunks(&mut self, range: VirtRange, vector: &Arg) -> SysResult {
        const CHUNK: u64 = 4096 << 12;
        /// A vector outside the picture is not larger than this.
        const MOST_SCRATCH: usize = 1 << 22;
        let mm = self.kernel.current_mm();
        let mut at = range.start;
        while at < range.end {
            let part = VirtRange { start: at, end: (at + CHUNK).min(range.end) };
            let (bytes, hole) = self.kernel.mincore_vector(mm, part);
            let copied = match vector {
                Arg::Int(to) => self.copy_to_user(VirtAddr(*to + self.output.len() as u64), &bytes) == 0,
                _ => self.output.len() + bytes.len() <= MOST_SCRATCH,
            };
            self.kernel.require(copied, Errno::EFAULT, || Why::BadVector { at: VirtAddr(vector.int()) })?;
            self.output.extend_from_slice(&bytes);
            if let Some(at) = hole {
                return self.kernel.refuse(Errno::ENOMEM, Why::Hole { at });
            }
            at = part.end;
        }
        Ok(0)
    }

    pub(super) fn sys_mlock(&mut self, [start, len, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_mlock(mm, addr(start), len.int(), 0)
    }

    pub(super) fn sys_mlock2(&mut self, [start, len, flags, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_mlock(mm, addr(start), len.int(), flags.int())
    }

    pub(super) fn sys_munlock(&mut self, [start, len, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_munlock(mm, addr(start), len.int())
    }

    pub(super) fn sys_mlockall(&mut self, [flags, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_mlockall(mm, flags.int())
    }

    pub(super) fn sys_munlockall(&mut self, _: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_munlockall(mm)
    }

    pub(super) fn sys_mseal(&mut self, [start, len, flags, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_mseal(mm, addr(start), len.int(), flags.int())
    }

    pub(super) fn sys_remap_file_pages(&mut self, [start, size, prot, pgoff, flags, _]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_remap_file_pages(mm, addr(start), size.int(), prot.int(), pgoff.int(), flags.int())
    }

    /// Key −1 is "no key": plain mprotect.
    pub(super) fn sys_pkey_mprotect(&mut self, args: &[Arg; 6]) -> SysResult {
        let [start, len, prot, pkey, ..] = args.each_ref().map(Arg::int);
        let key = Some(pkey as u32 as i32).filter(|key| *key != -1);
        let mm = self.kernel.current_mm();
        self.kernel.do_mprotect(mm, VirtAddr(start), len, Prot::from_bits_retain(prot), key)
    }

    pub(super) fn sys_pkey_alloc(&mut self, [flags, rights, ..]: &[Arg; 6]) -> SysResult {
        self.kernel.do_pkey_alloc(flags.int(), rights.int())
    }

    pub(super) fn sys_pkey_free(&mut self, [key, ..]: &[Arg; 6]) -> SysResult {
        self.kernel.do_pkey_free(key.int())
    }
}
