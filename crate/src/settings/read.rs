//! Lines of settings, read by hand.

use crate::addr::{VirtAddr, VirtRange};
use crate::machine::MapsLine;

/// A line of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// `@name value…`: words and `key=value` pairs.
    Setting(String, Vec<(Option<String>, Word)>),
    /// A line of the first maps.
    Maps(MapsLine),
}

/// A value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// A number.
    Int(u64),
    /// A constant, flags or another word.
    Name(String),
    /// Bytes in quotes.
    Text(Vec<u8>),
}

/// What was expected at the place where the cursor stands; empty if whoever asked knows better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) &'static str);

type Result<T> = std::result::Result<T, Fault>;

/// What is left of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    pub(crate) rest: &'a str,
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    /// What matches, which may be nothing.
    fn take(&mut self, matches: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !matches(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn blanks(&mut self) -> bool {
        !self.take(is_blank).is_empty()
    }

    /// A name: letters, digits and `_`, no digit first.
    fn identifier(&mut self) -> Option<&'a str> {
        let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
        if !self.rest.starts_with(is_first) {
            return None;
        }
        let tail = self.rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) = self.rest.split_at(tail.map_or(self.rest.len(), |at| at + 1));
        self.rest = rest;
        Some(name)
    }

    /// A line that begins with `@`.
    pub(crate) fn line(&mut self) -> Result<Line> {
        self.eat("@");
        let mut ahead = *self;
        if ahead.eat("map") && ahead.blanks() {
            *self = ahead;
            return self.maps_line().map(Line::Maps);
        }
        let name = self.identifier().ok_or(Fault("the name of a setting behind @"))?;
        let mut words = Vec::new();
        loop {
            self.blanks();
            if self.rest.is_empty() || self.rest.starts_with('#') {
                self.rest = "";
                return Ok(Line::Setting(name.into(), words));
            }
            let mut ahead = *self;
            let key = ahead.identifier().filter(|_| ahead.eat("="));
            if key.is_some() {
                *self = ahead;
            }
            words.push((key.map(String::from), self.word()?));
        }
    }

    fn word(&mut self) -> Result<Word> {
        match self.rest.chars().next() {
            Some('"') => self.text().map(Word::Text),
            Some('0'..='9') => self.number().map(Word::Int).map_err(|_| Fault("a number such as 4096, 0x1000 or 4K")),
            Some(first) if first.is_ascii_alphabetic() || first == '_' || first == '$' => {
                Ok(Word::Name(self.take(|c| c.is_ascii_alphanumeric() || "_$.,/|-".contains(c)).into()))
            }
            _ => Err(Fault("a value: a number, a name or a string")),
        }
    }

    /// Decimal, `0x` hexadecimal or `0` octal, with K, M, G, T for powers of 1024.
    pub(crate) fn number(&mut self) -> Result<u64> {
        let mut ahead = *self;
        let value = match ahead.rest.as_bytes() {
            [b'0', b'x', digit, ..] if digit.is_ascii_hexdigit() => {
                ahead.eat("0x");
                u64::from_str_radix(ahead.take(|c| c.is_ascii_hexdigit()), 16)
            }
            // Digits that are not all octal are a decimal number.
            _ => {
                let digits = ahead.take(|c| c.is_ascii_digit());
                let is_octal = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b < b'8');
                u64::from_str_radix(digits, if is_octal { 8 } else { 10 })
            }
        };
        let value = value.map_err(|_| Fault(""))?;
        let shift = match ahead.rest.bytes().next() {
            Some(b'K') => 10,
            Some(b'M') => 20,
            Some(b'G') => 30,
            Some(b'T') => 40,
            _ => 0,
        };
        if shift > 0 {
            ahead.rest = &ahead.rest[1..];
            ahead.eat("iB");
        }
        *self = ahead;
        // A letter right behind a number is no number.
        let is_whole = !self.rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if is_whole && value <= u64::MAX >> shift { Ok(value << shift) } else { Err(Fault("")) }
    }

    /// Bytes in quotes.
    pub(crate) fn text(&mut self) -> Result<Vec<u8>> {
        const CLOSE: Fault = Fault("`\"` to close the string");
        if !self.eat("\"") {
            return Err(CLOSE);
        }
        let mut bytes = Vec::with_capacity(self.rest.len().min(64));
        loop {
            bytes.extend_from_slice(self.take(|c| c != '"' && c != '\\').as_bytes());
            if !self.eat("\\") {
                break;
            }
            bytes.push(self.escaped().ok_or(CLOSE)?);
        }
        if !self.eat("\"") {
            return Err(CLOSE);
        }
        // strace cuts long strings off.
        self.eat("...");
        Ok(bytes)
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Option<u8> {
        let rest = self.rest;
        let digits = |most: usize, radix: u32, from: usize| rest[from..].chars().take(most).take_while(|c| c.is_digit(radix)).count();
        let (from, count, radix) = match rest.starts_with('x') {
            true => (1, digits(2, 16, 1), 16),
            false => (0, digits(3, 8, 0), 8),
        };
        if let (false, Ok(byte)) = (radix == 16 && count < 2, u8::from_str_radix(&rest[from..from + count], radix)) {
            self.rest = &rest[from + count..];
            return Some(byte);
        }
        let letter = rest.chars().next()?;
        self.rest = &rest[letter.len_utf8()..];
        Some(match letter {
            'n' => b'\n',
            't' => b'\t',
            'r' => b'\r',
            'f' => 12,
            'v' => 11,
            other => other as u8,
        })
    }

    fn hex(&mut self) -> Option<u64> {
        let mut ahead = *self;
        let value = u64::from_str_radix(ahead.take(|c| c.is_ascii_hexdigit()), 16).ok()?;
        *self = ahead;
        Some(value)
    }

    /// Two addresses in hexadecimal with a `-` between them.
    pub(crate) fn range(&mut self) -> Result<VirtRange> {
        const RANGE: Fault = Fault("a range of hexadecimal addresses such as 400000-401000");
        let start = self.hex().ok_or(RANGE)?;
        if !self.eat("-") {
            return Err(RANGE);
        }
        let end = self.hex().ok_or(RANGE)?;
        Ok(VirtRange { start: VirtAddr(start), end: VirtAddr(end) })
    }

    fn perms(&mut self) -> Option<[char; 4]> {
        let mut perms = ['-'; 4];
        for (perm, letters) in perms.iter_mut().zip(["r-", "w-", "x-", "ps"]) {
            *perm = self.rest.chars().next().filter(|c| letters.contains(*c))?;
            self.rest = &self.rest[1..];
        }
        Some(perms)
    }

    /// A line of `/proc/PID/maps`.
    pub(crate) fn maps_line(&mut self) -> Result<MapsLine> {
        const DEVICE: Fault = Fault("a device such as 00:00");
        let behind_blanks = |fault: Fault, cursor: &mut Self| if cursor.blanks() { Ok(()) } else { Err(fault) };
        let range = self.range()?;
        let expected = Fault("four letters such as rw-p");
        behind_blanks(expected, self)?;
        let perms = self.perms().ok_or(expected)?;
        let expected = Fault("an offset in hexadecimal");
        behind_blanks(expected, self)?;
        let offset = self.hex().ok_or(expected)?;
        behind_blanks(DEVICE, self)?;
        let half = |cursor: &mut Self| cursor.hex().and_then(|half| u32::try_from(half).ok()).ok_or(DEVICE);
        let major = half(self)?;
        if !self.eat(":") {
            return Err(DEVICE);
        }
        let minor = half(self)?;
        let expected = Fault("an inode number");
        behind_blanks(expected, self)?;
        self.eat("#");
        let mut ahead = *self;
        let ino = ahead.take(|c| c.is_ascii_digit()).parse().map_err(|_| expected)?;
        *self = ahead;
        let name = if self.blanks() { std::mem::take(&mut self.rest) } else { "" };
        Ok(MapsLine { range, perms, offset, dev: (major, minor), ino, name: name.trim_end().to_string() })
    }
}
