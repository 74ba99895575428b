//! `twinguard rate`.

use super::batch::Work;
use super::verify::report;
use super::{Failure, Source, complain_of, policy};
use crate::Guard;
use crate::input::{self, Input};
use crate::rate::view::View;
use crate::rate::{By, Rates};
use crate::report::rates;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io::{self, BufWriter, Write as _};
use twinguard_trace::event::{Issue, Trace};

pub(super) const HELP: &str = "\
An identifier in a call's arguments is copied when it has an original: something that was shown before
the call and that it is, or should have been. It is substituted when it is not what the original was: a
near miss of it (twin, confusable, recased, truncated, reprefixed, rounded), or another value where a
record says otherwise (crossed). Names that the model made itself have no original and count as neither;
neither do near misses that the policy allows. So compare rates only under the same policy.

model      that wrote the call
provider   who served it; where the record does not say, who makes a model of that name
tool       that was called
kind       of the original: uuid, email, order, …
relation   of what was written to the original, as shares of all that was copied
length     of the original, in characters
depth      text that the model had been shown when it wrote the call
distance   messages since the original was last shown
week       ISO week in which the call was written, by the record's own time

Intervals are Wilson's, at 95 %, and take identifiers for independent: many from few conversations say
less than they seem to.

Examples:
  twinguard rate runs/                          how often, with whom, since when?
  twinguard rate --by model,week runs/          only these two tables
  twinguard rate --format json runs/ | jq '.by[] | select(.by == \"model\").rows'
                                                for other programs

Exit codes:
  0  counted
  2  something could not be read or run; it is named on stderr, and the rest was counted";

/// Input that takes long enough to show how far it is.
const LONG: u64 = 16 << 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,

    /// How to write the report
    #[arg(long, value_enum, default_value_t = Output::Human)]
    format: Output,

    /// What to tell rates apart by, with commas between; all when left out
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = by())]
    by: Vec<By>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// For people: tables
    Human,
    /// For programs: one JSON object
    Json,
}

/// What `--format json` prints. The form is a promise.
#[derive(Serialize)]
struct Form<'a> {
    r#type: &'static str,
    version: u32,
    traces: u64,
    calls: u64,
    #[serde(flatten)]
    rates: View<'a>,
}

/// Rates, and over how much.
#[derive(Debug, Default)]
struct Counted {
    traces: u64,
    calls: u64,
    rates: Rates,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    arguments.source.must_be_there()?;
    let guard = Guard::new()?;
    let policy = policy::load(&guard, arguments.source.policy.as_deref())?;
    let (counted, unreadable) = count(&guard, &policy, arguments, &arguments.source.paths)?;
    if counted.traces == 0 {
        return Ok(2); // an empty report would look like a clean one
    }
    let by = if arguments.by.is_empty() { By::ALL } else { &arguments.by };
    let Counted { traces, calls, rates: counts } = &counted;
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Output::Human => rates::write(&mut out, &format!("{traces} traces, {calls} calls"), counts, by)?,
        Output::Json => {
            let form = Form { r#type: "rates", version: 1, traces: *traces, calls: *calls, rates: View::new(counts, by) };
            serde_json::to_writer_pretty(&mut out, &form).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
            out.flush()?;
        }
    }
    Ok(if unreadable { 2 } else { 0 })
}

/// Counts what these paths hold, and tells whether something could not be read.
fn count(guard: &Guard, policy: &str, arguments: &Arguments, paths: &[String]) -> Result<(Counted, bool), Failure> {
    let (inputs, issues) = input::find(paths);
    issues.iter().for_each(complain_of);
    let mut unreadable = !issues.is_empty();
    let mut counted = Counted::default();
    let one = |trace: Trace| report(guard, policy, trace);
    let work = Work { doing: "counting", long: LONG, format: arguments.source.format(), one };
    work.run(&inputs, |outcome| {
        match outcome {
            Ok(report) => {
                report.trace.issues.iter().for_each(complain_of);
                unreadable |= !report.trace.issues.is_empty();
                counted.traces += 1;
                counted.calls += report.calls;
                counted.rates.add(&report);
            }
            Err(issue) => {
                complain_of(&issue);
                unreadable = true;
            }
        }
        Ok(())
    })?;
    if counted.traces == 0 && !unreadable {
        let file = inputs.first().map(Input::name).unwrap_or_default();
        complain_of(&Issue { file, line: None, message: "no conversation in here, so nothing was counted".to_owned() });
        unreadable = true;
    }
    Ok((counted, unreadable))
}

fn by() -> impl TypedValueParser<Value = By> {
    let values = By::ALL.iter().map(|by| PossibleValue::new(by.name()));
    PossibleValuesParser::new(values).try_map(|name| By::ALL.iter().find(|by| by.name() == name).copied().ok_or("no such name"))
}
