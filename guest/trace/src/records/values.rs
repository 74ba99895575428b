//! A stream of text to the values in it.

use super::parse;
use crate::json::scan;
use std::io::{self, BufRead, Cursor, Read as _};
use std::mem;

/// What comes next in the stream.
pub(super) enum Step {
    /// A value, at the top or in an array at the top.
    Value { line: u64, text: Vec<u8> },
    /// The array at the top ended.
    Closed,
    /// Something that cannot be a value; what follows it is read on.
    Bad { line: u64, message: String },
    /// The end of the file.
    End,
}

/// Cuts a stream into values; opens arrays at the top, so that their elements stream.
pub(super) struct Values {
    reader: Box<dyn BufRead + Send>,
    /// The line that is read, counted from 1.
    pub(super) line: u64,
    /// Whether an array at the top is open.
    pub(super) in_array: bool,
    /// After a line that swallowed the ones behind it, every line is a value of its own.
    by_line: bool,
    /// Bytes beyond which a value is left out instead of being held.
    pub(super) largest: usize,
}

/// How the search for a value's end ended.
enum Cut {
    Complete,
    /// The file ended first.
    File,
    /// The line ended inside a string.
    Line,
    /// It was too large to be held, and its end was found.
    Large,
    /// It was too large to be held, and its line ended before it did.
    LargeLine,
    /// It was too large to be held because it is cut off and holds the lines behind it.
    Swallowed,
}

impl Values {
    pub(super) fn new(reader: Box<dyn BufRead + Send>, largest: usize) -> Self {
        Self { reader, line: 1, in_array: false, by_line: false, largest }
    }

    pub(super) fn step(&mut self) -> io::Result<Step> {
        loop {
            let Some(byte) = self.skip_space()? else {
                let line = self.line;
                return Ok(if mem::take(&mut self.in_array) {
                    Step::Bad {
                        line,
                        message: "the file ends inside an array: it was cut off; every complete record before was read".to_owned(),
                    }
                } else {
                    Step::End
                });
            };
            match byte {
                b',' if self.in_array => self.reader.consume(1),
                // What is left of an array whose elements are now read line by line.
                b']' | b',' if self.by_line => self.reader.consume(1),
                b']' if self.in_array => {
                    self.reader.consume(1);
                    self.in_array = false;
                    return Ok(Step::Closed);
                }
                b'[' if !self.in_array && !self.by_line => {
                    self.reader.consume(1);
                    self.in_array = true;
                }
                b'{' | b'[' if !self.by_line => return self.value(),
                b'{' | b'[' => return self.line_as_value(),
                other => {
                    let line = self.line;
                    self.skip_line()?;
                    self.in_array = false;
                    let shown = char::from(other).escape_default();
                    return Ok(Step::Bad {
                        line,
                        message: format!("no JSON: expected `{{` or `[`, found `{shown}`; this line is left out"),
                    });
                }
            }
        }
    }

    fn line_as_value(&mut self) -> io::Result<Step> {
        let (line, most) = (self.line, self.largest as u64);
        let mut text = Vec::new();
        self.reader.by_ref().take(most + 1).read_until(b'\n', &mut text)?;
        self.line += u64::from(text.ends_with(b"\n"));
        if text.len() > self.largest && !text.ends_with(b"\n") {
            self.skip_line()?;
            return Ok(Step::Bad { line, message: format!("a record {}", self.too_large()) });
        }
        while text.pop_if(|last| last.is_ascii_whitespace() || *last == b',').is_some() {}
        Ok(Step::Value { line, text })
    }

    fn too_large(&self) -> String {
        format!("is larger than {}, so it is left out; split it, or raise --max-record", size(self.largest))
    }

