//! Columns say what the snapshot says, and what an access would do is what it does: over every script, midway and at its end.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::addr::{PAGE_SIZE, VirtAddr};
use pagefault::event::{Event, Note};
use pagefault::flags::VmFlags;
use pagefault::ids::Pid;
use pagefault::internals;
use pagefault::machine::Access;
use pagefault::machine::Machine;
use pagefault::script::Session;
use pagefault::view::{Snapshot, columns, snapshot};
use std::path::{Path, PathBuf};

fn scripts(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            scripts(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "pf") {
            into.push(path);
        }
    }
}

/// Looks at every script in the middle and at its end.
fn everywhere(mut look: impl FnMut(&mut Session, &str)) {
    let mut all = Vec::new();
    scripts(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scripts")), &mut all);
    all.sort();
    for path in all {
        let text = std::fs::read_to_string(&path).expect("a script");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let Ok(mut session) = Session::from_text(&text) else { continue };
        internals::sysctl(session.machine_mut()).paranoid = false;
        for position in [session.len() / 2, session.len()] {
            if session.run_quietly(position - session.position()).is_err() {
                break;
            }
            look(&mut session, &format!("{name} at {position}"));
        }
    }
}

const KINDS: [(&str, u8); 7] = [("free", 0), ("anon", 1), ("shared", 2), ("zero", 5), ("table", 6), ("kernel", 7), ("file", 3)];

fn same(machine: &Machine, picture: &Snapshot, place: &str) {
    let kinds = columns::frame_kinds(machine);
    assert_eq!(kinds.len(), picture.total_frames as usize, "{place}");
    for frame in &picture.frames {
        let wanted = KINDS.iter().find(|(name, _)| *name == frame.kind).expect("a kind").1;
        let found = kinds[frame.pfn as usize];
        assert!(found == wanted || wanted == 3 && found == 4, "{place}: frame {}", frame.pfn);
    }
    assert_eq!(kinds.iter().filter(|kind| **kind != 0).count(), picture.frames.len(), "{place}");
    assert_eq!(columns::table_frames(machine), kinds.iter().filter(|kind| **kind == 6).count() as u64, "{place}");
    for (info, process) in columns::process_infos(machine).iter().zip(&picture.processes) {
        assert_eq!((info.pid, info.areas, info.rss), (process.pid, process.vmas.len(), process.rss), "{place}");
        assert_eq!(info.pages, process.vmas.iter().map(|vma| vma.pages).sum::<u64>(), "{place}");
        let pid = Pid(process.pid);
        let Some(areas) = columns::area_columns(machine, pid) else { continue };
        assert_eq!(areas.start.len(), process.vmas.len(), "{place}");
        let strips = columns::strips(machine, pid, 0..areas.start.len(), 8);
        for (at, vma) in process.vmas.iter().enumerate() {
            let start = u64::from_str_radix(&vma.start, 16).expect("an address") / PAGE_SIZE;
            assert_eq!((areas.start[at], areas.pages[at]), (start as f64, vma.pages as f64), "{place}");
            assert_eq!((areas.present[at], &areas.names[areas.name[at] as usize]), (vma.present_count as u32, &vma.name), "{place}");
            let perms = ["r", "w", "x", "s"].iter().enumerate().map(|(bit, c)| u8::from(vma.perms.contains(c)) << bit).sum::<u8>();
            assert_eq!(areas.perms[at], perms, "{place}: {}", vma.maps);
            let full: u32 = strips.full[at * 8..at * 8 + 8].iter().map(|full| u32::from(*full > 0)).sum();
            assert_eq!(full == 0, vma.present_count == 0, "{place}: {}", vma.maps);
            assert!(u64::from(full) <= vma.present_count, "{place}: {}", vma.maps);
            same_cells(machine, pid, start, vma, place);
        }
    }
}

fn same_cells(machine: &Machine, pid: Pid, start: u64, vma: &pagefault::view::VmaView, place: &str) {
    let cells = columns::cells(machine, pid, start, vma.pages.min(4096));
    let shown = vma.present.iter().filter(|page| page.index < 4096);
    for page in shown.clone() {
        let (kind, bits) = (cells.cells[page.index as usize] & 15, cells.cells[page.index as usize] & 0xf0);
        let wanted: &[u8] = match page.kind {
            "anon" => &[2],
            "shared" => &[3],
            "file" => &[4, 5],
            "zero" => &[1],
            "guard" => &[6],
            "marker" => &[7],
            _ => &[9],
        };
        assert!(wanted.contains(&kind), "{place}: {kind} is {}", page.kind);
        assert_eq!(cells.pfn[page.index as usize], page.pfn.unwrap_or(columns::NO_FRAME), "{place}");
        let has = |letter| page.pfn.is_some() && page.letters.contains(letter);
        assert_eq!((bits & 0x10 != 0, bits & 0x20 != 0, bits & 0x40 != 0), (has('D'), has('A'), has('W')), "{place}");
    }
    if vma.present_count <= 512 {
        let there = cells.cells.iter().filter(|cell| **cell & 15 != 0).count();
        assert_eq!(there, shown.count(), "{place}: {}", vma.maps);
    }
}

#[test]
fn columns_are_the_snapshot() {
    everywhere(|session, place| same(session.machine(), &snapshot(session.machine()), place));
}

/// What really happens: does, and by whom.
fn truth(machine: &mut Machine, pid: Pid, addr: VirtAddr, access: Access) -> (&'static str, Vec<String>) {
    let hits = internals::cpu(machine).hits;
    machine.trace().start(10_000);
    let ended = match access {
        Access::Read => machine.load(pid, addr, &mut [0]),
        Access::Write => machine.store(pid, addr, &[1]),
        Access::Execute => machine.execute(pid, addr),
    };
    let (events, _) = machine.trace().drain();
    machine.trace().stop();
    if let Err(signal) = ended {
        return ("signal", vec![format!("{} {}", signal.signo.name(), signal.code.name())]);
    }
    if events.iter().any(|event| matches!(event, Event::PageFault { .. })) {
        let functions = events.iter().flat_map(|event| match event {
            Event::Enter { function, note: Note::Text(text) } => vec![function.to_string(), text.to_string()],
            Event::Enter { function, .. } => vec![function.to_string()],
            _ => Vec::new(),
        });
        return ("fault", functions.collect());
    }
    let switched = events.iter().any(|event| matches!(event, Event::TlbFlushed(None)));
    (if internals::cpu(machine).hits > hits && !switched { "hit" } else { "walk" }, Vec::new())
}

/// Whether a stack would have to grow down to an address.
fn grows(machine: &Machine, pid: Pid, addr: VirtAddr) -> bool {
    let vmas = &internals::mm(machine, pid).expect("it lives").vmas;
    let next = vmas.find(addr).map(|id| vmas.get(id));
    next.is_some_and(|next| next.range.start > addr && next.flags.contains(VmFlags::GROWSDOWN))
}

#[test]
fn an_access_does_what_it_would() {
    let mut asked = 0;
    everywhere(|session, place| {
        let machine = session.machine_mut();
        if machine.free_frames() < 64 {
            return;
        }
        let save = machine.save(None);
        let pids: Vec<_> = machine.processes().filter(|process| process.is_alive()).map(|process| process.pid).take(3).collect();
        for pid in pids {
            let mm = internals::mm(machine, pid).expect("it lives");
            let mut places: Vec<_> = mm.vmas.iter().map(|(_, vma)| vma.range).collect();
            let every = places.len().div_ceil(24);
            places = places.into_iter().step_by(every).collect();
            let present = mm.tables.used(internals::phys(machine), pagefault::addr::VirtRange::new(0, 1 << 47)).map(|(addr, _)| addr);
            let present: Vec<_> = present.collect();
            let some = present.iter().copied().step_by(present.len().div_ceil(16).max(1));
            let edges = places
                .iter()
                .flat_map(|range| [range.start, VirtAddr(range.end.0 - 8), VirtAddr(range.start.0.wrapping_sub(4096)), range.end]);
            let addresses: Vec<_> =
                edges.chain(some).chain([VirtAddr(0), VirtAddr(1 << 47), VirtAddr(u64::MAX - 8), VirtAddr(1 << 60)]).collect();
            for addr in addresses {
                for access in [Access::Read, Access::Write, Access::Execute] {
                    let would = columns::would(machine, pid, addr, access).expect("it lives");
                    let (does, by) = truth(machine, pid, addr, access);
                    machine.restore(&save);
                    if grows(machine, pid, addr) && by == ["SIGSEGV SEGV_MAPERR"] {
                        // A limit on the address space stands against it.
                        continue;
                    }
                    assert_eq!(would.does, does, "{place}: {} of {addr} by {}: {would:?}, {by:?}", access.verb(), pid.0);
                    let named = would.by.split(", ").all(|function| function.is_empty() || by.iter().any(|by| by == function));
                    assert!(named, "{place}: {} of {addr}: {would:?}, {by:?}", access.verb());
                    asked += 1;
                }
            }
        }
    });
    assert!(asked > 10_000, "{asked}");
}

#[test]
fn a_version_changes_with_the_areas_only() {
    let text = "a = mmap(NULL, 64K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\ntouch_write(a, 4)\nmprotect(a, 4K, PROT_READ)\n\
                munmap(a, 4K)\nload(a+8K)\n";
    let mut session = Session::from_text(text).expect("a script");
    let mut versions = Vec::new();
    while session.step().is_some() {
        versions.push(columns::areas_version(session.machine(), Pid(1)).expect("it lives"));
    }
    assert!(
        versions[0] == versions[1] && versions[1] != versions[2] && versions[2] != versions[3] && versions[3] == versions[4],
        "{versions:?}"
    );
    session.go_to(2).expect("it ran");
    assert_eq!(columns::areas_version(session.machine(), Pid(1)), Some(versions[1]));
}
