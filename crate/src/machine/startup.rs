//! What `execve` leaves behind: an address space from a list of maps, or the standard one.

use super::config::{FileConfig, MachineConfig, ProcessConfig};
use super::descriptors::Files;
use super::{Machine, Process};
use crate::addr::{PAGE_SIZE, TASK_SIZE, VirtAddr, VirtRange, page_align};
use crate::flags::VmFlags;
use crate::fs::{Content, Inode, InodeKind, OpenMode};
use crate::ids::{FileId, MmId, Pid, VmOpsId};
use crate::mm::{Capabilities, INITIAL_PKRU, Layout, Mm, Personality, Resource, Task, Told, file_operations};
use crate::mmu::Access;
use crate::phys::FrameFlags;
use crate::proc::{AUXV_WORDS, MapsLine, PLATFORM_BYTES, RANDOM_BYTES};
use crate::sorted::SortedMap;
use crate::vma::{SpecialMapping, Vma};
use thiserror::Error;

/// Why a machine or a process cannot start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum StartupError {
    #[error("the machine has too little RAM to start; give it more (ram)")]
    RamTooSmall,
    #[error("maps: {0} is empty, not page aligned or outside user space")]
    BadRange(VirtRange),
    #[error("maps: {0} overlaps {1}")]
    Overlap(VirtRange, VirtRange),
    #[error("page {0} cannot be made present: no mapping allows it")]
    NotPresentable(VirtAddr),
}

/// vvar, vvar_vclock, vdso in pages, as they lie upwards.
const VDSO_IMAGE: [(&str, u64); 3] = [("[vvar]", 4), ("[vvar_vclock]", 2), ("[vdso]", 2)];

/// The maps of a static program with one page of text, as a fresh `execve` makes them for a stack limit.
pub(crate) fn standard_maps(layout: Layout, stack_limit: u64, writable_text: bool) -> Vec<MapsLine> {
    let line = |start: u64, pages: u64, perms: [char; 4], name: &str| MapsLine {
        range: VirtRange::new(start, start + pages * PAGE_SIZE),
        perms,
        offset: 0,
        dev: (0, 0),
        ino: 0,
        name: name.to_string(),
    };
    let (perms, name) = if writable_text { (['r', 'w', 'x', 'p'], "/bin/stub") } else { (['r', '-', 'x', 'p'], "/bin/program") };
    let mut maps = vec![MapsLine { dev: (0xfe, 0), ino: 2, ..line(0x40_0000, 1, perms, name) }];
    let total: u64 = VDSO_IMAGE.iter().map(|(_, pages)| pages).sum();
    let mut at = if layout.legacy { layout.legacy_base.0 } else { layout.mmap_base.0 - total * PAGE_SIZE };
    for (name, pages) in VDSO_IMAGE {
        let perms = if name == "[vdso]" { ['r', '-', 'x', 'p'] } else { ['r', '-', '-', 'p'] };
        maps.push(line(at, pages, perms, name));
        at += pages * PAGE_SIZE;
    }
    // One page of arguments and 128 KiB more, if the limit allows (Linux `setup_arg_pages`).
    let stack_pages = (stack_limit / PAGE_SIZE).clamp(1, 0x21);
    maps.push(line(TASK_SIZE - stack_pages * PAGE_SIZE, stack_pages, ['r', 'w', '-', 'p'], "[stack]"));
    maps
}

impl Machine {
    /// The standard layout for a process: its stack limit, and a page of zeros at 0 if its personality
    /// asks for it and it may map there (Linux `load_elf_binary`).
    fn standard_maps(&self, pid: Pid, layout: Layout, writable_text: bool) -> Vec<MapsLine> {
        let task = &self.kernel.tasks[self.processes[&pid].task];
        let mut maps = standard_maps(layout, task.limit(Resource::Stack), writable_text);
        let may = self.kernel.sysctl.mmap_min_addr == 0 || task.capable(Capabilities::SYS_RAWIO);
        if task.personality.contains(Personality::MMAP_PAGE_ZERO) && may {
            let range = VirtRange::new(0, PAGE_SIZE);
            maps.insert(0, MapsLine { range, perms: ['r', '-', 'x', 'p'], offset: 0, dev: (0, 0), ino: 0, name: String::new() });
        }
        maps
    }

