//! One program of a log: what the log tells of it, and the process that it starts as so that its addresses are ours.

use super::assume::LOWEST;
use super::layout::{FIXED, HEAP_DISTANCE, pages};
use super::ranges::Ranges;
use super::space::Space;
use super::{memory_call, returned};
use crate::addr::{PAGE_SIZE, TASK_SIZE, VirtAddr, VirtRange};
use crate::machine::{MapsLine, ProcessConfig, Sysno};
use crate::script::ast::Statement;
use crate::script::evaluate::{self, Names};
use crate::sort;
use crate::sorted::SortedMap;
use std::ops::Range;

const MAP_32BIT: u64 = 0x40;
/// Position-independent programs lie above, and their heap behind them.
const PIE_BASE: u64 = 0x5500_0000_0000;
/// Pages of vvar, vvar_vclock and vdso, as they lie upwards below the dynamic loader.
const VDSO: [(&str, u64, [char; 4]); 3] =
    [("[vvar]", 4, ['r', '-', '-', 'p']), ("[vvar_vclock]", 2, ['r', '-', '-', 'p']), ("[vdso]", 2, ['r', '-', 'x', 'p'])];
/// Pages of glibc's dynamic loader; more if the log uses more.
const LOADER_PAGES: u64 = 0x36;
/// The loader is looked for so far above the first mapping.
const LOADER_REACH: u64 = 16 << 20;
const STACK_PAGES: u64 = 0x21;
/// Mappings of the layout that goes upwards begin here, at random (Linux `TASK_UNMAPPED_BASE`).
const LEGACY: Range<u64> = TASK_SIZE / 3..TASK_SIZE / 3 + (1 << 41);

/// No heap grows so far.
const HEAP_REACH: u64 = 1 << 32;

/// So many first mappings may tell where the area begins.
const TELLING: usize = 8;
/// So many mappings above the first one say that its address is wrong: one of them may be wrong itself.
pub(super) const VOTES: usize = 2;
/// What a log tells of one program, from its `execve` to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    /// The end of the first mapping that the kernel placed, as recorded.
    pub(super) top: Option<u64>,
    /// The line on which the first one ends: those that began before it may have been placed earlier.
    pub(super) top_line: usize,
    /// The same as a trial found it, since the address that tells is wrong itself.
    pub(super) found_top: Option<u64>,
    /// The first mappings that the kernel placed.
    pub(super) first: Vec<Range<u64>>,
    /// The highest ends of such mappings, the highest first.
    pub(super) ends: Vec<u64>,
    /// Calls of the log overlap: what lies elsewhere is put where it was recorded.
    pub(super) overlapping: bool,
    /// The lowest break.
    pub(super) start_brk: Option<u64>,
    /// Whether the first call on the heap asks where it begins.
    pub(super) asks_brk_first: Option<bool>,
    /// What calls name that are no `mmap`, and what the program mapped at addresses of its own choice.
    pub(super) touched: Ranges<()>,
    /// Sizes of its segments, by their numbers.
    segments: SortedMap<u64, u64>,
    /// Where the kernel placed mappings.
    pub(super) placed: Ranges<()>,
    /// What is mapped now, by the place in the log's list of processes of the one that mapped it.
    pub(super) live: Ranges<usize>,
    /// Whether the log shows the program from its start.
    pub(super) complete: bool,
    /// The log does not show its `execve`: the place of its heap does.
    pub(super) unseen: bool,
    /// Its path.
    pub(super) path: Option<String>,
}

/// What a program is called by its path.
fn base_name(path: &str) -> &str {
    path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path)
}

impl Image {
    /// Keeps what is mapped; whether a call mapped something where the kernel would not have put it, since another process of
    /// the same memory had something there.
    pub(super) fn meets(&mut self, statement: &Statement, process: usize, freed: &[(usize, usize, Range<u64>)]) -> bool {
        let (Some(number), Some(at)) = (memory_call(&statement.call.name), returned(statement)) else { return false };
        let Ok(args) = evaluate::arguments(&statement.call, &Names::new()) else { return false };
        let [addr, len, new_len, flags, ..] = args.each_ref().map(|arg| arg.int());
        match number {
            Sysno::munmap => self.live.remove(pages(addr, len)),
            Sysno::mmap => {
                let range = pages(at, len);
                let owner = [range.start, range.end.saturating_sub(1)].into_iter().find_map(|at| self.live.get(at));
                let is_freed = |(began, ended, gone): &(usize, usize, Range<u64>)| {
                    *began < statement.line && statement.began < *ended && gone.start < range.end && range.start < gone.end
                };
                let meets = flags & FIXED == 0 && owner.is_some_and(|owner| owner != process) && !freed.iter().any(is_freed);
                self.live.insert(range, process);
                return meets;
            }
            Sysno::mremap => {
                self.live.remove(pages(addr, len));
                self.live.insert(pages(at, new_len), process);
            }
            _ => {}
        }
        false
    }

