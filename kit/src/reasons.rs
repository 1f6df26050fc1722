//! Why a script as a whole is left out.

use crate::LeftOut;
use pagefault::machine::{InodeKind, Personality, Resource};
use pagefault::script::{Call, Expr, Script, Statement};

/// Files of `/proc` that a program may open as a script does: what they say is about the places that it names.
const OPEN_TO_ALL: &[&str] = &["mem", "pagemap"];

/// Where the program itself lies, which is not the script's program.
pub(crate) const OWN: std::ops::Range<u64> = 0x20_0000..0x40_1000;

/// The first reason that counts.
pub(crate) fn whole(script: &Script, text: &str) -> Result<(), LeftOut> {
    let reason = of_header(script, text).or_else(|| script.statements.iter().find_map(of_statement));
    reason.map_or(Ok(()), |reason| Err(LeftOut(reason)))
}

fn of_header(script: &Script, text: &str) -> Option<String> {
    let header = &script.header;
    let sysctl = &header.machine.sysctl;
    let says = |setting: &str| text.lines().any(|line| line.split_whitespace().next() == Some(setting));
    if script.is_log {
        return Some("it is a log of a whole program".into());
    }
    if header.process.random_pages != 0 {
        return Some("it has a random layout (@aslr)".into());
    }
    if says("@ram") || header.gives("memtotal") || header.gives("swap") {
        return Some("it wants a machine of a certain size (@ram, @memtotal, @swap)".into());
    }
    if says("@data") || says("@name") {
        return Some("it is about the program it starts with (@data, @name)".into());
    }
    if sysctl.anon_vma_names || sysctl.soft_dirty {
        return Some("it wants a kernel that is built otherwise (@config)".into());
    }
    if header.process.personality.contains(Personality::MMAP_PAGE_ZERO) && header.process.uid != 0 {
        return Some("another user starts a program at page zero".into());
    }
    let limits = |resource: Resource| header.process.rlimits.iter().any(|(limited, _)| *limited == resource);
    if let Some(reason) = limit(limits(Resource::NoFile), limits(Resource::Data)) {
        return Some(reason);
    }
    let offered = |kind: InodeKind| matches!(kind, InodeKind::Disk | InodeKind::Directory | InodeKind::DevZero | InodeKind::DevNull);
    if header.machine.files.iter().any(|file| !offered(file.kind)) {
        return Some("it wants files that the emulator alone has (@file kind=)".into());
    }
    None
}

/// Limits that the program itself is under.
fn limit(of_descriptors: bool, of_data: bool) -> Option<String> {
    match (of_descriptors, of_data) {
        (true, _) => Some("its limit of descriptors leaves none to look with (RLIMIT_NOFILE)".into()),
        (_, true) => Some("RLIMIT_DATA counts the data of the program itself".into()),
        _ => None,
    }
}

fn of_statement(statement: &Statement) -> Option<String> {
    let call = &statement.call;
    match call.name.as_str() {
        "execve" => return Some("execve: the programs of the machine are not here".into()),
        "vfork" => return Some("vfork: the parent would wait for its child".into()),
        "clone" if names_one_of(call, &["CLONE_THREAD"]) => return Some("threads: the kit's programs are of processes".into()),
        "fadvise64" => return Some("what is cached of a file is its file system's matter (fadvise64)".into()),
        "lseek" if names_one_of(call, &["SEEK_DATA", "SEEK_HOLE"]) => {
            return Some("where a file has holes is its file system's matter".into());
        }
        _ if call.asked.is_some() && call.name.contains("stat") => return Some("fields of stat structures are not told yet".into()),
        _ => {}
    }
    if call.name.contains("rlimit") {
        let says = |word: &str| call.args.iter().any(|(_, expr)| matches!(expr, Expr::Name(name) if name == word));
        if let Some(reason) = limit(says("RLIMIT_NOFILE"), says("RLIMIT_DATA")) {
            return Some(reason);
        }
    }
    let path = call.args.iter().find_map(|(_, expr)| if let Expr::Text(bytes) = expr { Some(bytes) } else { None });
    if let Some(path) =
        path.map(|bytes| String::from_utf8_lossy(bytes)).filter(|path| path.starts_with("/proc/") || path.starts_with("/sys/"))
    {
        let file = path.splitn(4, '/').nth(3).unwrap_or_default();
        if !OPEN_TO_ALL.contains(&file) {
            return Some("it reads what /proc says of the whole process or machine".into());
        }
    }
    let handled = statement.handler.iter().flat_map(|(_, calls)| calls);
    if std::iter::once(call).chain(handled).any(uses_own_place) {
        return Some("it uses the place where the program itself lies".into());
    }
    None
}

/// Whether a flag is among the arguments of a call.
fn names_one_of(call: &Call, flags: &[&str]) -> bool {
    fn names(expr: &Expr, flags: &[&str]) -> bool {
        match expr {
            Expr::Name(name) => flags.contains(&name.as_str()),
            Expr::Binary(_, left, right) => names(left, flags) || names(right, flags),
            _ => false,
        }
    }
    call.args.iter().any(|(_, expr)| names(expr, flags))
}

/// Whether a call names a place of the program's own.
fn uses_own_place(call: &Call) -> bool {
    let Some(signature) = pagefault::script::signature(&call.name) else { return false };
    let number = |place: usize| match call.args.get(place) {
        Some((_, Expr::Int(value))) => Some(*value),
        _ => None,
    };
    let is_place = |name: &str| matches!(name, "addr" | "buffer" | "new_addr" | "vec");
    signature.parameters.iter().enumerate().filter(|(_, name)| is_place(name)).any(|(place, _)| {
        let Some(start) = number(place) else { return false };
        let length = if matches!(signature.parameters.get(place + 1), Some(&("length" | "old_length" | "count"))) {
            number(place + 1)
        } else {
            None
        };
        let end = start.saturating_add(length.unwrap_or(1).max(1));
        // What covers everything is refused, or is about everything.
        start < OWN.end && end > OWN.start && end < 1 << 40
    })
}
