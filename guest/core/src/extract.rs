//! A call's arguments to mentions: the places in them that may hold identifiers.

use crate::{
    kind::kind_of,
    leaf::{Form, Leaf},
    ledger::LONGEST_TOKEN,
    policy::CustomKind,
    slot::Role,
    token::{self, Grain, Sink},
};
use alloc::{string::String, vec::Vec};
use core::ops::Range;

/// What surrounds an identifier. Where it stands decides how much a near miss says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is the whole value.
    Whole,
    /// A piece of a path.
    Path,
    /// A piece of a URL.
    Url,
    /// Inside a command, a query or source text.
    Code,
    /// Inside text for people.
    Prose,
}

/// One text in a call that may be or hold an identifier.
#[derive(Clone, Debug)]
pub struct Mention {
    /// JSON Pointer of the argument that holds it.
    pub pointer: String,
    /// The whole pointer, JSON inside strings included.
    pub slot: String,
    /// The argument's name.
    pub field: String,
    /// What the name says.
    pub role: Role,
    /// Where it stands.
    pub place: Place,
    /// As written.
    pub text: String,
    /// Byte range in the value at `pointer`.
    pub span: Range<u32>,
    /// Written as a JSON number.
    pub is_number: bool,
    /// A mark beside it says that a part was left out on purpose: `DE75…6199`, `**** 1111`, or in code
    /// a wildcard: `LIKE 'ABC742%'`.
    pub is_masked: bool,
    /// In code: a search is given it, so it may be a part of what is looked for.
    pub is_sought: bool,
    /// In code: a backslash stands before it, so its first character may belong to that: `\nORD-1`, `\1ORD-1`.
    pub is_escaped: bool,
    /// In code: it is all that stands between two quotation marks.
    pub is_quoted: bool,
    /// The pieces of a path or URL, as byte ranges of `text`.
    pub pieces: Vec<Range<usize>>,
}

impl Mention {
    /// What stands behind the escape, where there may be one.
    #[must_use]
    pub fn behind_escape(&self) -> Option<Self> {
        /// Shorter texts are no identifier by themselves.
        const SHORTEST: usize = 4;
        let first = self.text.chars().next().filter(|first| self.is_escaped && first.is_ascii_alphanumeric())?;
        let skipped = first.len_utf8();
        let text = self.text.get(skipped..).filter(|rest| rest.len() >= SHORTEST)?;
        let pieces = self.pieces.iter().map(|piece| piece.start.saturating_sub(skipped)..piece.end.saturating_sub(skipped));
        Some(Self {
            text: text.into(),
            span: self.span.start.saturating_add(1)..self.span.end,
            is_escaped: false,
            pieces: pieces.filter(|piece| !piece.is_empty()).collect(),
            ..self.clone()
        })
    }
}

/// A whole value with more words than this is a sentence.
const MOST_WORDS_OF_ONE: usize = 7;
/// And longer ones too.
const LONGEST_SPACED: usize = 64;

/// The mentions in one leaf of a call's arguments.
#[must_use]
pub fn mentions(leaf: &Leaf<'_>, kinds: &[CustomKind]) -> Vec<Mention> {
    let field = leaf.field();
    let role = Role::of(field);
    let trimmed = leaf.text.trim();
    let lead = leaf.text.len() - leaf.text.trim_start().len();
    let base = |place: Place, range: Range<usize>| Mention {
        pointer: leaf.outer_pointer().into(),
        slot: leaf.pointer.into(),
        field: field.into(),
        role,
        place,
        text: leaf.text.get(range.clone()).unwrap_or_default().into(),
        span: leaf.locate(range),
        is_number: leaf.form == Form::Number,
        is_masked: false,
        is_sought: false,
        is_escaped: false,
        is_quoted: false,
        pieces: Vec::new(),
    };
    if trimmed.is_empty() || leaf.form == Form::Word {
        return Vec::new();
    }
    if leaf.form == Form::Key {
        // Most names belong to the tool's schema; a row of a table is keyed by its identifier.
        let is_row =
            trimmed.len() >= 6 && trimmed.bytes().any(|b| b.is_ascii_digit()) && !matches!(kind_of(trimmed).name, "name" | "token");
        return if is_row { Vec::from([base(Place::Whole, lead..lead + trimmed.len())]) } else { Vec::new() };
    }
    if is_one(trimmed, role) && leaf.form != Form::Plain {
        let mut mention = base(Place::Whole, lead..lead + trimmed.len());
        if !trimmed.contains(char::is_whitespace) {
            mention.pieces = pieces(&mention.text, false);
        }
        return Vec::from([mention]);
    }
    let surrounding = if is_code(leaf.text, role) { Place::Code } else { Place::Prose };
    let mut chunks = Chunks(Vec::new());
    token::scan(leaf.text, &mut chunks);
    let mut ranges = chunks.0;
    // What the user describes may hold spaces or other separators: it replaces the chunks it covers.
    for kind in kinds {
        for found in kind.pattern.find_iter(leaf.text) {
            ranges.retain(|range| range.end <= found.start() || range.start >= found.end());
            ranges.push(found.range());
        }
    }
    ranges.sort_unstable_by_key(|range| range.start);
    let mut ranges = grouped(leaf.text, ranges);
    // Most of a long text is words, and asking each what it might be would take longer than all else.
    ranges.retain(|range| !is_word(leaf.text.get(range.clone()).unwrap_or_default()));
    let chunk = |range: Range<usize>| {
        let range = with_sign(leaf.text, range);
        let mut mention = base(surrounding, range.clone());
        if surrounding == Place::Prose {
            mention.is_masked = is_masked(leaf.text, range);
        } else {
            let before = leaf.text.get(..range.start).unwrap_or_default();
            mention.is_sought = is_sought(before);
            mention.is_escaped = before.ends_with('\\');
            mention.is_quoted = is_quoted(before, leaf.text.get(range.end..).unwrap_or_default());
            mention.is_masked = is_pattern(leaf.text, range);
        }
        // `table.column` in a query; in a sentence a dot is a version's, a number's or a file's.
        mention.pieces = pieces(&mention.text, surrounding == Place::Code);
        mention
    };
    ranges.into_iter().filter(|range| range.len() <= LONGEST_TOKEN).map(chunk).collect()
}

