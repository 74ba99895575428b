//! Whole conversations, on every implementation: the native core, the core carried through a
//! snapshot at every step, and the component. `data/sessions/*.jsonl`, one event a line:
//!
//! ```text
//! {"case": "what holds", "policy": {…}}                                   begins a conversation
//! {"observe": {…} or "text", "tool": "t", "call_id": "c", "source": "tool-result", "incomplete": false}
//! {"check": {…} or "raw text", "tool": "t", "call_id": "c", "effect": "reads", "expect": …}
//! {"check_text": "…", "expect": …}
//! ```
//!
//! `expect` is a decision, or `{"decision", "written", "relation", "nearest", "pointer", "kind",
//! "message", "repaired"}` of the gravest finding (`message` is a part of it). A case is a fact: its
//! name says which. `data/known-misses.jsonl` holds cases in which today's answer is wrong, each
//! with its reason; they are asserted all the same, so that nobody improves one unnoticed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::BTreeSet, fs, path::Path};
use twinguard::Guard;
use twinguard_core::{
    model::{Decision, Effect, Error, Finding, Observation, Relation, Source, ToolCall, Verdict},
    session::Session,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    case: Option<String>,
    reason: Option<String>,
    policy: Option<Box<RawValue>>,
    observe: Option<Box<RawValue>>,
    check: Option<Box<RawValue>>,
    check_text: Option<String>,
    tool: Option<String>,
    call_id: Option<String>,
    source: Option<String>,
    effect: Option<String>,
    #[serde(default)]
    incomplete: bool,
    expect: Option<Expect>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expect {
    Decision(String),
    Finding(ExpectFinding),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectFinding {
    decision: String,
    written: Option<String>,
    relation: Option<String>,
    nearest: Option<String>,
    pointer: Option<String>,
    kind: Option<String>,
    message: Option<String>,
    repaired: Option<String>,
}

/// What every way of running the guard can do.
trait Implementation {
    fn observe(&mut self, what: &Observation);
    fn check(&mut self, call: &ToolCall) -> Verdict;
    fn check_text(&mut self, text: &str) -> Verdict;
}

/// The core, linked.
struct Native(Session);

/// What the host library makes of an error.
fn failed(error: &Error) -> Verdict {
    Verdict {
        decision: Decision::Block,
        findings: Vec::new(),
        message: format!("twinguard could not check this, so it must not run: {error}"),
        repaired: None,
    }
}

impl Implementation for Native {
    fn observe(&mut self, what: &Observation) {
        let _ = self.0.observe(what);
    }
    fn check(&mut self, call: &ToolCall) -> Verdict {
        self.0.check(call).unwrap_or_else(|error| failed(&error))
    }
    fn check_text(&mut self, text: &str) -> Verdict {
        self.0.check_text(text).unwrap_or_else(|error| failed(&error))
    }
}

/// The core, put to bytes and back before every event.
struct Carried {
    policy: String,
    bytes: Vec<u8>,
}

impl Carried {
    fn awake<T>(&mut self, act: impl FnOnce(&mut Native) -> T) -> T {
        let mut native = Native(Session::restore(&self.policy, &self.bytes).unwrap());
        assert_eq!(native.0.snapshot(), self.bytes, "a restored session gives the same snapshot");
        let result = act(&mut native);
        self.bytes = native.0.snapshot();
        result
    }
}

impl Implementation for Carried {
    fn observe(&mut self, what: &Observation) {
        self.awake(|native| native.observe(what));
    }
    fn check(&mut self, call: &ToolCall) -> Verdict {
        self.awake(|native| native.check(call))
    }
    fn check_text(&mut self, text: &str) -> Verdict {
        self.awake(|native| native.check_text(text))
    }
}

/// The component, through the host library.
struct Component(twinguard::Session);

impl Implementation for Component {
    fn observe(&mut self, what: &Observation) {
        let _ = self.0.observe(what);
    }
    fn check(&mut self, call: &ToolCall) -> Verdict {
        self.0.check(call)
    }
    fn check_text(&mut self, text: &str) -> Verdict {
        self.0.check_text(text)
    }
}

/// A JSON string is a text, anything else is its own JSON text, digits and all.
fn text_of(raw: &RawValue) -> String {
    serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

fn gravest(verdict: &Verdict) -> Option<&Finding> {
    let mut best: Option<&Finding> = None;
    for finding in &verdict.findings {
        if best.is_none_or(|best| finding.decision > best.decision) {
            best = Some(finding);
        }
    }
    best
}

fn judge(place: &str, expect: &Expect, verdict: &Verdict) {
    let told = format!("{place}\n{verdict:#?}");
    let expected = match expect {
        Expect::Decision(decision) => return assert_eq!(verdict.decision.name(), decision, "{told}"),
        Expect::Finding(expected) => expected,
    };
    assert_eq!(verdict.decision.name(), expected.decision, "{told}");
    let found =
        expected.written.as_ref().map_or_else(|| gravest(verdict), |written| verdict.findings.iter().find(|f| &f.written == written));
    let wants_finding = expected.written.is_some()
        || expected.relation.is_some()
        || expected.nearest.is_some()
        || expected.pointer.is_some()
        || expected.kind.is_some();
    if wants_finding {
        let finding = found.unwrap_or_else(|| panic!("no finding: {told}"));
        let equal = |what: &str, expected: &Option<String>, is: &str| {
            if let Some(expected) = expected {
                assert_eq!(is, expected, "{what} of {told}");
            }
        };
        equal("relation", &expected.relation, finding.relation.name());
        equal("pointer", &expected.pointer, &finding.pointer);
        equal("kind", &expected.kind, &finding.kind);
        equal("nearest", &expected.nearest, finding.nearest.first().map_or("", |near| near.value.as_str()));
    }
    if let Some(message) = &expected.message {
        assert!(verdict.message.contains(message.as_str()), "`{message}` is not in the message of {told}");
    }
    assert_eq!(verdict.repaired, expected.repaired, "{told}");
}

/// Runs one file; returns the relations it saw.
fn run(guard: &Guard, path: &Path, wants_reason: bool) -> BTreeSet<&'static str> {
    let text = fs::read_to_string(path).unwrap();
    let mut case = String::from("before the first case");
    let mut sessions: Vec<(&str, Box<dyn Implementation>)> = Vec::new();
    let mut relations = BTreeSet::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = |case: &str, implementation: &str| format!("{}:{}: {case} ({implementation})", path.display(), number + 1);
        let line: Line = serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", place(&case, "-")));
        if let Some(name) = line.case {
            case = name;
            assert_eq!(line.reason.is_some(), wants_reason, "{}: a known miss, and only that, gives its reason", place(&case, "-"));
            let policy = line.policy.as_deref().map_or(String::new(), |policy| policy.get().to_owned());
            let native = || Session::open(&policy).unwrap_or_else(|error| panic!("{}: {error}", place(&case, "native")));
            sessions = vec![
                ("native", Box::new(Native(native()))),
                ("carried", Box::new(Carried { policy: policy.clone(), bytes: native().snapshot() })),
                ("component", Box::new(Component(guard.session(&policy).unwrap()))),
            ];
            continue;
        }
        assert!(!sessions.is_empty(), "{}: the first line names the case", place(&case, "-"));
        let mut verdicts: Vec<Verdict> = Vec::new();
        for (name, session) in &mut sessions {
            let verdict = if let Some(content) = &line.observe {
                let source = line.source.as_deref().unwrap_or("tool-result");
                let source = Source::from_name(source).unwrap_or_else(|| panic!("{}: `{source}` is no source", place(&case, name)));
                session.observe(&Observation {
                    source,
                    tool: line.tool.clone(),
                    call_id: line.call_id.clone(),
                    content: text_of(content),
                    incomplete: line.incomplete,
                });
                continue;
            } else if let Some(arguments) = &line.check {
                let effect = line.effect.as_deref().map(|effect| Effect::from_name(effect).unwrap());
                let tool = line.tool.clone().unwrap_or_else(|| "tool".into());
                session.check(&ToolCall { tool, call_id: line.call_id.clone(), arguments: text_of(arguments), effect })
            } else if let Some(text) = &line.check_text {
                session.check_text(text)
            } else {
                panic!("{}: neither `observe` nor `check` nor `check_text`", place(&case, name));
            };
            judge(&place(&case, name), line.expect.as_ref().unwrap_or_else(|| panic!("{}: no `expect`", place(&case, name))), &verdict);
            relations.extend(verdict.findings.iter().map(|finding| finding.relation.name()));
            if let Some(first) = verdicts.first() {
                assert_eq!(&verdict, first, "{}: differs from native", place(&case, name));
            }
            verdicts.push(verdict);
        }
    }
    relations
}

#[test]
fn every_case_holds_on_every_implementation() {
    let guard = Guard::new().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sessions");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut relations = BTreeSet::new();
    for file in &files {
        relations.extend(run(&guard, file, false));
    }
    for relation in Relation::ALL.iter().map(|relation| relation.name()) {
        assert!(relations.contains(relation), "no case shows `{relation}`");
    }
}

#[test]
fn known_misses_are_still_missed() {
    run(&Guard::new().unwrap(), &Path::new(env!("CARGO_MANIFEST_DIR")).join("data/known-misses.jsonl"), true);
}
