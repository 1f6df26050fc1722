//! Logs, read and replayed natively by the emulator itself.

#[path = "../../log.rs"]
mod log;

use std::time::Instant;

/// Nanoseconds a line of reading or replaying a log; `None` for another name.
pub(crate) fn measure(name: &str, lines: usize) -> Option<f64> {
    let text = matches!(name, "log_read" | "log_replay").then(|| log::log(lines))?;
    let start = Instant::now();
    let mut session = log::read(&text);
    if name == "log_read" {
        return Some(start.elapsed().as_nanos() as f64 / lines as f64);
    }
    let start = Instant::now();
    log::replay(&mut session);
    Some(start.elapsed().as_nanos() as f64 / lines as f64)
}
