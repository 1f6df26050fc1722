//! The files of a dump as a script declares and opens them.

use super::area::Area;
use crate::sorted::SortedMap;
use std::fmt::Write;

/// How the script gets at the memory behind an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backing {
    /// No file.
    Anonymous,
    /// A file with a name, which the script declares.
    Named,
    /// `MAP_SHARED|MAP_ANONYMOUS`, which maps shows as a deleted `/dev/zero`.
    SharedAnonymous,
    /// `memfd_create`.
    Memfd,
    /// `shmget`.
    Segment,
}

impl Backing {
    pub(super) fn of(area: &Area) -> Self {
        let name = area.maps.name.as_str();
        match name {
            _ if !area.has_file() => Self::Anonymous,
            _ if area.given_name().is_some() => Self::SharedAnonymous,
            "/dev/zero (deleted)" => Self::SharedAnonymous,
            _ if name.starts_with("/memfd:") => Self::Memfd,
            _ if name.starts_with("/SYSV") => Self::Segment,
            _ => Self::Named,
        }
    }

    /// The script makes it, so that its inode number is another one.
    pub(super) fn is_made(self) -> bool {
        matches!(self, Self::SharedAnonymous | Self::Memfd | Self::Segment)
    }
}

/// A text in quotes, as scripts write it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\{:03o}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// The `@file` lines for the named files of some areas: as long as what is mapped of them.
pub(super) fn declarations<'a>(areas: impl Iterator<Item = &'a Area>) -> String {
    let mut files: SortedMap<&str, (u64, &Area)> = SortedMap::new();
    for area in areas.filter(|area| Backing::of(area) == Backing::Named && area.maps.name != "/dev/zero") {
        let end = area.maps.offset.saturating_add(area.maps.range.len());
        let (size, _) = files.entry(&area.maps.name).or_insert((0, area));
        *size = end.max(*size);
    }
    let mut text = String::new();
    for (name, (size, area)) in files {
        let (major, minor) = area.maps.dev;
        let kind = if name.starts_with("/dev/shm/") { " kind=memory" } else { "" };
        let inode = if area.maps.ino != 0 { format!(" inode={} device=\"{major:02x}:{minor:02x}\"", area.maps.ino) } else { String::new() };
        let _ = writeln!(text, "@file {} size={size} mode=0777{kind}{inode}", quoted(name));
    }
    text
}

/// Which open file an area needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OpenKey {
    pub(super) name: String,
    pub(super) ino: u64,
    /// To be written through.
    pub(super) writable: bool,
    /// Two openings of one file keep areas apart.
    pub(super) second: bool,
}

/// The descriptors of a script, by the names they are bound to.
#[derive(Debug, Default)]
pub(super) struct Open {
    names: SortedMap<OpenKey, String>,
}

impl Open {
    /// The name of a descriptor; the statement that opens it if it is not open yet.
    pub(super) fn get(&mut self, key: &OpenKey, area: &Area, memory: impl FnOnce() -> u64) -> (String, Option<String>) {
        if let Some(name) = self.names.get(key) {
            return (name.clone(), None);
        }
        let name = format!("f{}", self.names.len());
        self.names.insert(key.clone(), name.clone());
        let statement = match Backing::of(area) {
            Backing::Memfd => {
                let given = key.name.trim_start_matches("/memfd:").trim_end_matches(" (deleted)");
                format!("{name} = memfd_create({}, 0)\nftruncate({name}, {})\n", quoted(given), memory())
            }
            _ => {
                let mode = if key.writable { "O_RDWR" } else { "O_RDONLY" };
                format!("{name} = openat(AT_FDCWD, {}, {mode})\n", quoted(&key.name))
            }
        };
        (name, Some(statement))
    }

    /// Forgets the descriptors that are not needed any more; the statements that close them.
    pub(super) fn close_all(&mut self) -> String {
        let statements = self.names.values().map(|name| format!("close({name})\n")).collect();
        self.names.clear();
        statements
    }
}
