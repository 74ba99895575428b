//! Messages in whatever form a library handed them to a tracer: its requests and its answers.

use super::draft::{self, Draft};
use super::gemini::{self, Contents};
use super::openai_responses::{self, Items};
use super::{anthropic, langchain, openai_chat};
use crate::json::{Fields, Json};
use twinguard_core::model::Source;

/// How deep requests and answers hold their messages: `generations`, lists of lists, `kwargs`.
const MOST_DEPTH: u32 = 8;

/// Reads what one request showed the model and what it answered, message after message.
#[derive(Debug, Default)]
pub(super) struct Reader {
    turn: usize,
    items: Items,
    contents: Contents,
}

impl Reader {
    /// Goes on behind other messages.
    pub(super) fn from(turn: usize) -> Self {
        Self { turn, ..Self::default() }
    }

    /// How many messages were read.
    pub(super) fn turn(&self) -> usize {
        self.turn
    }

    /// What a model was asked.
    pub(super) fn input(&mut self, draft: &mut Draft<'_>, value: Option<Json<'_>>) {
        let Some(value) = value else { return };
        if !self.any(draft, value, 0) {
            // A prompt without roles.
            self.step(draft);
            draft.said(Source::UserMessage, draft::text(Some(value)));
        }
    }

    /// What it answered. Text without roles is the model's own, and shows it nothing.
    pub(super) fn output(&mut self, draft: &mut Draft<'_>, value: Option<Json<'_>>) {
        if let Some(value) = value {
            self.any(draft, value, 0);
        }
    }

    fn step(&mut self, draft: &mut Draft<'_>) {
        draft.turn(self.turn);
        self.turn += 1;
    }

    /// Whether there were messages in it.
    fn any(&mut self, draft: &mut Draft<'_>, value: Json<'_>, depth: u32) -> bool {
        if depth > MOST_DEPTH {
            return false;
        }
        if let Some(text) = value.string() {
            // Exports write values as the JSON that they are.
            let inner = text.trim_start();
            return inner.starts_with(['{', '[']) && Json::parse(inner).is_ok_and(|inner| self.any(draft, inner, depth + 1));
        }
        if value.is_array() {
            let mut found = false;
            value.items().iter().for_each(|item| found |= self.any(draft, *item, depth + 1));
            return found;
        }
        let fields = value.fields();
        if self.message(draft, value, &fields) {
            return true;
        }
        self.within(draft, &fields, depth)
    }

    /// An object around messages: a request, an answer, a generation.
    fn within(&mut self, draft: &mut Draft<'_>, fields: &Fields<'_>, depth: u32) -> bool {
        for name in ["model", "model_name", "modelVersion", "model_version"] {
            fields.string(name).iter().for_each(|model| draft.name_model(model));
        }
        let mut found = false;
        for name in ["system", "instructions", "system_instruction", "systemInstruction"] {
            if let Some(said) = fields.get(name) {
                self.step(draft);
                draft.said(Source::SystemPrompt, draft::text(Some(said)));
                found = true;
            }
        }
        let lists = ["messages", "contents", "input", "choices", "candidates", "generations", "output", "message", "content", "kwargs"];
        for list in lists.iter().filter_map(|name| fields.get(name)).filter(|list| !list.is_array() || !list.items().is_empty()) {
            found |= self.any(draft, list, depth + 1);
        }
        // Why it ended stands beside the message, or beside what was generated.
        let about = ["generation_info", "incomplete_details"].iter().filter_map(|name| fields.get(name)).map(Json::fields);
        for fields in about.chain([fields.clone()]).filter(|_| found) {
            let names = ["finish_reason", "finishReason", "stop_reason", "reason", "status"];
            let stop = names.iter().find_map(|name| fields.string(name));
            draft.written(None, stop.as_deref(), None);
        }
        found
    }

    fn message(&mut self, draft: &mut Draft<'_>, value: Json<'_>, fields: &Fields<'_>) -> bool {
        if langchain::kind(fields).is_some() {
            self.step(draft);
            langchain::read_message(draft, fields);
        } else if openai_responses::is_item(fields)
            || (fields.says("type", "message") && fields.get("stop_reason").is_none() && fields.get("role").is_some())
        {
            self.items.at(self.turn);
            self.items.read(draft, value);
            self.turn += 1;
        } else if gemini::is_content(fields) {
            self.contents.at(self.turn);
            self.contents.read(draft, fields);
            self.turn += 1;
        } else if openai_chat::is_message(fields) {
            self.step(draft);
            let blocks = fields.get("content").map(Json::items).unwrap_or_default();
            if blocks.iter().any(|block| anthropic::is_block(&block.fields())) {
                anthropic::read_message(draft, fields, false);
            } else {
                openai_chat::read_message(draft, fields);
            }
        } else {
            return false;
        }
        true
    }
}
