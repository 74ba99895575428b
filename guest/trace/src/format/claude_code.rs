//! Claude Code sessions: JSON Lines, one or more lines for each message of the Anthropic API.

use super::draft::Draft;
use super::{Format, Place, Read, anthropic};
use crate::event::Trace;
use crate::json::{Fields, Json};
use std::collections::{HashMap, HashSet};
use twinguard_core::model::Source;

pub(super) const FORMAT: Format = Format {
    name: "claude-code",
    about: "Claude Code session files (JSON Lines of type user, assistant, system, summary)",
    part: is_line,
    detect: |record| is_line(&record.first),
    read: Read::Known(read),
};

/// Every line says its type, and which session, message or snapshot it is about.
fn is_line(fields: &Fields<'_>) -> bool {
    fields.get("type").and_then(Json::string).is_some()
        && fields.get("role").is_none()
        && ["sessionId", "leafUuid", "messageId", "parentUuid"].iter().any(|name| fields.get(name).is_some())
}

/// One conversation of the file: the session's own, or that of a sub-agent.
struct Conversation<'a> {
    draft: Draft<'a>,
    /// Messages so far.
    messages: usize,
    /// The API message that is being read over several lines, where its calls end in the
    /// events, and its turn.
    open: Option<(String, usize, usize)>,
}

fn read(record: Json<'_>, place: &Place<'_>) -> Vec<Trace> {
    let mut conversations: Vec<Conversation<'_>> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut read_before: HashSet<String> = HashSet::new();
    let mut side_roots: HashMap<String, String> = HashMap::new();
    for line in record.items() {
        let fields = line.fields();
        if !is_shown(&fields) {
            continue;
        }
        // A session that was resumed or forked repeats the lines it started from.
        let uuid = fields.string("uuid");
        if uuid.clone().is_some_and(|uuid| !read_before.insert(uuid)) {
            continue;
        }
        let session = fields.string("sessionId").unwrap_or_else(|| place.name());
        let name = match side(&fields, uuid, &mut side_roots) {
            Some(agent) => format!("{session}/{agent}"),
            None => session,
        };
        let at = *by_name.entry(name.clone()).or_insert_with(|| {
            let draft = Draft::new(place, Some(name), None);
            conversations.push(Conversation { draft, messages: 0, open: None });
            conversations.len() - 1
        });
        if let Some(conversation) = conversations.get_mut(at) {
            conversation.draft.began(fields.string("timestamp"));
            read_line(conversation, &fields);
        }
    }
    conversations.into_iter().map(|conversation| conversation.draft.finish()).collect()
}

/// Whether the line is part of what the model saw or wrote. Not so are notes of the program,
/// its own error messages, and summaries: a model wrote those, and what a model wrote is no
/// evidence. A `compact_boundary` forgets nothing either: the guard remembers what the model lost.
fn is_shown(line: &Fields<'_>) -> bool {
    let is_true = |name: &str| line.get(name).is_some_and(Json::is_true);
    let kind = line.string("type").unwrap_or_default();
    matches!(kind.as_str(), "user" | "assistant" | "attachment")
        && !is_true("isCompactSummary")
        && !is_true("isVisibleInTranscriptOnly")
        && !is_true("isApiErrorMessage")
}

/// The name of the sub-agent that a line belongs to. Older files do not name it: there it is the
/// line that its chain of parents starts with.
fn side(line: &Fields<'_>, uuid: Option<String>, roots: &mut HashMap<String, String>) -> Option<String> {
    if !line.get("isSidechain").is_some_and(Json::is_true) {
        return None;
    }
    let uuid = uuid.unwrap_or_default();
    let parent = line.string("parentUuid").and_then(|parent| roots.get(&parent)).cloned();
    let root = line.string("agentId").or(parent).unwrap_or_else(|| uuid.clone());
    roots.insert(uuid, root.clone());
    Some(root)
}

fn read_line(conversation: &mut Conversation<'_>, line: &Fields<'_>) {
    if let Some(attachment) = line.get("attachment") {
        // A file the user pointed at, or what a hook added: shown to the model with his message.
        conversation.draft.turn(conversation.messages);
        conversation.messages += 1;
        conversation.draft.said(Source::UserMessage, attachment.text().to_owned());
        return;
    }
    let message = line.get("message").map(Json::fields).unwrap_or_default();
    if !message.says("role", "assistant") {
        conversation.draft.turn(conversation.messages);
        conversation.messages += 1;
        anthropic::read_message(&mut conversation.draft, &message, was_moved(line));
        return;
    }
    if let Some(model) = message.string("model").filter(|model| !model.starts_with('<')) {
        conversation.draft.name_model(&model);
    }
    let id = message.string("id").unwrap_or_default();
    let (end, turn) = match conversation.open.take() {
        Some((open, end, turn)) if open == id && !id.is_empty() => (end, turn),
        _ => {
            conversation.messages += 1;
            (conversation.draft.events().len(), conversation.messages - 1)
        }
    };
    conversation.draft.turn(turn);
    let before = conversation.draft.events().len();
    anthropic::read_message(&mut conversation.draft, &message, false);
    // A result may be written before the last call of its own message is, because tools start
    // while the model still writes. It had seen none of them: its calls come first.
    let events = conversation.draft.events();
    let added = events.split_off(before);
    let calls = added.len();
    events.splice(end..end, added);
    conversation.open = Some((id, end + calls, turn));
}

/// Large results are kept in a file, and the model is shown their beginning.
fn was_moved(line: &Fields<'_>) -> bool {
    let result = line.get("toolUseResult").map(Json::fields).unwrap_or_default();
    ["persistedOutputPath", "persistedOutputSize"].iter().any(|name| result.get(name).is_some())
}
