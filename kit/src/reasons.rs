//! Why a script as a whole is left out.

use crate::LeftOut;
use pagefault::machine::InodeKind;
use pagefault::script::{Expr, Script, Statement};

/// Files of `/proc` that a program may open as a script does: what they say is about the places that it names.
const OPEN_TO_ALL: &[&str] = &["mem", "pagemap"];

/// Where the program itself lies, which is not the script's program.
const OWN: std::ops::Range<u64> = 0x20_0000..0x40_1000;

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
    let offered = |kind: InodeKind| matches!(kind, InodeKind::Disk | InodeKind::Directory | InodeKind::DevZero | InodeKind::DevNull);
    if header.machine.files.iter().any(|file| !offered(file.kind)) {
        return Some("it wants files that the emulator alone has (@file kind=)".into());
    }
    None
}

fn of_statement(statement: &Statement) -> Option<String> {
    let call = &statement.call;
    match call.name.as_str() {
        "execve" => return Some("execve: the programs of the machine are not here".into()),
        "vfork" => return Some("vfork: the parent would wait for its child".into()),
        _ => {}
    }
    let path = call.args.iter().find_map(|(_, expr)| if let Expr::Text(bytes) = expr { Some(bytes) } else { None });
    if let Some(path) = path.map(|bytes| String::from_utf8_lossy(bytes)).filter(|path| path.starts_with("/proc/") || path.starts_with("/sys/")) {
        let file = path.splitn(4, '/').nth(3).unwrap_or_default();
        if !OPEN_TO_ALL.contains(&file) {
            return Some("it reads what /proc says of the whole process or machine".into());
        }
    }
    let all = call.args.iter().map(|(_, expr)| expr);
    let places = all.chain(statement.handler.iter().flat_map(|(_, calls)| calls.iter().flat_map(|call| call.args.iter().map(|(_, expr)| expr))));
    let is_address = |place: usize| place == 0 || call.name == "mremap" && place == 4;
    if places.enumerate().any(|(place, expr)| is_address(place) && matches!(expr, Expr::Int(value) if OWN.contains(value))) && takes_address(&call.name) {
        return Some("it uses the place where the program itself lies".into());
    }
    None
}

/// Calls whose first argument is an address.
fn takes_address(name: &str) -> bool {
    pagefault::script::signature(name).is_some_and(|signature| signature.parameters.first() == Some(&"addr"))
}
