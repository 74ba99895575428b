//! What the proxy knows and decides. Moves no byte itself.
//!
//! Looked into are: `initialize`, `tools/list`, `tools/call`, `resources/list`, `resources/read`,
//! `prompts/get`, `tasks/result`, `notifications/cancelled`, and the results of those. Everything
//! else, and everything in them that is not named here, passes as it came.

mod ask;
mod observe;

use super::frame::{self, Frame, Id, Params};
use super::reply;
use crate::audit::{Audit, Entry, Redaction};
use crate::telemetry::export::Exporter;
use crate::telemetry::{Began, Span};
use crate::{Error, Guard, Session};
use ask::Held;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;
use twinguard_core::model::{Decision, Effect, Observation, Source, ToolCall, Verdict};

/// How long the end of the proxy may take for spans that are not sent yet.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// What all conversations of one proxy share.
#[derive(Debug)]
pub struct Options {
    /// Judges.
    pub guard: Guard,
    /// A policy as JSON; `""` takes the defaults.
    pub policy: String,
    /// Where decisions are recorded. One that cannot be recorded is a block.
    pub audit: Option<Audit>,
    /// Where a span of every decision goes. One that does not arrive changes nothing.
    pub exporter: Option<Exporter>,
    /// Hashes the identifiers in spans, which hold none otherwise.
    pub redaction: Option<Redaction>,
}

impl Options {
    /// Sends the spans that are left. To be called before the process ends.
    pub fn end(&self) {
        if let Some(exporter) = &self.exporter {
            // A collector that takes longer loses them: nobody waits for it.
            let _ = exporter.end(LAST_SPANS);
        }
    }
}

/// One client's conversation with a server, and its ledger.
#[derive(Debug)]
pub struct Conversation {
    options: Arc<Options>,
    /// Its name in the audit log.
    name: String,
    session: Session,
    /// By name: what a call of it does.
    tools: HashMap<String, Option<Effect>>,
    /// By name: arguments that take identifiers, as the tool's schema says. Sorted, so that equal
    /// lists make equal policies.
    identifiers: BTreeMap<String, Vec<String>>,
    /// The session does not know all of them yet.
    is_stricter: bool,
    /// Requests of the client that the server has not answered.
    pending: HashMap<(Stream, Id), Pending>,
    /// Calls that wait for a person, by the question's id.
    held: HashMap<String, Held>,
    /// Tasks that calls became, with the tool and the call.
    tasks: HashMap<String, (String, String)>,
    /// What was shown, and is not in the ledger yet.
    unread: Vec<Observation>,
    /// The client can show a form to a person.
    elicits: bool,
    /// Calls and questions, counted.
    count: u64,
}

/// Tells apart requests with equal ids: clients without sessions may share a conversation. An HTTP
/// request is a stream of its own, a pipe is one for good.
pub type Stream = u64;

