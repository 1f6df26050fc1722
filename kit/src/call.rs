//! The call of a statement, as C.

use crate::expression::{Names, plain};
use crate::text::literal;
use pagefault::machine::Sysno;
use pagefault::script::{Call, Expr, structure_of};

/// Bytes that the runtime has for what is written.
const MOST_WRITTEN: u64 = 32768;

/// Where the words of structures go on; arguments of one call do not overlap.
#[derive(Debug, Default)]
struct Given {
    words: usize,
}

/// The statements of C that make a call and leave what it yielded.
pub(crate) fn call(call: &Call, names: &mut Names) -> Result<String, String> {
    let number = |names: &mut Names, place: usize, default: &str| match call.args.get(place) {
        Some((_, expr)) => names.number(expr),
        None => Ok(default.to_string()),
    };
    Ok(match call.name.as_str() {
        "load" => format!("load({}, {});", number(names, 0, "0")?, number(names, 1, "1")?),
        "store" => match call.args.get(1).map(|(_, expr)| expr) {
            Some(Expr::Text(bytes)) => format!("store_bytes({}, {}, {});", number(names, 0, "0")?, literal(bytes), bytes.len()),
            _ => format!("store({}, {}, {});", number(names, 0, "0")?, number(names, 1, "0")?, number(names, 2, "1")?),
        },
        "execute" => format!("execute({});", number(names, 0, "0")?),
        "touch_read" | "touch_write" => {
            let writes = u32::from(call.name == "touch_write");
            let (count, stride) = (number(names, 1, "1")?, number(names, 2, "4096")?);
            format!("touch({writes}, {}, {count}, {stride}, {});", number(names, 0, "0")?, number(names, 3, "0")?)
        }
        "wrpkru" => format!("wrpkru({});", number(names, 0, "0")?),
        "rdpkru" => "rdpkru();".into(),
        "maps" | "snap" | "nmaps" | "pagemap" | "quiet" | "on" => "nothing();".into(),
        "fork" => "make_process(17, 0, 0, 0);".into(),
        "clone" => {
            let flags = number(names, 0, "0")?;
            format!("make_process({flags}, {}, {}, {});", number(names, 2, "0")?, number(names, 3, "0")?, number(names, 4, "0")?)
        }
        "exit" | "exit_group" => format!("leave({});", number(names, 0, "0")?),
        "repeat" => repeat(call, names)?,
        name => system_call(name, call, names)?,
    })
}

fn repeat(call: &Call, names: &mut Names) -> Result<String, String> {
    let [(_, count), (_, stride), (_, Expr::Text(name)), rest @ ..] = &call.args[..] else { return Err("a repetition of nothing".into()) };
    let inner = Call { name: String::from_utf8_lossy(name).into_owned(), args: rest.to_vec(), ..Call::default() };
    let (count, stride) = (names.number(count)?, names.number(stride)?);
    let mut args = arguments(&inner.name, &inner, names)?;
    args.resize(6, "0".into());
    Ok(format!("repeat({count}, {stride}, {}, {});", number_of(&inner.name)?, args.join(", ")))
}

/// A call of a handler: nothing is counted, nothing is kept.
pub(crate) fn in_handler(call: &Call, names: &mut Names) -> Result<String, String> {
    match (call.name.as_str(), &call.args[..]) {
        ("store", [(_, at), (_, Expr::Text(bytes))]) => {
            let at = names.number(at)?;
            let each = bytes.iter().enumerate().map(|(i, byte)| format!("write_byte({at} + {i}, {byte});"));
            Ok(each.collect::<Vec<_>>().join(" "))
        }
        ("wrpkru" | "rdpkru" | "load" | "store" | "execute" | "touch_read" | "touch_write" | "fork" | "clone" | "exit" | "repeat", _) => {
            Err(format!("a handler that makes `{}`", call.name))
        }
        _ => {
            let mut args = arguments(&call.name, call, names)?;
            args.resize(6, "0".into());
            let args: Vec<_> = args.iter().map(|arg| format!("(u64)({arg})")).collect();
            Ok(format!("named_call({}, (u64[]){{ {} }});", number_of(&call.name)?, args.join(", ")))
        }
    }
}

/// The kernel's number, by its name.
fn number_of(name: &str) -> Result<String, String> {
    let kernel = match name {
        "preadto" => "pread64",
        "pwritefrom" => "pwrite64",
        other => other,
    };
    match kernel {
        "open" | "creat" | "unlink" | "chmod" | "dup2" | "setrlimit" => Ok(format!("K_{kernel}")),
        _ => Sysno::from_name(kernel).map(|_| format!("__NR_{kernel}")).ok_or_else(|| format!("the call `{name}`")),
    }
}

fn system_call(name: &str, call: &Call, names: &mut Names) -> Result<String, String> {
    let number = number_of(name)?;
    let args = arguments(name, call, names)?;
    let args = if args.is_empty() { "0".into() } else { args.join(", ") };
    let lead = if name.starts_with("process_vm_") { "drain();\n\t" } else { "" };
    let translated = if matches!(name, "getpid" | "wait4") { "\n\ttranslate_result();" } else { "" };
    Ok(format!("{lead}call({number}, {args});{translated}"))
}

