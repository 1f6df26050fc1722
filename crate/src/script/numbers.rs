//! Numbers that `>` lines ask for: fields of status and smaps, how many areas there are.

use super::ast::{Expectation, Statement};
use super::relation::Wanted;
use crate::addr::VirtRange;
use std::fmt::Display;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    /// `status`, `smaps` or `nmaps`.
    pub field: &'static str,
    /// Whose status; absent is the acting process.
    pub who: Option<&'a str>,
    /// The area, of smaps.
    pub range: Option<VirtRange>,
    /// The field, as `/proc` calls it.
    pub name: &'a str,
    /// What it must be.
    pub wanted: Wanted,
}

impl Statement {
    /// All that its `>` lines ask for, in their order.
    pub fn numbers(&self) -> Vec<Number<'_>> {
        let mut all = Vec::new();
        for expectation in &self.expectations {
            let field = expectation.field();
            let (who, range, fields) = match expectation {
                Expectation::Status(who, fields) => (who.as_deref(), None, &fields[..]),
                Expectation::Smaps(range, fields, _) => (None, Some(*range), &fields[..]),
                Expectation::MapsCount(wanted) => {
                    all.push(Number { field, who: None, range: None, name: "", wanted: *wanted });
                    continue;
                }
                _ => continue,
            };
            for (name, wanted) in fields {
                all.push(Number { field, who, range, name, wanted: *wanted });
            }
        }
        all
    }

    /// Whether a number must have changed by so much: then it counts what it was before.
    pub fn asks_for_changes(&self) -> bool {
        self.numbers().iter().any(|number| matches!(number.wanted, Wanted::Changed(_)))
    }
}

impl Number<'_> {
    /// With a value, as it is told.
    pub fn show(&self, value: &dyn Display) -> String {
        let gap = if self.name.is_empty() { "" } else { " " };
        let shown = format!("{}{gap}{value}", self.name);
        match self.range {
            Some(range) => format!("{range} {shown}"),
            None => shown,
        }
    }

    /// What it is, and what it was if that counts.
    pub fn show_found(&self, before: Option<u64>, found: u64) -> String {
        let shown = self.show(&found);
        match (self.wanted, before) {
            (Wanted::Changed(_), Some(before)) => format!("{shown}, before {before}"),
            _ => shown,
        }
    }
}
