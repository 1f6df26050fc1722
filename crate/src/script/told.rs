//! What came of a statement, as facts.

use super::ast::Statement;
use super::run::{State, Yield};
use crate::event::Event;
use crate::view::{Fact, Moment, SignalFact, StepFacts};

impl State {
    /// What is different after a step, its end included: `events` are its own and those of a death that came of it.
    pub(super) fn facts(
        &self,
        moment: &Moment,
        statement: &Statement,
        outcome: &Yield,
        (events, after): (&[Event], &[Event]),
        dropped: u64,
    ) -> StepFacts {
        let name = statement.call.name.as_str();
        let all: Vec<_> = events.iter().chain(after).copied().collect();
        let signals = || events.iter().filter_map(|event| if let Event::Signal { signal, .. } = event { Some(*signal) } else { None });
        let (ending, signal, errno, counted) = match outcome {
            Yield::Value(_) | Yield::Bytes(_) => ("ok", None, None, None),
            Yield::Counted(count, None) => ("ok", None, None, Some(*count)),
            Yield::Error(error) => ("error", None, Some(error.errno), None),
            Yield::CountedError(count, error) => ("error", None, Some(error.errno), Some(*count)),
            Yield::Signal(signal) => ("signal", Some(*signal), None, None),
            Yield::Counted(count, Some(signal)) => ("signal", Some(*signal), None, Some(*count)),
            Yield::Skipped(_) => ("skipped", None, None, None),
        };
        let raised = signals().count() as u64;
        let mut facts = moment.facts(&self.machine, &all, dropped);
        if let Some((signo, calls)) = &statement.handler {
            let calls = (!calls.is_empty()).then_some(calls.len());
            facts.push(Fact::Handler { pid: moment.pid().0, signal: signo.name(), calls });
        }
        StepFacts {
            ending,
            errno: errno.map(crate::errno::Errno::name),
            signal: signal.or_else(|| signals().next()).map(SignalFact::from),
            handled: if ending == "signal" { raised.saturating_sub(1) } else { raised },
            counted,
            lived: moment.lived(),
            accessed: matches!(name, "load" | "store" | "execute" | "touch_read" | "touch_write"),
            facts,
            why: events.iter().find_map(|event| if let Event::Signal { why, .. } = event { Some(why.to_string()) } else { None }),
            dropped,
            ..StepFacts::default()
        }
    }
}
