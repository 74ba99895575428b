//! OpenAI Responses: items, alone or as the `input` and `output` of stored responses.

use super::draft::{self, Draft};
use super::{Format, Opened, Place, Read};
use crate::event::Trace;
use crate::json::{Fields, Json};
use std::collections::HashMap;
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "openai-responses",
    about: "OpenAI Responses: lists of items with `function_call`, stored responses, requests with their responses",
    part: |fields| is_item(fields) || is_response(fields),
    detect,
    read: Read::Known(read),
};

/// Items that are no messages. Calls and results end alike, whatever the tool is.
pub(super) fn is_item(fields: &Fields<'_>) -> bool {
    let kind = fields.string("type").unwrap_or_default();
    let known = ["reasoning", "compaction", "mcp_list_tools", "tool_search_output", "item_reference"];
    (is_call(&kind) || kind.ends_with("_call_output") || known.contains(&kind.as_str()))
        && !["payload", "messages", "sessionId"].iter().any(|name| fields.get(name).is_some())
}

fn is_call(kind: &str) -> bool {
    kind.ends_with("_call") && kind != "tool_call" // that one is a part in other formats
}

/// A stored response, alone or beside its request.
fn is_response(fields: &Fields<'_>) -> bool {
    fields.says("object", "response") || fields.get("response").is_some_and(|response| response.fields().says("object", "response"))
}

fn detect(record: &Opened<'_>) -> bool {
    let has_items = |items: Vec<Json<'_>>| items.iter().any(|item| is_item(&item.fields()));
    if record.json.is_array() {
        return (record.mentions("_call") && has_items(record.items.clone())) || is_response(&record.first);
    }
    let list = |name| record.fields.get(name).map(Json::items).unwrap_or_default();
    is_response(&record.fields) || ["input", "output", "items", "data"].iter().any(|name| has_items(list(name)))
}

/// One conversation: responses that go on from each other, or items.
struct Chain<'a> {
    draft: Draft<'a>,
    items: Items,
}

impl<'a> Chain<'a> {
    fn new(place: &Place<'a>, id: Option<String>, fields: &Fields<'_>) -> Self {
        let mut draft = Draft::new(place, id, draft::model(fields));
        draft.began(fields.get("created_at").and_then(Json::name));
        Self { draft, items: Items::default() }
    }

    fn list(&mut self, list: Option<Json<'_>>) {
        let Some(list) = list else { return };
        if let Some(text) = list.string() {
            self.draft.turn(self.items.step(false));
            self.draft.said(Source::UserMessage, text.into_owned());
        }
        list.items().iter().for_each(|item| self.items.read(&mut self.draft, *item));
    }
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let one = [record];
    let values = if record.is_array() { record.items() } else { one.to_vec() };
    let mut chains: Vec<Chain<'_>> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for value in values {
        let outer = value.fields();
        if record.is_array() && !is_response(&outer) {
            if chains.is_empty() {
                chains.push(Chain::new(place, None, &outer));
            }
            // Items between responses are the input of the next one.
            chains.iter_mut().last().into_iter().for_each(|chain| chain.items.read(&mut chain.draft, value));
            continue;
        }
        let inner = |name| outer.get(name).filter(|json| json.is_object()).map_or_else(|| outer.clone(), Json::fields);
        let (request, response) = (inner("request"), inner("response"));
        let within =
            response.get("conversation").and_then(|conversation| conversation.name().or_else(|| conversation.fields().string("id")));
        let before = response.string("previous_response_id").or_else(|| request.string("previous_response_id"));
        let known = [&before, &within].into_iter().flatten().find_map(|name| by_name.get(name)).copied();
        // A log has a name of its own for the exchange.
        let id = within.clone().or_else(|| draft::own_id(&outer)).or_else(|| draft::own_id(&response));
        let at = known.unwrap_or_else(|| {
            chains.push(Chain::new(place, id, &response));
            chains.len() - 1
        });
        by_name.extend(response.string("id").into_iter().chain(within).map(|name| (name, at)));
        if let Some(chain) = chains.get_mut(at) {
            read_response(chain, &request, &response);
        }
    }
    chains.into_iter().map(|chain| chain.draft.finish()).collect()
}

