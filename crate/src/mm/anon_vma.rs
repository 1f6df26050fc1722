//! Families of private pages (Linux `mm/rmap.c`, `struct anon_vma`). They exist so that the kernel
//! finds every mapping of a page, and they decide, invisibly, which areas may merge: an area that
//! came through fork is linked to more than one family and takes nothing in.

use super::kernel::Kernel;
use crate::addr::VirtRange;
use crate::flags::VmFlags;
use crate::ids::{AnonVmaId, MmId, Slab, VmaId};
use crate::sorted::SortedSet;
use crate::vma::{Vma, VmaSet};
use smallvec::SmallVec;

/// One family.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnonVma {
    /// The family it descends from; `None` for a root.
    pub parent: Option<AnonVmaId>,
    /// Families that descend from it; a root counts itself.
    pub children: u32,
    /// Areas whose own family this is.
    pub active: u32,
    /// Areas linked to it: those whose pages may belong to it.
    pub members: Members,
}

/// The areas of a family. Most families have one or two: those are kept in place; a family whose area
/// was cut into thousands still finds each of them in logarithmic time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members {
    few: SmallVec<[(MmId, VmaId); 4]>,
    many: SortedSet<(MmId, VmaId)>,
}

/// Beyond so many members the tree takes over.
const FEW: usize = 4;

impl Members {
    #[inline]
    fn insert(&mut self, area: (MmId, VmaId)) {
        if self.contains(&area) {
            return;
        }
        if self.few.len() < FEW {
            self.few.push(area);
        } else {
            self.many.insert(area);
        }
    }

    #[inline]
    fn remove(&mut self, area: &(MmId, VmaId)) {
        match self.few.iter().position(|member| member == area) {
            Some(at) => {
                self.few.swap_remove(at);
            }
            None => {
                self.many.remove(area);
            }
        }
    }

    /// Whether an area is linked.
    #[inline]
    pub fn contains(&self, area: &(MmId, VmaId)) -> bool {
        self.few.contains(area) || self.many.contains(area)
    }

    /// Whether no area is linked.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.few.is_empty() && self.many.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (MmId, VmaId)> {
        self.few.iter().chain(&self.many).copied()
    }
}

/// All families.
pub type AnonVmas = Slab<AnonVmaId, AnonVma>;

/// An existing family that a new one may be spared for (Linux `find_mergeable_anon_vma`): the next or
/// previous neighbour's, if the two areas are alike but for their access bits.
fn find_mergeable(vmas: &VmaSet, id: VmaId) -> Option<AnonVmaId> {
    let vma = vmas.get(id);
    let (prev, next) = vmas.adjacent(id);
    let (prev, next) = (prev.map(|id| vmas.get(id)), next.map(|id| vmas.get(id)));
    let reusable = |old: &Vma, a: &Vma, b: &Vma| {
        let single = !old.is_fork_child() && crate::vma::may_share_anon_vma(a, b);
        if single { old.anon_vma } else { None }
    };
    next.and_then(|next| reusable(next, vma, next)).or_else(|| prev.and_then(|prev| reusable(prev, prev, vma)))
}

impl Kernel {
    /// Gives an area its family before its first private page (Linux `__anon_vma_prepare`).
    #[inline]
    pub(crate) fn anon_vma_prepare(&mut self, mm: MmId, id: VmaId) {
        if self.mms[mm].vmas.get(id).anon_vma.is_none() {
            self.call("__anon_vma_prepare", |k| k.make_anon_vma(mm, id));
        }
    }

    /// Gives every writable private area of a range a family, as if it had been written.
    pub(crate) fn prepare_writable_areas(&mut self, mm: MmId, range: VirtRange) {
        let vmas = &self.mms[mm].vmas;
        let wanted = |vma: &Vma| vma.anon_vma.is_none() && vma.flags & (VmFlags::WRITE | VmFlags::SHARED) == VmFlags::WRITE;
        let areas: Vec<_> = vmas.overlapping(range).filter(|id| wanted(vmas.get(*id))).collect();
        for id in areas {
            self.anon_vma_prepare(mm, id);
        }
    }

