//! What the page's worker looks at: columns as typed arrays, one thing in full as a small object.

use super::session::{ErrorView, LeftOutView, StepView, WasmSession};
use super::{join, to_js};
use crate::addr::{PAGE_SHIFT, VirtAddr, VirtRange};
use crate::dump::boundary_between;
use crate::ids::Pid;
use crate::machine::Machine;
use crate::mm::Mm;
use crate::mmu::Access;
use crate::proc::{anonymous_name, line_of, render_maps_line};
use crate::sort;
use crate::view::{self, columns};
use crate::vma::Vma;
use js_sys::{Array, Float64Array, Uint8Array, Uint16Array, Uint32Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// A neighbour, and why it is not one with the area.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BoundaryView {
    maps: String,
    kind: crate::dump::Kind,
    reasons: Vec<String>,
    may_be: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AreaView {
    #[serde(flatten)]
    area: view::VmaView,
    before: Option<BoundaryView>,
    behind: Option<BoundaryView>,
    smaps: Option<String>,
    /// A log does not show it being mapped, all of it or a part.
    is_assumed: bool,
}

#[derive(Serialize)]
struct WouldView {
    read: columns::Would,
    write: columns::Would,
    execute: columns::Would,
}

#[derive(Serialize)]
struct ReasonView<'a> {
    reason: &'a str,
    count: usize,
}

/// The flag of an area that a log does not show being mapped.
const ASSUMED: u8 = 128;

fn array(items: impl IntoIterator<Item = JsValue>) -> Array {
    items.into_iter().collect()
}

fn bytes(of: &[u8]) -> JsValue {
    Uint8Array::from(of).into()
}

fn words(of: &[u32]) -> JsValue {
    Uint32Array::from(of).into()
}

fn doubles(of: &[f64]) -> JsValue {
    Float64Array::from(of).into()
}

fn boundary(machine: &Machine, mm: &Mm, low: &Vma, high: &Vma, neighbour: &Vma) -> BoundaryView {
    let heap = high.file.is_none() && anonymous_name(mm, high) == "[heap]";
    let (kind, reasons, may_be) = boundary_between(low, high, heap);
    BoundaryView { maps: render_maps_line(&line_of(&machine.kernel, mm, neighbour)), kind, reasons, may_be }
}

#[wasm_bindgen]
impl WasmSession {
    /// From now on only `save` keeps moments to go back to.
    #[wasm_bindgen(js_name = saveByHand)]
    pub fn save_by_hand(&mut self) {
        self.session.save_by_hand();
    }

    /// Keeps this moment.
    pub fn save(&mut self) {
        self.session.save();
    }

    /// How many moments are kept, the bytes that they take, and how many statements were run in all.
    pub fn work(&self) -> Vec<f64> {
        let (count, bytes) = self.session.saves();
        vec![count as f64, bytes as f64, self.session.runs() as f64]
    }

    /// Runs at most so many statements and records nothing: the position then.
    ///
    /// # Errors
    /// As `goTo`.
    #[wasm_bindgen(js_name = runQuietly)]
    pub fn run_quietly(&mut self, most: usize) -> Result<usize, JsValue> {
        self.session.run_quietly(most).map(|progress| progress.position).map_err(|error| to_js(&ErrorView::from(&error)))
    }

    /// The same, and the positions after whose steps the page at an address, or the area around it, was another than before.
    ///
    /// # Errors
    /// As `goTo`.
    #[wasm_bindgen(js_name = runWatching)]
    pub fn run_watching(&mut self, most: usize, of_area: bool, pid: u32, high: u32, low: u32) -> Result<Vec<u32>, JsValue> {
        let addr = VirtAddr(join(high, low));
        let sign = |machine: &Machine| {
            if of_area { columns::area_sign(machine, Pid(pid), addr) } else { columns::page_sign(machine, Pid(pid), addr) }
        };
        let mut changes = Vec::new();
        let mut before = sign(self.session.machine());
        for _ in 0..most.min(self.session.len() - self.session.position()) {
            self.session.run_quietly(1).map_err(|error| to_js(&ErrorView::from(&error)))?;
            let after = sign(self.session.machine());
            if after != before {
                changes.push(self.session.position() as u32);
            }
            before = after;
        }
        Ok(changes)
    }

    /// Where the last moment is that is kept at or before a position.
    #[wasm_bindgen(js_name = savedBefore)]
    pub fn saved_before(&self, position: usize) -> usize {
        self.session.saved_before(position)
    }

    /// Steps of which everything is known.
    pub fn known(&self) -> usize {
        self.session.known_reports().len()
    }

