//! Sorting for what is not done in a hurry: one merge sort over places serves every type, where the standard library's
//! sorts are compiled anew for each, at 4 to 9 kB.

use std::cmp::Ordering;

/// Sorts stably by a comparison.
pub(crate) fn by<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(list.len(), &|a, b| compare(&list[a], &list[b]).is_le());
    put(order, &mut |a, b| list.swap(a, b));
}

/// Sorts stably by a key.
pub(crate) fn by_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    by(list, |a, b| key(a).cmp(&key(b)));
}

/// The places of a list in the order in which they are to stand.
fn order(len: usize, may_precede: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut from: Vec<usize> = (0..len).collect();
    let mut to = Vec::with_capacity(len);
    let mut width = 1;
    while width < len {
        for run in from.chunks(2 * width) {
            let (mut left, mut right) = run.split_at(width.min(run.len()));
            while let (Some(a), Some(b)) = (left.first(), right.first()) {
                let taken = if may_precede(*a, *b) { &mut left } else { &mut right };
                to.push(taken[0]);
                *taken = &taken[1..];
            }
            to.extend_from_slice(left);
            to.extend_from_slice(right);
        }
        std::mem::swap(&mut from, &mut to);
        to.clear();
        width *= 2;
    }
    from
}

/// Brings what stands at each place of the order to its own, cycle by cycle.
fn put(mut order: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut at = start;
        while order[at] != start {
            let next = order[at];
            swap(at, next);
            order[at] = at;
            at = next;
        }
        order[at] = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        for len in [0, 1, 2, 3, 7, 8, 9, 100, 1000] {
            // Numbers without a pattern, some of them equal; the place tells equal ones apart.
            let list: Vec<(u64, u64)> = (0..len).map(|i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40 & 0xff, i)).collect();
            let (mut ours, mut theirs) = (list.clone(), list);
            by_key(&mut ours, |(number, _)| std::cmp::Reverse(*number));
            theirs.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
            assert_eq!(ours, theirs);
        }
    }
}
