//! `twinguard verify`.

use super::batch::{Step, Work};
use super::checkpoint::Checkpoint;
use super::{Failure, ReportFormat, Verify, columns, complain_of, policy, progress};
use crate::Guard;
use crate::baseline::Baseline;
use crate::input::{self, Input};
use crate::report::html::{Html, Replay};
use crate::report::human::Human;
use crate::report::jsonl::Jsonl;
use crate::report::junit::Junit;
use crate::report::markdown::Markdown;
use crate::report::sarif::Sarif;
use crate::report::{Render, Shown};
use anstream::{AutoStream, ColorChoice};
use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use twinguard_trace::event::{Issue, Trace, What};
use twinguard_trace::verify::{self, Report};

pub(super) fn run(arguments: &Verify, color: ColorChoice) -> Result<u8, Failure> {
    arguments.source.must_be_there()?;
    let guard = Guard::linked();
    let policy = policy::load(&guard, arguments.source.policy.as_deref())?;
    let mut known = Known::read(arguments)?;
    let shown = Shown { all: arguments.all };
    let out = io::stdout().lock();
    let mut render: Box<dyn Render> = match arguments.format {
        ReportFormat::Human => Box::new(Human::new(BufWriter::new(AutoStream::new(out, color)), shown, columns())),
        ReportFormat::Jsonl => Box::new(Jsonl::new(BufWriter::new(out), shown)),
        ReportFormat::Sarif => Box::new(Sarif::new(BufWriter::new(out), shown)),
        ReportFormat::Junit => Box::new(Junit::new(BufWriter::new(out), arguments.fail_on.decision())),
        ReportFormat::Markdown => Box::new(Markdown::new(BufWriter::new(out), shown)),
        ReportFormat::Html => Box::new(Html::new(BufWriter::new(out), shown, replay(arguments))),
    };
    let (inputs, issues) = input::find(&arguments.source.paths);
    issues.iter().for_each(complain_of);
    issues.iter().try_for_each(|issue| render.issue(issue))?;
    let mut unreadable = !issues.is_empty();
    let mut checkpoint = Checkpoint::open(arguments, &policy, &inputs)?;
    if let Some(checkpoint) = &checkpoint {
        render = Box::new(Jsonl::new(checkpoint.output(), shown));
    }
    let (from, mut summary, was_unreadable) = checkpoint.as_ref().map(Checkpoint::before).unwrap_or_default();
    unreadable |= was_unreadable;
    let work = Work {
        doing: "verifying",
        long: progress::LONG,
        format: arguments.source.format(),
        load: &arguments.load,
        one: |trace| wanted(arguments, &trace).then(|| report(&guard, &policy, trace)),
    };
    work.run_from(from, &inputs, |step| match step {
        Step::One(None) => Ok(()),
        Step::One(Some(mut report)) => {
            report.trace.issues.iter().for_each(complain_of);
            report.trace.issues.iter().try_for_each(|issue| render.issue(issue))?;
            render.whole(&report);
            known.sort_out(&mut report);
            unreadable |= !report.trace.issues.is_empty();
            summary.add(&report, shown);
            render.trace(&report)
        }
        Step::Bad(issue) => {
            complain_of(&issue);
            unreadable = true;
            render.issue(&issue)
        }
        Step::Reached(place) => checkpoint.as_mut().map_or(Ok(()), |checkpoint| checkpoint.reached(place, &summary, unreadable)),
    })?;
    render.finish(&summary)?;
    checkpoint.map_or(Ok(()), Checkpoint::done)?;
    if summary.traces == 0 && !unreadable {
        let file = inputs.first().map(Input::name).unwrap_or_default();
        let named = arguments.trace.as_ref().map(|name| format!(" named `{name}`")).unwrap_or_default();
        complain_of(&Issue { file, line: None, message: format!("no conversation{named} in here, so nothing was verified") });
        unreadable = true;
    }
    let found = summary.gravest.is_some_and(|gravest| gravest >= arguments.fail_on.decision());
    // What was known before must not be lost because nothing could be read now.
    let accepted = summary.traces > 0 && known.close(arguments)?;
    Ok(if unreadable { 2 } else { u8::from(found && !accepted) })
}

/// What earlier runs have found, and what is written down of this one.
struct Known {
    before: Option<Baseline>,
    now: Baseline,
    left_out: u64,
}

impl Known {
    fn read(arguments: &Verify) -> Result<Self, Failure> {
        let read = |path: &PathBuf| {
            let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"));
            let parsed = text.and_then(|text| Baseline::parse(&text));
            parsed.map_err(|why| Failure::Message(format!("`{}`: {why}", path.display())))
        };
        Ok(Self { before: arguments.baseline.as_ref().map(read).transpose()?, now: Baseline::default(), left_out: 0 })
    }

    /// Notes what is there, and takes out what was there before.
    fn sort_out(&mut self, report: &mut Report) {
        self.now.add(report);
        if let Some(before) = &mut self.before {
            self.left_out += before.take_from(report);
        }
    }

    /// Writes what is to be written; tells whether everything that was found is accepted by that.
    fn close(&self, arguments: &Verify) -> Result<bool, Failure> {
        if let Some(before) = &self.before {
            let (left_out, gone) = (self.left_out, before.len());
            let _ = writeln!(io::stderr(), "baseline: {left_out} known and left out, {gone} not found again");
        }
        let Some(path) = &arguments.write_baseline else { return Ok(false) };
        let written = fs::write(path, self.now.text());
        written.map_err(|error| Failure::Message(format!("the baseline `{}` cannot be written: {error}", path.display())))?;
        let _ = writeln!(io::stderr(), "baseline: {} written to `{}`", self.now.len(), path.display());
        Ok(true)
    }
}

/// Whether a conversation is the one that was asked for, if one was.
fn wanted(arguments: &Verify, trace: &Trace) -> bool {
    arguments.trace.as_ref().is_none_or(|name| *name == trace.id)
}

/// What the commands in a report have to say besides the file.
fn replay(arguments: &Verify) -> Replay {
    let source = &arguments.source;
    Replay {
        trace_format: source.trace_format.map(|format| format.name.to_owned()),
        mapping: source.mapping.map(|format| format.name.to_owned()), // the file it was read from
        policy: source.policy.clone(),
    }
}

/// A conversation for which no session could be opened is blocked like one whose session failed.
/// One without a call needs none.
pub(super) fn report(guard: &Guard, policy: &str, trace: Trace) -> Report {
    if !trace.events.iter().any(|event| matches!(event.what, What::Called(_))) {
        return Report::unopened(trace);
    }
    match guard.session(policy) {
        Ok(mut session) => verify::verify(&mut session, trace),
        Err(error) => Report::unopened(trace).because(&error),
    }
}
