//! Seen identifiers by length, for finding near ones without an index to build.
//!
//! A linear scan that almost always decides on one machine word per entry. Building a real index
//! pays only after hundreds of misses, and a session has few; filling the ledger dominates.

use crate::distance::{self, Pattern};
use alloc::{collections::BTreeMap, vec::Vec};

/// An entry near the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    /// The entry.
    pub id: u32,
    /// Edits between it and the query.
    pub distance: u32,
}

/// Texts known by number, arranged by length in characters.
///
/// ```
/// # use twinguard_core::columns::{Columns, Near};
/// let seen = ["acct_7H9j3", "acct_K2m4p"];
/// let mut columns = Columns::default();
/// for (id, text) in (0..).zip(seen) {
///     columns.insert(id, text);
/// }
/// let near = columns.near("acct_7H9j2", 2, |id| seen[id as usize]);
/// assert_eq!(near, [Near { id: 0, distance: 1 }]);
/// ```
#[derive(Debug, Default)]
pub struct Columns {
    /// A tree, not a list by length: one token of a megabyte must not cost a million columns.
    by_length: BTreeMap<usize, Column>,
}

/// The entries of one length, as two parallel lists so that a scan reads signatures only.
#[derive(Debug, Default)]
struct Column {
    signatures: Vec<u64>,
    ids: Vec<u32>,
}

impl Columns {
    /// Adds an entry. Ids are the caller's, and distinct.
    pub fn insert(&mut self, id: u32, text: &str) {
        let (length, signature) = measure(text);
        let column = self.by_length.entry(length).or_default();
        column.signatures.push(signature);
        column.ids.push(id);
    }

    /// Every entry within `limit` edits of the query, itself included if it is one: nearest
    /// first, then by id. All of them, because a twin is only worth repairing when it is the
    /// only one. `text_of` gives the text an id was inserted with.
    #[must_use]
    pub fn near<'t>(&self, query: &str, limit: u32, text_of: impl Fn(u32) -> &'t str) -> Vec<Near> {
        let (length, signature) = measure(query);
        let reach = limit as usize;
        let lengths = length.saturating_sub(reach)..=length.saturating_add(reach);
        let mut verifier = Verifier::new(query, length, limit);
        let mut found = Vec::new();
        for column in self.by_length.range(lengths).map(|(_, column)| column) {
            column.scan(signature, limit, |id| {
                if let Some(distance) = verifier.distance(text_of(id)) {
                    found.push(Near { id, distance });
                }
            });
        }
        found.sort_unstable_by_key(|near| (near.distance, near.id));
        found
    }
}

impl Column {
    /// Calls `hit` for each entry whose signature allows it to be near.
    fn scan(&self, signature: u64, limit: u32, mut hit: impl FnMut(u32)) {
        // Eight at a time: hits are rare, and one branch for eight entries halves the scan.
        let (eights, rest) = self.signatures.as_chunks::<8>();
        let (ids_of_eights, rest_ids) = self.ids.as_chunks::<8>();
        for (eight, ids) in eights.iter().zip(ids_of_eights) {
            let near = eight.map(|seen| may_be_near(seen, signature, limit));
            if near.iter().fold(false, |any, &near| any | near) {
                near.iter().zip(ids).filter(|(near, _)| **near).for_each(|(_, &id)| hit(id));
            }
        }
        for (&seen, &id) in rest.iter().zip(rest_ids) {
            if may_be_near(seen, signature, limit) {
                hit(id);
            }
        }
    }
}

/// Length in characters, and the signature: for each of 32 groups of characters, how many stand
/// in the text, modulo 4, in Gray code.
///
/// One character more or less then flips exactly one bit, and order does not count.
/// INVARIANT: an edit flips at most two bits, a swap none. Gray code never saturates, so long
/// hexadecimal texts stay apart, which "none, one, or more" would not achieve.
fn measure(text: &str) -> (usize, u64) {
    if text.is_ascii() {
        (text.len(), signature(text.bytes().map(u32::from)))
    } else {
        (text.chars().count(), signature(text.chars().map(u32::from)))
    }
}

fn signature(symbols: impl Iterator<Item = u32>) -> u64 {
    // Two words are 32 two-bit counters; no branch, because symbols are random.
    let (mut ones, mut twos) = (0_u32, 0_u32);
    for symbol in symbols {
        let bit = 1_u32 << (symbol & 31);
        twos ^= ones & bit;
        ones ^= bit;
    }
    u64::from(ones ^ twos) | (u64::from(twos) << 32)
}

/// INVARIANT: never false for texts within `limit` edits of each other.
fn may_be_near(a: u64, b: u64, limit: u32) -> bool {
    (a ^ b).count_ones() <= limit.saturating_mul(2)
}

/// The exact comparison behind the signatures.
struct Verifier<'q> {
    query: &'q str,
    limit: u32,
    /// Only for queries that fit one; made on first use, since most scans find nothing.
    pattern: Option<Pattern>,
    fits: bool,
}

impl<'q> Verifier<'q> {
    fn new(query: &'q str, length: usize, limit: u32) -> Self {
        Self { query, limit, pattern: None, fits: length <= 64 }
    }

    fn distance(&mut self, text: &str) -> Option<u32> {
        // One edit or two are quicker without any table.
        if self.limit <= 2 || !self.fits {
            return distance::distance(self.query, text, self.limit);
        }
        let query = self.query;
        let pattern = self.pattern.get_or_insert_with(|| Pattern::new(query.chars().map(u32::from)));
        if text.is_ascii() {
            pattern.distance(text.bytes().map(u32::from), self.limit)
        } else {
            let symbols: Vec<char> = text.chars().collect();
            pattern.distance(symbols.iter().map(|&symbol| symbol.into()), self.limit)
        }
    }
}
