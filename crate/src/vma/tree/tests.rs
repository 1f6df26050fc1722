//! The tree against a sorted list.

use super::*;

/// The gaps of a list of ranges, counted the slow way.
fn naive_gaps(ranges: &[(u64, u64, u32)], low: u64, high: u64, len: u64) -> Vec<(u64, u64)> {
    let mut edges = vec![0];
    edges.extend(ranges.iter().flat_map(|(start, end, _)| [*start, *end]));
    edges.push(u64::MAX);
    let gaps = edges.chunks(2).map(|gap| (gap[0].max(low), gap[1].min(high)));
    gaps.filter(|(from, to)| from < to && to - from >= len).collect()
}

/// A tree and a sorted list of the same ranges with their values.
#[derive(Default)]
struct Both {
    tree: VmaTree,
    list: Vec<(u64, u64, u32)>,
    seed: u64,
}

impl Both {
    fn random(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.seed >> 33) % below
    }

    /// One change at or around an address; `grow` in ten make it larger.
    fn change(&mut self, round: u32, grow: u64) {
        let start = self.random(40_000) * 8;
        let at = self.list.partition_point(|r| r.1 <= start);
        match self.list.get(at).copied().filter(|r| r.0 <= start) {
            None => self.add(at, start, round),
            Some(_) if self.random(10) >= grow => self.shrink(at),
            Some(_) => self.reshape(at, round),
        }
    }

    fn add(&mut self, at: usize, start: u64, value: u32) {
        let room = self.list.get(at).map_or(u64::MAX, |next| next.0) - start;
        let end = start + (1 + self.random(12)).min(room);
        self.tree.insert(start, end, value);
        self.list.insert(at, (start, end, value));
    }

    fn shrink(&mut self, at: usize) {
        let (start, end, _) = self.list[at];
        match self.list.get(at + 1).copied() {
            Some((border, last, value)) if border == end => {
                let kept = if self.random(2) == 0 { start } else { border };
                self.tree.join(border, kept);
                self.list[at].1 = last;
                if kept == border {
                    self.list[at].2 = value;
                }
                self.list.remove(at + 1);
            }
            _ => {
                let to = end + self.random(3) * self.random(2000);
                let behind = self.list.partition_point(|range| range.0 < to);
                self.tree.remove_run(start, to);
                self.list.drain(at..behind);
            }
        }
    }

    fn reshape(&mut self, at: usize, new: u32) {
        let (start, end, value) = self.list[at];
        let next = self.list.get(at + 1).copied();
        match next {
            Some((border, last, _)) if border == end && self.random(2) == 0 => {
                let to = start + 1 + self.random(last - start - 1);
                self.tree.move_border(border, to);
                (self.list[at].1, self.list[at + 1].0) = (to, to);
            }
            _ if end - start > 1 && self.random(3) > 0 => {
                let border = start + 1 + self.random(end - start - 1);
                let below = self.random(2) == 0;
                self.tree.split(border, if below { start } else { border }, new);
                let values = if below { (new, value) } else { (value, new) };
                self.list[at] = (start, border, values.0);
                self.list.insert(at + 1, (border, end, values.1));
            }
            _ => {
                let end = next.map_or(end + 4, |next| next.0.min(end + 4));
                self.tree.set_bounds(start, start, end);
                self.list[at].1 = end;
            }
        }
    }

    fn compare(&mut self) {
        self.tree.check().unwrap();
        assert!(self.tree.iter().eq(self.list.iter().copied()));
        let (low, len) = (self.random(200_000), 1 + self.random(60));
        let high = low + self.random(160_000);
        let gaps = naive_gaps(&self.list, low, high, len);
        assert_eq!(self.tree.highest_gap(low, high, len), gaps.last().copied());
        assert_eq!(self.tree.lowest_gap(low, high, len), gaps.first().copied());
        assert_eq!(self.tree.last(), self.list.last().map(|range| range.2));
        let found = self.list.iter().find(|range| range.1 > low).map(|range| range.2);
        assert_eq!(self.tree.first_ending_above(low), found);
    }
}

#[test]
fn agrees_with_a_sorted_list_over_a_long_random_history() {
    let mut both = Both { seed: 42, ..Both::default() };
    for round in 0..60_000u32 {
        both.change(round, if round / 12_000 % 2 == 0 { 7 } else { 3 });
        if round % 97 == 0 {
            both.compare();
        }
    }
}

#[test]
fn emptied_it_is_as_new() {
    let mut tree = VmaTree::default();
    for i in 0..5000 {
        tree.insert(i * 2, i * 2 + 1, i as u32);
    }
    for i in 0..5000 {
        tree.remove((i * 7919 % 5000) * 2);
    }
    assert_eq!((tree.height, tree.iter().count()), (0, 0));
    assert_eq!(tree.highest_gap(0, 100, 10), Some((0, 100)));
}
