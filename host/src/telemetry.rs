//! OpenTelemetry: one span for every checked call, by the semantic conventions for generative AI, over
//! OTLP to the collector that the standard variables of the environment name. Where they name none,
//! there is no span.
//!
//! No verdict waits for a collector. The proxy's spans go into a bounded queue with a thread behind
//! it. A hook is too short for that: when it has answered it hands its span over to a process that
//! outlives it.
//!
//! INVARIANT: no identifier leaves in clear. Spans are copied to more places than an audit log is,
//! and the variables may have been set for another program. `--redact` adds keyed hashes.

#[cfg(feature = "mcp")]
pub mod export;
#[cfg(feature = "mcp")]
pub mod hand_over;

use crate::audit::{By, Entry, Redaction, hidden};
use serde::{Deserialize, Serialize};
use std::env;
use std::time::{Duration, Instant, SystemTime};
use twinguard_core::model::{Decision, Finding};

/// Whether the environment asks for spans: it names a collector, and switches nothing off.
#[must_use]
pub fn is_wanted() -> bool {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let named = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT"));
    let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let goes_elsewhere = variable("OTEL_TRACES_EXPORTER").is_some_and(|names| !names.split(',').any(|name| name.trim() == "otlp"));
    cfg!(feature = "mcp") && named.is_some() && !is_off && !goes_elsewhere
}

/// When a check began: by the calendar, for the collector, and by a clock that nobody sets.
#[derive(Clone, Copy, Debug)]
pub struct Began {
    at: SystemTime,
    clock: Instant,
}

impl Began {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a span tells when; no verdict depends on it")]
        let at = SystemTime::now();
        Self { at, clock: Instant::now() }
    }
}

/// What a collector is told of one decision. The form between processes of one version, and no promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    began: SystemTime,
    took: Duration,
    /// The trace that the call belongs to, as W3C's `traceparent` writes it.
    parent: Option<String>,
    conversation: String,
    tool: String,
    call_id: Option<String>,
    decision: String,
    by: String,
    findings: Vec<Found>,
}

/// One finding. Identifiers are hashes, or are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    decision: String,
    relation: String,
    kind: String,
    pointer: String,
    written: Option<String>,
    nearest: Option<String>,
}

impl Span {
    /// A decision, from when it began until now. Findings that are allowed are left out, as in the
    /// audit log.
    #[must_use]
    pub fn of(entry: &Entry<'_>, began: Began, parent: Option<&str>, redaction: Option<&Redaction>) -> Self {
        let findings = entry.findings.iter().filter(|finding| finding.decision > Decision::Allow);
        Self {
            began: began.at,
            took: began.clock.elapsed(),
            parent: parent.map(str::to_owned),
            conversation: entry.session.to_owned(),
            tool: entry.tool.to_owned(),
            call_id: entry.call_id.map(str::to_owned),
            decision: entry.decision.name().to_owned(),
            by: match entry.by {
                By::Guard => "guard",
                By::Person => "person",
            }
            .to_owned(),
            findings: findings.map(|finding| Found::of(finding, redaction)).collect(),
        }
    }
}

impl Found {
    fn of(finding: &Finding, redaction: Option<&Redaction>) -> Self {
        let hash = |value: &str| redaction.map(|redaction| redaction.hash(value));
        Self {
            decision: finding.decision.name().to_owned(),
            relation: finding.relation.name().to_owned(),
            kind: finding.kind.to_string(),
            pointer: match redaction {
                Some(redaction) => redaction.pointer(&finding.pointer),
                None => hidden(&finding.pointer, |_| "*".to_owned()),
            },
            written: hash(&finding.written),
            nearest: finding.nearest.first().and_then(|nearest| hash(&nearest.value)),
        }
    }
}

#[cfg(test)]
mod tests;
