//! One page: its bytes, its tables, and what an access would do now.

use super::cell;
use super::cells::cell_of;
use crate::addr::{PAGE_SIZE, STACK_GUARD_GAP, VirtAddr};
use crate::flags::VmFlags;
use crate::fs::Content;
use crate::ids::{InodeId, Pid, VmOpsId};
use crate::machine::Machine;
use crate::mm::{Kernel, Mm, Resource};
use crate::mmu::{Access, Marker, Pte, explain_walk};
use crate::phys::{FrameFlags, Owner};
use crate::vma::{SpecialMapping, Vma};
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What an access would do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Would {
    /// `hit`, `walk`, `fault` or `signal`.
    pub does: &'static str,
    /// The function that would end the fault, or the signal with its code; empty for a hit and a walk.
    pub by: String,
}

impl Would {
    fn fault(by: &str) -> Self {
        Self { does: "fault", by: by.into() }
    }

    fn signal(by: &str) -> Self {
        Self { does: "signal", by: by.into() }
    }
}

const MAPERR: &str = "SIGSEGV SEGV_MAPERR";
const ACCERR: &str = "SIGSEGV SEGV_ACCERR";
const PKUERR: &str = "SIGSEGV SEGV_PKUERR";
const BUS: &str = "SIGBUS BUS_ADRERR";

/// What an access by the program itself would do if it were made now; nothing is changed. `None` for a process that has
/// ended. Only whether a limit or the lack of RAM would stop it is not foreseen.
pub fn would(machine: &Machine, pid: Pid, addr: VirtAddr, access: Access) -> Option<Would> {
    let (kernel, mm) = (&machine.kernel, machine.mm_of(pid)?);
    let task = machine.process(pid).map(|process| &kernel.tasks[process.task])?;
    let runs = kernel.cpu.cr3() == Some(mm.tables.root) && kernel.cpu.pkru() == task.pkru;
    if runs && kernel.cpu.remembers(addr, access) {
        return Some(Would { does: "hit", by: String::new() });
    }
    if addr.0 >= kernel.task_size() {
        return Some(Would::signal(if addr.is_canonical(kernel.cpu.levels) { MAPERR } else { "SIGSEGV SI_KERNEL" }));
    }
    let last = explain_walk(&kernel.phys, mm.tables.root, addr).pop();
    let leaf = last.filter(|step| (step.level == 1 || step.entry.is_large(step.level)) && step.entry.is_hardware_present());
    let forbidden_by_key = |key: u32| {
        let rights = task.pkru >> (key * 2) & 3;
        access != Access::Execute && (rights & 1 != 0 || rights & 2 != 0 && access == Access::Write)
    };
    let pte = mm.tables.get(&kernel.phys, addr);
    if let Some(leaf) = leaf {
        let refused = match access {
            Access::Read => false,
            Access::Write => !leaf.entry.has(Pte::WRITE),
            Access::Execute => leaf.entry.has(Pte::NX),
        };
        let refused = refused || kernel.sysctl.pku && forbidden_by_key(leaf.entry.pkey());
        if !refused {
            return Some(Would { does: "walk", by: String::new() });
        }
    }
    let Some((vma, grows)) = area_or_stack(kernel, mm, task.limit(Resource::Stack), addr) else { return Some(Would::signal(MAPERR)) };
    if kernel.sysctl.pku && forbidden_by_key(u32::from(vma.flags.pkey())) {
        return Some(Would::signal(PKUERR));
    }
    let allowed = match access {
        Access::Write => vma.flags.contains(VmFlags::WRITE),
        // A fetch from an absent page brings it in, and only then the CPU refuses.
        Access::Execute => vma.is_accessible() && leaf.is_none() && vma.flags.contains(VmFlags::EXEC),
        Access::Read => vma.is_accessible() && leaf.is_none(),
    };
    if access == Access::Execute && !allowed && vma.is_accessible() && leaf.is_none() {
        // Unless there is nothing to bring in.
        return Some(
            Some(handled(kernel, vma, addr, access, pte, grows)).filter(|would| would.does == "signal").unwrap_or(Would::signal(ACCERR)),
        );
    }
    Some(if allowed { handled(kernel, vma, addr, access, pte, grows) } else { Would::signal(ACCERR) })
}

/// The area of an address, or the stack above it that would grow down to it.
fn area_or_stack<'a>(kernel: &Kernel, mm: &'a Mm, limit: u64, addr: VirtAddr) -> Option<(&'a Vma, bool)> {
    let vma = mm.vmas.get(mm.vmas.find(addr)?);
    if vma.range.start <= addr {
        return Some((vma, false));
    }
    let page = addr.page_floor();
    let near =
        |below: &&Vma| !below.flags.contains(VmFlags::GROWSDOWN) && below.is_accessible() && page - below.range.end < STACK_GUARD_GAP;
    let below = mm.vmas.prev(vma.range.start).map(|id| mm.vmas.get(id));
    let may_grow = vma.flags.contains(VmFlags::GROWSDOWN)
        && page.0 >= kernel.sysctl.lowest_search_addr()
        && below.filter(near).is_none()
        && (vma.range.start - page) / PAGE_SIZE <= vma.pgoff
        && vma.range.end - page <= limit;
    may_grow.then_some((vma, true))
}

