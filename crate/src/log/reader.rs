//! From records to statements: halves joined, processes told apart, what cannot be used set aside.

use super::arch::Evidence;
use super::lines::{End, Item, Record};
use super::noise;
use super::parents::parents_first;
use super::prefix::Core;
use super::processes::{Key, Processes};
use super::recognise::Kind;
use super::{call, faults};
use crate::script::{Expr, Header, Line, Outcome, Script, SetAside, Statement, parse_line};
use crate::sort;
use crate::sorted::SortedMap;

/// Most frames kept of one call's stack.
const MOST_FRAMES: usize = 256;

/// The first half of a call.
#[derive(Debug)]
struct Half {
    began: usize,
    text: String,
    is_joined: bool,
}

#[derive(Debug)]
pub(super) struct Reader {
    kind: Kind,
    header: Header,
    statements: Vec<(Key, Statement)>,
    set_aside: Vec<SetAside>,
    halves: SortedMap<Key, Half>,
    processes: Processes,
    evidence: Evidence,
    /// The last record became a statement: what follows belongs to it.
    is_fresh: bool,
    /// The last line that was read.
    last_line: usize,
}

impl Reader {
    pub(super) fn new(kind: Kind, items: &[Item]) -> Self {
        Self {
            kind,
            header: Header::default(),
            statements: Vec::new(),
            set_aside: Vec::new(),
            halves: SortedMap::new(),
            processes: Processes::new(items),
            evidence: Evidence::default(),
            is_fresh: false,
            last_line: 0,
        }
    }

    pub(super) fn take(&mut self, item: Item) {
        match item {
            Item::Record(record) => {
                self.is_fresh = false;
                self.record(record);
            }
            Item::Stack(frame) => self.stack(frame),
            Item::Note(note) => {
                self.processes.note(&note);
                self.evidence.note(&note);
            }
            Item::Mark(line, text) => self.mark(line, &text),
            Item::Aside(aside) => self.set_aside.push(aside),
        }
    }

    fn record(&mut self, record: Record) {
        self.last_line = record.line;
        let halves = &self.halves;
        let is_same = |half: &Half| noise::name_of(&half.text) == noise::name_of(&record.text);
        let key = self.processes.owner(&record, |key| halves.get(key).is_some_and(is_same));
        match (record.core, record.end) {
            (Core::Exit, _) => self.exit(key, &record),
            (Core::Signal, _) => self.signal(key, &record),
            (_, End::Unfinished(at)) => self.half(key, &record, at),
            (Core::Resumed, end) => self.resumed(key, record, end),
            (_, End::Result(at)) if !record.is_joined => self.ending(key, record.began, record.line, &record.text, (at, false)),
            (_, End::Result(_)) => self.statement(key, record.began, record.line, &record.text, true),
            (_, End::Whole) => self.own(key, &record),
            (_, End::Detached) => self.aside(&record, "interrupted: the tracer was detached"),
        }
    }

    /// A half waits for its other half; also one that is resumed and interrupted again.
    fn half(&mut self, key: Key, record: &Record, at: usize) {
        let text = record.text[..at].to_string();
        let half = match (record.core, self.halves.remove(&key)) {
            (Core::Resumed, Some(half)) => Half { text: half.text + resumed_rest(&text), ..half },
            (Core::Resumed, None) => return,
            (_, earlier) => {
                if let Some(earlier) = earlier {
                    self.lost(&earlier, "its end is missing");
                }
                Half { began: record.began, text, is_joined: record.is_joined }
            }
        };
        self.halves.insert(key, half);
    }

    fn resumed(&mut self, key: Key, record: Record, end: End) {
        let name = noise::name_of(&record.text);
        let half = self.halves.remove(&key).or_else(|| self.processes.superseded_by(key).and_then(|other| self.halves.remove(&other)));
        let Some(half) = half else {
            return self.without_beginning(key, &record, "its beginning is missing: the log starts later, or leaves it out");
        };
        if noise::name_of(&half.text) != name {
            self.lost(&half, "its end is missing");
            return self.without_beginning(key, &record, "its beginning is missing");
        }
        if end == End::Detached {
            return self.lost(&half, "interrupted: the tracer was detached");
        }
        let text = half.text + resumed_rest(&record.text);
        // What the program wrote in between stands behind an argument.
        self.statement(key, half.began, record.line, &text, true);
    }

    fn statement(&mut self, key: Key, began: usize, line: usize, text: &str, is_joined: bool) {
        let Some(End::Result(at)) = noise::end(text, Core::Call) else {
            let reason = "cut off: the rest of the call is missing";
            return self.set_aside.push(super::set_aside(line, text, reason, noise::is_about_memory(noise::name_of(text))));
        };
        self.ending(key, began, line, text, (at, is_joined));
    }

    /// A call whose result is known to begin at a place.
    fn ending(&mut self, key: Key, began: usize, line: usize, text: &str, (at, is_joined): (usize, bool)) {
        let written = noise::name_of(text);
        if text[at..].trim_end().ends_with("(INJECTED)") {
            let reason = "strace put its result in (--inject): the kernel did not see the call, or another one";
            return self.set_aside.push(super::set_aside(line, text, reason, noise::is_about_memory(written)));
        }
        let read = call::call(text, is_joined).and_then(|mut call| {
            let outcome = call::outcome(&text[at..], &mut call)?;
            Ok((call, outcome))
        });
        match read {
            Ok((call, outcome)) => {
                let mut statement = statement(line, began, call, Some(outcome));
                self.page_offset(written, &mut statement);
                self.evidence.call(written, &statement);
                self.push(key, statement);
            }
            Err(reason) => self.set_aside.push(super::set_aside(line, text, &reason, noise::is_about_memory(written))),
        }
    }

