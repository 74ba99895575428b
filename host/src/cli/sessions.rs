//! `twinguard sessions`.

use super::Failure;
use crate::report::one_line;
use crate::store::{self, Store};
use clap::{Args, Subcommand};
use std::io::{self, Write as _};
use std::time::Duration;

pub(super) const HELP: &str = "\
Between the events of an agent, its hooks keep what they need to know: the texts that the model was
shown and the calls it made, with keyed hashes in place of credentials, for their owner alone.

Examples:
  twinguard sessions list                       the sessions, the one used last first
  twinguard sessions show 5e1f0c2a              what was shown and called in one
  twinguard sessions forget 5e1f0c2a            as if it had never been
  twinguard sessions forget --older-than 7d     what nobody has used for a week

Exit codes:
  0  done
  1  there is no such session
  2  the store cannot be used";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what is kept
    List,
    /// Show the events of a session and of its sub-agents
    Show {
        /// The agent's own id of the session
        #[arg(value_name = "ID")]
        session: String,
    },
    /// Forget sessions, on disk as well
    Forget(Forget),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Forget {
    /// The agent's own id of the session
    #[arg(value_name = "ID")]
    session: Option<String>,

    /// Those that were not used for so long, as `12h` or `7d`
    #[arg(long, value_name = "TIME", value_parser = super::hook::duration)]
    older_than: Option<Duration>,

    /// Every one
    #[arg(long)]
    all: bool,
}

/// Characters of a text that are shown; enough to know it again.
const SHOWN: usize = 100;

pub(super) fn run(command: &Command) -> Result<u8, Failure> {
    let mut store = Store::open(&store::folder()?)?;
    let mut out = anstream::stdout().lock();
    match command {
        Command::List => {
            let sessions = store.list()?;
            if sessions.is_empty() {
                writeln!(out, "no sessions are kept; `twinguard init` sets up the hooks of an agent")?;
            }
            for kept in sessions {
                let agent = if kept.agent.is_empty() { String::new() } else { format!(", sub-agent {}", one_line(&kept.agent)) };
                let lost = if kept.lost > 0 { ", incomplete" } else { "" };
                writeln!(
                    out,
                    "{} ({}{agent}): {} events, {} calls, {} stopped, {}, used {} ago{lost}",
                    one_line(&kept.session),
                    kept.dialect,
                    kept.events,
                    kept.calls,
                    kept.stopped,
                    bytes(kept.bytes),
                    ago(kept.idle),
                )?;
            }
            Ok(0)
        }
        Command::Show { session } => {
            let events = store.events(session)?;
            if events.is_empty() {
                return none(session);
            }
            for event in events {
                let agent = if event.agent.is_empty() { String::new() } else { format!(" [{}]", one_line(&event.agent)) };
                let about: Vec<String> =
                    [event.tool, event.call_id, event.decision].into_iter().flatten().map(|text| one_line(&text)).collect();
                let text: String = one_line(&event.text).chars().take(SHOWN).collect();
                writeln!(out, "{}{agent} {} {}: {text}", event.id, event.kind, about.join(" "))?;
            }
            Ok(0)
        }
        Command::Forget(Forget { session, older_than, .. }) => {
            let count = match (session, older_than) {
                (Some(session), _) => store.forget(session)?,
                (None, older) => store.forget_older(older.unwrap_or_default())?,
            };
            if let (Some(session), 0) = (session, count) {
                return none(session);
            }
            writeln!(out, "forgotten: {count}")?;
            Ok(0)
        }
    }
}

fn none(session: &str) -> Result<u8, Failure> {
    writeln!(io::stderr(), "no session `{}` is kept; `twinguard sessions list` shows those that are", one_line(session))?;
    Ok(1)
}

fn bytes(count: i64) -> String {
    match count {
        ..1024 => format!("{count} bytes"),
        1024..1_048_576 => format!("{} KiB", count / 1024),
        _ => format!("{} MiB", count / 1_048_576),
    }
}

fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
