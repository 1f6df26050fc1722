//! The bits of the system-call interface and of VMAs, with Linux's values.

use bitflags::bitflags;

bitflags! {
    /// `PROT_*` of `mmap(2)` and `mprotect(2)`. Unknown bits are kept: `mmap` ignores them, `mprotect` refuses them.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct Prot: u64 {
        #[allow(missing_docs)] const READ = 1;
        #[allow(missing_docs)] const WRITE = 2;
        #[allow(missing_docs)] const EXEC = 4;
        /// Accepted and without effect on x86.
        const SEM = 8;
        /// `mprotect` down to the start of a growing VMA.
        const GROWSDOWN = 0x0100_0000;
        /// `mprotect` up to the end of an upward growing VMA (there is none on x86).
        const GROWSUP = 0x0200_0000;
        const _ = !0;
    }

    /// `MAP_*` of `mmap(2)`. The low four bits are a number, the type: see [`MapFlags::map_type`].
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct MapFlags: u64 {
        #[allow(missing_docs)] const SHARED = 0x01;
        #[allow(missing_docs)] const PRIVATE = 0x02;
        /// Exactly at the address, replacing what is there.
        const FIXED = 0x10;
        #[allow(missing_docs)] const ANONYMOUS = 0x20;
        /// Below 2 GiB.
        const MAP_32BIT = 0x40;
        /// At or above 4 GiB.
        const ABOVE4G = 0x80;
        /// A stack: grows towards lower addresses on a fault.
        const GROWSDOWN = 0x0100;
        #[allow(missing_docs)] const DENYWRITE = 0x0800;
        #[allow(missing_docs)] const EXECUTABLE = 0x1000;
        /// Pages cannot be swapped out, and are made present at once.
        const LOCKED = 0x2000;
        /// No reservation of swap space.
        const NORESERVE = 0x4000;
        /// Make pages present at once.
        const POPULATE = 0x8000;
        /// With POPULATE: do not.
        const NONBLOCK = 0x1_0000;
        /// For a thread's stack (sets no-huge-page).
        const STACK = 0x2_0000;
        #[allow(missing_docs)] const HUGETLB = 0x4_0000;
        #[allow(missing_docs)] const SYNC = 0x8_0000;
        /// At the address or not at all.
        const FIXED_NOREPLACE = 0x10_0000;
        #[allow(missing_docs)] const UNINITIALIZED = 0x400_0000;
        const _ = !0;
    }

    /// `vm_flags` of a VMA (Linux `VM_*`, same bits).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
    pub struct VmFlags: u64 {
        #[allow(missing_docs)] const READ = 0x1;
        #[allow(missing_docs)] const WRITE = 0x2;
        #[allow(missing_docs)] const EXEC = 0x4;
        /// Writes go to the object and are seen by all who map it.
        const SHARED = 0x8;
        /// `mprotect` may set READ.
        const MAYREAD = 0x10;
        /// `mprotect` may set WRITE.
        const MAYWRITE = 0x20;
        /// `mprotect` may set EXEC.
        const MAYEXEC = 0x40;
        /// Mapped with MAP_SHARED, even if the file is not writable.
        const MAYSHARE = 0x80;
        /// A stack.
        const GROWSDOWN = 0x100;
        /// userfaultfd: missing pages.
        const UFFD_MISSING = 0x200;
        /// Bare frames without metadata (vvar).
        const PFNMAP = 0x400;
        /// A guard region was installed somewhere inside, once. Sticks, and does not keep areas from merging.
        const MAYBE_GUARD = 0x800;
        /// userfaultfd: write protection.
        const UFFD_WP = 0x1000;
        /// `mlock`ed.
        const LOCKED = 0x2000;
        /// Device memory.
        const IO = 0x4000;
        /// MADV_SEQUENTIAL.
        const SEQ_READ = 0x8000;
        /// MADV_RANDOM.
        const RAND_READ = 0x1_0000;
        /// Not copied by fork (MADV_DONTFORK).
        const DONTCOPY = 0x2_0000;
        /// Cannot grow by mremap.
        const DONTEXPAND = 0x4_0000;
        /// Lock pages only as they are touched.
        const LOCKONFAULT = 0x8_0000;
        /// Counted in Committed_AS. Sticky: decides merges long after.
        const ACCOUNT = 0x10_0000;
        /// MAP_NORESERVE.
        const NORESERVE = 0x20_0000;
        #[allow(missing_docs)] const HUGETLB = 0x40_0000;
        #[allow(missing_docs)] const SYNC = 0x80_0000;
        /// Emptied in the child by fork (MADV_WIPEONFORK).
        const WIPEONFORK = 0x200_0000;
        /// Not in core dumps.
        const DONTDUMP = 0x400_0000;
        #[allow(missing_docs)] const SOFTDIRTY = 0x800_0000;
        #[allow(missing_docs)] const MIXEDMAP = 0x1000_0000;
        /// MADV_HUGEPAGE.
        const HUGEPAGE = 0x2000_0000;
        /// MADV_NOHUGEPAGE or MAP_STACK.
        const NOHUGEPAGE = 0x4000_0000;
        /// MADV_MERGEABLE.
        const MERGEABLE = 0x8000_0000;
        /// The kernel may drop the pages at any time (MAP_DROPPABLE).
        const DROPPABLE = 1 << 40;
        /// The protection key, a number of four bits.
        const PKEY = 0xf << 32;
        /// userfaultfd: minor faults.
        const UFFD_MINOR = 1 << 41;
        /// `mseal`ed.
        const SEALED = 1 << 42;
    }
}

