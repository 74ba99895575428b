//! Bounded edit distance between two identifiers.
//!
//! Insert, delete, replace, or swap two neighbours: the slips a model makes when it copies. This
//! is *optimal string alignment*: no stretch of text is edited twice. Unlike the full
//! Damerau-Levenshtein distance it breaks the triangle inequality, so no metric tree may rely on
//! it; nothing here does.

use alloc::{vec, vec::Vec};
use core::mem;

/// Longest pattern one machine word holds.
const WORD: usize = 64;

/// Edits between two identifiers, counted in characters, or nothing past `limit`.
/// Time is at most proportional to `limit` times the length, so hostile input cannot stall it.
///
/// ```
/// # use twinguard_core::distance::distance;
/// assert_eq!(distance("ORD-10442", "ORD-10424", 2), Some(1)); // one swap
/// assert_eq!(distance("Müller", "Muller", 1), Some(1)); // characters, not bytes
/// assert_eq!(distance("ca", "abc", 2), None); // 3: swapped letters are not edited again
/// ```
#[must_use]
pub fn distance(a: &str, b: &str, limit: u32) -> Option<u32> {
    // A character is at most four bytes: this spares very unequal texts the decoding.
    if a.len().abs_diff(b.len()) / 4 > limit as usize {
        return None;
    }
    if a.is_ascii() && b.is_ascii() {
        within(a.as_bytes(), b.as_bytes(), limit)
    } else {
        let a: Vec<char> = a.chars().collect();
        let b: Vec<char> = b.chars().collect();
        within(&a, &b, limit)
    }
}

fn within<S: Symbol>(a: &[S], b: &[S], limit: u32) -> Option<u32> {
    if a.len().abs_diff(b.len()) > limit as usize {
        return None;
    }
    // Texts with equal ends are as far apart as what lies between.
    let start = S::common(a, b);
    let (a, b) = (a.get(start..)?, b.get(start..)?);
    if limit <= 2 {
        return slips(a, b, limit);
    }
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(..a.len() - end)?, b.get(..b.len() - end)?);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() <= WORD {
        let text = long.iter().map(|&symbol| symbol.into());
        Pattern::new(short.iter().map(|&symbol| symbol.into())).distance(text, limit)
    } else {
        banded(short, long, limit)
    }
}

/// Up to two edits, by trying each at the first difference. Strangers part again within a few
/// symbols, so this beats any table; beyond two edits there are too many ways to try.
fn slips<S: Symbol>(a: &[S], b: &[S], limit: u32) -> Option<u32> {
    if S::same(a, b) {
        Some(0)
    } else if limit >= 1 && after_edit(a, b, S::same) {
        Some(1)
    } else if limit >= 2 && after_edit(a, b, one_slip) {
        Some(2)
    } else {
        None
    }
}

/// Whether two texts are equal but for at most one edit.
fn one_slip<S: Symbol>(a: &[S], b: &[S]) -> bool {
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let start = S::common(a, b);
    let (a, b) = (a.get(start..).unwrap_or_default(), b.get(start..).unwrap_or_default());
    (a.is_empty() && b.is_empty()) || after_edit(a, b, S::same)
}

/// Whether some edit at the very beginning leaves rests that satisfy `rest`.
fn after_edit<S: Symbol>(a: &[S], b: &[S], rest: impl Fn(&[S], &[S]) -> bool) -> bool {
    match (a, b) {
        ([x, y, a_rest @ ..], [z, w, b_rest @ ..]) if x == w && y == z && rest(a_rest, b_rest) => true,
        ([_, a_rest @ ..], [_, b_rest @ ..]) => rest(a_rest, b_rest) || rest(a_rest, b) || rest(a, b_rest),
        ([_, a_rest @ ..], []) => rest(a_rest, b),
        ([], [_, b_rest @ ..]) => rest(a, b_rest),
        ([], []) => false,
    }
}

/// What texts are made of: bytes where all is ASCII, else characters.
trait Symbol: Copy + Eq + Into<u32> {
    /// Length of the common prefix.
    fn common(a: &[Self], b: &[Self]) -> usize {
        a.iter().zip(b).take_while(|(x, y)| x == y).count()
    }

    /// Equality without a call: most comparisons end at the first symbol.
    fn same(a: &[Self], b: &[Self]) -> bool {
        a.len() == b.len() && Self::common(a, b) == a.len()
    }
}

impl Symbol for char {}

impl Symbol for u8 {
    fn common(a: &[Self], b: &[Self]) -> usize {
        common_bytes(a, b)
    }
}

