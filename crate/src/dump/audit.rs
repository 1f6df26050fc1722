//! The boundary audit: why neighbours are not one area. The reasons are those of `vma/merge.rs`: the areas are built
//! from the text, and the machine's own decision is asked of each pair.

use super::advice;
use super::area::{Area, Dump, Ids, hex, vmas_of};
use crate::addr::PAGE_SIZE;
use crate::flags::VmFlags;
use crate::ids::{AnonVmaId, FileId};
use crate::mm::Sysctl;
use crate::sort;
use crate::sorted::SortedMap;
use crate::vma::{AnonChain, Vma, why_apart, why_apart_from_heap};
use crate::why::NoMerge;
use serde::Serialize;

/// What keeps two neighbours apart. Of several the first here is the one a boundary is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Nothing is mapped between them.
    Gap,
    /// One is the kernel's own (vdso, vvar) or a device's.
    Special,
    /// SysV segments have a `close` operation and do not vanish.
    Close,
    /// Two files, or a file beside anonymous memory.
    File,
    /// Shared beside private.
    Sharing,
    /// Read, write, execute.
    Permission,
    /// Protection keys.
    Key,
    /// Flags that smaps shows.
    Flags,
    /// Names that a program gave.
    Name,
    /// The pages of the file are not neighbours.
    Offset,
    /// The same in all that the text shows.
    Hidden,
}

impl Kind {
    /// A program could have it otherwise without mapping something else.
    fn is_curable(self) -> bool {
        !matches!(self, Self::Special | Self::Close | Self::File | Self::Sharing)
    }
}

/// Two neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Boundary {
    /// The lower one, by its place in the dump.
    pub left: usize,
    /// Where the upper one starts, hexadecimal.
    pub at: String,
    /// What it is counted under.
    pub kind: Kind,
    /// Everything that keeps them apart, as the machine words it.
    pub reasons: Vec<String>,
    /// If nothing does: what only hidden state could tell.
    pub may_be: Vec<String>,
    #[serde(skip)]
    detail: String,
    #[serde(skip)]
    alone: bool,
}

/// Boundaries of one kind that differ in the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// What keeps them apart.
    pub kind: Kind,
    /// In words.
    pub title: String,
    /// How many boundaries.
    pub count: usize,
    /// How many areas fewer there would be if the neighbours were alike in this.
    pub saves: usize,
    /// The first of them, hexadecimal.
    pub example: String,
    /// What would bring the count down.
    pub advice: Option<String>,
}

/// Areas without any permission that keep others apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Guards {
    /// Small ones of them: guard pages.
    pub count: usize,
    /// Areas fewer if they were guard regions inside their neighbours.
    pub saves: usize,
}

/// Why the areas of an address space are as many as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// How many areas count.
    pub areas: usize,
    /// `vm.max_map_count`, as it is set unless somebody changed it.
    pub limit: u64,
    /// The text tells the flags of its areas (smaps).
    pub flags_known: bool,
    /// Like reasons together, the most frequent first.
    pub groups: Vec<Group>,
    /// Guard pages made with `PROT_NONE`, if there are any.
    pub guards: Option<Guards>,
    /// Each pair of neighbours.
    pub boundaries: Vec<Boundary>,
}

/// An open file that no dump has so many of.
const OTHER_OPEN: usize = 1 << 30;

/// Larger areas without permissions are reservations, not guards.
const LARGEST_GUARD: u64 = 256 * PAGE_SIZE;

impl Audit {
    /// Asks about each pair of neighbours of a dump.
    pub fn of(dump: &Dump) -> Self {
        let areas: Vec<_> = dump.counted().collect();
        let (vmas, ids) = vmas_of(areas.iter().copied());
        let asker = Asker { ids, areas: &areas, vmas: &vmas };
        let boundaries: Vec<_> = (1..areas.len()).map(|right| asker.boundary(right)).collect();
        let guards = asker.guards();
        Self {
            areas: areas.len(),
            limit: Sysctl::reference().max_map_count,
            flags_known: dump.has_flags(),
            groups: groups(&boundaries, guards),
            guards,
            boundaries,
        }
    }
}

