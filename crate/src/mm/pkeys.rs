//! Memory protection keys (Linux `arch/x86/mm/pkeys.c`, `mm/mprotect.c`): four bits of an area and of its
//! page-table entries, and a register that says what each of the sixteen keys forbids. Only with a CPU that
//! has them; see [`super::Sysctl::pku`].

use super::kernel::Kernel;
use super::mm_struct::Mm;
use crate::errno::{Errno, SysResult};
use crate::flags::{Prot, VmFlags};
use crate::ids::MmId;
use crate::why::Why;

/// Keys of x86-64.
const KEYS: u8 = 16;
/// `PKEY_DISABLE_ACCESS`.
const DISABLE_ACCESS: u32 = 1;
/// `PKEY_DISABLE_WRITE`.
const DISABLE_WRITE: u32 = 2;
/// Both.
const RIGHTS: u64 = 3;
/// What PKRU is when a new program, or a handler of a signal, starts: every key but 0 forbids all access (Linux
/// `init_pkru_value`).
pub const INITIAL_PKRU: u32 = 0x5555_5554;

impl VmFlags {
    const PKEY_SHIFT: u32 = 32;

    /// The protection key of an area.
    #[inline]
    pub fn pkey(self) -> u8 {
        (self.bits() >> Self::PKEY_SHIFT) as u8 & (KEYS - 1)
    }

    /// The same flags with another key.
    pub fn with_pkey(self, key: u8) -> Self {
        let cleared = self.bits() & !(u64::from(KEYS - 1) << Self::PKEY_SHIFT);
        Self::from_bits_retain(cleared | u64::from(key) << Self::PKEY_SHIFT)
    }
}

impl Kernel {
    /// A new program has key 0 and no other (Linux `init_new_context`).
    pub(crate) fn init_new_context(&self, mm: &mut Mm) {
        mm.pkeys = u16::from(self.sysctl.pku);
    }

    /// Hands out a key and sets its rights for the caller (Linux `pkey_alloc`).
    ///
    /// # Errors
    /// EINVAL for flags or unknown rights, and on a CPU without keys; ENOSPC when all are in use.
    pub(crate) fn do_pkey_alloc(&mut self, flags: u64, rights: u64) -> SysResult {
        self.require(flags == 0, Errno::EINVAL, || Why::UnknownFlags { flags })?;
        self.require(rights & !RIGHTS == 0, Errno::EINVAL, || Why::UnknownFlags { flags: rights & !RIGHTS })?;
        let mm = self.current_mm();
        if !self.sysctl.pku {
            // The only key there is, 0, is handed out once before the CPU refuses.
            let taken = std::mem::replace(&mut self.mms[mm].pkeys, 1) != 0;
            self.require(!taken, Errno::ENOSPC, || Why::NoKeyLeft)?;
            return self.refuse(Errno::EINVAL, Why::NoProtectionKeys);
        }
        let Some(key) = self.take_key(mm) else { return self.refuse(Errno::ENOSPC, Why::NoKeyLeft) };
        self.set_rights(key, rights as u32);
        Ok(key.into())
    }

    /// Takes a key back; areas that have it keep it (Linux `pkey_free`).
    ///
    /// # Errors
    /// EINVAL for one that is not handed out.
    pub(crate) fn do_pkey_free(&mut self, key: u64) -> SysResult {
        let mm = self.current_mm();
        let key = key as u32 as i32;
        self.require(self.key_is_allocated(mm, key), Errno::EINVAL, || Why::KeyNotAllocated { key: key.into() })?;
        self.mms[mm].pkeys &= !(1 << key);
        Ok(0)
    }

    /// Linux `mm_pkey_is_allocated`: the key for execute-only memory belongs to the kernel.
    pub(crate) fn key_is_allocated(&self, mm: MmId, key: i32) -> bool {
        let space = &self.mms[mm];
        let in_range = (0..i32::from(KEYS)).contains(&key);
        self.sysctl.pku && in_range && space.execute_only_pkey != Some(key as u8) && space.pkeys >> key & 1 == 1
    }

    fn take_key(&mut self, mm: MmId) -> Option<u8> {
        let keys = &mut self.mms[mm].pkeys;
        let free = (0..KEYS).find(|key| *keys >> key & 1 == 0)?;
        *keys |= 1 << free;
        Some(free)
    }

    /// Writes the caller's rights of one key into PKRU.
    fn set_rights(&mut self, key: u8, rights: u32) {
        let shift = u32::from(key) * 2;
        let pkru = self.task().pkru & !((RIGHTS as u32) << shift) | rights << shift;
        self.write_pkru(pkru);
    }

    /// WRPKRU: what each key forbids from now on, two bits a key.
    pub(crate) fn write_pkru(&mut self, pkru: u32) {
        let current = self.current;
        self.tasks[current].pkru = pkru;
        self.cpu.set_pkru(pkru, &mut self.trace);
    }

    /// The key of memory that may only be executed (Linux `execute_only_pkey`); 0 if none is to be had. A program
    /// that has given itself the right to read with it loses the right again.
    pub(crate) fn execute_only_pkey(&mut self, mm: MmId) -> u8 {
        if !self.sysctl.pku {
            return 0;
        }
        let has_one = self.mms[mm].execute_only_pkey;
        if let Some(key) = has_one.filter(|key| self.rights(*key) & DISABLE_ACCESS != 0) {
            return key;
        }
        let Some(key) = has_one.or_else(|| self.take_key(mm)) else { return 0 };
        self.set_rights(key, DISABLE_ACCESS);
        self.mms[mm].execute_only_pkey = Some(key);
        key
    }

    /// The key an area gets by mprotect (Linux `arch_override_mprotect_pkey`). With any other bit, even one without
    /// effect, memory is not execute-only.
    pub(crate) fn override_mprotect_pkey(&mut self, mm: MmId, old: VmFlags, prot: Prot, asked: Option<u8>) -> u8 {
        if let (Some(key), true) = (asked, self.sysctl.pku) {
            return key;
        }
        let execute_only = prot == Prot::EXEC;
        if execute_only {
            let key = self.execute_only_pkey(mm);
            if key > 0 {
                return key;
            }
        } else if self.mms[mm].execute_only_pkey == Some(old.pkey()) && old & VmFlags::ACCESS == VmFlags::EXEC {
            return 0;
        }
        old.pkey()
    }

    /// What PKRU forbids the caller with a key: two bits.
    fn rights(&self, key: u8) -> u32 {
        self.task().pkru >> (u32::from(key) * 2) & RIGHTS as u32
    }

    /// Whether PKRU forbids the caller an access to an area (Linux `arch_vma_access_permitted`).
    pub(crate) fn pkru_forbids(&self, flags: VmFlags, write: bool) -> bool {
        let rights = self.rights(flags.pkey());
        self.sysctl.pku && (rights & DISABLE_ACCESS != 0 || write && rights & DISABLE_WRITE != 0)
    }
}
