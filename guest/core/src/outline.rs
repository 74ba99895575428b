//! Text that has fields without being JSON: `key: value` blocks, YAML, pipe and Markdown tables, CSV.
//!
//! Tools print records in all of these, and which field an identifier stood in, and in whose record,
//! is evidence. Values stay text: a typed YAML reader would turn `0042` into 42 and a version into a
//! date. What is not understood is handed on as it is.

use crate::model::push_pointer_segment;
use alloc::{string::String, vec::Vec};
use core::fmt::Write;

/// Fewer lines with fields than this are a sentence with a colon.
const FEWEST_FIELDS: usize = 2;
/// A key with more words is the beginning of a sentence.
const MOST_WORDS_OF_KEY: usize = 4;
/// And a longer one too.
const LONGEST_KEY: usize = 40;
/// A table has at least this many columns.
const FEWEST_COLUMNS: usize = 2;

/// One value of an outlined text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<'t> {
    /// Where it stands, written as a JSON Pointer: `/3/account_id` is a field of the fourth record;
    /// empty for lines without a field.
    pub pointer: String,
    /// The text.
    pub text: &'t str,
    /// It is the name of a field.
    pub is_key: bool,
}

/// The cells of a text, or `None` where it has no fields to speak of.
///
/// ```
/// # use twinguard_core::outline::outline;
/// let cells = outline("id,owner\nacct_7H9j3,Ada\nacct_Qw81z,Grace\n").unwrap();
/// assert!(cells.iter().any(|cell| (cell.pointer.as_str(), cell.text) == ("/1/id", "acct_Qw81z")));
/// let cells = outline("Order: ORD-55\nAccount: acct_7H9j3\n").unwrap();
/// assert_eq!((cells[3].pointer.as_str(), cells[3].text), ("/0/Account", "acct_7H9j3"));
/// assert_eq!(outline("Just a sentence.\nAnd another: this one."), None);
/// ```
#[must_use]
pub fn outline(text: &str) -> Option<Vec<Cell<'_>>> {
    if !text.contains('\n') {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut reader = Reader::default();
    let mut at = 0;
    while at < lines.len() {
        let rest = lines.get(at..).unwrap_or_default();
        at += reader.table(rest).unwrap_or_else(|| {
            reader.line(rest.first().copied().unwrap_or_default());
            1
        });
    }
    (reader.fields >= FEWEST_FIELDS && reader.fields * 3 >= reader.filled).then_some(reader.cells)
}

