//! For people: each call as it was written, a caret under what differs, and under that what was
//! seen and where.

use super::align::{Column, align, related, window};
use super::call::{self, Frame};
use super::cells::{Cell, cells, safe, width};
use super::{Render, Shown, Summary};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use std::io::{self, Write};
use twinguard_core::model::{Decision, Finding, Neighbour, Sighting, Source};
use twinguard_trace::verify::{Explained, Judged, Origin, Report};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const WRITTEN: Style = AnsiColor::Red.on_default().bold();
const SEEN: Style = AnsiColor::Green.on_default().bold();

const INDENT: usize = 4;
/// Stands before the seen value, one row under the carets.
const LABEL: &str = "seen ";
/// Columns of plain text.
const PLAIN: usize = 100;
/// Near values that are listed after the nearest.
const OTHERS: usize = 2;

/// Writes `--format human`. Colours are written always; a stream that wants none strips them.
#[derive(Debug)]
pub struct Human<W> {
    out: W,
    shown: Shown,
    columns: usize,
}

impl<W: Write> Human<W> {
    /// Writes to `out`, in lines of at most `columns` where that can be done.
    pub fn new(out: W, shown: Shown, columns: usize) -> Self {
        Self { out, shown, columns: columns.clamp(50, 140) }
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes what was extracted from a trace.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn explained(&mut self, trace: &str, explained: &[Explained]) -> io::Result<()> {
        let mut text = String::new();
        let _ = writeln!(text, "{BOLD}{}{BOLD:#}", safe(trace));
        for entry in explained {
            let tool = entry.tool.as_deref().map(safe).unwrap_or_default();
            let id = entry.call_id.as_deref().map(|id| format!(", {}", safe(id))).unwrap_or_default();
            let _ = match entry.origin {
                Origin::Called => writeln!(text, "\n  turn {}{id}: call of {tool}", entry.turn),
                Origin::Shown(source) => writeln!(text, "\n  turn {}{id}: {}", entry.turn, source_name(source, &tool)),
                Origin::Text => Ok(()),
            };
            if entry.identifiers.is_empty() {
                let _ = writeln!(text, "    {DIM}no identifiers{DIM:#}");
            }
            for found in &entry.identifiers {
                let shown = safe(&found.text);
                let canonical = if found.canonical == found.text { String::new() } else { format!(" = {}", safe(&found.canonical)) };
                let pointer = if found.pointer.is_empty() { String::new() } else { format!(" {}", safe(&found.pointer)) };
                // A text that was shown is itself where its identifiers were seen; for a call the
                // question is open.
                let seen = match found.seen_in.first() {
                    _ if entry.origin != Origin::Called => String::new(),
                    Some(first) => format!(" {}: seen in {}", found.relation, sighting(first)),
                    None => format!(" {}", found.relation),
                };
                let _ = writeln!(text, "    {BOLD}{shown}{BOLD:#}{canonical} {DIM}{}{pointer}{DIM:#}{seen}", safe(&found.kind));
            }
        }
        text.push('\n');
        self.out.write_all(text.as_bytes())
    }

    fn finding(&self, text: &mut String, judged: &Judged, finding: &Finding, also: &[&str]) {
        let style = style(finding.decision);
        let _ = writeln!(text, "\n  {style}{}{style:#}: {BOLD}{}{BOLD:#}, {}", finding.decision, finding.relation, place(judged));
        let room = self.columns - INDENT;
        let nearest = finding.nearest.first();
        self.compare(text, &call::frame(judged, finding, room.saturating_sub(written_width(finding))), finding, nearest);
        if !also.is_empty() {
            let _ = writeln!(text, "    {DIM}also written at {}{DIM:#}", safe(&also.join(", ")));
        }
        for seen in nearest.iter().flat_map(|near| near.seen_in.first()) {
            let _ = writeln!(text, "    seen in: {}", sighting(seen));
        }
        for other in finding.nearest.iter().skip(1).take(OTHERS) {
            let seen = other.seen_in.first().map(|first| format!(", in {}", sighting(first))).unwrap_or_default();
            let _ = writeln!(text, "    {DIM}also seen: {}{seen}{DIM:#}", safe(&other.value));
        }
        self.message(text, &finding.message);
    }

    /// The call, the carets, and the seen value under the written one.
    fn compare(&self, text: &mut String, frame: &Frame, finding: &Finding, nearest: Option<&Neighbour>) {
        let seen = nearest.map(|near| near.value.as_str()).filter(|seen| *seen != finding.written);
        let columns = align(&finding.written, seen.unwrap_or(&finding.written));
        let related = seen.is_some() && related(&columns);
        let marked = |column: &Column| !related || !column.same;
        let room = self.columns.saturating_sub(INDENT + width(&cells(&frame.before)) + width(&cells(&frame.after)));
        let (window, left_out) = window(&columns, room.max(24), related);
        let [from, to] = left_out.map(|is_out| if is_out { "…" } else { "" });

        let (mut written, mut marks, mut below) = (String::new(), String::new(), String::new());
        for run in window.chunk_by(|one, next| marked(one) == marked(next)) {
            let is_marked = run.first().is_some_and(marked);
            let side = |of: fn(&Column) -> &Option<Cell>| run.iter().map(|column| column.side(of(column))).collect::<String>();
            let (here, there) = (side(|column| &column.written), side(|column| &column.seen));
            let columns = run.iter().map(Column::width).sum();
            if is_marked {
                let _ = write!(written, "{WRITTEN}{here}{WRITTEN:#}");
                let _ = write!(below, "{SEEN}{there}{SEEN:#}");
            } else {
                written.push_str(&here);
                below.push_str(&there);
            }
            marks.push_str(&if is_marked { "^" } else { " " }.repeat(columns));
        }
        let start = INDENT + width(&cells(&frame.before)) + from.chars().count();
        let _ = writeln!(text, "    {}{from}{written}{to}{}", frame.before, frame.after);
        let _ = writeln!(text, "{}{WRITTEN}{}{WRITTEN:#}", " ".repeat(start), marks.trim_end());
        if seen.is_some() {
            let gap = " ".repeat(start.saturating_sub(LABEL.len() + from.chars().count()));
            let _ = writeln!(text, "{gap}{DIM}{LABEL}{DIM:#}{from}{below}{to}");
        }
    }

    fn message(&self, text: &mut String, message: &str) {
        if message.is_empty() {
            return;
        }
        text.push('\n');
        for line in message.lines() {
            for line in textwrap::wrap(&safe(line), self.columns - INDENT) {
                let _ = writeln!(text, "    {line}");
            }
        }
    }

    /// A finding that is allowed takes one line, close to others of its kind.
    fn allowed(text: &mut String, judged: &Judged, finding: &Finding) {
        let style = style(finding.decision);
        let close = text.lines().last().is_some_and(|line| line.starts_with(&format!("  {style}{}", finding.decision)));
        let seen = finding.nearest.first().and_then(|near| near.seen_in.first()).map(|seen| format!(", seen in {}", sighting(seen)));
        let _ = writeln!(
            text,
            "{}  {style}{}{style:#}: {}, {}: {BOLD}{}{BOLD:#} {DIM}{}{}{}{DIM:#}",
            if close { "" } else { "\n" },
            finding.decision,
            finding.relation,
            place(judged),
            safe(&finding.written),
            safe(&finding.kind),
            if finding.pointer.is_empty() { String::new() } else { format!(" at {}", safe(&finding.pointer)) },
            seen.unwrap_or_default(),
        );
    }
}

/// A finding as plain text, for reports that wrap it in a form of their own.
pub(super) fn plain(judged: &Judged, finding: &Finding) -> String {
    let human = Human::new(io::sink(), Shown { all: true }, PLAIN);
    let mut text = String::new();
    if finding.decision == Decision::Allow {
        Human::<io::Sink>::allowed(&mut text, judged, finding);
    } else {
        human.finding(&mut text, judged, finding, &[]);
    }
    anstream::adapter::strip_str(&text).to_string()
}

impl<W: Write> Render for Human<W> {
    fn trace(&mut self, report: &Report) -> io::Result<()> {
        let mut text = String::new();
        for judged in &report.judged {
            if let Some(stop) = judged.stop {
                let style = style(Decision::Warn);
                let _ = writeln!(text, "\n  {style}{}{style:#}: {BOLD}message cut off{BOLD:#}, {}", Decision::Warn, place(judged));
                let _ = writeln!(text, "    {}", call::whole(judged, self.columns - INDENT));
                self.message(&mut text, &stop.message());
            }
            if judged.unchecked() {
                let style = style(judged.decision);
                let _ = writeln!(text, "\n  {style}{}{style:#}: {BOLD}not checked{BOLD:#}, {}", judged.decision, place(judged));
                let _ = writeln!(text, "    {}", call::whole(judged, self.columns - INDENT));
                self.message(&mut text, &judged.message);
            }
            let mut told: Vec<(&str, &str)> = Vec::new();
            for finding in judged.findings.iter().filter(|finding| self.shown.shows(finding)) {
                let same = (finding.written.as_str(), finding.relation.name());
                if told.contains(&same) {
                    continue;
                }
                told.push(same);
                if finding.decision == Decision::Allow {
                    Self::allowed(&mut text, judged, finding);
                    continue;
                }
                let others = judged.findings.iter().filter(|other| (other.written.as_str(), other.relation.name()) == same);
                let mut also: Vec<&str> = others.map(|other| other.pointer.as_str()).filter(|other| *other != finding.pointer).collect();
                also.dedup();
                self.finding(&mut text, judged, finding, &also);
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        let model = report.trace.model.as_deref().map(|model| format!(" {DIM}({}){DIM:#}", safe(model))).unwrap_or_default();
        let head = format!("{BOLD}{}{BOLD:#}{model}\n", safe(&report.trace.id));
        self.out.write_all(format!("{head}{text}\n").as_bytes())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let mut text = format!(
            "{}, {}, {}: ",
            count(summary.traces, "trace"),
            count(summary.calls, "call"),
            count(summary.identifiers, "identifier"),
        );
        let mut found: Vec<String> = summary
            .by_decision
            .iter()
            .rev()
            .map(|(decision, n)| {
                let style = style(*decision);
                format!("{style}{n} {decision}{style:#}")
            })
            .collect();
        if summary.stopped > 0 {
            let style = style(Decision::Warn);
            found.push(format!("{style}{} of messages cut off{style:#}", count(summary.stopped, "call")));
        }
        match summary.gravest {
            _ if !found.is_empty() => text.push_str(&found.join(", ")),
            Some(gravest) if gravest > Decision::Allow => {
                let style = style(gravest);
                let _ = write!(text, "{style}{gravest}{style:#}, not all calls could be checked");
            }
            _ => text.push_str("nothing to report"),
        }
        text.push('\n');
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

fn written_width(finding: &Finding) -> usize {
    width(&cells(&finding.written))
}

fn style(decision: Decision) -> Style {
    match decision {
        Decision::Allow => AnsiColor::Green.on_default(),
        Decision::Warn => AnsiColor::Yellow.on_default(),
        Decision::Ask => AnsiColor::Magenta.on_default().bold(),
        Decision::Block => AnsiColor::Red.on_default().bold(),
    }
}

/// `turn 5, call_2`.
fn place(judged: &Judged) -> String {
    let id = judged.call_id.as_deref().map(|id| format!(", {}", safe(id))).unwrap_or_default();
    format!("turn {}{id}", judged.turn)
}

fn source_name(source: Source, tool: &str) -> String {
    match source {
        Source::ToolResult if tool.is_empty() => "result of a tool".to_owned(),
        Source::ToolResult => format!("result of {tool}"),
        Source::UserMessage => "message of the user".to_owned(),
        Source::SystemPrompt => "system prompt".to_owned(),
        Source::Host => "values of the host".to_owned(),
    }
}

/// `result of search_customer, /accounts/0/id (turn 3, call_1)`.
pub(super) fn sighting(seen: &Sighting) -> String {
    let tool = seen.tool.as_deref().map(safe).unwrap_or_default();
    let pointer = if seen.pointer.is_empty() { String::new() } else { format!(", {}", safe(&seen.pointer)) };
    let id = seen.call_id.as_deref().map(|id| format!(", {}", safe(id))).unwrap_or_default();
    format!("{}{pointer} (turn {}{id})", source_name(seen.source, &tool), seen.turn)
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
