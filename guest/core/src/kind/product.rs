//! Kinds that number works, goods and people in the world's registers.

use alloc::string::String;

use super::scan::{
    all, all_digits, compact_upper, grouped, has_letter, is_upper_or_digit, one_case, only_digits, strip_prefix_ignore_case,
};
use crate::check_digit;

/// A freight container: its owner's three letters, `U`, `J` or `Z`, six digits and a check digit, perhaps in
/// the groups that are painted on it (`HLXU 781321 5`).
pub(super) fn is_container(text: &str) -> bool {
    if !(11..=14).contains(&text.len()) {
        return false;
    }
    let compact = compact_upper(text);
    let Some((owner, number)) = compact.split_at_checked(4) else { return false };
    let spelled = text.len() == compact.len() || all(text, |symbol| symbol.is_ascii_alphanumeric() || " -".contains(symbol));
    compact.len() == 11
        && spelled
        && owner.bytes().all(|symbol| symbol.is_ascii_uppercase())
        && owner.ends_with(['U', 'J', 'Z'])
        && all_digits(number)
        && one_case(text)
}

fn orcid_body(text: &str) -> &str {
    let start = ["https://orcid.org/", "http://orcid.org/", "orcid:"];
    start.iter().find_map(|start| strip_prefix_ignore_case(text, start)).unwrap_or(text).trim()
}

/// Sixteen characters from 0000-0001-5000-0007 on, perhaps as the address of their page.
pub(super) fn is_orcid(text: &str) -> bool {
    const SHORTEST: usize = 19;
    if text.len() < SHORTEST || !text.contains("000") {
        return false;
    }
    let body = orcid_body(text);
    let digits = body.strip_suffix(['X', 'x']).map(|body| String::from(body) + "0");
    body.starts_with("000") && grouped(digits.as_deref().unwrap_or(body), "-", &[4, 4, 4, 4])
}

pub(super) fn canonical_orcid(text: &str) -> String {
    if is_orcid(text) { orcid_body(text).to_ascii_uppercase() } else { String::from(text) }
}

pub(super) fn check_orcid(text: &str) -> bool {
    check_digit::mod11_2(orcid_body(text))
}

fn doi_body(text: &str) -> &str {
    let start = ["https://doi.org/", "http://doi.org/", "https://dx.doi.org/", "http://dx.doi.org/", "doi:"];
    start.iter().find_map(|start| strip_prefix_ignore_case(text, start)).unwrap_or(text).trim_start()
}

/// `10.`, a registrant of four to nine digits, a slash, a suffix.
pub(super) fn is_doi(text: &str) -> bool {
    if !text.contains("10.") {
        return false;
    }
    let Some((registrant, suffix)) = doi_body(text).strip_prefix("10.").and_then(|body| body.split_once('/')) else { return false };
    (4..=9).contains(&registrant.len()) && all_digits(registrant) && all(suffix, |symbol| !symbol.is_whitespace())
}

/// The DOI handbook (section 2.4) makes ASCII letters case-insensitive.
pub(super) fn canonical_doi(text: &str) -> String {
    if is_doi(text) { doi_body(text).to_ascii_lowercase() } else { String::from(text) }
}

/// The digits behind a label such as `ISBN-13:`.
fn unlabelled<'a>(text: &'a str, labels: &[&str]) -> &'a str {
    let body = labels.iter().find_map(|label| strip_prefix_ignore_case(text, label));
    body.map_or(text, |body| body.trim_start_matches([':', ' ']))
}

/// Quickly: whether the end of a text could be that of a number in groups. Nearly all other kinds stop here.
fn ends_in_digits(text: &str) -> bool {
    text.len() >= 8 && text.bytes().rev().take(6).all(|symbol| symbol.is_ascii_digit() || b" -Xx".contains(&symbol))
}

fn isbn_body(text: &str) -> &str {
    unlabelled(text, &["ISBN-13", "ISBN-10", "ISBN"])
}

