//! Sets of ranges alone, all natively: the emulator's areas against `rangemap` and a plain `BTreeMap`.
//! A round looks up a random range, takes it out and puts it back.

use pagefault::addr::{VirtAddr, VirtRange};
use pagefault::driver::Vma;
use pagefault::flags::VmFlags;
use pagefault::internals::VmaSet;
use rangemap::RangeMap;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

const PAGE: u64 = 4096;
const RANGES: u64 = 65_000;

fn start_of(place: u64) -> u64 {
    (1 << 32) + place * 2 * PAGE
}

fn places(count: usize) -> impl Iterator<Item = u64> {
    let mut seed = 1u64;
    (0..count).map(move |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        start_of((seed >> 33) % RANGES)
    })
}

fn area(start: u64) -> Vma {
    Vma::new(VirtRange::new(start, start + PAGE), VmFlags::READ, start / PAGE)
}

/// Nanoseconds a round of one of the sets; `None` for another name.
pub(crate) fn measure(name: &str, count: usize) -> Option<f64> {
    let took = match name {
        "set_areas" => {
            let mut set = VmaSet::default();
            (0..RANGES).for_each(|place| {
                set.insert(area(start_of(place)));
            });
            timed(count, |start| {
                let id = set.lookup(VirtAddr(start)).expect("every range is there");
                let vma = set.remove(id);
                set.insert(vma);
            })
        }
        "set_rangemap" => {
            let mut set: RangeMap<u64, u64> = (0..RANGES).map(|place| (start_of(place)..start_of(place) + PAGE, place)).collect();
            timed(count, |start| {
                let value = *set.get(&start).expect("every range is there");
                set.remove(start..start + PAGE);
                set.insert(start..start + PAGE, value);
            })
        }
        "set_btreemap" => {
            let mut set: BTreeMap<u64, (u64, Vma)> = (0..RANGES).map(|place| (start_of(place), (PAGE, area(start_of(place))))).collect();
            timed(count, |start| {
                let (found, _) = set.range(..=start).next_back().expect("every range is there");
                let found = *found;
                let value = set.remove(&found).expect("it was found just now");
                set.insert(found, value);
            })
        }
        _ => return None,
    };
    Some(took)
}

fn timed(count: usize, mut round: impl FnMut(u64)) -> f64 {
    let start = Instant::now();
    for place in places(count) {
        round(black_box(place));
    }
    start.elapsed().as_nanos() as f64 / count as f64
}
