//! `--- SIGSEGV {…} ---`: the access that a real program made.

use crate::script::{Call, Expr, Outcome, SignalSpec, value};

/// The access that ended in a signal, and the signal; `Ok(None)` for one that is no fault, `Err` for a fault
/// that cannot be made again.
pub(super) fn access(text: &str) -> Result<Option<(Call, Outcome)>, String> {
    let rest = text.trim_start_matches(['-', ' ']);
    let signo = match rest {
        _ if rest.starts_with("SIGSEGV") => "SIGSEGV",
        _ if rest.starts_with("SIGBUS") => "SIGBUS",
        _ => return Ok(None),
    };
    let code = match field(rest, "si_code=") {
        Some(code) => code_name(signo, code),
        None => None,
    };
    if let Some("SI_USER" | "SI_TKILL" | "SI_QUEUE") = code {
        return Ok(None);
    }
    let Some(addr) = field(rest, "si_addr=").and_then(address).or_else(|| old_address(rest)) else {
        return Err("a fault whose address is not told".into());
    };
    // Whether it read or wrote is not told. Nothing mapped: a read shows it as well. Not allowed: a write is
    // refused wherever a read would be, and on memory that can only be read.
    let name = match code {
        Some("SEGV_MAPERR" | "BUS_ADRERR") | None => "load",
        Some("SEGV_ACCERR") => "store",
        Some(other) => return Err(format!("a fault of the kind {other}")),
    };
    let mut args = vec![(None, Expr::Int(addr))];
    if name == "store" {
        args.push((None, Expr::Int(0)));
    }
    let call = Call { name: name.into(), args, ..Call::default() };
    let spec = SignalSpec { signo: signo.into(), code: code.map(str::to_string), addr: Some(addr) };
    Ok(Some((call, Outcome::Signal(None, spec))))
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.find(name)? + name.len();
    text[at..].split([',', '}']).next()
}

fn address(text: &str) -> Option<u64> {
    match value(text.trim())? {
        Expr::Int(addr) => Some(addr),
        Expr::Name(name) if name == "NULL" => Some(0),
        _ => None,
    }
}

/// `SIGSEGV (Segmentation fault) @ 0 (7f0c49324000)`, as tracers said until 2011.
fn old_address(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("@ ")?;
    let (_, rest) = rest.split_once('(')?;
    u64::from_str_radix(rest.split(')').next()?, 16).ok()
}

/// `SEGV_ACCERR`, `0x2 /* SEGV_ACCERR */`, `2`.
fn code_name(signo: &str, code: &str) -> Option<&'static str> {
    const NAMES: [&str; 8] =
        ["SEGV_MAPERR", "SEGV_ACCERR", "SEGV_PKUERR", "SEGV_BNDERR", "BUS_ADRERR", "BUS_ADRALN", "SI_KERNEL", "SI_USER"];
    if let Some(name) = NAMES.into_iter().chain(["SI_TKILL", "SI_QUEUE", "BUS_MCEERR_AR"]).find(|name| code.contains(name)) {
        return Some(name);
    }
    let number = match value(code.trim())? {
        Expr::Int(number) => number,
        _ => return Some("SI_TKILL"),
    };
    Some(match (signo, number) {
        (_, 0) => "SI_USER",
        (_, 0x80) => "SI_KERNEL",
        ("SIGSEGV", 1) => "SEGV_MAPERR",
        ("SIGSEGV", 2) => "SEGV_ACCERR",
        ("SIGSEGV", 3) => "SEGV_BNDERR",
        ("SIGSEGV", 4) => "SEGV_PKUERR",
        ("SIGBUS", 1) => "BUS_ADRALN",
        ("SIGBUS", 2) => "BUS_ADRERR",
        ("SIGBUS", 4) => "BUS_MCEERR_AR",
        _ => return None,
    })
}
