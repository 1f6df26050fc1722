//! Runs scripts on the live kernel and compares with the emulator, statement by statement:
//! `pagefault-oracle FILE…`. Prints one line per script and `N passed, N failed` at the end; exits 1 on
//! a difference and 3 where the live kernel cannot be asked (another version, no x86-64 Linux, no ptrace).

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod check;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stub;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracee;

/// The exit code for "this machine cannot answer".
const CANNOT_ASK: i32 = 3;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    if !release.starts_with("6.18.") {
        println!("the kernel here is {}, the reference is 6.18: no comparison", release.trim());
        std::process::exit(CANNOT_ASK);
    }
    println!("kernel {}", release.trim());
    let (mut passed, mut failed) = (0, 0);
    for path in std::env::args().skip(1) {
        match check::check_file(&path) {
            Ok(statements) => {
                passed += 1;
                println!("ok {path} ({statements} statements)");
            }
            Err(check::Failure::CannotAsk(why)) => {
                println!("{why}");
                std::process::exit(CANNOT_ASK);
            }
            Err(check::Failure::NotOffered(why)) => println!("not compared here {path}: {why}"),
            Err(failure) => {
                failed += 1;
                println!("FAILED {path}: {failure}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    std::process::exit(i32::from(failed > 0));
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("only x86-64 Linux 6.18 can be compared with");
    std::process::exit(CANNOT_ASK);
}
