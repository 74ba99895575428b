//! ToolBench answers: a search tree, and the chains of messages that it trains on.

use super::draft::Draft;
use super::{Format, Place, Read, never, openai_chat};
use crate::event::Trace;
use crate::json::Json;

pub(super) const FORMAT: Format = Format {
    name: "toolbench",
    about: "ToolBench answers: an object with `answer_generation.train_messages`",
    part: never,
    detect: |record| record.fields.get("answer_generation").is_some_and(Json::is_object),
    read: Read::Known(read),
};

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let answer = record.fields().get("answer_generation").map(Json::fields).unwrap_or_default();
    let chains = answer.get("train_messages").map(Json::items).unwrap_or_default();
    // A search that failed has none. Every chain repeats the one before it and goes on: the longest is the whole conversation,
    // and of equally long ones the last is the one that was kept.
    let longest = chains.iter().map(|chain| chain.items()).max_by_key(Vec::len).unwrap_or_default();
    let mut draft = Draft::new(place, None, None);
    openai_chat::read_messages(&mut draft, &longest);
    vec![draft.finish()]
}
