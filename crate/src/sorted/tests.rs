use super::{SortedMap, SortedSet};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Values so large that a chunk has few of them.
type Value = [u64; 16];

const fn value(of: u64) -> Value {
    [of; 16]
}

fn check(map: &SortedMap<u64, Value>, model: &BTreeMap<u64, Value>) {
    assert!(map.iter().eq(model), "{map:?} is not {model:?}");
    assert!(map.iter().rev().eq(model.iter().rev()));
    assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
    assert!(map.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= SortedMap::<u64, Value>::MOST));
}

proptest! {
    #[test]
    fn a_map_is_what_a_tree_is(steps in vec((0u8..8, 0u64..200, 0u64..200), 0..600)) {
        let (mut map, mut model) = (SortedMap::new(), BTreeMap::new());
        for (step, key, other) in steps {
            match step {
                0..=3 => assert_eq!(map.insert(key, value(other)), model.insert(key, value(other))),
                4 => assert_eq!(map.remove(&key), model.remove(&key)),
                5 => {
                    map.entry(key).or_default()[0] += other;
                    model.entry(key).or_default()[0] += other;
                }
                6 => {
                    let (from, to) = (key.min(other), key.max(other));
                    assert!(map.range(from..to).eq(model.range(from..to)));
                    assert!(map.range(from..=to).rev().eq(model.range(from..=to).rev()));
                    assert!(map.range(..to).eq(model.range(..to)) && map.range(from..).eq(model.range(from..)));
                    if from < to {
                        let inner = (Bound::Excluded(from), Bound::Excluded(to));
                        assert!(map.range(inner).eq(model.range(inner)));
                    }
                    assert_eq!(map.range(to..from).next(), None);
                }
                _ if other < 20 => {
                    assert!(map.split_off(&key).into_iter().eq(model.split_off(&key)));
                }
                _ if other < 40 => {
                    map.retain(|at, _| at % 3 != key % 3);
                    model.retain(|at, _| at % 3 != key % 3);
                }
                _ => assert_eq!((map.get(&key), map.contains_key(&key)), (model.get(&key), model.contains_key(&key))),
            }
            check(&map, &model);
        }
        assert!(map.clone().into_iter().eq(model.clone()) && map == model.into_iter().collect());
    }
}

#[test]
fn who_adds_behind_fills_the_chunks() {
    let map: SortedMap<u64, Value> = (0..100).map(|key| (key, value(key))).collect();
    assert_eq!(map.chunks.iter().map(Vec::len).collect::<Vec<_>>(), [16, 16, 16, 16, 16, 16, 4]);
    assert_eq!(map[&77], value(77));
}

#[test]
fn maps_are_the_same_whatever_way_they_came_to_be() {
    let up: SortedMap<u64, Value> = (0..50).map(|key| (key, value(key))).collect();
    let down: SortedMap<u64, Value> = (0..50).rev().map(|key| (key, value(key))).collect();
    assert_eq!(up, down);
}

#[test]
fn a_set_has_each_member_once() {
    let mut set: SortedSet<String> = ["b", "a", "b"].map(str::to_string).into_iter().collect();
    assert!(!set.insert("a".into()) && set.insert("c".into()) && set.contains("b") && set.remove("b") && !set.remove("b"));
    assert_eq!(format!("{set:?}"), r#"{"a", "c"}"#);
    let other: SortedSet<String> = ["c".to_string()].into_iter().collect();
    assert_eq!(set.difference(&other).collect::<Vec<_>>(), ["a"]);
}
