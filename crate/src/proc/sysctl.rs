//! The files below `/proc/sys/vm` (Linux `kernel/sysctl.c`, `mm/util.c`): a number each.

use crate::errno::Errno;
use crate::mm::Sysctl;

/// A setting's file.
pub struct SysctlFile {
    /// Its name.
    pub name: &'static str,
    /// Its permission bits.
    pub mode: u32,
    value: Value,
}

enum Value {
    /// What no setting of this machine is: the reference kernel's, for good.
    Fixed(i64),
    /// A setting, and the largest number that it may be.
    Set(fn(&mut Sysctl) -> &mut u64, i64),
    /// The one setting that is no word.
    OvercommitMemory,
}

const fn fixed(name: &'static str, value: i64) -> SysctlFile {
    SysctlFile { name, mode: 0o644, value: Value::Fixed(value) }
}

const fn set(name: &'static str, place: fn(&mut Sysctl) -> &mut u64, most: i64) -> SysctlFile {
    SysctlFile { name, mode: 0o644, value: Value::Set(place, most) }
}

const INT_MAX: i64 = i32::MAX as i64;

const FILES: &[SysctlFile] = &[
    set("max_map_count", |s| &mut s.max_map_count, INT_MAX),
    SysctlFile { name: "overcommit_memory", mode: 0o644, value: Value::OvercommitMemory },
    set("overcommit_ratio", |s| &mut s.overcommit_ratio, INT_MAX),
    set("overcommit_kbytes", |s| &mut s.overcommit_kbytes, i64::MAX),
    set("admin_reserve_kbytes", |s| &mut s.admin_reserve_kbytes, i64::MAX),
    set("user_reserve_kbytes", |s| &mut s.user_reserve_kbytes, i64::MAX),
    set("mmap_min_addr", |s| &mut s.mmap_min_addr, i64::MAX),
    // Orders that nothing here obeys: no number is right.
    SysctlFile { name: "drop_caches", mode: 0o200, value: Value::Fixed(-1) },
    SysctlFile { name: "compact_memory", mode: 0o200, value: Value::Fixed(-1) },
    SysctlFile { name: "mmap_rnd_bits", mode: 0o600, value: Value::Fixed(28) },
    fixed("dirty_background_ratio", 10),
    fixed("dirty_expire_centisecs", 3000),
    fixed("dirty_ratio", 20),
    fixed("dirty_writeback_centisecs", 500),
    fixed("hugetlb_shm_group", 0),
    fixed("legacy_va_layout", 0),
    fixed("memfd_noexec", 0),
    fixed("nr_hugepages", 0),
    fixed("nr_overcommit_hugepages", 0),
    fixed("oom_dump_tasks", 1),
    fixed("oom_kill_allocating_task", 0),
    fixed("page-cluster", 3),
    fixed("panic_on_oom", 0),
    fixed("swappiness", 60),
    fixed("unprivileged_userfaultfd", 0),
    fixed("vfs_cache_pressure", 100),
];

/// The place of a name in the table.
pub fn sysctl_index(name: &str) -> Option<u8> {
    FILES.iter().position(|file| file.name == name).map(|index| index as u8)
}

/// The file at a place of the table.
pub fn sysctl_file(index: u8) -> &'static SysctlFile {
    &FILES[usize::from(index) % FILES.len()]
}

impl SysctlFile {
    /// The number and a newline.
    pub fn text(&self, sysctl: &Sysctl) -> String {
        let value = match &self.value {
            Value::Fixed(value) => *value,
            Value::Set(place, _) => *place(&mut sysctl.clone()) as i64,
            Value::OvercommitMemory => sysctl.overcommit_memory.into(),
        };
        format!("{value}\n")
    }

