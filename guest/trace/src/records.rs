//! A stream of text to the records in it: JSON Lines, one document, or an array of records.
//!
//! One value is held in memory at a time, so files may be larger than memory. The values are cut
//! out by counting brackets and quotes; whether each is JSON is for the one who reads it.

use crate::event::Issue;
use crate::format::{self, Format, Record};
use crate::json::{Json, scan};
use std::io::{self, BufRead, Cursor};
use std::mem;
use std::sync::Arc;

/// The largest single value that is read into memory.
const LARGEST: usize = 1 << 30;
/// Bad lines that are named one by one; a file that is something else entirely has thousands.
const NAMED: usize = 5;

/// Cuts a file into records.
pub struct Records {
    file: Arc<str>,
    format: Option<&'static Format>,
    values: Values,
    /// The values that make up one record together, for formats that do so.
    together: Option<Together>,
    /// A record whose end was found together with something to complain of.
    waiting: Option<Record>,
    begun: bool,
    index: u64,
    bad: usize,
    ended: bool,
}

/// Messages in an array, or lines of a file, that are one record.
struct Together {
    line: u64,
    text: Vec<u8>,
    /// The record is the array that is open, not the whole file.
    in_array: bool,
}

impl Records {
    /// Reads from an opened input. `format` is the one the user named.
    #[must_use]
    pub fn new(file: &str, reader: Box<dyn BufRead + Send>, format: Option<&'static Format>) -> Self {
        let values = Values { reader, line: 1, in_array: false, by_line: false };
        Self { file: file.into(), format, values, together: None, waiting: None, begun: false, index: 0, bad: 0, ended: false }
    }

    fn issue(&self, line: Option<u64>, message: String) -> Issue {
        Issue { file: self.file.to_string(), line, message }
    }

    fn record(&mut self, line: u64, text: Vec<u8>) -> Record {
        let index = self.index;
        self.index += 1;
        Record { file: Arc::clone(&self.file), index, line, text }
    }

    fn close(&mut self) -> Option<Record> {
        let Together { line, mut text, .. } = self.together.take()?;
        text.push(b']');
        Some(self.record(line, text))
    }

    /// Counts a bad line, and names it unless there were many.
    fn complain(&mut self, line: u64, message: String) -> Option<Issue> {
        self.bad += 1;
        (self.bad <= NAMED).then(|| self.issue(Some(line), message))
    }

    /// A part of a record is put to the others; anything else is a record.
    fn take(&mut self, line: u64, text: Vec<u8>, in_array: bool) -> Option<Result<Record, Issue>> {
        if self.together.is_some() {
            // A broken line must not spoil the ones it is put together with.
            if let Err(why) = parse(&text) {
                return self.complain(line, why).map(Err);
            }
            let together = self.together.as_mut()?;
            together.text.push(b',');
            together.text.extend_from_slice(&text);
            return None;
        }
        // Whole records are parsed where they are read; here only what looks like a part is.
        let part = std::str::from_utf8(&text).ok().map(Json::unproven);
        if part.is_some_and(|part| format::is_part(part, self.format)) && parse(&text).is_ok() {
            let mut joined = vec![b'['];
            joined.extend_from_slice(&text);
            self.together = Some(Together { line, text: joined, in_array });
            return None;
        }
        Some(Ok(self.record(line, text)))
    }
}

impl Iterator for Records {
    type Item = Result<Record, Issue>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.waiting.take() {
            return Some(Ok(record));
        }
        while !self.ended {
            let step = match self.values.step() {
                Ok(step) => step,
                Err(error) => {
                    self.ended = true;
                    let line = self.values.line;
                    return Some(Err(self.issue(Some(line), format!("cannot be read any further: {error}"))));
                }
            };
            let item = match step {
                Step::Value { line, text } => {
                    self.begun = true;
                    let in_array = self.values.in_array;
                    self.take(line, text, in_array)
                }
                Step::Closed => {
                    self.begun = true;
                    let whole = self.together.as_ref().is_some_and(|together| together.in_array);
                    if whole { self.close().map(Ok) } else { None }
                }
                Step::Bad { line, message } => {
                    self.begun = true;
                    // The array of messages was cut off; those that are whole are worth verifying.
                    if self.together.as_ref().is_some_and(|together| together.in_array) {
                        self.waiting = self.close();
                    }
                    self.complain(line, message).map(Err)
                }
                Step::End => {
                    self.ended = true;
                    break;
                }
            };
            if item.is_some() {
                return item;
            }
            if let Some(record) = self.waiting.take() {
                return Some(Ok(record));
            }
        }
        if let Some(record) = self.close() {
            return Some(Ok(record));
        }
        if !mem::replace(&mut self.begun, true) {
            return Some(Err(self.issue(None, "empty; expected JSON or JSON Lines".to_owned())));
        }
        let unnamed = mem::take(&mut self.bad).saturating_sub(NAMED);
        (unnamed > 0).then(|| Err(self.issue(None, format!("{unnamed} more places are no JSON"))))
    }
}

fn parse(text: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(text).map_err(|error| format!("not UTF-8: {error}"))?;
    Json::parse(text).map(|_| ()).map_err(|error| format!("no JSON: {error}"))
}

