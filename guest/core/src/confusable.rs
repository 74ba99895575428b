//! Characters that look alike: Cyrillic `а` for `a`, full-width `７` for `7`, `l` for `1`, and
//! characters nobody sees at all.
//!
//! After *Unicode Technical Standard 39*, section 4, with three departures that suit identifiers.
//! Compatibility forms are decomposed too (NFKD), so full-width and circled letters need no rows.
//! Digits of any script become the ASCII digit of the same value, not the letter they resemble.
//! And the result is folded to lower case, so that one look-up serves every kind of likeness.

mod table;

use alloc::string::String;
use unicode_normalization::UnicodeNormalization;

/// What every text that looks like this one has in common, in any letter case.
/// The widest bucket: it may join texts that [`looks_like`] keeps apart.
///
/// ```
/// # use twinguard_core::confusable::skeleton;
/// assert_eq!(skeleton("\u{430}cct_7H9j3"), skeleton("acct_7H9j3")); // Cyrillic first letter
/// assert_eq!(skeleton("acct\u{200b}_７"), skeleton("acct_7")); // zero-width space, full width
/// assert_eq!(skeleton("I0O"), skeleton("l0o"));
/// assert_ne!(skeleton("a-b"), skeleton("ab")); // separators count
/// ```
#[must_use]
pub fn skeleton(text: &str) -> String {
    let mut skeleton = String::with_capacity(text.len());
    if text.is_ascii() {
        fold_ascii(text.bytes(), |byte| skeleton.push(char::from(byte)));
        return skeleton;
    }
    for symbol in cased(text).nfkd() {
        match u8::try_from(symbol) {
            Ok(byte) if byte.is_ascii() => {
                fold_ascii([byte], |byte| skeleton.push(char::from(byte)));
            }
            _ => skeleton.push(symbol),
        }
    }
    skeleton
}

/// The bytes of [`skeleton`], for hashing. ASCII text, which is nearly all, allocates nothing.
///
/// ```
/// # use twinguard_core::confusable::skeleton_hash_input;
/// let mut bytes = Vec::new();
/// skeleton_hash_input("O0-I1", |byte| bytes.push(byte));
/// assert_eq!(bytes, b"oo-ll");
/// ```
pub fn skeleton_hash_input(text: &str, mut push: impl FnMut(u8)) {
    if text.is_ascii() {
        fold_ascii(text.bytes(), push);
    } else {
        skeleton(text).bytes().for_each(&mut push);
    }
}

/// Whether two different texts could be taken for each other on sight. Letter case alone is
/// another matter and does not count.
///
/// ```
/// # use twinguard_core::confusable::looks_like;
/// assert!(looks_like("cus_l9", "cus_19"));
/// assert!(looks_like("BO0K", "bOOk")); // letter case besides
/// assert!(!looks_like("Cus_9", "cus_9"));
/// assert!(!looks_like("ail", "all")); // `I` is like `l`, `i` is not
/// ```
#[must_use]
pub fn looks_like(a: &str, b: &str) -> bool {
    if skeleton(a) != skeleton(b) {
        return false;
    }
    let (lower_a, lower_b) = (lower(a), lower(b));
    // The bucket holds `i`, `I` and `l` together, since it knows no case. Of these `I` is like
    // `l` as written and like `i` in lower case; `i` and `l` are alike in neither way.
    lower_a != lower_b && (lower(&cased(a)) == lower(&cased(b)) || cased(&lower_a) == cased(&lower_b))
}

/// Whether a text mixes Latin letters or ASCII digits with characters that pass for them: letters
/// or digits of another script, full-width or mathematical forms, or invisible characters.
/// Chinese, Japanese and Korean next to Latin is ordinary and passes.
///
/// ```
/// # use twinguard_core::confusable::mixed_scripts;
/// assert!(mixed_scripts("p\u{430}ypal")); // Cyrillic second letter
/// assert!(mixed_scripts("acct\u{200b}7"));
/// assert!(!mixed_scripts("Müller_3"));
/// assert!(!mixed_scripts("счёт"));
/// ```
#[must_use]
pub fn mixed_scripts(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let latin = text.chars().any(|symbol| symbol.is_ascii_alphanumeric() || is_latin(symbol));
    let foreign = |symbol: char| is_foreign(symbol) || is_invisible(symbol);
    latin && text.chars().any(foreign)
}

