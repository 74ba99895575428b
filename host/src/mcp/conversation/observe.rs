//! What the server shows.

use super::super::frame::{self, Frame};
use super::super::reply;
use super::super::schema;
use super::super::shown::{self, Prompt, Shown, Tool, Tools};
use super::{Conversation, Kind, Pending, Stream, log};
use std::borrow::Cow;
use twinguard_core::model::{Observation, Source};
use twinguard_trace::json::Json;

impl Conversation {
    /// Looks at what the server sends, and gives what to send on to the client. It is the frame as
    /// it came, unless it answers a call with a warning. [`Conversation::settle`] when it was sent.
    pub fn server<'a>(&mut self, stream: Stream, frame: &'a [u8]) -> Cow<'a, [u8]> {
        if frame.trim_ascii().is_empty() {
            return Cow::Borrowed(frame);
        }
        if frame::is_batch(frame) {
            match frame::batch(frame) {
                Ok(parts) => parts.iter().for_each(|part| drop(self.server(stream, part.get().as_bytes()))),
                Err(error) => self.unreadable(&error),
            }
            return Cow::Borrowed(frame);
        }
        let parsed = match Frame::parse(frame) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.unreadable(&error);
                return Cow::Borrowed(frame);
            }
        };
        if !parsed.is_response() {
            return Cow::Borrowed(frame);
        }
        let pending = self.expected(stream, &parsed);
        match self.response(&parsed, pending.map(|pending| pending.kind), frame) {
            Some(rewritten) => Cow::Owned(rewritten),
            None => Cow::Borrowed(frame),
        }
    }

    /// The request that a response answers. After a broken stream the answer may come on another.
    fn expected(&mut self, stream: Stream, frame: &Frame<'_>) -> Option<Pending> {
        let id = frame.id()?;
        let mut key = (stream, id);
        if !self.pending.contains_key(&key) {
            key = self.pending.keys().find(|(_, id)| *id == key.1)?.clone();
        }
        self.pending.remove(&key)
    }

    fn response(&mut self, frame: &Frame<'_>, kind: Option<Kind>, bytes: &[u8]) -> Option<Vec<u8>> {
        let said = frame.result.or(frame.error)?;
        match kind {
            Some(Kind::Call { tool, call_id, warning }) => {
                let fields = Json::from(said).fields();
                if fields.says("resultType", "input_required") {
                    return None; // a question to the client, and the call comes again
                }
                if let Some(task) = fields.get("task").and_then(|task| task.fields().string("taskId")) {
                    self.tasks.insert(task, (tool.clone(), call_id.clone()));
                }
                self.see(said.get(), Some(tool), Some(call_id));
                let text = str::from_utf8(bytes).ok()?;
                return warning.and_then(|verdict| reply::with_findings(text, &verdict));
            }
            Some(Kind::TaskResult(task)) => {
                let (tool, call_id) = self.tasks.get(&task).cloned().unzip();
                self.see(said.get(), tool, call_id);
            }
            // A result to a request that nobody knows of is shown all the same.
            Some(Kind::Read(_)) | None if frame.result.is_some() => {
                let method = if let Some(Kind::Read(method)) = kind { Some(method) } else { None };
                self.see(said.get(), method, None);
            }
            Some(Kind::Initialize) => {
                if let Some(instructions) = Json::from(said).fields().string("instructions") {
                    self.observe(Source::SystemPrompt, Cow::Owned(instructions), false, None, None);
                }
            }
            Some(Kind::ListTools) if frame.result.is_some() => match serde_json::from_str(said.get()) {
                Ok(tools) => self.learn_tools(&tools),
                Err(error) => self.unreadable(&error),
            },
            Some(Kind::GetPrompt) if frame.result.is_some() => match serde_json::from_str::<Prompt<'_>>(said.get()) {
                // A prompt's messages take the user's place in the conversation; an assistant's are
                // no source.
                Ok(prompt) => {
                    for message in prompt.messages.iter().filter(|message| message.role == "user") {
                        let Shown { text, incomplete } = shown::without_bytes(message.content.get());
                        self.observe(Source::UserMessage, text, incomplete, None, None);
                    }
                }
                Err(error) => self.unreadable(&error),
            },
            _ => {}
        }
        None
    }

    /// Tools are described to the model, their names are the ones that calls may have, and their
    /// annotations say what a call does. Their schemas say which arguments take identifiers.
    fn learn_tools(&mut self, list: &Tools<'_>) {
        let mut names = Vec::new();
        for raw in &list.tools {
            let Ok(tool) = serde_json::from_str::<Tool<'_>>(raw.get()) else { continue };
            names.push(serde_json::json!({"name": tool.name}));
            self.tools.insert(tool.name.clone().into_owned(), tool.effect());
            let arguments = tool.input_schema.map(|schema| schema::identifiers(schema.into())).unwrap_or_default();
            // A name with a star would be a pattern in a policy.
            if !tool.name.contains('*') && self.identifiers.get(tool.name.as_ref()).map_or(&[][..], Vec::as_slice) != arguments {
                self.identifiers.insert(tool.name.clone().into_owned(), arguments);
                self.is_stricter = true;
            }
            self.observe(Source::SystemPrompt, Cow::Borrowed(raw.get()), false, None, None);
        }
        let names = serde_json::json!({"tools": names}).to_string();
        self.observe(Source::Host, Cow::Owned(names), false, None, None);
    }

    fn see(&mut self, raw: &str, tool: Option<String>, call_id: Option<String>) {
        let Shown { text, incomplete } = shown::without_bytes(raw);
        self.observe(Source::ToolResult, text, incomplete, tool, call_id);
    }

    pub(super) fn observe(&mut self, source: Source, text: Cow<'_, str>, incomplete: bool, tool: Option<String>, call_id: Option<String>) {
        let what = Observation { source, tool, call_id, content: text.into_owned(), incomplete };
        self.unread.push(what);
    }

    /// Reads what was shown into the ledger: after it was sent on, so that nobody waits for it, and at
    /// the latest before the next check.
    pub fn settle(&mut self) {
        for what in std::mem::take(&mut self.unread) {
            // Later verdicts tell of it.
            if let Err(error) = self.session.observe(&what) {
                log(&error.to_string());
            }
        }
        if std::mem::take(&mut self.is_stricter) {
            let arguments = self.identifiers.iter().map(|(tool, arguments)| (tool.as_str(), arguments.as_slice()));
            let Some(policy) = schema::strict(&self.options.policy, arguments) else { return };
            // A policy is for a session's whole life: the same memory goes on in another one.
            match self.session.snapshot().and_then(|memory| self.options.guard.restore(&policy, &memory)) {
                Ok(session) => self.session = session,
                Err(error) => log(&format!("what the tools' schemas say of identifiers is not heeded: {error}")),
            }
        }
    }

    /// The model may see what the ledger does not.
    fn unreadable(&mut self, error: &serde_json::Error) {
        log(&format!("a frame of the server cannot be read, and was passed on as it came: {error}"));
        self.missed();
    }
}
