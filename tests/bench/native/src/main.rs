//! The native side of `npm run bench`: reads lines `NAME COUNT` and answers each with the nanoseconds that a
//! round took. `NAME` is a loop of system calls on the real kernel, or of a set of ranges alone.

#[cfg(unix)]
mod calls;
#[cfg(unix)]
mod faults;
mod logs;
mod sets;

use std::io::BufRead;

fn main() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(count)) = (words.next(), words.next().and_then(|word| word.parse().ok())) else { continue };
        let nanoseconds = sets::measure(name, count).or_else(|| logs::measure(name, count)).unwrap_or_else(|| call(name, count));
        println!("{nanoseconds}");
    }
}

#[cfg(unix)]
fn call(name: &str, count: usize) -> f64 {
    calls::measure(name, count)
}

#[cfg(not(unix))]
fn call(_: &str, _: usize) -> f64 {
    f64::NAN
}
