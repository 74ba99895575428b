//! What was found before, so that a run in CI fails only on what is new.
//!
//! A finding is known again by its [`fingerprint`]: what was written for what, in which argument of
//! which tool. Neither its place in a file, nor the name of its conversation, nor what the report says
//! about it counts, so files may be moved and runs repeated. Because the same slip may happen again, a
//! baseline says how often it happened: one more is new.
//!
//! The file holds no identifiers, only hashes of them, and may be put under version control.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use twinguard_core::model::{Decision, Finding};
use twinguard_trace::event::Stop;
use twinguard_trace::verify::{Judged, Report};

/// The version of fingerprints and of the file.
const VERSION: u32 = 1;
/// What stands for the relation of a call whose message was cut off.
const STOPPED: &str = "stopped";

/// The findings of an earlier run.
///
/// ```
/// use twinguard::baseline::Baseline;
/// use twinguard::trace::{format::{self, Record}, verify};
/// use twinguard_core::{model::Decision, session::Session};
///
/// let text = r#"{"messages": [{"role": "user", "content": "Cancel ORD-55-204817."},
///     {"role": "assistant", "tool_calls": [{"id": "c1", "function": {
///         "name": "cancel_order", "arguments": "{\"order_id\": \"ORD-55-204871\"}"}}]}]}"#;
/// let report = || {
///     let record = Record { file: "runs.jsonl".into(), index: 0, line: 1, text: text.into() };
///     verify::verify(&mut Session::open("").unwrap(), format::read(&record, None).unwrap().remove(0))
/// };
/// let mut baseline = Baseline::default();
/// baseline.add(&report());
/// let (mut again, mut twice) = (report(), report());
/// assert_eq!((baseline.take_from(&mut again), again.decision), (1, Decision::Allow));
/// assert_eq!((baseline.take_from(&mut twice), twice.decision), (0, Decision::Block)); // it happened once
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<String, Entry>,
}

/// One finding, in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    count: u64,
    relation: String,
    tool: String,
    pointer: String,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// When the text is no baseline of this version; the message says what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File =
            serde_json::from_str(text).map_err(|error| format!("no baseline: {error}; write one with --write-baseline FILE"))?;
        if file.version != VERSION {
            return Err(format!(
                "a baseline of version {}, and this is version {VERSION}; write it anew with --write-baseline FILE",
                file.version
            ));
        }
        let mut baseline = Self::default();
        for entry in file.findings {
            let count = entry.count;
            baseline.entries.entry(entry.fingerprint.clone()).or_insert(Entry { count: 0, ..entry }).count += count;
        }
        Ok(baseline)
    }

    /// The file, in an order that depends on the findings alone.
    #[must_use]
    pub fn text(&self) -> String {
        let mut findings: Vec<Entry> = self.entries.values().cloned().collect();
        findings.sort_by(|one, other| key(one).cmp(&key(other)));
        let file = File { version: VERSION, findings };
        serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
    }

    /// Findings in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.entries.values().map(|entry| entry.count).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in everything above `allow` in a report.
    pub fn add(&mut self, report: &Report) {
        for judged in &report.judged {
            for finding in judged.findings.iter().filter(|finding| finding.decision > Decision::Allow) {
                self.count(fingerprint(judged, finding), finding.relation.name(), judged, general(&finding.pointer));
            }
            if let Some(stop) = judged.stop {
                self.count(of_stop(judged, stop), STOPPED, judged, String::new());
            }
        }
    }

    /// Takes out of a report what is known, each as often as it is known, and forgets it. Tells how many
    /// that were. A call that could not be checked is never known.
    pub fn take_from(&mut self, report: &mut Report) -> u64 {
        let mut known = 0;
        for judged in &mut report.judged {
            let is_unchecked = judged.unchecked();
            let findings = std::mem::take(&mut judged.findings);
            let (kept, taken): (Vec<Finding>, Vec<Finding>) =
                findings.into_iter().partition(|finding| finding.decision == Decision::Allow || !self.take(&fingerprint(judged, finding)));
            judged.findings = kept;
            let stop = judged.stop.filter(|stop| self.take(&of_stop(judged, *stop)));
            if stop.is_some() {
                judged.stop = None;
            }
            known += taken.len() as u64 + u64::from(stop.is_some());
            if !is_unchecked {
                let least = if judged.stop.is_some() { Decision::Warn } else { Decision::Allow };
                judged.decision = judged.findings.iter().map(|finding| finding.decision).max().unwrap_or(least).max(least);
            }
        }
        if known > 0 {
            report.decision = report.judged.iter().map(|judged| judged.decision).max().unwrap_or(Decision::Allow);
        }
        known
    }

    fn count(&mut self, fingerprint: String, relation: &str, judged: &Judged, pointer: String) {
        let entry = self.entries.entry(fingerprint.clone()).or_insert_with(|| Entry {
            fingerprint,
            count: 0,
            relation: relation.to_owned(),
            tool: judged.tool.clone(),
            pointer,
        });
        entry.count += 1;
    }

    fn take(&mut self, fingerprint: &str) -> bool {
        let Some(entry) = self.entries.get_mut(fingerprint).filter(|entry| entry.count > 0) else { return false };
        entry.count -= 1;
        true
    }
}

