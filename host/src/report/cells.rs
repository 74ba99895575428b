//! Text of strangers on a terminal: what each character looks like, how wide it is, and nothing
//! that the terminal would obey.

use unicode_width::UnicodeWidthChar;

/// What stands for one character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) shown: String,
    pub(super) width: usize,
}

/// One cell for each character. Control, invisible, combining and direction-changing characters
/// are spelt out: a reader has to see them, and a terminal must not.
pub(super) fn cells(text: &str) -> Vec<Cell> {
    text.chars().map(cell).collect()
}

fn cell(c: char) -> Cell {
    let shown = match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        _ if is_printable(c) => c.to_string(),
        _ => c.escape_unicode().to_string(),
    };
    let width = if is_printable(c) { c.width().unwrap_or(1) } else { shown.len() };
    Cell { shown, width }
}

fn is_printable(c: char) -> bool {
    let invisible = matches!(c,
        '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}');
    !c.is_control() && !invisible && c.width().is_some_and(|width| width > 0) && (c == ' ' || !c.is_whitespace())
}

/// The same for running text, in which accents may be written as combining characters.
pub(super) fn safe(text: &str) -> String {
    written(text, |c| matches!(c, '\u{300}'..='\u{36f}'))
}

/// The same for text that keeps its lines.
pub(super) fn running(text: &str) -> String {
    written(text, |c| matches!(c, '\u{300}'..='\u{36f}' | '\n' | '\t'))
}

fn written(text: &str, stays: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if stays(c) {
            out.push(c);
        } else {
            out.push_str(&cell(c).shown);
        }
    }
    out
}

pub(super) fn width(cells: &[Cell]) -> usize {
    cells.iter().map(|cell| cell.width).sum()
}

pub(super) fn join(cells: &[Cell]) -> String {
    cells.iter().map(|cell| cell.shown.as_str()).collect()
}

/// The beginning, in at most `limit` columns, with a `…` where something is left out.
pub(super) fn head(cells: &[Cell], limit: usize) -> String {
    if width(cells) <= limit {
        return join(cells);
    }
    let fits = fitting(cells.iter(), limit.saturating_sub(1));
    format!("{}…", join(cells.get(..fits).unwrap_or_default()))
}

/// The end, likewise.
pub(super) fn tail(cells: &[Cell], limit: usize) -> String {
    if width(cells) <= limit {
        return join(cells);
    }
    let fits = fitting(cells.iter().rev(), limit.saturating_sub(1));
    format!("…{}", join(cells.get(cells.len() - fits..).unwrap_or_default()))
}

/// How many cells fit into so many columns.
fn fitting<'a>(cells: impl Iterator<Item = &'a Cell>, limit: usize) -> usize {
    let mut used = 0;
    cells
        .take_while(|cell| {
            used += cell.width;
            used <= limit
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_but_what_can_be_seen() {
        assert_eq!(safe("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(safe("a\u{200b}b\u{202e}c\n"), "a\\u{200b}b\\u{202e}c\\n");
        assert_eq!(safe("zażółć 東京"), "zażółć 東京");
        assert_eq!(width(&cells("東京")), 4);
    }

    #[test]
    fn what_is_left_out_leaves_a_mark() {
        let text = cells("acct_7H9j2");
        assert_eq!(head(&text, 5), "acct…");
        assert_eq!(tail(&text, 5), "…H9j2");
        assert_eq!(head(&text, 10), "acct_7H9j2");
    }
}
