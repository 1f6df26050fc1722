//! Runs scripts and logs and prints one verdict each:
//! `cargo run --release --example replay -- FILE…`; exits 1 on a difference.

use pagefault::script::Session;

fn main() {
    let mut failed = 0;
    for path in std::env::args().skip(1) {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                println!("{path}: cannot be read: {error}");
                failed += 1;
                continue;
            }
        };
        failed += usize::from(!replay(&path, &text));
    }
    std::process::exit(i32::from(failed > 0));
}

fn replay(path: &str, text: &str) -> bool {
    let mut session = match Session::from_text(text) {
        Ok(session) => session,
        Err(errors) => {
            for error in errors.iter().take(3) {
                println!("{path}: {error}");
            }
            return false;
        }
    };
    if let Err(error) = session.run_to_end() {
        println!("{path}: {error}");
        return false;
    }
    let verdict = session.verdict();
    println!("{path}: {verdict}");
    if let Some((line, call, difference)) = &verdict.first {
        println!("  line {line}, {call}: {} should be {}, is {}", difference.field, difference.expected, difference.found);
        if !difference.excuse.is_empty() {
            println!("  ({})", difference.excuse);
        }
    }
    verdict.is_equal()
}
