//! What a finding says: what was written, what was seen and where, and what to do now. The reader is
//! a model in the middle of a task as often as a person, so every message ends with the way out.

use crate::{
    edit,
    ledger::Ledger,
    model::{Decision, Neighbour, Relation, Sighting, Source},
    record::Doubt,
    verdict::Judgement,
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// What else the message has to know.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The same value was stopped before.
    pub is_repeated: bool,
    /// The model may have seen more than the ledger holds.
    pub is_incomplete: bool,
}

/// The neighbours of a judgement as hosts show them.
#[must_use]
pub fn neighbours(ledger: &Ledger, judgement: &Judgement) -> Vec<Neighbour> {
    let neighbour = |seen: &str, distance: u32, seen_in: Vec<Sighting>| {
        let edit = edit::describe(&judgement.written, seen);
        Neighbour { value: seen.to_string(), distance, edit, seen_in }
    };
    if judgement.nearest.is_empty() {
        // Most identifiers of most calls are right. Telling of all their places would take longer than judging them.
        let places =
            |seen: &str| if judgement.decision == Decision::Allow { ledger.first_and_latest(seen) } else { ledger.sightings(seen) };
        return judgement.seen.iter().map(|seen| neighbour(seen, 0, places(seen))).collect();
    }
    let told = judgement.nearest.iter().map(|near| (ledger.token_text(near.id), near.distance));
    told.map(|(seen, distance)| neighbour(seen, distance, ledger.sightings(seen))).collect()
}

/// One paragraph about a judgement that is not allowed.
#[must_use]
pub fn message(judgement: &Judgement, pointer: &str, nearest: &[Neighbour], circumstances: Circumstances) -> String {
    let place = if pointer.is_empty() { String::from("the arguments") } else { format!("`{pointer}`") };
    let mut text = opening(judgement, &place, nearest);
    if let [_, others @ ..] = nearest
        && !others.is_empty()
    {
        let others: Vec<String> = others.iter().map(|other| format!("`{}`", other.value)).collect();
        text.push_str(&format!(" Also near: {}.", others.join(", ")));
    }
    if circumstances.is_incomplete {
        text.push_str(" Some results were cut, so the value may have stood in a part that is missing here.");
    }
    let is_elsewhere = matches!(judgement.doubt, Some(Doubt::Elsewhere { .. }));
    text.push_str(match (circumstances.is_repeated, judgement.relation) {
        _ if is_elsewhere => " Look the right value up there, or ask a person; do not take it on the word of another source.",
        (true, _) => " This value was stopped before. Do not try it again: stop, and ask a person which one is meant.",
        (false, Relation::Misfield) => " Check which value belongs here.",
        (false, Relation::Crossed | Relation::Collision) => {
            " Read the records again, and use this value only if it is really the one that is meant."
        }
        (false, Relation::Invalid | Relation::Unseen) => " Look the value up, or ask for it, before you use it.",
        (false, _) => " Read that record again and copy the value exactly as it stands there.",
    });
    text
}

/// The message about a call to a tool there is not.
#[must_use]
pub fn of_tool(tool: &str, nearest: &[Neighbour]) -> String {
    match nearest.first() {
        Some(near) => {
            format!("There is no tool `{tool}`. The nearest is `{}`: {}. Call the tool by its whole name.", near.value, near.edit)
        }
        None => format!("There is no tool `{tool}`. Call one of the tools you were given, by its whole name."),
    }
}

fn opening(judgement: &Judgement, place: &str, nearest: &[Neighbour]) -> String {
    let written = &judgement.written;
    if let Some(doubt) = &judgement.doubt {
        return doubted(written, doubt, place, nearest);
    }
    let Some(near) = nearest.first() else {
        return match judgement.relation {
            Relation::Invalid => format!(
                "`{written}` in {place} was never shown in this conversation, and its check digits do not fit: it is mistyped or made up."
            ),
            _ => format!("`{written}` in {place} was never shown in this conversation, and the policy wants values here to have been."),
        };
    };
    let seen = &near.value;
    let shown =
        near.seen_in.first().map_or_else(|| String::from("written by the model earlier"), |first| format!("seen in {}", describe(first)));
    let edit = if near.edit.is_empty() { String::new() } else { format!(": {}", near.edit) };
    let lead = format!("`{written}` in {place} was never shown in this conversation");
    match judgement.relation {
        Relation::Confusable => format!("{lead}. It only looks like `{seen}`, {shown}{edit}."),
        Relation::Recased => format!("{lead}. `{seen}`, {shown}, differs in letter case, which counts here{edit}."),
        Relation::Truncated => format!("{lead}. It is a piece of `{seen}`, {shown}{edit}."),
        Relation::Reprefixed => format!("{lead}. `{seen}`, {shown}, is the same under another prefix{edit}."),
        Relation::Rounded => format!(
            "{lead}. A 64-bit float turns `{seen}`, {shown}, into it: integers beyond 2^53 (9007199254740992) lose their last digits. Pass it as the exact digits, or as a string."
        ),
        Relation::Sibling => format!(
            "{lead}. It would belong to a series of which `{seen}`, {shown}, is the nearest member{edit}; whether it exists, nothing shows."
        ),
        _ => format!("{lead}. The nearest value is `{seen}`, {shown}{edit}."),
    }
}

fn doubted(written: &str, doubt: &Doubt, place: &str, nearest: &[Neighbour]) -> String {
    let shown = |near: &Neighbour| near.seen_in.first().map_or_else(String::new, |first| format!(", seen in {}", describe(first)));
    match (doubt, nearest.first()) {
        (Doubt::Crossed(record), near) => {
            let shown = near.map_or_else(String::new, shown);
            format!("`{written}` in {place} was seen, but the record of `{}` has {} `{}`{shown}.", record.of, record.field, record.says)
        }
        (Doubt::Misfield(fields), _) => {
            let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            format!("`{written}` in {place} was seen, but only ever as {}.", fields.join(", "))
        }
        (Doubt::Elsewhere { origins, is_echo }, near) => {
            let shown = near.map_or_else(String::new, |near| shown(near).trim_start_matches(", seen").to_string());
            let echo = if *is_echo { "; those only repeated what they had been asked for" } else { "" };
            format!("`{written}` in {place} was seen{shown}, but the policy takes values here only from {origins}{echo}.")
        }
        (Doubt::FieldName, _) => format!("`{written}` in {place} is the name of a field in the results, not a value of one."),
        (Doubt::Collision, Some(near)) => {
            format!("`{written}` in {place} was seen, and so was `{}`{}: {}.", near.value, shown(near), near.edit)
        }
        (Doubt::Collision, None) => format!("`{written}` in {place} was seen, and so was a near twin of it."),
    }
}

/// A place in words: "the result of search_customer, /accounts/0/id".
fn describe(sighting: &Sighting) -> String {
    let source = match (sighting.source, &sighting.tool) {
        (Source::ToolResult, Some(tool)) => format!("the result of {tool}"),
        (Source::ToolResult, None) => String::from("a tool result"),
        (Source::UserMessage, _) => String::from("a message of the user"),
        (Source::SystemPrompt, _) => String::from("the system prompt"),
        (Source::Host, _) => String::from("the host's own list"),
    };
    if sighting.pointer.is_empty() { source } else { format!("{source}, {}", sighting.pointer) }
}