/// Why an area of a running machine is not one with the next above it: what it is counted under, all reasons, and if there
/// is none, what that means. Nothing is hidden here: the machine itself is asked.
pub fn boundary_between(low: &Vma, high: &Vma, high_is_heap: bool) -> (Kind, Vec<String>, Vec<String>) {
    let mut refusals = refusals(low, high);
    if refusals.is_empty() && high_is_heap {
        refusals.extend(why_apart_from_heap(low, high).err());
    }
    let kind_of = |why: &NoMerge| match why {
        NoMerge::Gap => Kind::Gap,
        NoMerge::Special => Kind::Special,
        NoMerge::Close => Kind::Close,
        NoMerge::File => Kind::File,
        NoMerge::Key { .. } => Kind::Key,
        NoMerge::Name => Kind::Name,
        NoMerge::PageOffset { .. } => Kind::Offset,
        NoMerge::Flags { difference } if difference.intersects(VmFlags::SPECIAL) => Kind::Special,
        NoMerge::Flags { difference } if difference.intersects(VmFlags::SHARED | VmFlags::MAYSHARE) => Kind::Sharing,
        NoMerge::Flags { difference } if difference.intersects(VmFlags::ACCESS) => Kind::Permission,
        NoMerge::Flags { .. } => Kind::Flags,
        _ => Kind::Hidden,
    };
    let words = |why: &NoMerge| match why {
        NoMerge::Flags { difference } => {
            advice::flags_in_words(&difference.smaps_names().split_whitespace().map(str::to_string).collect::<Vec<_>>())
        }
        _ => why.to_string(),
    };
    let kind = refusals.iter().map(kind_of).min().unwrap_or(Kind::Hidden);
    let nothing = || "nothing: the next call about either of them that leaves them alike makes them one".to_string();
    let may_be = if refusals.is_empty() { vec![nothing()] } else { Vec::new() };
    (kind, refusals.iter().map(words).collect(), may_be)
}

struct Asker<'a> {
    ids: Ids,
    areas: &'a [&'a Area],
    vmas: &'a [Vma],
}

