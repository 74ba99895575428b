//! Lists, greetings and identifiers of several servers as one.

use super::super::frame::{Frame, Id};
use super::super::reply;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use twinguard_trace::json::Json;

/// What servers list, and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum List {
    Tools,
    Prompts,
    Resources,
    Templates,
}

/// What becomes of the answers of all servers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gathered {
    /// The abilities of all.
    Greeting,
    /// One list.
    List(List),
    /// Done by all.
    Nothing,
}

impl List {
    const ALL: [Self; 4] = [Self::Tools, Self::Prompts, Self::Resources, Self::Templates];

    pub fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Prompts => "prompts/list",
            Self::Resources => "resources/list",
            Self::Templates => "resources/templates/list",
        }
    }

    pub fn of(method: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.method() == method)
    }

    /// The field of the result that holds it.
    fn field(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }

    /// The field that names an item.
    fn key(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::Templates => "uriTemplate",
        }
    }

    /// What a request's parameters name.
    pub fn name_in(self, params: Json<'_>) -> Option<String> {
        params.fields().string(self.key())
    }

    /// Whether an item can have another name here than at its server. A resource's name is its
    /// address, which servers also write into results.
    fn renames(self) -> bool {
        matches!(self, Self::Tools | Self::Prompts)
    }
}

/// The items of all results in one list, and by exposed name whose each is. Of resources with one
/// address the first counts.
pub(super) fn lists(list: List, names: &[String], results: &[(usize, String)]) -> (String, HashMap<String, (usize, String)>) {
    let mut items: Vec<(usize, String, &str)> = Vec::new();
    for (server, result) in results {
        let found = Json::parse(result).ok().and_then(|result| result.fields().get(list.field()));
        for item in found.map(Json::items).unwrap_or_default() {
            let name = item.fields().string(list.key()).unwrap_or_default();
            items.push((*server, name, item.text()));
        }
    }
    let mut owners: HashMap<&str, Vec<usize>> = HashMap::new();
    for (server, name, _) in &items {
        let owners = owners.entry(name).or_default();
        if !owners.contains(server) {
            owners.push(*server);
        }
    }
    let (mut known, mut texts) = (HashMap::new(), Vec::new());
    for (server, name, text) in &items {
        let is_shared = owners.get(name.as_str()).is_some_and(|owners| owners.len() > 1);
        if is_shared && list.renames() {
            let exposed = format!("{}__{name}", names.get(*server).map_or("", String::as_str));
            texts.push(renamed_item(text, list, &exposed));
            known.insert(exposed, (*server, name.clone()));
        } else if !is_shared || owners.get(name.as_str()).and_then(|owners| owners.first()) == Some(server) {
            texts.push((*text).to_owned());
            known.insert(name.clone(), (*server, name.clone()));
        }
    }
    (format!(r#"{{"{}":[{}],"resultType":"complete"}}"#, list.field(), texts.join(",")), known)
}

fn renamed_item(item: &str, list: List, name: &str) -> String {
    reply::with_field(item, list.key(), &Value::from(name).to_string()).unwrap_or_else(|| item.to_owned())
}

/// A request with the server's own name for what it asks for.
pub(super) fn renamed(frame: &[u8], list: List, own: &str) -> Option<Vec<u8>> {
    let text = str::from_utf8(frame).ok()?;
    let params = Frame::parse(frame).ok()?.params?;
    let params = reply::with_field(params.get(), list.key(), &Value::from(own).to_string())?;
    reply::with_field(text, "params", &params).map(String::into_bytes)
}

/// The answers to `initialize` or `server/discover` as one: the abilities of all, what all versions
/// have in common, the instructions one after the other.
pub(super) fn greeting(names: &[String], results: &[(usize, String)]) -> String {
    let greetings: Vec<(usize, Value)> =
        results.iter().filter_map(|(server, text)| Some((*server, serde_json::from_str(text).ok()?))).collect();
    let mut capabilities = Value::Object(Map::new());
    let mut instructions = Vec::new();
    for (server, greeting) in &greetings {
        if let Some(more) = greeting.get("capabilities") {
            unite(&mut capabilities, more);
        }
        if let Some(text) = greeting.get("instructions").and_then(Value::as_str) {
            instructions.push(format!("# {}\n\n{text}", names.get(*server).map_or("", String::as_str)));
        }
    }
    let mut merged = json!({
        "capabilities": capabilities,
        "serverInfo": {"name": "twinguard", "title": format!("twinguard in front of {}", names.join(", ")), "version": env!("CARGO_PKG_VERSION")},
        "resultType": "complete",
    });
    // Versions are dates: the earliest is the one that all of them speak.
    if let Some(version) = greetings.iter().filter_map(|(_, greeting)| greeting.get("protocolVersion")?.as_str()).min() {
        merged["protocolVersion"] = version.into();
    }
    let mut versions = greetings.iter().filter_map(|(_, greeting)| greeting.get("supportedVersions")?.as_array());
    if let Some(first) = versions.next() {
        let others: Vec<_> = versions.collect();
        let common = first.iter().filter(|version| others.iter().all(|other| other.contains(version)));
        merged["supportedVersions"] = common.cloned().collect();
    }
    if !instructions.is_empty() {
        merged["instructions"] = instructions.join("\n\n").into();
    }
    merged.to_string()
}

/// What either of two sets of abilities has.
fn unite(all: &mut Value, more: &Value) {
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (name, value) in more {
                unite(all.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Bool(all), Value::Bool(more)) => *all |= more,
        (all @ Value::Null, more) => *all = more.clone(),
        _ => {}
    }
}

/// The id under which the client sees a server's request.
pub(super) fn foreign_id(server: usize, own: &RawValue) -> String {
    Value::from(format!("{server}/{}", own.get())).to_string()
}

/// The server and its own id behind such an id.
pub(super) fn own_id(id: &Id) -> Option<(usize, String)> {
    let Id::Text(text) = id else { return None };
    let (server, own) = text.split_once('/')?;
    Some((server.parse().ok()?, own.to_owned()))
}

/// A message with this id, given as JSON.
pub(super) fn with_id(frame: &[u8], id: &str) -> Option<Vec<u8>> {
    reply::with_field(str::from_utf8(frame).ok()?, "id", id).map(String::into_bytes)
}
