//! Messages of the proxy's own.

use serde_json::value::RawValue;
use serde_json::{Value, json};
use twinguard_core::model::{Decision, Verdict};
use twinguard_trace::form;
use twinguard_trace::json::Json;

/// The server ended, or cannot be reached.
pub(super) const GONE: i32 = -32_000;
/// It is no message.
pub(super) const PARSE: i32 = -32_700;
/// It is no message of the protocol.
pub(super) const INVALID: i32 = -32_600;

/// What else a person can do where nobody can be asked.
const NOBODY_TO_ASK: &str = "This call needs a person's confirmation, and this client cannot ask for one (it does not offer `elicitation`). \
    Show the user the call and say what is uncertain. To confirm it, look the value up first with a tool whose result shows it.";

const WAS_REFUSED: &str = "A person was asked, and did not confirm this call.";

/// The one field of the form that a person fills in.
const FIELD: &str = "run";

/// A tool's error with this text, which the model reads and can act upon.
pub(super) fn refusal(id: &RawValue, message: &str) -> Vec<u8> {
    // `resultType` is what versions from 2026-07-28 want; others ignore it.
    let result = json!({"content": [{"type": "text", "text": message}], "isError": true, "resultType": "complete"});
    result_frame(id, &result)
}

/// A JSON-RPC error. Without an id it says that not even that could be read.
pub(super) fn error(id: Option<&RawValue>, code: i32, message: &str) -> Vec<u8> {
    let id = id.map_or("null", RawValue::get);
    let error = json!({"code": code, "message": message});
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#).into_bytes()
}

fn result_frame(id: &RawValue, result: &Value) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, id.get()).into_bytes()
}

/// What the model is told of a call that nobody could be asked about.
pub(super) fn nobody_to_ask(message: &str) -> String {
    format!("{message}\n{NOBODY_TO_ASK}")
}

/// What the model is told of a call that a person did not confirm.
pub(super) fn was_refused(message: &str) -> String {
    format!("{WAS_REFUSED}\n{message}")
}

/// The request that asks a person.
pub(super) fn elicitation(id: &str, tool: &str, message: &str) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": form(tool, message)}).to_string().into_bytes()
}

/// The same as a result that wants an answer before the call goes on (from version 2026-07-28).
pub(super) fn input_required(id: &RawValue, name: &str, state: &str, tool: &str, message: &str) -> Vec<u8> {
    let request = json!({"method": "elicitation/create", "params": form(tool, message)});
    result_frame(id, &json!({"resultType": "input_required", "inputRequests": {name: request}, "requestState": state}))
}

fn form(tool: &str, message: &str) -> Value {
    json!({
        "mode": "form",
        "message": format!("`{tool}` was not run yet: twinguard is not sure of an identifier in it.\n{message}"),
        "requestedSchema": {
            "type": "object",
            "properties": {FIELD: {"type": "boolean", "title": "Run this call", "description": "Only if the identifiers are the ones you mean"}},
            "required": [FIELD],
        },
    })
}

/// Whether the answer to [`form()`] says to run the call. Whatever else it is, it does not.
pub(super) fn confirms(answer: Option<Json<'_>>) -> bool {
    let Some(answer) = answer.map(Json::fields) else { return false };
    let ticked = answer.get("content").and_then(|content| content.fields().get(FIELD)).is_some_and(Json::is_true);
    answer.says("action", "accept") && ticked
}

/// A response with the findings in its result's `_meta`; `None` when it has no result to put them in.
pub(super) fn with_findings(frame: &str, verdict: &Verdict) -> Option<Vec<u8>> {
    let findings = verdict.findings.iter().filter(|finding| finding.decision > Decision::Allow);
    let findings = serde_json::to_string(&findings.map(form::Finding::from).collect::<Vec<_>>()).ok()?;
    let told = format!(r#""twinguard/findings":{findings}"#);
    let result = object_in(frame, "result")?;
    let rewritten = match object_in(result, "_meta") {
        Some(meta) => replaced(result, meta, &first_field(meta, &told)),
        None => first_field(result, &format!(r#""_meta":{{{told}}}"#)),
    };
    Some(replaced(frame, result, &rewritten).into_bytes())
}

/// The object in a field of the object `text`, as part of `text`.
fn object_in<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = Json::parse(text).ok()?.fields().get(name)?;
    value.is_object().then_some(value.text())
}

/// An object with one more field, before all others.
fn first_field(object: &str, field: &str) -> String {
    let rest = object.get(1..).unwrap_or_default();
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    format!("{{{field}{comma}{rest}")
}

/// `text` with its own `part` replaced.
fn replaced(text: &str, part: &str, by: &str) -> String {
    let at = part.as_ptr().addr() - text.as_ptr().addr();
    let (before, rest) = text.split_at(at);
    format!("{before}{by}{}", rest.get(part.len()..).unwrap_or_default())
}

/// An object with another value, given as JSON, in a field that it has.
pub(super) fn with_field(object: &str, name: &str, value: &str) -> Option<String> {
    let old = Json::parse(object).ok()?.fields().get(name)?;
    Some(replaced(object, old.text(), value))
}

/// A retried call as it was first: without our question's answer, and with the state it then had.
pub(super) fn without_answer(frame: &str, name: &str, state: Option<&str>) -> Option<Vec<u8>> {
    let params = object_in(frame, "params")?;
    let mut kept = Vec::new();
    for (field, value) in Json::parse(params).ok()?.fields().all {
        let text = match field.as_ref() {
            "requestState" => match state {
                Some(state) => Value::from(state).to_string(),
                None => continue,
            },
            "inputResponses" => {
                let others: Vec<_> = value.fields().all.into_iter().filter(|(key, _)| key != name).collect();
                if others.is_empty() {
                    continue;
                }
                let others = others.iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_ref()), value.text()));
                format!("{{{}}}", others.collect::<Vec<_>>().join(","))
            }
            _ => value.text().to_owned(),
        };
        kept.push(format!("{}:{text}", Value::from(field.as_ref())));
    }
    Some(replaced(frame, params, &format!("{{{}}}", kept.join(","))).into_bytes())
}
