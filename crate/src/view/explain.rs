//! What happened inside a step: the kernel's call tree with what decided each step. The facts about what is different
//! afterwards are in [`StepFacts`]; sentences are made of both outside, from a table of texts.

use super::facts::StepFacts;
use crate::event::{Event, Note, Side};
use crate::why::NoMerge;
use serde::Serialize;
use std::fmt::Debug;

/// One line of the call tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreeLine {
    /// Nesting, 0 outermost.
    pub depth: usize,
    /// `call`, `check` (one that failed), `passed` (one that did not), `note`, `apart`, `merge`, `split`, `fault`, `signal`.
    pub kind: &'static str,
    /// The function's name, the errno, the range, the address, or what is said.
    pub text: String,
    /// What decided it; of a passed check what it would have said.
    pub note: String,
    /// The check by name with what it looked at; of a fault its error code.
    pub check: Option<Check>,
}

/// A reason by name, with the values that decided, for texts of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The name, as in [`crate::why`].
    pub name: String,
    /// What it looked at.
    pub values: Vec<(String, String)>,
}

impl Check {
    /// Takes a reason apart, as its derived `Debug` shows it.
    fn of(reason: &impl Debug) -> Self {
        let shown = format!("{reason:?}");
        let (name, rest) = shown.split_once(" { ").unwrap_or((&shown, ""));
        let values = rest.trim_end_matches(" }").split(", ").filter_map(|value| value.split_once(": "));
        Self { name: name.into(), values: values.map(|(field, value)| (field.into(), value.into())).collect() }
    }
}

/// A step, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Who did what, what came of it, what is different now.
    pub step: StepFacts,
    /// The call tree.
    pub tree: Vec<TreeLine>,
}

fn note_text(note: Note) -> String {
    match note {
        Note::None => String::new(),
        Note::Value { name, value } => format!("{name} = {value:#x}"),
        Note::Text(text) => text.to_string(),
        Note::Range { what, range } => format!("{what} {range}").trim_start().to_string(),
        Note::Page { addr, pfn } => format!("page {addr} is frame {pfn}"),
        Note::Copy { from, to } => format!("frame {to} ← {from}"),
    }
}

/// Tells what the events of a step say.
pub fn explain(step: &StepFacts, events: &[Event]) -> Explained {
    let mut tree = Vec::new();
    let mut depth = 0;
    for event in events {
        tree.extend(tree_line(event, depth));
        match event {
            Event::Enter { .. } => depth += 1,
            Event::Leave => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Explained { step: step.clone(), tree }
}

fn tree_line(event: &Event, depth: usize) -> Option<TreeLine> {
    let (kind, text, note, check) = match event {
        Event::Enter { function, note } => ("call", (*function).into(), note_text(*note), None),
        Event::Say(note) => ("note", note_text(*note), String::new(), None),
        Event::Refused(error) => ("check", error.errno.to_string(), error.why.to_string(), Some(Check::of(&error.why))),
        Event::Passed(error) => ("passed", error.errno.to_string(), error.why.to_string(), Some(Check::of(&error.why))),
        Event::MergeRefused { side, neighbour, why } => {
            let mut check = Check::of(why);
            if let NoMerge::Flags { difference } = why {
                check.values.push(("letters".into(), difference.smaps_names()));
            }
            check.values.push(("side".into(), if *side == Side::Left { "left" } else { "right" }.into()));
            ("apart", neighbour.to_string(), why.to_string(), Some(check))
        }
        Event::VmaMerged { range, result, .. } => ("merge", range.to_string(), result.to_string(), None),
        Event::VmaSplit { range, at, .. } => ("split", range.to_string(), at.to_string(), None),
        Event::PageFault { addr, error_code } => ("fault", addr.to_string(), error_code.to_string(), None),
        Event::Signal { signal, why } => ("signal", signal.to_string(), why.to_string(), Some(Check::of(why))),
        _ => return None,
    };
    Some(TreeLine { depth, kind, text, note, check })
}
