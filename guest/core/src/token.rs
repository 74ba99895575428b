//! Text to tokens: the pieces of a text that may be identifiers, in three grains.
//!
//! ```text
//! see https://pay.example/acct_7H9j3/refunds?id=re_55.
//!     └──────────────── chunk ─────────────────────┘    up to space, quote, bracket, comma
//!                     └─ part ─┘ └─ part ┘ └┘ └ part    at / ? & = : % ~ and then at dots
//!                      ┊    ┊
//!                     acct 7H9j3                        words: runs of letters and digits
//! ```
//!
//! Chunks and parts are what a ledger keeps and compares. Words are what it finds a literal text by,
//! wherever that stood: no letter or digit may touch it, anything else may.

use core::ops::Range;

/// What a character does to a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Belongs to a word: a letter or digit, or an invisible character glued to one.
    Word,
    /// Holds words together: `_` and `-`.
    Joiner,
    /// May stand inside a chunk, and parts it.
    Divider,
    /// A letter of a script that is written without spaces or never mixes with identifiers; where
    /// it touches a word, a token ends (`订单ORD-55`).
    Foreign,
    /// Ends every token.
    Break,
}

/// The classes of ASCII: nearly all that is ever read.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which would say so")]
const ASCII: [Class; 128] = {
    let mut classes = [Class::Break; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => Class::Word,
            b'_' | b'-' => Class::Joiner,
            b'/' | b'?' | b'&' | b'=' | b':' | b'%' | b'~' | b'.' | b'+' | b'@' | b'#' => Class::Divider,
            _ => Class::Break,
        };
        byte += 1;
    }
    classes
};

fn class(character: char) -> Class {
    match character {
        '\0'..='\x7f' => ASCII.get(character as usize).copied().unwrap_or(Class::Break),
        _ if is_invisible(character) => Class::Word,
        '\u{300}'..='\u{36f}' => Class::Word, // combining marks belong to their letter
        '\u{ff01}'..='\u{ff5e}' if character.is_alphanumeric() => Class::Word, // full-width ASCII
        '\u{e00}'..='\u{eff}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff65}'..='\u{ffdc}'
        | '\u{20000}'..='\u{3ffff}'
            if character.is_alphanumeric() =>
        {
            Class::Foreign
        }
        _ if character.is_alphanumeric() => Class::Word,
        _ => Class::Break,
    }
}

/// Whether a reader sees nothing where this character stands: zero-width, joiners, byte order mark,
/// soft hyphen, variation selectors, tags.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e01ef}'
    )
}

/// What a scan hands out.
pub trait Sink {
    /// A run of letters and digits.
    fn word(&mut self, range: Range<usize>);
    /// A chunk, or a part of one.
    fn token(&mut self, range: Range<usize>, grain: Grain);
}

/// How coarse a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Up to the next space, quote, bracket or comma.
    Chunk,
    /// A piece of a chunk between `/ ? & = : % ~ + @ #`, or between dots.
    Part,
}

/// Calls `sink` for every word and token of `text`, each word before the tokens that hold it.
pub fn scan(text: &str, sink: &mut impl Sink) {
    let mut chunk: Option<Chunk> = None;
    let mut word: Option<usize> = None;
    let mut foreign = false;
    let mut escaped_until = 0;
    let bytes = text.as_bytes();
    let is_plain = |at: usize| bytes.get(at).and_then(|&byte| ASCII.get(byte as usize)) == Some(&Class::Word);
    let mut next = 0;
    while let Some(&byte) = bytes.get(next) {
        let at = next;
        let (mut class, width) = match ASCII.get(byte as usize) {
            Some(&class) => (class, 1),
            None => text.get(at..).and_then(|rest| rest.chars().next()).map_or((Class::Break, 1), |c| (class(c), c.len_utf8())),
        };
        next += width;
        if at < escaped_until {
            class = Class::Break;
        } else if byte == b'\\' {
            // What is left of doubly encoded text (`\n`, `\"`): the letter is no part of a word.
            escaped_until = at + escape_width(text, at);
        }
        let is_foreign = class == Class::Foreign;
        let switches = matches!(class, Class::Foreign | Class::Word) && chunk.is_some() && is_foreign != foreign;
        if class != Class::Word
            && let Some(start) = word.take()
            && !foreign
        {
            sink.word(start..at);
        }
        if (class == Class::Break || switches)
            && let Some(chunk) = chunk.take()
        {
            chunk.emit(text, at, sink);
        }
        match class {
            Class::Break => continue,
            Class::Word if word.is_none() => word = Some(at),
            _ => {}
        }
        if matches!(class, Class::Word | Class::Foreign) {
            foreign = is_foreign;
        }
        let open = chunk.get_or_insert(Chunk { start: at, divided: false, foreign: is_foreign });
        open.divided |= class == Class::Divider;
        open.foreign |= is_foreign;
        // The rest of a word changes nothing.
        while class == Class::Word && is_plain(next) {
            next += 1;
        }
    }
    if let Some(start) = word {
        sink.word(start..text.len());
    }
    if let Some(chunk) = chunk {
        chunk.emit(text, text.len(), sink);
    }
}

/// Width of the escape whose backslash stands at `at`; 1 when it is none.
fn escape_width(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at + 1) {
        Some(b'n' | b't' | b'r' | b'"' | b'\'' | b'\\' | b'/') => 2,
        _ => 1,
    }
}

/// A chunk being read.
struct Chunk {
    start: usize,
    /// Holds a divider, so it has parts.
    divided: bool,
    foreign: bool,
}

/// Punctuation that belongs to the sentence, not to the identifier, at either end of a chunk.
const fn is_leading(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b':' | b'?' | b'=' | b'&' | b'+' | b'%' | b'@')
}
const fn is_trailing(byte: u8) -> bool {
    matches!(byte, b'.' | b':' | b'?' | b'=' | b'&' | b'+' | b'-' | b'@' | b'#' | b'%' | b'~')
}

