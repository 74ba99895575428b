//! Text to leaves: every scalar of a JSON text with its pointer and its exact source text, JSON
//! inside strings opened again, anything else as one plain text.
//!
//! One forward pass, no tree: a tool result is read for its tokens, and a number must keep the
//! digits the tool printed (a float would round `725653563933458432`). What stops being JSON half
//! way (a cut result) keeps the leaves read so far, and the rest is read as plain text.

use crate::{model::push_pointer_segment, outline::outline};
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::ops::Range;

/// How often JSON inside a JSON string is opened again. Tools wrap results two or three times
/// (`{"content":[{"text":"{…}"}]}`); more than this is a string that happens to look like JSON.
const MAX_STRING_NESTING: u32 = 6;

/// What a leaf was in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON string, decoded.
    String,
    /// A JSON number, as written.
    Number,
    /// `true`, `false` or `null`.
    Word,
    /// The name of an object's member.
    Key,
    /// Text that is not JSON.
    Plain,
}

/// One scalar of a text.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// JSON Pointer (RFC 6901) from the top of the outermost text.
    pub pointer: &'a str,
    /// The value, decoded.
    pub text: &'a str,
    /// What it was.
    pub form: Form,
    origin: Option<&'a Origin<'a>>,
}

impl<'a> Leaf<'a> {
    /// The nearest member name above the value (array positions have none), `~`-escaped as in the
    /// pointer; empty at the top. For a member's name, the field that holds the object.
    #[must_use]
    pub fn field(&self) -> &'a str {
        let skip = usize::from(self.form == Form::Key);
        self.pointer.rsplit('/').skip(skip).find(|segment| !is_index(segment)).unwrap_or("")
    }

    /// Where a byte range of [`Leaf::text`] stands in the value that the outermost pointer names:
    /// for a leaf of JSON inside a string, in that whole string.
    #[must_use]
    pub fn locate(&self, range: Range<usize>) -> Range<u32> {
        let place = |offset| self.origin.map_or(offset, |origin| origin.outward(offset));
        let clamp = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        clamp(place(range.start))..clamp(place(range.end))
    }

    /// The pointer of the outermost value: the string that holds the nested JSON, for a leaf of it.
    #[must_use]
    pub fn outer_pointer(&self) -> &'a str {
        let mut origin = self.origin;
        let mut length = self.pointer.len();
        while let Some(link) = origin {
            length = link.pointer;
            origin = link.outer;
        }
        self.pointer.get(..length).unwrap_or(self.pointer)
    }
}

fn is_index(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// How the text of a nested document maps outward, one link per opened string.
#[derive(Debug)]
struct Origin<'a> {
    /// Where the leaf's source text starts in the string that holds its document.
    start: usize,
    /// The leaf as it stands there, escapes and all.
    raw: &'a str,
    /// Length of the pointer of the string that holds the document.
    pointer: usize,
    outer: Option<&'a Origin<'a>>,
}

impl Origin<'_> {
    fn outward(&self, offset: usize) -> usize {
        let here = self.start + encoded_offset(self.raw, offset);
        self.outer.map_or(here, |outer| outer.outward(here))
    }
}

/// The nesting of a text is beyond the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDeep;

