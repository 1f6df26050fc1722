//! From expressions to numbers and arguments.

use super::ast::{Call, Expr, Statement};
use super::fields;
use crate::machine::Arg;
use crate::settings::constant;
use crate::sorted::SortedMap;

/// Names that statements have bound.
pub type Names = SortedMap<String, u64>;

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
            let bytes = structure_bytes(items, names).or_else(|| iovec_bytes(items, names));
            Ok(bytes.map_or(Arg::Scratch, Arg::Bytes))
        }
        Expr::Opaque => Ok(Arg::Scratch),
        _ => number(expr, names).map(Arg::Int),
    }
}

/// A field of a structure: its name and its size in bytes.
pub type Field = (&'static str, usize);

/// Structures that calls are given, by their fields. The first decides which it is; what is not written is 0,
/// but `size`, which is that of the structure.
const STRUCTURES: &[&[Field]] = &[
    &[("rlim_cur", 8), ("rlim_max", 8)],
    &[
        ("size", 8),
        ("flags", 8),
        ("start", 8),
        ("end", 8),
        ("walk_end", 8),
        ("vec", 8),
        ("vec_len", 8),
        ("max_pages", 8),
        ("category_inverted", 8),
        ("category_mask", 8),
        ("category_anyof_mask", 8),
        ("return_mask", 8),
    ],
    &[
        ("size", 8),
        ("query_flags", 8),
        ("query_addr", 8),
        ("vma_start", 8),
        ("vma_end", 8),
        ("vma_flags", 8),
        ("vma_page_size", 8),
        ("vma_offset", 8),
        ("inode", 8),
        ("dev_major", 4),
        ("dev_minor", 4),
        ("vma_name_size", 4),
        ("build_id_size", 4),
        ("vma_name_addr", 8),
        ("build_id_addr", 8),
    ],
];

/// The fields, in their order, of the structure that `{rlim_cur=…, rlim_max=…}` and the like write; `None` if it is none of
/// those known.
pub fn structure_of(items: &[(Option<String>, Expr)]) -> Option<&'static [Field]> {
    let keys: Option<Vec<&str>> = items.iter().map(|(key, _)| key.as_deref()).collect();
    let keys = keys.filter(|keys| !keys.is_empty())?;
    let knows = |fields: &&&[Field]| keys.iter().all(|key| fields.iter().any(|(name, _)| name == key));
    STRUCTURES.iter().find(knows).copied()
}

/// `{rlim_cur=…, rlim_max=…}` and the like as the bytes of the structure; `None` if it is none of those known.
fn structure_bytes(items: &[(Option<String>, Expr)], names: &Names) -> Option<Vec<u8>> {
    let fields = structure_of(items)?;
    let size = fields.iter().map(|(_, size)| size).sum::<usize>() as u64;
    let mut bytes = Vec::new();
    for (name, width) in fields {
        let value = match items.iter().find(|(key, _)| key.as_deref() == Some(name)) {
            Some((_, value)) => number(value, names).ok()?,
            None if *name == "size" => size,
            None => 0,
        };
        bytes.extend_from_slice(&value.to_le_bytes()[..*width]);
    }
    Some(bytes)
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

/// A name in a statement, its result or its structures, that is neither bound nor a constant.
pub fn unbound<'a>(statement: &'a Statement, names: &Names) -> Option<&'a str> {
    let mut found = None;
    let mut see = |expr: &'a Expr| {
        found = found.or_else(|| unbound_in(expr, names));
    };
    let names_nothing = fields::status_asked(&statement.call).is_some() || !fields::names_given(&statement.call).is_empty();
    if !names_nothing {
        statement.call.args.iter().for_each(|(_, expr)| see(expr));
    }
    if let Some(outcome) = &statement.outcome {
        outcome.expressions(&mut see);
    }
    found
}

fn unbound_in<'a>(expr: &'a Expr, names: &Names) -> Option<&'a str> {
    match expr {
        Expr::Name(name) if !names.contains_key(name) && constant(name).is_none() => Some(name),
        Expr::Binary(_, left, right) => unbound_in(left, names).or_else(|| unbound_in(right, names)),
        Expr::List(items) => items.iter().find_map(|(_, item)| unbound_in(item, names)),
        _ => None,
    }
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
    if let Some(place) = fields::place_of_structure(call) {
        args[place] = Arg::Scratch;
    }
    Ok(args)
}
