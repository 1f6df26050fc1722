//! What `/proc` says of a real process, in the words of the emulator's own views.

use crate::tracee::Tracee;
use pagefault::addr::{VirtAddr, VirtRange};
use pagefault::machine::MapsLine;
use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

/// Devices and inodes of the kernel here, and what they are called in scripts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities {
    known: HashMap<(u32, u32, u64), Identity>,
    /// The folder that is the processes' root directory.
    root: String,
    /// The device of their `/dev/shm`.
    shm: Option<(u32, u32)>,
}

/// A file as maps shows it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) dev: (u32, u32),
    pub(crate) ino: u64,
    /// Shown instead of the real name, if given.
    pub(crate) name: Option<String>,
}

impl Identities {
    pub(crate) fn new(root: &str) -> Self {
        Self { known: HashMap::new(), root: root.to_string(), shm: None }
    }

    /// `st_dev` and `st_ino` of a file, and what it is called in the script.
    pub(crate) fn add(&mut self, real: (u64, u64), identity: Identity) {
        let (major, minor) = (libc::major(real.0), libc::minor(real.0));
        self.known.insert((major, minor, real.1), identity);
    }

    /// The device of the processes' `/dev/shm`, which has another number each time.
    pub(crate) fn add_shm(&mut self, dev: u64) {
        self.shm = Some((libc::major(dev), libc::minor(dev)));
    }

    /// Whether a number is one that a script gave.
    fn has(&self, dev: (u32, u32), ino: u64) -> bool {
        self.known.values().any(|identity| (identity.dev, identity.ino) == (dev, ino))
    }

    /// A line of the emulator without numbers that the real kernel cannot share.
    pub(crate) fn neutral(&self, line: MapsLine) -> MapsLine {
        let ino = if self.has(line.dev, line.ino) { line.ino } else { 0 };
        MapsLine { ino, ..line }
    }

    /// A line of the real kernel as a script would show it.
    fn translated(&self, mut line: MapsLine) -> MapsLine {
        if let Some(inside) = line.name.strip_prefix(&self.root) {
            line.name = inside.to_string();
        }
        match self.known.get(&(line.dev.0, line.dev.1, line.ino)) {
            Some(identity) => {
                (line.dev, line.ino) = (identity.dev, identity.ino);
                if let Some(name) = &identity.name {
                    line.name.clone_from(name);
                }
            }
            None => {
                line.ino = 0;
                if self.shm == Some(line.dev) {
                    line.dev = pagefault::internals::TMPFS_DEV;
                }
                if line.dev.0 != 0 {
                    line.dev = (0xfe, 0);
                }
            }
        }
        line
    }

    /// The lines of `/proc/PID/maps`.
    pub(crate) fn maps(&self, tracee: &Tracee) -> Result<Vec<MapsLine>, String> {
        let text = tracee.maps()?;
        let lines = text.lines().map(|line| parse_line(line).map(|line| self.translated(line)).ok_or(format!("maps line {line:?}")));
        lines.collect()
    }
}

fn parse_range(text: &str) -> Option<VirtRange> {
    let (start, end) = text.split_once('-')?;
    let hex = |digits| u64::from_str_radix(digits, 16).ok().map(VirtAddr);
    Some(VirtRange { start: hex(start)?, end: hex(end)? })
}

fn parse_line(line: &str) -> Option<MapsLine> {
    let mut rest = line;
    let mut field = || {
        let trimmed = rest.trim_start_matches(' ');
        let end = trimmed.find(' ').unwrap_or(trimmed.len());
        let (field, after) = trimmed.split_at(end);
        rest = after;
        field
    };
    let (range, perms, offset, dev, ino) = (field(), field(), field(), field(), field());
    let (major, minor) = dev.split_once(':')?;
    let perms: Vec<char> = perms.chars().collect();
    Some(MapsLine {
        range: parse_range(range)?,
        perms: perms.try_into().ok()?,
        offset: u64::from_str_radix(offset, 16).ok()?,
        dev: (u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?),
        ino: ino.parse().ok()?,
        name: rest.trim().to_string(),
    })
}

/// Fields of `/proc/PID/status` in kB.
pub(crate) fn status(tracee: &Tracee) -> Result<HashMap<String, u64>, String> {
    let text = tracee.proc_file("status")?;
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_string(), value.trim().strip_suffix(" kB")?.parse().ok()?))
    };
    Ok(text.lines().filter_map(field).collect())
}

/// Fields of smaps_rollup in kB.
pub(crate) fn smaps_rollup(tracee: &Tracee) -> Result<Vec<(String, u64)>, String> {
    let text = tracee.proc_file("smaps_rollup")?;
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_string(), value.trim().strip_suffix(" kB")?.parse().ok()?))
    };
    Ok(text.lines().skip(1).filter_map(field).collect())
}

/// An area of smaps: where, its fields in kB that are not 0, its VmFlags.
pub(crate) type Area = (VirtRange, Vec<(String, u64)>, String);

