//! The identifiers of a call that are worth corrupting, and where they stand.

use super::shown::Shown;
use std::fmt;
use std::ops::Range;
use twinguard_core::credential::{is_credential, is_secret_field};
use twinguard_core::leaf::{Form, Leaf, walk};
use twinguard_core::model::{Finding, ToolCall};
use twinguard_core::slot::Role;
use twinguard_core::value::value_of;

/// Where an identifier stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The whole value of an argument whose name takes identifiers.
    Identifier,
    /// The whole value of another argument.
    Whole,
    /// In text for people.
    Prose,
    /// In source text, SQL or a shell command.
    Code,
    /// A component of a URL or path.
    Path,
}

impl Place {
    /// Every place, in the order of reports.
    pub const ALL: [Self; 5] = [Self::Identifier, Self::Whole, Self::Prose, Self::Code, Self::Path];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Whole => "whole",
            Self::Prose => "prose",
            Self::Code => "code",
            Self::Path => "path",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An identifier that a call copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// JSON Pointer of the argument that holds it, as in a finding.
    pub pointer: String,
    /// As the call has it.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// Where it stands in the JSON text of the arguments; the only place where it does.
    pub range: Range<usize>,
    /// Written as a JSON number.
    pub is_number: bool,
    /// In SQL, to which letter case is nothing.
    pub is_caseless: bool,
    /// The call holds other copied identifiers besides.
    pub has_others: bool,
}

/// Longer ones are data, as a base64 text.
const LONGEST: usize = 200;
/// Deeper arguments are left alone.
const DEEPEST: usize = 128;

/// Whether a text is an identifier that a slip would spoil: it has a digit, and is not something
/// that a model may compute or reformat.
pub(super) fn is_worth_it(text: &str, role: Role) -> bool {
    let shortest = if role == Role::Identifier { 4 } else { 5 };
    (shortest..=LONGEST).contains(&text.len())
        && role != Role::Quantity
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && value_of(text).is_none()
}

/// The identifiers of a call that were copied from what was shown before, each once, and each
/// only if it stands in one place of the arguments: two could not both be changed by one slip.
/// Secrets are left alone, since a report would show them.
pub(super) fn targets(call: &ToolCall, event: usize, shown: &Shown<'_>) -> Vec<Target> {
    let mut found = Vec::new();
    // Too deep: what was read so far is still true.
    let _ = walk(&call.arguments, DEEPEST, &mut |leaf| {
        if leaf.form == Form::Key || leaf.form == Form::Word || is_secret_field(leaf.field()) {
            return;
        }
        let role = Role::of(leaf.field());
        let is_number = leaf.form == Form::Number;
        each_part(leaf, role, &mut |text, place| {
            if is_worth_it(text, role) && !is_credential(text) && shown.is_copied(text, event) {
                found.push((leaf.outer_pointer().to_owned(), text.to_owned(), place, is_number, is_statement(leaf.text)));
            }
        });
    });
    let mut texts: Vec<String> = found.iter().map(|(_, text, ..)| text.clone()).collect();
    texts.sort_unstable();
    texts.dedup();
    let has_others = texts.len() > 1;
    let target = |(pointer, text, place, is_number, is_caseless): (String, String, Place, bool, bool)| {
        let mut ranges = call.arguments.match_indices(&text);
        let (start, _) = ranges.next()?;
        if ranges.next().is_some() {
            return None;
        }
        Some(Target { pointer, range: start..start + text.len(), text, place, is_number, is_caseless, has_others })
    };
    found.into_iter().filter_map(target).collect()
}

/// Takes a value apart where identifiers begin and end.
fn each_part(leaf: &Leaf<'_>, role: Role, sink: &mut dyn FnMut(&str, Place)) {
    let trimmed = leaf.text.trim();
    if is_one(trimmed) && leaf.form != Form::Plain {
        if trimmed.contains('/') {
            components(trimmed, sink);
        } else {
            sink(trimmed, if role == Role::Identifier { Place::Identifier } else { Place::Whole });
        }
        return;
    }
    let around = around(trimmed, role);
    for chunk in trimmed.split(|c: char| c.is_whitespace() || "\"'`()[]{},;<>|\\".contains(c)) {
        if chunk.contains('/') {
            components(chunk, sink);
        } else {
            chunk.split('=').for_each(|piece| sink(bare(piece), around));
        }
    }
}

fn components(text: &str, sink: &mut dyn FnMut(&str, Place)) {
    text.split(['/', '?', '&', '=', ':', '%']).for_each(|piece| sink(bare(piece), Place::Path));
}

/// Without what ends a sentence or stresses a word.
fn bare(text: &str) -> &str {
    text.trim_matches(|c| matches!(c, '.' | ':' | '?' | '!' | '*'))
}

/// Whether a value is one thing and not a text.
fn is_one(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || "\"'(){}[],;".contains(c))
}

/// What a text is for.
fn around(text: &str, role: Role) -> Place {
    let marks = text.bytes().filter(|byte| b"{}();=<>|$".contains(byte)).count();
    let is_code = role == Role::Code || is_statement(text) || marks * 25 > text.len();
    if is_code { Place::Code } else { Place::Prose }
}

/// Whether a text is SQL.
fn is_statement(text: &str) -> bool {
    const VERBS: &[&str] =
        &["SELECT", "INSERT", "UPDATE", "DELETE", "DESC", "DESCRIBE", "SHOW", "CREATE", "ALTER", "DROP", "WITH", "EXPLAIN", "USE"];
    let first = text.split_whitespace().next().unwrap_or_default();
    VERBS.iter().any(|verb| first.eq_ignore_ascii_case(verb))
}

/// Where the identifier of a finding stands.
pub(super) fn place_of(call: &ToolCall, finding: &Finding) -> Place {
    let mut place = None;
    let _ = walk(&call.arguments, DEEPEST, &mut |leaf| {
        if place.is_some() || leaf.outer_pointer() != finding.pointer || leaf.form == Form::Word {
            return;
        }
        let Some(start) = leaf.text.find(&finding.written) else { return };
        let role = Role::of(leaf.field());
        let end = start + finding.written.len();
        let touches = leaf.text.get(..start).is_some_and(|before| before.ends_with('/'))
            || leaf.text.get(end..).is_some_and(|after| after.starts_with('/'));
        place = Some(match () {
            () if touches || finding.written.contains('/') => Place::Path,
            () if !is_one(leaf.text.trim()) || leaf.form == Form::Plain => around(leaf.text, role),
            () if role == Role::Identifier => Place::Identifier,
            () => Place::Whole,
        });
    });
    // A secret is shown as something that stands nowhere.
    place.unwrap_or(Place::Whole)
}
