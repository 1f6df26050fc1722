//! From a dump to a script: as a header with `@map` lines, for looking at it, or as the calls that yield it.

use super::area::{Area, Dump, Ids};
use super::files::{Backing, Open, OpenKey, declarations, quoted};
use crate::addr::{PAGE_SIZE, TASK_SIZE, VirtRange};
use crate::flags::VmFlags;
use crate::mm::Sysctl;
use crate::proc::{MapsLine, render_maps_line};
use crate::sorted::SortedMap;
use crate::vma::{Vma, why_apart};
use std::fmt::Write;

/// The end of user space with five levels of page tables.
const LARGEST_TASK: u64 = (1 << 56) - PAGE_SIZE;

/// Descriptors that are open at once.
const MOST_OPEN: usize = 500;

/// A script without statements whose process has the address space of a dump.
pub fn header_of(dump: &Dump) -> String {
    let areas: Vec<_> = placeable(dump).collect();
    let mut text = settings(&areas);
    text += &declarations(areas.iter().copied());
    for area in areas {
        let _ = writeln!(text, "@map {}", render_maps_line(&area.maps).trim_end());
    }
    text
}

/// A script whose calls yield the address space of a dump, line for line. Stack, vdso and vvar are there from the
/// start, as `execve` leaves them. Neighbours that the text shows alike are kept apart by what a program may have done:
/// another open file, `MAP_NORESERVE`, a `mprotect` after the fact, or memory that was written and moved.
pub fn script_of(dump: &Dump) -> String {
    let areas: Vec<_> = placeable(dump).collect();
    let mut writer = Writer { areas: &areas, text: String::new(), open: Open::default(), ids: Ids::default(), scratch: 0 };
    writer.header();
    writer.body();
    writer.text
}

/// What the machine can have: areas of user space.
fn placeable(dump: &Dump) -> impl Iterator<Item = &Area> {
    dump.counted().filter(|area| area.maps.range.end.0 <= LARGEST_TASK)
}

fn settings(areas: &[&Area]) -> String {
    let mut text = String::from("@log no\n");
    if areas.iter().any(|area| area.maps.range.end.0 > TASK_SIZE) {
        text += "@config LA57 yes\n";
    }
    if areas.iter().any(|area| area.given_name().is_some()) {
        text += "@config ANON_VMA_NAME yes\n";
    }
    if areas.iter().any(|area| area.field("ProtectionKey") != 0) {
        text += "@config PKU yes\n";
    }
    let count = areas.len() as u64;
    if count >= Sysctl::reference().max_map_count {
        let _ = writeln!(text, "@sysctl vm.max_map_count {}", count * 2);
    }
    // The machine is smaller than the one that the dump is from.
    text += "@sysctl vm.overcommit_memory 1\n";
    if let Some(heap) = areas.iter().find(|area| area.maps.name == "[heap]") {
        let _ = writeln!(text, "@brk 0x{:x}", heap.maps.range.start.0);
    }
    text
}

/// What keeps an area apart from the one below it, which is alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    Nothing,
    /// Not accounted: `MAP_NORESERVE`.
    NoReserve,
    /// Writable until it was filled in, as `ld.so` does.
    WritableFirst,
    OtherOpen,
    /// Written elsewhere, then moved here.
    Moved,
}

struct Writer<'a> {
    areas: &'a [&'a Area],
    text: String,
    open: Open,
    ids: Ids,
    scratch: usize,
}

/// Advice that sets a flag of smaps.
pub(super) const ADVICE: [(VmFlags, &str); 8] = [
    (VmFlags::NOHUGEPAGE, "MADV_NOHUGEPAGE"),
    (VmFlags::HUGEPAGE, "MADV_HUGEPAGE"),
    (VmFlags::DONTCOPY, "MADV_DONTFORK"),
    (VmFlags::WIPEONFORK, "MADV_WIPEONFORK"),
    (VmFlags::DONTDUMP, "MADV_DONTDUMP"),
    (VmFlags::SEQ_READ, "MADV_SEQUENTIAL"),
    (VmFlags::RAND_READ, "MADV_RANDOM"),
    (VmFlags::MERGEABLE, "MADV_MERGEABLE"),
];

