//! LangSmith runs: trees of model, tool and chain runs, one a line, in a list, or nested.

use super::draft::{self, Draft};
use super::message::Reader;
use super::spans::{self, Did, Run, Span};
use super::{Format, Place, Read, langchain};
use crate::event::Trace;
use crate::json::{Fields, Json};

pub(super) const FORMAT: Format = Format {
    name: "langsmith",
    about: "LangSmith runs: objects with `run_type`, `inputs` and `outputs`, one a line, in a list, or with `child_runs`",
    part: is_run,
    detect: |record| is_run(&record.fields) || is_run(&record.first_of("runs")),
    read: Read::Known(read),
};

fn is_run(fields: &Fields<'_>) -> bool {
    fields.get("run_type").and_then(Json::string).is_some() && fields.get("id").is_some()
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let list = if is_run(&fields) { vec![record] } else { fields.get("runs").unwrap_or(record).items() };
    let mut open: Vec<(Json<'_>, Option<String>)> = list.into_iter().rev().map(|run| (run, None)).collect();
    let mut all = Vec::new();
    while let Some((run, parent)) = open.pop() {
        let fields = run.fields();
        let span = read_run(&fields, parent, place);
        let children = fields.get("child_runs").map(Json::items).unwrap_or_default();
        open.extend(children.into_iter().rev().map(|child| (child, Some(span.id.clone()))));
        all.push(span);
    }
    spans::conversations(place, &all)
}

fn read_run(fields: &Fields<'_>, parent: Option<String>, place: &Place<'_>) -> Span {
    let text = |name: &str| fields.string(name);
    let id = text("id").unwrap_or_default();
    let parent = text("parent_run_id").or(parent);
    let about = fields.get("extra").and_then(|extra| extra.fields().get("metadata")).or_else(|| fields.get("metadata"));
    let about = about.map(Json::fields).unwrap_or_default();
    let session = ["thread_id", "session_id", "conversation_id"].iter().find_map(|name| about.string(name));
    let what = match text("run_type").unwrap_or_default().as_str() {
        "llm" => Did::Asked(read_model(fields, &about, place)),
        "tool" => Did::Ran(read_tool(fields)),
        _ => Did::Other,
    };
    let start = text("start_time").unwrap_or_default();
    // Runs without a trace are those of their root.
    let trace = text("trace_id").or_else(|| parent.clone()).unwrap_or_else(|| id.clone());
    Span { trace, session, end: spans::time(&text("end_time").unwrap_or_default()), start: spans::time(&start), id, parent, what }
}

fn read_model(fields: &Fields<'_>, about: &Fields<'_>, place: &Place<'_>) -> Trace {
    let mut draft = Draft::new(place, None, about.string("ls_model_name"));
    draft.name_provider(about.string("ls_provider"));
    draft.began(fields.string("start_time"));
    let mut reader = Reader::default();
    reader.input(&mut draft, fields.get("inputs"));
    reader.output(&mut draft, fields.get("outputs"));
    draft.finish()
}

fn read_tool(fields: &Fields<'_>) -> Run {
    let inputs = fields.get("inputs");
    let outputs = fields.get("outputs");
    // LangChain puts the input, and the message that answers, under a name of its own.
    let only =
        |value: Option<Json<'_>>, name: &str| value.and_then(|value| value.fields().get(name)).or(value).map(|json| json.text().to_owned());
    let output = only(outputs, "output");
    let message = output.as_deref().and_then(|text| Json::parse(text).ok()).map(langchain::result);
    let (id, shown) = message.unwrap_or_default();
    let extra = fields.get("extra").map(Json::fields).unwrap_or_default();
    let id = extra.string("tool_call_id").or(id);
    let arguments = only(inputs, "input").map(|text| spans::plain(&text));
    Run {
        tool: fields.string("name").unwrap_or_default(),
        call_id: id,
        arguments,
        result: shown.or_else(|| fields.get("error").map(|error| draft::text(Some(error)))),
    }
}
