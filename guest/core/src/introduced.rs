//! Names that the model wrote first, near to nothing seen: a file it created, a label it chose. They
//! go on working, and a slip in one is still a slip.

use crate::columns::Columns;
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

/// Names remembered; a call that writes a whole data file would fill the session otherwise.
const MOST: usize = 50_000;

/// The names of one session.
#[derive(Debug, Default)]
pub struct Introduced {
    numbers: BTreeMap<String, u32>,
    names: Vec<String>,
    columns: Columns,
}

impl Introduced {
    /// Adds a name; beyond the bound, or a second time, nothing changes.
    pub fn insert(&mut self, name: &str) {
        let Ok(number) = u32::try_from(self.names.len()) else { return };
        if self.names.len() < MOST && !self.contains(name) {
            self.numbers.insert(name.to_string(), number);
            self.names.push(name.to_string());
            self.columns.insert(number, name);
        }
    }

    /// Whether the model introduced this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.numbers.contains_key(name)
    }

    /// Names one edit away, in the order in which they were introduced.
    pub fn near(&self, name: &str) -> impl Iterator<Item = &str> {
        let text_of = |number: u32| self.names.get(number as usize).map_or("", String::as_str);
        let found = self.columns.near(name, 1, text_of);
        found.into_iter().filter(|near| near.distance > 0).map(move |near| self.names.get(near.id as usize).map_or("", String::as_str))
    }

    /// All names, in the order in which they were introduced.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}
