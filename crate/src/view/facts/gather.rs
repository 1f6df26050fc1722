//! What is looked at before a step, and the facts that come of it afterwards.

use super::areas::Areas;
use super::pages::Pages;
use super::{Fact, Span};
use crate::addr::{Pfn, VirtAddr};
use crate::event::Event;
use crate::flags::VmFlags;
use crate::ids::{FileId, InodeId, MmId, Pid};
use crate::machine::{Ended, Machine, Process};
use crate::mm::Mm;
use crate::mmu::Pte;
use crate::phys::Owner;
use crate::sorted::SortedMap;

/// Files whose sizes are compared.
const MOST_FILES: usize = 4096;

/// What a step is compared with: taken before it, small whatever the size of the memory.
#[derive(Clone, Debug)]
pub struct Moment {
    pid: Pid,
    free_frames: u32,
    /// Living processes.
    spaces: Vec<(Pid, MmId, Books)>,
    sizes: Vec<(InodeId, u64)>,
    descriptors: Vec<(usize, FileId)>,
    limits: Vec<u64>,
}

/// What a frame holds: as in a snapshot, but that files without a disk are told apart.
fn kind_of(machine: &Machine, pfn: Pfn) -> &'static str {
    match machine.kernel.phys.frame(pfn).owner {
        Owner::File { shmem: true, .. } => "shmem",
        _ => crate::view::snapshot::frame_kind(machine, pfn),
    }
}

/// Where events are missing, a new area is only told if it is there at the end, as it was made.
fn keep_areas_that_are_there(machine: &Machine, facts: &mut Vec<Fact>) {
    let is_there = |pid: u32, at: &Span| {
        let vmas = &machine.mm_of(Pid(pid))?.vmas;
        let start = u64::from_str_radix(&at.start, 16).ok()?;
        let range = vmas.get(vmas.find(VirtAddr(start))?).range;
        Some(*at == Span::from(range))
    };
    facts.retain(|fact| match fact {
        Fact::AreaNew { pid, at, .. } => is_there(*pid, at) == Some(true),
        _ => true,
    });
}

/// Counters of an address space.
#[derive(Clone, Copy, Debug, Default)]
struct Books {
    resident: u64,
    areas: u64,
    locked: u64,
    locks_future: bool,
    brk: VirtAddr,
}

impl Books {
    fn of(mm: &Mm) -> Self {
        let locks_future = mm.def_flags.contains(VmFlags::LOCKED);
        Self { resident: mm.rss_total(), areas: mm.vmas.len() as u64, locked: mm.locked_vm, locks_future, brk: mm.brk }
    }
}

impl Moment {
    /// Looks at a machine in which a process is about to do something.
    pub fn take(machine: &Machine, pid: Pid) -> Self {
        let alive = machine.processes().filter(|process| process.is_alive());
        let spaces = alive.map(|process| {
            let mm = machine.kernel.tasks[process.task].mm;
            (process.pid, mm, Books::of(&machine.kernel.mms[mm]))
        });
        let process = machine.process(pid).filter(|process| process.is_alive());
        let task = process.and_then(|process| machine.kernel.tasks.get(process.task));
        Self {
            pid,
            free_frames: machine.free_frames(),
            spaces: spaces.collect(),
            sizes: machine.kernel.fs.inodes().take(MOST_FILES).map(|(id, inode)| (id, inode.size)).collect(),
            descriptors: machine.open_descriptors(pid).collect(),
            limits: task.map_or(Vec::new(), |task| task.rlimits.iter().map(|limit| limit.cur).collect()),
        }
    }

    /// Whose.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether the process lived.
    pub fn lived(&self) -> bool {
        self.space_of(self.pid).is_some()
    }

    fn space_of(&self, pid: Pid) -> Option<(MmId, Books)> {
        self.spaces.iter().find(|(known, ..)| *known == pid).map(|(_, mm, books)| (*mm, *books))
    }

    /// What is different now.
    pub fn facts(&self, machine: &Machine, events: &[Event], dropped: u64) -> Vec<Fact> {
        let now = Self::take(machine, self.pid);
        let mut facts = Vec::new();
        self.processes(machine, &now, &mut facts);
        self.memory(machine, &now, events, &mut facts);
        if dropped > 0 {
            keep_areas_that_are_there(machine, &mut facts);
        }
        counted(events, &mut facts);
        self.books(&now, dropped > 0, &mut facts);
        self.files(machine, &now, &mut facts);
        facts
    }

    fn processes(&self, machine: &Machine, now: &Self, facts: &mut Vec<Fact>) {
        for (pid, mm, _) in &now.spaces {
            let parent = machine.process(*pid).and_then(Process::maker);
            match self.space_of(*pid) {
                None => {
                    let shares = parent.and_then(|parent| self.space_of(parent)).is_some_and(|(of_parent, _)| of_parent == *mm);
                    let thread = machine.process(*pid).is_some_and(Process::is_thread);
                    facts.push(Fact::ProcessNew { pid: pid.0, parent: parent.map(|parent| parent.0), thread, shares });
                }
                Some((before, _)) if before != *mm => facts.push(Fact::SpaceNew { pid: pid.0 }),
                Some(_) => {}
            }
        }
        for (pid, ..) in &self.spaces {
            let (status, signal) = match machine.process(*pid).map(|process| process.ended) {
                Some(Some(Ended::Exit(status))) => (Some(status), None),
                Some(Some(Ended::Signal(name))) => (None, Some(name)),
                Some(None) => continue,
                // Waited for in the same step.
                None => (None, None),
            };
            facts.push(Fact::ProcessEnded { pid: pid.0, status, signal });
        }
    }

