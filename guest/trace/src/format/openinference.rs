//! OpenInference spans, and the older conventions that write every field of a message as an attribute.

use super::attributes::{self, Attributes};
use super::draft::{self, Draft};
use super::message::Reader;
use super::{Format, Read, otel};
use crate::json::Json;
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "openinference",
    about: "OpenInference spans (`openinference.span.kind`), as Phoenix exports them or as OTLP JSON",
    part: attributes::is_exported,
    detect: |record| record.mentions("openinference") && (otel::FORMAT.detect)(record),
    read: Read::Known(otel::read),
};

/// How a convention spells the fields of a message.
struct Spelling {
    input: &'static str,
    output: &'static str,
    /// Before the fields of a message, and before those of a call.
    message: &'static str,
    call: &'static str,
    name: &'static str,
    arguments: &'static str,
}

const SPELLINGS: &[Spelling] = &[
    Spelling {
        input: "llm.input_messages",
        output: "llm.output_messages",
        message: "message.",
        call: "tool_call.",
        name: "function.name",
        arguments: "function.arguments",
    },
    // OpenLLMetry, before there were messages in one attribute.
    Spelling { input: "gen_ai.prompt", output: "gen_ai.completion", message: "", call: "", name: "name", arguments: "arguments" },
];

/// Reads the messages of a span of a model, or what it was asked and answered as a whole.
pub(super) fn messages(draft: &mut Draft<'_>, attributes: &Attributes, turn: &mut usize) {
    let before = *turn;
    for spelling in SPELLINGS {
        for list in [spelling.input, spelling.output] {
            for index in 0.. {
                let prefix = format!("{list}.{index}.{}", spelling.message);
                if !attributes.has(&prefix) {
                    break;
                }
                draft.turn(*turn);
                *turn += 1;
                read_message(draft, attributes, &prefix, spelling);
            }
        }
    }
    if *turn == before {
        let mut reader = Reader::from(*turn);
        let (asked, answered) = (attributes.json("input.value"), attributes.json("output.value"));
        let json = |text: &Option<String>| -> Option<String> { text.as_ref().filter(|text| text.starts_with(['{', '['])).cloned() };
        let (asked, answered) = (json(&asked), json(&answered));
        reader.input(draft, asked.as_deref().and_then(|text| Json::parse(text).ok()));
        reader.output(draft, answered.as_deref().and_then(|text| Json::parse(text).ok()));
        *turn = reader.turn();
    }
}

fn read_message(draft: &mut Draft<'_>, attributes: &Attributes, prefix: &str, spelling: &Spelling) {
    let field = |name: &str| attributes.text(&format!("{prefix}{name}"));
    let parts = (0..).map_while(|index| {
        let prefix = format!("{prefix}contents.{index}.message_content.");
        attributes.has(&prefix).then(|| attributes.text(&format!("{prefix}text")).unwrap_or_default())
    });
    let parts: Vec<String> = parts.filter(|text| !text.is_empty()).collect();
    // Blocks of content are written as the JSON that they are.
    let content = field("content").map(|text| match Json::parse(&text) {
        Ok(json) if json.is_array() => draft::text(Some(json)),
        _ => text,
    });
    let content = content.filter(|text| !text.is_empty()).unwrap_or_else(|| parts.join("\n"));
    draft.written(None, field("finish_reason").as_deref(), None);
    match field("role").unwrap_or_default().as_str() {
        "system" | "developer" => draft.said(Source::SystemPrompt, content),
        "user" => draft.said(Source::UserMessage, content),
        "tool" | "function" => draft.result(field("name"), field("tool_call_id"), content, false),
        _ => {}
    }
    for index in 0.. {
        let prefix = format!("{prefix}tool_calls.{index}.{}", spelling.call);
        if !attributes.has(&prefix) {
            break;
        }
        let field = |name: &str| attributes.text(&format!("{prefix}{name}"));
        draft.call_with(field(spelling.name).unwrap_or_default(), field("id"), field(spelling.arguments).unwrap_or_default());
    }
    if let Some(name) = field("function_call_name") {
        draft.call_with(name, None, field("function_call_arguments_json").unwrap_or_default());
    }
}
