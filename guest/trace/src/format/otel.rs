//! OpenTelemetry's conventions for generative AI: spans of models, tools and agents.

use super::attributes::{self, Attributes, Exported};
use super::draft::{self, Draft};
use super::spans::{self, Did, Run, Span};
use super::{Format, Opened, Place, Read, langchain, openinference, vercel};
use crate::event::Trace;
use crate::json::{Fields, Json};
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "otel",
    about: "OpenTelemetry spans with `gen_ai` attributes: OTLP JSON, or spans of an exporter, one a line or in a list",
    part: attributes::is_exported,
    detect,
    read: Read::Known(read),
};

fn detect(record: &Opened<'_>) -> bool {
    // Spans of anything else hold no conversation, but a collector's file may begin with them.
    attributes::is_exported(&record.fields) || attributes::is_exported(&record.first_of("spans"))
}

pub(super) fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let spans: Vec<Span> = attributes::exported(record).into_iter().map(|span| read_span(span, place)).collect();
    spans::conversations(place, &spans)
}

/// What a span is of, by the conventions that name it.
enum Kind {
    Model,
    Tool,
    Agent,
    Other,
}

fn kind(attributes: &Attributes) -> Kind {
    let names = ["gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind", "ai.operationId"];
    let kind = attributes.first(&names).unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "chat" | "text_completion" | "generate_content" | "llm" => Kind::Model,
        "execute_tool" | "tool" | "ai.toolcall" => Kind::Tool,
        "invoke_agent" | "create_agent" | "agent" => Kind::Agent,
        _ if kind.starts_with("ai.") && kind.contains(".do") => Kind::Model,
        "" if attributes.has("gen_ai.prompt.") || attributes.has("gen_ai.output.messages") => Kind::Model,
        "" if attributes.has("gen_ai.tool.name") => Kind::Tool,
        _ => Kind::Other,
    }
}

fn read_span(span: Exported, place: &Place<'_>) -> Span {
    let attributes = &span.attributes;
    let session = attributes.first(&["gen_ai.conversation.id", "session.id", "langfuse.session.id"]);
    let what = match kind(attributes) {
        Kind::Model => Did::Asked(read_model(&span, place)),
        Kind::Agent => Did::Worked(read_model(&span, place)),
        Kind::Tool => Did::Ran(read_tool(&span)),
        Kind::Other => Did::Other,
    };
    Span { id: span.id, parent: span.parent, trace: span.trace, session, start: span.start, end: span.end, what }
}

fn read_model(span: &Exported, place: &Place<'_>) -> Trace {
    let attributes = &span.attributes;
    let models = ["gen_ai.response.model", "gen_ai.request.model", "llm.response.model_name", "llm.model_name", "llm.request.model_name"];
    let mut draft = Draft::new(place, None, attributes.first(&models));
    draft.name_provider(attributes.first(&["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"]));
    draft.began(Some(span.at.clone()));
    let mut turn = 0;
    if let Some(system) = attributes.json("gen_ai.system_instructions") {
        draft.said(Source::SystemPrompt, instructions(&system));
        turn += 1;
    }
    for name in ["gen_ai.input.messages", "gen_ai.output.messages"] {
        let list = attributes.json(name).unwrap_or_default();
        for message in Json::parse(&list).map(Json::items).unwrap_or_default() {
            draft.turn(turn);
            turn += 1;
            read_message(&mut draft, &message.fields());
        }
    }
    let before = turn;
    openinference::messages(&mut draft, attributes, &mut turn);
    if turn == before {
        vercel::read_attributes(&mut draft, attributes, &mut turn);
    }
    draft.turn(turn.saturating_sub(1));
    let reasons = attributes.json("gen_ai.response.finish_reasons").unwrap_or_default();
    let reasons: Vec<String> = Json::parse(&reasons).map(Json::items).unwrap_or_default().into_iter().filter_map(Json::name).collect();
    for reason in reasons.into_iter().chain(attributes.first(&["llm.finish_reason", "ai.response.finishReason"])) {
        draft.written(None, Some(&reason), None);
    }
    draft.finish()
}

/// Parts of instructions, or text.
fn instructions(json: &str) -> String {
    let Ok(json) = Json::parse(json) else { return json.to_owned() };
    let parts: Vec<String> = json.items().iter().filter_map(|part| part.fields().string("content")).collect();
    if parts.is_empty() { draft::text(Some(json)) } else { parts.join("\n") }
}

fn read_message(draft: &mut Draft<'_>, message: &Fields<'_>) {
    draft.written(None, message.string("finish_reason").as_deref(), None);
    let source = match message.string("role").unwrap_or_default().as_str() {
        "system" | "developer" => Some(Source::SystemPrompt),
        "user" => Some(Source::UserMessage),
        _ => None,
    };
    let mut said = Vec::new();
    for part in message.get("parts").or_else(|| message.get("content")).map(Json::items).unwrap_or_default() {
        let fields = part.fields();
        // Examples of the specification begin an id with a space.
        let id = fields.string("id").map(|id| id.trim().to_owned());
        match fields.string("type").unwrap_or_default().as_str() {
            "text" => said.push(draft::text(fields.get("content"))),
            "tool_call" | "server_tool_call" => {
                let arguments = fields.get("arguments").or_else(|| fields.get("server_tool_call"));
                draft.call(fields.string("name").unwrap_or_default(), id, arguments);
            }
            "tool_call_response" | "server_tool_call_response" => {
                let result = ["response", "result", "server_tool_call_response"].iter().find_map(|name| fields.get(name));
                draft.result(fields.string("name"), id, draft::text(result), false);
            }
            _ => {} // thoughts, pictures, files
        }
    }
    let content = message.get("content").and_then(Json::string).unwrap_or_default();
    said.push(content.into_owned());
    said.retain(|text| !text.is_empty());
    source.into_iter().for_each(|source| draft.said(source, said.join("\n")));
}

fn read_tool(span: &Exported) -> Run {
    let attributes = &span.attributes;
    let names = ["gen_ai.tool.name", "tool.name", "ai.toolCall.name", "traceloop.entity.name"];
    let tool = attributes.first(&names).unwrap_or_else(|| span.name.trim_start_matches("execute_tool ").to_owned());
    let find = |names: &[&str]| names.iter().find_map(|name| attributes.json(name));
    let result = find(&["gen_ai.tool.call.result", "output.value", "ai.toolCall.result", "traceloop.entity.output", "tool_response"]);
    // What a tool of LangChain answers is a message.
    let (id, shown) = result.map_or((None, None), |text| match Json::parse(&text) {
        Ok(json) => langchain::result(json),
        Err(_) => (None, Some(text)),
    });
    Run {
        tool,
        call_id: attributes
            .first(&["gen_ai.tool.call.id", "tool_call.id", "tool.id", "ai.toolCall.id"])
            .map(|id| id.trim().to_owned())
            .or(id),
        arguments: find(&["gen_ai.tool.call.arguments", "input.value", "ai.toolCall.args", "traceloop.entity.input", "tool_arguments"]),
        result: shown,
    }
}
