//! Records: which identifiers of a result belong together, and what that says of a call that mixes
//! them.
//!
//! Records are paths, not objects. Two values are together when their paths part at a named field
//! (`/order/id` and `/order/account/id`), and rivals when they part at an array index, a table row or
//! a key that is an identifier itself (`/methods/gift_card_1` and `/methods/gift_card_2`).

use crate::{
    distance::distance,
    field,
    ledger::{Ledger, Standing},
    model::Source,
    shape,
    twin::edit_limit,
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// Leaves before and behind an appearance that are read: enough for a record of a few hundred fields, and
/// a bound for a sheet of thousands of rows.
const REACH: usize = 750;

/// A field that held values of as many makes holds anything.
const MOST_MAKES: usize = 4;
/// Shorter bodies have real neighbours.
pub const FEWEST_BITS: f64 = 16.0;

/// Whether two leaves of one text belong together.
#[must_use]
pub fn are_together(a: &str, b: &str) -> bool {
    let parting = a.split('/').zip(b.split('/')).find(|(a, b)| a != b);
    // One path inside the other: a key and what it holds.
    parting.is_none_or(|(a, b)| !(field::is_row(a) && field::is_row(b)))
}

/// Whether two leaves stand in two lists of one record (`/orders/0` and `/methods/1/id`): whichever of the one
/// goes with whichever of the other, the record does not say.
fn are_in_lists(a: &str, b: &str) -> bool {
    let shared = a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count();
    let is_in_list = |pointer: &str| pointer.split('/').skip(shared).any(field::is_row);
    is_in_list(a) && is_in_list(b)
}

/// A record that names another value than the call does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The identifier of the call whose record it is.
    pub of: String,
    /// The field, as the record calls it.
    pub field: String,
    /// The value that stands there.
    pub says: String,
    /// All there is against the written value is that it is so near to that one.
    pub is_by_nearness: bool,
}

/// Why a seen identifier is doubted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A record of another identifier in the call says otherwise.
    Crossed(Contradiction),
    /// It was only ever seen in these fields.
    Misfield(Vec<String>),
    /// It is only ever the name of a field.
    FieldName,
    /// A near twin of it was seen as well.
    Collision,
    /// It was not seen where the policy wants it to have been.
    Elsewhere {
        /// Where that is, in words.
        origins: String,
        /// It stood there, but only in results of calls that had written it themselves.
        is_echo: bool,
    },
}

/// One identifier of a call, with the field it is written to.
#[derive(Clone, Copy, Debug)]
pub struct Written<'c> {
    /// As written.
    pub text: &'c str,
    /// Normal form of the argument's name.
    pub field: &'c str,
}

/// The values that the records of `owner` hold for a field; none when one of them holds the written one.
fn other_values<'l>(ledger: &'l Ledger, owner: &str, written: Written<'_>) -> Vec<Standing<'l>> {
    let mut values = Vec::new();
    for sighting in ledger.standings(owner).iter().filter(|s| s.text == owner && is_structured(s)) {
        for value in fields_beside(ledger, &sighting, written.field) {
            if value.text == written.text {
                return Vec::new();
            }
            values.push(value);
        }
    }
    values
}

/// The leaves together with one that stand in a field of this normal form.
fn fields_beside<'l>(ledger: &'l Ledger, sighting: &Standing<'l>, field: &str) -> impl Iterator<Item = Standing<'l>> {
    let pointer = sighting.pointer;
    ledger.values_around(sighting.number, REACH, field).filter(move |other| {
        // A name with digits is a row of a table; any other is no value.
        (!other.is_key || field::is_row(other.text)) && are_together(pointer, other.pointer) && !are_in_lists(pointer, other.pointer)
    })
}

fn is_structured(standing: &Standing<'_>) -> bool {
    standing.provenance.source == Source::ToolResult && !standing.pointer.is_empty()
}

/// Whether a record of `owner` contradicts what the call writes beside it.
///
/// That alone is no evidence: exchanges, changed payment methods and new flights bring foreign values
/// into a call all the time. So every sighting of the written value must lie in the record of some
/// *other* owner, or the record's value must be a near twin of the written one.
#[must_use]
pub fn contradiction(ledger: &Ledger, written: Written<'_>, owner: Written<'_>) -> Option<Contradiction> {
    // The two ends of a link, the two accounts of a transfer: things of one sort.
    let is_same_sort = field::overlap(written.field, owner.field);
    if written.field.is_empty() || owner.field.is_empty() || written.text == owner.text || is_same_sort {
        return None;
    }
    let mut values = other_values(ledger, owner.text, written);
    if values.is_empty() {
        return None;
    }
    // A record that numbers its things otherwise (`id` beside `key`) says nothing of this one.
    let make = shape::make(written.text);
    values.retain(|value| shape::make(value.text) == make);
    let (rival, is_by_nearness) = match values.as_slice() {
        [first, ..] if is_owned_by_others(ledger, written.text, owner) => (first, false),
        // One value, and the call writes its twin: that is the slip the guard exists for.
        [value] if is_telling(written.text) && distance(value.text, written.text, edit_limit(written.text.chars().count())).is_some() => {
            (value, true)
        }
        _ => return None,
    };
    let name = rival.pointer.rsplit('/').find(|segment| !field::is_row(segment)).unwrap_or_default();
    Some(Contradiction { of: owner.text.to_string(), field: name.to_string(), says: rival.text.to_string(), is_by_nearness })
}

