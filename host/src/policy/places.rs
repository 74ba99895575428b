//! Where the keys and values of a text stand, by JSON Pointer.

use super::Flaw;
use serde::Deserialize as _;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use twinguard_trace::json::Json;

/// The byte ranges of every key and value of a text.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_pointer: BTreeMap<String, Place>,
    /// What the form itself does not refuse and a policy does.
    odd: Vec<(Range<usize>, &'static str)>,
}

#[derive(Clone, Debug)]
struct Place {
    key: Range<usize>,
    value: Range<usize>,
}

impl Places {
    /// The range of a key or a value; of the nearest value around it that has one.
    pub(super) fn span(&self, pointer: &str, is_key: bool) -> Range<usize> {
        if let Some(place) = self.by_pointer.get(pointer) {
            return if is_key { place.key.clone() } else { place.value.clone() };
        }
        pointer.rsplit_once('/').map_or(0..0, |(around, _)| self.span(around, false))
    }

    pub(super) fn flaws(&self, text: &str) -> Vec<Flaw> {
        self.odd.iter().map(|(span, message)| Flaw::new(text, span.clone(), (*message).to_owned())).collect()
    }

    fn add(&mut self, pointer: &str, key: Range<usize>, value: Range<usize>) {
        if self.by_pointer.insert(pointer.to_owned(), Place { key: key.clone(), value }).is_some() {
            self.odd.push((key, "duplicate key; only the last one would count"));
        }
    }

    fn toml(&mut self, value: &Spanned<DeValue<'_>>, key: Range<usize>, pointer: &str) {
        self.add(pointer, key, value.span());
        match value.get_ref() {
            DeValue::Table(table) => self.toml_table(table, pointer),
            DeValue::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.toml(item, item.span(), &format!("{pointer}/{number}"));
                }
            }
            DeValue::Datetime(_) => self.odd.push((value.span(), "a policy holds no dates; write a text in quotes")),
            _ => {}
        }
    }

    fn toml_table(&mut self, table: &DeTable<'_>, pointer: &str) {
        for (key, value) in table.iter() {
            self.toml(value, key.span(), &below(pointer, key.get_ref()));
        }
    }

    /// `within` is the text that `value` is a part of.
    fn json(&mut self, within: &str, value: Json<'_>, key: Option<Range<usize>>, pointer: &str) {
        let here = range(within, value.text()).unwrap_or_default();
        self.add(pointer, key.unwrap_or_else(|| here.clone()), here);
        for (name, member) in value.fields().all {
            // A name with escapes is a copy; its value's place has to do.
            let quoted = range(within, &name).map(|inner| inner.start.saturating_sub(1)..inner.end + 1);
            self.json(within, member, quoted, &below(pointer, &name));
        }
        for (number, item) in value.items().into_iter().enumerate() {
            self.json(within, item, None, &format!("{pointer}/{number}"));
        }
    }
}

/// TOML as JSON, with its places.
pub(super) fn of_toml(text: &str) -> Result<(String, Places), Vec<Flaw>> {
    let flaw = |error: &toml::de::Error| {
        Flaw::new(text, error.span().unwrap_or_default(), format!("no TOML: {}", error.message().replace('\n', "; ")))
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // After one mistake in a line the rest of the line makes no sense.
        let mut flaws: Vec<Flaw> = errors.iter().map(flaw).collect();
        flaws.sort_by_key(|flaw| flaw.span.start);
        flaws.dedup_by_key(|flaw| flaw.line);
        return Err(flaws);
    }
    let mut places = Places::default();
    places.add("", 0..0, 0..0);
    places.toml_table(table.get_ref(), "");
    let value = serde_json::Value::deserialize(toml::de::Deserializer::from(table)).map_err(|error| vec![flaw(&error)])?;
    Ok((value.to_string(), places))
}

/// JSON as it is, with its places.
pub(super) fn of_json(text: &str) -> Result<(String, Places), Vec<Flaw>> {
    // Asked for a value, serde_json also refuses nesting that nobody needs.
    if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
        let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = (line_start + error.column().saturating_sub(1)).min(text.len());
        let told = error.to_string();
        let message = format!("no JSON: {}", told.split(" at line ").next().unwrap_or_default());
        return Err(vec![Flaw::new(text, at..(at + 1).min(text.len()), message)]);
    }
    let mut places = Places::default();
    if let Ok(value) = Json::parse(text) {
        places.json(text, value, None, "");
    }
    Ok((text.to_owned(), places))
}

/// The range of a part of a text; `None` for a text that is no part of it.
fn range(text: &str, part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= text.len()).then_some(start..end)
}

fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
