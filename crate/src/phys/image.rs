//! What stands in all frames at a moment. Frames that did not change are shared between images; of a frame only the lines
//! of 64 bytes are kept that are not zeros.

use crate::addr::Pfn;
use crate::blocks::Seen;
use std::sync::Arc;

/// Words in a line of 64 bytes.
const LINE: usize = 8;
/// Frames in a block.
const BLOCK: usize = 64;

/// A frame that is not all zeros.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// The lines that are not zeros, a bit each.
    used: u64,
    words: Box<[u64]>,
}

impl Lines {
    /// What stands in a frame; `None` for zeros.
    pub(super) fn of(words: &[u64; 512]) -> Option<Self> {
        let lines = || words.chunks_exact(LINE).enumerate().filter(|(_, line)| line.iter().any(|word| *word != 0));
        let used = lines().fold(0, |used, (at, _)| used | 1 << at);
        (used != 0).then(|| Self { used, words: lines().flat_map(|(_, line)| line.iter().copied()).collect() })
    }

    fn equals(&self, words: &[u64; 512]) -> bool {
        let mut kept = self.words.chunks_exact(LINE);
        words.chunks_exact(LINE).enumerate().all(|(at, line)| match self.used >> at & 1 {
            1 => kept.next() == Some(line),
            _ => line.iter().all(|word| *word == 0),
        })
    }
}

type Block = [Option<Arc<Lines>>; BLOCK];

/// The contents of all frames.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    blocks: Vec<Arc<Block>>,
}

impl Image {
    /// Frames up to the last that may not be zeros.
    pub(super) fn frames(&self) -> usize {
        self.blocks.len() * BLOCK
    }

    fn get(&self, pfn: Pfn) -> Option<&Arc<Lines>> {
        self.blocks.get(pfn.index() / BLOCK)?[pfn.index() % BLOCK].as_ref()
    }

    /// Whether a frame is as the image has it.
    pub(super) fn holds(&self, pfn: Pfn, words: &[u64; 512]) -> bool {
        match self.get(pfn) {
            Some(lines) => lines.equals(words),
            None => words.iter().all(|word| *word == 0),
        }
    }

    pub(super) fn put(&mut self, pfn: Pfn, lines: Option<Lines>) {
        let block = pfn.index() / BLOCK;
        while self.blocks.len() <= block {
            self.blocks.push(Arc::new([const { None }; BLOCK]));
        }
        Arc::make_mut(&mut self.blocks[block])[pfn.index() % BLOCK] = lines.map(Arc::new);
    }

    /// Whether 64 frames are the very same in two images.
    pub(super) fn shares_block(&self, other: &Self, block: usize) -> bool {
        match (self.blocks.get(block), other.blocks.get(block)) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }
    }

    pub(super) fn shares_frame(&self, other: &Self, pfn: Pfn) -> bool {
        match (self.get(pfn), other.get(pfn)) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }
    }

    /// Writes a frame as the image has it.
    pub(super) fn write(&self, pfn: Pfn, words: &mut [u64; 512]) {
        words.fill(0);
        let Some(lines) = self.get(pfn) else { return };
        let places = (0..BLOCK).filter(|at| lines.used >> at & 1 == 1);
        for (at, line) in places.zip(lines.words.chunks_exact(LINE)) {
            words[at * LINE..(at + 1) * LINE].copy_from_slice(line);
        }
    }

    /// Bytes of what was not counted yet.
    pub(super) fn bytes(&self, seen: &mut Seen) -> usize {
        let mut bytes = self.blocks.len() * size_of::<Arc<Block>>();
        for block in &self.blocks {
            if !seen.is_new(block) {
                continue;
            }
            bytes += size_of::<Block>();
            let frames = block.iter().flatten().filter(|lines| seen.is_new(lines));
            bytes += frames.map(|lines| size_of::<Lines>() + lines.words.len() * 8).sum::<usize>();
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_are_not_zeros_are_kept() {
        let mut words = [0; 512];
        assert_eq!(Lines::of(&words), None);
        (words[9], words[511]) = (7, 8);
        let lines = Lines::of(&words).unwrap();
        assert_eq!((lines.used, lines.words.len()), (1 << 1 | 1 << 63, 16));
        let mut image = Image::default();
        image.put(Pfn(70), Some(lines));
        assert!(image.holds(Pfn(70), &words) && image.holds(Pfn(3), &[0; 512]) && image.holds(Pfn(900), &[0; 512]));
        let mut other = [5; 512];
        assert!(!image.holds(Pfn(70), &other));
        image.write(Pfn(70), &mut other);
        assert_eq!(other, words);
    }
}