fn key(entry: &Entry) -> (&str, &str, &str, &str) {
    (&entry.tool, &entry.pointer, &entry.relation, &entry.fingerprint)
}

/// What makes a finding the same finding, wherever it stands: tool, argument, relation, what was written
/// and the nearest value that was seen. 32 hexadecimal digits.
#[must_use]
pub fn fingerprint(judged: &Judged, finding: &Finding) -> String {
    let nearest = finding.nearest.first().map(|near| near.value.as_str()).unwrap_or_default();
    hash(&[&judged.tool, &general(&finding.pointer), finding.relation.name(), &finding.written, nearest])
}

/// The same for a call whose message was cut off.
#[must_use]
pub fn of_stop(judged: &Judged, stop: Stop) -> String {
    hash(&[&judged.tool, STOPPED, stop.name(), &judged.arguments])
}

/// A pointer for every element of a list: `/payments/0/id` as `/payments/*/id`.
fn general(pointer: &str) -> String {
    let is_index = |token: &&str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    let tokens: Vec<&str> = pointer.split('/').map(|token| if is_index(&token) { "*" } else { token }).collect();
    tokens.join("/")
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(VERSION.to_be_bytes());
    for part in parts {
        // With its length, so that no two lists of parts run together into one text.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut hex = String::new();
    for byte in hash.finalize().iter().take(16) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinguard_core::model::{Neighbour, Relation};
    use twinguard_trace::event::Trace;

    fn report(file: &str, turn: u32, written: &[&str]) -> Report {
        let finding = |written: &&str| Finding {
            pointer: "/ids/3".into(),
            span: 0..1,
            written: (*written).to_owned(),
            kind: "order".into(),
            relation: Relation::Twin,
            decision: Decision::Block,
            coincidence: 0.0,
            nearest: vec![Neighbour { value: "ORD-1".into(), distance: 1, edit: String::new(), seen_in: Vec::new() }],
            message: String::new(),
        };
        let judged = Judged {
            event: 0,
            turn,
            call_id: None,
            tool: "cancel".into(),
            arguments: "{}".into(),
            stop: Some(Stop::Length),
            shown: 0,
            decision: Decision::Block,
            message: String::new(),
            findings: written.iter().map(finding).collect(),
        };
        let trace = Trace { file: file.to_owned(), id: format!("{file}#{turn}"), line: u64::from(turn), ..Trace::default() };
        Report { trace, calls: 1, identifiers: 1, decision: Decision::Block, judged: vec![judged] }
    }

    #[test]
    fn the_file_is_the_same_whatever_came_first_and_wherever() {
        let (mut one, mut other) = (Baseline::default(), Baseline::default());
        one.add(&report("a", 1, &["ORD-2", "ORD-3"]));
        one.add(&report("a", 2, &["ORD-3"]));
        other.add(&report("b", 7, &["ORD-3"]));
        other.add(&report("c", 8, &["ORD-3", "ORD-2"]));
        assert_eq!(one.text(), other.text());
        assert_eq!(Baseline::parse(&one.text()), Ok(one.clone()));
        assert_eq!(one.len(), 5, "three findings, and two messages that were cut off");
        assert!(one.text().contains("\"/ids/*\"") && !one.text().contains("ORD-"), "{}", one.text());
    }

    #[test]
    fn what_is_new_stays() {
        let mut baseline = Baseline::default();
        baseline.add(&report("a", 1, &["ORD-2"]));
        let mut now = report("b", 2, &["ORD-2", "ORD-3"]);
        assert_eq!(baseline.take_from(&mut now), 2);
        let written: Vec<&str> = now.judged.iter().flat_map(|judged| &judged.findings).map(|finding| finding.written.as_str()).collect();
        assert_eq!((written, now.judged[0].stop, now.decision), (vec!["ORD-3"], None, Decision::Block));
        assert!(baseline.is_empty());
    }

    #[test]
    fn a_call_that_was_not_checked_is_never_known() {
        let mut blocked = report("a", 1, &[]);
        let mut baseline = Baseline::default();
        baseline.add(&blocked);
        baseline.take_from(&mut blocked);
        assert_eq!(blocked.decision, Decision::Block);
    }
}