    fn learn_segment(&mut self, statement: &Statement) {
        if let (Some(id), Ok(args)) = (returned(statement), evaluate::arguments(&statement.call, &Names::new())) {
            self.segments.insert(id, args[1].int());
        }
    }

    pub(super) fn learn(&mut self, statement: &Statement) {
        if statement.call.name == "shmget" {
            return self.learn_segment(statement);
        }
        let Some(number) = memory_call(&statement.call.name) else { return };
        let Ok(args) = evaluate::arguments(&statement.call, &Names::new()) else { return };
        let [addr, len, _, flags, ..] = args.each_ref().map(|arg| arg.int());
        let result = returned(statement);
        match number {
            Sysno::mmap => {
                let chosen = flags & FIXED != 0 || (addr != 0 && result == Some(addr));
                match result {
                    Some(at) if !chosen => self.place(at, len, flags, statement),
                    Some(_) if chosen => self.touched.insert(pages(addr, len), ()),
                    _ => {}
                }
            }
            // How much it maps the call that made the segment tells.
            Sysno::shmat if len == 0 => {
                let len = self.segments.get(&addr).copied();
                result.into_iter().for_each(|at| self.place(at, len.unwrap_or(PAGE_SIZE), 0, statement));
            }
            Sysno::brk => {
                let asks_first = *self.asks_brk_first.get_or_insert(addr == 0);
                // A program that is seen from its start asks where its heap begins before it grows.
                if let Some(at) = result.filter(|at| *at >= LOWEST && !(self.complete && asks_first && self.start_brk.is_some())) {
                    self.start_brk = Some(self.start_brk.map_or(at, |lowest| lowest.min(at)));
                }
            }
            Sysno::mprotect | Sysno::munmap | Sysno::madvise | Sysno::mremap | Sysno::mlock if addr != 0 => {
                self.touched.insert(pages(addr, len), ());
            }
            _ => {}
        }
    }

    pub(super) fn place(&mut self, at: u64, len: u64, flags: u64, statement: &Statement) {
        let range = pages(at, len.min(TASK_SIZE));
        // No kernel returns an address within a page.
        if range.end > TASK_SIZE || !at.is_multiple_of(PAGE_SIZE) {
            return;
        }
        if flags & MAP_32BIT == 0 {
            match self.top {
                None => (self.top, self.top_line) = (Some(range.end), statement.line),
                // The kernel places downwards: of those in flight together the highest was the first.
                Some(top) if statement.began < self.top_line => self.top = Some(top.max(range.end)),
                Some(_) => {}
            }
            let place = self.ends.partition_point(|end| *end > range.end);
            if place < VOTES {
                self.ends.insert(place, range.end);
                self.ends.truncate(VOTES);
            }
            if self.first.len() < TELLING {
                self.first.push(range.clone());
            }
        }
        self.placed.insert(range, ());
    }

    /// Where the area of mappings begins that the kernel places.
    pub(super) fn top(&self) -> Option<u64> {
        self.found_top.or(self.top)
    }

    /// Whether nothing in the log meets a range.
    fn is_free(&self, range: &Range<u64>) -> bool {
        self.touched.gaps(range.clone()) == [range.clone()] && self.placed.gaps(range.clone()) == [range.clone()]
    }

    /// The process that the program starts as.
    pub(super) fn config(&self, base: &ProcessConfig) -> ProcessConfig {
        let mut maps = Vec::new();
        self.place_program(&mut maps);
        let loader_end = self.place_loader(&mut maps);
        let stack = self.stack(loader_end.unwrap_or(0));
        maps.push(line(stack, ['r', 'w', '-', 'p'], "[stack]"));
        sort::by_key(&mut maps, |line: &MapsLine| line.range.start);
        maps.dedup_by(|later, earlier| later.range.start < earlier.range.end);
        // The kernel wrote the arguments to the stack.
        let stack = maps.iter().find(|line| line.name == "[stack]").map(|line| line.range.end.0);
        let present = stack.iter().map(|end| (VirtRange::new(end - PAGE_SIZE, *end), true)).collect();
        ProcessConfig {
            maps,
            present,
            start_brk: self.start_brk.map(|brk| VirtAddr(our_break(brk))),
            start_stack: None,
            data: (0, 0),
            mmap_base: loader_end.or_else(|| self.top()).map(VirtAddr),
            name: self.path.as_deref().map_or_else(|| base.name.clone(), |path| base_name(path).into()),
            ..base.clone()
        }
    }