/// All areas of smaps.
pub(crate) fn smaps(tracee: &Tracee) -> Result<Vec<Area>, String> {
    let text = tracee.proc_file("smaps")?;
    let mut areas: Vec<Area> = Vec::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if let Some(range) = name.split(' ').next().and_then(parse_range) {
            areas.push((range, Vec::new(), String::new()));
            continue;
        }
        let Some((_, fields, flags)) = areas.last_mut() else { continue };
        match value.trim().strip_suffix(" kB").and_then(|kb| kb.parse().ok()) {
            Some(0) => {}
            Some(kb) => fields.push((name.to_string(), kb)),
            None if name == "THPeligible" && value.trim() == "1" => fields.push((name.to_string(), 1)),
            None if name == "ProtectionKey" => {
                fields.extend(value.trim().parse().ok().filter(|key| *key > 0).map(|key| (name.to_string(), key)))
            }
            None if name == "VmFlags" => *flags = value.trim().to_string(),
            None => {}
        }
    }
    Ok(areas)
}

/// `struct pm_scan_arg` of PAGEMAP_SCAN.
#[repr(C)]
#[derive(Default)]
struct ScanArgument {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const PAGEMAP_SCAN: u64 = 0xc060_6610;
const PAGE_IS_PFNZERO: u64 = 1 << 5;
const PAGE_IS_HUGE: u64 = 1 << 6;

/// States of the pages of a range, joined into runs; empty pages are left out.
pub(crate) fn pagemap(tracee: &Tracee, range: VirtRange) -> Result<Vec<(VirtRange, String)>, String> {
    let file = File::open(format!("/proc/{}/pagemap", tracee.pid())).map_err(|e| e.to_string())?;
    let mut words = vec![0; range.pages() as usize * 8];
    let read = file.read_at(&mut words, range.start.page_number() * 8).map_err(|e| e.to_string())?;
    let special = scan_special(&file, range)?;
    let mut runs: Vec<(VirtRange, String)> = Vec::new();
    for (n, word) in words[..read].chunks_exact(8).enumerate() {
        let bits = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        let at = range.start + n as u64 * 4096;
        let category = special.iter().find(|(run, _)| run.contains(at)).map_or(0, |(_, category)| *category);
        let letters: String = [
            (bits >> 63 & 1, 'P'),
            (bits >> 62 & 1, 'S'),
            (bits >> 61 & 1, 'F'),
            (bits >> 56 & 1, 'X'),
            (bits >> 58 & 1, 'G'),
            (category & PAGE_IS_PFNZERO, 'Z'),
            (category & PAGE_IS_HUGE, 'H'),
        ]
        .iter()
        .filter(|(set, _)| *set != 0)
        .map(|(_, letter)| *letter)
        .collect();
        if letters.is_empty() {
            continue;
        }
        match runs.last_mut() {
            Some((run, same)) if run.end == at && *same == letters => run.end = at + 4096,
            _ => runs.push((VirtRange { start: at, end: at + 4096 }, letters)),
        }
    }
    Ok(runs)
}

/// Which pages are the page of zeros or part of a huge page: the bits of pagemap do not say.
fn scan_special(file: &File, range: VirtRange) -> Result<Vec<(VirtRange, u64)>, String> {
    let mut found = Vec::new();
    let mut regions = vec![[0u64; 3]; 512];
    let mut start = range.start.0;
    while start < range.end.0 {
        let mut argument = ScanArgument {
            size: size_of::<ScanArgument>() as u64,
            start,
            end: range.end.0,
            vec: regions.as_mut_ptr() as u64,
            vec_len: regions.len() as u64,
            category_anyof_mask: PAGE_IS_PFNZERO | PAGE_IS_HUGE,
            return_mask: PAGE_IS_PFNZERO | PAGE_IS_HUGE,
            ..Default::default()
        };
        // SAFETY: the structure and the vector are ours and of the sizes given.
        let count = unsafe { libc::ioctl(file.as_raw_fd(), PAGEMAP_SCAN as libc::c_ulong, &raw mut argument) };
        if count < 0 {
            return Err(format!("PAGEMAP_SCAN: {}", std::io::Error::last_os_error()));
        }
        let region = |[start, end, category]: [u64; 3]| (VirtRange { start: VirtAddr(start), end: VirtAddr(end) }, category);
        found.extend(regions[..count as usize].iter().copied().map(region));
        if argument.walk_end <= start {
            break;
        }
        start = argument.walk_end;
    }
    Ok(found)
}

/// VmFlags without `sd`.
pub(crate) fn without_mark(flags: &str) -> String {
    flags.split(' ').filter(|flag| *flag != "sd").collect::<Vec<_>>().join(" ")
}

/// Fields of smaps that depend on what else the machine does: DAMON clears accessed bits, MADV_FREE works
/// in batches of a CPU.
pub(crate) const SOFT_FIELDS: &[&str] = &["Referenced", "LazyFree"];

/// What pagemap says, in one line.
pub(crate) fn show_runs(runs: &[(VirtRange, String)]) -> String {
    let shown: Vec<_> = runs.iter().map(|(range, letters)| format!("{range} {letters}")).collect();
    if shown.is_empty() { "nothing".into() } else { shown.join("; ") }
}
