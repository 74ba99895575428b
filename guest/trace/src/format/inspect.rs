//! inspect-ai logs: samples with messages, arguments as objects.

use super::draft::{self, Draft};
use super::{Format, Place, Read, never, openai_chat};
use crate::event::Trace;
use crate::json::{Fields, Json};
use std::collections::HashMap;
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "inspect",
    about: "inspect-ai logs: .eval archives, or JSON with `eval` and `samples`",
    part: never,
    detect: |record| record.fields.get("eval").is_some_and(Json::is_object) && record.fields.get("version").is_some(),
    read: Read::Known(read),
};

/// Long texts stand elsewhere in the sample, under their hash.
const ATTACHMENT: &str = "attachment://";

/// What the log says of all its samples.
struct About {
    model: Option<String>,
    created: Option<String>,
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let fields = record.fields();
    let eval = fields.get("eval").map(Json::fields).unwrap_or_default();
    let about = About { model: eval.string("model"), created: eval.string("created") };
    let samples = fields.get("samples").map(Json::items).unwrap_or_default();
    samples.into_iter().enumerate().map(|(n, sample)| read_sample(&sample.fields(), place, n, &about)).collect()
}

fn read_sample(sample: &Fields<'_>, place: &Place<'_>, n: usize, about: &About) -> Trace {
    let name = |field| sample.get(field).and_then(Json::name);
    let id = name("uuid").or_else(|| Some(format!("{}/{}", name("id")?, name("epoch")?)));
    let mut draft = Draft::new(place, Some(id.unwrap_or_else(|| place.nth(n))), about.model.clone());
    draft.began(sample.string("started_at").or_else(|| about.created.clone()));
    let attachments = sample.get("attachments").map(Json::fields).unwrap_or_default();
    let resolve = |text: String| match text.strip_prefix(ATTACHMENT) {
        Some(hash) => attachments.string(hash).unwrap_or(text),
        None => text,
    };
    let stops = stops(sample);
    for (index, message) in sample.get("messages").map(Json::items).unwrap_or_default().iter().enumerate() {
        draft.turn(index);
        let message = message.fields();
        let content = || resolve(draft::text(message.get("content")));
        match message.string("role").unwrap_or_default().as_str() {
            "system" => draft.said(Source::SystemPrompt, content()),
            "user" => draft.said(Source::UserMessage, content()),
            "assistant" => {
                let stop = message.string("id").and_then(|id| stops.get(&id).cloned());
                draft.written(None, stop.as_deref(), None);
                for call in message.get("tool_calls").map(Json::items).unwrap_or_default() {
                    let call = call.fields();
                    draft.call(call.string("function").unwrap_or_default(), call.string("id"), call.get("arguments"));
                }
            }
            "tool" => {
                // The model is shown the error's message in place of the content.
                let error = message.get("error").and_then(|error| error.fields().string("message"));
                let shown: Vec<String> = [content(), error.unwrap_or_default()].into_iter().filter(|text| !text.is_empty()).collect();
                draft.result(message.string("function"), message.string("tool_call_id"), shown.join("\n"), false);
            }
            _ => openai_chat::read_message(&mut draft, &message),
        }
    }
    draft.finish()
}

/// Why messages ended, by their ids: the log tells it of what the model answered, in the events and for
/// the last answer.
fn stops(sample: &Fields<'_>) -> HashMap<String, String> {
    let events = sample.get("events").map(Json::items).unwrap_or_default();
    let answers = events.iter().filter_map(|event| event.fields().get("output")).chain(sample.get("output"));
    let choices = answers.flat_map(|answer| answer.fields().get("choices").map(Json::items).unwrap_or_default());
    let ended = choices.filter_map(|choice| {
        let choice = choice.fields();
        Some((choice.get("message")?.fields().string("id")?, choice.string("stop_reason")?))
    });
    ended.collect()
}
