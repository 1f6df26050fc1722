//! Files written in JavaScript: what they are asked and told goes out as numbers, what they answer comes in as numbers and
//! bytes. Nothing of JavaScript is called from here.

use super::WasmMachine;
use crate::addr::{VirtAddr, VirtRange};
use crate::errno::{Errno, SysError};
use crate::fs::{Asked, Fuse, Hooks, Notice, Provided};
use crate::ids::{MmSerial, Pid};
use crate::mm::PopulateLeft;
use crate::signal::Signal;
use crate::why::Why;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

/// Different names of functions that a program may have; those of others are the kernel's.
const MOST_NAMES: usize = 1024;

/// A call in the middle of which others are made.
#[derive(Debug)]
pub(super) struct Aside {
    words: [u64; 7],
    output: Vec<u8>,
    error: Option<SysError>,
    signal: Option<Signal>,
}

thread_local! {
    /// Names of functions, each once: traces keep them for ever, as a kernel keeps its symbols.
    static NAMES: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn symbol(name: &str, otherwise: &'static str) -> &'static str {
    NAMES.with_borrow_mut(|names| match names.iter().find(|known| **known == name) {
        Some(known) => known,
        None if name.is_empty() || name.len() > 64 || names.len() == MOST_NAMES => otherwise,
        None => {
            names.push(Box::leak(name.into()));
            names[names.len() - 1]
        }
    })
}

/// A question as words: the file's number, what is asked, and its values.
fn words_of(serial: u64, asked: Asked, count: u64, write: bool) -> Vec<u64> {
    let [kind, a, b, c, d] = match asked {
        Asked::Page(page) => [0, page, count, write.into(), 0],
        Asked::Mkwrite(page) => [1, page, 0, 0, 0],
        Asked::Mmap { pgoff, pages, prot, shared } => [2, pgoff, pages, prot, shared.into()],
        Asked::Truncate(size) => [3, size, 0, 0, 0],
    };
    vec![serial, kind, a, b, c, d]
}

fn asked_in(words: &[u64]) -> Option<(u64, Asked)> {
    let &[serial, kind, a, b, c, d] = words else { return None };
    let asked = match kind {
        0 => Asked::Page(a),
        1 => Asked::Mkwrite(a),
        2 => Asked::Mmap { pgoff: a, pages: b, prot: c, shared: d != 0 },
        _ => Asked::Truncate(a),
    };
    Some((serial, asked))
}

#[wasm_bindgen]
impl WasmMachine {
    /// Makes a file of a number; `hooks` are what it is asked besides its pages. The names are those of its functions.
    #[wasm_bindgen(js_name = addFuse)]
    #[allow(clippy::too_many_arguments, reason = "numbers cross one by one")]
    pub fn add_fuse(&mut self, path: &str, serial: u64, size: u64, mode: u32, read_ahead: u32, hooks: u32, mmap: &str, fault: &str) {
        let mut fuse = Fuse::new(serial);
        (fuse.hooks, fuse.read_ahead) = (Hooks::from_bits_truncate(hooks), read_ahead.into());
        (fuse.mmap_name, fuse.fault_name) = (symbol(mmap, fuse.mmap_name), symbol(fault, fuse.fault_name));
        self.machine.kernel.add_fuse_file(path, size, mode, fuse);
    }

    /// Whether a path names a file.
    #[wasm_bindgen(js_name = hasFile)]
    pub fn has_file(&self, path: &str) -> bool {
        self.machine.kernel.fs.lookup(path).is_some()
    }

    /// Takes what the last call or access waits for, if it does: the file's number, then 0, page, pages, whether to write; 1,
    /// page; 2, page, pages, prot, whether shared; or 3, size.
    #[wasm_bindgen(js_name = fuseWaits)]
    pub fn fuse_waits(&mut self) -> Option<Vec<u64>> {
        let request = self.machine.kernel.fs.fuse.waiting.take()?;
        Some(words_of(request.serial, request.asked, request.count, request.write))
    }

    /// Takes the file and question for which the last call or access failed, in the same form.
    #[wasm_bindgen(js_name = fuseFailed)]
    pub fn fuse_failed(&mut self) -> Option<Vec<u64>> {
        let (serial, asked) = self.machine.kernel.fs.fuse.failed.take()?;
        Some(words_of(serial, asked, 0, false))
    }

    /// Takes what the last call has left to be made present: it has ended, and was to do that too.
    #[wasm_bindgen(js_name = fuseLeft)]
    pub fn fuse_left(&mut self) -> Option<Vec<u64>> {
        let PopulateLeft { mm, range } = self.machine.kernel.populate_left.take()?;
        Some(vec![mm.0, range.start.0, range.end.0])
    }

    /// Goes on with that; what it waits for and leaves is asked as after a call.
    #[wasm_bindgen(js_name = fusePopulate)]
    pub fn fuse_populate(&mut self, pid: u32, left: &[u64]) {
        if let &[mm, start, end] = left {
            let range = VirtRange { start: VirtAddr(start), end: VirtAddr(end) };
            self.machine.populate_rest(Pid(pid), PopulateLeft { mm: MmSerial(mm), range });
        }
    }

    /// Takes pages from one on: the first `len` bytes of the buffer. `false` if there is no RAM for them.
    #[wasm_bindgen(js_name = fuseProvide)]
    pub fn fuse_provide(&mut self, serial: u64, page: u64, len: usize) -> bool {
        self.machine.kernel.provide(serial, page, &self.buffer[..len.min(self.buffer.len())]) != Provided::OutOfMemory
    }

    /// Answers a question, given as it was asked: with the name of an errno, or (empty) that it may be.
    #[wasm_bindgen(js_name = fuseAnswer)]
    pub fn fuse_answer(&mut self, question: &[u64], errno: &str) {
        let Some((serial, asked)) = asked_in(question) else { return };
        let errno = (!errno.is_empty()).then(|| Errno::from_name(errno).unwrap_or(Errno::EIO));
        self.machine.kernel.fs.answer(serial, asked, errno);
    }

    /// Takes the oldest thing that has happened to such a file: 0 a page was written back (number, page, length; its bytes are
    /// in the buffer), 1 it must have arrived (number), 2 pages may be had (number, page, pages), 3 closed, 4 gone (number), 5 it
    /// has another size (number, bytes).
    #[wasm_bindgen(js_name = fuseNotice)]
    pub fn fuse_notice(&mut self) -> Option<Vec<u64>> {
        Some(match self.machine.kernel.fs.fuse.notices.pop_front()? {
            Notice::Written { serial, page, bytes } => {
                self.buffer(bytes.len());
                self.buffer[..bytes.len()].copy_from_slice(&bytes);
                vec![0, serial, page, bytes.len() as u64]
            }
            Notice::Synced { serial } => vec![1, serial],
            Notice::Ahead { serial, page, count } => vec![2, serial, page, count],
            Notice::Released { serial } => vec![3, serial],
            Notice::Forgotten { serial } => vec![4, serial],
            Notice::Resized { serial, size } => vec![5, serial, size],
        })
    }

    /// Writes a file back, as the kernel does by itself now and then.
    #[wasm_bindgen(js_name = fuseSync)]
    pub fn fuse_sync(&mut self, serial: u64) {
        if let Some(inode) = self.machine.kernel.fs.fuse_inode(serial) {
            self.machine.kernel.vfs_fsync_range(inode, 0..u64::MAX);
        }
    }

    /// Takes a file's name away, if it is that of this file.
    #[wasm_bindgen(js_name = fuseUnlink)]
    pub fn fuse_unlink(&mut self, serial: u64, path: &str) {
        let kernel = &mut self.machine.kernel;
        if kernel.fs.lookup(path).is_some_and(|inode| kernel.fs.fuse_inode(serial) == Some(inode)) {
            kernel.fs.unlink(path, &mut kernel.phys, &mut kernel.trace);
        }
    }

    /// The size of a file in bytes; −1 if it is gone.
    #[wasm_bindgen(js_name = fuseSize)]
    pub fn fuse_size(&self, serial: u64) -> f64 {
        let fs = &self.machine.kernel.fs;
        fs.fuse_inode(serial).map_or(-1.0, |inode| fs.inode(inode).size as f64)
    }

    /// The last call, which ended well, is refused by whoever has the contents.
    #[wasm_bindgen(js_name = fuseRefuse)]
    pub fn fuse_refuse(&mut self, errno: &str) {
        let errno = Errno::from_name(errno).unwrap_or(Errno::EIO);
        self.settle(Err(SysError::new(errno, Why::RefusedOutside)));
    }

    /// What a call has been given and has left, and its explanation, stay as they are until `takeUp`: in the middle of it
    /// something else is done.
    #[wasm_bindgen(js_name = setAside)]
    pub fn set_aside(&mut self) {
        self.watch.suspend(&mut self.machine);
        let output = std::mem::take(&mut self.machine.output);
        self.asides.push(Aside { words: *self.words, output, error: self.error, signal: self.signal });
    }

    /// Goes on with what was set aside last.
    #[wasm_bindgen(js_name = takeUp)]
    pub fn take_up(&mut self) {
        self.watch.resume(&mut self.machine);
        if let Some(Aside { words, output, error, signal }) = self.asides.pop() {
            (*self.words, self.machine.output) = (words, output);
            (self.error, self.signal) = (error, signal);
        }
    }
}