    /// One page of the program: where those with a fixed address lie, or right before the heap.
    fn place_program(&self, maps: &mut Vec<MapsLine>) {
        if !self.complete {
            return;
        }
        let start_brk = self.start_brk.map(our_break);
        let start = match start_brk {
            Some(brk) if brk >= PIE_BASE => VirtAddr(brk).page_floor().0 - PAGE_SIZE,
            _ => 0x40_0000,
        };
        let range = start..start + PAGE_SIZE;
        let free = self.is_free(&range) && start_brk.is_none_or(|brk| brk >= range.end);
        if free {
            let name = self.path.clone().filter(|path| path.starts_with('/')).unwrap_or("/bin/program".into());
            maps.push(MapsLine { dev: (0xfe, 0), ino: 2, ..line(range, ['r', '-', 'x', 'p'], &name) });
        }
    }

    /// vdso and dynamic loader, from the first mapping's end upwards: the end of the loader. The loader reaches as far as
    /// the log uses it.
    fn place_loader(&self, maps: &mut Vec<MapsLine>) -> Option<u64> {
        let top = self.top().filter(|_| self.complete)?;
        let mut at = top;
        let vdso_len: u64 = VDSO.iter().map(|(_, pages, _)| pages * PAGE_SIZE).sum();
        // Before Linux 6.16 it lay by the stack, and the loader right here.
        if self.is_free(&(at..at + vdso_len)) {
            for (name, pages, perms) in VDSO {
                maps.push(line(at..at + pages * PAGE_SIZE, perms, name));
                at += pages * PAGE_SIZE;
            }
        }
        let room = self.placed.gaps(at..at + LOADER_REACH).first().filter(|gap| gap.start == at)?.end;
        let used = self.touched.last_within(at..room).map_or(0, |end| end.min(room));
        let end = used.max(at + LOADER_PAGES * PAGE_SIZE).min(room);
        if end > TASK_SIZE - (STACK_PAGES + 256) * PAGE_SIZE {
            return Some(at);
        }
        maps.push(MapsLine { dev: (0xfe, 0), ino: 3, ..line(at..end, ['r', 'w', '-', 'p'], "/lib64/ld-linux-x86-64.so.2") });
        Some(end)
    }

    /// The highest place for a stack that nothing in the log meets.
    fn stack(&self, loader_end: u64) -> Range<u64> {
        const STEP: u64 = 1 << 30;
        let room = (STACK_PAGES + 256) * PAGE_SIZE;
        let free = |end: &u64| self.is_free(&(end - room..*end)) && (end - room >= loader_end || *end + STEP < loader_end);
        let candidates = (0..1 << 16).map(|i| TASK_SIZE - i * STEP);
        let end = candidates.take_while(|end| *end > 2 * STEP).find(free).unwrap_or(TASK_SIZE);
        end - STACK_PAGES * PAGE_SIZE..end
    }

    /// What is known of its memory when it starts: of a program that the log shows from its start, all but the program
    /// itself and what lies above the first mapping.
    pub(super) fn space(&self) -> Space {
        let mut space = Space::default();
        space.knows_brk = self.complete && self.asks_brk_first == Some(true);
        if let Some(brk) = self.start_brk.filter(|brk| our_break(*brk) != *brk) {
            space.lies_at(brk..brk.saturating_add(HEAP_REACH), our_break(brk));
        }
        let Some(top) = self.top().filter(|_| self.complete) else { return space };
        space.know(0..top);
        // Mappings that go upwards (`setarch -L`) begin above the loader.
        if let Some(first) = self.first.first().filter(|first| LEGACY.contains(&first.start)) {
            space.doubt(LEGACY.start..first.start);
        }
        if self.found_top.is_some() || self.overlapping {
            space.expect_recorded_places();
        }
        match self.start_brk {
            Some(brk) if brk >= PIE_BASE => space.doubt(brk - HEAP_DISTANCE..brk),
            Some(brk) => space.doubt(0x1_0000..brk),
            None => {
                space.doubt(0x1_0000..0x4000_0000);
                space.doubt(PIE_BASE..PIE_BASE + (0x200 << 32));
            }
        }
        space
    }
}

/// Where a heap begins here: processors with 48 bits of addresses have it above what a process has here.
fn our_break(recorded: u64) -> u64 {
    recorded & (TASK_SIZE.next_power_of_two() - 1)
}

fn line(range: Range<u64>, perms: [char; 4], name: &str) -> MapsLine {
    MapsLine { range: VirtRange::new(range.start, range.end), perms, offset: 0, dev: (0, 0), ino: 0, name: name.to_string() }
}
