//! `ioctl(2)`: questions to files of `/proc/PID`. No other file here knows one.

use super::{Arg, Machine};
use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::fs::{InodeKind, ProcEntry, ProcFile};
use crate::proc::{self, Categories, QueryFlags, Region, ScanFlags, ScanRequest, VmaAnswer, VmaQuery};
use crate::why::Why;

const PAGEMAP_SCAN: u64 = 0xc060_6610;
const PROCMAP_QUERY: u64 = 0xc068_6611;
/// Words of `struct pm_scan_arg`.
const SCAN_WORDS: usize = 12;
/// Bytes of `struct page_region`.
const REGION_BYTES: u64 = 24;
/// Bytes of `struct procmap_query`.
const QUERY_BYTES: u64 = 104;
/// What a caller must at least know of it: up to `query_addr`.
const QUERY_BYTES_LEAST: u64 = 24;
const PATH_MAX: u64 = 4096;

/// The places of the words of `struct pm_scan_arg`.
mod scan {
    pub(super) const SIZE: usize = 0;
    pub(super) const FLAGS: usize = 1;
    pub(super) const START: usize = 2;
    pub(super) const END: usize = 3;
    pub(super) const WALK_END: usize = 4;
    pub(super) const VEC: usize = 5;
    pub(super) const VEC_LEN: usize = 6;
    pub(super) const MAX_PAGES: usize = 7;
    pub(super) const INVERTED: usize = 8;
    pub(super) const MASK: usize = 9;
    pub(super) const ANY_OF: usize = 10;
    pub(super) const RETURN: usize = 11;
}

/// A structure that the caller reads and the kernel writes: little-endian fields by their places in bytes.
struct Structure(Vec<u8>);

