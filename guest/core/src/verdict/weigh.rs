//! How much a near miss says where it stands. Each rule is a row; the first that fits decides.

use super::Context;
use crate::{
    coincidence::chance,
    confusable,
    extract::{Mention, Place},
    kind::kind_of,
    model::{Decision, Relation, Source},
    shape::{self, counter_step, is_dated_step},
    slot::{Held, Role},
    twin::{self, Neighbour},
};
use alloc::{string::String, vec::Vec};

/// Bodies at least this informative are nobody's invention: a near miss in any text is a slip.
const OPAQUE_BITS: f64 = 28.0;
/// Less than this is a counter or a short code.
const FEWEST_BITS: f64 = 8.0;
/// A family in which more than this share of members have a seen neighbour is dense.
const DENSE: f64 = 0.15;
/// Members looked at to measure that.
const DENSITY_SAMPLE: usize = 48;

impl Context<'_> {
    /// How much a near miss says where it is the whole value.
    pub(super) fn weigh_whole(&self, mention: &Mention, written: &str, best: &Neighbour) -> (Relation, Decision) {
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
            // What only a person typed is no record of how it is spelt: `g2qdlg` is filed as `G2QDLG`.
            () if relation == Relation::Recased && is_put_in_capitals(written, seen) && self.is_only_typed(best.id) => {
                (Relation::Equivalent, Decision::Allow)
            }
            () if is_respaced(written, seen) => (Relation::Equivalent, Decision::Allow),
            // `Service` for `service`: a word in another case names the same thing.
            () if relation == Relation::Recased && !has_digit(seen) => (relation, Decision::Allow),
            // `one_way` for `one-way`: so does one with another separator.
            () if is_words(seen) && is_words(written) && letters(written) == letters(seen) => (Relation::Equivalent, Decision::Allow),
            // Nobody puts a space into a name that has none.
            () if written.contains(' ') && written.chars().filter(|c| *c != ' ').eq(seen.chars()) => (relation, Decision::Block),
            () if is_integer && !is_identifier && (written.len() < 6 || relation == Relation::Truncated) => (relation, Decision::Warn),
            // `from: "0x9140…"`: an opaque value is no quantity, whatever the argument is called.
            () if mention.role == Role::Quantity && (bits < OPAQUE_BITS || is_integer) => (relation, Decision::Warn),
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
    pub(super) fn weigh_inside(&self, mention: &Mention, written: &str, best: &Neighbour, place: Place) -> (Relation, Decision) {
        let seen = self.ledger.token_text(best.id);
        let relation = best.relation;
        let bits = shape::body(written).bits.max(shape::body(seen).bits);
        let is_digit = |c: &char| c.is_ascii_digit();
        let is_integer = written.bytes().all(|b| b.is_ascii_digit());
        let same_letters = letters(written) == letters(seen);
        let same_digits = written.chars().filter(is_digit).eq(seen.chars().filter(is_digit));
        match () {
            () if relation == Relation::Confusable && confusable::mixed_scripts(written) => (relation, Decision::Block),
            // People are shown `DE75…6199` on purpose, and `ABC742*` is looked for.
            () if mention.is_masked && matches!(relation, Relation::Truncated | Relation::Sibling) => (Relation::Derived, Decision::Allow),
            // `docker logs f7a7`: commands take the beginning of a hash where it is the only one.
            () if relation == Relation::Truncated
                && mention.place == Place::Code
                && is_hash(written)
                && is_hash(seen)
                && self.ledger.longer(written, 2).len() == 1 =>
            {
                (Relation::Derived, Decision::Allow)
            }
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
                // `test_13977` for `issue-13977`: code names things after numbers it was given.
                || relation == Relation::Reprefixed && mention.place == Place::Code && bits < 24.0
                || bits < FEWEST_BITS =>
            {
                (relation, Decision::Warn)
            }
            () => (relation, Decision::Ask),
        }
    }

    /// Whether no tool, prompt or host ever showed it.
    fn is_only_typed(&self, id: u32) -> bool {
        [Source::ToolResult, Source::SystemPrompt, Source::Host].iter().all(|source| !self.ledger.stood_in(id, *source))
    }

    /// Whether nearness is normal around this seen identifier: it has a seen neighbour itself, or
    /// many of its family have.
    pub(super) fn is_dense(&self, id: u32) -> bool {
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
    pub(super) fn coincidence(&self, written: &str, best: &Neighbour) -> f64 {
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
}

/// Whether a text has the look of a hash, or of its beginning.
fn is_hash(text: &str) -> bool {
    let is_hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_hex && text.len() >= 4 && text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// Whether a code that was typed without the shift key is written as codes are. User names and what
/// is typed in capitals are spelt on purpose.
fn is_put_in_capitals(written: &str, seen: &str) -> bool {
    !written.chars().any(char::is_lowercase) && !seen.chars().any(char::is_uppercase) && !seen.contains('_')
}

/// Whether two numbers differ only in how their groups are set apart: `20-00-01`, `20 00 01` and
/// `200001`. Groups may run together or apart, never elsewhere: `ORD-1-12` is not `ORD-11-2`.
fn is_respaced(written: &str, seen: &str) -> bool {
    const SEPARATORS: [char; 7] = ['-', '_', ' ', '/', ':', '#', '+'];
    let is_address = |text: &str| matches!(kind_of(text).name, "email" | "url" | "path" | "file" | "domain" | "ip");
    let runs = |text: &str| text.split(SEPARATORS).filter(|run| !run.is_empty()).map(str::len).collect::<Vec<_>>();
    let ends = |runs: &[usize]| {
        runs.iter()
            .scan(0, |end, run| {
                *end += run;
                Some(*end)
            })
            .collect::<Vec<usize>>()
    };
    let plain = |text: &str| text.chars().filter(|c| !SEPARATORS.contains(c)).collect::<String>();
    let (a, b) = (ends(&runs(written)), ends(&runs(seen)));
    let (few, many) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    written.bytes().any(|c| c.is_ascii_digit())
        && (!written.contains(' ') || b.len() >= a.len())
        && !is_address(seen)
        && !is_address(written)
        && plain(written) == plain(seen)
        && few.iter().all(|end| many.contains(end))
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
