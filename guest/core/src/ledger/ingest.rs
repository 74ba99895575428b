//! Taking the words and tokens of one leaf into the ledger, in one pass over its text.

use super::{LONGEST_TOKEN, Ledger, NONE, Token, Word, hash_of, look, offset, part};
use crate::token::{self, Grain, Sink};
use core::ops::Range;

/// Takes a leaf that stands at `start` of the arena, with the ranges that are tokens besides those a
/// scan finds. Returns how many tokens it held.
pub(super) fn ingest(ledger: &mut Ledger, leaf: &str, start: usize, source: u8, more: &[Range<usize>]) -> u32 {
    let mut ingest = Ingest { ledger, leaf, start, source, count: 0, whole_done: false, group: None, lead: None, hashed: (0..0, 0) };
    token::scan(leaf, &mut ingest);
    ingest.finish();
    for range in more {
        ingest.insert(range.clone());
    }
    ingest.count
}

struct Ingest<'l, 't> {
    ledger: &'l mut Ledger,
    leaf: &'t str,
    start: usize,
    source: u8,
    count: u32,
    /// The whole leaf was a token already.
    whole_done: bool,
    /// Digits in groups (`4242 4242 4242 4242`), read as one token.
    group: Option<Group>,
    /// The last word, where it is two or three capitals.
    lead: Option<Range<usize>>,
    /// The last word, with its hash: most tokens are just that.
    hashed: (Range<usize>, u64),
}

struct Group {
    range: Range<usize>,
    /// Where it begins with the capitals in front of it: `DE 298 114 037`.
    lead: Option<usize>,
    digits: usize,
    groups: usize,
}

/// Fewer digits in groups are dates, amounts and table cells.
pub(super) const FEWEST_GROUPED_DIGITS: usize = 9;
/// Letters of a country or a register in front of a number.
const LONGEST_LEAD: usize = 3;

impl Ingest<'_, '_> {
    fn finish(&mut self) {
        self.close_group();
        let trimmed = self.leaf.trim();
        if !self.whole_done && !trimmed.is_empty() && trimmed.len() <= LONGEST_TOKEN && !trimmed.contains('\n') {
            let lead = self.leaf.len() - self.leaf.trim_start().len();
            self.insert(lead..lead + trimmed.len());
        }
    }

    fn close_group(&mut self) {
        if let Some(group) = self.group.take()
            && group.groups > 1
            && group.digits >= FEWEST_GROUPED_DIGITS
        {
            let whole = group.lead.map(|lead| lead..group.range.end);
            for range in core::iter::once(group.range).chain(whole) {
                let before = offset(self.ledger.tokens.len());
                self.insert(range);
                if before < offset(self.ledger.tokens.len()) {
                    self.ledger.grouped.push(before);
                }
            }
        }
    }

    fn insert(&mut self, range: Range<usize>) {
        let Some(text) = self.leaf.get(range.clone()) else { return };
        if text.len() > LONGEST_TOKEN {
            return;
        }
        self.count += 1;
        let ledger = &mut *self.ledger;
        let (last, hash) = &self.hashed;
        let hash = if *last == range { *hash } else { ledger.hash(text) };
        let known = ledger
            .exact
            .find(hash, |&id| ledger.tokens.get(id as usize).is_some_and(|t| part(&ledger.text, t.start, t.length) == text))
            .copied();
        if let Some(token) = known.and_then(|id| ledger.tokens.get_mut(id as usize)) {
            token.sources |= self.source;
            return;
        }
        let id = offset(ledger.tokens.len());
        if is_dashed_uuid(text) {
            ledger.grouped.push(id);
        }
        let look = look(ledger.seed, text);
        let is_alike = |&id: &u32| ledger.tokens.get(id as usize).is_some_and(|token| token.look == look);
        let first = ledger.buckets.find(look, is_alike).copied();
        // Second in its chain: the first stays the one the table finds.
        let next =
            first.and_then(|first| ledger.tokens.get_mut(first as usize)).map_or(NONE, |first| core::mem::replace(&mut first.next, id));
        ledger.tokens.push(Token { start: offset(self.start + range.start), length: offset(text.len()), next, sources: self.source, look });
        let (tokens, arena, hasher) = (&ledger.tokens, &ledger.text, &ledger.hasher);
        let token_of = |id: u32| tokens.get(id as usize);
        let rehash = |&id: &u32| hash_of(hasher, token_of(id).map_or("", |t| part(arena, t.start, t.length)));
        ledger.exact.insert_unique(hash, id, rehash);
        if first.is_none() {
            ledger.buckets.insert_unique(look, id, |&id| token_of(id).map_or(0, |token| token.look));
        }
        ledger.columns.insert(id, text);
    }
}

