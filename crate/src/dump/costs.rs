//! What areas cost, as smaps counts it: each, and summed by name and by kind, like `pmap -X` and `smem`.

use super::area::{Area, Dump, hex};
use crate::sort;
use crate::sorted::SortedMap;
use serde::Serialize;

/// Counters in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Columns {
    /// Address space.
    pub size: u64,
    /// Resident.
    pub rss: u64,
    /// Resident, shared pages divided by those who share them.
    pub pss: u64,
    /// What nobody shares: freed when the process ends.
    pub uss: u64,
    /// Private and written.
    pub private_dirty: u64,
    /// Swapped out.
    pub swap: u64,
    /// Given back with `MADV_FREE`, not taken yet.
    pub lazy_free: u64,
    /// In anonymous huge pages.
    pub huge: u64,
}

impl Columns {
    fn of(area: &Area) -> Self {
        Self {
            size: area.size(),
            rss: area.field("Rss"),
            pss: area.field("Pss"),
            uss: area.field("Private_Clean") + area.field("Private_Dirty"),
            private_dirty: area.field("Private_Dirty"),
            swap: area.field("Swap"),
            lazy_free: area.field("LazyFree"),
            huge: area.field("AnonHugePages"),
        }
    }

    fn add(&mut self, other: &Self) {
        let sum = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        sum(&mut self.size, other.size);
        sum(&mut self.rss, other.rss);
        sum(&mut self.pss, other.pss);
        sum(&mut self.uss, other.uss);
        sum(&mut self.private_dirty, other.private_dirty);
        sum(&mut self.swap, other.swap);
        sum(&mut self.lazy_free, other.lazy_free);
        sum(&mut self.huge, other.huge);
    }

    /// What it takes of RAM and swap; of two that take the same, the larger one first.
    fn weight(&self) -> (u64, u64, u64) {
        (self.pss.saturating_add(self.swap), self.rss, self.size)
    }
}

/// One area, or several together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostRow {
    /// A name of maps, or the kind of memory.
    pub name: String,
    /// Where it starts, hexadecimal; of several, the first.
    pub start: String,
    /// How many areas.
    pub areas: usize,
    /// What they cost.
    pub costs: Columns,
}

/// What a dump costs; each list with the dearest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Costs {
    /// The text has counters; without them only sizes are known.
    pub counted: bool,
    /// All together.
    pub total: Columns,
    /// Area by area.
    pub areas: Vec<CostRow>,
    /// Summed by file, or by kind where there is none.
    pub names: Vec<CostRow>,
    /// Summed by kind.
    pub kinds: Vec<CostRow>,
}

impl Costs {
    /// Sums a dump up.
    pub fn of(dump: &Dump) -> Self {
        let mut total = Columns::default();
        dump.counted().for_each(|area| total.add(&Columns::of(area)));
        let of_name =
            |area: &Area| if area.has_file() || area.given_name().is_some() { area.maps.name.clone() } else { kind(area).to_string() };
        let areas = dump.counted().map(|area| row(of_name(area), area)).collect();
        Self {
            counted: dump.has_costs(),
            total,
            areas: dearest_first(areas),
            names: summed(dump, of_name),
            kinds: summed(dump, |area| kind(area).to_string()),
        }
    }
}

fn row(name: String, area: &Area) -> CostRow {
    CostRow { name, start: hex(area.maps.range.start), areas: 1, costs: Columns::of(area) }
}

fn dearest_first(mut rows: Vec<CostRow>) -> Vec<CostRow> {
    sort::by_key(&mut rows, |row| std::cmp::Reverse(row.costs.weight()));
    rows
}

fn summed(dump: &Dump, name_of: impl Fn(&Area) -> String) -> Vec<CostRow> {
    let mut rows: SortedMap<String, CostRow> = SortedMap::new();
    for area in dump.counted() {
        let name = name_of(area);
        match rows.get_mut(&name) {
            Some(known) => {
                known.areas += 1;
                known.costs.add(&Columns::of(area));
            }
            None => {
                rows.insert(name.clone(), row(name, area));
            }
        }
    }
    dearest_first(rows.into_values().collect())
}

/// What sort of memory it is.
fn kind(area: &Area) -> &'static str {
    let name = area.maps.name.as_str();
    match name {
        "[heap]" => "[heap]",
        _ if name.starts_with("[stack") => "[stack]",
        _ if area.is_special() => "kernel (vdso, vvar)",
        _ if name.starts_with("[anon") => "named anonymous",
        _ if !area.has_file() && area.is_barrier() => "reserved (PROT_NONE)",
        _ if !area.has_file() => "anonymous",
        _ if ["/SYSV", "/memfd:", "/dev/shm/", "/dev/zero"].iter().any(|start| name.starts_with(start)) => "shared memory",
        _ if name.starts_with("/dev/") || !name.starts_with('/') => "devices and kernel files",
        _ => "files",
    }
}
