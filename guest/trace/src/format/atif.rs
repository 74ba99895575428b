//! ATIF, the Agent Trajectory Interchange Format: steps with calls and what came of them.

use super::draft::{self, Draft};
use super::{Format, Place, Read, never};
use crate::event::Trace;
use crate::json::{Fields, Json};
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "atif",
    about: "ATIF trajectories (Harbor): an object with `schema_version` ATIF-v1.x and `steps`",
    part: never,
    detect: |record| record.fields.string("schema_version").is_some_and(|version| version.starts_with("ATIF")),
    read: Read::Known(read),
};

/// How deep trajectories hold those of their sub-agents.
const MOST_DEPTH: u32 = 16;

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let mut open = vec![(record, 0)];
    let mut traces = Vec::new();
    while let Some((trajectory, depth)) = open.pop() {
        let fields = trajectory.fields();
        traces.push(read_trajectory(&fields, place, traces.len()));
        let within = fields.get("subagent_trajectories").map(Json::items).unwrap_or_default();
        open.extend(within.into_iter().rev().map(|one| (one, depth + 1)).filter(|(_, depth)| *depth < MOST_DEPTH));
    }
    traces
}

fn read_trajectory(fields: &Fields<'_>, place: &Place<'_>, n: usize) -> Trace {
    let agent = fields.get("agent").map(Json::fields).unwrap_or_default();
    // Sub-agents may share the session of their parent.
    let id = if n == 0 { fields.string("session_id") } else { fields.string("trajectory_id").or_else(|| fields.string("session_id")) };
    let mut draft = Draft::new(place, Some(id.unwrap_or_else(|| place.nth(n))), agent.string("model_name"));
    draft.said(Source::SystemPrompt, agent.get("tool_definitions").map_or_else(String::new, |tools| tools.text().to_owned()));
    for (index, step) in fields.get("steps").map(Json::items).unwrap_or_default().iter().enumerate() {
        draft.turn(index);
        read_step(&mut draft, &step.fields());
    }
    draft.finish()
}

fn read_step(draft: &mut Draft<'_>, step: &Fields<'_>) {
    let at = step.string("timestamp");
    draft.began(at.clone());
    let message = || draft::text(step.get("message"));
    match step.string("source").unwrap_or_default().as_str() {
        "system" => draft.said(Source::SystemPrompt, message()),
        "user" => draft.said(Source::UserMessage, message()),
        "agent" => {
            // Not of the schema, but where agents write it.
            let extra = step.get("extra").map(Json::fields).unwrap_or_default();
            let stop = ["finish_reason", "stop_reason"].iter().find_map(|name| extra.string(name).or_else(|| step.string(name)));
            draft.written(step.string("model_name"), stop.as_deref(), at);
            // Steps that a summary copied were judged in the trajectory that they come from.
            let copied = step.get("is_copied_context").is_some_and(Json::is_true);
            for call in step.get("tool_calls").filter(|_| !copied).map(Json::items).unwrap_or_default() {
                let call = call.fields();
                draft.call(call.string("function_name").unwrap_or_default(), call.string("tool_call_id"), call.get("arguments"));
            }
        }
        other => draft.issue(&format!("unknown source `{other}`; expected system, user or agent, so its message was left out")),
    }
    let observed = step.get("observation").and_then(|observation| observation.fields().get("results"));
    for result in observed.map(Json::items).unwrap_or_default() {
        let result = result.fields();
        draft.result(None, result.string("source_call_id"), draft::text(result.get("content")), false);
    }
}
