//! What the machine here has that answers depend on. The emulator's side is set to the same; what cannot be set there is
//! set here for as long as the harness runs, or named.

use crate::live::capabilities;
use crate::sandbox::{Sandbox, SettingGuard};
use pagefault::machine::{Capabilities, Sysctl};
use pagefault::script::{Header, SETTINGS, Script, Setting, depends_on};
use std::fs::read_to_string;
use std::path::Path;

/// The kernel that the emulator follows.
const REFERENCE: &str = "6.18.";
/// Machines of one size differ by what their firmware keeps: so much, in percent, is the same size.
const SAME_SIZE_PERCENT: u64 = 2;

const MARKS: &str = "MEM_SOFT_DIRTY";
/// Settings that the emulator keeps whatever the machine here has: which pages a disk reads ahead matters only to
/// scripts that say so, and soft-dirty marks are not compared.
const LEFT_AS_IT_IS: &[&str] = &["read_ahead_kb", MARKS];

/// Where scripts are run for real.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) sandbox: Sandbox,
    pub(crate) host: Host,
}

/// The machine here.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) release: String,
    /// The value of each setting here.
    values: Vec<(&'static Setting, u64)>,
    /// What the harness may do, and so the processes that it starts.
    capabilities: Capabilities,
    /// What is not compared, and why.
    left_out: Vec<String>,
    _settings: Vec<SettingGuard>,
}

impl Host {
    /// Finds out what is here, and puts the machine in the state of the reference where that can be taken back.
    pub(crate) fn look(sandbox: &mut Sandbox) -> Self {
        let flags = cpu_flags();
        let values = SETTINGS.iter().filter_map(|setting| Some((setting, value_here(setting, &flags, sandbox)?))).collect();
        let capabilities = own_capabilities();
        let mut host = Self { release: release(), values, capabilities, left_out: Vec::new(), _settings: Vec::new() };
        host.settle(sandbox);
        if host.has_marks() {
            host.left_out.push("soft-dirty marks (`sd` of VmFlags, bit 55 of pagemap, what clear_refs 4 does)".into());
        }
        host.left_out.extend(not_modelled());
        host
    }

    /// Whether its kernel is the one that the emulator follows.
    pub(crate) fn is_reference(&self) -> bool {
        self.release.starts_with(REFERENCE)
    }

    /// What it is and has otherwise than the reference machine, in a line; and what is not compared, in another.
    pub(crate) fn describe(&self) -> String {
        let reference = Sysctl::reference();
        let counts = |setting: &Setting| !LEFT_AS_IT_IS.contains(&setting.name);
        let otherwise = self.values.iter().filter(|(setting, value)| counts(setting) && (setting.get)(&reference) != *value);
        let names: Vec<_> = otherwise.map(|(setting, value)| setting.line(*value)[1..].to_string()).collect();
        let mut text = format!("kernel {}", self.release);
        if !self.is_reference() {
            text += ": not the reference, 6.18; what differs may be the kernels' difference";
        }
        if !names.is_empty() {
            text += &format!("\nthe emulator is set as this machine is: {}", names.join(", "));
        }
        if !self.left_out.is_empty() {
            text += &format!("\nnot compared here: {}", self.left_out.join("; "));
        }
        text
    }

    /// Sets the emulator's side as this machine is, but for what a script gives itself.
    pub(crate) fn equip(&self, header: &mut Header) {
        for (setting, value) in &self.values {
            let open = !header.gives(setting.name) && !LEFT_AS_IT_IS.contains(&setting.name);
            if open || setting.name == "memtotal" && self.lacks_one(setting, *value, header).is_none() {
                (setting.set)(&mut header.machine.sysctl, *value);
            }
        }
    }

    /// What a script wants that is otherwise here and cannot be set.
    pub(crate) fn lacks(&self, script: &Script) -> Vec<String> {
        let settings = self.values.iter().filter_map(|(setting, value)| self.lacks_one(setting, *value, &script.header));
        let missing = capabilities(&script.header.process) - self.capabilities;
        let missing = missing.iter_names().map(|(name, _)| format!("CAP_{name}"));
        settings.chain(missing).collect()
    }

