//! A fire drill on recorded conversations, for the day before the guard is switched on.
//!
//! A trace is replayed untouched: every alarm is one that its users would have had. Then, one at a
//! time, an identifier that a call really copied is replaced by what a slip makes of it, and the
//! call is judged again: what the guard says now is what it would have said that day. Everything
//! is drawn from a seed and from the trace itself, so that the same traces give the same drill.

pub mod corrupt;
pub mod human;
pub mod json;
mod plan;
pub mod random;
pub mod score;
mod shown;
mod target;

pub use target::Place;

use crate::{Error, Guard};
use corrupt::Shape;
use plan::Planned;
use twinguard_core::credential::SHOWN as SECRET;
use twinguard_core::model::{Decision, Finding, Relation, ToolCall, Verdict};
use twinguard_trace::event::{Event, Issue, Trace, What};

/// What is drawn, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Another seed draws other slips.
    pub seed: u64,
    /// Slips for each trace; fewer where a trace has too few identifiers.
    pub per_trace: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, per_trace: 8 }
    }
}

/// What came of one trace.
#[derive(Clone, Debug, Default)]
pub struct Drill {
    /// The trace's name.
    pub id: String,
    /// Every call as it was made, in order.
    pub calls: Vec<Call>,
    /// Every slip and what the guard said to it, in the order of the calls.
    pub injections: Vec<Injection>,
    /// What could not be read, or not be judged.
    pub issues: Vec<Issue>,
}

/// A call as it was made.
#[derive(Clone, Debug)]
pub struct Call {
    /// The tool.
    pub tool: String,
    /// Identifiers that were judged.
    pub identifiers: u64,
    /// The verdict.
    pub decision: Decision,
    /// Every finding above `allow`.
    pub alarms: Vec<Alarm>,
}

/// A finding on a call as it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The trace's name.
    pub trace: String,
    /// Zero-based index of the call's message in the record.
    pub turn: u32,
    /// The tool.
    pub tool: String,
    /// JSON Pointer into the arguments.
    pub pointer: String,
    /// Where the identifier stands.
    pub place: Place,
    /// The guard's decision.
    pub decision: Decision,
    /// How the identifier stands to what was seen.
    pub relation: Relation,
    /// As written.
    pub written: String,
    /// The nearest seen identifier.
    pub nearest: Option<String>,
}

/// One slip and what the guard said to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Injection {
    /// Zero-based index of the call's message in the record.
    pub turn: u32,
    /// The tool.
    pub tool: String,
    /// JSON Pointer into the arguments.
    pub pointer: String,
    /// Where the identifier stands.
    pub place: Place,
    /// The slip.
    pub shape: Shape,
    /// The kind of the original.
    pub kind: &'static str,
    /// What the random part of the original says, in bits.
    pub bits: f64,
    /// Another identifier of the original's family was seen within one edit.
    pub is_dense: bool,
    /// The call holds other identifiers that were copied.
    pub has_others: bool,
    /// What the model wrote.
    pub original: String,
    /// What was put in its place.
    pub changed: String,
    /// The gravest decision on the changed value.
    pub decision: Decision,
    /// The decision on the call, whatever it speaks of.
    pub call_decision: Decision,
    /// Of the gravest finding on it.
    pub relation: Option<Relation>,
    /// What the guard took for the original.
    pub named: Option<String>,
    /// Whether that is right: put back, it gives the original.
    pub is_named_right: bool,
}