    /// Takes the first number of what is written (Linux `proc_dointvec_minmax`, `proc_doulongvec_minmax`): how many bytes
    /// of it were read.
    ///
    /// # Errors
    /// EINVAL without a number, for one out of range, and for another value than a setting has that cannot be changed here.
    pub fn write(&self, sysctl: &mut Sysctl, written: &[u8]) -> Result<usize, Errno> {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | 0x0b..=0x0d);
        let from = written.iter().position(|byte| !blank(byte)).ok_or(Errno::EINVAL)?;
        let len = written[from..].iter().position(|byte| blank(byte) || *byte == 0).unwrap_or(written.len() - from);
        let word = std::str::from_utf8(&written[from..from + len]).ok().filter(|word| !word.starts_with('+') && word.len() < 21);
        let number = word.and_then(|word| kstrtoll(word, true).ok()).filter(|number| *number >= 0).ok_or(Errno::EINVAL)?;
        let (place, most): (&mut u64, _) = match &self.value {
            Value::Fixed(value) if *value != number => return Err(Errno::EINVAL),
            Value::Fixed(value) => (&mut 0, *value),
            Value::Set(place, most) => (place(sysctl), *most),
            Value::OvercommitMemory => (&mut 0, 2),
        };
        if number > most {
            return Err(Errno::EINVAL);
        }
        *place = number as u64;
        match self.name {
            "overcommit_memory" => sysctl.overcommit_memory = number as u8,
            // Each of the two takes the other's place.
            "overcommit_ratio" => sysctl.overcommit_kbytes = 0,
            "overcommit_kbytes" => sysctl.overcommit_ratio = 0,
            _ => {}
        }
        let end = from + len;
        Ok(written[end..].iter().position(|byte| !blank(byte)).map_or(written.len(), |more| end + more))
    }
}

/// A number as the kernel reads it: signed, and of base 10, or any base with its prefix (Linux `kstrtoll`).
///
/// # Errors
/// EINVAL for what is no number, ERANGE for one that no word holds.
pub fn kstrtoll(text: &str, any_base: bool) -> Result<i64, Errno> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = digits.strip_prefix("0x").or(digits.strip_prefix("0X"));
    let (radix, digits) = match hex {
        Some(digits) if any_base => (16, digits),
        _ if any_base && digits.starts_with('0') => (8, digits),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(Errno::EINVAL);
    }
    i64::from_str_radix(digits, radix).map(|number| number * sign).map_err(|_| Errno::ERANGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_the_kernel_reads_them() {
        let read = |text| kstrtoll(text, true);
        assert_eq!([read("7"), read("+7"), read("-7"), read("0x1F"), read("010"), read("0")], [7, 7, -7, 31, 8, 0].map(Ok));
        for text in ["", "-", "+-1", "08", "0x", "1 ", "x", "1a"] {
            assert_eq!(read(text), Err(Errno::EINVAL), "{text}");
        }
        assert_eq!(read("99999999999999999999"), Err(Errno::ERANGE));
        assert_eq!((kstrtoll("010", false), kstrtoll("0x1", false)), (Ok(10), Err(Errno::EINVAL)));
    }

    #[test]
    fn settings_are_read_and_written() {
        let mut sysctl = Sysctl::reference();
        let file = |name| sysctl_file(sysctl_index(name).unwrap());
        let (count, ratio, kbytes, mode) =
            (file("max_map_count"), file("overcommit_ratio"), file("overcommit_kbytes"), file("overcommit_memory"));
        assert_eq!(count.text(&sysctl), "65530\n");
        assert_eq!(count.write(&mut sysctl, b" 0x10\n"), Ok(6));
        assert_eq!((count.text(&sysctl), sysctl.max_map_count), ("16\n".into(), 16));
        assert_eq!(count.write(&mut sysctl, b"20 30"), Ok(3));
        for refused in [&b""[..], b" ", b"-1", b"x", b"1x", b"+1", b"2147483648", b"99999999999999999999999"] {
            assert_eq!(count.write(&mut sysctl, refused), Err(Errno::EINVAL));
        }
        assert_eq!((mode.write(&mut sysctl, b"3"), mode.write(&mut sysctl, b"2\0junk")), (Err(Errno::EINVAL), Ok(1)));
        assert_eq!((sysctl.overcommit_memory, kbytes.write(&mut sysctl, b"4096"), sysctl.overcommit_ratio), (2, Ok(4), 0));
        assert_eq!((ratio.write(&mut sysctl, b"60"), kbytes.text(&sysctl)), (Ok(2), "0\n".into()));
        assert_eq!(
            (file("swappiness").write(&mut sysctl, b"60"), file("swappiness").write(&mut sysctl, b"1")),
            (Ok(2), Err(Errno::EINVAL))
        );
        assert!(sysctl_index("nothing").is_none());
    }
}
