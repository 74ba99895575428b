//! The audit log: one JSON line for every decision, for people who must be able to say later what
//! was stopped, what was not, and why.
//!
//! ```
//! use twinguard::{Guard, ToolCall, audit::{Audit, Entry}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("twinguard-audit-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let path = folder.join("audit.jsonl");
//! let audit = Audit::open(&path, false)?;
//! let call = ToolCall { tool: "refund".into(), call_id: None, arguments: "{}".into(), effect: None };
//! let verdict = Guard::new()?.session("")?.check(&call);
//! audit.record(&Entry::of("session-1", &call, &verdict))?;
//! assert!(std::fs::read_to_string(&path)?.contains(r#""tool":"refund","call_id":null,"decision":"allow""#));
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```

mod redact;

pub use redact::Redaction;
pub(crate) use redact::hidden;

use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::SystemTime;
use twinguard_core::model::{Decision, Finding, ToolCall, Verdict};
use twinguard_trace::form;

/// An open audit log. Several processes may write to one file at once: every line is one write to a
/// file that is only ever appended to.
#[derive(Debug)]
pub struct Audit {
    file: File,
    redaction: Option<Redaction>,
}

/// What one line tells.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The conversation, as the host names it.
    pub session: &'a str,
    /// The tool that was called.
    pub tool: &'a str,
    /// The call's own name, when it has one.
    pub call_id: Option<&'a str>,
    /// What became of it.
    pub decision: Decision,
    /// Who said so.
    pub by: By,
    /// Findings of the verdict; those that are allowed are left out of the log.
    pub findings: &'a [Finding],
    /// The verdict's message.
    pub message: &'a str,
}

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The guard.
    Guard,
    /// A person whom the guard had asked.
    Person,
}

impl<'a> Entry<'a> {
    /// The guard's verdict on a call.
    #[must_use]
    pub fn of(session: &'a str, call: &'a ToolCall, verdict: &'a Verdict) -> Self {
        Self {
            session,
            tool: &call.tool,
            call_id: call.call_id.as_deref(),
            decision: verdict.decision,
            by: By::Guard,
            findings: &verdict.findings,
            message: &verdict.message,
        }
    }
}

/// The form of a line is a promise.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    time: String,
    session: &'a str,
    tool: &'a str,
    call_id: Option<&'a str>,
    decision: &'static str,
    by: &'static str,
    findings: Vec<form::Finding<'a>>,
    /// `null` when redacted: it names the identifiers.
    message: Option<&'a str>,
}

impl Audit {
    /// Opens the log, and creates it for its owner alone (mode 0600) when it is not there.
    ///
    /// With `redact`, identifiers are written as keyed hashes: equal ones have equal hashes, which
    /// nobody can try values against without the key. The key is made at the first opening and lies
    /// beside the log in `PATH.key`; whoever deletes it makes the hashes final.
    ///
    /// # Errors
    /// When the log or its key cannot be opened or created.
    pub fn open(path: &Path, redact: bool) -> io::Result<Self> {
        let file = private(OpenOptions::new().append(true).create(true)).open(path)?;
        let redaction = if redact { Some(Redaction::beside(path)?) } else { None };
        Ok(Self { file, redaction })
    }

    /// Appends one line, with the time of now.
    ///
    /// # Errors
    /// When the line cannot be written, or not as a whole. A host that must account for every
    /// decision then stops the call.
    pub fn record(&self, entry: &Entry<'_>) -> io::Result<()> {
        let findings = entry.findings.iter().filter(|finding| finding.decision > Decision::Allow);
        let redacted: Vec<Finding>;
        let (findings, message) = match &self.redaction {
            Some(redaction) => {
                redacted = findings.map(|finding| redaction.finding(finding)).collect();
                (redacted.iter().map(form::Finding::from).collect(), None)
            }
            None => (findings.map(form::Finding::from).collect(), Some(entry.message)),
        };
        let line = Line {
            r#type: "decision",
            time: now(),
            session: entry.session,
            tool: entry.tool,
            call_id: entry.call_id,
            decision: entry.decision.name(),
            by: match entry.by {
                By::Guard => "guard",
                By::Person => "person",
            },
            findings,
            message,
        };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        // One write, so that lines of other processes come before or after it and never within.
        match (&self.file).write(&line)? {
            written if written == line.len() => Ok(()),
            written => Err(io::Error::new(io::ErrorKind::WriteZero, format!("{written} of {} bytes were written", line.len()))),
        }
    }
}

/// For the owner alone, where the system knows owners.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// RFC 3339, in UTC, to the millisecond.
fn now() -> String {
    #[expect(clippy::disallowed_methods, reason = "a log tells when; no verdict depends on it")]
    let now = SystemTime::now();
    humantime::format_rfc3339_millis(now).to_string()
}

#[cfg(test)]
mod tests;