#[derive(Default)]
struct Reader<'t> {
    cells: Vec<Cell<'t>>,
    /// Lines with a field, and lines with anything.
    fields: usize,
    filled: usize,
    /// The record that the next field belongs to.
    record: usize,
    /// Keys and list positions that enclose the next line, with their indents.
    open: Vec<(usize, Level<'t>)>,
    /// Keys at the top of the current record.
    keys: Vec<&'t str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level<'t> {
    Key(&'t str),
    Item(usize),
}

/// How a table parts its columns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    Pipes,
    Commas,
    Tabs,
}

impl Columns {
    const fn divider(self) -> char {
        match self {
            Self::Pipes => '|',
            Self::Commas => ',',
            Self::Tabs => '\t',
        }
    }
}

impl<'t> Reader<'t> {
    /// Reads one line that is no table's.
    fn line(&mut self, line: &'t str) {
        if line.trim().is_empty() {
            self.next_record();
            return;
        }
        self.filled += 1;
        let body = line.trim_start();
        let mut indent = line.len() - body.len();
        let item = body.strip_prefix("- ").or_else(|| body.strip_prefix("* "));
        if item.is_some() {
            // An item stands one deeper than its list's key, however it is indented.
            let position = self.open.iter().rev().find_map(|(at, level)| match level {
                Level::Item(position) if *at == indent => Some(position + 1),
                _ => None,
            });
            self.close(indent, true);
            self.open.push((indent, Level::Item(position.unwrap_or(0))));
        }
        let content = item.map_or(body, str::trim_start);
        indent = line.len() - content.len();
        let Some((key, value)) = pair(content) else {
            let pointer = if item.is_some() && self.open.len() > 1 { self.pointer() } else { String::new() };
            self.cells.push(Cell { pointer, text: content.trim(), is_key: false });
            return;
        };
        self.fields += 1;
        self.close(indent, false);
        if self.open.is_empty() {
            if self.keys.contains(&key) {
                self.next_record();
            }
            self.keys.push(key);
        }
        self.open.push((indent, Level::Key(key)));
        let pointer = self.pointer();
        self.cells.push(Cell { pointer: pointer.clone(), text: key, is_key: true });
        if !value.is_empty() {
            self.cells.push(Cell { pointer, text: value, is_key: false });
        }
    }

    /// Leaves what a line at this indent is not inside of.
    fn close(&mut self, indent: usize, keeps_key: bool) {
        self.open.retain(|(at, level)| *at < indent || keeps_key && *at == indent && matches!(level, Level::Key(_)));
    }

    fn next_record(&mut self) {
        if !self.keys.is_empty() {
            self.record += 1;
            self.keys.clear();
            self.open.clear();
        }
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        // Writing to a string cannot fail.
        let _ = write!(pointer, "/{}", self.record);
        for (_, level) in &self.open {
            match level {
                Level::Key(key) => push_pointer_segment(&mut pointer, key),
                Level::Item(position) => {
                    let _ = write!(pointer, "/{position}");
                }
            }
        }
        pointer
    }

    /// Reads a table that begins with the first of these lines; tells how many lines it took.
    fn table(&mut self, lines: &[&'t str]) -> Option<usize> {
        let (header, rest) = lines.split_first()?;
        let columns = [Columns::Pipes, Columns::Tabs, Columns::Commas].into_iter().find(|columns| is_header(*columns, header))?;
        let names = cells(columns, header);
        let is_row = |line: &&&str| is_rule(line) || cells(columns, line).len() == names.len();
        let height = rest.iter().take_while(is_row).count();
        let rows: Vec<&&str> = rest.iter().take(height).filter(|line| !is_rule(line)).collect();
        if rows.is_empty() {
            return None;
        }
        self.next_record();
        for name in &names {
            let mut pointer = String::new();
            push_pointer_segment(&mut pointer, name);
            self.cells.push(Cell { pointer, text: name, is_key: true });
        }
        self.filled += rows.len() + 1;
        self.fields += rows.len() + 1;
        for row in rows {
            for (name, text) in names.iter().zip(cells(columns, row)).filter(|(_, text)| !text.is_empty()) {
                let mut pointer = String::new();
                let _ = write!(pointer, "/{}", self.record);
                push_pointer_segment(&mut pointer, name);
                self.cells.push(Cell { pointer, text, is_key: false });
            }
            self.record += 1;
        }
        Some(height + 1)
    }
}

/// The key and value of a line: `Order id: 55`, `**Order**: 55`, `"order": 55,`.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let value_starts = value.is_empty() || value.starts_with([' ', '\t', '*']);
    let key = bare(key);
    let is_key = key.starts_with(char::is_alphabetic)
        && key.len() <= LONGEST_KEY
        && key.split_whitespace().count() <= MOST_WORDS_OF_KEY
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.' | '/'));
    let value = value.trim().trim_start_matches("**").trim_end_matches(',').trim();
    (value_starts && is_key).then_some((key, bare(value)))
}

/// A key or value without its quotes and emphasis.
fn bare(text: &str) -> &str {
    text.trim().trim_matches(['*', '"', '\'', '`']).trim()
}

/// The cells of a table's line.
fn cells(columns: Columns, line: &str) -> Vec<&str> {
    let divider = columns.divider();
    let line = line.trim_matches(|c| c == ' ' || c == divider && columns == Columns::Pipes);
    let mut is_quoted = false;
    let parts = line.split(|c| {
        is_quoted ^= c == '"' && columns == Columns::Commas;
        c == divider && !is_quoted
    });
    parts.map(|cell| cell.trim().trim_matches(['"', '`', '*']).trim()).collect()
}

/// Whether a line names the columns of a table: short names, no values.
fn is_header(columns: Columns, line: &str) -> bool {
    let is_piped = columns != Columns::Pipes || line.trim_start().starts_with('|') || line.contains(" | ");
    if !is_piped || !line.contains(columns.divider()) {
        return false;
    }
    let names = cells(columns, line);
    let is_name = |name: &&str| {
        name.starts_with(char::is_alphabetic)
            && name.len() <= LONGEST_KEY
            && name.split_whitespace().count() < MOST_WORDS_OF_KEY
            && !name.contains([':', '=', '(', ')', ';', '.'])
    };
    names.len() >= FEWEST_COLUMNS && names.iter().all(is_name) && !(columns == Columns::Commas && line.contains(", "))
}

/// The line between a table's header and its rows: `|---|:--|`, `+----+`.
fn is_rule(line: &str) -> bool {
    line.contains("--") && line.chars().all(|c| matches!(c, '-' | '|' | '+' | ':' | ' ' | '='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn all(text: &str) -> Vec<(String, String)> {
        outline(text)
            .unwrap_or_default()
            .into_iter()
            .filter(|cell| !cell.is_key)
            .map(|cell| (cell.pointer, cell.text.to_string()))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(pointer, text)| (pointer.to_string(), text.to_string())).collect()
    }

    #[test]
    fn yaml_nests_by_indent_and_lists_by_position() {
        let text = "order:\n  id: 0042\n  items:\n    - sku: A-1\n      qty: 2\n    - sku: B-2\n";
        let expected =
            [("/0/order/id", "0042"), ("/0/order/items/0/sku", "A-1"), ("/0/order/items/0/qty", "2"), ("/0/order/items/1/sku", "B-2")];
        assert_eq!(all(text), pairs(&expected));
    }

    #[test]
    fn an_empty_line_or_a_key_again_begins_a_record() {
        let expected = [("/0/ID", "a1"), ("/0/Name", "x"), ("/1/ID", "b2"), ("/2/ID", "c3")];
        assert_eq!(all("ID: a1\nName: x\n\nID: b2\nID: c3\n"), pairs(&expected));
    }

    #[test]
    fn a_markdown_table_names_its_cells() {
        let text = "| Account | Owner |\n|---|---|\n| `acct_7H9j3` | Ada |\n| acct_Qw81z | Grace |\n";
        assert_eq!(all(text).first(), pairs(&[("/0/Account", "acct_7H9j3")]).first());
        assert_eq!(all(text).last(), pairs(&[("/1/Owner", "Grace")]).first());
    }

    #[test]
    fn prose_is_left_alone() {
        assert_eq!(outline("I looked at it.\nNote: nothing was found.\nShall I go on?\nOr not?"), None);
    }
}
