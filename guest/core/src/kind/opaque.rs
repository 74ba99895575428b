//! Kinds with a body nobody composes: hashes, UUIDs, random ids.

use alloc::string::{String, ToString};

use super::label::is_prefixed;
use super::scan::{all, has, has_digit, has_letter, one_case, strip_prefix_ignore_case};

fn is_hex_digit(symbol: char) -> bool {
    symbol.is_ascii_hexdigit()
}

/// The 36 characters between braces or after `urn:uuid:`.
fn uuid_body(text: &str) -> &str {
    let text = strip_prefix_ignore_case(text, "urn:uuid:").unwrap_or(text);
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text)
}

pub(super) fn is_uuid(text: &str) -> bool {
    let body = uuid_body(text);
    body.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && body.split('-').all(|part| all(part, is_hex_digit))
}

/// Lower case without hyphens, so that it equals the same UUID written as 32 hex digits (Notion's
/// links do that, and its API answers with hyphens).
pub(super) fn canonical_uuid(text: &str) -> String {
    if is_uuid(text) { uuid_body(text).replace('-', "").to_ascii_lowercase() } else { text.to_string() }
}

/// `sha256:` and hex digits, perhaps cut (container tools show twelve), perhaps behind `image@`;
/// or `sha256-` and base64 (subresource integrity).
pub(super) fn is_digest(text: &str) -> bool {
    digest_parts(text).is_some()
}

fn digest_parts(text: &str) -> Option<(&str, bool)> {
    let body = text.rsplit_once('@').map_or(text, |(_, digest)| digest);
    let algorithm_and = |separator| {
        let (algorithm, rest): (&str, &str) = body.split_once(separator)?;
        let known = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake3"];
        known.iter().any(|name| name.eq_ignore_ascii_case(algorithm)).then_some(rest)
    };
    if let Some(hex) = algorithm_and(':') {
        return ((7..=128).contains(&hex.len()) && all(hex, is_hex_digit)).then_some((body, true));
    }
    let base64 = algorithm_and('-')?.trim_end_matches('=');
    let fits = (27..=86).contains(&base64.len()) && all(base64, |symbol| symbol.is_ascii_alphanumeric() || "+/".contains(symbol));
    fits.then_some((body, false))
}

pub(super) fn canonical_digest(text: &str) -> String {
    match digest_parts(text) {
        Some((body, true)) => {
            let image = text.strip_suffix(body).unwrap_or_default();
            image.to_string() + &body.to_ascii_lowercase()
        }
        _ => text.to_string(),
    }
}

/// A hash or a short commit id. A digit and a letter are asked for, since `facade` is a word and
/// `1234567` a number; one case is asked of short ones, since `A1b2C3d` is more likely base62.
pub(super) fn is_hex(text: &str) -> bool {
    let body = hex_body(text);
    let marked = body.len() < text.len();
    (7..=128).contains(&body.len())
        && all(body, is_hex_digit)
        && (marked || has_digit(body) && has_letter(body))
        && (marked || body.len() >= 16 || one_case(body))
}

fn hex_body(text: &str) -> &str {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text)
}

pub(super) fn canonical_hex(text: &str) -> String {
    if is_hex(text) { hex_body(text).to_ascii_lowercase() } else { text.to_string() }
}

/// 26 characters of Crockford's base 32, of which 128 bits leave the first at most 7.
pub(super) fn is_ulid(text: &str) -> bool {
    text.len() == 26
        && text.starts_with(|first| ('0'..='7').contains(&first))
        && all(text, |symbol| symbol.is_ascii_alphanumeric() && !"ILOUilou".contains(symbol))
        && has_letter(text)
        && one_case(text)
}

/// 27 base-62 characters. The largest 160-bit number begins with `a`, so nothing beyond does.
pub(super) fn is_ksuid(text: &str) -> bool {
    text.len() == 27
        && text.starts_with(|first| first <= 'a')
        && all(text, |symbol| symbol.is_ascii_alphanumeric())
        && !one_case(text)
        && is_scrambled(text)
}

/// A Google Maps place id: `ChIJ` or its relatives, then URL-safe base64.
pub(super) fn is_place(text: &str) -> bool {
    ["ChIJ", "GhIJ", "EhIJ", "Ei", "IhoS"].iter().any(|prefix| text.starts_with(prefix))
        && (27..=300).contains(&text.len())
        && all(text, |symbol| symbol.is_ascii_alphanumeric() || "-_".contains(symbol))
        && has_digit(text)
        && !one_case(text)
}

