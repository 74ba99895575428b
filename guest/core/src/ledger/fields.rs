//! The fields that values stood in: which values each held, and how those are made.

use super::{Ledger, Standing};
use crate::{field, kind, shape};
use alloc::{collections::BTreeSet, string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// Values of one field that tell how it is made.
const MOST_TELLING: usize = 128;

/// A field, under whatever name of this normal form, and its values in tool results.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Field {
    pub words: String,
    /// Numbers of the leaves that hold its values.
    pub values: Vec<u32>,
}

/// How the first values of a field are made, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Makes {
    of: BTreeSet<String>,
    read: usize,
}

impl Ledger {
    /// How the values of fields like this one are made, of the first ones each; none when no result had such a
    /// field. Needs [`Ledger::index`].
    #[must_use]
    pub fn makes_in(&self, words: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        // Nobody else can hold it: it is borrowed only here, and nothing below calls back.
        let Ok(mut makes) = self.makes.try_borrow_mut() else { return found };
        makes.resize_with(self.fields.len(), Makes::default);
        for (field, makes) in self.fields.iter().zip(makes.iter_mut()) {
            if field.values.is_empty() || !field::compatible(&field.words, words) {
                continue;
            }
            let known = field.values.len().min(MOST_TELLING);
            for &number in field.values.get(makes.read..known).unwrap_or_default() {
                let text = self.standing(number as usize).map_or("", |standing| standing.text);
                // `DE89 3704 … SAVINGS` is a line for people, and says nothing of how the value in it is made.
                let is_line = || matches!(kind::kind_of(text).name, "token" | "name" | "path");
                if !text.contains(char::is_whitespace) || !is_line() {
                    makes.of.insert(shape::make(text));
                }
            }
            makes.read = known.max(makes.read);
            found.extend(makes.of.iter().cloned());
        }
        found
    }

    /// The values that fields like this one held in tool results, at most `most`. Needs [`Ledger::index`].
    pub fn values_in<'l>(&'l self, words: &'l str, most: usize) -> impl Iterator<Item = Standing<'l>> {
        let alike = self.fields.iter().filter(move |field| !field.values.is_empty() && field::compatible(&field.words, words));
        alike.flat_map(|field| &field.values).take(most).filter_map(|&number| self.standing(number as usize))
    }
}
