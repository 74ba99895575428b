//! The case files: whole conversations, one event a line.
//!
//! ```text
//! {"case": "what holds", "policy": {…}}                                   begins a conversation
//! {"observe": {…} or "text", "tool": "t", "call_id": "c", "source": "tool-result", "incomplete": false}
//! {"check": {…} or "raw text", "tool": "t", "call_id": "c", "effect": "reads", "expect": …}
//! {"check_text": "…", "expect": …}
//! ```
//!
//! A JSON string is a text; anything else is its own JSON text, digits and all. A check without a
//! tool calls `tool`. `expect` is a decision, or `{"decision", "written", "relation", "nearest",
//! "pointer", "kind", "message", "repaired"}` of the gravest finding (`message` is a part of it). A
//! case is a fact: its name says which. `data/known-misses.jsonl` holds cases in which today's answer
//! is wrong, each with its `reason`; they are asserted all the same, so that nobody improves one
//! unnoticed.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::fs;
use std::path::{Path, PathBuf};
use twinguard_core::model::{Effect, Observation, Source, ToolCall};

/// One line of a case file.
#[derive(Debug)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// What it says.
    pub step: Step,
}

/// What a line asks of the guard.
#[derive(Debug)]
pub enum Step {
    /// A new conversation.
    Begin {
        /// The fact it shows.
        case: String,
        /// Why today's answer is wrong, for a known miss.
        reason: Option<String>,
        /// JSON; empty takes the defaults.
        policy: String,
    },
    /// The model was shown something.
    Observe(Observation),
    /// The model wants to make a call.
    Check(ToolCall, Expect),
    /// The assistant is about to say something.
    CheckText(String, Expect),
}

/// What a verdict must be.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Expect {
    /// Its decision.
    Decision(String),
    /// Its decision, and a finding.
    Finding(Finding),
}

/// What a finding must be: every field that is there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of a finding")]
pub struct Finding {
    pub decision: String,
    pub written: Option<String>,
    pub relation: Option<String>,
    pub nearest: Option<String>,
    pub pointer: Option<String>,
    pub kind: Option<String>,
    pub message: Option<String>,
    pub repaired: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    case: Option<String>,
    reason: Option<String>,
    policy: Option<Box<RawValue>>,
    observe: Option<Box<RawValue>>,
    check: Option<Box<RawValue>>,
    check_text: Option<String>,
    tool: Option<String>,
    call_id: Option<String>,
    source: Option<String>,
    effect: Option<String>,
    #[serde(default)]
    incomplete: bool,
    expect: Option<Expect>,
}

/// The conversations that are judged rightly: the files of `data/sessions`, sorted.
///
/// # Errors
/// When the folder cannot be read.
pub fn sessions() -> Result<Vec<PathBuf>, String> {
    let folder = data().join("sessions");
    let entries = fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut files: Vec<_> = entries.map_err(|error| format!("`{}`: {error}", folder.display()))?.iter().map(fs::DirEntry::path).collect();
    files.sort();
    Ok(files)
}

/// The conversations that are judged wrongly today.
#[must_use]
pub fn known_misses() -> PathBuf {
    data().join("known-misses.jsonl")
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// Reads a case file.
///
/// # Errors
/// When it cannot be read, or a line is not of this form: with the file and the line.
pub fn read(file: &Path) -> Result<Vec<Line>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("`{}`: {error}", file.display()))?;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let step = serde_json::from_str(line).map_err(|error| error.to_string()).and_then(step);
        let step = step.map_err(|why| format!("{}:{number}: {why}", file.display()))?;
        if lines.is_empty() && !matches!(step, Step::Begin { .. }) {
            return Err(format!("{}:{number}: the first line names the case", file.display()));
        }
        lines.push(Line { number, step });
    }
    Ok(lines)
}

fn step(line: Written) -> Result<Step, String> {
    if let Some(case) = line.case {
        let policy = line.policy.as_deref().map_or(String::new(), |policy| policy.get().to_owned());
        return Ok(Step::Begin { case, reason: line.reason, policy });
    }
    if let Some(content) = line.observe {
        let source = line.source.as_deref().unwrap_or("tool-result");
        let source = Source::from_name(source).ok_or_else(|| format!("`{source}` is no source"))?;
        let (tool, call_id, incomplete) = (line.tool, line.call_id, line.incomplete);
        return Ok(Step::Observe(Observation { source, tool, call_id, content: text_of(&content), incomplete }));
    }
    let expect = line.expect.ok_or("no `expect`")?;
    if let Some(arguments) = line.check {
        let named = |effect: &str| Effect::from_name(effect).ok_or_else(|| format!("`{effect}` is no effect"));
        let effect = line.effect.as_deref().map(named).transpose()?;
        let tool = line.tool.unwrap_or_else(|| "tool".into());
        return Ok(Step::Check(ToolCall { tool, call_id: line.call_id, arguments: text_of(&arguments), effect }, expect));
    }
    let text = line.check_text.ok_or("neither `observe` nor `check` nor `check_text`")?;
    Ok(Step::CheckText(text, expect))
}

fn text_of(raw: &RawValue) -> String {
    serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}
