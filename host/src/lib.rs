//! Stops near-twin identifiers in a model's tool calls before they run.
//!
//! A [`Guard`] holds the component; each conversation is a [`Session`] in an instance of its own. [`Guard::linked`]
//! runs the same code without the component.
//! Show the session every tool result, and ask it before every tool call:
//!
//! ```
//! use twinguard::{Decision, Guard, Observation, Source, ToolCall};
//!
//! # fn main() -> Result<(), twinguard::Error> {
//! let guard = Guard::new()?;
//! let mut session = guard.session("")?; // the default policy
//! session.observe(&Observation {
//!     source: Source::ToolResult,
//!     tool: Some("search_customer".into()),
//!     call_id: Some("call_1".into()),
//!     content: r#"{"accounts":[{"id":"acct_7H9j3kQ2","name":"Ada"}]}"#.into(),
//!     incomplete: false,
//! })?;
//! let verdict = session.check(&ToolCall {
//!     tool: "refund".into(),
//!     call_id: Some("call_2".into()),
//!     arguments: r#"{"account_id":"acct_7H9j3kQ2","cents":4200}"#.into(),
//!     effect: None,
//! });
//! assert_eq!(verdict.decision, Decision::Allow); // one wrong character, and it would be `Block`
//! # Ok(())
//! # }
//! ```

mod bindings;
mod engine;
pub mod error;
pub mod guard;

// The command line, from bytes to exit codes.
#[cfg(feature = "cli")]
pub mod policy;
#[cfg(feature = "cli")]
pub mod input;
#[cfg(feature = "cli")]
pub mod rate;
#[cfg(feature = "cli")]
pub mod baseline;
#[cfg(feature = "cli")]
pub mod report;
#[cfg(feature = "cli")]
pub mod drill;
#[cfg(feature = "cli")]
pub mod audit;
#[cfg(feature = "cli")]
pub mod store;
#[cfg(feature = "cli")]
pub mod telemetry;
#[cfg(feature = "cli")]
pub mod hook;
#[cfg(feature = "mcp")]
pub mod mcp;
#[cfg(feature = "cli")]
pub mod cli;

pub use error::Error;
pub use guard::{Guard, Limits, OnFailure, Session};
#[cfg(feature = "cli")]
pub use twinguard_trace as trace;
// The component's error never crosses this boundary: the host's own `Error` stands for it.
pub use twinguard_core::model::{
    Decision, Effect, Finding, Identifier, Neighbour, Observation, Observed, Relation, Sighting, Source, ToolCall, Verdict,
};
