//! The tables that tell the guardian what a script starts with.

use crate::text::literal;
use crate::walk::Walk;
use pagefault::machine::{Content, FileConfig, InodeKind};
use pagefault::script::{Directive, Expr, SETTINGS, Script, Statement};
use std::fmt::Write;

/// Definitions that the runtime needs before its own text.
pub(crate) fn definitions(script: &Script, walk: &Walk, needs_x86: bool) -> String {
    let process = &script.header.process;
    let sysctl = &script.header.machine.sysctl;
    let given = |name: &str| script.header.gives(name);
    let mut text = String::new();
    let mut define = |name: &str, value: String| writeln!(text, "#define {name} {value}").expect("a string takes it");
    define("KIT_ANCHOR", format!("{:#x}ul", walk.anchor));
    define("KIT_AREAS", walk.areas.to_string());
    define("KIT_PERSONALITY", format!("{:#x}", process.personality.bits()));
    define("KIT_UID", process.uid.to_string());
    define("KIT_CAPABILITIES", process.capabilities.map_or("~0ul".into(), |set| format!("{:#x}ul", set.bits())));
    // A file of somebody else's cannot be made by who is not root.
    let others = script.header.machine.files.iter().any(|file| file.uid != process.uid);
    define("KIT_ROOT", u32::from(walk.needs_root || others).to_string());
    // Segments outlive their program, and their numbers are the machine's.
    let has_segments = script.statements.iter().any(uses_segments);
    define("KIT_SEGMENTS", u32::from(has_segments).to_string());
    let needs_x86 = needs_x86 || given("LA57") || given("PKU");
    define("KIT_X86", u32::from(needs_x86).to_string());
    define("KIT_SHM", u32::from(paths(script).any(|path| path.starts_with(b"/dev/shm/"))).to_string());
    if given("LA57") {
        define("KIT_LA57", u32::from(sysctl.la57).to_string());
    }
    if given("PKU") {
        define("KIT_PKU", u32::from(sysctl.pku).to_string());
    }
    if given("lsm_mmap_min_addr") {
        define("KIT_LOWEST", sysctl.lsm_mmap_min_addr.max(sysctl.mmap_min_addr).to_string());
    }
    text
}

/// Whether a statement is about SysV segments.
fn uses_segments(statement: &Statement) -> bool {
    let named = statement.call.args.get(2).is_some_and(|(_, expr)| matches!(expr, Expr::Text(name) if name.starts_with(b"shm")));
    statement.call.name.starts_with("shm") || statement.call.name == "repeat" && named
}

fn paths(script: &Script) -> impl Iterator<Item = &[u8]> {
    let args = script.statements.iter().flat_map(|statement| &statement.call.args);
    args.filter_map(|(_, expr)| if let Expr::Text(bytes) = expr { Some(&bytes[..]) } else { None })
}

/// The guardian's tables.
pub(crate) fn tables(script: &Script, walk: &Walk) -> String {
    let mut text = String::new();
    let files: Vec<String> = script.header.machine.files.iter().filter_map(file).collect();
    let settings = SETTINGS.iter().filter(|setting| setting.directive == Directive::Sysctl && setting.name.starts_with("vm."));
    let settings = settings.filter(|setting| script.header.gives(setting.name));
    let setting = |value: u64, name: &str| format!("{{ \"/proc/sys/{}\", {value} }}", name.replace('.', "/"));
    let settings: Vec<String> = settings.map(|one| setting((one.get)(&script.header.machine.sysctl), one.name)).collect();
    let limits = script.header.process.rlimits.iter();
    let limits: Vec<String> =
        limits.map(|(resource, limit)| format!("{{ {}, {:#x}ul, {:#x}ul }}", *resource as u32, limit.cur, limit.max)).collect();
    let status: Vec<String> = walk.status.iter().map(|(name, kb)| format!("{{ \"{name}\", {kb} }}")).collect();
    let mut table = |kind: &str, name: &str, rows: Vec<String>, none: &str| {
        let rows = if rows.is_empty() { none.to_string() } else { rows.join(",\n\t") };
        writeln!(text, "static const {kind} {name}[] = {{\n\t{rows}\n}};").expect("a string takes it");
    };
    table("struct made", "files", files, "{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }");
    table("struct setting", "settings", settings, "{ 0, 0 }");
    table("struct limit", "limits", limits, "{ ~0u, 0, 0 }");
    table("struct field", "at_start", status, "{ 0, 0 }");
    text
}

/// A file of the header. The two devices are always there.
fn file(file: &FileConfig) -> Option<String> {
    if matches!(file.kind, InodeKind::DevZero | InodeKind::DevNull) {
        return None;
    }
    let (pattern, key) = match &file.content {
        Content::Pattern { name } => (1, name.bytes().fold(0i32, |key, byte| key.wrapping_mul(31).wrapping_add(byte.into()))),
        _ => (0, 0),
    };
    let content = if let Content::Bytes(bytes) = &file.content { &bytes[..] } else { &[] };
    let is_directory = u32::from(file.kind == InodeKind::Directory);
    Some(format!(
        "{{ {}, {:#x}, 0{:o}, {}, {key}, {pattern}, {is_directory}, {}, {:#x}, {}, {} }}",
        literal(file.path.trim_start_matches('/').as_bytes()),
        file.size,
        file.mode,
        file.uid,
        u32::from(file.cached),
        file.folio,
        literal(content),
        content.len()
    ))
}
