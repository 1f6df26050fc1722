//! What the settings come to: the machine, its files, its first process.

use super::constants::constant;
use super::error::ParseError;
use super::read::{Cursor, Line, Word};
use super::table::{Directive, Setting};
use crate::addr::VirtAddr;
use crate::fs::{Content, Inode, InodeKind};
use crate::machine::{FileConfig, MachineConfig, ProcessConfig};
use crate::mm::{Capabilities, NR_OPEN, Personality, Resource, Rlimit};

/// What stands before the first statement.
#[derive(Clone, Debug)]
pub struct Header {
    /// The machine with its files.
    pub machine: MachineConfig,
    /// The first process.
    pub process: ProcessConfig,
    /// `@log yes|no`; absent is to be guessed.
    pub is_log: Option<bool>,
    /// The order of a log's lines says nothing where they are of different processes (`@log unordered`).
    pub is_unordered: bool,
    /// Which pages of a log count as written.
    pub written: WrittenPolicy,
    /// `@exact`: a statement without `> maps` changes no maps, one without `> minflt` takes no fault.
    pub exact: bool,
    /// The number of the first process.
    pub first_pid: Option<u32>,
    /// The settings of the machine that the script gives, by name: its answers depend on them.
    pub given: Vec<&'static str>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            machine: MachineConfig::reference(),
            process: ProcessConfig::default(),
            is_log: None,
            is_unordered: false,
            written: WrittenPolicy::Writable,
            exact: false,
            first_pid: None,
            given: Vec::new(),
        }
    }
}

/// Which pages a log's program is taken to have written. A log does not say, and some merges depend
/// on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WrittenPolicy {
    /// None but those that the log itself touches.
    None,
    /// Writable private memory counts as written as soon as it is mapped.
    Writable,
}

impl WrittenPolicy {
    /// The opposite assumption, under which an excuse is tried.
    #[cfg(feature = "script")]
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::None => Self::Writable,
            Self::Writable => Self::None,
        }
    }
}

/// The kernel's own limit of process numbers.
const PID_MAX_LIMIT: u64 = 1 << 22;

type Words = [(Option<String>, Word)];

/// What can stand behind `@`.
pub const HEADER_SETTINGS: &[&str] = &[
    "ram",
    "memtotal",
    "swap",
    "lsm_mmap_min_addr",
    "sysctl",
    "config",
    "uid",
    "capabilities",
    "personality",
    "rlimit",
    "file",
    "map",
    "brk",
    "stack",
    "data",
    "present",
    "pid",
    "name",
    "log",
    "exact",
    "stub",
    "written",
    "aslr",
];

