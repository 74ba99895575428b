//! `twinguard hook`.
//!
//! Every exit code here is meant: 2 blocks in most agents, and clap would say it for a typing error.

use crate::OnFailure;
use crate::hook::{self, Answer, DIALECTS, Dialect, Options};
use crate::store::{self, Marker};
#[cfg(feature = "mcp")]
use crate::telemetry::hand_over;
use crate::telemetry::{self, Span};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use clap::{Args, ValueEnum};
#[cfg(feature = "mcp")]
use std::env;
use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const HELP: &str = "\
An agent runs this before and after its tools. It reads one event as JSON from the standard input and
answers on the standard output, in the agent's own words. About a call that may run it says nothing.
`twinguard init` writes the settings; `docs/hooks.md` tells what every agent takes for a block.

Examples:
  twinguard hook --dialect claude-code             the command in Claude Code's settings
  twinguard hook --policy ./twinguard.toml         under a policy of your own
  twinguard sessions list                          what was kept between the events

A twin by hand:
  echo '{\"hook_event_name\":\"PostToolUse\",\"session_id\":\"s1\",\"tool_name\":\"find\",\"tool_response\":\"acct_7H9j3\"}' \\
    | twinguard hook
  echo '{\"hook_event_name\":\"PreToolUse\",\"session_id\":\"s1\",\"tool_name\":\"refund\",\"tool_input\":{\"account_id\":\"acct_7H9j2\"}}' \\
    | twinguard hook

Environment:
  TWINGUARD_STATE  the folder of the sessions; otherwise $XDG_STATE_HOME/twinguard, or
                   ~/.local/state/twinguard
  OTEL_EXPORTER_OTLP_ENDPOINT, and the other standard variables of OpenTelemetry
                   send a span for every checked call to a collector, over OTLP as
                   `http/protobuf`, after the answer; without identifiers, with --redact as
                   keyed hashes. Off when no variable names a collector

Exit codes:
  0  answered, whatever the answer says: also when this command itself has failed, and when its
     arguments are wrong
  2  blocked by exit code, with the reason on stderr: the payload is no JSON, or of no known agent.
     With `--on-failure allow` it is 0";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Who speaks; found by the payload when left out
    #[arg(long, value_name = "NAME", value_parser = dialects())]
    dialect: Option<&'static Dialect>,

    /// A policy, as JSON or TOML
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// What becomes of a call that could not be checked
    #[arg(long, value_enum, default_value_t = Failing::Block, value_name = "WHAT")]
    on_failure: Failing,

    /// Append one JSON line for every decision about a call; made for its owner alone
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,

    /// Keyed hashes in place of identifiers, in the audit log and in spans
    #[arg(long)]
    redact: bool,

    /// Forget a session that was not used for so long, as `12h` or `7d`
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = duration)]
    keep: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Failing {
    /// It must not run
    Block,
    /// It runs unchecked, and the model is told
    Allow,
}

impl Failing {
    fn policy(self) -> OnFailure {
        match self {
            Self::Block => OnFailure::Block,
            Self::Allow => OnFailure::Allow,
        }
    }
}

/// Answers one event. Returns the exit code.
pub(super) fn run(arguments: Arguments, place: Option<&Path>) -> u8 {
    let options = Options {
        dialect: arguments.dialect,
        policy: arguments.policy,
        on_failure: arguments.on_failure.policy(),
        audit: arguments.audit,
        redact: arguments.redact,
        trace: telemetry::is_wanted(),
        keep: arguments.keep,
    };
    // Before anything is read: whatever kills this process from here on leaves a trace.
    let begun = store::folder().and_then(|folder| Ok((Marker::begin(&folder)?, folder)));
    let answer = with_payload(|payload| match begun {
        Ok((marker, folder)) => guarded(payload, &options, || hook::answer(payload, &options, &folder, marker)),
        Err(error) => hook::fail(payload, &options, &error.to_string()),
    });
    let code = say(&answer);
    if let Some(span) = &answer.span {
        send(span, place);
    }
    code
}

