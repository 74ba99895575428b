//! `twinguard verify`.

use super::{Failure, Output, Verify, columns, complain_of, policy};
use crate::Guard;
use crate::event::{Issue, Trace};
use crate::input::{self, Input};
use crate::records::Records;
use crate::report::human::Human;
use crate::report::jsonl::Jsonl;
use crate::report::{Render, Shown, Summary};
use crate::trace::Record;
use crate::trace::{self, Format};
use crate::verify::{self, Report};
use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use std::io::{self, BufWriter, IsTerminal as _};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Text that is verified at once: enough for every core, little enough for memory.
const BATCH: usize = 16 << 20;
/// Less than this is done before threads are started.
const SMALL: usize = 64 << 10;
/// Input that takes long enough to show how far it is.
const LONG: u64 = 16 << 20;

pub(super) fn run(arguments: &Verify, color: ColorChoice) -> Result<u8, Failure> {
    arguments.source.must_be_there()?;
    let guard = Guard::new()?;
    let policy = policy::load(&guard, arguments.source.policy.as_deref())?;
    let shown = Shown { all: arguments.all };
    let out = io::stdout().lock();
    let render: Box<dyn Render> = match arguments.source.format {
        Output::Human => Box::new(Human::new(BufWriter::new(AutoStream::new(out, color)), shown, columns())),
        Output::Jsonl => Box::new(Jsonl::new(BufWriter::new(out), shown)),
    };
    let (inputs, issues) = input::find(&arguments.source.paths);
    let mut run = Run {
        guard,
        policy,
        format: arguments.source.trace_format,
        shown,
        render,
        summary: Summary::default(),
        unreadable: false,
        bar: bar(&inputs),
        batch: Vec::new(),
        bytes: 0,
    };
    issues.iter().for_each(|issue| run.issue(issue));
    run.all(&inputs)?;
    run.render.finish(&run.summary)?;
    if run.summary.traces == 0 && !run.unreadable {
        run.issue(&Issue {
            file: inputs.first().map(Input::name).unwrap_or_default(),
            line: None,
            message: "no conversation in here, so nothing was verified".to_owned(),
        });
    }
    let found = run.summary.gravest.is_some_and(|gravest| gravest >= arguments.fail_on.decision());
    Ok(if run.unreadable { 2 } else { u8::from(found) })
}

struct Run {
    guard: Guard,
    policy: String,
    format: Option<&'static Format>,
    shown: Shown,
    render: Box<dyn Render>,
    summary: Summary,
    unreadable: bool,
    bar: ProgressBar,
    /// What was read and not yet verified, in order.
    batch: Vec<Result<Record, Issue>>,
    bytes: usize,
}

impl Run {
    fn all(&mut self, inputs: &[Input]) -> io::Result<()> {
        let progress = Arc::new(AtomicU64::new(0));
        for input in inputs {
            let reader = match input.open(Arc::clone(&progress)) {
                Ok(reader) => reader,
                Err(issue) => {
                    self.batch.push(Err(issue));
                    continue;
                }
            };
            for item in Records::new(&input.name(), reader, self.format) {
                self.bytes += item.as_ref().map_or(0, |record| record.text.len());
                self.batch.push(item);
                if self.bytes > BATCH {
                    self.flush()?;
                    self.bar.set_position(progress.load(Ordering::Relaxed));
                }
            }
        }
        self.flush()?;
        self.bar.finish_and_clear();
        Ok(())
    }

    /// Verifies what was read, side by side, and writes it in the order in which it was read.
    fn flush(&mut self) -> io::Result<()> {
        let (guard, policy, format) = (&self.guard, self.policy.as_str(), self.format);
        let batch = mem::take(&mut self.batch);
        let judge = |item: Result<Record, Issue>| {
            let traces = trace::read(&item?, format)?;
            let one = |trace| report(guard, policy, trace);
            Ok(if traces.len() > 1 { traces.into_par_iter().map(one).collect() } else { traces.into_iter().map(one).collect() })
        };
        let small = mem::take(&mut self.bytes) < SMALL || batch.len() < 2;
        let outcomes: Vec<Result<Vec<Report>, Issue>> =
            if small { batch.into_iter().map(judge).collect() } else { batch.into_par_iter().map(judge).collect() };
        let bar = self.bar.clone();
        bar.suspend(|| {
            outcomes.into_iter().try_for_each(|outcome| match outcome {
                Ok(reports) => reports.iter().try_for_each(|report| self.write(report)),
                Err(issue) => {
                    self.issue(&issue);
                    Ok(())
                }
            })
        })
    }

    fn write(&mut self, report: &Report) -> io::Result<()> {
        report.issues.iter().for_each(|issue| self.issue(issue));
        self.summary.add(report, self.shown);
        self.render.trace(report)
    }

    fn issue(&mut self, issue: &Issue) {
        self.unreadable = true;
        complain_of(issue);
    }
}

/// A conversation for which no session could be opened is blocked like one whose session failed.
fn report(guard: &Guard, policy: &str, trace: Trace) -> Report {
    let unopened = Report::unopened(&trace);
    verify::verify(guard, policy, trace).unwrap_or_else(|error| unopened.because(&error))
}

/// A progress bar for long input, where somebody sits at the terminal.
fn bar(inputs: &[Input]) -> ProgressBar {
    let size: u64 = inputs.iter().map(Input::size).sum();
    if size < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(size);
    if let Ok(style) = ProgressStyle::with_template("verifying {bar:30} {bytes} of {total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    bar
}
