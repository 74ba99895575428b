//! Texts without secrets: each is replaced by a hash under a key of this store.
//!
//! Equal secrets have equal hashes, so the guard still knows one that is passed on. What a hash
//! looks like is a credential to the guard as well: it never shows or suggests it.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use twinguard_core::credential::{is_credential, is_secret_field};
use twinguard_core::leaf::{self, Form};
use twinguard_core::token::{self, Grain, Sink, is_boundary};
use twinguard_trace::json::Json;

/// JSON nested deeper is read as plain text.
const DEEPEST: usize = 100;

/// How everything begins that stands for a secret.
const STAND_IN: &str = "sk-twinguard0";

/// Replaces secrets.
#[derive(Clone)]
pub struct Redact {
    key: Vec<u8>,
}

impl fmt::Debug for Redact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redact")
    }
}

impl Redact {
    pub(super) fn new(key: Vec<u8>) -> Self {
        Self { key }
    }

    /// The text with every value that is shaped like a credential, or stands in a field for secrets,
    /// replaced. All else keeps its spelling.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match Json::parse(text.trim()) {
            Ok(json) if json.is_object() || json.is_array() || text.trim().starts_with('"') => {
                // Once more as one text: a secret may be a member's name.
                let clean = self.json(json, "", 0);
                match self.replace(&clean, shaped(&clean)) {
                    Cow::Borrowed(_) => clean,
                    Cow::Owned(clean) => Cow::Owned(clean),
                }
            }
            _ => self.plain(text),
        }
    }

    /// What stands for a secret.
    fn stand_in(&self, secret: &str) -> String {
        // Keys of any length are good for HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return "sk-0000000000000000".to_owned() };
        mac.update(secret.as_bytes());
        let digest = mac.finalize().into_bytes();
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        // Begins and ends like what `is_credential` knows, whatever the hash is.
        format!("{STAND_IN}{hex}")
    }

    fn json<'t>(&self, json: Json<'t>, field: &str, depth: usize) -> Cow<'t, str> {
        if depth > DEEPEST {
            return self.plain(json.text());
        }
        if json.is_object() {
            let fields = json.fields().all;
            return splice(json.text(), fields.iter().map(|(name, value)| (*value, self.json(*value, name, depth + 1))));
        }
        if json.is_array() {
            return splice(json.text(), json.items().into_iter().map(|item| (item, self.json(item, field, depth + 1))));
        }
        let is_secret = is_secret_field(field);
        let Some(text) = json.string() else {
            let is_number = json.text().starts_with(|c: char| c == '-' || c.is_ascii_digit());
            return if is_secret && is_number { quoted(&self.stand_in(json.text())) } else { Cow::Borrowed(json.text()) };
        };
        if is_secret && !text.is_empty() {
            return quoted(&self.stand_in(&text));
        }
        let inner = text.trim_start();
        let clean = match Json::parse(&text) {
            Ok(nested) if inner.starts_with(['{', '[']) => self.json(nested, "", depth + 1),
            _ => self.plain(&text),
        };
        if clean == text { Cow::Borrowed(json.text()) } else { quoted(&clean) }
    }

    fn plain<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut ranges = shaped(text);
        // Fields of tables, YAML and `key: value`; where they stand, only their text tells.
        let mut values: BTreeSet<String> = BTreeSet::new();
        let _ = leaf::walk_outlined(text, DEEPEST, &mut |leaf| {
            if leaf.form != Form::Key && is_secret_field(leaf.field()) && !leaf.text.trim().is_empty() {
                values.insert(leaf.text.trim().to_owned());
            }
        });
        for value in &values {
            let whole = |(at, _): &(usize, &str)| is_boundary(text, *at) && is_boundary(text, at + value.len());
            ranges.extend(text.match_indices(value.as_str()).filter(whole).map(|(at, _)| at..at + value.len()));
        }
        ranges.extend(assigned(text));
        ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        self.replace(text, ranges)
    }

    fn replace<'t>(&self, text: &'t str, ranges: Vec<Range<usize>>) -> Cow<'t, str> {
        if ranges.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut from = 0;
        for range in ranges {
            if range.start < from {
                continue;
            }
            clean.push_str(text.get(from..range.start).unwrap_or_default());
            clean.push_str(&self.stand_in(text.get(range.clone()).unwrap_or_default()));
            from = range.end;
        }
        clean.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(clean)
    }
}

