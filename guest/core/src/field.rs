//! Field names: which of them mean the same. `account_id`, `accounts` and `accountId` all hold
//! accounts; a plain `id` holds whatever its record is.

use alloc::{string::String, vec::Vec};

/// Whether a word says that a value identifies, not what.
#[rustfmt::skip]
fn is_generic(word: &str) -> bool {
    matches!(
        word,
        "id" | "ids" | "uid" | "uuid" | "guid" | "ref" | "refs" | "reference" | "number" | "no" | "num" | "code" | "key" | "value" | "name"
        | "text" | "item" | "result" | "data" | "content" | "list" | "entry" | "record" | "row" | "object" | "response" | "output"
        | "payload" | "node" | "edge" | "hit" | "attribute" | "property"
    )
}

/// The words of a name in snake, kebab or camel case.
pub fn words_of_name(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).flat_map(|part| {
        let mut rest = part;
        core::iter::from_fn(move || {
            let mut before = rest.chars().next()?;
            let mut end = rest.len();
            for (at, c) in rest.char_indices().skip(1) {
                if c.is_uppercase() && before.is_lowercase() {
                    end = at;
                    break;
                }
                before = c;
            }
            let (word, after) = rest.split_at_checked(end)?;
            rest = after;
            Some(word)
        })
    })
}

/// What a field of this name holds, in a normal form: lower case, singular, generic words dropped,
/// words in order. Empty where only generic words are left.
///
/// ```
/// # use twinguard_core::field::normal;
/// assert_eq!(normal("accountId"), normal("accounts"));
/// assert_eq!(normal("payment_method_id"), "method payment");
/// assert_eq!(normal("id"), "");
/// ```
#[must_use]
pub fn normal(name: &str) -> String {
    let mut words: Vec<String> = words_of_name(name).map(str::to_lowercase).map(singular).collect();
    // `items` are whatever a list holds, an `item_id` is a ware's.
    let is_ware = words.len() > 1 && words.first().is_some_and(|first| first == "item");
    words.retain(|word| !is_generic(word));
    if words.is_empty() && is_ware {
        words.push("item".into());
    }
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

fn singular(mut word: String) -> String {
    if word.len() > 3 && word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
    word
}

/// Whether a key names a row of a table (`gift_card_1`, a UUID, an index) rather than a field.
#[must_use]
pub fn is_row(segment: &str) -> bool {
    segment.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a normal form names the part that a person plays: people are named by number, by handle and by
/// address, whichever a tool takes.
#[must_use]
pub fn is_person(words: &str) -> bool {
    #[rustfmt::skip]
    const PEOPLE: &[&str] = &[
        "agent", "assignee", "attendee", "author", "cc", "bcc", "client", "contact", "creator", "customer", "employee", "guest", "handler",
        "host", "member", "organizer", "owner", "participant", "person", "recipient", "reporter", "requester", "reviewer", "sender",
        "shopper", "subscriber", "to", "user", "username", "watcher",
    ];
    words.split(' ').any(|word| PEOPLE.contains(&word))
}

/// Whether a normal form names an address of some sort.
#[must_use]
pub fn is_address(words: &str) -> bool {
    words.split(' ').any(|word| matches!(word, "email" | "mail" | "address" | "phone" | "url" | "link" | "uri" | "telephone" | "mobile"))
}

/// Whether two normal forms have a word in common: `account from` and `account to`.
#[must_use]
pub fn overlap(a: &str, b: &str) -> bool {
    !a.is_empty() && a.split(' ').any(|word| b.split(' ').any(|other| other == word))
}

/// Whether two normal forms may mean the same: one says no more than the other.
#[must_use]
pub fn compatible(a: &str, b: &str) -> bool {
    let within = |a: &str, b: &str| a.split(' ').all(|word| b.split(' ').any(|other| other == word));
    !a.is_empty() && !b.is_empty() && (within(a, b) || within(b, a))
}
