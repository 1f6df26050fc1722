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
        Yield::Value(value) if *value < 65536 => value.to_string(),
        Yield::Value(value) => format!("{value:#x}"),
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
    let shown: String = bytes.iter().take(64).flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
    format!("\"{shown}\"{}", if bytes.len() > 64 { "..." } else { "" })
}

pub(super) fn show_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(Expr::Int(value)) if *value >= 65536 => format!("{value:#x}"),
        Outcome::Value(Expr::Int(value)) => value.to_string(),
        Outcome::Value(Expr::Text(bytes)) => show_bytes(bytes),
        Outcome::Value(Expr::Name(name)) => name.clone(),
        Outcome::Value(_) => "a value".into(),
        Outcome::Error(name) => format!("-1 {name}"),
        Outcome::ErrorAfter(n, name) => format!("{n} -1 {name}"),
        Outcome::Signal(n, spec) => {
            let parts = [n.map(|n| n.to_string()), Some(spec.signo.clone()), spec.code.clone(), spec.addr.map(|a| format!("{a:#x}"))];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        Outcome::Unknown => "?".into(),
    }
}
