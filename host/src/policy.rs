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
mod tests {
    use super::*;

    fn flaws(text: &str, form: Form) -> Vec<String> {
        let told = |flaw: &Flaw| format!("{}:{} `{}` {}", flaw.line, flaw.column, text.get(flaw.span.clone()).unwrap_or_default(), flaw.message);
        parse(text, form).unwrap_err().iter().map(told).collect()
    }

    #[test]
    fn the_default_in_toml_is_the_default_policy() {
        let json = parse(DEFAULT, Form::Toml).unwrap();
        let debug = |text: &str| format!("{:?}", Policy::read(text).unwrap());
        assert_eq!(debug(&json), debug(""));
    }

    #[test]
    fn every_example_in_the_default_is_valid() {
        // `#key = …` is an example, `# Words …` explain.
        let is_example = |line: &&str| line.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '"' || c == '['));
        let examples = DEFAULT.lines().filter(is_example).count();
        let text: String = DEFAULT.lines().map(|line| format!("{}\n", if is_example(&line) { &line[1..] } else { line })).collect();
        let json = parse(&text, Form::Toml).unwrap_or_else(|flaws| unreachable!("{flaws:#?}"));
        assert!(examples > 10 && json.contains("crm."), "{json}");
    }

    #[test]
    fn mistakes_in_toml_have_their_places() {
        let text = "repairs = true\n\n[decisions]\ntwin = \"stop\"\n\n[[arguments]]\ntool = \"réfund*\"\nfrom = \"crm.*\"\n[[arguments]]\nargument = \"/id\"\n[limits]\ndepth = 0\n";
        assert_eq!(
            flaws(text, Form::Toml),
            [
                "1:1 `repairs` unknown key `repairs`, did you mean `repair`?",
                "4:8 `\"stop\"` unknown decision `stop`, expected one of `allow`, `warn`, `ask`, `block`",
                "8:8 `\"crm.*\"` expected a list, found a text",
                "9:1 `[[arguments]]` it says nothing about these arguments; add one of `must_be_seen`, `from`, `exempt`, `decisions`",
                "12:9 `0` expected a whole number from 1 to 100000, found `0`",
            ]
        );
        assert_eq!(flaws("a = = 1\nb = 2\nb = 3\n", Form::Toml), ["1:5 `=` no TOML: extra `=`, expected nothing", "3:1 `b` no TOML: duplicate key"]);
        assert_eq!(flaws("seed = 2026-01-01", Form::Toml), ["1:8 `2026-01-01` a policy holds no dates; write a text in quotes"]);
    }

    #[test]
    fn mistakes_in_json_have_their_places() {
        let text = "{\n  \"decisions\": {\"twins\": \"block\"},\n  \"kinds\": [{\"name\": \"x\", \"pattern\": \"(\"}],\n  \"kinds\": []\n}";
        assert_eq!(
            flaws(text, Form::Json),
            ["2:17 `\"twins\"` unknown key `twins`, did you mean `twin`?", "4:3 `\"kinds\"` duplicate key; only the last one would count"]
        );
        assert_eq!(flaws("{\n \"repair\": true,\n}", Form::Json), ["3:1 `}` no JSON: trailing comma"]);
        assert_eq!(flaws("[]", Form::Json), ["1:1 `[]` expected a table, found a list"]);
    }
}
