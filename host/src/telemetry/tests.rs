//! What a span holds, and what it does not.

use super::{Began, Span};
use crate::audit::{By, Entry, Redaction};
use std::fs;
use twinguard_core::model::{Decision, Finding, Neighbour, Relation};

fn finding(decision: Decision) -> Finding {
    Finding {
        pointer: "/refunds/0/acct_7H9j3kQ8/id".into(),
        span: 0..13,
        written: "acct_7H9j3kQ9".into(),
        kind: "prefixed".into(),
        relation: Relation::Twin,
        decision,
        coincidence: 0.0,
        nearest: vec![Neighbour { value: "acct_7H9j3kQ2".into(), distance: 1, edit: "`9` for `2` at 13".into(), seen_in: Vec::new() }],
        message: "acct_7H9j3kQ9 was never seen".into(),
    }
}

fn span(redaction: Option<&Redaction>) -> Span {
    let findings = [finding(Decision::Allow), finding(Decision::Block)];
    let message = "acct_7H9j3kQ9 was never seen";
    let entry =
        Entry { session: "s", tool: "refund", call_id: Some("7"), decision: Decision::Block, by: By::Guard, findings: &findings, message };
    Span::of(&entry, Began::now(), None, redaction)
}

#[test]
fn no_identifier_leaves_in_clear() {
    let folder = std::env::temp_dir().join(format!("twinguard-span-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let redaction = Redaction::beside(&folder.join("log")).unwrap();
    for redaction in [None, Some(&redaction)] {
        let text = serde_json::to_string(&span(redaction)).unwrap();
        assert!(!text.contains("7H9j3k"), "{text}");
        assert_eq!(text.matches("hmac:").count(), if redaction.is_some() { 3 } else { 0 }, "{text}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_span_tells_what_is_not_allowed_and_where() {
    let span = span(None);
    let [found] = span.findings.as_slice() else { panic!("{span:?}") };
    assert_eq!((found.decision.as_str(), found.relation.as_str(), found.pointer.as_str()), ("block", "twin", "/refunds/0/*/id"));
    let text = serde_json::to_string(&span).unwrap();
    assert_eq!(serde_json::from_str::<Span>(&text).unwrap(), span, "it goes from process to process");
}