    /// Creates a file.
    pub fn add_file(&mut self, config: &FileConfig) {
        let mut inode = Inode {
            size: config.size,
            backing_end: config.size,
            mode: config.mode,
            uid: config.uid,
            content: config.content.clone(),
            warm: config.cached,
            ..Inode::new(config.kind)
        };
        if let Some((dev, ino)) = config.identity {
            (inode.dev, inode.ino) = (dev, ino);
        }
        let inode = self.kernel.fs.add_inode(inode);
        self.kernel.fs.link(&config.path, inode);
    }

    /// Starts a process as `execve` would have left it.
    ///
    /// # Errors
    /// What is wrong with its maps, or too little RAM.
    pub fn spawn(&mut self, config: &ProcessConfig) -> Result<Pid, StartupError> {
        let kernel = &mut self.kernel;
        let tables = kernel.new_tables().ok_or(StartupError::RamTooSmall)?;
        let mut task = Task::new(MmId(0), config.uid);
        // Lost in the execve that this stands for.
        task.personality = config.personality - Personality::READ_IMPLIES_EXEC;
        if let Some(capabilities) = config.capabilities {
            task.capabilities = capabilities;
        }
        for (resource, limit) in &config.rlimits {
            task.rlimits[*resource as usize] = *limit;
        }
        if kernel.sysctl.pku {
            task.pkru = INITIAL_PKRU;
        }
        let layout = config.layout(task.limit(Resource::Stack));
        let mut fresh = Mm::new(tables, layout);
        kernel.init_new_context(&mut fresh);
        let mm = kernel.add_mm(fresh);
        task.mm = mm;
        let pid = self.take_pid();
        task.tgid = pid.0;
        let task = self.kernel.tasks.insert(task);
        let process = Process {
            pid,
            tgid: pid,
            parent: None,
            task,
            files: self.files.insert(Files::new()),
            ended: None,
            name: config.called().into(),
            child_faults: (0, 0),
            remains: None,
        };
        self.processes.insert(pid, process);
        self.switch_to(pid).expect("it was made just now");
        let built = self.build_address_space(pid, mm, config, layout);
        let task = &mut self.kernel.tasks[task];
        (task.min_flt, task.maj_flt) = (0, 0);
        if let Err(error) = built {
            self.end_thread(pid, super::process::Ended::Exit(127));
            self.processes.remove(&pid);
            return Err(error);
        }
        self.open_standard_streams(pid);
        self.check_after_operation();
        Ok(pid)
    }

    fn build_address_space(&mut self, pid: Pid, mm: MmId, config: &ProcessConfig, layout: Layout) -> Result<(), StartupError> {
        let standard;
        let maps = match config.maps.is_empty() {
            true => {
                standard = self.standard_maps(pid, layout, config.is_stub);
                &standard
            }
            false => &config.maps,
        };
        self.check_maps(maps)?;
        let mut files = SortedMap::new();
        for line in maps.iter().filter(|line| line.name != "[vsyscall]") {
            self.place_line(mm, line, &mut files);
        }
        for file in files.into_values() {
            self.kernel.fput(file);
        }
        self.set_landmarks(mm, maps, config);
        if let Some(zero) = self.kernel.mms[mm].vmas.lookup(VirtAddr(0)).filter(|_| config.maps.is_empty()) {
            // What MMAP_PAGE_ZERO asked for is sealed.
            self.kernel.mms[mm].vmas.get_mut(zero).flags |= VmFlags::SEALED;
        }
        for (range, written) in &config.present {
            self.make_present(pid, *range, *written)?;
        }
        if config.maps.is_empty() && config.present.is_empty() {
            // The kernel wrote the arguments to the stack.
            let top = VirtRange::new(TASK_SIZE - PAGE_SIZE, TASK_SIZE);
            self.make_present(pid, top, true)?;
            let kernel = &mut self.kernel;
            let present = kernel.mms[mm].tables.used(&kernel.phys, top).next();
            present.into_iter().for_each(|(_, pte)| kernel.phys.frame_mut(pte.pfn()).flags |= FrameFlags::ACTIVE);
            if config.is_stub {
                self.make_present(pid, VirtRange::new(0x40_0000, 0x40_1000), true)?;
            }
        }
        Ok(())
    }