/// A UUID in five groups, whose compact form is as common.
fn is_dashed_uuid(text: &str) -> bool {
    text.len() == 36 && [8, 13, 18, 23].iter().all(|&at| text.as_bytes().get(at) == Some(&b'-'))
}

impl Sink for Ingest<'_, '_> {
    fn word(&mut self, range: Range<usize>) {
        let Some(text) = self.leaf.get(range.clone()) else { return };
        if text.len() > LONGEST_TOKEN {
            return;
        }
        let at = offset(self.start + range.start);
        let ledger = &mut *self.ledger;
        let hash = ledger.hash(text);
        self.hashed = (range.clone(), hash);
        let place = offset(ledger.places.len());
        let known = ledger
            .word_table
            .find(hash, |&id| ledger.words.get(id as usize).is_some_and(|w| part(&ledger.text, w.start, w.length) == text))
            .copied();
        if let Some(word) = known.and_then(|id| ledger.words.get_mut(id as usize)) {
            ledger.places.push((at, word.last));
            word.last = place;
            word.count += 1;
        } else {
            let id = offset(ledger.words.len());
            ledger.words.push(Word { start: at, length: offset(text.len()), last: place, count: 1 });
            ledger.places.push((at, NONE));
            let (words, arena, hasher) = (&ledger.words, &ledger.text, &ledger.hasher);
            ledger
                .word_table
                .insert_unique(hash, id, |&id| hash_of(hasher, words.get(id as usize).map_or("", |w| part(arena, w.start, w.length))));
        }
        self.grouped(text, range);
    }

    fn token(&mut self, range: Range<usize>, grain: Grain) {
        if grain == Grain::Chunk && range.len() == self.leaf.len() {
            self.whole_done = true;
        }
        self.insert(range);
    }
}

impl Ingest<'_, '_> {
    /// Joins words of digits that one space, dash or dot keeps apart: cards, phones, IBANs.
    fn grouped(&mut self, text: &str, range: Range<usize>) {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        // An IBAN begins with a country and two digits, and may have letters further on.
        let is_group =
            digits == text.len() || (digits > 0 && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
        if !is_group {
            self.close_group();
            let is_lead = (2..=LONGEST_LEAD).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
            self.lead = is_lead.then_some(range);
            return;
        }
        let leaf = self.leaf;
        let joins = |end: usize| matches!(leaf.get(end..range.start), Some(" " | "-" | "." | ") "));
        match &mut self.group {
            Some(group) if joins(group.range.end) => {
                group.range.end = range.end;
                group.digits += digits;
                group.groups += 1;
            }
            _ => {
                self.close_group();
                // `(415) 555-0132` and `+49 30 …` begin with their sign.
                let before = leaf.get(..range.start).unwrap_or_default();
                let sign =
                    before.ends_with('+') || before.ends_with('(') && leaf.get(range.end..).is_some_and(|after| after.starts_with(')'));
                let start = range.start - usize::from(sign);
                let lead = self.lead.take().filter(|lead| leaf.get(lead.end..start) == Some(" ")).map(|lead| lead.start);
                self.group = Some(Group { range: start..range.end, lead, digits, groups: 1 });
            }
        }
    }
}
