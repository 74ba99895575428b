//! The component's types, and how they become the words of `twinguard_core::model`.

use crate::Error;
use twinguard_core::model;

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "pre-tool-hook",
        // Texts are borrowed on their way in: a copy of 16 MiB would be the dearest part.
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

pub use generated::exports::twinguard::guard::guard as wit;
pub use generated::{PreToolHook, PreToolHookPre};

/// An observation as the component takes it, without a copy of its text.
pub fn observation(what: &model::Observation) -> wit::Observation<'_> {
    wit::Observation {
        source: what.source.into(),
        tool: what.tool.as_deref(),
        call_id: what.call_id.as_deref(),
        content: &what.content,
        incomplete: what.incomplete,
    }
}

/// A call as the component takes it, without a copy of its arguments.
pub fn call(call: &model::ToolCall) -> wit::ToolCall<'_> {
    wit::ToolCall { tool: &call.tool, call_id: call.call_id.as_deref(), arguments: &call.arguments, effect: call.effect.map(Into::into) }
}

/// Converts between two enums of the same variants. One that is missing here, or on one side
/// only, does not compile.
macro_rules! same {
    ($from:ty => $to:ty { $($variant:ident)+ }) => {
        impl From<$from> for $to {
            fn from(from: $from) -> Self {
                match from { $(<$from>::$variant => Self::$variant),+ }
            }
        }
    };
}

same!(model::Source => wit::Source { ToolResult UserMessage SystemPrompt Host });
same!(wit::Source => model::Source { ToolResult UserMessage SystemPrompt Host });
same!(model::Effect => wit::Effect { Reads Changes });
same!(wit::Decision => model::Decision { Allow Warn Ask Block });
same!(wit::Relation => model::Relation {
    Exact Equivalent Derived Introduced Twin Confusable Recased Truncated
    Reprefixed Rounded Invalid Misfield Collision Crossed Sibling Unseen
});

impl From<wit::Observed> for model::Observed {
    fn from(observed: wit::Observed) -> Self {
        let wit::Observed { identifiers, new, incomplete } = observed;
        Self { identifiers, new, incomplete }
    }
}

impl From<wit::Sighting> for model::Sighting {
    fn from(sighting: wit::Sighting) -> Self {
        let wit::Sighting { source, tool, call_id, turn, pointer } = sighting;
        Self { source: source.into(), tool, call_id, turn, pointer }
    }
}

impl From<wit::Neighbour> for model::Neighbour {
    fn from(neighbour: wit::Neighbour) -> Self {
        let wit::Neighbour { value, distance, edit, seen_in } = neighbour;
        Self { value, distance, edit, seen_in: all(seen_in) }
    }
}

impl From<wit::Finding> for model::Finding {
    fn from(finding: wit::Finding) -> Self {
        Self {
            pointer: finding.pointer,
            span: finding.span.start..finding.span.end,
            written: finding.written,
            kind: finding.kind,
            relation: finding.relation.into(),
            decision: finding.decision.into(),
            coincidence: finding.coincidence,
            nearest: all(finding.nearest),
            message: finding.message,
        }
    }
}

impl From<wit::Verdict> for model::Verdict {
    fn from(verdict: wit::Verdict) -> Self {
        let wit::Verdict { decision, findings, message, repaired } = verdict;
        Self { decision: decision.into(), findings: all(findings), message, repaired }
    }
}

impl From<wit::Identifier> for model::Identifier {
    fn from(identifier: wit::Identifier) -> Self {
        Self {
            pointer: identifier.pointer,
            span: identifier.span.start..identifier.span.end,
            text: identifier.text,
            kind: identifier.kind,
            canonical: identifier.canonical,
            relation: identifier.relation.into(),
            seen_in: all(identifier.seen_in),
        }
    }
}

impl From<wit::Error> for Error {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::InvalidPolicy(why) => Self::InvalidPolicy(why),
            wit::Error::InvalidSnapshot(why) => Self::InvalidSnapshot(why),
            wit::Error::LimitExceeded(why) => Self::LimitExceeded(why),
        }
    }
}

fn all<From, To: std::convert::From<From>>(from: Vec<From>) -> Vec<To> {
    from.into_iter().map(To::from).collect()
}