/// Where values stand behind the name of a field for secrets: `password: …`, `--api-key=…`.
fn assigned(text: &str) -> Vec<Range<usize>> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let is_around = |c: char| matches!(c, ' ' | '\t' | '"' | '\'' | '`');
    let value = |(at, sign): (usize, &str)| -> Option<Range<usize>> {
        let before = text.get(..at)?.trim_end_matches(is_around);
        let name = before.get(before.trim_end_matches(is_name).len()..)?;
        if !is_secret_field(name) {
            return None;
        }
        let after = text.get(at + 1..)?;
        let rest = after.trim_start_matches(is_around);
        let line = rest.split('\n').next()?.trim_end();
        // `Authorization: Bearer …` is one value, `password=…&user=…` are two.
        let value = if sign == ":" { line } else { line.split(|c: char| is_around(c) || matches!(c, '&' | ',' | ';')).next()? };
        let start = at + 1 + (after.len() - rest.len());
        (!value.is_empty() && !value.starts_with(STAND_IN)).then_some(start..start + value.len())
    };
    text.match_indices([':', '=']).filter_map(value).collect()
}

/// Where tokens stand that are shaped like secrets, and are not already replaced.
fn shaped(text: &str) -> Vec<Range<usize>> {
    let mut found = Tokens { text, ranges: Vec::new() };
    token::scan(text, &mut found);
    found.ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    found.ranges
}

/// Puts the new values where the old ones stand in their container, whose text is kept otherwise.
fn splice<'t>(text: &'t str, values: impl Iterator<Item = (Json<'t>, Cow<'t, str>)>) -> Cow<'t, str> {
    let mut clean = String::new();
    let mut from = 0;
    for (old, new) in values {
        if let Cow::Owned(new) = new {
            // Every value is a slice of the container's own text.
            let at = (old.text().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
            clean.push_str(text.get(from..at).unwrap_or_default());
            clean.push_str(&new);
            from = at + old.text().len();
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(clean)
}

fn quoted(text: &str) -> Cow<'static, str> {
    Cow::Owned(serde_json::to_string(text).unwrap_or_default())
}

struct Tokens<'t> {
    text: &'t str,
    ranges: Vec<Range<usize>>,
}

impl Sink for Tokens<'_> {
    fn word(&mut self, _: Range<usize>) {}
    fn token(&mut self, range: Range<usize>, _: Grain) {
        let is_secret = |token: &str| is_credential(token) && !token.starts_with(STAND_IN);
        if self.text.get(range.clone()).is_some_and(is_secret) {
            self.ranges.push(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        Redact::new(vec![7; 32]).text(text).into_owned()
    }

    #[test]
    fn what_is_no_secret_keeps_its_spelling() {
        for text in [
            r#"{ "id" : 725653563933458432001, "note": "a\u0041 acct_7H9j3", "x": [1.50, true, null, "{\"a\": 1.0}"] }"#,
            "id: acct_7H9j3\npath: /tmp/x",
            "half \"a string",
            "\"just text\"",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn secrets_are_replaced_wherever_they_stand() {
        let key = ["sk", "-proj-0123456789abcdefABCDEF"].concat();
        for text in [
            key.clone(),
            format!("export KEY={key}; run"),
            format!(r#"{{"a": ["x", "{key}"], "n": 1}}"#),
            format!(r#"{{"stdout": "one\n{key}\ntwo"}}"#),
            serde_json::to_string(&format!(r#"{{"deep": "{key}"}}"#)).unwrap(),
            r#"{"password": "hunter2", "user": "ada"}"#.replace("hunter2", &key),
        ] {
            let clean = clean(&text);
            assert!(!clean.contains(&key) && clean.contains("sk-twinguard0"), "{clean}");
        }
        assert!(!clean(r#"{"password": "hunter2", "pin": 4711}"#).contains("hunter2"));
        assert!(!clean(r#"{"password": "hunter2", "pin": 4711}"#).contains("4711"));
        for text in [
            "user: ada\npassword: hunter2\n",
            "mine is\n  Password : hunter2",
            "curl --api-key=hunter2 -u x",
            "a=1&password=hunter2&b=2",
            "Authorization: Bearer hunter2",
        ] {
            assert!(!clean(text).contains("hunter2"), "{}", clean(text));
        }
        assert!(clean("a=1&password=hunter2&b=acct_7H9j3").ends_with("&b=acct_7H9j3"));
    }

    #[test]
    fn equal_secrets_stay_equal_and_look_like_secrets() {
        let first = clean(r#"{"password": "hunter2"}"#);
        assert_eq!(first, clean(r#"{"password": "hunter2"}"#));
        assert_ne!(first, Redact::new(vec![8; 32]).text(r#"{"password": "hunter2"}"#));
        assert!(is_credential(&Redact::new(vec![7; 32]).stand_in("x")));
    }
}
