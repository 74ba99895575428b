//! Evidence and policy to a judgement: how each mention of a call stands to the ledger, and how
//! much that says in the place where it stands.
//!
//! The order is the argument. What was seen is right, whatever is near it. What is a value a model
//! computes is nobody's twin. Then the slot: where honest values are always seen ones, any near miss
//! is a slip. Only where new names are normal does chance decide.

mod pieces;
mod weigh;

use crate::{
    confusable,
    credential::{self, is_credential, is_secret_field},
    extract::{Mention, Place},
    field::{self, words_of_name},
    introduced::Introduced,
    kind::{Kind, kind_of},
    ledger::Ledger,
    model::{Decision, Effect, Relation},
    policy::Policy,
    record::Doubt,
    seen, shape,
    slot::{Role, Slots},
    twin::{self, Neighbour},
    value::value_of,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
    vec::Vec,
};
use core::{
    cell::{Cell, RefCell},
    ops::Range,
};

/// A seen identifier that says less is in a longer one by accident.
const FEWEST_WRAPPED: f64 = 16.0;

/// What a judgement rests on.
#[derive(Clone, Debug)]
pub struct Context<'s> {
    /// What was observed.
    pub ledger: &'s Ledger,
    /// Values the model wrote first, near to nothing seen.
    pub introduced: &'s Introduced,
    /// Hashes of the secrets that were seen.
    pub secrets: &'s BTreeSet<u64>,
    /// What every argument held so far.
    pub slots: &'s Slots,
    /// Thresholds and actions.
    pub policy: &'s Policy,
    /// The tool that is called.
    pub tool: &'s str,
    /// The words of its name, in small letters.
    pub tool_words: Vec<String>,
    /// What it does.
    pub effect: Option<Effect>,
    /// Families that were asked for, and whether they are dense.
    pub dense: RefCell<BTreeMap<String, bool>>,
    /// Comparisons made so far, as the policy's limit counts them.
    pub compared: Cell<u64>,
}

/// What is known of one identifier of a call.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Byte range in the mention's text.
    pub range: Range<usize>,
    /// As written.
    pub written: String,
    /// Name of its kind: that of its original, for a slip.
    pub kind: String,
    /// How it stands to the ledger.
    pub relation: Relation,
    /// What the policy makes of that here.
    pub decision: Decision,
    /// Chance that an unrelated identifier of this shape has a neighbour this near.
    pub coincidence: f64,
    /// The original, or the originals it may be a slip of.
    pub nearest: Vec<Neighbour>,
    /// The seen spelling, where the relation is to one.
    pub seen: Option<String>,
    /// Why it is doubted although it was seen.
    pub doubt: Option<Doubt>,
    /// It looks like an identifier; words and values are judged but not counted.
    pub counts: bool,
    /// It names what the call makes, and the call may run: from then on it exists.
    pub is_new: bool,
}

impl Judgement {
    /// Whether it stood in a source, in some form. A doubt is about one that did.
    #[must_use]
    pub fn was_seen(&self) -> bool {
        self.doubt.is_some() || matches!(self.relation, Relation::Exact | Relation::Equivalent | Relation::Derived)
    }

    /// What is known of the name of the called tool itself.
    #[must_use]
    pub fn of_tool(written: &str, relation: Relation, decision: Decision, nearest: Vec<Neighbour>) -> Self {
        Self {
            range: 0..written.len(),
            written: written.into(),
            kind: "tool".into(),
            relation,
            decision,
            coincidence: 0.0,
            nearest,
            seen: None,
            doubt: None,
            counts: true,
            is_new: false,
        }
    }
}