    fn check_maps(&self, maps: &[MapsLine]) -> Result<(), StartupError> {
        let mut previous: Option<VirtRange> = None;
        for line in maps.iter().filter(|line| line.name != "[vsyscall]") {
            let range = line.range;
            let aligned = range.start.is_page_aligned() && range.end.is_page_aligned();
            if range.is_empty() || !aligned || range.end.0 > self.kernel.task_size() {
                return Err(StartupError::BadRange(range));
            }
            match previous {
                Some(before) if before.end > range.start => return Err(StartupError::Overlap(range, before)),
                _ => previous = Some(range),
            }
        }
        Ok(())
    }

    /// Makes the area of a maps line. Lines of one file share one open file, as after `execve`.
    fn place_line(&mut self, mm: MmId, line: &MapsLine, files: &mut SortedMap<(String, u64), FileId>) {
        let mut flags = VmFlags::MAYREAD | VmFlags::MAYWRITE | VmFlags::MAYEXEC;
        for (letter, flag) in line.perms.iter().zip([VmFlags::READ, VmFlags::WRITE, VmFlags::EXEC]) {
            if *letter != '-' {
                flags |= flag;
            }
        }
        let mut vma = Vma::new(line.range, flags, line.range.start.page_number());
        match line.name.as_str() {
            "[stack]" => vma.flags |= VmFlags::GROWSDOWN | VmFlags::ACCOUNT,
            "[vdso]" => special(&mut vma, SpecialMapping::Vdso, VmFlags::empty()),
            "[vvar]" => special(&mut vma, SpecialMapping::Vvar, VmFlags::IO | VmFlags::PFNMAP),
            "[vvar_vclock]" => special(&mut vma, SpecialMapping::VvarVclock, VmFlags::IO | VmFlags::PFNMAP),
            name if line.ino != 0 || name.starts_with('/') => self.attach_file(line, &mut vma, files),
            _ => {}
        }
        let accountable = vma.flags & (VmFlags::WRITE | VmFlags::SHARED | VmFlags::NORESERVE) == VmFlags::WRITE;
        if accountable {
            vma.flags |= VmFlags::ACCOUNT;
        }
        let (flags, pages) = (vma.flags, vma.pages());
        if flags.contains(VmFlags::ACCOUNT) {
            self.kernel.commit.pages += pages;
        }
        self.kernel.link_vma(mm, vma);
        self.kernel.mms[mm].account_vm(flags, pages, true);
    }

    fn attach_file(&mut self, line: &MapsLine, vma: &mut Vma, files: &mut SortedMap<(String, u64), FileId>) {
        if line.perms[3] == 's' {
            vma.flags |= VmFlags::SHARED | VmFlags::MAYSHARE;
        }
        vma.pgoff = line.offset / PAGE_SIZE;
        let fs = &mut self.kernel.fs;
        let file = *files.entry((line.name.clone(), line.ino)).or_insert_with(|| {
            let inode = fs.lookup(&line.name).unwrap_or_else(|| {
                let size = file_end(line);
                let content = Content::Pattern { name: line.name.clone() };
                let inode =
                    Inode { dev: line.dev, ino: line.ino, size, backing_end: size, content, warm: true, ..Inode::new(InodeKind::Disk) };
                let id = fs.add_inode(inode);
                fs.link(&line.name, id);
                id
            });
            fs.open(inode, &line.name, OpenMode { read: true, write: line.perms[3] == 's' })
        });
        // A file that only the maps know must be as long as they say.
        let inode = fs.file(file).inode;
        let inode = fs.inode_mut(inode);
        let end = page_align(file_end(line));
        if inode.dev == line.dev && inode.ino == line.ino && inode.size < end && inode.size == inode.backing_end {
            inode.size = end;
            inode.backing_end = end;
        }
        fs.get_file(file);
        vma.file = Some(file);
        let kind = fs.inode_of(file).kind;
        vma.ops = match kind {
            InodeKind::Shmem => Some(VmOpsId::Shmem),
            InodeKind::Fuse => Some(VmOpsId::Fuse),
            _ if file_operations(kind).can_mmap() && kind == InodeKind::Disk => Some(VmOpsId::Ext4),
            _ => None,
        };
    }

