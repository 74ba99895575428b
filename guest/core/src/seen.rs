//! Whether an identifier was seen: literally, in another legitimate spelling, or in its parts.

use crate::{columns::Near, kind::kind_of, ledger::Ledger, model::Source, policy::CustomKind, shape, value::value_of};
use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// A complete identifier inside a longer one must be at least this long to vouch for it.
const SHORTEST_WRAPPED: usize = 6;
/// Git abbreviates to 7 and rarely shows more than 16 digits; longer cuts are slips.
pub const SHORT_HASH: core::ops::RangeInclusive<usize> = 7..=16;
/// Texts that begin with the same hash, as `HASH is the first bad commit` does.
const MOST_BEGINNINGS: usize = 16;
/// Lengths of MD5, SHA-1 and SHA-256 in hex.
pub const FULL_HASHES: [usize; 3] = [32, 40, 64];

/// The seen value that `text` literally is, when it stands in a source with no letter or digit
/// touching it.
///
/// A literal look-up alone would let a cut pass where the cut fell on a separator: `550e8400-e29b` is
/// a literal piece of a UUID. So a piece that is only ever the *beginning* of a longer identifier,
/// and loses digits with the tail, was not seen; a piece that keeps the tail (`5634230` of
/// `gift_card_5634230`) lost nothing but a prefix.
#[must_use]
pub fn is_exact(ledger: &Ledger, text: &str, cuts_count: bool) -> bool {
    if ledger.exact(text).is_some() {
        return true;
    }
    if cuts_count { ledger.surroundings(text).any(|around| !is_cut(around, text)) } else { ledger.contains(text) }
}

fn is_cut(around: &str, text: &str) -> bool {
    around.strip_prefix(text).is_some_and(|tail| tail.bytes().any(|byte| byte.is_ascii_digit()))
}

/// The seen value that `text` is another spelling of.
#[must_use]
pub fn equivalent(ledger: &Ledger, text: &str, kinds: &[CustomKind]) -> Option<String> {
    let known = |spelling: &str| ledger.contains(spelling).then(|| spelling.to_owned());
    let mut spellings: Vec<String> = Vec::new();
    // `#1234`, `@ada`, and the sign that a language puts in front of a name: `$tenantId`, `:account`, `.order`.
    if let Some(rest) = text.strip_prefix(['#', '@', '$', ':', '.']) {
        spellings.push(rest.to_owned());
    }
    // A hexadecimal number with the prefix that a language wants.
    if let Some(rest) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        spellings.push(rest.to_owned());
    }
    let decoded = percent_decoded(text);
    if decoded != text {
        spellings.push(decoded);
    }
    let path = text.trim_end_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    if path != text && !path.is_empty() {
        spellings.push(path.to_owned());
    }
    if text.contains('/') {
        spellings.extend([format!("{path}/"), format!("./{path}"), format!("/{path}")]);
        spellings.extend(path.strip_prefix('/').map(ToString::to_string));
        spellings.extend(path.strip_prefix("http://").map(|rest| format!("https://{rest}")));
        spellings.extend(path.strip_prefix("https://").map(|rest| format!("http://{rest}")));
        spellings.extend(path.strip_prefix("https://").or_else(|| path.strip_prefix("http://")).map(ToString::to_string));
    }
    if let Some(found) = spellings.iter().filter(|s| s.len() > 2).find_map(|spelling| known(spelling)) {
        return Some(found);
    }
    let found = same(ledger, text, kinds).next().or_else(|| with_country(ledger, text)).or_else(|| record_id(ledger, text));
    let found = found.or_else(|| padded(ledger, text)).or_else(|| ungrouped(ledger, text)).or_else(|| literal(ledger, text));
    found.map(ToOwned::to_owned)
}

/// The seen number that `text` is without the spaces between its groups: `DE 298 114 037`, `89441 20044 71009 3131`.
fn ungrouped<'l>(ledger: &'l Ledger, text: &str) -> Option<&'l str> {
    let is_same = |seen: &&str| seen.contains(' ') && seen.chars().filter(|c| *c != ' ').eq(text.chars());
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    (has_digit && !text.contains(' ')).then(|| ledger.alike(text).into_iter().map(|id| ledger.token_text(id)).find(is_same)).flatten()
}

/// The seen hexadecimal number that `text` is as C writes it, with the letters that say how wide it is.
fn literal<'l>(ledger: &Ledger, text: &'l str) -> Option<&'l str> {
    let number = text.trim_end_matches(['u', 'U', 'l', 'L']);
    (text.starts_with("0x") && number.len() < text.len() && text.len() - number.len() <= 3 && ledger.contains(number)).then_some(number)
}

/// Letters and signs in front of a number.
const LONGEST_SIGN: u32 = 4;

/// The number of a text that is one behind a few capitals or signs, without the zeros that fill it up; not one of
/// fewer than `shortest` digits.
pub fn number_behind_sign(text: &str, shortest: usize) -> Option<&str> {
    let (sign, number) = text.split_at_checked(text.find(|c: char| c.is_ascii_digit())?)?;
    let is_sign = (1..=LONGEST_SIGN as usize).contains(&sign.len()) && !sign.chars().any(|c| c.is_lowercase() || c.is_whitespace());
    let bare = number.trim_start_matches('0');
    (is_sign && bare.len() >= shortest && bare.bytes().all(|b| b.is_ascii_digit())).then_some(bare)
}

