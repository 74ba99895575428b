//! SARIF 2.1.0, which code-review tools show beside the lines of a file.

use super::locate::{Locator, Region};
use super::{Render, Shown, Summary};
use crate::baseline::{fingerprint, of_stop};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Component, Path};
use twinguard_core::model::{Decision, Finding, Relation};
use twinguard_trace::event::Issue;
use twinguard_trace::verify::{Judged, Report};

/// The rule of calls whose message was cut off.
const STOPPED: &str = "stopped";
/// The rule of calls that could not be checked.
const UNCHECKED: &str = "unchecked";

/// Writes `--format sarif`, one result at a time: only how often each fingerprint was met, and what could
/// not be read, is kept in memory.
pub struct Sarif<W> {
    out: W,
    shown: Shown,
    locator: Locator,
    begun: bool,
    written: bool,
    /// How often a finding was met: the same twice is two.
    met: HashMap<String, u64>,
    notifications: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Value,
    locations: [Value; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Value>,
    partial_fingerprints: Value,
    properties: Value,
}

impl<W: Write> Sarif<W> {
    /// Writes to `out`.
    pub fn new(out: W, shown: Shown) -> Self {
        Self { out, shown, locator: Locator::default(), begun: false, written: false, met: HashMap::new(), notifications: Vec::new() }
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let driver = json!({
            "name": "twinguard",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules(),
        });
        write!(
            self.out,
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{},\"columnKind\":\"utf16CodeUnits\",\"results\":[",
            json!({ "driver": driver }),
        )
    }

    fn result(&mut self, result: &Outcome<'_>) -> io::Result<()> {
        self.begin()?;
        let separator: &[u8] = if std::mem::replace(&mut self.written, true) { b",\n" } else { b"\n" };
        self.out.write_all(separator)?;
        serde_json::to_writer(&mut self.out, result).map_err(io::Error::from)
    }

    fn finding(&mut self, report: &Report, judged: &Judged, finding: &Finding) -> io::Result<()> {
        let region = self.locator.find(&report.trace.file, report.trace.line, judged.call_id.as_deref(), &finding.written);
        let nearest = finding.nearest.first();
        let message = if finding.message.is_empty() { "Seen before, or the model's own name.".to_owned() } else { finding.message.clone() };
        let seen = nearest.filter(|near| near.value != finding.written).map(|near| near.value.as_str());
        let related = nearest.into_iter().flat_map(|near| &near.seen_in).take(3).enumerate().map(|(id, sighting)| {
            let tool = sighting.tool.as_deref().map(|tool| format!(" of {tool}")).unwrap_or_default();
            let text = format!("seen in {}{tool}, message {} {}", sighting.source, sighting.turn, sighting.pointer);
            let place = place(&report.trace.file, Region { line: report.trace.line, columns: None });
            json!({"id": id, "message": {"text": text.trim_end()}, "physicalLocation": place})
        });
        let print = fingerprint(judged, finding);
        let result = Outcome {
            rule_id: finding.relation.name(),
            rule_index: Relation::ALL.iter().position(|relation| *relation == finding.relation).unwrap_or(0),
            kind: if finding.decision == Decision::Allow { "pass" } else { "fail" },
            level: level(finding.decision),
            message: json!({ "text": message }),
            locations: [location(report, judged, region, &finding.pointer)],
            related_locations: related.collect(),
            partial_fingerprints: self.fingerprints(print),
            properties: json!({
                "trace": report.trace.id,
                "model": report.model(judged),
                "turn": judged.turn,
                "callId": judged.call_id,
                "tool": judged.tool,
                "pointer": finding.pointer,
                "span": [finding.span.start, finding.span.end],
                "written": finding.written,
                "seen": seen,
                "kind": finding.kind,
                "decision": finding.decision.name(),
                "coincidence": finding.coincidence,
            }),
        };
        self.result(&result)
    }

    /// About a call as a whole.
    fn call(&mut self, report: &Report, judged: &Judged, rule: &str, decision: Decision, message: &str, print: String) -> io::Result<()> {
        let region = self.locator.find(&report.trace.file, report.trace.line, judged.call_id.as_deref(), &judged.tool);
        let result = Outcome {
            rule_id: rule,
            rule_index: Relation::ALL.len() + usize::from(rule == UNCHECKED),
            kind: "fail",
            level: level(decision),
            message: json!({ "text": message }),
            locations: [location(report, judged, region, "")],
            related_locations: Vec::new(),
            partial_fingerprints: self.fingerprints(print),
            properties: json!({
                "trace": report.trace.id,
                "model": report.model(judged),
                "turn": judged.turn,
                "callId": judged.call_id,
                "tool": judged.tool,
                "decision": decision.name(),
            }),
        };
        self.result(&result)
    }

