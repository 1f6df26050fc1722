//! Waiting for traced processes: what stops or ends meanwhile is kept for who waits for it, and nothing takes for ever.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::mem::zeroed;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

/// So long may the real processes of one script be at work, in seconds, unless told otherwise.
const LIMIT: u64 = 120;
/// So long it may take until killed ones are gone.
const TO_END: Duration = Duration::from_secs(10);
/// A signal that came just before a wait does not end that wait: the next one does.
const AGAIN: Duration = Duration::from_millis(250);

thread_local! {
    /// Statuses that were told while somebody else's was waited for.
    static KEPT: RefCell<HashMap<libc::pid_t, VecDeque<i32>>> = RefCell::default();
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
    static SECONDS: Cell<u64> = const { Cell::new(LIMIT) };
}

extern "C" fn interrupt(_: i32) {}

/// Sets the limit of each script that begins from now on.
pub(crate) fn limit(seconds: u64) {
    SECONDS.set(seconds.max(1));
}

/// A script begins: from now on waiting ends with an error after the limit.
pub(crate) fn begin_script() -> Result<(), String> {
    let limit = Duration::from_secs(SECONDS.get());
    DEADLINE.set(Some(Instant::now() + limit));
    let time = |duration: Duration| libc::timeval { tv_sec: duration.as_secs() as i64, tv_usec: duration.subsec_micros().into() };
    let timer = libc::itimerval { it_interval: time(AGAIN), it_value: time(limit) };
    // SAFETY: a handler that does nothing, without SA_RESTART: what waits is interrupted. The structures are ours.
    let done = unsafe {
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = interrupt as *const () as usize;
        libc::sigaction(libc::SIGALRM, &action, null_mut()) == 0 && libc::setitimer(libc::ITIMER_REAL, &timer, null_mut()) == 0
    };
    if done { Ok(()) } else { Err(format!("no time limit can be set: {}", std::io::Error::last_os_error())) }
}

/// The next status of a process or thread, as `waitpid` gives it. A process whose threads have ended is told to have ended
/// only when they have been waited for: so everybody's are taken, and those of others kept.
pub(crate) fn status_of(pid: libc::pid_t) -> Result<i32, String> {
    loop {
        if let Some(status) = KEPT.with_borrow_mut(|kept| kept.get_mut(&pid).and_then(VecDeque::pop_front)) {
            return Ok(status);
        }
        if DEADLINE.get().is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(format!("the real processes were at work for more than {} s: something waits that nobody wakes", SECONDS.get()));
        }
        let mut status = 0;
        // SAFETY: status is ours.
        let told = unsafe { libc::waitpid(-1, &mut status, libc::__WALL) };
        match told {
            -1 => {
                let error = std::io::Error::last_os_error();
                if error.kind() != std::io::ErrorKind::Interrupted {
                    return Err(format!("waitpid: {error}"));
                }
            }
            _ => KEPT.with_borrow_mut(|kept| kept.entry(told).or_default().push_back(status)),
        }
    }
}

/// Kills a process of ours, with all its threads, and waits until it is gone.
pub(crate) fn end(pid: libc::pid_t) {
    // SAFETY: a process of ours, by its number.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    let of_script = DEADLINE.replace(Some(Instant::now() + TO_END));
    while status_of(pid).is_ok_and(|status| libc::WIFSTOPPED(status)) {}
    DEADLINE.set(of_script);
    // The number may be another one's some day.
    KEPT.with_borrow_mut(|kept| kept.remove(&pid));
}
