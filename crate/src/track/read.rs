//! How an address space begins: with the areas that `/proc/PID/maps` or `smaps` has.

use super::event::{FileKind, MappedFile, TrackError};
use super::space::AddressSpace;
use super::stamps::Stamp;
use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange};
use crate::dump::{Area, Dump, read};
use crate::flags::VmFlags;
use crate::ids::{VmOpsId, VmaId};
use crate::vma::{SpecialMapping, Vma};

const VSYSCALL: &str = "[vsyscall]";

/// What of smaps tells that an area has private pages of its own.
const PRIVATE_PAGES: [&str; 3] = ["Anonymous", "Swap", "LazyFree"];

fn wrong(line: usize, reason: &str) -> TrackError {
    TrackError::Text { line, reason: reason.into() }
}

/// The one address space that a text has.
fn only_dump(text: &str) -> Result<Dump, TrackError> {
    let reading = read(text);
    if let Some(aside) = reading.set_aside.first() {
        return Err(TrackError::Text { line: aside.line, reason: aside.reason.clone() });
    }
    let mut dumps = reading.dumps.into_iter();
    let dump = dumps.next().ok_or_else(|| wrong(0, "there is no line of maps"))?;
    match dumps.next().and_then(|next| next.areas.first().map(|area| area.line)) {
        Some(line) => Err(wrong(line, "the area is not above the one before it")),
        None => Ok(dump),
    }
}

/// Which of the kernel's own mappings a name is.
fn special(name: &str) -> Option<SpecialMapping> {
    [SpecialMapping::Vdso, SpecialMapping::Vvar, SpecialMapping::VvarVclock].into_iter().find(|special| special.name() == name)
}

fn kind_of(area: &Area) -> FileKind {
    let name = area.maps.name.as_str();
    let in_memory = ["/memfd:", "/dev/shm/"].iter().any(|start| name.starts_with(start));
    match name {
        "/dev/zero" => FileKind::Zero,
        _ if name.starts_with("/SYSV") => FileKind::Segment,
        // `/dev/zero (deleted)` is shared anonymous memory.
        _ if in_memory || name.starts_with("/dev/zero ") => FileKind::Memory,
        _ => FileKind::Disk,
    }
}

impl AddressSpace {
    /// The address space of a text of `/proc/PID/maps`, or better of `smaps`, which tells the flags of its areas and
    /// whether they have private pages. Of maps alone each private area that can be written counts as written.
    ///
    /// # Errors
    /// The first line that is none of one process's maps.
    pub fn from_maps(text: &str) -> Result<Self, TrackError> {
        let mut space = Self::new();
        space.read_maps(text)?;
        Ok(space)
    }

    /// Takes over the areas of a text, as after `execve`. They count as made by the last event.
    ///
    /// # Errors
    /// As [`AddressSpace::from_maps`], and if there are areas already. Nothing has changed then.
    pub fn read_maps(&mut self, text: &str) -> Result<(), TrackError> {
        if !self.is_empty() {
            return Err(TrackError::NotEmpty(self.len()));
        }
        let dump = only_dump(text)?;
        let size = self.kernel.task_size();
        if let Some(area) = dump.counted().find(|area| area.maps.range.end.0 > size) {
            return Err(wrong(area.line, "the area lies outside of user space"));
        }
        self.has_vsyscall = dump.areas.iter().any(|area| area.maps.name == VSYSCALL);
        for area in dump.counted() {
            let id = self.place(area);
            self.name_area(id, area);
        }
        self.find_landmarks(&dump);
        // Families last: who is whose neighbour decides them.
        for area in dump.counted().filter(|area| has_private_pages(area)) {
            if let Some(id) = self.space().vmas.lookup(area.maps.range.start) {
                self.kernel.anon_vma_prepare(self.mm, id);
            }
        }
        Ok(())
    }

    fn place(&mut self, area: &Area) -> VmaId {
        let line = &area.maps;
        let mut vma = Vma::new(line.range, area.flags() - VmFlags::PKEY, line.range.start.page_number());
        let accountable = vma.flags & (VmFlags::WRITE | VmFlags::SHARED | VmFlags::NORESERVE) == VmFlags::WRITE;
        if area.vm_flags.is_none() && accountable {
            vma.flags |= VmFlags::ACCOUNT;
        }
        if let Some(special) = special(&line.name) {
            vma.flags |= VmFlags::DONTEXPAND;
            (vma.pgoff, vma.ops, vma.special) = (0, Some(VmOpsId::Special), Some(special));
        } else if area.has_file() {
            self.attach_file(area, &mut vma);
        }
        let (flags, pages) = (vma.flags, vma.pages());
        if flags.contains(VmFlags::ACCOUNT) {
            self.kernel.commit.pages += pages;
        }
        let id = self.kernel.link_vma(self.mm, vma);
        let now = self.stamps.now;
        self.stamps.set(id, Stamp { made: now, changed: now });
        let space = self.space_mut();
        space.account_vm(flags, pages, true);
        if flags.contains(VmFlags::LOCKED) {
            space.locked_vm += pages;
        }
        id
    }

    fn name_area(&mut self, id: VmaId, area: &Area) {
        if let Some(name) = area.given_name() {
            let name = self.kernel.intern_name(name);
            self.space_mut().vmas.get_mut(id).anon_name = Some(name);
        }
    }

    fn attach_file(&mut self, area: &Area, vma: &mut Vma) {
        let line = &area.maps;
        let kind = kind_of(area);
        let writable = vma.flags.contains(VmFlags::SHARED) || !vma.flags.contains(VmFlags::MAYSHARE);
        let file = MappedFile { dev: line.dev, ino: line.ino, path: &line.name, open: 0, writable, kind };
        vma.file = Some(self.open_file(&file));
        vma.pgoff = line.offset / PAGE_SIZE;
        vma.ops = match kind {
            FileKind::Disk => Some(VmOpsId::Ext4),
            FileKind::Memory => Some(VmOpsId::Shmem),
            FileKind::Segment => Some(VmOpsId::Shm),
            FileKind::Zero => None,
        };
    }

    /// Heap and stack, as their names tell them.
    fn find_landmarks(&mut self, dump: &Dump) {
        let of = |name: &'static str| dump.areas.iter().filter(move |area| area.maps.name == name).map(|area| area.maps.range);
        if let (Some(first), Some(last)) = (of("[heap]").next(), of("[heap]").next_back()) {
            let space = self.space_mut();
            (space.start_brk, space.brk) = (first.start, last.end);
            self.knows_brk = true;
        }
        if let Some(VirtRange { end, .. }) = of("[stack]").next_back() {
            self.set_start_stack(VirtAddr(end.0 - 1));
        }
    }
}

/// Whether the area's pages have a family: some were written, as smaps counts them.
fn has_private_pages(area: &Area) -> bool {
    let flags = area.flags();
    let told = area.fields.iter().any(|(name, _)| name == "Rss");
    if told {
        return PRIVATE_PAGES.iter().any(|name| area.field(name) > 0);
    }
    flags & (VmFlags::WRITE | VmFlags::SHARED | VmFlags::MAYSHARE) == VmFlags::WRITE
}