/// Has a span sent, after the agent has its answer. Whatever goes wrong here changes nothing in it.
#[cfg(feature = "mcp")]
fn send(span: &Span, place: Option<&Path>) {
    // In the Python package this process is the interpreter, which sends nothing.
    let program = place.map_or_else(env::current_exe, |place| Ok(place.to_owned()));
    let handed = program.and_then(|program| {
        let folder = store::folder().map_err(io::Error::other)?;
        hand_over::hand_over(span, &program, &folder)
    });
    let why = match handed {
        Ok(None) => return,
        Ok(Some(earlier)) => earlier,
        Err(error) => error.to_string(),
    };
    let _ = writeln!(io::stderr(), "twinguard: a span was not exported, and every call is checked all the same: {why}");
}

/// Answers an event for which the command was given wrong arguments. Returns the exit code.
pub(super) fn misused(arguments: &[OsString], complaint: &clap::Error) -> u8 {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let allows = words.windows(2).any(|pair| matches!(pair, [name, value] if name == "--on-failure" && value == "allow"))
        || words.iter().any(|word| word == "--on-failure=allow");
    let on_failure = if allows { OnFailure::Allow } else { OnFailure::Block };
    let options = Options { on_failure, ..Options::default() };
    let text = complaint.to_string();
    let why = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    say(&with_payload(|payload| hook::fail(payload, &options, &format!("{why}; see `twinguard hook --help`"))))
}

fn with_payload(answer: impl FnOnce(&str) -> Answer) -> Answer {
    let mut bytes = Vec::new();
    // What cannot be read whole is no JSON, and is answered as such.
    let _ = io::stdin().lock().read_to_end(&mut bytes);
    answer(&String::from_utf8_lossy(&bytes))
}

/// A bug must not become an exit code that an agent takes for consent.
fn guarded(payload: &str, options: &Options, work: impl FnOnce() -> Answer) -> Answer {
    let bug = |_| hook::fail(payload, options, "a bug in twinguard; please report what stands on stderr above");
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(bug)
}

fn say(answer: &Answer) -> u8 {
    if !answer.stderr.is_empty() {
        let _ = writeln!(io::stderr(), "{}", answer.stderr);
    }
    let mut out = io::stdout().lock();
    let said = if answer.stdout.is_empty() { Ok(()) } else { writeln!(out, "{}", answer.stdout).and_then(|()| out.flush()) };
    // Whom the answer did not reach learns it by exit code.
    if said.is_err() { 2 } else { answer.code }
}

/// This build speaks to no network: [`telemetry::is_wanted`] is never true.
#[cfg(not(feature = "mcp"))]
fn send(_: &Span, _: Option<&Path>) {}

fn dialects() -> impl clap::builder::TypedValueParser<Value = &'static Dialect> {
    let values = DIALECTS.iter().map(|dialect| PossibleValue::new(dialect.name).help(dialect.about));
    PossibleValuesParser::new(values).try_map(|name| hook::named(&name).ok_or("no such dialect"))
}

/// `7d`, `12h`, `30m` or `90s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let way_out = || "write a number and a unit, as in `7d`, `12h`, `30m` or `90s`".to_owned();
    let unit = text.chars().next_back().ok_or_else(way_out)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(way_out()),
    };
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| way_out())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_blocks_in_the_words_of_the_agent() {
        let payload = r#"{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"t","tool_input":{}}"#;
        let answer = guarded(payload, &Options::default(), || panic!("a bug"));
        assert!(answer.stdout.contains(r#""permissionDecision":"deny""#) && answer.code == 0, "{answer:?}");
        let allows = Options { on_failure: OnFailure::Allow, ..Options::default() };
        let answer = guarded(payload, &allows, || panic!("a bug"));
        assert!(answer.stdout.contains("additionalContext") && !answer.stdout.contains("deny"), "{answer:?}");
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        assert!(["", "7", "d", "-1d", "1.5h", "7 d"].iter().all(|text| duration(text).is_err()));
    }
}