/// Whether two such identifiers are near only by a slip: flight numbers and counters are near anyway.
fn is_telling(text: &str) -> bool {
    shape::body(text).bits >= FEWEST_BITS
}

/// Whether every sighting of a value lies in the record of another owner of the same sort.
fn is_owned_by_others(ledger: &Ledger, text: &str, owner: Written<'_>) -> bool {
    let sightings = ledger.standings(text);
    let is_owned = |sighting: &Standing<'_>| {
        let mut owners = fields_beside(ledger, sighting, owner.field).map(|other| other.text).filter(|other| *other != text);
        // A list of a person's orders beside the payment methods makes none of them an order's own.
        owners.next().is_some_and(|first| first != owner.text && owners.all(|other| other == first))
    };
    sightings.is_all && !sightings.is_empty() && sightings.iter().all(|s| is_structured(&s) && s.text == text && is_owned(&s))
}

/// Whether some record of `owner` holds `text`: what supports a value that has a near twin.
#[must_use]
pub fn supports(ledger: &Ledger, text: &str, owner: &str) -> bool {
    ledger
        .standings(text)
        .iter()
        .filter(is_structured)
        .any(|sighting| ledger.same_around(sighting.number, REACH, owner).any(|other| are_together(sighting.pointer, other.pointer)))
}

/// The fields in which an identifier was seen, when all of them are other fields than the one it is
/// written to, and results do have that field.
///
/// An identifier that ever stood in free text, or that a person typed, may belong anywhere; unless
/// the field only ever held values of quite another make. The `id` of a listed item may go under any
/// name that says what part the item plays (`assignee_id`), and so may an address under one that names a
/// person; a type prefix that the field's values have says that this is one of them.
#[must_use]
pub fn other_fields(ledger: &Ledger, written: Written<'_>) -> Option<Vec<String>> {
    let makes = if written.field.is_empty() { return None } else { ledger.makes_in(written.field) };
    let make = shape::make(written.text);
    // A field of names, or one that was always empty, says nothing of numbers.
    let holds_identifiers = makes.iter().any(|make| make != "words");
    let is_address = matches!(make.as_str(), "email" | "phone" | "url");
    // An IBAN is an account's, whatever else names one, and what a field is called after belongs there.
    let is_account = make == "iban" && field::overlap(written.field, "account debtor creditor payee");
    let is_named = matches!(make.as_str(), "arn" | "iban" | "ip" | "mac" | "uuid") && field::overlap(written.field, &make);
    if !holds_identifiers || is_account || is_named || is_address && (field::is_person(written.field) || field::is_address(written.field)) {
        return None;
    }
    let is_strange = !makes.contains(&make) && makes.len() < MOST_MAKES;
    // `PRV-101` where other providers are `PRV-102`: one of them, whoever named it.
    if !is_strange && shape::type_prefix(written.text).is_some() {
        return None;
    }
    let sightings = ledger.standings(written.text);
    let mut fields: Vec<String> = Vec::new();
    for sighting in sightings.iter() {
        let field = sighting.field;
        let is_value = is_structured(&sighting) && sighting.text == written.text;
        // `/assignee/accountId` is an assignee as much as an account.
        let is_field = sighting.pointer.split('/').any(|segment| field::compatible(&field::normal(segment), written.field));
        let is_item = sighting.pointer.rsplit('/').next().is_some_and(|name| field::normal(name).is_empty());
        if is_structured(&sighting) && is_field || !is_strange && (!is_value || field.is_empty() || is_item) {
            return None;
        }
        if is_value && !field.is_empty() && !fields.iter().any(|known| known == field) {
            fields.push(field.to_string());
        }
    }
    let is_told = sightings.is_all && !fields.is_empty() && !share_values(ledger, written.field, &fields);
    is_told.then_some(fields)
}

/// Whether some value of a field stands in one of the others too: then they draw on the same things, as
/// `assignee_id` does on a list of agents.
fn share_values(ledger: &Ledger, field: &str, others: &[String]) -> bool {
    const MOST_VALUES: usize = 256;
    let stands_there = |value: Standing<'_>| {
        value.text.bytes().any(|b| b.is_ascii_digit())
            && ledger.standings(value.text).iter().any(|s| s.text == value.text && others.iter().any(|other| other == s.field))
    };
    ledger.values_in(field, MOST_VALUES).any(stands_there)
}

/// Whether results showed two values in fields of one sort.
#[must_use]
pub fn share_field(ledger: &Ledger, a: &str, b: &str) -> bool {
    let fields = |text: &'_ str| -> Vec<&str> { ledger.standings(text).iter().filter(is_structured).map(|s| s.field).collect() };
    let others = fields(b);
    fields(a).into_iter().any(|field| others.iter().any(|other| field::compatible(field, other)))
}

/// Whether a text was only ever a member's name, and names no row: `customer_id` as a customer.
#[must_use]
pub fn is_field_name(ledger: &Ledger, text: &str) -> bool {
    let sightings = ledger.standings(text);
    sightings.is_all
        && !sightings.is_empty()
        && sightings.iter().all(|s| s.is_key && s.text == text && is_structured(&s) && !field::is_row(s.text))
}
