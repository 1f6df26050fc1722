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

/// The errno of a name, EIO for one that is not known. (`Errno::from_name` is a second table of all names.)
fn errno_of(name: &str) -> Errno {
    Errno::ALL.iter().copied().find(|errno| errno.name() == name).unwrap_or(Errno::EIO)
}

/// A question as words: the file's number, what is asked, and its values.
fn words_of(serial: u64, asked: Asked, count: u64, write: bool) -> [u64; 6] {
    let [kind, a, b, c, d] = match asked {
        Asked::Page(page) => [0, page, count, write.into(), 0],
        Asked::Mkwrite(page) => [1, page, 0, 0, 0],
        Asked::Mmap { pgoff, pages, prot, shared } => [2, pgoff, pages, prot, shared.into()],
        Asked::Truncate(size) => [3, size, 0, 0, 0],
    };
    [serial, kind, a, b, c, d]
}

fn asked_in([_, kind, a, b, c, d]: [u64; 6]) -> Asked {
    match kind {
        0 => Asked::Page(a),
        1 => Asked::Mkwrite(a),
        2 => Asked::Mmap { pgoff: a, pages: b, prot: c, shared: d != 0 },
        _ => Asked::Truncate(a),
    }
}

#[wasm_bindgen]
impl WasmMachine {
    /// Makes a file of a number, unless its path names one; `hooks` are what it is asked besides its pages. The names are those
    /// of its functions.
    #[wasm_bindgen(js_name = addFuse)]
    #[allow(clippy::too_many_arguments, reason = "numbers cross one by one")]
    pub fn add_fuse(
        &mut self,
        path: &str,
        serial: u64,
        size: u64,
        mode: u32,
        read_ahead: u32,
        hooks: u32,
        mmap: &str,
        fault: &str,
    ) -> bool {
        let is_free = self.machine.kernel.fs.lookup(path).is_none();
        if is_free {
            let mut fuse = Fuse::new(serial);
            (fuse.hooks, fuse.read_ahead) = (Hooks::from_bits_truncate(hooks), read_ahead.into());
            (fuse.mmap_name, fuse.fault_name) = (symbol(mmap, fuse.mmap_name), symbol(fault, fuse.fault_name));
            self.machine.kernel.add_fuse_file(path, size, mode, fuse);
        }
        is_free
    }

    /// Address of six words in which questions cross.
    #[wasm_bindgen(js_name = fuseWords)]
    pub fn fuse_words(&self) -> usize {
        self.asked.as_ptr() as usize
    }

    /// Takes something out, into the words; `false` if there is nothing.
    ///
    /// 0: what the last call or access waits for: the file's number, then 0, page, pages, whether to write; 1, page; 2, page,
    /// pages, prot, whether shared; or 3, size. 1: the question for which it failed, in the same form. 2: what the last call
    /// has left to be made present, for `fusePopulate`. 3: the oldest thing that has happened to a file: its number, then 0, a
    /// page that was written back and its length (its bytes are in the buffer); 1, it must have arrived; 2, page and pages that
    /// may be had; 3, closed; 4, gone; 5, its new size.
    #[wasm_bindgen(js_name = fuseTake)]
    pub fn fuse_take(&mut self, what: u32) -> bool {
        let kernel = &mut self.machine.kernel;
        let taken = match what {
            0 => kernel.fs.fuse.waiting.take().map(|request| words_of(request.serial, request.asked, request.count, request.write)),
            1 => kernel.fs.fuse.failed.take().map(|(serial, asked)| words_of(serial, asked, 0, false)),
            2 => kernel.populate_left.take().map(|PopulateLeft { mm, range }| [mm.0, range.start.0, range.end.0, 0, 0, 0]),
            _ => kernel.fs.fuse.notices.pop_front().map(|notice| self.notice_in_words(notice)),
        };
        *self.asked = taken.unwrap_or_default();
        taken.is_some()
    }

    fn notice_in_words(&mut self, notice: Notice) -> [u64; 6] {
        let (serial, kind, a, b) = match notice {
            Notice::Written { serial, page, bytes } => {
                self.buffer(bytes.len());
                self.buffer[..bytes.len()].copy_from_slice(&bytes);
                (serial, 0, page, bytes.len() as u64)
            }
            Notice::Synced { serial } => (serial, 1, 0, 0),
            Notice::Ahead { serial, page, count } => (serial, 2, page, count),
            Notice::Released { serial } => (serial, 3, 0, 0),
            Notice::Forgotten { serial } => (serial, 4, 0, 0),
            Notice::Resized { serial, size } => (serial, 5, size, 0),
        };
        [serial, kind, a, b, 0, 0]
    }

    /// Goes on with what a call of a process has left, which is in the words; what it waits for and leaves is asked as after a
    /// call.
    #[wasm_bindgen(js_name = fusePopulate)]
    pub fn fuse_populate(&mut self, pid: u32) {
        let [mm, start, end, ..] = *self.asked;
        let range = VirtRange { start: VirtAddr(start), end: VirtAddr(end) };
        self.machine.populate_rest(Pid(pid), PopulateLeft { mm: MmSerial(mm), range });
    }

    /// Takes pages from that on of which the question in the words is: the first `len` bytes of the buffer. `false` if there is
    /// no RAM for them.
    #[wasm_bindgen(js_name = fuseProvide)]
    pub fn fuse_provide(&mut self, len: usize) -> bool {
        let [serial, _, page, ..] = *self.asked;
        self.machine.kernel.provide(serial, page, &self.buffer[..len.min(self.buffer.len())]) != Provided::OutOfMemory
    }

    /// Answers the question in the words: with the name of an errno, or (empty) that it may be.
    #[wasm_bindgen(js_name = fuseAnswer)]
    pub fn fuse_answer(&mut self, errno: &str) {
        let errno = (!errno.is_empty()).then(|| errno_of(errno));
        self.machine.kernel.fs.answer(self.asked[0], asked_in(*self.asked), errno);
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
        self.settle(Err(SysError::new(errno_of(errno), Why::RefusedOutside)));
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
