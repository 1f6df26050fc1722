//! A script and its machine, for the page.

use super::reading::kind_of;
use super::{join, to_js};
use crate::addr::{Pfn, VirtAddr};
use crate::ids::Pid;
use crate::log::{Kind, decode, join_files, recognise};
use crate::script::{Architecture, LeftOut, ParseError, Progress, Session, StepReport};
use crate::sort;
use crate::view;
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[derive(Serialize)]
pub(super) struct ErrorView {
    line: usize,
    column: usize,
    found: String,
    expected: String,
    message: String,
}

impl From<&ParseError> for ErrorView {
    fn from(error: &ParseError) -> Self {
        let ParseError { line, column, found, expected } = error.clone();
        Self { line, column, found, expected, message: error.to_string() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepView {
    line: usize,
    pid: Option<u32>,
    call: String,
    result: String,
    why: Option<String>,
    kind: &'static str,
    min_flt: u64,
    maj_flt: u64,
    compared: bool,
    focus: Option<String>,
    assumed: Option<String>,
    elsewhere: Vec<[String; 2]>,
    differences: Vec<DifferenceView>,
}

#[derive(Serialize)]
struct DifferenceView {
    field: &'static str,
    expected: String,
    found: String,
    excuse: String,
    cause: String,
}

impl From<&StepReport> for StepView {
    fn from(report: &StepReport) -> Self {
        let differences = report.differences.iter().map(|d| DifferenceView {
            field: d.field,
            expected: d.expected.clone(),
            found: d.found.clone(),
            excuse: d.excuse.clone(),
            cause: d.cause.clone(),
        });
        Self {
            line: report.line,
            pid: report.pid.map(|pid| pid.0),
            call: report.call.clone(),
            result: report.result.clone(),
            why: report.why.clone(),
            kind: report.kind,
            min_flt: report.faults.0,
            maj_flt: report.faults.1,
            compared: report.compared,
            focus: report.focus.map(|addr| format!("{:x}", addr.0)),
            assumed: report.assumed.clone(),
            elsewhere: report.elsewhere.iter().map(|(recorded, ours)| [format!("{recorded:x}"), format!("{ours:x}")]).collect(),
            differences: differences.collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerdictView {
    text: String,
    equal: bool,
    green: bool,
    steps: usize,
    compared: usize,
    memory_calls: usize,
    memory_equal: usize,
    memory_differ: usize,
    left_out: Option<Vec<LeftOutView>>,
    architecture: &'static str,
    assumed: usize,
    maps_equal: Option<bool>,
    differences: usize,
    excused: usize,
    stopped: Option<usize>,
    first: Option<FirstView>,
}

#[derive(Serialize)]
pub(super) struct LeftOutView {
    line: usize,
    call: String,
    reason: String,
}

impl From<&LeftOut> for LeftOutView {
    fn from(left: &LeftOut) -> Self {
        let LeftOut { line, call, reason } = left.clone();
        Self { line, call, reason }
    }
}

#[derive(Serialize)]
pub(super) struct ProgressView {
    position: usize,
    length: usize,
}

impl From<Progress> for ProgressView {
    fn from(Progress { position, length }: Progress) -> Self {
        Self { position, length }
    }
}

#[derive(Serialize)]
struct FirstView {
    line: usize,
    call: String,
    field: &'static str,
    expected: String,
    found: String,
    excuse: String,
    cause: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetAsideView {
    line: usize,
    text: String,
    reason: String,
    is_memory_call: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JoinedView {
    text: String,
    is_ordered: bool,
}

/// What kind of text it is: `script`, `strace`, `qemu`, `perf`, `maps` or `smaps`.
#[wasm_bindgen(js_name = recogniseText)]
pub fn recognise_text(text: &str) -> String {
    recognise(text).name().into()
}

/// The text of a file's bytes: UTF-8, or UTF-16 with its byte order mark.
#[wasm_bindgen(js_name = textOfBytes)]
pub fn text_of_bytes(bytes: &[u8]) -> String {
    decode(bytes)
}

/// The files of `strace -ff -o NAME` as one log: `{text, isOrdered}`.
#[wasm_bindgen(js_name = joinLogs)]
pub fn join_logs(names: Vec<String>, texts: Vec<String>) -> JsValue {
    let files: Vec<_> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let joined = join_files(&files);
    to_js(&JoinedView { text: joined.text, is_ordered: joined.is_ordered })
}

impl ErrorView {
    /// Errors, as the page takes them.
    pub(super) fn list(errors: &[ParseError]) -> JsValue {
        to_js(&errors.iter().map(Self::from).collect::<Vec<_>>())
    }
}

/// A script on a machine.
#[wasm_bindgen]
#[derive(Debug)]
pub struct WasmSession {
    pub(super) session: Session,
    kind: Kind,
}

impl WasmSession {
    /// A session that was made from a text of a kind.
    pub(super) fn of(mut session: Session, kind: Kind) -> Self {
        session.record_events(true);
        Self { session, kind }
    }
}

#[wasm_bindgen]
impl WasmSession {
    /// Reads a text and sets its machine up: as the kind it is said to be, or as what it looks like.
    ///
    /// # Errors
    /// An array of `{line, column, found, expected, message}`.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str, kind: Option<String>) -> Result<WasmSession, JsValue> {
        let kind = kind_of(text, kind);
        match Session::from_text_as(text, kind) {
            Ok(session) => Ok(Self::of(session, kind)),
            Err(errors) => Err(ErrorView::list(&errors)),
        }
    }

    /// What kind of text it was read as.
    pub fn kind(&self) -> String {
        self.kind.name().into()
    }

    /// Statements run.
    pub fn position(&self) -> usize {
        self.session.position()
    }

    /// Statements in all.
    pub fn length(&self) -> usize {
        self.session.len()
    }

    /// Whether the script is a log.
    #[wasm_bindgen(js_name = isLog)]
    pub fn is_log(&self) -> bool {
        self.session.script().is_log
    }

    /// What of a log is not replayed: `{line, text, reason, isMemoryCall}`.
    #[wasm_bindgen(js_name = setAside)]
    pub fn set_aside(&self) -> JsValue {
        let aside = self.session.script().set_aside.iter().map(|aside| SetAsideView {
            line: aside.line,
            text: aside.text.clone(),
            reason: aside.reason.clone(),
            is_memory_call: aside.is_memory_call,
        });
        to_js(&aside.collect::<Vec<_>>())
    }

    /// A log as a script, in the order in which its calls are run.
    #[wasm_bindgen(js_name = asScript)]
    pub fn as_script(&self) -> String {
        self.session.as_script()
    }

    /// The line of every statement.
    pub fn lines(&self) -> Vec<u32> {
        self.session.script().statements.iter().map(|statement| statement.line as u32).collect()
    }

    /// Goes to a position.
    ///
    /// # Errors
    /// One error as in the constructor's array; the position is just before the statement then.
    #[wasm_bindgen(js_name = goTo)]
    pub fn go_to(&mut self, position: usize) -> Result<(), JsValue> {
        self.session.go_to(position).map_err(|error| to_js(&ErrorView::from(&error)))
    }

    /// Goes back to the last copy of the machine at or before a position; `runSlice` goes on from there.
    pub fn rewind(&mut self, position: usize) {
        self.session.rewind(position);
    }

    /// Runs at most so many statements: `{position, length}`.
    ///
    /// # Errors
    /// As `goTo`.
    #[wasm_bindgen(js_name = runSlice)]
    pub fn run_slice(&mut self, most: usize) -> Result<JsValue, JsValue> {
        let progress = self.session.run_slice(most).map_err(|error| to_js(&ErrorView::from(&error)))?;
        Ok(to_js(&ProgressView::from(progress)))
    }

    /// Adds a statement behind the last one run and runs it.
    ///
    /// # Errors
    /// As `goTo`.
    pub fn append(&mut self, text: &str) -> Result<(), JsValue> {
        let at = self.session.position();
        let added = self.session.append(text).and_then(|()| self.session.go_to(at + 1));
        added.map_err(|error| to_js(&ErrorView::from(&error)))
    }

    /// What came of each statement so far.
    pub fn reports(&self) -> JsValue {
        to_js(&self.session.reports().iter().map(StepView::from).collect::<Vec<_>>())
    }

    /// The same of the steps from one to before another.
    #[wasm_bindgen(js_name = reportsOf)]
    pub fn reports_of(&self, from: usize, to: usize) -> JsValue {
        let reports = self.session.reports();
        let to = to.min(reports.len());
        to_js(&reports[from.min(to)..to].iter().map(StepView::from).collect::<Vec<_>>())
    }

    /// The first steps that differ or take something for granted, at most so many of each: `[step, report]`.
    pub fn remarks(&self, most: usize) -> JsValue {
        let steps = || self.session.reports().iter().enumerate();
        let differ = steps().filter(|(_, report)| !report.differences.is_empty()).take(most);
        let assume = steps().filter(|(_, report)| report.differences.is_empty() && report.assumed.is_some()).take(most);
        let mut remarks: Vec<_> = differ.chain(assume).map(|(step, report)| (step, StepView::from(report))).collect();
        sort::by_key(&mut remarks, |(step, _)| *step);
        to_js(&remarks)
    }

    /// What happened inside a step that has been run.
    pub fn explain(&mut self, step: usize) -> JsValue {
        let Some(report) = self.session.explain(step) else { return JsValue::NULL };
        to_js(&view::explain(&report.facts.unwrap_or_default(), &report.events))
    }

    /// The machine now.
    pub fn snapshot(&self) -> JsValue {
        to_js(&view::snapshot(self.session.machine()))
    }

    /// Every process in short: `{pid, ended, rss, minFlt, majFlt}`.
    pub fn processes(&self) -> JsValue {
        to_js(&view::processes(self.session.machine()))
    }

    /// The page walk of an address.
    pub fn walk(&self, pid: u32, high: u32, low: u32) -> JsValue {
        to_js(&view::walk_view(self.session.machine(), Pid(pid), VirtAddr(join(high, low))))
    }

    /// What is known of a frame.
    pub fn frame(&self, pfn: u32) -> JsValue {
        let machine = self.session.machine();
        if machine.kernel.phys.frames().count() <= pfn as usize {
            return JsValue::NULL;
        }
        to_js(&view::frame_detail(machine, Pfn(pfn)))
    }

    /// `/proc/meminfo`.
    pub fn meminfo(&self) -> String {
        view::meminfo_text(self.session.machine())
    }

    /// `/proc/PID/maps`.
    pub fn maps(&self, pid: u32) -> String {
        view::maps_text(self.session.machine(), Pid(pid))
    }

    /// `/proc/PID/smaps`.
    pub fn smaps(&self, pid: u32) -> String {
        view::smaps_text(self.session.machine(), Pid(pid))
    }

    /// The lines of `/proc/PID/status` about memory; empty for a process that has ended.
    pub fn status(&self, pid: u32) -> String {
        view::status_text(self.session.machine(), Pid(pid))
    }

    /// How it compares so far.
    pub fn verdict(&self) -> JsValue {
        to_js(&self.verdict_view(true))
    }
}

impl WasmSession {
    pub(super) fn verdict_view(&self, with_left_out: bool) -> VerdictView {
        let verdict = self.session.verdict();
        VerdictView {
            text: verdict.to_string(),
            equal: verdict.is_equal(),
            green: verdict.is_green(),
            steps: verdict.steps,
            compared: verdict.compared,
            memory_calls: verdict.memory_calls,
            memory_equal: verdict.memory_equal,
            memory_differ: verdict.memory_differ,
            left_out: with_left_out.then(|| verdict.left_out.iter().map(LeftOutView::from).collect()),
            architecture: match verdict.architecture {
                Architecture::X86_64 => "x86-64",
                Architecture::Bits32 => "32-bit",
                Architecture::Other64 => "other",
            },
            assumed: verdict.assumed,
            maps_equal: verdict.maps_equal,
            differences: verdict.differences,
            excused: verdict.excused,
            stopped: verdict.stopped,
            first: verdict.first.clone().map(|(line, call, d)| FirstView {
                line,
                call,
                field: d.field,
                expected: d.expected,
                found: d.found,
                excuse: d.excuse,
                cause: d.cause,
            }),
        }
    }
}
