//! What an identifier looks like: its family (tokens made the same way), the part of it that is
//! random, and how much that part says.
//!
//! Nearness is evidence only where a fresh identifier would not be near anything by chance, so the
//! random body counts, not the length: `#W1234567` is seven digits, the prefix adds nothing.

use crate::{
    kind::{FILE_ENDINGS, kind_of},
    value::value_of,
};
use alloc::string::String;

/// Information in one decimal digit, in bits: log2 10.
const DIGIT_BITS: f64 = 3.32;
/// A letter of a word says little: English text carries about one bit a letter (Shannon 1951).
const WORD_LETTER_BITS: f64 = 1.0;
/// However long a word is, it is one choice out of a vocabulary.
const WORD_CAP_BITS: f64 = 8.0;

/// The random part of an identifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Body {
    /// Symbols it is drawn from: 10, 16, 36 or 62.
    pub alphabet: u32,
    /// Characters of it.
    pub length: u32,
    /// Information in it, in bits; words outside it counted at a bit a letter.
    pub bits: f64,
    /// The share of words in that.
    pub word_bits: f64,
}

/// A run of letters and digits, by what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// Letters alone.
    Letters,
    /// Digits alone.
    Digits,
    /// Letters and digits alternate: drawn from an alphabet of both.
    Mixed,
}

/// Splits into runs of one sort: `HAT136` is letters then digits, `7H9j3` is mixed.
pub(crate) fn runs(text: &str) -> impl Iterator<Item = (Run, &str)> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).flat_map(|word| {
        let changes = word.as_bytes().windows(2).filter(|pair| matches!(pair, [a, b] if a.is_ascii_digit() != b.is_ascii_digit())).count();
        let starts_with_digit = word.starts_with(|c: char| c.is_ascii_digit());
        let split = word.find(|c: char| c.is_ascii_digit() != starts_with_digit).unwrap_or(word.len());
        let sort = |digits: bool| if digits { Run::Digits } else { Run::Letters };
        // One change is a prefix and a number (`HAT136`), unless the letters outweigh it as they do in
        // a booking code (`EUJUY6`).
        let is_code = word.len() == 6 && split >= 4 && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if changes > 1 || (changes == 1 && (starts_with_digit || is_code)) {
            [Some((Run::Mixed, word)), None]
        } else {
            let (head, tail) = word.split_at_checked(split).unwrap_or((word, ""));
            [Some((sort(starts_with_digit), head)), (!tail.is_empty()).then_some((sort(!starts_with_digit), tail))]
        }
        .into_iter()
        .flatten()
    })
}

/// The family of an identifier: tokens of one family differ only in their random parts. Runs of
/// letters count as one sort (`mia_li_3668` and `omar_rossi_1241` are made the same way), digits and
/// mixed runs by their length.
///
/// ```
/// # use twinguard_core::shape::family;
/// assert_eq!(family("#W1234567"), family("#W7654321"));
/// assert_eq!(family("mia_li_3668"), family("omar_rossi_1241"));
/// assert_ne!(family("acct_7H9j3"), family("acct_7H9j3x"));
/// ```
#[must_use]
pub fn family(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    let mut rest = text;
    for (run, word) in runs(text) {
        // Keep the separators between the runs: they are the frame of the family.
        let (between, after) = rest.split_once(word).unwrap_or((rest, ""));
        key.push_str(between);
        rest = after;
        match run {
            Run::Letters => key.push('a'),
            Run::Digits => key.extend(word.chars().map(|_| '0')),
            Run::Mixed => key.extend(word.chars().map(|_| 'x')),
        }
    }
    key.push_str(rest);
    key
}

/// The random part of an identifier and what it says.
///
/// ```
/// # use twinguard_core::shape::body;
/// assert_eq!(body("#W1234567").length, 7);
/// assert!(body("acct_7H9j3").bits > 25.0);
/// assert!(body("customer_name").bits < 10.0);
/// ```
#[must_use]
pub fn body(text: &str) -> Body {
    let (mut length, mut digits_only, mut hex_only) = (0, true, true);
    let (mut upper, mut lower) = (false, false);
    let mut bits = 0.0;
    let mut words: f64 = 0.0;
    for (position, (run, word)) in runs(text).enumerate() {
        let count = u32::try_from(word.chars().count()).unwrap_or(u32::MAX);
        match run {
            // The first run of letters is a type prefix: everyone in the family has it.
            Run::Letters if position == 0 => {}
            Run::Letters => words += WORD_LETTER_BITS * f64::from(count),
            Run::Digits => {
                length += count;
                bits += DIGIT_BITS * f64::from(count);
            }
            Run::Mixed => {
                length += count;
                digits_only = false;
                hex_only &= word.bytes().all(|b| b.is_ascii_hexdigit());
                upper |= word.bytes().any(|b| b.is_ascii_uppercase());
                lower |= word.bytes().any(|b| b.is_ascii_lowercase());
                let per_symbol = symbol_bits(hex_only && !(upper && lower), upper && lower);
                bits += per_symbol * f64::from(count);
            }
        }
    }
    let word_bits = words.min(WORD_CAP_BITS);
    bits += word_bits;
    let alphabet = match () {
        () if digits_only => 10,
        () if hex_only && !(upper && lower) => 16,
        () if upper && lower => 62,
        () => 36,
    };
    Body { alphabet, length, bits, word_bits }
}

