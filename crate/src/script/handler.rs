//! `on SIGSEGV mmap(si_addr & -4096, …); …`: what a process does about a signal, as a handler installed with
//! `sigaction(2)` would. The handler's calls are made, then the access is tried again, as after `sigreturn`.

use super::ast::{Call, Outcome, Statement};
use super::parse::{Result, call, expected};
use super::run::{State, Yield};
use crate::ids::Pid;
use crate::machine::Machine;
use crate::mm::INITIAL_PKRU;
use crate::signal::{SigNo, Signal};
use crate::sorted::SortedMap;
use winnow::Parser;
use winnow::ascii::{space0, space1};
use winnow::combinator::{alt, cut_err, separated, terminated};

/// A handler that was called so often for the same fault does not help; Linux would go on for ever.
const MOST_IN_VAIN: u32 = 16;
/// One access calls handlers at most so often: it may fault on each of its pages.
const MOST_CALLS: u32 = 1 << 16;

/// The name of the statement that installs a handler.
pub(super) const ON: &str = "on";

/// `SIGSEGV call(…); call(…)` or `SIGSEGV default`, after `on`.
pub(super) fn handler(input: &mut &str) -> Result<(SigNo, Vec<Call>)> {
    let signal = alt(("SIGSEGV".value(SigNo::Segv), "SIGBUS".value(SigNo::Bus)));
    let signo = cut_err(terminated(signal, space1)).context(expected("SIGSEGV or SIGBUS")).parse_next(input)?;
    let calls = separated(1.., call, (space0, ';', space0));
    let handler = alt(("default".value(Vec::new()), calls));
    Ok((signo, cut_err(handler).context(expected("calls, separated by `;`, or `default`")).parse_next(input)?))
}

/// The handlers of all processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Handlers {
    calls: SortedMap<(Pid, SigNo), Vec<Call>>,
    /// The statement wants to see the signal itself, or a handler is at work: none is called.
    masked: bool,
}

impl State {
    /// Installs the handler of an `on` statement; one without calls is the default, which is to die.
    pub(super) fn install_handler(&mut self, pid: Pid, statement: &Statement) {
        if let Some((signo, calls)) = &statement.handler {
            self.handlers.calls.insert((pid, *signo), calls.clone());
        }
    }

    /// A statement that expects a signal gets it, as a tracer would.
    pub(super) fn mask_handlers(&mut self, statement: &Statement) {
        self.handlers.masked = matches!(statement.outcome, Some(Outcome::Signal(..)));
    }

    /// A child has its parent's handlers, a new program none.
    pub(super) fn inherit_handlers(&mut self, pid: Pid, call: &Call, result: u64) {
        match call.name.as_str() {
            "fork" | "vfork" | "clone" | "clone3" => {
                let of_parent: Vec<_> = self.handlers.calls.iter().filter(|((of, _), _)| *of == pid).collect();
                let of_child: Vec<_> =
                    of_parent.into_iter().map(|((_, signo), calls)| ((Pid(result as u32), *signo), calls.clone())).collect();
                self.handlers.calls.extend(of_child);
            }
            "execve" => self.handlers.calls.retain(|(of, _), _| *of != pid),
            _ => {}
        }
    }

    /// Makes an access; a signal for which the process has a handler is handled, and the access tried again.
    /// `Err` for a handler that never helps.
    pub(super) fn try_access<T>(
        &mut self,
        pid: Pid,
        mut access: impl FnMut(&mut Machine) -> std::result::Result<T, Signal>,
    ) -> std::result::Result<std::result::Result<T, Signal>, String> {
        let (mut last, mut in_vain) = (None, 0);
        for _ in 0..MOST_CALLS {
            let signal = match access(&mut self.machine) {
                Err(signal) if !self.handlers.masked => signal,
                other => return Ok(other),
            };
            let Some(calls) = self.handlers.calls.get(&(pid, signal.signo)).filter(|calls| !calls.is_empty()).cloned() else {
                return Ok(Err(signal));
            };
            in_vain = if last == Some(signal) { in_vain + 1 } else { 0 };
            last = Some(signal);
            if in_vain == MOST_IN_VAIN {
                break;
            }
            if let Some(fatal) = self.call_handler(pid, &calls, signal)? {
                return Ok(Err(fatal));
            }
        }
        let name = last.map_or("the signal", |signal| signal.signo.name());
        Err(format!("the handler of {name} was called again and again, and the access still faults: on Linux it would for ever"))
    }

