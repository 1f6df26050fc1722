//! Expected results as conditions of C.

use crate::expression::{Names, plain};
use crate::text::literal;
use pagefault::errno::Errno;
use pagefault::script::{Expr, Outcome, Relation, SignalSpec};
use pagefault::signal::{SiCode, SigNo};

/// A condition, and what it says in words; `None` if nothing is expected.
pub(crate) fn condition(outcome: &Outcome, names: &mut Names) -> Result<Option<String>, String> {
    Ok(Some(match outcome {
        Outcome::Unknown => return Ok(None),
        Outcome::Value(Expr::Text(bytes)) => format!("is_bytes({}, {})", literal(bytes), bytes.len()),
        Outcome::Value(expr) => format!("is(EQ, {}, 0)", names.number(expr)?),
        Outcome::Compared(relation, expr) => format!("is({}, {}, 0)", sign(*relation), names.number(expr)?),
        Outcome::Within(from, to) => format!("is(WITHIN, {}, {})", names.number(from)?, names.number(to)?),
        Outcome::Error(name) => format!("is_error({})", errno(name)?),
        Outcome::ErrorAfter(count, name) => format!("is_error_after({}, {})", plain(*count), errno(name)?),
        Outcome::Signal(None, spec) => format!("is_signal({})", signal(spec, names)?),
        Outcome::Signal(Some(count), spec) => format!("is_signal_after({}, {})", plain(*count), signal(spec, names)?),
        Outcome::Not(other) => match condition(other, names)? {
            Some(other) => format!("!{other}"),
            None => return Ok(None),
        },
        Outcome::AnyOf(all) => {
            let mut any = Vec::new();
            for one in all {
                let Some(one) = condition(one, names)? else { return Ok(None) };
                any.push(one);
            }
            format!("({})", any.join(" || "))
        }
    }))
}

/// How two numbers compare, in the runtime's word.
pub(crate) fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "EQ",
        Relation::NotEqual => "NE",
        Relation::AtMost => "LE",
        Relation::AtLeast => "GE",
        Relation::Less => "LT",
        Relation::More => "GT",
    }
}

fn errno(name: &str) -> Result<u64, String> {
    Errno::from_name(name).map(|errno| errno as u64).ok_or_else(|| format!("the error {name}"))
}

fn signal(spec: &SignalSpec, names: &Names) -> Result<String, String> {
    let signo = if spec.signo == SigNo::Bus.name() { 7 } else { 11 };
    let code = match &spec.code {
        None => "ANY".into(),
        Some(name) => {
            let known = SiCode::ALL.iter().find(|code| code.name() == name);
            known.map(|code| code.number().to_string()).ok_or_else(|| format!("the code {name}"))?
        }
    };
    let addr = spec.addr.map_or("ANYWHERE".into(), |addr| names.address(addr));
    Ok(format!("{signo}, {code}, {addr}"))
}

/// What is expected, as the script would say it.
pub(crate) fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Unknown => "?".into(),
        Outcome::Value(expr) => value(expr),
        Outcome::Error(name) => format!("-1 {name}"),
        Outcome::ErrorAfter(count, name) => format!("{count} -1 {name}"),
        Outcome::Signal(count, spec) => {
            let count = count.map(|count| format!("{count} ")).unwrap_or_default();
            let code = spec.code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
            let addr = spec.addr.map(|addr| format!(" {addr:#x}")).unwrap_or_default();
            format!("{count}{}{code}{addr}", spec.signo)
        }
        Outcome::Not(other) => format!("!= {}", words(other)),
        Outcome::Compared(relation, expr) => format!("{} {}", sign(*relation), value(expr)),
        Outcome::Within(from, to) => format!("in {}..{}", value(from), value(to)),
        Outcome::AnyOf(all) => all.iter().map(words).collect::<Vec<_>>().join(" or "),
    }
}

fn value(expr: &Expr) -> String {
    match expr {
        Expr::Int(value) if *value < 65536 => value.to_string(),
        Expr::Int(value) => format!("{value:#x}"),
        Expr::Name(name) => name.clone(),
        Expr::Text(bytes) => pagefault::script::show_bytes(bytes),
        Expr::Binary(operator, left, right) => format!("{}{operator}{}", value(left), value(right)),
        Expr::List(_) | Expr::Opaque => "?".into(),
    }
}
