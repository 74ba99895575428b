//! What happens in a conversation, wherever its record came from.

use std::fmt;
use twinguard_core::model::{Observation, ToolCall};

/// One step of a conversation that the guard has to know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Zero-based index, in its record, of the message that held it. Parallel calls share one.
    pub turn: u32,
    /// What happened.
    pub what: What,
}

/// Either side of a conversation with tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The model was shown a text.
    Shown(Observation),
    /// The model called a tool.
    Called(ToolCall),
}

/// One conversation, in the order in which the model lived it.
///
/// Parallel calls stand before the first of their results: the model wrote all of them before it
/// saw any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The record's own name, else `FILE#INDEX`.
    pub id: String,
    /// The model that wrote the calls, where the record says so.
    pub model: Option<String>,
    /// The file its record stands in.
    pub file: String,
    /// The line the record begins on, counted from 1.
    pub line: u64,
    /// What happened, first to last.
    pub events: Vec<Event>,
    /// What could not be read, or not as what it should be.
    pub issues: Vec<Issue>,
}

/// Something in the input that could not be read; everything else was.
///
/// ```
/// let issue = twinguard_trace::event::Issue {
///     file: "runs.jsonl".into(),
///     line: Some(3),
///     message: "no JSON: expected `:`".into(),
/// };
/// assert_eq!(issue.to_string(), "`runs.jsonl`, line 3: no JSON: expected `:`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The file as the user named it; `stdin` for the standard input.
    pub file: String,
    /// Where, counted from 1, when it has a line.
    pub line: Option<u64>,
    /// What is wrong, what was expected, and the way out.
    pub message: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.message)
    }
}
