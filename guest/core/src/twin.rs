//! The nearest observed neighbours of an identifier that nobody observed, and what sort of slip
//! leads from them to it.

use crate::{
    confusable,
    distance::distance,
    kind::kind_of,
    ledger::Ledger,
    model::Relation,
    model::Source,
    seen::{FULL_HASHES, SHORT_HASH, number_behind_sign},
    shape,
    value::value_of,
};
use alloc::{string::String, vec::Vec};
use core::cmp::Reverse;

/// Neighbours told of one identifier.
pub const MOST_NEIGHBOURS: usize = 6;
/// A prefix that this many seen identifiers share is a name for all of them, not a cut of one.
const MOST_CUTS: usize = 12;
/// Shorter pieces are too common to be cuts.
const SHORTEST_CUT: usize = 3;
/// Characters of a Salesforce id in its short form.
const SHORT_RECORD: usize = 15;
/// As long as an identifier must be for two edits in it to be a slip.
const SHORTEST_OF_TYPE: usize = 5;
/// A body under another prefix says nothing below this many characters: one to three digits agree by
/// chance, measured on real runs.
const SHORTEST_BODY: usize = 4;
/// Digits of a number that a person typed without its letters, so that others near it are slips.
const FEWEST_TYPED: usize = 6;
/// Integers beyond 2^53 do not survive a 64-bit float; 9007199254740993 has 16 digits.
const SHORTEST_ROUNDED: usize = 16;
/// A float keeps at least the first 15 digits of an integer.
const KEPT_BY_FLOAT: usize = 13;
/// Edits beyond the limit that a distance is still worth counting to, for the message.
const FARTHEST: u32 = 24;

/// A seen identifier near the written one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its number in the ledger.
    pub id: u32,
    /// The slip that leads from it to the written one.
    pub relation: Relation,
    /// Edits between the two.
    pub distance: u32,
}

/// How many edits are a slip: in a short identifier every second one would be another identifier.
#[must_use]
pub const fn edit_limit(length: usize) -> u32 {
    match length {
        0..=5 => 1,
        6..=19 => 2,
        _ => 3,
    }
}

/// The seen identifiers that a slip could have turned into `written`, likeliest first.
///
/// `field` is the argument's name: of two equally near neighbours the one that stood in a field of
/// that name is the likelier original. `is_strict` is for arguments that take nothing but
/// identifiers: there a neighbour may look like a number, and a cut may be one of many.
#[must_use]
pub fn nearest(ledger: &Ledger, written: &str, field: &str, is_strict: bool) -> Vec<Neighbour> {
    let length = written.chars().count();
    let mut found: Vec<Neighbour> = Vec::new();
    let mut add = |id: u32, relation: Relation, distance: u32| {
        if !found.iter().any(|neighbour| neighbour.id == id) {
            found.push(Neighbour { id, relation, distance });
        }
    };
    let away = |id: u32| distance(written, ledger.token_text(id), FARTHEST).unwrap_or(FARTHEST);
    for id in ledger.alike(written) {
        let seen = ledger.token_text(id);
        if seen == written {
            continue;
        }
        if confusable::looks_like(written, seen) {
            add(id, Relation::Confusable, away(id));
        } else if seen.to_lowercase() == written.to_lowercase() {
            add(id, Relation::Recased, away(id));
        }
    }
    // `#W9687908` for a `w9687908` that a person typed: the tool's sign is in nobody's look.
    if let Some(bare) = written.strip_prefix('#') {
        for id in ledger.alike(bare) {
            if ledger.token_text(id).to_lowercase() == bare.to_lowercase() {
                add(id, Relation::Recased, away(id));
            }
        }
    }
    // The same for a number of which a person left out the letters.
    if let Some(number) = number_behind_sign(written, FEWEST_TYPED) {
        for near in ledger.near(number, edit_limit(number.len())) {
            let seen = ledger.token_text(near.id);
            if near.distance > 0 && ledger.stood_in(near.id, Source::UserMessage) && seen.bytes().all(|b| b.is_ascii_digit()) {
                add(near.id, Relation::Twin, near.distance);
            }
        }
    }
    for id in rounded(ledger, written) {
        add(id, Relation::Rounded, away(id));
    }
    for id in cuts(ledger, written, is_strict) {
        // The last character lost is one edit, and that is the plainer account of it.
        let relation = if away(id) == 1 { Relation::Twin } else { Relation::Truncated };
        add(id, relation, away(id));
    }
    for (id, distance) in abbreviations(ledger, written) {
        add(id, Relation::Twin, distance);
    }
    for id in other_prefix(ledger, written) {
        add(id, Relation::Reprefixed, away(id));
    }
    for near in ledger.near(written, edit_limit(if is_strict { length + 2 } else { length })) {
        // The longer of the two counts: two characters lost from six are two slips in six.
        let seen = ledger.token_text(near.id);
        let longer = length.max(seen.chars().count());
        // Where only seen values are written, two edits in five are a slip too, if they leave the type alone.
        let is_of_type = is_strict && longer == SHORTEST_OF_TYPE && shape::type_prefix(written) == shape::type_prefix(seen);
        let limit = edit_limit(if is_strict { longer } else { length }) + u32::from(is_of_type);
        if near.distance > 0 && near.distance <= limit {
            add(near.id, Relation::Twin, near.distance);
        }
    }
    found.retain(|neighbour| is_comparable(written, neighbour, ledger.token_text(neighbour.id), is_strict));
    let family = shape::family(written);
    found.sort_by_cached_key(|neighbour| {
        let seen = ledger.token_text(neighbour.id);
        let stood_in_field =
            ledger.sightings(seen).iter().any(|s| !field.is_empty() && s.pointer.rsplit('/').any(|segment| segment == field));
        (
            rank(neighbour),
            neighbour.distance,
            Reverse(shape::family(seen) == family),
            Reverse(stood_in_field),
            outcomes(written, seen),
            Reverse(shared_ends(written, seen)),
            Reverse(ledger.stood_in(neighbour.id, Source::ToolResult)),
            // The model is likelier to be at what it was shown last.
            Reverse(ledger.latest(seen)),
        )
    });
    found.truncate(MOST_NEIGHBOURS);
    found
}