/// Replays a trace once, and at every call that was drawn for it once more for each of its slips.
///
/// # Errors
/// Only when no session could be opened: the policy is invalid, or the guard cannot run here.
///
/// ```
/// use twinguard::{Guard, drill::{self, Options}, trace::event::Trace};
///
/// # fn main() -> Result<(), twinguard::Error> {
/// let drill = drill::drill(&Guard::new()?, "", &Trace::default(), &Options::default())?;
/// assert!(drill.calls.is_empty() && drill.injections.is_empty()); // nothing was called
/// # Ok(())
/// # }
/// ```
pub fn drill(guard: &Guard, policy: &str, trace: &Trace, options: &Options) -> Result<Drill, Error> {
    let mut plan = plan::plan(&trace.events, options);
    let mut session = guard.session(policy)?;
    let mut drill = Drill { id: trace.id.clone(), issues: trace.issues.clone(), ..Drill::default() };
    for (n, Event { turn, what }) in trace.events.iter().enumerate() {
        let call = match what {
            What::Shown(observation) => {
                if let Err(error) = session.observe(observation) {
                    drill.trouble(trace, *turn, &error.to_string());
                }
                continue;
            }
            What::Called(call) => call,
        };
        let planned = plan.remove(&n).unwrap_or_default();
        // Judging a call changes the session, so every slip is judged in a copy of it.
        let before = if planned.is_empty() { None } else { session.snapshot().ok() };
        let verdict = session.check(call);
        if verdict.findings.is_empty() && verdict.decision > Decision::Allow {
            drill.trouble(trace, *turn, &verdict.message);
        }
        for Planned { target, arguments, mut injection } in planned {
            // To be told of a slip by an alarm that was there before it is no catch.
            let is_flagged = |finding: &Finding| is_on(finding, &target.pointer, &target.text);
            let Some(before) = before.as_deref().filter(|_| !alarms(&verdict).any(is_flagged)) else { continue };
            let mut copy = guard.restore(policy, before)?;
            let verdict = copy.check(&ToolCall { arguments, ..call.clone() });
            injection.judge(&verdict);
            drill.injections.push(injection);
        }
        drill.calls.push(Call {
            tool: call.tool.clone(),
            identifiers: verdict.findings.len() as u64,
            decision: verdict.decision,
            alarms: alarms(&verdict).map(|finding| Alarm::new(trace, *turn, call, finding)).collect(),
        });
    }
    Ok(drill)
}

fn alarms(verdict: &Verdict) -> impl Iterator<Item = &Finding> {
    verdict.findings.iter().filter(|finding| finding.decision > Decision::Allow)
}

/// Whether a finding speaks of this value, of a piece of it, or of what it is a piece of.
fn is_on(finding: &Finding, pointer: &str, text: &str) -> bool {
    finding.pointer == pointer && (finding.written == SECRET || finding.written.contains(text) || text.contains(&finding.written))
}

impl Drill {
    /// The same trouble at every turn is told once.
    fn trouble(&mut self, trace: &Trace, turn: u32, why: &str) {
        if self.issues.iter().any(|issue| issue.message.ends_with(why)) {
            return;
        }
        let message = format!("message {turn} of trace `{}`: {why}", trace.id);
        self.issues.push(Issue { file: trace.file.clone(), line: Some(trace.line), message });
    }
}

impl Alarm {
    fn new(trace: &Trace, turn: u32, call: &ToolCall, finding: &Finding) -> Self {
        Self {
            trace: trace.id.clone(),
            turn,
            tool: call.tool.clone(),
            pointer: finding.pointer.clone(),
            place: target::place_of(call, finding),
            decision: finding.decision,
            relation: finding.relation,
            written: finding.written.clone(),
            nearest: finding.nearest.first().map(|near| near.value.clone()),
        }
    }
}

impl Injection {
    fn judge(&mut self, verdict: &Verdict) {
        self.call_decision = verdict.decision;
        let on = || verdict.findings.iter().filter(|finding| is_on(finding, &self.pointer, &self.changed));
        let Some(gravest) = on().rev().max_by_key(|finding| finding.decision) else { return };
        let decision = gravest.decision;
        // Of several as grave (the whole and its piece) the one that names it right counts.
        let right = on().find(|finding| finding.decision == decision && self.names(finding));
        let named = right.unwrap_or(gravest).nearest.first().map(|near| near.value.clone());
        let (relation, is_named_right) = (gravest.relation, right.is_some());
        self.decision = decision;
        self.relation = Some(relation);
        self.named = named;
        self.is_named_right = is_named_right;
    }

    /// Whether a finding names the original: itself, another spelling of it, for a piece what holds
    /// it, or the piece that was spoilt.
    fn names(&self, finding: &Finding) -> bool {
        let Some(named) = finding.nearest.first().map(|near| near.value.as_str()) else { return false };
        let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let is_piece = !matches!(self.place, Place::Identifier | Place::Whole);
        let restored = self.changed.replacen(&finding.written, named, 1);
        let is_part_back = self.shape == Shape::Truncated && restored.len() > self.changed.len() && self.original.starts_with(&restored);
        named == self.original
            || bare(named) == bare(&self.original)
            || restored == self.original
            || is_part_back && shown::has(&self.original, &restored)
            || is_piece && shown::has(named, &self.original)
    }
}
