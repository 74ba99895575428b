//! Calls that a person is asked about.

use super::super::frame::{Frame, Params};
use super::super::reply;
use super::{Began, Conversation, Decision, Entry, Id, Outcome, Stream, ToolCall, Verdict, log};
use crate::audit::By;
use serde_json::value::RawValue;
use std::borrow::Cow;
use twinguard_trace::json::{Fields, Json};

/// Questions that nobody answered are forgotten beyond this many; their calls then never run.
const MOST_HELD: usize = 256;

/// Before version 2026-07-28 the client's abilities hold for the connection, since then for a request.
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Names our question among others.
const QUESTION: &str = "twinguard";

/// A call that waits.
#[derive(Debug)]
pub(super) struct Held {
    stream: Stream,
    frame: Vec<u8>,
    id: Box<RawValue>,
    call: ToolCall,
    verdict: Verdict,
    /// The state that the server had given the call, when it was not its first round.
    state: Option<String>,
    /// The trace that the call belongs to.
    parent: Option<String>,
}

/// The trace that a call belongs to, as the client names it.
pub(super) fn parent(params: &Params<'_>) -> Option<String> {
    Json::from(params.meta?).fields().string("traceparent")
}

/// Whether a client with these capabilities shows forms. An empty `elicitation` means forms.
pub(super) fn elicits(capabilities: Option<&RawValue>) -> bool {
    let fields = |json: Json<'_>| json.fields().get("elicitation").is_some_and(|modes| shows_forms(&modes.fields()));
    capabilities.map(Json::from).is_some_and(fields)
}

fn shows_forms(modes: &Fields<'_>) -> bool {
    modes.get("form").is_some() || modes.get("url").is_none()
}

impl Conversation {
    pub(super) fn ask<'a>(
        &mut self,
        stream: Stream,
        frame: &[u8],
        id: &RawValue,
        call: ToolCall,
        params: &Params<'_>,
        verdict: Verdict,
    ) -> Outcome<'a> {
        let meta = params.meta.map(|meta| Json::from(meta).fields()).unwrap_or_default();
        let by_request = meta.get(CAPABILITIES);
        let can_be_asked = match by_request {
            Some(capabilities) => capabilities.fields().get("elicitation").is_some_and(|modes| shows_forms(&modes.fields())),
            None => self.elicits,
        };
        if !can_be_asked || self.held.len() >= MOST_HELD {
            return Outcome::Answer(reply::refusal(id, &reply::nobody_to_ask(&verdict.message)));
        }
        let Some(name) = question() else {
            return Outcome::Answer(reply::refusal(id, &reply::nobody_to_ask(&verdict.message)));
        };
        let outcome = match by_request {
            Some(_) => Outcome::Answer(reply::input_required(id, QUESTION, &name, &call.tool, &verdict.message)),
            None => Outcome::Ask(name.clone(), reply::elicitation(&name, &call.tool, &verdict.message)),
        };
        let state = params.request_state.as_deref().map(str::to_owned);
        let held = Held { stream, frame: frame.to_vec(), id: id.to_owned(), call, verdict, state, parent: parent(params) };
        self.held.insert(name, held);
        outcome
    }

    /// The client's answer to a question of ours; `None` when the server had asked.
    pub(super) fn answered<'a>(&mut self, frame: &Frame<'_>) -> Option<Outcome<'a>> {
        let Some(Id::Text(name)) = frame.id() else { return None };
        let held = self.held.remove(&name)?;
        let outcome = match self.decided(&held, &held.id, reply::confirms(frame.result.map(Json::from))) {
            Ok(()) => {
                let key = super::frame::id(&held.id)?;
                self.leaves(held.stream, key, &held.id, held.call, None);
                Outcome::Forward(Cow::Owned(held.frame))
            }
            Err(message) => Outcome::Answer(reply::refusal(&held.id, &message)),
        };
        Some(Outcome::Resume(name, Box::new(outcome)))
    }

    /// A call that comes again with a person's answer.
    pub(super) fn retried<'a>(&mut self, stream: Stream, bytes: &[u8], frame: &Frame<'_>, params: &Params<'_>) -> Option<Outcome<'a>> {
        let state = params.request_state.as_deref()?;
        let arguments = params.arguments.map_or("{}", RawValue::get);
        let (name, held) = self.held.remove_entry(state)?;
        // The answer is about that call. Any other is checked like any other.
        if params.name.as_deref() != Some(&held.call.tool) || !same(arguments, &held.call.arguments) {
            log("a person was asked about another call than the one that came back");
            let id = frame.id?;
            self.held.insert(name, held);
            return Some(Outcome::Answer(reply::refusal(
                id,
                &reply::was_refused("The call was changed after a person had been asked about it."),
            )));
        }
        let (id, key) = frame.id.zip(frame.id())?;
        let answer = params.input_responses.and_then(|responses| Json::from(responses).fields().get(QUESTION));
        Some(match self.decided(&held, id, reply::confirms(answer)) {
            Ok(()) => match str::from_utf8(bytes).ok().and_then(|text| reply::without_answer(text, QUESTION, held.state.as_deref())) {
                Some(clean) => {
                    self.leaves(stream, key, id, held.call, None);
                    Outcome::Forward(Cow::Owned(clean))
                }
                None => Outcome::Answer(reply::refusal(id, "twinguard cannot read this call")),
            },
            Err(message) => Outcome::Answer(reply::refusal(id, &message)),
        })
    }

    /// Records what a person said; an error is what the model is told.
    fn decided(&self, held: &Held, id: &RawValue, confirmed: bool) -> Result<(), String> {
        let decision = if confirmed { Decision::Allow } else { Decision::Block };
        log(&format!("a person was asked about {}: {decision}", held.call.tool));
        let entry = Entry { decision, by: By::Person, ..Entry::of(&self.name, &held.call, &held.verdict) };
        self.record(id, &entry, Began::now(), held.parent.as_deref())?;
        if confirmed { Ok(()) } else { Err(reply::was_refused(&held.verdict.message)) }
    }

    /// The client gives up on a request that waits for a person: the server never heard of it.
    pub(super) fn cancelled<'a>(&mut self, stream: Stream, frame: &Frame<'_>) -> Option<Outcome<'a>> {
        let params = frame.params().ok()?;
        let id = super::frame::id(params.request_id?)?;
        let waits = |held: &Held| super::frame::id(&held.id).as_ref() == Some(&id);
        let name = self.held.iter().find(|(_, held)| waits(held)).map(|(name, _)| name.clone());
        if let Some(name) = name {
            self.held.remove(&name);
            return Some(Outcome::Cancelled(name));
        }
        self.pending.remove(&(stream, id));
        None
    }
}

/// Whether two JSON texts say the same: a client that holds parsed arguments writes them anew.
fn same(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || value(one).is_some_and(|one| value(other) == Some(one))
}

/// A name that no server gives to a question of its own, and no client can guess.
fn question() -> Option<String> {
    let random = getrandom::u64().ok()?;
    Some(format!("{QUESTION}-{random:016x}"))
}
