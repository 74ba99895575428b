//! Thresholds and actions: plain data with sane defaults, read from JSON.
//!
//! ```
//! # use twinguard_core::{model::{Decision, Relation}, policy::Policy};
//! let policy = Policy::parse(r#"{"decisions": {"unseen": "warn"}, "must_be_seen": ["refund/account_id"]}"#).unwrap();
//! assert_eq!(policy.decision(Relation::Unseen), Decision::Warn);
//! assert_eq!(policy.decision(Relation::Twin), Decision::Block);
//! assert!(policy.must_be_seen("refund", "/account_id"));
//! ```

use crate::{
    field::words_of_name,
    model::{Decision, Effect, Error, Relation, Source},
};
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use regex::Regex;
use serde::Deserialize;

/// What a session goes by.
#[derive(Clone, Debug)]
pub struct Policy {
    decisions: BTreeMap<Relation, Decision>,
    /// Decisions for calls that change something, or only read, where they differ.
    by_effect: BTreeMap<(Relation, Effect), Decision>,
    sources: BTreeMap<Source, bool>,
    /// Greater chances that a fresh identifier is near a seen one make nearness no evidence.
    pub max_coincidence: f64,
    must_be_seen: Vec<Place>,
    exempt: Vec<Place>,
    effects: Vec<(String, Effect)>,
    /// Kinds the user adds; they go before the built-in ones.
    pub kinds: Vec<CustomKind>,
    /// Whether a verdict carries the arguments with the one unambiguous twin replaced.
    pub repair: bool,
    /// Goes into the ledger's hashes, so that a hostile text cannot aim at their collisions.
    pub seed: u64,
    /// Bounds; what goes beyond one is refused, never cut quietly.
    pub limits: Limits,
}

/// Bounds of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of one observation or of one call's arguments. Default 16 MiB.
    pub text_bytes: usize,
    /// Bytes the ledger may take, about. Default 192 MiB.
    pub ledger_bytes: usize,
    /// Findings in one verdict; the gravest are kept. Default 1000.
    pub findings: usize,
    /// How deep JSON may nest. Default 512.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text_bytes: 16 << 20, ledger_bytes: 192 << 20, findings: 1000, depth: 512 }
    }
}

/// A kind of identifier that the user describes.
#[derive(Clone, Debug)]
pub struct CustomKind {
    /// Its name in findings.
    pub name: String,
    /// Finds it in any text.
    pub pattern: Regex,
    /// Whether letter case is part of it.
    pub case_sensitive: bool,
    /// Characters that do not count when two are compared.
    pub separators: String,
}

impl CustomKind {
    /// The form under which equal identifiers of this kind are equal.
    #[must_use]
    pub fn canonical(&self, text: &str) -> String {
        let kept = text.chars().filter(|&c| !self.separators.contains(c));
        if self.case_sensitive { kept.collect() } else { kept.flat_map(char::to_lowercase).collect() }
    }
}

/// `tool/pointer`, both globs: `refund*/account_id`, `*/items/*/sku`; a tool alone means all of it.
#[derive(Clone, Debug)]
struct Place {
    tool: String,
    pointer: Option<String>,
}

impl Place {
    fn parse(text: &str) -> Self {
        match text.split_once('/') {
            None => Self { tool: text.into(), pointer: None },
            Some((tool, pointer)) => Self { tool: tool.into(), pointer: Some(format!("/{pointer}")) },
        }
    }

    fn holds(&self, tool: &str, pointer: &str) -> bool {
        glob(&self.tool, tool) && self.pointer.as_deref().is_none_or(|pattern| glob(pattern, pointer))
    }
}

/// The JSON form. Outside names stay as they are when the inside changes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    decisions: BTreeMap<String, String>,
    sources: BTreeMap<String, bool>,
    max_coincidence: f64,
    must_be_seen: Vec<String>,
    exempt: Vec<String>,
    effects: BTreeMap<String, String>,
    kinds: Vec<KindDocument>,
    repair: bool,
    seed: u64,
    limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindDocument {
    name: String,
    pattern: String,
    #[serde(default = "yes")]
    case_sensitive: bool,
    #[serde(default)]
    separators: String,
}

const fn yes() -> bool {
    true
}

impl Default for Document {
    fn default() -> Self {
        Self {
            decisions: BTreeMap::new(),
            sources: BTreeMap::new(),
            max_coincidence: 1e-3,
            must_be_seen: Vec::new(),
            exempt: Vec::new(),
            effects: BTreeMap::new(),
            kinds: Vec::new(),
            repair: false,
            seed: 0x7477_696e,
            limits: Limits::default(),
        }
    }
}