    fn lacks_one(&self, setting: &Setting, here: u64, header: &Header) -> Option<String> {
        let wanted = (setting.get)(&header.machine.sysctl);
        let same = match setting.name {
            MARKS if wanted != 0 => false,
            "memtotal" => wanted.abs_diff(here) <= here / 100 * SAME_SIZE_PERCENT,
            _ => wanted == here || can_be_set(setting),
        };
        (header.gives(setting.name) && !same).then(|| setting.line(wanted)[1..].to_string())
    }

    /// The settings that a script wants otherwise than they are, and what it wants.
    pub(crate) fn wishes(&self, script: &Script) -> Vec<(&'static Setting, u64)> {
        let wish = |(setting, here): &(&'static Setting, u64)| {
            let wanted = (setting.get)(&script.header.machine.sysctl);
            let differs = script.header.gives(setting.name) && wanted != *here && can_be_set(setting);
            differs.then_some((*setting, wanted))
        };
        self.values.iter().filter_map(wish).collect()
    }

    /// Whether areas and pages carry soft-dirty marks, of which the emulator knows those of areas only.
    pub(crate) fn has_marks(&self) -> bool {
        self.value(MARKS) == Some(1)
    }

    /// The value of a setting here.
    pub(crate) fn value(&self, name: &str) -> Option<u64> {
        self.values.iter().find(|(setting, _)| setting.name == name).map(|(_, value)| *value)
    }

    /// Lines for the header of a recording: the settings here that its answers depend on.
    pub(crate) fn lines_for(&self, recorded: &Script) -> Vec<String> {
        let mut script = recorded.clone();
        self.equip(&mut script.header);
        let line = |setting: &Setting| Some(setting.line(self.value(setting.name)?));
        depends_on(&script).into_iter().filter_map(line).collect()
    }

    /// Puts aside, until the harness ends, what the emulator does not model and what can be put back.
    fn settle(&mut self, sandbox: &mut Sandbox) {
        for (path, calm) in CALM {
            let Some(now) = chosen(path).filter(|now| now != calm) else { continue };
            match sandbox.set(path, calm, &now) {
                Ok(guard) => self._settings.push(guard),
                Err(error) => self.left_out.push(format!("what {path} = {now} changes (it cannot be set to {calm}: {error})")),
            }
        }
    }
}

/// Files of settings that the emulator knows with one value only.
const CALM: &[(&str, &str)] = &[
    ("/sys/kernel/mm/transparent_hugepage/enabled", "madvise"),
    ("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "never"),
    ("/sys/kernel/mm/ksm/run", "0"),
    ("/proc/sys/vm/legacy_va_layout", "0"),
];

/// Whether a setting can be changed while the kernel runs, and this harness does so.
fn can_be_set(setting: &Setting) -> bool {
    setting.name.starts_with("vm.") || setting.name == "read_ahead_kb"
}

/// What a file of settings says; of `always [madvise] never` the one in brackets.
pub(crate) fn chosen(path: &str) -> Option<String> {
    let text = read_to_string(path).ok()?;
    let bracketed = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    Some(bracketed.map_or(text.trim(), |(word, _)| word).to_string())
}

fn release() -> String {
    read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_string()
}

/// What this process may do and give on.
fn own_capabilities() -> Capabilities {
    let text = read_to_string("/proc/self/status").unwrap_or_default();
    let set = |name| text.lines().find_map(|line| u64::from_str_radix(line.strip_prefix(name)?.trim(), 16).ok()).unwrap_or(0);
    Capabilities::from_bits_truncate(set("CapEff:") & set("CapBnd:"))
}

fn cpu_flags() -> Vec<String> {
    let text = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("flags"));
    line.and_then(|line| line.split_once(':')).map_or(Vec::new(), |(_, flags)| flags.split_whitespace().map(str::to_string).collect())
}