/// What comes next in the stream.
enum Step {
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
struct Values {
    reader: Box<dyn BufRead + Send>,
    line: u64,
    in_array: bool,
    /// After a line that swallowed the ones behind it, every line is a value of its own.
    by_line: bool,
}

/// How the search for a value's end ended.
enum Cut {
    Complete,
    /// The file ended first.
    File,
    /// The line ended inside a string.
    Line,
    TooLong,
}

impl Values {
    fn step(&mut self) -> io::Result<Step> {
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
                b'{' | b'[' => {
                    let line = self.line;
                    let mut text = self.rest_of_line()?;
                    while text.pop_if(|last| last.is_ascii_whitespace() || *last == b',').is_some() {}
                    return Ok(Step::Value { line, text });
                }
                other => {
                    let line = self.line;
                    self.rest_of_line()?;
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
                self.rest_of_line()?;
                format!("{within} ends in the middle of a string: it was cut off; what follows its line is read on")
            }
            Cut::TooLong => {
                self.rest_of_line()?;
                self.by_line = true;
                format!("{within} is larger than {} MiB; split the file into smaller records", LARGEST >> 20)
            }
            Cut::File => {
                if let Some(rest) = lines_behind(&text) {
                    // The line was cut off outside a string, and its open bracket has swallowed
                    // good lines. Give them back.
                    self.line = line + 1;
                    self.by_line = true;
                    self.reader = Box::new(Cursor::new(rest));
                    format!("{within} is cut off; the lines behind it are read on")
                } else {
                    format!("the file ends inside {within} that begins here: it was cut off; every complete record before was read")
                }
            }
        };
        Ok(Step::Bad { line, message })
    }

    /// Moves one bracketed value into `text`.
    fn cut(&mut self, text: &mut Vec<u8>) -> io::Result<Cut> {
        let (mut depth, mut in_string, mut escaped) = (0_u64, false, false);
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(Cut::File);
            }
            if text.len() > LARGEST {
                return Ok(Cut::TooLong);
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
                                end = Some(Cut::Complete);
                                break;
                            }
                        }
                        b'\n' => self.line += 1,
                        _ => {}
                    }
                }
                at += 1;
            }
            text.extend_from_slice(chunk.get(..at).unwrap_or_default());
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

    /// Everything up to the end of the line, which is consumed too.
    fn rest_of_line(&mut self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.reader.read_until(b'\n', &mut text)?;
        self.line += u64::from(text.ends_with(b"\n"));
        Ok(text)
    }
}

/// The lines after the first, when one of them is a whole JSON object by itself.
fn lines_behind(text: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = text.split_at_checked(memchr::memchr(b'\n', text)? + 1)?;
    let is_record = |line: &[u8]| line.starts_with(b"{") && line.len() > 2 && parse(line).is_ok();
    rest.split(|byte| *byte == b'\n').any(is_record).then(|| rest.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records as text, issues as `!line`.
    fn read(text: &str) -> Vec<String> {
        Records::new("f", Box::new(Cursor::new(text.as_bytes().to_vec())), None)
            .map(|item| match item {
                Ok(record) => String::from_utf8(record.text).unwrap(),
                Err(issue) => format!("!{}", issue.line.unwrap_or(0)),
            })
            .collect()
    }

    #[test]
    fn lines_documents_and_arrays_are_all_records() {
        assert_eq!(read("{\"a\":1}\n\n{\"b\":[{}]}\n"), ["{\"a\":1}", "{\"b\":[{}]}"]);
        assert_eq!(read("{\n \"a\": \"}\\\"\"\n}\n"), ["{\n \"a\": \"}\\\"\"\n}"]);
        assert_eq!(read("[\n{\"a\":1},\n{\"b\":2}\n]"), ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(read("[]"), [""; 0]);
    }

    #[test]
    fn messages_are_one_record() {
        let whole = "[{\"role\":\"user\"},{\"role\":\"assistant\"}]";
        assert_eq!(read(whole), [whole]);
        assert_eq!(read(&format!("{whole}\n{whole}")), [whole, whole]);
        assert_eq!(read("{\"role\":\"user\"}\n{\"role\":\"assistant\"}\n"), [whole]);
    }

    #[test]
    fn what_is_whole_is_read_around_what_is_broken() {
        assert_eq!(read(""), ["!0"]);
        assert_eq!(read("{\"a\":\"x\n{\"b\":2}"), ["!1", "{\"b\":2}"]);
        assert_eq!(read("{\"a\":[1,\n{\"b\":2}\n{\"c\":3}\n"), ["!1", "{\"b\":2}", "{\"c\":3}"]);
        assert_eq!(read("[{\"a\":1},{\"b\":2},{\"c\":"), ["{\"a\":1}", "{\"b\":2}", "!1"]);
        assert_eq!(read("[{\"a\":1},\n"), ["{\"a\":1}", "!2"]);
        assert_eq!(read("[{\"role\":\"user\"},{\"ro"), ["!1", "[{\"role\":\"user\"}]"]);
        assert_eq!(read("oops\n{\"a\":1}\n"), ["!1", "{\"a\":1}"]);
    }

    #[test]
    fn a_file_of_something_else_is_not_named_line_by_line() {
        assert_eq!(read(&"name,age\n".repeat(1000)).len(), NAMED + 1);
    }
}
