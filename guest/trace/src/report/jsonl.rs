//! One JSON object a line. The form is a promise: it is copied here, field by field, and does not
//! follow the core's types.

use super::{Render, Shown, Summary};
use crate::form::{Neighbour, Sighting};
use crate::verify::{Explained, Judged, Origin, Report};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use twinguard_core::model;

/// Writes `--format jsonl`.
#[derive(Debug)]
pub struct Jsonl<W> {
    out: W,
    shown: Shown,
}

impl<W: Write> Jsonl<W> {
    /// Writes to `out`.
    pub fn new(out: W, shown: Shown) -> Self {
        Self { out, shown }
    }

    /// Writes one object and ends the line.
    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
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
        for entry in explained {
            for identifier in &entry.identifiers {
                self.line(&Identifier::new(trace, entry, identifier))?;
            }
        }
        Ok(())
    }
}

impl<W: Write> Render for Jsonl<W> {
    fn trace(&mut self, report: &Report) -> io::Result<()> {
        for judged in &report.judged {
            for finding in judged.findings.iter().filter(|finding| self.shown.shows(finding)) {
                let line = Finding::new(report, judged, finding);
                serde_json::to_writer(&mut self.out, &line)?;
                self.out.write_all(b"\n")?;
            }
        }
        for judged in report.judged.iter().filter(|judged| judged.unchecked()) {
            self.line(&Unchecked {
                r#type: "unchecked",
                trace: &report.trace.id,
                model: report.trace.model.as_deref(),
                turn: judged.turn,
                call_id: judged.call_id.as_deref(),
                tool: &judged.tool,
                decision: judged.decision.name(),
                message: &judged.message,
            })?;
        }
        for judged in &report.judged {
            let Some(stop) = judged.stop else { continue };
            self.line(&Stopped {
                r#type: "stopped",
                trace: &report.trace.id,
                model: report.model(judged),
                turn: judged.turn,
                call_id: judged.call_id.as_deref(),
                tool: &judged.tool,
                stop: stop.name(),
                decision: model::Decision::Warn.name(),
                message: &stop.message(),
            })?;
        }
        self.line(&Trace {
            r#type: "trace",
            trace: &report.trace.id,
            model: report.trace.model.as_deref(),
            calls: report.calls,
            identifiers: report.identifiers,
            decision: report.decision.name(),
        })
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.line(&SummaryLine {
            r#type: "summary",
            traces: summary.traces,
            calls: summary.calls,
            identifiers: summary.identifiers,
            by_decision: summary.by_decision.iter().map(|(decision, n)| (decision.name(), *n)).collect(),
            by_relation: summary.by_relation.iter().map(|(relation, n)| (relation.name(), *n)).collect(),
        })?;
        self.out.flush()
    }
}

#[derive(Serialize)]
struct Finding<'a> {
    r#type: &'static str,
    trace: &'a str,
    model: Option<&'a str>,
    turn: u32,
    call_id: Option<&'a str>,
    tool: &'a str,
    pointer: &'a str,
    span: [u32; 2],
    written: &'a str,
    kind: &'a str,
    relation: &'static str,
    decision: &'static str,
    coincidence: f64,
    nearest: Vec<Neighbour<'a>>,
    message: &'a str,
}

/// A call that could not be checked, so that no finding tells of it: spent fuel, a limit. A line of
/// its own, for a reader that only knows findings to leave out.
#[derive(Serialize)]
struct Unchecked<'a> {
    r#type: &'static str,
    trace: &'a str,
    model: Option<&'a str>,
    turn: u32,
    call_id: Option<&'a str>,
    tool: &'a str,
    decision: &'static str,
    message: &'a str,
}

/// A call of a message that ended before the model was done, whatever its identifiers are.
#[derive(Serialize)]
struct Stopped<'a> {
    r#type: &'static str,
    trace: &'a str,
    model: Option<&'a str>,
    turn: u32,
    call_id: Option<&'a str>,
    tool: &'a str,
    stop: &'static str,
    decision: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct Trace<'a> {
    r#type: &'static str,
    trace: &'a str,
    model: Option<&'a str>,
    calls: u64,
    identifiers: u64,
    decision: &'static str,
}

#[derive(Serialize)]
struct SummaryLine {
    r#type: &'static str,
    traces: u64,
    calls: u64,
    identifiers: u64,
    by_decision: BTreeMap<&'static str, u64>,
    by_relation: BTreeMap<&'static str, u64>,
}

/// A line of `explain`. The source of a call's arguments is `call`, that of a text
/// outside any conversation `text`.
#[derive(Serialize)]
struct Identifier<'a> {
    r#type: &'static str,
    trace: &'a str,
    turn: u32,
    source: &'static str,
    tool: Option<&'a str>,
    call_id: Option<&'a str>,
    pointer: &'a str,
    span: [u32; 2],
    text: &'a str,
    kind: &'a str,
    canonical: &'a str,
    relation: &'static str,
    seen_in: Vec<Sighting<'a>>,
}

impl<'a> Finding<'a> {
    fn new(report: &'a Report, judged: &'a Judged, finding: &'a model::Finding) -> Self {
        Self {
            r#type: "finding",
            trace: &report.trace.id,
            model: report.model(judged),
            turn: judged.turn,
            call_id: judged.call_id.as_deref(),
            tool: &judged.tool,
            pointer: &finding.pointer,
            span: [finding.span.start, finding.span.end],
            written: &finding.written,
            kind: &finding.kind,
            relation: finding.relation.name(),
            decision: finding.decision.name(),
            coincidence: finding.coincidence,
            nearest: finding.nearest.iter().map(Neighbour::from).collect(),
            message: &finding.message,
        }
    }
}

impl<'a> Identifier<'a> {
    fn new(trace: &'a str, entry: &'a Explained, identifier: &'a model::Identifier) -> Self {
        Self {
            r#type: "identifier",
            trace,
            turn: entry.turn,
            source: match entry.origin {
                Origin::Shown(source) => source.name(),
                Origin::Called => "call",
                Origin::Text => "text",
            },
            tool: entry.tool.as_deref(),
            call_id: entry.call_id.as_deref(),
            pointer: &identifier.pointer,
            span: [identifier.span.start, identifier.span.end],
            text: &identifier.text,
            kind: &identifier.kind,
            canonical: &identifier.canonical,
            relation: identifier.relation.name(),
            seen_in: identifier.seen_in.iter().map(Sighting::from).collect(),
        }
    }
}