/// How many texts the one-edit slip from `seen` to `written` could have led to: a swap, a loss or a
/// doubling at this place only to this one, a replacement to one of many. The fewer, the likelier that
/// this is what happened.
fn outcomes(written: &str, seen: &str) -> u8 {
    let (a, b): (Vec<char>, Vec<char>) = (written.chars().collect(), seen.chars().collect());
    let is_replaced = a.len() == b.len() && a.iter().zip(&b).filter(|(a, b)| a != b).count() == 1;
    let is_doubled = || a.iter().enumerate().any(|(at, c)| at > 0 && a.get(at - 1) == Some(c));
    let is_inserted = a.len() > b.len() && !is_doubled();
    u8::from(is_replaced || is_inserted)
}

/// Bytes that two texts share at their beginnings and ends.
fn shared_ends(a: &str, b: &str) -> usize {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let end = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    start + end
}

/// Which account of a difference is believed first.
const fn rank(neighbour: &Neighbour) -> u8 {
    match neighbour.relation {
        Relation::Confusable => 0,
        Relation::Recased => 1,
        Relation::Rounded => 2,
        Relation::Reprefixed => 3,
        Relation::Twin if neighbour.distance == 1 => 4,
        Relation::Truncated => 5,
        _ => 6,
    }
}

/// Whether a slip between the two is thinkable at all: a date is no identifier's twin, and an
/// identifier with digits is not a misspelt word.
fn is_comparable(written: &str, neighbour: &Neighbour, seen: &str, is_strict: bool) -> bool {
    let has_digit = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
    let has_space = |text: &str| text.contains(char::is_whitespace);
    seen.chars().count() >= SHORTEST_CUT
        && (is_strict || value_of(seen).is_none())
        && (!has_space(seen) || has_space(written) || has_digit(seen))
        // `1` for `l` is a look-alike, not a counter behind a word.
        && (has_digit(seen) || !has_digit(written) || neighbour.relation == Relation::Confusable)
}

/// Seen identifiers that `written` is the beginning of, or the two ends of (`550e84…0000`).
fn cuts(ledger: &Ledger, written: &str, is_strict: bool) -> Vec<u32> {
    let elided = written.split_once('…').or_else(|| written.split_once("..."));
    let (head, tail) = elided.unwrap_or((written, ""));
    // `0x4c` is a byte, not the beginning of a word of four.
    if head.strip_prefix("0x").unwrap_or(head).chars().count() < SHORTEST_CUT {
        return Vec::new();
    }
    let found = ledger.longer(head, MOST_CUTS);
    // Many identifiers begin alike (`gift_card_…`): then the beginning is a common name.
    if found.len() == MOST_CUTS && !is_strict {
        return Vec::new();
    }
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let goes_on = |seen: &str| {
        let lost = seen.get(head.len()..).unwrap_or_default();
        // A folder of a seen path or the host of a seen URL is a whole thing of its own.
        // So is a type's prefix (`OPS` of `OPS-880`).
        if shape::type_prefix(seen) == Some(written) {
            return false;
        }
        elided.is_some() && seen.ends_with(tail) && seen.len() > head.len() + tail.len()
            || elided.is_none() && lost.starts_with(is_inside) && lost.chars().all(|c| is_inside(c) || matches!(c, '.' | '@' | ':'))
    };
    found.into_iter().filter(|&id| goes_on(ledger.token_text(id))).collect()
}

