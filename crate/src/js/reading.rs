//! A text read in slices, for callers that show progress, or stop.

use super::session::{ErrorView, ProgressView, WasmSession};
use super::to_js;
use crate::log::{Kind, LogReader, recognise};
use crate::script::{Progress, Session};
use wasm_bindgen::prelude::*;

/// The kind that a text is said to be, or what it looks like: an unknown name asks for that too.
pub(super) fn kind_of(text: &str, name: Option<String>) -> Kind {
    name.and_then(|name| Kind::from_name(&name)).unwrap_or_else(|| recognise(text))
}

/// What is read: a log slice by slice, anything else when its session is asked for.
#[derive(Debug)]
enum Reading {
    Log(Box<LogReader<'static>>),
    Other(String, Kind),
    Taken,
}

/// A text on its way to a session.
#[wasm_bindgen]
#[derive(Debug)]
pub struct WasmReader {
    reading: Reading,
}

#[wasm_bindgen]
impl WasmReader {
    /// Takes a text as the kind it is said to be, or as what it looks like.
    #[wasm_bindgen(constructor)]
    pub fn new(text: String, kind: Option<String>) -> Self {
        let kind = kind_of(&text, kind);
        let reading = match kind.is_log() {
            true => Reading::Log(Box::new(LogReader::of_text(&text, Some(kind)))),
            false => Reading::Other(text, kind),
        };
        Self { reading }
    }

    /// Reads on, at most so many lines of a pass: `{position, length}`.
    pub fn advance(&mut self, most: usize) -> JsValue {
        let progress = match &mut self.reading {
            Reading::Log(reader) => reader.advance(most),
            _ => Progress { position: 0, length: 0 },
        };
        to_js(&ProgressView::from(progress))
    }

    /// Reads what is left and sets the machine up.
    ///
    /// # Errors
    /// As of [`WasmSession::new`]; nothing at the second call.
    pub fn session(&mut self) -> Result<WasmSession, JsValue> {
        let (session, kind) = match std::mem::replace(&mut self.reading, Reading::Taken) {
            Reading::Log(reader) => {
                let kind = reader.kind();
                (reader.into_session(), kind)
            }
            Reading::Other(text, kind) => (Session::from_text_as(&text, kind), kind),
            Reading::Taken => (Err(Vec::new()), Kind::Script),
        };
        session.map(|session| WasmSession::of(session, kind)).map_err(|errors| ErrorView::list(&errors))
    }
}
