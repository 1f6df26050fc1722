//! Expectations that are not one value: what a result or a number must be like (`!= x`, `>= x`, `in a..b`, `a or -1 EINVAL`,
//! `same`, `+4`).

use super::ast::{Expr, Outcome};
use super::evaluate::{self, Names};
use super::expression::{expression, number};
use super::parse::{self, Result, expected};
use super::run::Yield;
use std::fmt;
use winnow::combinator::{cut_err, fail};
use winnow::prelude::*;

/// How two numbers without a sign compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`; in fields nothing is written.
    Equal,
    /// `!=`
    NotEqual,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `>`
    More,
}

/// Signs, the longer ones first.
const SIGNS: [(&str, Relation); 5] =
    [("!=", Relation::NotEqual), ("<=", Relation::AtMost), (">=", Relation::AtLeast), ("<", Relation::Less), (">", Relation::More)];

impl Relation {
    /// Whether it holds.
    pub fn holds(self, left: u64, right: u64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::AtMost => left <= right,
            Self::AtLeast => left >= right,
            Self::Less => left < right,
            Self::More => left > right,
        }
    }

    /// As it is written.
    pub(super) fn sign(self) -> &'static str {
        SIGNS.iter().find(|(_, relation)| *relation == self).map_or("=", |(sign, _)| sign)
    }
}

/// What a number that a `>` line asks for must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Compared with a number.
    Compared(Relation, u64),
    /// `in a..b`, both included.
    Within(u64, u64),
    /// By so much more (less) than before the statement: `+4`, `-4`, and `same`, which is 0.
    Changed(i64),
}

impl Wanted {
    /// Whether a number is so; `before` is what it was.
    pub fn holds(self, before: u64, now: u64) -> bool {
        match self {
            Self::Compared(relation, value) => relation.holds(now, value),
            Self::Within(from, to) => (from..=to).contains(&now),
            Self::Changed(by) => before.wrapping_add_signed(by) == now,
        }
    }

    /// The number, where it is one.
    pub fn value(self) -> Option<u64> {
        if let Self::Compared(Relation::Equal, value) = self { Some(value) } else { None }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compared(Relation::Equal, value) => write!(f, "{value}"),
            Self::Compared(relation, value) => write!(f, "{} {value}", relation.sign()),
            Self::Within(from, to) => write!(f, "in {from}..{to}"),
            Self::Changed(0) => f.write_str("same"),
            Self::Changed(by) => write!(f, "{by:+}"),
        }
    }
}

/// Takes a word, and the blanks behind it.
fn eat(input: &mut &str, word: &str) -> bool {
    let Some(rest) = input.strip_prefix(word) else { return false };
    *input = rest.trim_start_matches([' ', '\t']);
    true
}

fn sign(input: &mut &str) -> Option<Relation> {
    SIGNS.iter().find(|(sign, _)| eat(input, sign)).map(|(_, relation)| *relation)
}

/// `7`, `>= 7`, `in 4..8`, `same`, `+4`.
pub(super) fn wanted(input: &mut &str) -> Result<Wanted> {
    if let Some(rest) = input.strip_prefix("same") {
        *input = rest;
        return Ok(Wanted::Changed(0));
    }
    if eat(input, "in ") {
        let from = a_number(input)?;
        between(input)?;
        return Ok(Wanted::Within(from, a_number(input)?));
    }
    if let Some(way) = [("+", 1), ("-", -1)].into_iter().find(|(sign, _)| eat(input, sign)).map(|(_, way)| way) {
        return Ok(Wanted::Changed((a_number(input)? as i64).wrapping_mul(way)));
    }
    let relation = sign(input).unwrap_or(Relation::Equal);
    Ok(Wanted::Compared(relation, number(input)?))
}

/// The dots of a range.
fn between(input: &mut &str) -> Result<()> {
    match eat(input, "..") {
        true => Ok(()),
        false => cut_err(fail).context(expected("`..` and the end of the range, which is part of it")).parse_next(input),
    }
}

