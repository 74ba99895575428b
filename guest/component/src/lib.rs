//! The component: converts between the types of `wit/guard.wit` and those of `twinguard_core`.
//! It knows nothing of identifiers.

use bindings::exports::twinguard::guard::guard as wit;
use std::cell::RefCell;
use twinguard_core::{model, session};

#[expect(unsafe_code, reason = "generated from wit/guard.wit: the calling convention is raw memory")]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "pre-tool-hook" });
    export!(Component with_types_in self);
    use super::Component;
}

struct Component;

/// A session behind a shared reference, which is all the component model hands to a method.
/// Calls into one instance cannot overlap, so no borrow ever meets another.
struct Session(RefCell<session::Session>);

impl wit::Guest for Component {
    type Session = Session;

    fn check_once(policy: String, seen: Vec<wit::Observation>, call: wit::ToolCall) -> Result<wit::Verdict, wit::Error> {
        let seen: Vec<_> = all(seen);
        Ok(session::check_once(&policy, &seen, &call.into())?.into())
    }
}

impl wit::GuestSession for Session {
    fn open(policy: String) -> Result<wit::Session, wit::Error> {
        Ok(wit::Session::new(Self(RefCell::new(session::Session::open(&policy)?))))
    }

    fn observe(&self, what: wit::Observation) -> Result<wit::Observed, wit::Error> {
        Ok(self.0.borrow_mut().observe(&what.into())?.into())
    }

    fn check(&self, call: wit::ToolCall) -> Result<wit::Verdict, wit::Error> {
        Ok(self.0.borrow_mut().check(&call.into())?.into())
    }

    fn check_text(&self, text: String) -> Result<wit::Verdict, wit::Error> {
        Ok(self.0.borrow_mut().check_text(&text)?.into())
    }

    fn identify(&self, text: String) -> Vec<wit::Identifier> {
        all(self.0.borrow_mut().identify(&text))
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.borrow_mut().snapshot()
    }

    fn restore(policy: String, snapshot: Vec<u8>) -> Result<wit::Session, wit::Error> {
        let session = session::Session::restore(&policy, &snapshot)?;
        Ok(wit::Session::new(Self(RefCell::new(session))))
    }
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

same!(wit::Source => model::Source { ToolResult UserMessage SystemPrompt Host });
same!(model::Source => wit::Source { ToolResult UserMessage SystemPrompt Host });
same!(wit::Effect => model::Effect { Reads Changes });
same!(model::Decision => wit::Decision { Allow Warn Ask Block });
same!(model::Relation => wit::Relation {
    Exact Equivalent Derived Introduced Twin Confusable Recased Truncated
    Reprefixed Rounded Invalid Misfield Collision Crossed Sibling Unseen
});

impl From<wit::Observation> for model::Observation {
    fn from(what: wit::Observation) -> Self {
        let wit::Observation { source, tool, call_id, content, incomplete } = what;
        Self { source: source.into(), tool, call_id, content, incomplete }
    }
}

impl From<wit::ToolCall> for model::ToolCall {
    fn from(call: wit::ToolCall) -> Self {
        let wit::ToolCall { tool, call_id, arguments, effect } = call;
        Self { tool, call_id, arguments, effect: effect.map(Into::into) }
    }
}

impl From<model::Observed> for wit::Observed {
    fn from(observed: model::Observed) -> Self {
        let model::Observed { identifiers, new, incomplete } = observed;
        Self { identifiers, new, incomplete }
    }
}

impl From<model::Sighting> for wit::Sighting {
    fn from(sighting: model::Sighting) -> Self {
        let model::Sighting { source, tool, call_id, turn, pointer } = sighting;
        Self { source: source.into(), tool, call_id, turn, pointer }
    }
}

impl From<model::Neighbour> for wit::Neighbour {
    fn from(neighbour: model::Neighbour) -> Self {
        let model::Neighbour { value, distance, edit, seen_in } = neighbour;
        Self { value, distance, edit, seen_in: all(seen_in) }
    }
}

impl From<model::Finding> for wit::Finding {
    fn from(finding: model::Finding) -> Self {
        Self {
            pointer: finding.pointer,
            span: wit::Span { start: finding.span.start, end: finding.span.end },
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

impl From<model::Verdict> for wit::Verdict {
    fn from(verdict: model::Verdict) -> Self {
        let model::Verdict { decision, findings, message, repaired } = verdict;
        Self { decision: decision.into(), findings: all(findings), message, repaired }
    }
}

impl From<model::Identifier> for wit::Identifier {
    fn from(identifier: model::Identifier) -> Self {
        Self {
            pointer: identifier.pointer,
            span: wit::Span { start: identifier.span.start, end: identifier.span.end },
            text: identifier.text,
            kind: identifier.kind,
            canonical: identifier.canonical,
            relation: identifier.relation.into(),
            seen_in: all(identifier.seen_in),
        }
    }
}

impl From<model::Error> for wit::Error {
    fn from(error: model::Error) -> Self {
        match error {
            model::Error::InvalidPolicy(why) => Self::InvalidPolicy(why),
            model::Error::InvalidSnapshot(why) => Self::InvalidSnapshot(why),
            model::Error::LimitExceeded(why) => Self::LimitExceeded(why),
        }
    }
}

fn all<From, To: std::convert::From<From>>(from: Vec<From>) -> Vec<To> {
    from.into_iter().map(To::from).collect()
}
