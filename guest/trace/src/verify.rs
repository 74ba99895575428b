//! Traces to reports: every call of a conversation judged by what was shown before it. Prints
//! nothing and opens no file.

use crate::event::{Event, Issue, Stop, Trace, What};
use std::fmt::Display;
use twinguard_core::model::{Decision, Finding, Identifier, Observation, Sighting, Source, ToolCall, Verdict};
use twinguard_core::session::Session;

/// The memory of one conversation, wherever it runs: the core itself, or a component around it.
pub trait Judge {
    /// Why a text could not be taken.
    type Error: Display;

    /// Remembers what the model was shown.
    ///
    /// # Errors
    /// When nothing was learned from the text. Later verdicts tell of it.
    fn observe(&mut self, what: &Observation) -> Result<(), Self::Error>;

    /// Judges a call. One that cannot be judged is blocked, in a verdict without findings.
    fn check(&mut self, call: &ToolCall) -> Verdict;

    /// Lists the identifiers of a text.
    ///
    /// # Errors
    /// When the text is beyond a limit, or the judge has failed.
    fn identify(&mut self, text: &str) -> Result<Vec<Identifier>, Self::Error>;
}

impl Judge for Session {
    type Error = twinguard_core::model::Error;

    fn observe(&mut self, what: &Observation) -> Result<(), Self::Error> {
        Session::observe(self, what).map(drop)
    }

    fn check(&mut self, call: &ToolCall) -> Verdict {
        Session::check(self, call).unwrap_or_else(|error| unchecked(&error))
    }

    fn identify(&mut self, text: &str) -> Result<Vec<Identifier>, Self::Error> {
        Ok(Session::identify(self, text))
    }
}

/// The verdict on what could not be checked: it must not run.
///
/// ```
/// use twinguard_core::model::Decision;
///
/// let verdict = twinguard_trace::verify::unchecked(&"out of memory");
/// assert_eq!(verdict.decision, Decision::Block);
/// ```
#[must_use]
pub fn unchecked(why: &impl Display) -> Verdict {
    let message = format!("twinguard could not check this, so it must not run: {why}");
    Verdict { decision: Decision::Block, findings: Vec::new(), message, repaired: None }
}

/// What the guard said about one conversation.
#[derive(Clone, Debug)]
pub struct Report {
    /// The conversation. What could not be verified is among its issues.
    pub trace: Trace,
    /// Calls that were judged.
    pub calls: u64,
    /// Identifiers in those calls, allowed ones included.
    pub identifiers: u64,
    /// The gravest decision on any call.
    pub decision: Decision,
    /// Every call about which there is something to say, in order.
    pub judged: Vec<Judged>,
}

/// One call and its verdict.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Zero-based index of the call among the events of the trace.
    pub event: usize,
    /// Zero-based index of its message in the record.
    pub turn: u32,
    /// Pairs it with its result.
    pub call_id: Option<String>,
    /// The tool.
    pub tool: String,
    /// The arguments as the model wrote them.
    pub arguments: String,
    /// Why the message with the call ended before the model was done: its last identifier may be
    /// cut, so the call is worth a warning whatever the guard says.
    pub stop: Option<Stop>,
    /// Bytes of text that the model had been shown when it wrote the call.
    pub shown: u64,
    /// What the call as a whole is worth. Graver than every finding where the guard itself
    /// failed (then there are none), or where the message was cut off.
    pub decision: Decision,
    /// The verdict's own message.
    pub message: String,
    /// Its findings. The turn of a sighting is a message index, as above.
    pub findings: Vec<Finding>,
}