/// The number that a person gave, when `text` is that with the letters in front that a system writes: `#W6589183`
/// for 6589183, `CIF00748271` for 748271. People also write in tickets that a tool shows: `#43436`, or a number where
/// others of its length were shown with these letters. Where the number was shown behind other letters, which of them
/// are right is not known; and where a seen identifier is near, a number that anything may be vouches for nothing.
#[must_use]
pub fn numbered(ledger: &Ledger, text: &str) -> Option<String> {
    const SHORTEST: usize = 4;
    /// Edits that a slip may be.
    const SLIP: u32 = 2;
    /// Shorter ones are years and amounts in every result.
    const SHORTEST_SHOWN: usize = 5;
    let bare = number_behind_sign(text, SHORTEST)?;
    let padded = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    // As it stands, or in groups: `4500 318 902`.
    let is_grouped = |number: &str, id: &u32| {
        let seen = ledger.token_text(*id);
        seen.chars().all(|c| c.is_ascii_digit() || c == ' ') && seen.chars().filter(|c| *c != ' ').eq(number.chars())
    };
    let id_of = |number: &str| ledger.exact(number).or_else(|| ledger.alike(number).into_iter().find(|id| is_grouped(number, id)));
    let (number, id) = [padded, bare].into_iter().find_map(|number| Some((number, id_of(number)?)))?;
    let is_named_so = || ledger.exact(&format!("#{number}")).is_some() || ledger.framed(&shape::family(text), &shape::frame(text)) > 0;
    let is_typed = ledger.stood_in(id, Source::UserMessage) && !shape::is_year(number);
    let is_near = |near: Near| near.distance > 0 && shape::frame(ledger.token_text(near.id)) == shape::frame(text);
    let has_near = || ledger.near(text, SLIP).into_iter().any(is_near);
    let is_long = number.len() >= SHORTEST_SHOWN;
    let is_person_s = is_typed && (is_long || !has_near()) || is_long && is_named_so() && !has_near();
    let is_sign = |sign: &str| sign.contains(char::is_alphanumeric);
    let is_signed = |near: Near| ledger.token_text(near.id).strip_suffix(number).is_some_and(is_sign);
    let is_alone = || !ledger.near(text, LONGEST_SIGN).into_iter().any(is_signed);
    (is_person_s && is_alone()).then(|| ledger.token_text(id).to_owned())
}

/// The seen Salesforce id of which `text` is the short form, or the long one.
fn record_id<'l>(ledger: &'l Ledger, text: &'l str) -> Option<&'l str> {
    let is_long = |text: &str| kind_of(text).name == "salesforce";
    match text.len() {
        15 => ledger.longer(text, 2).into_iter().map(|id| ledger.token_text(id)).find(|seen| seen.len() == 18 && is_long(seen)),
        18 if is_long(text) => text.get(..15).filter(|short| ledger.contains(short)),
        _ => None,
    }
}

/// The seen number that is `text` without any of its leading zeros, or with some: a person says
/// 84839 where a register writes 0084839. Between two padded forms a zero may be lost, so there it
/// counts.
fn padded<'l>(ledger: &'l Ledger, text: &'l str) -> Option<&'l str> {
    /// Shorter numbers stand everywhere.
    const SHORTEST: usize = 4;
    const MOST_ZEROS: usize = 6;
    let bare = text.trim_start_matches('0');
    let is_digits = text.bytes().all(|b| b.is_ascii_digit());
    // Perhaps with a check digit behind a dash: `0020461-4`.
    let is_number = is_digits || bare.len() < text.len() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if bare.len() < SHORTEST || !is_number || !bare.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if bare.len() < text.len() {
        // A piece of a longer number with dashes is another one.
        let is_seen = if is_digits { ledger.contains(bare) } else { ledger.exact(bare).is_some() };
        return is_seen.then_some(bare);
    }
    let zeros = "0".repeat(MOST_ZEROS);
    (1..=MOST_ZEROS)
        .filter_map(|count| zeros.get(..count))
        .find_map(|zeros| ledger.exact(&[zeros, text].concat()))
        .map(|id| ledger.token_text(id))
}

/// The seen phone number that `text` is with, or without, its country's code or a leading zero.
fn with_country<'l>(ledger: &'l Ledger, text: &str) -> Option<&'l str> {
    const SHORTEST_NATIONAL: usize = 8;
    const LONGEST_CODE: usize = 3;
    // Without the zeros that stand for the country, or for none.
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>().trim_start_matches('0').to_owned();
    let is_phone = |text: &str| kind_of(text).name == "phone";
    let written = digits(text);
    let is_same = |seen: &&str| {
        let seen = digits(seen);
        let (short, long) = if seen.len() < written.len() { (&seen, &written) } else { (&written, &seen) };
        short.len() >= SHORTEST_NATIONAL && long.len() - short.len() <= LONGEST_CODE && long.ends_with(short.as_str())
    };
    // One of the two must have the look of a telephone number: bare digits may be anything's.
    if !is_phone(text) {
        let is_bare = text.bytes().all(|b| b.is_ascii_digit());
        return ledger.grouped().find(|seen| is_bare && is_phone(seen) && is_same(seen));
    }
    let compact = || ledger.near(&written, LONGEST_CODE as u32).into_iter().map(|near| ledger.token_text(near.id)).find(is_same);
    ledger.grouped().find(is_same).or_else(compact)
}

