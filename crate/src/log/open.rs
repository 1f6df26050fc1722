//! Sessions from text of any kind.

use super::recognise::{self, Kind};
use super::{LogReader, clean};
use crate::script::{MAX_SCRIPT_BYTES, ParseError, Script, Session};

impl Session {
    /// Reads a text of any kind (see [`super::recognise`]) and sets its machine up.
    ///
    /// # Errors
    /// What is wrong with a script, line by line; why nothing of a log can be replayed.
    pub fn from_text(text: &str) -> Result<Self, Vec<ParseError>> {
        let plain = clean::clean(text);
        let kind = recognise::of_clean(&plain);
        if !kind.is_log() || text.len() > MAX_SCRIPT_BYTES {
            return Self::from_text_as(text, kind);
        }
        LogReader::of_clean(plain, Some(kind)).into_session()
    }

    /// Reads a text as the kind it is said to be.
    ///
    /// # Errors
    /// As [`Session::from_text`].
    pub fn from_text_as(text: &str, kind: Kind) -> Result<Self, Vec<ParseError>> {
        match kind {
            Kind::Script => made(Script::parse(text)?, kind),
            Kind::Strace | Kind::Qemu | Kind::Perf => LogReader::new(text, Some(kind)).into_session(),
            Kind::Maps | Kind::Smaps => Err(vec![no_calls(kind)]),
        }
    }
}

impl LogReader<'_> {
    /// Reads what is left and sets the machine up.
    ///
    /// # Errors
    /// Why nothing of the log can be replayed.
    pub fn into_session(self) -> Result<Session, Vec<ParseError>> {
        let kind = self.kind();
        made(self.finish(), kind)
    }
}

fn made(script: Script, kind: Kind) -> Result<Session, Vec<ParseError>> {
    if script.is_log && script.statements.is_empty() {
        return Err(vec![nothing_read(&script, kind)]);
    }
    Session::new(script).map_err(|error| vec![ParseError::whole(error.to_string())])
}

fn no_calls(kind: Kind) -> ParseError {
    let cure = format!("this looks like {}: it goes where the first maps of a log are asked for, not where calls go", kind.description());
    ParseError::whole(cure)
}

fn nothing_read(script: &Script, kind: Kind) -> ParseError {
    let first = script.set_aside.first().map_or_else(String::new, |aside| format!("; line {} was set aside: {}", aside.line, aside.reason));
    ParseError::whole(format!("this was taken for {}, but no call in it can be read{first}", kind.description()))
}
