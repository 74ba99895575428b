//! Where in a file a call wrote an identifier: line and column, found by reading the file once more.
//!
//! A trace knows the line on which its record begins. From there on the file is read until the
//! identifier is found near the name of its call. Only files with findings are read again, each once.

use crate::input::Input;
use std::io::{BufRead, Read as _};
use std::path::Path;
use std::sync::Arc;
use twinguard_trace::json::Json;

/// Text that is looked through for one identifier. Of records that are longer only the line is told.
const FARTHEST: usize = 16 << 20;

/// Behind the name of a call its arguments are looked for in so much text.
const NEAR: usize = 64 << 10;

/// A place in a file, as editors count: lines and columns from 1, columns in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) line: u64,
    /// First column, and the one behind the last.
    pub(super) columns: Option<(u64, u64)>,
}

/// Finds identifiers in files. Asks for the records of a file in their order are cheap.
#[derive(Default)]
pub(super) struct Locator {
    open: Option<Open>,
}

/// A file that is being read.
struct Open {
    file: String,
    /// `None` when it cannot be read again: the standard input, an archive.
    reader: Option<Box<dyn BufRead + Send>>,
    /// The line that `text` begins with.
    line: u64,
    text: Vec<u8>,
}

impl Locator {
    /// Where `written` stands in the record that begins on `line`, near `call_id`.
    pub(super) fn find(&mut self, file: &str, line: u64, call_id: Option<&str>, written: &str) -> Region {
        let found = self.open(file, line).and_then(|open| open.find(call_id, written));
        found.unwrap_or(Region { line, columns: None })
    }

    fn open(&mut self, file: &str, line: u64) -> Option<&mut Open> {
        let is_at_hand = self.open.as_ref().is_some_and(|open| open.file == file && open.line <= line);
        if !is_at_hand {
            self.open = Some(Open { file: file.to_owned(), reader: reader(file), line: 1, text: Vec::new() });
        }
        let open = self.open.as_mut()?;
        open.forward(line)?;
        Some(open)
    }
}

impl Open {
    /// Drops the lines before this one.
    fn forward(&mut self, line: u64) -> Option<()> {
        while self.line < line {
            match memchr::memchr(b'\n', &self.text) {
                Some(end) => drop(self.text.drain(..=end)),
                None => {
                    self.text.clear();
                    self.reader.as_mut()?.skip_until(b'\n').ok()?;
                }
            }
            self.line += 1;
        }
        Some(())
    }

    /// One more line; `false` at the end.
    fn more(&mut self) -> bool {
        let room = FARTHEST.saturating_sub(self.text.len()) as u64;
        let Some(reader) = self.reader.as_mut().filter(|_| room > 0) else { return false };
        reader.take(room).read_until(b'\n', &mut self.text).is_ok_and(|read| read > 0)
    }

    fn find(&mut self, call_id: Option<&str>, written: &str) -> Option<Region> {
        let written = spellings(written);
        let call_id = call_id.filter(|id| !id.is_empty()).and_then(|id| spellings(id).pop());
        let call = |text: &[u8]| call_id.as_ref().map(|id| memchr::memmem::find(text, id.as_bytes()));
        if self.text.is_empty() {
            self.more();
        }
        // A record of one line ends there, unless its lines are one conversation together.
        let end = memchr::memchr(b'\n', &self.text).unwrap_or(self.text.len());
        let line = self.text.get(..end).unwrap_or_default();
        if let Some((start, end)) = call(line).unwrap_or(Some(0)).and_then(|place| nearest(line, place, &written))
            && is_complete(line)
        {
            return region(self.line, line, start, end);
        }
        let mut ended = false;
        loop {
            let found = match call(&self.text) {
                // The nearest one may stand before the call's name or behind it.
                Some(Some(place)) if ended || self.text.len() > place + NEAR => return self.region(nearest(&self.text, place, &written)?),
                Some(Some(_)) => None,
                Some(None) if !ended => None,
                // Some formats keep no call ids: then the first place is as good as any.
                _ => nearest(&self.text, 0, &written),
            };
            if found.is_some() || ended {
                return self.region(found?);
            }
            ended = !self.more();
        }
    }