impl Context<'_> {
    /// Judges one mention: a judgement for itself, or one for each piece of a path or URL.
    #[must_use]
    pub fn judge(&self, mention: &Mention) -> Vec<Judgement> {
        let text = mention.text.as_str();
        if self.policy.is_exempt(self.tool, &mention.slot) {
            return Vec::new();
        }
        if is_credential(text) || is_secret_field(&mention.field) {
            let relation = if self.secrets.contains(&self.ledger.digest(text)) { Relation::Exact } else { Relation::Unseen };
            let judgement = Judgement {
                written: credential::SHOWN.into(),
                kind: "credential".into(),
                ..self.judgement(mention, 0..text.len(), relation)
            };
            return Vec::from([judgement]);
        }
        let whole = 0..text.len();
        if let Some((relation, seen)) = self.standing(mention, text) {
            return Vec::from([Judgement { seen, ..self.judgement(mention, whole, relation) }]);
        }
        if let Some(rest) = mention.behind_escape() {
            let rest = self.judge(&rest);
            if rest.iter().all(Judgement::was_seen) || rest.iter().any(|judgement| judgement.decision >= Decision::Ask) {
                return rest;
            }
        }
        // A date-time has colons and a sign, and is no path all the same.
        if mention.pieces.len() < 2 || value_of(text).is_some() || matches!(kind_of(text).name, "email" | "ip" | "mac") {
            return Vec::from([self.judge_unseen(mention, whole, mention.place)]);
        }
        self.judge_pieces(mention)
    }

    /// What the policy makes of a relation at this place, at full strength.
    #[must_use]
    pub fn decision(&self, mention: &Mention, relation: Relation) -> Decision {
        self.policy.decision_at(self.tool, &mention.slot, relation, self.effect)
    }

    /// The allowed relations that a look-up alone can tell.
    fn standing(&self, mention: &Mention, text: &str) -> Option<(Relation, Option<String>)> {
        if seen::is_exact(self.ledger, text, mention.place == Place::Whole) {
            return Some((Relation::Exact, Some(text.to_string())));
        }
        if let Some(spelling) = seen::equivalent(self.ledger, text, &self.policy.kinds) {
            return Some((Relation::Equivalent, Some(spelling)));
        }
        let bare = text.trim_start_matches(['#', '@']).trim_end_matches('/');
        (self.introduced.contains(text) || self.introduced.contains(bare)).then_some((Relation::Introduced, None))
    }

    fn nearest(&self, mention: &Mention, text: &str) -> Vec<Neighbour> {
        let is_strict = mention.place == Place::Whole && mention.role == Role::Identifier;
        self.compared.set(self.compared.get().saturating_add(self.ledger.len() as u64));
        twin::nearest(self.ledger, text, &mention.field, is_strict)
    }

    /// Judges a text that was not seen.
    fn judge_unseen(&self, mention: &Mention, range: Range<usize>, place: Place) -> Judgement {
        let text = mention.text.get(range.clone()).unwrap_or_default();
        let plain = self.judgement(mention, range.clone(), Relation::Unseen);
        if self.is_value(mention, text, place) {
            return Judgement { counts: false, decision: Decision::Allow, ..plain };
        }
        let made_of = || {
            seen::short_hash(self.ledger, text).or_else(|| seen::pattern(self.ledger, text)).or_else(|| seen::numbered(self.ledger, text))
        };
        if let Some(seen) = made_of() {
            return Judgement { seen: Some(seen), ..self.judgement(mention, range, Relation::Derived) };
        }
        // In an argument that takes identifiers a slip is likelier than a composition.
        let is_strict = place == Place::Whole && self.takes_identifiers(mention);
        // An address is no composition of others' numbers.
        let wrapped = || if kind_of(text).name == "ip" { None } else { seen::wrapped(self.ledger, text) };
        let derived = || {
            let seen = wrapped();
            let is_joined = seen.is_some() || seen::joined(self.ledger, text);
            is_joined.then(|| Judgement { seen, ..self.judgement(mention, range.clone(), Relation::Derived) })
        };
        // A code that a person typed in small letters, or in short, is itself, however near another one is.
        if let Some(typed) = self.typed_small(text).or_else(|| self.typed_short(text)) {
            return Judgement { seen: Some(typed), ..self.judgement(mention, range, Relation::Equivalent) };
        }
        let nearest = self.nearest(mention, text);
        let is_plain_slip = nearest.first().is_some_and(|best| self.is_plain_slip(text, best, place));
        if !is_strict
            && !is_plain_slip
            && let Some(derived) = derived()
        {
            return derived;
        }
        // Even there: `ORD-450907-capture-1` is made of a whole order number, and not of `ORD-450906-capture`.
        if is_strict
            && let Some(best) = nearest.first().filter(|best| best.relation == Relation::Twin && best.distance > 1)
            && let Some(seen) = wrapped()
            && shape::body(&seen).bits >= FEWEST_WRAPPED
            && !self.ledger.token_text(best.id).contains(&seen)
        {
            return Judgement { seen: Some(seen), ..self.judgement(mention, range, Relation::Derived) };
        }
        if let Some(best) = nearest.first() {
            let (relation, cap) =
                if place == Place::Whole { self.weigh_whole(mention, text, best) } else { self.weigh_inside(mention, text, best, place) };
            return self.slip(mention, range, relation, cap, nearest.clone());
        }
        if let Some(derived) = derived() {
            return derived;
        }
        if let Some(judgement) = self.near_introduced(mention, range.clone(), text) {
            return judgement;
        }
        if self.is_invalid(mention, text) {
            return self.judgement(mention, range, Relation::Invalid);
        }
        plain
    }

    /// Whether a neighbour is so near, and so long, that a composition of seen parts is the less
    /// likely account. Paths and URLs are composed all the time.
    fn is_plain_slip(&self, written: &str, best: &Neighbour, place: Place) -> bool {
        const FEWEST: f64 = 16.0;
        let seen = self.ledger.token_text(best.id);
        if written.contains(' ') && !seen.contains(' ') {
            return true;
        }
        let is_close = best.distance == 1 || matches!(best.relation, Relation::Truncated | Relation::Reprefixed | Relation::Recased);
        let is_composed = matches!(place, Place::Path | Place::Url) && !self.misspells_a_word(written, seen);
        is_close && !is_composed && shape::body(seen).bits >= FEWEST
    }

    /// Whether all parts of a name are those of a seen one but for a word, which was never seen. Another letter case is
    /// chosen on purpose.
    fn misspells_a_word(&self, written: &str, seen: &str) -> bool {
        const SHORTEST: usize = 4;
        fn parts(text: &str) -> Vec<&str> {
            text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect()
        }
        if written.eq_ignore_ascii_case(seen) {
            return false;
        }
        let (written, seen) = (parts(written), parts(seen));
        let mut other = written.iter().zip(&seen).filter(|(a, b)| a != b).map(|(a, _)| *a);
        let is_misspelt = |part: &str| part.len() >= SHORTEST && part.chars().all(char::is_alphabetic) && !self.ledger.contains(part);
        written.len() == seen.len() && other.next().is_some_and(is_misspelt) && other.next().is_none()
    }

    /// Whether `text` is a value that a model may compute or write by itself: nobody's twin.
    fn is_value(&self, mention: &Mention, text: &str, place: Place) -> bool {
        if confusable::mixed_scripts(text) {
            return false;
        }
        let has_digit = text.bytes().any(|b| b.is_ascii_digit());
        let has_letter = text.chars().any(char::is_alphabetic);
        let length = text.chars().count();
        let value = value_of(text).map(|value| value.name);
        if place != Place::Whole {
            // A name without digits is a word, unless it has the look of an address or a table.
            let is_word = !has_digit && !text.contains('@');
            // Four characters are a code where letters and digits alternate (`4XGC`), and else too common.
            return length < 4 || length < 5 && shape::body(text).alphabet == 10 || is_word || value.is_some();
        }
        if mention.role == Role::Quantity && !has_letter {
            return true;
        }
        // One word as a whole text (`pwd`) is still a word of that text.
        if matches!(mention.role, Role::Prose | Role::Code) && !has_digit {
            return true;
        }
        // In an argument that takes identifiers only what nobody numbers things by is a value.
        const PLAIN: &[&str] =
            &["date", "time", "datetime", "quarter", "decimal", "thousands", "percentage", "coordinates", "dimension", "version"];
        match value {
            Some(name) if mention.role == Role::Identifier => PLAIN.contains(&name) && !self.numbers_by(mention, name) || length < 3,
            Some(_) => true,
            None => length < 3,
        }
    }

    /// Whether results have a field of this argument's name whose values look like this sort of value, as the
    /// `9964.859.48` of an `item_id` looks like a version.
    fn numbers_by(&self, mention: &Mention, value: &str) -> bool {
        const MOST_VALUES: usize = 64;
        let words = field::normal(&mention.field);
        !words.is_empty()
            && self.ledger.values_in(&words, MOST_VALUES).any(|standing| value_of(standing.text).is_some_and(|other| other.name == value))
    }

    /// Whether honest values of this argument are always seen ones: by its name or by its history.
    #[must_use]
    pub fn takes_identifiers(&self, mention: &Mention) -> bool {
        let held = self.slots.at(self.tool, &mention.slot);
        let creates = held.seen == 0 && held.new >= 2 || self.creates(mention);
        !creates && (mention.role == Role::Identifier && held.seen >= held.new || held.seen >= 2 && held.new == 0)
    }

    /// Whether the call, by its name, makes the very thing that this argument names: `create_task`
    /// with a `task_id`, `write_file` with a `path`. Its honest values are new ones.
    fn creates(&self, mention: &Mention) -> bool {
        /// Parts of a pointer below which stands something that is there already: `/parent/page_id`.
        const REFERRING: &[&str] = &["parent", "source", "from", "to", "target", "template", "original", "base", "owner", "related"];
        const CREATING: &[&str] = &[
            "create",
            "add",
            "new",
            "register",
            "insert",
            "make",
            "generate",
            "mkdir",
            "init",
            "upload",
            "save",
            "write",
            "import",
            "seed",
            "provision",
        ];
        let refers = |segment: &str| words_of_name(segment).any(|word| REFERRING.contains(&word.to_lowercase().as_str()));
        if mention.slot.split('/').any(refers) {
            return false;
        }
        /// What follows one of these is there already: `add_note_to_incident`.
        const PREPOSITIONS: &[&str] = &["to", "for", "in", "into", "from", "with", "on", "by", "of", "at"];
        let words = &self.tool_words;
        let is = |list: &[&str], word: &String| list.contains(&word.as_str());
        let Some(verb) = words.iter().position(|word| is(CREATING, word)) else { return false };
        let end = words.iter().position(|word| is(PREPOSITIONS, word)).unwrap_or(words.len());
        // What is put into something else was somewhere before.
        if end < words.len() && words.get(verb).is_some_and(|verb| verb == "add") {
            return false;
        }
        // The last noun is what is made: `create_issue_link` makes a link.
        let made = words.get(..end).unwrap_or_default().iter().rfind(|word| !is(CREATING, word));
        let field = field::normal(&mention.field);
        // The `id` in a document that is written names something in it, not the document.
        let is_inside = mention.slot != mention.pointer;
        field.is_empty() && !is_inside || made.is_some_and(|word| field::compatible(&field::normal(word), &field))
    }

    /// One edit from a value the model introduced itself: a slip too, though no source proves it.
    fn near_introduced(&self, mention: &Mention, range: Range<usize>, text: &str) -> Option<Judgement> {
        const FEWEST: f64 = 20.0;
        if shape::body(text).bits < FEWEST {
            return None;
        }
        // What a model made up it also numbers: `capture-2of2` after `capture-1of2`.
        let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let near = self.introduced.near(text).find(|other| letters(text) != letters(other) && !weigh::is_respaced(text, other))?;
        let decision = self.decision(mention, Relation::Twin).min(Decision::Warn);
        Some(Judgement { seen: Some(near.into()), decision, ..self.judgement(mention, range, Relation::Twin) })
    }

    /// Whether the check digits fail. Many numbers look like a card's or a product's, so those only
    /// count where the argument says that it takes one.
    fn is_invalid(&self, mention: &Mention, text: &str) -> bool {
        let kind = kind_of(text);
        let field = mention.field.to_lowercase();
        let is_named = match kind.name {
            "iban" | "lei" | "orcid" | "crypto-address" => true,
            "ean" => ["ean", "gtin", "upc", "barcode"].iter().any(|name| field.contains(name)),
            name => field.contains(name),
        };
        is_named && kind.check.is_some_and(|holds| !holds(text))
    }

    fn slip(&self, mention: &Mention, range: Range<usize>, relation: Relation, cap: Decision, nearest: Vec<Neighbour>) -> Judgement {
        let plain = self.judgement(mention, range, relation);
        let Some(best) = nearest.first() else { return plain };
        let decision = self.decision(mention, relation);
        let original = kind_of(self.ledger.token_text(best.id));
        let coincidence = self.coincidence(&plain.written, best);
        Judgement {
            decision: decision.min(cap),
            kind: self.kind_name(original, self.ledger.token_text(best.id)),
            coincidence,
            nearest,
            counts: true,
            is_new: mention.place == Place::Whole && decision.min(cap) < Decision::Ask && self.creates(mention),
            ..plain
        }
    }

    fn judgement(&self, mention: &Mention, range: Range<usize>, relation: Relation) -> Judgement {
        let written = mention.text.get(range.clone()).unwrap_or_default();
        let kind = kind_of(written);
        let counts = self.counts(mention, written, kind);
        Judgement {
            written: written.into(),
            kind: self.kind_name(kind, written),
            relation,
            // Words and values are no identifiers: nobody has to have seen them.
            decision: if relation == Relation::Unseen && !counts { Decision::Allow } else { self.decision(mention, relation) },
            coincidence: 0.0,
            nearest: Vec::new(),
            seen: None,
            doubt: None,
            counts,
            is_new: false,
            range,
        }
    }

    /// The policy's kinds go before the built-in ones.
    fn kind_name(&self, kind: &Kind, text: &str) -> String {
        let custom = self.policy.kinds.iter().find(|kind| kind.pattern.find(text).is_some_and(|found| found.len() == text.len()));
        custom.map_or_else(|| kind.name.into(), |custom| custom.name.clone())
    }

    /// Whether a text is an identifier rather than a word or a value.
    fn counts(&self, mention: &Mention, text: &str, kind: &Kind) -> bool {
        let has_digit = text.bytes().any(|b| b.is_ascii_digit());
        let is_strict = mention.place == Place::Whole && mention.role == Role::Identifier;
        let is_value = || value_of(text).is_some();
        match kind.name {
            "path" | "file" | "url" if mention.role == Role::Location => true,
            "name" | "token" | "path" | "file" | "domain" | "booking" => is_strict || has_digit && text.len() > 4 && !is_value(),
            "integer" => is_strict || mention.role != Role::Quantity && !is_value(),
            _ => is_strict || !is_value(),
        }
    }
}
