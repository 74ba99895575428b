//! What the page shows of a finding once it is opened: the conversation around it, and the postmortem.

use super::excerpt::{Excerpt, excerpt};
use super::postmortem::{self, Postmortem};
use crate::report::cells::{cells, head};
use serde::Serialize;
use twinguard_core::model::{Finding, Observation, Sighting, Source};
use twinguard_trace::event::{Event, What};
use twinguard_trace::verify::{Judged, Report};

/// Bytes of the call, of the text with the seen value, of an answer, and of what only leads there.
const CALL: usize = 1200;
const SEEN: usize = 1000;
const ANSWER: usize = 500;
const LEADING: usize = 400;

/// Columns of a name, and of a message; both may quote a value of any length.
const NAME: usize = 120;
const MESSAGE: usize = 2000;

/// The parts behind a row of the table.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    file: String,
    line: u64,
    call_id: Option<String>,
    message: String,
    conversation: Vec<Step>,
    postmortem: Postmortem,
    replay: String,
}

/// One event of the conversation.
#[derive(Debug, Serialize)]
struct Step {
    turn: u32,
    /// Events that were left out before it.
    skipped: usize,
    /// Why it is here: it held the `seen` value, it is the `call` or the `answer` to it, or what
    /// led there.
    role: &'static str,
    /// `result of search_customer`.
    title: String,
    before: String,
    /// What follows the value; left out where none is marked.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

impl Detail {
    /// Of an identifier, or of the call where no finding tells of it.
    pub(super) fn new(report: &Report, judged: &Judged, finding: Option<&Finding>, replay: String) -> Self {
        let answer = answer(report, judged);
        let answered = answer.and_then(|at| report.trace.events.get(at)).map(|event| event.turn);
        let postmortem = match finding {
            Some(finding) => postmortem::of_finding(judged, finding, answered),
            None => postmortem::of_call(judged, answered),
        };
        let message = match (finding, judged.stop) {
            (Some(finding), _) => finding.message.clone(),
            (None, Some(stop)) => stop.message(),
            (None, None) => judged.message.clone(),
        };
        Self {
            file: short(&report.trace.file),
            line: report.trace.line,
            call_id: judged.call_id.as_deref().map(short),
            message: head(&cells(&message), MESSAGE),
            conversation: conversation(report, judged, finding, answer),
            postmortem,
            replay,
        }
    }
}

/// A few events in their order: what was asked, where the value stood, what came before the call, the
/// call, and its answer.
fn conversation(report: &Report, judged: &Judged, finding: Option<&Finding>, answer: Option<usize>) -> Vec<Step> {
    let events = &report.trace.events;
    let seen = finding.and_then(|finding| finding.nearest.first());
    let sighting = seen.and_then(|near| source(&near.seen_in));
    let source = sighting.and_then(|sighting| events.iter().position(|event| is_of(event, sighting)));
    let shown = |at: &usize| events.get(*at).is_some_and(|event| matches!(event.what, What::Shown(_)));
    let by_user = |at: &usize| matches!(events.get(*at), Some(Event { what: What::Shown(said), .. }) if said.source == Source::UserMessage);
    let asked = (0..judged.event).rev().find(by_user);
    let last = (0..judged.event).rev().find(shown);
    let mut chosen: Vec<usize> = [asked, source, last, Some(judged.event), answer].into_iter().flatten().collect();
    chosen.sort_unstable();
    chosen.dedup();
    let mut previous = None;
    let steps = chosen.into_iter().filter_map(|at| {
        let event = events.get(at)?;
        let skipped = at - previous.map_or(0, |previous| previous + 1);
        previous = Some(at);
        let (role, room, value) = if at == judged.event {
            ("call", CALL, finding.map(|finding| (finding.pointer.as_str(), finding.written.as_str())))
        } else if Some(at) == source {
            ("seen", SEEN, sighting.zip(seen).map(|(sighting, near)| (sighting.pointer.as_str(), near.value.as_str())))
        } else if Some(at) == answer {
            ("answer", ANSWER, None)
        } else {
            ("before", LEADING, None)
        };
        let (title, text) = match &event.what {
            What::Called(call) => (format!("call of {}", short(&call.tool)), call.arguments.as_str()),
            What::Shown(shown) => (title(shown), shown.content.as_str()),
        };
        let Excerpt { before, after } = excerpt(text, value, room);
        Some(Step { turn: event.turn, skipped, role, title, before, after })
    });
    steps.collect()
}

/// The sighting that says most: in a tool's result, if there is one.
fn source(seen_in: &[Sighting]) -> Option<&Sighting> {
    seen_in.iter().find(|sighting| sighting.source == Source::ToolResult).or_else(|| seen_in.first())
}

fn is_of(event: &Event, sighting: &Sighting) -> bool {
    let What::Shown(shown) = &event.what else { return false };
    event.turn == sighting.turn && shown.source == sighting.source && shown.call_id == sighting.call_id
}

/// The result of the call: the first after it that carries its name, or none at all.
fn answer(report: &Report, judged: &Judged) -> Option<usize> {
    let rest = report.trace.events.iter().enumerate().skip(judged.event + 1);
    let mut results = rest.filter_map(|(at, event)| match &event.what {
        What::Shown(shown) if shown.source == Source::ToolResult => Some((at, shown)),
        _ => None,
    });
    let named = judged.call_id.is_some();
    results
        .find(|(_, shown)| if named { shown.call_id == judged.call_id } else { shown.tool.as_deref() == Some(&judged.tool) })
        .map(|(at, _)| at)
}

fn title(shown: &Observation) -> String {
    match (shown.source, shown.tool.as_deref()) {
        (Source::ToolResult, Some(tool)) => format!("result of {}", short(tool)),
        (Source::ToolResult, None) => "result of a tool".to_owned(),
        (Source::UserMessage, _) => "message of the user".to_owned(),
        (Source::SystemPrompt, _) => "system prompt".to_owned(),
        (Source::Host, _) => "values of the host".to_owned(),
    }
}

fn short(text: &str) -> String {
    head(&cells(text), NAME)
}
