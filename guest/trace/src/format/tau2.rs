//! tau2-bench: simulations in which the user has tools of its own.

use super::draft::{self, Draft};
use super::{Format, Place, Read, never};
use crate::event::Trace;
use crate::json::{Fields, Json};
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "tau2",
    about: "tau2-bench results: an object with `simulations`",
    part: never,
    detect: |record| record.fields.get("simulations").is_some_and(Json::is_array),
    read: Read::Known(read),
};

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let info = fields.get("info").map(Json::fields).unwrap_or_default();
    let within = |outer: &str, inner: &str| info.get(outer)?.fields().string(inner);
    let model = within("agent_info", "llm");
    let policy = within("environment_info", "policy");
    let simulations = fields.get("simulations").map(Json::items).unwrap_or_default();
    let read = |(n, simulation): (usize, Json<'_>)| {
        let simulation = simulation.fields();
        let id = simulation.get("id").and_then(Json::name).unwrap_or_else(|| place.nth(n));
        let mut draft = Draft::new(place, Some(id), model.clone());
        draft.began(simulation.string("start_time").or_else(|| simulation.string("timestamp")));
        // The agent's instructions are this policy and a frame around it.
        let policy = simulation.string("policy").or_else(|| policy.clone());
        draft.said(Source::SystemPrompt, policy.unwrap_or_default());
        let messages = simulation.get("messages").map(Json::items).unwrap_or_default();
        for (index, message) in messages.iter().enumerate() {
            draft.turn(index);
            read_message(&mut draft, &message.fields());
        }
        draft.finish()
    };
    simulations.into_iter().enumerate().map(read).collect()
}

/// Only what the agent wrote and was shown. The user's calls go to the user's own device, and
/// their results come back to the user alone.
fn read_message(draft: &mut Draft<'_>, message: &Fields<'_>) {
    let calls = message.get("tool_calls").map(Json::items).unwrap_or_default();
    let by_user = |fields: &Fields<'_>| fields.says("requestor", "user");
    match message.string("role").unwrap_or_default().as_str() {
        "system" => draft.said(Source::SystemPrompt, draft::text(message.get("content"))),
        // A message with calls is delivered to the device, and not to the agent.
        "user" if calls.is_empty() => draft.said(Source::UserMessage, draft::text(message.get("content"))),
        "assistant" => {
            let raw = message.get("raw_data").map(Json::fields).unwrap_or_default();
            let choice = raw.get("choices").and_then(|choices| choices.first().map(Json::fields)).unwrap_or(raw);
            draft.written(None, choice.string("finish_reason").as_deref(), None);
            for call in calls.iter().map(|call| call.fields()).filter(|call| !by_user(call)) {
                draft.call(call.string("name").unwrap_or_default(), call.string("id"), call.get("arguments"));
            }
        }
        "tool" => {
            let several = message.get("tool_messages").map(Json::items).unwrap_or_default();
            let several = several.iter().map(|one| one.fields());
            let alone = message.get("tool_messages").is_none().then(|| message.clone());
            for result in several.chain(alone).filter(|result| !by_user(result)) {
                draft.result(None, result.string("id"), draft::text(result.get("content")), false);
            }
        }
        _ => {}
    }
}
