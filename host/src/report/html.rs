//! One HTML page with everything in it: rates as charts, a table to sort and filter, and behind every
//! row the conversation and a postmortem.
//!
//! Nothing of it is held back: the page's beginning is written first, then the findings in parts as
//! they come, then what is known only at the end. A part is the rows of the table as plain JSON, read
//! when the page opens, and what stands behind them, packed, read when somebody opens one.

mod detail;
mod excerpt;
mod postmortem;
mod replay;

pub use replay::Replay;

use super::align::pieces;
use super::cells::{cells, head};
use super::{Render, Shown, Summary};
use crate::rate::view::View;
use crate::rate::{By, Rates};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use detail::Detail;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::mem;
use twinguard_core::model::{Decision, Finding};
use twinguard_trace::event::Issue;
use twinguard_trace::verify::{Judged, Report};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// One script, in the order in which its parts build on each other.
const SCRIPT: &str = concat!(
    "\"use strict\";\n",
    include_str!("page/dom.js"),
    include_str!("page/data.js"),
    include_str!("page/charts.js"),
    include_str!("page/finding.js"),
    include_str!("page/table.js"),
    include_str!("page/page.js"),
);

/// What the page shows rates by.
const CHARTS: &[By] = &[By::Week, By::Model, By::Tool, By::Kind, By::Relation, By::Provider, By::Length, By::Depth, By::Distance];
/// Rows and bytes of a part: enough to pack well, little enough to be unpacked while somebody waits.
const PART: usize = 64;
const PART_BYTES: usize = 512 << 10;
/// What could not be read is named so often, and counted beyond that.
const ISSUES: usize = 50;
/// Columns of such a message.
const ISSUE: usize = 400;
/// Columns of a value, and of a name, in the table.
const VALUE: usize = 90;
const NAME: usize = 120;

/// Writes `--format html`. Holds one part of the findings, and the rates.
#[derive(Debug)]
pub struct Html<W> {
    out: W,
    shown: Shown,
    replay: Replay,
    rates: Rates,
    issues: Vec<String>,
    unread: u64,
    has_begun: bool,
    rows: Vec<Row>,
    /// The details of these rows, each a JSON object.
    details: Vec<u8>,
}

/// A row of the table; an array in the page.
#[derive(Debug, Serialize)]
struct Row(
    /* decision */ &'static str,
    /* relation */ &'static str,
    /* tool */ String,
    /* pointer */ String,
    /* written, in pieces that are as seen and that differ in turn */ Vec<String>,
    /* seen, likewise */ Option<Vec<String>>,
    /* model */ Option<String>,
    /* kind */ String,
    /* at */ Option<String>,
    /* trace */ String,
    /* turn */ u32,
);

/// What the page knows of all traces.
#[derive(Debug, Serialize)]
struct Totals<'a> {
    traces: u64,
    calls: u64,
    identifiers: u64,
    stopped: u64,
    by_decision: BTreeMap<&'static str, u64>,
    by_relation: BTreeMap<&'static str, u64>,
    /// What could not be read: how often, and the first of it.
    unread: u64,
    issues: &'a [String],
    rates: View<'a>,
}

impl<W: Write> Html<W> {
    /// Writes to `out`. `replay` is what the commands in the page have to say besides the file.
    pub fn new(out: W, shown: Shown, replay: Replay) -> Self {
        Self {
            out,
            shown,
            replay,
            rates: Rates::default(),
            issues: Vec::new(),
            unread: 0,
            has_begun: false,
            rows: Vec::new(),
            details: Vec::new(),
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        if mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        let (start, _) = halves();
        // Whatever a trace says, the page runs this script alone, and has no way to send anything.
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
            hash(SCRIPT),
            hash(STYLE)
        );
        self.out.write_all(start.replace("{{policy}}", &policy).replace("{{style}}", STYLE).as_bytes())
    }

    fn add(&mut self, report: &Report, judged: &Judged, finding: Option<&Finding>) -> io::Result<()> {
        let detail = Detail::new(report, judged, finding, self.replay.command(&report.trace));
        self.details.push(if self.rows.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut self.details, &detail)?;
        self.rows.push(Row::new(report, judged, finding));
        if self.rows.len() >= PART || self.details.len() > PART_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes the part that is full.
    fn flush(&mut self) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "<script type=\"application/json\" class=\"rows\">{}</script>", json(&self.rows)?)?;
        self.rows.clear();
        self.details.push(b']');
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&self.details)?;
        self.details.clear();
        let packed = BASE64_STANDARD.encode(packed.finish()?);
        writeln!(self.out, "<script type=\"application/gzip\" class=\"details\">{packed}</script>")
    }
}

impl<W: Write> Render for Html<W> {
    fn whole(&mut self, report: &Report) {
        self.rates.add(report);
    }

    fn trace(&mut self, report: &Report) -> io::Result<()> {
        self.begin()?;
        let shown = self.shown;
        for judged in &report.judged {
            for finding in judged.findings.iter().filter(|finding| shown.shows(finding)) {
                self.add(report, judged, Some(finding))?;
            }
            if judged.unchecked() || judged.stop.is_some() {
                self.add(report, judged, None)?;
            }
        }
        Ok(())
    }

