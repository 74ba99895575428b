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
}