/// log2 of the alphabet: 16, 36 or 62 symbols.
const fn symbol_bits(hex: bool, both_cases: bool) -> f64 {
    match (hex, both_cases) {
        (true, _) => 4.0,
        (false, true) => 5.95,
        (false, false) => 5.17,
    }
}

/// The letters of a family's frame: what the members of one series share (`emma_kim_` of
/// `emma_kim_9957`).
#[must_use]
pub fn frame(text: &str) -> String {
    runs(text).filter(|(run, _)| *run == Run::Letters).flat_map(|(_, word)| [word, " "]).collect()
}

/// Whether two names differ only in a date, a time or a version inside them: `backup_20240510.tar` and
/// `backup_20240511.tar`, `app-1.4.0.zip` and `app-1.4.1.zip`. Such names are written by rule.
///
/// ```
/// # use twinguard_core::shape::is_dated_step;
/// assert!(is_dated_step("backup_20240511.tar", "backup_20240510.tar"));
/// assert!(is_dated_step("report-2024-05-11.csv", "report-2024-05-10.csv"));
/// assert!(!is_dated_step("acct_7H9j2", "acct_7H9j3"));
/// ```
#[must_use]
pub fn is_dated_step(written: &str, seen: &str) -> bool {
    let (prefix, suffix) = shared_ends(written, seen);
    let stamp = |text: &str| -> Option<bool> {
        let is_inside = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | ':' | 'T' | 'v');
        let longest = text.len().min(written.len()).min(seen.len());
        let prefix = prefix.min(longest);
        let head = text.get(..prefix)?;
        let tail = text.get(text.len() - suffix.min(longest - prefix)..)?;
        let start = head.trim_end_matches(is_inside).len();
        let end = text.len() - tail.trim_start_matches(is_inside).len();
        let run = text.get(start..end)?.trim_matches(['-', '.', ':', '_']);
        // `v79` in `krv79kd2gr` is a piece of something random.
        let is_torn = run.starts_with('v') && text.get(..start)?.ends_with(char::is_alphanumeric);
        // `1.12` is a version, `2108.10167` a number.
        let is_release = |run: &str| run.split('.').all(|part| part.len() <= 3);
        let is_stamp = value_of(run).is_some_and(|value| match value.name {
            "date" | "datetime" | "time" | "version" | "quarter" => true,
            "decimal" => is_release(run),
            _ => false,
        });
        Some(is_stamp && !is_torn)
    };
    written != seen && stamp(written) == Some(true) && stamp(seen) == Some(true)
}

/// Whether two names differ in nothing but what sort of file they say they are.
///
/// ```
/// # use twinguard_core::shape::is_other_format;
/// assert!(is_other_format("webhooks.ts", "webhooks.js"));
/// assert!(!is_other_format("webhook.js", "webhooks.js"));
/// ```
#[must_use]
pub fn is_other_format(written: &str, seen: &str) -> bool {
    let parts = |name: &'_ str| name.rsplit_once('.').map(|(stem, ending)| (stem.to_lowercase(), ending.to_lowercase()));
    let is_ending = |ending: &str| FILE_ENDINGS.contains(&ending);
    match (parts(written), parts(seen)) {
        (Some((stem, a)), Some((other, b))) => stem == other && a != b && is_ending(&a) && is_ending(&b),
        _ => false,
    }
}

/// Bytes that two texts share at their beginning, and at their end.
pub(crate) fn shared_ends(a: &str, b: &str) -> (usize, usize) {
    let prefix = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let suffix = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    (prefix, suffix)
}

