//! From lines to records: a call that a terminal wrapped, that a tracer's note or the program's own output
//! stands in, is put together again; what is no record is set aside with a reason.

use super::noise;
use super::prefix::{self, Core};
use super::survey::{self, Survey};
use crate::script::SetAside;

/// So many calls of threads may wait for their results.
const MOST_GLUED: usize = 64;
/// A call is put together from at most so many lines.
const MOST_PIECES: usize = 64;
/// And is at most so long.
const MOST_BYTES: usize = 1 << 18;

/// A call, a half of one, or what the tracer says of a process.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// The line on which it begins.
    pub(super) began: usize,
    /// The line on which it ends.
    pub(super) line: usize,
    /// The number of the process.
    pub(super) process: Option<u64>,
    /// What kind it is.
    pub(super) core: Core,
    /// From the name of the call to the end.
    pub(super) text: String,
    /// Put together from several lines.
    pub(super) is_joined: bool,
    /// How it ends.
    pub(super) end: End,
}

/// How a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a result; the place behind its `=`.
    Result(usize),
    /// `<unfinished ...>`; the place where that begins.
    Unfinished(usize),
    /// `<detached ...>`.
    Detached,
    /// It is no call, or one of the script language without a result.
    Whole,
}

/// What the lines hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Record(Record),
    /// A line of `strace -k`: where the last call came from.
    Stack(String),
    /// What the tracer says by the way.
    Note(String),
    /// A setting, an input or an expectation of the script language.
    Mark(usize, String),
    Aside(SetAside),
}

/// A record that has no end yet.
#[derive(Debug)]
struct Open {
    record: Record,
    /// What stood before it that was none of the tracer's.
    foreign: String,
    pieces: usize,
}

impl Open {
    /// Whether its call may return that.
    fn may_return(&self, result: &str) -> bool {
        noise::may_return(noise::name_of(&self.record.text), result)
    }
}

#[derive(Debug)]
pub(super) struct Assembler {
    survey: Survey,
    items: Vec<Item>,
    open: Option<Open>,
    /// Those that other threads wrote into: their ends come behind others, or in lines of their own.
    glued: Vec<Open>,
    /// Where the last whole record stands, and the prefix before it.
    last: Option<(usize, String)>,
}

/// The rest of a broken line without what it was indented by, or the arrow that says that it goes on; one blank may be its own.
fn without_indent(rest: &str) -> &str {
    const ARROWS: [char; 6] = ['\u{21aa}', '\u{21b3}', '\u{2937}', '\u{21b5}', '\u{23ce}', '\u{21a9}'];
    if let Some(rest) = rest.trim_start().strip_prefix(ARROWS) {
        return rest.strip_prefix(' ').unwrap_or(rest);
    }
    if rest.starts_with("  ") || rest.starts_with('\t') { rest.trim_start() } else { rest }
}

impl Assembler {
    pub(super) fn new(survey: Survey) -> Self {
        Self { survey, items: Vec::new(), open: None, glued: Vec::new(), last: None }
    }

    /// A line of the text, with its number.
    pub(super) fn take(&mut self, number: usize, line: &str) {
        let (mut first, mut second) = noise::two_in_one(line);
        loop {
            self.line(number, first);
            let Some(rest) = second else { return };
            if let Some(open) = self.open.take() {
                self.keep_glued(open);
            }
            (first, second) = noise::two_in_one(rest);
        }
    }

    fn keep_glued(&mut self, open: Open) {
        if self.glued.len() == MOST_GLUED {
            let oldest = self.glued.remove(0);
            self.give_up(oldest);
        }
        self.glued.push(open);
    }

    /// What all lines hold.
    pub(super) fn finish(mut self) -> Vec<Item> {
        self.flush();
        std::mem::take(&mut self.glued).into_iter().for_each(|glued| self.give_up(glued));
        self.cut_last();
        self.items
    }

    /// The text may end within the last result: `= 0x7f11`, `= -1 ENOM`.
    fn cut_last(&mut self) {
        // A mark that ends a block of code may stand behind it.
        let Some(at) = self.items.iter().rposition(|item| !matches!(item, Item::Aside(_))) else { return };
        let Item::Record(record) = &self.items[at] else { return };
        let End::Result(place) = record.end else { return };
        if noise::is_about_memory(noise::name_of(&record.text)) && noise::is_cut(&record.text, place, self.survey.address_digits) {
            let Item::Record(record) = self.items.remove(at) else { return };
            self.aside(record.began, &record.text, "cut off: the rest of its result is missing", true);
        }
    }