/// Calls `sink` for every leaf of `text`, in order. Text that is not JSON is one leaf.
///
/// # Errors
/// [`TooDeep`] when arrays and objects nest deeper than `max_depth`.
///
/// ```
/// # use twinguard_core::leaf::walk;
/// let mut seen = Vec::new();
/// walk(r#"{"id": 725653563933458432, "note": "{\"to\": \"acct_7H9j3\"}"}"#, 64, &mut |leaf| {
///     seen.push(format!("{} {}", leaf.pointer, leaf.text));
/// }).unwrap();
/// assert!(seen.contains(&"/id 725653563933458432".to_string()));
/// assert!(seen.contains(&"/note/to acct_7H9j3".to_string()));
/// ```
pub fn walk(text: &str, max_depth: usize, sink: &mut dyn FnMut(&Leaf<'_>)) -> Result<(), TooDeep> {
    start(text, max_depth, false, sink)
}

/// As [`walk`], with the fields of tables, YAML and `key: value` blocks as leaves of their own. Their
/// pointers name record and field; their ranges do not lead back to a place in the text.
///
/// # Errors
/// As [`walk`].
pub fn walk_outlined(text: &str, max_depth: usize, sink: &mut dyn FnMut(&Leaf<'_>)) -> Result<(), TooDeep> {
    start(text, max_depth, true, sink)
}

fn start(text: &str, max_depth: usize, outlines: bool, sink: &mut dyn FnMut(&Leaf<'_>)) -> Result<(), TooDeep> {
    let mut pointer = String::new();
    Walker { text, at: 0, max_depth, outlines, nesting: 0, pointer: &mut pointer, outer: None, outer_pointer: 0, sink }.documents()
}

/// Whether the whole of `text` is one JSON value.
///
/// ```
/// # use twinguard_core::leaf::is_json;
/// assert!(is_json(r#"{"id": 1}"#) && !is_json(r#"{"id": 1"#));
/// ```
#[must_use]
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

struct Walker<'w> {
    text: &'w str,
    at: usize,
    max_depth: usize,
    /// Whether the fields of text that is not JSON are leaves of their own.
    outlines: bool,
    nesting: u32,
    pointer: &'w mut String,
    outer: Option<&'w Origin<'w>>,
    outer_pointer: usize,
    sink: &'w mut dyn FnMut(&Leaf<'_>),
}

/// A container the walker stands in.
struct Frame {
    /// Length of the pointer without the segment of the current element.
    pointer: usize,
    /// Index of the next element; `None` for an object.
    index: Option<usize>,
}

/// Why a document ended early.
enum Stop {
    /// From here on the text is not JSON.
    NotJson,
    TooDeep,
}

impl Walker<'_> {
    /// One document after another (JSON Lines are just that); what is no JSON is plain text.
    fn documents(&mut self) -> Result<(), TooDeep> {
        let base = self.pointer.len();
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8(); // a byte order mark is no part of the first word
        }
        loop {
            self.skip_space();
            // A bare word or number is read as text: its tokens are the same.
            if !matches!(self.peek(), Some(b'{' | b'[' | b'"')) {
                self.plain();
                return Ok(());
            }
            match self.document() {
                Ok(()) => self.pointer.truncate(base),
                Err(Stop::TooDeep) => return Err(TooDeep),
                Err(Stop::NotJson) => {
                    // The pointer still names where reading stopped: what follows a cut is most
                    // likely the rest of that value.
                    self.plain();
                    self.pointer.truncate(base);
                    return Ok(());
                }
            }
        }
    }

    /// The rest of the text, as one leaf.
    fn plain(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.trim().is_empty() && !self.outlined(rest) {
            self.emit(rest, self.at, rest, Form::Plain);
        }
    }

    /// Emits the cells of a text with fields; false when it has none.
    fn outlined(&mut self, text: &str) -> bool {
        let Some(cells) = self.outlines.then(|| outline(text)).flatten() else { return false };
        let base = self.pointer.len();
        for cell in cells {
            self.pointer.push_str(&cell.pointer);
            let form = if cell.is_key { Form::Key } else { Form::Plain };
            (self.sink)(&Leaf { pointer: self.pointer, text: cell.text, form, origin: None });
            self.pointer.truncate(base);
        }
        true
    }

    fn emit(&mut self, raw: &str, start: usize, text: &str, form: Form) {
        // The outermost leaf is its own value; only inside an opened string is there a way out.
        let origin = Origin { start, raw, pointer: self.outer_pointer, outer: self.outer };
        let origin = (self.nesting > 0).then_some(&origin);
        (self.sink)(&Leaf { pointer: self.pointer, text, form, origin });
    }

    fn document(&mut self) -> Result<(), Stop> {
        let mut frames: Vec<Frame> = Vec::new();
        loop {
            let opened = self.value(&mut frames)?;
            if !self.next_element(&mut frames, opened)? {
                return Ok(());
            }
        }
    }

    /// Reads one scalar, or the opening bracket of a container (then true).
    fn value(&mut self, frames: &mut Vec<Frame>) -> Result<bool, Stop> {
        self.skip_space();
        let text = self.text;
        match self.peek() {
            Some(bracket @ (b'{' | b'[')) => {
                if frames.len() >= self.max_depth {
                    return Err(Stop::TooDeep);
                }
                self.at += 1;
                frames.push(Frame { pointer: self.pointer.len(), index: (bracket == b'[').then_some(0) });
                return Ok(true);
            }
            Some(b'"') => {
                let raw = self.string()?;
                self.string_value(raw)?;
            }
            _ => {
                let start = self.at;
                let word = text.get(start..).unwrap_or_default();
                let length = word.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')).count();
                let word = word.get(..length).unwrap_or_default();
                let form = match word {
                    "true" | "false" | "null" => Form::Word,
                    _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') && is_json(word) => Form::Number,
                    _ => return Err(Stop::NotJson),
                };
                self.at += length;
                self.emit(word, start, word, form);
            }
        }
        Ok(false)
    }

    /// After a value, or right behind an opening bracket: closes what closes and stands before the
    /// next value. False at the end of the document.
    fn next_element(&mut self, frames: &mut Vec<Frame>, opened: bool) -> Result<bool, Stop> {
        let mut first = opened;
        loop {
            let Some(frame) = frames.last_mut() else { return Ok(false) };
            self.pointer.truncate(frame.pointer);
            self.skip_space();
            let closing = if frame.index.is_some() { b']' } else { b'}' };
            let byte = self.peek().ok_or(Stop::NotJson)?;
            if byte == closing {
                self.at += 1;
                frames.pop();
                first = false;
                continue;
            }
            if !first {
                if byte != b',' {
                    return Err(Stop::NotJson);
                }
                self.at += 1;
                self.skip_space();
            }
            match &mut frame.index {
                Some(index) => {
                    push_index(self.pointer, *index);
                    *index += 1;
                }
                None => self.key()?,
            }
            return Ok(true);
        }
    }

    fn key(&mut self) -> Result<(), Stop> {
        if self.peek() != Some(b'"') {
            return Err(Stop::NotJson);
        }
        let raw = self.string()?;
        let text = self.text;
        let source = text.get(raw.clone()).unwrap_or_default();
        let name = decode(source);
        push_pointer_segment(self.pointer, &name);
        self.emit(source, raw.start, &name, Form::Key);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(Stop::NotJson);
        }
        self.at += 1;
        Ok(())
    }

    /// The range between the quotes of the string that starts here.
    fn string(&mut self) -> Result<Range<usize>, Stop> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = start; // cut in the middle of a string: its text is the rest
                return Err(Stop::NotJson);
            };
            end += stop;
            if bytes.get(end) == Some(&b'"') {
                self.at = end + 1;
                return Ok(start..end);
            }
            end += 2;
        }
    }

    fn string_value(&mut self, raw: Range<usize>) -> Result<(), Stop> {
        let text = self.text;
        let source = text.get(raw.clone()).unwrap_or_default();
        let value = decode(source);
        let trimmed = value.trim_start();
        let opens = trimmed.starts_with(['{', '[']) || trimmed.starts_with("\"{") || trimmed.starts_with("\"[");
        // Only a whole document: half of one is a text that a person or a tool cut.
        if !opens || self.nesting >= MAX_STRING_NESTING || !is_json(&value) {
            if !self.outlined(&value) {
                self.emit(source, raw.start, &value, Form::String);
            }
            return Ok(());
        }
        let origin = Origin { start: raw.start, raw: source, pointer: self.outer_pointer, outer: self.outer };
        // The outermost string is a value of its own: nested offsets are offsets in it.
        let outer = (self.nesting > 0).then_some(&origin);
        let outer_pointer = if self.nesting == 0 { self.pointer.len() } else { self.outer_pointer };
        Walker {
            text: &value,
            at: 0,
            max_depth: self.max_depth,
            outlines: self.outlines,
            nesting: self.nesting + 1,
            pointer: self.pointer,
            outer,
            outer_pointer,
            sink: self.sink,
        }
        .documents()
        .map_err(|TooDeep| Stop::TooDeep)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }
}

