//! Floor 7: the settings that a machine and its first process are made from, as lines such as `@ram 64M`. They are the
//! head of a script, and all that JavaScript says of a machine; so they are read by hand, without the script language.
//!
//! Key types: [`Header`], [`Setting`], [`ParseError`].

mod constants;
mod error;
mod header;
mod read;
mod table;

pub use constants::constants;
pub use error::ParseError;
pub use header::{HEADER_SETTINGS, Header, WrittenPolicy};
pub use table::{Directive, SETTINGS, Setting};

#[cfg(feature = "script")]
pub(crate) use constants::constant;
#[cfg(feature = "script")]
pub(crate) use read::{Cursor, Fault, Line};
