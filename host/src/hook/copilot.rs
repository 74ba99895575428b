//! GitHub Copilot: the CLI's own payloads, whose fields are in camel case and which do not name
//! their event, and those in VS Code's form, which do.

use super::payload::{Request, Step, path, quoted, required};
use super::{Dialect, Reply};
use twinguard_trace::json::{Fields, Json};

pub(super) const DIALECT: Dialect = Dialect {
    name: "copilot",
    about: "GitHub Copilot (preToolUse, postToolUse, userPromptSubmitted, …)",
    detect,
    read,
    asks: |_| true,
    render,
};

fn detect(fields: &Fields<'_>) -> bool {
    let named = event(fields).is_some();
    let is_own = !named && fields.get("timestamp").is_some() && fields.get("cwd").is_some();
    // Claude Code's names, and a time, which Claude Code does not send.
    is_own || named && fields.get("timestamp").is_some()
}

/// The name of the event, where the payload has it.
fn event(fields: &Fields<'_>) -> Option<String> {
    fields.string("hook_event_name").or_else(|| fields.string("hookEventName"))
}

fn read(fields: &Fields<'_>) -> Result<Request, String> {
    let either = |snake: &str, camel: &str| fields.get(snake).or_else(|| fields.get(camel));
    let tool = || either("tool_name", "toolName").and_then(Json::name);
    let call_id = || either("tool_use_id", "toolCallId").and_then(Json::name);
    let arguments = either("tool_input", "toolArgs");
    let response = either("tool_result", "toolResult").or_else(|| fields.get("tool_response"));
    let error = fields.get("error");
    // Without a name, the fields tell what it is.
    let event = event(fields).unwrap_or_else(|| {
        let name = match (tool().is_some(), response.is_some(), error.is_some()) {
            (true, false, false) => "preToolUse",
            (true, true, _) => "postToolUse",
            (true, false, true) => "postToolUseFailure",
            _ if fields.get("prompt").is_some() => "userPromptSubmitted",
            _ if fields.get("source").is_some() => "sessionStart",
            _ => "",
        };
        name.to_owned()
    });
    let step = match event.as_str() {
        "preToolUse" | "PreToolUse" => Step::call(tool(), call_id(), arguments)?,
        "postToolUse" | "PostToolUse" => {
            let parts = response.map(Json::fields).unwrap_or_default();
            let shown = parts.get("textResultForLlm").or_else(|| parts.get("text_result_for_llm"));
            Step::result(tool(), call_id(), shown.or(response))
        }
        "postToolUseFailure" | "PostToolUseFailure" => Step::result(tool(), call_id(), error),
        "userPromptSubmitted" | "UserPromptSubmit" => Step::said(fields.get("prompt")),
        "sessionStart" | "SessionStart" => Step::Began { fresh: !fields.says("source", "resume") },
        _ => Step::Ignored,
    };
    let session = either("session_id", "sessionId").and_then(Json::name);
    // The first versions named no session: one at a time in a folder, then.
    let session = session.map_or_else(|| required(fields, "cwd").map(|cwd| format!("in {cwd}")), Ok)?;
    let transcript = path(fields, "transcript_path").or_else(|| path(fields, "transcriptPath"));
    Ok(Request { session, agent: String::new(), transcript, step })
}

fn render(fields: &Fields<'_>, reply: &Reply<'_>) -> Option<String> {
    let body = match reply {
        Reply::Block(why) => decided("deny", why),
        Reply::Ask(why) => decided("ask", why),
        Reply::Warn(why) => format!(r#""additionalContext":{}"#, quoted(why)),
        Reply::Tell(_) => return None,
    };
    // VS Code reads the nested form only, the CLI the plain one.
    Some(match event(fields) {
        Some(_) => format!(r#"{{"hookSpecificOutput":{{"hookEventName":"PreToolUse",{body}}},{body}}}"#),
        None => format!("{{{body}}}"),
    })
}

fn decided(decision: &str, why: &str) -> String {
    format!(r#""permissionDecision":"{decision}","permissionDecisionReason":{}"#, quoted(why))
}
