//! Whole conversations, on every implementation: the native core, the core carried through a
//! snapshot at every step, and the component. `cases.rs` says what a case file looks like.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use std::{collections::BTreeSet, path::Path};
use twinguard::Guard;
use twinguard_core::{
    model::{Decision, Error, Finding, Observation, Relation, ToolCall, Verdict},
    session::Session,
};
use twinguard_tests::cases::{self, Expect, Step};

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

/// The host library's session: of the component, or of the core it has linked.
struct Hosted(twinguard::Session);

impl Implementation for Hosted {
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
    let mut case = String::new();
    let mut sessions: Vec<(&str, Box<dyn Implementation>)> = Vec::new();
    let mut relations = BTreeSet::new();
    for line in cases::read(path).unwrap_or_else(|why| panic!("{why}")) {
        let place = |case: &str, implementation: &str| format!("{}:{}: {case} ({implementation})", path.display(), line.number);
        if let Step::Begin { case: name, reason, policy } = &line.step {
            case.clone_from(name);
            assert_eq!(reason.is_some(), wants_reason, "{}: a known miss, and only that, gives its reason", place(&case, "-"));
            let native = || Session::open(policy).unwrap_or_else(|error| panic!("{}: {error}", place(&case, "native")));
            sessions = vec![
                ("native", Box::new(Native(native()))),
                ("carried", Box::new(Carried { policy: policy.clone(), bytes: native().snapshot() })),
                ("component", Box::new(Hosted(guard.session(policy).unwrap()))),
                ("linked", Box::new(Hosted(Guard::linked().session(policy).unwrap()))),
            ];
        }
        let mut verdicts: Vec<Verdict> = Vec::new();
        for (name, session) in &mut sessions {
            let (verdict, expect) = match &line.step {
                Step::Begin { .. } => continue,
                Step::Observe(what) => {
                    session.observe(what);
                    continue;
                }
                Step::Check(call, expect) => (session.check(call), expect),
                Step::CheckText(text, expect) => (session.check_text(text), expect),
            };
            judge(&place(&case, name), expect, &verdict);
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
    let mut relations = BTreeSet::new();
    for file in cases::sessions().unwrap() {
        relations.extend(run(&guard, &file, false));
    }
    for relation in Relation::ALL.iter().map(|relation| relation.name()) {
        assert!(relations.contains(relation), "no case shows `{relation}`");
    }
}

#[test]
fn known_misses_are_still_missed() {
    run(&Guard::new().unwrap(), &cases::known_misses(), true);
}