/// The seen identifiers that are the same as `text` by the rules of its kind.
pub fn same<'l>(ledger: &'l Ledger, text: &'l str, kinds: &'l [CustomKind]) -> impl Iterator<Item = &'l str> {
    let kind = kind_of(text);
    let canonical = (kind.canonical)(text);
    let custom = kinds.iter().find(|kind| kind.pattern.find(text).is_some_and(|found| found.len() == text.len()));
    ledger.alike(text).into_iter().map(|id| ledger.token_text(id)).filter(move |seen| match custom {
        Some(custom) => custom.canonical(seen) == custom.canonical(text),
        None => (kind_of(seen).canonical)(seen) == canonical,
    })
}

/// `%2F` and its like as the characters they stand for; anything else as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten();
        let value = escaped.and_then(|hex| core::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(value.unwrap_or(first));
        rest = if value.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The seen value that `text` legitimately abbreviates: a short commit hash.
#[must_use]
pub fn short_hash(ledger: &Ledger, text: &str) -> Option<String> {
    let bare = |text: &str| text.strip_prefix("0x").unwrap_or(text).len();
    let is_hex = |text: &str| text.strip_prefix("0x").unwrap_or(text).bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !SHORT_HASH.contains(&bare(text)) || !is_hex(text) {
        return None;
    }
    let is_full = |seen: &str| FULL_HASHES.contains(&bare(seen)) && is_hex(seen);
    // Two hashes that share it would make it ambiguous, and any tool that takes it would say so.
    let full: Vec<u32> = ledger.longer(text, MOST_BEGINNINGS).into_iter().filter(|&id| is_full(ledger.token_text(id))).collect();
    match full.as_slice() {
        [id] => Some(ledger.token_text(*id).to_owned()),
        _ => None,
    }
}

/// A seen value that begins as `text` does before its wildcard: `logs-2025.11.*`.
#[must_use]
pub fn pattern(ledger: &Ledger, text: &str) -> Option<String> {
    let head = text.strip_suffix(['*', '%'])?;
    ledger.longer(head, 1).first().map(|&id| ledger.token_text(id).to_owned())
}

/// The complete seen identifier that `text` wraps (`EOB-CLM-4158-27` around `CLM-4158-27`), when the
/// rest adds no digits of its own or was seen too.
#[must_use]
pub fn wrapped(ledger: &Ledger, text: &str) -> Option<String> {
    // The same name elsewhere is another address.
    if text.contains('@') {
        return None;
    }
    let has_digit = |piece: &str| piece.bytes().any(|b| b.is_ascii_digit());
    let is_edge = |c: char| !c.is_alphanumeric();
    let mut edges: Vec<usize> =
        core::iter::once(0).chain(text.match_indices(is_edge).flat_map(|(at, edge)| [at, at + edge.len()])).collect();
    edges.push(text.len());
    // Few separators, so few pieces; a long list is no identifier.
    edges.truncate(24);
    let pieces = edges.iter().flat_map(|&start| edges.iter().filter_map(move |&end| text.get(start..end).map(|piece| (start, end, piece))));
    pieces
        .filter(|(_, _, piece)| piece.len() >= SHORTEST_WRAPPED && piece.len() < text.len() && has_digit(piece))
        // A date or a version in a name is no identifier that the name is about.
        .filter(|(_, _, piece)| !piece.starts_with(is_edge) && !piece.ends_with(is_edge) && value_of(piece).is_none())
        .filter(|(start, end, _)| {
            let rest = [text.get(..*start).unwrap_or_default(), text.get(*end..).unwrap_or_default()];
            // `-1` counts what was made of it.
            let is_count = |side: &str| side.len() <= 2 && side.bytes().all(|b| b.is_ascii_digit());
            rest.iter().flat_map(|side| side.split(is_edge)).all(|side| !has_digit(side) || is_count(side) || ledger.contains(side))
        })
        .find(|(_, _, piece)| ledger.exact(piece).is_some())
        .map(|(_, _, piece)| piece.to_owned())
}

/// Whether every part between separators was seen, in the same case: a path joined from pieces.
#[must_use]
pub fn joined(ledger: &Ledger, text: &str) -> bool {
    let mut parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).peekable();
    // Every address is made of numbers that stand elsewhere.
    let is_joined = text.contains(|c: char| !c.is_alphanumeric()) && kind_of(text).name != "ip";
    is_joined && parts.peek().is_some() && parts.all(|part| ledger.contains(part))
}
