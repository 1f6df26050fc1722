//! A log read some lines at a time: three passes over the text, each of which can stop after any line.

use super::lines::{Assembler, Item};
use super::reader::Reader;
use super::recognise::{self, Kind};
use super::survey::Surveyor;
use super::{clean, perf};
use crate::script::{MAX_SCRIPT_BYTES, Progress, Script};
use std::borrow::Cow;

/// Passes over a text.
const PASSES: usize = 3;

/// Reads a log as slowly as a caller wants, so that it can show progress, or stop:
///
/// ```
/// let mut reader = pagefault::log::LogReader::new("brk(NULL) = 0x5601aa000000\n", None);
/// while !reader.advance(1_000).is_done() {}
/// assert_eq!(reader.finish().statements.len(), 1);
/// ```
#[derive(Debug)]
pub struct LogReader<'a> {
    text: Cow<'a, str>,
    kind: Kind,
    /// Lines of the text.
    lines: usize,
    pass: Pass,
    /// Where the next line of this pass begins, and how many came before it.
    at: usize,
    number: usize,
}

/// What is being done.
#[derive(Debug)]
enum Pass {
    Survey(Surveyor),
    Assemble(Assembler),
    Read { reader: Box<Reader>, items: std::vec::IntoIter<Item>, all: usize },
}

impl<'a> LogReader<'a> {
    /// Takes a text, as a log of the kind that it is said or else looks to be.
    pub fn new(text: &'a str, kind: Option<Kind>) -> Self {
        let text = clean::clean(at_most(text, MAX_SCRIPT_BYTES));
        Self::of_clean(text, kind)
    }

    /// The same of a text without what was put around it.
    pub(super) fn of_clean(text: Cow<'a, str>, kind: Option<Kind>) -> Self {
        let kind = kind.unwrap_or_else(|| Some(recognise::of_clean(&text)).filter(|kind| kind.is_log()).unwrap_or(Kind::Strace));
        let text = if kind == Kind::Perf { perf::as_traced(&text).into() } else { text };
        let lines = text.lines().count();
        let pass = Pass::Survey(Surveyor::new(&text));
        Self { text, kind, lines, pass, at: 0, number: 0 }
    }

    /// The same of a text that it keeps, for callers that cannot.
    pub fn of_text(text: &str, kind: Option<Kind>) -> LogReader<'static> {
        let text = clean::clean(at_most(text, MAX_SCRIPT_BYTES)).into_owned();
        LogReader::of_clean(Cow::Owned(text), kind)
    }

    /// What the log is read as.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Reads on, at most so many lines of a pass; the length is that of all passes together.
    pub fn advance(&mut self, most: usize) -> Progress {
        for _ in 0..most {
            if self.is_read() {
                break;
            }
            self.step();
        }
        self.progress()
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let length = PASSES * self.lines;
        let position = match &self.pass {
            Pass::Survey(_) => self.number,
            Pass::Assemble(_) => self.lines + self.number,
            Pass::Read { items, .. } if items.len() == 0 => length,
            Pass::Read { items, all, .. } => 2 * self.lines + self.lines * (all - items.len()) / all,
        };
        Progress { position: if self.is_read() { length } else { position.min(length.saturating_sub(1)) }, length }
    }

    fn is_read(&self) -> bool {
        matches!(&self.pass, Pass::Read { items, .. } if items.len() == 0)
    }

    /// A line, or the change to the next pass.
    fn step(&mut self) {
        if let Pass::Read { reader, items, .. } = &mut self.pass {
            items.next().into_iter().for_each(|item| reader.take(item));
            return;
        }
        let Some(line) = self.text[self.at..].lines().next().filter(|_| self.at < self.text.len()) else { return self.next_pass() };
        self.number += 1;
        match &mut self.pass {
            Pass::Survey(surveyor) => surveyor.line(line),
            Pass::Assemble(assembler) => assembler.take(self.number, line),
            Pass::Read { .. } => {}
        }
        self.at += line.len();
        self.at += usize::from(self.text[self.at..].starts_with('\r'));
        self.at += usize::from(self.text[self.at..].starts_with('\n'));
    }

    fn next_pass(&mut self) {
        (self.at, self.number) = (0, 0);
        let done = std::mem::replace(&mut self.pass, Pass::Survey(Surveyor::new("")));
        self.pass = match done {
            Pass::Survey(surveyor) => Pass::Assemble(Assembler::new(surveyor.finish())),
            Pass::Assemble(assembler) => {
                let items = assembler.finish();
                Pass::Read { reader: Box::new(Reader::new(self.kind, &items)), all: items.len(), items: items.into_iter() }
            }
            read => read,
        };
    }

    /// Reads what is left; everything that was read.
    pub fn finish(mut self) -> Script {
        while !self.is_read() {
            self.step();
        }
        match self.pass {
            Pass::Read { reader, .. } => reader.finish(),
            _ => unreachable!("all was read"),
        }
    }
}

/// At most so many bytes of a text.
fn at_most(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_read_what_one_go_reads() {
        let log = "12 brk(NULL) = 0x1000\r\n\n12 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3,\n  0) = 0x7f2200010000\nstrace: Process 13 attached\n\r\n";
        let whole = super::super::read(log);
        for most in 1..12 {
            let mut reader = LogReader::new(log, Some(Kind::Strace));
            let mut last = 0;
            while !reader.advance(most).is_done() {
                let position = reader.progress().position;
                assert!(position >= last);
                last = position;
            }
            let read = reader.finish();
            assert_eq!((read.statements, read.set_aside), (whole.statements.clone(), whole.set_aside.clone()));
        }
        assert!(LogReader::new("", None).finish().statements.is_empty());
    }
}
