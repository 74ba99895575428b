//! A call as people read it: `refund(account_id: "acct_7H9j2", amount: 40)`, shortened around
//! the identifier that is spoken of.

use super::cells::{cells, head, safe, tail, width};
use twinguard_core::credential::{SHOWN as SECRET, is_credential, is_secret_field};
use twinguard_core::model::Finding;
use twinguard_trace::json::Json;
use twinguard_trace::verify::Judged;

/// Columns of an argument that is only context, and of the text around an identifier.
const CONTEXT: usize = 24;
/// Bytes around an identifier that are looked at for its context: an argument may be a whole file,
/// and a secret is shorter than this.
const NEAR: usize = 4096;

/// The two sides of the identifier, ready to be printed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) before: String,
    pub(super) after: String,
}

/// What surrounds the identifier of a finding, in at most `room` columns.
pub(super) fn frame(judged: &Judged, finding: &Finding, room: usize) -> Frame {
    let tokens = tokens(&finding.pointer);
    let json = Json::parse(&judged.arguments).ok();
    let leaf = json.and_then(|json| resolve(json, &tokens));
    let (mut before, after) = leaf.map_or_else(Default::default, |leaf| around(finding, &leaf, &tokens));
    if !tokens.is_empty() {
        before = format!("{}: {before}", path(&tokens));
    }
    let tool = head(&cells(&judged.tool), 2 * CONTEXT);
    let columns = |text: &str| width(&cells(text));
    let mut left = room.saturating_sub(columns(&tool) + columns("()") + columns(&before) + columns(&after));
    let (mut earlier, mut later) = (Vec::new(), Vec::new());
    let fields = json.map(Json::fields).unwrap_or_default();
    let own = tokens.first().and_then(|own| fields.all.iter().position(|(key, _)| **key == **own));
    // Those next to it first: they tell the most, and where there is no room the far ones go.
    if let Some(own) = own {
        let mut show = |n: usize, list: &mut Vec<String>| {
            let Some((key, value)) = fields.all.get(n) else { return false };
            let shown = format!("{}: {}", head(&cells(key), CONTEXT), argument(key, *value));
            let needed = columns(&shown) + 2;
            let fits = needed + 3 <= left; // and a `, …` for those that do not
            if fits {
                left -= needed;
            }
            list.push(if fits { shown } else { "…".to_owned() });
            fits
        };
        for n in (0..own).rev() {
            if !show(n, &mut earlier) {
                break;
            }
        }
        for n in own + 1..fields.all.len() {
            if !show(n, &mut later) {
                break;
            }
        }
    }
    earlier.reverse();
    let earlier: String = earlier.into_iter().map(|shown| shown + ", ").collect();
    let later: String = later.into_iter().map(|shown| format!(", {shown}")).collect();
    Frame { before: format!("{tool}({earlier}{before}"), after: format!("{after}{later})") }
}

/// The call without an identifier to point at.
pub(super) fn whole(judged: &Judged, room: usize) -> String {
    let tool = head(&cells(&judged.tool), 2 * CONTEXT);
    // Nothing is known of its arguments: one of them may be a secret.
    let shown = if judged.arguments.trim() == "{}" { "" } else { "…" };
    head(&cells(&format!("{tool}({shown})")), room)
}

/// The text before and after the identifier in its own value.
fn around(finding: &Finding, leaf: &Leaf, tokens: &[String]) -> (String, String) {
    let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let (start, end) = (at(finding.span.start), at(finding.span.end));
    let fits = finding.written == SECRET || leaf.text.get(start..end).is_some_and(|text| text == finding.written);
    if !fits {
        return Default::default(); // an object's key, or a form this cannot follow
    }
    let quote = if leaf.quoted { "\"" } else { "" };
    if tokens.last().is_some_and(|field| is_secret_field(field)) {
        return (quote.to_owned(), quote.to_owned());
    }
    let far = |at: &usize| leaf.text.is_char_boundary(*at);
    let from = (0..=start.saturating_sub(NEAR)).rev().find(far).unwrap_or(0);
    let to = (end.saturating_add(NEAR).min(leaf.text.len())..=leaf.text.len()).find(far).unwrap_or(end);
    let before = masked(leaf.text.get(from..start).unwrap_or_default());
    let after = masked(leaf.text.get(end..to).unwrap_or_default());
    (format!("{quote}{}", tail(&cells(&before), CONTEXT)), format!("{}{quote}", head(&cells(&after), CONTEXT)))
}

/// Another argument, shortened. Of an object or array only that it is there.
fn argument(key: &str, value: Json<'_>) -> String {
    if is_secret_field(key) {
        return SECRET.to_owned();
    }
    match value.string() {
        Some(text) => format!("\"{}\"", head(&cells(&masked(&text)), CONTEXT)),
        None if value.is_object() => "{…}".to_owned(),
        None if value.is_array() => "[…]".to_owned(),
        None => head(&cells(value.text()), CONTEXT),
    }
}

/// The text without what looks like a secret.
fn masked(text: &str) -> String {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut shown = String::with_capacity(text.len());
    for run in text.split_inclusive(|c| !joins(c)) {
        let token = run.trim_end_matches(|c| !joins(c));
        if is_credential(token) {
            shown.push_str(SECRET);
            shown.push_str(run.get(token.len()..).unwrap_or_default());
        } else {
            shown.push_str(run);
        }
    }
    shown
}

/// A value that is no container.
struct Leaf {
    text: String,
    quoted: bool,
}

/// Follows a JSON Pointer, into JSON that stands in strings too.
fn resolve(json: Json<'_>, tokens: &[String]) -> Option<Leaf> {
    let Some((first, rest)) = tokens.split_first() else {
        return Some(match json.string() {
            Some(text) => Leaf { text: text.into_owned(), quoted: true },
            None => Leaf { text: json.text().to_owned(), quoted: false },
        });
    };
    if let Some(text) = json.string() {
        return resolve(Json::parse(&text).ok()?, tokens);
    }
    if json.is_array() {
        return resolve(*json.items().get(first.parse::<usize>().ok()?)?, rest);
    }
    let fields = json.fields();
    let (_, value) = fields.all.iter().rev().find(|(key, _)| **key == **first)?;
    resolve(*value, rest)
}

fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// `/payments/0/id` as `payments[0].id`.
fn path(tokens: &[String]) -> String {
    let mut shown = String::new();
    for token in tokens {
        if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()) {
            shown.push_str(&format!("[{token}]"));
        } else {
            shown.push_str(if shown.is_empty() { "" } else { "." });
            shown.push_str(&safe(token));
        }
    }
    tail(&cells(&shown), 2 * CONTEXT)
}
