//! Records to conversations: every trace format, in one ordered table.
//!
//! A new format is a row in [`FORMATS`], a file in `format/`, and a folder in `tests/data/traces/`.

mod agentdojo;
mod anthropic;
mod atif;
mod attributes;
mod claude_code;
mod codex;
mod draft;
mod gemini;
mod gemini_cli;
mod inspect;
mod intercode;
mod langchain;
mod langfuse;
mod langsmith;
mod mapping;
mod mcp;
mod message;
mod once;
mod openai_chat;
mod openai_responses;
mod openinference;
mod otel;
mod spans;
mod swe_agent;
mod tau2;
mod tau_bench;
mod time;
mod toolbench;
mod vercel;

pub use mapping::Mapping;

use crate::event::{Issue, Trace};
use crate::json::{Fields, Json};
use std::borrow::Cow;
use std::sync::Arc;

/// The text of one record, and where it stood.
#[derive(Clone, Debug)]
pub struct Record {
    /// The file's name, as the user named it.
    pub file: Arc<str>,
    /// Zero-based index of the record in its file.
    pub index: u64,
    /// The line it begins on, counted from 1.
    pub line: u64,
    /// The bytes, not yet known to be JSON.
    pub text: Vec<u8>,
}

/// How one kind of record is told apart and read.
#[derive(Debug)]
pub struct Format {
    /// What `--trace-format` calls it.
    pub name: &'static str,
    /// What writes it, for people who choose.
    pub about: &'static str,
    /// Whether a value is only a part of a record: a message in an array, a line of a session.
    part: fn(&Fields<'_>) -> bool,
    /// Whether a record is of this format.
    detect: fn(&Opened<'_>) -> bool,
    /// How its conversations are read.
    read: Read,
}

impl Format {
    /// Where its parts stand, of a format of the user's own.
    #[must_use]
    pub fn mapping(&self) -> Option<&Mapping> {
        match &self.read {
            Read::Known(_) => None,
            Read::Mapped(mapping) => Some(mapping),
        }
    }
}

/// Reads the conversations of a record.
#[derive(Debug)]
enum Read {
    /// A format of the table.
    Known(fn(Json<'_>, &Place<'_>) -> Vec<Trace>),
    /// A format of the user's own.
    Mapped(Box<Mapping>),
}

impl Read {
    fn traces(&self, record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
        match self {
            Self::Known(read) => read(record, place),
            Self::Mapped(mapping) => mapping::read(mapping, record, place),
        }
    }
}

/// A record opened once, for every format to look at: opening it for each would take most of the time.
#[derive(Debug)]
struct Opened<'a> {
    json: Json<'a>,
    /// The fields of an object.
    fields: Fields<'a>,
    /// The elements of an array.
    items: Vec<Json<'a>>,
    /// The fields of its first element.
    first: Fields<'a>,
}

impl<'a> Opened<'a> {
    fn new(json: Json<'a>) -> Self {
        let items = json.items();
        let first = items.first().map(|item| item.fields()).unwrap_or_default();
        Self { json, fields: json.fields(), items, first }
    }

    /// Whether a text stands anywhere in the record. Cheaper than opening it to the bottom.
    fn mentions(&self, text: &str) -> bool {
        memchr::memmem::find(self.json.text().as_bytes(), text.as_bytes()).is_some()
    }

    /// The fields of the first element of the array itself, or of the array in a field.
    fn first_of(&self, name: &str) -> Fields<'a> {
        if self.json.is_array() {
            return self.first.clone();
        }
        self.fields.get(name).and_then(Json::first).map(Json::fields).unwrap_or_default()
    }
}

/// Every trace format. The first that fits is taken: the narrow ones stand before the wide ones.
pub const FORMATS: &[Format] = &[
    tau2::FORMAT,
    tau_bench::FORMAT,
    inspect::FORMAT,
    swe_agent::FORMAT,
    toolbench::FORMAT,
    intercode::FORMAT,
    atif::FORMAT,
    agentdojo::FORMAT,
    mcp::FORMAT,
    claude_code::FORMAT,
    codex::FORMAT,
    gemini_cli::FORMAT,
    openinference::FORMAT, // before otel: the same spans with other attributes
    otel::FORMAT,
    langsmith::FORMAT,
    langfuse::FORMAT,
    langchain::FORMAT, // behind claude-code: both have lines of type `system`
    gemini::FORMAT,
    vercel::FORMAT,
    openai_responses::FORMAT, // before openai-chat: items may begin with a message
    anthropic::FORMAT,        // before openai-chat: both have `messages`, only this one has blocks with tools
    openai_chat::FORMAT,      // last: any list of messages with roles
];

