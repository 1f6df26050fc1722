//! Floor 7: the texts of `/proc/PID/maps` and `smaps` as a subject of their own. They are read as people have
//! them ([`read`]), asked why neighbours are not one area ([`Audit`]) and what each area costs ([`Costs`]), compared
//! ([`changes`]), and turned into a script that yields them ([`script_of`]).
//!
//! Key types: [`Reading`], [`Dump`], [`Area`], [`Audit`], [`Costs`], [`Changes`].

mod advice;
mod area;
mod audit;
mod costs;
mod diff;
mod files;
mod read;
mod replay;
mod report;
mod script;
mod tables;
mod text;

pub use area::{Area, Dump};
pub use audit::{Audit, Boundary, Group, Guards, Kind, boundary_between};
pub use costs::{Columns, CostRow, Costs};
pub use diff::{ChangeCall, Changes, changes};
pub use read::{Reading, looks_like_dump, read};
pub use replay::{Compared, compare_script};
pub use report::{AreaView, DumpView, Report, SetAsideView, changes_between, report, script_for};
pub use script::{header_of, script_of};
