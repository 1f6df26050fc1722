//! The same told as a table: `pmap -X`, `pmap -XX`, gdb's `info proc mappings`, and `vmmap` of pwndbg.

use crate::addr::VirtRange;
use crate::proc::MapsLine;

/// An area of a table: its line of maps, its counters in kB, its flags.
pub(super) type Row = (MapsLine, Vec<(String, u64)>, Option<String>);

/// The columns of a table of `pmap`.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Between Inode and Mapping.
    counters: Vec<String>,
}

const FIRST_COLUMNS: [&str; 5] = ["Address", "Perm", "Offset", "Device", "Inode"];

impl Table {
    /// The columns, if the line is a heading.
    pub(super) fn from_header(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let counters = words.strip_prefix(&FIRST_COLUMNS[..])?.strip_suffix(&["Mapping"])?;
        (counters.first() == Some(&"Size")).then(|| Self { counters: counters.iter().map(|name| (*name).to_string()).collect() })
    }

    /// The area of a line.
    pub(super) fn row(&self, line: &str) -> Option<Row> {
        let mut words = line.split_whitespace().peekable();
        let start = u64::from_str_radix(words.next()?, 16).ok()?;
        let perms = perms_of(words.next()?)?;
        let offset = u64::from_str_radix(words.next()?, 16).ok()?;
        let (major, minor) = words.next()?.split_once(':')?;
        let dev = (u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?);
        let ino = words.next()?.parse().ok()?;
        let (mut fields, mut flags) = (Vec::new(), None);
        for name in &self.counters {
            if name == "VmFlags" {
                flags = Some(take_flags(&mut words));
            } else {
                fields.push((name.clone(), words.next()?.parse().ok()?));
            }
        }
        let size: u64 = fields.first()?.1;
        let range = VirtRange::new(start, start.checked_add(size.checked_mul(1024)?)?);
        let name = words.collect::<Vec<_>>().join(" ");
        (size > 0).then_some((MapsLine { range, perms, offset, dev, ino, name: full_name(name) }, fields, flags))
    }
}

/// `pmap` leaves the brackets as they are.
fn full_name(name: String) -> String {
    if name == "[ anon ]" { String::new() } else { name }
}

fn take_flags<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> String {
    let mut names = Vec::new();
    while let Some(name) = words.next_if(|word| word.len() == 2 && word.bytes().all(|c| c.is_ascii_lowercase())) {
        names.push(name);
    }
    names.join(" ")
}

fn perms_of(word: &str) -> Option<[char; 4]> {
    let letters: [char; 4] = word.chars().collect::<Vec<_>>().try_into().ok()?;
    let [r, w, x, kind] = letters;
    let right = "r-".contains(r) && "w-".contains(w) && "x-".contains(x) && "ps".contains(kind);
    right.then_some(letters)
}

/// `START END PERMS SIZE OFFSET NAME`, hexadecimal, the first two with `0x`.
pub(super) fn pwndbg_row(line: &str) -> Option<Row> {
    let mut words = line.trim_start_matches(['►', ' ']).split_whitespace();
    let mut address = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let (start, end) = (address()?, address()?);
    let perms = perms_of(words.next()?)?;
    let mut number = || u64::from_str_radix(words.next()?, 16).ok();
    let (size, offset) = (number()?, number()?);
    let name = words.collect::<Vec<_>>().join(" ");
    let right = start < end && end - start == size;
    right.then(|| (MapsLine { range: VirtRange::new(start, end), perms, offset, dev: (0, 0), ino: 0, name }, Vec::new(), None))
}

/// `START END SIZE OFFSET PERMS NAME`, all numbers with `0x`.
pub(super) fn gdb_row(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace();
    let mut number = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let (start, end, size, offset) = (number()?, number()?, number()?, number()?);
    let perms = perms_of(words.next()?)?;
    let name = words.collect::<Vec<_>>().join(" ");
    let right = start < end && end - start == size;
    right.then(|| (MapsLine { range: VirtRange::new(start, end), perms, offset, dev: (0, 0), ino: 0, name }, Vec::new(), None))
}
