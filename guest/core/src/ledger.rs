//! What this session has observed, with provenance.
//!
//! The texts themselves are kept, end to end in one arena; tokens and words are ranges of it, so a
//! sighting is found again from its place. Three look-ups stand on it: a token by its exact bytes, a
//! token by its look (`bucket`: case, separators and look-alikes folded), and any literal text by
//! the rarest word in it. Order always comes from the arena, never from a hash table.

mod families;
mod fields;
mod image;
mod ingest;
mod rarest;
mod sorted;

use crate::{
    columns::{Columns, Near},
    confusable,
    distance::distance,
    model::{Sighting, Source},
    token::is_boundary,
};
use alloc::{borrow::ToOwned, string::String, sync::Arc, vec::Vec};
use core::{
    cell::RefCell,
    fmt,
    hash::{BuildHasher, Hasher},
    ops::Range,
};
use families::Families;
use fields::Fields;
use fnv::FnvHasher;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
pub use image::Image;
use ingest::{FEWEST_GROUPED_DIGITS, ingest};
use rarest::rarest;
use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Sha3_256};
use sorted::Sorted;

/// Longer tokens are base64, minified code or data: nobody copies them by hand, and no two of them
/// are near by accident.
pub const LONGEST_TOKEN: usize = 2048;
/// Sightings told of one identifier.
const MOST_SIGHTINGS: usize = 8;
/// Appearances of one identifier that are read; one with more is a name for many things.
const MOST_STANDINGS: usize = 24;
/// Places of a word that a look-up of a literal text tries before it gives up: a word this common
/// is no identifier, and the bound keeps hostile texts from costing time.
const MOST_PLACES: usize = 4096;
/// Bytes of the arena for which one leaf is looked up; a few leaves fit.
const BLOCK: usize = 64;
/// Ends a text in the arena; never part of a token.
const END: char = '\0';

/// One observed text as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The kind of source.
    pub source: Source,
    /// The tool whose result it was.
    pub tool: Option<String>,
    /// The call whose result it was.
    pub call_id: Option<String>,
    /// Which event of the session it was.
    pub turn: u32,
}

/// One leaf of an observed text.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    start: u32,
    provenance: u32,
    pointer: Range<u32>,
    is_key: bool,
    /// Index of what its field is called, in normal form, once [`Ledger::index`] has read it.
    field: u32,
}

/// One leaf as it stands in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'l> {
    /// Its place in the order of all leaves.
    pub number: usize,
    /// JSON Pointer in its text; empty for plain text.
    pub pointer: &'l str,
    /// The leaf, without surrounding space.
    pub text: &'l str,
    /// It is the name of an object's member.
    pub is_key: bool,
    /// What its field is called, in normal form. Needs [`Ledger::index`].
    pub field: &'l str,
    /// The text it belongs to.
    pub provenance: &'l Provenance,
}

/// The leaves that a text stands in.
#[derive(Clone, Debug)]
pub struct Standings<'l> {
    ledger: &'l Ledger,
    numbers: Arc<[usize]>,
    /// There are no more than these.
    pub is_all: bool,
}

impl<'l> Standings<'l> {
    /// Whether it stands nowhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = Standing<'l>> {
        let ledger = self.ledger;
        self.numbers.iter().filter_map(move |&number| ledger.standing(number))
    }
}

/// A distinct token. Its number is its place in the order of first appearance.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Token {
    start: u32,
    length: u32,
    /// Next token of the same bucket, or [`NONE`].
    #[serde(skip)]
    next: u32,
    sources: u8,
    /// Hash of its look: tokens with the same one share a bucket. A collision costs nothing, since
    /// who reads a bucket compares its tokens. The same on every target.
    #[serde(with = "postcard::fixint::le")]
    look: u64,
}

/// A distinct word and the chain of its places, latest first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Word {
    start: u32,
    length: u32,
    last: u32,
    count: u32,
}

const NONE: u32 = u32::MAX;

