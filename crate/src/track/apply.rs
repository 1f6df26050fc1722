//! Doing to the areas what another process's calls did to its own.

use super::event::{Event, FileKind, MappedFile, Mmap, TrackError, pages};
use super::space::AddressSpace;
use super::stamps::Windows;
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, VirtAddr, VirtRange, page_align};
use crate::errno::{SysError, SysResult};
use crate::flags::{MapFlags, VmFlags};
use crate::fs::{Inode, InodeKind, OpenMode, Purpose};
use crate::ids::FileId;
use crate::mm::{Advice, MmapRequest, MremapFlags, MremapRequest};
use crate::why::SignalWhy;

const NOTHING: VirtRange = VirtRange::new(0, 0);

impl AddressSpace {
    /// Applies something that another process did, and that succeeded. The event's number, from 1.
    ///
    /// # Errors
    /// What of it cannot be; nothing has changed then, and the event has no number.
    pub fn apply(&mut self, event: &Event) -> Result<u64, TrackError> {
        let (windows, fresh) = self.windows(event);
        self.look(windows);
        self.check_possible(event).map_err(|error| self.impossible(event, error))?;
        match *event {
            Event::Grown { to } => self.grow(to).map_err(|why| TrackError::NoGrowth { to, why })?,
            Event::Written { .. } => self.written(event.range()),
            _ => self.run(event).map_err(|error| self.impossible(event, error))?,
        }
        self.stamps.stamp(&self.kernel.mms[self.mm].vmas, windows, fresh);
        Ok(self.stamps.now)
    }

    fn look(&mut self, windows: Windows) {
        self.stamps.look(&self.kernel.mms[self.mm].vmas, windows);
    }

    /// Applies a call that the kernel refused: what it had done before it met what stopped it, stays. Where nothing that is
    /// known here stops it, a limit did, and nothing is done. The event's number; `at` and `to` are what was asked for.
    pub fn apply_refused(&mut self, event: &Event) -> u64 {
        let (may_leave, always) = match event {
            Event::Mremap { flags, .. } => (flags.contains(MremapFlags::FIXED), false),
            Event::Munmap { .. } | Event::Mprotect { .. } | Event::Munlock { .. } | Event::Name { .. } => (true, false),
            // What keeps a page from being made present is not known here, and comes last.
            Event::Mlock { .. } => (true, true),
            Event::Madvise { advice, .. } => (true, Advice::from_number(*advice) == Some(Advice::POPULATE_WRITE)),
            _ => (false, false),
        };
        let (windows, _) = self.windows(event);
        if may_leave {
            self.look(windows);
        }
        if may_leave && (always || self.check_possible(event).is_err()) {
            let _ = self.run(event);
            self.stamps.stamp(&self.kernel.mms[self.mm].vmas, windows, NOTHING);
        } else {
            self.stamps.now += 1;
        }
        self.stamps.now
    }

    #[cold]
    fn impossible(&self, event: &Event, error: SysError) -> TrackError {
        TrackError::Impossible { call: event.call(), range: event.range(), error }
    }

    /// What an event may touch, and what of it then lies where nothing or something else was.
    fn windows(&self, event: &Event) -> (Windows, VirtRange) {
        match *event {
            Event::Mmap(_) => ([event.range(), NOTHING], event.range()),
            Event::Mremap { at, old_len, new_len, to, .. } if at == to => {
                let (old, new) = (pages(at, old_len), pages(at, new_len));
                let whole = VirtRange { start: at, end: old.end.max(new.end) };
                ([whole, NOTHING], VirtRange { start: old.end, end: new.end })
            }
            Event::Mremap { new_len, to, .. } => ([event.range(), pages(to, new_len)], pages(to, new_len)),
            Event::Brk { to } => {
                let (old, new) = (self.space().brk.0.min(u64::MAX - PAGE_SIZE), to.0.min(u64::MAX - PAGE_SIZE));
                let moved = VirtRange::new(page_align(old.min(new)), page_align(old.max(new)));
                ([moved, NOTHING], if new > old { moved } else { NOTHING })
            }
            Event::Grown { to } => {
                let vmas = &self.space().vmas;
                let stack = vmas.find(to).map_or(NOTHING, |id| vmas.get(id).range);
                ([VirtRange { start: to.page_floor().min(stack.start), end: stack.end }, NOTHING], NOTHING)
            }
            _ => ([event.range(), NOTHING], NOTHING),
        }
    }

