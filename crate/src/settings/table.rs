//! The settings of a machine that a script can name. One table: the header is read by it, and whoever compares with a
//! live kernel finds there what that kernel may have otherwise.

use crate::mm::Sysctl;

/// How a script writes a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// `@sysctl NAME NUMBER`: can be changed while the kernel runs.
    Sysctl,
    /// `@config NAME yes|no`: how the kernel was built, or what its CPU can do.
    Config,
    /// `@NAME BYTES`: the size of something.
    Size,
}

/// A setting of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// As a script writes it; the kernel's own name where it has one.
    pub name: &'static str,
    /// What stands before the name.
    pub directive: Directive,
    /// Its value in the unit that a script uses; yes is 1.
    pub get: fn(&Sysctl) -> u64,
    /// Sets it, in the same unit.
    pub set: fn(&mut Sysctl, u64),
    /// Values that other machines have.
    pub elsewhere: &'static [u64],
}

/// All of them.
pub const SETTINGS: &[Setting] = &[
    sysctl("vm.max_map_count", |s| s.max_map_count, |s, v| s.max_map_count = v, &[65_530, 262_144]),
    sysctl("vm.overcommit_memory", |s| s.overcommit_memory.into(), |s, v| s.overcommit_memory = v.min(2) as u8, &[0, 1, 2]),
    sysctl("vm.overcommit_ratio", |s| s.overcommit_ratio, |s, v| s.overcommit_ratio = v, &[50, 80]),
    sysctl("vm.admin_reserve_kbytes", |s| s.admin_reserve_kbytes, |s, v| s.admin_reserve_kbytes = v, &[0, 8192]),
    sysctl("vm.user_reserve_kbytes", |s| s.user_reserve_kbytes, |s, v| s.user_reserve_kbytes = v, &[0, 131_072]),
    sysctl("vm.mmap_min_addr", |s| s.mmap_min_addr, |s, v| s.mmap_min_addr = v, &[0, 4096, 65_536]),
    // What a disk reads ahead is a policy that a script chooses (see [`Sysctl::read_ahead_pages`]).
    sysctl("read_ahead_kb", |s| s.read_ahead_pages << 2, |s, v| s.read_ahead_pages = v >> 2, &[]),
    sysctl("fault_around_bytes", |s| s.fault_around_pages << 12, |s, v| s.fault_around_pages = v >> 12, &[4096, 65_536]),
    config("ANON_VMA_NAME", |s| s.anon_vma_names.into(), |s, v| s.anon_vma_names = v != 0),
    config("MEM_SOFT_DIRTY", |s| s.soft_dirty.into(), |s, v| s.soft_dirty = v != 0),
    config("PKU", |s| s.pku.into(), |s, v| s.pku = v != 0),
    config("LA57", |s| s.la57.into(), |s, v| s.la57 = v != 0),
    size("lsm_mmap_min_addr", |s| s.lsm_mmap_min_addr, |s, v| s.lsm_mmap_min_addr = v, &[0, 65_536]),
    size("memtotal", |s| s.total_pages << 12, |s, v| s.total_pages = v >> 12, &[4 << 30, 24_200_000 << 10, 25_100_000 << 10, 512 << 30]),
    size("swap", |s| s.swap_pages << 12, |s, v| s.swap_pages = v >> 12, &[0, 8 << 30]),
];

type Get = fn(&Sysctl) -> u64;
type Set = fn(&mut Sysctl, u64);

const fn sysctl(name: &'static str, get: Get, set: Set, elsewhere: &'static [u64]) -> Setting {
    Setting { name, directive: Directive::Sysctl, get, set, elsewhere }
}

const fn config(name: &'static str, get: Get, set: Set) -> Setting {
    Setting { name, directive: Directive::Config, get, set, elsewhere: &[0, 1] }
}

const fn size(name: &'static str, get: Get, set: Set, elsewhere: &'static [u64]) -> Setting {
    Setting { name, directive: Directive::Size, get, set, elsewhere }
}

impl Setting {
    /// The setting of a name that is written with a directive.
    pub fn find(directive: Directive, name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.directive == directive && setting.name == name)
    }

    /// The names that a directive takes, for the reader of an error.
    pub(super) fn names(directive: Directive) -> String {
        let names: Vec<_> = SETTINGS.iter().filter(|setting| setting.directive == directive).map(|setting| setting.name).collect();
        names.join(", ")
    }

    /// The line of a header that gives it a value.
    pub fn line(&self, value: u64) -> String {
        let kib = value.is_multiple_of(1024) && value > 0;
        match self.directive {
            Directive::Sysctl => format!("@sysctl {} {value}", self.name),
            Directive::Config => format!("@config {} {}", self.name, if value == 0 { "no" } else { "yes" }),
            Directive::Size if kib => format!("@{} {}K", self.name, value / 1024),
            Directive::Size => format!("@{} {value}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Header;

    #[test]
    fn what_a_line_gives_is_what_the_header_takes() {
        for setting in SETTINGS {
            for value in [0, 4096] {
                let value = if setting.directive == Directive::Config { value.min(1) } else { value };
                let value = if setting.name == "vm.overcommit_memory" { value.min(2) } else { value };
                let header = Header::read(&setting.line(value)).expect("the line is right");
                assert_eq!((setting.get)(&header.machine.sysctl), value, "{}", setting.line(value));
                assert!(header.gives(setting.name), "{}", setting.name);
            }
        }
    }
}
