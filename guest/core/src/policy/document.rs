//! The JSON form of a policy. Outside names stay as they are when the inside changes.

use super::{
    Argument, CustomKind, Decisions, Limits, Origins, Policy,
    argument::Place,
    reading::{At, Flaw, Part, Reading},
};
use crate::model::{Decision, Effect, Relation, Source};
use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use serde_json::Value;

/// The keys of a policy. `$schema` is for editors.
const KEYS: &[&str] = &[
    "decisions",
    "arguments",
    "must_be_seen",
    "exempt",
    "effects",
    "sources",
    "kinds",
    "repair",
    "max_coincidence",
    "limits",
    "seed",
    "$schema",
];
/// The keys of one of `arguments`.
const OF_ARGUMENT: &[&str] = &["tool", "argument", "must_be_seen", "from", "exempt", "decisions"];
/// The keys of one of `kinds`.
const OF_KIND: &[&str] = &["name", "pattern", "case_sensitive", "separators"];
/// The bounds of the bounds. The ledger counts bytes in 32 bits; a verdict without findings would
/// allow everything.
const OF_LIMITS: &[(&str, u64)] =
    &[("text_bytes", 1 << 30), ("ledger_bytes", 1 << 31), ("findings", 1_000_000), ("depth", 100_000), ("comparisons", 1 << 40)];
/// A compiled pattern larger than this is refused: it would cost more than the rest of the session.
const LARGEST_PATTERN: usize = 1 << 20;

const DEFAULT_MAX_COINCIDENCE: f64 = 1e-3;
const DEFAULT_SEED: u64 = 0x7477_696e;

/// Reads a policy; an empty text takes the defaults.
pub(super) fn read(text: &str) -> Result<Policy, Vec<Flaw>> {
    let parsed = if text.trim().is_empty() { Ok(Value::Object(serde_json::Map::new())) } else { serde_json::from_str(text) };
    let value =
        parsed.map_err(|error| Vec::from([Flaw { pointer: String::new(), part: Part::Value, message: format!("no JSON: {error}") }]))?;
    let mut reading = Reading::default();
    let policy = policy(&mut reading, &At { value: &value, pointer: String::new() });
    if reading.flaws.is_empty() { Ok(policy) } else { Err(reading.flaws) }
}

fn policy(reading: &mut Reading, at: &At<'_>) -> Policy {
    let mut policy = Policy {
        decisions: Decisions::default(),
        sources: BTreeMap::new(),
        max_coincidence: DEFAULT_MAX_COINCIDENCE,
        arguments: Vec::new(),
        effects: Vec::new(),
        kinds: Vec::new(),
        repair: false,
        seed: DEFAULT_SEED,
        limits: Limits::default(),
    };
    let mut tables = Vec::new();
    for (key, at) in reading.members(at, KEYS) {
        match key {
            "decisions" => policy.decisions = decisions(reading, &at),
            "arguments" => tables = reading.items(&at).iter().map(|table| argument(reading, table)).collect(),
            "must_be_seen" => {
                policy.arguments.extend(short_forms(reading, &at).map(|short| Argument { must_be_seen: Some(true), ..short }))
            }
            "exempt" => policy.arguments.extend(short_forms(reading, &at).map(|short| Argument { exempt: Some(true), ..short })),
            "effects" => policy.effects = effects(reading, &at),
            "sources" => policy.sources = sources(reading, &at),
            "kinds" => policy.kinds = reading.items(&at).iter().filter_map(|table| kind(reading, table)).collect(),
            "repair" => policy.repair = reading.flag(&at).unwrap_or_default(),
            "max_coincidence" => policy.max_coincidence = reading.chance(&at).unwrap_or_default(),
            "seed" => policy.seed = reading.whole_number(&at, 0, u64::MAX).unwrap_or_default(),
            "limits" => limits(reading, &at, &mut policy.limits),
            _ => {}
        }
    }
    // What is written out comes after the short forms, so it has the last word.
    policy.arguments.extend(tables);
    policy.decisions.complete();
    policy
}

/// `…-in-changes` and `…-in-reads`: for calls with one effect.
fn relation(key: &str) -> Option<(Relation, Option<Effect>)> {
    let of_effect = Effect::ALL.iter().find_map(|&effect| Some((key.strip_suffix(effect.name())?.strip_suffix("-in-")?, Some(effect))));
    let (name, effect) = of_effect.unwrap_or((key, None));
    Some((Relation::from_name(name)?, effect))
}

fn decisions(reading: &mut Reading, at: &At<'_>) -> Decisions {
    let variants = |suffix: &'static str| Relation::ALL.iter().map(move |relation| format!("{relation}{suffix}"));
    let plain: Vec<String> = variants("").collect();
    let of_effects: Vec<String> = variants("-in-changes").chain(variants("-in-reads")).collect();
    let mut decisions = Decisions::default();
    for (key, at) in reading.table(at) {
        // Who wrote a variant meant one.
        let known: Vec<&str> = if key.contains("-in-") { &of_effects } else { &plain }.iter().map(String::as_str).collect();
        let found = reading.key(&at, key, relation, &known);
        let decision = reading.name(&at, "decision", Decision::from_name, &names(Decision::ALL, Decision::name));
        match (found, decision) {
            (Some((relation, Some(effect))), Some(decision)) => drop(decisions.by_effect.insert((relation, effect), decision)),
            (Some((relation, None)), Some(decision)) => drop(decisions.plain.insert(relation, decision)),
            _ => {}
        }
    }
    decisions
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|&one| name(one)).collect()
}

