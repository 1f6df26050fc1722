//! Moving in time: on to the end or in slices, to any step, back to what was saved.

use super::ParseError;
use super::session::{Progress, Session, Tallied};

/// Saves that a session makes by itself besides that of the start.
const MOST_SAVES: usize = 6;

impl Session {
    /// Runs to the end.
    ///
    /// # Errors
    /// The first statement that cannot be run as written.
    pub fn run_to_end(&mut self) -> Result<(), ParseError> {
        while let Some(result) = self.step() {
            result?;
        }
        Ok(())
    }

    /// Runs at most so many statements, so that a caller can show progress, or stop. What happens inside is recorded of the
    /// last of them.
    ///
    /// # Errors
    /// As [`Session::run_to_end`].
    pub fn run_slice(&mut self, most: usize) -> Result<Progress, ParseError> {
        self.run_quietly(most.min(self.len() - self.position).saturating_sub(1))?;
        if most > 0
            && let Some(result) = self.step()
        {
            result?;
        }
        Ok(self.progress())
    }

    /// The same, and nothing is recorded.
    ///
    /// # Errors
    /// As [`Session::run_to_end`].
    pub fn run_quietly(&mut self, most: usize) -> Result<Progress, ParseError> {
        for _ in 0..most {
            match self.step_on(false) {
                Some(result) => result?,
                None => break,
            }
        }
        Ok(self.progress())
    }

    /// Goes to a position, forwards or backwards; beyond the end is the end. What happens inside is recorded of the last step.
    ///
    /// # Errors
    /// A statement on the way that cannot be run as written; the position is just before it then.
    pub fn go_to(&mut self, position: usize) -> Result<(), ParseError> {
        let position = position.min(self.len());
        // Of a step whose inside is known nothing has to be recorded again.
        let last = position.checked_sub(1).filter(|last| self.recording && !self.watched.contains(last));
        self.approach(last.filter(|_| position != self.position).unwrap_or(position));
        self.run_slice(position - self.position).map(|_| ())
    }

    /// Goes to the last save at or before a position, if that is nearer than where it stands: a caller can go on from there in
    /// slices.
    pub fn rewind(&mut self, position: usize) {
        self.approach(position);
    }

    pub(super) fn approach(&mut self, position: usize) {
        if position >= self.position && self.saves.before(position) <= self.position {
            return;
        }
        let Some((at, tallied)) = self.saves.restore(position, &mut self.state) else { return };
        let mut left_out = std::mem::take(&mut self.tallied.verdict.left_out);
        if left_out.len() < tallied.left_out {
            left_out.extend_from_slice(&self.left_out[left_out.len()..tallied.left_out]);
        }
        left_out.truncate(tallied.left_out);
        self.tallied = tallied;
        self.tallied.verdict.left_out = left_out;
        self.position = at;
    }

    /// Saves this moment: from now on it can be gone to at once.
    pub fn save(&mut self) {
        let left_out = std::mem::take(&mut self.tallied.verdict.left_out);
        let tallied = Tallied { left_out: left_out.len(), ..self.tallied.clone() };
        self.tallied.verdict.left_out = left_out;
        self.saves.add(self.position, &mut self.state, tallied);
    }

    /// From now on only [`Session::save`] saves: whoever knows how long things take knows when it is worth it.
    pub fn save_by_hand(&mut self) {
        self.saves_by_hand = true;
    }

    /// The position of the last save at or before another.
    pub fn saved_before(&self, position: usize) -> usize {
        self.saves.before(position)
    }

    /// How many moments are saved, and how many bytes they take.
    pub fn saves(&self) -> (usize, usize) {
        (self.saves.len(), self.saves.bytes())
    }

    /// Now and then a save is made, so that going back need not start at the beginning.
    pub(super) fn save_now_and_then(&mut self) {
        let spacing = (self.len() / (MOST_SAVES + 1)).max(50);
        if !self.saves_by_hand && self.position >= self.saves.last() + spacing && self.saves.len() <= MOST_SAVES {
            self.save();
        }
    }
}
