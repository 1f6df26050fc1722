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
        if let Some(error) = no_text(text) {
            return Err(vec![error]);
        }
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

/// Bytes that are no text, as `cat /proc/PID/pagemap` gives, and tables of pages: neither has calls nor areas.
fn no_text(text: &str) -> Option<ParseError> {
    const LOOKED_AT: usize = 4096;
    let start = text.chars().take(LOOKED_AT);
    let (all, strange) = start.fold((0, 0), |(all, strange), c| (all + 1, strange + usize::from(matches!(c, '\0' | '\u{fffd}'))));
    if all >= 16 && strange * 4 > all {
        let what = "these are bytes, not text, as /proc/PID/pagemap holds them (8 a page): what is said here needs /proc/PID/maps or smaps, or a log of calls";
        return Some(ParseError::whole(what.into()));
    }
    let table = text.lines().find(|line| !line.trim().is_empty())?;
    let is_table = ["voffset\toffset\t", "flags\tpage-count", "             flags\tpage-count"].iter().any(|head| table.starts_with(head));
    is_table.then(|| {
        ParseError::whole(
            "this looks like the output of page-types, pages one by one: what is said here needs /proc/PID/maps or smaps".into(),
        )
    })
}

fn no_calls(kind: Kind) -> ParseError {
    let cure = format!("this looks like {}: it goes where the first maps of a log are asked for, not where calls go", kind.description());
    ParseError::whole(cure)
}

fn nothing_read(script: &Script, kind: Kind) -> ParseError {
    let first = script.set_aside.first().map_or_else(String::new, |aside| format!("; line {} was set aside: {}", aside.line, aside.reason));
    ParseError::whole(format!("this was taken for {}, but no call in it can be read{first}", kind.description()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_of_calls_or_areas_is_told_what_it_is() {
        let pagemap = super::super::decode(&[0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0, 0, 0, 0x80, 0xa6, 0, 0, 0, 0, 0, 0, 0, 0x81]);
        for (text, part) in [(pagemap.as_str(), "/proc/PID/pagemap"), ("voffset\toffset\tflags\n7f0000000\t1234\t__RUDlA\n", "page-types")]
        {
            let errors = Session::from_text(text).expect_err("it is no script");
            assert!(errors[0].to_string().contains(part), "{}", errors[0]);
        }
    }
}
