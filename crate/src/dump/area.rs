//! What a dump says, and the areas as the machine would hold them.

use crate::addr::{PAGE_SIZE, VirtAddr};
use crate::flags::VmFlags;
use crate::ids::{AnonNameId, FileId, VmOpsId};
use crate::proc::MapsLine;
use crate::sorted::SortedMap;
use crate::vma::Vma;

/// An area as the text has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Its line of maps.
    pub maps: MapsLine,
    /// The line of the text it stands on, from 1.
    pub line: usize,
    /// What smaps counts, in KiB (there it is called kB), in the order of the text; fields that are not known here too.
    pub fields: Vec<(String, u64)>,
    /// `VmFlags` of smaps.
    pub vm_flags: Option<String>,
}

impl Area {
    /// A counter of smaps in KiB; 0 if it is not given.
    pub fn field(&self, name: &str) -> u64 {
        self.fields.iter().find(|(field, _)| field == name).map_or(0, |(_, value)| *value)
    }

    /// Its flags: those that smaps tells and this machine knows, or what maps shows of them.
    pub fn flags(&self) -> VmFlags {
        match &self.vm_flags {
            Some(names) => names.split_whitespace().filter_map(VmFlags::from_smaps_name).collect(),
            None => visible_flags(self),
        }
    }

    /// Its length in KiB.
    pub fn size(&self) -> u64 {
        self.maps.range.len() >> 10
    }

    /// Whether it maps a file, be it one that only exists in memory.
    pub fn has_file(&self) -> bool {
        self.maps.ino != 0 || self.maps.name.starts_with('/')
    }

    /// Whether it is shared with others.
    pub fn is_shared(&self) -> bool {
        self.maps.perms[3] == 's'
    }

    /// Whether the kernel put it there for its own purposes: such areas never merge.
    pub fn is_special(&self) -> bool {
        const NAMES: [&str; 7] = ["[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[uprobes]", "[sigpage]", "[vectors]"];
        NAMES.contains(&self.maps.name.as_str())
    }

    /// Whether nothing in it may be accessed and nothing is behind it: a guard or a reservation.
    pub fn is_barrier(&self) -> bool {
        self.maps.perms == ['-', '-', '-', 'p'] && !self.has_file() && !self.is_special()
    }

    /// The name a program gave it (`PR_SET_VMA_ANON_NAME`).
    pub fn given_name(&self) -> Option<&str> {
        let name = self.maps.name.strip_prefix("[anon:").or_else(|| self.maps.name.strip_prefix("[anon_shmem:"))?;
        name.strip_suffix(']')
    }
}

/// The address space of one process at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// What stood before it: a command, the name of a file; may be empty.
    pub label: String,
    /// Its areas, upwards, without overlaps.
    pub areas: Vec<Area>,
    /// The counters of `smaps_rollup`, if they were there.
    pub rollup: Vec<(String, u64)>,
}

impl Dump {
    /// The areas that count against `vm.max_map_count`: all but `[vsyscall]`, which belongs to no process.
    pub fn counted(&self) -> impl Iterator<Item = &Area> {
        self.areas.iter().filter(|area| area.maps.name != "[vsyscall]")
    }

    /// The size of its pages in bytes: 64 KiB if smaps says so of its areas and every border fits, else that of this machine.
    pub fn page_size(&self) -> u64 {
        const LARGE: u64 = 64 << 10;
        let told = |area: &Area| area.field("KernelPageSize") << 10;
        let fits = |area: &Area| area.maps.range.start.0.is_multiple_of(LARGE) && area.maps.range.end.0.is_multiple_of(LARGE);
        let mut own = self.counted().filter(|area| !area.is_special() && told(area) > 0).peekable();
        let is_large = own.peek().is_some() && own.all(|area| told(area) >= LARGE) && self.counted().all(fits);
        if is_large { LARGE } else { PAGE_SIZE }
    }

    /// Whether it tells the flags of its areas, as smaps does.
    pub fn has_flags(&self) -> bool {
        self.areas.iter().any(|area| area.vm_flags.is_some())
    }

    /// Whether it has counters, as smaps does.
    pub fn has_costs(&self) -> bool {
        self.areas.iter().any(|area| area.fields.iter().any(|(name, _)| name == "Rss" || name == "Pss"))
    }
}

