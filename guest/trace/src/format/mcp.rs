//! Logs of the Model Context Protocol: JSON-RPC messages, bare or in an envelope.

use super::draft::{self, Draft};
use super::{Format, Place};
use crate::event::Trace;
use crate::json::{Fields, Json};
use std::collections::HashMap;
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "mcp",
    about: "MCP logs: JSON-RPC requests and responses, one a line or in a list, bare or with the message in an envelope",
    part: |fields| message(fields).is_some(),
    detect: |record| {
        message(&record.fields).is_some() || message(&record.first).is_some() || message(&record.first_of("messages")).is_some()
    },
    read,
};

/// The message of a line: the line itself, or what an envelope with times and directions holds.
fn message<'a>(fields: &Fields<'a>) -> Option<Fields<'a>> {
    let is_rpc = |fields: &Fields<'_>| fields.says("jsonrpc", "2.0");
    if is_rpc(fields) {
        return Some(fields.clone());
    }
    let names = ["message", "payload", "data", "body", "frame", "msg", "raw"];
    // Opening every message of every format would cost more than a look at its text.
    let held = names.iter().filter_map(|name| fields.get(name)).filter(|json| json.text().contains("jsonrpc"));
    held.map(Json::fields).find(is_rpc)
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let one = [record];
    let fields = record.fields();
    let list = if message(&fields).is_some() { one.to_vec() } else { fields.get("messages").unwrap_or(record).items() };
    let mut log = Log {
        draft: Draft::new(place, draft::own_id(&fields).filter(|_| !record.is_array() && message(&fields).is_none()), None),
        asked: HashMap::new(),
    };
    for (index, line) in list.iter().enumerate() {
        log.draft.turn(index);
        let fields = line.fields();
        log.draft.began(fields.get("timestamp").or_else(|| fields.get("time")).and_then(Json::name));
        // A batch is several messages in one.
        for line in if line.is_array() { line.items() } else { vec![*line] } {
            message(&line.fields()).iter().for_each(|message| log.read(message));
        }
    }
    vec![log.draft.finish()]
}

struct Log<'a> {
    draft: Draft<'a>,
    /// Requests without a response, by id: the method, and the tool. Each side counts its own ids,
    /// so one may stand for two.
    asked: HashMap<String, Vec<(String, Option<String>)>>,
}

impl Log<'_> {
    fn read(&mut self, message: &Fields<'_>) {
        let params = message.get("params").map(Json::fields).unwrap_or_default();
        let id = message.get("id").and_then(Json::name);
        let Some(method) = message.string("method") else {
            let asked = id.as_ref().and_then(|id| self.asked.get_mut(id));
            if let Some((id, (method, tool))) = id.clone().zip(asked.filter(|asked| !asked.is_empty()).map(|asked| asked.remove(0))) {
                self.answered(&method, tool, id, message);
            } else if message.get("result").is_some_and(|result| result.fields().get("content").is_some()) {
                // The log began after its request.
                self.answered("tools/call", None, id.unwrap_or_default(), message);
            }
            return;
        };
        let tool = params.string("name");
        if method == "tools/call" {
            // What the user answered, when the server asked for more: his words, sent with the call again.
            let more = params.get("inputResponses").map_or_else(String::new, |more| more.text().to_owned());
            self.draft.said(Source::UserMessage, more);
            self.draft.call(tool.clone().unwrap_or_default(), id.clone(), params.get("arguments"));
        }
        if let Some(id) = id {
            self.asked.entry(id).or_default().push((method, tool));
        }
    }

    fn answered(&mut self, method: &str, tool: Option<String>, id: String, message: &Fields<'_>) {
        let result = message.get("result").map(Json::fields).unwrap_or_default();
        let text = |name: &str| result.get(name).map_or_else(String::new, |json| json.text().to_owned());
        match method {
            "tools/call" => {
                let failed = message.get("error").map(|error| error.fields().string("message").unwrap_or_else(|| error.text().to_owned()));
                // The structured content is the same again, for programs; some send it alone.
                let content = draft::text(result.get("content"));
                let shown = failed.unwrap_or_else(|| if content.is_empty() { text("structuredContent") } else { content });
                self.draft.result(tool, Some(id), shown, result.says("resultType", "incomplete"));
            }
            "tools/list" => self.draft.said(Source::SystemPrompt, text("tools")),
            "initialize" => self.draft.said(Source::SystemPrompt, result.string("instructions").unwrap_or_default()),
            "resources/read" => self.draft.result(Some("resources/read".to_owned()), None, resources(&result), false),
            "prompts/get" => self.draft.said(Source::UserMessage, text("messages")),
            // The user's own words.
            "elicitation/create" => self.draft.said(Source::UserMessage, text("content")),
            _ => {}
        }
    }
}

fn resources(result: &Fields<'_>) -> String {
    let contents = result.get("contents").map(Json::items).unwrap_or_default();
    let lines = contents.iter().flat_map(|content| {
        let content = content.fields();
        [content.string("uri"), content.string("text")].into_iter().flatten().collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}