    /// Makes the calls of a handler; the signal that ended the process, if it has ended.
    fn call_handler(&mut self, pid: Pid, calls: &[Call], signal: Signal) -> std::result::Result<Option<Signal>, String> {
        self.names.bind("si_addr", signal.addr.0);
        self.names.bind("si_code", signal.code.number() as u64);
        self.handlers.masked = true;
        // A handler begins with the rights of a new program; its return brings back those of the moment of the signal.
        let rights = self.machine.read_pkru(pid);
        self.machine.write_pkru(pid, INITIAL_PKRU);
        for call in calls {
            let made = self.call(pid, call);
            if let Ok(Yield::Signal(inner) | Yield::Counted(_, Some(inner))) = &made {
                // A fault inside a handler cannot be handled.
                self.machine.kill_by_signal(pid, *inner);
            }
            if let Err(error) = made {
                self.handlers.masked = false;
                return Err(error);
            }
            if !self.machine.process(pid).is_some_and(|process| process.is_alive()) {
                break;
            }
        }
        self.machine.write_pkru(pid, rights);
        self.handlers.masked = false;
        Ok(Some(signal).filter(|_| !self.machine.process(pid).is_some_and(|process| process.is_alive())))
    }
}

#[cfg(test)]
mod tests {
    use crate::script::Session;

    fn results(text: &str) -> Vec<String> {
        let mut session = Session::from_text(text).expect("a script");
        session.run_to_end().expect("it runs");
        session.reports().iter().map(|report| report.result.clone()).collect()
    }

    #[test]
    fn a_handler_that_never_helps_is_an_error_with_its_line() {
        let mut session = Session::from_text("on SIGSEGV getpid()\nload(0x10000)").unwrap();
        let error = session.run_to_end().unwrap_err();
        assert_eq!(error.line, 2);
        assert!(error.to_string().contains("the handler of SIGSEGV"), "{error}");
    }

    #[test]
    fn a_fault_inside_a_handler_ends_the_process() {
        let text = "on SIGSEGV load(0x20000)\nload(0x10000)\nchild = fork()";
        let mut session = Session::from_text(text).unwrap();
        let _ = session.run_to_end();
        assert!(session.machine().processes().all(|process| !process.is_alive()));
    }

    #[test]
    fn handlers_are_known_by_their_signal_and_taken_back() {
        let shown =
            results("on SIGBUS getpid()\nload(0x10000) = SIGSEGV\non SIGSEGV mmap(si_addr & -4096, 4K, 3, 0x32, -1, 0)\nload(0x10000)");
        assert!(shown[1].starts_with("SIGSEGV SEGV_MAPERR"), "{shown:?}");
        assert_eq!(shown[3], "0x0");
        let mut session = Session::from_text("on SIGSEGV getpid()\non SIGSEGV default\nload(0x10000)").unwrap();
        session.run_to_end().unwrap();
        assert!(session.machine().processes().all(|process| !process.is_alive()));
    }

    #[test]
    fn what_is_wrong_with_a_handler_is_said() {
        for (text, expected) in
            [("on SIGUSR1 getpid()", "SIGSEGV or SIGBUS"), ("on SIGSEGV", "SIGSEGV or SIGBUS"), ("on SIGSEGV 5", "a call")]
        {
            let error = &Session::from_text(text).unwrap_err()[0];
            assert!(error.expected.contains(expected), "{text}: {error}");
        }
        assert!(Session::from_text("on = mmap(NULL, 4K, 3, 0x22, -1, 0)").is_ok(), "a name may be `on`");
    }
}
