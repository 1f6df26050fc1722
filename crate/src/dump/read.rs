//! Reads maps and smaps as people have them: behind prompts, prefixes and quote marks, cut, several in one text. It
//! never fails as a whole; a line that is not understood is set aside.

use super::area::{Area, Dump};
use super::tables::Table;
use crate::addr::{PAGE_SIZE, VirtRange};
use crate::proc::MapsLine;
use crate::script::SetAside;

/// Offsets in files are signed numbers.
const LARGEST_FILE: u64 = i64::MAX as u64;

/// What a text has of maps and smaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The address spaces, in the order of the text; none is empty.
    pub dumps: Vec<Dump>,
    /// Lines that are none of it.
    pub set_aside: Vec<SetAside>,
}

/// Reads a text.
pub fn read(text: &str) -> Reading {
    let mut reader = Reader::default();
    for (at, line) in text.split(['\n', '\x0c']).enumerate() {
        let line = without_colours(line.trim_end_matches('\r').trim_start_matches('\u{feff}'));
        reader.number = at + 1;
        for piece in pieces(&line) {
            reader.take(piece);
        }
    }
    reader.reading.dumps.retain(|dump| !dump.areas.is_empty() || !dump.rollup.is_empty());
    reader.reading
}

/// Whether a text is maps or smaps and nothing else of note: most of its lines are read, and none is a call or a
/// setting of a script.
pub fn looks_like_dump(text: &str) -> bool {
    let (mut understood, mut other) = (0, 0);
    let mut reader = Reader::default();
    for line in text.split(['\n', '\x0c']) {
        let line = line.trim_end_matches('\r').trim_start_matches('\u{feff}');
        let trimmed = line.trim_start();
        if trimmed.is_empty() || is_preamble(trimmed) {
            continue;
        }
        let before = reader.reading.set_aside.len();
        pieces(&without_colours(line)).into_iter().for_each(|piece| reader.take(piece));
        if reader.reading.set_aside.len() == before {
            let of_script = ["@map", "< map", "> maps", "> [", "# "].iter().any(|start| trimmed.starts_with(start));
            if of_script {
                return false;
            }
            understood += 1;
        } else if trimmed.starts_with('@') || is_call(trimmed) {
            return false;
        } else {
            other += 1;
        }
    }
    reader.reading.dumps.iter().any(|dump| !dump.areas.is_empty() || !dump.rollup.is_empty()) && understood > other
}

/// What gdb writes around its `info proc mappings`, and pwndbg around its `vmmap`.
fn is_preamble(trimmed: &str) -> bool {
    let begins = ["process ", "Mapped address spaces:", "(gdb) info proc m", "pwndbg> vmmap", "LEGEND: STACK"]
        .iter()
        .any(|start| trimmed.starts_with(start));
    let heads = |words: &[&str]| trimmed.split_whitespace().take(words.len()).eq(words.iter().copied());
    begins || heads(&["Start", "Addr", "End", "Addr"]) || heads(&["Start", "End", "Perm", "Size", "Offset"])
}

/// `name(…) = …`, as strace and scripts have it; `(PID 1)` in a sentence is none.
fn is_call(line: &str) -> bool {
    let Some((before, behind)) = line.split_once('(') else { return false };
    let name = before.rsplit(char::is_whitespace).next().unwrap_or("");
    let is_whole = behind.contains(") = ") || behind.contains(')') && behind.contains("  = ") || line.ends_with([')', '>']);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && is_whole
}

/// A dump inside a string of a program's source has its line ends as `\n`.
fn pieces(line: &str) -> Vec<&str> {
    let cut: Vec<_> = line.split("\\n").collect();
    let many = cut.len() > 1 && cut[1..].iter().any(|piece| matches!(find_maps(piece), Found::Line(..)));
    if many { cut } else { vec![line] }
}

/// Takes out the colours of a terminal.
fn without_colours(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\x1b[") {
        text.push_str(&rest[..at]);
        let behind = &rest[at + 2..];
        let end = behind.find(|c: char| c.is_ascii_alphabetic() || !c.is_ascii()).unwrap_or(behind.len());
        rest = behind.get(end + 1..).unwrap_or("");
    }
    text + rest
}

#[derive(Default)]
struct Reader {
    reading: Reading,
    number: usize,
    /// The columns of a table such as `pmap -X` prints.
    table: Option<Table>,
    /// The last line was one of maps, or a counter of its area.
    in_area: bool,
}

impl Reader {
    fn take(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        match find_maps(line) {
            Found::Line(maps) if maps.name == "[rollup]" => self.start_rollup(),
            Found::Line(maps) => self.add(maps, Vec::new(), None),
            Found::Cut => self.set_aside(line, "the line is cut off"),
            Found::Impossible => self.set_aside(line, "no range of whole pages, or an offset that no file has"),
            Found::Nothing => self.take_other(line),
        }
    }

