//! What the formats have in common: messages to events, results to the names of their tools.

use super::once::Once;
use super::{Place, time};
use crate::event::{Event, Stop, Trace, What, Written};
use crate::json::{Fields, Json};
use std::collections::HashMap;
use twinguard_core::model::{Observation, Source, ToolCall};

/// A trace in the making.
pub(super) struct Draft<'a> {
    place: Place<'a>,
    trace: Trace,
    /// Call id to tool.
    tools: HashMap<String, String>,
    turn: u32,
    /// Set where a record repeats what it said before.
    once: Option<Once>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(place: &Place<'a>, id: Option<String>, model: Option<String>) -> Self {
        let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| place.name());
        let trace = Trace { id, model, file: place.file.to_owned(), line: place.line, ..Trace::default() };
        Self { place: *place, trace, tools: HashMap::new(), turn: 0, once: None }
    }

    /// Says which message is read from here on.
    pub(super) fn turn(&mut self, index: usize) {
        self.turn = u32::try_from(index).unwrap_or(u32::MAX);
    }

    /// Says that what comes now repeats what was read before, and goes on: as the input of every
    /// request does. Only what is new becomes an event; what was dropped on the way stays.
    pub(super) fn again(&mut self) {
        self.once.get_or_insert_default().again();
    }

    pub(super) fn name_model(&mut self, model: &str) {
        if self.trace.model.is_none() {
            self.trace.model = Some(model.to_owned());
        }
    }

    /// Says who served the model, unless it was said before.
    pub(super) fn name_provider(&mut self, provider: Option<String>) {
        self.trace.provider = self.trace.provider.take().or(provider);
    }

    /// Says when the conversation began, unless it was said before.
    pub(super) fn began(&mut self, at: Option<String>) {
        self.trace.at = self.trace.at.take().or_else(|| at.map(|at| time::readable(&at)));
    }

    /// Says how the message that is being read came about: by which model, why it ended (in the
    /// provider's own word), and when. What is `None` stays as it was said before.
    pub(super) fn written(&mut self, model: Option<String>, stop: Option<&str>, at: Option<String>) {
        let stop = stop.and_then(Stop::of);
        let model = model.filter(|model| self.trace.model.as_ref() != Some(model));
        if model.is_none() && stop.is_none() && at.is_none() {
            return;
        }
        let Written { model: own, stop: ended, at: when } = self.trace.written.entry(self.turn).or_default();
        *own = model.or(own.take());
        *ended = stop.or(*ended);
        *when = at.map(|at| time::readable(&at)).or(when.take());
    }

    /// Says which model wrote the message that is being read, where it is not the conversation's.
    pub(super) fn written_by(&mut self, model: Option<&str>) {
        let Some(model) = model else { return };
        self.name_model(model);
        if self.trace.model.as_deref() != Some(model) && self.wrote_this_turn() {
            self.written(Some(model.to_owned()), None, None);
        }
    }

    fn wrote_this_turn(&self) -> bool {
        self.trace.events.last().is_some_and(|event| event.turn == self.turn && matches!(event.what, What::Called(_)))
    }

    pub(super) fn finish(self) -> Trace {
        self.trace
    }

    pub(super) fn events(&mut self) -> &mut Vec<Event> {
        &mut self.trace.events
    }

    pub(super) fn issue(&mut self, message: &str) {
        let message = format!("message {} of trace `{}`: {message}", self.turn, self.trace.id);
        self.trace.issues.push(self.place.issue(message));
    }

    /// The user or the system said something. Nothing is not worth an event.
    pub(super) fn said(&mut self, source: Source, content: String) {
        if !content.is_empty() {
            self.shown(Observation { source, tool: None, call_id: None, content, incomplete: false });
        }
    }

    /// A tool answered. Even an empty answer counts: it closes its call.
    pub(super) fn result(&mut self, tool: Option<String>, call_id: Option<String>, content: String, incomplete: bool) {
        let known = call_id.as_ref().and_then(|id| self.tools.get(id)).cloned();
        let tool = known.or(tool);
        self.shown(Observation { source: Source::ToolResult, tool, call_id, content, incomplete });
    }

    fn shown(&mut self, observation: Observation) {
        self.push(What::Shown(observation));
    }

    /// The model called a tool, with arguments as an object or as a string that holds JSON.
    pub(super) fn call(&mut self, tool: String, call_id: Option<String>, arguments: Option<Json<'_>>) {
        let text = match arguments {
            None => String::new(),
            Some(json) => json.string().map_or_else(|| json.text().to_owned(), std::borrow::Cow::into_owned),
        };
        self.call_with(tool, call_id, text);
    }

    /// The same, with the text that should be JSON.
    pub(super) fn call_with(&mut self, tool: String, call_id: Option<String>, text: String) {
        // Models write nothing at all where a tool takes no arguments.
        let arguments = if text.trim().is_empty() { "{}".to_owned() } else { text };
        if let Err(error) = Json::parse(&arguments) {
            self.issue(&format!("the arguments of `{tool}` are no JSON ({error}); they were checked as plain text"));
        }
        self.called(tool, call_id, arguments);
    }

    /// The model called a tool that takes plain text.
    pub(super) fn call_with_text(&mut self, tool: String, call_id: Option<String>, text: &str) {
        // As a JSON string: a text that happens to be JSON is still one text.
        let arguments = serde_json::to_string(text).unwrap_or_default();
        self.called(tool, call_id, arguments);
    }

    fn called(&mut self, tool: String, call_id: Option<String>, arguments: String) {
        if let Some(id) = &call_id {
            self.tools.insert(id.clone(), tool.clone());
        }
        self.push(What::Called(ToolCall { tool, call_id, arguments, effect: None }));
    }

    fn push(&mut self, what: What) {
        if self.once.as_mut().is_some_and(|once| !once.is_new(&what)) {
            return;
        }
        let turn = self.turn;
        self.trace.events.push(Event { turn, what });
    }
}

