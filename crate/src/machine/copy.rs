//! The kernel's copies to and from the memory of the running process (Linux `copy_to_user`, `copy_from_user`).

use super::Machine;
use crate::addr::{Pfn, VirtAddr};
use crate::mm::fault::FaultFrom;
use crate::mmu::Access;

/// What a copy of bytes from one offset of a page to another one of the same page leaves at its target. It goes forward:
/// where the target lies a little further on, what has been written is read again (measured).
fn copied_forward(bytes: &mut [u8], from: u64, to: u64) {
    if from < to && to < from + bytes.len() as u64 {
        let distance = (to - from) as usize;
        for i in distance..bytes.len() {
            bytes[i] = bytes[i - distance];
        }
    }
}

impl Machine {
    /// Copies into the running process's memory, as `read(2)` does: bytes that did not fit.
    pub(super) fn copy_to_user(&mut self, to: VirtAddr, from: &[u8]) -> usize {
        let mut done = 0;
        for (at, part) in to.page_parts(from.len()) {
            let bytes = &from[part];
            let mut write = |m: &mut Self| m.kernel.cpu.write(&mut m.kernel.phys, at, bytes, &mut m.kernel.trace);
            if !self.user_range_ok(at, bytes.len()) || self.retry(FaultFrom::Kernel, at, Access::Write, &mut write).is_err() {
                break;
            }
            done += bytes.len();
        }
        from.len() - done
    }

    /// Copies out of the running process's memory: bytes that could not be read.
    pub(super) fn copy_from_user(&mut self, from: VirtAddr, into: &mut [u8]) -> usize {
        let mut done = 0;
        for (at, part) in from.page_parts(into.len()) {
            let bytes = &mut into[part];
            let len = bytes.len();
            let mut read = |m: &mut Self| m.kernel.cpu.read(&mut m.kernel.phys, at, bytes, &mut m.kernel.trace);
            if !self.user_range_ok(at, len) || self.retry(FaultFrom::Kernel, at, Access::Read, &mut read).is_err() {
                break;
            }
            done += len;
        }
        into.len() - done
    }

    /// Copies out of the running process's memory into a frame, from an offset on: bytes that could not be read.
    pub(super) fn copy_from_user_to_frame(&mut self, from: VirtAddr, pfn: Pfn, offset: u64, len: usize) -> usize {
        let mut done = 0;
        for (at, part) in from.page_parts(len) {
            let mut bytes = vec![0; part.len()];
            if self.copy_from_user(at, &mut bytes) > 0 {
                break;
            }
            let to = offset + part.start as u64;
            if self.running_frame_at(at) == Some(pfn) {
                copied_forward(&mut bytes, at.page_offset(), to);
            }
            self.kernel.phys.write(pfn, to, &bytes);
            done += part.len();
        }
        len - done
    }

    /// The same for a write to a file, and what then stands there. A page that is not present is brought in between,
    /// by a function that takes the address 0 for the end of all addresses (Linux `fault_in_readable`, measured).
    pub(super) fn copy_from_user_to_page(&mut self, from: VirtAddr, pfn: Pfn, offset: u64, into: &mut [u8]) -> usize {
        if from.0 == 0 && self.running_frame_at(from).is_none() {
            return into.len();
        }
        let left = self.copy_from_user_to_frame(from, pfn, offset, into.len());
        self.kernel.phys.read(pfn, offset, into);
        left
    }

    /// The same the other way: bytes that could not be written.
    pub(super) fn copy_frame_to_user(&mut self, pfn: Pfn, offset: u64, to: VirtAddr, len: usize) -> usize {
        let mut done = 0;
        for (at, part) in to.page_parts(len) {
            let mut bytes = vec![0; part.len()];
            let from = offset + part.start as u64;
            self.kernel.phys.read(pfn, from, &mut bytes);
            if self.copy_to_user(at, &bytes) > 0 {
                break;
            }
            if self.running_frame_at(at) == Some(pfn) {
                copied_forward(&mut bytes, from, at.page_offset());
                self.kernel.phys.write(pfn, at.page_offset(), &bytes);
            }
            done += part.len();
        }
        len - done
    }

    fn running_frame_at(&self, at: VirtAddr) -> Option<Pfn> {
        self.kernel.frame_at(self.kernel.current_mm(), at)
    }

    /// Linux `access_ok`.
    fn user_range_ok(&self, addr: VirtAddr, len: usize) -> bool {
        addr.0.checked_add(len as u64).is_some_and(|end| end <= self.kernel.task_size())
    }
}

#[cfg(test)]
mod tests {
    use super::copied_forward;

    #[test]
    fn a_copy_onto_its_own_source_repeats_what_lies_between() {
        let copied = |from, to| {
            let mut bytes = *b"abcdef";
            copied_forward(&mut bytes, from, to);
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        assert_eq!(copied(0, 2), "ababab");
        assert_eq!(copied(0, 5), "abcdea");
        assert_eq!((copied(0, 6), copied(2, 0), copied(3, 3)), ("abcdef".into(), "abcdef".into(), "abcdef".into()));
    }
}
