//! The ends of values, found by their quotes and brackets.
//!
//! For text that was found to be JSON once: opening a value asks no more whether it is any, which
//! would be most of the work where every level is opened by itself. In other text the ends mean
//! nothing, but finding them ends, too.

use memchr::memchr3;

/// Where the value ends that begins at `at`.
pub(super) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => string_end(text, at + 1),
        b'{' | b'[' => container_end(text, at),
        _ => {
            let rest = text.get(at..)?;
            let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
            Some(at + rest.iter().position(is_end).unwrap_or(rest.len()))
        }
    }
}

fn container_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at + 1)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Where the string ends whose first character stands at `at`.
fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = leap(text, at)?;
        match text.get(at) {
            Some(b'"') => return Some(at + 1),
            Some(b'\\') => at += 2,
            _ => at += 1,
        }
    }
}

/// The next quote, backslash or end of line from `at` on: nearly all of a trace is the inside of
/// strings, and is gone through in leaps.
pub(crate) fn leap(text: &[u8], mut at: usize) -> Option<usize> {
    // The results of tools are mostly JSON in strings, with an escape every few bytes: a call of
    // `memchr` for each would cost more than these words.
    for _ in 0..4 {
        let Some(word) = text.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes) else { break };
        let found = zeros(word ^ (LOW * 0x22)) | zeros(word ^ (LOW * 0x5c)) | zeros(word ^ (LOW * 0x0a));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    Some(at + memchr3(b'"', b'\\', b'\n', text.get(at..)?)?)
}

/// One in every byte.
const LOW: u64 = 0x0101_0101_0101_0101;

/// The high bit of the lowest byte that is zero, and perhaps of higher ones.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & (LOW << 7)
}

/// The first byte from `at` on that is no white space, and where it stands.
pub(super) fn next(text: &[u8], at: usize) -> Option<(usize, u8)> {
    let space = text.get(at..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
    Some((at + space, *text.get(at + space)?))
}

/// The text between the quotes of a string, its escapes resolved; `None` for half a surrogate pair.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = leap(rest.as_bytes(), 0) {
        out.push_str(rest.get(..at)?);
        let (character, length) = match rest.as_bytes().get(at + 1)? {
            b'n' => ('\n', 2),
            b'"' => ('"', 2),
            b'\\' => ('\\', 2),
            b'/' => ('/', 2),
            b't' => ('\t', 2),
            b'r' => ('\r', 2),
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'u' => coded(rest, at)?,
            _ => return None,
        };
        out.push(character);
        rest = rest.get(at + length..)?;
    }
    out.push_str(rest);
    Some(out)
}

/// The character that is written as one `\uXXXX`, or as two, and how long that is.
fn coded(text: &str, at: usize) -> Option<(char, usize)> {
    let unit = |at: usize| u32::from_str_radix(text.get(at..at + 4)?, 16).ok();
    let first = unit(at + 2)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = unit(at + 8).filter(|second| text.get(at + 6..at + 8) == Some("\\u") && (0xdc00..0xe000).contains(second))?;
    Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?, 12))
}
