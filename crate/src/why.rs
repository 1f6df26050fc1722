//! Every reason the machine can give, in one place: why a call was refused, why two VMAs stayed
//! apart, why an access raised a signal. Typed, with the numbers that decided; the text is the
//! `Display` of the value, in the words of the manual pages, lowercase and without a full stop.

use crate::addr::VirtAddr;
use crate::flags::VmFlags;
use std::fmt;
use thiserror::Error;

/// The check that made a system call fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[allow(missing_docs)] // each variant is its own sentence
pub enum Why {
    #[error("offset {offset:#x} is not a multiple of the page size")]
    OffsetUnaligned { offset: u64 },
    #[error("address {addr} is not a multiple of the page size")]
    AddrUnaligned { addr: VirtAddr },
    #[error("descriptor {fd} is not open")]
    BadDescriptor { fd: i64 },
    #[error("the length is 0")]
    ZeroLength,
    #[error("length {len:#x} rounded up to whole pages overflows")]
    LengthOverflow { len: u64 },
    #[error("page offset {pgoff:#x} plus {pages:#x} pages overflows")]
    OffsetOverflow { pgoff: u64, pages: u64 },
    #[error("the address space already has {}, the limit is {limit} (vm.max_map_count)", counted(*count, "VMA"))]
    MapCount { count: u64, limit: u64 },
    #[error("no gap of {len:#x} bytes is free in the search range")]
    NoRoom { len: u64 },
    #[error("{addr} + {len:#x} ends beyond the user address space (0x7ffffffff000)")]
    BeyondTaskSize { addr: VirtAddr, len: u64 },
    #[error("address {addr} lies below vm.mmap_min_addr ({min:#x}) and the caller lacks CAP_SYS_RAWIO")]
    BelowMinAddr { addr: VirtAddr, min: u64 },
    #[error("the fixed address {addr} is taken for an error number: the kernel keeps both in one word")]
    AddressIsErrno { addr: VirtAddr },
    #[error("MAP_FIXED_NOREPLACE: a mapping already exists at {at}")]
    Occupied { at: VirtAddr },
    #[error("locking needs CAP_IPC_LOCK or a non-zero RLIMIT_MEMLOCK")]
    MayNotLock,
    #[error("{} would exceed RLIMIT_MEMLOCK ({})", counted(*locked, "locked page"), counted(*limit, "page"))]
    MemlockLimit { locked: u64, limit: u64 },
    #[error("mapping flags {flags:#x} are not supported with MAP_SHARED_VALIDATE")]
    FlagsNotSupported { flags: u64 },
    #[error("a shared writable mapping needs a file opened for writing")]
    FileNotWritable,
    #[error("a mapping needs a file opened for reading")]
    FileNotReadable,
    #[error("this kind of file cannot be mapped")]
    NoMmapMethod,
    #[error("the mapping type {kind} is neither MAP_SHARED nor MAP_PRIVATE")]
    BadMapType { kind: u64 },
    #[error("MAP_GROWSDOWN is only for private anonymous memory")]
    GrowsDownNotAnon,
    #[error("MAP_DROPPABLE excludes MAP_LOCKED, MAP_HUGETLB and MAP_GROWSDOWN")]
    DroppableCombination,
    #[error("the file lies on a mount from which nothing may be executed")]
    NoExec,
    #[error("the VMA at {at} cannot be write-protected for userfaultfd")]
    NotWriteProtectable { at: VirtAddr },
    #[error("no VMA of that kind covers {at}, or follows it if that would do")]
    NoSuchVma { at: VirtAddr },
    #[error("this kind of file has nothing to be written back")]
    NotSynced,
    #[error("the file can be read, and nothing else")]
    OnlyRead,
    #[error("the file can be mapped, and nothing else")]
    OnlyMapped,
    #[error("it is no file that could be opened once more")]
    OpenedOnce,
    #[error("the file has no places: it is a stream")]
    NoPlaces,
    #[error("there is no data from {offset:#x} on")]
    NoDataBehind { offset: u64 },
    #[error("secret memory has shared mappings only")]
    SecretIsShared,
    #[error("{0}")]
    Driver(&'static str),
    #[error("the call waits for something from outside the machine, and is to be made again then")]
    Waits,
    #[error("whoever has the file's contents refused")]
    RefusedOutside,
    #[error("the file is sealed against writing")]
    SealedFile,
    #[error("the file is sealed (seals {seals:#x}) against this change")]
    SealForbids { seals: u32 },
    #[error("a shared mapping that may become writable exists")]
    WritableMappingExists,
    #[error("the memory-deny-write-execute policy forbids it")]
    Mdwe,
    #[error("the VMA at {at} is sealed (mseal)")]
    SealedVma { at: VirtAddr },
    #[error("the VMA at {at} may not be split")]
    MayNotSplit { at: VirtAddr },
    #[error("{} would exceed RLIMIT_AS ({})", counted(*total, "mapped page"), counted(*limit, "page"))]
    AddressSpaceLimit { total: u64, limit: u64 },
    #[error("{} of writable private memory would exceed RLIMIT_DATA ({})", counted(*data, "page"), counted(*limit, "page"))]
    DataLimit { data: u64, limit: u64 },
    #[error("committing {} is refused by vm.overcommit_memory={mode}", counted(*pages, "more page"))]
    Overcommit { pages: u64, mode: u8 },
    #[error("no memory is mapped at {at}")]
    Hole { at: VirtAddr },
    #[error("protection bits {prot:#x} are not known")]
    BadProt { prot: u64 },
    #[error("PROT_GROWSDOWN and PROT_GROWSUP exclude each other")]
    GrowsBoth,
    #[error("the VMA at {at} does not grow down")]
    NotGrowsDown { at: VirtAddr },
    #[error("the VMA at {at} may never get the permissions {wanted}")]
    MayNot { at: VirtAddr, wanted: Perms },
    #[error("{addr} + {len:#x} wraps around")]
    Wraps { addr: VirtAddr, len: u64 },
    #[error("flag bits {flags:#x} are not known")]
    UnknownFlags { flags: u64 },
    #[error("advice {advice} is not known")]
    UnknownAdvice { advice: i64 },
    #[error("the advice does not fit the VMA at {at}")]
    AdviceUnfit { at: VirtAddr },
    #[error("the kernel is configured without this feature")]
    NotConfigured,
    #[error("the vector at {at} is not writable memory")]
    BadVector { at: VirtAddr },
    #[error("the user address {at} is not accessible")]
    BadUserAddress { at: VirtAddr },
    #[error("the old and the new range overlap")]
    RangesOverlap,
    #[error("old length {old:#x} reaches past the end of the VMA at {at}")]
    PastVmaEnd { at: VirtAddr, old: u64 },
    #[error("MREMAP_FIXED and MREMAP_DONTUNMAP need MREMAP_MAYMOVE")]
    NeedsMayMove,
    #[error("MREMAP_DONTUNMAP needs equal lengths")]
    LengthsDiffer,
    #[error("the mapping at {at} moves alone or not at all")]
    MovesAlone { at: VirtAddr },
    #[error("an old length of 0 duplicates only shared mappings")]
    ZeroOldLength,
    #[error("the mapping at {at} cannot grow")]
    MayNotExpand { at: VirtAddr },
    #[error("growing in place needs free room behind {at}, and MREMAP_MAYMOVE was not given")]
    CannotGrowInPlace { at: VirtAddr },
    #[error("the pool of huge pages is empty (vm.nr_hugepages is 0)")]
    HugePoolEmpty,
    #[error("physical memory is exhausted")]
    OutOfFrames,
    #[error("page {at} could not be made present")]
    PopulateFailed { at: VirtAddr },
    #[error("pages of the VMA at {at} are locked")]
    LockedPages { at: VirtAddr },
    #[error("no such file")]
    NoSuchFile,
    #[error("the file exists already")]
    FileExists,
    #[error("the file mode does not allow it")]
    ModeForbids,
    #[error("it is a directory")]
    IsDirectory,
    #[error("the descriptor was not opened for this access")]
    WrongOpenMode,
    #[error("the name is longer than {max} bytes")]
    NameTooLong { max: u64 },
    #[error("all descriptors up to {limit} are in use")]
    NoDescriptor { limit: u64 },
    #[error("the file cannot be resized")]
    NotResizable,
    #[error("size {size:#x} is out of range")]
    BadSize { size: u64 },
    #[error("size {size:#x} exceeds RLIMIT_FSIZE ({limit:#x} bytes), and SIGXFSZ is raised")]
    FileSizeLimit { size: u64, limit: u64 },
    #[error("the file cannot be sealed")]
    NotSealable,
    #[error("no process {pid}")]
    NoProcess { pid: i64 },
    #[error("the process needs {capability}")]
    NeedsCapability { capability: &'static str },
    #[error("argument {index} has the value {value:#x}, which is not allowed")]
    BadArgument { index: u8, value: u64 },
    #[error("no shared memory segment {id}")]
    NoSegment { id: i64 },
    #[error("no shared memory segment is attached at {at}")]
    NothingAttached { at: VirtAddr },
    #[error("the caller does not own it")]
    NotOwner,
    #[error("the range from {at} on is not one shared mapping of one file")]
    NotOneSharedFile { at: VirtAddr },
    #[error("only MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED and MADV_COLLAPSE are for other processes")]
    AdviceNotForOthers,
    #[error("the I/O vector has {}, {most} are allowed", counted(*count, "piece"))]
    BadVectorCount { count: u64, most: u64 },
    #[error("a name has at most 79 printable characters and none of \\ ` $ [ ]")]
    BadName,
    #[error("the VMA at {at} maps a file: only anonymous memory has a name")]
    NotAnonymous { at: VirtAddr },
    #[error("protection key {key} is not allocated")]
    KeyNotAllocated { key: i64 },
    #[error("all protection keys are in use")]
    NoKeyLeft,
    #[error("clone does not take {what}")]
    CannotClone { what: &'static str },
    #[error("there is no child to wait for")]
    NoChild,
    #[error("the CPU has no protection keys")]
    NoProtectionKeys,
    #[error("the system call {name} is not emulated")]
    NotEmulated { name: &'static str },
}

/// A number with its noun.
fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Access permissions in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Perms(pub VmFlags);

impl fmt::Display for Perms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(VmFlags::READ, "read"), (VmFlags::WRITE, "write"), (VmFlags::EXEC, "execute")];
        let set: Vec<_> = names.iter().filter(|(flag, _)| self.0.contains(*flag)).map(|(_, n)| *n).collect();
        f.write_str(&if set.is_empty() { "none".to_string() } else { set.join("+") })
    }
}

/// The first reason why a range and its neighbour are two VMAs and not one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[allow(missing_docs)]
pub enum NoMerge {
    #[error("there is a gap between them")]
    Gap,
    #[error("special mappings never merge")]
    Special,
    #[error("flags differ by {}", .difference.smaps_names())]
    Flags { difference: VmFlags },
    #[error("one maps a file and the other does not, or the open files differ")]
    File,
    #[error("their protection keys differ: {ours} and {theirs}")]
    Key { ours: u64, theirs: u64 },
    #[error("their names differ (PR_SET_VMA_ANON_NAME)")]
    Name,
    #[error("page offsets {left_end:#x} and {right:#x} do not meet")]
    PageOffset { left_end: u64, right: u64 },
    #[error("different anon_vma: each has its own family of private pages, which an area keeps when the pages are gone")]
    AnonVma,
    #[error("the VMA came through fork: its anon_vma chain has several entries")]
    ForkChild,
    #[error("its vm_operations have a close method, so it may not vanish")]
    Close,
    #[error("the changed range does not touch this edge of its VMA")]
    NotAtEdge,
    #[error("brk extends only the VMA to its left, and only above start_brk")]
    BrkBorder,
}

/// Why an access raised a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[allow(missing_docs)]
pub enum SignalWhy {
    #[error("no VMA covers {addr}")]
    NoVma { addr: VirtAddr },
    #[error("the VMA at {vma} does not allow {access}")]
    Forbidden { vma: VirtAddr, access: &'static str },
    #[error("{addr} is not canonical: bits 63 to 47 differ")]
    NonCanonical { addr: VirtAddr },
    #[error("{addr} belongs to the kernel")]
    KernelHalf { addr: VirtAddr },
    #[error("page {page:#x} lies past the end of the file ({size:#x} bytes)")]
    PastEof { page: u64, size: u64 },
    #[error("the rights of protection key {key} forbid it (PKRU)")]
    Key { key: u8 },
    #[error("a guard region lies at {addr}")]
    Guard { addr: VirtAddr },
    #[error("the stack may not grow to {addr}: RLIMIT_STACK is {limit:#x} bytes")]
    StackLimit { addr: VirtAddr, limit: u64 },
    #[error("the stack may not grow to {addr}: another mapping is closer than 256 pages")]
    StackGap { addr: VirtAddr },
    #[error("the stack may not grow to {addr}: a limit on memory refuses it")]
    StackRefused { addr: VirtAddr },
    #[error("the stack would have to grow by {growth:#x} pages to reach {addr}, its page offset is only {pgoff:#x}")]
    StackOffset { addr: VirtAddr, growth: u64, pgoff: u64 },
    #[error("page {page:#x} could not be had from outside the machine")]
    NotRead { page: u64 },
    #[error("the mapping has no page there")]
    NoPage,
    #[error("physical memory is exhausted and the OOM killer chose this process")]
    OutOfMemory,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_sentences() {
        let why = Why::OffsetUnaligned { offset: 0x201 };
        assert_eq!(why.to_string(), "offset 0x201 is not a multiple of the page size");
        let no = NoMerge::Flags { difference: VmFlags::ACCOUNT };
        assert_eq!(no.to_string(), "flags differ by ac");
    }
}