    fn line(&mut self, number: usize, line: &str) {
        let line = self.without_backslash(line.trim_end());
        if line.trim().is_empty() || survey::is_comment(line) && !self.survey.is_commented && !self.is_inside(line) {
            return;
        }
        if self.survey.has_header && (line.starts_with('@') || line.trim_start().starts_with(['>', '<']) && self.is_mark(line)) {
            self.flush();
            return self.items.push(Item::Mark(number, line.trim().to_string()));
        }
        let Some((before, note)) = noise::note(line) else { return self.text(number, line) };
        // `^C` is the terminal's.
        let before = before.trim_end().trim_end_matches("^C");
        if prefix::find_core(before, self.survey.has_header).is_some()
            || self.open.is_some() && !self.without_prefix(before).trim().is_empty()
        {
            self.text(number, before);
        }
        self.items.push(Item::Note(note.to_string()));
    }

    /// A backslash or an arrow at the end says that the line goes on, or, in some markups, that it ends; in a string it is the program's.
    fn without_backslash<'b>(&self, line: &'b str) -> &'b str {
        let Some(before) = line.strip_suffix(['\\', '\u{21a9}', '\u{21b5}', '\u{23ce}']) else { return line };
        let starts_inside = self.open.as_ref().is_some_and(|open| noise::ends_in_string(&open.record.text));
        if starts_inside || noise::ends_in_string(before) { line } else { before }
    }

    /// Whether the line may be one that a program printed inside a call.
    fn is_inside(&self, line: &str) -> bool {
        self.open.is_some() && prefix::find_core(line, self.survey.has_header).is_none()
    }

    fn is_mark(&self, line: &str) -> bool {
        let line = line.trim_start();
        let word = line[1..].trim_start().split(' ').next().unwrap_or_default();
        let word = if word.starts_with('[') { "maps" } else { word };
        matches!(
            word,
            "map"
                | "brk"
                | "stack"
                | "data"
                | "present"
                | "maps"
                | "minflt"
                | "majflt"
                | "mincore"
                | "status"
                | "nmaps"
                | "pagemap"
                | "smaps"
                | "mtime"
        )
    }

    fn text(&mut self, number: usize, line: &str) {
        let trimmed = line.trim();
        if noise::is_stack(trimmed) {
            return self.items.push(Item::Stack(trimmed.trim_start_matches(['>', ' ']).to_string()));
        }
        let line = noise::without_backticks(line);
        match prefix::find_core(line, self.survey.has_header) {
            Some((at, core)) if !self.is_quoted_in_open(line, at) => self.begin(number, line, at, core),
            _ => self.other(number, line),
        }
    }

    /// Whether a core lies inside a string that a wrapped call has open: its prefix is none then.
    fn is_quoted_in_open(&self, line: &str, at: usize) -> bool {
        let Some(open) = &self.open else { return false };
        let head = prefix::head(&line[..at]);
        let foreign = &line[..head.foreign];
        !foreign.is_empty()
            && prefix::without_like(foreign, &open.foreign).is_none_or(|rest| !rest.is_empty())
            && noise::ends_in_string(&open.record.text)
    }

    fn begin(&mut self, number: usize, line: &str, at: usize, core: Core) {
        self.flush();
        let head = prefix::head(&line[..at]);
        let process = head.process.filter(|_| !head.is_bare || self.survey.numbers_are_processes).and_then(|digits| digits.parse().ok());
        let foreign = match process {
            None if head.process.is_some() => line[..at].to_string(),
            _ => line[..head.foreign].to_string(),
        };
        let text = line[at..].trim_end().to_string();
        let record = Record { began: number, line: number, process, core, text, is_joined: false, end: End::Whole };
        self.open = Some(Open { record, foreign, pieces: 1 });
        self.close();
    }

    /// Takes the open record as whole if it has an end.
    fn close(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        match noise::end(&open.record.text, open.record.core) {
            Some(End::Result(at)) if self.is_of_glued(&open.record.text, at) => {
                let result = open.record.text.split_off(at);
                open.record.text.truncate(open.record.text.trim_end_matches(['=', ' ']).len());
                let number = open.record.line;
                self.keep_glued(open);
                // Not its own: another one's.
                self.end_of_another(number, result.trim());
            }
            Some(end) => {
                open.record.end = end;
                self.last = Some((self.items.len(), open.foreign));
                self.items.push(Item::Record(open.record));
            }
            None => self.open = Some(open),
        }
    }

    /// A line that begins no record: the rest of one, or none.
    fn other(&mut self, number: usize, line: &str) {
        let reason = noise::reason(line.trim()).filter(|_| !self.open.as_ref().is_some_and(|open| noise::ends_in_mark(&open.record.text)));
        if let Some(result) = line.trim().strip_prefix("= ").filter(|result| reason.is_none() && self.is_of_another_thread(result)) {
            return self.end_of_another(number, result);
        }
        if self.open.is_some() && reason.is_none() {
            let rest = without_indent(self.without_prefix(line)).to_string();
            let open = self.open.as_mut().expect("it was looked at just now");
            open.record.text.push_str(&rest);
            open.record.line = number;
            open.record.is_joined = true;
            open.pieces += 1;
            if let Some(note) = noise::take_note(&mut open.record.text) {
                self.items.push(Item::Note(note));
            }
            let Some(open) = &self.open else { return };
            let too_long = open.pieces > MOST_PIECES || open.record.text.len() > MOST_BYTES;
            self.close();
            if too_long {
                self.flush();
            }
            return;
        }
        self.flush();
        if reason.is_none() && self.continue_last(line) {
            return;
        }
        if reason.is_none() && noise::is_end_of_memory_call(line) {
            return self.aside(number, line, "cut off: the beginning of the call is missing", true);
        }
        if let Some(name) = noise::call_of_ltrace(line.trim()) {
            let reason = "ltrace shows system calls without all of their arguments: strace shows them";
            return self.aside(number, line, reason, noise::is_about_memory(name));
        }
        self.aside(number, line, reason.unwrap_or("no line of a tracer: the program's own output, perhaps"), false);
    }

    /// Whether a result that stands alone is not of the open call: no `exit` returns.
    fn is_of_another_thread(&self, result: &str) -> bool {
        let is_exit = |open: &Open| noise::name_of(&open.record.text).starts_with("exit");
        self.open.as_ref().map_or(!self.glued.is_empty(), |open| is_exit(open) && !open.may_return(result))
    }

    /// Whether the result behind a call cannot be its own, but that of one that is glued.
    fn is_of_glued(&self, text: &str, at: usize) -> bool {
        let result = text[at..].trim_start_matches(['=', ' ']);
        !self.glued.is_empty()
            && !noise::may_return(noise::name_of(text), result)
            && self.glued.iter().any(|glued| glued.may_return(result))
    }

    /// The result of a call that another thread wrote into.
    fn end_of_another(&mut self, number: usize, result: &str) {
        let fits = self.glued.iter().rposition(|glued| glued.may_return(result));
        let Some(mut glued) = fits.map(|at| self.glued.remove(at)) else {
            return self.aside(number, &format!("= {result}"), "the result of a call whose beginning is missing", true);
        };
        glued.record.text.push_str(" = ");
        glued.record.text.push_str(result);
        (glued.record.line, glued.record.is_joined) = (number, true);
        let open = self.open.replace(glued);
        self.close();
        self.flush();
        self.open = open;
    }

    /// Joins the rest of a result that was wrapped.
    fn continue_last(&mut self, line: &str) -> bool {
        let Some((at, foreign)) = &self.last else { return false };
        let rest = without_indent(prefix::without_like(line, foreign).unwrap_or(line)).to_string();
        let Some(Item::Record(record)) = self.items.get_mut(*at) else { return false };
        let End::Result(place) = record.end else { return false };
        if !noise::continues(&record.text[place..], rest.trim_end(), self.survey.address_digits) {
            return false;
        }
        record.text.push_str(rest.trim_end());
        record.is_joined = true;
        true
    }

    fn without_prefix<'b>(&self, line: &'b str) -> &'b str {
        let foreign = self.open.as_ref().map_or("", |open| open.foreign.as_str());
        prefix::without_like(line, foreign).unwrap_or(line)
    }

    /// Gives up on the open record.
    fn flush(&mut self) {
        if let Some(open) = self.open.take() {
            self.give_up(open);
        }
    }

    fn give_up(&mut self, open: Open) {
        if open.record.core == Core::Signal {
            return self.items.push(Item::Record(open.record));
        }
        let name = noise::name_of(&open.record.text);
        self.aside(open.record.began, &open.record.text, "cut off: the rest of the call is missing", noise::is_about_memory(name));
    }

    fn aside(&mut self, line: usize, text: &str, reason: &str, is_memory_call: bool) {
        self.items.push(Item::Aside(super::set_aside(line, text, reason, is_memory_call)));
    }
}
