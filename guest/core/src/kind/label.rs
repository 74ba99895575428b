//! Kinds made of words and a number or body: handles, prefixed ids, names.

use alloc::string::String;

use super::scan::{Scan, all, all_digits, has, has_digit, has_letter, listed, parts, words};

fn is_lower(symbol: char) -> bool {
    symbol.is_ascii_lowercase()
}

/// Nouns that name a type of thing: `gift_card_5634` is a card's id, not somebody called Gift Card.
const TYPE_NOUNS: &[&str] = words!(
    "account acct address agent batch bill book booking branch bucket build bug card case cart category charge chat city claim \
class client cluster code comment commit config contact count coupon course customer data dataset day device doc document driver email employee \
entry error event field file flight folder group guest host hotel id image index instance invoice issue item job key label lead level line link \
list log member message method mode model module month name node note number object offer option order org package page part party patient \
payment period phase plan point policy port post price process product profile project property queue range rate record region release report \
request reservation result role room row rule run sample schema score scores section seller series server service session set sheet shipment site \
size sku slot source stage step store string subscription table tag target task team template tenant test thread ticket time token topic total \
transaction transfer trip type unit update upload user value vehicle vendor version view visit volume warehouse week worker year zone"
);

/// A person's name in small letters with a number: `mia_li_3668`; or any name behind `@`.
pub(super) fn is_handle(text: &str) -> bool {
    if let Some(name) = text.strip_prefix('@') {
        return (2..=64).contains(&name.len())
            && all(name, |symbol| symbol.is_ascii_alphanumeric() || "_.-".contains(symbol))
            && name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    }
    if text.len() > 64 || text.bytes().filter(|symbol| b"_.".contains(symbol)).count() != 2 {
        return false;
    }
    let words = parts(text, "_.").unwrap_or_default();
    let [first, last, number] = words.as_slice() else { return false };
    let is_name = |word: &str| word.len() >= 2 && all(word, is_lower) && !listed(TYPE_NOUNS, word);
    is_name(first) && is_name(last) && all_digits(number) && (2..=4).contains(&number.len())
}

/// Without `@`.
pub(super) fn canonical_handle(text: &str) -> String {
    String::from(text.trim_start_matches('@'))
}

/// One to three small-letter words, each ended by `_` or `-`, then a body with a digit: `acct_7H9j3`,
/// `gift_card_5634230`, `sk_live_…`. A word in the body, or a word and a number (`maze_explorer_v3`), make it
/// a name.
pub(super) fn is_prefixed(text: &str) -> bool {
    let (mut scan, mut words) = (Scan::new(text), 0);
    let mut body = text;
    while (1..=16).contains(&scan.run(is_lower).len()) && scan.eat_any("_-").is_some() {
        body = scan.rest();
        words += 1;
    }
    (1..=3).contains(&words)
        && text.len() <= 255
        && all(body, |symbol| symbol.is_ascii_alphanumeric() || "_-".contains(symbol))
        && body.starts_with(|first: char| first.is_ascii_alphanumeric())
        && body.split(['_', '-']).next().is_some_and(has_digit)
        && !body.split(['_', '-']).any(is_word_or_counter)
}

/// Small letters and at most two digits (`v3`, `step12`, `web`), unless they could be hex digits.
fn is_word_or_counter(part: &str) -> bool {
    let mut scan = Scan::new(part);
    let word = scan.run(is_lower);
    has(word, |symbol| !symbol.is_ascii_hexdigit()) && scan.digits().len() <= 2 && scan.done()
}

/// Words joined as in code or file names, with a digit somewhere: `maze_explorer_v3`, `customer2`.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 255
        && all(text, |symbol| symbol.is_alphanumeric() || "_-.".contains(symbol))
        && text.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && has_digit(text)
        && has_letter(text)
}