    fn region(&self, (start, end): (usize, usize)) -> Option<Region> {
        region(self.line, &self.text, start, end)
    }
}

fn reader(file: &str) -> Option<Box<dyn BufRead + Send>> {
    let path = Path::new(file);
    // An archive is read by its members, which have no lines.
    let is_text = path.is_file() && path.extension().is_none_or(|ending| ending != "eval");
    is_text.then(|| Input::File(path.to_owned()).open(Arc::default()).ok()).flatten()
}

/// A text in JSON, and in JSON that stands in a string.
fn spellings(text: &str) -> Vec<String> {
    let within = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
    };
    let once = within(text);
    let twice = within(&once);
    if once == twice { vec![once] } else { vec![twice, once] }
}

/// The occurrence of any of these that is nearest to a place, and no part of a longer word.
fn nearest(text: &[u8], place: usize, spellings: &[String]) -> Option<(usize, usize)> {
    let joins = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let all = spellings
        .iter()
        .flat_map(|spelling| memchr::memmem::find_iter(text, spelling.as_bytes()).map(move |start| (start, start + spelling.len())));
    all.filter(|(start, end)| !joins(start.checked_sub(1)) && !joins(Some(*end))).min_by_key(|(start, _)| start.abs_diff(place))
}

/// Whether the text is a whole value, so that nothing behind it belongs to it.
fn is_complete(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| Json::parse(text.trim().trim_end_matches(',')).is_ok())
}

fn region(first: u64, text: &[u8], start: usize, end: usize) -> Option<Region> {
    let before = text.get(..start)?;
    let line = first + memchr::memchr_iter(b'\n', before).count() as u64;
    let head = before.get(memchr::memrchr(b'\n', before).map_or(0, |end| end + 1)..)?;
    let units = |bytes: &[u8]| String::from_utf8_lossy(bytes).encode_utf16().count() as u64;
    let column = units(head) + 1;
    Some(Region { line, columns: Some((column, column + units(text.get(start..end)?))) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn open(text: &str) -> Open {
        Open { file: String::new(), reader: Some(Box::new(Cursor::new(text.to_owned()))), line: 1, text: Vec::new() }
    }

    fn find(text: &str, line: u64, id: Option<&str>, written: &str) -> Option<(u64, u64, u64)> {
        let mut open = open(text);
        open.forward(line)?;
        let region = open.find(id, written)?;
        let (from, to) = region.columns?;
        Some((region.line, from, to))
    }

    #[test]
    fn an_identifier_stands_beside_its_call() {
        let lines = "{\"a\":\"A1\"}\n{\"id\":\"c1\",\"x\":\"A1\"}\n{\"id\":\"c2\",\"é\":\"A1\"}\n";
        assert_eq!(find(lines, 2, Some("c1"), "A1"), Some((2, 17, 19)));
        assert_eq!(find(lines, 3, Some("c2"), "A1"), Some((3, 17, 19)), "columns are no bytes");
        assert_eq!(find(lines, 1, None, "A1"), Some((1, 7, 9)));
        assert_eq!(find(lines, 2, Some("c1"), "A2"), None);
        assert_eq!(find("{\"id\":\"c1\",\"x\":\"BA1\"}\n", 1, Some("c1"), "A1"), None, "no part of another");
    }

    #[test]
    fn a_record_may_have_many_lines() {
        let text = "[\n {\"x\": \"A1\"},\n {\"id\": \"c1\",\n  \"arguments\": \"{\\\"x\\\": \\\"A1\\\"}\"}\n]\n";
        assert_eq!(find(text, 3, Some("c1"), "A1"), Some((4, 27, 29)));
    }
}
