//! The first mapping of a log tells where all others lie. If its address is the one that is wrong, everything differs:
//! then the beginning of the log is replayed with other places, and the one that explains it is taken.

use super::layout::{Images, overlap};
use super::returned;
use crate::script::{Script, Session, StepReport};
use std::collections::HashMap;

/// So many statements tell.
const TELLING: usize = 48;
/// One wrong address makes at most so many lie elsewhere, if it is not the one that tells.
const FEW: usize = 3;

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
pub(in crate::script) fn better_top(script: &Script) -> Option<u64> {
    // Where calls overlap, a wrong address is found on the way.
    let is_replayed_by_layout = script.is_log && script.header.process.maps.is_empty() && !overlap(&script.statements);
    if !is_replayed_by_layout || script.statements.iter().take(TELLING).any(|statement| !statement.inputs.is_empty()) {
        return None;
    }
    let beginning = Script {
        header: script.header.clone(),
        statements: script.statements.iter().take(TELLING).cloned().collect(),
        is_log: true,
        set_aside: Vec::new(),
        architecture: script.architecture,
    };
    let usual = score(&beginning, None)?;
    if usual.differences == 0 || usual.elsewhere <= FEW {
        return None;
    }
    let tops = Images::read(&beginning.statements, beginning.architecture).other_tops();
    let tried = tops.into_iter().filter_map(|top| Some((score(&beginning, Some(top))?, top)));
    let (best, top) = tried.min_by_key(|(score, _)| (score.elsewhere, score.assumed))?;
    best.is_much_better_than(usual).then_some(top)
}

fn score(beginning: &Script, top: Option<u64>) -> Option<Score> {
    let mut session = Session::with_top(beginning.clone(), top).ok()?;
    session.run_to_end().ok()?;
    let recorded: HashMap<usize, String> =
        beginning.statements.iter().filter_map(|statement| Some((statement.line, format!("{:#x}", returned(statement)?)))).collect();
    let is_placed = |report: &&StepReport| matches!(report.call.as_str(), "mmap" | "mremap") && report.result.starts_with("0x");
    let moved = session.reports().iter().filter(is_placed).filter(|report| recorded.get(&report.line) != Some(&report.result)).count();
    let verdict = session.verdict();
    Some(Score { differences: verdict.differences, elsewhere: verdict.differences.max(moved), assumed: verdict.assumed })
}
