//! Expressions of a script as expressions of C.

use pagefault::script::{Expr, constants};
use std::collections::{BTreeMap, BTreeSet};

/// Addresses that the kernel chose lie here, and elsewhere on another machine: they are told by their distance.
const CHOSEN: std::ops::Range<u64> = 0x7f00_0000_0000..0x7fff_f800_0000;

/// A place that the kernel chose: what lies in it is told by its distance from the beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    pub(crate) process: u32,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// What the expressions of a file have used so far.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Names that statements bind, by their place.
    pub(crate) bound: BTreeMap<String, usize>,
    /// Constants, with their numbers.
    pub(crate) constants: BTreeMap<&'static str, u64>,
    /// Names that the statement at hand needs.
    pub(crate) needed: BTreeSet<String>,
    /// Places that the kernel chose, in order.
    pub(crate) placements: Vec<Placement>,
    /// Whose statement it is.
    pub(crate) process: u32,
}

impl Names {
    /// Where a bound name lies.
    pub(crate) fn place(&mut self, name: &str) -> usize {
        let next = self.bound.len();
        *self.bound.entry(name.to_string()).or_insert(next)
    }

    /// A number that may be an address. One that the kernel chose is as far from the beginning of its mapping as in the
    /// script; where it belongs to none that the script made, it is shifted as all of them are.
    pub(crate) fn address(&self, value: u64) -> String {
        if !is_chosen(value) {
            return plain(value);
        }
        let own = |placement: &Placement| placement.process == self.process;
        let covers = |placement: &Placement| (placement.start..placement.end).contains(&value);
        let ends = |placement: &Placement| placement.end == value;
        let last = |fits: &dyn Fn(&Placement) -> bool| self.placements.iter().rposition(fits);
        let found = last(&|one| own(one) && covers(one)).or_else(|| last(&covers)).or_else(|| last(&|one| own(one) && ends(one)));
        match found {
            Some(at) => format!("(W->placed[{at}] + {:#x}ul)", value - self.placements[at].start),
            None => shifted(value),
        }
    }

    /// A number or an address.
    pub(crate) fn number(&mut self, expr: &Expr) -> Result<String, String> {
        Ok(match expr {
            Expr::Int(value) => self.address(*value),
            Expr::Name(name) if name == "si_addr" || name == "si_code" => format!("W->{name}"),
            Expr::Name(name) if self.bound.contains_key(name) => {
                self.needed.insert(name.clone());
                format!("N_{name}")
            }
            Expr::Name(name) => {
                let known = constants().find(|(known, _)| known == name);
                let (known, value) = known.ok_or_else(|| format!("`{name}` is bound by nothing"))?;
                self.constants.insert(known, value);
                if known == "NULL" { "0".into() } else { format!("K_{known}") }
            }
            Expr::Binary(operator, left, right) => {
                let sign = match operator {
                    '<' => "<<".to_string(),
                    '>' => ">>".to_string(),
                    other => other.to_string(),
                };
                format!("({} {sign} {})", self.number(left)?, self.number(right)?)
            }
            Expr::Text(_) | Expr::List(_) | Expr::Opaque => return Err("a text stands where a number is needed".into()),
        })
    }
}

/// Whether an address is one that the kernel chose, from the top of the address space down.
pub(crate) fn is_chosen(value: u64) -> bool {
    CHOSEN.contains(&value)
}

/// An address that the kernel chose, as it would be here.
pub(crate) fn shifted(value: u64) -> String {
    format!("S({value:#x}ul)")
}

/// A number as it is.
pub(crate) fn plain(value: u64) -> String {
    if value < 0x1000 || value.is_multiple_of(1000) && value < 1_000_000 { format!("{value}ul") } else { format!("{value:#x}ul") }
}