#[inline(never)]
fn value(input: &mut &str) -> Result<Expr> {
    cut_err(|i: &mut &str| expression(i, 0)).context(expected("a value")).parse_next(input)
}

#[inline(never)]
fn a_number(input: &mut &str) -> Result<u64> {
    cut_err(number).context(expected("a number")).parse_next(input)
}

/// What follows a call instead of `=`, if it does: `!= x`, `< x`, `in a..b`; and behind a question `same`, `+x`, `-x`, which
/// speak of its last answer.
pub(super) fn instead_of_value(
    input: &mut &str,
    outcome: fn(&mut &str) -> Result<Outcome>,
    question: Option<&str>,
) -> Result<Option<Outcome>> {
    if let Some(question) = question
        && let Some(value) = since_last_answer(input, question)?
    {
        return Ok(Some(Outcome::Compared(Relation::Equal, value)));
    }
    if eat(input, "in ") {
        let from = value(input)?;
        between(input)?;
        return Ok(Some(Outcome::Within(from, value(input)?)));
    }
    match sign(input) {
        None => Ok(None),
        Some(Relation::NotEqual) => outcome(input).map(|other| Some(Outcome::Not(Box::new(other)))),
        Some(relation) => value(input).map(|value| Some(Outcome::Compared(relation, value))),
    }
}

/// What `same`, `+x` or `-x` comes to: the last answer is kept as a name, which is the question.
fn since_last_answer(input: &mut &str, question: &str) -> Result<Option<Expr>> {
    let last = Expr::Name(question.to_string());
    if eat(input, "same") {
        return Ok(Some(last));
    }
    for operator in ['+', '-'] {
        if eat(input, if operator == '+' { "+" } else { "-" }) {
            return Ok(Some(Expr::Binary(operator, Box::new(last), Box::new(value(input)?))));
        }
    }
    Ok(None)
}

/// The outcomes behind `or`, if there are any.
pub(super) fn alternatives(first: Outcome, input: &mut &str, outcome: fn(&mut &str) -> Result<Outcome>) -> Result<Outcome> {
    let mut all = vec![first];
    loop {
        let mut rest = input.trim_start_matches([' ', '\t']);
        if !eat(&mut rest, "or ") {
            break;
        }
        *input = rest;
        all.push(outcome(input)?);
    }
    Ok(if all.len() > 1 { Outcome::AnyOf(all) } else { all.remove(0) })
}

/// The number that a call yields: bytes are one of up to 8, the lowest first.
pub(super) fn number_of(outcome: &Yield) -> Option<u64> {
    match outcome {
        Yield::Value(value) | Yield::Counted(value, None) => Some(*value),
        Yield::Bytes(bytes) if bytes.len() <= 8 => {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            Some(u64::from_le_bytes(word))
        }
        _ => None,
    }
}

/// Whether a number that came out is as it must be; `None` if the outcome speaks of no numbers.
pub(super) fn holds(expected: &Outcome, found: u64, names: &Names) -> Option<std::result::Result<bool, String>> {
    let number = |expr| evaluate::number(expr, names);
    Some(match expected {
        Outcome::Value(expr) => number(expr).map(|value| value == found),
        Outcome::Compared(relation, expr) => number(expr).map(|value| relation.holds(found, value)),
        Outcome::Within(from, to) => number(from).and_then(|from| Ok((from..=number(to)?).contains(&found))),
        _ => return None,
    })
}

/// Whether a result, as it is told, is as it must be.
///
/// # Errors
/// What of the expectation cannot be evaluated, in words.
pub fn is_as_expected(expected: &Outcome, told: &str, names: &Names) -> std::result::Result<bool, String> {
    let told = told.split(" (").next().unwrap_or_default();
    let Some(found) = parse::outcome_of(told) else { return Err(format!("`{told}` is no result")) };
    is_found(expected, &found, names)
}

