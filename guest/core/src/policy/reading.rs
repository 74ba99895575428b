//! Reads values out of JSON and notes every mistake with its place, so that all are told at once.

use crate::distance::distance;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use serde_json::Value;

/// A mistake in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// JSON Pointer (RFC 6901) of the value; empty for the whole policy.
    pub pointer: String,
    /// What is wrong there.
    pub part: Part,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// What a [`Flaw`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name of the value.
    Key,
    /// The value itself.
    Value,
}

/// A value of the policy and the place where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<'v> {
    pub(super) value: &'v Value,
    pub(super) pointer: String,
}

/// The mistakes so far. Every reader notes what does not fit, and gives nothing.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) flaws: Vec<Flaw>,
}

impl Reading {
    pub(super) fn flaw(&mut self, at: &At<'_>, message: String) {
        self.flaws.push(Flaw { pointer: at.pointer.clone(), part: Part::Value, message });
    }

    fn expected(&mut self, at: &At<'_>, what: &str) {
        let found = match at.value {
            Value::Null => String::from("nothing"),
            Value::Bool(flag) => format!("`{flag}`"),
            Value::Number(number) => format!("`{number}`"),
            Value::String(_) => String::from("a text"),
            Value::Array(_) => String::from("a list"),
            Value::Object(_) => String::from("a table"),
        };
        self.flaw(at, format!("expected {what}, found {found}"));
    }

    /// The members of a table, by any name.
    pub(super) fn table<'v>(&mut self, at: &At<'v>) -> Vec<(&'v str, At<'v>)> {
        let Value::Object(members) = at.value else {
            self.expected(at, "a table");
            return Vec::new();
        };
        members.iter().map(|(name, value)| (name.as_str(), At { value, pointer: below(&at.pointer, name) })).collect()
    }

    /// The members of a table that has just these keys.
    pub(super) fn members<'v>(&mut self, at: &At<'v>, keys: &[&str]) -> Vec<(&'v str, At<'v>)> {
        let mut members = self.table(at);
        members.retain(|(name, member)| keys.contains(name) || self.unknown(member, name, "key", keys, Part::Key));
        members
    }

    /// Notes a name that does not exist; always false.
    fn unknown(&mut self, at: &At<'_>, name: &str, what: &str, known: &[&str], part: Part) -> bool {
        self.flaws.push(Flaw {
            pointer: at.pointer.clone(),
            part,
            message: format!("unknown {what} `{name}`, {}", instead_of(name, known)),
        });
        false
    }

    /// A key of a table that stands for one of many things.
    pub(super) fn key<T>(&mut self, at: &At<'_>, name: &str, find: impl Fn(&str) -> Option<T>, known: &[&str]) -> Option<T> {
        let found = find(name);
        if found.is_none() {
            self.unknown(at, name, "key", known, Part::Key);
        }
        found
    }

    /// A text that names one of many things.
    pub(super) fn name<T>(&mut self, at: &At<'_>, what: &str, find: impl Fn(&str) -> Option<T>, known: &[&str]) -> Option<T> {
        let name = self.text(at)?;
        let found = find(name);
        if found.is_none() {
            self.unknown(at, name, what, known, Part::Value);
        }
        found
    }

    pub(super) fn items<'v>(&mut self, at: &At<'v>) -> Vec<At<'v>> {
        let Value::Array(items) = at.value else {
            self.expected(at, "a list");
            return Vec::new();
        };
        items.iter().enumerate().map(|(number, value)| At { value, pointer: below(&at.pointer, &number.to_string()) }).collect()
    }

    pub(super) fn text<'v>(&mut self, at: &At<'v>) -> Option<&'v str> {
        if at.value.as_str().is_none() {
            self.expected(at, "a text");
        }
        at.value.as_str()
    }

    /// A list of texts, none of them empty.
    pub(super) fn texts(&mut self, at: &At<'_>) -> Vec<String> {
        let items = self.items(at);
        items.iter().filter_map(|item| self.nonempty(item)).map(String::from).collect()
    }

    pub(super) fn nonempty<'v>(&mut self, at: &At<'v>) -> Option<&'v str> {
        let text = self.text(at)?;
        if text.is_empty() {
            self.flaw(at, String::from("an empty text fits nothing; `*` fits everything"));
        }
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn flag(&mut self, at: &At<'_>) -> Option<bool> {
        if at.value.as_bool().is_none() {
            self.expected(at, "`true` or `false`");
        }
        at.value.as_bool()
    }

    pub(super) fn whole_number(&mut self, at: &At<'_>, least: u64, most: u64) -> Option<u64> {
        let number = at.value.as_u64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.expected(at, &format!("a whole number from {least} to {most}"));
        }
        number
    }

    pub(super) fn chance(&mut self, at: &At<'_>) -> Option<f64> {
        let chance = at.value.as_f64().filter(|chance| (0.0..=1.0).contains(chance));
        if chance.is_none() {
            self.expected(at, "a chance from 0 to 1");
        }
        chance
    }

    /// Notes a key that has to be there.
    pub(super) fn missing(&mut self, at: &At<'_>, key: &str) {
        if at.value.is_object() {
            self.flaw(at, format!("`{key}` is missing"));
        }
    }
}

fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The way out for a name that does not exist.
fn instead_of(name: &str, known: &[&str]) -> String {
    // A third of the letters may be wrong.
    let limit = u32::try_from(name.chars().count().div_ceil(3)).unwrap_or(u32::MAX).min(4);
    let lower = name.to_lowercase().replace('_', "-");
    let near = known.iter().filter_map(|known| Some((distance(&lower, &known.replace('_', "-"), limit)?, known)));
    match near.min_by_key(|(distance, _)| *distance) {
        Some((_, nearest)) => format!("did you mean `{nearest}`?"),
        None => format!("expected one of {}", known.iter().map(|known| format!("`{known}`")).collect::<Vec<String>>().join(", ")),
    }
}
