//! Floor 8: the boundary to JavaScript (wasm32 only). It converts and decides nothing. Numbers cross as
//! numbers: 64-bit quantities as two halves or as a double, large data through a buffer that JavaScript
//! looks into, so that no hot call makes an object.

mod difference;
#[cfg(feature = "script")]
mod dump;
mod fuse;
#[cfg(feature = "page")]
mod look;
mod machine;
#[cfg(feature = "script")]
mod reading;
#[cfg(feature = "script")]
mod session;
mod state;
mod watch;

pub use machine::WasmMachine;
#[cfg(feature = "script")]
pub use reading::WasmReader;
#[cfg(feature = "script")]
pub use session::WasmSession;

use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Once per instance: panics tell their place on the console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// Plain data as a JavaScript object.
fn to_js<T: Serialize + ?Sized>(value: &T) -> JsValue {
    // What is absent is null, as the TypeScript types say; flattened structures are objects too.
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true).serialize_maps_as_objects(true);
    value.serialize(&serializer).unwrap_or_else(|error| JsValue::from_str(&error.to_string()))
}

/// Two halves of 32 bits.
fn join(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
