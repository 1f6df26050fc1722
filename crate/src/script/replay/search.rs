//! The search for an order of calls that overlapped, on a sketch of what is occupied. Where no order explains a result it
//! tries what else may be: that the result is wrong, or that it is right and something else was where it is not known to be.

use super::belief::Belief;
use super::layout::Images;
use super::order::SearchWork;
use super::sketch::{Effect, Op, Sketch};
use crate::sorted::SortedSet;

/// A search looks so many calls ahead.
pub(super) const HORIZON: usize = 64;
/// Steps in search of an order without contradictions, at most: one that ends well takes a few hundred at most …
const MOST_NODES: usize = 1_000;
/// … without an order of the threads there is no end of orders …
const NODES_WITHOUT_ORDER: usize = 8_000;
/// … to go on from a call that contradicts …
const NODES_GOING_ON: usize = 400;
/// … and to find an order with any one contradiction.
const NODES_WITH_ONE: usize = 3_000;
/// More contradictions are not followed within one plan.
const MOST_CONTRADICTIONS: usize = 6;

/// A call that comes next, and what is believed if its result contradicts.
pub(super) type Choice = (usize, Option<Belief>);

/// A search through the orders of some calls.
pub(super) struct Search<'a> {
    /// By their ends.
    ops: &'a [Op],
    images: &'a Images,
    done: Vec<bool>,
    order: Vec<Choice>,
    /// States from which nothing was found.
    seen: SortedSet<u64>,
    nodes_left: usize,
    /// The order that came furthest, and the call that it could not place.
    furthest: Option<(usize, Vec<Choice>)>,
    pub(super) work: SearchWork,
}

impl<'a> Search<'a> {
    pub(super) fn new(ops: &'a [Op], images: &'a Images) -> Self {
        Self {
            ops,
            images,
            done: vec![false; ops.len()],
            order: Vec::new(),
            seen: SortedSet::new(),
            nodes_left: 0,
            furthest: None,
            work: SearchWork::default(),
        }
    }

    /// The order with the fewest contradictions that is found with about so many steps: whether it has none, and the order
    /// itself as far as it came.
    pub(super) fn find(&mut self, sketch: &Sketch, most_nodes: usize) -> (bool, Vec<Choice>) {
        if self.explore_from(sketch, &[], 0, MOST_NODES.min(most_nodes)) {
            return (true, std::mem::take(&mut self.order));
        }
        let (reaches_end, going_on) = self.go_on(sketch, most_nodes);
        let count = going_on.iter().filter(|(_, belief)| belief.is_some()).count();
        if reaches_end && count == 1 {
            return (false, going_on);
        }
        let nodes = NODES_WITH_ONE.min(most_nodes.saturating_sub(self.work.nodes));
        let with_one = self.explore_from(sketch, &[], 1, nodes).then(|| std::mem::take(&mut self.order));
        (false, with_one.unwrap_or(going_on))
    }

    /// An order without contradictions where the log tells none: what it does not explain cannot be compared.
    pub(super) fn find_any(&mut self, sketch: &Sketch, most_nodes: usize) -> (bool, Vec<Choice>) {
        for contradictions in 0..=2 {
            if self.explore_from(sketch, &[], contradictions, NODES_WITHOUT_ORDER.min(most_nodes.saturating_sub(self.work.nodes))) {
                return (contradictions == 0, std::mem::take(&mut self.order));
            }
        }
        (false, Vec::new())
    }

    /// Follows the order that came furthest: at each call that contradicts, what is believed then is what explains most.
    fn go_on(&mut self, sketch: &Sketch, most_nodes: usize) -> (bool, Vec<Choice>) {
        let mut order = Vec::new();
        for _ in 0..MOST_CONTRADICTIONS {
            let Some((due, stuck)) = self.furthest.take().filter(|_| self.work.nodes < most_nodes) else { break };
            let at = self.after(sketch, &stuck);
            let mut best: Option<(usize, Vec<Choice>)> = None;
            order.clone_from(&stuck);
            for belief in self.beliefs(&self.ops[due], &at) {
                let mut tried = stuck.clone();
                tried.push((due, Some(belief)));
                if self.explore_from(sketch, &tried, 0, NODES_GOING_ON) {
                    return (true, std::mem::take(&mut self.order));
                }
                let reached = self.furthest.take().unwrap_or((due, tried.clone()));
                if best.as_ref().is_none_or(|(best, _)| *best < reached.0) {
                    order = tried;
                    best = Some(reached);
                }
            }
            self.furthest = best;
        }
        (false, order)
    }

    /// What is occupied after some calls.
    fn after(&self, sketch: &Sketch, order: &[Choice]) -> Sketch {
        let mut after = sketch.clone();
        order.iter().for_each(|choice| self.apply(&mut after, *choice));
        after
    }

