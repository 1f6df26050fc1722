//! Maps and smaps that people have, for the page.

use super::to_js;
use crate::dump;
use wasm_bindgen::prelude::*;

/// Whether a text is maps or smaps and nothing else of note.
#[wasm_bindgen(js_name = looksLikeDump)]
pub fn looks_like_dump(text: &str) -> bool {
    dump::looks_like_dump(text)
}

/// All that is to be said of a text: `{dumps, setAside}`.
#[wasm_bindgen(js_name = readDump)]
pub fn read_dump(text: &str) -> JsValue {
    to_js(&dump::report(text))
}

/// What changed between two texts, or between the first two of one; null if there are no two.
#[wasm_bindgen(js_name = diffDumps)]
pub fn diff_dumps(from: &str, to: &str) -> JsValue {
    to_js(&dump::changes_between(from, to))
}

/// A script whose calls yield the first address space of a text.
#[wasm_bindgen(js_name = dumpToScript)]
pub fn dump_to_script(text: &str) -> Option<String> {
    dump::script_for(text)
}