/// Length of the common prefix in bytes.
fn common_bytes(a: &[u8], b: &[u8]) -> usize {
    // Eight bytes at a step: WebAssembly has no vectorised comparison to fall back on.
    let (words_a, words_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let mut same = 0;
    for (x, y) in words_a.iter().zip(words_b) {
        let differ = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differ != 0 {
            return same + differ.trailing_zeros() as usize / 8;
        }
        same += 8;
    }
    let rest = a.iter().skip(same).zip(b.iter().skip(same));
    same + rest.take_while(|(x, y)| x == y).count()
}

/// A text of at most 64 symbols, prepared for comparison with many others.
///
/// Bit-parallel: one word holds a whole column of the dynamic-programming table as differences
/// of neighbouring cells, so each symbol of the other text costs a dozen instructions.
/// Hyyrö, *A bit-vector algorithm for computing Levenshtein and Damerau edit distances*, Nordic
/// Journal of Computing 10 (2003).
#[derive(Debug)]
pub(crate) struct Pattern {
    /// For each ASCII symbol, the set of positions where it stands.
    ascii: [u64; 128],
    /// The same for other symbols: rare, hence a list.
    others: Vec<(u32, u64)>,
    length: u32,
}

impl Pattern {
    /// Prepares at most 64 symbols; more are ignored, so callers check first.
    pub(crate) fn new(symbols: impl Iterator<Item = u32>) -> Self {
        let mut pattern = Self { ascii: [0; 128], others: Vec::new(), length: 0 };
        for (position, symbol) in symbols.take(WORD).enumerate() {
            let bit = 1_u64 << position;
            if let Some(positions) = pattern.ascii.get_mut(symbol as usize) {
                *positions |= bit;
            } else if let Some((_, positions)) = pattern.others.iter_mut().find(|(other, _)| *other == symbol) {
                *positions |= bit;
            } else {
                pattern.others.push((symbol, bit));
            }
            pattern.length += 1;
        }
        pattern
    }

    fn positions(&self, symbol: u32) -> u64 {
        match self.ascii.get(symbol as usize) {
            Some(positions) => *positions,
            None => self.others.iter().find(|(other, _)| *other == symbol).map_or(0, |(_, positions)| *positions),
        }
    }

    /// The distance to a text, or nothing past `limit`.
    pub(crate) fn distance(&self, text: impl ExactSizeIterator<Item = u32>, limit: u32) -> Option<u32> {
        let mut left = u32::try_from(text.len()).ok()?;
        if self.length == 0 || left.abs_diff(self.length) > limit {
            return Some(left.max(self.length)).filter(|&edits| edits <= limit);
        }
        let last = 1_u64 << (self.length - 1);
        let mut edits = self.length;
        // Names as in the paper: vertical and horizontal differences, plus one or minus one.
        let (mut vp, mut vn, mut d0, mut before) = (u64::MAX, 0_u64, 0_u64, 0_u64);
        for symbol in text {
            let matches = self.positions(symbol);
            let swaps = ((!d0 & matches) << 1) & before;
            d0 = ((matches & vp).wrapping_add(vp) ^ vp) | matches | vn | swaps;
            let hp = vn | !(d0 | vp);
            let hn = d0 & vp;
            edits += u32::from(hp & last != 0);
            edits -= u32::from(hn & last != 0);
            left -= 1;
            // Each symbol left can lower the count by one at most.
            if edits > limit.saturating_add(left) {
                return None;
            }
            let hp = (hp << 1) | 1;
            vp = (hn << 1) | !(d0 | hp);
            vn = hp & d0;
            before = matches;
        }
        (edits <= limit).then_some(edits)
    }
}

/// Dynamic programming over the diagonal band that `limit` edits can reach.
/// Ukkonen, *Algorithms for approximate string matching*, Information and Control 64 (1985).
#[expect(clippy::indexing_slicing, reason = "rows hold long.len() + 2 cells and every column is at most long.len() + 1")]
fn banded<S: Symbol>(short: &[S], long: &[S], limit: u32) -> Option<u32> {
    let unreachable = limit.saturating_add(1);
    let band = limit as usize;
    let columns = long.len();
    // One cell more than the table: the cell right of the band is written as unreachable.
    let first = (0..=columns + 1).map(|column| u32::try_from(column).unwrap_or(u32::MAX));
    let mut above: Vec<u32> = first.map(|edits| edits.min(unreachable)).collect();
    let mut row = vec![unreachable; columns + 2];
    let mut above_twice = row.clone();
    let mut least_above = 0;
    for (i, &symbol) in short.iter().enumerate() {
        let (from, to) = (i.saturating_sub(band), i.saturating_add(band).saturating_add(2).min(columns));
        let edge = u32::try_from(i + 1).unwrap_or(u32::MAX);
        row[from] = if from == 0 { edge.min(unreachable) } else { unreachable };
        let mut least = row[from];
        for j in from..to {
            let replaced = above[j] + u32::from(symbol != long[j]);
            let mut edits = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && symbol == long[j - 1] && short[i - 1] == long[j] {
                edits = edits.min(above_twice[j - 1] + 1);
            }
            row[j + 1] = edits.min(unreachable);
            least = least.min(edits);
        }
        row[to + 1] = unreachable;
        // A swap reaches back two rows, so one hopeless row is not yet the end.
        if least > limit && least_above > limit {
            return None;
        }
        least_above = least;
        mem::swap(&mut above_twice, &mut above);
        mem::swap(&mut above, &mut row);
    }
    Some(above[columns]).filter(|&edits| edits <= limit)
}
