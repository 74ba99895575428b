//! Evidence and policy to a judgement: how each mention of a call stands to the ledger, and how
//! much that says in the place where it stands.
//!
//! The order is the argument. What was seen is right, whatever is near it. What is a value a model
//! computes is nobody's twin. Then the slot: where honest values are always seen ones, any near miss
//! is a slip. Only where new names are normal does chance decide.

use crate::{
    coincidence::chance,
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
    seen,
    shape::{self, counter_step, is_dated_step},
    slot::{Held, Role, Slots},
    twin::{self, Neighbour},
    value::value_of,
};
use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::Range;

/// What a judgement rests on.
#[derive(Clone, Copy, Debug)]
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
    /// What it does.
    pub effect: Option<Effect>,
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
        }
    }
}

/// Bodies at least this informative are nobody's invention: a near miss in any text is a slip.
const OPAQUE_BITS: f64 = 28.0;
/// Less than this is a counter or a short code.
const FEWEST_BITS: f64 = 8.0;
/// A family in which more than this share of members have a seen neighbour is dense.
const DENSE: f64 = 0.15;
/// Members looked at to measure that.
const DENSITY_SAMPLE: usize = 48;

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
        // A date-time has colons and a sign, and is no path all the same.
        if mention.pieces.len() < 2 || value_of(text).is_some() || kind_of(text).name == "email" {
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
        self.introduced.contains(text).then_some((Relation::Introduced, None))
    }

    /// A path or URL that was never seen as a whole: by its pieces.
    fn judge_pieces(&self, mention: &Mention) -> Vec<Judgement> {
        let text = mention.text.as_str();
        let place = match () {
            () if text.contains("://") => Place::Url,
            () if text.contains(['/', '\\']) => Place::Path,
            () if mention.place == Place::Whole => Place::Prose,
            () => mention.place,
        };
        let mut judgements: Vec<Judgement> = Vec::new();
        for range in &mention.pieces {
            let piece = text.get(range.clone()).unwrap_or_default();
            let standing =
                if piece.len() < 2 { Some((Relation::Exact, None)) } else { self.standing(&Mention { place, ..mention.clone() }, piece) };
            match standing {
                Some((relation, seen)) => judgements.push(Judgement { seen, ..self.judgement(mention, range.clone(), relation) }),
                None => {
                    let judgement = self.judge_unseen(mention, range.clone(), place);
                    let named = self.misnamed_folder(mention, range.clone());
                    judgements.push(named.filter(|named| named.decision > judgement.decision).unwrap_or(judgement));
                }
            }
        }
        if judgements.iter().any(|judgement| judgement.decision > Decision::Allow) {
            judgements.retain(|judgement| judgement.decision > Decision::Allow);
            // Where the whole value is a slip of one whole seen value, say that: it is what the
            // reader has to put back.
            if mention.place == Place::Whole
                && let Some(judgement) = judgements.iter().max_by_key(|judgement| judgement.decision)
                && let Some(original) = self.nearest(mention, text).first()
                && matches!(original.relation, Relation::Twin | Relation::Confusable | Relation::Recased | Relation::Truncated)
            {
                let nearest = self.nearest(mention, text);
                return Vec::from([Judgement {
                    range: 0..text.len(),
                    written: text.into(),
                    nearest,
                    kind: kind_of(text).name.into(),
                    ..judgement.clone()
                }]);
            }
            return judgements;
        }
        let all_seen = judgements.iter().all(|judgement| judgement.relation != Relation::Unseen);
        let relation = if all_seen { Relation::Derived } else { Relation::Unseen };
        Vec::from([self.judgement(mention, 0..text.len(), relation)])
    }

    /// A piece of a path that is one or two letters off one that was seen in the very same folder.
    /// Folders are used, files are created: a folder counts more than the last piece, and the last
    /// piece counts only where the call reads it.
    fn misnamed_folder(&self, mention: &Mention, range: Range<usize>) -> Option<Judgement> {
        const SHORTEST_NAME: usize = 5;
        let text = mention.text.as_str();
        let piece = text.get(range.clone())?;
        let before = text.get(..range.start)?;
        if !text.contains('/') || piece.chars().count() < SHORTEST_NAME || value_of(piece).is_some() {
            return None;
        }
        let is_last = range.end == text.len();
        let nearest: Vec<Neighbour> = self
            .nearest(mention, piece)
            .into_iter()
            .filter(|neighbour| {
                let seen = self.ledger.token_text(neighbour.id);
                let after = text.get(range.end..).unwrap_or_default();
                // Under the same parent, or with the same rest of the path behind it.
                let is_placed = !before.is_empty() && self.ledger.contains(&[before, seen].concat())
                    || after.len() > 1 && self.ledger.contains(&[before, seen, after].concat());
                // A file that is read must be there, and a listing names it without its folder.
                let is_read =
                    is_last && self.effect == Some(Effect::Reads) && kind_of(seen).name == "file" && kind_of(piece).name == "file";
                let is_placed = is_placed || is_read && piece.len() >= 8;
                let is_slip = neighbour.distance as usize * 4 <= piece.len()
                    || neighbour.relation == Relation::Truncated && !is_last && !before.is_empty();
                is_slip && is_placed && counter_step(piece, seen).is_none() && !is_dated_step(piece, seen)
            })
            .collect();
        let best = nearest.first()?;
        let cap = match (is_last, self.effect) {
            (false, _) if mention.place == Place::Whole => Decision::Block,
            (false, _) => Decision::Ask,
            (true, Some(Effect::Reads)) => Decision::Ask,
            (true, _) => Decision::Warn,
        };
        Some(self.slip(mention, range, best.relation, cap, nearest.clone()))
    }

    fn nearest(&self, mention: &Mention, text: &str) -> Vec<Neighbour> {
        let is_strict = mention.place == Place::Whole && mention.role == Role::Identifier;
        twin::nearest(self.ledger, text, &mention.field, is_strict)
    }

    /// Judges a text that was not seen.
    fn judge_unseen(&self, mention: &Mention, range: Range<usize>, place: Place) -> Judgement {
        let text = mention.text.get(range.clone()).unwrap_or_default();
        let plain = self.judgement(mention, range.clone(), Relation::Unseen);
        if self.is_value(mention, text, place) {
            return Judgement { counts: false, decision: Decision::Allow, ..plain };
        }
        if let Some(seen) = seen::short_hash(self.ledger, text) {
            return Judgement { seen: Some(seen), ..self.judgement(mention, range, Relation::Derived) };
        }
        // In an argument that takes identifiers a slip is likelier than a composition.
        let is_strict = place == Place::Whole && self.takes_identifiers(mention);
        let derived = || {
            let seen = seen::wrapped(self.ledger, text);
            let is_joined = seen.is_some() || seen::joined(self.ledger, text);
            is_joined.then(|| Judgement { seen, ..self.judgement(mention, range.clone(), Relation::Derived) })
        };
        let nearest = self.nearest(mention, text);
        let is_plain_slip = nearest.first().is_some_and(|best| self.is_plain_slip(text, best, place));
        if !is_strict
            && !is_plain_slip
            && let Some(derived) = derived()
        {
            return derived;
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
        is_close && !matches!(place, Place::Path | Place::Url) && shape::body(seen).bits >= FEWEST
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
            return length < 4 || length < 5 && !has_letter || is_word || value.is_some();
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
            Some(name) if mention.role == Role::Identifier => PLAIN.contains(&name) || length < 3,
            Some(_) => true,
            None => length < 3,
        }
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
            "bulk",
            "batch",
            "seed",
            "provision",
        ];
        let words: Vec<String> = words_of_name(self.tool).map(str::to_lowercase).collect();
        let made: Vec<&String> = words.iter().filter(|word| !CREATING.contains(&word.as_str())).collect();
        let field = field::normal(&mention.field);
        made.len() < words.len() && (field.is_empty() || made.iter().any(|word| field::compatible(&field::normal(word), &field)))
    }

    /// How much a near miss says where it is the whole value.
    fn weigh_whole(&self, mention: &Mention, written: &str, best: &Neighbour) -> (Relation, Decision) {
        let seen = self.ledger.token_text(best.id);
        let is_identifier = mention.role == Role::Identifier;
        let held = self.slots.at(self.tool, &mention.slot);
        let named = self.slots.named(&mention.field);
        let relation = best.relation;
        let bits = shape::body(written).bits.max(shape::body(seen).bits);
        let has_digit = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
        let is_integer = written.bytes().all(|b| b.is_ascii_digit());
        let all_seen = |held: Held| held.seen >= 2 && held.new == 0;
        match () {
            () if relation == Relation::Confusable => (relation, Decision::Block),
            // `Service` for `service`: a word in another case names the same thing.
            () if relation == Relation::Recased && !has_digit(seen) => (relation, Decision::Allow),
            // `one_way` for `one-way`: so does one with another separator.
            () if is_words(seen) && is_words(written) && letters(written) == letters(seen) => (Relation::Equivalent, Decision::Allow),
            // Nobody puts a space into a name that has none.
            () if written.contains(' ') && written.chars().filter(|c| *c != ' ').eq(seen.chars()) => (relation, Decision::Block),
            () if is_integer && !is_identifier && (written.len() < 6 || relation == Relation::Truncated) => (relation, Decision::Warn),
            () if mention.role == Role::Quantity => (relation, Decision::Warn),
            () if self.creates(mention) => {
                (if counter_step(written, seen).is_some() { Relation::Sibling } else { relation }, Decision::Warn)
            }
            // An argument that creates: its values have been new ones.
            () if held.new > 0 && held.new >= held.seen && (!is_identifier || held.seen == 0 && held.new >= 2) => {
                (relation, Decision::Warn)
            }
            () if counter_step(written, seen).is_some() && !is_identifier && held == Held::default() && bits < OPAQUE_BITS => {
                (Relation::Sibling, Decision::Warn)
            }
            () if all_seen(held) || is_identifier && all_seen(named) => (relation, Decision::Block),
            () if is_identifier => (relation, Decision::Block),
            // An address is somebody's, whatever the argument is called.
            () if kind_of(seen).name == "email" && kind_of(written).name == "email" && counter_step(written, seen).is_none() => {
                (relation, Decision::Block)
            }
            () if !has_digit(seen) && !has_digit(written) => (relation, Decision::Warn),
            () if self.is_dense(best.id) => (Relation::Sibling, Decision::Block),
            () if bits < FEWEST_BITS + 1.0 && self.coincidence(written, best) > self.policy.max_coincidence => {
                (Relation::Sibling, Decision::Block)
            }
            () if matches!(mention.role, Role::Prose | Role::Code) => self.weigh_inside(mention, written, best, Place::Prose),
            () => (relation, Decision::Block),
        }
    }

    /// How much a near miss says inside a longer text.
    fn weigh_inside(&self, mention: &Mention, written: &str, best: &Neighbour, place: Place) -> (Relation, Decision) {
        let seen = self.ledger.token_text(best.id);
        let relation = best.relation;
        let bits = shape::body(written).bits.max(shape::body(seen).bits);
        let is_digit = |c: &char| c.is_ascii_digit();
        let is_integer = written.bytes().all(|b| b.is_ascii_digit());
        let same_letters = letters(written) == letters(seen);
        let same_digits = written.chars().filter(is_digit).eq(seen.chars().filter(is_digit));
        match () {
            () if relation == Relation::Confusable && confusable::mixed_scripts(written) => (relation, Decision::Block),
            // A name that carries a date or a version is written by rule.
            () if is_dated_step(written, seen) => (Relation::Sibling, Decision::Allow),
            // The next file of a series is a new file.
            () if counter_step(written, seen).is_some()
                && (matches!(place, Place::Path | Place::Url) || kind_of(written).name == "file") =>
            {
                (Relation::Sibling, Decision::Allow)
            }
            // `item_2` beside `item_1`: source text numbers its own names.
            () if counter_step(written, seen).is_some()
                && mention.place == Place::Code
                && bits - shape::body(seen).word_bits < FEWEST_BITS =>
            {
                (Relation::Sibling, Decision::Allow)
            }
            () if counter_step(written, seen).is_some() => (Relation::Sibling, Decision::Warn),
            () if place == Place::Url && best.distance > 1 => (relation, Decision::Warn),
            () if is_integer && written.len() < 7 => (relation, Decision::Warn),
            // Local names stand beside field names: `minVal`, `min_val`.
            () if mention.place == Place::Code && same_letters && same_digits && bits < OPAQUE_BITS => (relation, Decision::Allow),
            () if bits >= OPAQUE_BITS && !self.is_dense(best.id) => (relation, Decision::Block),
            () if relation == Relation::Twin && best.distance == 1 && same_digits && written.len() >= 7 && !is_plural(written, seen) => {
                (relation, Decision::Ask)
            }
            () if self.is_dense(best.id) => (Relation::Sibling, Decision::Warn),
            () if self.coincidence(written, best) > self.policy.max_coincidence && bits < 16.0 => (Relation::Sibling, Decision::Warn),
            () if relation == Relation::Twin && best.distance > 1 && bits < 14.0
                || relation == Relation::Truncated && (written.len() < 6 || bits < 12.0)
                || written.len() < 5
                || relation == Relation::Reprefixed && bits < 16.0
                || bits < FEWEST_BITS =>
            {
                (relation, Decision::Warn)
            }
            () => (relation, Decision::Ask),
        }
    }

    /// Whether nearness is normal around this seen identifier: it has a seen neighbour itself, or
    /// many of its family have.
    fn is_dense(&self, id: u32) -> bool {
        self.has_neighbour(id, "") || self.is_dense_around(id, "")
    }

    /// Whether many members of this identifier's family have a seen neighbour, `except` not counted.
    #[must_use]
    pub fn is_dense_around(&self, id: u32, except: &str) -> bool {
        let members = self.ledger.family(&shape::family(self.ledger.token_text(id)));
        let step = members.len().div_ceil(DENSITY_SAMPLE).max(1);
        let sample: Vec<u32> = members.iter().copied().step_by(step).filter(|&member| self.ledger.token_text(member) != except).collect();
        let dense = sample.iter().filter(|&&member| self.has_neighbour(member, except)).count();
        // Lossless: a sample has at most a few dozen members.
        sample.len() > 3 && dense as f64 > DENSE * sample.len() as f64
    }

    fn has_neighbour(&self, id: u32, except: &str) -> bool {
        let text = self.ledger.token_text(id);
        let family = shape::family(text);
        let is_neighbour = |other: &str| other != except && shape::family(other) == family;
        self.ledger.near(text, 1).iter().any(|near| near.id != id && near.distance > 0 && is_neighbour(self.ledger.token_text(near.id)))
    }

    /// Chance that an unrelated fresh identifier of this shape is this near to a seen one: among
    /// those with the same words in them, and with words that happen to agree.
    fn coincidence(&self, written: &str, best: &Neighbour) -> f64 {
        let seen = self.ledger.token_text(best.id);
        let body = shape::body(seen);
        if body.length == 0 {
            return 1.0; // nothing in it is random
        }
        let frame = shape::frame(seen);
        let members = self.ledger.family(&shape::family(seen));
        let rivals = members.iter().filter(|&&id| shape::frame(self.ledger.token_text(id)) == frame).count().max(1);
        let limit = match best.relation {
            Relation::Twin => best.distance.min(3),
            _ => twin::edit_limit(written.chars().count()),
        };
        chance(rivals as u64, body.alphabet, body.length, limit) * libm::exp2(-body.word_bits)
    }

    /// One edit from a value the model introduced itself: a slip too, though no source proves it.
    fn near_introduced(&self, mention: &Mention, range: Range<usize>, text: &str) -> Option<Judgement> {
        const FEWEST: f64 = 20.0;
        if shape::body(text).bits < FEWEST {
            return None;
        }
        let near = self.introduced.near(text).find(|other| counter_step(text, other).is_none())?;
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
        let is_value = value_of(text).is_some();
        match kind.name {
            "path" | "file" | "url" if mention.role == Role::Location => true,
            "name" | "token" | "path" | "file" | "domain" | "booking" => (has_digit && text.len() > 4 && !is_value) || is_strict,
            "integer" => is_strict || (!is_value && mention.role != Role::Quantity),
            _ => !is_value || is_strict,
        }
    }
}

/// Whether a text is words alone, however they are joined.
fn is_words(text: &str) -> bool {
    text.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | '-' | ' '))
}

/// The letters of a name, case and separators dropped.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// Whether the two differ by a plural or past ending: a word a sentence bends.
fn is_plural(written: &str, seen: &str) -> bool {
    let (short, long) = if written.len() < seen.len() { (written, seen) } else { (seen, written) };
    long.strip_prefix(short).is_some_and(|ending| matches!(ending, "s" | "es" | "d" | "ed"))
}