impl Chunk {
    fn emit(&self, text: &str, end: usize, sink: &mut impl Sink) {
        if self.foreign && !self.divided {
            return; // whole leaves keep such names; single runs of a sentence are no identifiers
        }
        let Some(chunk) = text.get(self.start..end) else { return };
        // `./x`, `../x` and `.config` keep their dot, `@scope/name` and `@handle` their sign.
        let keeps_lead = chunk.starts_with("./") || chunk.starts_with("../") || chunk.starts_with('@') || dotted_name(chunk);
        let lead = if keeps_lead { 0 } else { chunk.bytes().take_while(|&byte| is_leading(byte)).count() };
        let tail = chunk.bytes().rev().take_while(|&byte| is_trailing(byte)).count();
        let start = self.start + lead;
        let Some(body) = text.get(start..end - tail).filter(|body| !body.is_empty()) else { return };
        sink.token(start..end - tail, Grain::Chunk);
        if self.divided {
            parts(body, start, sink);
        }
    }
}

/// A hidden file or folder: `.claude`, `.config/x`.
fn dotted_name(chunk: &str) -> bool {
    chunk.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn parts(chunk: &str, start: usize, sink: &mut impl Sink) {
    let mut at = 0;
    for part in chunk.split(['/', '?', '&', '=', ':', '%', '~', '+', '@', '#']) {
        if part.len() != chunk.len() {
            piece(part, start + at, sink);
        }
        // A name and its extension, a host and its domains, `table.column`.
        if part.contains('.') {
            let mut inner = at;
            for name in part.split('.') {
                piece(name, start + inner, sink);
                inner += name.len() + 1;
            }
        }
        at += part.len() + 1;
    }
}

/// Parts shorter than this are extensions, schemes and initials.
const SHORTEST_PART: usize = 3;

fn piece(part: &str, start: usize, sink: &mut impl Sink) {
    // `.claude` and `.config` are names with their dot.
    let is_edge = |byte: &u8| matches!(byte, b'-' | b'.');
    let lead = if dotted_name(part) { 0 } else { part.bytes().take_while(is_edge).count() };
    let end = part.len() - part.bytes().rev().take_while(is_edge).count();
    if end >= lead + SHORTEST_PART {
        sink.token(start + lead..start + end, Grain::Part);
    }
}

/// Whether a literal text may begin or end at byte `at`: no letter or digit on both sides of it,
/// the letter of an escape (`\n`) and a change of script counted as boundaries.
///
/// ```
/// # use twinguard_core::token::is_boundary;
/// assert!(is_boundary("id=acct_7H9j3;", 3));
/// assert!(!is_boundary("xacct_7H9j3", 1));
/// assert!(is_boundary(r"one\nacct_7H9j3", 5)); // doubly encoded: that `n` is a line end
/// ```
#[must_use]
pub fn is_boundary(text: &str, at: usize) -> bool {
    let class_at = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).and_then(|&byte| ASCII.get(usize::from(byte)));
    if let (Some(&left), Some(&right)) = (class_at(at.checked_sub(1)), class_at(Some(at)))
        && (left != Class::Word || right != Class::Word)
    {
        return true;
    }
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else { return false };
    let (Some(left), Some(right)) = (before.chars().next_back(), after.chars().next()) else { return true };
    if class(left) != Class::Word || class(right) != Class::Word {
        return true;
    }
    let mut ends = before.char_indices().rev();
    let letter = ends.next().map_or(0, |(start, _)| start);
    matches!(ends.next(), Some((start, '\\')) if start + escape_width(text, start) > letter && escape_width(text, start) == 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::String, vec::Vec};

    #[derive(Default)]
    struct All {
        words: Vec<String>,
        chunks: Vec<String>,
        parts: Vec<String>,
    }

    struct Collect<'t>(&'t str, All);

    impl Sink for Collect<'_> {
        fn word(&mut self, range: Range<usize>) {
            self.1.words.push(self.0[range].into());
        }
        fn token(&mut self, range: Range<usize>, grain: Grain) {
            let list = if grain == Grain::Chunk { &mut self.1.chunks } else { &mut self.1.parts };
            list.push(self.0[range].into());
        }
    }

    fn all(text: &str) -> All {
        let mut collect = Collect(text, All::default());
        scan(text, &mut collect);
        collect.1
    }

    #[test]
    fn a_sentence_loses_its_punctuation() {
        assert_eq!(all("Refund (acct_7H9j3), now: #W1234567.").chunks, ["Refund", "acct_7H9j3", "now", "#W1234567"]);
    }

    #[test]
    fn a_url_is_one_chunk_with_parts() {
        let found = all("see https://pay.example/acct_7H9j3/r?id=re_55.");
        assert_eq!(found.chunks, ["see", "https://pay.example/acct_7H9j3/r?id=re_55"]);
        assert_eq!(found.parts, ["https", "pay.example", "pay", "example", "acct_7H9j3", "re_55"]);
    }

    #[test]
    fn escapes_left_in_a_text_part_tokens() {
        assert_eq!(all(r"a line\nacct_7H9j3\tb").chunks, ["a", "line", "acct_7H9j3", "b"]);
    }

    #[test]
    fn another_script_parts_tokens_but_a_look_alike_does_not() {
        assert_eq!(all("订单ORD-55号").chunks, ["ORD-55"]);
        assert_eq!(all("\u{430}cct_7H9j3 x").chunks, ["\u{430}cct_7H9j3", "x"]);
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(all("gift_card_5634230/x9").words, ["gift", "card", "5634230", "x9"]);
    }
}