impl Header {
    /// The settings that lines such as `@ram 64M` give.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn read(text: &str) -> Result<Self, ParseError> {
        let mut header = Self::default();
        for (at, source) in text.lines().enumerate() {
            let trimmed = source.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let mut cursor = Cursor::new(trimmed);
            let line = cursor.line().map_err(|fault| {
                let offset = source.trim_end().len() - cursor.rest.len();
                ParseError::at(at + 1, source, offset, fault.0.into())
            })?;
            header.apply(line).map_err(|expected| ParseError::new(at + 1, 1, "this setting".into(), expected))?;
        }
        Ok(header)
    }

    /// Applies a line; what was expected instead if it cannot be.
    pub(crate) fn apply(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line::Maps(line) => {
                self.process.maps.push(line);
                Ok(())
            }
            Line::Setting(name, words) => self.set(&name, &words),
        }
    }

    fn set(&mut self, name: &str, words: &Words) -> Result<(), String> {
        let process = &mut self.process;
        match name {
            "ram" => {
                let bytes = number(words, 0)?;
                if !(1 << 16..=2 << 30).contains(&bytes) {
                    return Err("RAM between 64K and 2G".into());
                }
                self.machine.ram_bytes = bytes;
            }
            "sysctl" => self.set_setting(Directive::Sysctl, word(words, 0)?, number(words, 1)?)?,
            "uid" => process.uid = number(words, 0)? as u32,
            "capabilities" => process.capabilities = Some(capabilities(words)?),
            "personality" => process.personality = Personality::from_bits_retain(flag_word(words, 0)?),
            "rlimit" => {
                let resource = resource(word(words, 0)?)?;
                let cur = number(words, 1)?;
                let unlimited = if resource == Resource::NoFile { NR_OPEN } else { u64::MAX };
                let max = if words.len() > 2 { number(words, 2)? } else { unlimited };
                if resource == Resource::NoFile && cur.max(max) > NR_OPEN {
                    return Err(format!("at most {NR_OPEN} descriptors (fs.nr_open)"));
                }
                process.rlimits.push((resource, Rlimit { cur, max }));
            }
            "file" => self.machine.files.push(file(words)?),
            "brk" => process.start_brk = Some(VirtAddr(number(words, 0)?)),
            "stack" => process.start_stack = Some(VirtAddr(number(words, 0)?)),
            "data" => process.data = (number(words, 0)?, number(words, 1)?),
            "present" => {
                let (start, end) = (number(words, 0)?, number(words, 1)?);
                let written = word(words, 2)? == "written";
                process.present.push((crate::addr::VirtRange::new(start, end), written));
            }
            "pid" => {
                let pid = number(words, 0)?;
                if !(1..=PID_MAX_LIMIT).contains(&pid) {
                    return Err(format!("a process number from 1 to {PID_MAX_LIMIT} (PID_MAX_LIMIT)"));
                }
                self.first_pid = Some(pid as u32);
            }
            "name" => process.name = text(words, 0)?,
            "exact" => self.exact = true,
            "config" => self.set_setting(Directive::Config, word(words, 0)?, yes_or_no(words, 1)?.into())?,
            "stub" => process.is_stub = true,
            "log" => {
                let kind = word(words, 0)?;
                (self.is_log, self.is_unordered) = (Some(kind != "no"), kind == "unordered");
            }
            "aslr" => process.random_pages = random_pages(number(words, 0)?),
            "written" => {
                self.written = match word(words, 0)? {
                    "none" => WrittenPolicy::None,
                    "writable" => WrittenPolicy::Writable,
                    _ => return Err("@written none or @written writable".into()),
                }
            }
            size if Setting::find(Directive::Size, size).is_some() => self.set_setting(Directive::Size, size, number(words, 0)?)?,
            _ => return Err(format!("one of @{}", HEADER_SETTINGS.join(", @"))),
        }
        Ok(())
    }

    /// Whether the script gives a setting of the machine itself, by its name in [`Setting`].
    pub fn gives(&self, name: &str) -> bool {
        self.given.contains(&name)
    }

    fn set_setting(&mut self, directive: Directive, name: &str, value: u64) -> Result<(), String> {
        let setting = Setting::find(directive, name).ok_or_else(|| format!("one of {}", Setting::names(directive)))?;
        (setting.set)(&mut self.machine.sysctl, value);
        self.given.push(setting.name);
        Ok(())
    }
}

/// The random distance that a seed stands for: 28 bits of pages (`vm.mmap_rnd_bits`); 0 is none.
fn random_pages(seed: u64) -> u64 {
    if seed == 0 {
        return 0;
    }
    // SplitMix64: one step spreads any seed over all bits.
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ z >> 31) & 0xfff_ffff).max(1)
}

fn nth(words: &Words, at: usize) -> Result<&Word, String> {
    words.get(at).map(|(_, value)| value).ok_or_else(|| format!("a value number {}", at + 1))
}

fn number(words: &Words, at: usize) -> Result<u64, String> {
    expr_number(nth(words, at)?)
}

fn expr_number(expr: &Word) -> Result<u64, String> {
    match expr {
        Word::Int(value) => Ok(*value),
        Word::Name(name) if name == "unlimited" => Ok(u64::MAX),
        Word::Name(name) => constant(name).ok_or_else(|| format!("a number instead of `{name}`")),
        _ => Err("a number".into()),
    }
}

fn word(words: &Words, at: usize) -> Result<&str, String> {
    match nth(words, at)? {
        Word::Name(name) => Ok(name),
        _ => Err("a word".into()),
    }
}

fn yes_or_no(words: &Words, at: usize) -> Result<bool, String> {
    match word(words, at) {
        Ok("yes") => Ok(true),
        Ok("no") => Ok(false),
        _ => Err("yes or no".into()),
    }
}

