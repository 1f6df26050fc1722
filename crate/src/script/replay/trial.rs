//! How a log is read of which one address is wrong. The first mapping tells where all others lie: if its address is wrong,
//! everything differs, and the beginning of the log is replayed with other places. Of a call that names the wrong memory
//! the log up to where that shows is replayed with the other one too. What explains more is taken.

use super::layout::{Images, overlap};
use super::misnamed::{self, Misnamed};
use super::returned;
use crate::script::{Script, Session, StepReport};
use crate::sorted::SortedMap;

/// So many statements tell.
const TELLING: usize = 48;
/// The same where calls of threads overlap.
const TELLING_IF_OVERLAPPING: usize = 400;
/// One wrong address makes at most so many lie elsewhere, if it is not the one that tells.
const FEW: usize = 3;

/// A log is replayed twice if what contradicts stands among its first statements …
const LONGEST_TRIAL: usize = 20_000;
/// … and so far behind it.
const BEHIND: usize = 400;

/// How a log is read.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::script) struct Reading {
    /// Where the area of mappings begins, if its first mapping does not tell it.
    pub(super) top: Option<u64>,
    /// A call with another address than recorded.
    pub(super) misnamed: Option<Misnamed>,
}

impl Reading {
    /// The reading that explains a log best.
    pub(in crate::script) fn of(script: &Script) -> Self {
        Self { top: better_top(script), misnamed: misnamed(script) }
    }

    /// Changes the log to what is read.
    pub(in crate::script) fn put_right(self, script: &mut Script) {
        self.misnamed.into_iter().for_each(|misnamed| misnamed.put_right(&mut script.statements));
    }
}

/// A call that names the wrong memory, if with another address less of the log differs.
fn misnamed(script: &Script) -> Option<Misnamed> {
    let found = misnamed::find(script)?;
    let shown = script.statements.iter().position(|statement| statement.line == found.against).filter(|shown| *shown < LONGEST_TRIAL)?;
    let beginning = beginning(script, shown + BEHIND);
    let differences = |misnamed| Some(score(&beginning, Reading { top: None, misnamed })?.differences);
    (differences(Some(found))? < differences(None)?).then_some(found)
}

/// The first statements of a log.
fn beginning(script: &Script, count: usize) -> Script {
    Script {
        header: script.header.clone(),
        statements: script.statements.iter().take(count).cloned().collect(),
        is_log: true,
        set_aside: Vec::new(),
        architecture: script.architecture,
    }
}

/// How a place explains the beginning of a log.
#[derive(Clone, Copy)]
struct Score {
    differences: usize,
    /// Differences, and mappings that lie elsewhere than recorded, though at the distance of those before.
    elsewhere: usize,
    /// What is taken for granted explains anything.
    assumed: usize,
}

impl Score {
    /// What is cut off at the end of a beginning differs under every place.
    fn is_much_better_than(self, other: Self) -> bool {
        self.differences <= other.differences && self.elsewhere * 2 <= other.elsewhere && self.assumed <= other.assumed
    }
}

/// Where the first program's area of mappings begins, if its first mapping does not tell it.
fn better_top(script: &Script) -> Option<u64> {
    let is_replayed_by_layout = script.is_log && script.header.process.maps.is_empty();
    if !is_replayed_by_layout || script.statements.iter().take(TELLING).any(|statement| !statement.inputs.is_empty()) {
        return None;
    }
    // Where calls overlap, most of what a wrong address makes differ is found on the way: the rest shows later.
    let overlaps = overlap(&script.statements);
    let beginning = beginning(script, if overlaps { TELLING_IF_OVERLAPPING } else { TELLING });
    let usual = score(&beginning, Reading::default())?;
    let is_explained = if overlaps { usual.differences <= 1 } else { usual.differences == 0 || usual.elsewhere <= FEW };
    if is_explained {
        return None;
    }
    let tops = Images::read(&beginning.statements, beginning.architecture).other_tops();
    let tried = tops.into_iter().filter_map(|top| Some((score(&beginning, Reading { top: Some(top), misnamed: None })?, top)));
    let rank = |score: Score| if overlaps { (score.differences, score.assumed) } else { (score.elsewhere, score.assumed) };
    let (best, top) = tried.min_by_key(|(score, _)| rank(*score))?;
    let is_better = if overlaps { best.differences * 2 <= usual.differences } else { best.is_much_better_than(usual) };
    (is_better && !(overlaps && shows_worse_later(script, top))).then_some(top)
}

/// Whether a place that explains the beginning of a log explains less of what follows.
fn shows_worse_later(script: &Script, top: u64) -> bool {
    let longer = beginning(script, TELLING_IF_OVERLAPPING * 8);
    let differences = |top| score(&longer, Reading { top, misnamed: None }).map(|score| score.differences);
    differences(Some(top)) >= differences(None)
}

fn score(beginning: &Script, reading: Reading) -> Option<Score> {
    let mut session = Session::read_as(beginning.clone(), reading).ok()?;
    session.run_to_end().ok()?;
    let recorded: SortedMap<usize, String> =
        beginning.statements.iter().filter_map(|statement| Some((statement.line, format!("{:#x}", returned(statement)?)))).collect();
    let is_placed = |report: &&StepReport| matches!(report.call.as_str(), "mmap" | "mremap") && report.result.starts_with("0x");
    let moved = session.reports().iter().filter(is_placed).filter(|report| recorded.get(&report.line) != Some(&report.result)).count();
    let verdict = session.verdict();
    Some(Score { differences: verdict.differences, elsewhere: verdict.differences.max(moved), assumed: verdict.assumed })
}
