//! The tokens by family, sorted in when somebody asks: only near misses do.

use super::{Ledger, offset};
use crate::shape;
use alloc::{collections::BTreeMap, string::String, vec::Vec};

/// The families, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Families {
    all: BTreeMap<String, Family>,
    /// How many tokens were sorted in.
    sorted_in: usize,
}

#[derive(Debug, Default)]
struct Family {
    /// In the order of their first appearance.
    members: Vec<u32>,
    /// How many members have each frame, of the first so many.
    frames: BTreeMap<String, usize>,
    framed: usize,
}

impl Ledger {
    /// Members of a family, in the order of their first appearance.
    #[must_use]
    pub fn family(&self, key: &str) -> Vec<u32> {
        self.with_family(key, |family| family.members.clone()).unwrap_or_default()
    }

    /// How many members of a family have this frame.
    #[must_use]
    pub fn framed(&self, key: &str, frame: &str) -> usize {
        let count = self.with_family(key, |family| {
            for &id in family.members.get(family.framed..).unwrap_or_default() {
                *family.frames.entry(shape::frame(self.token_text(id))).or_default() += 1;
            }
            family.framed = family.members.len();
            family.frames.get(frame).copied()
        });
        count.flatten().unwrap_or_default()
    }

    fn with_family<T>(&self, key: &str, ask: impl FnOnce(&mut Family) -> T) -> Option<T> {
        // Nobody else can hold it: it is borrowed only here, and nothing below calls back.
        let mut families = self.families.try_borrow_mut().ok()?;
        for id in families.sorted_in..self.tokens.len() {
            let id = offset(id);
            families.all.entry(shape::family(self.token_text(id))).or_default().members.push(id);
        }
        families.sorted_in = self.tokens.len();
        families.all.get_mut(key).map(ask)
    }
}
