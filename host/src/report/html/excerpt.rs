//! A part of a text of the conversation, around the value that is spoken of: set out as far as it is
//! JSON, without secrets, and short.

use crate::report::cells::running;
use std::ops::Range;
use twinguard_core::credential::{SHOWN as SECRET, is_credential, is_secret_field};
use twinguard_trace::json::Json;

/// Longer JSON is shown as it stands.
const LONGEST_SET_OUT: usize = 32 << 10;
/// In a longer text a value is looked for without following the pointer.
const LONGEST_FOLLOWED: usize = 1 << 20;
/// Values nested deeper are shown as they stand.
const DEEPEST: usize = 12;
/// A value that fits stays on its line.
const LINE: usize = 60;
/// Bytes around the part that are looked at for secrets: one is shorter than this.
const NEAR: usize = 4096;

/// What stands before the value and after it, and whether the value was found at all; otherwise
/// the beginning of the text is in `before`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) before: String,
    pub(super) after: Option<String>,
}

/// At most about `room` bytes of the text around the `value` at this JSON Pointer.
pub(super) fn excerpt(text: &str, value: Option<(&str, &str)>, room: usize) -> Excerpt {
    let set_out = set_out(text);
    let text = set_out.as_deref().unwrap_or(text);
    let found = value.and_then(|(pointer, value)| locate(text, pointer, value));
    let around = found.clone().unwrap_or(0..0);
    let far = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let from = if around.start < NEAR { 0 } else { far(around.start - NEAR) };
    let to = far(around.end.saturating_add(NEAR + room).min(text.len()));
    let near = text.get(from..to).unwrap_or_default();
    let inside = found.map(|found| found.start - from..found.end - from);
    let (masked, inside) = without_secrets(near, inside);
    let ends = [from == 0, to == text.len()];
    let Some(inside) = inside else {
        return Excerpt { before: running(&head(&masked, room, ends[1])), after: None };
    };
    let (before, after) = (masked.get(..inside.start).unwrap_or_default(), masked.get(inside.end..).unwrap_or_default());
    Excerpt { before: running(&tail(before, room / 2, ends[0])), after: Some(running(&head(after, room / 2, ends[1]))) }
}

/// The beginning, up to the end of a line where one is near.
fn head(text: &str, room: usize, whole: bool) -> String {
    if text.len() <= room && whole {
        return text.to_owned();
    }
    let end = (0..=room.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let kept = text.get(..end).unwrap_or_default();
    match kept.rfind('\n').filter(|at| *at > room / 2) {
        Some(at) => format!("{}\n…", kept.get(..at).unwrap_or_default()),
        None => format!("{kept}…"),
    }
}

/// The end, likewise.
fn tail(text: &str, room: usize, whole: bool) -> String {
    if text.len() <= room && whole {
        return text.to_owned();
    }
    let start = (text.len().saturating_sub(room)..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let kept = text.get(start..).unwrap_or_default();
    match kept.find('\n').filter(|at| *at < room / 2) {
        Some(at) => format!("…{}", kept.get(at..).unwrap_or_default()),
        None => format!("…{kept}"),
    }
}

/// Where the value stands: in the leaf that the pointer leads to, as far as it can be followed in
/// the text itself, else anywhere. As a word of its own where it is one somewhere.
fn locate(text: &str, pointer: &str, value: &str) -> Option<Range<usize>> {
    if value.is_empty() {
        return None;
    }
    let json = (text.len() <= LONGEST_FOLLOWED).then(|| Json::parse(text).ok()).flatten();
    let leaf = json.map(|json| leaf(json, pointer));
    let within = leaf.and_then(|leaf| {
        let start = leaf.text().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        find(leaf.text(), value).map(|found| found.start + start..found.end + start)
    });
    within.or_else(|| find(text, value))
}

fn leaf<'a>(json: Json<'a>, pointer: &str) -> Json<'a> {
    let mut value = json;
    for step in pointer.split('/').skip(1) {
        let next = if value.is_array() {
            step.parse::<usize>().ok().and_then(|at| value.items().get(at).copied())
        } else {
            value.fields().get(&step.replace("~1", "/").replace("~0", "~"))
        };
        let Some(next) = next else { break };
        value = next;
    }
    value
}

