//! tau-bench: a list of runs, each with OpenAI chat messages as `traj`.

use super::draft::{self, Draft};
use super::{Format, Place, Read, never, openai_chat};
use crate::event::Trace;
use crate::json::Json;

pub(super) const FORMAT: Format = Format {
    name: "tau-bench",
    about: "tau-bench results: a list of runs with `task_id`, `trial` and `traj`",
    part: never,
    detect: |record| record.fields.get("traj").is_some_and(Json::is_array),
    read: Read::Known(read),
};

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let name = |field| fields.get(field).and_then(Json::name);
    // A task is run several times: only the two together name a run.
    let id = match (name("task_id"), name("trial")) {
        (Some(task), Some(trial)) => Some(format!("{task}/{trial}")),
        (task, _) => task,
    };
    let mut draft = Draft::new(place, id, draft::model(&fields));
    let messages = fields.get("traj").map(Json::items).unwrap_or_default();
    openai_chat::read_messages(&mut draft, &messages);
    vec![draft.finish()]
}
