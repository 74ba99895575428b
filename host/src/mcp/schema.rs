//! What the schema of a tool's arguments says about identifiers.
//!
//! Most of it needs no schema: a UUID, a date or a duration is known by its looks, and what a schema
//! lists (`enum`, `const`, examples) was shown with it. But whether an argument takes identifiers is
//! otherwise told by its name, and `format: "uuid"` tells it for an argument with any name.

use serde_json::{Map, Value, json};
use twinguard_trace::json::Json;

/// Formats whose values are identifiers. Those of JSON Schema that are not here are values that a
/// model may compute (dates), or may type anew (addresses).
const IDENTIFIERS: &[&str] = &["uuid"];

/// Levels of a schema that are looked at. Arguments nest no deeper.
const MOST_DEPTH: u32 = 16;

/// The arguments that take identifiers, as a policy names them.
pub(super) fn identifiers(schema: Json<'_>) -> Vec<String> {
    let mut found = Vec::new();
    walk(schema, "", 0, &mut found);
    found
}

fn walk(schema: Json<'_>, pointer: &str, depth: u32, found: &mut Vec<String>) {
    if depth > MOST_DEPTH {
        return;
    }
    let fields = schema.fields();
    if IDENTIFIERS.iter().any(|format| fields.says("format", format)) && !found.iter().any(|known| known == pointer) {
        found.push(pointer.to_owned());
    }
    for (name, below) in fields.get("properties").map(|properties| properties.fields().all).unwrap_or_default() {
        // It would be a pattern in a policy.
        if !name.contains('*') {
            walk(below, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), depth + 1, found);
        }
    }
    if let Some(items) = fields.get("items") {
        walk(items, &format!("{pointer}/*"), depth + 1, found);
    }
    for choice in ["anyOf", "oneOf", "allOf"].iter().filter_map(|name| fields.get(name)).flat_map(Json::items) {
        walk(choice, pointer, depth + 1, found);
    }
}

/// A policy under which a near miss in these arguments of these tools counts as it does in an argument
/// whose name says that it takes identifiers, however dense the family. `None` where the policy
/// itself speaks of that.
pub(super) fn strict<'a>(policy: &str, arguments: impl Iterator<Item = (&'a str, &'a [String])>) -> Option<String> {
    const NEAR: &str = "twin";
    const IN_A_SERIES: &str = "sibling";
    let mut policy: Map<String, Value> = if policy.is_empty() { Map::new() } else { serde_json::from_str(policy).ok()? };
    let stated = policy.get("decisions").and_then(Value::as_object);
    if stated.is_some_and(|stated| stated.keys().any(|key| key.starts_with(IN_A_SERIES))) {
        return None;
    }
    let mut decisions = Map::from_iter([(IN_A_SERIES.to_owned(), json!("block"))]);
    for (key, decision) in stated.into_iter().flatten() {
        if let Some(ending) = key.strip_prefix(NEAR) {
            decisions.insert(format!("{IN_A_SERIES}{ending}"), decision.clone());
        }
    }
    let rule = |tool: &str, argument: &String| json!({"tool": tool, "argument": argument, "decisions": decisions});
    let mut rules: Vec<Value> =
        arguments.flat_map(|(tool, arguments)| arguments.iter().map(move |argument| rule(tool, argument))).collect();
    // What the user states comes later, and counts.
    if let Some(Value::Array(theirs)) = policy.remove("arguments") {
        rules.extend(theirs);
    }
    policy.insert("arguments".to_owned(), Value::Array(rules));
    Some(Value::Object(policy).to_string())
}
