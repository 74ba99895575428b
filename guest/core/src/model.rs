//! The words every module and every host share: sources, calls, relations, findings, verdicts.
//!
//! They mirror `wit/guard.wit`, which documents each of them for hosts. Nothing here serialises
//! itself: outside formats are copies kept by those who write them.

use alloc::{string::String, vec::Vec};
use core::{fmt, ops::Range};

/// Declares an enum whose variants have a fixed outside name, in order.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name outside formats use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The variant with this outside name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

named! {
    /// Where a text came from. Assistant text, thinking and tool arguments are never a source.
    Source {
        /// The result of a tool call.
        ToolResult = "tool-result",
        /// What the user typed.
        UserMessage = "user-message",
        /// The system prompt.
        SystemPrompt = "system-prompt",
        /// Values the host vouches for.
        Host = "host",
    }
}

named! {
    /// What a call does to the world.
    Effect {
        /// Looks something up.
        Reads = "reads",
        /// Creates, changes, sends or deletes something.
        Changes = "changes",
    }
}

named! {
    /// What the host should do; greater is graver.
    Decision {
        /// Run the call.
        Allow = "allow",
        /// Run it and record the finding.
        Warn = "warn",
        /// Run it only after confirmation.
        Ask = "ask",
        /// Do not run it.
        Block = "block",
    }
}

named! {
    /// How a written identifier stands to the ledger.
    Relation {
        /// Literally seen.
        Exact = "exact",
        /// Seen in another legitimate spelling.
        Equivalent = "equivalent",
        /// Made of seen parts.
        Derived = "derived",
        /// First written by the model, near to nothing seen, and used since.
        Introduced = "introduced",
        /// Never seen, one to three edits from a seen one.
        Twin = "twin",
        /// Differs only by look-alike or invisible characters.
        Confusable = "confusable",
        /// Differs only in letter case, where case matters.
        Recased = "recased",
        /// A seen one with its tail cut or its middle elided.
        Truncated = "truncated",
        /// The body of a seen one under another type prefix.
        Reprefixed = "reprefixed",
        /// What a 64-bit float makes of a seen integer.
        Rounded = "rounded",
        /// Unseen, and its own check digits fail.
        Invalid = "invalid",
        /// Seen, but only under other fields, or not where the policy wants it to have been.
        Misfield = "misfield",
        /// Seen, and so is a twin of it.
        Collision = "collision",
        /// Seen, but a record in the call names another one for this field.
        Crossed = "crossed",
        /// An unseen member of a dense family.
        Sibling = "sibling",
        /// Nothing like it was seen.
        Unseen = "unseen",
    }
}

/// One text the model was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Where it came from.
    pub source: Source,
    /// The tool whose result it is.
    pub tool: Option<String>,
    /// Pairs a result with its call.
    pub call_id: Option<String>,
    /// The whole text.
    pub content: String,
    /// The host knows that this is not all the model saw.
    pub incomplete: bool,
}

/// A call the model wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// The identifier its result will carry.
    pub call_id: Option<String>,
    /// JSON text, numbers as written.
    pub arguments: String,
    /// What it does, when the host knows.
    pub effect: Option<Effect>,
}

/// What an observation added to the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Identifiers the text held.
    pub identifiers: u32,
    /// Those the ledger had not known.
    pub new: u32,
    /// The ledger, or this text, does not hold everything the model saw.
    pub incomplete: bool,
}

/// One literal appearance of an identifier in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The kind of source.
    pub source: Source,
    /// The tool whose result it was.
    pub tool: Option<String>,
    /// The call whose result it was.
    pub call_id: Option<String>,
    /// Which event of the session, counting every observe and check from 0.
    pub turn: u32,
    /// JSON Pointer of the value that held it; empty for plain text.
    pub pointer: String,
}

/// A seen identifier the written one was compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// As it stood in the source.
    pub value: String,
    /// Edits between the two; 0 for the identifier itself.
    pub distance: u32,
    /// The difference in words; empty when equal.
    pub edit: String,
    /// Earliest first, at most eight; of one that is allowed as it is, the first and the latest.
    pub seen_in: Vec<Sighting>,
}

/// One identifier of a call and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// JSON Pointer into the call's arguments.
    pub pointer: String,
    /// Byte range in the value at `pointer`.
    pub span: Range<u32>,
    /// As written, or `[credential]`.
    pub written: String,
    /// The kind's name.
    pub kind: String,
    /// How it stands to the ledger.
    pub relation: Relation,
    /// What the policy makes of that.
    pub decision: Decision,
    /// Chance that an unrelated identifier of this shape has a neighbour this near.
    pub coincidence: f64,
    /// Nearest seen identifiers, best first, at most six.
    pub nearest: Vec<Neighbour>,
    /// For the model and for people; empty when allowed.
    pub message: String,
}

/// The answer to a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The highest decision among the findings.
    pub decision: Decision,
    /// One for every identifier of the call.
    pub findings: Vec<Finding>,
    /// Ready to be the tool's error.
    pub message: String,
    /// The arguments with the one unambiguous twin replaced, when the policy opts in.
    pub repaired: Option<String>,
}

/// One identifier found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// JSON Pointer of the value that holds it.
    pub pointer: String,
    /// Byte range in that value.
    pub span: Range<u32>,
    /// As written, or `[credential]`.
    pub text: String,
    /// The kind's name.
    pub kind: String,
    /// The form under which equal identifiers are equal.
    pub canonical: String,
    /// How it stands to the ledger.
    pub relation: Relation,
    /// Earliest first, at most eight.
    pub seen_in: Vec<Sighting>,
}

/// Why an operation could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The policy is not valid.
    InvalidPolicy(String),
    /// The snapshot is damaged or from an incompatible version.
    InvalidSnapshot(String),
    /// A text or a nesting is beyond a limit of the policy.
    LimitExceeded(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPolicy(why) => write!(f, "invalid policy: {why}"),
            Self::InvalidSnapshot(why) => write!(f, "invalid snapshot: {why}"),
            Self::LimitExceeded(why) => write!(f, "limit exceeded: {why}"),
        }
    }
}

impl core::error::Error for Error {}

/// Adds one segment to a JSON Pointer, escaped as RFC 6901 wants it.
pub fn push_pointer_segment(pointer: &mut String, name: &str) {
    pointer.push('/');
    for character in name.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}
