//! What a machine and its first processes are made from.

use crate::addr::{VirtAddr, VirtRange};
use crate::fs::{Content, InodeKind};
use crate::mm::{Capabilities, Layout, Personality, Resource, Rlimit, Sysctl};
use crate::proc::MapsLine;

/// A computer.
#[derive(Clone, Debug)]
pub struct MachineConfig {
    /// Simulated RAM in bytes, up to 2 GiB.
    pub ram_bytes: u64,
    /// Kernel tunables.
    pub sysctl: Sysctl,
    /// Files that exist at the start.
    pub files: Vec<FileConfig>,
}

impl MachineConfig {
    /// 64 MiB of RAM under the reference kernel.
    pub fn reference() -> Self {
        Self { ram_bytes: 64 << 20, sysctl: Sysctl::reference(), files: Vec::new() }
    }
}

/// A file that exists at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConfig {
    /// Its name.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Kind.
    pub kind: InodeKind,
    /// Contents.
    pub content: Content,
    /// In the page cache already.
    pub cached: bool,
    /// Bytes of a page-cache folio when the file was written; kept for comparisons, the cache itself
    /// has folios of one page. 0 for a sparse file.
    pub folio: u64,
    /// Device and inode number, if they matter.
    pub identity: Option<((u32, u32), u64)>,
}

impl FileConfig {
    /// A file on disk, cached, with a pattern that tells pages apart.
    pub fn on_disk(path: &str, size: u64) -> Self {
        Self {
            path: path.to_string(),
            size,
            mode: 0o644,
            uid: 0,
            kind: InodeKind::Disk,
            content: Content::Pattern { name: path.to_string() },
            cached: true,
            folio: 4096,
            identity: None,
        }
    }
}

/// A process as it starts.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// What it is called.
    pub name: String,
    /// Effective user.
    pub uid: u32,
    /// Capabilities; `None` for the user's usual ones.
    pub capabilities: Option<Capabilities>,
    /// Personality before `execve`.
    pub personality: Personality,
    /// Limits that differ from the usual ones.
    pub rlimits: Vec<(Resource, Rlimit)>,
    /// What is mapped; empty for the standard layout.
    pub maps: Vec<MapsLine>,
    /// First address of the heap; `None` for behind the program.
    pub start_brk: Option<VirtAddr>,
    /// The initial stack pointer; `None` for near the top of the stack.
    pub start_stack: Option<VirtAddr>,
    /// Initialised data, start and end.
    pub data: (u64, u64),
    /// Pages that are present, and private and written if the flag is set.
    pub present: Vec<(VirtRange, bool)>,
    /// The standard layout is that of the program in which the tests ask the real kernel: one page that
    /// is writable too and has been written, as the test harness does to put arguments there.
    pub is_stub: bool,
    /// Random distance of the mapping area in pages (ASLR); 0 is off.
    pub random_pages: u64,
    /// Top of the mapping area, if it is known: then the stack limit and the random distance do not decide.
    pub mmap_base: Option<VirtAddr>,
}

impl ProcessConfig {
    /// What the process is called: as it is said, or as the file that its first maps begin with.
    pub(super) fn called(&self) -> &str {
        if self.name != DEFAULT_NAME {
            return &self.name;
        }
        if self.is_stub {
            return "stub";
        }
        let first = self.maps.iter().find(|line| line.name.starts_with('/') && line.perms[2] == 'x');
        first.and_then(|line| line.name.rsplit('/').next()).unwrap_or(&self.name)
    }

    /// The layout for a stack limit.
    pub(super) fn layout(&self, stack_limit: u64) -> Layout {
        let legacy = self.personality.contains(Personality::ADDR_COMPAT_LAYOUT);
        let picked = Layout::pick(stack_limit, legacy, self.random_pages);
        Layout { mmap_base: self.mmap_base.unwrap_or(picked.mmap_base), ..picked }
    }
}

/// The name of a process that nobody named.
const DEFAULT_NAME: &str = "program";

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.into(),
            uid: 0,
            capabilities: None,
            personality: Personality::ADDR_NO_RANDOMIZE,
            rlimits: Vec::new(),
            maps: Vec::new(),
            start_brk: None,
            start_stack: None,
            data: (0, 0),
            present: Vec::new(),
            is_stub: false,
            random_pages: 0,
            mmap_base: None,
        }
    }
}
