//! LangChain messages: as constructors (`dumpd`), with `data`, or with their fields beside the type.

use super::draft::{self, Draft};
use super::{Format, Opened, Place, Read};
use crate::event::Trace;
use crate::json::{Fields, Json};
use std::borrow::Cow;
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "langchain",
    about: "LangChain messages: lists of constructors (`lc`), of `type` and `data`, or of plain fields; LangGraph states",
    part: |fields| kind(fields).is_some(),
    detect,
    read: Read::Known(read),
};

fn detect(record: &Opened<'_>) -> bool {
    let state = record.fields.get("values").map(Json::fields).unwrap_or_default();
    let first = state.get("messages").and_then(|list| list.first().map(Json::fields));
    [record.first_of("messages"), first.unwrap_or_default()].iter().any(|first| kind(first).is_some())
}

/// What sort of message it is, in whatever form; `None` when it is none of LangChain's.
pub(super) fn kind(fields: &Fields<'_>) -> Option<String> {
    if fields.get("lc").is_some() {
        let class = fields.get("id")?.items().last()?.string()?.into_owned();
        return class.ends_with("Message").then_some(class).or_else(|| inner(fields).string("type"));
    }
    let kind = fields.string("type")?;
    let known = ["human", "ai", "system", "tool", "function", "chat", "developer", "remove"];
    let is_message = fields.get("data").is_some_and(Json::is_object) || (fields.get("content").is_some() && fields.get("role").is_none());
    let is_message = is_message || (kind == "chat" && fields.get("content").is_some());
    (is_message && (known.contains(&kind.as_str()) || kind.ends_with("MessageChunk"))).then_some(kind)
}

/// The message's own fields.
fn inner<'a>(fields: &Fields<'a>) -> Fields<'a> {
    let within = fields.get("kwargs").filter(|_| fields.get("lc").is_some()).or_else(|| fields.get("data").filter(|json| json.is_object()));
    within.map_or_else(|| fields.clone(), Json::fields)
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let state = fields.get("values").map(Json::fields).unwrap_or_default();
    let mut draft = Draft::new(place, draft::own_id(&fields), draft::model(&fields));
    draft.began(fields.string("created_at"));
    let messages = fields.get("messages").or_else(|| state.get("messages")).unwrap_or(record).items();
    for (index, message) in messages.iter().enumerate() {
        draft.turn(index);
        read_message(&mut draft, &message.fields());
    }
    vec![draft.finish()]
}

pub(super) fn read_message(draft: &mut Draft<'_>, message: &Fields<'_>) {
    let fields = inner(message);
    let kind = kind(message).unwrap_or_default();
    let content = || draft::text(fields.get("content"));
    match kind.trim_end_matches("Chunk").trim_end_matches("Message").to_ascii_lowercase().as_str() {
        "human" => draft.said(Source::UserMessage, content()),
        "system" | "developer" => draft.said(Source::SystemPrompt, content()),
        "ai" => read_reply(draft, &fields),
        "tool" | "function" => {
            draft.result(fields.string("name"), fields.string("tool_call_id"), content(), false);
        }
        "chat" => match fields.string("role").as_deref() {
            Some("user" | "human") => draft.said(Source::UserMessage, content()),
            Some("system" | "developer") => draft.said(Source::SystemPrompt, content()),
            _ => {}
        },
        "remove" => {} // a message that a graph forgot: the guard does not
        other => draft
            .issue(&format!("unknown kind of message `{other}`; expected human, ai, system, tool, function or chat, so it was left out")),
    }
}

fn read_reply(draft: &mut Draft<'_>, fields: &Fields<'_>) {
    let about = fields.get("response_metadata").map(Json::fields).unwrap_or_default();
    let either = |names: &[&str]| names.iter().find_map(|name| about.string(name));
    let model = either(&["model_name", "model", "model_id"]);
    model.iter().for_each(|model| draft.name_model(model));
    draft.name_provider(either(&["model_provider"]));
    let stop = either(&["finish_reason", "stop_reason", "stopReason", "done_reason"]);
    draft.written(model, stop.as_deref(), None);
    for call in fields.get("tool_calls").map(Json::items).unwrap_or_default() {
        let call = call.fields();
        draft.call(call.string("name").unwrap_or_default(), call.string("id"), call.get("args"));
    }
    // What did not parse: it never ran, but a model wrote it.
    for call in fields.get("invalid_tool_calls").map(Json::items).unwrap_or_default() {
        let call = call.fields();
        let text = call.get("args").and_then(Json::string).unwrap_or(Cow::Borrowed(""));
        draft.call_with_text(call.string("name").unwrap_or_default(), call.string("id"), &text);
    }
}

/// The call that a tool's message answers, and what the message shows. Of anything else it is all
/// that is shown.
pub(super) fn result(value: Json<'_>) -> (Option<String>, Option<String>) {
    let fields = value.fields();
    if kind(&fields).is_none() {
        return (fields.string("tool_call_id"), Some(draft::text(Some(value))));
    }
    let fields = inner(&fields);
    (fields.string("tool_call_id"), Some(draft::text(fields.get("content"))))
}
