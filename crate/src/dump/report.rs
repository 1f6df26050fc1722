//! All that is said of a text with maps or smaps, as plain data: what the command prints as JSON and the library returns.

use super::area::{Area, Dump, hex};
use super::audit::Audit;
use super::costs::Costs;
use super::diff::{Changes, changes};
use super::read::{Reading, read};
use super::script::{header_of, script_of};
use crate::addr::PAGE_SIZE;
use crate::script::SetAside;
use serde::Serialize;

/// A text.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Each address space in it.
    pub dumps: Vec<DumpView>,
    /// Lines that are none of it.
    pub set_aside: Vec<SetAsideView>,
}

/// An address space.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DumpView {
    /// What stood before it; may be empty.
    pub label: String,
    /// Its areas, upwards.
    pub areas: Vec<AreaView>,
    /// Its size and its limit in a sentence.
    pub summary: String,
    /// Why its areas are as many as they are.
    pub audit: Audit,
    /// What they cost.
    pub costs: Costs,
    /// A script without statements that starts with it.
    pub header: String,
}

/// An area.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AreaView {
    /// First address, hexadecimal.
    pub start: String,
    /// First address behind, hexadecimal.
    pub end: String,
    /// `rwxp`.
    pub perms: String,
    /// Offset in the file in bytes, hexadecimal.
    pub offset: String,
    /// Device, as maps has it.
    pub dev: String,
    /// Inode number, decimal.
    pub ino: String,
    /// Name, may be empty.
    pub name: String,
    /// The line of the text, from 1.
    pub line: usize,
    /// `VmFlags` of smaps.
    pub flags: Option<String>,
    /// Counters of smaps in kB.
    pub fields: Vec<(String, u64)>,
}

/// A line that was left out.
#[derive(Clone, Debug, Serialize)]
pub struct SetAsideView {
    /// From 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
    /// Why.
    pub reason: String,
}

impl From<&SetAside> for SetAsideView {
    fn from(left: &SetAside) -> Self {
        Self { line: left.line, text: left.text.clone(), reason: left.reason.clone() }
    }
}

impl From<&Area> for AreaView {
    fn from(area: &Area) -> Self {
        let maps = &area.maps;
        let (major, minor) = maps.dev;
        Self {
            start: hex(maps.range.start),
            end: hex(maps.range.end),
            perms: maps.perms.iter().collect(),
            offset: format!("{:x}", maps.offset),
            dev: format!("{major:02x}:{minor:02x}"),
            ino: maps.ino.to_string(),
            name: maps.name.clone(),
            line: area.line,
            flags: area.vm_flags.clone(),
            fields: area.fields.clone(),
        }
    }
}

impl From<&Dump> for DumpView {
    fn from(dump: &Dump) -> Self {
        let audit = Audit::of(dump);
        Self {
            label: dump.label.clone(),
            areas: dump.areas.iter().map(AreaView::from).collect(),
            summary: summary(dump, &audit),
            audit,
            costs: Costs::of(dump),
            header: header_of(dump),
        }
    }
}

/// Its size and its limit, and what is not as on the machine that is modelled.
fn summary(dump: &Dump, audit: &Audit) -> String {
    match dump.page_size() {
        PAGE_SIZE => audit.summary(),
        other => format!(
            "{} Its pages are of {} KiB: what is said of merging holds there too, costs of single pages do not.",
            audit.summary(),
            other >> 10
        ),
    }
}

/// Reads a text and says all that is to be said of it.
pub fn report(text: &str) -> Report {
    let Reading { dumps, set_aside } = read(text);
    Report { dumps: dumps.iter().map(DumpView::from).collect(), set_aside: set_aside.iter().map(SetAsideView::from).collect() }
}

/// What changed between the first address spaces of two texts; of an empty second text, between the first two of the
/// first. `None` if there are no two.
pub fn changes_between(from: &str, to: &str) -> Option<Changes> {
    let (first, second) = (read(from).dumps, read(to).dumps);
    let second = if to.trim().is_empty() { first.get(1) } else { second.first() };
    Some(changes(first.first()?, second?))
}

/// A script whose calls yield the first address space of a text; `None` if there is none.
pub fn script_for(text: &str) -> Option<String> {
    read(text).dumps.first().map(script_of)
}