/// 13 digits from 978 or 979, or ten that say so: by a label, by an `X` at the end, or by hyphens.
/// Ten bare digits are any number.
pub(super) fn is_isbn(text: &str) -> bool {
    if !ends_in_digits(text) {
        return false;
    }
    let body = isbn_body(text);
    let labelled = body.len() < text.len();
    let digits = compact_upper(body);
    let stem = digits.strip_suffix('X').unwrap_or(&digits);
    let groups = body.split(['-', ' ']).count();
    let grouped = body.split(['-', ' ']).all(|group| !group.is_empty());
    if body.len() > 24 || !all_digits(stem) || !grouped {
        return false;
    }
    match digits.len() {
        13 => stem.len() == 13 && (digits.starts_with("978") || digits.starts_with("979")) && groups <= 5,
        10 => {
            labelled
                || stem.len() == 9 && matches!(groups, 1 | 4)
                || groups == 4 && body.rsplit(['-', ' ']).next().is_some_and(|last| last.len() == 1)
        }
        _ => false,
    }
}

pub(super) fn canonical_isbn(text: &str) -> String {
    if is_isbn(text) { compact_upper(isbn_body(text)) } else { String::from(text) }
}

pub(super) fn check_isbn(text: &str) -> bool {
    let body = isbn_body(text);
    check_digit::isbn10(body) || check_digit::ean13(body)
}

fn ean_body(text: &str) -> &str {
    unlabelled(text, &["EAN-13", "EAN-8", "EAN", "GTIN-14", "GTIN-13", "GTIN", "UPC-A", "UPC"])
}

/// A trade item number behind its label, or in the groups printed under a bar code. Bare digits of
/// these lengths are more often order numbers or milliseconds.
pub(super) fn is_ean(text: &str) -> bool {
    if !ends_in_digits(text) {
        return false;
    }
    let body = ean_body(text);
    let labelled = body.len() < text.len() && all_digits(body) && matches!(body.len(), 8 | 12 | 13 | 14);
    labelled || grouped(body, " ", &[1, 6, 6]) || grouped(body, " ", &[1, 5, 5, 1])
}

pub(super) fn check_ean(text: &str) -> bool {
    check_digit::gtin(ean_body(text))
}

pub(super) fn canonical_ean(text: &str) -> String {
    if is_ean(text) { only_digits(ean_body(text)) } else { String::from(text) }
}

/// 17 letters and digits without I, O and Q, the last four digits.
pub(super) fn is_vin(text: &str) -> bool {
    text.len() == 17
        && all(text, |symbol| symbol.is_ascii_alphanumeric() && !"IOQioq".contains(symbol))
        && text.get(13..).is_some_and(all_digits)
        && text.get(..8).is_some_and(has_letter)
        && one_case(text)
}

/// Only North America (first character 1 to 5) obliges makers to fill the check character.
pub(super) fn check_vin(text: &str) -> bool {
    !text.starts_with(['1', '2', '3', '4', '5']) || check_digit::vin(text)
}

/// A postal item (two letters, nine digits, a country) or a UPS tracking number, perhaps spaced.
pub(super) fn is_parcel(text: &str) -> bool {
    let begins = |text: &[u8]| match text {
        [b'1', b'z' | b'Z' | b' ', ..] => true,
        [a, b, c, ..] => [a, b].iter().all(|symbol| symbol.is_ascii_alphabetic()) && (c.is_ascii_digit() || *c == b' '),
        _ => false,
    };
    if text.len() > 24 || text.contains('-') || !begins(text.as_bytes()) {
        return false;
    }
    let body = compact_upper(text);
    let letters = |range: core::ops::Range<usize>| body.get(range).is_some_and(|part| all(part, |symbol| symbol.is_ascii_uppercase()));
    let postal = body.len() == 13 && letters(0..2) && letters(11..13) && body.get(2..11).is_some_and(all_digits);
    let ups =
        body.len() == 18 && body.starts_with("1Z") && all(&body, is_upper_or_digit) && body.ends_with(|last: char| last.is_ascii_digit());
    (postal || ups) && one_case(text)
}

pub(super) fn check_parcel(text: &str) -> bool {
    let body = compact_upper(text);
    check_digit::s10(&body) || check_digit::ups(&body)
}
