//! AgentDojo runs: one user task, with or without an injection.

use super::draft::{self, Draft};
use super::{Format, Place, Read, never, openai_chat};
use crate::event::Trace;
use crate::json::{Fields, Json};

pub(super) const FORMAT: Format = Format {
    name: "agentdojo",
    about: "AgentDojo runs: an object with `suite_name`, `pipeline_name`, `user_task_id` and `messages`",
    part: never,
    detect: |record| ["suite_name", "pipeline_name", "user_task_id", "messages"].iter().all(|name| record.fields.get(name).is_some()),
    read: Read::Known(read),
};

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    // Only all of them together name a run.
    let names = ["suite_name", "pipeline_name", "user_task_id", "attack_type", "injection_task_id"];
    let id: Vec<String> = names.iter().filter_map(|name| fields.string(name)).collect();
    let mut draft = Draft::new(place, Some(id.join("/")), fields.string("pipeline_name"));
    draft.began(fields.string("evaluation_timestamp"));
    for (index, message) in fields.get("messages").map(Json::items).unwrap_or_default().iter().enumerate() {
        draft.turn(index);
        read_message(&mut draft, &message.fields());
    }
    vec![draft.finish()]
}

fn read_message(draft: &mut Draft<'_>, message: &Fields<'_>) {
    match message.string("role").unwrap_or_default().as_str() {
        "assistant" => {
            for call in message.get("tool_calls").map(Json::items).unwrap_or_default() {
                let call = call.fields();
                draft.call(call.string("function").unwrap_or_default(), call.string("id"), call.get("args"));
            }
        }
        "tool" => {
            let call = message.get("tool_call").map(Json::fields).unwrap_or_default();
            // Where a tool failed, the model is shown the error in place of the content.
            let shown = message.string("error").filter(|error| !error.is_empty()).unwrap_or_else(|| draft::text(message.get("content")));
            let id = message.string("tool_call_id").or_else(|| call.string("id"));
            draft.result(call.string("function"), id, shown, false);
        }
        _ => openai_chat::read_message(draft, message),
    }
}
