//! What a postmortem says of one finding: sentences, with values between backticks.

use crate::report::cells::{cells, head};
use crate::report::human::sighting;
use serde::Serialize;
use twinguard_core::model::{Decision, Finding, Relation, Sighting};
use twinguard_trace::verify::Judged;

/// Columns of a value in a sentence.
const VALUE: usize = 80;
/// Columns of a difference in words.
const EDIT: usize = 300;
/// Sightings that are listed.
const SIGHTINGS: usize = 3;
/// Sightings that the guard keeps of a value.
const KEPT: usize = 8;
/// Near values that are listed after the nearest.
const OTHERS: usize = 2;
/// A chance above this is no argument.
const TELLING: f64 = 1e-2;

/// The parts that a page, or a document, is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Postmortem {
    /// `acct_7H9j2` for `acct_7H9j3` in a call of refund.
    title: String,
    /// What the model was shown, a line each.
    shown: Vec<String>,
    /// What it wrote.
    wrote: String,
    /// What would have happened, or has.
    outcome: Vec<String>,
    /// Every step from the source to the tool, and how it did. The second is the model's inference.
    steps: Vec<[String; 2]>,
}

/// Of an identifier. `answered` is the turn of the call's result, where the trace has one.
pub(super) fn of_finding(judged: &Judged, finding: &Finding, answered: Option<u32>) -> Postmortem {
    let [tool, written] = [name(&judged.tool), value(&finding.written)];
    let place = if finding.pointer.is_empty() { "its arguments".to_owned() } else { value(&finding.pointer) };
    let seen = finding.nearest.first();
    let other = seen.map(|near| near.value.as_str()).filter(|seen| *seen != finding.written).map(value);
    let title = match &other {
        Some(other) => format!("{written} for {other} in a call of {tool}"),
        None => format!("{written} in a call of {tool}"),
    };
    let shown = match seen {
        None => vec![format!("Nothing like {written}: no source of this conversation held a value near it.")],
        Some(near) => {
            let also = finding.nearest.iter().skip(1).take(OTHERS).map(|near| places("Also near: ", &near.value, &near.seen_in));
            std::iter::once(places("", &near.value, &near.seen_in)).chain(also).collect()
        }
    };
    let steps = vec![
        ["the sources".to_owned(), sources(finding, &written, other.as_deref())],
        ["the model's inference".to_owned(), inference(judged, finding, &written, other.as_deref(), &place)],
        ["the tool".to_owned(), tool_step(&tool, answered)],
        ["the guard".to_owned(), guard_step(finding.decision, finding.relation.name())],
    ];
    let outcome =
        vec![happened(&tool, answered), consequence(finding.relation, &tool, &written, other.as_deref()), guarded(finding.decision)];
    Postmortem { title, shown, wrote: format!("{written} at {place} of {tool}"), outcome, steps }
}

/// Of a call that has no finding to tell of: its message was cut off, or the guard could not check it.
pub(super) fn of_call(judged: &Judged, answered: Option<u32>) -> Postmortem {
    let tool = name(&judged.tool);
    let (what, decision, why) = match judged.stop {
        Some(stop) => ("cut off", Decision::Warn, stop.message()),
        None => ("not checked", judged.decision, judged.message.clone()),
    };
    let steps = vec![
        ["the model's inference".to_owned(), why],
        ["the tool".to_owned(), tool_step(&tool, answered)],
        ["the guard".to_owned(), guard_step(decision, what)],
    ];
    let outcome = vec![happened(&tool, answered), guarded(decision)];
    Postmortem { title: format!("A call of {tool}, {what}"), shown: Vec::new(), wrote: format!("a call of {tool}"), outcome, steps }
}

/// Between backticks, which it may not hold itself.
fn value(text: &str) -> String {
    format!("`{}`", name(text))
}

fn name(text: &str) -> String {
    head(&cells(text), VALUE).replace('`', "ˋ")
}

fn places(lead: &str, seen: &str, seen_in: &[Sighting]) -> String {
    let listed: Vec<String> = seen_in.iter().take(SIGHTINGS).map(sighting).collect();
    let more = match seen_in.len().saturating_sub(SIGHTINGS) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    match listed.is_empty() {
        true => format!("{lead}{}, written by the model itself earlier", value(seen)),
        false => format!("{lead}{}, in the {}{more}", value(seen), listed.join("; ")),
    }
}