/// Whether two identifiers differ only in one short counter, and by how much: `paper1.pdf` and
/// `paper2.pdf` by 1. Such neighbours are steps of a series, not slips.
///
/// ```
/// # use twinguard_core::shape::counter_step;
/// assert_eq!(counter_step("paper2.pdf", "paper1.pdf"), Some(1));
/// assert_eq!(counter_step("acct_7H9j2", "acct_7H9j3"), None); // a mixed body is no counter
/// assert_eq!(counter_step("#W1234567", "#W1234568"), None); // nor are seven digits
/// ```
#[must_use]
pub fn counter_step(written: &str, seen: &str) -> Option<u64> {
    /// Longer runs of digits are numbers drawn at random or given out by a register.
    const LONGEST_COUNTER: usize = 4;
    /// Counters this short may jump; of longer ones only neighbours are steps.
    const SHORT_COUNTER: u64 = 100;
    const NEIGHBOURS: u64 = 20;
    let (a, b) = numbers_apart(written, seen)?;
    if a.len().max(b.len()) > LONGEST_COUNTER {
        return None;
    }
    let (a, b): (u64, u64) = (a.parse().ok()?, b.parse().ok()?);
    let step = a.abs_diff(b);
    (step > 0 && (step <= NEIGHBOURS || a.max(b) < SHORT_COUNTER)).then_some(step)
}

/// The one run of digits in which two identifiers differ, of each of them; nothing where they differ
/// elsewhere too, where the run is part of a mixed body, or is the year before a longer number.
///
/// ```
/// # use twinguard_core::shape::numbers_apart;
/// assert_eq!(numbers_apart("MRN-497931", "MRN-497930"), Some(("497931", "497930")));
/// assert_eq!(numbers_apart("7H9j2", "7H9j3"), None);
/// assert_eq!(numbers_apart("SO-2027-003115", "SO-2024-003115"), None);
/// ```
#[must_use]
pub fn numbers_apart<'t>(written: &'t str, seen: &'t str) -> Option<(&'t str, &'t str)> {
    let (prefix, suffix) = shared_ends(written, seen);
    let number = |text: &'t str| -> Option<&'t str> {
        let longest = text.len().min(written.len()).min(seen.len());
        let prefix = prefix.min(longest);
        let suffix = suffix.min(longest - prefix);
        let bytes = text.as_bytes();
        // Widen the differing middle to the whole run of digits around it.
        let start = prefix - bytes.get(..prefix)?.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let tail = text.len() - suffix;
        let end = tail + bytes.get(tail..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        let digits = text.get(start..end)?;
        let touches_letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphabetic);
        // `7H9j2`: letters on both sides, or digits further off in the same word, is a mixed body.
        let word_start = text.get(..start)?.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        if text.get(word_start..start)?.bytes().any(|b| b.is_ascii_digit()) || touches_letter(bytes.get(end)) {
            return None;
        }
        if is_year(digits) && text.get(end..)?.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() > digits.len()) {
            return None;
        }
        (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
    };
    Some((number(written)?, number(seen)?))
}

/// Whether a run of digits is a year as often as a number.
pub(crate) fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))
}

/// How an identifier is made, coarser than its family: the system that gave it out, as far as its look tells.
/// Numbers are one make whatever their length, and a type prefix is a make of its own.
///
/// ```
/// # use twinguard_core::shape::make;
/// assert_eq!(make("ORD-55"), make("ORD-1234"));
/// assert_ne!(make("paypal_3291935"), make("8596117407"));
/// assert_eq!(make("mia_li_3668"), make("omar_rossi_1241"));
/// ```
#[must_use]
pub fn make(text: &str) -> String {
    /// A short code and a long token come from different systems.
    const LONGEST_CODE: usize = 8;
    // What most fields hold needs no kind.
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return "digits".into();
    }
    if !text.bytes().any(|b| b.is_ascii_digit() || b == b'@') {
        return "words".into();
    }
    match (kind_of(text).name, type_prefix(text)) {
        (
            kind @ ("uuid" | "email" | "url" | "iban" | "phone" | "ip" | "mac" | "path" | "file" | "arn" | "handle" | "flight" | "booking"),
            _,
        ) => kind.into(),
        (_, Some(prefix)) => prefix.to_lowercase(),
        _ if text.len() <= LONGEST_CODE => "code".into(),
        _ => "token".into(),
    }
}

/// The type prefix of an identifier: the letters in front of its number or body.
///
/// ```
/// # use twinguard_core::shape::type_prefix;
/// assert_eq!(type_prefix("PRV-101"), Some("PRV"));
/// assert_eq!(type_prefix("gift_card_5634230"), Some("gift_card"));
/// assert_eq!(type_prefix("7H9j2"), None);
/// ```
#[must_use]
pub fn type_prefix(text: &str) -> Option<&str> {
    let text = text.trim_start_matches('#');
    let head = text.get(..text.find(|c: char| c.is_ascii_digit())?)?;
    let head = match head.rfind(['_', '-', '/', ':']) {
        Some(at) => head.get(..at)?,
        // Letters that run into digits are a prefix where digits are all that follows.
        None if text.get(head.len()..)?.bytes().all(|b| b.is_ascii_digit()) => head,
        None => return None,
    };
    (!head.is_empty() && head.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | '-' | '/' | ':'))).then_some(head)
}