impl Asker<'_> {
    fn boundary(&self, right: usize) -> Boundary {
        let (low, high) = (&self.vmas[right - 1], &self.vmas[right]);
        let refusals = refusals(low, high);
        let kinds: Vec<_> = refusals.iter().flat_map(|why| self.kinds_of(why, right)).collect();
        let alone = refusals.len() == 1 && kinds.len() == 1 && kinds[0].0 != Kind::Gap || only_permission(&refusals);
        let alone = alone || kinds.iter().any(|(kind, detail)| *kind == Kind::Gap && detail == "alike");
        let may_be = if refusals.is_empty() { self.hidden(right) } else { Vec::new() };
        let (kind, detail) = kinds.into_iter().min().unwrap_or_else(|| (Kind::Hidden, self.hidden_detail(right)));
        Boundary {
            left: right - 1,
            at: hex(high.range.start),
            kind,
            reasons: refusals.iter().map(|why| self.words(why)).collect(),
            may_be,
            detail,
            alone: alone || refusals.is_empty(),
        }
    }

    /// The kinds that a refusal speaks of, each with what the neighbours differ in.
    fn kinds_of(&self, why: &NoMerge, right: usize) -> Vec<(Kind, String)> {
        let (low, high) = (self.areas[right - 1], self.areas[right]);
        let detail = match why {
            NoMerge::Gap => return vec![(Kind::Gap, self.gap_detail(right))],
            NoMerge::Special => return vec![(Kind::Special, String::new())],
            NoMerge::File if low.has_file() && high.has_file() => "two files".into(),
            NoMerge::File => "a file beside memory without one".into(),
            NoMerge::Key { .. } => return vec![(Kind::Key, String::new())],
            NoMerge::Name => return vec![(Kind::Name, String::new())],
            NoMerge::PageOffset { .. } => return vec![(Kind::Offset, String::new())],
            NoMerge::Close => return vec![(Kind::Close, String::new())],
            NoMerge::Flags { difference } => return self.kinds_of_flags(*difference, right),
            _ => return vec![(Kind::Hidden, String::new())],
        };
        vec![(Kind::File, detail)]
    }

    fn kinds_of_flags(&self, difference: VmFlags, right: usize) -> Vec<(Kind, String)> {
        let mut kinds = Vec::new();
        if difference.intersects(VmFlags::SPECIAL) {
            kinds.push((Kind::Special, String::new()));
        }
        if difference.intersects(VmFlags::SHARED | VmFlags::MAYSHARE) {
            kinds.push((Kind::Sharing, String::new()));
        }
        if difference.intersects(VmFlags::ACCESS) {
            let perms = |area: &Area| area.maps.perms[..3].iter().collect::<String>();
            let mut pair = [perms(self.areas[right - 1]), perms(self.areas[right])];
            sort::by(&mut pair, |a, b| b.cmp(a));
            kinds.push((Kind::Permission, pair.join(" beside ")));
        }
        let rest = difference - VmFlags::ACCESS - VmFlags::SHARED - VmFlags::MAYSHARE - VmFlags::SPECIAL;
        if !rest.is_empty() {
            kinds.push((Kind::Flags, self.ids.flag_names(rest).join(" ")));
        }
        kinds
    }

    /// Whether the areas around a hole would be one if it were filled.
    fn gap_detail(&self, right: usize) -> String {
        // What lies below the heap or a reservation was not freed.
        let is_hole = self.areas[right].maps.name != "[heap]" && !self.areas[right].is_barrier();
        let alike = is_hole && refusals(&self.vmas[right - 1], &self.vmas[right]).len() == 1;
        if alike { "alike" } else { "" }.to_string()
    }

    fn hidden_detail(&self, right: usize) -> String {
        let why = hidden_refusals(&self.vmas[right - 1], &self.vmas[right], self.areas[right], false);
        if why.first() == Some(&NoMerge::BrkBorder) { "heap" } else { "" }.to_string()
    }

    /// What hidden state could keep two apart that look alike: each supposition, told by the machine's own refusal.
    fn hidden(&self, right: usize) -> Vec<String> {
        let (low, high) = (self.areas[right - 1], self.areas[right]);
        let flags_known = low.vm_flags.is_some() && high.vm_flags.is_some();
        let why = hidden_refusals(&self.vmas[right - 1], &self.vmas[right], high, flags_known);
        why.iter().map(|why| advice::supposition(why).to_string()).collect()
    }

    fn words(&self, why: &NoMerge) -> String {
        match why {
            NoMerge::Flags { difference } => advice::flags_in_words(&self.ids.flag_names(*difference)),
            _ => why.to_string(),
        }
    }

    /// What would come of it if each guard page were a guard region of a neighbour.
    fn guards(&self) -> Option<Guards> {
        let is_guard = |at: usize| self.areas[at].is_barrier() && self.vmas[at].range.len() <= LARGEST_GUARD;
        let count = (0..self.areas.len()).filter(|at| is_guard(*at)).count();
        let mut vmas = self.vmas.to_vec();
        for at in (0..vmas.len()).filter(|at| is_guard(*at)) {
            let below = at.checked_sub(1).filter(|below| vmas[*below].range.end == vmas[at].range.start && vmas[*below].file.is_none());
            let above = (at + 1 < vmas.len()).then_some(at + 1).filter(|above| vmas[*above].range.start == vmas[at].range.end);
            if let Some(neighbour) = below.or(above.filter(|above| vmas[*above].file.is_none())) {
                (vmas[at].flags, vmas[at].anon_name) = (vmas[neighbour].flags, vmas[neighbour].anon_name);
            }
        }
        let joined = |vmas: &[Vma]| vmas.windows(2).filter(|pair| why_apart(&pair[0], &pair[1]).is_ok()).count();
        let saves = joined(&vmas).saturating_sub(joined(self.vmas));
        (count > 0).then_some(Guards { count, saves })
    }
}

