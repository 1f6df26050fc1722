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
            Kind::Script => made(
                Script::parse(text).map_err(|errors| other_text(text).map_or(errors, |what| vec![ParseError::whole(what.into())]))?,
                kind,
            ),
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

/// What a text is that has neither calls nor areas as they are read here, if it is known: bytes, as `cat /proc/PID/pagemap`
/// gives, and tables that other programs make of the same.
fn other_text(text: &str) -> Option<&'static str> {
    const LOOKED_AT: usize = 4096;
    let start = text.chars().take(LOOKED_AT);
    let (all, strange) = start.fold((0, 0), |(all, strange), c| (all + 1, strange + usize::from(matches!(c, '\0' | '\u{fffd}'))));
    if all >= 16 && strange * 4 > all {
        return Some(
            "these are bytes, not text, as /proc/PID/pagemap holds them: 8 a page, without the addresses that they are of. What can be read \
             is `cat /proc/PID/smaps` of the same process, which says of each area how much of it is present, swapped and shared",
        );
    }
    if text.lines().filter(|line| is_pmap_line(line)).nth(1).is_some() {
        return Some("this looks like the output of pmap: what is read here is /proc/PID/maps or smaps, from which it is made");
    }
    let counts_calls = |line: &str| line.trim_start().starts_with("% time") && line.trim_end().ends_with("syscall");
    if text.lines().any(counts_calls) && !text.contains('(') {
        return Some(
            "this is the table that strace -c makes: it counts calls and holds none. Take the log without -c, or with -C, which makes both",
        );
    }
    let table = text.lines().find(|line| !line.trim().is_empty())?;
    let is_table = ["voffset\toffset\t", "flags\tpage-count", "             flags\tpage-count"].iter().any(|head| table.starts_with(head));
    is_table.then_some(
        "this looks like the output of page-types: pages one by one, without the areas that they are of. What can be read is \
             `cat /proc/PID/smaps` of the same process, which says of each area how much of it is present, swapped and shared",
    )
}

/// `0000558800000000       4K r---- demo`
fn is_pmap_line(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_address = words.next().is_some_and(|word| word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit()));
    let is_size = words.next().is_some_and(|word| word.trim_end_matches('K').bytes().all(|b| b.is_ascii_digit()));
    let mut perms = words.skip_while(|word| word.bytes().all(|b| b.is_ascii_digit()));
    is_address && is_size && perms.next().is_some_and(|word| word.len() == 5 && word.bytes().all(|b| b"rwxsR-".contains(&b)))
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
        let pmap = "12:   cat\n0000558800000000       4K r---- demo\n0000558800001000       8      4      0 r-x-- demo\n total              276K\n";
        let table = "% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n 24.80    0.000134          16         8           mmap\n100.00    0.000541          13        40         1 total\n";
        for (text, part) in [
            (table, "strace -c"),
            (pmap, "pmap"),
            (pagemap.as_str(), "/proc/PID/pagemap"),
            ("voffset\toffset\tflags\n7f0000000\t1234\t__RUDlA\n", "page-types"),
        ] {
            for errors in [Session::from_text(text), Session::from_text_as(text, recognise::recognise(text))]
                .map(|session| session.expect_err("no calls"))
            {
                assert!(errors[0].to_string().contains(part), "{}", errors[0]);
            }
        }
    }
}
