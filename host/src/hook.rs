//! Agent hooks: one payload in, one answer out.
//!
//! Agents differ in what they take for a block, and some run the tool when they do not understand
//! the answer. So the verdict is made without knowing the agent, and a row of [`DIALECTS`] turns it
//! into exactly the words that its agent accepts. `docs/hooks.md` tells who accepts what.
//!
//! A new agent is a row, a file in `hook/`, and a folder in `tests/data/hook/`.

pub mod agent;
mod claude_code;
mod codex;
mod copilot;
mod cursor;
mod earlier;
mod gemini;
mod judge;
mod payload;
pub mod settings;

use crate::audit::{Audit, By, Entry as Line, Redaction};
use crate::store::{Conversation, Entry, Key, Marker, Orphan, Store};
use crate::telemetry::{Began, Span};
use crate::{Error, OnFailure};
use payload::{Request, Step};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinguard_core::model::{Decision, ToolCall};
use twinguard_trace::event::What;
use twinguard_trace::json::{Fields, Json};

/// How one agent speaks with its hooks.
#[derive(Debug)]
pub struct Dialect {
    /// What `--dialect` calls it.
    pub name: &'static str,
    /// The agent, for people who choose.
    pub about: &'static str,
    /// Whether a payload is of this agent.
    detect: fn(&Fields<'_>) -> bool,
    /// What a payload tells. An error says what is missing.
    read: fn(&Fields<'_>) -> Result<Request, String>,
    /// Whether the agent can ask a person about this very event.
    asks: fn(&Fields<'_>) -> bool,
    /// What goes to the standard output; nothing where the agent has no words for it.
    render: fn(&Fields<'_>, &Reply<'_>) -> Option<String>,
}

/// Every dialect. The first that fits is taken: the narrow ones stand before the wide ones.
pub const DIALECTS: &[Dialect] = &[
    cursor::DIALECT,  // has `conversation_id`
    gemini::DIALECT,  // names of its own for the events
    copilot::DIALECT, // fields in camel case, or a `timestamp`
    codex::DIALECT,   // Claude Code's, and a `turn_id`
    claude_code::DIALECT,
];

/// What an agent has to be told. About calls that may simply run, it is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// The call must not run; the model is told why.
    Block(&'a str),
    /// The call runs only when a person agrees.
    Ask(&'a str),
    /// The call runs; the model is told.
    Warn(&'a str),
    /// Not about a call: something went wrong here, and people should know.
    Tell(&'a str),
}

/// How a hook works.
#[derive(Debug)]
pub struct Options {
    /// Who speaks, where the user said so; found by the payload otherwise.
    pub dialect: Option<&'static Dialect>,
    /// A policy file.
    pub policy: Option<PathBuf>,
    /// What becomes of a call that could not be checked.
    pub on_failure: OnFailure,
    /// The audit log.
    pub audit: Option<PathBuf>,
    /// Whether log and spans hold hashes in place of identifiers.
    pub redact: bool,
    /// Whether a span is made of every decision, [`Answer::span`].
    pub trace: bool,
    /// How long a session is kept that nobody touches.
    pub keep: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dialect: None,
            policy: None,
            on_failure: OnFailure::Block,
            audit: None,
            redact: false,
            trace: false,
            keep: Duration::from_secs(30 * 86_400),
        }
    }
}

/// What the process says to its host, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// JSON, or nothing.
    pub stdout: String,
    /// For people who read logs.
    pub stderr: String,
    /// 0, or 2 where nobody knows whom to answer: every agent takes 2 for a block.
    pub code: u8,
    /// What a collector may be told, after the agent has its answer.
    pub span: Option<Span>,
}

/// The dialect of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Dialect> {
    DIALECTS.iter().find(|dialect| dialect.name == name)
}

/// Answers one payload. Never fails: what goes wrong is answered as [`Options::on_failure`] says.
#[must_use]
pub fn answer(payload: &str, options: &Options, folder: &Path, marker: Marker) -> Answer {
    let (fields, dialect) = match open(payload, options.dialect) {
        Ok(opened) => opened,
        Err(why) => return unreadable(&why, options.on_failure),
    };
    let request = match (dialect.read)(&fields) {
        Ok(request) => request,
        Err(why) => return fail(payload, options, &format!("the payload cannot be used: {why}")),
    };
    match work(dialect, &fields, request, options, folder, marker) {
        Ok(told) => told.answer(dialect, &fields),
        // Where something was not written down the marker stays: the next check says `incomplete`.
        Err(error) => fail(payload, options, &error.to_string()),
    }
}

/// The answer when this hook could not do its work, in the words of the agent.
#[must_use]
pub fn fail(payload: &str, options: &Options, why: &str) -> Answer {
    let (fields, dialect) = match open(payload, options.dialect) {
        Ok(opened) => opened,
        Err(unread) => return unreadable(&format!("{why} ({unread})"), options.on_failure),
    };
    // What cannot be read may well be a call.
    let is_call = (dialect.read)(&fields).map_or(true, |request| matches!(request.step, Step::What(What::Called(_))));
    let told = match (is_call, options.on_failure) {
        (true, OnFailure::Block) => Told::new(Decision::Block, format!("twinguard could not check this call, so it is stopped: {why}")),
        (true, OnFailure::Allow) => {
            Told::new(Decision::Warn, format!("twinguard could not check this call, and lets it pass unchecked: {why}"))
        }
        (false, _) => {
            let text = format!("twinguard could not write down what the model was shown: {why}");
            let stdout = (dialect.render)(&fields, &Reply::Tell(&text)).unwrap_or_default();
            return Answer { stdout, stderr: text, ..Answer::default() };
        }
    };
    told.answer(dialect, &fields)
}

/// The answer to a payload that nobody can read: by exit code, which needs no dialect.
fn unreadable(why: &str, on_failure: OnFailure) -> Answer {
    match on_failure {
        OnFailure::Block => Answer { stderr: format!("twinguard stops this: {why}"), code: 2, ..Answer::default() },
        OnFailure::Allow => Answer { stderr: format!("twinguard checks nothing: {why}"), ..Answer::default() },
    }
}

fn open<'p>(payload: &'p str, dialect: Option<&'static Dialect>) -> Result<(Fields<'p>, &'static Dialect), String> {
    let json = Json::parse(payload)
        .map_err(|error| format!("the payload is no JSON: {error}; a hook is given one JSON object on its standard input"))?;
    if !json.is_object() {
        return Err("the payload is no JSON object".to_owned());
    }
    let fields = json.fields();
    let dialect = dialect.or_else(|| DIALECTS.iter().find(|dialect| (dialect.detect)(&fields))).ok_or_else(|| {
        let names: Vec<&str> = DIALECTS.iter().map(|dialect| dialect.name).collect();
        format!("no known agent sends this payload; name one with --dialect ({})", names.join(", "))
    })?;
    Ok((fields, dialect))
}

/// What is to be said about a call.
struct Told {
    decision: Decision,
    message: String,
    span: Option<Span>,
}

impl Told {
    fn new(decision: Decision, message: String) -> Self {
        Self { decision, message, span: None }
    }