/// Seen full hashes whose abbreviation `written` is one edit off, and Salesforce ids whose short form it is near.
fn abbreviations(ledger: &Ledger, written: &str) -> Vec<(u32, u32)> {
    /// Digits that must agree, so that the look-up stays a range.
    const AGREEING: usize = 3;
    if written.len() == SHORT_RECORD {
        let head = |id: u32| ledger.token_text(id).get(..SHORT_RECORD).filter(|_| kind_of(ledger.token_text(id)).name == "salesforce");
        let near = |id: u32| distance(written, head(id)?, 2).filter(|&distance| distance > 0).map(|distance| (id, distance));
        let start = written.get(..AGREEING).unwrap_or_default();
        return ledger.longer(start, 64).into_iter().filter_map(near).collect();
    }
    let is_short = SHORT_HASH.contains(&written.len()) && written.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let Some(start) = written.get(..AGREEING).filter(|_| is_short) else { return Vec::new() };
    let near = |id: u32| {
        let seen = ledger.token_text(id);
        let head = seen.get(..written.len()).filter(|_| FULL_HASHES.contains(&seen.len()))?;
        distance(written, head, 1).filter(|&distance| distance > 0).map(|distance| (id, distance))
    };
    ledger.longer(start, 64).into_iter().filter_map(near).collect()
}

/// The last part of an identifier with a prefix: `5634230` of `gift_card_5634230`.
fn body_after_prefix(text: &str) -> Option<(&str, &str)> {
    let at = text.rfind(['_', '-'])?;
    let (prefix, body) = (text.get(..at)?, text.get(at + 1..)?);
    let is_body =
        body.chars().count() >= SHORTEST_BODY && body.bytes().any(|b| b.is_ascii_digit()) && body.chars().all(char::is_alphanumeric);
    let is_prefix = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'));
    (is_body && is_prefix).then_some((prefix, body))
}

/// Seen identifiers with the same body under another type prefix.
fn other_prefix(ledger: &Ledger, written: &str) -> Vec<u32> {
    let Some((prefix, body)) = body_after_prefix(written) else { return Vec::new() };
    let mut found: Vec<u32> = ledger
        .surroundings(body)
        .take(64)
        .filter(|around| body_after_prefix(around).is_some_and(|(other, seen)| seen == body && other != prefix))
        .filter_map(|around| ledger.exact(around))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether `written` is how some program prints this float: all its digits, the shortest ones that
/// tell it with zeros behind, or an exponent. Another last digit is a slip, not a rounding.
fn is_print_of(value: f64, written: &str) -> bool {
    written.contains(['e', 'E']) || alloc::format!("{value}") == written || alloc::format!("{value:.0}") == written
}

/// Seen integers that a 64-bit float turns into the written one.
fn rounded(ledger: &Ledger, written: &str) -> Vec<u32> {
    let is_integer = |text: &str| text.len() >= SHORTEST_ROUNDED && text.bytes().all(|b| b.is_ascii_digit());
    let digits = match written.split_once(['e', 'E']) {
        // `7.256535639334584e+17` is what JavaScript prints of a large number.
        Some((mantissa, exponent)) if exponent.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit()) => {
            mantissa.chars().filter(|&c| c != '.').collect::<String>()
        }
        _ if is_integer(written) => String::from(written),
        _ => return Vec::new(),
    };
    let (Some(start), Ok(value)) = (digits.get(..KEPT_BY_FLOAT), written.parse::<f64>()) else { return Vec::new() };
    ledger
        .longer(start, 64)
        .into_iter()
        .filter(|&id| {
            let seen = ledger.token_text(id);
            // The float, not the text, must be the same.
            let is_same = seen.parse::<f64>().is_ok_and(|float| float.to_bits() == value.to_bits());
            seen != written && is_integer(seen) && is_same && is_print_of(value, written)
        })
        .collect()
}