/// Where a record stands, to name its traces and its issues.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    file: &'a str,
    line: u64,
    index: u64,
}

impl Place<'_> {
    fn issue(&self, message: String) -> Issue {
        Issue { file: self.file.to_owned(), line: Some(self.line), message }
    }

    /// The name of a trace whose record has none.
    fn name(&self) -> String {
        format!("{}#{}", self.file, self.index)
    }

    /// The name of the nth of several traces without names.
    fn nth(&self, n: usize) -> String {
        format!("{}#{}/{n}", self.file, self.index)
    }
}

/// The format of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Whether a value is only a part of a record, so that the values beside it belong to it.
#[must_use]
pub fn is_part(value: Json<'_>, named: Option<&'static Format>) -> bool {
    let fields = value.fields();
    match named {
        Some(format) => (format.part)(&fields),
        None => FORMATS.iter().any(|format| (format.part)(&fields)),
    }
}

/// The format that a record is of, if one is known.
#[must_use]
pub fn detect(record: Json<'_>) -> Option<&'static Format> {
    let record = Opened::new(record);
    FORMATS.iter().find(|format| (format.detect)(&record))
}

/// The conversations of a record. `named` is the format the user asked for; otherwise it is
/// found by the record's content.
///
/// # Errors
/// An [`Issue`] when the record is no JSON, or of no known format.
///
/// ```
/// use twinguard_trace::format::{self, Record};
///
/// let text = r#"{"id": "run-1", "messages": [{"role": "user", "content": "Where is ORD-5521?"}]}"#;
/// let record = Record { file: "runs.jsonl".into(), index: 0, line: 1, text: text.into() };
/// let traces = format::read(&record, None).unwrap();
/// assert_eq!(traces[0].id, "run-1");
/// ```
pub fn read(record: &Record, named: Option<&'static Format>) -> Result<Vec<Trace>, Issue> {
    let place = Place { file: &record.file, line: record.line, index: record.index };
    let checked = std::str::from_utf8(&record.text);
    let text = checked.map_or_else(|_| String::from_utf8_lossy(&record.text), Cow::Borrowed);
    let mut traces = match Json::parse(&text) {
        Ok(json) => read_json(json, &place, named)?,
        Err(error) => {
            let line = record.line + u64::try_from(error.line().saturating_sub(1)).unwrap_or(0);
            let column = error.column();
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default();
            let message = format!("no JSON: {why} in column {column}; this record is left out");
            return Err(Issue { file: record.file.to_string(), line: Some(line), message });
        }
    };
    if let Err(error) = checked {
        let before = record.text.get(..error.valid_up_to()).unwrap_or_default();
        let line = record.line + u64::try_from(memchr::memchr_iter(b'\n', before).count()).unwrap_or(0);
        let message = "not UTF-8; the broken characters were read as \u{fffd}: write the file as UTF-8".to_owned();
        let issue = Issue { file: record.file.to_string(), line: Some(line), message };
        match traces.first_mut() {
            Some(trace) => trace.issues.insert(0, issue),
            None => return Err(issue),
        }
    }
    Ok(traces)
}

fn read_json(json: Json<'_>, place: &Place<'_>, named: Option<&'static Format>) -> Result<Vec<Trace>, Issue> {
    let Some(format) = named.or_else(|| detect(json)) else {
        let items = json.items();
        if !items.is_empty() && items.iter().all(|item| detect(*item).is_some()) {
            let read = |(n, item): (usize, Json<'_>)| {
                let mut traces = detect(item).map(|format| format.read.traces(item, place)).unwrap_or_default();
                traces.iter_mut().filter(|trace| trace.id == place.name()).for_each(|trace| trace.id = place.nth(n));
                traces
            };
            return Ok(items.into_iter().enumerate().flat_map(read).collect());
        }
        return Err(place.issue(format!(
            "no known trace format; name one with --trace-format ({}), or say with --mapping where its parts stand",
            names().join(", ")
        )));
    };
    let traces = format.read.traces(json, place);
    // Some records hold no conversation, as a log of a run without samples. One that was named
    // wrongly must not look like those.
    if traces.iter().all(|trace| trace.events.is_empty()) && named.is_some() && !(format.detect)(&Opened::new(json)) {
        return Err(place.issue(format!(
            "not of the format `{}`; expected {}. Leave --trace-format out to find the format by content",
            format.name, format.about
        )));
    }
    Ok(traces)
}

/// The names of every format, in order.
#[must_use]
pub fn names() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.name).collect()
}

/// For formats whose records are one value.
fn never(_: &Fields<'_>) -> bool {
    false
}