/// Keys under `decisions` for a relation in calls with one effect, and their defaults: what a lookup
/// may get wrong, a refund may not.
const BY_EFFECT: &[(&str, Relation, Effect, Decision)] = &[
    ("sibling-in-changes", Relation::Sibling, Effect::Changes, Decision::Ask),
    ("misfield-in-changes", Relation::Misfield, Effect::Changes, Decision::Ask),
    ("crossed-in-reads", Relation::Crossed, Effect::Reads, Decision::Warn),
];
/// A compiled pattern larger than this is refused: it would cost more than the rest of the session.
const LARGEST_PATTERN: usize = 1 << 20;

impl Policy {
    /// Reads a policy; `""` takes the defaults.
    ///
    /// # Errors
    /// [`Error::InvalidPolicy`], naming the key and what is allowed there.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Self::from_document(Document::default());
        }
        let document = serde_json::from_str(text).map_err(|error| Error::InvalidPolicy(format!("{error}")))?;
        Self::from_document(document)
    }

    fn from_document(document: Document) -> Result<Self, Error> {
        let mut policy = Self {
            decisions: BTreeMap::new(),
            by_effect: BTreeMap::new(),
            sources: BTreeMap::new(),
            max_coincidence: document.max_coincidence,
            must_be_seen: document.must_be_seen.iter().map(|text| Place::parse(text)).collect(),
            exempt: document.exempt.iter().map(|text| Place::parse(text)).collect(),
            effects: Vec::new(),
            kinds: Vec::new(),
            repair: document.repair,
            seed: document.seed,
            limits: document.limits,
        };
        if !(0.0..=1.0).contains(&document.max_coincidence) {
            return Err(Error::InvalidPolicy(String::from("`max_coincidence` is a chance from 0 to 1")));
        }
        for (key, value) in &document.decisions {
            let decision = named(Decision::from_name(value), value, "decisions", Decision::ALL.iter().map(|d| d.name()))?;
            if let Some(&(_, relation, effect, _)) = BY_EFFECT.iter().find(|(name, ..)| name == key) {
                policy.by_effect.insert((relation, effect), decision);
                continue;
            }
            let relations = Relation::ALL.iter().map(|r| r.name()).chain(BY_EFFECT.iter().map(|(name, ..)| *name));
            policy.decisions.insert(named(Relation::from_name(key), key, "decisions", relations)?, decision);
        }
        for &(_, relation, effect, default) in BY_EFFECT {
            // Who states a relation's decision means it everywhere.
            let stated = policy.decisions.get(&relation).copied();
            policy.by_effect.entry((relation, effect)).or_insert(stated.unwrap_or(default));
        }
        for (key, &on) in &document.sources {
            let source = named(Source::from_name(key), key, "sources", Source::ALL.iter().map(|s| s.name()))?;
            if source == Source::ToolResult && !on {
                return Err(Error::InvalidPolicy(String::from("`sources`: tool results are always a source; there is nothing to guard without them")));
            }
            policy.sources.insert(source, on);
        }
        for (tool, effect) in document.effects {
            let effect = named(Effect::from_name(&effect), &effect, "effects", Effect::ALL.iter().map(|e| e.name()))?;
            policy.effects.push((tool, effect));
        }
        for kind in document.kinds {
            let pattern = regex::RegexBuilder::new(&kind.pattern)
                .size_limit(LARGEST_PATTERN)
                .build()
                .map_err(|error| Error::InvalidPolicy(format!("`kinds`: pattern of `{}`: {error}", kind.name)))?;
            policy.kinds.push(CustomKind { name: kind.name, pattern, case_sensitive: kind.case_sensitive, separators: kind.separators });
        }
        Ok(policy)
    }

    /// What the policy makes of a relation at full strength.
    #[must_use]
    pub fn decision(&self, relation: Relation) -> Decision {
        self.decisions.get(&relation).copied().unwrap_or_else(|| default_decision(relation))
    }

    /// What it makes of one in a call with this effect.
    #[must_use]
    pub fn decision_in(&self, relation: Relation, effect: Option<Effect>) -> Decision {
        let by_effect = effect.and_then(|effect| self.by_effect.get(&(relation, effect)));
        by_effect.copied().unwrap_or_else(|| self.decision(relation))
    }

    /// Whether texts from this source count.
    #[must_use]
    pub fn trusts(&self, source: Source) -> bool {
        self.sources.get(&source).copied().unwrap_or(true)
    }

    /// Whether an identifier at this place of a call must have been seen.
    #[must_use]
    pub fn must_be_seen(&self, tool: &str, pointer: &str) -> bool {
        self.must_be_seen.iter().any(|place| place.holds(tool, pointer))
    }

    /// Whether this place of a call is not judged at all.
    #[must_use]
    pub fn is_exempt(&self, tool: &str, pointer: &str) -> bool {
        self.exempt.iter().any(|place| place.holds(tool, pointer))
    }

    /// What a tool does to the world, by the policy and then by the verb in its name.
    #[must_use]
    pub fn effect(&self, tool: &str) -> Option<Effect> {
        let stated = self.effects.iter().find(|(pattern, _)| glob(pattern, tool)).map(|&(_, effect)| effect);
        stated.or_else(|| effect_of_name(tool))
    }
}