    /// An access or a look of the script language, without a result.
    fn own(&mut self, key: Key, record: &Record) {
        match call::call(&record.text, record.is_joined) {
            Ok(call) => self.push(key, statement(record.line, record.began, call, None)),
            Err(reason) => self.aside(record, &reason),
        }
    }

    /// qemu prints the offset of mmap2 as the program gave it, in pages; strace in bytes.
    fn page_offset(&self, written: &str, statement: &mut Statement) {
        if self.kind == Kind::Qemu
            && written == "mmap2"
            && let Some((_, Expr::Int(offset))) = statement.call.args.get_mut(5)
        {
            *offset = offset.wrapping_mul(4096);
        }
    }

    fn push(&mut self, key: Key, statement: Statement) {
        self.statements.push((key, statement));
        self.is_fresh = true;
    }

    fn signal(&mut self, key: Key, record: &Record) {
        match faults::access(&record.text) {
            Ok(Some((call, outcome))) => self.push(key, statement(record.line, record.began, call, Some(outcome))),
            Ok(None) => {}
            // It was an access to memory.
            Err(reason) => self.set_aside.push(super::set_aside(record.line, &record.text, &reason, true)),
        }
    }

    /// A process that ends took its last call with it: of an exit it was the effect.
    fn exit(&mut self, key: Key, record: &Record) {
        let is_superseded = record.text.contains("superseded");
        if !is_superseded && let Some(half) = self.halves.remove(&key) {
            self.ended(key, half, record.line);
        }
        self.processes.ended(key, &record.text);
    }

    fn ended(&mut self, key: Key, half: Half, line: usize) {
        // Whether it happened nobody knows; when, the calls of others may tell.
        if noise::name_of(&half.text) == "munmap" {
            return self.statement(key, half.began, line, &format!("{}) = ?", half.text.trim_end_matches(')')), half.is_joined);
        }
        if half.text.starts_with("exit") {
            let text = format!("{}) = ?", half.text.trim_end_matches(')'));
            return self.statement(key, half.began, half.began, &text, half.is_joined);
        }
        self.lost(&half, "it never came back");
    }

    fn lost(&mut self, half: &Half, reason: &str) {
        let is_memory = noise::is_about_memory(noise::name_of(&half.text));
        self.set_aside.push(super::set_aside(half.began, &half.text, reason, is_memory));
    }

    fn aside(&mut self, record: &Record, reason: &str) {
        let is_memory = noise::is_about_memory(noise::name_of(&record.text));
        self.set_aside.push(super::set_aside(record.began, &record.text, reason, is_memory));
    }

    /// It began at any time since the call before it of its process.
    fn without_beginning(&mut self, key: Key, record: &Record, reason: &str) {
        let before = self.statements.iter().rev().find(|(other, _)| *other == key);
        let began = before.map_or(0, |(_, statement)| statement.line);
        self.aside(record, reason);
        self.set_aside.last_mut().into_iter().for_each(|aside| aside.began = began);
    }

    fn stack(&mut self, frame: String) {
        if let Some((_, statement)) = self.statements.last_mut().filter(|_| self.is_fresh)
            && statement.stack.len() < MOST_FRAMES
        {
            statement.stack.push(frame);
        }
    }

    /// A line of the script language.
    fn mark(&mut self, line: usize, text: &str) {
        let fault = match parse_line(text, line) {
            Ok(Some(Line::Directive(_, directive))) => self.header.apply(directive).err(),
            Ok(Some(Line::Expectation(_, expectation))) => self.attach(|statement| statement.expectations.push(expectation)),
            Ok(Some(Line::Input(_, input))) => self.attach(|statement| statement.inputs.push(input)),
            Ok(_) => None,
            Err(error) => Some(error.expected),
        };
        if let Some(fault) = fault {
            self.set_aside.push(super::set_aside(line, text, &format!("no setting that can be used; expected {fault}"), false));
        }
    }

    fn attach(&mut self, add: impl FnOnce(&mut Statement)) -> Option<String> {
        match self.statements.last_mut() {
            Some((_, statement)) => {
                add(statement);
                None
            }
            None => Some("a call before it".into()),
        }
    }

    /// Everything that was read.
    pub(super) fn finish(mut self) -> Script {
        let mut left: Vec<_> = std::mem::take(&mut self.halves).into_iter().collect();
        sort::by_key(&mut left, |(_, half)| half.began);
        for (behind, (key, half)) in left.into_iter().enumerate() {
            self.ended(key, half, self.last_line + 1 + behind);
        }
        let Self { kind, header, statements, mut set_aside, processes, evidence, .. } = self;
        let named = statements.into_iter().map(|(key, statement)| Statement { process: processes.name(key), ..statement });
        let statements = parents_first(named.collect());
        sort::by_key(&mut set_aside, |aside| aside.line);
        Script { header, statements, is_log: true, set_aside, architecture: evidence.verdict(kind) }
    }
}

/// What stands behind `<... mmap resumed>`.
fn resumed_rest(text: &str) -> &str {
    text.split_once("resumed>").map_or("", |(_, rest)| rest)
}

fn statement(line: usize, began: usize, call: crate::script::Call, outcome: Option<Outcome>) -> Statement {
    Statement {
        line,
        began,
        process: None,
        binds: None,
        call,
        handler: None,
        outcome,
        expectations: Vec::new(),
        inputs: Vec::new(),
        stack: Vec::new(),
    }
}
