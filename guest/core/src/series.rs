//! Identifiers that nobody showed and that are right all the same, because they continue what was
//! shown: the next number of a series, and a number that a person gave in short.

use crate::{ledger::Ledger, model::Source, shape};

/// How far beyond the last member of a series the next ones lie.
const NEXT: u64 = 3;
/// Shorter tails stand in every second message; three characters do where one is a letter at
/// the start of a part, or where nothing but a number differs.
const SHORTEST_TAIL: usize = 4;

/// Whether `written` goes on a series of which `seen` is a member: its number lies just beyond all of
/// them. Who makes the next record writes such a number; a slip seldom lands there, since every other
/// digit it could spoil leads back among the members or far away.
#[must_use]
pub fn is_next(ledger: &Ledger, written: &str, seen: &str) -> bool {
    let value = |digits: &str| digits.parse::<u64>().ok();
    let Some(number) = shape::numbers_apart(written, seen).and_then(|(number, _)| value(number)) else { return false };
    let members = [shape::family(seen), shape::family(written)];
    let mut last = None;
    for id in members.iter().flat_map(|family| ledger.family(family)) {
        let Some(other) = shape::numbers_apart(written, ledger.token_text(id)).and_then(|(_, other)| value(other)) else { continue };
        last = last.max(Some(other));
    }
    last.is_some_and(|last| number > last && number - last <= NEXT)
}

/// Whether `written` is one more step from `previous`, which the same argument held before: page after
/// page, ticket after ticket.
#[must_use]
pub fn is_step(written: &str, previous: &str) -> bool {
    const STEPS: u64 = 3;
    let value = |digits: &str| digits.parse::<u64>().ok();
    let apart = shape::numbers_apart(written, previous).and_then(|(a, b)| Some((value(a)?, value(b)?)));
    apart.is_some_and(|(a, b)| a != b && a.abs_diff(b) <= STEPS)
}

/// Whether a person gave the part of `written` that differs from `seen`: "lots L2506A01, A02 and A03",
/// "claims 84839 and 84841", "claim 411" for `CLM-2026-00411`. The rest is as in `seen`.
#[must_use]
pub fn is_completed(ledger: &Ledger, written: &str, seen: &str) -> bool {
    let is_series = shape::numbers_apart(written, seen).is_some();
    let parted = written.char_indices().skip(1).filter_map(|(at, _)| Some((written.get(..at)?, written.get(at..)?)));
    // The end of a number, without zeros that fill it up: one as long as in `seen`.
    let is_as_long = written.len() == seen.len();
    let tails = parted.filter_map(|(head, tail)| {
        let bare = tail.trim_start_matches('0');
        let is_end =
            bare.len() < tail.len() || head.ends_with(|c: char| c.is_ascii_digit()) && tail.starts_with(|c: char| c.is_ascii_digit());
        (is_as_long || !is_end).then_some((head, bare))
    });
    tails
        .filter(|(head, tail)| {
            tail.len() + usize::from(is_series || tail.starts_with(char::is_alphabetic)) >= SHORTEST_TAIL
                && seen.starts_with(head)
                && !seen.ends_with(tail)
        })
        .filter(|(_, tail)| tail.bytes().any(|b| b.is_ascii_digit()) && tail.starts_with(char::is_alphanumeric))
        .any(|(_, tail)| ledger.standings(tail).iter().any(|place| place.provenance.source == Source::UserMessage))
}