/// The default of design.md, section 4.
const fn default_decision(relation: Relation) -> Decision {
    match relation {
        Relation::Exact | Relation::Equivalent | Relation::Derived | Relation::Introduced | Relation::Unseen => Decision::Allow,
        Relation::Twin | Relation::Confusable | Relation::Recased | Relation::Truncated | Relation::Reprefixed | Relation::Rounded => Decision::Block,
        Relation::Invalid | Relation::Misfield | Relation::Collision | Relation::Sibling => Decision::Warn,
        Relation::Crossed => Decision::Ask,
    }
}

fn named<T>(found: Option<T>, name: &str, key: &str, allowed: impl Iterator<Item = &'static str>) -> Result<T, Error> {
    found.ok_or_else(|| {
        let allowed: Vec<&str> = allowed.collect();
        Error::InvalidPolicy(format!("`{key}`: `{name}` is none of {}", allowed.join(", ")))
    })
}

const READING_VERBS: &[&str] = &[
    "check", "describe", "explain", "fetch", "find", "get", "grep", "inspect", "list", "look", "lookup", "ls", "open", "query", "read", "retrieve",
    "search", "select", "show", "summarize", "think", "track", "validate", "verify", "view", "calculate",
];
const CHANGING_VERBS: &[&str] = &[
    "add", "apply", "approve", "archive", "assign", "book", "cancel", "charge", "close", "commit", "copy", "create", "delete", "deploy", "disable", "drop",
    "edit", "enable", "exchange", "execute", "grant", "insert", "invite", "issue", "kill", "merge", "modify", "move", "patch", "pay", "post", "publish",
    "push", "put", "refund", "remove", "rename", "replace", "reset", "return", "revoke", "rollback", "send", "set", "stop", "submit", "transfer", "update",
    "upload", "void", "write",
];

fn effect_of_name(tool: &str) -> Option<Effect> {
    words_of_name(tool).find_map(|word| {
        let word = word.to_lowercase();
        let is = |verbs: &[&str]| verbs.contains(&word.as_str());
        if is(CHANGING_VERBS) {
            Some(Effect::Changes)
        } else if is(READING_VERBS) {
            Some(Effect::Reads)
        } else {
            None
        }
    })
}

/// Whether `text` fits `pattern`, in which `*` stands for anything. Linear in practice: after a
/// mismatch only the last star moves.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&expected) if expected == byte => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|&byte| byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        assert!(glob("refund*", "refund_order") && glob("*", "") && glob("/items/*/sku", "/items/0/sku") && glob("*a*b", "xaxaxb"));
        assert!(!glob("refund", "refunds") && !glob("*b", "ba"));
    }

    #[test]
    fn unknown_names_say_what_is_allowed() {
        for (policy, expected) in [
            (r#"{"decisions": {"twins": "block"}}"#, "`twins` is none of exact, equivalent"),
            (r#"{"decisions": {"twin": "stop"}}"#, "`stop` is none of allow, warn, ask, block"),
            (r#"{"sources": {"tool-result": false}}"#, "always a source"),
            (r#"{"nonsense": 1}"#, "unknown field `nonsense`"),
            (r#"{"max_coincidence": 2}"#, "from 0 to 1"),
            (r#"{"kinds": [{"name": "x", "pattern": "("}]}"#, "pattern of `x`"),
        ] {
            let error = Policy::parse(policy).unwrap_err();
            assert!(alloc::format!("{error}").contains(expected), "{policy}: {error}");
        }
    }

    #[test]
    fn effects_come_from_the_policy_then_from_the_verb() {
        let policy = Policy::parse(r#"{"effects": {"get_out": "changes"}}"#).unwrap();
        assert_eq!(policy.effect("get_out"), Some(Effect::Changes));
        assert_eq!(policy.effect("searchCustomer"), Some(Effect::Reads));
        assert_eq!(policy.effect("mcp__crm__delete_account"), Some(Effect::Changes));
        assert_eq!(policy.effect("frobnicate"), None);
    }
}
