//! Thresholds and actions: plain data with sane defaults, read from JSON.
//!
//! `docs/policy.md` explains every key.
//!
//! ```
//! # use twinguard_core::{model::{Decision, Relation}, policy::Policy};
//! let policy = Policy::parse(r#"{
//!     "decisions": {"unseen": "warn"},
//!     "arguments": [{"tool": "refund*", "argument": "/account_id", "from": ["crm.*"]}]
//! }"#).unwrap();
//! assert_eq!(policy.decision(Relation::Unseen), Decision::Warn);
//! assert_eq!(policy.decision(Relation::Twin), Decision::Block);
//! assert!(policy.must_be_seen("refund_order", "/account_id"));
//! ```

mod argument;
mod document;
mod effect;
mod reading;

pub use argument::Origins;
pub use reading::{Flaw, Part};

use crate::model::{Decision, Effect, Error, Relation, Source};
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use argument::{Argument, glob};
use regex::Regex;

/// What a session goes by.
#[derive(Clone, Debug)]
pub struct Policy {
    decisions: Decisions,
    sources: BTreeMap<Source, bool>,
    /// Greater chances that a fresh identifier is near a seen one make nearness no evidence.
    pub max_coincidence: f64,
    /// In the order of the policy: of those that fit an argument, the last that states something
    /// about it counts.
    arguments: Vec<Argument>,
    /// The most specific pattern first.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one observation or of one call's arguments. Default 16 MiB.
    pub text_bytes: usize,
    /// Bytes the ledger may take, about. Default 192 MiB.
    pub ledger_bytes: usize,
    /// Findings in one verdict; the gravest are kept. Default 1000.
    pub findings: usize,
    /// How deep JSON may nest. Default 512.
    pub depth: usize,
    /// Comparisons of a call's new names with seen ones, all seen ones counted for each. Default four thousand
    /// million, a few seconds.
    pub comparisons: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text_bytes: 16 << 20, ledger_bytes: 192 << 20, findings: 1000, depth: 512, comparisons: 4_000_000_000 }
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

/// What is made of each relation.
#[derive(Clone, Debug, Default)]
struct Decisions {
    plain: BTreeMap<Relation, Decision>,
    /// For calls that change something, or only read, where they differ.
    by_effect: BTreeMap<(Relation, Effect), Decision>,
}

impl Decisions {
    fn get(&self, relation: Relation, effect: Option<Effect>) -> Option<Decision> {
        let by_effect = effect.and_then(|effect| self.by_effect.get(&(relation, effect)));
        by_effect.or_else(|| self.plain.get(&relation)).copied()
    }

    /// Adds the defaults of what is not stated. Who states a relation's decision means it for every
    /// call.
    fn complete(&mut self) {
        for &(relation, effect, default) in BY_EFFECT {
            if !self.plain.contains_key(&relation) {
                self.by_effect.entry((relation, effect)).or_insert(default);
            }
        }
        for &relation in Relation::ALL {
            self.plain.entry(relation).or_insert_with(|| default_decision(relation));
        }
        // A variant that says what holds anyway says nothing.
        let Self { plain, by_effect } = self;
        by_effect.retain(|(relation, _), decision| plain.get(relation) != Some(decision));
    }
}

/// What a relation is worth where no policy says otherwise; docs/policy.md explains each.
const fn default_decision(relation: Relation) -> Decision {
    match relation {
        Relation::Exact | Relation::Equivalent | Relation::Derived | Relation::Introduced | Relation::Unseen => Decision::Allow,
        Relation::Twin | Relation::Confusable | Relation::Recased | Relation::Truncated | Relation::Reprefixed | Relation::Rounded => {
            Decision::Block
        }
        Relation::Invalid | Relation::Misfield | Relation::Collision | Relation::Sibling => Decision::Warn,
        Relation::Crossed => Decision::Ask,
    }
}

/// Where the default depends on what the call does: what a lookup may get wrong, a refund may not.
const BY_EFFECT: &[(Relation, Effect, Decision)] = &[
    (Relation::Sibling, Effect::Changes, Decision::Ask),
    (Relation::Misfield, Effect::Changes, Decision::Ask),
    (Relation::Crossed, Effect::Reads, Decision::Warn),
    (Relation::Collision, Effect::Reads, Decision::Allow),
];

