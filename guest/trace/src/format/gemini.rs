//! Gemini API: contents with parts, requests, responses, and chat histories.

use super::draft::{self, Draft};
use super::{Format, Opened, Place, Read};
use crate::event::Trace;
use crate::json::{Fields, Json};
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "gemini",
    about: "Gemini API: `contents` with `functionCall` and `functionResponse` parts, requests and responses",
    part: is_content,
    detect,
    read: Read::Known(read),
};

/// A field in the spelling of the API or of the Python library.
fn either<'a>(fields: &Fields<'a>, camel: &str, snake: &str) -> Option<Json<'a>> {
    fields.get(camel).or_else(|| fields.get(snake))
}

/// Parts of other formats name their type; these are told apart by their only field.
pub(super) fn is_content(fields: &Fields<'_>) -> bool {
    let parts = fields.get("parts").filter(|parts| parts.is_array()).map(Json::items);
    parts.is_some_and(|parts| parts.iter().all(|part| part.is_object() && part.fields().get("type").is_none()))
        && fields.get("content").is_none()
        && ["user", "model", "function", "tool", "system"].iter().any(|role| fields.says("role", role))
}

fn detect(record: &Opened<'_>) -> bool {
    let request = record.fields.get("request").map(Json::fields).unwrap_or_default();
    let response = record.fields.get("response").map(Json::fields).unwrap_or_default();
    is_content(&record.first)
        || record.fields.get("contents").is_some_and(|contents| contents.is_array() || contents.string().is_some())
        || request.get("contents").is_some()
        || [&record.fields, &response].iter().any(|fields| fields.get("candidates").is_some_and(Json::is_array))
        || is_content(&record.first_of("history"))
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let inner = |name| fields.get(name).filter(|json| json.is_object()).map_or_else(|| fields.clone(), Json::fields);
    let (request, response) = (inner("request"), inner("response"));
    let model = either(&response, "modelVersion", "model_version").and_then(Json::name);
    let id = draft::own_id(&fields).or_else(|| either(&response, "responseId", "response_id").and_then(Json::name));
    let mut draft = Draft::new(place, id, model.or_else(|| draft::model(&fields)).or_else(|| draft::model(&request)));
    draft.began(either(&response, "createTime", "create_time").and_then(Json::name));
    let config = request.get("config").map(Json::fields).unwrap_or_default();
    for asked in [&request, &config] {
        draft.said(Source::SystemPrompt, content_text(either(asked, "systemInstruction", "system_instruction")));
        draft.said(Source::SystemPrompt, asked.get("tools").map_or_else(String::new, |tools| tools.text().to_owned()));
    }
    let mut reader = Contents::default();
    // The library calls functions by itself, and tells of it here.
    let automatic = either(&response, "automaticFunctionCallingHistory", "automatic_function_calling_history");
    let contents = automatic.or_else(|| request.get("contents")).or_else(|| fields.get("history"));
    let contents = contents.unwrap_or(record);
    if let Some(text) = contents.string() {
        draft.said(Source::UserMessage, text.into_owned());
        reader.turn += 1;
    }
    contents.items().iter().for_each(|content| reader.read(&mut draft, &content.fields()));
    // Of several candidates only one goes on; which one, the next record says.
    if let Some(candidate) = response.get("candidates").and_then(|list| list.first().map(Json::fields)) {
        let content = candidate.get("content").map(Json::fields).unwrap_or_default();
        draft.turn(reader.turn);
        let stop = either(&candidate, "finishReason", "finish_reason").and_then(Json::name);
        draft.written(None, stop.as_deref(), None);
        reader.read(&mut draft, &content);
    }
    vec![draft.finish()]
}

/// The text of a content, of parts, or of a string.
fn content_text(content: Option<Json<'_>>) -> String {
    let parts = content.and_then(|content| content.fields().get("parts"));
    draft::text(parts.or(content))
}

/// Reads contents in order.
#[derive(Debug, Default)]
pub(super) struct Contents {
    turn: usize,
    /// Calls without an answer, with their names: answers often name no call, and come in order.
    open: Vec<(String, Option<String>)>,
}

impl Contents {
    /// Says where the next content stands.
    pub(super) fn at(&mut self, turn: usize) {
        self.turn = turn;
    }

    pub(super) fn read(&mut self, draft: &mut Draft<'_>, content: &Fields<'_>) {
        draft.turn(self.turn);
        self.turn += 1;
        let mut said = Vec::new();
        for part in content.get("parts").map(Json::items).unwrap_or_default() {
            let fields = part.fields();
            if let Some(call) = either(&fields, "functionCall", "function_call").or_else(|| either(&fields, "toolCall", "tool_call")) {
                self.call(draft, &call.fields());
            } else if let Some(result) =
                either(&fields, "functionResponse", "function_response").or_else(|| either(&fields, "toolResponse", "tool_response"))
            {
                self.result(draft, &result.fields());
            } else if let Some(code) = either(&fields, "executableCode", "executable_code").map(Json::fields) {
                draft.call_with_text(CODE.to_owned(), None, &code.string("code").unwrap_or_default());
            } else if let Some(printed) = either(&fields, "codeExecutionResult", "code_execution_result").map(Json::fields) {
                draft.result(Some(CODE.to_owned()), None, printed.string("output").unwrap_or_default(), false);
            } else if let Some(text) = fields.string("text").or_else(|| part.string().map(std::borrow::Cow::into_owned)) {
                said.push(text);
            }
        }
        match content.string("role").as_deref() {
            Some("model") => {}
            Some("system") => draft.said(Source::SystemPrompt, said.join("\n")),
            _ => draft.said(Source::UserMessage, said.join("\n")),
        }
    }

    fn call(&mut self, draft: &mut Draft<'_>, call: &Fields<'_>) {
        let (tool, id) = (name(call), call.string("id"));
        self.open.push((tool.clone(), id.clone()));
        draft.call(tool, id, call.get("args"));
    }

    fn result(&mut self, draft: &mut Draft<'_>, result: &Fields<'_>) {
        let (tool, id) = (name(result), result.string("id"));
        let answered = |(open, call): &(String, Option<String>)| if id.is_some() { *call == id } else { *open == tool };
        let call = self.open.iter().position(answered).map(|at| self.open.remove(at));
        let id = id.or_else(|| call?.1);
        draft.result(Some(tool), id, draft::text(result.get("response")), false);
    }
}

/// The tool that code runs in at the server.
const CODE: &str = "code_execution";

fn name(fields: &Fields<'_>) -> String {
    fields.string("name").or_else(|| either(fields, "toolType", "tool_type").and_then(Json::name)).unwrap_or_default()
}
