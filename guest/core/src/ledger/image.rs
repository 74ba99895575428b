//! A ledger as plain lists, for a snapshot.
//!
//! The hash tables, the chains that stand on them and the columns are not in it: they are built again in a
//! fraction of the time that reading the texts takes. Everything in it is looked up with bounds, so a
//! hostile image can at worst hold wrong facts, as a hostile text could.

use super::fields::{Field, Fields};
use super::sorted::Sorted;
use super::{Entry, Ledger, NONE, Provenance, Token, Word, offset};
use crate::model::Source;
use alloc::{string::String, vec::Vec};
use core::cell::RefCell;
use serde::{Deserialize, Serialize};

/// Everything a ledger holds that is not worked out from the rest.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Image {
    text: String,
    pointers: String,
    /// Source, tool, call id, turn.
    provenance: Vec<(String, Option<String>, Option<String>, u32)>,
    entries: Vec<Entry>,
    tokens: Vec<Token>,
    words: Vec<Word>,
    places: Vec<(u32, u32)>,
    grouped: Vec<u32>,
    sorted: Sorted,
    /// And how many leaves they were read from.
    fields: (Vec<Field>, usize),
    full: bool,
}

impl Ledger {
    /// The ledger as plain lists.
    #[must_use]
    pub fn image(&self) -> Image {
        // So that who restores it need not.
        self.sort();
        let told = |p: &Provenance| (String::from(p.source.name()), p.tool.clone(), p.call_id.clone(), p.turn);
        Image {
            text: self.text.clone(),
            pointers: self.pointers.clone(),
            provenance: self.provenance.iter().map(told).collect(),
            entries: self.entries.clone(),
            tokens: self.tokens.clone(),
            words: self.words.clone(),
            places: self.places.clone(),
            grouped: self.grouped.clone(),
            sorted: self.sorted.borrow().clone(),
            fields: self.fields.entries(),
            full: self.full,
        }
    }

    /// The ledger of an image; `None` when it names a source that there is not. `limit` and `seed` as for
    /// [`Ledger::new`].
    #[must_use]
    pub fn from_image(image: Image, limit: usize, seed: u64) -> Option<Self> {
        let mut ledger = Self::new(limit, seed);
        let told = |(source, tool, call_id, turn): (String, Option<String>, Option<String>, u32)| {
            Some(Provenance { source: Source::from_name(&source)?, tool, call_id, turn })
        };
        ledger.provenance = image.provenance.into_iter().map(told).collect::<Option<_>>()?;
        ledger.text = image.text;
        ledger.pointers = image.pointers;
        ledger.entries = image.entries;
        ledger.words = image.words;
        ledger.places = image.places;
        ledger.grouped = image.grouped;
        ledger.sorted = RefCell::new(image.sorted);
        let (fields, read) = image.fields;
        ledger.fields = Fields::restored(fields, read);
        ledger.full = image.full;
        for number in 0..ledger.entries.len() {
            let end = ledger.entries.get(number + 1).map_or(ledger.text.len(), |next| (next.start as usize).min(ledger.text.len()));
            ledger.cover(number, end);
        }
        ledger.find_words();
        ledger.tokens = image.tokens;
        ledger.find_tokens();
        Some(ledger)
    }

    fn find_words(&mut self) {
        let (words, text, hasher) = (&self.words, &self.text, &self.hasher);
        let hash = |&id: &u32| super::hash_of(hasher, words.get(id as usize).map_or("", |w| super::part(text, w.start, w.length)));
        self.word_table.reserve(words.len(), hash);
        for id in 0..offset(words.len()) {
            self.word_table.insert_unique(hash(&id), id, hash);
        }
    }

    fn find_tokens(&mut self) {
        let Self { tokens, text, hasher, exact, buckets, columns, .. } = self;
        // The tables have their room, so nothing is hashed twice.
        exact.reserve(tokens.len(), |_| 0);
        buckets.reserve(tokens.len(), |_| 0);
        for id in 0..offset(tokens.len()) {
            let Some(&Token { start, length, look, .. }) = tokens.get(id as usize) else { continue };
            let token = super::part(text, start, length);
            exact.insert_unique(super::hash_of(hasher, token), id, |_| 0);
            columns.insert(id, token);
            let is_alike = |&id: &u32| tokens.get(id as usize).is_some_and(|other| other.look == look);
            let first = buckets.find(look, is_alike).copied();
            // Second in its chain, as when it came.
            let next = match first.and_then(|first| tokens.get_mut(first as usize)) {
                Some(first) => core::mem::replace(&mut first.next, id),
                None => {
                    buckets.insert_unique(look, id, |_| 0);
                    NONE
                }
            };
            if let Some(token) = tokens.get_mut(id as usize) {
                token.next = next;
            }
        }
    }
}