    fn set_landmarks(&mut self, mm: MmId, maps: &[MapsLine], config: &ProcessConfig) {
        let find = |name: &str| maps.iter().find(|line| line.name == name).map(|line| line.range);
        let program = maps.iter().filter(|line| line.name.starts_with('/') && line.range.start.0 < 0x7000_0000_0000);
        let first_name = program.clone().next().map(|line| line.name.clone());
        let behind = program.filter(|line| Some(&line.name) == first_name.as_ref()).map(|line| line.range.end).max();
        let heap = find("[heap]");
        let start_brk = config.start_brk.or(heap.map(|heap| heap.start)).or(behind).unwrap_or(VirtAddr(0x40_1000));
        let uid = self.kernel.task().uid;
        let space = &mut self.kernel.mms[mm];
        space.start_brk = start_brk;
        space.brk = heap.map_or(start_brk, |heap| heap.end);
        let top = find("[stack]").map_or(VirtAddr(TASK_SIZE), |stack| stack.end);
        let program = first_name.as_ref().filter(|_| config.maps.is_empty());
        let (args, stack) = program.map_or(((0, 0), top - 0x100), |path| told_at(path.len() as u64 + 1, path.len() as u64 + 1));
        space.told = Told { args, vdso: find("[vdso]").map_or(0, |vdso| vdso.start.0), uid };
        space.start_stack = config.start_stack.unwrap_or(stack);
        // The data of a standard program is its one segment, as for the kernel's ELF loader.
        space.data = if config.maps.is_empty() { (0x40_0000, 0x40_1000) } else { config.data };
        let text = maps.iter().find(|line| Some(&line.name) == first_name.as_ref() && line.perms[2] == 'x');
        space.code = text.map_or((0, 0), |line| (line.range.start.0, line.range.end.0));
    }

    /// Touches pages so that they are present, with private copies where they were written.
    fn make_present(&mut self, pid: Pid, range: VirtRange, written: bool) -> Result<(), StartupError> {
        for page in range.page_addrs() {
            let access = if written { Access::Write } else { Access::Read };
            self.touch(pid, page, access).map_err(|_| StartupError::NotPresentable(page))?;
        }
        Ok(())
    }

    /// Descriptors 0, 1 and 2.
    fn open_standard_streams(&mut self, pid: Pid) {
        let fs = &mut self.kernel.fs;
        let null = fs.lookup("/dev/null").unwrap_or_else(|| {
            let id = fs.add_inode(Inode { mode: 0o666, ..Inode::new(InodeKind::DevNull) });
            fs.link("/dev/null", id);
            id
        });
        if fs.lookup("/dev/zero").is_none() {
            let zero = fs.add_inode(Inode { mode: 0o666, ..Inode::new(InodeKind::DevZero) });
            fs.link("/dev/zero", zero);
        }
        if fs.lookup("/").is_none() {
            let root = fs.add_inode(Inode { mode: 0o755, ..Inode::new(InodeKind::Directory) });
            fs.link("/", root);
        }
        for fd in 0..3 {
            let file = self.kernel.fs.open(null, "/dev/null", OpenMode { read: true, write: true });
            self.install_at(pid, fd, file);
        }
    }
}

/// How long a file must be for a line of its maps, within what files can be.
fn file_end(line: &MapsLine) -> u64 {
    line.offset.saturating_add(line.range.len()).min(1 << 62)
}

/// Where the kernel puts the argument of a program that has no environment, and where its stack then begins: the lengths
/// are those of its path and of the argument, with their NULs (Linux `create_elf_tables`). Nothing is written there: no
/// program here reads it.
pub(super) fn told_at(path: u64, argument: u64) -> ((u64, u64), VirtAddr) {
    // A word of zeros lies above.
    let end = TASK_SIZE - 8 - path;
    let start = end - argument;
    let strings = (start & !15) - PLATFORM_BYTES - RANDOM_BYTES;
    // The count of arguments, the one, and two ends of lists lie before the vector.
    ((start, end), VirtAddr((strings - (4 + AUXV_WORDS) * 8) & !15))
}