fn value_here(setting: &Setting, flags: &[String], sandbox: &Sandbox) -> Option<u64> {
    let has = |flag: &str| u64::from(flags.iter().any(|known| known == flag));
    if let Some(name) = setting.name.strip_prefix("vm.") {
        return chosen(&format!("/proc/sys/vm/{name}"))?.parse().ok();
    }
    Some(match setting.name {
        "PKU" => has("ospke"),
        "LA57" => has("la57"),
        "ANON_VMA_NAME" => u64::from(names_areas()),
        "MEM_SOFT_DIRTY" => u64::from(marks_areas()),
        "lsm_mmap_min_addr" => lowest_hint(),
        "memtotal" => memory_info("MemTotal:")?,
        "swap" => memory_info("SwapTotal:")?,
        "read_ahead_kb" => sandbox.read_ahead_kb()?,
        // Without debugfs nobody has changed it.
        "fault_around_bytes" => chosen("/sys/kernel/debug/fault_around_bytes").and_then(|text| text.parse().ok()).unwrap_or(65_536),
        _ => return None,
    })
}

/// A field of `/proc/meminfo` in bytes.
fn memory_info(field: &str) -> Option<u64> {
    let text = read_to_string("/proc/meminfo").ok()?;
    let kb: u64 = text.lines().find_map(|line| line.strip_prefix(field))?.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kb << 10)
}

/// A page of this process, mapped at a hint.
fn map_page(hint: usize) -> *mut libc::c_void {
    // SAFETY: a new mapping; a hint replaces nothing.
    unsafe { libc::mmap(hint as *mut _, 4096, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) }
}

/// Where a hint at the second page goes: the kernel's `mmap_min_addr`.
fn lowest_hint() -> u64 {
    let page = map_page(4096);
    // SAFETY: the mapping just made.
    unsafe { libc::munmap(page, 4096) };
    page as u64
}

/// CONFIG_ANON_VMA_NAME.
fn names_areas() -> bool {
    let page = map_page(0);
    // SAFETY: the mapping just made, and a string that lives through the call.
    unsafe {
        let named = libc::prctl(libc::PR_SET_VMA, libc::PR_SET_VMA_ANON_NAME, page, 4096, c"pagefault".as_ptr()) == 0;
        libc::munmap(page, 4096);
        named
    }
}

/// CONFIG_MEM_SOFT_DIRTY: what a program starts with is marked.
fn marks_areas() -> bool {
    read_to_string("/proc/self/smaps").unwrap_or_default().lines().any(|line| line.starts_with("VmFlags:") && line.contains(" sd"))
}

/// What the machine does that no script of ours can ask for, and the emulator does not do.
fn not_modelled() -> Vec<String> {
    let mut found = Vec::new();
    if states("/sys/kernel/mm/damon/admin/kdamonds").iter().any(|state| state == "on") {
        found.push("Referenced of smaps, and cached pages that DAMON takes back".to_string());
    }
    let pool = chosen("/proc/sys/vm/nr_hugepages").unwrap_or_default();
    if !matches!(pool.as_str(), "" | "0") {
        found.push(format!("MAP_HUGETLB (the pool has {pool} pages, the emulator's none)"));
    }
    for size in folders("/sys/kernel/mm/transparent_hugepage") {
        let path = size.join("enabled");
        let name = size.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let now = chosen(&path.to_string_lossy()).unwrap_or_default();
        if name.starts_with("hugepages-") && !matches!(now.as_str(), "" | "never") && !(name == "hugepages-2048kB" && now == "inherit") {
            found.push(format!("anonymous folios ({name} is {now})"));
        }
    }
    if folders("/sys/devices/system/node").iter().filter(|path| path.join("meminfo").exists()).count() > 1 {
        found.push("nodes of NUMA".to_string());
    }
    if memory_info("SwapTotal:").is_some_and(|bytes| bytes > 0) {
        found.push("pages that go to the swap".to_string());
    }
    found
}

fn folders(path: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(Path::new(path)).map_or(Vec::new(), |entries| entries.flatten().collect());
    entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn states(path: &str) -> Vec<String> {
    folders(path).iter().filter_map(|folder| chosen(&folder.join("state").to_string_lossy())).collect()
}
