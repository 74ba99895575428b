//! Markdown for the comment on a pull request. Its size has a bound, whatever was found.

use super::human::plain;
use super::{Render, Shown, Summary, one_line};
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io::{self, Write};
use twinguard_core::model::Decision;
use twinguard_trace::event::Issue;
use twinguard_trace::verify::{Judged, Report};

/// GitHub takes no longer comment, in characters. Bytes are at least as many, and a few are left for
/// whoever adds a line to it.
const LARGEST: usize = 65_000;
/// Findings in the table; the gravest, and of those the first.
const ROWS: usize = 50;
/// Issues that are named.
const ISSUES: usize = 10;
/// Characters of a value.
const SHOWN: usize = 80;
/// Characters of an issue.
const LONG: usize = 400;
/// Characters that mean nothing to Markdown, whatever stands around them.
const UNMARKED: &str = " -/,;()'\"=?%$";
/// Bytes that are kept for the line that tells what is left out.
const RESERVE: usize = 200;

/// Writes `--format markdown`.
#[derive(Debug)]
pub struct Markdown<W> {
    out: W,
    shown: Shown,
    told: Vec<Told>,
    /// The first of those that could not be read, and how many there are.
    issues: Vec<String>,
    unread: usize,
    left_out: usize,
}

/// A finding, ready to be written.
#[derive(Debug)]
struct Told {
    decision: Decision,
    row: String,
    details: String,
}

impl<W: Write> Markdown<W> {
    /// Writes to `out`.
    pub fn new(out: W, shown: Shown) -> Self {
        Self { out, shown, told: Vec::new(), issues: Vec::new(), unread: 0, left_out: 0 }
    }

    fn tell(&mut self, report: &Report, judged: &Judged, decision: Decision, what: &str, values: [&str; 3], text: &str) {
        let id = judged.call_id.as_deref().map(|id| format!(", {id}")).unwrap_or_default();
        let place = code(&format!("{} turn {}{id}", report.trace.id, judged.turn), SHOWN);
        let tool = code(&judged.tool, SHOWN);
        let [pointer, written, seen] = values.map(|value| code(value, SHOWN));
        let row = format!("| {decision} | {what} | {place} | {tool} | {pointer} | {written} | {seen} |\n");
        let shown = escaped(text.trim_matches('\n'));
        // The empty line lets `<pre>` begin a block of its own, which an empty line in it does not end.
        let details = format!("<details><summary>{decision}: {what} in {tool}, {place}</summary>\n\n<pre>{shown}</pre>\n</details>\n");
        self.add(Told { decision, row, details });
    }

    fn add(&mut self, told: Told) {
        self.told.push(told);
        if self.told.len() > 2 * ROWS {
            self.told.sort_by_key(|told| Reverse(told.decision)); // stable: of those as grave the first stay
            self.left_out += self.told.len() - ROWS;
            self.told.truncate(ROWS);
        }
    }

    /// The totals, what could not be read, and the head of the table.
    fn head(&self, summary: &Summary) -> String {
        let mut text = format!("### twinguard: {}\n\n", outcome(summary, self.unread > 0));
        let at = |decision| summary.by_decision.get(&decision).copied().unwrap_or(0);
        let (block, ask, warn) = (at(Decision::Block), at(Decision::Ask), at(Decision::Warn));
        let _ = writeln!(text, "| traces | calls | identifiers | block | ask | warn |\n|---:|---:|---:|---:|---:|---:|");
        let _ = writeln!(text, "| {} | {} | {} | {block} | {ask} | {warn} |\n", summary.traces, summary.calls, summary.identifiers);
        if summary.stopped > 0 {
            let _ = writeln!(text, "Calls of messages that were cut off: {}.\n", summary.stopped);
        }
        if self.unread > 0 {
            let _ = writeln!(text, "Could not be read:\n");
            self.issues.iter().for_each(|issue| text.push_str(&format!("- {issue}\n")));
            let more = self.unread - self.issues.len();
            text.push_str(&if more > 0 { format!("- and {more} more\n\n") } else { "\n".to_owned() });
        }
        if !self.told.is_empty() {
            text.push_str("| decision | what | where | tool | argument | written | seen |\n|---|---|---|---|---|---|---|\n");
        }
        text
    }
}

