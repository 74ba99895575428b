//! Small pieces that the matchers of kinds and values are made of.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A text being read from the left. Nothing is ever put back, so a matcher is linear.
pub(crate) struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Scan { rest: text }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Whether everything has been read.
    pub(crate) fn done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads `fixed` if it comes next.
    pub(crate) fn eat(&mut self, fixed: &str) -> bool {
        match self.rest.strip_prefix(fixed) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads the next character if it is one of `allowed`.
    pub(crate) fn eat_any(&mut self, allowed: &str) -> Option<char> {
        let next = self.rest.chars().next().filter(|next| allowed.contains(*next))?;
        self.eat(next.encode_utf8(&mut [0; 4]));
        Some(next)
    }

    /// Reads as many characters as pass `test`, possibly none.
    pub(crate) fn run(&mut self, test: fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|symbol| !test(symbol)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or(("", self.rest));
        self.rest = rest;
        run
    }

    /// Reads ASCII digits, possibly none.
    pub(crate) fn digits(&mut self) -> &'a str {
        self.run(is_digit)
    }

    /// Reads at least `low` and at most `high` digits, and is false when the run has another length.
    pub(crate) fn digits_of(&mut self, low: usize, high: usize) -> bool {
        (low..=high).contains(&self.digits().len())
    }

    /// Reads ASCII letters, possibly none.
    pub(crate) fn letters(&mut self) -> &'a str {
        self.run(|symbol| symbol.is_ascii_alphabetic())
    }
}

pub(crate) fn is_digit(symbol: char) -> bool {
    symbol.is_ascii_digit()
}

pub(crate) fn is_upper_or_digit(symbol: char) -> bool {
    symbol.is_ascii_uppercase() || symbol.is_ascii_digit()
}

/// Not empty, and every character passes.
pub(crate) fn all(text: &str, test: fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(test)
}

/// Not empty, and digits only.
pub(crate) fn all_digits(text: &str) -> bool {
    all(text, is_digit)
}

/// Some character passes.
pub(crate) fn has(text: &str, test: fn(char) -> bool) -> bool {
    text.chars().any(test)
}

pub(crate) fn has_digit(text: &str) -> bool {
    has(text, is_digit)
}

pub(crate) fn has_letter(text: &str) -> bool {
    has(text, |symbol| symbol.is_ascii_alphabetic())
}

/// No letters of both cases.
pub(crate) fn one_case(text: &str) -> bool {
    !(has(text, |symbol| symbol.is_ascii_lowercase()) && has(text, |symbol| symbol.is_ascii_uppercase()))
}

/// How many digits there are.
pub(crate) fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// The digits alone.
pub(crate) fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The number that up to six digits write; `None` for anything else.
pub(crate) fn number(text: &str) -> Option<u32> {
    if all_digits(text) && text.len() <= 6 { text.parse().ok() } else { None }
}

/// Whether the digit groups between single separators have exactly these lengths. All separators
/// must be the same one of `separators`.
pub(crate) fn grouped(text: &str, separators: &str, lengths: &[usize]) -> bool {
    let Some(separator) = text.chars().find(|symbol| !symbol.is_ascii_digit()) else { return false };
    let lengths_match = text.split(separator).map(str::len).eq(lengths.iter().copied());
    separators.contains(separator) && lengths_match && text.split(separator).all(all_digits)
}

/// The parts between any of `separators`; `None` when a part is empty.
pub(crate) fn parts<'a>(text: &'a str, separators: &str) -> Option<Vec<&'a str>> {
    let parts: Vec<&str> = text.split(|symbol| separators.contains(symbol)).collect();
    if parts.iter().any(|part| part.is_empty()) { None } else { Some(parts) }
}

pub(crate) fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

pub(crate) fn strip_suffix_ignore_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    tail.eq_ignore_ascii_case(suffix).then_some(head)
}

/// Words parted by spaces, taken apart by the compiler.
macro_rules! words {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const WORDS: [&str; $crate::kind::scan::count(TEXT)] = $crate::kind::scan::split(TEXT);
        &WORDS
    }};
}
pub(crate) use words;

/// How many words `text` has.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which would say so")]
pub(crate) const fn count(text: &str) -> usize {
    let (mut words, mut at) = (1, 0);
    while at < text.len() {
        if text.as_bytes()[at] == b' ' {
            words += 1;
        }
        at += 1;
    }
    words
}

/// The words of `text`, as many as [`count`] says.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which would say so")]
pub(crate) const fn split<const COUNT: usize>(text: &'static str) -> [&'static str; COUNT] {
    let mut words = [""; COUNT];
    let (mut word, mut rest, mut at) = (0, text, 0);
    while at < rest.len() {
        if rest.as_bytes()[at] == b' ' {
            let (head, tail) = rest.split_at(at);
            words[word] = head;
            (_, rest) = tail.split_at(1);
            (word, at) = (word + 1, 0);
        } else {
            at += 1;
        }
    }
    words[word] = rest;
    words
}

/// Whether `list` holds `word`, in any letter case.
pub(crate) fn listed(list: &[&str], word: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

// Canonical forms that several kinds share.

pub(crate) fn unchanged(text: &str) -> String {
    text.to_string()
}

pub(crate) fn lowercase(text: &str) -> String {
    text.to_ascii_lowercase()
}

pub(crate) fn uppercase(text: &str) -> String {
    text.to_ascii_uppercase()
}

/// Upper case, without spaces and hyphens.
pub(crate) fn compact_upper(text: &str) -> String {
    text.chars().filter(|symbol| !matches!(symbol, ' ' | '-')).map(|symbol| symbol.to_ascii_uppercase()).collect()
}
