//! What the whole text shows about its columns, before any line is read for good.

use super::prefix::{self, Core};

/// What a first pass over the lines found.
#[derive(Clone, Debug, Default)]
pub(super) struct Survey {
    /// The text has settings (`@…`) and inputs (`<`) of the script language.
    pub(super) has_header: bool,
    /// A bare number before a call is a process (`strace -f -o`).
    pub(super) numbers_are_processes: bool,
    /// Every line is a comment: then that sign is only a prefix.
    pub(super) is_commented: bool,
    /// The longest address that ends a line, in digits.
    pub(super) address_digits: usize,
}

/// Counts over the lines.
#[derive(Debug, Default)]
struct Counts {
    calls: usize,
    numbered: usize,
    rising: usize,
    last: Option<u64>,
    comments: usize,
    commented_calls: usize,
}

/// The first pass, line by line.
#[derive(Debug)]
pub(super) struct Surveyor {
    survey: Survey,
    counts: Counts,
}

impl Surveyor {
    pub(super) fn new(text: &str) -> Self {
        let has_header = text.lines().any(|line| line.starts_with("@log "));
        Self { survey: Survey { has_header, ..Survey::default() }, counts: Counts::default() }
    }

    pub(super) fn line(&mut self, line: &str) {
        count(line, self.survey.has_header, &mut self.counts);
        self.survey.address_digits = self.survey.address_digits.max(digits_at_end(line));
    }

    pub(super) fn finish(self) -> Survey {
        let Self { mut survey, counts } = self;
        // Numbers of lines rise from call to call; a process makes many calls.
        let are_lines = counts.numbered >= 3 && counts.rising + 1 >= counts.numbered - counts.numbered / 20;
        survey.numbers_are_processes = counts.numbered * 2 >= counts.calls && !are_lines;
        survey.is_commented = counts.is_commented();
        survey
    }
}

impl Counts {
    fn is_commented(&self) -> bool {
        self.calls == 0 && self.commented_calls > self.comments
    }
}

/// Whether every line is a comment.
pub(super) fn is_commented(text: &str) -> bool {
    let has_header = text.lines().any(|line| line.starts_with("@log "));
    let mut counts = Counts::default();
    for line in text.lines() {
        count(line, has_header, &mut counts);
        if counts.calls > 0 {
            return false;
        }
    }
    counts.is_commented()
}

fn count(line: &str, has_header: bool, counts: &mut Counts) {
    let is_comment = is_comment(line);
    let Some((at, core)) = prefix::find_core(line, has_header) else {
        counts.comments += usize::from(is_comment);
        return;
    };
    let head = prefix::head(&line[..at]);
    if is_comment {
        let alone = is_mere_prefix(&line[..head.foreign]);
        counts.comments += usize::from(!alone);
        counts.commented_calls += usize::from(alone);
        return;
    }
    if !matches!(core, Core::Call | Core::Resumed) {
        return;
    }
    counts.calls += 1;
    if let Some(number) = head.process.filter(|_| head.is_bare).and_then(|digits| digits.parse().ok()) {
        counts.numbered += 1;
        counts.rising += usize::from(counts.last.is_some_and(|last| last < number));
        counts.last = Some(number);
    }
}

/// `# words`, but not `#9 0.412`, as builders number their steps.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().strip_prefix('#').is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `#`, `##`, `#>`, `##[debug]`: signs before a call, where a comment has words.
fn is_mere_prefix(foreign: &str) -> bool {
    let signs = foreign.trim().trim_start_matches('#');
    let is_label = signs.starts_with('[') && signs.ends_with(']') && !signs.contains(' ');
    is_label || !signs.contains(|c: char| c.is_alphanumeric())
}

/// How many digits the address has that a line ends in (`= 0x7f0c49324000`).
fn digits_at_end(line: &str) -> usize {
    let line = line.strip_suffix('\\').unwrap_or(line);
    let digits = line.bytes().rev().take_while(u8::is_ascii_hexdigit).count();
    if line[..line.len() - digits].ends_with("= 0x") { digits } else { 0 }
}
