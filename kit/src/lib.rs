//! The conformance kit: a script becomes one C file that checks itself on whatever kernel runs it, and needs nothing but a
//! compiler. The runtime (`runtime/*.h`) is pasted into each file.
//!
//! Key types: [`convert`], [`Converted`], [`LeftOut`].

mod call;
mod expectation;
mod expression;
mod header;
#[cfg(target_arch = "wasm32")]
mod js;
mod outcome;
mod reasons;
mod runtime;
mod table;
mod text;
mod walk;
mod write;

pub use runtime::runtime;
pub use table::{Case, makefile, table};
pub use write::{Converted, LINKING, convert};

/// Why a script becomes no C file, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut(pub String);
