//! The real side: loads, stores and touches, and the handlers of the signals in which they end.

use super::{Live, Outcome};
use crate::tracee::{RealSignal, Tracee};
use pagefault::internals;
use pagefault::script::{Call, Expr};

/// An access calls handlers at most so often.
const MOST_HANDLED: u32 = 64;

impl Live {
    /// Makes an access; a signal for which the process has a handler is handled, and the access tried again.
    pub(super) fn try_access<T>(
        &mut self,
        pid: u32,
        access: impl Fn(&mut Tracee) -> Result<Result<T, RealSignal>, String>,
    ) -> Result<Result<T, RealSignal>, String> {
        for _ in 0..MOST_HANDLED {
            let signal = match access(self.acting(pid)?)? {
                Err(signal) if !self.handlers.masked => signal,
                other => return Ok(other),
            };
            let calls = self.handlers.calls.get(&(pid, signal.signo)).filter(|calls| !calls.is_empty()).cloned();
            let Some(calls) = calls else { return Ok(Err(signal)) };
            self.names.insert("si_addr".into(), signal.addr);
            self.names.insert("si_code".into(), signal.code as u64);
            self.call_handler(pid, &calls)?;
        }
        Err("a handler was called again and again, and the access still faults".into())
    }

    /// Makes the calls of a handler, with the rights of keys that the kernel gives to one (`init_pkru_value`), which its
    /// return takes back.
    fn call_handler(&mut self, pid: u32, calls: &[Call]) -> Result<(), String> {
        self.handlers.masked = true;
        let rights = if self.has_keys { Some(self.acting(pid)?.read_pkru()?) } else { None };
        if rights.is_some() {
            self.acting(pid)?.write_pkru(internals::INITIAL_PKRU)?;
        }
        for call in calls {
            let mut outcome = Outcome { pid, result: String::new(), faults: (0, 0), vector: None, child: None, value: None };
            self.call(pid, call, None, &mut outcome)?;
        }
        if let Some(rights) = rights {
            self.acting(pid)?.write_pkru(rights)?;
        }
        self.handlers.masked = false;
        Ok(())
    }

    pub(super) fn load(&mut self, pid: u32, call: &Call, outcome: &mut Outcome) -> Result<Option<RealSignal>, String> {
        let (at, len) = (self.number(call, 0)?.unwrap_or(0), self.number(call, 1)?.unwrap_or(1));
        let mut bytes = Vec::new();
        for i in 0..len {
            match self.try_access(pid, |tracee| tracee.load(at.wrapping_add(i)))? {
                Ok(byte) => bytes.push(byte),
                Err(signal) => return Ok(Some(signal)),
            }
        }
        outcome.result = pagefault::script::show_bytes(&bytes);
        outcome.value = (bytes.len() <= 8).then(|| bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)));
        Ok(None)
    }

    pub(super) fn store(&mut self, pid: u32, call: &Call, outcome: &mut Outcome) -> Result<Option<RealSignal>, String> {
        let at = self.number(call, 0)?.unwrap_or(0);
        let bytes = match call.args.get(1).map(|(_, expr)| expr) {
            Some(Expr::Text(bytes)) => bytes.clone(),
            _ => {
                let size = self.number(call, 2)?.unwrap_or(1).min(8) as usize;
                self.number(call, 1)?.unwrap_or(0).to_le_bytes()[..size].to_vec()
            }
        };
        for (i, byte) in bytes.iter().enumerate() {
            if let Err(signal) = self.try_access(pid, |tracee| tracee.store(at.wrapping_add(i as u64), *byte))? {
                return Ok(Some(signal));
            }
        }
        (outcome.value, outcome.result) = (Some(bytes.len() as u64), bytes.len().to_string());
        Ok(None)
    }

    pub(super) fn touch(&mut self, pid: u32, call: &Call, outcome: &mut Outcome) -> Result<Option<RealSignal>, String> {
        let start = self.number(call, 0)?.unwrap_or(0);
        let (count, stride) = (self.number(call, 1)?.unwrap_or(1), self.number(call, 2)?.unwrap_or(4096));
        let byte = self.number(call, 3)?.unwrap_or(0) as u8;
        for i in 0..count {
            let at = start.wrapping_add(i.wrapping_mul(stride));
            let writes = call.name == "touch_write";
            let done = self.try_access(pid, |tracee| if writes { tracee.store(at, byte) } else { Ok(tracee.load(at)?.map(|_| ())) })?;
            if let Err(signal) = done {
                outcome.result = i.to_string();
                return Ok(Some(signal));
            }
        }
        (outcome.value, outcome.result) = (Some(count), count.to_string());
        Ok(None)
    }
}