impl<W: Write> Render for Markdown<W> {
    fn trace(&mut self, report: &Report) -> io::Result<()> {
        let shown = self.shown;
        for judged in &report.judged {
            if let Some(stop) = judged.stop {
                self.tell(report, judged, Decision::Warn, "message cut off", ["", "", ""], &stop.message());
            }
            if judged.unchecked() {
                self.tell(report, judged, judged.decision, "not checked", ["", "", ""], &judged.message);
            }
            for finding in judged.findings.iter().filter(|finding| shown.shows(finding)) {
                let seen = finding.nearest.first().map(|near| near.value.as_str()).unwrap_or_default();
                let values = [finding.pointer.as_str(), finding.written.as_str(), seen];
                self.tell(report, judged, finding.decision, finding.relation.name(), values, &plain(judged, finding));
            }
        }
        Ok(())
    }

    fn issue(&mut self, issue: &Issue) -> io::Result<()> {
        self.unread += 1;
        if self.issues.len() < ISSUES {
            self.issues.push(code(&issue.to_string(), LONG));
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.told.sort_by_key(|told| Reverse(told.decision));
        self.left_out += self.told.len().saturating_sub(ROWS);
        self.told.truncate(ROWS);
        let mut text = self.head(summary);
        let fits = |text: &str, more: &str| text.len() + more.len() + RESERVE <= LARGEST;
        let mut rows = 0;
        for told in &self.told {
            if !fits(&text, &told.row) {
                break;
            }
            text.push_str(&told.row);
            rows += 1;
        }
        let mut detailed = 0;
        for told in self.told.iter().take(rows) {
            if !fits(&text, &told.details) {
                break;
            }
            text.push('\n');
            text.push_str(&told.details);
            detailed += 1;
        }
        let left_out = self.left_out + self.told.len() - rows;
        if left_out > 0 || detailed < rows {
            let undetailed = rows - detailed;
            let _ = writeln!(text, "\nToo long for a comment: {left_out} more findings and {undetailed} more details are left out.");
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

/// The worst, in words.
fn outcome(summary: &Summary, is_unread: bool) -> &'static str {
    match summary.gravest {
        Some(Decision::Block) => "calls that must not run",
        Some(Decision::Ask) => "calls that somebody has to confirm",
        Some(Decision::Warn) => "warnings",
        _ if is_unread => "not everything could be read",
        _ => "nothing to report",
    }
}

/// Text of strangers in a line of Markdown: nothing in it is markup, a mention, or a link.
fn code(text: &str, longest: usize) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut out = String::from("<code>");
    let shown = one_line(text);
    for (n, c) in shown.chars().enumerate() {
        if n == longest {
            out.push('…');
            break;
        }
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !UNMARKED.contains(c) {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.push_str("</code>");
    out
}

/// Text in a block of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_write_markup() {
        assert_eq!(code("a|b @you `x`", SHOWN), "<code>a&#124;b &#64;you &#96;x&#96;</code>");
        assert_eq!(code("</code><script>", SHOWN), "<code>&#60;/code&#62;&#60;script&#62;</code>");
        assert_eq!(code("one\ntwo", 5), "<code>one&#92;n…</code>");
    }

    /// However much was found, it fits into a comment, and the gravest are in it.
    #[test]
    fn the_size_has_a_bound() {
        let mut markdown = Markdown::new(Vec::new(), Shown { all: false });
        let long = "x|".repeat(4_000);
        for n in 0..1_000 {
            let decision = if n == 999 { Decision::Block } else { Decision::Warn };
            markdown.add(Told { decision, row: format!("| {decision} {n} |\n"), details: format!("{n} {long}\n") });
        }
        (0..1_000).for_each(|n| markdown.issue(&Issue { file: long.clone(), line: Some(n), message: long.clone() }).unwrap());
        markdown.finish(&Summary::default()).unwrap();
        let text = String::from_utf8(markdown.out).unwrap();
        assert!(text.chars().count() < 65_536, "{}", text.len());
        assert!(text.contains("| block 999 |\n| warn 0 |\n"), "{text}");
        assert!(text.contains("950 more findings"), "{text}");
    }
}