/// Whether a chunk stands at a mark of something left out.
fn is_masked(text: &str, range: Range<usize>) -> bool {
    const MARKS: &[&str] = &["…", "...", "**", "••", "xxx", "XXX"];
    let after = text.get(range.end..).unwrap_or_default().trim_start_matches(' ');
    // The groups of an IBAN: `NL82 BUNQ **** **** 24`.
    let after = match after.split_once(' ') {
        Some((group, rest)) if group.len() == 4 && group.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) => rest,
        _ => after,
    };
    let before = text.get(..range.start).unwrap_or_default().trim_end_matches(' ');
    let inside = text.get(range).unwrap_or_default();
    MARKS.iter().any(|mark| after.starts_with(mark) || before.ends_with(mark) || inside.contains(mark))
}

/// Whether a wildcard follows, so that a chunk is the beginning of what is looked for.
fn is_pattern(text: &str, range: Range<usize>) -> bool {
    let after = text.get(range.end..).unwrap_or_default();
    // `\d`, not the `\n` or `\"` behind a whole one.
    let is_class = |escaped: &str| escaped.starts_with(['d', 'D', 'w', 'W', 's', 'S', '(', '[', '{']);
    after.starts_with(['*', '%', '?', '[', '{', '$', '(']) || after.strip_prefix('\\').is_some_and(is_class)
}

/// Whether quotation marks stand around a chunk, perhaps escaped ones.
fn is_quoted(before: &str, after: &str) -> bool {
    let mark = before.chars().next_back().filter(|mark| matches!(mark, '\'' | '"'));
    mark.is_some_and(|mark| after.trim_start_matches('\\').starts_with(mark))
}

/// Whether what stands before a chunk, on its line, looks for something.
fn is_sought(before: &str) -> bool {
    const REACH: usize = 64;
    #[rustfmt::skip]
    const SEARCHES: &[&str] = &[
        "grep", "rg ", "startswith", "starts_with", "hasprefix", "begins_with", "contains(", "includes(", "like ", ".match(", "re.search(",
        "=~", "~*", "awk", "sed ",
    ];
    let near: Vec<char> = before.chars().rev().take_while(|c| *c != '\n').take(REACH).collect();
    let near: String = near.into_iter().rev().flat_map(char::to_lowercase).collect();
    SEARCHES.iter().any(|search| near.contains(search))
}

/// Whether a chunk of a longer text is letters alone, so that it is nobody's identifier.
fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// With the `+` in front of a telephone number, which a scan takes for punctuation.
fn with_sign(text: &str, range: Range<usize>) -> Range<usize> {
    let is_number = text.get(range.clone()).is_some_and(|chunk| chunk.starts_with(|c: char| c.is_ascii_digit()));
    let signed = range.start.saturating_sub(1)..range.end;
    if is_number && text.get(signed.clone()).is_some_and(|text| text.starts_with('+') && kind_of(text).name == "phone") {
        signed
    } else {
        range
    }
}

