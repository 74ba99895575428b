//! Codex CLI. Its envelope is Claude Code's, but it runs the tool after any answer that it does not
//! fully know: `ask`, a field too many, an empty reason.

use super::claude_code::{self, decided, warned};
use super::payload::quoted;
use super::{Dialect, Reply};
use twinguard_trace::json::Fields;

pub(super) const DIALECT: Dialect = Dialect {
    name: "codex",
    about: "Codex CLI (PreToolUse, PostToolUse, UserPromptSubmit, …)",
    detect,
    read: claude_code::read,
    asks: |_| false,
    render,
};

fn detect(fields: &Fields<'_>) -> bool {
    let in_its_folder = fields.string("transcript_path").is_some_and(|path| path.replace('\\', "/").contains("/.codex/"));
    fields.get("hook_event_name").is_some() && (fields.get("turn_id").is_some() || in_its_folder)
}

fn render(_: &Fields<'_>, reply: &Reply<'_>) -> Option<String> {
    Some(match reply {
        // INVARIANT: a decision, a reason that is not empty, and nothing beside them.
        Reply::Block(why) | Reply::Ask(why) => decided("deny", why),
        // Older versions take it for a failed hook and run the tool, which is what is meant.
        Reply::Warn(why) => warned(why),
        Reply::Tell(what) => format!(r#"{{"systemMessage":{}}}"#, quoted(what)),
    })
}
