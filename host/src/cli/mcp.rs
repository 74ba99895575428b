//! `twinguard mcp`.

use super::Failure;
use crate::audit::Audit;
use crate::mcp::{self, Options, stdio::Server};
use crate::{Guard, policy};
use clap::Args;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) const HELP: &str = "\
Examples:
  twinguard mcp -- npx -y @modelcontextprotocol/server-filesystem ~/notes
                                                in a client's configuration, before the command that was there
  twinguard mcp --server 'crm=crm-server' --server 'pay=pay-server --live'
                                                several servers as one, with one memory
  twinguard mcp --listen 127.0.0.1:7400 --upstream https://crm.example.com/mcp
                                                the client then connects to http://127.0.0.1:7400/mcp

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

    /// Write keyed hashes in place of identifiers into the audit log; the key lies in FILE.key
    #[arg(long, requires = "audit")]
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
    let options = Arc::new(Options { guard: Guard::new()?, policy, audit });
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
    mcp::stdio::run(&options, &name, &servers).map_err(failed)
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
