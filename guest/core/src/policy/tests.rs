use super::*;

#[test]
fn every_mistake_is_told_with_its_place_and_the_way_out() {
    for (policy, expected) in [
        (r#"{"decisions": {"twins": "block"}}"#, &[("/decisions/twins", "unknown key `twins`, did you mean `twin`?")][..]),
        (
            r#"{"decisions": {"twin": "stop"}}"#,
            &[("/decisions/twin", "unknown decision `stop`, expected one of `allow`, `warn`, `ask`, `block`")],
        ),
        (
            r#"{"decisions": {"twin-in-change": "warn"}}"#,
            &[("/decisions/twin-in-change", "unknown key `twin-in-change`, did you mean `twin-in-changes`?")],
        ),
        (r#"{"decisions": "block"}"#, &[("/decisions", "expected a table, found a text")]),
        (
            r#"{"sources": {"tool-result": false}}"#,
            &[("/sources/tool-result", "tool results are always a source; there is nothing to guard without them")],
        ),
        (
            r#"{"sources": {"user": false}}"#,
            &[("/sources/user", "unknown key `user`, expected one of `tool-result`, `user-message`, `system-prompt`, `host`")],
        ),
        (r#"{"max-coincidence": 0.1}"#, &[("/max-coincidence", "unknown key `max-coincidence`, did you mean `max_coincidence`?")]),
        (r#"{"max_coincidence": 2}"#, &[("/max_coincidence", "expected a chance from 0 to 1, found `2`")]),
        (r#"{"kinds": [{"name": "x", "pattern": "("}]}"#, &[("/kinds/0/pattern", "no pattern: unclosed group")]),
        (
            r#"{"kinds": [{"name": "x", "pattern": "[0-9]*"}]}"#,
            &[("/kinds/0/pattern", "it fits the empty text, so it would be found everywhere")],
        ),
        (r#"{"kinds": [{"name": "x"}]}"#, &[("/kinds/0", "`pattern` is missing")]),
        (r#"{"limits": {"findings": 0}}"#, &[("/limits/findings", "expected a whole number from 1 to 1000000, found `0`")]),
        (r#"{"arguments": {"tool": "a"}}"#, &[("/arguments", "expected a list, found a table")]),
        (
            r#"{"arguments": [{"tool": "a"}]}"#,
            &[("/arguments/0", "it says nothing about these arguments; add one of `must_be_seen`, `from`, `exempt`, `decisions`")],
        ),
        (
            r#"{"arguments": [{"argument": "id", "exempt": true}]}"#,
            &[("/arguments/0/argument", "a JSON Pointer begins with `/`, as `/id`; `/**/id` is one at any depth")],
        ),
        (r#"{"effects": {"a/b": "changed"}}"#, &[("/effects/a~1b", "unknown effect `changed`, did you mean `changes`?")]),
        (r#"{"must_be_seen": "refund/account_id"}"#, &[("/must_be_seen", "expected a list, found a text")]),
        (r#"{"exempt": [""]}"#, &[("/exempt/0", "an empty text fits nothing; `*` fits everything")]),
        (
            r#"{"repair": 1, "seed": -1}"#,
            &[
                ("/repair", "expected `true` or `false`, found `1`"),
                ("/seed", "expected a whole number from 0 to 18446744073709551615, found `-1`"),
            ],
        ),
        ("[]", &[("", "expected a table, found a list")]),
        ("{", &[("", "no JSON: EOF while parsing an object at line 1 column 1")]),
    ] {
        let flaws = Policy::read(policy).unwrap_err();
        let found: Vec<(&str, &str)> = flaws.iter().map(|flaw| (flaw.pointer.as_str(), flaw.message.as_str())).collect();
        assert_eq!(found, expected, "{policy}");
    }
}

#[test]
fn a_session_that_is_refused_its_policy_hears_every_mistake() {
    let error = Policy::parse(r#"{"repair": 1, "nonsense": 2}"#).unwrap_err();
    let told = format!("{error}");
    assert!(
        told.starts_with("invalid policy: `/nonsense`: unknown key `nonsense`")
            && told.ends_with("; `/repair`: expected `true` or `false`, found `1`"),
        "{told}"
    );
}

#[test]
fn the_last_table_that_states_something_counts() {
    let policy = Policy::parse(
        r#"{"must_be_seen": ["pay*"], "arguments": [
            {"tool": "pay*", "argument": "/note", "must_be_seen": false, "decisions": {"unseen": "warn"}},
            {"argument": "/**/iban", "from": ["bank.*"], "decisions": {"twin-in-reads": "ask"}},
            {"tool": "pay_self", "argument": "/iban", "from": []}
        ]}"#,
    )
    .unwrap();
    assert!(policy.must_be_seen("pay", "/amount") && !policy.must_be_seen("pay", "/note"));
    assert!(policy.must_be_seen("other", "/to/iban"), "`from` implies it");
    assert!(policy.origins("pay", "/iban").is_some() && policy.origins("pay_self", "/iban").is_none());
    assert_eq!(policy.decision_at("pay", "/note", Relation::Unseen, None), Decision::Warn);
    assert_eq!(policy.decision_at("a", "/iban", Relation::Twin, Some(Effect::Reads)), Decision::Ask);
    assert_eq!(policy.decision_at("a", "/iban", Relation::Twin, Some(Effect::Changes)), Decision::Block);
}

#[test]
fn a_stated_decision_holds_for_every_effect_unless_that_is_stated_too() {
    let changes = Some(Effect::Changes);
    let decision = |text: &str| Policy::parse(text).unwrap().decision_in(Relation::Sibling, changes);
    assert_eq!(decision(""), Decision::Ask);
    assert_eq!(decision(r#"{"decisions": {"sibling": "allow"}}"#), Decision::Allow);
    assert_eq!(decision(r#"{"decisions": {"sibling": "allow", "sibling-in-changes": "block"}}"#), Decision::Block);
    assert_eq!(decision(r#"{"decisions": {"sibling-in-reads": "allow"}}"#), Decision::Ask);
}

#[test]
fn effects_come_from_the_most_specific_pattern_then_from_the_verb() {
    let policy = Policy::parse(r#"{"effects": {"get_out": "changes", "tmp.*": "reads", "tmp.purge*": "changes"}}"#).unwrap();
    assert_eq!(policy.effect("get_out"), Some(Effect::Changes));
    assert_eq!(policy.effect("tmp.write"), Some(Effect::Reads));
    assert_eq!(policy.effect("tmp.purge_all"), Some(Effect::Changes));
    assert_eq!(policy.effect("searchCustomer"), Some(Effect::Reads));
    assert_eq!(policy.effect("mcp__crm__delete_account"), Some(Effect::Changes));
    assert_eq!(policy.effect("frobnicate"), None);
}

#[test]
fn patterns_may_hold_what_people_write() {
    for pattern in [r"\\bINV-\\d{6}\\b", "(?i)inv[^ ]+", r"\\w+\\s.\\S"] {
        let policy = Policy::parse(&format!(r#"{{"kinds": [{{"name": "invoice", "pattern": "{pattern}"}}]}}"#));
        assert!(policy.is_ok(), "{pattern}: {policy:?}");
    }
}
