//! Reports on traces, and the line format that other programs read.

pub mod jsonl;

use crate::event::Issue;
use crate::verify::Report;
use std::collections::BTreeMap;
use std::io;
use twinguard_core::model::{Decision, Finding, Relation};

/// Writes reports in the order in which they come, and a summary at the end.
pub trait Render {
    /// Sees a report before [`trace`](Self::trace) does, with the findings that a baseline will take out of
    /// it: for what counts everything.
    fn whole(&mut self, _: &Report) {}

    /// Writes what is to be said of one trace.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn trace(&mut self, report: &Report) -> io::Result<()>;

    /// Writes that something could not be read. It is said to people elsewhere, so most reports say
    /// nothing of it.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn issue(&mut self, _: &Issue) -> io::Result<()> {
        Ok(())
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}

/// Which findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Also those that are allowed.
    pub all: bool,
}

impl Shown {
    /// Whether this one is written.
    #[must_use]
    pub fn shows(self, finding: &Finding) -> bool {
        self.all || finding.decision > Decision::Allow
    }
}

/// The counts over all traces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Traces verified.
    pub traces: u64,
    /// Calls judged.
    pub calls: u64,
    /// Identifiers in those calls.
    pub identifiers: u64,
    /// Findings that were written, by decision.
    pub by_decision: BTreeMap<Decision, u64>,
    /// Findings that were written, by relation.
    pub by_relation: BTreeMap<Relation, u64>,
    /// Calls of messages that ended before the model was done.
    pub stopped: u64,
    /// The gravest decision on any call, whether a finding stands for it or not.
    pub gravest: Option<Decision>,
}

impl Summary {
    /// Counts one more trace.
    pub fn add(&mut self, report: &Report, shown: Shown) {
        self.traces += 1;
        self.calls += report.calls;
        self.identifiers += report.identifiers;
        self.stopped += report.judged.iter().filter(|judged| judged.stop.is_some()).count() as u64;
        self.gravest = self.gravest.max(Some(report.decision));
        for finding in report.judged.iter().flat_map(|judged| &judged.findings).filter(|finding| shown.shows(finding)) {
            *self.by_decision.entry(finding.decision).or_default() += 1;
            *self.by_relation.entry(finding.relation).or_default() += 1;
        }
    }
}