/// The memory of one session.
pub struct Ledger {
    hasher: FixedState,
    seed: u64,
    text: String,
    pointers: String,
    entries: Vec<Entry>,
    /// The leaf that each block of the arena begins in.
    blocks: Vec<u32>,
    provenance: Vec<Provenance>,
    tokens: Vec<Token>,
    exact: HashTable<u32>,
    buckets: HashTable<u32>,
    columns: Columns,
    words: Vec<Word>,
    word_table: HashTable<u32>,
    /// Place in the arena and the index of the same word's previous place.
    places: Vec<(u32, u32)>,
    /// Tokens of several groups (`DE89 3704 …`): their compact form is what a call writes.
    grouped: Vec<u32>,
    /// Token numbers in the order of their text. Only cuts ask for it, so it is brought up to date when one does.
    sorted: RefCell<Sorted>,
    /// Members of each family. Only near misses ask for them, so they are sorted in when one does.
    families: RefCell<Families>,
    fields: Fields,
    limit: usize,
    full: bool,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the texts: they belong to the user.
        f.debug_struct("Ledger").field("tokens", &self.tokens.len()).field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Ledger {
    /// An empty ledger that keeps at most about `limit` bytes. `seed` goes into its hashes.
    #[must_use]
    pub fn new(limit: usize, seed: u64) -> Self {
        Self {
            hasher: FixedState::with_seed(seed),
            seed,
            text: String::new(),
            pointers: String::new(),
            entries: Vec::new(),
            blocks: Vec::new(),
            provenance: Vec::new(),
            tokens: Vec::new(),
            exact: HashTable::new(),
            buckets: HashTable::new(),
            columns: Columns::default(),
            words: Vec::new(),
            word_table: HashTable::new(),
            places: Vec::new(),
            grouped: Vec::new(),
            sorted: RefCell::default(),
            families: RefCell::default(),
            fields: Fields::default(),
            // Ranges are 32 bits wide.
            limit: limit.min(u32::MAX as usize / 2),
            full: false,
        }
    }

    /// Begins a text; the leaves that follow are its.
    pub fn begin(&mut self, provenance: Provenance) {
        self.provenance.push(provenance);
    }

    /// Adds one leaf of the text begun last, with the ranges of it that are tokens besides those a
    /// scan finds. Returns how many tokens it held and how many were new.
    pub fn add(&mut self, pointer: &str, leaf: &str, is_key: bool, more: &[Range<usize>]) -> (u32, u32) {
        let grown = self.bytes() + leaf.len() * 4 + pointer.len();
        if grown > self.limit {
            // INVARIANT: a ledger that could not keep something says so for good. It goes on
            // keeping what fits: less known would be more false alarms.
            self.full = true;
            return (0, 0);
        }
        let start = self.text.len();
        let pointer_start = offset(self.pointers.len());
        self.pointers.push_str(pointer);
        let provenance = offset(self.provenance.len().saturating_sub(1));
        self.entries.push(Entry {
            start: offset(start),
            provenance,
            pointer: pointer_start..offset(self.pointers.len()),
            is_key,
            field: NONE,
        });
        self.text.push_str(leaf);
        self.text.push(END);
        self.cover(self.entries.len() - 1, self.text.len());
        let source = self.provenance.last().map_or(0, |p| 1 << (p.source as u8));
        let before = self.tokens.len();
        let count = ingest(self, leaf, start, source, more);
        (count, offset(self.tokens.len() - before))
    }

    /// A hash under which a text is recognised without being kept. The same on every target, and none from
    /// which a text could be guessed quicker than by trying.
    #[must_use]
    pub fn digest(&self, text: &str) -> u64 {
        let hash = Sha3_256::new().chain_update(self.seed.to_le_bytes()).chain_update(text).finalize();
        hash.first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    /// Whether something did not fit.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// Says that something the model saw is missing.
    pub const fn mark_full(&mut self) {
        self.full = true;
    }

    /// Bytes it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
            + self.pointers.len()
            + self.entries.len() * 16
            + self.blocks.len() * 4
            + self.tokens.len() * 48
            + self.words.len() * 24
            + self.places.len() * 8
    }

    /// Number of distinct tokens.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether nothing was observed yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The token with exactly these bytes.
    #[must_use]
    pub fn exact(&self, text: &str) -> Option<u32> {
        self.exact.find(self.hash(text), |&id| self.token_text(id) == text).copied()
    }

    /// Tokens that look the same when case, separators and look-alikes do not count, the given one
    /// included, in the order of their first appearance.
    #[must_use]
    pub fn alike(&self, text: &str) -> Vec<u32> {
        let look = look(self.seed, text);
        let mut found = Vec::new();
        let is_alike = |&id: &u32| self.tokens.get(id as usize).is_some_and(|token| token.look == look);
        let mut next = self.buckets.find(look, is_alike).copied().unwrap_or(NONE);
        while let Some(token) = self.tokens.get(next as usize) {
            found.push(next);
            next = token.next;
        }
        found.sort_unstable();
        found
    }

    /// Tokens within `limit` edits, nearest first; then those of several groups that are as near
    /// when the spaces and dashes between groups do not count.
    #[must_use]
    pub fn near(&self, text: &str, limit: u32) -> Vec<Near> {
        let mut found = self.columns.near(text, limit, |id| self.token_text(id));
        if text.bytes().filter(u8::is_ascii_digit).count() >= FEWEST_GROUPED_DIGITS {
            let written = compact(text);
            let by_groups = |&id: &u32| distance(&written, &compact(self.token_text(id)), limit).map(|distance| Near { id, distance });
            found.extend(self.grouped.iter().filter_map(by_groups));
            if written != text {
                found.extend(self.columns.near(&written, limit, |id| self.token_text(id)));
            }
        }
        found
    }

    /// Texts of several groups: phones, cards, IBANs as people write them, UUIDs.
    pub fn grouped(&self) -> impl Iterator<Item = &str> {
        self.grouped.iter().map(|&id| self.token_text(id))
    }

    /// The text of a token; empty for a number that is none.
    #[must_use]
    pub fn token_text(&self, id: u32) -> &str {
        self.tokens.get(id as usize).map_or("", |token| self.slice(token.start, token.length))
    }

    /// Whether a token stood in a source of this sort.
    #[must_use]
    pub fn stood_in(&self, id: u32, source: Source) -> bool {
        self.tokens.get(id as usize).is_some_and(|token| token.sources & (1 << (source as u8)) != 0)
    }

    /// Whether this text stands somewhere with no letter or digit touching it.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.places_of(text).next().is_some()
    }

