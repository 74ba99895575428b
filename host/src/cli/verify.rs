//! `twinguard verify`.

use super::batch::{Step, Work};
use super::checkpoint::Checkpoint;
use super::{Failure, Output, Verify, columns, complain_of, policy};
use crate::Guard;
use crate::input::{self, Input};
use crate::report::human::Human;
use crate::report::jsonl::Jsonl;
use crate::report::{Render, Shown};
use anstream::{AutoStream, ColorChoice};
use std::io::{self, BufWriter};
use twinguard_trace::event::{Issue, Trace, What};
use twinguard_trace::verify::{self, Report};

/// Input that takes long enough to show how far it is.
const LONG: u64 = 16 << 20;

pub(super) fn run(arguments: &Verify, color: ColorChoice) -> Result<u8, Failure> {
    arguments.source.must_be_there()?;
    let guard = Guard::new()?;
    let policy = policy::load(&guard, arguments.source.policy.as_deref())?;
    let shown = Shown { all: arguments.all };
    let out = io::stdout().lock();
    let mut render: Box<dyn Render> = match arguments.format {
        Output::Human => Box::new(Human::new(BufWriter::new(AutoStream::new(out, color)), shown, columns())),
        Output::Jsonl => Box::new(Jsonl::new(BufWriter::new(out), shown)),
    };
    let (inputs, issues) = input::find(&arguments.source.paths);
    issues.iter().for_each(complain_of);
    let mut unreadable = !issues.is_empty();
    let mut checkpoint = Checkpoint::open(arguments, &policy, &inputs)?;
    if let Some(checkpoint) = &checkpoint {
        render = Box::new(Jsonl::new(checkpoint.output(), shown));
    }
    let (from, mut summary, was_unreadable) = checkpoint.as_ref().map(Checkpoint::before).unwrap_or_default();
    unreadable |= was_unreadable;
    let (format, load) = (arguments.source.format(), &arguments.load);
    let work = Work { doing: "verifying", long: LONG, format, load, one: |trace| report(&guard, &policy, trace) };
    work.run_from(from, &inputs, |step| match step {
        Step::One(report) => {
            report.trace.issues.iter().for_each(complain_of);
            unreadable |= !report.trace.issues.is_empty();
            summary.add(&report, shown);
            render.trace(&report)
        }
        Step::Bad(issue) => {
            complain_of(&issue);
            unreadable = true;
            Ok(())
        }
        Step::Reached(place) => checkpoint.as_mut().map_or(Ok(()), |checkpoint| checkpoint.reached(place, &summary, unreadable)),
    })?;
    render.finish(&summary)?;
    checkpoint.map_or(Ok(()), Checkpoint::done)?;
    if summary.traces == 0 && !unreadable {
        let file = inputs.first().map(Input::name).unwrap_or_default();
        complain_of(&Issue { file, line: None, message: "no conversation in here, so nothing was verified".to_owned() });
        unreadable = true;
    }
    let found = summary.gravest.is_some_and(|gravest| gravest >= arguments.fail_on.decision());
    Ok(if unreadable { 2 } else { u8::from(found) })
}

/// A conversation for which no session could be opened is blocked like one whose session failed.
/// One without a call needs none.
fn report(guard: &Guard, policy: &str, trace: Trace) -> Report {
    if !trace.events.iter().any(|event| matches!(event.what, What::Called(_))) {
        return Report::unopened(trace);
    }
    match guard.session(policy) {
        Ok(mut session) => verify::verify(&mut session, trace),
        Err(error) => Report::unopened(trace).because(&error),
    }
}
