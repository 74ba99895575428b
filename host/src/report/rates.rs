//! Rates for people: a table for everything they are told apart by.

use super::one_line;
use super::table::table;
use crate::rate::{By, Rate, Rates};
use std::cmp::Reverse;
use std::io::{self, Write};

/// Groups that are listed of a table that has more.
const ROWS: usize = 20;

/// Writes the rate over everything, and a table by each of these in which any group has a name.
///
/// # Errors
/// When the output cannot be written.
pub fn write(out: &mut impl Write, head: &str, rates: &Rates, by: &[By]) -> io::Result<()> {
    let Rate { copied, substituted } = rates.overall();
    let mut text = format!("{head}: {copied} identifiers copied, {substituted} substituted\n");
    if copied > 0 {
        text.push_str(&format!("{} of 10,000 [95 %]\n", interval(rates.overall())));
    } else {
        text.push_str("nothing was copied, so no rate can be told\n");
    }
    for by in by {
        one(&mut text, *by, rates);
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn one(text: &mut String, by: By, rates: &Rates) {
    let rows = rates.rows(by);
    if rows.iter().all(|(group, _)| group.is_unsaid()) {
        return;
    }
    // Of many, those that say most, in their own order.
    let mut telling: Vec<usize> = (0..rows.len()).collect();
    telling.sort_by_key(|row| rows.get(*row).map(|(_, rate)| Reverse((rate.substituted, rate.copied))));
    telling.truncate(ROWS);
    let shown = rows
        .iter()
        .enumerate()
        .filter(|(row, _)| telling.contains(row))
        .map(|(_, (group, rate))| [one_line(group.name()), rate.copied.to_string(), rate.substituted.to_string(), interval(*rate)]);
    let shown: Vec<_> = shown.collect();
    text.push('\n');
    table(text, &[by.name(), "copied", "substituted", "of 10,000 [95 %]"], &shown);
    if rows.len() > ROWS {
        text.push_str(&format!("  and {} more with fewer substitutions, in --format json\n", rows.len() - ROWS));
    }
}

/// `2.15 [0.38, 12.18]`.
pub(crate) fn interval(rate: Rate) -> String {
    let (low, high) = rate.interval();
    format!("{:.2} [{low:.2}, {high:.2}]", rate.per_10_000())
}
