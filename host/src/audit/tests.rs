//! The lines of the audit log.

use super::{Audit, By, Entry};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::thread;
use twinguard_core::model::{Decision, Finding, Neighbour, Relation, Sighting, Source};

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("twinguard-audit-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn finding() -> Finding {
    Finding {
        pointer: "/refunds/0/acct_7H9j3kQ8".into(),
        span: 0..13,
        written: "acct_7H9j3kQ9".into(),
        kind: "prefixed".into(),
        relation: Relation::Twin,
        decision: Decision::Block,
        coincidence: 0.0,
        nearest: vec![Neighbour {
            value: "acct_7H9j3kQ2".into(),
            distance: 1,
            edit: "`9` for `2` at 13".into(),
            seen_in: vec![Sighting {
                source: Source::ToolResult,
                tool: Some("find".into()),
                call_id: None,
                turn: 0,
                pointer: "/by_id/acct_7H9j3kQ2/id".into(),
            }],
        }],
        message: "acct_7H9j3kQ9 was never seen".into(),
    }
}

fn entry<'a>(findings: &'a [Finding], session: &'a str) -> Entry<'a> {
    let message = "acct_7H9j3kQ9 was never seen";
    Entry { session, tool: "refund", call_id: Some("7"), decision: Decision::Block, by: By::Guard, findings, message }
}

#[test]
fn a_line_has_the_promised_form() {
    let folder = folder("form");
    let path = folder.join("audit.jsonl");
    let allowed = Finding { decision: Decision::Allow, ..finding() };
    Audit::open(&path, false).unwrap().record(&entry(&[finding(), allowed], "s")).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let mut line: Value = serde_json::from_str(&text).unwrap();
    let time = line["time"].take();
    assert_eq!(time.as_str().unwrap().len(), "2026-01-01T00:00:00.000Z".len());
    let expected = serde_json::json!({
        "type": "decision", "time": null, "session": "s", "tool": "refund", "call_id": "7", "decision": "block", "by": "guard",
        "message": "acct_7H9j3kQ9 was never seen",
        "findings": [{
            "pointer": "/refunds/0/acct_7H9j3kQ8", "span": [0, 13], "written": "acct_7H9j3kQ9", "kind": "prefixed", "relation": "twin",
            "decision": "block", "coincidence": 0.0, "message": "acct_7H9j3kQ9 was never seen",
            "nearest": [{"value": "acct_7H9j3kQ2", "distance": 1, "edit": "`9` for `2` at 13", "seen_in": [
                {"source": "tool-result", "tool": "find", "call_id": null, "turn": 0, "pointer": "/by_id/acct_7H9j3kQ2/id"}]}],
        }],
    });
    assert_eq!(line, expected);
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn log_and_key_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder("mode");
    let path = folder.join("audit.jsonl");
    Audit::open(&path, true).unwrap();
    for name in ["audit.jsonl", "audit.jsonl.key"] {
        assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_redacted_line_holds_no_identifier_and_equal_hashes_for_equal_ones() {
    let folder = folder("redact");
    let path = folder.join("audit.jsonl");
    // Two openings, as by two processes, share the key.
    for _ in 0..2 {
        Audit::open(&path, true).unwrap().record(&entry(&[finding()], "s")).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("7H9j3k"), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["findings"], lines[1]["findings"]);
    let finding = &lines[0]["findings"][0];
    let seen = finding["nearest"][0]["value"].as_str().unwrap();
    assert!(seen.starts_with("hmac:") && seen != finding["written"]);
    // In a key of the result that showed it, it is the same identifier.
    assert_eq!(finding["nearest"][0]["seen_in"][0]["pointer"], format!("/by_id/{seen}/id"));
    assert_eq!(lines[0]["message"], Value::Null);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn many_writers_leave_whole_lines() {
    let folder = folder("many");
    let path = folder.join("audit.jsonl");
    thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let audit = Audit::open(path, false).unwrap();
                let (findings, session) = ([finding()], format!("s{writer}"));
                (0..100).for_each(|_| audit.record(&entry(&findings, &session)).unwrap());
            });
        }
    });
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 800);
    fs::remove_dir_all(folder).unwrap();
}
