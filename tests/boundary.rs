//! The component as a host meets it: it imports nothing, its limits hold, and whatever goes wrong
//! is a verdict that blocks. (That it judges as the native core does, `sessions.rs` sees to.)
#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use std::thread;
use twinguard::guard::COMPONENT;
use twinguard::{Decision, Error, Guard, Limits, Observation, OnFailure, Relation, Session, Source, ToolCall};

fn result(content: impl Into<String>) -> Observation {
    Observation {
        source: Source::ToolResult,
        tool: Some("search_customer".into()),
        call_id: None,
        content: content.into(),
        incomplete: false,
    }
}

fn refund(account: &str) -> ToolCall {
    let arguments = format!(r#"{{"account_id":"{account}"}}"#);
    ToolCall { tool: "refund".into(), call_id: None, arguments, effect: None }
}

const ACCOUNT: &str = r#"{"accounts":[{"id":"acct_7H9j3kQ2","name":"Ada"}]}"#;
const SEEN: &str = "acct_7H9j3kQ2";
const TWIN: &str = "acct_7H9j2kQ2";

/// Identifiers of 22 bytes each, no two alike.
fn identifiers(count: u64) -> String {
    (1..=count).map(|n| format!("acct_{:016x}\n", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect()
}

/// Nearly a megabyte of them.
fn many_identifiers() -> String {
    identifiers(40_000)
}

/// A session that fails at its next large text.
fn starved(limits: Limits) -> Session {
    let mut session = Guard::with(limits).unwrap().session("").unwrap();
    session.observe(&result(ACCOUNT)).unwrap();
    assert_eq!(session.check(&refund(SEEN)).decision, Decision::Allow);
    session
}

fn little_fuel() -> Limits {
    Limits { fuel: 50_000_000, fuel_per_byte: 0, ..Limits::default() }
}

fn little_memory() -> Limits {
    Limits { memory_bytes: 6 << 20, ..Limits::default() }
}

#[test]
fn the_component_imports_nothing_and_exports_one_interface() {
    let surface = twinguard_guest_build::surface(COMPONENT).unwrap();
    assert!(surface.imports.is_empty(), "{:?}", surface.imports);
    assert_eq!(surface.exports, ["twinguard:guard/guard@0.1.0"]);
}

#[test]
fn a_twin_is_blocked_through_the_boundary() {
    let mut session = Guard::new().unwrap().session("").unwrap();
    let observed = session.observe(&result(ACCOUNT)).unwrap();
    assert!(observed.new >= 1 && !observed.incomplete);
    assert_eq!(session.check(&refund(SEEN)).decision, Decision::Allow);
    let verdict = session.check(&refund(TWIN));
    assert_eq!(verdict.decision, Decision::Block);
    let finding = verdict.findings.first().unwrap();
    assert_eq!((finding.relation, finding.pointer.as_str(), finding.span.clone()), (Relation::Twin, "/account_id", 0..13));
    let nearest = finding.nearest.first().unwrap();
    assert_eq!((nearest.value.as_str(), nearest.distance), (SEEN, 1));
    let sighting = nearest.seen_in.first().unwrap();
    assert_eq!((sighting.source, sighting.turn, sighting.pointer.as_str()), (Source::ToolResult, 0, "/accounts/0/id"));
    assert!(session.identify(ACCOUNT).unwrap().iter().any(|found| found.text == SEEN && found.relation == Relation::Exact));
    assert!(session.check_text(&format!("The refund goes to {TWIN}.")).decision > Decision::Allow);
}

#[test]
fn out_of_fuel_blocks_now_and_ever_after() {
    stays_blocked(starved(little_fuel()), "out of fuel");
}

#[test]
fn out_of_memory_blocks_now_and_ever_after() {
    stays_blocked(starved(little_memory()), "out of memory");
}

fn stays_blocked(mut session: Session, why: &str) {
    let error = session.observe(&result(many_identifiers())).unwrap_err();
    assert!(matches!(error, Error::Failed(_)), "{error}");
    assert!(session.poisoned().unwrap().contains(why), "{error}");
    // Whatever is asked from here on, even what was fine before, the answer is the same.
    for _ in 0..2 {
        let verdict = session.check(&refund(SEEN));
        assert_eq!(verdict.decision, Decision::Block);
        assert!(verdict.message.contains(why), "{}", verdict.message);
        assert_eq!(session.check_text("nothing of interest").decision, Decision::Block);
    }
    assert!(matches!(session.observe(&result(ACCOUNT)), Err(Error::Failed(_))));
    assert!(matches!(session.identify(SEEN), Err(Error::Failed(_))));
    assert!(matches!(session.snapshot(), Err(Error::Failed(_))));
    drop(session); // does not panic either
}

#[test]
fn a_check_that_fails_is_itself_a_blocked_verdict() {
    let mut session = starved(little_fuel());
    let verdict = session.check(&ToolCall { arguments: many_identifiers(), ..refund(SEEN) });
    assert_eq!(verdict.decision, Decision::Block);
    assert!(verdict.message.contains("raise `Limits::fuel`"), "{}", verdict.message);
    assert!(session.poisoned().is_some());
}

#[test]
fn a_failed_guard_lets_calls_pass_only_where_that_was_chosen() {
    let mut session = starved(Limits { on_failure: OnFailure::Allow, ..little_fuel() });
    session.observe(&result(many_identifiers())).unwrap_err();
    let verdict = session.check(&refund(TWIN));
    assert_eq!(verdict.decision, Decision::Allow);
    assert!(verdict.message.contains("did not check") && verdict.message.contains("out of fuel"), "{}", verdict.message);
    assert!(session.poisoned().is_some());
}

#[test]
fn limits_too_small_to_open_a_session_are_an_error() {
    let open = |limits| Guard::with(limits).unwrap().session("").map(drop);
    let unfuelled = open(Limits { fuel: 1, ..Limits::default() }).unwrap_err();
    assert!(matches!(&unfuelled, Error::Failed(why) if why.contains("out of fuel")), "{unfuelled}");
    let homeless = open(Limits { memory_bytes: 1 << 16, ..Limits::default() }).unwrap_err();
    assert!(matches!(&homeless, Error::Failed(why) if why.contains("out of memory")), "{homeless}");
}

#[test]
fn a_text_beyond_the_limit_is_refused_and_never_forgotten() {
    let guard = Guard::with(Limits { text_bytes: 1000, ..Limits::default() }).unwrap();
    let mut session = guard.session("").unwrap();
    session.observe(&result(ACCOUNT)).unwrap();
    let before = session.check(&refund(SEEN));
    assert!(!before.message.contains("incomplete"), "{}", before.message);

    let error = session.observe(&result("x".repeat(1001))).unwrap_err();
    assert!(matches!(&error, Error::LimitExceeded(why) if why.contains("Limits::text_bytes")), "{error}");
    assert_eq!(session.poisoned(), None);
    for account in [SEEN, TWIN] {
        let verdict = session.check(&refund(account));
        assert!(verdict.message.contains("incomplete"), "{}", verdict.message);
    }
    assert!(session.check_text("done").message.contains("incomplete"));
}

#[test]
fn a_text_beyond_the_policys_limit_is_refused_and_never_forgotten() {
    let mut session = Guard::new().unwrap().session(r#"{"limits":{"text_bytes":1000}}"#).unwrap();
    let error = session.observe(&result("x".repeat(1001))).unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error}");
    assert_eq!(session.poisoned(), None);
    let verdict = session.check(&refund(SEEN));
    assert!(verdict.message.contains("incomplete"), "{}", verdict.message);
}

#[test]
fn a_call_beyond_the_limit_must_not_run_whatever_was_chosen_for_failures() {
    for on_failure in [OnFailure::Block, OnFailure::Allow] {
        let guard = Guard::with(Limits { text_bytes: 1000, on_failure, ..Limits::default() }).unwrap();
        let mut session = guard.session("").unwrap();
        let verdict = session.check(&refund(&"x".repeat(1001)));
        assert_eq!(verdict.decision, Decision::Block);
        assert!(verdict.message.contains("Limits::text_bytes"), "{}", verdict.message);
        assert_eq!(session.poisoned(), None);
        assert_eq!(session.check(&refund(SEEN)).decision, Decision::Allow);
    }
}

#[test]
fn the_default_limits_are_enough_for_the_largest_text() {
    let guard = Guard::new().unwrap();
    let mut session = guard.session("").unwrap();
    let most = guard.limits().text_bytes;
    session.observe(&result(identifiers(u64::try_from(most / 22).unwrap()))).unwrap();
    session.observe(&result(ACCOUNT)).unwrap();
    assert_eq!(session.check(&refund(TWIN)).decision, Decision::Block);
    assert_eq!(session.poisoned(), None);
    let snapshot = session.snapshot().unwrap();
    let mut restored = guard.restore("", &snapshot).unwrap();
    assert_eq!(restored.check(&refund(TWIN)).decision, Decision::Block);
    assert_eq!(restored.poisoned(), None);
}

#[test]
fn a_bad_policy_is_an_error_and_not_a_trap() {
    let guard = Guard::new().unwrap();
    for policy in ["{", "7", r#"{"no_such_setting":1}"#] {
        assert!(matches!(guard.session(policy), Err(Error::InvalidPolicy(_))), "{policy}");
        assert!(matches!(guard.check_once(policy, &[], &refund(SEEN)), Err(Error::InvalidPolicy(_))), "{policy}");
    }
}

#[test]
fn a_damaged_snapshot_is_an_error_and_not_a_trap() {
    let guard = Guard::new().unwrap();
    let mut session = guard.session("").unwrap();
    session.observe(&result(ACCOUNT)).unwrap();
    let whole = session.snapshot().unwrap();
    let cut = whole.get(..whole.len() / 2).unwrap();
    for snapshot in [&[][..], b"not a snapshot", cut] {
        assert!(matches!(guard.restore("", snapshot), Err(Error::InvalidSnapshot(_))), "{snapshot:?}");
    }
}

#[test]
fn a_snapshot_continues_the_session() {
    let guard = Guard::new().unwrap();
    let mut session = guard.session("").unwrap();
    session.observe(&result(ACCOUNT)).unwrap();
    let snapshot = session.snapshot().unwrap();
    let mut restored = guard.restore("", &snapshot).unwrap();
    assert_eq!(restored.snapshot().unwrap(), snapshot);
    for account in [SEEN, TWIN] {
        assert_eq!(restored.check(&refund(account)), session.check(&refund(account)));
    }
    assert_eq!(restored.snapshot().unwrap(), session.snapshot().unwrap());
}

#[test]
fn a_snapshot_remembers_that_a_text_was_refused() {
    let guard = Guard::with(Limits { text_bytes: 1000, ..Limits::default() }).unwrap();
    let mut session = guard.session("").unwrap();
    session.observe(&result(ACCOUNT)).unwrap();
    let complete = session.snapshot().unwrap();
    session.observe(&result("x".repeat(1001))).unwrap_err();
    let incomplete = session.snapshot().unwrap();
    let finding = |snapshot: &[u8]| guard.restore("", snapshot).unwrap().check(&refund(TWIN)).message;
    assert_ne!(finding(&complete), finding(&incomplete));
}

#[test]
fn sessions_do_not_see_each_other() {
    let guard = Guard::new().unwrap();
    let mut informed = guard.session("").unwrap();
    let mut empty = guard.clone().session("").unwrap();
    informed.observe(&result(ACCOUNT)).unwrap();
    assert_eq!(informed.check(&refund(TWIN)).decision, Decision::Block);
    let verdict = empty.check(&refund(TWIN));
    assert_eq!(verdict.decision, Decision::Allow);
    assert!(verdict.findings.iter().all(|finding| finding.relation == Relation::Unseen), "{verdict:?}");
}

#[test]
fn a_poisoned_session_leaves_the_others_alone() {
    let guard = Guard::with(little_fuel()).unwrap();
    let (mut failing, mut sound) = (guard.session("").unwrap(), guard.session("").unwrap());
    failing.observe(&result(many_identifiers())).unwrap_err();
    sound.observe(&result(ACCOUNT)).unwrap();
    assert_eq!(sound.check(&refund(SEEN)).decision, Decision::Allow);
    assert_eq!(sound.poisoned(), None);
}

#[test]
fn check_once_says_what_a_session_says() {
    let guard = Guard::new().unwrap();
    for account in [SEEN, TWIN] {
        let mut session = guard.session("").unwrap();
        session.observe(&result(ACCOUNT)).unwrap();
        let once = guard.check_once("", &[result(ACCOUNT)], &refund(account)).unwrap();
        assert_eq!(once, session.check(&refund(account)));
    }
}

#[test]
fn a_session_moves_between_threads_and_many_run_at_once() {
    fn is_send<T: Send>(_: &T) {}
    let guard = Guard::new().unwrap();
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let mut session = guard.session("").unwrap();
            is_send(&session);
            thread::spawn(move || {
                let (seen, twin) = (format!("acct_{n}H9j3kQ2"), format!("acct_{n}H9j2kQ2"));
                session.observe(&result(format!(r#"{{"id":"{seen}"}}"#))).unwrap();
                (session.check(&refund(&seen)).decision, session.check(&refund(&twin)).decision)
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("the thread ends"), (Decision::Allow, Decision::Block));
    }
}

#[test]
fn the_same_conversation_takes_the_same_fuel_and_gives_the_same_answers() {
    // To the unit: the least fuel that is enough for one run is enough for every run.
    let enough = |fuel| {
        let guard = Guard::with(Limits { fuel, fuel_per_byte: 0, ..Limits::default() }).unwrap();
        let mut session = guard.session("").ok()?;
        session.observe(&result(ACCOUNT)).ok()?;
        let verdict = session.check(&refund(TWIN));
        session.poisoned().is_none().then_some(verdict)
    };
    let (mut too_little, mut least) = (0_u64, 1_u64 << 30);
    while least - too_little > 1 {
        let middle = too_little.midpoint(least);
        if enough(middle).is_some() { least = middle } else { too_little = middle }
    }
    for _ in 0..3 {
        assert_eq!(enough(least), enough(1 << 30));
        assert_eq!(enough(too_little), None);
    }
}
