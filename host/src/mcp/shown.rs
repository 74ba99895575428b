//! What of a server's messages the model is shown.

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use twinguard_core::model::Effect;
use twinguard_trace::json::Json;

/// A text for the ledger, and whether something that the model sees is not in it.
pub(super) struct Shown<'a> {
    pub text: Cow<'a, str>,
    pub incomplete: bool,
}

/// A result, or part of one, without the base64 of pictures, sound and binary resources.
pub(super) fn without_bytes(raw: &str) -> Shown<'_> {
    let finds = |name: &str| memmem::find(raw.as_bytes(), name.as_bytes()).is_some();
    if !finds("\"data\"") && !finds("\"blob\"") {
        return Shown { text: Cow::Borrowed(raw), incomplete: false };
    }
    let Ok(parsed) = Json::parse(raw) else { return Shown { text: Cow::Borrowed(raw), incomplete: false } };
    let (mut text, mut incomplete) = (String::with_capacity(raw.len()), false);
    copy(parsed, 0, &mut text, &mut incomplete);
    Shown { text: Cow::Owned(text), incomplete }
}

/// How deep content can hold content: `content`, its items, their `resource`; twice as much to be sure.
const MOST_DEPTH: u32 = 8;

fn copy(value: Json<'_>, depth: u32, out: &mut String, incomplete: &mut bool) {
    if depth > MOST_DEPTH {
        out.push_str(value.text());
    } else if value.is_array() {
        list(out, ['[', ']'], value.items(), |item, out| copy(item, depth + 1, out, incomplete));
    } else if value.is_object() {
        let fields = value.fields().all.into_iter().filter(|(name, _)| {
            let is_bytes = name == "data" || name == "blob";
            *incomplete |= is_bytes;
            !is_bytes
        });
        let fields: Vec<_> = fields.collect();
        list(out, ['{', '}'], fields, |(name, value), out| {
            out.push_str(&serde_json::Value::from(name.as_ref()).to_string());
            out.push(':');
            // Nowhere else: what a tool calls `data` in its structured content is its own.
            if matches!(name.as_ref(), "content" | "contents" | "resource" | "messages") {
                copy(value, depth + 1, out, incomplete);
            } else {
                out.push_str(value.text());
            }
        });
    } else {
        out.push_str(value.text());
    }
}

fn list<T>(out: &mut String, [open, close]: [char; 2], items: Vec<T>, mut write: impl FnMut(T, &mut String)) {
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

/// A result of `tools/list`.
#[derive(Debug, Deserialize)]
pub(super) struct Tools<'a> {
    #[serde(borrow)]
    pub tools: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tool<'a> {
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    annotations: Option<Annotations>,
    #[serde(borrow, rename = "inputSchema")]
    pub input_schema: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    read_only_hint: Option<bool>,
    destructive_hint: Option<bool>,
}

impl Tool<'_> {
    /// What a call of it does, as far as the server says. `destructiveHint` means something only
    /// for a tool that changes things, whichever it says.
    pub fn effect(&self) -> Option<Effect> {
        let hints = self.annotations?;
        match hints.read_only_hint {
            Some(true) => Some(Effect::Reads),
            Some(false) => Some(Effect::Changes),
            None => hints.destructive_hint.map(|_| Effect::Changes),
        }
    }
}

/// A result of `prompts/get`.
#[derive(Debug, Deserialize)]
pub(super) struct Prompt<'a> {
    #[serde(borrow)]
    pub messages: Vec<Message<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub role: Cow<'a, str>,
    #[serde(borrow)]
    pub content: &'a RawValue,
}
