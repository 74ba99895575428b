//! Recorded conversations: from the text of a trace to findings.
//!
//! Opens no file and prints nothing, so that the command line, the bindings and a component in a
//! browser read the same formats and write the same lines.
//!
//! ```
//! use twinguard_core::{model::Decision, session::Session};
//! use twinguard_trace::{format::{self, Record}, verify};
//!
//! let text = r#"{"id": "run-1", "messages": [
//!     {"role": "user", "content": "Cancel ORD-55-204817."},
//!     {"role": "assistant", "tool_calls": [{"id": "c1", "function": {
//!         "name": "cancel_order", "arguments": "{\"order_id\": \"ORD-55-204871\"}"}}]}
//! ]}"#;
//! let record = Record { file: "runs.jsonl".into(), index: 0, line: 1, text: text.into() };
//! for trace in format::read(&record, None).unwrap() {
//!     let report = verify::verify(&mut Session::open("").unwrap(), trace);
//!     assert_eq!(report.decision, Decision::Block); // two digits changed places
//! }
//! ```

pub mod event;
pub mod json;
pub mod format;
pub mod records;
pub mod provider;
pub mod verify;
pub mod form;
pub mod report;
