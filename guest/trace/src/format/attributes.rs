//! Spans with attributes, as OTLP writes them (typed values) or as exporters do (plain JSON).

use super::spans;
use crate::json::{Fields, Json};
use std::collections::BTreeMap;

/// One span as it was exported.
#[derive(Debug, Default)]
pub(super) struct Exported {
    pub trace: String,
    pub id: String,
    pub parent: Option<String>,
    pub name: String,
    /// As it is written.
    pub at: String,
    pub start: String,
    pub end: String,
    pub attributes: Attributes,
}

/// The spans of a record: of requests to a collector, of a list, or alone.
pub(super) fn exported(record: Json<'_>) -> Vec<Exported> {
    let (mut open, mut all) = (vec![record], Vec::new());
    while let Some(value) = open.pop() {
        if value.is_array() {
            open.extend(value.items().into_iter().rev());
            continue;
        }
        let fields = value.fields();
        let lists =
            ["resourceSpans", "resource_spans", "scopeSpans", "scope_spans", "instrumentationLibrarySpans", "spans", "data", "batches"];
        let within: Vec<Json<'_>> = lists.iter().filter_map(|name| fields.get(name)).filter(|list| list.is_array()).collect();
        if within.is_empty() {
            all.extend(read(&fields));
        }
        open.extend(within.into_iter().rev());
    }
    all
}

/// Whether a value is a span with attributes, or holds such.
pub(super) fn is_exported(fields: &Fields<'_>) -> bool {
    fields.get("resourceSpans").or_else(|| fields.get("resource_spans")).is_some_and(Json::is_array) || read(fields).is_some()
}

fn read(fields: &Fields<'_>) -> Option<Exported> {
    let context = fields.get("context").or_else(|| fields.get("span_context")).map(Json::fields).unwrap_or_default();
    let find = |names: &[&str]| names.iter().find_map(|name| fields.get(name).or_else(|| context.get(name)).and_then(Json::name));
    let start = find(&["startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime"])?;
    let mut attributes = Attributes::default();
    attributes.read("", fields.get("attributes")?);
    for event in fields.get("events").map(Json::items).unwrap_or_default() {
        let event = event.fields();
        if event.string("name").is_some_and(|name| name == "gen_ai.client.inference.operation.details") {
            event.get("attributes").into_iter().for_each(|more| attributes.read("", more));
        }
    }
    Some(Exported {
        trace: find(&["traceId", "trace_id"])?,
        id: find(&["spanId", "span_id"])?,
        parent: find(&["parentSpanId", "parent_span_id", "parent_id", "parentId"]).filter(|id| !id.is_empty()),
        name: find(&["name"]).unwrap_or_default(),
        end: spans::time(&find(&["endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime"]).unwrap_or_default()),
        start: spans::time(&start),
        at: start,
        attributes,
    })
}

/// Names with values, as JSON.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    all: BTreeMap<String, String>,
}

/// Attributes that exporters write as trees, though their names are paths.
const TREES: &[&str] = &["llm", "message", "tool", "input", "output", "session", "openinference", "gen_ai", "metadata"];

impl Attributes {
    fn read(&mut self, prefix: &str, json: Json<'_>) {
        if json.is_array() && prefix.is_empty() {
            for entry in json.items() {
                let entry = entry.fields();
                let value = entry.get("value").map(typed).unwrap_or_default();
                self.all.insert(entry.string("key").unwrap_or_default(), value);
            }
            return;
        }
        let named = json.fields().all.into_iter().map(|(name, value)| (name.into_owned(), value));
        let numbered = json.items().into_iter().enumerate().map(|(index, value)| (index.to_string(), value));
        for (name, value) in named.chain(numbered) {
            let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            if TREES.contains(&name.split('.').next().unwrap_or_default()) && (value.is_object() || value.is_array()) {
                self.read(&name, value);
            }
            self.all.insert(name, value.text().to_owned());
        }
    }

    /// The value as JSON. A string that holds JSON is that JSON.
    pub(super) fn json(&self, name: &str) -> Option<String> {
        self.all.get(name).filter(|value| *value != "null").map(|value| spans::plain(value))
    }

    /// The value as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let json = Json::parse(self.all.get(name)?).ok()?;
        (!json.is_null()).then(|| json.string().map_or_else(|| json.text().to_owned(), std::borrow::Cow::into_owned))
    }

    /// The first of these that is there, as text.
    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// Whether a name begins so.
    pub(super) fn has(&self, prefix: &str) -> bool {
        self.all.range(prefix.to_owned()..).next().is_some_and(|(name, _)| name.starts_with(prefix))
    }
}

/// A value with its type beside it, as plain JSON.
fn typed(value: Json<'_>) -> String {
    let fields = value.fields();
    let Some((kind, inner)) = fields.all.first() else { return value.text().to_owned() };
    let values = || inner.fields().get("values").map(Json::items).unwrap_or_default();
    match kind.replace('_', "").to_ascii_lowercase().as_str() {
        "intvalue" => inner.name().unwrap_or_default(),
        "arrayvalue" => format!("[{}]", values().into_iter().map(typed).collect::<Vec<_>>().join(",")),
        "kvlistvalue" => {
            let entry = |entry: Json<'_>| {
                let entry = entry.fields();
                let key = entry.get("key").map(Json::text).unwrap_or("\"\"");
                format!("{key}:{}", entry.get("value").map_or_else(|| "null".to_owned(), typed))
            };
            format!("{{{}}}", values().into_iter().map(entry).collect::<Vec<_>>().join(","))
        }
        _ => inner.text().to_owned(),
    }
}
