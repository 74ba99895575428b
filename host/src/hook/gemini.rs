//! Gemini CLI.

use super::payload::{Request, Step, path, quoted, required};
use super::{Dialect, Reply};
use twinguard_trace::json::{Fields, Json};

pub(super) const DIALECT: Dialect =
    Dialect { name: "gemini", about: "Gemini CLI (BeforeTool, AfterTool, BeforeAgent, …)", detect, read, asks: |_| false, render };

const EVENTS: &[&str] =
    &["BeforeTool", "AfterTool", "BeforeAgent", "AfterAgent", "BeforeModel", "AfterModel", "BeforeToolSelection", "PreCompress"];

fn detect(fields: &Fields<'_>) -> bool {
    let event = fields.string("hook_event_name").unwrap_or_default();
    // The names that others have too come with a time here, and with a transcript.
    let is_shared = ["SessionStart", "SessionEnd", "Notification"].contains(&event.as_str());
    EVENTS.contains(&event.as_str()) || is_shared && fields.get("timestamp").is_some() && fields.get("transcript_path").is_some()
}

fn read(fields: &Fields<'_>) -> Result<Request, String> {
    let tool = || fields.string("tool_name");
    let step = match required(fields, "hook_event_name")?.as_str() {
        "BeforeTool" => Step::call(tool(), None, fields.get("tool_input"))?,
        "AfterTool" => {
            let response = fields.get("tool_response");
            let parts = response.map(Json::fields).unwrap_or_default();
            // What the model reads; the other fields are for the screen.
            Step::result(tool(), None, parts.get("llmContent").or(response))
        }
        "BeforeAgent" => Step::said(fields.get("prompt")),
        "SessionStart" => Step::Began { fresh: !fields.says("source", "resume") },
        _ => Step::Ignored,
    };
    Ok(Request { session: required(fields, "session_id")?, agent: String::new(), transcript: path(fields, "transcript_path"), step })
}

fn render(_: &Fields<'_>, reply: &Reply<'_>) -> Option<String> {
    Some(match reply {
        Reply::Block(why) | Reply::Ask(why) => format!(r#"{{"decision":"deny","reason":{}}}"#, quoted(why)),
        Reply::Warn(what) | Reply::Tell(what) => format!(r#"{{"systemMessage":{}}}"#, quoted(what)),
    })
}
