//! Logs of the Model Context Protocol: JSON-RPC messages, bare or in an envelope.

use super::draft::{self, Draft};
use super::{Format, Place, Read};
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
    read: Read::Known(read),
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
        again: HashMap::new(),
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
    /// Requests without a response, by id. Each side counts its own ids, so one may stand for two.
    asked: HashMap<String, Vec<Asked>>,
    /// Calls that a server wants to be sent again with what the user answers, by its state.
    again: HashMap<String, String>,
}

/// A request without a response.
struct Asked {
    method: String,
    tool: Option<String>,
    /// The id of the request that the model's call was first sent with.
    call: String,
}

impl Log<'_> {
    fn read(&mut self, message: &Fields<'_>) {
        let id = message.get("id").and_then(Json::name);
        match (message.string("method"), id) {
            (Some(method), Some(id)) => self.asked(method, id, message),
            (None, Some(id)) => {
                let open = self.asked.get_mut(&id).filter(|open| !open.is_empty()).map(|open| open.remove(0));
                // The log may have begun after the request: only the result of a tool has content.
                let is_result = message.get("result").is_some_and(|result| result.fields().get("content").is_some());
                let late = is_result.then(|| Asked { method: "tools/call".to_owned(), tool: None, call: id });
                open.or(late).into_iter().for_each(|asked| self.answered(asked, message));
            }
            _ => {} // a notification
        }
    }

    fn asked(&mut self, method: String, id: String, message: &Fields<'_>) {
        let params = message.get("params").map(Json::fields).unwrap_or_default();
        let tool = params.string("name");
        let mut call = id.clone();
        if method == "tools/call" {
            // What the user answered, when the server asked for more: his own words.
            self.draft.said(Source::UserMessage, params.get("inputResponses").map_or_else(String::new, |more| more.text().to_owned()));
            match params.string("requestState").and_then(|state| self.again.remove(&state)) {
                Some(first) => call = first, // the client sends it again, the model has written it once
                None => self.draft.call(tool.clone().unwrap_or_default(), Some(id.clone()), params.get("arguments")),
            }
        }
        self.asked.entry(id).or_default().push(Asked { method, tool, call });
    }

    fn answered(&mut self, asked: Asked, message: &Fields<'_>) {
        let Asked { method, tool, call } = asked;
        let result = message.get("result").map(Json::fields).unwrap_or_default();
        let text = |name: &str| result.get(name).map_or_else(String::new, |json| json.text().to_owned());
        match method.as_str() {
            "tools/call" if result.says("resultType", "input_required") => {
                result.string("requestState").into_iter().for_each(|state| drop(self.again.insert(state, call.clone())));
            }
            "tools/call" => {
                let failed = message.get("error").map(|error| error.fields().string("message").unwrap_or_else(|| error.text().to_owned()));
                // The structured content is the same again, for programs; some send it alone.
                let content = draft::text(result.get("content"));
                let shown = failed.unwrap_or_else(|| if content.is_empty() { text("structuredContent") } else { content });
                self.draft.result(tool, Some(call), shown, false);
            }
            "tools/list" => self.draft.said(Source::SystemPrompt, text("tools")),
            "initialize" | "server/discover" => self.draft.said(Source::SystemPrompt, result.string("instructions").unwrap_or_default()),
            "resources/read" => self.draft.result(Some(method), None, resources(&result), false),
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
