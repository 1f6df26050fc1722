//! What the editor knows of the language is what the core knows.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../examples/language.rs"]
mod language;

#[test]
fn the_table_of_the_editor_is_that_of_the_core() {
    let committed = include_str!("../../www/app/language/table.json");
    assert!(
        committed == language::table(),
        "www/app/language/table.json is old: cargo run -p pagefault --example language > www/app/language/table.json"
    );
}
