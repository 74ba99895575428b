//! Policy files, in TOML or JSON, to the JSON text that a session takes; mistakes with their places.
//!
//! `docs/policy.md` explains every key, `docs/policy.schema.json` is for editors.

mod places;

use crate::Error;
use std::fs;
use std::ops::Range;
use std::path::Path;
use twinguard_core::policy::{Part, Policy};

/// The default policy in TOML, every key explained.
pub const DEFAULT: &str = include_str!("policy/default.toml");

/// How a policy is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Toml,
    /// What a session takes.
    Json,
}

impl Form {
    /// By the file's ending, or else by the first character.
    #[must_use]
    pub fn of(path: &Path, text: &str) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Self::Json,
            Some("toml") => Self::Toml,
            _ if text.trim_start().starts_with('{') => Self::Json,
            _ => Self::Toml,
        }
    }
}

/// A mistake in a policy, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Byte range in the text.
    pub span: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Flaw {
    fn new(text: &str, span: Range<usize>, message: String) -> Self {
        let start = text.floor_char_boundary(span.start);
        let end = text.ceil_char_boundary(span.end).max(start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { span: start..end, line, column, message }
    }
}

/// The policy in a file, as JSON.
///
/// # Errors
/// [`Error::UnreadablePolicy`]; [`Error::InvalidPolicy`] with line and column of the first mistake.
pub fn read(path: &Path) -> Result<String, Error> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| Error::UnreadablePolicy(format!("`{name}` cannot be read: {error}")))?;
    parse(&text, Form::of(path, &text)).map_err(|flaws| {
        let more = match flaws.len() {
            0 | 1 => String::new(),
            all => format!(" (and {} more: `twinguard policy check {name}`)", all - 1),
        };
        let told = flaws.first().map(|flaw| format!(", line {}, column {}: {}", flaw.line, flaw.column, flaw.message));
        Error::InvalidPolicy(format!("`{name}`{}{more}", told.unwrap_or_default()))
    })
}

/// A policy as JSON.
///
/// ```
/// use twinguard::policy::{self, Form};
/// assert_eq!(policy::parse("repair = true", Form::Toml).unwrap(), r#"{"repair":true}"#);
///
/// let flaws = policy::parse("[decisions]\ntwins = 'warn'", Form::Toml).unwrap_err();
/// assert_eq!((flaws[0].line, flaws[0].column), (2, 1));
/// assert_eq!(flaws[0].message, "unknown key `twins`, did you mean `twin`?");
/// ```
///
/// # Errors
/// All mistakes, in the order of the text; at least one.
pub fn parse(text: &str, form: Form) -> Result<String, Vec<Flaw>> {
    let (json, places) = match form {
        Form::Toml => places::of_toml(text)?,
        Form::Json => places::of_json(text)?,
    };
    let mut flaws = places.flaws(text);
    if let Err(found) = Policy::read(&json) {
        for flaw in found {
            let span = places.span(&flaw.pointer, flaw.part == Part::Key);
            // What is odd already fits nothing else.
            if !flaws.iter().any(|odd| odd.span == span) {
                flaws.push(Flaw::new(text, span, flaw.message));
            }
        }
    }
    flaws.sort_by_key(|flaw| flaw.span.start);
    if flaws.is_empty() { Ok(json) } else { Err(flaws) }
}

#[cfg(test)]
mod tests;
