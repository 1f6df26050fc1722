//! From a program that differs to a small one that differs in the same way.

use super::{Program, run_again};
use crate::compare::Fields;
use crate::failure::Failure;
use crate::host::Place;
use std::time::{Duration, Instant};

/// Longer than this nobody wants to wait for one difference.
const PATIENCE: Duration = Duration::from_secs(20);

/// Leaves out operations and settings as long as the same field of the same call differs.
pub(super) fn shrink(place: &mut Place, program: &Program, failure: &Failure, fields: Fields) -> (Program, Failure) {
    let end = Instant::now() + PATIENCE;
    let (mut best, mut why) = (program.clone(), failure.clone());
    let mut piece = best.lines.len() / 2;
    while piece > 0 && Instant::now() < end {
        let mut at = 0;
        let mut shorter = false;
        while at < best.lines.len() && Instant::now() < end {
            let mut candidate = best.clone();
            candidate.lines.drain(at..(at + piece).min(best.lines.len()));
            match run_again(place, &candidate, fields) {
                Err(found) if same_kind(&found, failure) => {
                    (best, why) = (candidate, found);
                    shorter = true;
                }
                _ => at += piece,
            }
        }
        // What needed each other may go one by one once something else has gone.
        piece = if shorter && piece == 1 { 1 } else { piece / 2 };
    }
    drop_settings(place, &mut best, &mut why, fields);
    (best, why)
}

fn drop_settings(place: &mut Place, best: &mut Program, why: &mut Failure, fields: Fields) {
    // How far the disk here reads ahead is a fact, not a setting: without it another difference would take the place.
    for line in best.header.clone().lines().filter(|line| !line.contains("read_ahead_kb")) {
        let mut candidate = best.clone();
        candidate.header = best.header.lines().filter(|other| *other != line).map(|other| format!("{other}\n")).collect();
        match run_again(place, &candidate, fields) {
            Err(found) if same_kind(&found, why) => (*best, *why) = (candidate, found),
            _ => {}
        }
    }
}

fn same_kind(one: &Failure, other: &Failure) -> bool {
    match (one, other) {
        (Failure::Differs(one), Failure::Differs(other)) => {
            one.last().zip(other.last()).is_some_and(|(a, b)| (&a.call, a.field) == (&b.call, b.field))
        }
        (Failure::Script(a), Failure::Script(b)) => a == b,
        _ => false,
    }
}