    fn take_other(&mut self, line: &str) {
        if let Some(table) = Table::from_header(line) {
            self.table = Some(table);
            return;
        }
        let row = self
            .table
            .as_ref()
            .and_then(|table| table.row(line))
            .or_else(|| super::tables::gdb_row(line))
            .or_else(|| super::tables::pwndbg_row(line));
        if let Some((maps, fields, flags)) = row.filter(|(maps, ..)| is_possible(maps)) {
            return self.add(maps, fields, flags);
        }
        if let Some(counter) = find_counter(line) {
            return self.add_counter(counter, line);
        }
        if self.take_lone_name(line) {
            return;
        }
        self.in_area = false;
        if names_a_dump(line) {
            let label: String = line.trim().chars().take(120).collect();
            self.reading.dumps.push(Dump { label, ..Dump::default() });
        }
        self.set_aside(line, "neither a line of maps nor a counter of smaps");
    }

    fn set_aside(&mut self, line: &str, reason: &str) {
        let text = line.trim().chars().take(200).collect();
        self.reading.set_aside.push(SetAside { line: self.number, began: self.number, text, reason: reason.into(), is_memory_call: false });
    }

    /// Adds an area; one that starts before the end of the last begins another address space.
    fn add(&mut self, maps: MapsLine, fields: Vec<(String, u64)>, vm_flags: Option<String>) {
        let goes_on = self.reading.dumps.last().is_some_and(|dump| {
            dump.areas.last().is_none_or(|last| last.maps.range.end <= maps.range.start)
                && (dump.rollup.is_empty() || !dump.areas.is_empty())
        });
        if !goes_on {
            self.reading.dumps.push(Dump::default());
        }
        let area = Area { maps, line: self.number, fields, vm_flags };
        self.reading.dumps.last_mut().expect("there is one").areas.push(area);
        self.in_area = true;
    }

    fn start_rollup(&mut self) {
        if self.reading.dumps.last().is_none_or(|dump| !dump.areas.is_empty() || !dump.rollup.is_empty()) {
            self.reading.dumps.push(Dump::default());
        }
        self.in_area = true;
    }

    fn add_counter(&mut self, (name, value): (&str, Counter), line: &str) {
        if !self.in_area {
            return self.set_aside(line, "a counter without the line of its area");
        }
        let dump = self.reading.dumps.last_mut().expect("a counter comes behind an area");
        match (dump.areas.last_mut(), value) {
            (Some(area), Counter::Flags(flags)) => area.vm_flags = Some(flags),
            (Some(area), Counter::Number(value)) => area.fields.push((name.to_string(), value)),
            (None, Counter::Number(value)) => dump.rollup.push((name.to_string(), value)),
            (None, Counter::Flags(_)) => {}
        }
    }

    /// A name that a narrow window put on a line of its own.
    fn take_lone_name(&mut self, line: &str) -> bool {
        let name = line.trim();
        let Some(area) = self.reading.dumps.last_mut().and_then(|dump| dump.areas.last_mut()) else { return false };
        let fits = self.in_area && area.maps.name.is_empty() && area.fields.is_empty() && area.line + 1 == self.number;
        let is_name = if area.maps.ino != 0 { name.starts_with('/') } else { name.starts_with('[') && name.ends_with(']') };
        if fits && is_name && !name.contains(['(', '{']) {
            area.maps.name = name.to_string();
            return true;
        }
        false
    }
}

/// A line such as `$ cat /proc/7/maps`: a dump follows.
fn names_a_dump(line: &str) -> bool {
    line.contains("/proc/") && (line.contains("/maps") || line.contains("/smaps"))
}

enum Found {
    /// A line of maps.
    Line(MapsLine),
    /// The beginning of one.
    Cut,
    /// One that no kernel prints.
    Impossible,
    Nothing,
}

/// Looks for `START-END PERMS OFFSET DEVICE INODE NAME` anywhere in a line.
fn find_maps(line: &str) -> Found {
    let mut best = Found::Nothing;
    for (at, _) in line.match_indices('-') {
        match maps_around(line, at) {
            Found::Line(maps) => return Found::Line(maps),
            Found::Nothing => {}
            other if matches!(best, Found::Nothing) => best = other,
            _ => {}
        }
    }
    best
}

/// The line of maps whose addresses have their dash at `dash`.
fn maps_around(line: &str, dash: usize) -> Found {
    let before = &line[..dash];
    let digits = before.bytes().rev().take_while(u8::is_ascii_hexdigit).count();
    let first = dash - digits;
    let prefix = before[..first].strip_suffix("0x").unwrap_or(&before[..first]);
    if !(4..=16).contains(&digits) || prefix.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return Found::Nothing;
    }
    let mut rest = Rest(&line[dash + 1..]);
    let (Ok(start), Some(end)) = (u64::from_str_radix(&line[first..dash], 16), rest.hex()) else {
        return if rest.0.is_empty() && digits >= 8 { Found::Cut } else { Found::Nothing };
    };
    let parsed = rest.behind_range(VirtRange::new(start, end), closing_quote(prefix));
    match parsed {
        Some(maps) if is_possible(&maps) => Found::Line(maps),
        Some(_) => Found::Impossible,
        // Ten digits are an address; fewer may be a date or a telephone number.
        None if rest.0.trim().is_empty() && digits >= 8 => Found::Cut,
        None => Found::Nothing,
    }
}

