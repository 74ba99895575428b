//! `twinguard init`.

use super::Failure;
use crate::hook::agent::{AGENTS, Agent, Scope, command};
use crate::hook::settings::{Change, changed};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use similar::TextDiff;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

pub(super) const HELP: &str = "\
Writes `twinguard hook` into the settings of an agent, so that it is asked before every tool call and
shown every result. Everything else in the file stays as it is. Nothing is written before you agree.

Examples:
  twinguard init                                every agent this user has
  twinguard init --agent codex                  one of them
  twinguard init --agent claude-code --project  for everybody who works in this folder
  twinguard init --policy ~/twinguard.toml      under a policy of your own
  twinguard init --remove                       take the hooks out again
  twinguard doctor                              do they work?

Exit codes:
  0  the settings are as you asked
  1  you did not agree
  2  settings could not be read or written";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The agent; every one whose folder is there when left out
    #[arg(long, value_name = "NAME", value_parser = agents())]
    agent: Option<&'static Agent>,

    /// In this user's settings, for every project; this is the default
    #[arg(long, conflicts_with = "project")]
    user: bool,

    /// In this folder's settings, for everybody who works in it
    #[arg(long)]
    project: bool,

    /// The policy the hooks are to follow
    #[arg(long, value_name = "FILE", conflicts_with = "remove")]
    policy: Option<PathBuf>,

    /// Take the hooks out again
    #[arg(long)]
    remove: bool,

    /// Write without asking
    #[arg(long, short)]
    yes: bool,
}

/// `place` is where this command lies, when the caller said so.
pub(super) fn run(arguments: &Arguments, place: Option<&Path>) -> Result<u8, Failure> {
    let scope = if arguments.project { Scope::Project } else { Scope::User };
    let chosen = chosen(arguments.agent, scope);
    if chosen.is_empty() {
        return Err(Failure::Message("no agent's folder is here; name one with --agent (claude-code, codex, gemini, cursor)".to_owned()));
    }
    let mut code = 0;
    for agent in chosen {
        code = code.max(set_up(agent, scope, arguments, place)?);
    }
    Ok(code)
}

/// The agents that were meant: the named one, or those whose folder is there.
pub(super) fn chosen(named: Option<&'static Agent>, scope: Scope) -> Vec<&'static Agent> {
    let is_there = |agent: &&Agent| agent.folder(scope).is_some_and(|folder| folder.is_dir());
    named.map_or_else(|| AGENTS.iter().filter(is_there).collect(), |agent| vec![agent])
}

fn set_up(agent: &Agent, scope: Scope, arguments: &Arguments, place: Option<&Path>) -> Result<u8, Failure> {
    let path = agent.settings(scope).ok_or_else(|| Failure::Message("nothing says where the user's files are; set HOME".to_owned()))?;
    let name = path.display();
    let before = read(&path)?;
    let program = program(scope, place)?;
    // A hook may run in any folder.
    let policy = match (&arguments.policy, scope) {
        (Some(policy), Scope::User) => Some(
            policy.canonicalize().map_err(|error| Failure::Message(format!("policy `{}` cannot be read: {error}", policy.display())))?,
        ),
        (policy, _) => policy.clone(),
    };
    if let Some(policy) = &policy {
        super::policy::load(&crate::Guard::new()?, Some(policy))?;
    }
    let command = command(&program, agent, policy.as_deref());
    let change = if arguments.remove { Change::Remove } else { Change::Install(&command) };
    let after = changed(agent, &before, change).map_err(|why| Failure::Message(format!("`{name}`: {why}; nothing was changed")))?;
    let mut out = anstream::stdout();
    if before == after {
        writeln!(out, "{}: `{name}` is as it should be", agent.title)?;
        return Ok(0);
    }
    let diff = TextDiff::from_lines(&before, &after);
    write!(out, "{}", diff.unified_diff().header(&format!("{name}"), &format!("{name}, changed")))?;
    if !arguments.yes && !agree(&path)? {
        writeln!(out, "{}: nothing was changed", agent.title)?;
        return Ok(1);
    }
    write(&path, &after).map_err(|error| Failure::Message(format!("`{name}` cannot be written: {error}; nothing was changed")))?;
    writeln!(out, "{}: `{name}` is written", agent.title)?;
    if !arguments.remove {
        writeln!(out, "{} Then `twinguard doctor` tells whether it works.", agent.note)?;
    }
    Ok(0)
}

/// A file that is not there is an empty one.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::Message(format!("`{}` cannot be read: {error}", path.display()))),
        Ok(text) => Ok(text),
    }
}

/// By a name that is right on other machines too for a project, and by its place for this user: an
/// agent may have another search path.
fn program(scope: Scope, place: Option<&Path>) -> Result<String, Failure> {
    if scope == Scope::Project {
        return Ok("twinguard".to_owned());
    }
    // In the Python package this process is the interpreter, which is no agent's hook.
    if let Some(place) = place {
        return Ok(place.display().to_string());
    }
    let program = env::current_exe().map_err(|error| Failure::Message(format!("it is not known where this program lies: {error}")))?;
    Ok(program.display().to_string())
}

/// Renamed into place, so that no agent reads half of it. A link stays a link.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("twinguard-{}", std::process::id()));
    fs::write(&draft, text)?;
    if let Ok(about) = fs::metadata(&path) {
        fs::set_permissions(&draft, about.permissions())?;
    }
    fs::rename(&draft, &path)
}

fn agree(path: &Path) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Message("nobody is there to be asked; `--yes` writes without asking".to_owned()));
    }
    let mut out = anstream::stdout();
    write!(out, "write `{}`? [y/N] ", path.display())?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

pub(super) fn agents() -> impl clap::builder::TypedValueParser<Value = &'static Agent> {
    let values = AGENTS.iter().map(|agent| PossibleValue::new(agent.name).help(agent.title));
    PossibleValuesParser::new(values).try_map(|name| Agent::named(&name).ok_or("no such agent"))
}
