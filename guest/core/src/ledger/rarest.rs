//! The rarest word of a text: a literal text is looked for where that word stands.

use super::{Ledger, Word};
use crate::token::{self, Grain, Sink};
use core::ops::Range;

/// The rarest word of a text and its offset in it; `None` when one of its words was never seen, and
/// so neither was the text.
pub(super) fn rarest(ledger: &Ledger, text: &str) -> Option<(usize, Word)> {
    let mut rarest = Rarest { ledger, text, best: None, unknown: false };
    token::scan(text, &mut rarest);
    rarest.best.filter(|_| !rarest.unknown)
}

struct Rarest<'l, 't> {
    ledger: &'l Ledger,
    text: &'t str,
    /// Offset of the word in the text, and the word.
    best: Option<(usize, Word)>,
    /// A word of the text was never seen, so neither was the text.
    unknown: bool,
}

impl Sink for Rarest<'_, '_> {
    fn word(&mut self, range: Range<usize>) {
        let Some(text) = self.text.get(range.clone()) else { return };
        let ledger = self.ledger;
        let found = ledger
            .word_table
            .find(ledger.hash(text), |&id| ledger.words.get(id as usize).is_some_and(|w| ledger.slice(w.start, w.length) == text));
        match found.and_then(|&id| ledger.words.get(id as usize)) {
            None => self.unknown = true,
            Some(&word) if self.best.is_none_or(|(_, best)| word.count < best.count) => self.best = Some((range.start, word)),
            Some(_) => {}
        }
    }

    fn token(&mut self, _: Range<usize>, _: Grain) {}
}
