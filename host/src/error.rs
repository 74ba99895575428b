//! The one error type of the library.

/// Why an operation could not be carried out. A verdict is never an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The embedded component cannot run here.
    #[error("the embedded component cannot run on this machine: {0}; build twinguard on it, or for its target")]
    Component(String),

    /// The policy is not valid JSON, or names something that does not exist.
    #[error("invalid policy: {0}; `twinguard policy default` prints a valid one")]
    InvalidPolicy(String),

    /// A policy file cannot be read.
    #[error("policy {0}")]
    UnreadablePolicy(String),

    /// The snapshot is damaged or from an incompatible version.
    #[error("invalid snapshot: {0}; observe the conversation again in a new session")]
    InvalidSnapshot(String),

    /// A text is beyond a limit. Nothing was learned from it; later verdicts say `incomplete`.
    #[error("limit exceeded: {0}")]
    LimitExceeded(String),

    /// The guard failed while it worked: out of fuel, out of memory, or a bug. The session it
    /// happened in is lost, and so is any text that it refused because of that.
    #[error("the guard failed: {0}")]
    Failed(String),

    /// The sessions between processes cannot be read or written.
    #[error("cannot write down what happens: {0}")]
    Store(String),
}
