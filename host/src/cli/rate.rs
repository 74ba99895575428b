//! `twinguard rate`.

use super::batch::{Load, Work};
use super::verify::report;
use super::{Failure, Source, complain_of, policy, progress};
use crate::Guard;
use crate::input::{self, Input};
use crate::rate::compare::compare;
use crate::rate::filter::Filter;
use crate::rate::view::{ComparisonView, View};
use crate::rate::{self, By, Rates};
use crate::report::rates;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use twinguard_trace::event::{Issue, Trace};
use twinguard_trace::verify::Report;

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

--compare tells whether two sets really differ, by Fisher's exact test: over everything, and for each
group that both sets have, there corrected by Holm's method for asking so often. No difference shown is
not the same as none: it says how many substitutions would have been needed. A and B are paths, or
conditions on what PATH holds: NAME=GROUP, NAME!=GROUP, and for weeks week<WEEK, week>=WEEK.

Examples:
  twinguard rate runs/                          how often, with whom, since when?
  twinguard rate --by model,week runs/          only these two tables
  twinguard rate --format json runs/ | jq '.by[] | select(.by == \"model\").rows'
                                                for other programs
  twinguard rate --compare before/ 'after/*.jsonl'
                                                has it become worse?
  twinguard rate --compare model=gpt-4o model=gpt-4.1 runs/
                                                is one model worse than the other?
  twinguard rate --where model=gpt-4o --compare 'week<2026-W09' 'week>=2026-W09' runs/
                                                has one model changed?

Exit codes:
  0  counted
  2  something could not be read or run; it is named on stderr, and the rest was counted";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    load: Load,

    /// How to write the report
    #[arg(long, value_enum, default_value_t = Output::Human)]
    format: Output,

    /// What to tell rates apart by, with commas between; all when left out
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = by())]
    by: Vec<By>,

    /// Whether two sets differ: paths, or conditions on what PATH holds
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    compare: Vec<String>,

    /// Count only identifiers of this group, as `model=gpt-4o`; given several times, all must hold
    #[arg(long = "where", value_name = "CONDITION", value_parser = condition)]
    only: Vec<Filter>,
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

/// What `--format json` prints of two sets.
#[derive(Serialize)]
struct Compared<'a> {
    r#type: &'static str,
    version: u32,
    a: Set<'a>,
    b: Set<'a>,
    #[serde(flatten)]
    comparison: ComparisonView<'a>,
}

#[derive(Serialize)]
struct Set<'a> {
    name: &'a str,
    traces: u64,
    calls: u64,
}

/// What is counted, and over how much.
#[derive(Debug, Default)]
struct Counted {
    only: Vec<Filter>,
    traces: u64,
    calls: u64,
    rates: Rates,
}

