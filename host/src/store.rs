//! Sessions between processes: a hook is one process for every event, and several run at once.
//!
//! The truth is a log of events that is only appended to. A check replays it into a fresh guard,
//! from the last snapshot on. SQLite keeps writers apart; nothing is held while a guard works.
//!
//! INVARIANT: no text comes in here that has not been through [`redact`].

mod list;
mod marker;
pub mod redact;

pub use list::{Kept, Listed};
pub use marker::{Marker, Orphan};

use crate::Error;
use redact::Redact;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};
use twinguard_core::model::{Decision, Observation, Source, ToolCall};
use twinguard_trace::event::What;

/// Names the folder of the store, before the XDG folders are asked.
pub const FOLDER: &str = "TWINGUARD_STATE";

/// Longer than any writer takes, shorter than any host waits for its hook.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of SQLite's log that are read in well under a millisecond.
const LONGEST_WAL: u64 = 512 << 10;
const SCHEMA: &str = include_str!("store/schema.sql");

type Result<T> = std::result::Result<T, Error>;

/// Which conversation: as the agent names it, and which of its sub-agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The name of the dialect; two agents may use the same session ids.
    pub dialect: &'static str,
    /// The agent's own id of the session.
    pub session: String,
    /// The id of the sub-agent; empty for the main agent.
    pub agent: String,
}

/// A conversation that the store holds.
#[derive(Clone, Copy, Debug)]
pub struct Conversation {
    own: i64,
    /// The main agent's; the same as `own` for the main agent itself.
    main: i64,
}

/// One line of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What happened. `None`: an event was lost here, and nobody knows which.
    pub what: Option<What>,
    /// What was decided about a call.
    pub decision: Option<Decision>,
}

/// Everything a check needs to know of what came before.
#[derive(Debug, Default)]
pub struct History {
    /// The last snapshot, if it was made by this version under this policy.
    pub snapshot: Option<Vec<u8>>,
    /// What happened since.
    pub entries: Vec<Entry>,
    /// The last event, for the snapshot that may be made of all this; 0 when there is none.
    pub last: i64,
}

/// The store. Opening it takes well under a millisecond.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    redact: Redact,
    /// SQLite's own log of writes, which is not the log of events.
    wal: PathBuf,
}

/// Where sessions are kept: `TWINGUARD_STATE`, or `twinguard` below the XDG state folder.
///
/// # Errors
/// When no variable says where the user's files are.
pub fn folder() -> Result<PathBuf> {
    let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // A relative XDG folder is invalid by its specification, and would depend on where a hook runs.
    let xdg = || path("XDG_STATE_HOME").filter(|path| path.is_absolute()).map(|state| state.join("twinguard"));
    let home = || path("HOME").or_else(|| path("USERPROFILE")).map(|home| home.join(".local/state/twinguard"));
    path(FOLDER)
        .or_else(xdg)
        .or_else(home)
        .ok_or_else(|| Error::Store(format!("nothing says where the user's files are; set {FOLDER} to a folder")))
}

/// Makes the folder, for its owner only.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// How a new file is opened, for its owner only.
pub(crate) fn private_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn broken(error: rusqlite::Error) -> Error {
    Error::Store(format!("{error}; see that the folder can be written, or name another with {FOLDER}"))
}

