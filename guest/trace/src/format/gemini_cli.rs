//! Gemini CLI sessions: one JSON object, or a header and records, one a line.

use super::draft::{self, Draft};
use super::{Format, Opened, Place, Read};
use crate::event::Trace;
use crate::json::{Fields, Json};
use std::collections::HashMap;
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "gemini-cli",
    about: "Gemini CLI session files: an object with `sessionId`, `projectHash` and `messages`, or the same as JSON Lines",
    part: |fields| is_line(fields) && fields.get("messages").is_none(),
    detect,
    read: Read::Known(read),
};

fn is_line(fields: &Fields<'_>) -> bool {
    let kinds = ["user", "gemini", "info", "error", "warning"];
    let is_record = kinds.iter().any(|kind| fields.says("type", kind))
        && ["id", "timestamp", "content"].iter().all(|name| fields.get(name).is_some())
        && ["role", "sessionId", "uuid"].iter().all(|name| fields.get(name).is_none());
    is_record || fields.get("projectHash").is_some() || fields.get("$set").is_some() || fields.get("$rewindTo").is_some()
}

fn detect(record: &Opened<'_>) -> bool {
    is_line(&record.first) || (record.fields.get("projectHash").is_some() && record.fields.get("messages").is_some())
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let one = [record];
    let lines = if record.is_array() { record.items() } else { one.to_vec() };
    // A message is written again when its tools have answered; the last writing holds the most.
    let mut messages: Vec<Fields<'_>> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    let mut head = Fields::default();
    for line in &lines {
        let fields = line.fields();
        // What was rewound or replaced was shown all the same.
        let update = fields.get("$set").map(Json::fields).unwrap_or_default();
        let more = fields.get("messages").or_else(|| update.get("messages")).map(Json::items).unwrap_or_default();
        let more = more.into_iter().map(Json::fields).chain(fields.get("type").map(|_| fields.clone()));
        for message in more {
            let id = message.string("id").unwrap_or_default();
            match by_id.get(&id).and_then(|at| messages.get_mut(*at)) {
                Some(known) if !id.is_empty() => *known = message,
                _ => {
                    by_id.insert(id, messages.len());
                    messages.push(message);
                }
            }
        }
        if head.all.is_empty() && fields.get("projectHash").is_some() {
            head = fields;
        }
    }
    let mut draft = Draft::new(place, head.string("sessionId"), None);
    draft.name_provider(Some("google".to_owned()));
    draft.began(head.string("startTime"));
    for (index, message) in messages.iter().enumerate() {
        draft.turn(index);
        read_message(&mut draft, message);
    }
    vec![draft.finish()]
}

/// Notes of the program are not shown to the model.
fn read_message(draft: &mut Draft<'_>, message: &Fields<'_>) {
    match message.string("type").unwrap_or_default().as_str() {
        "user" => draft.said(Source::UserMessage, draft::text(message.get("content"))),
        "gemini" => {
            if let Some(model) = message.string("model") {
                draft.name_model(&model);
                draft.written(Some(model), None, None);
            }
            let calls: Vec<Fields<'_>> =
                message.get("toolCalls").map(Json::items).unwrap_or_default().into_iter().map(Json::fields).collect();
            for call in &calls {
                draft.call(call.string("name").unwrap_or_default(), call.string("id"), call.get("args"));
            }
            for call in calls.iter().filter(|call| call.get("result").is_some()) {
                draft.result(call.string("name"), call.string("id"), result(call.get("result")), false);
            }
        }
        _ => {}
    }
}

/// The responses in a list of parts, else the parts as text.
fn result(parts: Option<Json<'_>>) -> String {
    let items = parts.map(Json::items).unwrap_or_default();
    let responses = items.iter().filter_map(|part| part.fields().get("functionResponse")?.fields().get("response"));
    let responses: Vec<String> = responses.map(|response| response.text().to_owned()).collect();
    if responses.is_empty() { draft::text(parts) } else { responses.join("\n") }
}