/// Whole pages, at least one, and an offset that a file can have.
fn is_possible(maps: &MapsLine) -> bool {
    let (start, end) = (maps.range.start, maps.range.end);
    let aligned = start.is_page_aligned() && end.is_page_aligned() && maps.offset.is_multiple_of(PAGE_SIZE);
    aligned && start < end && maps.offset.checked_add(end - start).is_some_and(|end| end <= LARGEST_FILE)
}

/// The quote mark that a line inside quotes ends with.
fn closing_quote(prefix: &str) -> Option<char> {
    prefix.chars().next_back().filter(|c| "\"'`".contains(*c))
}

/// What of a line is still to be read. What fails leaves nothing behind if the line just ended.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take_while(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !is(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn hex(&mut self) -> Option<u64> {
        self.0 = self.0.strip_prefix("0x").unwrap_or(self.0);
        u64::from_str_radix(self.take_while(|c| c.is_ascii_hexdigit()), 16).ok()
    }

    fn blanks(&mut self) -> Option<()> {
        (!self.take_while(|c| c == ' ' || c == '\t').is_empty()).then_some(())
    }

    fn perms(&mut self) -> Option<[char; 4]> {
        let letters: Vec<char> = self.take_while(|c| "rwxps-".contains(c)).chars().collect();
        let [r, w, x, kind] = letters.try_into().ok()?;
        let right = "r-".contains(r) && "w-".contains(w) && "x-".contains(x) && "ps".contains(kind);
        right.then_some([r, w, x, kind])
    }

    fn device(&mut self) -> Option<(u32, u32)> {
        let major = self.hex()?;
        self.0 = self.0.strip_prefix(':')?;
        Some((u32::try_from(major).ok()?, u32::try_from(self.hex()?).ok()?))
    }

    fn behind_range(&mut self, range: VirtRange, quote: Option<char>) -> Option<MapsLine> {
        self.blanks()?;
        let perms = self.perms()?;
        self.blanks()?;
        let offset = self.hex()?;
        self.blanks()?;
        let dev = self.device()?;
        self.blanks()?;
        let ino = self.take_while(|c| c.is_ascii_digit()).parse().ok()?;
        let name = if self.0.is_empty() { "" } else { self.name(quote)? };
        Some(MapsLine { range, perms, offset, dev, ino, name: name.replace("\\012", "\n") })
    }

    fn name(&mut self, quote: Option<char>) -> Option<&'a str> {
        let mut name = self.0;
        if let Some(quote) = quote {
            name = name.trim_end().trim_end_matches([',', '+', ';']).trim_end_matches(quote).trim_end_matches("\\n");
        }
        let starts_well = name.is_empty() || name.starts_with([' ', '\t']);
        starts_well.then(|| name.trim())
    }
}

enum Counter {
    Number(u64),
    Flags(String),
}

/// Looks for `NAME: NUMBER kB` or `VmFlags: …`.
fn find_counter(line: &str) -> Option<(&str, Counter)> {
    if let Some((_, flags)) = line.split_once("VmFlags:") {
        let names: Vec<_> =
            flags.split_whitespace().map(|name| name.trim_matches(['"', '\'', ','])).filter(|name| !name.is_empty()).collect();
        return Some(("VmFlags", Counter::Flags(names.join(" "))));
    }
    let line = line.trim_end().trim_end_matches(['"', '\'', ',']);
    let in_kb = line.strip_suffix("kB").or_else(|| line.strip_suffix("KB"));
    let words = in_kb.unwrap_or(line).trim_end();
    let (head, number) = words.rsplit_once([' ', '\t', ':'])?;
    let number = number.parse().ok()?;
    let head = head.trim_end().trim_end_matches(':');
    let name = &head[head
        .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8))..];
    let plain = ["THPeligible", "ProtectionKey"].contains(&name);
    ((in_kb.is_some() && is_of_smaps(name)) || plain).then_some((name, Counter::Number(number)))
}

/// Whether a counter may be one of smaps, not of `status` or `meminfo`, which look alike.
fn is_of_smaps(name: &str) -> bool {
    let other = ["Vm", "RssAnon", "RssFile", "RssShmem", "HugetlbPages", "Mem", "Swap_", "SwapTotal", "SwapFree", "Cached"];
    name.starts_with(|c: char| c.is_ascii_uppercase()) && !other.iter().any(|start| name.starts_with(start))
}
