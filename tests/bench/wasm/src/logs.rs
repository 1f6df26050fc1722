//! Logs, read and replayed.

#[path = "../../log.rs"]
mod log;

use pagefault::script::Session;
use std::cell::{Cell, RefCell};

thread_local! {
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
    /// The lines of the text that was made; 0 before, and none where a text was given.
    static MADE: Cell<Option<u32>> = const { Cell::new(Some(0)) };
    static READ: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// A log of `n` lines.
#[unsafe(no_mangle)]
pub extern "C" fn log_read_before(n: u32) {
    READ.take();
    if MADE.get().is_some_and(|made| made != n) {
        MADE.set(Some(n));
        TEXT.set(log::log(n as usize));
    }
}

/// Reads it.
#[unsafe(no_mangle)]
pub extern "C" fn log_read(_: u32) -> f64 {
    READ.set(Some(TEXT.with_borrow(|text| log::read(text))));
    READ.with_borrow(|read| read.as_ref().map_or(0, Session::len)) as f64
}

/// The same, read and not yet replayed.
#[unsafe(no_mangle)]
pub extern "C" fn log_replay_before(n: u32) {
    log_read_before(n);
    log_read(n);
}

/// Replays it.
#[unsafe(no_mangle)]
pub extern "C" fn log_replay(_: u32) -> f64 {
    READ.with_borrow_mut(|read| read.as_mut().map_or(0, log::replay)) as f64
}

/// Room for a text of `n` bytes, which is read instead.
#[unsafe(no_mangle)]
pub extern "C" fn log_text(n: u32) -> *mut u8 {
    MADE.set(None);
    TEXT.with_borrow_mut(|text| {
        *text = " ".repeat(n as usize);
        text.as_mut_ptr()
    })
}
