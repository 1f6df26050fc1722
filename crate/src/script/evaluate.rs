//! From expressions to numbers and arguments.

use super::ast::{Call, Expr};
use super::constants::constant;
use crate::machine::Arg;
use std::collections::HashMap;

/// Names that statements have bound.
pub type Names = HashMap<String, u64>;

/// The number of an expression.
///
/// # Errors
/// What cannot be evaluated, in words.
pub fn number(expr: &Expr, names: &Names) -> Result<u64, String> {
    match expr {
        Expr::Int(value) => Ok(*value),
        Expr::Name(name) => {
            let bound = names.get(name).copied().or_else(|| constant(name));
            bound.ok_or_else(|| format!("`{name}` is not bound and is no known constant"))
        }
        Expr::Binary(operator, left, right) => {
            let (left, right) = (number(left, names)?, number(right, names)?);
            Ok(match operator {
                '|' => left | right,
                '&' => left & right,
                '+' => left.wrapping_add(right),
                '*' => left.wrapping_mul(right),
                '<' => left.wrapping_shl(right as u32),
                '>' => left.wrapping_shr(right as u32),
                _ => left.wrapping_sub(right),
            })
        }
        Expr::Text(_) | Expr::List(_) | Expr::Opaque => Err("a number was expected here".into()),
    }
}

/// An argument of a system call.
pub(super) fn argument(expr: &Expr, names: &Names) -> Result<Arg, String> {
    match expr {
        Expr::Text(bytes) => Ok(Arg::Bytes(bytes.clone())),
        Expr::List(items) => {
            let bytes = rlimit_bytes(items, names).or_else(|| iovec_bytes(items, names));
            Ok(bytes.map_or(Arg::Scratch, Arg::Bytes))
        }
        Expr::Opaque => Ok(Arg::Scratch),
        _ => number(expr, names).map(Arg::Int),
    }
}

/// `{rlim_cur=…, rlim_max=…}` as the 16 bytes of the structure.
fn rlimit_bytes(items: &[(Option<String>, Expr)], names: &Names) -> Option<Vec<u8>> {
    let field = |name: &str| {
        let (_, value) = items.iter().find(|(key, _)| key.as_deref() == Some(name))?;
        number(value, names).ok()
    };
    let (cur, max) = (field("rlim_cur")?, field("rlim_max")?);
    Some([cur.to_le_bytes(), max.to_le_bytes()].concat())
}

/// `[{iov_base=…, iov_len=…}, …]` as 16 bytes for each structure.
fn iovec_bytes(items: &[(Option<String>, Expr)], names: &Names) -> Option<Vec<u8>> {
    let piece = |(_, item): &(Option<String>, Expr)| {
        let Expr::List(fields) = item else { return None };
        let field = |name: &str| {
            let (_, value) = fields.iter().find(|(key, _)| key.as_deref() == Some(name))?;
            number(value, names).ok()
        };
        Some([field("iov_base")?.to_le_bytes(), field("iov_len")?.to_le_bytes()].concat())
    };
    let pieces: Option<Vec<_>> = items.iter().map(piece).collect();
    pieces.filter(|pieces| !pieces.is_empty()).map(|pieces| pieces.concat())
}

/// All six arguments; those not written are 0, but an output nobody named is scratch memory.
///
/// # Errors
/// What cannot be evaluated, in words.
pub fn arguments(call: &Call, names: &Names) -> Result<[Arg; 6], String> {
    if call.args.len() > 6 {
        return Err(format!("{} has {} arguments, a system call has at most 6", call.name, call.args.len()));
    }
    let mut args = [const { Arg::Int(0) }; 6];
    for (slot, (_, expr)) in args.iter_mut().zip(&call.args) {
        *slot = argument(expr, names)?;
    }
    if call.name == "mincore" && call.args.len() < 3 {
        args[2] = Arg::Scratch;
    }
    Ok(args)
}