fn find(text: &str, value: &str) -> Option<Range<usize>> {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let alone = text.match_indices(value).find(|(at, _)| {
        let (before, after) = (text.get(..*at).unwrap_or_default(), text.get(at + value.len()..).unwrap_or_default());
        !joins(before.chars().next_back()) && !joins(after.chars().next())
    });
    let at = alone.map(|(at, _)| at).or_else(|| text.find(value))?;
    Some(at..at + value.len())
}

/// An object or array with a line for each of its members, unless all of it fits into one.
fn set_out(text: &str) -> Option<String> {
    if text.len() > LONGEST_SET_OUT || !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    write(&mut out, Json::parse(text).ok()?, 0, 0);
    Some(out)
}

fn write(out: &mut String, json: Json<'_>, depth: usize, used: usize) {
    let (fields, items) = (json.fields().all, json.items());
    let is_short = json.text().len() + used <= LINE && !json.text().contains('\n');
    if (fields.is_empty() && items.is_empty()) || depth >= DEEPEST || (depth > 0 && is_short) {
        out.push_str(json.text());
        return;
    }
    let indent = "  ".repeat(depth + 1);
    let last = fields.len().max(items.len()) - 1;
    let [open, close] = if items.is_empty() { ['{', '}'] } else { ['[', ']'] };
    out.push(open);
    let names = fields.iter().map(|(name, value)| (Some(name), *value));
    for (at, (name, value)) in names.chain(items.iter().map(|item| (None, *item))).enumerate() {
        out.push('\n');
        out.push_str(&indent);
        // `Display` of a JSON value writes a string as JSON does.
        let name = name.map(|name| format!("{}: ", serde_json::Value::from(name.as_ref()))).unwrap_or_default();
        out.push_str(&name);
        write(out, value, depth + 1, indent.len() + name.len());
        if at < last {
            out.push(',');
        }
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

/// The text without what looks like a secret, or stands in a field for secrets; and where the range
/// is then, unless it is in one.
fn without_secrets(text: &str, inside: Option<Range<usize>>) -> (String, Option<Range<usize>>) {
    let mut out = String::with_capacity(text.len());
    let mut moved = None;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let word = rest.find(|c| !joins(c)).unwrap_or(rest.len());
        let token = rest.get(..word).unwrap_or_default();
        if is_credential(token) {
            out.push_str(SECRET);
            at += word;
            continue;
        }
        // One character of what is between words, or a word.
        let step = if word == 0 { rest.chars().next().map_or(1, char::len_utf8) } else { word };
        if let Some(inside) = inside.as_ref().filter(|inside| (at..at + step).contains(&inside.start)) {
            let start = out.len() + inside.start - at;
            moved = Some(start..start + inside.len());
        }
        out.push_str(rest.get(..step).unwrap_or_default());
        at += step;
        if is_secret_field(token)
            && let Some(secret) = secret(text.get(at..).unwrap_or_default())
        {
            out.push_str(text.get(at..at + secret.start).unwrap_or_default());
            out.push_str(SECRET);
            at += secret.end;
        }
    }
    let kept = moved.filter(|moved| inside.is_some_and(|inside| out.get(moved.clone()) == text.get(inside)));
    (out, kept)
}

/// Where the value is, in what follows the name of its field: `": "hunter2"`, `=hunter2`, or the
/// same in JSON that stands in a string, with its backslashes.
fn secret(after: &str) -> Option<Range<usize>> {
    let quotes = |c: char| matches!(c, '"' | '\'' | '\\');
    let name_end = after.find(|c| !quotes(c))?;
    let colon = after.get(name_end..)?.trim_start();
    let value = colon.strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
    let opening: String = value.chars().take_while(|c| quotes(*c)).collect();
    let start = after.len() - value.len() + opening.len();
    let value = after.get(start..)?;
    let end = if opening.is_empty() && value.starts_with(['{', '[']) {
        closing(value)
    } else if opening.is_empty() {
        value.find(['\n', ',', ';', '}', '&', '"', '\'', '\\']).unwrap_or(value.len())
    } else if opening.len() == 1 {
        ending(value, &opening)
    } else {
        value.find(&opening).unwrap_or(value.len())
    };
    (end > 0).then_some(start..start + end)
}

/// The end of a quoted string; a quote behind a backslash is part of it.
fn ending(value: &str, quote: &str) -> usize {
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        if !escaped && quote.starts_with(c) {
            return at;
        }
        escaped = c == '\\' && !escaped;
    }
    value.len()
}

