//! Floor 4: VMA algebra. What an address space says may be: the areas, in a tree with an index of
//! gaps; when two become one; where a new one goes.
//!
//! Key types: [`Vma`], [`VmaSet`], [`MergeProposal`], [`GapSearch`]. Mirrors Linux `mm/vma.c`,
//! `lib/maple_tree.c` (as a gap-augmented B+tree) and `mm/mmap.c:vm_unmapped_area`.
//! Pure: no page tables, no frames, no files beyond their ids.

mod area;
mod merge;
mod node;
mod set;
mod tree;
mod unmapped;

pub use area::{AnonChain, SpecialMapping, Vma};
pub(crate) use merge::may_share_anon_vma;
pub use merge::{MergeProposal, MergeSides, why_apart, why_apart_from_heap};
pub use set::{VmaSet, VmaSetSave};
pub use tree::VmaTree;
pub use unmapped::GapSearch;
