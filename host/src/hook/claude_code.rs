//! Claude Code, which the others took after.

use super::payload::{Request, Step, path, quoted, required};
use super::{Dialect, Reply};
use twinguard_trace::json::Fields;

pub(super) const DIALECT: Dialect = Dialect {
    name: "claude-code",
    about: "Claude Code (PreToolUse, PostToolUse, UserPromptSubmit, …)",
    detect: |fields| fields.get("hook_event_name").is_some() && fields.get("session_id").is_some(),
    read,
    asks: |_| true,
    render,
};

pub(super) fn read(fields: &Fields<'_>) -> Result<Request, String> {
    let tool = || fields.string("tool_name");
    let call_id = || fields.string("tool_use_id");
    let step = match required(fields, "hook_event_name")?.as_str() {
        "PreToolUse" => Step::call(tool(), call_id(), fields.get("tool_input"))?,
        "PostToolUse" => Step::result(tool(), call_id(), fields.get("tool_response")),
        "PostToolUseFailure" => Step::result(tool(), call_id(), fields.get("error")),
        "UserPromptSubmit" => Step::said(fields.get("prompt")),
        "SessionStart" => Step::Began { fresh: ["startup", "clear"].iter().any(|source| fields.says("source", source)) },
        "SubagentStart" => Step::Began { fresh: true },
        _ => Step::Ignored,
    };
    Ok(Request {
        session: required(fields, "session_id")?,
        agent: fields.string("agent_id").unwrap_or_default(),
        transcript: path(fields, "transcript_path"),
        step,
    })
}

fn render(_: &Fields<'_>, reply: &Reply<'_>) -> Option<String> {
    Some(match reply {
        Reply::Block(why) => decided("deny", why),
        Reply::Ask(why) => decided("ask", why),
        Reply::Warn(why) => warned(why),
        Reply::Tell(what) => format!(r#"{{"systemMessage":{}}}"#, quoted(what)),
    })
}

pub(super) fn decided(decision: &str, why: &str) -> String {
    let why = quoted(why);
    format!(
        r#"{{"hookSpecificOutput":{{"hookEventName":"PreToolUse","permissionDecision":"{decision}","permissionDecisionReason":{why}}}}}"#
    )
}

/// Without a decision: `allow` would skip the user's own prompt.
pub(super) fn warned(why: &str) -> String {
    format!(r#"{{"hookSpecificOutput":{{"hookEventName":"PreToolUse","additionalContext":{}}}}}"#, quoted(why))
}