fn short_forms(reading: &mut Reading, at: &At<'_>) -> impl Iterator<Item = Argument> {
    let blank = |text: String| Argument {
        place: Place::parse(&text),
        must_be_seen: None,
        from: None,
        exempt: None,
        decisions: Decisions::default(),
    };
    reading.texts(at).into_iter().map(blank)
}

fn argument(reading: &mut Reading, table: &At<'_>) -> Argument {
    let (mut tool, mut pointer) = ("*", "");
    let (mut must_be_seen, mut from, mut exempt, mut of_relations) = (None, None, None, Decisions::default());
    let members = reading.members(table, OF_ARGUMENT);
    let says_something = members.iter().any(|(key, _)| !matches!(*key, "tool" | "argument"));
    for (key, at) in members {
        match key {
            "tool" => tool = reading.nonempty(&at).unwrap_or(tool),
            "argument" => {
                pointer = reading.text(&at).unwrap_or(pointer);
                if !pointer.is_empty() && !pointer.starts_with('/') {
                    reading.flaw(&at, format!("a JSON Pointer begins with `/`, as `/{pointer}`; `/**/{pointer}` is one at any depth"));
                }
            }
            "must_be_seen" => must_be_seen = reading.flag(&at),
            "from" => from = Some(Origins::new(reading.texts(&at))),
            "exempt" => exempt = reading.flag(&at),
            "decisions" => of_relations = decisions(reading, &at),
            _ => {}
        }
    }
    if !says_something && table.value.is_object() {
        reading.flaw(
            table,
            format!("it says nothing about these arguments; add one of `{}`", OF_ARGUMENT.get(2..).unwrap_or_default().join("`, `")),
        );
    }
    Argument { place: Place::new(tool, pointer), must_be_seen, from, exempt, decisions: of_relations }
}

/// The most specific pattern first: `get_*` before `*`.
fn effects(reading: &mut Reading, at: &At<'_>) -> Vec<(String, Effect)> {
    let mut effects = Vec::new();
    for (tool, at) in reading.table(at) {
        if let Some(effect) = reading.name(&at, "effect", Effect::from_name, &names(Effect::ALL, Effect::name)) {
            effects.push((tool.to_owned(), effect));
        }
    }
    effects.sort_by_key(|(tool, _)| core::cmp::Reverse(tool.bytes().filter(|&byte| byte != b'*').count()));
    effects
}

fn sources(reading: &mut Reading, at: &At<'_>) -> BTreeMap<Source, bool> {
    let mut sources = BTreeMap::new();
    for (key, at) in reading.table(at) {
        let source = reading.key(&at, key, Source::from_name, &names(Source::ALL, Source::name));
        let is_on = reading.flag(&at);
        match (source, is_on) {
            (Some(Source::ToolResult), Some(false)) => {
                reading.flaw(&at, String::from("tool results are always a source; there is nothing to guard without them"))
            }
            // What is on anyway is not kept.
            (Some(source), Some(false)) => drop(sources.insert(source, false)),
            _ => {}
        }
    }
    sources
}

fn kind(reading: &mut Reading, table: &At<'_>) -> Option<CustomKind> {
    let (mut name, mut pattern, mut case_sensitive, mut separators) = (None, None, true, "");
    let members = reading.members(table, OF_KIND);
    for key in OF_KIND.get(..2).unwrap_or_default() {
        if !members.iter().any(|(found, _)| found == key) {
            reading.missing(table, key);
        }
    }
    for (key, at) in members {
        match key {
            "name" => name = reading.nonempty(&at),
            "pattern" => pattern = self::pattern(reading, &at),
            "case_sensitive" => case_sensitive = reading.flag(&at).unwrap_or_default(),
            "separators" => separators = reading.text(&at).unwrap_or_default(),
            _ => {}
        }
    }
    Some(CustomKind { name: name?.to_owned(), pattern: pattern?, case_sensitive, separators: separators.to_owned() })
}

fn pattern(reading: &mut Reading, at: &At<'_>) -> Option<regex::Regex> {
    let text = reading.text(at)?;
    let built = regex::RegexBuilder::new(text).size_limit(LARGEST_PATTERN).build();
    match built {
        Ok(pattern) if pattern.is_match("") => reading.flaw(at, String::from("it fits the empty text, so it would be found everywhere")),
        Ok(pattern) => return Some(pattern),
        // A syntax error draws the pattern over several lines; its last one says what is wrong.
        Err(error) => {
            let told = error.to_string();
            let cause = told.lines().last().unwrap_or_default();
            reading.flaw(at, format!("no pattern: {}", cause.strip_prefix("error: ").unwrap_or(cause)));
        }
    }
    None
}

fn limits(reading: &mut Reading, at: &At<'_>, limits: &mut Limits) {
    let keys: Vec<&str> = OF_LIMITS.iter().map(|(key, _)| *key).collect();
    for (key, at) in reading.members(at, &keys) {
        let most = OF_LIMITS.iter().find(|(name, _)| *name == key).map_or(0, |(_, most)| *most);
        let Some(number) = reading.whole_number(&at, 1, most) else { continue };
        let count = usize::try_from(number).unwrap_or(usize::MAX);
        match key {
            "text_bytes" => limits.text_bytes = count,
            "ledger_bytes" => limits.ledger_bytes = count,
            "findings" => limits.findings = count,
            "depth" => limits.depth = count,
            _ => limits.comparisons = number,
        }
    }
}
