//! Expressions: numbers, names, strings, lists and structures, as strace prints them.

use super::ast::Expr;
use super::parse::{MAX_DEPTH, Result, by_hand, expected, identifier, skip_arguments};
use crate::settings::Cursor;
use winnow::combinator::{alt, cut_err, fail, not, opt, repeat, terminated};
use winnow::error::ErrMode;
use winnow::prelude::*;
use winnow::token::{any, one_of, take_until, take_while};

type Arguments = Vec<(Option<String>, Expr)>;

/// Arguments up to a closing bracket, with names where a log gives them.
pub(super) fn arguments(input: &mut &str, close: char, depth: usize) -> Result<Arguments> {
    if depth > MAX_DEPTH {
        return cut_err(fail).context(expected("less nesting")).parse_next(input);
    }
    blank.parse_next(input)?;
    let mut list = Vec::new();
    while opt(close).parse_next(input)?.is_none() {
        let name = opt(terminated(identifier, (blank, '=', not(one_of(['=', '>'])), blank))).parse_next(input)?;
        let value = expression(input, depth + 1)?;
        list.push((name, value));
        blank.parse_next(input)?;
        // strace separates the items of a set by blanks.
        if opt(',').parse_next(input)?.is_none() && !input.starts_with(close) && !(close == ']' && depth > 0) {
            return cut_err(fail).context(expected("`,` or a closing bracket")).parse_next(input);
        }
        blank.parse_next(input)?;
    }
    Ok(list)
}

/// White space and `/* comments */`.
pub(super) fn blank(input: &mut &str) -> Result<()> {
    repeat(0.., alt((take_while(1.., |c: char| c.is_whitespace()).void(), ("/*", take_until(0.., "*/"), "*/").void()))).parse_next(input)
}

/// More operands than any real argument has: trees of expressions are walked by recursion.
const MAX_OPERANDS: usize = 256;

/// How tightly an operator binds, as in C.
fn precedence(operator: &str) -> u8 {
    match operator {
        "*" => 6,
        "+" | "-" => 5,
        "<<" | ">>" => 4,
        "&" => 3,
        "|" => 2,
        _ => 1,
    }
}

/// Operands and operators, with the precedence they have in C.
pub(super) fn expression(input: &mut &str, depth: usize) -> Result<Expr> {
    let mut operands = vec![operand(input, depth)?];
    let mut operators: Vec<&str> = Vec::new();
    let mut count = 1;
    loop {
        blank.parse_next(input)?;
        let Some(operator) = opt(alt((alt(("=>", "&&", "||", "==", "<<", ">>")), alt(("|", "+", "-", "*", "&"))))).parse_next(input)?
        else {
            break;
        };
        blank.parse_next(input)?;
        count += 1;
        // All of them count: what is joined already is as deep as it was long.
        if count > MAX_OPERANDS {
            return cut_err(fail).context(expected("at most 256 operands")).parse_next(input);
        }
        reduce(&mut operands, &mut operators, precedence(operator));
        operators.push(operator);
        operands.push(operand(input, depth)?);
    }
    reduce(&mut operands, &mut operators, 0);
    Ok(operands.pop().unwrap_or(Expr::Opaque))
}

/// Joins the operands of all operators that bind at least so tightly.
fn reduce(operands: &mut Vec<Expr>, operators: &mut Vec<&str>, least: u8) {
    while let Some(operator) = operators.last().copied().filter(|operator| precedence(operator) >= least) {
        operators.pop();
        let (Some(right), Some(left)) = (operands.pop(), operands.pop()) else { return };
        operands.push(joined(operator, left, right));
    }
}

fn joined(operator: &str, left: Expr, right: Expr) -> Expr {
    match operator {
        // `{given} => {changed}`: what was given counts.
        "=>" => left,
        "&&" | "||" | "==" => Expr::Opaque,
        "<<" => Expr::Binary('<', Box::new(left), Box::new(right)),
        ">>" => Expr::Binary('>', Box::new(left), Box::new(right)),
        other => Expr::Binary(other.chars().next().unwrap_or('|'), Box::new(left), Box::new(right)),
    }
}

/// An expression by itself; `None` if the text is none.
pub(crate) fn value(text: &str) -> Option<Expr> {
    if let Some(value) = simple(text) {
        return Some(value);
    }
    let mut input = text;
    blank.parse_next(&mut input).ok()?;
    let value = expression(&mut input, 0).ok()?;
    input.trim().is_empty().then_some(value)
}

