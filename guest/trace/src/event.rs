//! What happens in a conversation, wherever its record came from.

use std::collections::BTreeMap;
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
    /// Who served that model, where the record says so: `openai`, `aws.bedrock`.
    pub provider: Option<String>,
    /// When the conversation began, where the record says so, as it says it (mostly RFC 3339).
    pub at: Option<String>,
    /// What is known of single messages of the model, by the index of the message.
    pub written: BTreeMap<u32, Written>,
    /// The file its record stands in.
    pub file: String,
    /// The line the record begins on, counted from 1.
    pub line: u64,
    /// What happened, first to last.
    pub events: Vec<Event>,
    /// What could not be read, or not as what it should be.
    pub issues: Vec<Issue>,
}

/// How one message of the model came about, as far as the record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The model that wrote it, where a conversation has several.
    pub model: Option<String>,
    /// Why it ended before the model was done.
    pub stop: Option<Stop>,
    /// When it was written, as the record says it.
    pub at: Option<String>,
}

/// Why a message ended before the model was done, so that nobody should act on what stands at its
/// end: an identifier may be cut in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// A limit on the length of the output, or of the context, was reached.
    Length,
    /// A filter of the provider took the message away, or a part of it.
    ContentFilter,
    /// The model refused to go on.
    Refusal,
}

impl Stop {
    /// What a provider's own word means; `None` for every word that says the message is whole.
    ///
    /// ```
    /// use twinguard_trace::event::Stop;
    ///
    /// assert_eq!(Stop::of("max_tokens"), Some(Stop::Length)); // Anthropic
    /// assert_eq!(Stop::of("SAFETY"), Some(Stop::ContentFilter)); // Gemini
    /// assert_eq!(Stop::of("tool_calls"), None); // OpenAI
    /// ```
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        // Python writes the members of an enumeration with its name: `FinishReason.MAX_TOKENS`.
        let word = word.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().replace('-', "_");
        Some(match word.as_str() {
            "length" | "max_tokens" | "max_output_tokens" | "model_length" | "model_context_window_exceeded" | "incomplete" => Self::Length,
            "content_filter"
            | "content_filtered"
            | "guardrail_intervened"
            | "safety"
            | "recitation"
            | "language"
            | "blocklist"
            | "prohibited_content"
            | "spii"
            | "image_safety"
            | "image_prohibited_content"
            | "image_recitation"
            | "model_armor"
            | "malformed_function_call" => Self::ContentFilter,
            "refusal" | "refused" => Self::Refusal,
            _ => return None,
        })
    }

    /// What reports call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::ContentFilter => "content-filter",
            Self::Refusal => "refusal",
        }
    }

    /// What it means for a call that the message held.
    #[must_use]
    pub fn message(self) -> String {
        let why = match self {
            Self::Length => "a limit on its length",
            Self::ContentFilter => "a content filter",
            Self::Refusal => "a refusal",
        };
        format!("The message with this call ended by {why}, so its last identifier may be cut: no code should have run it.")
    }
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
            // The rows of a table come as lines.
            let is_table = [".parquet", ".arrow"].iter().any(|ending| self.file.ends_with(ending));
            write!(f, ", {} {line}", if is_table { "row" } else { "line" })?;
        }
        write!(f, ": {}", self.message)
    }
}