/// Joins digits that are written in groups (`DE75 5121 0800 …`, `GB13 MONZ 3099 …`): one number, not
/// many short ones.
fn grouped(text: &str, ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    /// Fewer are dates, amounts and counts that happen to follow each other.
    const FEWEST_DIGITS: usize = 9;
    let digits = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    let is_group = |range: &Range<usize>, open: &[Range<usize>]| {
        let group = text.get(range.clone()).unwrap_or_default();
        let is_short = group.len() <= 4 && group.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        // Letters alone are the bank in an IBAN, which follows the country and its check digits.
        let is_bank = || group.len() == 4 && open.last().and_then(|first| text.get(first.clone())).is_some_and(is_country);
        // `grep -B6 271522045971`: an option and what it stands before.
        let is_option =
            || digits(range) < group.len() && !is_country(group) && text.get(..range.start).is_some_and(|before| before.ends_with('-'));
        if open.is_empty() && is_option() {
            return false;
        }
        digits(range) == group.len() || is_short && (digits(range) > 0 || is_bank())
    };
    let mut joined: Vec<Range<usize>> = Vec::new();
    let mut open: Vec<Range<usize>> = Vec::new();
    let close = |open: &mut Vec<Range<usize>>, joined: &mut Vec<Range<usize>>| {
        if let [first, .., last] = open.as_slice()
            && open.iter().map(digits).sum::<usize>() >= FEWEST_DIGITS
        {
            joined.push(first.start..last.end);
        } else {
            joined.append(open);
        }
        open.clear();
    };
    for range in ranges {
        let follows = open.last().is_some_and(|last| text.get(last.end..range.start) == Some(" "));
        if !follows || !is_group(&range, &open) {
            close(&mut open, &mut joined);
        }
        if is_group(&range, &open) {
            open.push(range);
        } else {
            joined.push(range);
        }
    }
    close(&mut open, &mut joined);
    joined
}

/// Whether a text could be the host of an e-mail address.
fn is_host(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && ending.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// Whether a group begins an IBAN: `GB13`.
fn is_country(group: &str) -> bool {
    matches!(group.as_bytes(), [a, b, c, d] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit())
}

/// Whether a value is one thing: without spaces, or an identifier that has them (IBAN, phone, card).
fn is_one(text: &str, role: Role) -> bool {
    if !text.contains(char::is_whitespace) {
        return text.len() <= LONGEST_TOKEN && !text.contains(['{', '}', '(', ')', '[', ']', ';', ',']);
    }
    let is_short = text.len() <= LONGEST_SPACED && !text.contains('\n') && text.split_whitespace().count() <= MOST_WORDS_OF_ONE;
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    is_short
        && (matches!(kind_of(text).name, "iban" | "card" | "phone" | "isbn")
            || (has_digit && role == Role::Identifier)
            || role == Role::Location)
}

/// Whether a text is for machines.
fn is_code(text: &str, role: Role) -> bool {
    const STATEMENTS: &[&str] =
        &["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "DESC ", "SHOW ", "CREATE ", "ALTER ", "DROP ", "WITH ", "EXPLAIN "];
    let start = text.trim_start();
    let opens = |word: &&str| start.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let punctuation = text.bytes().filter(|b| matches!(b, b'{' | b'}' | b';' | b'=' | b'(' | b')' | b'<' | b'>' | b'|')).count();
    role == Role::Code || STATEMENTS.iter().any(opens) || punctuation * 25 > text.len()
}

struct Chunks(Vec<Range<usize>>);

impl Sink for Chunks {
    fn word(&mut self, _: Range<usize>) {}
    fn token(&mut self, range: Range<usize>, grain: Grain) {
        if grain == Grain::Chunk {
            self.0.push(range);
        }
    }
}

/// The pieces of a path or URL between dividers; none when the text is one piece.
fn pieces(text: &str, at_dots: bool) -> Vec<Range<usize>> {
    let at_dots = at_dots && !text.contains('/') && matches!(kind_of(text).name, "token" | "name" | "domain");
    // An address is one thing, also with its ending cut.
    if !text.contains('/') && text.split_once('@').is_some_and(|(_, host)| is_host(host)) {
        return Vec::new();
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    let divides = |c: char| matches!(c, '/' | '?' | '&' | '=' | ':' | '%' | '~' | '+' | '@' | '#' | '\\' | ',') || at_dots && c == '.';
    for (at, divider) in text.match_indices(divides) {
        if at > start {
            pieces.push(start..at);
        }
        start = at + divider.len();
    }
    if start == 0 {
        return Vec::new();
    }
    if start < text.len() {
        pieces.push(start..text.len());
    }
    pieces
}
