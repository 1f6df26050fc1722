//! Copying between the memories of two processes (Linux `mm/process_vm_access.c`).

use super::iovec::Piece;
use super::{Arg, Machine};
use crate::addr::{PAGE_SIZE, Pfn, VirtAddr};
use crate::errno::{Errno, SysResult};
use crate::ids::{MmId, Pid};
use crate::mm::Capabilities;
use crate::mmu::Access;
use crate::why::Why;

/// Pages that are brought in before any of them is copied.
const PAGES_AT_ONCE: u64 = 1024;

/// The caller's side of a copy: pieces, and how far they are used up.
struct Local {
    pieces: Vec<Piece>,
    at: usize,
    used: u64,
}

impl Local {
    /// The next bytes, at most `most`, that lie in one piece; `None` when all is used up.
    fn next(&self, most: u64) -> Option<(VirtAddr, u64)> {
        let (start, len) = *self.pieces.get(self.at)?;
        Some((VirtAddr(start + self.used), (len - self.used).min(most)))
    }

    fn advance(&mut self, bytes: u64) {
        self.used += bytes;
        self.skip_empty();
    }

    fn skip_empty(&mut self) {
        while self.pieces.get(self.at).is_some_and(|(_, len)| *len == self.used) {
            (self.at, self.used) = (self.at + 1, 0);
        }
    }
}

impl Machine {
    pub(super) fn sys_process_vm_readv(&mut self, args: &[Arg; 6]) -> SysResult {
        self.process_vm_rw(args, Access::Read)
    }

    pub(super) fn sys_process_vm_writev(&mut self, args: &[Arg; 6]) -> SysResult {
        self.process_vm_rw(args, Access::Write)
    }

    /// `access` is what happens to the other process's memory (Linux `process_vm_rw`).
    fn process_vm_rw(&mut self, args: &[Arg; 6], access: Access) -> SysResult {
        let [pid, local, local_count, remote, remote_count, flags] = args;
        let flags = flags.int();
        self.kernel.require(flags == 0, Errno::EINVAL, || Why::UnknownFlags { flags })?;
        let pieces = self.import_iovec(local, local_count.int())?;
        let mut local = Local { pieces, at: 0, used: 0 };
        local.skip_empty();
        if local.next(1).is_none() {
            return Ok(0);
        }
        let remote = self.iovec_from_user(remote, remote_count.int())?;
        if remote.iter().all(|(_, len)| *len == 0) {
            return Ok(0);
        }
        let mm = self.memory_to_trace(pid.int())?;
        let mut copied = 0;
        for piece in remote {
            if let Err(error) = self.copy_remote_piece(mm, piece, &mut local, access, &mut copied) {
                return if copied > 0 { Ok(copied) } else { Err(error) };
            }
        }
        Ok(copied)
    }

    /// The memory of a process that the caller may look into (Linux `mm_access` with
    /// PTRACE_MODE_ATTACH_REALCREDS).
    pub(super) fn memory_to_trace(&mut self, number: u64) -> SysResult<MmId> {
        let pid = Pid(number as u32);
        let target = self.processes.get(&pid).filter(|process| process.is_alive()).map(|process| process.task);
        let Some(task) = target else {
            return self.kernel.refuse(Errno::ESRCH, Why::NoProcess { pid: i64::from(number as u32 as i32) });
        };
        let (mine, theirs) = (self.kernel.task(), &self.kernel.tasks[task]);
        let mm = theirs.mm;
        let may = task == self.kernel.current || mine.uid == theirs.uid || mine.capable(Capabilities::SYS_PTRACE);
        self.kernel.require(may, Errno::EPERM, || Why::NeedsCapability { capability: "CAP_SYS_PTRACE" })?;
        Ok(mm)
    }

    /// Linux `process_vm_rw_single_vec`: many pages are brought in, then copied.
    fn copy_remote_piece(&mut self, mm: MmId, (start, len): Piece, local: &mut Local, access: Access, copied: &mut u64) -> SysResult<()> {
        let (mut at, mut left) = (VirtAddr(start), len);
        while left > 0 && local.next(1).is_some() {
            let pages = (at.page_offset() + left).div_ceil(PAGE_SIZE).min(PAGES_AT_ONCE);
            let (frames, stopped) = self.pin_user_pages(mm, at, pages, access);
            let mut missed = None;
            for pfn in &frames {
                let part = (PAGE_SIZE - at.page_offset()).min(left);
                let moved = self.copy_page(*pfn, at.page_offset(), part, local, access);
                *copied += moved;
                (at, left) = (at + moved, left - moved);
                if moved < part {
                    missed = local.next(1).map(|(addr, _)| addr);
                    left = 0;
                    break;
                }
            }
            for pfn in frames {
                self.kernel.phys.put(pfn, &mut self.kernel.trace);
            }
            if let Some(at) = missed {
                return self.kernel.refuse(Errno::EFAULT, Why::BadUserAddress { at });
            }
            if left > 0 {
                stopped?;
            }
        }
        Ok(())
    }

    /// The frames of pages in a row, held, as many as can be had, and why there are no more.
    fn pin_user_pages(&mut self, mm: MmId, at: VirtAddr, pages: u64, access: Access) -> (Vec<Pfn>, SysResult<()>) {
        let mut frames = Vec::new();
        for page in 0..pages {
            let addr = VirtAddr(at.page_floor().0.wrapping_add(page * PAGE_SIZE));
            match self.kernel.pin_user_page(mm, addr, access) {
                Ok(pfn) => {
                    self.kernel.phys.get(pfn);
                    frames.push(pfn);
                }
                // Whatever it was, the call speaks of a bad address.
                Err(error) => return (frames, self.kernel.refuse(Errno::EFAULT, error.why)),
            }
            if access == Access::Write
                && let Some(pfn) = frames.last()
            {
                self.kernel.fs.mark_dirty(*pfn, &mut self.kernel.phys);
            }
        }
        (frames, Ok(()))
    }

    /// Copies a part of a frame to or from the caller's memory: how many bytes.
    fn copy_page(&mut self, pfn: Pfn, offset: u64, len: u64, local: &mut Local, access: Access) -> u64 {
        let mut done = 0;
        while done < len
            && let Some((addr, part)) = local.next(len - done)
        {
            let missing = match access {
                Access::Write => self.copy_from_user_to_frame(addr, pfn, offset + done, part as usize),
                _ => self.copy_frame_to_user(pfn, offset + done, addr, part as usize),
            } as u64;
            done += part - missing;
            local.advance(part - missing);
            if missing > 0 {
                break;
            }
        }
        done
    }
}