impl Store {
    /// Opens the store in a folder, and makes it where there is none.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be used.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("sessions.db");
        let unusable =
            |error: io::Error| Error::Store(format!("`{}` cannot be used: {error}; name another folder with {FOLDER}", path.display()));
        // SQLite gives its other files the mode of this one.
        make_private(folder).and_then(|()| private_file().open(&path)).map_err(unusable)?;
        let mut connection = Connection::open(&path).map_err(broken)?;
        let redact = Self::prepare(&mut connection).map_err(broken)?;
        Ok(Self { connection, redact, wal: folder.join("sessions.db-wal") })
    }

    fn prepare(connection: &mut Connection) -> rusqlite::Result<Redact> {
        connection.busy_timeout(PATIENCE)?;
        // The last process to close would move the whole log into the database, every time.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // What is written survives the death of a process. A power cut may cost the last events.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?; // see `shorten`
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            // Forgotten is forgotten on disk as well.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(SCHEMA)?;
            transaction.commit()?;
        }
        let key: Vec<u8> = connection.query_row("SELECT key FROM secret", [], |row| row.get(0))?;
        Ok(Redact::new(key))
    }

    /// What stands for credentials in everything that is kept.
    #[must_use]
    pub fn redact(&self) -> &Redact {
        &self.redact
    }

    /// The conversation of this key, if there is one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn find(&self, key: &Key) -> Result<Option<Conversation>> {
        let id = |agent: &str| find(&self.connection, key, agent).map_err(broken);
        let Some(own) = id(&key.agent)? else { return Ok(None) };
        let main = if key.agent.is_empty() { own } else { id("")?.unwrap_or(own) };
        Ok(Some(Conversation { own, main }))
    }

    /// The conversation of this key. When it is new, `earlier` gives what had happened before, and
    /// conversations that nobody touched for `keep` are forgotten.
    ///
    /// Of processes that begin one conversation at once, one calls `earlier` and the others wait.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn begin(&mut self, key: &Key, keep: Duration, earlier: impl FnOnce(&Redact) -> Vec<Entry>) -> Result<Conversation> {
        if let Some(found) = self.find(key)? {
            return Ok(found);
        }
        let Self { connection, redact, .. } = self;
        let work = || -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if find(&transaction, key, &key.agent)?.is_none() {
                list::expire(&transaction, keep)?;
                let sql = "INSERT INTO session (dialect, name, agent) VALUES (?1, ?2, ?3)";
                transaction.execute(sql, params![key.dialect, key.session, key.agent])?;
                let own = transaction.last_insert_rowid();
                earlier(redact).iter().try_for_each(|entry| append(&transaction, own, entry))?;
            }
            transaction.commit()
        };
        work().map_err(broken)?;
        self.find(key)?.ok_or_else(|| Error::Store("a new session is not there; another process forgot it".to_owned()))
    }

    /// Writes down that an event was lost: in the conversation of these names, if there is one, or in
    /// every one that was used within a day, when nobody knows whose it was.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn lose(&self, whose: Option<&[String; 3]>) -> Result<()> {
        let sql = "INSERT INTO event (session, kind, text, incomplete) SELECT id, 'lost', '', 1 FROM session WHERE ";
        let done = match whose {
            Some(names) => {
                self.connection.execute(&format!("{sql} dialect = ?1 AND name = ?2 AND agent = ?3"), rusqlite::params_from_iter(names))
            }
            None => self.connection.execute(&format!("{sql} touched > unixepoch() - 86400"), []),
        };
        done.map(|_| ()).map_err(broken)
    }

    /// Writes down what happened, and the snapshot that was made on the way, if one was.
    ///
    /// # Errors
    /// [`Error::Store`]. Then nothing was written.
    pub fn append(&mut self, conversation: Conversation, entry: &Entry, snapshot: Option<(i64, i64, &[u8])>) -> Result<()> {
        let mut work = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            append(&transaction, conversation.own, entry)?;
            transaction.execute("UPDATE session SET touched = unixepoch() WHERE id IN (?1, ?2)", [conversation.own, conversation.main])?;
            if let Some((upto, fingerprint, bytes)) = snapshot {
                transaction.execute(
                    "INSERT INTO snapshot VALUES (?1, ?2, ?3, ?4) ON CONFLICT (session) DO UPDATE
                     SET upto = excluded.upto, fingerprint = excluded.fingerprint, bytes = excluded.bytes
                     WHERE excluded.upto > upto OR excluded.fingerprint <> fingerprint",
                    params![conversation.own, upto, fingerprint, bytes],
                )?;
            }
            transaction.commit()
        };
        work().map_err(broken)?;
        self.shorten();
        Ok(())
    }

    /// Moves SQLite's log into the database when it has grown: every process reads all of it first.
    ///
    /// SQLite does that by itself only where a connection lives on. Each of these is the first to open
    /// the log, takes none of it for moved, and would move it all again without ever shortening it.
    fn shorten(&self) {
        if fs::metadata(&self.wal).is_ok_and(|about| about.len() > LONGEST_WAL) {
            // Where others are reading, one of the next will do it. What is written is safe either way.
            let _ = self.connection.busy_timeout(Duration::ZERO);
            let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            let _ = self.connection.busy_timeout(PATIENCE);
        }
    }

    /// What happened in a conversation. A sub-agent's holds its main agent's as well, in one order.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn history(&mut self, conversation: Conversation, fingerprint: i64) -> Result<History> {
        let Conversation { own, main } = conversation;
        let mut work = || -> rusqlite::Result<History> {
            // One transaction, so that snapshot and events are of one moment.
            let transaction = self.connection.transaction()?;
            let sql = "SELECT upto, bytes FROM snapshot WHERE session = ?1 AND fingerprint = ?2";
            let snapshot: Option<(i64, Vec<u8>)> =
                transaction.query_row(sql, [own, fingerprint], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let (upto, snapshot) = snapshot.map_or((0, None), |(upto, bytes)| (upto, Some(bytes)));
            let mut history = History { snapshot, entries: Vec::new(), last: upto };
            let mut select = transaction.prepare(
                "SELECT id, kind, tool, call_id, text, incomplete, decision FROM event WHERE session IN (?1, ?2) AND id > ?3 ORDER BY id",
            )?;
            let mut rows = select.query([own, main, upto])?;
            while let Some(row) = rows.next()? {
                history.last = row.get(0)?;
                let kind: String = row.get(1)?;
                let decision: Option<String> = row.get(6)?;
                let what = what(&kind, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
                history.entries.push(Entry { what, decision: decision.as_deref().and_then(Decision::from_name) });
            }
            Ok(history)
        };
        work().map_err(broken)
    }

    /// Whether this very call was asked about before, and a person has written each of these values
    /// since. Agents that cannot ask have no other way to confirm one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_confirmed(&self, conversation: Conversation, call: &ToolCall, values: &[&str]) -> Result<bool> {
        let Conversation { own, main } = conversation;
        let work = || -> rusqlite::Result<bool> {
            let sql = "SELECT min(id) FROM event WHERE session = ?1 AND kind = 'call' AND decision = 'ask' AND tool = ?2 AND text = ?3";
            let Some(asked): Option<i64> = self.connection.query_row(sql, params![own, call.tool, call.arguments], |row| row.get(0))?
            else {
                return Ok(false);
            };
            let sql = "SELECT 1 FROM event WHERE session IN (?1, ?2) AND kind = 'user-message' AND id > ?3 AND instr(text, ?4) LIMIT 1";
            for value in values {
                let written: Option<i64> = self.connection.query_row(sql, params![own, main, asked, value], |row| row.get(0)).optional()?;
                if written.is_none() {
                    return Ok(false);
                }
            }
            Ok(!values.is_empty())
        };
        work().map_err(broken)
    }
}

