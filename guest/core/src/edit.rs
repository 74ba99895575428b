//! The difference between what was written and what was seen, for people and models to read.

mod script;

use crate::confusable::{is_invisible, looks_like, origin};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt::Write as _, ops::Range};
use script::{Change, Kind};

/// More separate changes than this are no longer a slip that words can list.
const MOST_CHANGES: usize = 3;
/// Longer quotations lose their middle.
const LONGEST_QUOTE: usize = 40;

/// How `written` departs from `seen`, in words; empty when it does not. Characters count from 1,
/// in `written`.
///
/// ```
/// # use twinguard_core::edit::describe;
/// assert_eq!(describe("acct_7H9j2", "acct_7H9j3"), "the last character is `2`, seen was `3`");
/// assert_eq!(describe("acct_79H", "acct_7H9"), "`9` and `H` are swapped (characters 7 and 8)");
/// assert_eq!(describe("acct_7Hj3", "acct_7H9j3"), "`9` is missing after `acct_7H`");
/// assert_eq!(describe("cust_7H9j3", "acct_7H9j3"), "the prefix is `cust_`, seen was `acct_`");
/// assert_eq!(describe("550e8400", "550e8400-e29b"), "the tail `-e29b` is cut off");
/// ```
#[must_use]
pub fn describe(written: &str, seen: &str) -> String {
    if written == seen {
        return String::new();
    }
    let (w, s): (Vec<char>, Vec<char>) = (written.chars().collect(), seen.chars().collect());
    if let Some(words) = letter_case(&w, &s).or_else(|| elided(&w, &s)) {
        return words;
    }
    let changes = script::between(&w, &s);
    let edits = changes.iter().flatten().map(Change::edits).sum::<usize>();
    if (changes.is_none() || edits > 1)
        && let Some(words) = prefix(&w, &s)
    {
        return words;
    }
    match changes {
        Some(changes) if changes.len() <= MOST_CHANGES => {
            let words: Vec<String> = changes.iter().map(|change| phrase(change, &w, &s)).collect();
            words.join("; ")
        }
        _ => stretch(&w, &s),
    }
}