    /// What is known of the steps from one on, in the order of the protocol's `Tracks`.
    pub fn tracks(&self, from: usize) -> Array {
        let all = self.session.columns();
        let from = from.min(all.len());
        array([
            bytes(&all.call[from..]),
            bytes(&all.ending[from..]),
            words(&all.pid[from..]),
            Uint16Array::from(&all.faults[from..]).into(),
            words(&all.rss[from..]),
            words(&all.child[from..]),
            words(&all.child_rss[from..]),
            words(&all.free[from..]),
            words(&all.tables[from..]),
            words(&all.tlb_fills[from..]),
            words(&all.tlb_hits[from..]),
            doubles(&all.page[from..]),
            bytes(&all.access[from..]),
        ])
    }

    /// What came of steps that were ever run, from one to before another.
    #[wasm_bindgen(js_name = knownReports)]
    pub fn known_reports(&self, from: usize, to: usize) -> JsValue {
        let reports = self.session.known_reports();
        let to = to.min(reports.len());
        to_js(&reports[from.min(to)..to].iter().map(StepView::from).collect::<Vec<_>>())
    }

    /// How it compares so far, without the list of what was left out.
    #[wasm_bindgen(js_name = verdictInShort)]
    pub fn verdict_in_short(&self) -> JsValue {
        to_js(&self.verdict_view(false))
    }

    /// How many memory calls were left out so far, and why: `[count, [{reason, count}]]`.
    #[wasm_bindgen(js_name = leftOutReasons)]
    pub fn left_out_reasons(&self) -> Array {
        let verdict = self.session.verdict();
        let reasons: Vec<_> = verdict.left_out_by_reason().into_iter().map(|(reason, count)| ReasonView { reason, count }).collect();
        array([JsValue::from(verdict.left_out.len() as u32), to_js(&reasons)])
    }

    /// A window of the memory calls that were left out so far.
    #[wasm_bindgen(js_name = leftOutOf)]
    pub fn left_out_of(&self, from: usize, to: usize) -> JsValue {
        let all = &self.session.verdict().left_out;
        let to = to.min(all.len());
        to_js(&all[from.min(to)..to].iter().map(LeftOutView::from).collect::<Vec<_>>())
    }

    /// The value of a name that a statement has bound.
    #[wasm_bindgen(js_name = nameOf)]
    pub fn name_of(&self, name: &str) -> Option<u64> {
        self.session.names().get(name).copied()
    }

    /// Every process without its areas.
    #[wasm_bindgen(js_name = processInfos)]
    pub fn process_infos(&self) -> JsValue {
        to_js(&columns::process_infos(self.session.machine()))
    }

    /// The process that ran last.
    pub fn running(&self) -> Option<u32> {
        self.session.machine().running().map(|pid| pid.0)
    }

    /// Frames: all, free ones; TLB: fills, hits, flushes. Then free blocks of 1, 2, 4 … frames.
    pub fn ram(&self) -> Vec<f64> {
        let kernel = &self.session.machine().kernel;
        let counts = [kernel.phys.total_frames() as f64, kernel.phys.free_frames() as f64];
        let tlb = [kernel.cpu.fills as f64, kernel.cpu.hits as f64, kernel.cpu.flushes as f64];
        let blocks = kernel.phys.free_blocks();
        counts.into_iter().chain(tlb).chain(blocks.into_iter().map(f64::from)).collect()
    }

    /// What each frame is.
    #[wasm_bindgen(js_name = frameKinds)]
    pub fn frame_kinds(&self) -> Vec<u8> {
        columns::frame_kinds(self.session.machine())
    }

    /// A number that is another one when the areas of a process are; 0 for none.
    #[wasm_bindgen(js_name = areasVersion)]
    pub fn areas_version(&self, pid: u32) -> u32 {
        columns::areas_version(self.session.machine(), Pid(pid)).unwrap_or(0)
    }

    /// `[start, pages, present, kind, perms, flags, name, names]`; null for a process that has ended.
    pub fn areas(&self, pid: u32) -> Option<Array> {
        let mut areas = columns::area_columns(self.session.machine(), Pid(pid))?;
        for (i, flags) in areas.flags.iter_mut().enumerate() {
            let start = (areas.start[i] as u64) << PAGE_SHIFT;
            let range = VirtRange::new(start, start + ((areas.pages[i] as u64) << PAGE_SHIFT));
            *flags |= if self.session.is_assumed(Pid(pid), range) { ASSUMED } else { 0 };
        }
        Some(array([
            doubles(&areas.start),
            doubles(&areas.pages),
            words(&areas.present),
            bytes(&areas.kind),
            bytes(&areas.perms),
            bytes(&areas.flags),
            words(&areas.name),
            array(areas.names.iter().map(|name| name.as_str().into())).into(),
        ]))
    }

