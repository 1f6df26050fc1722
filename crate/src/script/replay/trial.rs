//! The first mapping of a log tells where all others lie. If its address is the one that is wrong, everything differs:
//! then the beginning of the log is replayed with other places, and the one that explains it is taken.

use super::layout::Images;
use crate::script::{Script, Session};

/// So many statements tell.
const TELLING: usize = 48;
/// More differences among them than one wrong address makes.
const MANY: usize = 3;

/// Where the first program's area of mappings begins, if its first mapping does not tell it.
pub(in crate::script) fn better_top(script: &Script) -> Option<u64> {
    let is_replayed_by_layout = script.is_log && script.header.process.maps.is_empty();
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
    if differences(&beginning, None)? <= MANY {
        return None;
    }
    let tops = Images::read(&beginning.statements, beginning.architecture).other_tops();
    let tried = tops.into_iter().filter_map(|top| Some((differences(&beginning, Some(top))?, top)));
    tried.min_by_key(|(differences, _)| *differences).filter(|(differences, _)| *differences <= MANY).map(|(_, top)| top)
}

fn differences(beginning: &Script, top: Option<u64>) -> Option<usize> {
    let mut session = Session::with_top(beginning.clone(), top).ok()?;
    session.run_to_end().ok()?;
    Some(session.verdict().differences)
}
