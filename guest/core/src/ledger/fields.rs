//! The fields that values stood in: which values each held, and how those are made.

use super::{Entry, LONGEST_TOKEN, Ledger, NONE, Standing, offset};
use crate::{field, kind, model::Source, shape};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    sync::Arc,
    vec::Vec,
};
use core::cell::RefCell;
use serde::{Deserialize, Serialize};

/// Values of one field that tell how it is made.
const MOST_TELLING: usize = 128;

/// A field, under whatever name of this normal form, and its values in tool results.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Field {
    pub words: String,
    /// Numbers of the leaves that hold its values, in order.
    pub values: Vec<u32>,
}

/// The fields of a ledger, as far as [`Ledger::index`] has read its leaves.
#[derive(Debug, Default)]
pub(super) struct Fields {
    all: Vec<Field>,
    /// How many leaves were read.
    read: usize,
    /// Numbers of the fields by their normal form.
    by_words: BTreeMap<String, u32>,
    /// And by any name of theirs: results repeat their fields in every row.
    by_name: BTreeMap<String, u32>,
    asked: RefCell<Asked>,
}

/// What was worked out for questions that come again and again.
#[derive(Debug, Default)]
struct Asked {
    /// How the first values of each field are made, and how many of them were read.
    made: Vec<(BTreeSet<String>, usize)>,
    /// Makes by the normal form that was asked for; empty when leaves have been read since.
    makes: BTreeMap<String, Arc<BTreeSet<String>>>,
    /// Leaves that a text stands in, and whether these are all; empty when leaves have been read since.
    stands: BTreeMap<String, (Arc<[usize]>, bool)>,
    /// Fields like this normal form, among the first so many.
    alike: BTreeMap<String, (usize, Vec<u32>)>,
}

/// Questions whose answers are kept.
const MOST_ASKED: usize = 4096;

/// Makes room for one more answer: they can all be found again.
fn bound<T>(answers: &mut BTreeMap<String, T>) {
    if answers.len() >= MOST_ASKED {
        answers.clear();
    }
}

impl Fields {
    /// The fields of a snapshot.
    pub(super) fn restored(all: Vec<Field>, read: usize) -> Self {
        let by_words = all.iter().zip(0..).map(|(field, number)| (field.words.clone(), number)).collect();
        Self { all, read, by_words, ..Self::default() }
    }

    /// All of them with what was read, for a snapshot.
    pub(super) fn entries(&self) -> (Vec<Field>, usize) {
        (self.all.clone(), self.read)
    }

    /// The normal form of a field; empty where nothing names one.
    pub(super) fn words(&self, field: u32) -> &str {
        self.all.get(field as usize).map_or("", |field| field.words.as_str())
    }

    /// The field of the value at a pointer, from the nearest name that says it. A member's name is a value of the
    /// field that holds the object.
    fn number(&mut self, pointer: &str, is_key: bool) -> u32 {
        let names = segments_from_the_end(pointer).skip(usize::from(is_key));
        for name in names.filter(|segment| !segment.is_empty() && !field::is_row(segment)) {
            let known = self.by_name.get(name).copied();
            let number = known.unwrap_or_else(|| {
                let number = self.named(field::normal(name));
                self.by_name.insert(name.into(), number);
                number
            });
            if !self.words(number).is_empty() {
                return number;
            }
        }
        self.named(String::new())
    }

    fn named(&mut self, words: String) -> u32 {
        let next = offset(self.all.len());
        *self.by_words.entry(words).or_insert_with_key(|words| {
            self.all.push(Field { words: words.clone(), ..Field::default() });
            next
        })
    }

    /// What `find` said of this text since the last leaf was read.
    pub(super) fn stands(&self, text: &str, find: impl FnOnce() -> (Arc<[usize]>, bool)) -> (Arc<[usize]>, bool) {
        let known = self.asked.try_borrow().ok().and_then(|asked| asked.stands.get(text).cloned());
        known.unwrap_or_else(|| {
            let found = find();
            if let Ok(mut asked) = self.asked.try_borrow_mut() {
                bound(&mut asked.stands);
                asked.stands.insert(text.into(), found.clone());
            }
            found
        })
    }

    /// Numbers of the fields that may mean the same as this normal form.
    fn alike(&self, words: &str) -> Vec<u32> {
        // Nobody else can hold it: whoever borrows it calls nobody meanwhile that does.
        let Ok(mut asked) = self.asked.try_borrow_mut() else { return Vec::new() };
        if !asked.alike.contains_key(words) {
            bound(&mut asked.alike);
            asked.alike.insert(words.into(), (0, Vec::new()));
        }
        let Some((looked_at, alike)) = asked.alike.get_mut(words) else { return Vec::new() };
        let newer = self.all.iter().enumerate().skip(*looked_at);
        alike.extend(newer.filter(|(_, field)| field::compatible(&field.words, words)).map(|(number, _)| offset(number)));
        *looked_at = self.all.len();
        alike.clone()
    }
}

