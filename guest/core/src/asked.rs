//! What calls had written when their results came. A result repeats what it was asked for, whether
//! or not its own records say so: who must know where an identifier comes from does not count that.

use crate::token::is_boundary;
use alloc::{collections::BTreeMap, string::String, vec::Vec};

/// Bytes kept. What is beyond it leaves the session incomplete.
const MOST: usize = 32 << 20;

/// The texts of answered calls, by the turn of their result.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    by_turn: BTreeMap<u32, Vec<String>>,
    bytes: usize,
}

impl Asked {
    /// Notes what the call had written whose result is observed in this turn. False when there is no
    /// room left.
    #[must_use]
    pub fn note(&mut self, turn: u32, texts: Vec<String>) -> bool {
        // Searches take any letter case and answer in the right one.
        let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        let bytes: usize = texts.iter().map(String::len).sum();
        let fits = self.bytes + bytes <= MOST;
        if fits && !texts.is_empty() {
            self.bytes += bytes;
            self.by_turn.insert(turn, texts);
        }
        fits
    }

    /// Whether the call whose result was observed in this turn had written this text, by itself or
    /// in a longer one.
    #[must_use]
    pub fn holds(&self, turn: u32, text: &str) -> bool {
        let text = text.to_lowercase();
        let is_whole = |written: &str, at: usize| is_boundary(written, at) && is_boundary(written, at + text.len());
        let is_in = |written: &String| written.match_indices(&text).any(|(at, _)| is_whole(written, at));
        self.by_turn.get(&turn).is_some_and(|written| written.iter().any(is_in))
    }

    /// Everything, in order, for a snapshot.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &[String])> {
        self.by_turn.iter().map(|(&turn, texts)| (turn, texts.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_told_from_what_its_call_had_written() {
        let mut asked = Asked::default();
        assert!(asked.note(3, Vec::from(["users/ACCT_zw4kq/orders".into(), "acct_7H9j35".into()])));
        assert!(asked.holds(3, "acct_Zw4Kq") && asked.holds(3, "acct_7H9j35"));
        assert!(!asked.holds(3, "acct_7H9j3"), "a piece of a longer one");
        assert!(!asked.holds(4, "acct_Zw4Kq"));
        assert!(!asked.note(5, Vec::from(["x".repeat(MOST)])), "bounded");
    }
}