    fn issue(&mut self, issue: &Issue) -> io::Result<()> {
        self.unread += 1;
        if self.issues.len() < ISSUES {
            self.issues.push(head(&cells(&issue.to_string()), ISSUE));
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.begin()?;
        self.flush()?;
        let rates = View::new(&self.rates, CHARTS);
        // As the table has them, so that a name leads to its findings.
        let names: Vec<Vec<String>> = rates.by.iter().map(|chart| chart.rows.iter().map(|row| short(row.name)).collect()).collect();
        let mut rates: View<'_> = rates.clone();
        for (row, name) in rates.by.iter_mut().zip(&names).flat_map(|(chart, names)| chart.rows.iter_mut().zip(names)) {
            row.name = name;
        }
        let (_, end) = halves();
        let without = without_scripts(summary, self.unread, &rates);
        let totals = Totals {
            traces: summary.traces,
            calls: summary.calls,
            identifiers: summary.identifiers,
            stopped: summary.stopped,
            by_decision: summary.by_decision.iter().map(|(decision, n)| (decision.name(), *n)).collect(),
            by_relation: summary.by_relation.iter().map(|(relation, n)| (relation.name(), *n)).collect(),
            unread: self.unread,
            issues: &self.issues,
            rates,
        };
        // What holds names of strangers last: one of them may be called like a place.
        let end = end.replace("{{script}}", SCRIPT).replace("{{without}}", &without).replace("{{totals}}", &json(&totals)?);
        self.out.write_all(end.as_bytes())?;
        self.out.flush()
    }
}

impl Row {
    fn new(report: &Report, judged: &Judged, finding: Option<&Finding>) -> Self {
        let (decision, relation) = match (finding, judged.stop) {
            (Some(finding), _) => (finding.decision, finding.relation.name()),
            (None, Some(_)) => (Decision::Warn, "stopped"),
            (None, None) => (judged.decision, "unchecked"),
        };
        let written = finding.map(|finding| finding.written.as_str()).unwrap_or_default();
        let seen = finding.and_then(|finding| finding.nearest.first()).map(|near| near.value.as_str());
        let [written, seen] = match seen.filter(|seen| *seen != written) {
            Some(seen) => pieces(written, seen, VALUE).map(Some),
            None => [Some(vec![head(&cells(written), VALUE)]), None],
        };
        Self(
            decision.name(),
            relation,
            short(&judged.tool),
            short(finding.map(|finding| finding.pointer.as_str()).unwrap_or_default()),
            written.unwrap_or_default(),
            seen,
            report.model(judged).map(short),
            finding.map(|finding| short(&finding.kind)).unwrap_or_default(),
            report.at(judged).map(short),
            short(&report.trace.id),
            judged.turn,
        )
    }
}

/// A name, whatever somebody has put into it.
fn short(text: &str) -> String {
    head(&cells(text), NAME)
}

/// What stands before the findings, and what behind them.
fn halves() -> (&'static str, &'static str) {
    PAGE.split_once("{{findings}}").unwrap_or((PAGE, ""))
}

/// As JSON that cannot end the element it stands in.
fn json(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

/// What lets this very text run.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// What a browser shows that runs no scripts: numbers, and names that are ours.
fn without_scripts(summary: &Summary, unread: u64, rates: &View<'_>) -> String {
    let rate = rates.overall;
    let found: Vec<String> = summary.by_decision.iter().rev().map(|(decision, n)| format!("{n} {decision}")).collect();
    let found = if found.is_empty() { "nothing to report".to_owned() } else { found.join(", ") };
    let unread = if unread == 0 { String::new() } else { format!("\n<p>Could not be read, or not as it should be: {unread}.</p>") };
    format!(
        "<p>{} traces, {} calls, {} identifiers: {found}.</p>\n<p>{} of {} copied identifiers were substituted: {} per 10,000 (95 % interval {} to {}).</p>{unread}",
        summary.traces, summary.calls, summary.identifiers, rate.substituted, rate.copied, rate.per_10000, rate.low, rate.high
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinguard_core::model::{Observation, Source, ToolCall};
    use twinguard_core::session::Session;
    use twinguard_trace::event::{Event, Trace, What};
    use twinguard_trace::verify;

    #[test]
    fn the_page_has_its_places_and_nothing_in_it_ends_it_early() {
        let places = ["{{policy}}", "{{style}}", "{{findings}}", "{{totals}}", "{{without}}", "{{script}}"];
        for place in places {
            assert_eq!(PAGE.matches(place).count(), 1, "{place}");
        }
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</s") && !text.contains("<!--") && places.iter().all(|place| !text.contains(place)));
        }
        assert_eq!(json(&"</script><!--").unwrap(), "\"\\u003c/script>\\u003c!--\"");
    }

    /// A conversation in which the model writes `acct_7H9j2` this often.
    fn report(calls: usize) -> Report {
        let shown = Observation {
            source: Source::ToolResult,
            tool: Some("search".to_owned()),
            call_id: None,
            content: r#"{"accounts": [{"id": "acct_7H9j3"}]}"#.to_owned(),
            incomplete: false,
        };
        let call = ToolCall {
            tool: "refund".to_owned(),
            call_id: None,
            arguments: format!(r#"{{"account_id": "acct_7H9j2", "note": "{}"}}"#, "x".repeat(4_000)),
            effect: None,
        };
        let events = std::iter::once(What::Shown(shown)).chain(std::iter::repeat_n(What::Called(call), calls));
        let events = events.enumerate().map(|(at, what)| Event { turn: at as u32, what }).collect();
        verify::verify(&mut Session::open("").unwrap(), Trace { id: "run".to_owned(), events, ..Trace::default() })
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_findings() {
        let mut html = Html::new(Vec::new(), Shown { all: false }, Replay::default());
        let report = report(PART - 1);
        for n in 1..20 {
            html.trace(&report).unwrap();
            assert!(html.rows.len() < PART && html.details.len() <= PART_BYTES);
            assert_eq!(elements(&html.out), n * (PART - 1) / PART);
        }
        html.finish(&Summary::default()).unwrap();
        assert_eq!(elements(&html.out), 19);
    }

    fn elements(page: &[u8]) -> usize {
        String::from_utf8_lossy(page).matches("class=\"details\"").count()
    }
}