/// Numbers for what a dump names, so that equal things get equal ids.
#[derive(Debug, Default)]
pub(super) struct Ids {
    files: SortedMap<((u32, u32), u64, String), FileId>,
    names: SortedMap<String, AnonNameId>,
    /// Flags of smaps that the machine does not have, by their two letters; each gets a bit that is free.
    foreign: Vec<String>,
}

/// The first bit that no flag of the machine uses.
const FIRST_FOREIGN: u32 = 44;
const MOST_FOREIGN: usize = 20;

impl Ids {
    /// An area as the machine would hold it. What the text does not tell is as it is in an area that has just been
    /// made: nothing written, nothing moved.
    pub(super) fn vma(&mut self, area: &Area) -> Vma {
        let mut vma = Vma::new(area.maps.range, self.flags(area), area.maps.range.start.page_number());
        if area.has_file() {
            let key = (area.maps.dev, area.maps.ino, area.maps.name.clone());
            let fresh = FileId::from(self.files.len());
            vma.file = Some(*self.files.entry(key).or_insert(fresh));
            vma.pgoff = area.maps.offset / PAGE_SIZE;
            let segment = area.maps.name.starts_with("/SYSV");
            vma.ops = Some(if segment { VmOpsId::Shm } else { VmOpsId::Ext4 });
        }
        if let Some(name) = area.given_name() {
            let fresh = AnonNameId::from(self.names.len());
            vma.anon_name = Some(*self.names.entry(name.to_string()).or_insert(fresh));
        }
        vma
    }

    fn flags(&mut self, area: &Area) -> VmFlags {
        let mut flags = match &area.vm_flags {
            Some(names) => self.told_flags(names),
            None => visible_flags(area),
        };
        flags -= VmFlags::PKEY;
        flags | VmFlags::from_bits_retain((area.field("ProtectionKey") & 15) << 32)
    }

    fn told_flags(&mut self, names: &str) -> VmFlags {
        let mut flags = VmFlags::empty();
        for name in names.split_whitespace() {
            match VmFlags::from_smaps_name(name) {
                Some(flag) => flags |= flag,
                None => flags |= self.foreign_flag(name),
            }
        }
        flags
    }

    fn foreign_flag(&mut self, name: &str) -> VmFlags {
        let known = self.foreign.iter().position(|other| other == name);
        let at = known.unwrap_or_else(|| {
            self.foreign.push(name.to_string());
            self.foreign.len() - 1
        });
        if at < MOST_FOREIGN { VmFlags::from_bits_retain(1 << (FIRST_FOREIGN + at as u32)) } else { VmFlags::empty() }
    }

    /// The two letters of each flag of a set.
    pub(super) fn flag_names(&self, flags: VmFlags) -> Vec<String> {
        let own = flags.smaps_names();
        let foreign = self.foreign.iter().enumerate().take(MOST_FOREIGN);
        let foreign = foreign.filter(|(at, _)| flags.bits() >> (FIRST_FOREIGN + *at as u32) & 1 != 0).map(|(_, name)| name.clone());
        own.split_whitespace().map(str::to_string).chain(foreign).collect()
    }
}

/// What maps shows of the flags, and what its names imply.
fn visible_flags(area: &Area) -> VmFlags {
    let mut flags = VmFlags::MAYREAD | VmFlags::MAYWRITE | VmFlags::MAYEXEC;
    for (letter, flag) in area.maps.perms.iter().zip([VmFlags::READ, VmFlags::WRITE, VmFlags::EXEC]) {
        if *letter != '-' {
            flags |= flag;
        }
    }
    if area.is_shared() {
        flags |= VmFlags::SHARED | VmFlags::MAYSHARE;
    }
    match area.maps.name.as_str() {
        "[stack]" => flags |= VmFlags::GROWSDOWN,
        _ if area.is_special() => flags |= VmFlags::DONTEXPAND,
        _ => {}
    }
    flags
}

/// The areas of a dump as the machine would hold them, and the numbers it gave.
pub(super) fn vmas_of<'a>(areas: impl Iterator<Item = &'a Area>) -> (Vec<Vma>, Ids) {
    let mut ids = Ids::default();
    let vmas = areas.map(|area| ids.vma(area)).collect();
    (vmas, ids)
}

/// An address as maps writes it.
pub(super) fn hex(addr: VirtAddr) -> String {
    format!("{:x}", addr.0)
}
