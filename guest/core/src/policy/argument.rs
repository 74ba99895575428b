//! What a policy says of some arguments, and the globs that say which.

use super::Decisions;
use crate::model::Source;
use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// What is said of the arguments that fit. What is `None` is left to others.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub(super) place: Place,
    pub(super) must_be_seen: Option<bool>,
    pub(super) from: Option<Origins>,
    pub(super) exempt: Option<bool>,
    pub(super) decisions: Decisions,
}

/// A tool and a place in its arguments, or in its result, both as globs.
#[derive(Clone, Debug)]
pub(super) struct Place {
    tool: String,
    /// The segments of the pointer; `**` stands for any number of them.
    pointer: Vec<String>,
}

/// Stands for any number of segments.
const ANY: &str = "**";

impl Place {
    /// An argument with its parts: `/items` also means `/items/0/sku`.
    pub(super) fn new(tool: &str, pointer: &str) -> Self {
        let mut segments: Vec<String> = pointer.split('/').skip(1).map(String::from).collect();
        segments.push(ANY.into());
        Self { tool: tool.into(), pointer: segments }
    }

    /// The short form `tool/pointer`: `refund*/account_id`, `*/items/*/sku`; a tool alone means all
    /// of it.
    pub(super) fn parse(text: &str) -> Self {
        match text.split_once('/') {
            None => Self::new(text, ""),
            Some((tool, pointer)) => Self::new(tool, &format!("/{pointer}")),
        }
    }

    pub(super) fn holds(&self, tool: &str, pointer: &str) -> bool {
        if !glob(&self.tool, tool) {
            return false;
        }
        let segments: Vec<&str> = pointer.split('/').skip(1).collect();
        fits(&self.pointer, &segments, |pattern| pattern == ANY, |pattern, segment| glob(pattern, segment))
    }
}

/// Where the identifiers of an argument must have been seen.
#[derive(Clone, Debug)]
pub struct Origins {
    written: Vec<String>,
    places: Vec<Place>,
}

impl Origins {
    /// `user`, `system` and `host` name sources, everything else tools, or places in their results.
    pub(super) fn new(written: Vec<String>) -> Self {
        let places = written.iter().map(|text| Place::parse(text)).collect();
        Self { written, places }
    }

    /// Whether it names nothing, which takes back what was said before.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Whether what stood here counts.
    #[must_use]
    pub fn counts(&self, source: Source, tool: Option<&str>, pointer: &str) -> bool {
        let word = match source {
            Source::ToolResult => return self.places.iter().any(|place| place.holds(tool.unwrap_or_default(), pointer)),
            Source::UserMessage => "user",
            Source::SystemPrompt => "system",
            Source::Host => "host",
        };
        self.written.iter().any(|written| written == word)
    }
}

/// In words: "results of `crm.*` or messages of the user".
impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, written) in self.written.iter().enumerate() {
            if number > 0 {
                f.write_str(" or ")?;
            }
            match written.as_str() {
                "user" => f.write_str("messages of the user")?,
                "system" => f.write_str("the system prompt")?,
                "host" => f.write_str("the host's own list")?,
                tool => write!(f, "results of `{tool}`")?,
            }
        }
        Ok(())
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    fits(pattern.as_bytes(), text.as_bytes(), |&byte| byte == b'*', |a, b| a == b)
}

/// Whether a text fits a pattern, some parts of which stand for any number of parts. Linear in
/// practice: after a mismatch only the last such part moves.
fn fits<P, T>(pattern: &[P], text: &[T], is_star: impl Fn(&P) -> bool, is_equal: impl Fn(&P, &T) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(part) = text.get(t) {
        match pattern.get(p) {
            Some(expected) if is_star(expected) => {
                star = Some((p, t));
                p += 1;
            }
            Some(expected) if is_equal(expected, part) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(is_star))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(glob("refund*", "refund_order") && glob("*", "") && glob("crm.*", "crm.get") && glob("*a*b", "xaxaxb"));
        assert!(!glob("refund", "refunds") && !glob("*b", "ba") && !glob("crm.*", "crm_get"));
    }

    #[test]
    fn a_pointer_fits_segment_by_segment_with_all_it_holds() {
        for (pattern, pointer, expected) in [
            ("/account_id", "/account_id", true),
            ("/account_id", "/account_id/0", true),
            ("/account_id", "/from/account_id", false),
            ("/*_id", "/account_id", true),
            ("/*_id", "/a/b_id", false),
            ("/items/*/sku", "/items/0/sku", true),
            ("/items/*/sku", "/items/0/1/sku", false),
            ("/**/sku", "/items/0/sku", true),
            ("/**/sku", "/sku", true),
            ("/**/sku", "/items/0/skus", false),
            ("/*", "/a/b/c", true),
            ("", "/anything", true),
            ("", "", true),
        ] {
            assert_eq!(Place::new("t", pattern).holds("t", pointer), expected, "{pattern} {pointer}");
        }
    }

    #[test]
    fn the_short_form_parts_at_the_first_slash() {
        assert!(Place::parse("refund*/account_id").holds("refund_order", "/account_id"));
        assert!(Place::parse("log").holds("log", "/anything") && !Place::parse("log").holds("logs", ""));
    }

    #[test]
    fn sources_count_by_name_and_tools_by_glob() {
        let from = Origins::new(Vec::from(["crm.*".into(), "search/accounts".into(), "user".into()]));
        assert!(from.counts(Source::ToolResult, Some("crm.get"), "/id"));
        assert!(from.counts(Source::ToolResult, Some("search"), "/accounts/0/id"));
        assert!(!from.counts(Source::ToolResult, Some("search"), "/note"));
        assert!(!from.counts(Source::ToolResult, None, "/id"));
        assert!(from.counts(Source::UserMessage, None, "") && !from.counts(Source::Host, None, ""));
        assert_eq!(format!("{from}"), "results of `crm.*` or results of `search/accounts` or messages of the user");
    }
}
