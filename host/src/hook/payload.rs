//! What the payloads of all agents have in common.

use std::path::PathBuf;
use twinguard_core::model::{Observation, Source, ToolCall};
use twinguard_trace::event::What;
use twinguard_trace::json::{Fields, Json};

/// One payload, whoever sent it.
#[derive(Debug)]
pub(super) struct Request {
    /// The agent's own id of the session.
    pub session: String,
    /// The id of the sub-agent; empty for the main agent.
    pub agent: String,
    /// Where the agent writes the conversation down, if it says so.
    pub transcript: Option<PathBuf>,
    /// What happens.
    pub step: Step,
}

/// What a payload is about.
#[derive(Debug)]
pub(super) enum Step {
    /// A session or a sub-agent begins. Not fresh: something came before.
    Began { fresh: bool },
    /// A call, or something the model is shown.
    What(What),
    /// Nothing to the guard.
    Ignored,
}

impl Step {
    /// The user wrote this.
    pub fn said(text: Option<Json<'_>>) -> Self {
        Self::shown(Source::UserMessage, None, None, text)
    }

    /// A tool answered. An answer that is not there counts as an empty one: it closes its call.
    pub fn result(tool: Option<String>, call_id: Option<String>, content: Option<Json<'_>>) -> Self {
        Self::shown(Source::ToolResult, tool, call_id, content)
    }

    fn shown(source: Source, tool: Option<String>, call_id: Option<String>, content: Option<Json<'_>>) -> Self {
        let content = content.map(text).unwrap_or_default();
        Self::What(What::Shown(Observation { source, tool, call_id, content, incomplete: false }))
    }

    /// The model wants to call a tool.
    pub fn call(tool: Option<String>, call_id: Option<String>, arguments: Option<Json<'_>>) -> Result<Self, String> {
        let tool = tool.ok_or("it does not name the tool")?;
        let arguments = arguments.map_or_else(|| "{}".to_owned(), self::arguments);
        Ok(Self::What(What::Called(ToolCall { tool, call_id, arguments, effect: None })))
    }
}

/// A string's own text; of anything else its JSON, every digit kept.
fn text(json: Json<'_>) -> String {
    json.string().map_or_else(|| json.text().to_owned(), std::borrow::Cow::into_owned)
}

/// Arguments as JSON. Some agents send them as a string that holds JSON.
fn arguments(json: Json<'_>) -> String {
    let inner = json.string().filter(|inner| Json::parse(inner).is_ok());
    inner.map_or_else(|| json.text().to_owned(), std::borrow::Cow::into_owned)
}

/// A text in a field that must be there, under one of its names.
pub(super) fn required(fields: &Fields<'_>, name: &str) -> Result<String, String> {
    let found = fields.get(name).and_then(Json::name).filter(|value| !value.is_empty());
    found.ok_or_else(|| format!("it has no `{name}`"))
}

/// The path in a field.
pub(super) fn path(fields: &Fields<'_>, name: &str) -> Option<PathBuf> {
    fields.string(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}
