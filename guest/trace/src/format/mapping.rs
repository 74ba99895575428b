//! The user's own format: JSON pointers to where things stand.

use super::draft::{self, Draft};
use super::{Format, Place, Read, never};
use crate::event::Trace;
use crate::json::{Fields, Json};
use serde::Deserialize;
use twinguard_core::model::Source;

/// Where a record of the user's own keeps what a trace is made of. Everything is a JSON Pointer
/// (RFC 6901); the empty one means the value itself. What is left out is where OpenAI puts it.
///
/// ```
/// use twinguard_trace::format::{self, Format, Mapping, Record};
///
/// let mapping: Mapping = serde_json::from_str(r#"{
///     "trace": {"messages": "/turns"},
///     "message": {"role": "/who", "text": "/says"},
///     "call": {"list": "/does", "name": "/tool", "arguments": "/with", "result": "/got"}
/// }"#).unwrap();
/// let format: &'static Format = Box::leak(Box::new(Format::mapped("own", mapping).unwrap()));
/// let text = r#"{"turns": [{"who": "user", "says": "Cancel ORD-55-204817."},
///     {"who": "assistant", "does": [{"tool": "cancel", "with": {"order": "ORD-55-204817"}, "got": "done"}]}]}"#;
/// let record = Record { file: "runs.jsonl".into(), index: 0, line: 1, text: text.into() };
/// assert_eq!(format::read(&record, Some(format)).unwrap()[0].events.len(), 3);
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    trace: OfTrace,
    message: OfMessage,
    call: OfCall,
    result: OfResult,
}

/// In a record.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfTrace {
    /// Every line is a message, and all lines of a file are one conversation.
    lines: bool,
    messages: String,
    id: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    at: Option<String>,
    system: Option<String>,
}

/// In a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfMessage {
    role: String,
    text: String,
    model: Option<String>,
    stop: Option<String>,
    at: Option<String>,
    roles: Roles,
}

/// What the roles are called.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Roles {
    system: Vec<String>,
    user: Vec<String>,
    assistant: Vec<String>,
    tool: Vec<String>,
}

/// In a message: its calls, and in a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfCall {
    list: String,
    name: String,
    arguments: String,
    id: Option<String>,
    result: Option<String>,
}

/// In a message of a tool: its results, and in a result.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfResult {
    list: String,
    text: Option<String>,
    name: Option<String>,
    id: Option<String>,
    incomplete: Option<String>,
}

impl Default for OfTrace {
    fn default() -> Self {
        let some = |pointer: &str| Some(pointer.to_owned());
        Self { lines: false, messages: "/messages".into(), id: some("/id"), model: some("/model"), provider: None, at: None, system: None }
    }
}

impl Default for OfMessage {
    fn default() -> Self {
        Self {
            role: "/role".into(),
            text: "/content".into(),
            model: None,
            stop: Some("/finish_reason".into()),
            at: None,
            roles: Roles::default(),
        }
    }
}

impl Default for Roles {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { system: list(&["system", "developer"]), user: list(&["user"]), assistant: list(&["assistant"]), tool: list(&["tool"]) }
    }
}

impl Default for OfCall {
    fn default() -> Self {
        Self {
            list: "/tool_calls".into(),
            name: "/function/name".into(),
            arguments: "/function/arguments".into(),
            id: Some("/id".into()),
            result: None,
        }
    }
}

impl Default for OfResult {
    fn default() -> Self {
        Self { list: String::new(), text: None, name: Some("/name".into()), id: Some("/tool_call_id".into()), incomplete: None }
    }
}

impl Mapping {
    /// Every pointer with its name.
    fn pointers(&self) -> Vec<(&'static str, &str)> {
        let Self { trace, message, call, result } = self;
        let given = [
            ("trace.messages", &trace.messages),
            ("message.role", &message.role),
            ("message.text", &message.text),
            ("call.list", &call.list),
            ("call.name", &call.name),
            ("call.arguments", &call.arguments),
            ("result.list", &result.list),
        ];
        let optional = [
            ("trace.id", &trace.id),
            ("trace.model", &trace.model),
            ("trace.provider", &trace.provider),
            ("trace.at", &trace.at),
            ("trace.system", &trace.system),
            ("message.model", &message.model),
            ("message.stop", &message.stop),
            ("message.at", &message.at),
            ("call.id", &call.id),
            ("call.result", &call.result),
            ("result.text", &result.text),
            ("result.name", &result.name),
            ("result.id", &result.id),
            ("result.incomplete", &result.incomplete),
        ];
        let optional = optional.into_iter().filter_map(|(name, pointer)| Some((name, pointer.as_deref()?)));
        given.into_iter().map(|(name, pointer)| (name, pointer.as_str())).chain(optional).collect()
    }