fn sources(finding: &Finding, written: &str, other: Option<&str>) -> String {
    let near = finding.nearest.first().map(|near| near.seen_in.as_slice()).unwrap_or_default();
    let times = match near.len() {
        1 => "in one place".to_owned(),
        places @ 0..KEPT => format!("in {places} places"),
        places => format!("in {places} places or more"),
    };
    match (other, finding.relation) {
        (Some(other), Relation::Crossed | Relation::Collision | Relation::Misfield) => {
            format!("Right: they held both {written} and {other}.")
        }
        (Some(other), _) => format!("Right: they held {other} {times}, and {written} nowhere."),
        (None, _) if near.is_empty() => format!("They held neither {written} nor anything near it."),
        (None, _) => format!("They held {written} {times}."),
    }
}

fn inference(judged: &Judged, finding: &Finding, written: &str, other: Option<&str>, place: &str) -> String {
    let other = other.unwrap_or("the value that was shown");
    let mut text = match finding.relation {
        Relation::Exact | Relation::Equivalent | Relation::Derived => format!("Right: it wrote {written} as it had been shown."),
        Relation::Introduced => format!("It made up the name {written}, which nothing contradicts."),
        Relation::Twin | Relation::Confusable | Relation::Recased | Relation::Truncated | Relation::Reprefixed => {
            format!("Went wrong: it was to copy {other}, and wrote {written} at {place}")
        }
        Relation::Rounded => {
            format!("Went wrong: it passed {other} on as a number, and a 64-bit float on the way made {written} of it")
        }
        Relation::Crossed => {
            format!("Went wrong, as far as the records tell: it wrote {written} at {place}, and a record of this call holds {other} there")
        }
        Relation::Collision => format!("In doubt: it wrote {written}, and {other} had been shown, too; nothing tells which was meant"),
        Relation::Misfield => format!("In doubt: it wrote {written} at {place}, which had been shown only under other fields."),
        Relation::Sibling => format!("In doubt: it wrote {written}, which nothing had shown; {other} is the nearest of its series"),
        Relation::Invalid => format!("Went wrong: it wrote {written}, which nothing had shown and whose check digits fail."),
        Relation::Unseen => format!("In doubt: it wrote {written}, and nothing had shown that value."),
    };
    if let Some(near) = finding.nearest.first().filter(|near| !near.edit.is_empty() && !text.ends_with('.')) {
        text.push_str(&format!(": {}", head(&cells(&near.edit), EDIT)));
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    if finding.coincidence > 0.0 && finding.coincidence < TELLING && finding.relation == Relation::Twin {
        text.push_str(&format!(
            " An unrelated value of this shape is so near by chance once in {}.",
            thousands((1.0 / finding.coincidence).round())
        ));
    }
    if finding.relation > Relation::Introduced {
        text.push_str(&format!(" By then it had been shown {} of text.", size(judged.shown)));
    }
    text
}

fn tool_step(tool: &str, answered: Option<u32>) -> String {
    match answered {
        Some(turn) => format!("{tool} took the call as it was, and answered in turn {turn}."),
        None => format!("The record holds no answer of {tool}."),
    }
}

fn guard_step(decision: Decision, what: &str) -> String {
    format!("`{decision}`, {what}: the verdict under the policy of this report.")
}

fn happened(tool: &str, answered: Option<u32>) -> String {
    match answered {
        Some(turn) => format!("In this recording nothing stopped the call: {tool} answered in turn {turn}."),
        None => "The record has no answer to this call, so whether it ran is not known.".to_owned(),
    }
}

fn consequence(relation: Relation, tool: &str, written: &str, other: Option<&str>) -> String {
    match (relation, other) {
        (Relation::Exact | Relation::Equivalent | Relation::Derived | Relation::Introduced, _) => {
            format!("{tool} acts on {written}, as it should.")
        }
        (Relation::Crossed, Some(other)) => {
            format!("{written} exists, for it was shown: {tool} acts on it without an error, where the records speak of {other}.")
        }
        (Relation::Crossed | Relation::Collision | Relation::Misfield, _) => {
            format!("{written} exists, for it was shown: {tool} acts on it without an error, whatever was meant.")
        }
        (_, Some(other)) => format!(
            "Where {written} exists, {tool} acts on it instead of {other}, and every step succeeds; where it does not, the call fails."
        ),
        (_, None) => format!(
            "Where {written} exists, {tool} acts on something that this conversation never looked at; where it does not, the call fails."
        ),
    }
}

fn guarded(decision: Decision) -> String {
    match decision {
        Decision::Block => {
            "With the guard in front, the call does not run, and the model is told why, so that it can read the record again."
        }
        Decision::Ask => "With the guard in front, the call waits until a person has confirmed it.",
        Decision::Warn => "With the guard in front, the call runs, and this finding is recorded.",
        Decision::Allow => "With the guard in front, the call runs.",
    }
    .to_owned()
}

/// `12 KiB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1_048_576)),
    }
}

/// `1,234,567`, and in words what nobody counts.
fn thousands(number: f64) -> String {
    if number >= 1e12 {
        return "more than a million million".to_owned();
    }
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
