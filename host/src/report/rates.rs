//! Rates for people: a table for everything they are told apart by.

use super::one_line;
use super::table::table;
use crate::rate::compare::{Comparison, Test, probability};
use crate::rate::{By, Rate, Rates};
use std::cmp::Reverse;
use std::io::{self, Write};

/// Groups that are listed of a table that has more.
const ROWS: usize = 20;
/// Columns of sentences.
const COLUMNS: usize = 100;

/// Writes the rate over everything, and a table by each of these in which any group has a name.
///
/// # Errors
/// When the output cannot be written.
pub fn write(out: &mut impl Write, head: &str, rates: &Rates, by: &[By]) -> io::Result<()> {
    let Rate { copied, substituted } = rates.overall();
    let mut text = format!("{head}: {} copied, {substituted} substituted\n", count(copied, "identifier"));
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

/// Writes whether two sets that are called so differ.
///
/// # Errors
/// When the output cannot be written.
pub fn write_comparison(out: &mut impl Write, comparison: &Comparison, [a, b]: [&str; 2]) -> io::Result<()> {
    let Comparison { overall, by, tests } = comparison;
    let (a, b) = (one_line(a), one_line(b));
    let side = |rate: Rate| [rate.copied.to_string(), rate.substituted.to_string(), interval(rate)];
    let mut text = textwrap::fill(&capital(&overall.words(&a, &b)), COLUMNS) + "\n\n";
    let sides = [(&a, side(overall.a)), (&b, side(overall.b))];
    let sides = sides.map(|(name, [copied, substituted, rate])| [name.clone(), copied, substituted, rate]);
    table(&mut text, &["", "copied", "substituted", "of 10,000 [95 %]"], &sides);
    for (by, rows) in by {
        // Groups in which nothing was substituted have nothing to tell.
        let telling: Vec<&(String, Test)> = rows.iter().filter(|(_, test)| test.a.substituted + test.b.substituted > 0).collect();
        let row = |(name, test): &&(String, Test)| {
            let says = if test.differs() { "differs" } else { "cannot tell" };
            let [_, of_a, rate_a] = side(test.a);
            let [_, of_b, rate_b] = side(test.b);
            [one_line(name), of_a, rate_a, of_b, rate_b, probability(test.p), says.to_owned()]
        };
        let rows: Vec<_> = telling.iter().take(ROWS).map(row).collect();
        if !rows.is_empty() {
            text.push('\n');
            table(&mut text, &[by.name(), "in A", "of 10,000 [95 %]", "in B", "of 10,000 [95 %]", "p", ""], &rows);
            if telling.len() > ROWS {
                text.push_str(&format!("  and {} more, in --format json\n", telling.len() - ROWS));
            }
        }
    }
    let besides = match tests {
        0 => "No group that is in both sets has a substitution.".to_owned(),
        1 => "One group was tested besides.".to_owned(),
        _ => format!("{tests} groups were tested besides; their p are corrected for that by Holm's method."),
    };
    let note = format!("Fisher's exact test, two-sided, at 5 %. {besides} A is the first set, B the second.");
    text.push('\n');
    text.push_str(&textwrap::fill(&note, COLUMNS));
    text.push('\n');
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// `1 trace`, `2 traces`.
pub(crate) fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `2.15 [0.38, 12.18]`.
pub(crate) fn interval(rate: Rate) -> String {
    let (low, high) = rate.interval();
    format!("{:.2} [{low:.2}, {high:.2}]", rate.per_10_000())
}
