//! InterCode logs: an object of tasks, each with its actions and what they printed.

use super::draft::{self, Draft};
use super::{Format, Place, Read, never};
use crate::event::Trace;
use crate::json::{Fields, Json};
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "intercode",
    about: "InterCode logs: an object of tasks with `query` and `turn_history`",
    part: never,
    detect: |record| record.fields.all.first().is_some_and(|(_, task)| task.fields().get("turn_history").is_some()),
    read: Read::Known(read),
};

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    record.fields().all.iter().map(|(key, task)| read_task(key, &task.fields(), place)).collect()
}

/// There are no messages here: turn 0 is the query, then every action and its result is one.
fn read_task(key: &str, task: &Fields<'_>, place: &Place<'_>) -> Trace {
    let mut draft = Draft::new(place, Some(key.to_owned()), draft::model(task));
    draft.said(Source::UserMessage, draft::text(task.get("query")));
    let tool = task.string("environment").unwrap_or_else(|| "environment".to_owned());
    let history = task.get("turn_history").map(Json::fields).unwrap_or_default();
    let list = |name| history.get(name).map(Json::items).unwrap_or_default();
    let mut results = list("observations").into_iter();
    for (index, action) in list("actions").into_iter().enumerate() {
        draft.turn(2 * index + 1);
        let arguments = format!("{{\"action\":{}}}", action.text());
        draft.call(tool.clone(), None, Json::parse(&arguments).ok());
        if let Some(result) = results.next() {
            draft.turn(2 * index + 2);
            draft.result(Some(tool.clone()), None, draft::text(Some(result)), false);
        }
    }
    draft.finish()
}
