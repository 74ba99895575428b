//! Blanks in a text before the ledger reads it: secrets, which are never kept, and echoes, which are
//! no evidence. NUL stands in for every byte, so nothing joins across and the rest keeps its place.

use crate::{
    credential::{is_credential, is_secret_field, may_hold_credential},
    leaf::{Form, Leaf},
    ledger::Ledger,
    token::{self, Grain, Sink, is_boundary},
};
use alloc::{borrow::Cow, collections::BTreeSet, string::String, vec::Vec};
use core::ops::Range;

/// The leaf with its secrets blanked; their hashes go to `secrets`.
#[must_use]
pub fn without_secrets<'t>(leaf: &Leaf<'t>, ledger: &Ledger, secrets: &mut BTreeSet<u64>) -> Cow<'t, str> {
    if leaf.form != Form::Key && is_secret_field(leaf.field()) {
        secrets.insert(ledger.digest(leaf.text));
        return Cow::Borrowed("");
    }
    if !may_hold_credential(leaf.text) {
        return Cow::Borrowed(leaf.text);
    }
    let mut found = Secrets { text: leaf.text, ranges: Vec::new() };
    token::scan(leaf.text, &mut found);
    if found.ranges.is_empty() {
        return Cow::Borrowed(leaf.text);
    }
    for range in &found.ranges {
        secrets.insert(ledger.digest(leaf.text.get(range.clone()).unwrap_or_default()));
    }
    Cow::Owned(blanked(leaf.text, &found.ranges))
}

struct Secrets<'t> {
    text: &'t str,
    ranges: Vec<Range<usize>>,
}

impl Sink for Secrets<'_> {
    fn word(&mut self, _: Range<usize>) {}
    fn token(&mut self, range: Range<usize>, _: Grain) {
        if self.text.get(range.clone()).is_some_and(is_credential) {
            self.ranges.push(range);
        }
    }
}

/// What a call wrote without having seen it, to be found in its result.
pub struct Echoes {
    /// In order, each once.
    texts: Vec<String>,
    /// Of each, which is the longest other one that it begins with.
    shorter: Vec<Option<usize>>,
    /// Whether one of them begins with this byte.
    begins: [bool; 256],
}

impl Echoes {
    /// Texts to look for; none when there are none.
    #[must_use]
    pub fn of(mut texts: Vec<String>) -> Option<Self> {
        texts.sort_unstable();
        texts.dedup();
        let mut begins = [false; 256];
        for first in texts.iter().filter_map(|text| text.bytes().next()) {
            if let Some(begins) = begins.get_mut(usize::from(first)) {
                *begins = true;
            }
        }
        let mut shorter: Vec<Option<usize>> = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            // In order, what a text begins with is the one before it, or what that begins with.
            let mut candidate = at.checked_sub(1);
            while let Some(before) = candidate.filter(|&before| !texts.get(before).is_some_and(|before| text.starts_with(before.as_str())))
            {
                candidate = shorter.get(before).copied().flatten();
            }
            shorter.push(candidate);
        }
        begins.contains(&true).then_some(Self { texts, shorter, begins })
    }

    /// The length of the longest of the texts that `rest` begins with.
    fn longest(&self, rest: &str) -> Option<usize> {
        // Whichever `rest` begins with, the last one that is not behind it begins with that, too.
        let mut candidate = self.texts.partition_point(|text| text.as_str() <= rest).checked_sub(1);
        let nearest = candidate.and_then(|at| self.texts.get(at))?;
        let shared = nearest.bytes().zip(rest.bytes()).take_while(|(a, b)| a == b).count();
        loop {
            let text = self.texts.get(candidate?)?;
            if text.len() <= shared {
                return (!text.is_empty()).then_some(text.len());
            }
            candidate = self.shorter.get(candidate?).copied().flatten();
        }
    }

    /// Where they stand in a text: from the left, the longest of those that begin at one place, none inside another.
    #[must_use]
    pub fn occurrences(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate() {
            if at < from || !self.begins.get(usize::from(byte)).is_some_and(|&begins| begins) {
                continue;
            }
            if let Some(length) = text.get(at..).and_then(|rest| self.longest(rest)) {
                from = at + length;
                found.push(at..from);
            }
        }
        found
    }
}

/// The text without what the call that it answers wrote itself.
#[must_use]
pub fn without_echoes<'t>(text: Cow<'t, str>, echoes: &Echoes) -> Cow<'t, str> {
    // Only whole identifiers: a query's `web7` says nothing about the `web7-x2k9p` or `eu.web7` it found, nor the
    // `.log` of a glob about `web7.log`.
    let is_joiner = |c: char| matches!(c, '-' | '_' | '.');
    let is_whole = |range: &Range<usize>| {
        let echo = text.get(range.clone()).unwrap_or_default();
        let start = range.end - echo.trim_start_matches(is_joiner).len();
        let end = range.start + echo.trim_end_matches(is_joiner).len();
        let before = text.get(..start).unwrap_or_default().trim_end_matches(is_joiner);
        let after = text.get(end..).unwrap_or_default().trim_start_matches(is_joiner);
        let is_joined = before.len() < start && before.ends_with(char::is_alphanumeric)
            || end + after.len() < text.len() && after.starts_with(char::is_alphanumeric);
        !is_joined && is_boundary(&text, range.start) && is_boundary(&text, range.end)
    };
    let ranges: Vec<Range<usize>> = echoes.occurrences(&text).into_iter().filter(is_whole).collect();
    if ranges.is_empty() { text } else { Cow::Owned(blanked(&text, &ranges)) }
}

/// The text with NUL in place of every byte in the ranges: nothing joins across it, and the places
/// of the rest stay.
fn blanked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut blank = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        if range.start < from {
            continue;
        }
        blank.push_str(text.get(from..range.start).unwrap_or_default());
        blank.extend(core::iter::repeat_n('\0', range.len()));
        from = range.end;
    }
    blank.push_str(text.get(from..).unwrap_or_default());
    blank
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_identifiers_are_echoes() {
        let echoes = Echoes::of([".log", "web7", "né1"].map(String::from).into()).unwrap();
        let without = |text| without_echoes(Cow::Borrowed(text), &echoes);
        assert_eq!(without("no web7, né1!"), "no \0\0\0\0, \0\0\0\0!");
        assert_eq!(without("web7-x2k9p eu.web7 xweb7"), "web7-x2k9p eu.web7 xweb7");
        assert_eq!(without("web8.log, .log"), "web8.log, \0\0\0\0");
    }
}
