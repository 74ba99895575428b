//! Kinds written in capitals and digits: orders, bookings, flights, long numbers.

use alloc::string::String;

use super::scan::{Scan, all, all_digits, count_digits, has_digit, has_letter, is_upper_or_digit, listed, only_digits, parts, words};

/// Six or more digits, perhaps with thousands separators or the `.0` that a table tool appends.
pub(super) fn is_integer(text: &str) -> bool {
    let whole = whole_number(text);
    let digits = count_digits(whole);
    digits >= 6 && (digits == whole.len() || is_thousands(whole))
}

fn whole_number(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros)) if all(zeros, |symbol| symbol == '0') && zeros.len() <= 2 => whole,
        _ => text,
    }
}

/// Digits in threes between commas.
pub(crate) fn is_thousands(text: &str) -> bool {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && all_digits(first) && text.contains(',') && groups.all(|group| group.len() == 3 && all_digits(group))
}

/// Digits alone. Leading zeros stay: in an id they count.
pub(super) fn canonical_integer(text: &str) -> String {
    if is_integer(text) { only_digits(whole_number(text)) } else { String::from(text) }
}

/// Airline designators with a digit; those of two letters are too many to need a list.
const AIRLINES: &[&str] =
    words!("3K 3U 4U 5J 5W 6E 7C 8M 9C 9W A3 A9 B2 B6 D7 D8 E4 F3 F8 F9 G3 G4 G8 G9 I2 J2 J9 K6 L6 M7 N4 S4 S7 U2 U6 V7 W4 W6 W9 X3 Y4 Z2");

/// A two-character designator or three letters, then a number: `LH400`, `U2 8153`, `HAT136`.
pub(super) fn is_flight(text: &str) -> bool {
    let Some((two, rest)) = text.split_at_checked(2) else { return false };
    let third = rest.starts_with(|symbol: char| symbol.is_ascii_uppercase());
    let letters = all(two, |symbol| symbol.is_ascii_uppercase());
    let mut scan = Scan::new(rest);
    if third {
        scan.run(|symbol| symbol.is_ascii_uppercase());
    } else {
        scan.eat_any(" -");
    }
    let spaced = !third && rest.starts_with([' ', '-']);
    let digits = scan.digits().len();
    let designator =
        letters && (!third || rest.chars().nth(1).is_some_and(|symbol| symbol.is_ascii_digit())) || !third && listed_airline(two);
    designator && scan.done() && digits <= 4 && digits >= if spaced { 2 } else { 3 }
}

fn listed_airline(two: &str) -> bool {
    two.bytes().all(|symbol| !symbol.is_ascii_lowercase()) && listed(AIRLINES, two)
}

/// Without the space or hyphen after the airline.
pub(super) fn canonical_flight(text: &str) -> String {
    if is_flight(text) { text.replace([' ', '-'], "") } else { String::from(text) }
}

/// Six capitals or digits with a letter among them. Six letters fit as well, since half of all record
/// locators have no digit: `REFUND` is not told from `VAAOXJ` by its shape.
pub(super) fn is_booking(text: &str) -> bool {
    text.len() == 6 && all(text, is_upper_or_digit) && has_letter(text)
}

/// Capitals, digits and separators as people number orders: `#W1234567`, `ORD-2024-001978`, `INV-00045`,
/// `#1001`, and bare digit groups such as `112-1234567-1234567`.
pub(super) fn is_order(text: &str) -> bool {
    if text.len() > 64 || text.bytes().any(|symbol| symbol.is_ascii_lowercase()) {
        return false;
    }
    let marked = text.strip_prefix('#');
    let body = marked.unwrap_or(text);
    let Some(groups) = parts(body, "-_") else { return false };
    let shaped = groups.iter().all(|group| all(group, is_upper_or_digit));
    if !shaped || !has_digit(body) || groups.len() > 8 {
        return false;
    }
    if !has_letter(body) {
        return marked.is_some() || groups.len() > 1 && count_digits(body) >= 6;
    }
    if groups.len() > 1 {
        return groups.iter().any(|group| has_letter(group) && group.len() <= 16);
    }
    let mut scan = Scan::new(body);
    let letters = scan.letters().len();
    let digits = scan.digits().len();
    marked.is_some() || (1..=6).contains(&letters) && digits >= 3 && scan.rest().len() <= 2
}

/// Without `#`, which tools ask for and people leave out.
pub(super) fn canonical_order(text: &str) -> String {
    String::from(text.trim_start_matches('#'))
}