/// The end of an object or array. A bracket in a string may make it longer, never shorter than
/// its first member.
fn closing(value: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in value.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' if depth == 1 => return at + 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, pointer: &str, value: &str, room: usize) -> (String, String) {
        let found = excerpt(text, Some((pointer, value)), room);
        (found.before, found.after.unwrap())
    }

    #[test]
    fn the_value_is_found_where_the_pointer_leads() {
        let text = r#"{"note": "acct_1", "accounts": [{"id": "acct_12"}, {"id": "acct_1"}]}"#;
        let (before, after) = of(text, "/accounts/1/id", "acct_1", 400);
        assert_eq!(before, "{\n  \"note\": \"acct_1\",\n  \"accounts\": [{\"id\": \"acct_12\"}, {\"id\": \"");
        assert_eq!(after, "\"}]\n}");
        assert_eq!(of("see acct_12 and acct_1.", "", "acct_1", 400), ("see acct_12 and ".into(), ".".into()));
        // Into JSON in a string, as far as the text itself goes.
        let text = r#"{"a": "acct_1", "b": "{\"id\": \"acct_1\"}"}"#;
        assert!(of(text, "/b/id", "acct_1", 400).0.ends_with("\"b\": \"{\\\"id\\\": \\\""));
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let text = format!("{}acct_1{}", "é".repeat(5_000), "ß\n".repeat(5_000));
        let (before, after) = of(&text, "", "acct_1", 100);
        assert!(before.starts_with('…') && before.len() < 60, "{before}");
        assert!(after.ends_with('…') && after.len() < 60, "{after}");
        assert_eq!(excerpt(&text, None, 10), Excerpt { before: "ééééé…".into(), after: None });
    }

    #[test]
    fn no_secret_is_shown() {
        let texts = [
            r#"{"password": "hun\"ter2", "id": "acct_1"}"#,
            r#"{"content": "{\"api_key\": \"hunter2\", \"id\": \"acct_1\"}"}"#,
            r#"{"credentials": {"user": "hunter2", "n": [1]}, "id": "acct_1"}"#,
            "password=hunter2&id=acct_1",
            "Authorization: Bearer hunter2\nid: acct_1",
            "key sk-live-hunter2hunter2 of acct_1",
        ];
        for text in texts {
            let (before, after) = of(text, "/id", "acct_1", 400);
            assert!(!format!("{before}{after}").contains("ter2"), "{text}: {before}{after}");
            assert!(before.contains(SECRET), "{text}: {before}");
        }
        let inside = excerpt(r#"{"secret": "acct_1"}"#, Some(("/secret", "acct_1")), 400);
        assert_eq!(inside, Excerpt { before: "{\n  \"secret\": \"[credential]\"\n}".into(), after: None });
    }

    #[test]
    fn json_without_end_is_set_out_as_far_as_people_read() {
        let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
        assert!(excerpt(&deep, None, 200).before.len() < 400);
        assert_eq!(set_out("[1"), None);
        assert_eq!(set_out("[]").unwrap(), "[]");
    }
}
