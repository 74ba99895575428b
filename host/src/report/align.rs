//! Two identifiers one under the other, so that their difference can be pointed at.

use super::cells::{Cell, cells};

/// A column: a character of each, or a gap in one of them.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) written: Option<Cell>,
    pub(super) seen: Option<Cell>,
    pub(super) same: bool,
}

/// What fills a gap.
const GAP: &str = "·";
/// With more edits than a slip of the pen has, characters that agree do so by chance.
const SLIP: usize = 3;
/// Beyond this many pairs of differing characters nobody looks at single ones.
const LARGEST: usize = 1 << 20;

impl Column {
    pub(super) fn width(&self) -> usize {
        let width = |cell: &Option<Cell>| cell.as_ref().map_or(1, |cell| cell.width);
        width(&self.written).max(width(&self.seen))
    }

    /// One of its two sides, filled up to the column's width.
    pub(super) fn side(&self, cell: &Option<Cell>) -> String {
        let (shown, width) = cell.as_ref().map_or((GAP, 1), |cell| (cell.shown.as_str(), cell.width));
        format!("{shown}{}", " ".repeat(self.width() - width))
    }
}

/// Aligns with the fewest edits. A swap shows as two replaced characters.
pub(super) fn align(written: &str, seen: &str) -> Vec<Column> {
    let (written_cells, seen_cells) = (cells(written), cells(seen));
    let (a, b): (Vec<char>, Vec<char>) = (written.chars().collect(), seen.chars().collect());
    let prefix = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let most = a.len().min(b.len()) - prefix;
    let suffix = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(x, y)| x == y).count();
    let middle = |text: &[char]| text.get(prefix..text.len() - suffix).unwrap_or_default().to_vec();
    let mut pairs: Vec<(Option<usize>, Option<usize>)> = (0..prefix).map(|i| (Some(i), Some(i))).collect();
    let shift = |at: Option<usize>| at.map(|at| at + prefix);
    let mut between = edits(&middle(&a), &middle(&b));
    if between.iter().filter(|(x, y)| x.and_then(|x| a.get(x + prefix)) != y.and_then(|y| b.get(y + prefix))).count() > SLIP {
        between = blocks(a.len() - suffix - prefix, b.len() - suffix - prefix);
    }
    pairs.extend(between.into_iter().map(|(x, y)| (shift(x), shift(y))));
    pairs.extend((0..suffix).map(|i| (Some(a.len() - suffix + i), Some(b.len() - suffix + i))));
    let column = |(x, y): (Option<usize>, Option<usize>)| {
        let of = |cells: &[Cell], at: Option<usize>| at.and_then(|at| cells.get(at)).cloned();
        let same = x.and_then(|x| a.get(x)) == y.and_then(|y| b.get(y));
        Column { written: of(&written_cells, x), seen: of(&seen_cells, y), same }
    };
    pairs.into_iter().map(column).collect()
}

/// One under the other as they are, with the gap in front: other prefixes are what is replaced
/// as a whole.
fn blocks(a: usize, b: usize) -> Vec<(Option<usize>, Option<usize>)> {
    let longest = a.max(b);
    let at = |length: usize, column: usize| (column + length).checked_sub(longest);
    (0..longest).map(|column| (at(a, column), at(b, column))).collect()
}

/// The cheapest way through, as pairs of positions.
fn edits(a: &[char], b: &[char]) -> Vec<(Option<usize>, Option<usize>)> {
    let width = b.len() + 1;
    if a.len().saturating_mul(b.len()) > LARGEST {
        return blocks(a.len(), b.len());
    }
    // Costs of aligning the rests from (i, j) on; read off from the start.
    let mut costs = vec![0_usize; (a.len() + 1) * width];
    for i in (0..=a.len()).rev() {
        for j in (0..=b.len()).rev() {
            let at = |i: usize, j: usize| costs.get(i * width + j).copied().unwrap_or(usize::MAX - 1);
            let cost = match (a.get(i), b.get(j)) {
                (None, None) => 0,
                (Some(_), None) => a.len() - i,
                (None, Some(_)) => b.len() - j,
                (Some(x), Some(y)) => (at(i + 1, j + 1) + usize::from(x != y)).min(at(i + 1, j) + 1).min(at(i, j + 1) + 1),
            };
            if let Some(slot) = costs.get_mut(i * width + j) {
                *slot = cost;
            }
        }
    }
    let at = |i: usize, j: usize| costs.get(i * width + j).copied().unwrap_or(usize::MAX - 1);
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        let replaced = usize::from(a.get(i) != b.get(j));
        if i < a.len() && j < b.len() && at(i, j) == at(i + 1, j + 1) + replaced {
            pairs.push((Some(i), Some(j)));
            (i, j) = (i + 1, j + 1);
        } else if j >= b.len() || (i < a.len() && at(i, j) == at(i + 1, j) + 1) {
            pairs.push((Some(i), None));
            i += 1;
        } else {
            pairs.push((None, Some(j)));
            j += 1;
        }
    }
    pairs
}