fn special(vma: &mut Vma, which: SpecialMapping, more: VmFlags) {
    vma.flags |= VmFlags::DONTEXPAND | more;
    if !more.is_empty() {
        // vvar can neither be written nor executed, ever.
        vma.flags |= VmFlags::DONTDUMP;
        vma.flags -= VmFlags::MAYWRITE | VmFlags::MAYEXEC;
    }
    vma.pgoff = 0;
    vma.ops = Some(VmOpsId::Special);
    vma.special = Some(which);
}

impl Machine {
    /// A reference machine with one standard process.
    ///
    /// # Errors
    /// As [`Machine::new`] and [`Machine::spawn`].
    pub fn with_standard_process(config: &MachineConfig) -> Result<(Self, Pid), StartupError> {
        let mut machine = Self::new(config)?;
        let pid = machine.spawn(&ProcessConfig::default())?;
        Ok((machine, pid))
    }
}

/// What replays of logs need: a log tells descriptors and programs, it does not ask for them.
impl Machine {
    /// Replaces a process's program, as `execve` does: descriptors stay, memory is new.
    ///
    /// # Errors
    /// As [`Machine::spawn`]; the process has no memory then.
    pub fn replace_program(&mut self, pid: Pid, config: &ProcessConfig) -> Result<(), StartupError> {
        let Some(process) = self.processes.get(&pid).filter(|process| process.is_alive()) else { return Ok(()) };
        let task = process.task;
        let kernel = &mut self.kernel;
        let tables = kernel.new_tables().ok_or(StartupError::RamTooSmall)?;
        let layout = config.layout(kernel.tasks[task].limit(Resource::Stack));
        let old = kernel.tasks[task].mm;
        let mut fresh = Mm::inheriting(tables, layout, &kernel.mms[old]);
        kernel.init_new_context(&mut fresh);
        let mm = kernel.add_mm(fresh);
        kernel.tasks[task].mm = mm;
        kernel.tasks[task].pkru = if kernel.sysctl.pku { INITIAL_PKRU } else { 0 };
        kernel.current = task;
        kernel.mmput(old);
        self.unshare_files(pid);
        self.processes.entry(pid).and_modify(|process| process.name = config.called().into());
        self.running = None;
        self.switch_to(pid).expect("the process is alive");
        let faults = (self.kernel.tasks[task].min_flt, self.kernel.tasks[task].maj_flt);
        self.build_address_space(pid, mm, config, layout)?;
        let task = &mut self.kernel.tasks[task];
        // The page with the arguments was one.
        (task.min_flt, task.maj_flt) = (faults.0 + 1, faults.1);
        self.check_after_operation();
        Ok(())
    }

    /// Puts an open file at a descriptor, closing what was there.
    pub fn install_at(&mut self, pid: Pid, fd: u64, file: FileId) {
        let files = self.processes.get(&pid).filter(|_| fd < 1 << 20).and_then(|process| self.files.get_mut(process.files));
        let replaced = match files {
            Some(files) => files.install(fd as usize, file, false),
            None => Some(file),
        };
        if let Some(file) = replaced {
            self.kernel.fput(file);
        }
    }

    /// Renumbers a descriptor.
    pub fn move_descriptor(&mut self, pid: Pid, from: u64, to: u64) {
        let files = self.processes.get(&pid).and_then(|process| self.files.get_mut(process.files));
        if let Some(file) = files.and_then(|files| files.take(from)) {
            self.install_at(pid, to, file);
        }
    }

    /// Lets writable private memory of a process count as written: its areas get their families.
    pub fn count_as_written(&mut self, pid: Pid, range: VirtRange) {
        let Some(process) = self.processes.get(&pid).filter(|process| process.is_alive()) else { return };
        let mm = self.kernel.tasks[process.task].mm;
        self.kernel.prepare_writable_areas(mm, range);
    }
}
