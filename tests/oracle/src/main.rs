//! Asks the live kernel: `check FILE…` runs scripts on both sides and compares after every statement,
//! `record FILE…` writes the kernel's answers into them, `fuzz` makes up programs of its own. Exits 1 on a
//! difference, 2 on a wrong command line, and 3 where the live kernel cannot be asked (no x86-64 Linux, no
//! root, no right to trace; with `--reference`, another version).

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod asked;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod batches;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod commands;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod compare;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod contents;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod failure;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod fuzz;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod host;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod live;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod observe;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod record;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sandbox;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stub;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracee;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod wait;

/// The exit code for "this machine cannot answer".
const CANNOT_ASK: i32 = 3;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    std::process::exit(commands::run());
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("only x86-64 Linux 6.18 can be compared with");
    std::process::exit(CANNOT_ASK);
}