impl Writer<'_> {
    fn header(&mut self) {
        let count = self.areas.len();
        let _ = writeln!(self.text, "# Yields an address space of {count} areas.");
        self.text += &settings(self.areas);
        let mapped = self.areas.iter().copied().filter(|area| !is_given(area));
        self.text += &declarations(mapped);
        let given: Vec<_> = self.areas.iter().filter(|area| is_given(area)).collect();
        for area in &given {
            let _ = writeln!(self.text, "@map {}", render_maps_line(&area.maps).trim_end());
        }
        if given.is_empty() {
            let _ = writeln!(self.text, "munmap(0, 0x{TASK_SIZE:x})");
        }
    }

    fn body(&mut self) {
        let mut below: Option<Vma> = None;
        let mut heap_done = false;
        let mut opened = 0;
        for (at, area) in self.areas.iter().copied().enumerate() {
            let mut vma = self.ids.vma(area);
            if is_given(area) {
                below = Some(vma);
                continue;
            }
            if area.maps.name == "[heap]" {
                if !heap_done {
                    self.heap(at);
                    heap_done = true;
                }
                self.heap_piece(area);
                self.attributes(area, &vma);
                below = Some(vma);
                continue;
            }
            let alike = below.as_ref().is_some_and(|low| why_apart(low, &vma).is_ok());
            let apart = if alike { self.set_apart(area, &mut vma) } else { Apart::Nothing };
            self.place(area, &vma, apart);
            opened += usize::from(area.has_file());
            if opened % MOST_OPEN == MOST_OPEN - 1 {
                self.text += &self.open.close_all();
            }
            below = Some(vma);
        }
        self.text += &self.open.close_all();
    }

    /// Chooses how an area stays apart from its neighbour, and lets it be so.
    fn set_apart(&self, area: &Area, vma: &mut Vma) -> Apart {
        let apart = apart(area, vma);
        match apart {
            Apart::NoReserve => vma.flags |= VmFlags::NORESERVE,
            Apart::WritableFirst => vma.flags |= VmFlags::ACCOUNT,
            // Nothing is alike to it: another area behind it is another case.
            Apart::OtherOpen => vma.pgoff = vma.pgoff.wrapping_add(1 << 40),
            _ => {}
        }
        apart
    }

    /// The whole heap; what is missing of it is taken away again.
    fn heap(&mut self, first: usize) {
        let pieces: Vec<_> = self.areas[first..].iter().filter(|area| area.maps.name == "[heap]").map(|area| area.maps.range).collect();
        let end = pieces.last().expect("it begins here").end;
        let _ = writeln!(self.text, "brk(0x{:x})", end.0);
        for pair in pieces.windows(2).filter(|pair| pair[0].end < pair[1].start) {
            let _ = writeln!(self.text, "munmap(0x{:x}, {})", pair[0].end.0, pair[1].start - pair[0].end);
        }
    }

    fn heap_piece(&mut self, area: &Area) {
        if area.maps.perms[..3] != ['r', 'w', '-'] {
            self.protect(area);
        }
    }

    fn protect(&mut self, area: &Area) {
        let range = area.maps.range;
        let _ = writeln!(self.text, "mprotect(0x{:x}, {}, {})", range.start.0, range.len(), prot(area.maps.perms));
    }

    /// The calls that put an area where it is.
    fn place(&mut self, area: &Area, vma: &Vma, apart: Apart) {
        let range = area.maps.range;
        // Promised memory stays counted: it was writable once.
        let once_writable = vma.flags.contains(VmFlags::ACCOUNT) && !vma.flags.contains(VmFlags::WRITE) && !area.is_shared();
        let mut perms = area.maps.perms;
        if once_writable || apart == Apart::Moved {
            perms[1] = 'w';
        }
        let backing = Backing::of(area);
        let at = range.start.0;
        if backing == Backing::Segment {
            self.attach(area);
        } else if apart == Apart::Moved {
            self.scratch += 1;
            let (name, len) = (format!("s{}", self.scratch), range.len());
            let _ = writeln!(self.text, "{name} = mmap(NULL, {len}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)");
            let _ = writeln!(self.text, "store({name}, 1, 1)");
            let _ = writeln!(self.text, "mremap({name}, {len}, {len}, MREMAP_MAYMOVE|MREMAP_FIXED, 0x{at:x})");
            perms = ['r', 'w', '-', 'p'];
        } else {
            let (fd, offset) = self.descriptor(area, apart);
            let flags = map_flags(area, vma);
            let _ = writeln!(self.text, "mmap(0x{at:x}, {}, {}, {flags}, {fd}, {offset:#x})", range.len(), prot(perms));
        }
        if once_writable && backing == Backing::Anonymous {
            // What was never written is not counted any more once it is read-only.
            let _ = writeln!(self.text, "store(0x{at:x}, 1, 1)");
        }
        if backing != Backing::Segment && perms != area.maps.perms {
            self.protect(area);
        }
        self.attributes(area, vma);
    }

    fn descriptor(&mut self, area: &Area, apart: Apart) -> (String, u64) {
        if matches!(Backing::of(area), Backing::Anonymous | Backing::SharedAnonymous) {
            return ("-1".into(), 0);
        }
        let told = area.vm_flags.as_deref().map(|flags| flags.split_whitespace().any(|flag| flag == "sh"));
        let writable = area.is_shared() && told.unwrap_or(area.maps.perms[1] == 'w');
        let second = apart == Apart::OtherOpen;
        let memfd = Backing::of(area) == Backing::Memfd;
        let key = OpenKey { name: area.maps.name.clone(), ino: area.maps.ino, writable: writable && !memfd, second: second && !memfd };
        let areas = self.areas;
        let memory = || {
            let of_file = areas.iter().filter(|other| other.maps.ino == area.maps.ino && other.maps.name == area.maps.name);
            of_file.map(|other| other.maps.offset.saturating_add(other.maps.range.len())).max().unwrap_or(0)
        };
        let (name, statement) = self.open.get(&key, area, memory);
        self.text += &statement.unwrap_or_default();
        (name, area.maps.offset)
    }

    /// A System V segment.
    fn attach(&mut self, area: &Area) {
        let range = area.maps.range;
        let key = area.maps.name.get(5..13).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0);
        self.scratch += 1;
        let name = format!("s{}", self.scratch);
        let flags = match (area.maps.perms[1], area.maps.perms[2]) {
            ('w', '-') => "0",
            ('w', _) => "SHM_EXEC",
            (_, '-') => "SHM_RDONLY",
            _ => "SHM_RDONLY|SHM_EXEC",
        };
        let _ = writeln!(self.text, "{name} = shmget(0x{key:x}, {}, IPC_CREAT|0777)", range.len());
        let _ = writeln!(self.text, "shmat({name}, 0x{:x}, {flags})", range.start.0);
        let _ = writeln!(self.text, "shmctl({name}, IPC_RMID, 0)");
    }

    /// Flags that calls set afterwards, and the name.
    fn attributes(&mut self, area: &Area, vma: &Vma) {
        let range = area.maps.range;
        let (at, len) = (range.start.0, range.len());
        if let Some(name) = area.given_name() {
            let _ = writeln!(self.text, "prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x{at:x}, {len}, {})", quoted(name));
        }
        if area.vm_flags.is_none() {
            return;
        }
        for (_, advice) in ADVICE.iter().filter(|(flag, _)| vma.flags.contains(*flag)) {
            let _ = writeln!(self.text, "madvise(0x{at:x}, {len}, {advice})");
        }
        if vma.flags.contains(VmFlags::LOCKONFAULT) {
            let _ = writeln!(self.text, "mlock2(0x{at:x}, {len}, MLOCK_ONFAULT)");
        } else if vma.flags.contains(VmFlags::LOCKED) && len <= 4 << 20 {
            let _ = writeln!(self.text, "mlock(0x{at:x}, {len})");
        }
    }
}

