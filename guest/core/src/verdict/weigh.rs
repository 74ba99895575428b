//! How much a near miss says where it stands. Each rule is a row; the first that fits decides.

use super::Context;
use crate::{
    coincidence::chance,
    columns::Near,
    confusable,
    extract::{Mention, Place},
    kind::kind_of,
    model::{Decision, Effect, Relation, Source},
    seen::SHORT_HASH,
    series,
    shape::{self, counter_step, is_dated_step, is_other_format},
    slot::{Held, Role},
    twin::{self, Neighbour},
};
use alloc::{collections::BTreeSet, string::String, vec::Vec};

/// Bodies at least this informative are nobody's invention: a near miss in any text is a slip.
const OPAQUE_BITS: f64 = 28.0;
/// The first group of a UUID, by which people call it.
const LONGEST_OF_UUID: usize = 8;
/// Less than this is a counter or a short code.
const FEWEST_BITS: f64 = 8.0;
/// Shorter names come in any letter case.
const SHORTEST_CASED: usize = 5;
/// A number in a message that says less than this is a count as often as a name.
const FEWEST_TOLD: f64 = 15.0;
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
        let is_sentence_word = |text: &str| text.trim_start_matches('$').chars().all(char::is_alphabetic);
        match () {
            () if relation == Relation::Confusable => (relation, Decision::Block),
            // What only a person typed is no record of how it is spelt: `g2qdlg` is filed as `G2QDLG`.
            () if relation == Relation::Recased && self.is_only_typed(best.id) && is_put_in_capitals(written, seen) => {
                (Relation::Equivalent, Decision::Allow)
            }
            // A test called `A1c` is looked up as `a1c`.
            () if relation == Relation::Recased && !is_identifier && written.len() < SHORTEST_CASED => (relation, Decision::Allow),
            // `deals` where a result has `dealstage`, `Closed` where a person said `close`.
            () if !is_identifier && is_sentence_word(written) && is_sentence_word(seen) => (relation, Decision::Allow),
            () if series::is_completed(self.ledger, written, seen) => (Relation::Derived, Decision::Allow),
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
            () if relation == Relation::Twin && self.creates(mention) && series::is_next(self.ledger, written, seen) => {
                (Relation::Sibling, Decision::Allow)
            }
            // Whoever asks for a record gives it its name: what differs from that is a slip, too. And nobody makes up a
            // name of many random characters that is so near to a seen one.
            () if self.creates(mention)
                && !is_renumbered(written, seen)
                && (self.ledger.stood_in(best.id, Source::UserMessage)
                    || bits >= OPAQUE_BITS && differs_in_body(written, seen) && !self.is_dense(written, best)) =>
            {
                (relation, Decision::Block)
            }
            () if self.creates(mention) => {
                (if counter_step(written, seen).is_some() { Relation::Sibling } else { relation }, Decision::Warn)
            }
            // Ticket after ticket is looked up, whether or not anybody listed them.
            () if relation == Relation::Twin
                && self.effect == Some(Effect::Reads)
                && self.slots.last(self.tool, &mention.slot).is_some_and(|last| series::is_step(written, last)) =>
            {
                (Relation::Sibling, Decision::Warn)
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
            () if self.is_dense(written, best) => (Relation::Sibling, Decision::Block),
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
        // Nobody tells a person about a member of a series that was never shown, the next one apart.
        let in_series = if mention.place == Place::Prose && bits >= FEWEST_TOLD { Decision::Ask } else { Decision::Warn };
        match () {
            () if relation == Relation::Confusable && confusable::mixed_scripts(written) => (relation, Decision::Block),
            // People are shown `DE75…6199` on purpose, and `ABC742*` is looked for.
            () if mention.is_masked && (mention.place == Place::Code || matches!(relation, Relation::Truncated | Relation::Sibling)) => {
                (Relation::Derived, Decision::Allow)
            }
            () if series::is_completed(self.ledger, written, seen) => (Relation::Derived, Decision::Allow),
            () if is_respaced(written, seen) => (Relation::Equivalent, Decision::Allow),
            // `docker logs f7a7`: commands take the beginning of a hash where it is the only one.
            () if relation == Relation::Truncated
                && mention.place == Place::Code
                && is_hash(written)
                && written.len() <= *SHORT_HASH.end()
                && (is_hash(seen) || kind_of(seen).name == "uuid" && written.len() <= LONGEST_OF_UUID && !mention.is_quoted)
                && self.ledger.longer(written, 2).len() == 1 =>
            {
                (Relation::Derived, Decision::Allow)
            }
            // `startswith("PF4K2")`: what several share is looked for, or told apart by.
            () if relation == Relation::Truncated && mention.place == Place::Code && self.is_shared_beginning(written) => match () {
                () if mention.is_sought => (Relation::Derived, Decision::Allow),
                () if mention.is_quoted => (relation, Decision::Ask),
                () => (relation, Decision::Warn),
            },
            // `evt_3` is how all of them begin.
            () if relation == Relation::Truncated && shape::body(written).bits < FEWEST_BITS => (relation, Decision::Warn),
            // A name that carries a date or a version is written by rule.
            () if is_dated_step(written, seen) => (Relation::Sibling, Decision::Allow),
            // The next file of a series is a new file.
            () if counter_step(written, seen).is_some()
                && (matches!(place, Place::Path | Place::Url) || kind_of(written).name == "file")
                && kind_of(written).name != "ip" =>
            {
                (Relation::Sibling, Decision::Allow)
            }
            // `webhooks.ts` beside `webhooks.js`: the source of the one, a program made the other.
            () if is_other_format(written, seen) => (Relation::Sibling, Decision::Allow),
            // `ADR-043` after `ADR-042`: who writes of the next one is about to make it.
            () if relation == Relation::Twin && series::is_next(self.ledger, written, seen) => (Relation::Sibling, Decision::Allow),
            // `item_2` beside `item_1`: source text numbers its own names.
            () if counter_step(written, seen).is_some()
                && mention.place == Place::Code
                && bits - shape::body(seen).word_bits < FEWEST_BITS =>
            {
                (Relation::Sibling, Decision::Allow)
            }
            () if counter_step(written, seen).is_some() => (Relation::Sibling, in_series),
            () if place == Place::Url && best.distance > 1 => (relation, Decision::Warn),
            () if is_integer && written.len() < 7 => (relation, Decision::Warn),
            // Local names stand beside field names: `minVal`, `min_val`.
            () if mention.place == Place::Code && same_letters && same_digits && bits < OPAQUE_BITS && !is_misspelt_code(written, seen) => {
                (relation, Decision::Allow)
            }
            () if bits >= OPAQUE_BITS && !self.is_dense(written, best) => (relation, Decision::Block),
            // `eu-west-1a` beside `eu-west-1`: a name of its own is made of the other.
            () if is_extended(written, seen) && bits < OPAQUE_BITS => (Relation::Sibling, Decision::Warn),
            () if relation == Relation::Twin && best.distance == 1 && same_digits && written.len() >= 7 && !is_plural(written, seen) => {
                (relation, Decision::Ask)
            }
            () if self.is_dense(written, best) => (Relation::Sibling, in_series),
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

    /// What a person typed in small letters, and nobody else showed, when `written` is that in capitals.
    pub(super) fn typed_small(&self, written: &str) -> Option<String> {
        let small = written.to_lowercase();
        let id = self.ledger.exact(&small).filter(|&id| small != written && self.is_only_typed(id))?;
        is_put_in_capitals(written, self.ledger.token_text(id)).then_some(small)
    }

    /// What a person typed, and nobody else showed, when `written` is that in full, as a system writes it:
    /// `SO-2024-004371` for `so-4371`.
    pub(super) fn typed_short(&self, written: &str) -> Option<String> {
        const SHORTEST: usize = 3;
        const MOST_PLACES: usize = 8;
        /// Between two ways to write in full what was given in short.
        const MOST_ADDED: u32 = 4;
        let number = shape::runs(written).filter_map(|(_, run)| significant(run)).last().filter(|number| number.len() >= SHORTEST)?;
        let is_typed = |around: &&str| self.ledger.exact(around).is_some_and(|id| self.is_only_typed(id)) && is_short_for(around, written);
        // `E4469`, in which the number touches a letter, is no place of 4469.
        let (head, tail) = written.split_at_checked(written.rfind(number)?)?;
        let short = [head.trim_end_matches('0'), tail].concat();
        let touching = [short.to_lowercase(), short];
        let touching = touching.iter().map(String::as_str).find(is_typed).map(String::from);
        let typed = touching.or_else(|| self.ledger.surroundings(number).take(MOST_PLACES).find(is_typed).map(Into::into))?;
        // Where the full form was shown, that is how it is written.
        let is_shown =
            |near: &Near| near.distance > 0 && !self.is_only_typed(near.id) && is_short_for(&typed, self.ledger.token_text(near.id));
        (!self.ledger.near(written, MOST_ADDED).iter().any(is_shown)).then_some(typed)
    }

    /// Whether several seen identifiers begin with this text and go on differently.
    fn is_shared_beginning(&self, written: &str) -> bool {
        const MOST: usize = 16;
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let tails = self.ledger.longer(written, MOST).into_iter().filter_map(|id| {
            let tail = self.ledger.token_text(id).get(written.len()..)?;
            tail.split(|c| !is_inside(c)).next().filter(|tail| !tail.is_empty())
        });
        let tails: Vec<&str> = tails.collect();
        tails.iter().any(|a| tails.iter().any(|b| !a.starts_with(b) && !b.starts_with(a)))
    }

    /// Whether no tool, prompt or host ever showed it.
    fn is_only_typed(&self, id: u32) -> bool {
        [Source::ToolResult, Source::SystemPrompt, Source::Host].iter().all(|source| !self.ledger.stood_in(id, *source))
    }

    /// Whether `written` may be one more member of a series in which nearness is normal: the neighbour has
    /// a seen neighbour itself, or many of its family have. What lost or gained a character, or changed
    /// its letter case, is no member, unless others of that very form are.
    pub(super) fn is_dense(&self, written: &str, best: &Neighbour) -> bool {
        let seen = self.ledger.token_text(best.id);
        let (family, frame) = (shape::family(written), shape::frame(written));
        let is_alike = |id: &u32| *id != best.id && shape::frame(self.ledger.token_text(*id)) == frame;
        let is_member = best.relation != Relation::Recased
            && (family == shape::family(seen) && frame == shape::frame(seen) || self.ledger.family(&family).iter().any(is_alike));
        is_member && (self.has_neighbour(best.id, "") || self.is_dense_around(best.id, ""))
    }

    /// Whether many members of this identifier's family have a seen neighbour, `except` not counted.
    #[must_use]
    pub fn is_dense_around(&self, id: u32, except: &str) -> bool {
        let family = shape::family(self.ledger.token_text(id));
        // Nobody else can hold it: nothing that is called meanwhile comes back here.
        let known = self.dense.try_borrow().ok().filter(|_| except.is_empty()).and_then(|dense| dense.get(&family).copied());
        if let Some(known) = known {
            return known;
        }
        let members = self.ledger.family(&family);
        let step = members.len().div_ceil(DENSITY_SAMPLE).max(1);
        let sample: Vec<u32> = members.iter().copied().step_by(step).filter(|&member| self.ledger.token_text(member) != except).collect();
        let dense = sample.iter().filter(|&&member| self.has_neighbour(member, except)).count();
        // Lossless: a sample has at most a few dozen members.
        let is_dense = sample.len() > 3 && dense as f64 > DENSE * sample.len() as f64;
        if except.is_empty()
            && let Ok(mut dense) = self.dense.try_borrow_mut()
        {
            dense.insert(family, is_dense);
        }
        is_dense
    }

    fn has_neighbour(&self, id: u32, except: &str) -> bool {
        let text = self.ledger.token_text(id);
        let family = shape::family(text);
        let is_neighbour = |other: &str| other != except && shape::family(other) == family;
        self.ledger.near(text, 1).iter().any(|near| near.id != id && near.distance > 0 && is_neighbour(self.ledger.token_text(near.id)))
    }

    /// Whether two seen identifiers are too near each other to be so by accident. Numbers that a register
    /// counts up are near by design: they are padded (`0084839`), or counted by the year (`2024-134`).
    #[must_use]
    pub fn is_no_accident(&self, text: &str, best: &Neighbour) -> bool {
        /// Of so many, all that they share at the start is no part of what tells them apart.
        const ENOUGH: usize = 3;
        let body = shape::body(text);
        let members: Vec<&str> = self.ledger.family(&shape::family(text)).iter().map(|&id| self.ledger.token_text(id)).collect();
        let mut runs = text.split(|c: char| !c.is_ascii_digit());
        if body.alphabet == 10 && runs.any(|run| run.len() > 1 && run.starts_with('0') || shape::is_year(run)) {
            return false;
        }
        let shared = members.iter().map(|other| shape::shared_ends(text, other).0).min().unwrap_or_default();
        let shared = if members.len() < ENOUGH {
            0
        } else {
            text.get(..shared)
                .unwrap_or_default()
                .bytes()
                .filter(|b| b.is_ascii_digit() || body.alphabet > 10 && b.is_ascii_alphanumeric())
                .count()
        };
        let length = body.length.saturating_sub(u32::try_from(shared).unwrap_or(u32::MAX));
        // Of two that were both shown one is the right one most of the time, so this asks for more.
        const STRICTER: f64 = 0.1;
        chance(members.len() as u64, body.alphabet, length, best.distance) <= self.policy.max_coincidence * STRICTER
    }

    /// Chance that an unrelated fresh identifier of this shape is this near to a seen one: among
    /// those with the same words in them, and with words that happen to agree.
    pub(super) fn coincidence(&self, written: &str, best: &Neighbour) -> f64 {
        let seen = self.ledger.token_text(best.id);
        let body = shape::body(seen);
        if body.length == 0 {
            return 1.0; // nothing in it is random
        }
        let rivals = self.ledger.framed(&shape::family(seen), &shape::frame(seen)).max(1);
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
    let written = written.strip_prefix('#').unwrap_or(written);
    !written.chars().any(char::is_lowercase) && !seen.chars().any(char::is_uppercase) && !seen.contains('_')
}

/// Whether all that two identifiers differ in is one long run of random characters. A name that is made of another on
/// purpose gets a letter or a version behind it.
fn differs_in_body(written: &str, seen: &str) -> bool {
    const SHORTEST: usize = 6;
    const FEWEST_SYMBOLS: usize = 4;
    let runs = |text| shape::runs(text).map(|(_, run)| run).collect::<Vec<&str>>();
    let (a, b) = (runs(written), runs(seen));
    let is_random = |run: &str| run.len() >= SHORTEST && run.chars().collect::<BTreeSet<_>>().len() >= FEWEST_SYMBOLS;
    let mut other = a.iter().zip(&b).filter(|(a, b)| a != b);
    a.len() == b.len() && other.next().is_some_and(|(a, b)| is_random(a) && is_random(b)) && other.next().is_none()
}

/// A number without the zeros in front; nothing for what is no number.
fn significant(run: &str) -> Option<&str> {
    run.bytes().all(|b| b.is_ascii_digit()).then(|| run.trim_start_matches('0'))
}

/// Whether `written` has all runs of letters and digits of `typed` in their order, and besides them only zeros in front
/// of a number, letters or a year.
fn is_short_for(typed: &str, written: &str) -> bool {
    let is_same = |a: &str, b: &str| match (significant(a), significant(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b || a.eq_ignore_ascii_case(b) && is_put_in_capitals(written, typed),
    };
    let mut years = 0;
    let mut is_added = |run: &str| {
        years += usize::from(shape::is_year(run));
        significant(run).is_none_or(|number| number.is_empty() || shape::is_year(run) && years == 1)
    };
    let mut left = shape::runs(typed).map(|(_, run)| run).peekable();
    let is_full = shape::runs(written).all(|(_, run)| left.next_if(|next| is_same(next, run)).is_some() || is_added(run));
    let is_plain = !confusable::mixed_scripts(written);
    is_plain && is_full && left.peek().is_none() && typed != written && typed.contains(|c: char| c.is_alphabetic())
}

/// Whether two numbers differ only in how their groups are set apart: `20-00-01`, `20 00 01` and
/// `200001`. Groups may run together or apart, never elsewhere: `ORD-1-12` is not `ORD-11-2`.
pub(super) fn is_respaced(written: &str, seen: &str) -> bool {
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
        && (!written.contains(' ') || b.len() >= a.len() || seen.contains(' ') && !written.contains(char::is_alphabetic))
        && !is_address(seen)
        && !is_address(written)
        && plain(written) == plain(seen)
        && few.iter().all(|end| many.contains(end))
}

/// Whether a letter was put behind a name that ends in a digit. A doubled character is a slip.
fn is_extended(written: &str, seen: &str) -> bool {
    let added = written.strip_prefix(seen);
    seen.ends_with(|c: char| c.is_ascii_digit())
        && added.is_some_and(|added| added.len() == 1 && added.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Whether a code in capitals (`E4012`) was written half in small letters. Source text does put names into one
/// case or the other.
fn is_misspelt_code(written: &str, seen: &str) -> bool {
    const FEWEST_DIGITS: usize = 3;
    let is_code = !seen.chars().any(char::is_lowercase) && seen.bytes().filter(u8::is_ascii_digit).count() >= FEWEST_DIGITS;
    is_code && written.chars().any(char::is_lowercase) && written.chars().any(char::is_uppercase)
}

/// Whether a name is another one with a number, a date or a version changed on purpose.
fn is_renumbered(written: &str, seen: &str) -> bool {
    counter_step(written, seen).is_some() || is_dated_step(written, seen)
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
