//! Traces to reports: every call of a conversation judged by what was shown before it. Prints
//! nothing and opens no file.

use crate::event::{Event, Issue, Trace, What};
use crate::{Error, Guard};
use twinguard_core::model::{Decision, Finding, Identifier, Sighting, Source};

/// What the guard said about one conversation.
#[derive(Clone, Debug)]
pub struct Report {
    /// The trace's name.
    pub id: String,
    /// The model that wrote the calls.
    pub model: Option<String>,
    /// The file its record stands in.
    pub file: String,
    /// The line the record begins on, counted from 1.
    pub line: u64,
    /// Calls that were judged.
    pub calls: u64,
    /// Identifiers in those calls, allowed ones included.
    pub identifiers: u64,
    /// The gravest decision on any call.
    pub decision: Decision,
    /// Every call about which there is something to say, in order.
    pub judged: Vec<Judged>,
    /// What could not be read, or not be verified.
    pub issues: Vec<Issue>,
}

/// One call and its verdict.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Zero-based index of its message in the record.
    pub turn: u32,
    /// Pairs it with its result.
    pub call_id: Option<String>,
    /// The tool.
    pub tool: String,
    /// The arguments as the model wrote them.
    pub arguments: String,
    /// What the call as a whole is worth. Graver than every finding where the guard itself
    /// failed: then there are none.
    pub decision: Decision,
    /// The verdict's own message.
    pub message: String,
    /// Its findings. The turn of a sighting is a message index, as above.
    pub findings: Vec<Finding>,
}

/// Judges every call of a trace in a session of its own.
///
/// # Errors
/// Only when no session could be opened: the policy is invalid, or the guard cannot run here.
/// A guard that fails later blocks that call and every one after it.
///
/// ```
/// use twinguard::{Decision, Guard, event::Trace, verify};
///
/// # fn main() -> Result<(), twinguard::Error> {
/// let report = verify::verify(&Guard::new()?, "", Trace::default())?;
/// assert_eq!(report.decision, Decision::Allow); // nothing was called
/// # Ok(())
/// # }
/// ```
pub fn verify(guard: &Guard, policy: &str, trace: Trace) -> Result<Report, Error> {
    let mut session = guard.session(policy)?;
    let turns: Vec<u32> = trace.events.iter().map(|event| event.turn).collect();
    let Trace { id, model, file, line, events, issues } = trace;
    let mut report = Report { id, model, file, line, calls: 0, identifiers: 0, decision: Decision::Allow, judged: Vec::new(), issues };
    for Event { turn, what } in events {
        let call = match what {
            What::Shown(observation) => {
                if let Err(error) = session.observe(&observation) {
                    report.trouble(turn, &error.to_string());
                }
                continue;
            }
            What::Called(call) => call,
        };
        let mut verdict = session.check(&call);
        if verdict.findings.is_empty() && verdict.decision > Decision::Allow {
            report.trouble(turn, &verdict.message);
        }
        for finding in &mut verdict.findings {
            let sightings = finding.nearest.iter_mut().flat_map(|neighbour| &mut neighbour.seen_in);
            sightings.for_each(|sighting| to_message(sighting, &turns));
        }
        report.calls += 1;
        report.identifiers += verdict.findings.len() as u64;
        report.decision = report.decision.max(verdict.decision);
        if !verdict.findings.is_empty() || verdict.decision > Decision::Allow {
            report.judged.push(Judged {
                turn,
                call_id: call.call_id,
                tool: call.tool,
                arguments: call.arguments,
                decision: verdict.decision,
                message: verdict.message,
                findings: verdict.findings,
            });
        }
    }
    Ok(report)
}

impl Report {
    /// The report on a trace for which no session could be opened: what it called was not
    /// checked, so it is blocked.
    #[must_use]
    pub fn unopened(trace: &Trace) -> Self {
        let calls = trace.events.iter().filter(|event| matches!(event.what, What::Called(_))).count() as u64;
        Self {
            id: trace.id.clone(),
            model: trace.model.clone(),
            file: trace.file.clone(),
            line: trace.line,
            calls,
            identifiers: 0,
            decision: if calls > 0 { Decision::Block } else { Decision::Allow },
            judged: Vec::new(),
            issues: trace.issues.clone(),
        }
    }

    /// The same, with the reason.
    #[must_use]
    pub fn because(mut self, error: &Error) -> Self {
        self.trouble(0, &error.to_string());
        self
    }

    /// The same trouble at every turn is told once.
    fn trouble(&mut self, turn: u32, why: &str) {
        if self.issues.iter().any(|issue| issue.message.ends_with(why)) {
            return;
        }
        let message = format!("message {turn} of trace `{}`: {why}", self.id);
        self.issues.push(Issue { file: self.file.clone(), line: Some(self.line), message });
    }
}

/// What a text that was explained is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The model was shown it.
    Shown(Source),
    /// The model wrote it, as the arguments of a call.
    Called,
    /// It is of no conversation.
    Text,
}

/// What `explain` shows of one event.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Zero-based index of its message in the record.
    pub turn: u32,
    /// What the text is.
    pub origin: Origin,
    /// The tool that was called, or whose result it is.
    pub tool: Option<String>,
    /// Pairs a call with its result.
    pub call_id: Option<String>,
    /// What was extracted, and how it stood to what was seen by then.
    pub identifiers: Vec<Identifier>,
}

/// Extracts the identifiers of every event: of a call before it is judged, of a text after it
/// was observed.
///
/// # Errors
/// As [`verify`], and when a text is beyond a limit.
pub fn explain(guard: &Guard, policy: &str, trace: Trace) -> Result<Vec<Explained>, Error> {
    let mut session = guard.session(policy)?;
    let turns: Vec<u32> = trace.events.iter().map(|event| event.turn).collect();
    let mut explained = Vec::with_capacity(turns.len());
    for Event { turn, what } in trace.events {
        let mut entry = match what {
            What::Shown(shown) => {
                session.observe(&shown)?;
                let identifiers = session.identify(&shown.content)?;
                Explained { turn, origin: Origin::Shown(shown.source), tool: shown.tool, call_id: shown.call_id, identifiers }
            }
            What::Called(call) => {
                let identifiers = session.identify(&call.arguments)?;
                session.check(&call);
                Explained { turn, origin: Origin::Called, tool: Some(call.tool), call_id: call.call_id, identifiers }
            }
        };
        let sightings = entry.identifiers.iter_mut().flat_map(|identifier| &mut identifier.seen_in);
        sightings.for_each(|sighting| to_message(sighting, &turns));
        explained.push(entry);
    }
    Ok(explained)
}

/// Extracts the identifiers of a text that is of no conversation.
///
/// # Errors
/// As [`explain`].
pub fn explain_text(guard: &Guard, policy: &str, text: &str) -> Result<Explained, Error> {
    let identifiers = guard.session(policy)?.identify(text)?;
    Ok(Explained { turn: 0, origin: Origin::Text, tool: None, call_id: None, identifiers })
}

/// The session counts events; people count messages.
fn to_message(sighting: &mut Sighting, turns: &[u32]) {
    let event = usize::try_from(sighting.turn).unwrap_or(usize::MAX);
    sighting.turn = turns.get(event).copied().unwrap_or(sighting.turn);
}
