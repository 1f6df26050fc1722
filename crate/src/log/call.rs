//! One call of a log, from its text: arguments, descriptors' paths, the result.

use super::names;
use super::noise;
use crate::errno::Errno;
use crate::script::{Call, Expr, Outcome, value};
use crate::sorted::SortedMap;
use std::borrow::Cow;

/// Calls of which a replay needs the arguments besides those on memory.
fn is_looked_into(name: &str) -> bool {
    crate::machine::Sysno::from_name(name).is_some()
        || matches!(
            name,
            "clone3" | "execveat" | "setuid" | "setreuid" | "setresuid" | "load" | "store" | "execute" | "touch_read" | "touch_write"
        )
}

/// Reads the arguments of a call: from its name to where its result begins.
pub(super) fn call(text: &str, is_joined: bool) -> Result<Call, String> {
    let written = noise::name_of(text);
    let name = names::emulated(written).to_string();
    let mut call = Call { name, ..Call::default() };
    if !is_looked_into(&call.name) {
        return Ok(call);
    }
    let must_read = noise::is_about_memory(written);
    let inside = text[written.len()..].strip_prefix('(').unwrap_or_default();
    let pieces = pieces(inside);
    call.args.reserve_exact(pieces.len());
    for (at, piece) in pieces.iter().copied().enumerate() {
        let (name, rest) = named(piece);
        let plain = without_paths(without_context(rest), &mut call.paths);
        // What the program wrote while the kernel served the call stands behind its last argument.
        let may_be_followed = is_joined || at + 1 == pieces.len();
        let mut parsed = value(&plain).or_else(|| may_be_followed.then(|| leading(&plain)).flatten());
        if may_be_followed && must_read && parsed.as_ref().is_some_and(|value| !is_usable(written, value)) {
            parsed = leading_flags(written, &plain).or(parsed);
        }
        match parsed {
            Some(value) if must_read && !is_usable(written, &value) => {
                return Err(format!("its argument `{}` stands for nothing that is known here", super::shortened(piece, 60)));
            }
            Some(value) => call.args.push((name.map(str::to_string), value)),
            None if must_read => return Err(format!("its argument `{}` cannot be read", super::shortened(piece, 60))),
            None => call.args.push((name.map(str::to_string), Expr::Opaque)),
        }
    }
    structured(written, &mut call);
    Ok(call)
}

/// Whether an argument of a call on memory has a value: no constant that is unknown, nothing that was left out.
fn is_usable(name: &str, value: &Expr) -> bool {
    match value {
        Expr::Text(_) | Expr::List(_) => true,
        Expr::Opaque => matches!(name, "mincore" | "process_madvise" | "process_vm_readv" | "process_vm_writev"),
        number => crate::script::number(number, &SortedMap::new()).is_ok(),
    }
}

/// `old_mmap({addr, length, …})` has its arguments in memory.
fn structured(written: &str, call: &mut Call) {
    if written == "old_mmap"
        && let [(None, Expr::List(items))] = call.args.as_slice()
    {
        call.args = items.iter().map(|(_, value)| (None, value.clone())).collect();
    }
}

/// The arguments up to the parenthesis that closes the call, split at their commas.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::with_capacity(6);
    let mut scan = Scan::default();
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if scan.is_outside() && (byte == b',' || byte == b')') {
            pieces.push(text[start..at].trim());
            start = at + 1;
            if byte == b')' {
                break;
            }
        }
        scan.see(text, at, byte);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Where in strings, brackets, paths and comments a scan is.
#[derive(Default)]
struct Scan {
    depth: i32,
    angles: i32,
    quoted: bool,
    escaped: bool,
    comment: bool,
}

impl Scan {
    fn is_outside(&self) -> bool {
        self.depth == 0 && self.angles == 0 && !self.quoted && !self.comment
    }

    fn see(&mut self, text: &str, at: usize, byte: u8) {
        let bytes = text.as_bytes();
        let before = at.checked_sub(1).map(|at| bytes[at]);
        match byte {
            _ if self.comment => self.comment = !(byte == b'/' && before == Some(b'*')),
            _ if self.escaped => self.escaped = false,
            b'\\' if self.quoted => self.escaped = true,
            b'"' => self.quoted = !self.quoted,
            _ if self.quoted => {}
            b'*' if before == Some(b'/') => self.comment = true,
            // A path stands right behind its descriptor; `->` and `=>` and `<<` are no brackets.
            b'<' if self.angles > 0 || before.is_some_and(|b| b.is_ascii_alphanumeric()) && bytes.get(at + 1) != Some(&b'<') => {
                self.angles += 1
            }
            b'>' if self.angles > 0 && before != Some(b'-') => self.angles -= 1,
            _ if self.angles > 0 => {}
            b'(' | b'[' | b'{' => self.depth += 1,
            b')' | b']' | b'}' => self.depth -= 1,
            _ => {}
        }
    }
}