/// Whether two values share enough to be compared character by character.
pub(super) fn related(columns: &[Column]) -> bool {
    let same = columns.iter().filter(|column| column.same).count();
    same * 2 >= columns.len() && same < columns.len()
}

/// The part of a long comparison that holds the first difference, and whether anything is left
/// out on either side.
pub(super) fn window(columns: &[Column], room: usize, related: bool) -> (&[Column], [bool; 2]) {
    let total: usize = columns.iter().map(Column::width).sum();
    if total <= room {
        return (columns, [false, false]);
    }
    let first = if related { columns.iter().position(|column| !column.same).unwrap_or(0) } else { 0 };
    let mut start = first;
    let mut lead = 0;
    while let Some(column) = start.checked_sub(1).and_then(|at| columns.get(at)) {
        lead += column.width();
        if lead > room / 2 {
            break;
        }
        start -= 1;
    }
    let mut used = 2; // the two `…`
    let fits = columns.iter().skip(start).take_while(|column| {
        used += column.width();
        used <= room
    });
    let end = start + fits.count().max(1);
    (columns.get(start..end).unwrap_or(columns), [start > 0, end < columns.len()])
}

/// The two values, each as pieces that are the same, differ, are the same and so on; in at most
/// `room` columns around the first difference. What one of them lacks is an empty piece of it. Two
/// that share little differ as a whole, and a value that was written as seen nowhere.
pub(super) fn pieces(written: &str, seen: &str, room: usize) -> [Vec<String>; 2] {
    let columns = align(written, seen);
    let is_related = related(&columns);
    let (window, left_out) = window(&columns, room, is_related);
    let differs = |column: &Column| if is_related { !column.same } else { written != seen };
    let side = |of: fn(&Column) -> &Option<Cell>| {
        let mut pieces = vec![left_out.map(|is_out| if is_out { "…" } else { "" })[0].to_owned()];
        for column in window {
            // Even places hold what is the same.
            if (pieces.len() % 2 == 0) != differs(column) {
                pieces.push(String::new());
            }
            if let (Some(piece), Some(cell)) = (pieces.last_mut(), of(column)) {
                piece.push_str(&cell.shown);
            }
        }
        if left_out[1] {
            if pieces.len() % 2 == 0 {
                pieces.push(String::new());
            }
            if let Some(piece) = pieces.last_mut() {
                piece.push('…');
            }
        }
        pieces
    };
    [side(|column| &column.written), side(|column| &column.seen)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two lines, and a mark under each difference.
    fn lines(written: &str, seen: &str) -> [String; 3] {
        let columns = align(written, seen);
        let side = |of: fn(&Column) -> &Option<Cell>| columns.iter().map(|column| column.side(of(column))).collect();
        let marks = columns.iter().map(|column| if column.same { " " } else { "^" }).collect();
        [side(|column| &column.written), side(|column| &column.seen), marks]
    }

    #[test]
    fn every_kind_of_edit_is_aligned() {
        assert_eq!(lines("acct_7H9j2", "acct_7H9j3"), ["acct_7H9j2", "acct_7H9j3", "         ^"]);
        assert_eq!(lines("ORD-1042", "ORD-10442"), ["ORD-104·2", "ORD-10442", "       ^ "]);
        assert_eq!(lines("ORD-10442", "ORD-1042"), ["ORD-10442", "ORD-104·2", "       ^ "]);
        assert_eq!(lines("ORD-10424", "ORD-10442"), ["ORD-10424", "ORD-10442", "       ^^"]);
        assert_eq!(lines("", "a"), ["·", "a", "^"]);
        assert_eq!(lines("credit_card_56", "gift_card_56"), ["credit_card_56", "··gift_card_56", "^^^^^         "]);
    }

    #[test]
    fn a_spelt_out_character_widens_its_column() {
        let [written, seen, _] = lines("a\u{200b}b", "ab");
        assert_eq!([written.as_str(), seen.as_str()], ["a\\u{200b}b", "a·       b"]);
    }

    #[test]
    fn pieces_are_the_same_and_differ_in_turn() {
        let of = |written, seen| pieces(written, seen, 40).map(|pieces| pieces.join("|"));
        assert_eq!(of("acct_7H9j2", "acct_7H9j3"), ["acct_7H9j|2", "acct_7H9j|3"]);
        assert_eq!(of("ORD-1042", "ORD-10442"), ["ORD-104||2", "ORD-104|4|2"]);
        assert_eq!(of("bus_1", "rail-77"), ["|bus_1", "|rail-77"]);
        assert_eq!(of("acct_7H9j3", "acct_7H9j3"), ["acct_7H9j3", "acct_7H9j3"]);
        let long = "x".repeat(100);
        let [written, seen] = of(&format!("{long}1{long}"), &format!("{long}2{long}"));
        assert!(written.starts_with("…xx") && written.contains("x|1|x") && written.ends_with("x…"), "{written}");
        assert!(seen.contains("x|2|x") && seen.chars().count() < 45, "{seen}");
    }
}
