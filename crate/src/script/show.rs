//! Results as a script or `strace` would write them.

use super::ast::{Expr, Outcome};
use super::run::Yield;
use crate::signal::Signal;

fn show_signal(signal: &Signal) -> String {
    format!("{} {} {}", signal.signo.name(), signal.code.name(), signal.addr)
}

/// A result as a script would write it.
pub(super) fn show(outcome: &Yield) -> String {
    match outcome {
        Yield::Value(value) => show_number(*value),
        Yield::Error(error) => format!("-1 {} ({})", error.errno, error.errno.text()),
        Yield::Bytes(bytes) => show_bytes(bytes),
        Yield::Signal(signal) => show_signal(signal),
        Yield::Counted(count, None) => count.to_string(),
        Yield::Counted(count, Some(signal)) => format!("{count} {}", show_signal(signal)),
        Yield::CountedError(count, error) => format!("{count} -1 {}", error.errno),
        Yield::Skipped(_) => "?".into(),
    }
}

/// Bytes as a script would write them.
pub fn show_bytes(bytes: &[u8]) -> String {
    if bytes.len() == 1 && !(0x20..0x7f).contains(&bytes[0]) {
        return format!("{:#x}", bytes[0]);
    }
    quoted(&bytes[..bytes.len().min(64)]) + if bytes.len() > 64 { "..." } else { "" }
}

/// All bytes, in quotes.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let shown = bytes.iter().flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from);
    ['"'].into_iter().chain(shown).chain(['"']).collect()
}

/// Arguments, or what stands in brackets.
pub(super) fn list(text: &mut String, open: char, items: &[(Option<String>, Expr)], close: char) {
    text.push(open);
    for (at, (name, value)) in items.iter().enumerate() {
        text.push_str(if at > 0 { ", " } else { "" });
        if let Some(name) = name {
            text.extend([name, "="]);
        }
        expression(text, value);
    }
    text.push(close);
}

/// An expression as a script would write it.
pub(super) fn expression(text: &mut String, expr: &Expr) {
    match expr {
        Expr::Int(value) => text.push_str(&show_number(*value)),
        Expr::Name(name) => text.push_str(name),
        Expr::Text(bytes) => text.push_str(&quoted(bytes)),
        // What no call on memory looks at.
        Expr::Opaque => text.push_str("NULL"),
        Expr::List(items) => {
            let has_names = items.iter().any(|(name, _)| name.is_some());
            list(text, if has_names { '{' } else { '[' }, items, if has_names { '}' } else { ']' });
        }
        Expr::Binary('-', left, right) if **left == Expr::Int(0) => {
            text.push('-');
            expression(text, right);
        }
        Expr::Binary(operator, left, right) => {
            expression(text, left);
            text.push(*operator);
            // Shifts are kept by one sign.
            if matches!(operator, '<' | '>') {
                text.push(*operator);
            }
            expression(text, right);
        }
    }
}

fn show_number(value: u64) -> String {
    if value < 65536 { value.to_string() } else { format!("{value:#x}") }
}

fn show_value(expr: &Expr) -> String {
    let mut text = String::new();
    match expr {
        Expr::Text(bytes) => text = show_bytes(bytes),
        _ => expression(&mut text, expr),
    }
    text
}

pub(super) fn show_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(expr) => show_value(expr),
        Outcome::Not(other) => format!("!= {}", show_outcome(other)),
        Outcome::Compared(relation, expr) => format!("{} {}", relation.sign(), show_value(expr)),
        Outcome::Within(from, to) => format!("in {}..{}", show_value(from), show_value(to)),
        Outcome::AnyOf(all) => all.iter().map(show_outcome).collect::<Vec<_>>().join(" or "),
        Outcome::Error(name) => format!("-1 {name}"),
        Outcome::ErrorAfter(n, name) => format!("{n} -1 {name}"),
        Outcome::Signal(n, spec) => {
            let parts = [n.map(|n| n.to_string()), Some(spec.signo.clone()), spec.code.clone(), spec.addr.map(|a| format!("{a:#x}"))];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        Outcome::Unknown => "?".into(),
    }
}
