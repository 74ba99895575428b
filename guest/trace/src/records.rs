//! A stream of text to the records in it: JSON Lines, one document, or an array of records.
//!
//! One record is held in memory at a time, so files may be larger than memory. The values are cut
//! out by counting brackets and quotes; whether each is JSON is for the one who reads it.

mod values;

use crate::event::Issue;
use crate::format::{self, Format, Record};
use crate::json::Json;
use std::io::BufRead;
use std::mem;
use std::sync::Arc;
use values::{Step, Values, size};

/// Bytes of the largest record that is read, unless [`Records::at_most`] says otherwise.
pub const LARGEST: usize = 256 << 20;
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

impl Together {
    fn new(line: u64, first: &[u8], in_array: bool) -> Self {
        let mut text = vec![b'['];
        text.extend_from_slice(first);
        Self { line, text, in_array }
    }
}

impl Records {
    /// Reads from an opened input. `format` is the one the user named.
    #[must_use]
    pub fn new(file: &str, reader: Box<dyn BufRead + Send>, format: Option<&'static Format>) -> Self {
        let values = Values::new(reader, LARGEST);
        Self { file: file.into(), format, values, together: None, waiting: None, begun: false, index: 0, bad: 0, ended: false }
    }

    /// Records of more bytes are left out, and named; what stands behind them is read on. Lines that
    /// make up one record together become several where they are more.
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.values.largest = bytes;
        self
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
            if together.text.len() + text.len() > self.values.largest {
                let in_array = together.in_array;
                self.waiting = self.close();
                self.together = Some(Together::new(line, &text, in_array));
                let largest = size(self.values.largest);
                let message = format!(
                    "the lines before this one belong together and reach {largest}, so they are read without what follows; \
                     split the file by conversations, or raise --max-record"
                );
                return Some(Err(self.issue(Some(line), message)));
            }
            let together = self.together.as_mut()?;
            together.text.push(b',');
            together.text.extend_from_slice(&text);
            return None;
        }
        // Whole records are parsed where they are read; here only what looks like a part is.
        let part = std::str::from_utf8(&text).ok().map(Json::unproven);
        if part.is_some_and(|part| format::is_part(part, self.format)) && parse(&text).is_ok() {
            self.together = Some(Together::new(line, &text, in_array));
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, BufReader, Cursor, Read};

    /// Records as text, issues as `!line`.
    fn read(text: &str) -> Vec<String> {
        Records::new("f", Box::new(Cursor::new(text.as_bytes().to_vec())), None).map(shown).collect()
    }

    fn shown(item: Result<Record, Issue>) -> String {
        match item {
            Ok(record) => String::from_utf8(record.text).unwrap(),
            Err(issue) => format!("!{}", issue.line.unwrap_or(0)),
        }
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

    /// As [`read`], of records of at most so many bytes.
    fn read_at_most(bytes: usize, text: &str) -> Vec<String> {
        // In small pieces, as they come from a disk.
        let reader = BufReader::with_capacity(16, Cursor::new(text.as_bytes().to_vec()));
        Records::new("f", Box::new(reader), None).at_most(bytes).map(shown).collect()
    }

    #[test]
    fn what_is_too_large_is_left_out_and_the_rest_is_read() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(100));
        assert_eq!(read_at_most(50, &format!("{{\"b\":1}}\n{large}\n{{\"c\":2}}\n")), ["{\"b\":1}", "!2", "{\"c\":2}"]);
        assert_eq!(read_at_most(50, &format!("[{{\"b\":1}},{large},{{\"c\":2}}]")), ["{\"b\":1}", "!1", "{\"c\":2}"]);
        // Cut off on its line, and over many lines.
        assert_eq!(read_at_most(50, &format!("{{\"z\":{large}\n{{\"c\":2}}\n")), ["!1", "{\"c\":2}"]);
        assert_eq!(read_at_most(50, &format!("{{\n\"z\":\n{large}\n}}\n{{\"c\":2}}\n")), ["!1", "{\"c\":2}"]);
        // Lines that an open bracket has swallowed are given back.
        let lines = "{\"c\":2}\n".repeat(20);
        let read = read_at_most(50, &format!("{{\"z\":[\n{lines}"));
        assert_eq!((read.len(), read.first().unwrap().as_str()), (21, "!1"));
    }

    #[test]
    fn lines_that_belong_together_are_not_held_without_end() {
        let line = "{\"role\":\"user\"}\n";
        let read = read_at_most(50, &line.repeat(7));
        assert_eq!(read.iter().map(|item| item.matches("role").count()).collect::<Vec<_>>(), [0, 3, 0, 3, 1], "{read:?}");
    }

    /// The same part of a string again and again.
    struct Endless {
        chunk: Vec<u8>,
        left: u64,
    }

    impl Read for Endless {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("only whole buffers are read"))
        }
    }

    impl BufRead for Endless {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            let some = self.chunk.len().min(usize::try_from(self.left).unwrap());
            Ok(self.chunk.get(..some).unwrap())
        }

        fn consume(&mut self, bytes: usize) {
            self.left -= bytes as u64;
        }
    }

    #[test]
    fn a_line_beyond_the_limit_is_not_held_in_memory() {
        let line = Endless { chunk: vec![b'x'; 1 << 20], left: 64 << 20 };
        let file = Cursor::new("{\"a\":1}\n{\"b\":\"").chain(line).chain(Cursor::new("\"}\n{\"c\":3}\n"));
        let read: Vec<_> = Records::new("f", Box::new(file), None).at_most(1 << 20).map(shown).collect();
        assert_eq!(read, ["{\"a\":1}", "!2", "{\"c\":3}"]);
    }

    #[test]
    fn a_file_of_something_else_is_not_named_line_by_line() {
        assert_eq!(read(&"name,age\n".repeat(1000)).len(), NAMED + 1);
    }
}
