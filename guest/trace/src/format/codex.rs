//! Codex CLI rollouts: JSON Lines with items of the Responses API and notes of the program.

use super::draft::Draft;
use super::openai_responses::Items;
use super::{Format, Place, Read};
use crate::event::Trace;
use crate::json::{Fields, Json};
use std::collections::HashSet;
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "codex",
    about: "Codex CLI rollouts (JSON Lines of type session_meta, response_item, turn_context, event_msg, compacted)",
    part: is_line,
    detect: |record| is_line(&record.first),
    read: Read::Known(read),
};

fn is_line(fields: &Fields<'_>) -> bool {
    let noted = fields.get("payload").is_some_and(Json::is_object) && fields.get("type").is_some() && fields.get("timestamp").is_some();
    // The first versions wrote a head, the items as they are, and states.
    let is_head =
        fields.get("timestamp").is_some() && fields.get("id").is_some() && fields.all.iter().any(|(name, _)| name == "instructions");
    noted || is_head || fields.get("record_type").is_some()
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let lines = record.items();
    let heads = lines.iter().map(|line| head(&line.fields()));
    let id = heads.into_iter().flatten().next().and_then(|head| head.string("id"));
    let mut draft = Draft::new(place, id, None);
    let mut items = Items::default();
    // A session that goes on from another begins with its lines, and may be written twice.
    let mut read_before: HashSet<&str> = HashSet::new();
    let mut model: Option<String> = None;
    for line in &lines {
        let fields = line.fields();
        if !read_before.insert(line.text()) {
            items.skip();
            continue;
        }
        let payload = fields.get("payload");
        match fields.string("type").unwrap_or_default().as_str() {
            "response_item" => {
                payload.into_iter().for_each(|item| items.read(&mut draft, item));
                draft.written_by(model.as_deref());
                continue;
            }
            "turn_context" => model = payload.and_then(|context| context.fields().string("model")).or(model),
            // What a compaction drops was shown all the same, and its summary was written by a model.
            "compacted" | "event_msg" => {}
            // A bare item of the first versions.
            _ if payload.is_none() && fields.get("type").is_some() => {
                items.read(&mut draft, *line);
                continue;
            }
            _ => head(&fields).iter().for_each(|head| read_head(&mut draft, head)),
        }
        items.skip();
    }
    vec![draft.finish()]
}

/// What a line says about the session.
fn head<'a>(line: &Fields<'a>) -> Option<Fields<'a>> {
    match line.get("payload") {
        Some(payload) => line.says("type", "session_meta").then(|| payload.fields()),
        None => line.all.iter().any(|(name, _)| name == "instructions").then(|| line.clone()),
    }
}

fn read_head(draft: &mut Draft<'_>, head: &Fields<'_>) {
    draft.name_provider(head.string("model_provider"));
    draft.began(head.string("timestamp"));
    let base = head.get("base_instructions").and_then(|base| base.fields().string("text"));
    for said in [base, head.string("instructions")].into_iter().flatten() {
        draft.said(Source::SystemPrompt, said);
    }
}