    /// Ours, and the one by which GitHub knows an alert again.
    fn fingerprints(&mut self, print: String) -> Value {
        let met = self.met.entry(print.clone()).or_default();
        *met += 1;
        json!({"twinguard/v1": print, "primaryLocationLineHash": format!("{print}:{met}")})
    }
}

impl<W: Write> Render for Sarif<W> {
    fn trace(&mut self, report: &Report) -> io::Result<()> {
        let shown = self.shown;
        for judged in &report.judged {
            if let Some(stop) = judged.stop {
                self.call(report, judged, STOPPED, Decision::Warn, &stop.message(), of_stop(judged, stop))?;
            }
            if judged.unchecked() {
                let print = format!("{UNCHECKED}:{}:{}", judged.tool, report.trace.id);
                self.call(report, judged, UNCHECKED, judged.decision, &judged.message, print)?;
            }
            for finding in judged.findings.iter().filter(|finding| shown.shows(finding)) {
                self.finding(report, judged, finding)?;
            }
        }
        Ok(())
    }

    fn issue(&mut self, issue: &Issue) -> io::Result<()> {
        let place = json!({"physicalLocation": place(&issue.file, Region { line: issue.line.unwrap_or(1), columns: None })});
        self.notifications.push(json!({"level": "error", "message": {"text": issue.message}, "locations": [place]}));
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.begin()?;
        let invocation = json!({
            "executionSuccessful": self.notifications.is_empty(),
            "toolExecutionNotifications": self.notifications,
        });
        writeln!(self.out, "\n],\"invocations\":[{invocation}]}}]}}")?;
        self.out.flush()
    }
}

fn level(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "none",
        Decision::Warn => "note",
        Decision::Ask => "warning",
        Decision::Block => "error",
    }
}

/// One rule for each relation, and those of whole calls.
fn rules() -> Vec<Value> {
    let of_findings = Relation::ALL.iter().map(|relation| (relation.name(), meaning(*relation)));
    let of_calls = [
        (STOPPED, "The message with the call was cut off, so its last identifier may be cut, too."),
        (UNCHECKED, "The guard could not check the call, so it must not run."),
    ];
    let all = of_findings.chain(of_calls);
    all.map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}, "fullDescription": {"text": text}})).collect()
}

fn meaning(relation: Relation) -> &'static str {
    match relation {
        Relation::Exact => "The identifier was seen.",
        Relation::Equivalent => "The identifier was seen in another spelling.",
        Relation::Derived => "The identifier is made of parts that were seen.",
        Relation::Introduced => "The model gave the name itself.",
        Relation::Twin => "The identifier was never seen, and is one to three edits from one that was.",
        Relation::Confusable => "The identifier differs from one that was seen by look-alike or invisible characters.",
        Relation::Recased => "The identifier differs from one that was seen in letter case, where case matters.",
        Relation::Truncated => "The identifier is one that was seen, cut.",
        Relation::Reprefixed => "The identifier is one that was seen, under another type prefix.",
        Relation::Rounded => "The identifier is one that was seen, as a 64-bit float rounds it.",
        Relation::Invalid => "The identifier was never seen, and its check digits fail.",
        Relation::Misfield => "The identifier was seen only under other fields.",
        Relation::Collision => "The identifier was seen, and so was a near twin of it.",
        Relation::Crossed => "The identifier was seen, and a record in the call names another one for this field.",
        Relation::Sibling => "The identifier is an unseen member of a dense family.",
        Relation::Unseen => "Nothing like the identifier was seen.",
    }
}

fn location(report: &Report, judged: &Judged, region: Region, pointer: &str) -> Value {
    let call = judged.call_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
    let name = format!("{} turn {}{call} {}{pointer}", report.trace.id, judged.turn, judged.tool);
    json!({
        "physicalLocation": place(&report.trace.file, region),
        "logicalLocations": [{"name": judged.tool, "fullyQualifiedName": name, "kind": "function"}],
    })
}

fn place(file: &str, region: Region) -> Value {
    let region = match region.columns {
        Some((from, to)) => json!({"startLine": region.line, "startColumn": from, "endColumn": to}),
        None => json!({"startLine": region.line.max(1)}),
    };
    json!({"artifactLocation": {"uri": uri(file)}, "region": region})
}

/// A path as a URI (RFC 3986): relative to where the command ran, or `file:` for one from the root.
fn uri(file: &str) -> String {
    let encoded = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let path = Path::new(file);
    let parts: Vec<String> = path
        .components()
        .filter_map(|part| match part {
            Component::Prefix(prefix) => Some(prefix.as_os_str().to_string_lossy().replace('\\', "/")), // `C:`
            Component::RootDir | Component::CurDir => None,
            Component::ParentDir => Some("..".to_owned()),
            Component::Normal(name) => Some(encoded(&name.to_string_lossy())),
        })
        .collect();
    let joined = parts.join("/");
    if path.is_absolute() { format!("file:///{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("./runs/a b#1.jsonl"), "runs/a%20b%231.jsonl");
        assert_eq!(uri("../übung.json"), "../%C3%BCbung.json");
        #[cfg(unix)]
        assert_eq!(uri("/var/runs.jsonl"), "file:///var/runs.jsonl");
    }
}