fn arguments(name: &str, call: &Call, names: &mut Names) -> Result<Vec<String>, String> {
    let mut given = Given::default();
    let mut args = Vec::new();
    for (place, (_, expr)) in call.args.iter().enumerate() {
        args.push(match expr {
            Expr::Text(bytes) if place == 1 && matches!(name, "write" | "pwrite64") => {
                let count = call.args.get(2).map_or(Ok("0".into()), |(_, count)| names.number(count))?;
                format!("bytes_with_zeros({}, {}, {count})", literal(bytes), bytes.len())
            }
            Expr::Text(bytes) if is_path(name, place) => path(bytes),
            Expr::Text(bytes) => literal(bytes),
            Expr::List(items) => list(name, call, items, &mut given, names)?,
            Expr::Opaque => "SCRATCH".into(),
            _ if place == 0 && is_of_process(name) => format!("pid_here({})", names.number(expr)?),
            _ => names.number(expr)?,
        });
    }
    if let (Sysno::write | Sysno::pwrite64, Some((_, Expr::Int(count)))) = (Sysno::from_name(name).unwrap_or(Sysno::read), call.args.get(2))
        && *count > MOST_WRITTEN
        && matches!(call.args.get(1), Some((_, Expr::Text(_))))
    {
        return Err(format!("it writes {count} bytes at once"));
    }
    if name == "mincore" && args.len() == 2 {
        args.push("SCRATCH".into());
    }
    Ok(args)
}

fn is_of_process(name: &str) -> bool {
    matches!(name, "wait4" | "pidfd_open" | "prlimit64" | "process_vm_readv" | "process_vm_writev")
}

fn is_path(name: &str, place: usize) -> bool {
    match name {
        "open" | "creat" | "truncate" | "unlink" | "chmod" => place == 0,
        "openat" | "unlinkat" => place == 1,
        _ => false,
    }
}

/// Files of a script lie in a folder of their own, in which the program stands.
fn path(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if let Some((number, rest)) = text.strip_prefix("/proc/").and_then(|rest| rest.split_once('/')) {
        return match number.parse::<u32>() {
            Ok(number) => format!("proc_path({number}, {})", literal(format!("/{rest}").as_bytes())),
            Err(_) => literal(bytes),
        };
    }
    match text.as_ref() {
        "/" => literal(b"."),
        "/dev/zero" | "/dev/null" => literal(bytes),
        _ => literal(bytes.strip_prefix(b"/").unwrap_or(bytes)),
    }
}

/// A structure, or pieces of memory, as words.
fn list(name: &str, call: &Call, items: &[(Option<String>, Expr)], given: &mut Given, names: &mut Names) -> Result<String, String> {
    let words = match structure(name, call, items, names)? {
        Some(words) => words,
        None => match pieces(items, names)? {
            Some(words) => words,
            None => return Ok("SCRATCH".into()),
        },
    };
    let at = given.words;
    given.words += words.len();
    Ok(format!("words({at}, {})", words.join(", ")))
}

fn structure(name: &str, call: &Call, items: &[(Option<String>, Expr)], names: &mut Names) -> Result<Option<Vec<String>>, String> {
    let Some(fields) = structure_of(items) else { return Ok(None) };
    let size: usize = fields.iter().map(|(_, width)| width).sum();
    let mut words: Vec<String> = Vec::new();
    let mut is_half = false;
    for (field, width) in fields {
        let value = match items.iter().find(|(key, _)| key.as_deref() == Some(field)) {
            Some((_, value)) => limit(name, call, field, names.number(value)?, names),
            None if *field == "size" => plain(size as u64),
            None => "0".into(),
        };
        match (*width, is_half, words.last_mut()) {
            (4, true, Some(low)) => {
                *low = format!("({low} & 0xffffffffu) | {value} << 32");
                is_half = false;
            }
            (4, ..) => {
                words.push(value);
                is_half = true;
            }
            _ => words.push(value),
        }
    }
    Ok(Some(words))
}

/// Limits of address space and data count the program itself, too.
fn limit(name: &str, call: &Call, field: &str, value: String, names: &mut Names) -> String {
    let resource = call.args.get(usize::from(name == "prlimit64")).map(|(_, expr)| names.number(expr));
    let counted = match resource.as_ref().map(|resource| resource.as_deref()) {
        Some(Ok("K_RLIMIT_AS" | "9ul" | "9")) => "VmSize",
        Some(Ok("K_RLIMIT_DATA" | "2ul" | "2")) => "VmData",
        _ => return value,
    };
    if !field.starts_with("rlim_") || !name.contains("rlimit") {
        return value;
    }
    format!("limit_here(\"{counted}\", {value})")
}

fn pieces(items: &[(Option<String>, Expr)], names: &mut Names) -> Result<Option<Vec<String>>, String> {
    let mut words = Vec::new();
    for (_, item) in items {
        let Expr::List(fields) = item else { return Ok(None) };
        for field in ["iov_base", "iov_len"] {
            let Some((_, value)) = fields.iter().find(|(key, _)| key.as_deref() == Some(field)) else { return Ok(None) };
            words.push(names.number(value)?);
        }
    }
    Ok(Some(words).filter(|words| !words.is_empty()))
}