    fn read_record(&self, record: Json<'_>, place: &Place<'_>) -> Trace {
        let within = |pointer: &Option<String>| at(record, pointer).and_then(Json::name);
        let of = &self.trace;
        let mut draft = Draft::new(place, within(&of.id), within(&of.model));
        draft.name_provider(within(&of.provider));
        draft.began(within(&of.at));
        draft.said(Source::SystemPrompt, draft::text(at(record, &of.system)));
        let messages = if of.lines { Some(record) } else { record.pointer(&of.messages) };
        for (index, message) in messages.map(Json::items).unwrap_or_default().into_iter().enumerate() {
            draft.turn(index);
            self.read_message(&mut draft, message);
        }
        draft.finish()
    }

    fn read_message(&self, draft: &mut Draft<'_>, message: Json<'_>) {
        let OfMessage { role, text, model, stop, at: when, roles } = &self.message;
        let within = |pointer: &Option<String>| at(message, pointer).and_then(Json::name);
        draft.written(within(model), within(stop).as_deref(), within(when));
        for call in list(message, &self.call.list) {
            self.read_call(draft, call);
        }
        let role = message.pointer(role).and_then(Json::name).unwrap_or_default();
        let said = || draft::text(message.pointer(text));
        if roles.system.contains(&role) {
            draft.said(Source::SystemPrompt, said());
        } else if roles.user.contains(&role) {
            draft.said(Source::UserMessage, said());
        } else if roles.tool.contains(&role) {
            list(message, &self.result.list).into_iter().for_each(|result| self.read_result(draft, result));
        } else if !roles.assistant.contains(&role) {
            draft.issue(&format!("unknown role `{role}`; name it under [message.roles], so its text was left out"));
        }
    }

    fn read_call(&self, draft: &mut Draft<'_>, call: Json<'_>) {
        let OfCall { name, arguments, id, result, .. } = &self.call;
        // Where the message itself may be the call, it is one only if it names a tool.
        let Some(tool) = call.pointer(name).and_then(Json::name) else { return };
        let id = at(call, id).and_then(Json::name);
        draft.call(tool.clone(), id.clone(), call.pointer(arguments));
        if let Some(result) = at(call, result) {
            draft.result(Some(tool), id, draft::text(Some(result)), false);
        }
    }

    fn read_result(&self, draft: &mut Draft<'_>, result: Json<'_>) {
        let OfResult { text, name, id, incomplete, .. } = &self.result;
        let within = |pointer: &Option<String>| at(result, pointer).and_then(Json::name);
        let text = text.as_ref().unwrap_or(&self.message.text);
        let cut = at(result, incomplete).is_some_and(Json::is_true);
        draft.result(within(name), within(id), draft::text(result.pointer(text)), cut);
    }
}

impl Format {
    /// A format of the user's own, called so in messages. It is never found by content.
    ///
    /// # Errors
    /// When something in the mapping is no JSON Pointer; the message names it.
    pub fn mapped(name: &'static str, mapping: Mapping) -> Result<Self, String> {
        for (field, pointer) in mapping.pointers() {
            if !pointer.is_empty() && !pointer.starts_with('/') {
                return Err(format!("`{field}` is `{pointer}`, which is no JSON Pointer; write `/{pointer}`"));
            }
        }
        let part: fn(&Fields<'_>) -> bool = if mapping.trace.lines { |_| true } else { never };
        Ok(Self { name, about: "records as the mapping says", part, detect: |_| false, read: Read::Mapped(Box::new(mapping)) })
    }
}

pub(super) fn read(mapping: &Mapping, record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    vec![mapping.read_record(record, place)]
}

fn at<'a>(value: Json<'a>, pointer: &Option<String>) -> Option<Json<'a>> {
    value.pointer(pointer.as_ref()?)
}

/// The elements of a list, or the one value that stands there.
fn list<'a>(value: Json<'a>, pointer: &str) -> Vec<Json<'a>> {
    match value.pointer(pointer) {
        Some(list) if list.is_array() => list.items(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}
