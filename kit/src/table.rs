//! The table of the kit: what was converted, what was left out and why.

use crate::{Converted, LeftOut};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A script and what became of it.
#[derive(Debug)]
pub struct Case {
    /// Its folder and name, without the ending.
    pub name: String,
    /// The C file, or why there is none.
    pub outcome: Result<Converted, LeftOut>,
}

/// A text in Markdown.
pub fn table(cases: &[Case]) -> String {
    let converted = cases.iter().filter(|case| case.outcome.is_ok()).count();
    let mut text =
        format!("# The kit: {converted} of {} scripts as C\n\n| script | statements | not compared |\n|---|---|---|\n", cases.len());
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in cases {
        match &case.outcome {
            Ok(done) => {
                let left: Vec<String> = done.not_compared.iter().map(|(what, count)| format!("{count} {what}")).collect();
                writeln!(text, "| {} | {} | {} |", case.name, done.statements, left.join("; ")).expect("a string takes it");
            }
            Err(LeftOut(why)) => reasons.entry(why).or_default().push(&case.name),
        }
    }
    text.push_str("\n| left out because | scripts |\n|---|---|\n");
    for (why, names) in reasons {
        writeln!(text, "| {why} | {} |", names.join(", ")).expect("a string takes it");
    }
    text
}

/// The `Makefile`: `make` builds all, `make check` runs all, `make CC=…` takes another compiler.
pub fn makefile(names: &[String]) -> String {
    let linking = crate::write::LINKING;
    let mut text = format!(
        "CC ?= cc\nRUN ?=\nCFLAGS = -O1 -Wall -Wno-unused -Werror -static -nostdlib -ffreestanding -fno-stack-protector -fno-pie -no-pie \\\n\t{linking}\n\
         OUT ?= .\nCASES = \\\n"
    );
    for name in names {
        writeln!(text, "\t{name} \\").expect("a string takes it");
    }
    text += "\n\nall: $(CASES:%=$(OUT)/%.run)\n\n$(OUT)/%.run: %.c\n\t$(CC) $(CFLAGS) $< -o $@\n\n\
             check: all\n\t@for case in $(CASES); do \\\n\t\t$(RUN) $(OUT)/$$case.run > $(OUT)/$$case.tap; \\\n\
             \t\tif [ $$? = 0 ]; then echo \"ok $$case\"; else echo \"not ok $$case\"; fi; \\\n\tdone\n";
    text
}