/// The byte ranges of `written` that depart from `seen`, in order and apart. Where something is
/// missing the range is empty and stands at the gap.
///
/// ```
/// # use twinguard_core::edit::differing;
/// assert_eq!(differing("acct_7H9j2", "acct_7H9j3"), [9..10]);
/// assert_eq!(differing("acct_7Hj3", "acct_7H9j3"), [7..7]);
/// ```
#[must_use]
pub fn differing(written: &str, seen: &str) -> Vec<Range<usize>> {
    let (w, s): (Vec<char>, Vec<char>) = (written.chars().collect(), seen.chars().collect());
    let changes = script::between(&w, &s).unwrap_or_else(|| script::ends(&w, &s).into_iter().collect());
    let mut starts: Vec<usize> = written.char_indices().map(|(start, _)| start).collect();
    starts.push(written.len());
    let byte = |position: usize| starts.get(position).copied().unwrap_or(written.len());
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for change in changes {
        let range = byte(change.written.start)..byte(change.written.end);
        match ranges.last_mut() {
            Some(last) if last.end == range.start && last.start < last.end => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    ranges
}

/// One change in words.
fn phrase(change: &Change, w: &[char], s: &[char]) -> String {
    let wrote = w.get(change.written.clone()).unwrap_or_default();
    let saw = s.get(change.seen.clone()).unwrap_or_default();
    let at = place(&change.written, w.len());
    match (change.kind, wrote, saw) {
        (Kind::Swap, [a, b], _) => {
            let (first, second) = (change.written.start + 1, change.written.end);
            format!("{} and {} are swapped (characters {first} and {second})", quote(&[*a]), quote(&[*b]))
        }
        (Kind::Replace, [a], [b]) if looks_like(&a.to_string(), &b.to_string()) => {
            format!("{} at character {} stands for its look-alike {}", name(*a), change.written.end, name(*b))
        }
        (Kind::Replace, [a], [b]) => format!("{at} is {}, seen was {}", name(*a), name(*b)),
        (Kind::Replace, ..) => {
            let verb = if wrote.len() == 1 { "is" } else { "are" };
            format!("{at} {verb} {}, seen was {}", quote(wrote), quote(saw))
        }
        (Kind::Missing, _, _) => missing(change, saw, w, s),
        (Kind::Swap | Kind::Extra, ..) => extra(change, wrote, w, s),
    }
}

fn missing(change: &Change, gone: &[char], w: &[char], s: &[char]) -> String {
    if let Some(words) = repeated(gone, w, s, change.written.start, change.seen.start) {
        return words;
    }
    let (before, after) = w.split_at_checked(change.written.start).unwrap_or((w, &[]));
    let quoted = quote(gone);
    match (before.is_empty(), after.is_empty(), gone.len()) {
        (_, true, 1) => format!("the last character {quoted} is missing"),
        (false, true, _) => format!("the tail {quoted} is cut off"),
        (true, _, 1) => format!("the first character {quoted} is missing"),
        (true, ..) => format!("the beginning {quoted} is cut off"),
        _ => format!("{quoted} is missing after {}", quote(before)),
    }
}

fn extra(change: &Change, added: &[char], w: &[char], s: &[char]) -> String {
    if let Some(words) = repeated(added, w, s, change.written.start, change.seen.start) {
        return words;
    }
    let quoted = quote(added);
    let first = change.written.start + 1;
    match added {
        [symbol] if is_invisible(*symbol) => {
            format!("an invisible {quoted} stands at character {first}")
        }
        [_] => format!("an extra {quoted} at character {first}"),
        _ => format!("an extra {quoted} at characters {first} to {}", change.written.end),
    }
}

/// Runs of one character that are longer or shorter than seen: the slip models make with zeros.
fn repeated(symbols: &[char], w: &[char], s: &[char], at: usize, seen_at: usize) -> Option<String> {
    let (&symbol, rest) = symbols.split_first()?;
    if is_invisible(symbol) || rest.iter().any(|other| *other != symbol) {
        return None;
    }
    let run = |text: &[char], at: usize| {
        let (before, after) = text.split_at_checked(at).unwrap_or((text, &[]));
        let back = before.iter().rev().take_while(|other| **other == symbol).count();
        (at - back, back + after.iter().take_while(|other| **other == symbol).count())
    };
    let ((start, wrote), (_, saw)) = (run(w, at), run(s, seen_at));
    let (quoted, from) = (quote(&[symbol]), start + 1);
    match (wrote, saw) {
        (0, _) | (_, 0) => None,
        (2, 1) => Some(format!("{quoted} is doubled (characters {from} and {})", from + 1)),
        (1, _) => Some(format!("{quoted} stands once at character {from}, seen was {saw} times")),
        (_, 1) => Some(format!("{quoted} stands {wrote} times from character {from}, seen was once")),
        _ => Some(format!("{quoted} stands {wrote} times from character {from}, seen was {saw} times")),
    }
}

/// The words for texts that differ in letter case only.
fn letter_case(w: &[char], s: &[char]) -> Option<String> {
    let recased = |(a, b): (&char, &char)| a.to_lowercase().eq(b.to_lowercase());
    if w.len() != s.len() || !w.iter().zip(s).all(recased) {
        return None;
    }
    let differ: Vec<_> = (1_usize..).zip(w.iter().zip(s)).filter(|(_, (a, b))| a != b).collect();
    let mut words = String::from("only letter case differs: ");
    for (count, (at, (a, b))) in differ.iter().take(MOST_CHANGES).enumerate() {
        let comma = if count == 0 { "" } else { ", " };
        let _ = write!(words, "{comma}{} for {} at character {at}", quote(&[**a]), quote(&[**b]));
    }
    if differ.len() > MOST_CHANGES {
        let _ = write!(words, ", and {} more", differ.len() - MOST_CHANGES);
    }
    Some(words)
}

/// The words for a written text whose middle is replaced by dots.
fn elided(w: &[char], s: &[char]) -> Option<String> {
    let dots = w.iter().position(|symbol| *symbol == '…').map(|at| (at, 1)).or_else(|| {
        let at = w.windows(3).position(|three| three == ['.', '.', '.'])?;
        Some((at, w.iter().skip(at).take_while(|symbol| **symbol == '.').count()))
    });
    let (at, width) = dots?;
    let (head, tail) = (w.get(..at)?, w.get(at + width..)?);
    let rest = s.strip_prefix(head)?.strip_suffix(tail)?;
    let part = if tail.is_empty() {
        "tail"
    } else if head.is_empty() {
        "beginning"
    } else {
        "middle"
    };
    (!rest.is_empty()).then(|| format!("the {part} {} is left out", quote(rest)))
}

/// The words for the same body under another type prefix: `cust_7H9j3` for `acct_7H9j3`.
/// A prefix holds no digit and ends with a separator, a body holds one.
fn prefix(w: &[char], s: &[char]) -> Option<String> {
    let same = w.iter().rev().zip(s.iter().rev()).take_while(|(a, b)| a == b).count();
    let is_separator = |symbol: &char| matches!(symbol, '_' | '-' | '#' | ':' | '/' | '.' | '@');
    let shared = w.get(w.len() - same..)?;
    let end = shared.iter().rposition(is_separator).map_or(0, |at| at + 1);
    let (body, same) = (shared.get(end..)?, same - end);
    let (a, b) = (w.get(..w.len() - same)?, s.get(..s.len() - same)?);
    let fits = |prefix: &[char]| prefix.last().is_none_or(is_separator) && !prefix.iter().any(char::is_ascii_digit);
    if !body.iter().any(char::is_ascii_digit) || !fits(a) || !fits(b) {
        return None;
    }
    Some(match (a, b) {
        ([], b) => format!("the prefix {} is missing", quote(b)),
        (a, []) => format!("the prefix {} was not there", quote(a)),
        (a, b) => format!("the prefix is {}, seen was {}", quote(a), quote(b)),
    })
}

/// The words for texts too far apart to list changes.
fn stretch(w: &[char], s: &[char]) -> String {
    let change = script::ends(w, s);
    let Some(change) = change else { return String::new() };
    if change.written == (0..w.len()) {
        return format!("{} has little in common with {}", quote(w), quote(s));
    }
    let words = phrase(&change, w, s);
    format!("several characters differ: {words}")
}

/// Where a stretch of the written text stands.
fn place(range: &Range<usize>, length: usize) -> String {
    let (first, last) = (range.start + 1, range.end);
    match last.saturating_sub(range.start) {
        0 | 1 if last == length && length > 1 => "the last character".into(),
        0 | 1 if range.start == 0 => "the first character".into(),
        0 | 1 => format!("character {first}"),
        2 => format!("characters {first} and {last}"),
        _ => format!("characters {first} to {last}"),
    }
}

/// One character; one that misleads the eye also by its number and script.
fn name(symbol: char) -> String {
    let quoted = quote(&[symbol]);
    if symbol.is_ascii() || is_invisible(symbol) {
        return quoted;
    }
    let number = u32::from(symbol);
    match origin(symbol) {
        Some(script) => format!("{quoted} (U+{number:04X}, {script})"),
        None => format!("{quoted} (U+{number:04X})"),
    }
}

/// Text in backticks. What a reader cannot see, or what would end the line or the quotation, is
/// written as its number: the text is the model's, and the message goes back to it.
fn quote(text: &[char]) -> String {
    if let [symbol] = text
        && is_unprintable(*symbol)
    {
        return format!("U+{:04X}", u32::from(*symbol));
    }
    let mut quoted = String::from("`");
    let mut push = |part: &[char]| {
        for &symbol in part {
            if is_unprintable(symbol) {
                let _ = write!(quoted, "<U+{:04X}>", u32::from(symbol));
            } else {
                quoted.push(symbol);
            }
        }
    };
    if text.len() > LONGEST_QUOTE {
        let (head, tail) = (LONGEST_QUOTE / 2, text.len() - LONGEST_QUOTE / 2);
        push(text.get(..head).unwrap_or_default());
        push(&['…']);
        push(text.get(tail..).unwrap_or_default());
    } else {
        push(text);
    }
    quoted.push('`');
    quoted
}

fn is_unprintable(symbol: char) -> bool {
    symbol == '`' || is_invisible(symbol) || (symbol.is_whitespace() && symbol != ' ')
}
