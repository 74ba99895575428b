//! Blanks in a text before the ledger reads it: secrets, which are never kept, and echoes, which are
//! no evidence. NUL stands in for every byte, so nothing joins across and the rest keeps its place.

use crate::{
    credential::{is_credential, is_secret_field, may_hold_credential},
    leaf::{Form, Leaf},
    ledger::Ledger,
    token::{self, Grain, Sink, is_boundary},
};
use aho_corasick::AhoCorasick;
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

/// The text without what the call that it answers wrote itself.
#[must_use]
pub fn without_echoes(text: &str, echoes: &AhoCorasick) -> String {
    // Only whole identifiers: a query's `web7` says nothing about the `web7-x2k9p` or `eu.web7` it found.
    let is_joiner = |c: char| matches!(c, '-' | '_' | '.');
    let is_whole = |range: &Range<usize>| {
        let before = text.get(..range.start).unwrap_or_default().trim_end_matches(is_joiner);
        let after = text.get(range.end..).unwrap_or_default().trim_start_matches(is_joiner);
        let is_joined = before.len() < range.start && before.ends_with(char::is_alphanumeric)
            || range.end + after.len() < text.len() && after.starts_with(char::is_alphanumeric);
        !is_joined && is_boundary(text, range.start) && is_boundary(text, range.end)
    };
    let ranges: Vec<Range<usize>> = echoes.find_iter(text).map(|found| found.range()).filter(is_whole).collect();
    blanked(text, &ranges)
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