/// What a message shows the model as text: a string, parts of text joined by line ends, or any
/// other value as its JSON. Pictures and sound are left out.
pub(super) fn text(content: Option<Json<'_>>) -> String {
    let Some(content) = content else { return String::new() };
    if let Some(text) = content.string() {
        return text.into_owned();
    }
    let items = content.items();
    let parts: Option<Vec<String>> = items.iter().map(|item| part(*item)).collect();
    match parts {
        Some(parts) if content.is_array() => {
            let shown: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            shown.join("\n")
        }
        _ => content.text().to_owned(),
    }
}

/// The text of one part; `None` when it is no part but data.
pub(super) fn part(item: Json<'_>) -> Option<String> {
    if let Some(text) = item.string() {
        return Some(text.into_owned());
    }
    let fields = item.fields();
    if let Some(shown) = fields.string("text").filter(|_| fields.get("type").is_some() || fields.all.len() == 1) {
        return Some(shown);
    }
    let kind = fields.string("type")?;
    Some(match kind.as_str() {
        "image" | "image_url" | "input_image" | "audio" | "input_audio" | "video" | "file" | "input_file" | "thinking"
        | "redacted_thinking" | "reasoning" | "container_upload" => String::new(),
        "refusal" => fields.string("refusal").unwrap_or_default(),
        "document" => document(&fields),
        "search_result" => named_text(&fields, &["title", "source"]),
        // Its content is encrypted: the model sees it, no one else does.
        "web_search_result" => named_text(&fields, &["title", "url", "page_age"]),
        "resource" => resource(&fields),
        _ if fields.get("content").is_some() => text(fields.get("content")),
        // Data whose objects happen to have a field `type`.
        _ => return None,
    })
}

fn document(fields: &Fields<'_>) -> String {
    let source = fields.get("source").map(Json::fields).unwrap_or_default();
    let body = if source.says("type", "base64") {
        String::new()
    } else {
        text(source.get("data").or(source.get("content")).or(source.get("url")))
    };
    [named_text(fields, &["title", "context"]), body].join("\n").trim_matches('\n').to_owned()
}

/// An embedded MCP resource.
fn resource(fields: &Fields<'_>) -> String {
    let resource = fields.get("resource").map(Json::fields).unwrap_or_default();
    named_text(&resource, &["uri", "text"])
}

fn named_text(fields: &Fields<'_>, names: &[&str]) -> String {
    let mut lines: Vec<String> = names.iter().filter_map(|name| fields.string(name)).collect();
    lines.extend(fields.get("content").map(|content| text(Some(content))));
    lines.join("\n")
}

/// The record's own name.
pub(super) fn own_id(fields: &Fields<'_>) -> Option<String> {
    let names = ["id", "trace_id", "conversation_id", "session_id"];
    let metadata = fields.get("metadata").map(Json::fields).unwrap_or_default();
    let find = |fields: &Fields<'_>| names.iter().find_map(|name| fields.get(name).and_then(Json::name));
    find(fields).or_else(|| find(&metadata))
}

/// The model, where the record says it.
pub(super) fn model(fields: &Fields<'_>) -> Option<String> {
    let metadata = fields.get("metadata").map(Json::fields).unwrap_or_default();
    fields.string("model").or_else(|| metadata.string("model"))
}
