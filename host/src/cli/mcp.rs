//! `twinguard mcp`.

use super::Failure;
use crate::audit::{Audit, Redaction};
use crate::mcp::{self, Options, stdio::Server};
use crate::telemetry::{self, export::Exporter};
use crate::{Guard, policy, store};
use clap::Args;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) const HELP: &str = "\
Examples:
  twinguard mcp -- npx -y @modelcontextprotocol/server-filesystem ~/notes
                                                in a client's configuration, before the command that was there
  twinguard mcp --server 'crm=crm-server' --server 'pay=pay-server --live'
                                                several servers as one, with one memory
  twinguard mcp --listen 127.0.0.1:7400 --upstream https://crm.example.com/mcp
                                                the client then connects to http://127.0.0.1:7400/mcp

Environment:
  OTEL_EXPORTER_OTLP_ENDPOINT, and the other standard variables of OpenTelemetry
                   send a span for every checked call to a collector, over OTLP as
                   `http/protobuf`; without identifiers, with --redact as keyed hashes.
                   Off when no variable names a collector

Exit codes:
  the server's own, where there is one; else
  0  the client has ended
  2  it could not be run, as stderr says";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A policy, as JSON or TOML
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Append one JSON line for every decision to this file
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,

    /// Keyed hashes in place of identifiers, in the audit log and in spans; the key lies in FILE.key
    #[arg(long)]
    redact: bool,

    /// A server to start, as NAME=COMMAND with its arguments; several share one memory
    #[arg(long, value_name = "NAME=COMMAND", value_parser = server, conflicts_with_all = ["command", "upstream", "listen"])]
    server: Vec<Server>,

    /// Listen here for clients over streamable HTTP
    #[arg(long, value_name = "ADDRESS", requires = "upstream", conflicts_with = "command")]
    listen: Option<SocketAddr>,

    /// The server's URL
    #[arg(long, value_name = "URL", requires = "listen")]
    upstream: Option<String>,

    /// The server to start, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let policy = arguments.policy.as_deref().map(policy::read).transpose()?.unwrap_or_default();
    let open = |path: &PathBuf| {
        Audit::open(path, arguments.redact)
            .map_err(|error| Failure::Message(format!("the audit log `{}` cannot be opened: {error}", path.display())))
    };
    let audit = arguments.audit.as_ref().map(open).transpose()?;
    let exporter = if telemetry::is_wanted() { exporter() } else { None };
    if arguments.redact && arguments.audit.is_none() && !telemetry::is_wanted() {
        return Err(Failure::Message(
            "`--redact` has nothing to hash: name a log with `--audit FILE`, or a collector in OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
        ));
    }
    let redaction = if arguments.redact && exporter.is_some() { Some(redaction(arguments.audit.as_deref())?) } else { None };
    let options = Arc::new(Options { guard: Guard::linked(), policy, audit, exporter, redaction });
    let failed = |error: std::io::Error| Failure::Message(error.to_string());
    if let Some((listen, upstream)) = arguments.listen.zip(arguments.upstream.as_deref()) {
        mcp::http::run(&options, listen, upstream).map_err(failed)?;
        return Ok(0);
    }
    let mut servers = arguments.server.clone();
    if !arguments.command.is_empty() {
        servers.push(Server { name: "server".to_owned(), command: arguments.command.clone() });
    }
    if servers.is_empty() {
        return Err(Failure::Message(
            "no server: give a command behind `--`, `--server NAME=COMMAND`, or `--listen` with `--upstream`".to_owned(),
        ));
    }
    // A process is one conversation.
    let name = format!("mcp-{}", std::process::id());
    let outcome = mcp::stdio::run(&options, &name, &servers);
    options.end();
    outcome.map_err(failed)
}

/// Whatever keeps spans from leaving is told once, and once more after some have left.
fn exporter() -> Option<Exporter> {
    let told = AtomicBool::new(false);
    let tell = |why: &str| mcp::log(&format!("spans are not exported, and every call is checked all the same: {why}"));
    let heard = move |outcome: Result<(), &str>| match outcome {
        Ok(()) => told.store(false, Ordering::Relaxed),
        Err(why) => {
            if !told.swap(true, Ordering::Relaxed) {
                tell(why);
            }
        }
    };
    Exporter::open(heard).inspect_err(|why| tell(why)).ok()
}

/// Under the key of the audit log, so that hashes are equal; without one, under a key beside the sessions.
fn redaction(audit: Option<&Path>) -> Result<Redaction, Failure> {
    let beside = audit.map_or_else(|| store::folder().map(|folder| folder.join("redact")), |audit| Ok(audit.to_owned()))?;
    let made = beside.parent().map_or(Ok(()), store::make_private).and_then(|()| Redaction::beside(&beside));
    made.map_err(|error| Failure::Message(format!("the key of hashes, `{}.key`, cannot be used: {error}", beside.display())))
}

fn server(text: &str) -> Result<Server, String> {
    let (name, command) = text.split_once('=').ok_or("`NAME=COMMAND` is wanted")?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(format!("`{name}` is no name: letters, digits, `-` and `_` are"));
    }
    let command =
        shlex::split(command).filter(|words| !words.is_empty()).ok_or("the command is empty, or a quote in it is never closed")?;
    Ok(Server { name: name.to_owned(), command: command.into_iter().map(OsString::from).collect() })
}
