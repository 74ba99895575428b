//! The shortest list of changes that turns the seen text into the written one.

use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Largest table worth filling; past it the differing stretch is one change.
const MOST_CELLS: usize = 1 << 14;

/// One change, as character ranges in both texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub kind: Kind,
    pub written: Range<usize>,
    pub seen: Range<usize>,
}

/// What happened to the seen text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Other characters, as many.
    Replace,
    /// Two neighbours changed places.
    Swap,
    /// Characters that were not seen.
    Extra,
    /// Characters that were not written.
    Missing,
}

impl Change {
    /// How many edits it is.
    pub(super) fn edits(&self) -> usize {
        if self.kind == Kind::Swap { 1 } else { self.written.len().max(self.seen.len()) }
    }
}

/// The differing stretch between the common beginning and the common end, as one change; nothing
/// when the texts are equal.
pub(super) fn ends(w: &[char], s: &[char]) -> Option<Change> {
    let start = w.iter().zip(s).take_while(|(a, b)| a == b).count();
    let shorter = w.len().min(s.len()) - start;
    let ends = w.iter().rev().zip(s.iter().rev()).take(shorter);
    let end = ends.take_while(|(a, b)| a == b).count();
    let (written, seen) = (start..w.len() - end, start..s.len() - end);
    let kind = match (written.is_empty(), seen.is_empty()) {
        (true, true) => return None,
        (true, false) => Kind::Missing,
        (false, true) => Kind::Extra,
        (false, false) => Kind::Replace,
    };
    Some(Change { kind, written, seen })
}

/// The changes in order, neighbours of one kind joined; nothing when the texts differ over too
/// long a stretch. Dynamic programming as in [`crate::distance`], with the whole table kept so
/// that the way back through it can be read off.
pub(super) fn between(w: &[char], s: &[char]) -> Option<Vec<Change>> {
    let Some(whole) = ends(w, s) else { return Some(Vec::new()) };
    if whole.written.is_empty() || whole.seen.is_empty() {
        return Some(vec![whole]);
    }
    let (rows, columns) = (whole.written.len() + 1, whole.seen.len() + 1);
    if rows.saturating_mul(columns) > MOST_CELLS {
        return None;
    }
    let (a, b) = (w.get(whole.written.clone())?, s.get(whole.seen.clone())?);
    let table = Table::fill(a, b);
    let (mut i, mut j) = (a.len(), b.len());
    let mut changes: Vec<Change> = Vec::new();
    while i > 0 || j > 0 {
        let (kind, up, left) = table.step(a, b, i, j);
        let to = (i, j);
        (i, j) = (i.saturating_sub(up), j.saturating_sub(left));
        let Some(kind) = kind else { continue };
        let (at, seen_at) = (whole.written.start, whole.seen.start);
        let (written, seen) = (at + i..at + to.0, seen_at + j..seen_at + to.1);
        match changes.last_mut() {
            // The way runs backwards, so this change stands right before the last one.
            Some(next) if next.kind == kind && kind != Kind::Swap && next.written.start == written.end && next.seen.start == seen.end => {
                next.written.start = written.start;
                next.seen.start = seen.start;
            }
            _ => changes.push(Change { kind, written, seen }),
        }
    }
    changes.reverse();
    Some(changes)
}

/// Distances between all beginnings of two texts.
struct Table {
    cells: Vec<u32>,
    columns: usize,
}

impl Table {
    fn fill(a: &[char], b: &[char]) -> Self {
        let mut table = Self { cells: Vec::with_capacity((a.len() + 1) * (b.len() + 1)), columns: b.len() + 1 };
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                let (_, edits) = table.best(a, b, i, j);
                table.cells.push(edits);
            }
        }
        table
    }

    fn cell(&self, i: usize, j: usize) -> u32 {
        self.cells.get(i * self.columns + j).copied().unwrap_or(u32::MAX / 2)
    }

    /// The step that leads to a cell most cheaply.
    fn step(&self, a: &[char], b: &[char], i: usize, j: usize) -> (Option<Kind>, usize, usize) {
        self.best(a, b, i, j).0
    }

    /// The best last step to a cell, with the distance it leads to.
    fn best(&self, a: &[char], b: &[char], i: usize, j: usize) -> ((Option<Kind>, usize, usize), u32) {
        let symbol = |text: &[char], at: usize, back: usize| at.checked_sub(back).and_then(|at| text.get(at)).copied();
        let (x, y) = (symbol(a, i, 1), symbol(b, j, 1));
        let (x2, y2) = (symbol(a, i, 2), symbol(b, j, 2));
        // In the order people would explain it: the first of equals wins.
        let same = (x.is_some() && x == y).then_some(((None, 1, 1), 0));
        let swap = (x.is_some() && x == y2 && y.is_some() && y == x2).then_some(((Some(Kind::Swap), 2, 2), 1));
        let replace = (x.is_some() && y.is_some()).then_some(((Some(Kind::Replace), 1, 1), 1));
        let extra = x.is_some().then_some(((Some(Kind::Extra), 1, 0), 1));
        let missing = y.is_some().then_some(((Some(Kind::Missing), 0, 1), 1));
        [same, swap, replace, extra, missing]
            .into_iter()
            .flatten()
            .map(|(step, edits)| (step, self.cell(i - step.1, j - step.2) + edits))
            .min_by_key(|(_, edits)| *edits)
            .unwrap_or(((None, 1, 1), 0))
    }
}