    fn apply(&self, sketch: &mut Sketch, (op, belief): Choice) {
        let op = &self.ops[op];
        if let (Some(Belief::Record | Belief::Hidden), Some(place)) = (belief, op.recorded_place()) {
            self.images.gone_with(&place, op.ended).into_iter().for_each(|part| sketch.remove(part));
        }
        sketch.apply(op, belief);
    }

    /// Looks for an order that begins with some calls.
    fn explore_from(&mut self, sketch: &Sketch, order: &[Choice], contradictions: usize, nodes: usize) -> bool {
        self.done.fill(false);
        order.iter().for_each(|(op, _)| self.done[*op] = true);
        self.order = order.to_vec();
        self.seen.clear();
        self.nodes_left = nodes;
        self.explore(&self.after(sketch, order), contradictions)
    }

    /// Whether the remaining calls can be ordered with at most so many contradictions.
    fn explore(&mut self, sketch: &Sketch, contradictions: usize) -> bool {
        let Some(due) = self.done.iter().position(|done| !done).filter(|due| *due < HORIZON) else { return true };
        if self.nodes_left == 0 || !self.seen.insert(sketch.digest(&self.done, contradictions)) {
            return false;
        }
        self.nodes_left -= 1;
        self.work.nodes += 1;
        if self.furthest.as_ref().is_none_or(|(furthest, _)| *furthest < due) {
            self.furthest = Some((due, self.order.clone()));
        }
        for (op, belief) in self.options(sketch, due, contradictions) {
            let mut next = sketch.clone();
            self.work.copies += 1;
            self.work.ranges += sketch.len();
            self.apply(&mut next, (op, belief));
            self.done[op] = true;
            self.order.push((op, belief));
            if self.explore(&next, contradictions - usize::from(belief.is_some())) {
                return true;
            }
            self.order.pop();
            self.done[op] = false;
        }
        false
    }

    /// The calls that may come next, the likeliest first.
    fn options(&self, sketch: &Sketch, due: usize, contradictions: usize) -> Vec<Choice> {
        let first = &self.ops[due];
        let is_next = |op: &usize| self.ops[*op].after.is_none_or(|before| self.done[before]);
        let begun =
            |op: &usize| !self.done[*op] && is_next(op) && self.ops[*op].began < first.ended && self.ops[*op].effect != Effect::None;
        let (mut right, mut free, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for op in (due + 1..self.ops.len()).filter(begun) {
            match self.ops[op].matches(sketch) {
                Some(true) => right.push(op),
                Some(false) => wrong.push(op),
                None => free.push(op),
            }
        }
        let mut options = Vec::new();
        let contradicting = |op: usize| (op, Some(Belief::Order));
        let fits = first.matches(sketch);
        if fits == Some(false) {
            // What frees the place that it got comes first, then what fills those that it did not get.
            let (likely, other): (Vec<usize>, Vec<usize>) = free.iter().partition(|op| self.ops[**op].frees_part_of(first));
            options.extend(likely.into_iter().chain(right).chain(other).map(|op| (op, None)));
            if contradictions > 0 {
                options.extend(self.beliefs(first, sketch).into_iter().map(|belief| (due, Some(belief))));
                options.extend(wrong.into_iter().map(contradicting));
            }
            return options;
        }
        let mut after = sketch.clone();
        after.apply(first, None);
        let spoils = |op: &usize| self.ops[*op].matches(&after) == Some(false);
        let (spoiled, safe): (Vec<usize>, Vec<usize>) = right.iter().partition(|op| fits.is_none() && spoils(op));
        options.extend(spoiled.into_iter().map(|op| (op, None)));
        options.push((due, None));
        options.extend(safe.into_iter().chain(free).map(|op| (op, None)));
        if contradictions > 0 {
            options.extend(wrong.into_iter().map(contradicting));
        }
        options
    }

    /// What may be believed of a call whose result contradicts, the likeliest first.
    fn beliefs(&self, op: &Op, sketch: &Sketch) -> Vec<Belief> {
        let (ours, Some(recorded)) = (sketch.computed(op), op.recorded_place()) else { return vec![Belief::Order] };
        let is_lower = ours.is_some_and(|ours| ours > recorded.start);
        let kept = if is_lower { vec![Belief::Hidden, Belief::Record] } else { vec![Belief::Record] };
        let is_taken = !sketch.is_free(&recorded);
        if ours.is_some_and(|ours| self.images.is_rather_ours(&recorded, is_taken, ours, op.ended)) {
            [Belief::Order].into_iter().chain(kept).collect()
        } else {
            kept.into_iter().chain([Belief::Order]).collect()
        }
    }
}
