//! What a tool does to the world, as far as its name says.

use crate::{field::words_of_name, model::Effect};

const READING_VERBS: &[&str] = &[
    "check",
    "describe",
    "explain",
    "fetch",
    "find",
    "get",
    "grep",
    "inspect",
    "list",
    "look",
    "lookup",
    "ls",
    "open",
    "query",
    "read",
    "retrieve",
    "search",
    "select",
    "show",
    "summarize",
    "think",
    "track",
    "validate",
    "verify",
    "view",
    "calculate",
];
const CHANGING_VERBS: &[&str] = &[
    "add", "apply", "approve", "archive", "assign", "book", "cancel", "charge", "close", "commit", "copy", "create", "delete", "deploy",
    "disable", "drop", "edit", "enable", "exchange", "execute", "grant", "insert", "invite", "issue", "kill", "merge", "modify", "move",
    "patch", "pay", "post", "publish", "push", "put", "refund", "remove", "rename", "replace", "reset", "return", "revoke", "rollback",
    "send", "set", "stop", "submit", "transfer", "update", "upload", "void", "write",
];

/// By the first verb in the name.
pub fn of_name(tool: &str) -> Option<Effect> {
    words_of_name(tool).find_map(|word| {
        let word = word.to_lowercase();
        let is = |verbs: &[&str]| verbs.contains(&word.as_str());
        if is(CHANGING_VERBS) {
            Some(Effect::Changes)
        } else if is(READING_VERBS) {
            Some(Effect::Reads)
        } else {
            None
        }
    })
}
