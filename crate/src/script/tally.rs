//! How the replay of each process compares, field by field: what `npm run replay` prints.

use super::ast::{Expectation, Statement};
use super::replay::is_access;
use super::run::{Comparison, StepReport};
use crate::sorted::SortedMap;
use std::fmt;

/// Equal ones among all that were compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    /// Equal.
    pub equal: usize,
    /// Compared.
    pub all: usize,
}

impl Ratio {
    fn add(&mut self, equal: bool) {
        self.all += 1;
        self.equal += usize::from(equal);
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.equal, self.all)
    }
}

/// The first difference of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstDifference {
    /// The statement's line.
    pub line: usize,
    /// Its call.
    pub call: String,
    /// What differs; the field as the tally calls it.
    pub field: &'static str,
    /// The two sides.
    pub comparison: Comparison,
}

/// How one process compares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessTally {
    /// Operations of which something was compared.
    pub operations: Ratio,
    /// The same by field: `result` (of calls), `access` (bytes and signals), `maps`, `minflt`, …
    pub fields: SortedMap<&'static str, Ratio>,
    /// The first difference without an excuse.
    pub first: Option<FirstDifference>,
    /// Differences that have an excuse.
    pub excused: usize,
}

/// The fields that a statement compares. In an exact script maps and faults count for every statement.
fn fields_of(report: &StepReport, statement: &Statement, exact: bool) -> Vec<&'static str> {
    let mut fields = Vec::new();
    if report.compared {
        fields.push(if is_access(&report.call) { "access" } else { "result" });
    }
    let named = statement.expectations.iter().map(Expectation::field);
    let always = if exact { &["maps", "minflt", "majflt"][..] } else { &[] };
    for field in named.chain(always.iter().copied()) {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields
}

impl StepReport {
    /// A difference's field as tallies call it: the `result` of an access is the `access`.
    pub fn field_of(&self, difference: &Comparison) -> &'static str {
        match difference.field {
            "result" if is_access(&self.call) => "access",
            field => field,
        }
    }
}

impl ProcessTally {
    /// Counts a statement in.
    pub(super) fn add(&mut self, report: &StepReport, statement: &Statement, exact: bool) {
        if report.kind == "skipped" {
            return;
        }
        let mut fields = fields_of(report, statement, exact);
        let field_of = |difference: &Comparison| report.field_of(difference);
        for difference in &report.differences {
            let field = field_of(difference);
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        let wrong: Vec<_> = report.differences.iter().filter(|difference| difference.excuse.is_empty()).collect();
        self.excused += report.differences.len() - wrong.len();
        for field in &fields {
            self.fields.entry(field).or_default().add(!wrong.iter().any(|difference| field_of(difference) == *field));
        }
        if !fields.is_empty() {
            self.operations.add(wrong.is_empty());
        }
        if let (None, Some(first)) = (&self.first, wrong.first()) {
            let (field, comparison) = (field_of(first), (*first).clone());
            self.first = Some(FirstDifference { line: report.line, call: report.call.clone(), field, comparison });
        }
    }

    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.first.is_none()
    }
}

impl fmt::Display for ProcessTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.fields.iter().map(|(field, ratio)| format!("{field} {ratio}")).collect();
        write!(f, "{} operations equal ({})", self.operations, fields.join(", "))?;
        if self.excused > 0 {
            write!(f, ", {} excused", self.excused)?;
        }
        Ok(())
    }
}
