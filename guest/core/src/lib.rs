//! The logic of twinguard, without I/O, clock, randomness or panic.
//!
//! Modules stand in the order of the pipeline; each uses only those above it (a test in `tests/`
//! holds them to that). A tool result becomes [leaves](leaf), a leaf becomes [tokens](token), tokens
//! enter the [ledger]. A call becomes [mentions](extract); [seen] says whether each was observed,
//! [twin] finds the observed neighbours of one that was not, and [verdict] weighs that under the
//! [policy]. [session] is the façade and holds the only state.
#![no_std]
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]
extern crate alloc;

pub mod model;
pub mod outline;
pub mod leaf;
pub mod token;
pub mod check_digit;
pub mod kind;
pub mod value;
pub mod credential;
pub mod distance;
pub mod confusable;
pub mod edit;
pub mod columns;
pub mod coincidence;
pub mod shape;
pub mod field;
pub mod policy;
pub mod slot;
pub mod ledger;
pub mod series;
pub mod introduced;
pub mod asked;
pub mod extract;
pub mod seen;
pub mod twin;
pub mod record;
pub mod verdict;
pub mod crosscheck;
pub mod demand;
pub mod mask;
pub mod message;
pub mod repair;
mod snapshot;
pub mod session;