/// Everything that keeps two areas apart: the machine is asked, what it names is made equal, and it is asked again.
fn refusals(low: &Vma, high: &Vma) -> Vec<NoMerge> {
    let (mut low, mut high) = (low.clone(), high.clone());
    let mut found = Vec::new();
    // Each turn makes one thing equal, so it ends.
    while let Err(why) = why_apart(&low, &high) {
        found.push(why);
        match why {
            NoMerge::Gap if low.range.end < high.range.start => low.range.end = high.range.start,
            NoMerge::Flags { .. } => high.flags = low.flags,
            NoMerge::Key { .. } => high.flags = high.flags.with_pkey(low.flags.pkey()),
            NoMerge::File => (high.file, high.ops, high.pgoff) = (low.file, low.ops, low.pgoff_end()),
            NoMerge::Name => high.anon_name = low.anon_name,
            NoMerge::PageOffset { .. } => high.pgoff = low.pgoff_end(),
            _ => break,
        }
    }
    found
}

/// Only the permissions differ, and what follows from them: writable private memory is accounted.
fn only_permission(refusals: &[NoMerge]) -> bool {
    match refusals {
        [NoMerge::Flags { difference }] => {
            difference.intersects(VmFlags::ACCESS) && (*difference - VmFlags::ACCESS - VmFlags::ACCOUNT).is_empty()
        }
        _ => false,
    }
}

/// What the machine would answer for two areas that look alike, under each supposition about what no text shows.
fn hidden_refusals(low: &Vma, high: &Vma, high_area: &Area, flags_known: bool) -> Vec<NoMerge> {
    let mut found = Vec::new();
    let mut suppose = |low: &Vma, high: &Vma| found.extend(why_apart(low, high).err());
    let is_private = !low.flags.intersects(VmFlags::SHARED | VmFlags::MAYSHARE);
    if high_area.maps.name == "[heap]" {
        return why_apart_from_heap(low, high).err().into_iter().collect();
    }
    if is_private {
        let written = |vma: &Vma, family: usize| Vma { anon_vma: Some(AnonVmaId::from(family)), ..vma.clone() };
        suppose(&written(low, 0), &written(high, 1));
        let chain: AnonChain = [AnonVmaId::from(1), AnonVmaId::from(0)].into_iter().collect();
        suppose(&Vma { long_chain: Some(Box::new(chain)), ..written(low, 0) }, high);
    }
    if low.file.is_none() {
        suppose(low, &Vma { pgoff: high.pgoff.wrapping_add(1), ..high.clone() });
    } else {
        suppose(low, &Vma { file: Some(FileId::from(OTHER_OPEN)), ..high.clone() });
    }
    if !flags_known {
        suppose(low, &Vma { flags: high.flags ^ VmFlags::NORESERVE, ..high.clone() });
    }
    found
}

fn groups(boundaries: &[Boundary], guards: Option<Guards>) -> Vec<Group> {
    let mut by_kind: SortedMap<(Kind, &str), Vec<&Boundary>> = SortedMap::new();
    for boundary in boundaries {
        by_kind.entry((boundary.kind, &boundary.detail)).or_default().push(boundary);
    }
    let mut groups: Vec<_> = by_kind
        .into_iter()
        .map(|((kind, detail), members)| Group {
            kind,
            title: advice::title(kind, detail),
            count: members.len(),
            saves: if kind.is_curable() { members.iter().filter(|boundary| boundary.alone).count() } else { 0 },
            example: members[0].at.clone(),
            advice: advice::advice(kind, detail, guards),
        })
        .collect();
    sort::by_key(&mut groups, |group| std::cmp::Reverse(group.count));
    groups
}