/// What to do with a frame of the client.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// Send this to the server.
    Forward(Cow<'a, [u8]>),
    /// Send this to the client. The server sees nothing of the frame.
    Answer(Vec<u8>),
    /// Send this question to the client, and keep the request open under this name.
    Ask(String, Vec<u8>),
    /// The question of this name was answered; this becomes of the request kept open.
    Resume(String, Box<Outcome<'static>>),
    /// The client no longer wants the request that was kept open under this name.
    Cancelled(String),
    /// Nothing.
    Swallow,
}

/// A request on its way.
#[derive(Debug)]
struct Pending {
    /// As the client spelt it.
    id: Box<RawValue>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Initialize,
    ListTools,
    /// A call, with the verdict that its result is to carry.
    Call {
        tool: String,
        call_id: String,
        warning: Option<Verdict>,
    },
    /// What its results show counts as seen by this name.
    Read(String),
    GetPrompt,
    TaskResult(String),
    Other,
}

impl Conversation {
    /// Opens a conversation with an empty ledger.
    ///
    /// # Errors
    /// As [`Guard::session`].
    pub fn open(options: &Arc<Options>, name: &str) -> Result<Self, Error> {
        Ok(Self {
            session: options.guard.session(&options.policy)?,
            options: Arc::clone(options),
            name: name.to_owned(),
            tools: HashMap::new(),
            identifiers: BTreeMap::new(),
            is_stricter: false,
            pending: HashMap::new(),
            held: HashMap::new(),
            tasks: HashMap::new(),
            unread: Vec::new(),
            elicits: false,
            count: 0,
        })
    }

    /// Looks at what the client sends. What cannot be read is never forwarded: the server might
    /// read a call in it.
    pub fn client<'a>(&mut self, stream: Stream, frame: &'a [u8]) -> Outcome<'a> {
        if frame.trim_ascii().is_empty() {
            return Outcome::Forward(Cow::Borrowed(frame));
        }
        if frame::is_batch(frame) {
            return self.batch(stream, frame);
        }
        let parsed = match Frame::parse(frame) {
            Ok(parsed) => parsed,
            Err(error) => {
                log(&format!("a frame of the client was not forwarded, since it cannot be read: {error}"));
                return Outcome::Answer(reply::error(
                    None,
                    reply::PARSE,
                    &format!("twinguard cannot read this frame: {error}; send one JSON-RPC message"),
                ));
            }
        };
        if parsed.is_response() {
            return self.answered(&parsed).unwrap_or(Outcome::Forward(Cow::Borrowed(frame)));
        }
        match parsed.method.as_deref() {
            Some("tools/call") => self.call(stream, frame, &parsed, true),
            Some("notifications/cancelled") => self.cancelled(stream, &parsed).unwrap_or(Outcome::Forward(Cow::Borrowed(frame))),
            _ => match self.note(stream, &parsed) {
                Ok(()) => Outcome::Forward(Cow::Borrowed(frame)),
                Err(error) => refused(&parsed, &error),
            },
        }
    }

    /// A batch passes as a whole or not at all: taken apart, its answers would no longer come together.
    fn batch<'a>(&mut self, stream: Stream, frame: &'a [u8]) -> Outcome<'a> {
        const STOPPED: &str = "This call was not run: another one in the same batch was stopped. Send it again by itself.";
        let parts = match frame::batch(frame) {
            Ok(parts) => parts,
            Err(error) => return Outcome::Answer(reply::error(None, reply::PARSE, &format!("twinguard cannot read this batch: {error}"))),
        };
        let mut stopped = HashMap::new();
        for (at, part) in parts.iter().enumerate() {
            let bytes = part.get().as_bytes();
            let outcome = match Frame::parse(bytes) {
                Ok(parsed) if parsed.method.as_deref() == Some("tools/call") => self.call(stream, bytes, &parsed, false),
                _ => self.client(stream, bytes),
            };
            match outcome {
                Outcome::Forward(_) => {}
                Outcome::Answer(answer) => drop(stopped.insert(at, answer)),
                _ => drop(stopped.insert(at, Vec::new())),
            }
        }
        if stopped.is_empty() {
            return Outcome::Forward(Cow::Borrowed(frame));
        }
        let mut answers = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let parsed = Frame::parse(part.get().as_bytes()).ok();
            let id = parsed.as_ref().filter(|parsed| parsed.method.is_some()).and_then(|parsed| parsed.id);
            if let Some(key) = id.and_then(frame::id) {
                self.pending.remove(&(stream, key));
            }
            match (stopped.remove(&at), id) {
                (Some(answer), _) if !answer.is_empty() => answers.push(answer),
                (_, Some(id)) => answers.push(reply::refusal(id, STOPPED)),
                _ => {}
            }
        }
        Outcome::Answer([b"[".as_slice(), &answers.join(b",".as_slice()), b"]"].concat())
    }

    /// Checks a call.
    fn call<'a>(&mut self, stream: Stream, bytes: &'a [u8], frame: &Frame<'a>, may_ask: bool) -> Outcome<'a> {
        let Some((id, key)) = frame.id.zip(frame.id()) else {
            log("a call without an id was not forwarded: nobody could be told if it were stopped");
            return Outcome::Swallow;
        };
        let (params, tool) = match frame.params() {
            Ok(Params { name: Some(name), .. }) if name.is_empty() => return refused(frame, "the tool's name is empty"),
            Ok(params) => match params.name.clone() {
                Some(name) => (params, name.into_owned()),
                None => return refused(frame, "`params.name` is missing"),
            },
            Err(error) => return refused(frame, &error.to_string()),
        };
        if let Some(outcome) = self.retried(stream, bytes, frame, &params) {
            return outcome;
        }
        self.count += 1;
        let call = ToolCall {
            effect: self.tools.get(&tool).copied().flatten(),
            arguments: params.arguments.map_or("{}", RawValue::get).to_owned(),
            call_id: Some(format!("mcp-{}", self.count)),
            tool,
        };
        self.settle();
        let began = Began::now();
        let mut verdict = self.session.check(&call);
        let parent = ask::parent(&params);
        let recorded = self.record(id, &Entry::of(&self.name, &call, &verdict), began, parent.as_deref());
        if let Err(error) = recorded {
            verdict.decision = Decision::Block;
            verdict.message = error;
        }
        if verdict.decision > Decision::Allow {
            log(&format!("{} {}: {}", verdict.decision, call.tool, verdict.message));
        }
        match verdict.decision {
            Decision::Block => Outcome::Answer(reply::refusal(id, &verdict.message)),
            Decision::Ask if may_ask => self.ask(stream, bytes, id, call, &params, verdict),
            Decision::Ask => Outcome::Answer(reply::refusal(id, &reply::nobody_to_ask(&verdict.message))),
            Decision::Allow | Decision::Warn => {
                let warning = (verdict.decision == Decision::Warn).then_some(verdict);
                self.leaves(stream, key, id, call, warning);
                Outcome::Forward(Cow::Borrowed(bytes))
            }
        }
    }

    /// A call goes to the server, and its result is expected.
    fn leaves(&mut self, stream: Stream, key: Id, id: &RawValue, call: ToolCall, warning: Option<Verdict>) {
        let kind = Kind::Call { tool: call.tool, call_id: call.call_id.unwrap_or_default(), warning };
        self.pending.insert((stream, key), Pending { id: id.to_owned(), kind });
    }

    /// Any other message of the client: remembers what its answer will be about.
    fn note(&mut self, stream: Stream, frame: &Frame<'_>) -> Result<(), String> {
        let Some(method) = frame.method.as_deref() else { return Ok(()) };
        let params = || frame.params().map_err(|error| error.to_string());
        let kind = match method {
            "initialize" => {
                self.elicits = ask::elicits(params()?.capabilities);
                Kind::Initialize
            }
            "tools/list" => Kind::ListTools,
            "resources/read" | "resources/list" | "resources/templates/list" => Kind::Read(method.to_owned()),
            "prompts/get" => Kind::GetPrompt,
            "tasks/result" => Kind::TaskResult(params()?.task_id.unwrap_or_default().into_owned()),
            _ => Kind::Other,
        };
        if let Some((id, key)) = frame.id.zip(frame.id()) {
            self.pending.insert((stream, key), Pending { id: id.to_owned(), kind });
        }
        Ok(())
    }

    /// Something was shown that nobody kept: later verdicts say so.
    pub(super) fn missed(&mut self) {
        self.observe(Source::ToolResult, Cow::Borrowed(""), true, None, None);
    }

    /// Goes by another name in the audit log from here on.
    pub(super) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// Answers for a server that will answer no more: one error for every open request.
    pub fn ended(&mut self, why: &str) -> Vec<Vec<u8>> {
        let errors = self.pending.drain().map(|(_, pending)| reply::error(Some(&pending.id), reply::GONE, why));
        errors.collect()
    }

    /// As [`Conversation::ended`], for the requests of one stream.
    pub fn stream_ended(&mut self, stream: Stream, why: &str) -> Vec<Vec<u8>> {
        let ended = self.pending.extract_if(|(of, _), _| *of == stream);
        ended.map(|(_, pending)| reply::error(Some(&pending.id), reply::GONE, why)).collect()
    }

    /// Writes a decision down, under the id that the client gave the call. An error blocks it.
    fn record(&self, id: &RawValue, entry: &Entry<'_>, began: Began, parent: Option<&str>) -> Result<(), String> {
        let Options { audit, exporter, redaction, .. } = self.options.as_ref();
        let mut entry = Entry { call_id: Some(id.get().trim_matches('"')), ..*entry };
        let recorded = audit.as_ref().map_or(Ok(()), |audit| audit.record(&entry));
        if recorded.is_err() {
            entry.decision = Decision::Block;
        }
        if let Some(exporter) = exporter {
            exporter.export(&Span::of(&entry, began, parent, redaction.as_ref()));
        }
        recorded.map_err(|error| {
            format!("twinguard could not record this call in the audit log, so it must not run: {error}; make room for the log, or start without `--audit`")
        })
    }
}

/// The answer to a message that says neither one thing nor the other.
fn refused<'a>(frame: &Frame<'_>, why: &str) -> Outcome<'a> {
    let method = frame.method.as_deref().unwrap_or_default();
    log(&format!("`{method}` was not forwarded, since it cannot be read: {why}"));
    match frame.id {
        Some(id) => Outcome::Answer(reply::error(Some(id), reply::INVALID, &format!("twinguard cannot read this `{method}`: {why}"))),
        None => Outcome::Swallow,
    }
}

/// A line on the standard error, which clients show or keep as the server's log.
pub(crate) fn log(message: &str) {
    let line = crate::report::one_line(message);
    // Whoever does not want to know has closed it.
    let _ = writeln!(anstream::stderr(), "twinguard: {line}");
}