    /// Where a text stood last, as a place that grows with time; nothing where it never did.
    #[must_use]
    pub fn latest(&self, text: &str) -> Option<usize> {
        self.places_of(text).next()
    }

    /// Where a literal text stands, as ranges of its surroundings: the longest run of letters,
    /// digits, `_` and `-` around each place. Latest first.
    pub fn surroundings(&self, text: &str) -> impl Iterator<Item = &str> {
        let length = text.len();
        self.places_of(text).map(move |at| {
            let is_inside = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-');
            let before = self.text.get(..at).unwrap_or_default();
            let left: usize = before.chars().rev().take_while(is_inside).take(LONGEST_TOKEN).map(char::len_utf8).sum();
            let after = self.text.get(at + length..).unwrap_or_default();
            let right: usize = after.chars().take_while(is_inside).take(LONGEST_TOKEN).map(char::len_utf8).sum();
            self.text.get(at - left..at + length + right).unwrap_or_default()
        })
    }

    /// Where a literal text was seen, earliest first, at most eight.
    #[must_use]
    pub fn sightings(&self, text: &str) -> Vec<Sighting> {
        // Earliest first, and compared only until eight are found: a common word has thousands of places.
        let mut places: Vec<usize> = self.candidates_for(text).collect();
        places.reverse();
        let mut found = places.into_iter().filter(|&at| self.stands_at(text, at)).peekable();
        let token = self.exact(text).and_then(|id| self.tokens.get(id as usize)).map(|token| token.start as usize);
        let alone = if found.peek().is_none() { token } else { None };
        let mut sightings: Vec<Sighting> = Vec::new();
        for sighting in found.chain(alone).filter_map(|at| self.sighting(at)) {
            if sightings.last() != Some(&sighting) {
                sightings.push(sighting);
            }
            if sightings.len() == MOST_SIGHTINGS {
                break;
            }
        }
        sightings
    }

