//! What happened before the first event that a hook was given: out of the agent's own transcript.

use super::payload::{Request, Step};
use crate::input::Input;
use crate::store::redact::Redact;
use crate::store::{Entry, Key};
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::Arc;
use twinguard_core::model::Source;
use twinguard_trace::event::{Event, What};
use twinguard_trace::format;
use twinguard_trace::records::Records;

/// The largest transcript that is read; the agent waits meanwhile.
const LARGEST: u64 = 64 << 20;

/// What came before the first event of a conversation that the store did not know. Where something
/// must have been, and nothing tells what, that is an entry as well.
pub(super) fn of(request: &Request, key: &Key, redact: &Redact) -> Vec<Entry> {
    let is_main = key.agent.is_empty();
    let name = if is_main { key.session.clone() } else { format!("{}/{}", key.session, key.agent) };
    let told = request.transcript.as_deref().and_then(|path| read(path, &name, is_main));
    if let Some(events) = told {
        let before = events.into_iter().map(|event| event.what).filter(|what| !is_now(what, &request.step));
        return before.map(|what| Entry { what: Some(clean(what, redact)), decision: None }).collect();
    }
    let must_be = match &request.step {
        // Nobody calls a tool before somebody has asked for something. A sub-agent was asked by its
        // main agent, which no hook is told.
        Step::What(What::Called(_)) => is_main,
        Step::What(What::Shown(shown)) => shown.source == Source::ToolResult || is_main && !request.agent.is_empty(),
        Step::Began { fresh } => !fresh || is_main && !request.agent.is_empty(),
        Step::Ignored => false,
    };
    if must_be { vec![Entry { what: None, decision: None }] } else { Vec::new() }
}

/// The conversation in a transcript; `None` when it cannot be read, or holds none.
fn read(path: &Path, name: &str, is_main: bool) -> Option<Vec<Event>> {
    let mut text = Vec::new();
    let reader = Input::File(path.to_owned()).open(Arc::default()).ok()?;
    reader.take(LARGEST + 1).read_to_end(&mut text).ok()?;
    if text.len() as u64 > LARGEST {
        return None;
    }
    let records = Records::new(&path.display().to_string(), Box::new(Cursor::new(text)), None);
    let mut traces: Vec<_> = records.filter_map(|record| format::read(&record.ok()?, None).ok()).flatten().collect();
    let named = traces.iter().position(|trace| trace.id == name);
    // A forked session repeats the lines of its origin, under the origin's name.
    let at = named.or_else(|| traces.iter().position(|trace| is_main && !trace.id.contains('/')))?;
    let events = traces.swap_remove(at).events;
    (!events.is_empty()).then_some(events)
}

/// Whether the agent has already written down the very event that the hook is for.
fn is_now(what: &What, step: &Step) -> bool {
    match (what, step) {
        (What::Called(then), Step::What(What::Called(now))) => now.call_id.is_some() && then.call_id == now.call_id,
        (What::Shown(then), Step::What(What::Shown(now))) if now.source == Source::ToolResult => {
            now.call_id.is_some() && then.call_id == now.call_id
        }
        _ => false, // to have seen the same message twice changes nothing
    }
}

fn clean(what: What, redact: &Redact) -> What {
    match what {
        What::Shown(mut shown) => {
            shown.content = redact.text(&shown.content).into_owned();
            What::Shown(shown)
        }
        What::Called(mut call) => {
            call.arguments = redact.text(&call.arguments).into_owned();
            What::Called(call)
        }
    }
}
