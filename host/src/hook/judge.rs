//! A call against everything that came before: the log is replayed into a fresh guard.

use super::{Options, Told};
use crate::store::{Conversation, History, Store};
use crate::{Error, Guard, Limits, Session, policy};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use twinguard_core::model::{Decision, Observation, Source, ToolCall, Verdict};
use twinguard_trace::event::What;

/// A snapshot is made when this much was replayed, so that checks stay quick as a session grows. Calls
/// cost most: each is judged again.
const CALLS: usize = 4;
const EVENTS: usize = 64;
const BYTES: usize = 64 << 10;
/// For every so many bytes that a snapshot has, it waits for one call more.
const MEGABYTE: usize = 1 << 20;

/// What is said when a hook died at its work.
const LOST: &str = "incomplete: a hook of this session was killed before it had written down what the model was shown, or the session \
                    began before the hooks did; values of that part count as unseen.";

/// A verdict, and what should be kept beside it.
pub(super) struct Judged {
    pub verdict: Verdict,
    /// The guard's memory before this call, and the event it reaches to.
    pub snapshot: Option<(i64, Vec<u8>)>,
    /// Of the policy and this version: under another, the snapshot is worth nothing.
    pub fingerprint: i64,
    /// An event was lost since the last call.
    lost: bool,
}

impl Judged {
    pub fn told(self) -> Told {
        let Verdict { decision, mut message, .. } = self.verdict;
        if !self.lost {
            return Told::new(decision, message);
        }
        if decision == Decision::Allow {
            message.clear();
        }
        let gap = if message.is_empty() { "" } else { "\n" };
        Told::new(decision.max(Decision::Warn), format!("{message}{gap}{LOST}"))
    }
}

pub(super) fn judge(store: &mut Store, conversation: Conversation, call: &ToolCall, options: &Options) -> Result<Judged, Error> {
    let policy = options.policy.as_deref().map(policy::read).transpose()?.unwrap_or_default();
    let guard = Guard::with(Limits { on_failure: options.on_failure, ..Limits::default() })?;
    let fingerprint = fingerprint(&policy);
    let history = store.history(conversation, fingerprint)?;
    let taken = history.snapshot.as_ref().map_or(0, Vec::len);
    let replayed: usize = history.entries.iter().map(|entry| entry.what.as_ref().map_or(0, size)).sum();
    // A new snapshot costs as much as the whole memory is large: it has to be worth it.
    let calls = history.entries.iter().filter(|entry| matches!(entry.what, Some(What::Called(_)))).count();
    let is_due = calls >= CALLS + taken / MEGABYTE || history.entries.len() >= EVENTS || replayed > BYTES.max(taken / 4);
    let (last, lost) = (history.last, is_lost(&history));
    let mut session = remember(&guard, &policy, history)?;
    // Before the call, which is written down only later, among those of other hooks.
    let snapshot = if is_due { session.snapshot().ok().map(|bytes| (last, bytes)) } else { None };
    let verdict = session.check(call);
    Ok(Judged { verdict, snapshot, fingerprint, lost })
}

/// The session as it would be, had one guard lived through all of it.
fn remember(guard: &Guard, policy: &str, history: History) -> Result<Session, Error> {
    let mut session = match &history.snapshot {
        Some(bytes) => guard.restore(policy, bytes)?,
        None => guard.session(policy)?,
    };
    for entry in history.entries {
        // Refusals and failures are told by the verdict.
        match entry.what {
            Some(What::Shown(shown)) => drop(session.observe(&shown)),
            Some(What::Called(call)) => drop(session.check(&call)),
            None => {
                let unknown =
                    Observation { source: Source::ToolResult, tool: None, call_id: None, content: String::new(), incomplete: true };
                drop(session.observe(&unknown));
            }
        }
    }
    Ok(session)
}

/// Whether an event was lost, and no call has said so yet.
fn is_lost(history: &History) -> bool {
    let since = history.entries.iter().rev().take_while(|entry| !matches!(entry.what, Some(What::Called(_))));
    since.into_iter().any(|entry| entry.what.is_none())
}

fn size(what: &What) -> usize {
    match what {
        What::Shown(shown) => shown.content.len(),
        What::Called(call) => call.arguments.len(),
    }
}

fn fingerprint(policy: &str) -> i64 {
    let mut hasher = DefaultHasher::new();
    (policy, env!("CARGO_PKG_VERSION"), crate::guard::COMPONENT.len()).hash(&mut hasher);
    hasher.finish().cast_signed()
}
