//! The trace verifier as a component: converts between the types of `wit/verifier.wit` and those
//! of `twinguard_trace`. Sessions are the core's own, in the same instance.

use bindings::exports::twinguard::guard::verifier as wit;
use std::io::Cursor;
use twinguard_core::{policy::Policy, session::Session};
use twinguard_trace::event::{Event, Issue, Trace, What};
use twinguard_trace::format::{self, Format};
use twinguard_trace::records::Records;
use twinguard_trace::report::{Render as _, Shown, jsonl::Jsonl};
use twinguard_trace::verify::{self, Report};

#[expect(unsafe_code, reason = "generated from wit/verifier.wit: the calling convention is raw memory")]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "trace-verifier" });
    export!(Component with_types_in self);
    use super::Component;
}

struct Component;

impl wit::Guest for Component {
    fn formats() -> Vec<wit::Format> {
        let format = |format: &Format| wit::Format { name: format.name.into(), about: format.about.into() };
        format::FORMATS.iter().map(format).collect()
    }

    fn verify(policy: String, file: wit::TraceFile, all: bool) -> Result<wit::Outcome, String> {
        check(&policy)?;
        let mut lines = Lines::new(Shown { all });
        let mut issues = Vec::new();
        for trace in traces(file)? {
            let report = match trace {
                Ok(trace) => judge(&policy, trace),
                Err(issue) => {
                    issues.push(issue.into());
                    continue;
                }
            };
            issues.extend(report.trace.issues.iter().cloned().map(wit::Issue::from));
            lines.write(|out| out.trace(&report))?;
        }
        Ok(wit::Outcome { lines: lines.all, issues })
    }

    fn explain(policy: String, file: wit::TraceFile) -> Result<wit::Outcome, String> {
        check(&policy)?;
        let name = file.name.clone();
        let mut lines = Lines::new(Shown { all: true });
        let mut issues = Vec::new();
        for trace in traces(file)? {
            let explained = trace.and_then(|trace| {
                let (id, line) = (trace.id.clone(), trace.line);
                let failed = |error| Issue { file: name.clone(), line: Some(line), message: format!("trace `{id}`: {error}") };
                let mut session = Session::open(&policy).map_err(failed)?;
                Ok((id.clone(), verify::explain(&mut session, trace).map_err(failed)?))
            });
            match explained {
                Ok((id, explained)) => lines.write(|out| out.explained(&id, &explained))?,
                Err(issue) => issues.push(issue.into()),
            }
        }
        Ok(wit::Outcome { lines: lines.all, issues })
    }

    fn conversations(file: wit::TraceFile) -> Result<(Vec<wit::Conversation>, Vec<wit::Issue>), String> {
        let (mut conversations, mut issues) = (Vec::new(), Vec::new());
        for trace in traces(file)? {
            match trace {
                Ok(trace) => {
                    issues.extend(trace.issues.iter().cloned().map(wit::Issue::from));
                    conversations.push(trace.into());
                }
                Err(issue) => issues.push(issue.into()),
            }
        }
        Ok((conversations, issues))
    }
}

/// A policy is wrong for every trace or for none.
fn check(policy: &str) -> Result<(), String> {
    Policy::parse(policy).map(drop).map_err(|error| error.to_string())
}

fn judge(policy: &str, trace: Trace) -> Report {
    match Session::open(policy) {
        Ok(mut session) => verify::verify(&mut session, trace),
        Err(error) => Report::unopened(trace).because(&error),
    }
}

/// The conversations of a file, one at a time.
fn traces(file: wit::TraceFile) -> Result<impl Iterator<Item = Result<Trace, Issue>>, String> {
    let format = match file.trace_format {
        None => None,
        Some(name) => Some(format::named(&name).ok_or_else(|| {
            let known = format::names().join(", ");
            format!("there is no format `{name}`; expected {known}, or none to find it by content")
        })?),
    };
    let records = Records::new(&file.name, Box::new(Cursor::new(file.content)), format);
    Ok(records.flat_map(move |record| match record.and_then(|record| format::read(&record, format)) {
        Ok(traces) => traces.into_iter().map(Ok).collect(),
        Err(issue) => vec![Err(issue)],
    }))
}

/// The lines that a report writes, one string each.
struct Lines {
    shown: Shown,
    all: Vec<String>,
}

impl Lines {
    fn new(shown: Shown) -> Self {
        Self { shown, all: Vec::new() }
    }

    fn write(&mut self, write: impl FnOnce(&mut Jsonl<&mut Vec<u8>>) -> std::io::Result<()>) -> Result<(), String> {
        let mut bytes = Vec::new();
        write(&mut Jsonl::new(&mut bytes, self.shown)).map_err(|error| error.to_string())?;
        self.all.extend(String::from_utf8_lossy(&bytes).lines().map(str::to_owned));
        Ok(())
    }
}

impl From<Issue> for wit::Issue {
    fn from(issue: Issue) -> Self {
        let Issue { file, line, message } = issue;
        Self { file, line, message }
    }
}

impl From<Trace> for wit::Conversation {
    fn from(trace: Trace) -> Self {
        Self { id: trace.id, model: trace.model, steps: trace.events.into_iter().map(wit::Step::from).collect() }
    }
}

impl From<Event> for wit::Step {
    fn from(event: Event) -> Self {
        let turn = event.turn;
        match event.what {
            What::Shown(shown) => Self {
                turn,
                side: wit::Side::Shown,
                source: shown.source.name().into(),
                tool: shown.tool,
                call_id: shown.call_id,
                text: shown.content,
            },
            What::Called(call) => Self {
                turn,
                side: wit::Side::Called,
                source: "call".into(),
                tool: Some(call.tool),
                call_id: call.call_id,
                text: call.arguments,
            },
        }
    }
}
