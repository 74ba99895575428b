//! Cursor.

use super::payload::{Request, Step, path, quoted, required};
use super::{Dialect, Reply};
use twinguard_core::model::ToolCall;
use twinguard_trace::event::What;
use twinguard_trace::json::{Fields, Json};

pub(super) const DIALECT: Dialect = Dialect {
    name: "cursor",
    about: "Cursor (preToolUse, beforeShellExecution, beforeMCPExecution, …)",
    detect: |fields| fields.get("conversation_id").is_some() && fields.get("hook_event_name").is_some(),
    read,
    asks,
    render,
};

/// What the shell is called in Cursor's other events.
const SHELL: &str = "Shell";

/// The older events know `ask`; `preToolUse` takes it and then runs the tool.
fn asks(fields: &Fields<'_>) -> bool {
    ["beforeShellExecution", "beforeMCPExecution"].iter().any(|event| fields.says("hook_event_name", event))
}

fn read(fields: &Fields<'_>) -> Result<Request, String> {
    let tool = || fields.string("tool_name");
    let call_id = || fields.string("tool_use_id");
    let step = match required(fields, "hook_event_name")?.as_str() {
        "preToolUse" => Step::call(tool(), call_id(), fields.get("tool_input"))?,
        "beforeMCPExecution" => Step::call(tool(), None, fields.get("tool_input"))?,
        "beforeShellExecution" => {
            let command = fields.get("command").map_or("\"\"", Json::text);
            let cwd = fields.get("cwd").map_or("\"\"", Json::text);
            let arguments = format!(r#"{{"command":{command},"cwd":{cwd}}}"#);
            Step::What(What::Called(ToolCall { tool: SHELL.to_owned(), call_id: None, arguments, effect: None }))
        }
        "postToolUse" => Step::result(tool(), call_id(), fields.get("tool_output")),
        "postToolUseFailure" => Step::result(tool(), call_id(), fields.get("error_message")),
        "afterMCPExecution" => Step::result(tool(), None, fields.get("result_json")),
        "afterShellExecution" => Step::result(Some(SHELL.to_owned()), None, fields.get("output")),
        "beforeSubmitPrompt" => Step::said(fields.get("prompt")),
        "sessionStart" => Step::Began { fresh: true },
        _ => Step::Ignored,
    };
    Ok(Request { session: required(fields, "conversation_id")?, agent: String::new(), transcript: path(fields, "transcript_path"), step })
}

fn render(_: &Fields<'_>, reply: &Reply<'_>) -> Option<String> {
    let decided = |decision: &str, why: &str| {
        let why = quoted(why);
        format!(r#"{{"permission":"{decision}","user_message":{why},"agent_message":{why}}}"#)
    };
    match reply {
        Reply::Block(why) => Some(decided("deny", why)),
        Reply::Ask(why) => Some(decided("ask", why)),
        // There are words only beside `allow`, which would skip the user's own prompt.
        Reply::Warn(_) | Reply::Tell(_) => None,
    }
}