    fn nothing() -> Self {
        Self::new(Decision::Allow, String::new())
    }

    fn answer(self, dialect: &Dialect, fields: &Fields<'_>) -> Answer {
        let Self { decision, mut message, span } = self;
        if message.is_empty() && decision > Decision::Allow {
            // Codex runs the tool when the reason is empty.
            message.push_str("stopped by the policy of twinguard");
        }
        let reply = match decision {
            Decision::Allow => return Answer { span, ..Answer::default() },
            Decision::Warn => Reply::Warn(&message),
            Decision::Ask if (dialect.asks)(fields) => Reply::Ask(&message),
            Decision::Ask => {
                message.push_str(
                    "\nThis agent cannot ask a person by itself, so the call is stopped. To confirm it, a person writes the value \
                     in a message of their own; then make the very same call again.",
                );
                Reply::Block(&message)
            }
            Decision::Block => Reply::Block(&message),
        };
        let stdout = (dialect.render)(fields, &reply).unwrap_or_default();
        Answer { stdout, stderr: message, code: 0, span }
    }
}

/// Does what the event asks for. The marker is gone when the event was kept, or was none.
fn work(
    dialect: &'static Dialect,
    fields: &Fields<'_>,
    request: Request,
    options: &Options,
    folder: &Path,
    mut marker: Marker,
) -> Result<Told, Error> {
    if matches!(request.step, Step::Ignored) {
        marker.done();
        return Ok(Told::nothing());
    }
    let main = Key { dialect: dialect.name, session: request.session.clone(), agent: String::new() };
    let key = Key { agent: request.agent.clone(), ..main.clone() };
    marker.name(&key)?;
    let mut store = Store::open(folder)?;
    // Before the session is looked for: what was lost of it comes before this event.
    for (orphan, lock) in Orphan::find(folder) {
        store.lose(orphan.whose.as_ref())?;
        orphan.forget();
        drop(lock);
    }
    let mut conversation = store.begin(&main, options.keep, |redact| earlier::of(&request, &main, redact))?;
    if key.agent != main.agent {
        conversation = store.begin(&key, options.keep, |redact| earlier::of(&request, &key, redact))?;
    }
    match request.step {
        Step::Ignored | Step::Began { .. } => {}
        Step::What(What::Shown(mut shown)) => {
            shown.content = store.redact().text(&shown.content).into_owned();
            store.append(conversation, &Entry { what: Some(What::Shown(shown)), decision: None }, None)?;
        }
        Step::What(What::Called(mut call)) => {
            call.arguments = store.redact().text(&call.arguments).into_owned();
            let can_ask = (dialect.asks)(fields);
            let told = check(&mut store, folder, conversation, call, &request.session, can_ask, options);
            // A call that does not run leaves nothing to be known.
            if told.is_ok() || options.on_failure == OnFailure::Block {
                marker.done();
            }
            return told;
        }
    }
    marker.done();
    Ok(Told::nothing())
}

/// Judges a call, and writes down that it was made.
fn check(
    store: &mut Store,
    folder: &Path,
    conversation: Conversation,
    call: ToolCall,
    session: &str,
    can_ask: bool,
    options: &Options,
) -> Result<Told, Error> {
    let began = Began::now();
    let mut judged = judge::judge(store, conversation, &call, options)?;
    let mut by = By::Guard;
    if judged.verdict.decision == Decision::Ask && !can_ask {
        let asked = judged.verdict.findings.iter().filter(|finding| finding.decision == Decision::Ask);
        let values: Vec<&str> = asked.map(|finding| finding.written.as_str()).collect();
        if store.is_confirmed(conversation, &call, &values)? {
            (judged.verdict.decision, by) = (Decision::Allow, By::Person);
        }
    }
    let line = Line { by, ..Line::of(session, &call, &judged.verdict) };
    if let Some(path) = &options.audit {
        let broken = |error| Error::Store(format!("the audit log `{}` cannot be written: {error}", path.display()));
        Audit::open(path, options.redact).map_err(broken)?.record(&line).map_err(broken)?;
    }
    let span = options.trace.then(|| {
        // Equal hashes in the audit log and in spans, where there are both. Without a key they stay away.
        let beside = options.audit.clone().unwrap_or_else(|| folder.join("redact"));
        let redaction = options.redact.then(|| Redaction::beside(&beside).ok()).flatten();
        let parent = std::env::var("TRACEPARENT").ok();
        Span::of(&line, began, parent.as_deref(), redaction.as_ref())
    });
    let entry = Entry { decision: Some(judged.verdict.decision), what: Some(What::Called(call)) };
    let snapshot = judged.snapshot.as_ref().map(|(upto, bytes)| (*upto, judged.fingerprint, bytes.as_slice()));
    store.append(conversation, &entry, snapshot)?;
    Ok(Told { span, ..judged.told() })
}
