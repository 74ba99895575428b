//! Vercel AI SDK: messages of its interfaces (parts), and of its models (content).

use super::attributes::Attributes;
use super::draft::{self, Draft};
use super::{Format, Opened, Place, Read};
use crate::event::Trace;
use crate::json::{Fields, Json};
use std::borrow::Cow;
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "vercel-ai",
    about: "Vercel AI SDK messages: UI messages with `parts` (`tool-NAME`, `dynamic-tool`), or model messages with `tool-call`",
    part: is_message,
    detect,
    read: Read::Known(read),
};

/// Parts and content blocks of this library name their kind with a hyphen. Plain text alone is like
/// everybody's.
fn is_message(fields: &Fields<'_>) -> bool {
    let parts = fields.get("parts").filter(|parts| parts.is_array()).map(Json::items);
    let typed = parts.is_some_and(|parts| parts.iter().all(|part| part.fields().get("type").is_some()));
    fields.get("role").is_some() && (typed || fields.get("toolInvocations").is_some() || has_calls(fields))
}

fn has_calls(fields: &Fields<'_>) -> bool {
    let blocks = fields.get("content").map(Json::items).unwrap_or_default();
    blocks.iter().any(|block| matches!(block.fields().string("type").as_deref(), Some("tool-call" | "tool-result")))
}

fn detect(record: &Opened<'_>) -> bool {
    let marks = ["\"parts\"", "\"tool-call\"", "\"tool-result\"", "\"toolInvocations\""];
    let messages = record.fields.get("messages").unwrap_or(record.json);
    marks.iter().any(|mark| record.mentions(mark)) && messages.items().iter().any(|message| is_message(&message.fields()))
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let id = draft::own_id(&fields).or_else(|| fields.string("chatId"));
    let mut draft = Draft::new(place, id, draft::model(&fields));
    draft.began(fields.get("createdAt").and_then(Json::name));
    draft.said(Source::SystemPrompt, draft::text(fields.get("system")));
    let mut turn = 0;
    for message in fields.get("messages").unwrap_or(record).items() {
        read_message(&mut draft, &message.fields(), &mut turn);
    }
    vec![draft.finish()]
}

/// One message of an interface is several of the model: each of its steps is one.
fn read_message(draft: &mut Draft<'_>, message: &Fields<'_>, turn: &mut usize) {
    draft.turn(*turn);
    *turn += 1;
    let role = message.string("role").unwrap_or_default();
    let source = match role.as_str() {
        "system" => Some(Source::SystemPrompt),
        "user" => Some(Source::UserMessage),
        "assistant" | "tool" | "data" => None,
        _ => {
            draft.issue(&format!("unknown role `{role}`; expected system, user, assistant or tool, so it was left out"));
            return;
        }
    };
    let about = message.get("metadata").map(Json::fields).unwrap_or_default();
    let stop = about.string("finishReason").or_else(|| message.string("finishReason"));
    let mut begun = false;
    let mut said = Vec::new();
    let mut results = Vec::new();
    let parts = message.get("parts").or_else(|| message.get("content")).filter(|parts| parts.is_array()).map(Json::items);
    for part in parts.clone().unwrap_or_default() {
        let fields = part.fields();
        let kind = fields.string("type").unwrap_or_default();
        match kind.as_str() {
            "text" => said.push(fields.string("text").unwrap_or_default()),
            // The calls of one step were written before any of their results was seen.
            "step-start" => {
                results.drain(..).for_each(|result| read_result(draft, &result));
                if begun {
                    draft.turn(*turn);
                    *turn += 1;
                }
            }
            "tool-call" | "tool-result" | "tool-error" | "tool-invocation" | "dynamic-tool" => {
                read_tool(draft, &kind, fields, &mut results)
            }
            _ if kind.starts_with("tool-") && fields.get("toolCallId").is_some() => read_tool(draft, &kind, fields, &mut results),
            _ => {} // thoughts, sources, files, and what is only for the page
        }
        begun = true;
    }
    for invocation in message.get("toolInvocations").filter(|_| message.get("parts").is_none()).map(Json::items).unwrap_or_default() {
        read_tool(draft, "tool-invocation", invocation.fields(), &mut results);
    }
    results.iter().for_each(|result| read_result(draft, result));
    // It ended in its last step.
    let at = message.get("createdAt").or_else(|| about.get("createdAt")).filter(|_| role == "assistant").and_then(Json::name);
    draft.written(about.string("model"), stop.as_deref(), at);
    if let Some(source) = source {
        let content = message.get("content").and_then(Json::string).filter(|_| parts.is_none()).unwrap_or_default();
        said.push(content.into_owned());
        said.retain(|text| !text.is_empty());
        draft.said(source, said.join("\n"));
    }
}

/// Reads a call, and keeps its result for when all calls of the step are read.
fn read_tool<'a>(draft: &mut Draft<'_>, kind: &str, part: Fields<'a>, results: &mut Vec<Fields<'a>>) {
    let part = part.get("toolInvocation").map_or(part, Json::fields);
    if matches!(kind, "tool-result" | "tool-error") {
        results.push(part);
        return;
    }
    let tool = part.string("toolName").unwrap_or_else(|| kind.trim_start_matches("tool-").to_owned());
    // Of arguments that did not fit only the raw ones are left. What still streams is no call yet.
    let written = ["input", "args", "rawInput"].iter().find_map(|name| part.get(name));
    let state = part.string("state").unwrap_or_default();
    if matches!(state.as_str(), "input-streaming" | "partial-call") {
        return;
    }
    draft.call(tool, part.string("toolCallId"), written);
    if state.starts_with("output") || state == "result" {
        results.push(part);
    }
}

fn read_result(draft: &mut Draft<'_>, part: &Fields<'_>) {
    let output = ["output", "result", "errorText", "error"].iter().find_map(|name| part.get(name));
    let shown = output.map(|output| {
        // Model messages say what sort of output it is.
        let fields = output.fields();
        let typed = fields.get("value").filter(|_| fields.get("type").is_some() && fields.all.len() < 4);
        draft::text(typed.or(Some(output)))
    });
    let part_of_it = part.get("preliminary").is_some_and(Json::is_true);
    draft.result(part.string("toolName"), part.string("toolCallId"), shown.unwrap_or_default(), part_of_it);
}

/// Reads what the library's own spans say.
pub(super) fn read_attributes(draft: &mut Draft<'_>, attributes: &Attributes, turn: &mut usize) {
    let list = |name: &str| attributes.json(name).unwrap_or_default();
    let (asked, called) = (list("ai.prompt.messages"), list("ai.response.toolCalls"));
    for message in Json::parse(&asked).map(Json::items).unwrap_or_default() {
        read_message(draft, &message.fields(), turn);
    }
    draft.turn(*turn);
    let calls = Json::parse(&called).map(Json::items).unwrap_or_default();
    *turn += usize::from(!calls.is_empty());
    for call in calls {
        let call = call.fields();
        let tool = call.get("toolName").and_then(Json::string).map_or_else(String::new, Cow::into_owned);
        draft.call(tool, call.string("toolCallId"), call.get("input").or_else(|| call.get("args")));
    }
}
