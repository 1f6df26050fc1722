//! Fields of what calls tell: `fstat(fd).st_size`, `shmctl(id, IPC_STAT).shm_nattch`, `smaps(a).Rss`, `status(VmRSS)`. Times
//! are none of them, since nothing here has a clock.

use super::ast::{Call, Expr};
use crate::proc::STATUS_FIELDS;

/// A field of a structure: its name, its place and its size in bytes.
type Field = (&'static str, u8, u8);

/// `struct stat` of x86-64.
const STAT: &[Field] = &[
    ("st_dev", 0, 8),
    ("st_ino", 8, 8),
    ("st_nlink", 16, 8),
    ("st_mode", 24, 4),
    ("st_uid", 28, 4),
    ("st_gid", 32, 4),
    ("st_rdev", 40, 8),
    ("st_size", 48, 8),
    ("st_blksize", 56, 8),
    ("st_blocks", 64, 8),
];

/// `struct statx`.
const STATX: &[Field] = &[
    ("stx_blksize", 4, 4),
    ("stx_nlink", 16, 4),
    ("stx_uid", 20, 4),
    ("stx_gid", 24, 4),
    ("stx_mode", 28, 2),
    ("stx_ino", 32, 8),
    ("stx_size", 40, 8),
    ("stx_blocks", 48, 8),
];

/// `struct shmid_ds`, and what IPC_INFO and SHM_INFO tell instead.
const SHMID_DS: &[Field] = &[
    ("shm_perm.key", 0, 4),
    ("shm_perm.uid", 4, 4),
    ("shm_perm.gid", 8, 4),
    ("shm_perm.cuid", 12, 4),
    ("shm_perm.cgid", 16, 4),
    ("shm_perm.mode", 20, 4),
    ("shm_segsz", 48, 8),
    ("shm_nattch", 88, 8),
    ("shmmax", 0, 8),
    ("shmmin", 8, 8),
    ("shmmni", 16, 8),
    ("shmseg", 24, 8),
    ("shmall", 32, 8),
    ("used_ids", 0, 4),
    ("shm_tot", 8, 8),
    ("shm_rss", 16, 8),
    ("shm_swp", 24, 8),
];

/// A call that writes a structure, which argument says where, and the structure.
struct Writer {
    call: &'static str,
    place: usize,
    fields: &'static [Field],
}

const WRITERS: &[Writer] = &[
    Writer { call: "fstat", place: 1, fields: STAT },
    Writer { call: "stat", place: 1, fields: STAT },
    Writer { call: "newfstatat", place: 2, fields: STAT },
    Writer { call: "statx", place: 4, fields: STATX },
    Writer { call: "shmctl", place: 2, fields: SHMID_DS },
];

/// Fields of smaps that answers can be compared of.
const SMAPS: &[&str] = &[
    "Rss",
    "Pss",
    "Pss_Dirty",
    "Shared_Clean",
    "Shared_Dirty",
    "Private_Clean",
    "Private_Dirty",
    "Anonymous",
    "AnonHugePages",
    "Swap",
    "SwapPss",
    "Locked",
    "THPeligible",
    "ProtectionKey",
];

/// Bytes of the largest of the structures.
pub const STRUCTURE_BYTES: usize = 256;

fn writer(call: &str) -> Option<&'static Writer> {
    WRITERS.iter().find(|writer| writer.call == call)
}

/// The argument of a call that says where its structure goes, if it was not given: the structure is told instead.
pub(super) fn place_of_structure(call: &Call) -> Option<usize> {
    let writer = writer(&call.name).filter(|writer| call.field().is_some() || writer.call != "shmctl")?;
    (call.args.len() <= writer.place).then_some(writer.place)
}

/// The number that a call tells in the field that it asks for; `None` if it asks for none.
///
/// `bytes` are those of its structure, from the first on.
pub fn field_of(call: &Call, bytes: &[u8]) -> Option<u64> {
    let name = call.field()?;
    let (_, place, size) = writer(&call.name)?.fields.iter().find(|(known, ..)| *known == name)?;
    let part = bytes.get(usize::from(*place)..usize::from(place + size))?;
    let mut word = [0; 8];
    word[..part.len()].copy_from_slice(part);
    Some(u64::from_le_bytes(word))
}

/// Whether a field is a number that the kernel gives as it likes: it is compared with others, and never by itself.
pub fn is_arbitrary(call: &Call) -> bool {
    matches!(call.field(), Some("st_ino" | "st_dev" | "stx_ino"))
}

/// Whether a call only asks for a number, also without a field.
pub(super) fn only_asks(name: &str) -> bool {
    matches!(name, "status" | "nmaps")
}

/// The field of status that `status(FIELD)` names.
pub fn status_asked(call: &Call) -> Option<&str> {
    match call.args.as_slice() {
        [(None, Expr::Name(name))] if call.name == "status" => Some(name),
        _ => None,
    }
}

/// The names that a call binds to the descriptors it makes in an array: `pipe2([r, w], 0)`.
pub fn names_given(call: &Call) -> Vec<&str> {
    let place = match call.name.as_str() {
        "pipe2" => 0,
        "socketpair" => 3,
        _ => return Vec::new(),
    };
    let Some((None, Expr::List(items))) = call.args.get(place) else { return Vec::new() };
    items.iter().filter_map(|(_, item)| if let Expr::Name(name) = item { Some(name.as_str()) } else { None }).collect()
}

/// What is wrong with the field that a call asks for, if anything is: what stands there, and what is expected.
pub(super) fn wrong_field(call: &Call) -> Option<(&str, String)> {
    if call.name == "status" {
        let name = status_asked(call).unwrap_or("status");
        return (!STATUS_FIELDS.contains(&name)).then(|| (name, list("a field of status", STATUS_FIELDS.iter().copied())));
    }
    if call.name == "smaps" {
        let name = call.field().unwrap_or("smaps");
        return (!SMAPS.contains(&name)).then(|| (name, list("a field: smaps(addr).FIELD", SMAPS.iter().copied())));
    }
    let name = call.field()?;
    let Some(writer) = writer(&call.name) else {
        return Some((name, "nothing: only what fstat, stat, newfstatat, statx, shmctl and smaps tell has fields".into()));
    };
    if !writer.fields.iter().any(|(known, ..)| *known == name) {
        return Some((name, list("a field of it", writer.fields.iter().map(|(name, ..)| *name))));
    }
    let given = call.args.get(writer.place).is_some_and(|(_, expr)| !matches!(expr, Expr::List(items) if items.is_empty()));
    given.then(|| (name, "no address for the structure: {} or nothing, if a field of it is asked for".into()))
}

fn list(what: &str, names: impl Iterator<Item = &'static str>) -> String {
    let mut text = what.to_string();
    for (at, name) in names.enumerate() {
        text.push_str(if at == 0 { ": " } else { ", " });
        text.push_str(name);
    }
    text
}