/// How `handle_mm_fault` would end.
fn handled(kernel: &Kernel, vma: &Vma, addr: VirtAddr, access: Access, pte: Pte, grows: bool) -> Would {
    match pte.as_marker() {
        Some(Marker::Guard) => return Would::signal(MAPERR),
        Some(Marker::Poison) => return Would::signal("SIGBUS BUS_MCEERR_AR"),
        None => {}
    }
    if pte.is_present() {
        return if access == Access::Write && !pte.is_writable() {
            write_protected(kernel, vma, pte)
        } else {
            Would::fault("handle_pte_fault")
        };
    }
    let Some(ops) = vma.ops else {
        return Would::fault(if grows { "expand_stack, do_anonymous_page" } else { "do_anonymous_page" });
    };
    let page = if addr < vma.range.start { 0 } else { vma.pgoff_of(addr) };
    if !has_page(kernel, vma, ops, page) {
        return Would::signal(BUS);
    }
    let by = kernel.fault_name(vma).unwrap_or_default();
    match (access == Access::Write, vma.flags.contains(VmFlags::SHARED)) {
        // What is cached is mapped without asking the object.
        (false, _) => Would::fault("do_read_fault"),
        (true, false) => Would::fault(&format!("do_cow_fault, {by}")),
        (true, true) => Would::fault(&format!("do_shared_fault, {by}")),
    }
}

fn has_page(kernel: &Kernel, vma: &Vma, ops: VmOpsId, page: u64) -> bool {
    match ops {
        VmOpsId::Special if vma.flags.contains(VmFlags::PFNMAP) => page == 0,
        VmOpsId::Special => vma.special != Some(SpecialMapping::Vdso) || page < kernel.vdso_pages.len() as u64,
        VmOpsId::Driver(_) => true,
        _ => vma.file.is_none_or(|file| page < kernel.fs.inode_of(file).page_count()),
    }
}

fn write_protected(kernel: &Kernel, vma: &Vma, pte: Pte) -> Would {
    let frame = kernel.phys.frame(pte.pfn());
    let ours = !pte.has(Pte::SPECIAL) && frame.is_anon() && (frame.flags.contains(FrameFlags::ANON_EXCLUSIVE) || frame.refcount == 1);
    Would::fault(match () {
        () if vma.flags.contains(VmFlags::SHARED) => "do_wp_page, wp_page_shared",
        () if ours => "do_wp_page, wp_page_reuse",
        () => "do_wp_page, wp_page_copy",
    })
}

/// The 4,096 bytes of the page at an address, if it is present.
pub fn page_bytes(machine: &Machine, pid: Pid, addr: VirtAddr) -> Option<Vec<u8>> {
    let pte = machine.mm_of(pid)?.tables.get(&machine.kernel.phys, addr);
    let mut bytes = vec![0; PAGE_SIZE as usize];
    machine.kernel.phys.read(Some(pte).filter(|pte| pte.is_present())?.pfn(), 0, &mut bytes);
    Some(bytes)
}

/// Whether the page at an address shows, or was copied from, a file whose contents nobody gave: a filler stands for them.
pub fn page_is_invented(machine: &Machine, pid: Pid, addr: VirtAddr) -> bool {
    let (kernel, Some(mm)) = (&machine.kernel, machine.mm_of(pid)) else { return false };
    let pte = mm.tables.get(&kernel.phys, addr);
    if !pte.is_present() {
        return false;
    }
    let invented = |inode: InodeId| matches!(kernel.fs.inode(inode).content, Content::Pattern { .. });
    match kernel.phys.frame(pte.pfn()).owner {
        Owner::File { inode, .. } => invented(inode),
        Owner::Anon { .. } => {
            let vma = mm.vmas.lookup(addr).map(|id| mm.vmas.get(id));
            vma.and_then(|vma| vma.file).is_some_and(|file| invented(kernel.fs.file(file).inode))
        }
        _ => false,
    }
}

/// A number that is another one when the page at an address is: its entry, but for what the CPU notes of its use, or what
/// stands in it.
pub fn page_sign(machine: &Machine, pid: Pid, addr: VirtAddr) -> u64 {
    let Some(mm) = machine.mm_of(pid) else { return 0 };
    let pte = mm.tables.get(&machine.kernel.phys, addr);
    let mut hash = DefaultHasher::new();
    pte.without(Pte::ACCESSED | Pte::DIRTY).0.hash(&mut hash);
    if pte.is_present() {
        machine.kernel.phys.words(pte.pfn()).hash(&mut hash);
    }
    hash.finish()
}

/// A number that is another one when the area around an address is: its place, its flags, its file and name.
pub fn area_sign(machine: &Machine, pid: Pid, addr: VirtAddr) -> u64 {
    let area = machine.mm_of(pid).and_then(|mm| mm.vmas.lookup(addr).map(|id| mm.vmas.get(id)));
    let mut hash = DefaultHasher::new();
    if let Some(vma) = area {
        (vma.range.start.0, vma.range.end.0, vma.flags.bits(), vma.pgoff, vma.file, vma.anon_name).hash(&mut hash);
    }
    hash.finish()
}

/// The frames of the tables on the way to an address, each with what its 512 entries are.
pub fn table_entries(machine: &Machine, pid: Pid, addr: VirtAddr) -> Vec<(u32, Vec<u8>)> {
    let (kernel, Some(mm)) = (&machine.kernel, machine.mm_of(pid)) else { return Vec::new() };
    let steps = explain_walk(&kernel.phys, mm.tables.root, addr);
    let entry = |level: u8, word: u64| match Pte(word) {
        pte if level == 1 => cell_of(kernel, pte),
        pte if pte.is_none() => cell::ABSENT,
        pte if pte.is_large(level) => cell::HUGE,
        _ => cell::TABLE,
    };
    let strip = |level, table| kernel.phys.words(table).iter().map(|word| entry(level, *word)).collect();
    steps.iter().map(|step| (step.table.0, strip(step.level, step.table))).collect()
}