/// Judges every call of a trace in a fresh session. A session that fails blocks that call and
/// every one after it.
///
/// ```
/// use twinguard_core::{model::Decision, session::Session};
/// use twinguard_trace::{event::Trace, verify};
///
/// let report = verify::verify(&mut Session::open("").unwrap(), Trace::default());
/// assert_eq!(report.decision, Decision::Allow); // nothing was called
/// ```
pub fn verify(session: &mut impl Judge, trace: Trace) -> Report {
    let turns: Vec<u32> = trace.events.iter().map(|event| event.turn).collect();
    let mut report = Report { trace, calls: 0, identifiers: 0, decision: Decision::Allow, judged: Vec::new() };
    let mut shown = 0;
    let mut troubles = Vec::new();
    // What was shown after the last call changes no verdict.
    let last = report.trace.events.iter().rposition(|event| matches!(event.what, What::Called(_)));
    for (index, Event { turn, what }) in report.trace.events.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
        let call = match what {
            What::Shown(observation) => {
                shown += observation.content.len() as u64;
                if let Err(error) = session.observe(observation) {
                    troubles.push((*turn, error.to_string()));
                }
                continue;
            }
            What::Called(call) => call,
        };
        let mut verdict = session.check(call);
        if verdict.findings.is_empty() && verdict.decision > Decision::Allow {
            troubles.push((*turn, verdict.message.clone()));
        }
        for finding in &mut verdict.findings {
            let sightings = finding.nearest.iter_mut().flat_map(|neighbour| &mut neighbour.seen_in);
            sightings.for_each(|sighting| to_message(sighting, &turns));
        }
        let stop = report.trace.written.get(turn).and_then(|written| written.stop);
        let decision = if stop.is_some() { verdict.decision.max(Decision::Warn) } else { verdict.decision };
        report.calls += 1;
        report.identifiers += verdict.findings.len() as u64;
        report.decision = report.decision.max(decision);
        if !verdict.findings.is_empty() || decision > Decision::Allow {
            report.judged.push(Judged {
                event: index,
                turn: *turn,
                call_id: call.call_id.clone(),
                tool: call.tool.clone(),
                arguments: call.arguments.clone(),
                stop,
                shown,
                decision,
                message: verdict.message,
                findings: verdict.findings,
            });
        }
    }
    troubles.iter().for_each(|(turn, why)| report.trouble(*turn, why));
    report
}

impl Judged {
    /// Whether the guard could not check the call, so that no finding tells of it.
    #[must_use]
    pub fn unchecked(&self) -> bool {
        // A cut message alone makes it a warning.
        let least = if self.stop.is_some() { Decision::Warn } else { Decision::Allow };
        self.findings.is_empty() && self.decision > least
    }
}

impl Report {
    /// The report on a trace for which no session could be opened: what it called was not
    /// checked, so it is blocked.
    #[must_use]
    pub fn unopened(trace: Trace) -> Self {
        let calls = trace.events.iter().filter(|event| matches!(event.what, What::Called(_))).count() as u64;
        let decision = if calls > 0 { Decision::Block } else { Decision::Allow };
        Self { trace, calls, identifiers: 0, decision, judged: Vec::new() }
    }

    /// The same, with the reason.
    #[must_use]
    pub fn because(mut self, error: &impl Display) -> Self {
        self.trouble(0, &error.to_string());
        self
    }

    /// The model that wrote a call: its message's own, else the conversation's.
    #[must_use]
    pub fn model(&self, judged: &Judged) -> Option<&str> {
        let own = self.trace.written.get(&judged.turn).and_then(|written| written.model.as_deref());
        own.or(self.trace.model.as_deref())
    }

    /// Who served the model that wrote a call: as the record says, else who makes a model of that
    /// name ([`of_model`](crate::provider::of_model)).
    #[must_use]
    pub fn provider(&self, judged: &Judged) -> Option<&str> {
        self.trace.provider.as_deref().or_else(|| crate::provider::of_model(self.model(judged)?))
    }

    /// When a call was written, as the record says it: its message's time, else the conversation's.
    #[must_use]
    pub fn at(&self, judged: &Judged) -> Option<&str> {
        let own = self.trace.written.get(&judged.turn).and_then(|written| written.at.as_deref());
        own.or(self.trace.at.as_deref())
    }

    /// The same trouble at every turn is told once.
    fn trouble(&mut self, turn: u32, why: &str) {
        let Trace { id, file, line, issues, .. } = &mut self.trace;
        if issues.iter().any(|issue| issue.message.ends_with(why)) {
            return;
        }
        let message = format!("message {turn} of trace `{id}`: {why}");
        issues.push(Issue { file: file.clone(), line: Some(*line), message });
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
/// When a text is beyond a limit, or the session fails.
pub fn explain<J: Judge>(session: &mut J, trace: Trace) -> Result<Vec<Explained>, J::Error> {
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
pub fn explain_text<J: Judge>(session: &mut J, text: &str) -> Result<Explained, J::Error> {
    let identifiers = session.identify(text)?;
    Ok(Explained { turn: 0, origin: Origin::Text, tool: None, call_id: None, identifiers })
}

/// The session counts events; people count messages.
fn to_message(sighting: &mut Sighting, turns: &[u32]) {
    let event = usize::try_from(sighting.turn).unwrap_or(usize::MAX);
    sighting.turn = turns.get(event).copied().unwrap_or(sighting.turn);
}
