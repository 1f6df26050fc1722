//! What happened, told: the kernel's call tree with what decided each step, the changes, a sentence.

use crate::addr::VirtAddr;
use crate::event::{Event, Note, Side};
use crate::mmu::Pte;
use serde::Serialize;

/// One line of the call tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreeLine {
    /// Nesting, 0 outermost.
    pub depth: usize,
    /// `call`, `check` (one that failed), `passed` (one that did not), `note`, `merge`, `signal`.
    pub kind: &'static str,
    /// The function's name, or what is said.
    pub text: String,
    /// What decided it.
    pub note: String,
}

/// An operation, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The call tree.
    pub tree: Vec<TreeLine>,
    /// What changed, one thing a line; lines that start with − or + are a before and an after.
    pub changes: Vec<String>,
    /// One to three sentences.
    pub sentence: String,
    /// Events that were not kept.
    pub dropped: u64,
}

fn note_text(note: Note) -> String {
    match note {
        Note::None => String::new(),
        Note::Value { name, value } => format!("{name} = {value:#x}"),
        Note::Text(text) => text.to_string(),
        Note::Range { what, range } => format!("{what} {range}").trim_start().to_string(),
        Note::Page { addr, pfn } => format!("page {addr} is frame {pfn}"),
        Note::Copy { from, to } => format!("frame {to} ← {from}"),
    }
}

/// Tells what a list of events says. `subject` names who did it ("Process 1").
pub fn explain(events: &[Event], dropped: u64, subject: &str) -> Explained {
    let mut told = Explained { tree: Vec::new(), changes: Vec::new(), sentence: String::new(), dropped };
    let mut depth = 0;
    for event in events {
        match event {
            Event::Enter { .. } => {
                told.add_to_tree(event, depth);
                depth += 1;
            }
            Event::Leave => depth = depth.saturating_sub(1),
            _ => told.add_to_tree(event, depth),
        }
        told.add_to_changes(event);
    }
    told.sentence = sentence(events, subject);
    told
}

impl Explained {
    fn add_to_tree(&mut self, event: &Event, depth: usize) {
        let (kind, text, note) = match event {
            Event::Enter { function, note } => ("call", function.to_string(), note_text(*note)),
            Event::Say(note) => ("note", note_text(*note), String::new()),
            Event::Refused(error) => ("check", error.errno.to_string(), error.why.to_string()),
            Event::Passed(error) => ("passed", format!("not {}", error.errno), format!("it would mean: {}", error.why)),
            Event::MergeRefused { side, neighbour, why } => {
                let side = if *side == Side::Left { "left" } else { "right" };
                ("merge", format!("not merged with {neighbour} on the {side}"), why.to_string())
            }
            Event::VmaMerged { range, result, .. } => ("merge", format!("{range} merged"), format!("now {result}")),
            Event::VmaSplit { range, at, .. } => ("merge", format!("{range} split"), format!("at {at}")),
            Event::PageFault { addr, error_code } => ("note", format!("#PF at {addr}"), error_code_text(*error_code)),
            Event::Signal { signal, why } => ("signal", signal.to_string(), why.to_string()),
            _ => return,
        };
        self.tree.push(TreeLine { depth, kind, text, note });
    }

    fn add_to_changes(&mut self, event: &Event) {
        let line = match event {
            Event::VmaInserted { range, flags, ops, .. } => {
                let perms: String = flags.perms().iter().collect();
                let ops = ops.map_or("anonymous", |ops| ops.name());
                format!("+ VMA {range} {perms} {ops}")
            }
            Event::VmaRemoved { range, .. } => format!("− VMA {range}"),
            Event::VmaChanged { from, to, flags, .. } => {
                let perms: String = flags.perms().iter().collect();
                if from == to { format!("VMA {to} is {perms} now") } else { format!("VMA {from} → {to}") }
            }
            Event::PteSet { addr, old, new, .. } => return self.add_pte(*addr, Pte(*old), Pte(*new)),
            Event::TableAllocated { level, pfn } => format!("+ page table, level {level}, in frame {pfn}"),
            Event::TableFreed { level, pfn } => format!("− page table, level {level}, frame {pfn}"),
            Event::TlbFlushed(Some(addr)) => format!("TLB forgets {addr}"),
            Event::TlbFlushed(None) => "TLB forgets everything".into(),
            _ => return,
        };
        self.changes.push(line);
    }

    fn add_pte(&mut self, addr: VirtAddr, old: Pte, new: Pte) {
        if !old.is_none() {
            self.changes.push(format!("− PTE {addr} {old:?}"));
        }
        if !new.is_none() {
            self.changes.push(format!("+ PTE {addr} {new:?}"));
        }
    }
}