fn read_response(chain: &mut Chain<'_>, request: &Fields<'_>, response: &Fields<'_>) {
    // The input of a response may hold everything that was said before.
    chain.draft.again();
    let either = |name: &str| request.get(name).or_else(|| response.get(name));
    for name in ["instructions", "tools"] {
        let said = either(name).filter(|list| !list.is_array() || !list.items().is_empty());
        chain.draft.said(Source::SystemPrompt, draft::text(said));
    }
    chain.list(either("input").or_else(|| either("items")).or_else(|| either("data")));
    chain.items.run = None;
    chain.list(response.get("output"));
    // What ends a response ends its last message.
    if let Some(turn) = chain.items.run.take() {
        chain.draft.turn(turn);
        let why = response.get("incomplete_details").and_then(|why| why.fields().string("reason"));
        let stop = why.or_else(|| response.string("status"));
        chain.draft.written(response.string("model"), stop.as_deref(), response.get("created_at").and_then(Json::name));
    }
}

/// Where a list of items stands.
#[derive(Debug, Default)]
pub(super) struct Items {
    next: usize,
    /// The item that the model's message began with, if it is the model that writes: what it writes
    /// without reading anything is one message.
    run: Option<usize>,
}

impl Items {
    /// The turn of the next item.
    fn step(&mut self, by_model: bool) -> usize {
        let index = self.next;
        self.next += 1;
        if by_model {
            return *self.run.get_or_insert(index);
        }
        self.run = None;
        index
    }

    /// Says where the next item stands. Between lists the model reads.
    pub(super) fn at(&mut self, index: usize) {
        if self.next != index {
            self.run = None;
        }
        self.next = index;
    }

    /// Passes something that is no item.
    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    pub(super) fn read(&mut self, draft: &mut Draft<'_>, item: Json<'_>) {
        let fields = item.fields();
        let kind = fields.string("type").unwrap_or_else(|| "message".to_owned());
        let by_model = if kind == "message" { fields.says("role", "assistant") } else { !kind.ends_with("_output") };
        draft.turn(self.step(by_model));
        match kind.as_str() {
            "message" => read_message(draft, &fields),
            "mcp_list_tools" => draft.said(Source::SystemPrompt, draft::text(fields.get("tools"))),
            "image_generation_call" => {} // a picture
            _ if kind.ends_with("_output") => {
                // A screenshot is no text.
                let shown = ["output", "tools"].iter().find_map(|name| fields.get(name)).filter(|_| kind != "computer_call_output");
                draft.result(None, id(&fields), draft::text(shown), fields.says("status", "incomplete"));
            }
            _ if is_call(&kind) => read_call(draft, &kind, &fields),
            _ => {}
        }
        if by_model && fields.says("status", "incomplete") {
            draft.written(None, Some("incomplete"), None);
        }
    }
}

fn read_message(draft: &mut Draft<'_>, fields: &Fields<'_>) {
    let content = fields.get("content");
    match fields.string("role").unwrap_or_default().as_str() {
        "system" | "developer" => draft.said(Source::SystemPrompt, draft::text(content)),
        "user" => draft.said(Source::UserMessage, draft::text(content)),
        "assistant" => {
            let parts = content.map(Json::items).unwrap_or_default();
            if parts.iter().any(|part| part.fields().says("type", "refusal")) {
                draft.written(None, Some("refusal"), None);
            }
        }
        role => draft.issue(&format!("unknown role `{role}`; expected system, developer, user or assistant, so it was left out")),
    }
}

/// Results name their call by `call_id`; where there is none, the item itself is meant.
fn id(fields: &Fields<'_>) -> Option<String> {
    fields.string("call_id").or_else(|| fields.string("id"))
}

/// A call of any tool: the user's functions, and those that run at the server and bring their result.
fn read_call(draft: &mut Draft<'_>, kind: &str, fields: &Fields<'_>) {
    let tool = fields.string("name").unwrap_or_else(|| kind.trim_end_matches("_call").to_owned());
    match fields.string("input").or_else(|| fields.string("code")) {
        Some(text) => draft.call_with_text(tool.clone(), id(fields), &text),
        None => {
            let names = ["arguments", "action", "actions", "operation", "queries"];
            draft.call(tool.clone(), id(fields), names.iter().find_map(|name| fields.get(name)));
        }
    }
    let results = ["output", "outputs", "results", "error"];
    if let Some(result) = results.iter().find_map(|name| fields.get(name)) {
        draft.result(Some(tool), id(fields), draft::text(Some(result)), false);
    }
}
