//! A log as a script: its calls on memory, and what these need, as the parser of scripts takes them.

use super::ast::{Call, Outcome, Statement};
use super::show::{expression, list, show_outcome};
use crate::machine::Sysno;

/// A script that does what the statements of a log do, in their order: it is compared like the log itself. Calls that
/// matter to nothing here are left out.
pub(super) fn log_as_script(statements: &[Statement]) -> String {
    let mut text = String::from("@log yes\n");
    for statement in statements.iter().filter(|statement| matters(&statement.call)) {
        if let Some(process) = &statement.process {
            text.extend(["[", process, "] "]);
        }
        text.push_str(&statement.call.name);
        list(&mut text, '(', &statement.call.args, ')');
        if let Some(outcome) = &statement.outcome {
            text.push_str(" = ");
            match outcome {
                // Texts are cut only for people.
                Outcome::Value(value) => expression(&mut text, value),
                other => text.push_str(&show_outcome(other)),
            }
        }
        text.push('\n');
    }
    text
}

fn matters(call: &Call) -> bool {
    super::parse::is_known(&call.name) || Sysno::from_name(&call.name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let log = "12 execve(\"/bin/a\\\"b\", [\"a\", \"\\x01\"], 0x7ffd11112222 /* 9 vars */) = 0\n\
                   12 mmap(NULL, 1<<20, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100000000\n\
                   12 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 13\n\
                   13 getrandom(\"\\x11\", 8, GRND_NONBLOCK) = 8\n\
                   13 mprotect(0x7f1100000000, 4096, PROT_NONE) = -1 ENOMEM (Cannot allocate memory)\n";
        let script = crate::log::read(log);
        let written = log_as_script(&script.statements);
        let again = crate::script::Script::parse(&written).expect("a script");
        let calls = |statements: &[Statement]| {
            let all = statements.iter().filter(|statement| matters(&statement.call));
            all.map(|statement| (statement.process.clone(), statement.call.clone(), statement.outcome.clone())).collect::<Vec<_>>()
        };
        assert_eq!(calls(&again.statements), calls(&script.statements), "{written}");
    }
}