/// `flags=CLONE_VM`: the name, and the value.
fn named(piece: &str) -> (Option<&str>, &str) {
    let end = piece.bytes().take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_').count();
    match piece[end..].strip_prefix('=') {
        Some(rest) if end > 0 && !rest.starts_with(['=', '>']) && !piece.starts_with(|c: char| c.is_ascii_digit()) => {
            (Some(&piece[..end]), rest)
        }
        _ => (None, piece),
    }
}

/// Takes off the label of a security module (`3 [ld_so_cache_t]`, `strace --secontext`).
fn without_context(piece: &str) -> &str {
    let label = piece.strip_suffix(']').and_then(|rest| rest.rsplit_once(" ["));
    match label {
        Some((before, label)) if !before.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:.-!".contains(&b)) => before,
        _ => piece,
    }
}

/// Takes paths off their descriptors (`3</usr/lib/libdemo.so>(deleted)`), and keeps them.
fn without_paths<'a>(piece: &'a str, paths: &mut Vec<(u64, String)>) -> Cow<'a, str> {
    if piece.starts_with('"') || !piece.contains('<') {
        return Cow::Borrowed(piece);
    }
    let mut plain = String::with_capacity(piece.len());
    let mut scan = Scan::default();
    let mut open = 0;
    for (at, byte) in piece.bytes().enumerate() {
        let before = scan.angles;
        scan.see(piece, at, byte);
        match (before, scan.angles) {
            (0, 1) => {
                plain.push_str(&piece[open..at]);
                open = at + 1;
            }
            (1, 0) => {
                keep_path(&plain, &piece[open..at], paths);
                open = at + 1;
                open += usize::from(piece[open..].starts_with("(deleted)")) * "(deleted)".len();
            }
            _ => {}
        }
    }
    if scan.angles == 0 {
        plain.push_str(piece.get(open..).unwrap_or_default());
    }
    Cow::Owned(plain)
}

/// Keeps a path that stands behind a descriptor. Sockets, pipes and the like have none.
fn keep_path(before: &str, path: &str, paths: &mut Vec<(u64, String)>) {
    let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
    let Ok(fd) = before[before.len() - digits..].parse() else { return };
    let path = path.split('<').next().unwrap_or_default();
    if let Some(Expr::Text(bytes)) = value(&format!("\"{path}\"")).filter(|_| path.starts_with(['/', '\\'])) {
        paths.push((fd, String::from_utf8_lossy(&bytes).trim_end_matches(" (deleted)").to_string()));
    }
}

/// The value that a piece begins with, when something was printed right behind it.
fn leading(piece: &str) -> Option<Expr> {
    let hex = piece.strip_prefix("0x").map(|rest| 2 + rest.bytes().take_while(u8::is_ascii_hexdigit).count());
    let minus = usize::from(piece.starts_with('-'));
    let digits = minus + piece[minus..].bytes().take_while(u8::is_ascii_digit).count();
    let word = piece.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'|')).count();
    let end = hex.unwrap_or(if digits > minus { digits } else { word });
    value(piece[..end].trim_end_matches('|'))
}

/// The flags that a piece begins with, when letters or digits were printed right behind the last one: `PROT_READp`. What goes
/// on with `_` is another flag.
fn leading_flags(written: &str, piece: &str) -> Option<Expr> {
    let end = piece.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'|')).count();
    let last = piece[..end].rfind('|').map_or(0, |at| at + 1);
    (last + 1..end)
        .rev()
        .filter(|at| !piece[*at..].starts_with('_'))
        .find_map(|at| value(&piece[..at]).filter(|value| is_usable(written, value)))
}