/// The beginning of a script that leads from one dump to another: the first is there, the files of both are declared.
pub(super) fn header_for(from: &Dump, to: &Dump) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (placeable(from).collect(), placeable(to).collect());
    let both: Vec<&Area> = old.iter().chain(&new).copied().collect();
    let mut text = settings(&both);
    text += &declarations(both.iter().copied());
    for area in old {
        let _ = writeln!(text, "@map {}", render_maps_line(&area.maps).trim_end());
    }
    text
}

/// Writes the calls that map single areas.
#[derive(Debug, Default)]
pub(super) struct Mapper {
    open: Open,
    scratch: usize,
}

impl Mapper {
    /// The calls that map a part of an area; if a neighbour is `alike`, so that they stay apart.
    pub(super) fn calls(&mut self, area: &Area, part: VirtRange, alike: bool) -> Vec<String> {
        let offset = if area.has_file() { area.maps.offset.saturating_add(part.start - area.maps.range.start) } else { 0 };
        let part = Area { maps: MapsLine { range: part, offset, ..area.maps.clone() }, vm_flags: None, ..area.clone() };
        let areas = [&part];
        let mut writer =
            Writer { areas: &areas, text: String::new(), open: std::mem::take(&mut self.open), ids: Ids::default(), scratch: self.scratch };
        let mut vma = writer.ids.vma(&part);
        let apart = if alike { writer.set_apart(&part, &mut vma) } else { Apart::Nothing };
        writer.place(&part, &vma, apart);
        let lines = writer.text.lines().map(str::to_string).collect();
        (self.open, self.scratch) = (writer.open, writer.scratch);
        lines
    }