fn push_index(pointer: &mut String, index: usize) {
    use core::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(pointer, "/{index}");
}

/// The text of a JSON string's source. Lone surrogates become U+FFFD, an unknown escape itself.
fn decode(source: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', source.as_bytes()).is_none() {
        return Cow::Borrowed(source);
    }
    let mut text = String::with_capacity(source.len());
    for piece in Pieces::new(source) {
        match piece {
            Piece::Verbatim(run) => text.push_str(run),
            Piece::Escape(character, _) => text.push(character),
        }
    }
    Cow::Owned(text)
}

/// The offset in a JSON string's source that stands for `offset` in its decoded text.
fn encoded_offset(source: &str, offset: usize) -> usize {
    let (mut decoded, mut encoded) = (0, 0);
    for piece in Pieces::new(source) {
        let (length, width) = match piece {
            Piece::Verbatim(run) => (run.len(), run.len()),
            Piece::Escape(character, width) => (character.len_utf8(), width),
        };
        if offset < decoded + length {
            return match piece {
                Piece::Verbatim(_) => encoded + (offset - decoded),
                Piece::Escape(..) => encoded,
            };
        }
        decoded += length;
        encoded += width;
    }
    encoded
}

/// A stretch of a JSON string's source.
enum Piece<'a> {
    Verbatim(&'a str),
    /// The character and the bytes its escape takes.
    Escape(char, usize),
}

struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    fn new(source: &'a str) -> Self {
        Self { rest: source }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// The four hex digits of a `\u` escape `from` bytes ahead.
    fn unit(&self, from: usize) -> Option<u32> {
        u32::from_str_radix(self.rest.get(from..from + 4)?, 16).ok()
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let stop = memchr::memchr(b'\\', self.rest.as_bytes()).unwrap_or(self.rest.len());
        if stop > 0 {
            return Some(Piece::Verbatim(self.take(stop)));
        }
        let escaped = self.rest.chars().nth(1)?;
        let (character, width) = match escaped {
            'n' => ('\n', 2),
            't' => ('\t', 2),
            'r' => ('\r', 2),
            'b' => ('\u{8}', 2),
            'f' => ('\u{c}', 2),
            'u' => match self.unit(2) {
                None => ('u', 2),
                Some(high @ 0xD800..=0xDBFF) => match (self.rest.get(6..8), self.unit(8)) {
                    (Some("\\u"), Some(low @ 0xDC00..=0xDFFF)) => {
                        let point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                        (char::from_u32(point).unwrap_or('\u{fffd}'), 12)
                    }
                    _ => ('\u{fffd}', 6),
                },
                Some(unit) => (char::from_u32(unit).unwrap_or('\u{fffd}'), 6),
            },
            other => (other, 1 + other.len_utf8()),
        };
        self.take(width);
        Some(Piece::Escape(character, width))
    }
}