    /// Where a literal text was first seen by itself, and where last; one sighting when they are the same.
    #[must_use]
    pub fn first_and_latest(&self, text: &str) -> Vec<Sighting> {
        let token = self.exact(text).and_then(|id| self.tokens.get(id as usize)).map(|token| token.start as usize);
        let (Some(first), Some(latest)) = (token, self.latest(text)) else { return self.sightings(text) };
        let mut sightings: Vec<Sighting> = [first, latest].into_iter().filter_map(|at| self.sighting(at)).collect();
        sightings.dedup();
        sightings
    }

    /// Everything needed to build the same ledger again: each text with its leaves, in order.
    pub fn texts(&self) -> impl Iterator<Item = (&Provenance, Vec<(&str, &str, bool)>)> {
        self.provenance.iter().enumerate().map(|(number, provenance)| {
            let first = self.entries.partition_point(|entry| (entry.provenance as usize) < number);
            let leaves = self.entries.iter().enumerate().skip(first).take_while(|(_, e)| e.provenance as usize == number);
            (provenance, leaves.map(|(number, entry)| (self.pointer(entry), self.leaf(number), entry.is_key)).collect())
        })
    }

    /// The leaves that a literal text stood in last, at most 24. Needs [`Ledger::index`].
    #[must_use]
    pub fn standings(&self, text: &str) -> Standings<'_> {
        let (numbers, is_all) = self.fields.stands(text, || self.numbers_of(text, MOST_STANDINGS));
        Standings { ledger: self, numbers, is_all }
    }

    /// As [`Ledger::standings`], up to 4,096 of them.
    pub fn all_standings(&self, text: &str) -> impl Iterator<Item = Standing<'_>> {
        let (numbers, _) = self.numbers_of(text, MOST_PLACES);
        (0..numbers.len()).filter_map(move |at| self.standing(*numbers.get(at)?))
    }

    /// Numbers of the leaves that a literal text stood in last, in order, and whether there were no more.
    fn numbers_of(&self, text: &str, most: usize) -> (Arc<[usize]>, bool) {
        let mut numbers: Vec<usize> = self.places_of(text).take(most + 1).filter_map(|at| self.number_at(at)).collect();
        let is_all = numbers.len() <= most;
        numbers.truncate(most);
        numbers.sort_unstable();
        numbers.dedup();
        (numbers.into(), is_all)
    }

    /// The other leaves with just this text that stand in the same observed text as a leaf, each at most `reach`
    /// leaves away.
    pub fn same_around<'l>(&'l self, number: usize, reach: usize, text: &'l str) -> impl Iterator<Item = Standing<'l>> {
        let provenance = self.provenance_of(number);
        let is_same = move |other: &usize| self.provenance_of(*other) == provenance;
        let before = (0..number).rev().take_while(is_same).take(reach);
        let behind = (number + 1..self.entries.len()).take_while(is_same).take(reach);
        let may_be = move |other: &usize| self.leaf(*other).len() >= text.len();
        behind.chain(before).filter(may_be).filter_map(|other| self.standing(other)).filter(move |other| other.text == text)
    }

    fn standing(&self, number: usize) -> Option<Standing<'_>> {
        let entry = self.entries.get(number)?;
        Some(Standing {
            number,
            pointer: self.pointer(entry),
            text: self.leaf(number).trim(),
            is_key: entry.is_key,
            field: self.fields.words(entry.field),
            provenance: self.provenance.get(entry.provenance as usize)?,
        })
    }

    fn leaf(&self, number: usize) -> &str {
        let start = self.entries.get(number).map_or(self.text.len(), |entry| entry.start as usize);
        let end = self.entries.get(number + 1).map_or(self.text.len(), |next| next.start as usize);
        let text = self.text.get(start..end).unwrap_or_default();
        text.strip_suffix(END).unwrap_or(text)
    }

    fn number_at(&self, at: usize) -> Option<usize> {
        let first = *self.blocks.get(at / BLOCK)? as usize;
        let later = self.entries.iter().skip(first + 1).take_while(|entry| entry.start as usize <= at).count();
        Some(first + later)
    }

    /// Notes the blocks that begin in a leaf, the last one so far, which ends at `end`.
    fn cover(&mut self, number: usize, end: usize) {
        let blocks = end.div_ceil(BLOCK);
        if blocks > self.blocks.len() {
            self.blocks.resize(blocks, offset(number));
        }
    }

    fn pointer(&self, entry: &Entry) -> &str {
        self.pointers.get(entry.pointer.start as usize..entry.pointer.end as usize).unwrap_or_default()
    }

    fn sighting(&self, at: usize) -> Option<Sighting> {
        let entry = self.entries.get(self.number_at(at)?)?;
        let Provenance { source, tool, call_id, turn } = self.provenance.get(entry.provenance as usize)?.clone();
        Some(Sighting { source, tool, call_id, turn, pointer: self.pointer(entry).to_owned() })
    }

    /// Places of a literal text in the arena, latest first: those of its rarest word, compared.
    fn places_of(&self, text: &str) -> impl Iterator<Item = usize> {
        let text = text.to_owned();
        self.candidates_for(&text).filter(move |&at| self.stands_at(&text, at))
    }

    /// Whether a literal text stands at a place, with no letter or digit touching it.
    fn stands_at(&self, text: &str, at: usize) -> bool {
        let end = at + text.len();
        self.text.get(at..end) == Some(text) && is_boundary(&self.text, at) && is_boundary(&self.text, end)
    }

    /// Where a literal text would stand by the places of its rarest word, latest first.
    fn candidates_for(&self, text: &str) -> impl Iterator<Item = usize> + use<'_> {
        let (shift, word) = rarest(self, text).unwrap_or((0, Word { start: 0, length: 0, last: NONE, count: 0 }));
        let mut next = word.last;
        core::iter::from_fn(move || {
            let &(at, previous) = self.places.get(next as usize)?;
            next = previous;
            Some((at as usize).checked_sub(shift))
        })
        .take(MOST_PLACES)
        .flatten()
    }

    fn slice(&self, start: u32, length: u32) -> &str {
        part(&self.text, start, length)
    }

    fn hash(&self, text: &str) -> u64 {
        hash_of(&self.hasher, text)
    }
}

/// A part of the arena; empty for one that is none.
fn part(arena: &str, start: u32, length: u32) -> &str {
    arena.get(start as usize..(start as usize).saturating_add(length as usize)).unwrap_or_default()
}

/// The hash of the tables. It differs between targets, so no snapshot holds one.
fn hash_of(hasher: &FixedState, text: &str) -> u64 {
    hasher.hash_one(text.as_bytes())
}

/// A text without what groups its digits.
fn compact(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect()
}

/// A position in the arena. The limit keeps it in range.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

/// What tokens share when case, separators and look-alikes do not count, as a hash that is the same on every
/// target: FNV-1a.
fn look(seed: u64, text: &str) -> u64 {
    let mut state = FnvHasher::default();
    state.write_u64(seed);
    confusable::skeleton_hash_input(text, |byte| {
        if !matches!(byte, b'-' | b'_' | b' ' | b'.' | b'+' | b'(' | b')') {
            state.write_u8(byte);
        }
    });
    state.finish()
}