impl Ledger {
    /// Reads the fields of the leaves that were added since the last call.
    pub fn index(&mut self) {
        let Self { entries, fields, pointers, text, provenance, .. } = self;
        if fields.read < entries.len() {
            fields.asked.get_mut().makes.clear();
            fields.asked.get_mut().stands.clear();
        }
        for number in fields.read..entries.len() {
            let end = entries.get(number + 1).map_or(text.len(), |next| next.start as usize);
            let Some(Entry { start, provenance: of, pointer, is_key, field }) = entries.get_mut(number) else { continue };
            *field = fields.number(super::part(pointers, pointer.start, pointer.end.saturating_sub(pointer.start)), *is_key);
            let is_shown = provenance.get(*of as usize).is_some_and(|provenance| provenance.source == Source::ToolResult);
            // Without the mark that ends it.
            let is_value = is_shown && end.saturating_sub(1 + *start as usize) <= LONGEST_TOKEN;
            if let Some(field) = fields.all.get_mut(*field as usize).filter(|field| is_value && !field.words.is_empty()) {
                field.values.push(offset(number));
            }
        }
        fields.read = entries.len();
    }

    /// How the values of fields like this one are made, of the first ones each; none when no result had such a
    /// field. Needs [`Ledger::index`].
    #[must_use]
    pub fn makes_in(&self, words: &str) -> Arc<BTreeSet<String>> {
        let alike = self.fields.alike(words);
        let Ok(mut asked) = self.fields.asked.try_borrow_mut() else { return Arc::default() };
        if let Some(found) = asked.makes.get(words) {
            return Arc::clone(found);
        }
        asked.made.resize_with(self.fields.all.len(), Default::default);
        let mut found = BTreeSet::new();
        for number in alike {
            let (Some(field), Some((makes, read))) = (self.fields.all.get(number as usize), asked.made.get_mut(number as usize)) else {
                continue;
            };
            let known = field.values.len().min(MOST_TELLING);
            for &number in field.values.get(*read..known).unwrap_or_default() {
                let text = self.standing(number as usize).map_or("", |standing| standing.text);
                // `DE89 3704 … SAVINGS` is a line for people, and says nothing of how the value in it is made.
                let is_line = || matches!(kind::kind_of(text).name, "token" | "name" | "path");
                if !text.contains(char::is_whitespace) || !is_line() {
                    makes.insert(shape::make(text));
                }
            }
            *read = known.max(*read);
            found.extend(makes.iter().cloned());
        }
        let found = Arc::new(found);
        bound(&mut asked.makes);
        asked.makes.insert(words.into(), Arc::clone(&found));
        found
    }

    /// The values that fields like this one held in tool results, at most `most`. Needs [`Ledger::index`].
    pub fn values_in(&self, words: &str, most: usize) -> impl Iterator<Item = Standing<'_>> {
        let alike = self.fields.alike(words).into_iter().filter_map(|number| self.fields.all.get(number as usize));
        alike.flat_map(|field| &field.values).take(most).filter_map(|&number| self.standing(number as usize))
    }

    /// The values of fields like this one that stand in the same tool result as a leaf, nearest first: those
    /// behind it, then those before it, each at most `reach` leaves away. Needs [`Ledger::index`].
    pub fn values_around(&self, number: usize, reach: usize, words: &str) -> impl Iterator<Item = Standing<'_>> {
        let provenance = self.provenance_of(number);
        let from = self.entries.partition_point(|entry| entry.provenance < provenance).max(number.saturating_sub(reach));
        let to = self.entries.partition_point(|entry| entry.provenance <= provenance).min(number.saturating_add(reach + 1));
        let (first, behind_last) = (offset(from), offset(to));
        let mut near: Vec<u32> = Vec::new();
        for field in self.fields.alike(words) {
            let values = self.fields.all.get(field as usize).map_or(&[][..], |field| &field.values);
            let from = values.partition_point(|&value| value < first);
            near.extend(values.iter().skip(from).take_while(|&&value| value < behind_last));
        }
        near.sort_unstable();
        let middle = near.partition_point(|&value| (value as usize) < number);
        let (before, behind) = near.split_at_checked(middle).unwrap_or((&near, &[]));
        let nearest: Vec<u32> = behind.iter().chain(before.iter().rev()).copied().filter(|&value| value as usize != number).collect();
        nearest.into_iter().filter_map(|value| self.standing(value as usize))
    }

    /// The text that a leaf belongs to; [`NONE`] for no leaf.
    pub(super) fn provenance_of(&self, number: usize) -> u32 {
        self.entries.get(number).map_or(NONE, |entry| entry.provenance)
    }
}

/// As `rsplit('/')`, without a search machine for each of these short texts.
fn segments_from_the_end(pointer: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(pointer);
    core::iter::from_fn(move || {
        let text = rest?;
        let slash = text.bytes().rposition(|byte| byte == b'/');
        rest = slash.and_then(|slash| text.get(..slash));
        text.get(slash.map_or(0, |slash| slash + 1)..)
    })
}
