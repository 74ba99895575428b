//! A policy file to the JSON text that a session takes.

use super::Failure;
use crate::{Error, Guard};
use std::fs;
use std::path::Path;

/// The policy as JSON; no file means the defaults. TOML and JSON are told apart by the file's
/// ending, or else by the first character. A policy that is wrong is wrong before anything is read.
pub(super) fn load(guard: &Guard, path: Option<&Path>) -> Result<String, Failure> {
    let Some(path) = path else { return Ok(String::new()) };
    let name = path.display();
    let fail = |what: String| Failure::Message(format!("policy `{name}`{what}"));
    let text = fs::read_to_string(path).map_err(|error| fail(format!(" cannot be read: {error}")))?;
    let is_json = match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => true,
        Some("toml") => false,
        _ => text.trim_start().starts_with('{'),
    };
    let json = if is_json { json(&text) } else { toml(&text) }.map_err(fail)?;
    match guard.session(&json) {
        Ok(_) => Ok(json),
        // A place in what TOML was turned into is a place in no file of the user's.
        Err(Error::InvalidPolicy(why)) if !is_json => Err(fail(format!(": {}", without_place(&why)))),
        Err(Error::InvalidPolicy(why)) => Err(fail(format!(": {why}"))),
        Err(error) => Err(error.into()),
    }
}

/// Only checked: the session reads the very text.
fn json(text: &str) -> Result<String, String> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            let why = error.to_string();
            Err(format!(", line {}, column {}: no JSON: {}", error.line(), error.column(), without_place(&why)))
        }
    }
}

fn toml(text: &str) -> Result<String, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!(", line {line}, column {column}: no TOML: {}", error.message().replace('\n', "; "))
    })?;
    serde_json::to_string(&table).map_err(|error| format!(" has a value that no policy can hold: {error}"))
}

/// What serde_json says, without where.
fn without_place(why: &str) -> &str {
    why.split(" at line ").next().unwrap_or_default()
}
