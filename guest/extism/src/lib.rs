//! The guard as an Extism plug-in, for hosts without the component model. Every function takes one
//! JSON object and gives JSON back. They are those of `wit/guard.wit`: the members of the object are
//! the parameters there, by name and in snake case, and `session` names the conversation. The forms
//! of records are those of [`twinguard_trace::form`].
//!
//! | function | takes | gives |
//! |---|---|---|
//! | [`open`](Sessions::open) | `{"session", "policy"?}` | `{}` |
//! | [`observe`](Sessions::observe) | `{"session", "what": {"content", "source"?, "tool"?, "call_id"?, "incomplete"?}}` | `{"identifiers", "new", "incomplete"}` |
//! | [`check`](Sessions::check) | `{"session", "call": {"tool", "arguments", "call_id"?, "effect"?}}` | a verdict |
//! | [`check_text`](Sessions::check_text) | `{"session", "text"}` | a verdict |
//! | [`identify`](Sessions::identify) | `{"session", "text"}` | a list of identifiers |
//! | [`snapshot`](Sessions::snapshot) | `{"session"}` | `{"snapshot": "base64"}` |
//! | [`restore`](Sessions::restore) | `{"session", "snapshot", "policy"?}` | `{}` |
//! | [`close`](Sessions::close) | `{"session"}` | `{}` |
//! | [`check_once`](Sessions::check_once) | `{"seen": […], "call": {…}, "policy"?}` | a verdict |
//!
//! An error comes as Extism's own, with a message. **An error is never a verdict: whatever the cause
//! (bad input, a trap, a time limit of the host), the call that was asked about must not run.**

#[cfg(target_arch = "wasm32")]
mod plugin;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use twinguard_core::model::{self, Observation};
use twinguard_core::session::{self, Session};
use twinguard_trace::form;

/// JSON, or a message for the host.
pub type Answer = Result<String, String>;

/// The open conversations of one plug-in instance, each by the name that the host gave it.
///
/// INVARIANT: no name is ever made up here. An instance that was started anew would give the same
/// number to another conversation, and answer for the wrong one; a name that it does not know is an
/// error.
///
/// ```
/// use twinguard_extism::Sessions;
///
/// let mut sessions = Sessions::default();
/// sessions.open(br#"{"session": "chat-17"}"#)?;
/// sessions.observe(br#"{"session": "chat-17", "what": {
///     "tool": "search_customer", "content": "{\"id\": \"acct_7H9j3kQ2\"}"}}"#)?;
/// let verdict = sessions.check(br#"{"session": "chat-17", "call": {
///     "tool": "refund", "arguments": "{\"account_id\": \"acct_7H9j2kQ2\"}"}}"#)?;
/// assert!(verdict.starts_with(r#"{"decision":"block","findings":[{"pointer":"/account_id","span":[0,13]"#));
/// sessions.close(br#"{"session": "chat-17"}"#)?;
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Default)]
pub struct Sessions {
    open: BTreeMap<String, Session>,
}

/// Nothing to say.
#[derive(Serialize)]
struct Done {}