    /// Closes what it opened.
    pub(super) fn close(&mut self) -> String {
        self.open.close_all()
    }
}

/// What is there from the start.
fn is_given(area: &Area) -> bool {
    area.maps.name == "[stack]" || area.is_special()
}

/// How an area that is like the one below it stays apart.
fn apart(area: &Area, vma: &Vma) -> Apart {
    let is_private = !area.is_shared();
    match area.has_file() {
        true if is_private && area.vm_flags.is_none() && !vma.flags.contains(VmFlags::WRITE) => Apart::WritableFirst,
        true => Apart::OtherOpen,
        false if area.vm_flags.is_none() => Apart::NoReserve,
        false => Apart::Moved,
    }
}

pub(super) fn prot(perms: [char; 4]) -> String {
    let names = [('r', "PROT_READ"), ('w', "PROT_WRITE"), ('x', "PROT_EXEC")];
    let set: Vec<_> = perms.iter().zip(names).filter(|(letter, (name, _))| *letter == name).map(|(_, (_, name))| name).collect();
    if set.is_empty() { "PROT_NONE".into() } else { set.join("|") }
}

fn map_flags(area: &Area, vma: &Vma) -> String {
    let mut flags = String::from(if area.is_shared() { "MAP_SHARED" } else { "MAP_PRIVATE" });
    let anonymous = matches!(Backing::of(area), Backing::Anonymous | Backing::SharedAnonymous);
    let more = [
        (anonymous, "|MAP_ANONYMOUS"),
        (vma.flags.contains(VmFlags::GROWSDOWN), "|MAP_GROWSDOWN"),
        (vma.flags.contains(VmFlags::NORESERVE), "|MAP_NORESERVE"),
        (true, "|MAP_FIXED"),
    ];
    more.iter().filter(|(wanted, _)| *wanted).for_each(|(_, name)| flags += name);
    flags
}

/// The lines of a dump by their first address, for comparisons.
pub(super) fn lines_by_start(dump: &Dump) -> SortedMap<u64, String> {
    let mut lines = SortedMap::new();
    lines.extend(dump.counted().map(|area| (area.maps.range.start.0, comparable(area))));
    lines
}

/// A line of maps without what no script can choose: inode numbers of memory that it makes.
pub(super) fn comparable(area: &Area) -> String {
    let mut maps = area.maps.clone();
    if Backing::of(area).is_made() {
        (maps.ino, maps.dev) = (0, (0, 0));
    }
    render_maps_line(&maps).trim_end().to_string()
}
