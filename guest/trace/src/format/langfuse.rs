//! Langfuse exports: traces with their observations, or observations alone.

use super::draft::{self, Draft};
use super::message::Reader;
use super::spans::{self, Did, Run, Span};
use super::{Format, Opened, Place, Read, langchain};
use crate::event::Trace;
use crate::json::{Fields, Json};

pub(super) const FORMAT: Format = Format {
    name: "langfuse",
    about: "Langfuse exports: traces with `observations`, or observations (GENERATION, TOOL, SPAN, …), one a line or in a list",
    part: is_observation,
    detect,
    read: Read::Known(read),
};

/// A field in the spelling of the API or of the files that it exports.
fn either<'a>(fields: &Fields<'a>, camel: &str, snake: &str) -> Option<Json<'a>> {
    fields.get(camel).or_else(|| fields.get(snake))
}

fn is_observation(fields: &Fields<'_>) -> bool {
    let kind = fields.string("type").unwrap_or_default();
    !kind.is_empty()
        && kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && either(fields, "traceId", "trace_id").is_some()
        && either(fields, "startTime", "start_time").is_some()
}

fn is_trace(fields: &Fields<'_>) -> bool {
    fields.get("observations").is_some_and(|list| list.is_array() && list.items().iter().all(|one| one.is_object()))
}

fn detect(record: &Opened<'_>) -> bool {
    is_trace(&record.fields)
        || is_observation(&record.fields)
        || [&record.first, &record.first_of("data")].iter().any(|first| is_observation(first) || is_trace(first))
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let values = if is_trace(&fields) || is_observation(&fields) { vec![record] } else { fields.get("data").unwrap_or(record).items() };
    let mut all = Vec::new();
    for value in values {
        let fields = value.fields();
        if !is_trace(&fields) {
            all.push(read_observation(&fields, None, place));
            continue;
        }
        let id = fields.string("id").unwrap_or_default();
        let session = either(&fields, "sessionId", "session_id").and_then(Json::name);
        let observations = fields.get("observations").map(Json::items).unwrap_or_default();
        all.extend(observations.iter().map(|one| Span { session: session.clone(), ..read_observation(&one.fields(), Some(&id), place) }));
    }
    spans::conversations(place, &all)
}

fn read_observation(fields: &Fields<'_>, trace: Option<&str>, place: &Place<'_>) -> Span {
    let find = |camel, snake| either(fields, camel, snake).and_then(Json::name);
    let start = find("startTime", "start_time").unwrap_or_default();
    let what = match fields.string("type").unwrap_or_default().as_str() {
        "GENERATION" => Did::Asked(read_generation(fields, &start, place)),
        "AGENT" => Did::Worked(Trace::default()),
        "TOOL" => Did::Ran(read_tool(fields)),
        _ => Did::Other,
    };
    Span {
        id: fields.string("id").unwrap_or_default(),
        parent: find("parentObservationId", "parent_observation_id"),
        trace: find("traceId", "trace_id").or_else(|| trace.map(str::to_owned)).unwrap_or_default(),
        session: find("sessionId", "session_id"),
        end: spans::time(&find("endTime", "end_time").unwrap_or_default()),
        start: spans::time(&start),
        what,
    }
}

fn read_generation(fields: &Fields<'_>, start: &str, place: &Place<'_>) -> Trace {
    let model = either(fields, "model", "provided_model_name").and_then(Json::name);
    let mut draft = Draft::new(place, None, model);
    draft.began(Some(start.to_owned()));
    let mut reader = Reader::default();
    reader.input(&mut draft, fields.get("input"));
    reader.output(&mut draft, fields.get("output"));
    let about = fields.get("metadata").map(Json::fields).unwrap_or_default();
    let stop = ["finish_reason", "finishReason", "stop_reason"].iter().find_map(|name| about.string(name));
    draft.written(None, stop.as_deref(), None);
    draft.finish()
}

fn read_tool(fields: &Fields<'_>) -> Run {
    let json = |name: &str| fields.get(name).map(|json| spans::plain(json.text()));
    let output = json("output");
    let (id, shown) = match output.as_deref().map(Json::parse) {
        Some(Ok(json)) => langchain::result(json),
        _ => (None, output.clone()),
    };
    let about = fields.get("metadata").map(Json::fields).unwrap_or_default();
    let id = ["tool_call_id", "toolCallId", "call_id"].iter().find_map(|name| about.string(name)).or(id);
    let failed = either(fields, "statusMessage", "status_message").map(|message| draft::text(Some(message)));
    Run { tool: fields.string("name").unwrap_or_default(), call_id: id, arguments: json("input"), result: shown.or(failed) }
}
