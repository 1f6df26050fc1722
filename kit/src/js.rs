//! The boundary to JavaScript, for the command of the npm package.

use wasm_bindgen::prelude::*;

/// A script as one C file that checks itself. `name` is what the file says of where it comes from.
///
/// # Errors
/// Why it cannot be one, in words.
#[wasm_bindgen(js_name = scriptToC)]
pub fn script_to_c(name: &str, text: &str) -> Result<String, JsValue> {
    crate::convert(name, text).map(|converted| converted.c).map_err(|crate::LeftOut(why)| JsValue::from_str(&why))
}