/// The bits of a page-fault error code in words.
fn error_code_text(code: u32) -> String {
    let page = if code & 1 != 0 { "the entry forbids it" } else { "no entry" };
    let access = match code {
        c if c & 16 != 0 => "fetch",
        c if c & 2 != 0 => "write",
        _ => "read",
    };
    format!("error code {code:#x}: {access}, {page}")
}

/// A plain sentence for the most telling thing that happened.
fn sentence(events: &[Event], subject: &str) -> String {
    let entered = |name: &str| events.iter().any(|e| matches!(e, Event::Enter { function, .. } if *function == name));
    // What the kernel met when it copied for the program is an errno in the end, not a signal.
    let refused = events.iter().find_map(|event| if let Event::Refused(error) = event { Some(*error) } else { None });
    if let Some(error) = refused {
        return format!("Refused with {}: {}.", error.errno, error.why);
    }
    if let Some(sentence) = signal_sentence(events, subject) {
        return sentence;
    }
    let copied = events.iter().find_map(|e| match e {
        Event::Say(Note::Copy { from, to }) => Some((*from, *to)),
        _ => None,
    });
    if let Some((from, to)) = copied {
        return format!(
            "{subject} wrote to a page it shared. The kernel gave it its own copy (frame {from} → {to}) and made that writable."
        );
    }
    let stories = [
        ("wp_page_copy", "wrote to the shared page of zeros and got a frame of its own"),
        ("wp_page_reuse", "wrote to a page nobody else uses any more: it became writable, without a copy"),
        ("wp_page_shared", "wrote to a shared page for the first time: the file is told, the page becomes writable"),
        ("do_cow_fault", "wrote to a private file mapping: the page was copied from the page cache at once"),
        ("do_shared_fault", "wrote to a shared mapping: the page of the file itself is mapped, writable"),
        ("do_read_fault", "read a file mapping: cached pages around the address were mapped along"),
        ("expand_stack", "touched memory below its stack, which grew down to it"),
        ("dup_mmap", "forked. Areas were copied, private pages are shared and write-protected until somebody writes"),
        ("exit_mmap", "ended: every page and every table went back"),
        ("move_page_tables", "moved a mapping: the entries moved, the pages stayed where they are"),
    ];
    if let Some((_, story)) = stories.iter().find(|(function, _)| entered(function)) {
        return format!("{subject} {story}.");
    }
    if entered("do_anonymous_page") {
        let zero = events.iter().any(|e| matches!(e, Event::Say(Note::Text(text)) if text.starts_with("a read")));
        return match zero {
            true => format!("{subject} read memory it never wrote: the one shared page of zeros was mapped, read-only."),
            false => format!("{subject} touched this page for the first time: the kernel took a frame, cleared it and mapped it."),
        };
    }
    vma_sentence(events, subject)
}

/// What became of the signals of an access: the last is the end of it, unless something comes after.
fn signal_sentence(events: &[Event], subject: &str) -> Option<String> {
    let is_signal = |event: &Event| matches!(event, Event::Signal { .. });
    let count = events.iter().filter(|event| is_signal(event)).count();
    let last = events.iter().rposition(is_signal)?;
    let Some(Event::Signal { signal, why }) = events.iter().find(|event| is_signal(event)) else { return None };
    let name = signal.signo.name();
    let handled = events[last..].iter().any(|event| matches!(event, Event::Enter { .. }));
    Some(match (handled, count) {
        (false, _) => format!("{subject} gets {name}: {why}."),
        (true, 1) => format!("{subject} gets {name}: {why}. Its handler answers, and the access is tried again."),
        (true, _) => format!(
            "{subject} gets {name} {count} times, the first time because {why}. Each time its handler answers, and the access is tried again."
        ),
    })
}

fn vma_sentence(events: &[Event], subject: &str) -> String {
    for event in events.iter().rev() {
        match event {
            Event::VmaMerged { range, result, .. } => {
                return format!("{range} joined its neighbour: one VMA, {result}. No page is present yet because of it.");
            }
            Event::VmaInserted { range, ops, .. } => {
                let what = ops.map_or("anonymous memory".to_string(), |ops| format!("memory with {}", ops.name()));
                return format!("{subject} has a new VMA, {range}: {what}. No frame is used until it is touched.");
            }
            Event::VmaRemoved { range, .. } => return format!("{subject} no longer has {range}: its pages went back."),
            Event::VmaChanged { to, flags, .. } => {
                let perms: String = flags.perms().iter().collect();
                return format!("The VMA {to} is {perms} now.");
            }
            _ => {}
        }
    }
    let filled = events.iter().any(|e| matches!(e, Event::TlbFilled { .. }));
    match filled {
        true => "The page was present: the MMU walked the tables, and the TLB remembers.".into(),
        false if events.is_empty() => "The TLB knew the page: no walk, no fault.".into(),
        false => "Nothing changed.".into(),
    }
}