    /// The verb of an event, with its arguments.
    fn run(&mut self, event: &Event) -> SysResult<()> {
        let mm = self.mm;
        match *event {
            Event::Mmap(ref mmap) => self.mmap(mmap)?,
            Event::Munmap { at, len } => self.kernel.do_munmap(mm, at, len)?,
            Event::Mprotect { at, len, prot } => self.kernel.do_mprotect(mm, at, len, prot, None)?,
            Event::Mremap { at, old_len, new_len, flags, to } => {
                // Where it went is known: there it goes.
                let moved = if to == at { MremapFlags::empty() } else { MremapFlags::MAYMOVE | MremapFlags::FIXED };
                let request = MremapRequest { addr: at, old_len, new_len, flags: flags | moved, new_addr: to };
                self.kernel.do_mremap(mm, request)?
            }
            Event::Brk { to } => self.brk(to)?,
            Event::Madvise { at, len, advice } => match Advice::from_number(advice) {
                Some(known) if !known.is_for_areas() => 0,
                _ => self.kernel.do_madvise(mm, at, len, advice)?,
            },
            Event::Mlock { at, len, flags } => self.kernel.do_mlock(mm, at, len, flags)?,
            Event::Munlock { at, len } => self.kernel.do_munlock(mm, at, len)?,
            Event::Mlockall { flags } => self.kernel.do_mlockall(mm, flags)?,
            Event::Munlockall => self.kernel.do_munlockall(mm)?,
            Event::Mseal { at, len } => self.kernel.do_mseal(mm, at, len, 0)?,
            Event::Name { at, len, name } => self.kernel.set_anon_name(mm, at, len, name)?,
            Event::Written { .. } | Event::Grown { .. } => 0,
        };
        Ok(())
    }

    fn mmap(&mut self, mmap: &Mmap) -> SysResult {
        let anonymous = mmap.flags.contains(MapFlags::ANONYMOUS);
        let shared = matches!(mmap.flags.map_type(), 1 | 3);
        let file = match mmap.file {
            Some(file) if anonymous && shared => {
                let file = MappedFile { kind: FileKind::Memory, writable: true, ..file };
                Some(self.open(&file, Purpose::SharedAnonymous))
            }
            Some(file) if !anonymous => Some(self.open_file(&file)),
            _ => None,
        };
        let exactly = if mmap.flags.contains(MapFlags::FIXED) { MapFlags::FIXED } else { MapFlags::FIXED_NOREPLACE };
        // Which files of a disk can be mapped synchronously is not known here.
        let flags = (mmap.flags - MapFlags::SYNC) | exactly;
        let request = MmapRequest { file, addr: mmap.at, len: mmap.len, prot: mmap.prot, flags, pgoff: mmap.offset >> PAGE_SHIFT };
        let result = self.kernel.vm_mmap_pgoff(request);
        if let Some(file) = file {
            self.kernel.fput(file);
        }
        result
    }

    /// The open file of a mapping, held once more: the same one as before for the same file and `open`.
    pub(super) fn open_file(&mut self, file: &MappedFile) -> FileId {
        let key = (file.dev, file.ino, file.open);
        if let Some(known) = self.files.get(&key).copied() {
            let open = self.kernel.fs.file_mut(known);
            if open.path != file.path {
                // It was renamed, or is gone from its folder.
                open.path = file.path.to_string();
            }
            self.kernel.fs.get_file(known);
            return known;
        }
        if self.files.len() >= self.most_files {
            self.let_files_go();
        }
        let opened = self.open(file, if file.kind == FileKind::Segment { Purpose::Segment { id: u64::MAX } } else { Purpose::File });
        self.files.insert(key, opened);
        self.kernel.fs.get_file(opened);
        opened
    }

    fn open(&mut self, file: &MappedFile, purpose: Purpose) -> FileId {
        let kind = match file.kind {
            FileKind::Disk => InodeKind::Disk,
            FileKind::Memory | FileKind::Segment => InodeKind::Shmem,
            FileKind::Zero => InodeKind::DevZero,
        };
        let inode = self.kernel.fs.add_inode(Inode { dev: file.dev, ino: file.ino, purpose, ..Inode::new(kind) });
        self.kernel.fs.open(inode, file.path, OpenMode { read: true, write: file.writable })
    }

    fn brk(&mut self, to: VirtAddr) -> SysResult {
        if !self.knows_brk {
            self.learn_brk(to);
        }
        self.kernel.move_brk(self.mm, to)?;
        self.space_mut().brk = to;
        Ok(to.0)
    }

    /// The first `brk` mostly asks where the heap ends: there, if no heap was known.
    fn learn_brk(&mut self, to: VirtAddr) {
        self.knows_brk = true;
        let space = self.space_mut();
        if space.start_brk.0 == 0 {
            (space.start_brk, space.brk) = (to, to);
        }
    }

    fn grow(&mut self, to: VirtAddr) -> Result<(), SignalWhy> {
        let vmas = &self.space().vmas;
        match vmas.find(to) {
            Some(id) if vmas.get(id).range.contains(to) => Ok(()),
            Some(id) if vmas.get(id).flags.contains(VmFlags::GROWSDOWN) => self.kernel.expand_stack(self.mm, id, to),
            _ => Err(SignalWhy::NoVma { addr: to }),
        }
    }

    /// Gives the private areas of a range their families.
    fn written(&mut self, range: VirtRange) {
        let Self { kernel, stamps, mm, .. } = self;
        for id in stamps.seen_in(range) {
            if kernel.mms[*mm].vmas.get(id).flags.is_cow() {
                kernel.anon_vma_prepare(*mm, id);
            }
        }
    }
}
