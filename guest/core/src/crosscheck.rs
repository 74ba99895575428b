//! Identifiers that were seen and may be wrong all the same: the headline case as much as a twin is,
//! since a model often picks the *wrong real* account. What the records say decides.

use crate::{
    distance::distance,
    extract::{Mention, Place},
    field,
    ledger::Ledger,
    model::{Decision, Relation, Source},
    record::{self, Doubt, Written},
    shape,
    slot::Role,
    twin,
    value::value_of,
    verdict::{Context, Judgement},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

/// Edits beyond which two identifiers are just different.
const MOST_EDITS: u32 = 3;
/// Between two seen identifiers that are taken for each other.
const MOST_EDITS_OF_TWINS: u32 = 2;
/// Identifiers of one call that are compared with each other; a longer list is data.
const MOST_COMPARED: usize = 32;
/// Arguments that bring a foreign value into the record on purpose.
const REPLACING: &[&str] = &["new", "updated", "replacement", "target", "to", "into", "other", "alternative", "destination"];
/// Arguments whose text runs as soon as the call is made.
const RUNNING: &[&str] = &["command", "cmd", "shell", "bash", "script", "sql", "query", "statement"];
/// Verbs of tools that make a record: it may bring together what no other one did.
const MAKING: &[&str] = &["create", "add", "new", "open", "book", "schedule", "register"];
/// Verbs of tools that put another value in the place of the recorded one.
const SETTING: &[&str] =
    &["update", "modify", "change", "set", "edit", "replace", "move", "exchange", "assign", "reassign", "add", "switch", "rebook", "swap"];

/// Weighs the seen identifiers of one call against the records and against each other.
pub fn crosscheck(context: &Context<'_>, judged: &mut [(Mention, Vec<Judgement>)]) {
    let is_candidate = |(mention, judgements): &(Mention, Vec<Judgement>)| match judgements.as_slice() {
        [judgement] => matches!(judgement.relation, Relation::Exact | Relation::Equivalent) && is_reference(context, mention, judgement),
        _ => false,
    };
    let candidates: Vec<usize> = (0..judged.len()).filter(|&index| judged.get(index).is_some_and(is_candidate)).collect();
    if candidates.len() > MOST_COMPARED {
        return;
    }
    let mut doubts: Vec<(usize, Doubt)> = Vec::new();
    let named: Vec<&str> = judged.iter().map(|(other, _)| other.text.as_str()).collect();
    for &index in &candidates {
        let Some((mention, [judgement])) = judged.get(index).map(|(mention, judgements)| (mention, judgements.as_slice())) else {
            continue;
        };
        let others: Vec<&Mention> =
            candidates.iter().filter(|&&other| other != index).filter_map(|&other| judged.get(other)).map(|(other, _)| other).collect();
        if let Some(doubt) = doubt(context, mention, judgement, &others, &named) {
            doubts.push((index, doubt));
        }
    }
    for (index, doubt) in doubts {
        if let Some((mention, [judgement])) = judged.get_mut(index).map(|(mention, judgements)| (mention, judgements.as_mut_slice())) {
            apply(context, mention, judgement, doubt);
        }
    }
}

/// Of originals that are as likely by themselves, what the rest of the call says goes first: a value that
/// stands in a record with its other identifiers, and not one that the call names already.
pub fn rank_originals(context: &Context<'_>, judged: &mut [(Mention, Vec<Judgement>)]) {
    let named: Vec<String> = judged.iter().map(|(mention, _)| mention.text.clone()).collect();
    for (mention, judgements) in judged {
        let others: Vec<&str> = named.iter().map(|text| text.as_str()).filter(|text| *text != mention.text).take(MOST_COMPARED).collect();
        for judgement in judgements.iter_mut().filter(|judgement| judgement.decision > Decision::Allow) {
            let Some(&twin::Neighbour { relation, distance, .. }) = judgement.nearest.first() else { continue };
            let ties = judgement.nearest.iter().take_while(|near| near.relation == relation && near.distance == distance).count();
            let Some(ties) = judgement.nearest.get_mut(..ties).filter(|ties| ties.len() > 1) else { continue };
            ties.sort_by_cached_key(|near| {
                let seen = context.ledger.token_text(near.id);
                let is_supported = || others.iter().any(|other| record::supports(context.ledger, seen, other));
                (others.contains(&seen), !is_supported())
            });
        }
    }
}

/// Source text that writes several values as near one original makes variants of it, as tests do, and so does one
/// that writes the original too: a slip is a single one. What runs at once may name both and mean one.
pub fn spare_variants(context: &Context<'_>, judged: &mut [(Mention, Vec<Judgement>)]) {
    let is_one = |mention: &Mention, judgement: &Judgement| {
        mention.place == Place::Code
            && matches!(judgement.relation, Relation::Twin | Relation::Recased)
            && judgement.decision > Decision::Warn
    };
    let runs = |mention: &Mention| field::words_of_name(&mention.field).any(|word| RUNNING.contains(&word.to_lowercase().as_str()));
    let original = |judgement: &Judgement| judgement.nearest.first().map(|near| near.id);
    // By the argument that holds the text, and the original.
    let mut variants: BTreeMap<(&str, u32), BTreeSet<&str>> = BTreeMap::new();
    for (mention, judgements) in judged.iter() {
        if let Some(id) = context.ledger.exact(&mention.text).filter(|_| mention.place == Place::Code && !runs(mention)) {
            variants.entry((&mention.slot, id)).or_default().insert(&mention.text);
        }
        for judgement in judgements.iter().filter(|judgement| is_one(mention, judgement)) {
            let Some(id) = original(judgement) else { continue };
            variants.entry((&mention.slot, id)).or_default().insert(&judgement.written);
        }
    }
    let several = variants.into_iter().filter(|(_, texts)| texts.len() > 1);
    let several: BTreeSet<(String, u32)> = several.map(|((slot, id), _)| (slot.into(), id)).collect();
    for (mention, judgements) in judged {
        for judgement in judgements.iter_mut().filter(|judgement| is_one(mention, judgement)) {
            if original(judgement).is_some_and(|id| several.contains(&(mention.slot.clone(), id))) {
                judgement.relation = Relation::Sibling;
                judgement.decision = context.decision(mention, Relation::Sibling).min(Decision::Warn);
            }
        }
    }
}

/// Whether the value names one of many things, in an argument that takes such names.
fn is_reference(context: &Context<'_>, mention: &Mention, judgement: &Judgement) -> bool {
    let text = judgement.written.as_str();
    mention.place == Place::Whole
        && mention.text == text
        && text.len() >= 4
        && text.contains(|c: char| c.is_ascii_digit() || c == '@')
        && (context.takes_identifiers(mention) || holds_identifiers(context, mention))
        && matches!(mention.role, Role::Identifier | Role::Other)
        && !field::words_of_name(&mention.field).any(|word| REPLACING.contains(&word.to_lowercase().as_str()))
        && value_of(text).is_none_or(|value| value.name == "counter")
}

/// Whether results have a field of the argument's name, and identifiers in it: `mrn`, `lot`.
fn holds_identifiers(context: &Context<'_>, mention: &Mention) -> bool {
    let makes = context.ledger.makes_in(&field::normal(&mention.field));
    !makes.is_empty() && !makes.contains("words")
}

fn doubt(context: &Context<'_>, mention: &Mention, judgement: &Judgement, others: &[&Mention], named: &[&str]) -> Option<Doubt> {
    let ledger = context.ledger;
    let text = judgement.seen.as_deref().unwrap_or(&judgement.written);
    let words = field::normal(&mention.field);
    let written = Written { text, field: &words };
    let typed = ledger.exact(text).is_some_and(|id| ledger.stood_in(id, Source::UserMessage));
    // An identifier of the same object, or of one around it, may be the owner of this one.
    let owners = || others.iter().filter(|other| parent(&mention.slot).starts_with(parent(&other.slot)));
    // A record that holds both outweighs one that names another.
    let is_supported = || owners().any(|owner| record::supports(ledger, text, &owner.text));
    // Two edits prove nothing among numbers that are near anyway, and lists bring neighbours on purpose.
    let is_slip = |found: &record::Contradiction| {
        !is_item(&mention.slot) && (distance(text, &found.says, 1).is_some() || is_no_accident(context, text, &found.says))
    };
    // What sets something brings the new value on purpose.
    let sets = sets(context);
    if !typed && !is_changed(context, &words) {
        for owner in owners() {
            let owner_words = field::normal(&owner.field);
            let found = record::contradiction(ledger, written, Written { text: &owner.text, field: &owner_words });
            if let Some(found) = found.filter(|found| if found.is_by_nearness { !sets && is_slip(found) } else { !is_supported() }) {
                return Some(Doubt::Crossed(found));
            }
        }
    }
    if record::is_field_name(ledger, text) {
        return Some(Doubt::FieldName);
    }
    if let Some(fields) = record::other_fields(ledger, written) {
        return Some(Doubt::Misfield(fields));
    }
    if !context.takes_identifiers(mention) {
        return None;
    }
    // A call that names both, as a transfer does, knows both.
    let is_named = |id: u32| named.contains(&ledger.token_text(id));
    let has_twin = || {
        let told = |twin: &twin::Neighbour| {
            !is_named(twin.id)
                && !is_counted(ledger, text, ledger.token_text(twin.id))
                && !context.is_dense_around(twin.id, text)
                && context.is_no_accident(text, twin)
        };
        twins(context, text, &mention.field).iter().any(told)
    };
    (!typed && shape::body(text).bits >= record::FEWEST_BITS && has_twin() && !is_supported()).then_some(Doubt::Collision)
}

/// Whether two numbers of one field differ in their last two digits alone, as most do that are given out one after
/// another.
fn is_counted(ledger: &Ledger, a: &str, b: &str) -> bool {
    const LAST: usize = 2;
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let shared = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    is_number(a) && is_number(b) && a.len() == b.len() && shared + LAST >= a.len() && record::share_field(ledger, a, b)
}

/// Whether two seen identifiers are nearer each other than chance would have it.
fn is_no_accident(context: &Context<'_>, text: &str, other: &str) -> bool {
    let distance = distance(text, other, MOST_EDITS).unwrap_or(MOST_EDITS);
    let near = context.ledger.exact(other).map(|id| twin::Neighbour { id, relation: Relation::Twin, distance });
    near.is_some_and(|near| context.is_no_accident(text, &near))
}

/// Seen twins of a seen identifier: of its own family, shown by a tool, and not just another spelling.
fn twins(context: &Context<'_>, text: &str, field: &str) -> Vec<twin::Neighbour> {
    // Nearly always there is nothing near, and that is told quickly.
    let ledger = context.ledger;
    if ledger.near(text, MOST_EDITS_OF_TWINS).iter().all(|near| near.distance == 0) {
        return Vec::new();
    }
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let is_twin = |near: &twin::Neighbour| {
        let seen = ledger.token_text(near.id);
        near.distance <= MOST_EDITS_OF_TWINS
            && matches!(near.relation, Relation::Twin | Relation::Confusable | Relation::Recased)
            && ledger.stood_in(near.id, Source::ToolResult)
            && shape::family(seen) == shape::family(text)
            && plain(seen) != plain(text)
    };
    twin::nearest(ledger, text, field, true).into_iter().filter(is_twin).collect()
}

/// Whether the tool's name says that it puts another value in the place of a recorded one, or makes a record.
fn sets(context: &Context<'_>) -> bool {
    let is_one = |word: &str| SETTING.contains(&word) || MAKING.contains(&word);
    context.tool_words.iter().any(|word| is_one(word.as_str()))
}

/// Whether the call sets this field to something new by its very name: `update_reservation_flights`
/// brings flights that the reservation does not have.
fn is_changed(context: &Context<'_>, words: &str) -> bool {
    sets(context) && context.tool_words.iter().any(|word| field::compatible(&field::normal(word), words))
}

/// Whether a pointer ends in a position of a list.
fn is_item(pointer: &str) -> bool {
    pointer.rsplit('/').next().is_some_and(|segment| !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit()))
}

fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn apply(context: &Context<'_>, mention: &Mention, judgement: &mut Judgement, doubt: Doubt) {
    let relation = match &doubt {
        Doubt::Crossed(_) => Relation::Crossed,
        Doubt::Misfield(_) | Doubt::FieldName | Doubt::Elsewhere { .. } => Relation::Misfield,
        Doubt::Collision => Relation::Collision,
    };
    let ledger = context.ledger;
    judgement.nearest = match &doubt {
        Doubt::Crossed(contradiction) => {
            let distance = distance(&judgement.written, &contradiction.says, 24).unwrap_or(24);
            ledger.exact(&contradiction.says).map(|id| twin::Neighbour { id, relation, distance }).into_iter().collect()
        }
        Doubt::Misfield(_) | Doubt::FieldName | Doubt::Elsewhere { .. } => Vec::new(),
        Doubt::Collision => twins(context, judgement.seen.as_deref().unwrap_or(&judgement.written), &mention.field),
    };
    // An argument that takes identifiers by what results hold, not by its own name, may take others too.
    // And a tool that sets something may be meant to set just this.
    let is_meant = matches!(doubt, Doubt::Crossed(_)) && sets(context);
    let cap = if mention.role == Role::Identifier && !is_meant { Decision::Block } else { Decision::Warn };
    judgement.decision = context.decision(mention, relation).min(cap);
    judgement.relation = relation;
    judgement.counts = true;
    judgement.doubt = Some(doubt);
}