fn text(words: &Words, at: usize) -> Result<String, String> {
    match nth(words, at)? {
        Word::Text(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        Word::Name(name) => Ok(name.clone()),
        _ => Err("a text in quotes".into()),
    }
}

fn flag_word(words: &Words, at: usize) -> Result<u64, String> {
    match nth(words, at)? {
        Word::Int(value) => Ok(*value),
        Word::Name(names) => names
            .split('|')
            .try_fold(0, |bits, name| constant(name).map(|value| bits | value).ok_or_else(|| format!("a flag instead of `{name}`"))),
        _ => Err("a number or flags joined by |".into()),
    }
}

fn capabilities(words: &Words) -> Result<Capabilities, String> {
    let list = word(words, 0)?;
    let mut set = Capabilities::empty();
    for name in list.split(',') {
        set |= match name {
            "none" => Capabilities::empty(),
            "all" => Capabilities::all(),
            _ => Capabilities::from_name(name.trim_start_matches("CAP_"))
                .ok_or_else(|| format!("a capability such as CAP_IPC_LOCK instead of `{name}`"))?,
        };
    }
    Ok(set)
}

fn resource(name: &str) -> Result<Resource, String> {
    Ok(match name.trim_start_matches("RLIMIT_") {
        "FSIZE" => Resource::FSize,
        "DATA" => Resource::Data,
        "STACK" => Resource::Stack,
        "CORE" => Resource::Core,
        "NOFILE" => Resource::NoFile,
        "MEMLOCK" => Resource::Memlock,
        "AS" => Resource::As,
        _ => return Err("AS, DATA, STACK, CORE, FSIZE, NOFILE or MEMLOCK".into()),
    })
}

fn file(words: &Words) -> Result<FileConfig, String> {
    let path = text(words, 0)?;
    let mut file = FileConfig::on_disk(&path, 0);
    let (mut number, mut device) = (None, None);
    for (key, value) in &words[1..] {
        match key.as_deref() {
            Some("size") => file.size = expr_number(value)?,
            Some("mode") => file.mode = expr_number(value)? as u32,
            Some("owner") => file.uid = expr_number(value)? as u32,
            Some("folio") => file.folio = expr_number(value)?,
            Some("inode") => number = Some(expr_number(value)?),
            Some("device") => device = Some(device_numbers(value)?),
            Some("cached") => file.cached = matches!(value, Word::Name(word) if word == "yes"),
            Some("kind") => file.kind = kind(value)?,
            Some("content") => file.content = content(value)?,
            Some("pattern") => file.content = Content::Pattern { name: pattern_name(value)? },
            _ => return Err("size=, mode=, owner=, kind=, content=, pattern=, folio=, cached=, inode= or device=".into()),
        }
    }
    file.identity = number.map(|number| (device.unwrap_or(Inode::new(file.kind).dev), number));
    Ok(file)
}

/// Major and minor number, as maps writes them.
fn device_numbers(value: &Word) -> Result<(u32, u32), String> {
    let expected = || "device=\"08:01\"".to_string();
    let Word::Text(bytes) = value else { return Err(expected()) };
    let text = String::from_utf8_lossy(bytes);
    let (major, minor) = text.split_once(':').ok_or_else(expected)?;
    let hex = |digits: &str| u32::from_str_radix(digits, 16).map_err(|_| expected());
    Ok((hex(major)?, hex(minor)?))
}

fn kind(value: &Word) -> Result<InodeKind, String> {
    match value {
        Word::Name(name) => Ok(match name.as_str() {
            "disk" => InodeKind::Disk,
            "memory" => InodeKind::Shmem,
            "directory" => InodeKind::Directory,
            "zero" => InodeKind::DevZero,
            "null" => InodeKind::DevNull,
            "stream" => InodeKind::Stream,
            _ => return Err("kind=disk, memory, directory, zero, null or stream".into()),
        }),
        _ => Err("kind=disk, memory, directory, zero, null or stream".into()),
    }
}

fn content(value: &Word) -> Result<Content, String> {
    match value {
        Word::Text(bytes) => Ok(Content::Bytes(bytes.clone())),
        Word::Name(name) if name == "zeros" => Ok(Content::Zeros),
        _ => Err("content=\"bytes\" or content=zeros".into()),
    }
}

fn pattern_name(value: &Word) -> Result<String, String> {
    match value {
        Word::Text(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        _ => Err("pattern=\"name\"".into()),
    }
}
