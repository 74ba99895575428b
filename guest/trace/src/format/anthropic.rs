//! Anthropic messages: content in blocks, calls as `tool_use`, results as `tool_result`.

use super::draft::{self, Draft};
use super::{Format, Opened, Place, Read, openai_chat};
use crate::event::Trace;
use crate::json::{Fields, Json};
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "anthropic",
    about: "Anthropic messages with `tool_use` and `tool_result` blocks, `system` beside them",
    part: openai_chat::is_message,
    detect,
    read: Read::Known(read),
};

fn detect(record: &Opened<'_>) -> bool {
    // Looking for the words first keeps other records from being opened to the bottom.
    if !record.mentions("tool_use") {
        return record.fields.get("system").is_some() && record.fields.get("messages").is_some_and(Json::is_array);
    }
    let messages = record.fields.get("messages").unwrap_or(record.json).items();
    let answer = record.fields.get("response").filter(|answer| answer.fields().get("content").is_some_and(Json::is_array));
    let mut blocks =
        messages.iter().chain(&answer).flat_map(|message| message.fields().get("content").map(Json::items).unwrap_or_default());
    blocks.any(|block| is_block(&block.fields()))
}

/// A call or a result, in the content of a message.
pub(super) fn is_block(fields: &Fields<'_>) -> bool {
    let kind = fields.string("type").unwrap_or_default();
    is_call(&kind) || is_result(&kind)
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let mut draft = Draft::new(place, draft::own_id(&fields), draft::model(&fields));
    draft.said(Source::SystemPrompt, draft::text(fields.get("system")));
    draft.said(Source::SystemPrompt, fields.get("tools").map_or_else(String::new, |json| json.text().to_owned()));
    let messages = fields.get("messages").unwrap_or(record).items();
    for (index, message) in messages.iter().enumerate() {
        draft.turn(index);
        read_message(&mut draft, &message.fields(), false);
    }
    // What was answered may stand beside what was asked.
    if let Some(answer) = fields.get("response").map(Json::fields).filter(|answer| answer.says("role", "assistant")) {
        answer.string("model").iter().for_each(|model| draft.name_model(model));
        draft.turn(messages.len());
        read_message(&mut draft, &answer, false);
    }
    vec![draft.finish()]
}

/// Reads one message. `incomplete` says that its results are only a part of what there was.
pub(super) fn read_message(draft: &mut Draft<'_>, message: &Fields<'_>, incomplete: bool) {
    let role = message.string("role").unwrap_or_default();
    let source = match role.as_str() {
        "user" => Some(Source::UserMessage),
        "system" | "developer" => Some(Source::SystemPrompt),
        "assistant" => None,
        _ => {
            draft.issue(&format!("unknown role `{role}`; expected user, assistant or system, so it was left out"));
            return;
        }
    };
    // A message as the API answered it says why it ended.
    draft.written(None, message.string("stop_reason").as_deref(), None);
    let content = message.get("content");
    if let (Some(source), Some(text)) = (source, content.and_then(Json::string)) {
        draft.said(source, text.into_owned());
    }
    let mut said = Vec::new();
    for block in content.map(Json::items).unwrap_or_default() {
        let fields = block.fields();
        let kind = fields.string("type").unwrap_or_default();
        if is_call(&kind) {
            draft.call(fields.string("name").unwrap_or_default(), fields.string("id"), fields.get("input"));
        } else if is_result(&kind) {
            let text = draft::text(fields.get("content"));
            let cut = incomplete || text.contains("<persisted-output>");
            draft.result(None, fields.string("tool_use_id"), text, cut);
        } else if source.is_some() {
            said.push(draft::part(block).unwrap_or_default());
        }
    }
    if let Some(source) = source {
        said.retain(|text| !text.is_empty());
        draft.said(source, said.join("\n"));
    }
}

/// `tool_use`, and those that run at the server: `server_tool_use`, `mcp_tool_use`.
fn is_call(kind: &str) -> bool {
    kind == "tool_use" || kind.ends_with("_tool_use")
}

/// `tool_result`, `mcp_tool_result`, `web_search_tool_result` and their like.
fn is_result(kind: &str) -> bool {
    kind == "tool_result" || kind.ends_with("_tool_result")
}