/// Reads what stands behind the `=`.
pub(super) fn outcome(text: &str, call: &mut Call) -> Result<Outcome, String> {
    let text = text.trim_matches(['=', ' ']);
    if text.starts_with('?') {
        return Ok(Outcome::Unknown);
    }
    if let Some(rest) = text.strip_prefix("-1").filter(|rest| rest.is_empty() || rest.starts_with([' ', '(', '\t'])) {
        return error(rest.trim_start(), &call.name);
    }
    let end = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    let Some(Expr::Int(number)) = value(&text[..end]).or_else(|| leading(&text[..end])).map(folded) else {
        if let Some(signal) = signal(text) {
            return Ok(signal);
        }
        return Err(format!("its result `{}` cannot be read", super::shortened(text, 60)));
    };
    if !matches!(call.name.as_str(), "clone" | "clone3" | "fork" | "vfork" | "wait4" | "getpid") && text[end..].starts_with('<') {
        without_paths(text, &mut call.paths);
    }
    match Some(number).filter(|_| (number as i64) < 0).and_then(Errno::from_raw).filter(|_| noise::is_about_memory(&call.name)) {
        Some(errno) => Ok(Outcome::Error(errno.name().into())),
        None => Ok(Outcome::Value(Expr::Int(number))),
    }
}

/// `-12` as a number.
fn folded(expr: Expr) -> Expr {
    match expr {
        Expr::Binary('-', left, right) => match (*left, *right) {
            (Expr::Int(left), Expr::Int(right)) => Expr::Int(left.wrapping_sub(right)),
            _ => Expr::Opaque,
        },
        Expr::Name(name) if name == "NULL" => Expr::Int(0),
        other => other,
    }
}

/// `ENOMEM (Cannot allocate memory)`, `errno=12 (…)`, `(errno 12)`; the words may be of any language.
fn error(rest: &str, name: &str) -> Result<Outcome, String> {
    let end = rest.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
    if rest.starts_with('E') && end > 2 {
        return Ok(Outcome::Error(rest[..end].to_string()));
    }
    let number = rest.strip_prefix("errno=").or_else(|| rest.strip_prefix("(errno "));
    let digits = number.map_or("", |rest| &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]);
    match digits.parse::<u64>().ok().and_then(|number| Errno::from_raw(number.wrapping_neg())) {
        Some(errno) => Ok(Outcome::Error(errno.name().into())),
        None if noise::is_about_memory(name) => Err("it failed, but its errno is missing".into()),
        None => Ok(Outcome::Value(Expr::Int(u64::MAX))),
    }
}

/// `SIGSEGV SEGV_MAPERR 0x10`, as scripts write what an access ends in; also behind a number.
fn signal(text: &str) -> Option<Outcome> {
    crate::script::outcome(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Call, Outcome) {
        let Some(super::super::lines::End::Result(at)) = noise::end(text, super::super::prefix::Core::Call) else {
            panic!("no end: {text}")
        };
        let mut call = call(text, false).unwrap();
        let outcome = outcome(&text[at..], &mut call).unwrap();
        (call, outcome)
    }

    #[test]
    fn descriptors_give_their_paths() {
        let (call, outcome) = read("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</usr/lib/a(b), c.so>(deleted), 0) = 0x7f00");
        assert_eq!((call.args.len(), call.paths, outcome), (6, vec![(3, "/usr/lib/a(b), c.so".into())], Outcome::Value(Expr::Int(0x7f00))));
        let (call, _) = read("openat(AT_FDCWD</home/dev>, \"\\x2f\", O_RDONLY) = 3</dev/zero<char 1:5>>");
        assert_eq!(call.paths, vec![(3, "/dev/zero".into())]);
        let (call, _) = read("dup2(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, 4<socket:[18155]>) = 4");
        assert_eq!((call.args.len(), call.paths), (2, vec![]));
    }

    #[test]
    fn raw_and_verbose_numbers() {
        let (call, _) = read("mmap(NULL, 8192, 0x3 /* PROT_READ|PROT_WRITE */, 0x22 /* MAP_PRIVATE|MAP_ANONYMOUS */, -1, 0) = 0x7f00");
        assert_eq!(call.args[2].1, Expr::Int(3));
        let (_, outcome) = read("mmap(NULL,4096,PROT_READ,MAP_PRIVATE|MAP_ANONYMOUS,-1,0) = -1 errno=12 (Cannot allocate memory)");
        assert_eq!(outcome, Outcome::Error("ENOMEM".into()));
        let (_, outcome) = read("munmap(0x1000, 1)    = -1 EINVAL (Ungültiges Argument) <0.000012>");
        assert_eq!(outcome, Outcome::Error("EINVAL".into()));
    }
}