    /// How many pages of each area are not empty.
    #[wasm_bindgen(js_name = presentCounts)]
    pub fn present_counts(&self, pid: u32) -> Option<Vec<u32>> {
        columns::present_counts(self.session.machine(), Pid(pid))
    }

    /// Strips of areas: `[cells, full]`, `columns` bytes each.
    pub fn strips(&self, pid: u32, first: usize, count: usize, columns: usize) -> Array {
        let strips = columns::strips(self.session.machine(), Pid(pid), first..first.saturating_add(count), columns);
        array([bytes(&strips.cells), bytes(&strips.full)])
    }

    /// Pages one by one: `[cells, pfn]`.
    pub fn cells(&self, pid: u32, page: f64, count: u32) -> Array {
        let cells = columns::cells(self.session.machine(), Pid(pid), page as u64, count.into());
        array([bytes(&cells.cells), words(&cells.pfn)])
    }

    /// What the TLB remembers, in order of address: `[page, access, pfn]`.
    pub fn tlb(&self) -> Array {
        let kernel = &self.session.machine().kernel;
        let kind = |access| match access {
            Access::Read => 1,
            Access::Write => 2,
            Access::Execute => 3,
        };
        let entries = kernel.cpu.tlb_entries();
        let frame = |host| kernel.phys.frame_at(host).map_or(columns::NO_FRAME, |pfn| pfn.0);
        let mut entries: Vec<_> = entries.map(|(addr, access, host)| (addr.0 >> PAGE_SHIFT, kind(access), frame(host))).collect();
        sort::by(&mut entries, Ord::cmp);
        let pages: Vec<_> = entries.iter().map(|(page, ..)| *page as f64).collect();
        let kinds: Vec<_> = entries.iter().map(|(_, kind, _)| *kind).collect();
        let frames: Vec<_> = entries.iter().map(|(.., pfn)| *pfn).collect();
        array([doubles(&pages), bytes(&kinds), words(&frames)])
    }

    /// Files with pages in the cache.
    #[wasm_bindgen(js_name = cachedFiles)]
    pub fn cached_files(&self) -> JsValue {
        to_js(&columns::cached_files(self.session.machine()))
    }

    /// The area at an address in full; null if there is none.
    pub fn area(&self, pid: u32, high: u32, low: u32, neighbours: bool, smaps: bool) -> JsValue {
        let (machine, pid, addr) = (self.session.machine(), Pid(pid), VirtAddr(join(high, low)));
        let (Some(area), Some(mm)) = (view::area_view(machine, pid, addr), machine.mm_of(pid)) else { return JsValue::NULL };
        let id = mm.vmas.lookup(addr).expect("the area is there");
        let vma = mm.vmas.get(id);
        let (low, high) = mm.vmas.neighbours(id);
        let neighbour = |id: Option<_>| id.filter(|_| neighbours).map(|id| mm.vmas.get(id));
        to_js(&AreaView {
            area,
            before: neighbour(low).map(|low| boundary(machine, mm, low, vma, low)),
            behind: neighbour(high).map(|high| boundary(machine, mm, vma, high, high)),
            smaps: smaps.then(|| view::smaps_of_area(machine, pid, addr)).flatten(),
            is_assumed: self.session.is_assumed(pid, vma.range),
        })
    }

    /// What an access to an address would do now; null for a process that has ended.
    pub fn would(&self, pid: u32, high: u32, low: u32) -> JsValue {
        let ask = |access| columns::would(self.session.machine(), Pid(pid), VirtAddr(join(high, low)), access);
        let all = (ask(Access::Read), ask(Access::Write), ask(Access::Execute));
        let (Some(read), Some(write), Some(execute)) = all else { return JsValue::NULL };
        to_js(&WouldView { read, write, execute })
    }

    /// The tables on the way to an address: `[pfn, entries]` each.
    pub fn tables(&self, pid: u32, high: u32, low: u32) -> Array {
        let tables = columns::table_entries(self.session.machine(), Pid(pid), VirtAddr(join(high, low)));
        array(tables.iter().map(|(pfn, entries)| array([JsValue::from(*pfn), bytes(entries)]).into()))
    }

    /// The bytes of the page at an address, if it is present.
    #[wasm_bindgen(js_name = pageBytes)]
    pub fn page_bytes(&self, pid: u32, high: u32, low: u32) -> Option<Vec<u8>> {
        columns::page_bytes(self.session.machine(), Pid(pid), VirtAddr(join(high, low)))
    }

    /// Whether what stands in it is a filler, since nobody gave the file's contents.
    #[wasm_bindgen(js_name = pageIsInvented)]
    pub fn page_is_invented(&self, pid: u32, high: u32, low: u32) -> bool {
        columns::page_is_invented(self.session.machine(), Pid(pid), VirtAddr(join(high, low)))
    }
}