impl Structure {
    fn word(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().expect("eight bytes"))
    }

    fn half(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().expect("four bytes"))
    }

    fn set_word(&mut self, at: usize, value: u64) {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    fn set_half(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
}

impl Machine {
    pub(super) fn sys_ioctl(&mut self, [fd, command, argument, ..]: &[Arg; 6]) -> SysResult {
        let file = self.file_of(fd.int())?;
        let command = command.int() & 0xffff_ffff;
        let unknown = Why::BadArgument { index: 1, value: command };
        match self.kernel.fs.inode_of(file).kind {
            InodeKind::Proc(entry) => match (entry.file, command) {
                (ProcFile::Pagemap, PAGEMAP_SCAN) => self.do_pagemap_scan(entry, argument),
                (ProcFile::Pagemap, _) => self.kernel.refuse(Errno::EINVAL, unknown),
                (ProcFile::Maps, PROCMAP_QUERY) => self.do_procmap_query(entry, argument),
                _ => self.kernel.refuse(Errno::ENOTTY, unknown),
            },
            _ => self.kernel.refuse(Errno::ENOTTY, unknown),
        }
    }

    /// Reads a part of a structure: given, or in the program's memory.
    pub(super) fn structure_from_user(&mut self, argument: &Arg, from: u64, len: u64) -> SysResult<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        match argument {
            Arg::Bytes(given) => {
                let given = given.get(from as usize..).unwrap_or(&[]);
                let len = given.len().min(bytes.len());
                bytes[..len].copy_from_slice(&given[..len]);
            }
            other => {
                let at = VirtAddr(other.int()) + from;
                let copied = self.copy_from_user(at, &mut bytes) == 0;
                self.kernel.require(copied, Errno::EFAULT, || Why::BadUserAddress { at })?;
            }
        }
        Ok(bytes)
    }

    /// Writes a part of a structure back; one that was given is told as the call's output.
    pub(super) fn structure_to_user(&mut self, argument: &Arg, from: u64, bytes: &[u8]) -> SysResult<()> {
        match argument {
            Arg::Int(at) => {
                let at = VirtAddr(*at) + from;
                let copied = self.copy_to_user(at, bytes) == 0;
                self.kernel.require(copied, Errno::EFAULT, || Why::BadUserAddress { at })
            }
            _ => {
                self.output.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// Whether a range lies in user space (Linux `access_ok`).
    pub(super) fn is_user_range(&self, start: u64, len: u64) -> bool {
        start.checked_add(len).is_some_and(|end| end <= self.kernel.task_size())
    }

    /// Linux `pagemap_scan_get_args`.
    fn scan_request(&mut self, structure: &Structure) -> SysResult<ScanRequest> {
        let word = |place: usize| structure.word(place * 8);
        let size = word(scan::SIZE);
        self.kernel.require(size == (SCAN_WORDS * 8) as u64, Errno::EINVAL, || Why::BadSize { size })?;
        let Some(flags) = ScanFlags::from_bits(word(scan::FLAGS)) else {
            return self.kernel.refuse(Errno::EINVAL, Why::UnknownFlags { flags: word(scan::FLAGS) });
        };
        let masks = [scan::INVERTED, scan::MASK, scan::ANY_OF, scan::RETURN].map(word);
        let unknown = masks.iter().fold(0, |all, mask| all | mask) & !Categories::all().bits();
        self.kernel.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })?;
        let [inverted, all_of, any_of, told] = masks.map(Categories::from_bits_truncate);
        let (start, end) = (VirtAddr(word(scan::START)), word(scan::END));
        self.kernel.require(start.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr: start })?;
        let inside = self.is_user_range(start.0, end.wrapping_sub(start.0));
        self.kernel.require(inside, Errno::EFAULT, || Why::BadUserAddress { at: VirtAddr(end) })?;
        let (vec, most_regions) = (word(scan::VEC), word(scan::VEC_LEN));
        self.kernel.require(vec != 0 || most_regions == 0, Errno::EINVAL, || Why::BadArgument { index: 2, value: vec })?;
        let inside = vec == 0 || self.is_user_range(vec, most_regions.saturating_mul(REGION_BYTES));
        self.kernel.require(inside, Errno::EFAULT, || Why::BadUserAddress { at: VirtAddr(vec) })?;
        let most_pages = if word(scan::MAX_PAGES) == 0 { u64::MAX } else { word(scan::MAX_PAGES) };
        let range = VirtRange { start, end: VirtAddr(page_align(end)) };
        Ok(ScanRequest { flags, range, most_regions, most_pages, inverted, all_of, any_of, told })
    }

    /// How many regions of pages were found (Linux `do_pagemap_scan`).
    fn do_pagemap_scan(&mut self, entry: ProcEntry, argument: &Arg) -> SysResult {
        let mm = self.require_memory(entry)?;
        let structure = Structure(self.structure_from_user(argument, 0, (SCAN_WORDS * 8) as u64)?);
        let request = self.scan_request(&structure)?;
        let scanned = proc::pagemap_scan(&self.kernel, &self.kernel.mms[mm], &request);
        let stored = self.store_regions(VirtAddr(structure.word(scan::VEC * 8)), &scanned.regions);
        self.structure_to_user(argument, (scan::WALK_END * 8) as u64, &scanned.walk_end.0.to_le_bytes())?;
        if let Some(area) = scanned.refused {
            return self.kernel.refuse(Errno::EPERM, Why::NotWriteProtectable { at: area.start });
        }
        stored?;
        Ok(scanned.regions.len() as u64)
    }

    fn store_regions(&mut self, vec: VirtAddr, regions: &[Region]) -> SysResult<()> {
        let words = |region: &Region| [region.range.start.0, region.range.end.0, region.categories.bits()];
        let bytes: Vec<u8> = regions.iter().flat_map(words).flat_map(u64::to_le_bytes).collect();
        if bytes.is_empty() {
            return Ok(());
        }
        let copied = self.copy_to_user(vec, &bytes) == 0;
        self.kernel.require(copied, Errno::EFAULT, || Why::BadUserAddress { at: vec })
    }

    /// Which area an address lies in, or comes before (Linux `do_procmap_query`).
    fn do_procmap_query(&mut self, entry: ProcEntry, argument: &Arg) -> SysResult {
        let size = Structure(self.structure_from_user(argument, 0, 8)?).word(0);
        self.kernel.require(size <= PAGE_SIZE, Errno::E2BIG, || Why::BadSize { size })?;
        self.kernel.require(size >= QUERY_BYTES_LEAST, Errno::EINVAL, || Why::BadSize { size })?;
        let mut bytes = self.structure_from_user(argument, 0, size)?;
        let newer = bytes.get(QUERY_BYTES as usize..).is_some_and(|rest| rest.iter().any(|byte| *byte != 0));
        self.kernel.require(!newer, Errno::E2BIG, || Why::BadSize { size })?;
        bytes.resize(QUERY_BYTES as usize, 0);
        let mut structure = Structure(bytes);
        let Some(flags) = QueryFlags::from_bits(structure.word(8)) else {
            return self.kernel.refuse(Errno::EINVAL, Why::UnknownFlags { flags: structure.word(8) });
        };
        for (size, address) in [(80, 88), (84, 96)] {
            let (len, at) = (structure.half(size), structure.word(address));
            self.kernel.require((len == 0) == (at == 0), Errno::EINVAL, || Why::BadArgument { index: 2, value: at })?;
        }
        let mm = self.require_memory(entry)?;
        let query = VmaQuery { addr: VirtAddr(structure.word(16)), flags };
        let Some(found) = proc::query_vma(&self.kernel, &self.kernel.mms[mm], &query) else {
            return self.kernel.refuse(Errno::ENOENT, Why::NoSuchVma { at: query.addr });
        };
        self.tell_area(&mut structure, &found)?;
        let told = size.min(QUERY_BYTES) as usize;
        self.structure_to_user(argument, 0, &structure.0[..told])?;
        Ok(0)
    }

    /// Fills the structure in; the name goes where it says.
    fn tell_area(&mut self, structure: &mut Structure, found: &VmaAnswer) -> SysResult<()> {
        let words = [found.range.start.0, found.range.end.0, found.flags.bits(), PAGE_SIZE, found.offset, found.ino];
        for (place, word) in words.into_iter().enumerate() {
            structure.set_word(24 + place * 8, word);
        }
        structure.set_half(72, found.dev.0);
        structure.set_half(76, found.dev.1);
        // No file here is a program with a build id.
        structure.set_half(84, 0);
        let room = u64::from(structure.half(80)).min(PATH_MAX);
        if room == 0 {
            return Ok(());
        }
        let name = if found.name.is_empty() { Vec::new() } else { [found.name.as_bytes(), b"\0"].concat() };
        self.kernel.require(name.len() as u64 <= room, Errno::ENAMETOOLONG, || Why::NameTooLong { max: room })?;
        structure.set_half(80, name.len() as u32);
        let at = VirtAddr(structure.word(88));
        let copied = name.is_empty() || self.copy_to_user(at, &name) == 0;
        self.kernel.require(copied, Errno::EFAULT, || Why::BadUserAddress { at })
    }
}