    /// Whose an address space is, or was: the acting process first.
    fn owner(&self, now: &Self, mm: MmId) -> u32 {
        let find = |moment: &Self| moment.spaces.iter().find(|(_, of, _)| *of == mm).map(|(pid, ..)| pid.0);
        let acting = [self, now].iter().any(|moment| moment.space_of(self.pid).is_some_and(|(of, _)| of == mm));
        if acting { self.pid.0 } else { find(now).or_else(|| find(self)).unwrap_or(self.pid.0) }
    }

    fn memory(&self, machine: &Machine, now: &Self, events: &[Event], facts: &mut Vec<Fact>) {
        let mut spaces: SortedMap<MmId, (Areas, Pages)> = SortedMap::new();
        let mut moves = false;
        for event in events {
            match *event {
                Event::VmaInserted { mm, .. } | Event::VmaRemoved { mm, .. } | Event::VmaChanged { mm, .. } => {
                    spaces.entry(mm).or_default().0.add(event);
                }
                Event::PteSet { mm, addr, old, new } => spaces.entry(mm).or_default().1.add(addr, Pte(old), Pte(new)),
                Event::Enter { function: "move_page_tables", .. } => moves = true,
                _ => {}
            }
        }
        for (id, (areas, pages)) in spaces {
            let pid = self.owner(now, id);
            let mm = machine.kernel.mms.get(id);
            let describe = |at| {
                let vma = mm.and_then(|mm| Some((mm, mm.vmas.get(mm.vmas.find(at)?))));
                vma.map_or(Default::default(), |(mm, vma)| {
                    (crate::proc::line_of(&machine.kernel, mm, vma).name, vma.ops.map(|ops| ops.name()))
                })
            };
            areas.facts(pid, describe, facts);
            pages.facts(pid, moves, |pfn| kind_of(machine, pfn), facts);
        }
    }

    fn books(&self, now: &Self, count_areas: bool, facts: &mut Vec<Fact>) {
        for (pid, mm, before) in &self.spaces {
            let Some((_, after)) = now.space_of(*pid).filter(|(same, _)| same == mm) else { continue };
            let pid = pid.0;
            if count_areas && before.areas != after.areas {
                facts.push(Fact::AreaCount { pid, from: before.areas, to: after.areas });
            }
            if before.brk != after.brk {
                facts.push(Fact::Brk { pid, from: format!("{:x}", before.brk.0), to: format!("{:x}", after.brk.0) });
            }
            if before.locked != after.locked {
                facts.push(Fact::Locked { pid, from: before.locked, to: after.locked });
            }
            if before.locks_future != after.locks_future {
                facts.push(Fact::FutureLocked { pid, on: after.locks_future });
            }
            if before.resident != after.resident {
                facts.push(Fact::Resident { pid, from: before.resident, to: after.resident });
            }
        }
        if now.free_frames == 0 && self.free_frames > 0 {
            facts.push(Fact::RamFull);
        }
        for (resource, (from, to)) in self.limits.iter().zip(&now.limits).enumerate() {
            if from != to {
                let shown = |limit: u64| (limit != u64::MAX).then(|| limit.to_string());
                facts.push(Fact::Limit { pid: self.pid.0, resource: resource as u64, from: shown(*from), to: shown(*to) });
            }
        }
    }

    fn files(&self, machine: &Machine, now: &Self, facts: &mut Vec<Fact>) {
        let fs = &machine.kernel.fs;
        for (id, to) in &now.sizes {
            // Inodes come in order of number.
            let Ok(before) = self.sizes.binary_search_by_key(id, |(id, _)| *id) else { continue };
            let (_, from) = self.sizes[before];
            if from == *to {
                continue;
            }
            let named = fs.names().find(|(_, inode)| inode == id).map(|(name, _)| name.to_string());
            let opened = || fs.files().find(|(_, file)| file.inode == *id).map(|(_, file)| file.path.clone());
            facts.push(Fact::FileSize { name: named.or_else(opened).unwrap_or_default(), from: from.to_string(), to: to.to_string() });
        }
        if !now.lived() {
            return;
        }
        let pid = self.pid.0;
        for (fd, file) in &now.descriptors {
            if !self.descriptors.contains(&(*fd, *file)) {
                facts.push(Fact::Opened { pid, fd: *fd as u64, name: fs.file(*file).path.clone() });
            }
        }
        for (fd, _) in &self.descriptors {
            if now.descriptors.iter().all(|(open, _)| open != fd) {
                facts.push(Fact::Closed { pid, fd: *fd as u64 });
            }
        }
    }
}

/// Facts that events are counted for.
fn counted(events: &[Event], facts: &mut Vec<Fact>) {
    let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count() as u64;
    let made = count(|event| matches!(event, Event::TableAllocated { .. }));
    let gone = count(|event| matches!(event, Event::TableFreed { .. }));
    let filled = count(|event| matches!(event, Event::TlbFilled { .. }));
    let forgot = count(|event| matches!(event, Event::TlbFlushed(Some(_))));
    if made > 0 {
        facts.push(Fact::TablesMade { count: made });
    }
    if gone > 0 {
        facts.push(Fact::TablesGone { count: gone });
    }
    if let Some(Event::TlbFilled { addr, pfn }) = events.iter().find(|event| matches!(event, Event::TlbFilled { .. })) {
        facts.push(Fact::TlbFilled { count: filled, addr: format!("{:x}", addr.0), frame: pfn.0 });
    }
    if forgot > 0 {
        facts.push(Fact::TlbForgot { count: forgot });
    }
    if count(|event| matches!(event, Event::TlbFlushed(None))) > 0 {
        facts.push(Fact::TlbFlushed);
    }
}
