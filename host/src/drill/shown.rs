//! What a run was shown, read with eyes of its own: what the guard overlooks must count as missed,
//! so nothing here asks the guard.

use super::target::is_worth_it;
use memchr::memmem::Finder;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use twinguard_core::credential::is_credential;
use twinguard_core::distance::distance;
use twinguard_core::kind::kind_of;
use twinguard_core::shape::family;
use twinguard_core::slot::Role;
use twinguard_core::value::value_of;
use twinguard_trace::event::{Event, What};

/// The texts of a conversation and the identifiers in them.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    /// With the number of the event.
    texts: Vec<(usize, &'a str)>,
    calls: Vec<(usize, &'a str)>,
    identifiers: Vec<Seen<'a>>,
    /// Where a text first stands: shown, and called. Looked into, never iterated.
    first: RefCell<HashMap<String, [Option<usize>; 2]>>,
}

/// An identifier that a text showed.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) text: &'a str,
    family: String,
    event: usize,
}

impl<'a> Shown<'a> {
    pub(super) fn new(events: &'a [Event]) -> Self {
        let (mut texts, mut calls) = (Vec::new(), Vec::new());
        for (event, Event { what, .. }) in events.iter().enumerate() {
            match what {
                What::Shown(observation) => texts.push((event, observation.content.as_str())),
                What::Called(call) => calls.push((event, call.arguments.as_str())),
            }
        }
        Self { texts, calls, identifiers: Vec::new(), first: RefCell::default() }
    }

    /// Collects the identifiers. Apart, because most traces of some sorts have nothing to corrupt.
    pub(super) fn read(&mut self) {
        let mut known = HashSet::new();
        for &(event, text) in &self.texts {
            for token in tokens(text) {
                if is_worth_it(token, Role::Other) && !is_credential(token) && known.insert(token) {
                    self.identifiers.push(Seen { text: token, family: family(token), event });
                }
            }
        }
    }

    /// Whether the text stood in anything shown before this event.
    pub(super) fn is_seen(&self, text: &str, before: usize) -> bool {
        self.first(text)[0].is_some_and(|event| event < before)
    }

    /// Whether a call copied it: the run showed it before the model ever wrote it. What the model
    /// wrote first and a result repeats is the model's own name.
    pub(super) fn is_copied(&self, text: &str, call: usize) -> bool {
        let [shown, called] = self.first(text);
        shown.is_some_and(|shown| shown < call && called.is_none_or(|called| shown < called))
    }

    fn first(&self, text: &str) -> [Option<usize>; 2] {
        if let Some(known) = self.first.borrow().get(text) {
            return *known;
        }
        let finder = Finder::new(text);
        let first = |list: &[(usize, &str)]| list.iter().find(|(_, hay)| stands_in(hay, text, &finder)).map(|(event, _)| *event);
        let found = [first(&self.texts), first(&self.calls)];
        self.first.borrow_mut().insert(text.to_owned(), found);
        found
    }

    /// Whether another identifier of its family was seen within one edit: there a near miss may be
    /// a real neighbour.
    pub(super) fn is_dense(&self, text: &str, before: usize) -> bool {
        let own = family(text);
        self.others(text, before).any(|seen| distance(seen.text, text, 1).is_some() && seen.family == own)
    }

    /// Other seen identifiers, near ones or far ones.
    pub(super) fn others_by(&self, text: &str, before: usize, near: bool) -> Vec<&'a str> {
        let own = family(text);
        let is_near = |seen: &&Seen<'a>| seen.family == own || distance(seen.text, text, 2).is_some();
        self.others(text, before).filter(|seen| is_near(seen) == near).map(|seen| seen.text).collect()
    }

    /// The prefixes of the identifiers seen so far.
    pub(super) fn prefixes(&self, before: usize) -> Vec<&'a str> {
        let seen = self.identifiers.iter().take_while(|seen| seen.event < before);
        let mut prefixes: Vec<&str> = seen.filter_map(|seen| super::corrupt::split_prefix(seen.text)).map(|(prefix, _)| prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes
    }

    fn others<'s>(&'s self, text: &'s str, before: usize) -> impl Iterator<Item = &'s Seen<'a>> {
        self.identifiers.iter().take_while(move |seen| seen.event < before).filter(move |seen| !is_same(seen.text, text))
    }
}

/// The runs of a text that may be identifiers.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut end = 0;
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '#' | '.' | '@' | '+' | ':'))
        .filter(move |run| {
            let start = end;
            end = text.get(start..).and_then(|rest| rest.find(run)).map_or(start, |at| start + at + run.len());
            // The name of a field in JSON, or in JSON in a string.
            let after = text.get(end..).unwrap_or_default();
            !after.trim_start_matches('\\').starts_with("\":")
        })
        // `12:30` is a time, and `id:acct_7H9j3` two words.
        .filter(|run| value_of(run).is_none())
        .flat_map(|run| run.split(':'))
        .map(|word| word.trim_start_matches(['-', '.', '_', '@', '+']).trim_end_matches(['-', '.', '_', '@', '+', '#']))
}

/// Whether two texts are spellings of one identifier, or one holds the other.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.contains(other) || other.contains(one) || is_respelt(one, other)
}

/// Whether a change is only another legitimate spelling, as capital letters in a UUID.
pub(super) fn is_respelt(one: &str, other: &str) -> bool {
    let [a, b] = [kind_of(one), kind_of(other)];
    a.name == b.name && (a.canonical)(one) == (b.canonical)(other)
}

/// Whether `text` stands in `hay` with no letter or digit touching it.
pub(super) fn has(hay: &str, text: &str) -> bool {
    stands_in(hay, text, &Finder::new(text))
}

fn stands_in(hay: &str, text: &str, finder: &Finder<'_>) -> bool {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let stands = |at: usize| {
        let (before, after) = (hay.get(..at), hay.get(at + text.len()..));
        !joins(before.and_then(|before| before.chars().next_back())) && !joins(after.and_then(|after| after.chars().next()))
    };
    // Not `find_iter`: it leaps over what it found, and the next may begin inside.
    let mut from = 0;
    while let Some(at) = hay.as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
        if stands(from + at) {
            return true;
        }
        from += at + 1;
    }
    false
}
