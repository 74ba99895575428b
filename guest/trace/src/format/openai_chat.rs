//! OpenAI chat completions: a list of messages, alone or as `messages` of an object.

use super::draft::{self, Draft};
use super::{Format, Opened, Place, Read};
use crate::event::Trace;
use crate::json::{Fields, Json};
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "openai-chat",
    about: "OpenAI chat messages: an array, or an object with `messages`, one or many a file",
    part: is_message,
    detect,
    read: Read::Known(read),
};

/// A message has a role, and is not itself a record.
pub(super) fn is_message(fields: &Fields<'_>) -> bool {
    fields.get("role").and_then(Json::string).is_some() && fields.get("messages").is_none()
}

fn detect(record: &Opened<'_>) -> bool {
    is_message(&record.first) || record.fields.get("messages").is_some_and(Json::is_array)
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let mut draft = Draft::new(place, draft::own_id(&fields), draft::model(&fields));
    draft.name_provider(fields.string("provider"));
    let own = ["created_at", "timestamp", "created"].iter().find_map(|name| fields.get(name).and_then(Json::name));
    draft.began(own);
    for tools in ["tools", "functions"] {
        draft.said(Source::SystemPrompt, fields.get(tools).map_or_else(String::new, |json| json.text().to_owned()));
    }
    let messages = fields.get("messages").unwrap_or(record).items();
    read_messages(&mut draft, &messages);
    // What was answered may stand beside what was asked.
    let answer = fields.get("response").filter(|json| json.is_object()).map_or_else(|| fields.clone(), Json::fields);
    if let Some(choice) = answer.get("choices").and_then(|choices| choices.first().map(Json::fields)) {
        draft.turn(messages.len());
        answer.string("model").iter().for_each(|model| draft.name_model(model));
        draft.began(answer.get("created").and_then(Json::name));
        draft.written(None, choice.string("finish_reason").as_deref(), None);
        read_message(&mut draft, &choice.get("message").map(Json::fields).unwrap_or_default());
    }
    vec![draft.finish()]
}

pub(super) fn read_messages(draft: &mut Draft<'_>, messages: &[Json<'_>]) {
    for (index, message) in messages.iter().enumerate() {
        draft.turn(index);
        read_message(draft, &message.fields());
    }
}

pub(super) fn read_message(draft: &mut Draft<'_>, message: &Fields<'_>) {
    let role = message.string("role").unwrap_or_default();
    let content = || draft::text(message.get("content"));
    match role.as_str() {
        "system" | "developer" => draft.said(Source::SystemPrompt, content()),
        "user" => draft.said(Source::UserMessage, content()),
        "assistant" => {
            draft.written(message.string("model"), message.string("finish_reason").as_deref(), None);
            read_calls(draft, message);
        }
        "tool" | "function" => {
            let many = message.get("tool_call_ids").map(Json::items).unwrap_or_default(); // SWE-agent
            let id = message.string("tool_call_id").or_else(|| many.first()?.name());
            draft.result(message.string("name"), id, content(), false);
        }
        _ => draft
            .issue(&format!("unknown role `{role}`; expected system, developer, user, assistant, tool or function, so it was left out")),
    }
}

/// Calls in today's form (`tool_calls`, with a function or a custom tool) and the first
/// (`function_call`).
pub(super) fn read_calls(draft: &mut Draft<'_>, message: &Fields<'_>) {
    for call in message.get("tool_calls").map(Json::items).unwrap_or_default() {
        let call = call.fields();
        let id = call.string("id");
        if let Some(custom) = call.get("custom").map(Json::fields) {
            let input = custom.string("input").unwrap_or_default();
            draft.call_with_text(custom.string("name").unwrap_or_default(), id, &input);
            continue;
        }
        // Some frameworks write name and arguments beside the id.
        let function = call.get("function").filter(|json| json.is_object()).map_or_else(|| call.clone(), Json::fields);
        let arguments = function.get("arguments").or(function.get("args"));
        draft.call(function.string("name").unwrap_or_default(), id, arguments);
    }
    if let Some(call) = message.get("function_call").map(Json::fields) {
        draft.call(call.string("name").unwrap_or_default(), None, call.get("arguments"));
    }
}
