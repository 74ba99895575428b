//! The tokens in the order of their text, for finding what begins alike.

use super::{Ledger, offset};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Newer tokens are merged into the sorted ones when they are more than this share of them.
const RECENT_SHARE: usize = 8;

/// Token numbers in the order of their text: most of them, and those that came since. Few results in, a
/// large ledger need not be merged anew.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sorted {
    old: Vec<u32>,
    recent: Vec<u32>,
}

impl Ledger {
    /// Tokens that begin with `prefix` and go on, at most `most`.
    #[must_use]
    pub fn longer(&self, prefix: &str, most: usize) -> Vec<u32> {
        self.sort();
        // Nobody else can hold it: it is borrowed only here and in `sort`, and nothing below calls back.
        let Ok(sorted) = self.sorted.try_borrow() else { return Vec::new() };
        let within = |sorted: &'_ [u32]| -> Vec<u32> {
            let from = sorted.partition_point(|&id| self.token_text(id) <= prefix);
            let tail = sorted.get(from..).unwrap_or_default();
            tail.iter().copied().take_while(|&id| self.token_text(id).starts_with(prefix)).take(most).collect()
        };
        let mut found = within(&sorted.old);
        found.extend(within(&sorted.recent));
        found.sort_unstable_by(|&a, &b| self.token_text(a).cmp(self.token_text(b)));
        found.truncate(most);
        found
    }

    /// Sorts the tokens that came since the last call.
    pub(super) fn sort(&self) {
        let Ok(mut sorted) = self.sorted.try_borrow_mut() else { return };
        let Sorted { old, recent } = &mut *sorted;
        let done = old.len() + recent.len();
        if done == self.tokens.len() {
            return;
        }
        recent.extend(offset(done)..offset(self.tokens.len()));
        recent.sort_unstable_by(|&a, &b| self.token_text(a).cmp(self.token_text(b)));
        if recent.len() * RECENT_SHARE < old.len() {
            return;
        }
        let mut merged = Vec::with_capacity(self.tokens.len());
        let mut before = old.iter().copied().peekable();
        for &new in recent.iter() {
            while let Some(id) = before.next_if(|&id| self.token_text(id) <= self.token_text(new)) {
                merged.push(id);
            }
            merged.push(new);
        }
        merged.extend(before);
        *old = merged;
        recent.clear();
    }
}
