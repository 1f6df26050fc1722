//! The audit and the costs as text for people.

use super::advice::thousands;
use super::audit::Audit;
use super::costs::{Columns, CostRow, Costs};
use std::fmt;

/// Groups that a text shows; the rest is counted.
const MOST_GROUPS: usize = 12;
/// Rows of a table of costs that a text shows.
const MOST_ROWS: usize = 20;

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary())?;
        writeln!(f)?;
        writeln!(f, "{:>8}  {:>8}  why neighbours are not one area", "borders", "saves")?;
        for group in self.groups.iter().take(MOST_GROUPS) {
            let saves = if group.saves > 0 { thousands(group.saves as u64) } else { "-".into() };
            writeln!(f, "{:>8}  {saves:>8}  {} (first at {})", thousands(group.count as u64), group.title, group.example)?;
            if let Some(advice) = &group.advice {
                writeln!(f, "{:20}{advice}", "")?;
            }
        }
        if let Some(rest) = self.groups.len().checked_sub(MOST_GROUPS).filter(|rest| *rest > 0) {
            writeln!(f, "{:20}… and {rest} more kinds", "")?;
        }
        if !self.flags_known {
            writeln!(f, "\nThis is maps: flags such as MADV_NOHUGEPAGE are not in it. The same of /proc/PID/smaps says more.")?;
        }
        Ok(())
    }
}

impl Audit {
    /// How many areas there are, how far it is to the limit, and which reason costs most.
    pub fn summary(&self) -> String {
        let (areas, limit) = (self.areas as u64, self.limit);
        let room = match limit.checked_sub(areas) {
            Some(0) | None => format!("the limit of {} (vm.max_map_count) is reached", thousands(limit)),
            Some(left) => format!("{} more fit below the limit of {} (vm.max_map_count)", thousands(left), thousands(limit)),
        };
        let noun = if areas == 1 { "area" } else { "areas" };
        let most = self.groups.first().map(|group| format!(" Most borders: {}.", group.title)).unwrap_or_default();
        format!("{} {noun}; {room}.{most}", thousands(areas))
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.counted {
            return writeln!(f, "{} KiB of address space; what is resident only smaps tells.", thousands(self.total.size));
        }
        table(f, "by kind, KiB", &self.kinds, &self.total)?;
        writeln!(f)?;
        table(f, "by name, KiB", &self.names, &self.total)?;
        writeln!(f)?;
        table(f, "by area, KiB", &self.areas, &self.total)
    }
}

fn table(f: &mut fmt::Formatter<'_>, title: &str, rows: &[CostRow], total: &Columns) -> fmt::Result {
    writeln!(
        f,
        "{:>10} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>6}  {title}",
        "Size", "Rss", "Pss", "Private", "Dirty", "Swap", "LazyFree", "Huge", "Areas"
    )?;
    for row in rows.iter().take(MOST_ROWS) {
        let name = if row.areas == 1 { format!("{} {}", row.start, row.name) } else { row.name.clone() };
        line(f, &row.costs, row.areas, &name)?;
    }
    if rows.len() > MOST_ROWS {
        writeln!(f, "{:>10} and {} more", "…", rows.len() - MOST_ROWS)?;
    }
    line(f, total, rows.iter().map(|row| row.areas).sum(), "together")
}

fn line(f: &mut fmt::Formatter<'_>, costs: &Columns, areas: usize, name: &str) -> fmt::Result {
    let Columns { size, rss, pss, uss, private_dirty, swap, lazy_free, huge } = costs;
    writeln!(f, "{size:>10} {rss:>9} {pss:>9} {uss:>9} {private_dirty:>9} {swap:>8} {lazy_free:>8} {huge:>8} {areas:>6}  {name}")
}
