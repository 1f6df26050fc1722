//! Why a script did not pass: which of the three that answer, the script's words, the kernel and the emulator, differ.

use crate::live::NotHere;
use std::fmt;

/// They say different things of one field of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) line: usize,
    pub(crate) call: String,
    pub(crate) field: &'static str,
    /// What the script says; none where it says nothing of it.
    pub(crate) script: Option<String>,
    pub(crate) real: String,
    pub(crate) ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, call, field, script, real, ours } = self;
        write!(f, "line {line}, {field} of {call}: ")?;
        match script {
            None => write!(f, "Linux says {real}, the emulator {ours}"),
            Some(script) if real == ours => write!(f, "the script expects {script}, Linux and the emulator say {real}"),
            Some(script) if script == ours => write!(f, "Linux says {real}, the script and the emulator {ours}"),
            Some(script) => write!(f, "the script expects {script}, Linux says {real}, the emulator {ours}"),
        }
    }
}

/// Why a script did not pass.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The kernel and the emulator differ, or the script from both; in the order of the statements.
    Differs(Vec<Difference>),
    /// The script is wrong.
    Script(String),
    /// The script wants what is otherwise here: the settings.
    NotHere(Vec<String>),
    /// The kernel cannot be asked here.
    CannotAsk(String),
}

impl From<Difference> for Failure {
    fn from(difference: Difference) -> Self {
        Self::Differs(vec![difference])
    }
}

impl From<NotHere> for Failure {
    fn from(why: NotHere) -> Self {
        match why {
            NotHere::ThisScript(settings) => Self::NotHere(settings),
            NotHere::NoScript(why) => Self::CannotAsk(why),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(all) => f.write_str(&all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")),
            Self::Script(why) | Self::CannotAsk(why) => f.write_str(why),
            Self::NotHere(settings) => write!(f, "it wants {}", settings.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_which_of_the_three_differ() {
        let told = |script: Option<&str>, real: &str, ours: &str| {
            let (real, ours) = (real.to_string(), ours.to_string());
            Difference { line: 3, call: "brk".into(), field: "result", script: script.map(str::to_string), real, ours }.to_string()
        };
        assert_eq!(told(None, "1", "2"), "line 3, result of brk: Linux says 1, the emulator 2");
        assert_eq!(told(Some("3"), "1", "1"), "line 3, result of brk: the script expects 3, Linux and the emulator say 1");
        assert_eq!(told(Some("2"), "1", "2"), "line 3, result of brk: Linux says 1, the script and the emulator 2");
        assert_eq!(told(Some("1"), "1", "2"), "line 3, result of brk: the script expects 1, Linux says 1, the emulator 2");
        assert_eq!(told(Some("3"), "1", "2"), "line 3, result of brk: the script expects 3, Linux says 1, the emulator 2");
    }
}
