//! Conversations by session.

use super::super::conversation::log;
use super::{Conversation, HeaderMap, Options};
use crate::Error;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use twinguard_trace::json::Json;

pub(super) type Shared = Arc<Mutex<Conversation>>;

const SESSION: &str = "mcp-session-id";

/// Of more, the one that was silent longest is forgotten. When it comes back, its verdicts say
/// that not everything is known.
const MOST: usize = 1024;

/// All that are open.
pub(super) struct Conversations {
    options: Arc<Options>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    by_session: HashMap<String, (u64, Shared)>,
    /// Of clients whose server has no sessions.
    without: Option<Shared>,
    /// Counts, for the order of use.
    used: u64,
}

impl Conversations {
    pub fn new(options: Arc<Options>) -> Self {
        Self { options, open: Mutex::new(Open::default()) }
    }

    /// The conversation that a request belongs to. One that begins has no session yet.
    pub fn of(&self, headers: &HeaderMap, body: &[u8]) -> Result<Shared, Error> {
        let mut open = locked(&self.open);
        open.used += 1;
        let used = open.used;
        if let Some(session) = session(headers) {
            if let Some((last, conversation)) = open.by_session.get_mut(&session) {
                *last = used;
                return Ok(Arc::clone(conversation));
            }
            log("a session went on that began elsewhere: what it has shown is not known");
            let conversation = self.begin(&name(&session))?;
            locked(&conversation).missed();
            open.add(session, Arc::clone(&conversation));
            return Ok(conversation);
        }
        let text = str::from_utf8(body).unwrap_or_default();
        let begins = Json::parse(text).is_ok_and(|frame| frame.fields().says("method", "initialize"));
        if let (false, Some(conversation)) = (begins, &open.without) {
            return Ok(Arc::clone(conversation));
        }
        let conversation = self.begin("http")?;
        if !begins {
            open.without = Some(Arc::clone(&conversation));
        }
        Ok(conversation)
    }

    /// Notes the session that a response opens.
    pub fn opened(&self, headers: &HeaderMap, conversation: &Shared) {
        let mut open = locked(&self.open);
        match session(headers) {
            Some(session) if !open.by_session.contains_key(&session) => open.add(session, Arc::clone(conversation)),
            Some(_) => {}
            None if open.without.is_none() && !open.by_session.values().any(|(_, known)| Arc::ptr_eq(known, conversation)) => {
                open.without = Some(Arc::clone(conversation));
            }
            None => {}
        }
    }

    /// The client has deleted its session.
    pub fn forget(&self, headers: &HeaderMap) {
        if let Some(session) = session(headers) {
            locked(&self.open).by_session.remove(&session);
        }
    }

    fn begin(&self, name: &str) -> Result<Shared, Error> {
        Ok(Arc::new(Mutex::new(Conversation::open(&self.options, name)?)))
    }
}

impl Open {
    fn add(&mut self, session: String, conversation: Shared) {
        locked(&conversation).rename(&name(&session));
        if self.by_session.len() >= MOST {
            let oldest = self.by_session.iter().min_by_key(|(_, (last, _))| *last).map(|(session, _)| session.clone());
            oldest.and_then(|session| self.by_session.remove(&session));
        }
        self.used += 1;
        self.by_session.insert(session, (self.used, conversation));
    }
}

/// What the audit log calls a session. Whoever knows its id may speak in it, so that stays out.
fn name(session: &str) -> String {
    let hash = Sha256::digest(session.as_bytes());
    hash.iter().take(6).fold("http-".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}

fn session(headers: &HeaderMap) -> Option<String> {
    headers.get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// A panic inside the guard leaves it [poisoned](crate::Session::poisoned) or whole: it changes its
/// memory only by calls that say which.
pub(super) fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
