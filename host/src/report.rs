//! Reports for people, and the words every report shares.

mod align;
mod call;
mod cells;
pub mod html;
pub mod human;
pub mod junit;
mod locate;
pub mod markdown;
pub mod rates;
pub mod sarif;
pub(crate) mod table;

pub use twinguard_trace::report::{Render, Shown, Summary, jsonl};

/// A message that may hold text of strangers, as one line that a terminal cannot mistake for
/// commands.
#[must_use]
pub fn one_line(message: &str) -> String {
    cells::safe(message)
}