    fn value(&mut self) -> io::Result<Step> {
        let line = self.line;
        let mut text = Vec::new();
        let cut = self.cut(&mut text)?;
        let within = if mem::take(&mut self.in_array) { "a record in an array" } else { "a record" };
        let message = match cut {
            Cut::Complete => {
                self.in_array = within.ends_with("array");
                return Ok(Step::Value { line, text });
            }
            Cut::Line => {
                self.skip_line()?;
                format!("{within} ends in the middle of a string: it was cut off; what follows its line is read on")
            }
            Cut::Large => {
                self.in_array = within.ends_with("array");
                format!("{within} {}", self.too_large())
            }
            Cut::LargeLine => {
                self.skip_line()?;
                format!("{within} {}", self.too_large())
            }
            Cut::Swallowed => {
                self.give_back(line, lines_behind(&text).unwrap_or_default());
                format!("{within} is cut off; the lines behind it are read on")
            }
            Cut::File => {
                if let Some(rest) = lines_behind(&text) {
                    self.give_back(line, rest);
                    format!("{within} is cut off; the lines behind it are read on")
                } else {
                    format!("the file ends inside {within} that begins here: it was cut off; every complete record before was read")
                }
            }
        };
        Ok(Step::Bad { line, message })
    }

    /// A line was cut off outside a string, and its open bracket has swallowed good lines.
    fn give_back(&mut self, line: u64, rest: Vec<u8>) {
        self.line = line + 1;
        self.by_line = true;
        let behind = mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(Cursor::new(rest).chain(behind));
    }

    /// Moves one bracketed value into `text`, unless it is too large.
    fn cut(&mut self, text: &mut Vec<u8>) -> io::Result<Cut> {
        let (mut depth, mut in_string, mut escaped) = (0_u64, false, false);
        let (begun, mut is_large) = (self.line, false);
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(Cut::File);
            }
            if text.len() > self.largest {
                if lines_behind(text).is_some() {
                    return Ok(Cut::Swallowed);
                }
                // From here on only its end is looked for.
                is_large = true;
                *text = Vec::new();
            }
            let (mut at, mut end) = (0, None);
            while let Some(&byte) = chunk.get(at) {
                if escaped {
                    escaped = false;
                } else if in_string {
                    let Some(found) = scan::leap(chunk, at) else {
                        at = chunk.len();
                        break;
                    };
                    at = found;
                    match chunk.get(at) {
                        Some(b'"') => in_string = false,
                        Some(b'\\') => escaped = true,
                        _ => {
                            end = Some(Cut::Line);
                            break;
                        }
                    }
                } else {
                    match byte {
                        b'"' => in_string = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => {
                            depth = depth.saturating_sub(1);
                            if depth == 0 {
                                at += 1;
                                end = Some(if is_large || text.len() + at > self.largest { Cut::Large } else { Cut::Complete });
                                break;
                            }
                        }
                        // Of one record a line, no record goes beyond its line.
                        b'\n' if is_large && self.line == begun => {
                            end = Some(Cut::LargeLine);
                            break;
                        }
                        b'\n' => self.line += 1,
                        _ => {}
                    }
                }
                at += 1;
            }
            if !is_large {
                text.extend_from_slice(chunk.get(..at).unwrap_or_default());
            }
            self.reader.consume(at);
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    /// The next byte that is no white space, not yet consumed.
    fn skip_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let space = chunk.iter().take_while(|byte| byte.is_ascii_whitespace());
            let (mut skipped, mut lines) = (0, 0);
            for byte in space {
                skipped += 1;
                lines += u64::from(*byte == b'\n');
            }
            let found = chunk.get(skipped).copied();
            self.reader.consume(skipped);
            self.line += lines;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Goes to the beginning of the next line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.reader.fill_buf()?;
            let (end, length) = (memchr::memchr(b'\n', chunk), chunk.len());
            self.reader.consume(end.map_or(length, |end| end + 1));
            if end.is_some() || length == 0 {
                self.line += u64::from(end.is_some());
                return Ok(());
            }
        }
    }
}

/// A number of bytes for people.
pub(super) fn size(bytes: usize) -> String {
    if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{} MiB", bytes >> 20) }
}

/// The lines after the first, when one of them is a whole JSON object by itself.
fn lines_behind(text: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = text.split_at_checked(memchr::memchr(b'\n', text)? + 1)?;
    let is_record = |line: &[u8]| line.starts_with(b"{") && line.len() > 2 && parse(line).is_ok();
    rest.split(|byte| *byte == b'\n').any(is_record).then(|| rest.to_vec())
}