fn find(connection: &Connection, key: &Key, agent: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM session WHERE dialect = ?1 AND name = ?2 AND agent = ?3";
    connection.query_row(sql, params![key.dialect, key.session, agent], |row| row.get(0)).optional()
}

fn append(transaction: &Transaction<'_>, session: i64, entry: &Entry) -> rusqlite::Result<()> {
    let (kind, tool, call_id, text, incomplete) = match &entry.what {
        Some(What::Shown(shown)) => {
            (shown.source.name(), shown.tool.as_ref(), shown.call_id.as_ref(), shown.content.as_str(), shown.incomplete)
        }
        Some(What::Called(call)) => ("call", Some(&call.tool), call.call_id.as_ref(), call.arguments.as_str(), false),
        None => ("lost", None, None, "", true),
    };
    let decision = entry.decision.map(Decision::name);
    let sql = "INSERT INTO event (session, kind, tool, call_id, text, incomplete, decision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    transaction.execute(sql, params![session, kind, tool, call_id, text, incomplete, decision])?;
    Ok(())
}

fn what(kind: &str, tool: Option<String>, call_id: Option<String>, text: String, incomplete: bool) -> Option<What> {
    if kind == "call" {
        return Some(What::Called(ToolCall { tool: tool.unwrap_or_default(), call_id, arguments: text, effect: None }));
    }
    let source = Source::from_name(kind)?;
    Some(What::Shown(Observation { source, tool, call_id, content: text, incomplete }))
}