/// What most arguments of a log are, without a parser: `4096`, `-1`, `0x7f00`, `PROT_READ|PROT_WRITE`.
fn simple(text: &str) -> Option<Expr> {
    const MOST: usize = 64;
    let decimal = |digits: &str| {
        let is_plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
        digits.parse().ok().filter(|_| is_plain).map(Expr::Int)
    };
    match text.as_bytes().first()? {
        b'-' => Some(Expr::Binary('-', Box::new(Expr::Int(0)), Box::new(decimal(&text[1..])?))),
        b'0' if text.len() > 2 => {
            let digits = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u64::from_str_radix(digits, 16).ok().map(Expr::Int)
        }
        b'0'..=b'9' => decimal(text),
        b'A'..=b'Z' => {
            let is_name = |name: &str| {
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            };
            let mut joined = None;
            for (count, name) in text.split('|').enumerate() {
                let name = Some(name).filter(|name| count < MOST && is_name(name)).map(|name| Expr::Name(name.to_string()))?;
                joined = Some(match joined {
                    None => name,
                    Some(left) => Expr::Binary('|', Box::new(left), Box::new(name)),
                });
            }
            joined
        }
        _ => None,
    }
}

pub(super) fn operand(input: &mut &str, depth: usize) -> Result<Expr> {
    if depth > MAX_DEPTH {
        return cut_err(fail).context(expected("less nesting")).parse_next(input);
    }
    let Some(first) = input.chars().next() else {
        return cut_err(fail).context(expected("a value")).parse_next(input);
    };
    match first {
        '"' => text(input),
        '{' => {
            any.parse_next(input)?;
            arguments(input, '}', depth + 1).map(Expr::List)
        }
        '[' => {
            any.parse_next(input)?;
            arguments(input, ']', depth + 1).map(Expr::List)
        }
        '(' => {
            any.parse_next(input)?;
            let inner = expression(input, depth + 1)?;
            cut_err((blank, ')')).context(expected("`)`")).parse_next(input)?;
            Ok(inner)
        }
        '~' => {
            any.parse_next(input)?;
            operand(input, depth + 1).map(|_| Expr::Opaque)
        }
        '&' => {
            any.parse_next(input)?;
            operand(input, depth + 1)
        }
        '-' => {
            any.parse_next(input)?;
            Ok(Expr::Binary('-', Box::new(Expr::Int(0)), Box::new(operand(input, depth + 1)?)))
        }
        '.' => "...".value(Expr::Opaque).parse_next(input),
        '0'..='9' => cut_err(number).context(expected("a number such as 4096, 0x1000 or 4K")).map(Expr::Int).parse_next(input),
        _ => named(input),
    }
}

fn named(input: &mut &str) -> Result<Expr> {
    let name = identifier.context(expected("a value: a number, a name or a string")).parse_next(input);
    let Ok(name) = name else {
        return cut_err(fail).context(expected("a value: a number, a name or a string")).parse_next(input);
    };
    if opt('(').parse_next(input)?.is_some() {
        skip_arguments(input)?;
        return Ok(Expr::Opaque);
    }
    Ok(Expr::Name(name))
}

/// Decimal, `0x` hexadecimal or `0` octal, with K, M, G, T for powers of 1024.
pub(super) fn number(input: &mut &str) -> Result<u64> {
    by_hand(input, Cursor::number)
}

fn text(input: &mut &str) -> Result<Expr> {
    by_hand(input, Cursor::text).map(Expr::Text).map_err(ErrMode::cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_operands_than_a_tree_may_be_deep_are_refused() {
        for operator in ["|", "+", "*", "<<"] {
            let sum = |count: usize| vec!["1"; count].join(operator);
            assert!(value(&sum(MAX_OPERANDS)).is_some());
            for count in [MAX_OPERANDS + 1, 10_000] {
                assert!(value(&sum(count)).is_none());
            }
        }
    }

    #[test]
    fn what_is_read_without_the_parser_is_what_it_reads() {
        for text in ["0", "4096", "-1", "0x7f1100010000", "NULL", "PROT_READ|PROT_WRITE|PROT_EXEC", "MAP_32BIT|MAP_PRIVATE"] {
            let parsed = expression(&mut &*text, 0).expect("an expression");
            assert_eq!(simple(text), Some(parsed), "{text}");
        }
        for text in ["", "-", "0755", "0x", "4K", "a", "PROT_READ|", "A | B", "18446744073709551616", "-0x1"] {
            assert_eq!(simple(text), None, "{text}");
        }
    }
}