#[derive(Serialize)]
struct Snapshot {
    snapshot: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    session: String,
    policy: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Observe {
    session: String,
    what: form::Observation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    session: String,
    call: form::ToolCall,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    session: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    session: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    session: String,
    policy: Option<Box<RawValue>>,
    snapshot: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckOnce {
    policy: Option<Box<RawValue>>,
    seen: Vec<form::Observation>,
    call: form::ToolCall,
}

impl Sessions {
    /// Begins a conversation. `session` is any text that no other open conversation of this instance
    /// is called by: the host's own id for it. `policy` is a JSON object, or a string that holds one;
    /// without it the defaults hold.
    ///
    /// # Errors
    /// When the policy is invalid, or the name is taken.
    pub fn open(&mut self, input: &[u8]) -> Answer {
        let Open { session, policy } = read("open", input)?;
        self.insert(session, || Session::open(&text_of(policy)))
    }

    /// Remembers every identifier in what the model was shown. `source` is `tool-result`, or
    /// `user-message`, `system-prompt`, `host`; `content` is the whole text.
    ///
    /// # Errors
    /// When the text is beyond a limit of the policy; the verdicts that follow then say `incomplete`.
    pub fn observe(&mut self, input: &[u8]) -> Answer {
        let Observe { session, what } = read("observe", input)?;
        let observed = self.named(&session)?.observe(&what.into()).map_err(told)?;
        write(&form::Observed::from(observed))
    }

    /// Judges a call before it runs. `arguments` is JSON text, numbers as the model wrote them;
    /// `effect` is `reads` or `changes`, when the host knows.
    ///
    /// # Errors
    /// When the arguments are beyond a limit of the policy: the call must not run.
    pub fn check(&mut self, input: &[u8]) -> Answer {
        let Check { session, call } = read("check", input)?;
        let verdict = self.named(&session)?.check(&call.into()).map_err(told)?;
        write(&form::Verdict::from(&verdict))
    }

    /// Judges a text that the assistant is about to show to the user. Changes nothing.
    ///
    /// # Errors
    /// When the text is beyond a limit of the policy.
    pub fn check_text(&mut self, input: &[u8]) -> Answer {
        let Text { session, text } = read("check_text", input)?;
        let verdict = self.named(&session)?.check_text(&text).map_err(told)?;
        write(&form::Verdict::from(&verdict))
    }

    /// Lists the identifiers of a text and where each was seen. Changes nothing.
    ///
    /// # Errors
    /// When the session is not open.
    pub fn identify(&mut self, input: &[u8]) -> Answer {
        let Text { session, text } = read("identify", input)?;
        let identifiers = self.named(&session)?.identify(&text);
        write(&identifiers.iter().map(form::Identifier::from).collect::<Vec<_>>())
    }

    /// The whole memory of a conversation, in base64: the same bytes that the component gives, and
    /// takes.
    ///
    /// # Errors
    /// When the session is not open.
    pub fn snapshot(&mut self, input: &[u8]) -> Answer {
        let Named { session } = read("snapshot", input)?;
        write(&Snapshot { snapshot: BASE64_STANDARD.encode(self.named(&session)?.snapshot()) })
    }

    /// Continues a conversation from its snapshot, here under the name `session`.
    ///
    /// # Errors
    /// As [`Sessions::open`], and when the snapshot is damaged or of an incompatible version.
    pub fn restore(&mut self, input: &[u8]) -> Answer {
        let Restore { session, policy, snapshot } = read("restore", input)?;
        let snapshot = BASE64_STANDARD
            .decode(&snapshot)
            .map_err(|error| format!("invalid snapshot: {error}; give what `snapshot` gave, in base64 with its padding"))?;
        self.insert(session, || Session::restore(&text_of(policy), &snapshot))
    }

    /// Ends a conversation and frees its memory. Its name can then be given again.
    ///
    /// # Errors
    /// When the session is not open.
    pub fn close(&mut self, input: &[u8]) -> Answer {
        let Named { session } = read("close", input)?;
        self.open.remove(&session).ok_or_else(|| unknown(&session))?;
        write(&Done {})
    }

    /// Opens a session, observes all of `seen`, checks one call and forgets.
    ///
    /// # Errors
    /// As [`Sessions::open`], [`Sessions::observe`] and [`Sessions::check`].
    pub fn check_once(&mut self, input: &[u8]) -> Answer {
        let CheckOnce { policy, seen, call } = read("check_once", input)?;
        let seen: Vec<Observation> = seen.into_iter().map(Into::into).collect();
        let verdict = session::check_once(&text_of(policy), &seen, &call.into()).map_err(told)?;
        write(&form::Verdict::from(&verdict))
    }

    fn insert(&mut self, name: String, make: impl FnOnce() -> Result<Session, model::Error>) -> Answer {
        match self.open.entry(name) {
            Entry::Occupied(taken) => Err(format!("session `{}` is open already; close it first, or take another name", taken.key())),
            Entry::Vacant(free) => {
                free.insert(make().map_err(told)?);
                write(&Done {})
            }
        }
    }

    fn named(&mut self, name: &str) -> Result<&mut Session, String> {
        self.open.get_mut(name).ok_or_else(|| unknown(name))
    }
}

fn unknown(name: &str) -> String {
    format!("no session `{name}` is open here; if it was, this is another instance of the plug-in, and its memory is lost")
}

fn told(error: model::Error) -> String {
    error.to_string()
}

/// A policy in JSON, as an object or as a string that holds one.
fn text_of(policy: Option<Box<RawValue>>) -> String {
    let Some(policy) = policy else { return String::new() };
    serde_json::from_str::<String>(policy.get()).unwrap_or_else(|_| policy.get().to_owned())
}

fn read<'a, T: Deserialize<'a>>(function: &str, input: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(input).map_err(|error| format!("`{function}` cannot read its input: {error}"))
}

fn write(answer: &impl Serialize) -> Answer {
    serde_json::to_string(answer).map_err(|error| format!("cannot write the answer: {error}"))
}