impl Counted {
    fn add(&mut self, report: &Report) {
        self.traces += 1;
        self.calls += report.calls;
        rate::copied(report)
            .filter(|copied| self.only.iter().all(|filter| filter.takes(copied)))
            .for_each(|copied| self.rates.count(&copied));
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let by = if arguments.by.is_empty() { By::ALL } else { &arguments.by };
    let mut out = BufWriter::new(io::stdout().lock());
    let only = || Counted { only: arguments.only.clone(), ..Counted::default() };
    let unreadable = if let [first, second] = arguments.compare.as_slice() {
        let (a, b, unreadable) = two(arguments, [first, second], only)?;
        let comparison = compare(&a.rates, &b.rates, by);
        match arguments.format {
            Output::Human => rates::write_comparison(&mut out, &comparison, [first, second])?,
            Output::Json => {
                let set = |name, counted: &Counted| Set { name, traces: counted.traces, calls: counted.calls };
                let comparison = ComparisonView::new(&comparison, first, second);
                json(&mut out, &Compared { r#type: "comparison", version: 1, a: set(first, &a), b: set(second, &b), comparison })?;
            }
        }
        unreadable
    } else {
        arguments.source.must_be_there()?;
        let mut counted = [only()];
        let unreadable = count(arguments, &arguments.source.paths, &mut counted)?;
        let [Counted { traces, calls, rates: counts, .. }] = &counted;
        if *traces == 0 {
            return Ok(2); // an empty report would look like a clean one
        }
        match arguments.format {
            Output::Human => {
                rates::write(&mut out, &format!("{}, {}", rates::count(*traces, "trace"), rates::count(*calls, "call")), counts, by)?
            }
            Output::Json => {
                let rates = View::new(counts, by);
                json(&mut out, &Form { r#type: "rates", version: 1, traces: *traces, calls: *calls, rates })?;
            }
        }
        unreadable
    };
    Ok(if unreadable { 2 } else { 0 })
}

/// The sets of `--compare`, and whether something could not be read.
fn two(arguments: &Arguments, names: [&String; 2], only: impl Fn() -> Counted) -> Result<(Counted, Counted, bool), Failure> {
    let paths = &arguments.source.paths;
    let mut sets = [only(), only()];
    let unreadable = match names.map(|name| Filter::parse(name)) {
        [Some(a), Some(b)] => {
            arguments.source.must_be_there()?;
            let [first, second] = &mut sets;
            first.only.push(a);
            second.only.push(b);
            count(arguments, paths, &mut sets)?
        }
        [None, None] if paths.is_empty() => {
            let [first, second] = &mut sets;
            let [a, b] = names.map(std::slice::from_ref);
            count(arguments, a, std::slice::from_mut(first))? | count(arguments, b, std::slice::from_mut(second))?
        }
        [None, None] => return Err(Failure::Message("--compare has paths already; leave PATH out, or compare by conditions".to_owned())),
        _ => return Err(Failure::Message("--compare takes two paths or two conditions, as `model=gpt-4o model=gpt-4.1`".to_owned())),
    };
    let [a, b] = sets;
    Ok((a, b, unreadable))
}

/// Counts what these paths hold, and tells whether something could not be read.
fn count(arguments: &Arguments, paths: &[String], sets: &mut [Counted]) -> Result<bool, Failure> {
    let guard = Guard::linked();
    let policy = policy::load(&guard, arguments.source.policy.as_deref())?;
    let (inputs, issues) = input::find(paths);
    issues.iter().for_each(complain_of);
    let mut unreadable = !issues.is_empty();
    let mut traces = 0;
    let one = |trace: Trace| report(&guard, &policy, trace);
    let work = Work { doing: "counting", long: progress::LONG, format: arguments.source.format(), load: &arguments.load, one };
    work.run(&inputs, |outcome| {
        match outcome {
            Ok(report) => {
                report.trace.issues.iter().for_each(complain_of);
                unreadable |= !report.trace.issues.is_empty();
                traces += 1;
                sets.iter_mut().for_each(|set| set.add(&report));
            }
            Err(issue) => {
                complain_of(&issue);
                unreadable = true;
            }
        }
        Ok(())
    })?;
    if traces == 0 && !unreadable {
        let file = inputs.first().map(Input::name).unwrap_or_default();
        complain_of(&Issue { file, line: None, message: "no conversation in here, so nothing was counted".to_owned() });
        unreadable = true;
    }
    Ok(unreadable)
}

fn json(out: &mut impl Write, form: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, form)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn condition(text: &str) -> Result<Filter, String> {
    let names: Vec<&str> = By::ALL.iter().filter(|by| **by != By::Relation).map(|by| by.name()).collect();
    Filter::parse(text).ok_or_else(|| format!("expected one of {}, then =, !=, < or >=, then a group, as `model=gpt-4o`", names.join(", ")))
}

fn by() -> impl TypedValueParser<Value = By> {
    let values = By::ALL.iter().map(|by| PossibleValue::new(by.name()));
    PossibleValuesParser::new(values).try_map(|name| By::ALL.iter().find(|by| by.name() == name).copied().ok_or("no such name"))
}
