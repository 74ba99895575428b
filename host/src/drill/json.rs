//! A drill for programs: one JSON object. The form is a promise, so it is written field by field.

use super::human::WORST;
use super::score::{Calls, Score, Slips, Tally};
use super::{Alarm, Injection, Options};
use crate::rate::share::Share;
use crate::rate::view::rounded;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the whole report. `list` writes every alarm and every slip.
///
/// # Errors
/// When the output cannot be written.
pub fn write(out: &mut impl Write, score: &Score, options: &Options, list: bool) -> io::Result<()> {
    let worst = score.worst();
    let shown = if list { worst.len() } else { WORST.min(worst.len()) };
    let report = Report {
        r#type: "drill",
        version: 1,
        seed: options.seed,
        per_trace: options.per_trace,
        untouched: Untouched {
            traces: score.traces,
            identifiers: score.identifiers,
            calls: CallsForm::from(score.calls),
            by_tool: score.by_tool.iter().map(|(tool, calls)| (tool.as_str(), CallsForm::from(*calls))).collect(),
            by_place: score.places().into_iter().map(|(place, calls)| (place.name(), CallsForm::from(calls))).collect(),
            alarms: worst.iter().take(shown).map(|alarm| AlarmForm::from(*alarm)).collect(),
            alarms_left_out: worst.len() - shown,
        },
        never_seen: SlipsForm::from(&score.unseen),
        other_seen: SlipsForm::from(&score.seen),
        slips: list.then(|| score.injections.iter().map(|(trace, injection)| Slip::new(trace, injection)).collect()),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[derive(Serialize)]
struct Report<'a> {
    r#type: &'static str,
    version: u32,
    seed: u64,
    per_trace: u32,
    untouched: Untouched<'a>,
    never_seen: SlipsForm,
    other_seen: SlipsForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    slips: Option<Vec<Slip<'a>>>,
}

#[derive(Serialize)]
struct Untouched<'a> {
    traces: u64,
    identifiers: u64,
    calls: CallsForm,
    by_tool: BTreeMap<&'a str, CallsForm>,
    by_place: BTreeMap<&'static str, CallsForm>,
    alarms: Vec<AlarmForm<'a>>,
    alarms_left_out: usize,
}

/// Calls by their gravest decision, and how many in 1,000 would have been stopped.
#[derive(Serialize)]
struct CallsForm {
    all: u64,
    warn: u64,
    ask: u64,
    block: u64,
    warned_per_1000: f64,
    warned_interval: (f64, f64),
    stopped_per_1000: f64,
    stopped_interval: (f64, f64),
}

#[derive(Serialize)]
struct AlarmForm<'a> {
    trace: &'a str,
    turn: u32,
    tool: &'a str,
    pointer: &'a str,
    place: &'static str,
    decision: &'static str,
    relation: &'static str,
    written: &'a str,
    nearest: Option<&'a str>,
}

#[derive(Serialize)]
struct SlipsForm {
    all: TallyForm,
    by_place: BTreeMap<&'static str, TallyForm>,
    by_place_15_bits: BTreeMap<&'static str, TallyForm>,
    by_shape: BTreeMap<&'static str, TallyForm>,
    by_kind: BTreeMap<&'static str, TallyForm>,
    by_family: BTreeMap<&'static str, TallyForm>,
    by_call: BTreeMap<&'static str, TallyForm>,
}

/// Shares are in percent; `named` is of those flagged. No share of nothing.
#[derive(Serialize)]
struct TallyForm {
    all: u64,
    flagged: Option<ShareForm>,
    stopped: Option<ShareForm>,
    blocked: Option<ShareForm>,
    named: Option<ShareForm>,
}

#[derive(Serialize)]
struct ShareForm {
    hits: u64,
    percent: f64,
    interval: (f64, f64),
}

#[derive(Serialize)]
struct Slip<'a> {
    trace: &'a str,
    turn: u32,
    tool: &'a str,
    pointer: &'a str,
    place: &'static str,
    shape: &'static str,
    kind: &'static str,
    bits: f64,
    dense: bool,
    has_others: bool,
    original: &'a str,
    changed: &'a str,
    decision: &'static str,
    call_decision: &'static str,
    relation: Option<&'static str>,
    named: Option<&'a str>,
    named_right: bool,
}

impl From<Calls> for CallsForm {
    fn from(calls: Calls) -> Self {
        let Calls { all, warn, ask, block } = calls;
        let (warned, stopped) = (Share { hits: warn, of: all }, Share { hits: calls.stopped(), of: all });
        Self {
            all,
            warn,
            ask,
            block,
            warned_per_1000: rounded(warned.value() * 1000.0),
            warned_interval: interval(warned, 1000.0),
            stopped_per_1000: rounded(stopped.value() * 1000.0),
            stopped_interval: interval(stopped, 1000.0),
        }
    }
}

impl<'a> From<&'a Alarm> for AlarmForm<'a> {
    fn from(alarm: &'a Alarm) -> Self {
        Self {
            trace: &alarm.trace,
            turn: alarm.turn,
            tool: &alarm.tool,
            pointer: &alarm.pointer,
            place: alarm.place.name(),
            decision: alarm.decision.name(),
            relation: alarm.relation.name(),
            written: &alarm.written,
            nearest: alarm.nearest.as_deref(),
        }
    }
}

impl From<&Slips> for SlipsForm {
    fn from(slips: &Slips) -> Self {
        let mut sides = slips.sides().into_iter().map(|(_, rows)| rows.into_iter().map(|(name, tally)| (name, tally.into())).collect());
        let mut side = || sides.next().unwrap_or_default();
        // In the order of `Slips::sides`.
        Self {
            all: slips.all.into(),
            by_place: side(),
            by_place_15_bits: side(),
            by_shape: side(),
            by_kind: side(),
            by_family: side(),
            by_call: side(),
        }
    }
}

impl From<Tally> for TallyForm {
    fn from(tally: Tally) -> Self {
        let form = |share: Share| {
            (share.of > 0).then(|| ShareForm {
                hits: share.hits,
                percent: rounded(share.value() * 100.0),
                interval: interval(share, 100.0),
            })
        };
        let [flagged, stopped, blocked, named] = tally.shares().map(form);
        Self { all: tally.all, flagged, stopped, blocked, named }
    }
}

impl<'a> Slip<'a> {
    fn new(trace: &'a str, injection: &'a Injection) -> Self {
        Self {
            trace,
            turn: injection.turn,
            tool: &injection.tool,
            pointer: &injection.pointer,
            place: injection.place.name(),
            shape: injection.shape.name(),
            kind: injection.kind,
            bits: rounded(injection.bits),
            dense: injection.is_dense,
            has_others: injection.has_others,
            original: &injection.original,
            changed: &injection.changed,
            decision: injection.decision.name(),
            call_decision: injection.call_decision.name(),
            relation: injection.relation.map(|relation| relation.name()),
            named: injection.named.as_deref(),
            named_right: injection.is_named_right,
        }
    }
}

fn interval(share: Share, scale: f64) -> (f64, f64) {
    let (low, high) = share.interval();
    (rounded(low * scale), rounded(high * scale))
}
