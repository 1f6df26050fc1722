//! The words of the audit: what each reason is called, what it means, what would bring the count down.

use super::audit::{Guards, Kind};
use crate::why::NoMerge;

/// What a group is called.
pub(super) fn title(kind: Kind, detail: &str) -> String {
    match (kind, detail) {
        (Kind::Gap, "alike") => "a hole between areas that are alike".into(),
        (Kind::Gap, _) => "a gap between them".into(),
        (Kind::Special, _) => "mappings of the kernel or of a device (vdso, vvar), which never merge".into(),
        (Kind::File, detail) => detail.to_string(),
        (Kind::Sharing, _) => "shared beside private".into(),
        (Kind::Permission, pair) => format!("permissions: {pair}"),
        (Kind::Key, _) => "protection keys differ".into(),
        (Kind::Flags, names) => flags_in_words(&names.split_whitespace().map(str::to_string).collect::<Vec<_>>()),
        (Kind::Name, _) => "names given with PR_SET_VMA_ANON_NAME differ".into(),
        (Kind::Offset, _) => "one file, but its pages are not neighbours".into(),
        (Kind::Close, _) => "SysV segments, which never merge".into(),
        (Kind::Hidden, "heap") => "the heap begins: brk does not extend what lies below it".into(),
        (Kind::Hidden, _) => "the same in all that the text shows".into(),
    }
}

/// What would bring the count of such boundaries down, as far as a program can do something.
pub(super) fn advice(kind: Kind, detail: &str, guards: Option<Guards>) -> Option<String> {
    let text = match (kind, detail) {
        (Kind::Gap, "alike") => {
            "Freed pieces leave holes. MADV_DONTNEED or MADV_FREE gives the memory back and keeps the area whole; or reserve one range and map inside it."
        }
        (Kind::Permission, pair) if pair.split(" beside ").any(|perms| perms == "---") => return Some(guard_advice(guards)),
        (Kind::Permission, pair) if pair.contains('x') => {
            "Keep code together and data together: each change of permissions inside a range costs up to two areas."
        }
        (Kind::Permission, _) => "Change permissions of larger pieces: each mprotect inside an area costs up to two more.",
        (Kind::Flags, names) => flag_advice(names),
        (Kind::Key, _) => "Give neighbouring pages the same protection key, or group pages by key.",
        (Kind::Name, _) => "Give neighbouring areas the same name, or none: areas with different names never merge.",
        (Kind::Offset, _) => "Map the file's pages in their order, or in larger windows.",
        (Kind::File, "two files") => {
            "One area a file is the least there can be; many small files cost fewer areas if they are read or packed into one."
        }
        (Kind::Close, _) => "Use one larger segment, or shared memory from memfd_create, whose areas merge.",
        (Kind::Hidden, "") => {
            "If neither was written since it was made or forked, the next mmap, mprotect or madvise at their border merges them. Give memory its final permissions before it is first written."
        }
        _ => return None,
    };
    Some(text.to_string())
}

fn guard_advice(guards: Option<Guards>) -> String {
    let how = "MADV_GUARD_INSTALL (Linux 6.13 and later) makes guard pages inside an area, which need no area of their own";
    match guards {
        Some(guards) if guards.saves > 0 => format!("{how}: {} areas fewer here.", thousands(guards.saves as u64)),
        _ => format!("{how}. Large reservations are better made as one range."),
    }
}

fn flag_advice(names: &str) -> &'static str {
    match names {
        "ac" => "One of them was writable once, which stays counted as promised memory. Give memory its final permissions in one mmap.",
        "gd" => "A stack that grows is an area of its own.",
        _ => "Give advice and locks to whole ranges: flags that differ keep areas apart until they are the same again.",
    }
}

/// What two letters of smaps mean, in a program's words.
fn flag_meaning(name: &str) -> Option<&'static str> {
    Some(match name {
        "rd" => "readable",
        "wr" => "writable",
        "ex" => "executable",
        "sh" | "ms" => "shared",
        "mr" => "mprotect may make it readable",
        "mw" => "mprotect may make it writable",
        "me" => "mprotect may make it executable",
        "gd" => "a stack that grows down",
        "lo" => "mlock",
        "lf" => "MLOCK_ONFAULT",
        "sr" => "MADV_SEQUENTIAL",
        "rr" => "MADV_RANDOM",
        "dc" => "MADV_DONTFORK",
        "wf" => "MADV_WIPEONFORK",
        "dd" => "MADV_DONTDUMP",
        "ac" => "counted as promised memory",
        "nr" => "MAP_NORESERVE",
        "ht" => "MAP_HUGETLB",
        "hg" => "MADV_HUGEPAGE",
        "nh" => "MADV_NOHUGEPAGE or MAP_STACK",
        "mg" => "MADV_MERGEABLE",
        "um" | "uw" | "ui" => "userfaultfd",
        "sl" => "mseal",
        "dp" => "MAP_DROPPABLE",
        "ss" => "shadow stack",
        "de" | "io" | "pf" | "mm" => "a device's or the kernel's",
        _ => return None,
    })
}

/// The flags that two areas differ by.
pub(super) fn flags_in_words(names: &[String]) -> String {
    let told = names.iter().map(|name| match flag_meaning(name) {
        Some(meaning) => format!("{name} ({meaning})"),
        None => name.clone(),
    });
    format!("flags differ: {}", told.collect::<Vec<_>>().join(", "))
}

/// What hidden state it is that a refusal speaks of.
pub(super) fn supposition(why: &NoMerge) -> &'static str {
    match why {
        NoMerge::AnonVma => "each was written before they became alike: their pages belong to different families (anon_vma)",
        NoMerge::ForkChild => "one came through fork with pages in it, which keeps out what has none",
        NoMerge::PageOffset { .. } => "one was written and then moved by mremap: it keeps the page offset of its first place",
        NoMerge::File => "the file was opened twice: the kernel compares open files, not names",
        NoMerge::BrkBorder => "the heap begins here: brk extends only the area to its left, and only above start_brk",
        NoMerge::Flags { .. } => "flags differ that only smaps shows (VmFlags)",
        _ => "",
    }
}

/// A number with commas.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
