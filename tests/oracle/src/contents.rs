//! What lies in memory and in the caches of files, on both sides. The real side is looked at without leaving a trace:
//! of a process only pages that are present are read, and a cache is asked through a mapping of the harness's own.

use crate::batches;
use crate::compare::{Pair, is_comparable};
use crate::failure::Failure;
use crate::stub;
use crate::tracee::Tracee;
use pagefault::addr::{PAGE_SIZE, VirtAddr, VirtRange};
use pagefault::ids::{Pid, VmOpsId};
use pagefault::internals;
use pagefault::machine::MapsLine;
use pagefault::view;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::Duration;

/// Of a larger area only the first pages are asked for.
const MOST_PAGES: u64 = 4096;
/// How often a disk that still works is waited for, and how long each time.
const MOST_WAITS: u32 = 50;
const WAIT: Duration = Duration::from_millis(1);

type Differs<'a> = &'a dyn Fn(&'static str, String, String) -> Result<(), Failure>;

impl Pair {
    /// The bytes of every page that a process has present, and which pages of its files are cached.
    pub(crate) fn compare_contents(&self, pid: u32, differs: Differs) -> Result<(), Failure> {
        let Some(tracee) = self.tracee(pid) else { return Ok(()) };
        for line in view::maps(self.session.machine(), Pid(pid)).iter().filter(|line| is_comparable(line)) {
            // A program that may not write to its own page answers on its stack.
            if tracee.scratch() == stub::SCRATCH {
                self.compare_bytes(tracee, pid, line, differs)?;
            }
            self.compare_cache(tracee, pid, line, differs)?;
        }
        // Who reads a page through /proc leaves it in a batch.
        batches::drain();
        Ok(())
    }

    fn compare_bytes(&self, tracee: &Tracee, pid: u32, line: &MapsLine, differs: Differs) -> Result<(), Failure> {
        let machine = self.session.machine();
        let Some(mm) = internals::mm(machine, Pid(pid)) else { return Ok(()) };
        let area = mm.vmas.lookup(line.range.start).map(|id| mm.vmas.get(id));
        if area.is_none_or(|area| area.ops == Some(VmOpsId::Secretmem)) {
            return Ok(());
        }
        let runs = view::pagemap_runs(machine, Pid(pid), line.range);
        // The page of zeros needs no look.
        for (run, _) in runs.iter().filter(|(_, letters)| letters.contains('P') && !letters.contains('Z')) {
            let real = read_memory(tracee, *run).map_err(Failure::Script)?;
            for (addr, theirs) in run.page_addrs().zip(real.chunks_exact(PAGE_SIZE as usize)) {
                let mut ours = [0; PAGE_SIZE as usize];
                let phys = internals::phys(machine);
                phys.read(mm.tables.get(phys, addr).pfn(), 0, &mut ours);
                if let Some(at) = theirs.iter().zip(&ours).position(|(theirs, ours)| theirs != ours) {
                    let show = |bytes: &[u8]| format!("{:#04x} at {}", bytes[at], addr + at as u64);
                    differs("bytes", show(theirs), show(&ours))?;
                }
            }
        }
        Ok(())
    }

    fn compare_cache(&self, tracee: &Tracee, pid: u32, line: &MapsLine, differs: Differs) -> Result<(), Failure> {
        let Some(ours) = self.cached(pid, line) else { return Ok(()) };
        let ask = || cached(&mut self.open_files.borrow_mut(), tracee, line).map_err(Failure::Script);
        let mut real = ask()?;
        for _ in 0..MOST_WAITS {
            if real == ours {
                return Ok(());
            }
            std::thread::sleep(WAIT);
            real = ask()?;
        }
        differs("cache", format!("{} {real}", line.range), format!("{} {ours}", line.range))
    }

    /// The emulator's answer to [`cached`]; `None` for what is no mapping of a file with a cache.
    fn cached(&self, pid: u32, line: &MapsLine) -> Option<String> {
        let machine = self.session.machine();
        let mm = internals::mm(machine, Pid(pid))?;
        let area = mm.vmas.get(mm.vmas.lookup(line.range.start)?);
        let inode = internals::fs(machine).inode_of(area.file?);
        if area.ops.is_none() || !inode.kind.has_pages() {
            return None;
        }
        let asked = asked_part(line.range);
        Some(asked.page_addrs().map(|addr| digit(internals::is_resident(machine, inode, area.pgoff_of(addr)))).collect())
    }
}

fn asked_part(range: VirtRange) -> VirtRange {
    VirtRange { end: range.end.min(range.start + MOST_PAGES * PAGE_SIZE), ..range }
}

fn digit(is_there: bool) -> char {
    if is_there { '1' } else { '0' }
}

/// The bytes of pages that are present.
fn read_memory(tracee: &Tracee, run: VirtRange) -> Result<Vec<u8>, String> {
    let memory = File::open(format!("/proc/{}/mem", tracee.pid())).map_err(|e| e.to_string())?;
    let mut bytes = vec![0; run.len() as usize];
    memory.read_exact_at(&mut bytes, run.start.0).map_err(|e| format!("{run} of /proc/PID/mem: {e}"))?;
    Ok(bytes)
}

/// Files of the processes, by device and inode. They stay open until the program ends: who closes a file may be the one
/// that has it written to its disk.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles(HashMap<(u64, u64), File>);

impl OpenFiles {
    fn get(&mut self, path: &str) -> std::io::Result<&File> {
        let meta = std::fs::metadata(path)?;
        Ok(match self.0.entry((meta.dev(), meta.ino())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(File::open(path)?),
        })
    }
}

/// Which pages of the part of a file that an area shows are in the page cache, a digit each.
fn cached(files: &mut OpenFiles, tracee: &Tracee, line: &MapsLine) -> Result<String, String> {
    let VirtRange { start: VirtAddr(start), end: VirtAddr(end) } = line.range;
    let path = format!("/proc/{}/map_files/{start:x}-{end:x}", tracee.pid());
    let file = files.get(&path).map_err(|e| format!("{path}: {e}"))?;
    let asked = asked_part(line.range);
    let mut vector = vec![0u8; asked.pages() as usize];
    let failed = |what: &str| Err(format!("{what} {path}: {}", std::io::Error::last_os_error()));
    // SAFETY: a new mapping that nobody reads or writes, the vector has a byte for each of its pages, and it goes again.
    unsafe {
        let (len, offset) = (asked.len() as usize, line.offset as libc::off_t);
        let at = libc::mmap(std::ptr::null_mut(), len, libc::PROT_NONE, libc::MAP_SHARED, file.as_raw_fd(), offset);
        if at == libc::MAP_FAILED {
            return failed("mmap");
        }
        let answer = libc::mincore(at, len, vector.as_mut_ptr());
        libc::munmap(at, len);
        if answer != 0 {
            return failed("mincore");
        }
    }
    Ok(vector.iter().map(|byte| digit(byte & 1 != 0)).collect())
}