impl MapFlags {
    /// The type bits: 1 shared, 2 private, 3 shared with flag validation, 8 droppable.
    pub const fn map_type(self) -> u64 {
        self.bits() & 0xf
    }
}

/// `MAP_SHARED_VALIDATE`: shared, and refuse flags that are not understood.
pub const MAP_SHARED_VALIDATE: u64 = 3;
/// `MAP_DROPPABLE`: private memory that may vanish.
pub const MAP_DROPPABLE: u64 = 8;

impl VmFlags {
    /// Read, write and execute (Linux `VM_ACCESS_FLAGS`).
    pub const ACCESS: Self = Self::READ.union(Self::WRITE).union(Self::EXEC);
    /// Flags that do not keep areas apart (Linux `VM_IGNORE_MERGE`); the sticky one survives in the merged area.
    pub const IGNORED_IN_MERGE: Self = Self::SOFTDIRTY.union(Self::MAYBE_GUARD);
    /// VMAs that never merge (Linux `VM_SPECIAL`).
    pub const SPECIAL: Self = Self::IO.union(Self::DONTEXPAND).union(Self::PFNMAP).union(Self::MIXEDMAP);

    /// Private and possibly written: writes make copies (Linux `is_cow_mapping`).
    #[inline]
    pub const fn is_cow(self) -> bool {
        self.bits() & (Self::SHARED.bits() | Self::MAYWRITE.bits()) == Self::MAYWRITE.bits()
    }

    /// Counted in `data_vm` (Linux `is_data_mapping`): writable, private, no stack.
    #[inline]
    pub const fn is_data(self) -> bool {
        self.bits() & (Self::WRITE.bits() | Self::SHARED.bits() | Self::GROWSDOWN.bits()) == Self::WRITE.bits()
    }

    /// Counted in `exec_vm`: executable, neither writable nor stack.
    #[inline]
    pub const fn is_exec(self) -> bool {
        self.bits() & (Self::WRITE.bits() | Self::EXEC.bits() | Self::GROWSDOWN.bits()) == Self::EXEC.bits()
    }

    /// The access bits of a protection (Linux `calc_vm_prot_bits`).
    #[inline]
    pub fn from_prot(prot: Prot) -> Self {
        Self::from_bits_truncate(prot.bits() & 7)
    }

    /// The flags as `/proc/PID/smaps` prints them after `VmFlags:`.
    pub fn smaps_names(self) -> String {
        let names = SMAPS_NAMES.iter().filter(|(flag, _)| self.contains(*flag));
        names.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    }

    /// The flag of two letters of smaps.
    pub fn from_smaps_name(name: &str) -> Option<Self> {
        SMAPS_NAMES.iter().find(|(_, known)| *known == name).map(|(flag, _)| *flag)
    }

    /// The four letters of `/proc/PID/maps`.
    pub fn perms(self) -> [char; 4] {
        let letter = |flag, c| if self.contains(flag) { c } else { '-' };
        [letter(Self::READ, 'r'), letter(Self::WRITE, 'w'), letter(Self::EXEC, 'x'), if self.contains(Self::MAYSHARE) { 's' } else { 'p' }]
    }
}

/// In the order of the bits, as the kernel prints them.
const SMAPS_NAMES: &[(VmFlags, &str)] = &[
    (VmFlags::READ, "rd"),
    (VmFlags::WRITE, "wr"),
    (VmFlags::EXEC, "ex"),
    (VmFlags::SHARED, "sh"),
    (VmFlags::MAYREAD, "mr"),
    (VmFlags::MAYWRITE, "mw"),
    (VmFlags::MAYEXEC, "me"),
    (VmFlags::MAYSHARE, "ms"),
    (VmFlags::GROWSDOWN, "gd"),
    (VmFlags::UFFD_MISSING, "um"),
    (VmFlags::PFNMAP, "pf"),
    (VmFlags::MAYBE_GUARD, "gu"),
    (VmFlags::UFFD_WP, "uw"),
    (VmFlags::LOCKED, "lo"),
    (VmFlags::IO, "io"),
    (VmFlags::SEQ_READ, "sr"),
    (VmFlags::RAND_READ, "rr"),
    (VmFlags::DONTCOPY, "dc"),
    (VmFlags::DONTEXPAND, "de"),
    (VmFlags::LOCKONFAULT, "lf"),
    (VmFlags::ACCOUNT, "ac"),
    (VmFlags::NORESERVE, "nr"),
    (VmFlags::HUGETLB, "ht"),
    (VmFlags::SYNC, "sf"),
    (VmFlags::WIPEONFORK, "wf"),
    (VmFlags::DONTDUMP, "dd"),
    (VmFlags::SOFTDIRTY, "sd"),
    (VmFlags::MIXEDMAP, "mm"),
    (VmFlags::HUGEPAGE, "hg"),
    (VmFlags::NOHUGEPAGE, "nh"),
    (VmFlags::MERGEABLE, "mg"),
    (VmFlags::DROPPABLE, "dp"),
    (VmFlags::UFFD_MINOR, "ui"),
    (VmFlags::SEALED, "sl"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaps_names_come_in_the_order_of_bits() {
        let anon = VmFlags::READ | VmFlags::WRITE | VmFlags::MAYREAD | VmFlags::MAYWRITE | VmFlags::MAYEXEC;
        assert_eq!((anon | VmFlags::ACCOUNT).smaps_names(), "rd wr mr mw me ac");
    }

    #[test]
    fn perms_show_the_mapping_type() {
        assert_eq!((VmFlags::READ | VmFlags::MAYSHARE).perms(), ['r', '-', '-', 's']);
    }
}
