//! Every row of the mmap call tree is a function of that name and appears in the trace of a call, nested
//! as in the kernel.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::event::Event;
use pagefault::script::Session;

/// The functions entered by the last statement of a script, with their depth.
fn trace(script: &str) -> Vec<(usize, String)> {
    let mut session = Session::from_text(script).expect("the script is right");
    session.record_events(true);
    session.run_to_end().expect("it runs");
    let mut depth = 0;
    let mut entered = Vec::new();
    for event in &session.reports().last().expect("a statement was run").events {
        match event {
            Event::Enter { function, .. } => {
                entered.push((depth, function.to_string()));
                depth += 1;
            }
            Event::Leave => depth -= 1,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "every function is left");
    entered
}

/// Asserts that the names appear in this order, each deeper than the one before.
fn assert_nested(entered: &[(usize, String)], names: &[&str]) {
    let mut from = 0;
    let mut above = None;
    for name in names {
        let found = entered[from..].iter().position(|(depth, function)| function == name && above.is_none_or(|a| *depth > a));
        let at = found.unwrap_or_else(|| panic!("{name} is missing in {entered:#?}"));
        above = Some(entered[from + at].0);
        from += at + 1;
    }
}

const CHAIN: [&str; 6] = ["SYSCALL_DEFINE6(mmap)", "ksys_mmap_pgoff", "vm_mmap_pgoff", "do_mmap_pgoff", "do_mmap", "mmap_region"];

#[test]
fn anonymous_memory() {
    let entered = trace("mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)");
    assert_nested(&entered, &[&CHAIN[..], &["vma_set_anonymous", "vma->vm_ops = NULL"]].concat());
    assert_nested(&entered, &["do_mmap", "get_unmapped_area"]);
}

#[test]
fn shared_memory() {
    let entered = trace("mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)");
    assert_nested(&entered, &[&CHAIN[..], &["shmem_zero_setup", "shmem_kernel_file_setup"]].concat());
    assert_nested(&entered, &["shmem_zero_setup", "vma->vm_file = file"]);
    assert_nested(&entered, &["shmem_zero_setup", "vma->vm_ops = &shmem_vm_ops"]);
}

#[test]
fn a_file() {
    let entered = trace("@file \"/f\" size=8K\nfd = open(\"/f\", O_RDONLY)\nmmap(NULL, 4K, PROT_READ, MAP_PRIVATE, fd, 0)");
    assert_nested(&entered, &[&CHAIN[..], &["call_mmap", "file->f_op->mmap", "vma->vm_ops = &vm_ops"]].concat());
}

#[test]
fn a_fault_searches_the_vma_and_calls_its_fault() {
    let script =
        "fd = memfd_create(\"m\", 0)\nftruncate(fd, 4K)\na = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\nstore(a, \"x\")";
    let entered = trace(script);
    assert_nested(&entered, &["exc_page_fault", "do_user_addr_fault", "find_vma"]);
    assert_nested(
        &entered,
        &["exc_page_fault", "do_user_addr_fault", "handle_mm_fault", "handle_pte_fault", "do_shared_fault", "vma->vm_ops->fault"],
    );
}

#[test]
fn without_operations_it_is_an_anonymous_page() {
    let entered = trace("a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, \"x\")");
    assert_nested(&entered, &["handle_pte_fault", "do_anonymous_page", "alloc_anon_folio"]);
}