/// An AWS resource id: a short type, a hyphen, 8 or 17 hex digits.
pub(super) fn is_cloud_id(text: &str) -> bool {
    let Some((prefix, body)) = text.rsplit_once('-') else { return false };
    matches!(body.len(), 8 | 17)
        && all(body, is_hex_digit)
        && has_digit(body)
        && prefix.len() <= 16
        && AWS_TYPES.contains(&prefix.to_ascii_lowercase().as_str())
}

#[rustfmt::skip]
const AWS_TYPES: &[&str] = &[
    "acl", "ami", "aki", "ari", "cgw", "dopt", "eipalloc", "eipassoc", "eni", "eni-attach", "fs", "fsap", "igw", "i", "lt", "nat",
    "pcx", "pl", "r", "rtb", "rtbassoc", "sg", "sgr", "sir", "snap", "subnet", "tgw", "tgw-attach", "tgw-rtb", "vgw", "vol", "vpc",
    "vpce", "vpn",
];

/// A Salesforce record id in its long form: 15 base-62 characters, of which the first say the type and
/// the instance, then three that say which of them are capitals. Both forms name the same record; the long
/// one survives tools to which case is nothing. Source: Salesforce, "15 or 18 character IDs".
pub(super) fn is_salesforce(text: &str) -> bool {
    let Some((short, suffix)) = text.split_at_checked(15).filter(|_| text.len() == 18) else { return false };
    all(short, |symbol| symbol.is_ascii_alphanumeric())
        && all(suffix, |symbol| symbol.is_ascii_uppercase() || ('0'..='5').contains(&symbol))
        && (short.starts_with("00") || short.get(5..).is_some_and(|body| body.starts_with("000")))
        && has_letter(short)
}

pub(super) fn canonical_salesforce(text: &str) -> String {
    if is_salesforce(text) { text.chars().take(15).collect() } else { text.to_string() }
}

pub(super) fn check_salesforce(text: &str) -> bool {
    text.split_at_checked(15).is_some_and(|(short, suffix)| case_suffix(short) == suffix)
}

/// One character for every five: which of them are capitals, the first being the lowest bit.
fn case_suffix(short: &str) -> String {
    let bits = |five: &[u8]| five.iter().rev().fold(0_u32, |bits, symbol| bits << 1 | u32::from(symbol.is_ascii_uppercase()));
    let symbol = |bits: u32| if bits < 26 { char::from_digit(bits + 10, 36) } else { char::from_digit(bits - 26, 10) };
    short.as_bytes().chunks(5).filter_map(|five| symbol(bits(five))).map(|symbol| symbol.to_ascii_uppercase()).collect()
}

/// A token whose letters and digits alternate as if drawn at random, or base64.
pub(super) fn is_random(text: &str) -> bool {
    is_base64(text) || text.len() <= 512 && is_scrambled(text) && !is_prefixed(text)
}

/// Base64 that says so: `=` at the end or `+` within, whole groups of four.
pub(super) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    text.len() >= 16
        && text.len().is_multiple_of(4)
        && (padding == 1 || padding == 2 || body.contains('+'))
        && all(body, |symbol| symbol.is_ascii_alphanumeric() || "+/".contains(symbol))
        && has_digit(body)
        && !one_case(body)
}

/// Whether letters and digits alternate as they do at random. Small letter, capital and digit change at
/// about 61 of 100 places of a random base-62 text, and at 40 of a base-36 one. Words in camel case come
/// near that, but hardly ever go back from a digit to a letter.
fn is_scrambled(text: &str) -> bool {
    if !all(text, |symbol| symbol.is_ascii_alphanumeric() || "-_".contains(symbol)) || !has_digit(text) || !has_letter(text) {
        return false;
    }
    let (changes, returns) = alternation(text);
    if one_case(text) {
        text.len() >= 16 && changes * 4 >= text.len() && !has(text, |symbol| "-_".contains(symbol))
    } else {
        text.len() >= 11 && changes * 3 >= text.len() && returns >= if text.len() < 20 { 2 } else { 1 }
    }
}

/// How often neighbours differ in class, and how often a letter follows a digit.
fn alternation(text: &str) -> (usize, usize) {
    let class = |symbol: &u8| (symbol.is_ascii_digit(), symbol.is_ascii_uppercase());
    let classes = || text.as_bytes().iter().filter(|symbol| symbol.is_ascii_alphanumeric()).map(class);
    let pairs = || classes().zip(classes().skip(1));
    (pairs().filter(|(left, right)| left != right).count(), pairs().filter(|(left, right)| left.0 && !right.0).count())
}
