//! Sessions from text of any kind.

use super::recognise::{Kind, recognise};
use crate::script::{ParseError, Script, Session};

impl Session {
    /// Reads a text of any kind (see [`recognise`]) and sets its machine up.
    ///
    /// # Errors
    /// What is wrong with a script, line by line; why nothing of a log can be replayed.
    pub fn from_text(text: &str) -> Result<Self, Vec<ParseError>> {
        Self::from_text_as(text, recognise(text))
    }

    /// Reads a text as the kind it is said to be.
    ///
    /// # Errors
    /// As [`Session::from_text`].
    pub fn from_text_as(text: &str, kind: Kind) -> Result<Self, Vec<ParseError>> {
        let script = match kind {
            Kind::Script => Script::parse(text)?,
            Kind::Strace | Kind::Qemu | Kind::Perf => super::read_as(text, kind),
            Kind::Maps | Kind::Smaps => return Err(vec![no_calls(kind)]),
        };
        if script.is_log && script.statements.is_empty() {
            return Err(vec![nothing_read(&script, kind)]);
        }
        Self::new(script).map_err(|error| vec![ParseError::whole(error.to_string())])
    }
}

fn no_calls(kind: Kind) -> ParseError {
    let cure = format!("this looks like {}: it goes where the first maps of a log are asked for, not where calls go", kind.description());
    ParseError::whole(cure)
}

fn nothing_read(script: &Script, kind: Kind) -> ParseError {
    let first = script.set_aside.first().map_or_else(String::new, |aside| format!("; line {} was set aside: {}", aside.line, aside.reason));
    ParseError::whole(format!("this was taken for {}, but no call in it can be read{first}", kind.description()))
}
