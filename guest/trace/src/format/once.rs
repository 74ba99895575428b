//! Records that repeat the conversation with every step of it: what is new in each.

use crate::event::What;
use std::collections::HashMap;
use twinguard_core::model::{Observation, Source, ToolCall};

/// Tells the first time that something happens from the times it is told of again.
///
/// The nth telling of a thing within one list is the nth that happened: a user who says `yes` twice
/// said it twice.
#[derive(Debug, Default)]
pub(super) struct Once {
    /// How often each thing happened.
    known: HashMap<String, usize>,
    /// How often the list that is being read has told of it.
    told: HashMap<String, usize>,
}

impl Once {
    /// A new list begins.
    pub(super) fn again(&mut self) {
        self.told.clear();
    }

    pub(super) fn is_new(&mut self, what: &What) -> bool {
        let key = key(what);
        let told = self.told.entry(key.clone()).or_default();
        *told += 1;
        let known = self.known.entry(key).or_default();
        let new = *told > *known;
        *known = (*known).max(*told);
        new
    }

    /// Takes something that no list tells of. Only what has a name can have been told before: two
    /// runs without one are two.
    pub(super) fn add(&mut self, what: &What) -> bool {
        let named = match what {
            What::Called(call) => call.call_id.is_some(),
            What::Shown(shown) => shown.call_id.is_some(),
        };
        let known = self.known.entry(key(what)).or_default();
        if named && *known > 0 {
            return false;
        }
        *known += 1;
        true
    }
}

/// What makes a thing the same thing, however often it is written down.
fn key(what: &What) -> String {
    match what {
        // What the arguments look like differs between a message and a span; the id does not.
        What::Called(ToolCall { call_id: Some(id), tool, .. }) => format!("call {id} {tool}"),
        What::Called(ToolCall { tool, arguments, .. }) => format!("call {tool} {}", plain(arguments)),
        What::Shown(Observation { source: Source::ToolResult, call_id, content, .. }) => {
            format!("result {} {}", call_id.as_deref().unwrap_or_default(), plain(content))
        }
        What::Shown(Observation { source, content, .. }) => format!("{} {content}", source.name()),
    }
}

/// JSON without its layout. Only for comparing: it may round a number.
fn plain(text: &str) -> String {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
    parsed.map_or_else(|_| text.trim().to_owned(), |value| value.to_string())
}