/// Whether a reader cannot see this character: it is ignored in display, or controls it.
/// The property `Default_Ignorable_Code_Point`, and control characters other than white space.
///
/// ```
/// # use twinguard_core::confusable::is_invisible;
/// assert!(is_invisible('\u{200b}') && is_invisible('\u{feff}') && is_invisible('\0'));
/// assert!(!is_invisible(' ') && !is_invisible('\n'));
/// ```
#[must_use]
pub const fn is_invisible(symbol: char) -> bool {
    match symbol {
        '\t'..='\r' | '\u{85}' | ' '..='~' => false,
        '\0'..='\u{9f}' => true,
        _ => matches!(symbol,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'),
    }
}

/// The script a look-alike comes from, where it has a name people know.
pub(crate) const fn origin(symbol: char) -> Option<&'static str> {
    match symbol {
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some("Greek"),
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{a640}'..='\u{a69f}' => Some("Cyrillic"),
        '\u{530}'..='\u{58f}' => Some("Armenian"),
        '\u{590}'..='\u{5ff}' => Some("Hebrew"),
        '\u{600}'..='\u{6ff}' => Some("Arabic"),
        '\u{900}'..='\u{97f}' => Some("Devanagari"),
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Some("Cherokee"),
        '\u{ff01}'..='\u{ff5e}' => Some("full-width"),
        '\u{1d400}'..='\u{1d7ff}' => Some("mathematical"),
        _ => None,
    }
}

/// The skeleton before the letter case of ASCII is folded.
fn cased(text: &str) -> String {
    let mut cased = String::with_capacity(text.len());
    // Invisible characters go first: one between a letter and its accent blocks decomposition.
    for symbol in text.chars().filter(|&symbol| !is_invisible(symbol)).nfkd() {
        if symbol.is_ascii() {
            push_cased(symbol, &mut cased);
        } else if let Some(ascii) = resembled(symbol) {
            push_cased(ascii, &mut cased);
        } else {
            for symbol in symbol.to_lowercase() {
                push_cased(resembled(symbol).unwrap_or(symbol), &mut cased);
            }
        }
    }
    cased
}

/// The look-alikes within ASCII.
fn push_cased(symbol: char, cased: &mut String) {
    match symbol {
        '0' => cased.push('O'),
        '1' | 'I' | '|' => cased.push('l'),
        'm' => cased.push_str("rn"),
        _ => cased.push(symbol),
    }
}

/// The same with letter case folded, so that the result is one more step from [`push_cased`]:
/// `I` is like `l` as written and like `i` in lower case, hence all of them share a bucket.
fn fold_ascii(bytes: impl IntoIterator<Item = u8>, mut push: impl FnMut(u8)) {
    for byte in bytes {
        match byte {
            b'0' => push(b'o'),
            b'1' | b'I' | b'i' | b'|' => push(b'l'),
            b'M' | b'm' => {
                push(b'r');
                push(b'n');
            }
            b'\t'..=b'\r' | b' '..=b'~' => push(byte.to_ascii_lowercase()),
            _ => {} // control characters: invisible
        }
    }
}

/// The ASCII character that a character of another script stands for or looks like.
fn resembled(symbol: char) -> Option<char> {
    if let Some(digit) = digit(symbol) {
        return char::from_digit(digit, 10);
    }
    // Not in the standard's list, yet writers and models turn hyphens into these.
    if matches!(symbol, '\u{2014}' | '\u{2015}') {
        return Some('-');
    }
    let row = table::ROWS.binary_search_by_key(&symbol, |row| row.0).ok()?;
    table::ROWS.get(row).map(|row| char::from(row.1))
}

/// The value of a decimal digit outside ASCII that has no compatibility form.
fn digit(symbol: char) -> Option<u32> {
    let after = table::ZEROS.partition_point(|&zero| zero <= symbol);
    let zero = *table::ZEROS.get(after.checked_sub(1)?)?;
    Some(u32::from(symbol) - u32::from(zero)).filter(|&value| value < 10)
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Letters of the Latin script, by block; the blocks' few letters of no script count as Latin.
const fn is_latin(symbol: char) -> bool {
    matches!(symbol,
        'A'..='Z' | 'a'..='z' | '\u{aa}'..='\u{2af}' | '\u{1d00}'..='\u{1dbf}'
        | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{ab6f}' | '\u{fb00}'..='\u{fb06}')
}

/// A letter or digit that is neither Latin nor usual beside it.
fn is_foreign(symbol: char) -> bool {
    let east_asian = matches!(symbol,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff65}'..='\u{ffdc}'
        | '\u{1aff0}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}');
    let digit = matches!(symbol, '\u{ff10}'..='\u{ff19}' | '\u{1d7ce}'..='\u{1d7ff}') || digit(symbol).is_some();
    digit || (symbol.is_alphabetic() && !is_latin(symbol) && !east_asian)
}