fn is_found(expected: &Outcome, found: &Outcome, names: &Names) -> std::result::Result<bool, String> {
    Ok(match (expected, found) {
        (Outcome::Unknown, _) => true,
        (Outcome::Not(other), _) => !is_found(other, found, names)?,
        (Outcome::AnyOf(all), _) => all.iter().map(|one| is_found(one, found, names)).find(|one| *one != Ok(false)).unwrap_or(Ok(false))?,
        (Outcome::Signal(n, spec), Outcome::Signal(m, told)) => {
            let same_code = spec.code.is_none() || spec.code == told.code;
            n.is_none_or(|n| Some(n) == *m) && spec.signo == told.signo && same_code && spec.addr.is_none_or(|addr| Some(addr) == told.addr)
        }
        (Outcome::Value(Expr::Text(text)), Outcome::Value(Expr::Text(told))) => text == told,
        (_, Outcome::Value(Expr::Int(value))) => holds(expected, *value, names).unwrap_or(Ok(false))?,
        (_, Outcome::Value(Expr::Text(bytes))) => match number_of(&Yield::Bytes(bytes.clone())) {
            Some(value) => holds(expected, value, names).unwrap_or(Ok(false))?,
            None => false,
        },
        _ => expected == found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_written_as_it_is_read() {
        for text in ["7", "!= 7", "<= 7", ">= 7", "< 7", "> 7", "in 4..8", "same", "+4", "-4"] {
            let mut input = text;
            assert_eq!(wanted(&mut input).expect(text).to_string(), text);
            assert_eq!(input, "");
        }
        for text in ["", "same4x", "in 4", "in 4.8", "+", "= 4", "!"] {
            let mut input = text;
            assert!(wanted(&mut input).is_err() || !input.is_empty(), "{text}");
        }
    }

    #[test]
    fn numbers_compare_without_a_sign_and_with_what_was_before() {
        let holds = |mut text: &str, before, now| wanted(&mut text).expect("a relation").holds(before, now);
        assert!(holds("in 4..8", 0, 4) && holds("in 4..8", 0, 8) && !holds("in 4..8", 0, 9));
        assert!(holds("same", 5, 5) && holds("+4", 5, 9) && holds("-4", 5, 1) && !holds("-4", 5, 5));
        assert!(holds("> 4", 0, u64::MAX) && !holds("< 4", 0, u64::MAX));
        assert!(holds("!= 4", 0, 5) && !holds("!= 4", 0, 4));
    }

    #[test]
    fn a_result_that_is_told_is_as_expected_or_not() {
        let names = Names::from([("a".to_string(), 0x7000), ("b".to_string(), 0x9000)]);
        let is = |expected: &str, told: &str| {
            let script = format!("brk(0) {expected}");
            let Ok(Some(crate::script::Line::Statement(statement))) = parse::line_of(&script, 1) else { panic!("{script}") };
            is_as_expected(&statement.outcome.expect("an outcome"), told, &names).expect(expected)
        };
        assert!(is("!= 0", "-1 EINVAL (Invalid argument)") && is("!= -1 EINVAL", "0") && !is("!= -1 EINVAL", "-1 EINVAL"));
        assert!(is("= 0 or -1 EINVAL", "-1 EINVAL") && is("= 0 or -1 EINVAL", "0") && !is("= 0 or -1 EINVAL", "-1 ENOMEM"));
        assert!(is("in a..b", "0x9000") && !is("in a..b", "0x9001") && !is("in a..b", "-1 ENOMEM"));
        assert!(is(">= a+4K", "0x8000") && is("< b", "\"a\"") && !is("> 5", "\"\\x05\""));
        assert!(is("= SIGSEGV", "SIGSEGV SEGV_MAPERR 0x10") && !is("= SIGBUS", "SIGSEGV SEGV_MAPERR 0x10"));
    }
}