    fn make_anon_vma(&mut self, mm: MmId, id: VmaId) {
        let vmas = &self.mms[mm].vmas;
        let shared = find_mergeable(vmas, id);
        let family = shared.unwrap_or_else(|| self.anon_vmas.insert(AnonVma { children: 1, ..Default::default() }));
        self.anon_vmas[family].active += 1;
        self.anon_vmas[family].members.insert((mm, id));
        self.mms[mm].vmas.get_mut(id).anon_vma = Some(family);
    }

    /// Links an area to all families in its chain; its own counts it as active
    /// (the second half of Linux `anon_vma_clone`).
    pub(crate) fn link_anon_vmas(&mut self, mm: MmId, id: VmaId) {
        let vma = self.mms[mm].vmas.get(id);
        for family in vma.chain() {
            self.anon_vmas[*family].members.insert((mm, id));
        }
        if let Some(own) = vma.anon_vma {
            self.anon_vmas[own].active += 1;
        }
    }

    /// Gives `target`, which has no family, those of `source` (Linux `dup_anon_vma`).
    #[inline]
    pub(crate) fn dup_anon_vma(&mut self, mm: MmId, target: VmaId, source: VmaId) {
        let vmas = &self.mms[mm].vmas;
        if vmas.get(target).anon_vma.is_none() && vmas.get(source).anon_vma.is_some() {
            let source = vmas.get(source).clone();
            self.inherit_anon_vma(mm, target, &source);
        }
    }

    /// The same from an area that is at hand.
    pub(crate) fn inherit_anon_vma(&mut self, mm: MmId, target: VmaId, source: &Vma) {
        let vma = self.mms[mm].vmas.get_mut(target);
        if vma.anon_vma.is_none() && source.anon_vma.is_some() {
            (vma.anon_vma, vma.long_chain) = (source.anon_vma, source.long_chain.clone());
            self.link_anon_vmas(mm, target);
        }
    }

    /// Unlinks an area that goes away; families without areas go with it (Linux `unlink_anon_vmas`).
    pub(crate) fn unlink_anon_vmas(&mut self, mm: MmId, id: VmaId, vma: &Vma) {
        if let Some(own) = vma.anon_vma {
            self.anon_vmas[own].active -= 1;
        }
        for family in vma.chain() {
            self.anon_vmas[*family].members.remove(&(mm, id));
        }
        for family in vma.chain() {
            self.drop_family_if_empty(*family);
        }
    }

    fn drop_family_if_empty(&mut self, id: AnonVmaId) {
        let family = &self.anon_vmas[id];
        // Children keep their parent alive: their pages' areas are linked to it as well.
        if !family.members.is_empty() {
            return;
        }
        if let Some(parent) = family.parent
            && let Some(parent) = self.anon_vmas.get_mut(parent)
        {
            parent.children -= 1;
        }
        self.anon_vmas.remove(id);
    }

    /// Links a child's copy of an area: to all families of the parent's area, and to one of its own
    /// (Linux `anon_vma_fork`). The copy is not yet linked to any.
    pub(crate) fn anon_vma_fork(&mut self, mm: MmId, id: VmaId, parent: &Vma) {
        let Some(parent_family) = parent.anon_vma else { return };
        // A family of the chain that lost its areas and has at most one child is used again, so that
        // a long line of forks does not grow a chain without end. Roots are not: they count themselves.
        let reusable = |family: &&AnonVmaId| {
            let family = &self.anon_vmas[**family];
            family.children < 2 && family.active == 0
        };
        let reused = parent.chain().iter().rev().find(reusable).copied();
        let own = reused.unwrap_or_else(|| {
            self.anon_vmas[parent_family].children += 1;
            self.anon_vmas.insert(AnonVma { parent: Some(parent_family), ..Default::default() })
        });
        let added = Some(own).filter(|_| reused.is_none());
        let vma = self.mms[mm].vmas.get_mut(id);
        vma.anon_vma = Some(own);
        vma.long_chain = Some(Box::new(parent.chain().iter().copied().chain(added).collect()));
        self.link_anon_vmas(mm, id);
    }
}
