//! What people do with kept sessions: look at them, and forget them.

use super::{Result, Store, broken};
use rusqlite::{Connection, Transaction, params};
use std::time::Duration;

/// One kept conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The agent's dialect.
    pub dialect: String,
    /// The agent's own id of the session.
    pub session: String,
    /// The id of the sub-agent; empty for the main agent.
    pub agent: String,
    /// Events kept: results, messages and calls.
    pub events: i64,
    /// Calls among them.
    pub calls: i64,
    /// Calls that were stopped or asked about.
    pub stopped: i64,
    /// Times at which a hook died at its work, and its event with it.
    pub lost: i64,
    /// Bytes of all texts.
    pub bytes: i64,
    /// Seconds since the last event.
    pub idle: i64,
}

/// One kept event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number in the log.
    pub id: i64,
    /// The sub-agent it happened in; empty for the main agent.
    pub agent: String,
    /// The name of a source, `call`, or `lost`.
    pub kind: String,
    /// The tool of a call or a result.
    pub tool: Option<String>,
    /// What pairs a call with its result.
    pub call_id: Option<String>,
    /// What was decided about a call.
    pub decision: Option<String>,
    /// The text, credentials replaced.
    pub text: String,
}

impl Store {
    /// Every kept conversation, the one used last first.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn list(&self) -> Result<Vec<Listed>> {
        let work = || -> rusqlite::Result<Vec<Listed>> {
            let mut select = self.connection.prepare(
                "SELECT dialect, name, agent, count(event.id), count(iif(kind = 'call', 1, NULL)),
                        count(iif(decision IN ('ask', 'block'), 1, NULL)), count(iif(kind = 'lost', 1, NULL)),
                        coalesce(sum(length(CAST(text AS BLOB))), 0), max(0, unixepoch() - touched)
                 FROM session LEFT JOIN event ON event.session = session.id
                 GROUP BY session.id ORDER BY touched DESC, session.id DESC",
            )?;
            let rows = select.query_map([], |row| {
                Ok(Listed {
                    dialect: row.get(0)?,
                    session: row.get(1)?,
                    agent: row.get(2)?,
                    events: row.get(3)?,
                    calls: row.get(4)?,
                    stopped: row.get(5)?,
                    lost: row.get(6)?,
                    bytes: row.get(7)?,
                    idle: row.get(8)?,
                })
            })?;
            rows.collect()
        };
        work().map_err(broken)
    }

    /// The events of a session and of its sub-agents, in order.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn events(&self, session: &str) -> Result<Vec<Kept>> {
        let work = || -> rusqlite::Result<Vec<Kept>> {
            let mut select = self.connection.prepare(
                "SELECT event.id, agent, kind, tool, call_id, decision, text
                 FROM event JOIN session ON event.session = session.id WHERE name = ?1 ORDER BY event.id",
            )?;
            let rows = select.query_map([session], |row| {
                Ok(Kept {
                    id: row.get(0)?,
                    agent: row.get(1)?,
                    kind: row.get(2)?,
                    tool: row.get(3)?,
                    call_id: row.get(4)?,
                    decision: row.get(5)?,
                    text: row.get(6)?,
                })
            })?;
            rows.collect()
        };
        work().map_err(broken)
    }

    /// Forgets a session and its sub-agents. Returns how many conversations that were.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn forget(&mut self, session: &str) -> Result<usize> {
        self.erase("DELETE FROM session WHERE name = ?1", params![session])
    }

    /// Forgets what nobody touched for so long; everything, for no time at all.
    ///
    /// # Errors
    /// [`crate::Error::Store`].
    pub fn forget_older(&mut self, than: Duration) -> Result<usize> {
        self.erase("DELETE FROM session WHERE touched <= unixepoch() - ?1", params![seconds(than)])
    }

    fn erase(&mut self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        erase(&self.connection, sql, values).map_err(broken)
    }
}

/// Forgets on disk as well: neither the database nor its log keeps the text.
fn erase(connection: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<usize> {
    connection.pragma_update(None, "secure_delete", true)?;
    let count = connection.execute(sql, values)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(count)
}

/// Forgets what nobody touched for `keep`.
pub(super) fn expire(transaction: &Transaction<'_>, keep: Duration) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM session WHERE touched < unixepoch() - ?1", params![seconds(keep)])?;
    Ok(())
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2)
}
