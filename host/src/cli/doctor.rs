//! `twinguard doctor`.

use super::Failure;
use super::init::{agents, chosen, read};
use crate::hook::agent::{Agent, Scope};
use crate::hook::settings::installed;
use crate::store::{self, Store};
use clap::Args;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, process};

pub(super) const HELP: &str = "\
Looks at the settings of every agent, and runs the hook that stands there as the agent would: a result
that shows an identifier, a call with its twin, which must be stopped, and a call with the right one,
about which nothing must be said. That is done in a store of its own; no session of yours is touched.

Exit codes:
  0  everything works
  1  something does not; each line says what to do
  2  no hook is set up anywhere";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The agent; every one whose folder is there when left out
    #[arg(long, value_name = "NAME", value_parser = agents())]
    agent: Option<&'static Agent>,
}

/// What was looked at, and what came of it.
struct Report {
    out: anstream::Stdout,
    failed: bool,
}

impl Report {
    fn tell(&mut self, what: &str, outcome: Result<String, String>) -> io::Result<()> {
        let green = anstyle::AnsiColor::Green.on_default();
        let red = anstyle::AnsiColor::Red.on_default().bold();
        match outcome {
            Ok(found) => writeln!(self.out, "{green}ok{green:#}      {what}: {found}"),
            Err(way_out) => {
                self.failed = true;
                writeln!(self.out, "{red}failed{red:#}  {what}: {way_out}")
            }
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let mut report = Report { out: anstream::stdout(), failed: false };
    report.tell("the store", store())?;
    let mut is_anywhere = false;
    for scope in [Scope::User, Scope::Project] {
        for agent in chosen(arguments.agent, scope) {
            is_anywhere |= examine(agent, scope, &mut report)?;
        }
    }
    if !is_anywhere {
        writeln!(report.out, "no hook is set up anywhere; `twinguard init` does it")?;
        return Ok(2);
    }
    Ok(u8::from(report.failed))
}

fn store() -> Result<String, String> {
    let folder = store::folder().map_err(|error| error.to_string())?;
    let sessions = Store::open(&folder).and_then(|store| store.list()).map_err(|error| error.to_string())?;
    Ok(format!("`{}`, {} conversations", folder.display(), sessions.len()))
}

/// Returns whether a hook of ours stands in these settings.
fn examine(agent: &Agent, scope: Scope, report: &mut Report) -> Result<bool, Failure> {
    let Some(path) = agent.settings(scope) else { return Ok(false) };
    let text = read(&path)?;
    let what = format!("{}, `{}`", agent.title, path.display());
    let found = match installed(agent, &text) {
        Ok(found) => found,
        Err(why) => {
            report.tell(&what, Err(format!("{why}; {} cannot read it either, set it right", agent.title)))?;
            return Ok(true);
        }
    };
    if found.iter().all(|(_, commands)| commands.is_empty()) {
        return Ok(false);
    }
    let flag = if scope == Scope::Project { " --project" } else { "" };
    let way_out = format!("`twinguard init --agent {}{flag}` sets it right", agent.name);
    let missing: Vec<&str> = found.iter().filter(|(_, commands)| commands.is_empty()).map(|(event, _)| event.name).collect();
    let all = if missing.is_empty() {
        Ok(format!("hooks at {} events", found.len()))
    } else {
        Err(format!("no hook at {}; {way_out}", missing.join(", ")))
    };
    report.tell(&what, all)?;
    let mut commands: Vec<&String> = found.iter().flat_map(|(_, commands)| commands).collect();
    commands.sort();
    commands.dedup();
    for command in commands {
        let outcome = dry_run(agent, command).map_err(|why| format!("{why}; {way_out}"));
        report.tell(&format!("`{command}`"), outcome)?;
    }
    Ok(true)
}

/// A folder that is gone when this is.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn dry_run(agent: &Agent, command: &str) -> Result<String, String> {
    let scratch = Scratch(env::temp_dir().join(format!("twinguard-doctor-{}", process::id())));
    let ask = |payload: &str| speak(command, payload, &scratch.0);
    let (shown, wrong, right) = payloads(agent);
    let (code, said, complaint) = ask(&shown)?;
    if code != 0 || !said.is_empty() {
        return Err(format!("it cannot write down what a model is shown: exit code {code}, {said}{complaint}"));
    }
    let (code, said, complaint) = ask(&wrong)?;
    if code != 0 || !said.contains("acct_7H9j3kQ2") {
        return Err(format!("it does not stop a twin: exit code {code}, {said}{complaint}"));
    }
    let (code, said, complaint) = ask(&right)?;
    if code != 0 || !said.is_empty() {
        return Err(format!("it does not let a right call pass: exit code {code}, {said}{complaint}"));
    }
    Ok("stops a twin and lets the right call pass".to_owned())
}

/// A result, a call with a twin of what it shows, and a right call.
fn payloads(agent: &Agent) -> (String, String, String) {
    let result = r#"{\"account\": \"acct_7H9j3kQ2\"}"#;
    let envelope = |event: &str, rest: &str| match agent.name {
        "cursor" => format!(r#"{{"conversation_id":"doctor","hook_event_name":"{event}","tool_name":"refund",{rest}}}"#),
        "codex" => format!(r#"{{"session_id":"doctor","turn_id":"t","hook_event_name":"{event}","tool_name":"refund",{rest}}}"#),
        _ => format!(r#"{{"session_id":"doctor","hook_event_name":"{event}","tool_name":"refund",{rest}}}"#),
    };
    let (before, after, field) = match agent.name {
        "cursor" => ("preToolUse", "postToolUse", "tool_output"),
        "gemini" => ("BeforeTool", "AfterTool", "tool_response"),
        _ => ("PreToolUse", "PostToolUse", "tool_response"),
    };
    let call = |account: &str| envelope(before, &format!(r#""tool_input":{{"account_id":"{account}"}}"#));
    // The session begins with the result, so it is right to say that something came before: not here.
    let shown = envelope(after, &format!(r#""{field}":"{result}""#));
    (shown, call("acct_7H9j3kQ4"), call("acct_7H9j3kQ2"))
}

/// Runs the command as an agent does: by the shell, one payload in.
fn speak(command: &str, payload: &str, folder: &Path) -> Result<(i32, String, String), String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let failed = |error: io::Error| format!("it cannot be run: {error}");
    let mut child = Command::new(shell)
        .args([flag, command])
        .env(store::FOLDER, folder)
        .env("OTEL_SDK_DISABLED", "true") // a try is nobody's call
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that is not there reads nothing; its exit code tells.
        let _ = stdin.write_all(payload.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok((output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr)))
}
