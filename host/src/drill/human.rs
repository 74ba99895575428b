//! A drill for people: tables, and the alarms one a line.

use super::score::{Calls, Score, Slips, Tally};
use super::{Alarm, Injection, Options};
use crate::rate::share::Share;
use crate::report::one_line;
use crate::report::table::table;
use std::fmt::Write as _;
use std::io::{self, Write};
use twinguard_core::model::Decision;

/// Alarms that are listed unasked.
pub const WORST: usize = 20;
/// Tools and kinds that have a row of their own.
const ROWS: usize = 12;
/// Characters of a value in a list.
const SHOWN: usize = 60;

/// Writes the whole report. `list` names every alarm, and every slip that nobody was told of.
///
/// # Errors
/// When the output cannot be written.
pub fn write(out: &mut impl Write, score: &Score, options: &Options, list: bool) -> io::Result<()> {
    let mut text = String::new();
    untouched(&mut text, score, list);
    let _ = writeln!(text, "\nWITH ONE SLIP EACH (seed {}, up to {} a trace)\n", options.seed, options.per_trace);
    slips(
        &mut text,
        "A value that nobody had seen",
        &score.unseen,
        &["place", "place, bodies of 15 bits and more", "shape", "kind", "family"],
        true,
    );
    // The nearest to a value that was seen is that value: no name is wrong or right there.
    slips(&mut text, "Another value that was seen", &score.seen, &["shape", "call", "place"], false);
    if list {
        missed(&mut text, score);
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn untouched(text: &mut String, score: &Score, list: bool) {
    let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (traces, calls, identifiers) =
        (count(score.traces, "trace"), count(score.calls.all, "call"), count(score.identifiers, "identifier"));
    let _ = writeln!(text, "UNTOUCHED: {traces}, {calls}, {identifiers}\n");
    let Calls { all: of, warn, ask, block } = score.calls;
    let row = |name: &str, hits| [name.to_owned(), format!("{hits}"), per_1000(Share { hits, of })];
    let rows = [row("warn", warn), row("ask", ask), row("block", block), row("stopped (ask or block)", score.calls.stopped())];
    table(text, &["calls at", "", "of 1,000 [95 %]"], &rows);
    let busy = |(name, calls): (String, Calls)| {
        let Calls { all, warn, ask, block } = calls;
        (warn + ask + block > 0).then(|| {
            let stopped = per_1000(Share { hits: calls.stopped(), of: all });
            [name, all.to_string(), warn.to_string(), ask.to_string(), block.to_string(), stopped]
        })
    };
    let mut tools: Vec<(String, Calls)> = score.by_tool.iter().map(|(tool, calls)| (short(tool), *calls)).collect();
    tools.sort_by_key(|(_, calls)| std::cmp::Reverse((calls.stopped(), calls.warn)));
    let tools: Vec<_> = tools.into_iter().filter_map(busy).collect();
    let places: Vec<_> = score.places().into_iter().map(|(place, calls)| (place.name().to_owned(), calls)).filter_map(busy).collect();
    for (what, rows) in [("tool", tools), ("place", places)] {
        if !rows.is_empty() {
            let left_out = rows.len().saturating_sub(ROWS);
            let _ = writeln!(text);
            table(text, &[what, "calls", "warn", "ask", "block", "stopped of 1,000 [95 %]"], rows.get(..ROWS).unwrap_or(&rows));
            more(text, left_out, "with fewer alarms");
        }
    }
    let worst = score.worst();
    if !worst.is_empty() {
        let shown = if list { worst.len() } else { WORST.min(worst.len()) };
        let _ = writeln!(text, "\n{} alarms, the gravest first: look whether each is false", worst.len());
        worst.iter().take(shown).for_each(|alarm| line(text, alarm));
        more(text, worst.len() - shown, "in --list");
    }
}

fn line(text: &mut String, alarm: &Alarm) {
    let Alarm { trace, turn, tool, pointer, decision, relation, written, nearest, .. } = alarm;
    let seen = nearest.as_ref().filter(|nearest| *nearest != written);
    let seen = seen.map(|nearest| format!(", seen `{}`", short(nearest))).unwrap_or_default();
    let _ = writeln!(
        text,
        "  {:5} {:10} {} turn {turn}: {}({}) `{}`{seen}",
        decision.name(),
        relation.name(),
        one_line(trace),
        short(tool),
        one_line(pointer),
        short(written),
    );
}

fn slips(text: &mut String, title: &str, slips: &Slips, sides: &[&str], is_named: bool) {
    let _ = writeln!(text, "{title}: {}", slips.all.all);
    if slips.all.all == 0 {
        text.push_str("  nothing in these traces could be corrupted so\n\n");
        return;
    }
    for (side, mut rows) in slips.sides() {
        if !sides.contains(&side) {
            continue;
        }
        let mut left_out = 0;
        if side == "kind" {
            rows.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.all));
            left_out = rows.len().saturating_sub(ROWS);
            rows.truncate(ROWS);
        }
        if side == "place" {
            rows.push(("all", slips.all));
        }
        let _ = writeln!(text);
        let rows = rows.iter().map(|(name, tally)| tally_row(name, tally));
        if is_named {
            table(text, &[side, "slips", "flagged % [95 %]", "stopped %", "blocked %", "named right %"], &rows.collect::<Vec<_>>());
        } else {
            let rows: Vec<_> = rows.map(|[name, all, flagged, stopped, blocked, _]| [name, all, flagged, stopped, blocked]).collect();
            table(text, &[side, "slips", "flagged % [95 %]", "stopped %", "blocked %"], &rows);
        }
        more(text, left_out, "rarer ones");
    }
    text.push('\n');
}

fn tally_row(name: &str, tally: &Tally) -> [String; 6] {
    let [flagged, stopped, blocked, named] = tally.shares().map(percent);
    [name.to_owned(), tally.all.to_string(), flagged, stopped, blocked, named]
}

fn missed(text: &mut String, score: &Score) {
    let is_missed = |(_, injection): &&(String, Injection)| injection.decision == Decision::Allow;
    let missed: Vec<_> = score.injections.iter().filter(is_missed).collect();
    let _ = writeln!(text, "{} slips that were let through", missed.len());
    for (trace, injection) in missed {
        let Injection { turn, tool, pointer, place, shape, kind, original, changed, .. } = injection;
        let _ = writeln!(
            text,
            "  {:15} {:10} {:9} {} turn {turn}: {}({}) `{}` for `{}`",
            shape.name(),
            place.name(),
            kind,
            one_line(trace),
            short(tool),
            one_line(pointer),
            short(changed),
            short(original),
        );
    }
}

fn more(text: &mut String, left_out: usize, which: &str) {
    if left_out > 0 {
        let _ = writeln!(text, "  and {left_out} more, {which}");
    }
}

/// The beginning of a value, and nothing that a terminal would obey.
fn short(text: &str) -> String {
    let head: String = text.chars().take(SHOWN).collect();
    let mark = if head.len() < text.len() { "…" } else { "" };
    format!("{}{mark}", one_line(&head))
}

fn per_1000(share: Share) -> String {
    scaled(share, 1000.0, 2)
}

fn percent(share: Share) -> String {
    scaled(share, 100.0, 1)
}

fn scaled(share: Share, scale: f64, places: usize) -> String {
    if share.of == 0 {
        return "–".to_owned();
    }
    let (low, high) = share.interval();
    format!("{:.places$} [{:.places$}, {:.places$}]", share.value() * scale, low * scale, high * scale)
}