impl Policy {
    /// Reads a policy; `""` takes the defaults.
    ///
    /// # Errors
    /// [`Error::InvalidPolicy`], naming the key and what is allowed there.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).map_err(|flaws| {
            let told: Vec<String> = flaws
                .iter()
                .map(|flaw| if flaw.pointer.is_empty() { flaw.message.clone() } else { format!("`{}`: {}", flaw.pointer, flaw.message) })
                .collect();
            Error::InvalidPolicy(told.join("; "))
        })
    }

    /// As [`Policy::parse`], with every mistake and its place.
    ///
    /// # Errors
    /// The mistakes, in the order of the text where that is known; at least one.
    ///
    /// ```
    /// # use twinguard_core::policy::Policy;
    /// let flaws = Policy::read(r#"{"decisions": {"twins": "block"}}"#).unwrap_err();
    /// assert_eq!(flaws[0].pointer, "/decisions/twins");
    /// assert_eq!(flaws[0].message, "unknown key `twins`, did you mean `twin`?");
    /// ```
    pub fn read(text: &str) -> Result<Self, Vec<Flaw>> {
        document::read(text)
    }

    /// What the policy makes of a relation at full strength.
    #[must_use]
    pub fn decision(&self, relation: Relation) -> Decision {
        self.decision_in(relation, None)
    }

    /// What it makes of one in a call with this effect.
    #[must_use]
    pub fn decision_in(&self, relation: Relation, effect: Option<Effect>) -> Decision {
        self.decisions.get(relation, effect).unwrap_or_else(|| default_decision(relation))
    }

    /// What it makes of one at this place of a call.
    #[must_use]
    pub fn decision_at(&self, tool: &str, pointer: &str, relation: Relation, effect: Option<Effect>) -> Decision {
        self.stated_at(tool, pointer, relation, effect).unwrap_or_else(|| self.decision_in(relation, effect))
    }

    /// What it says of a relation at this place in particular.
    #[must_use]
    pub fn stated_at(&self, tool: &str, pointer: &str, relation: Relation, effect: Option<Effect>) -> Option<Decision> {
        self.stated(tool, pointer, |argument| argument.decisions.get(relation, effect))
    }

    /// Whether texts from this source count.
    #[must_use]
    pub fn trusts(&self, source: Source) -> bool {
        self.sources.get(&source).copied().unwrap_or(true)
    }

    /// Whether an identifier at this place of a call must have been seen.
    #[must_use]
    pub fn must_be_seen(&self, tool: &str, pointer: &str) -> bool {
        self.origins(tool, pointer).is_some() || self.stated(tool, pointer, |argument| argument.must_be_seen).unwrap_or(false)
    }

    /// Where an identifier at this place of a call must have been seen, if the policy cares.
    #[must_use]
    pub fn origins(&self, tool: &str, pointer: &str) -> Option<&Origins> {
        self.stated(tool, pointer, |argument| argument.from.as_ref()).filter(|from| !from.is_empty())
    }

    /// Whether any argument's identifiers must come from somewhere.
    #[must_use]
    pub fn asks_where_from(&self) -> bool {
        self.arguments.iter().any(|argument| argument.from.is_some())
    }

    /// Whether this place of a call is not judged at all.
    #[must_use]
    pub fn is_exempt(&self, tool: &str, pointer: &str) -> bool {
        self.stated(tool, pointer, |argument| argument.exempt).unwrap_or(false)
    }

    /// What a tool does to the world, by the policy and then by the verb in its name.
    #[must_use]
    pub fn effect(&self, tool: &str) -> Option<Effect> {
        let stated = self.effects.iter().find(|(pattern, _)| glob(pattern, tool)).map(|&(_, effect)| effect);
        stated.or_else(|| effect::of_name(tool))
    }

    fn stated<'p, T>(&'p self, tool: &str, pointer: &str, key: impl Fn(&'p Argument) -> Option<T>) -> Option<T> {
        self.arguments.iter().rev().filter(|argument| argument.place.holds(tool, pointer)).find_map(key)
    }
}

#[cfg(test)]
mod tests;
