//! `twinguard drill`.

use super::{Failure, complain, complain_of, formats, policy};
use crate::Guard;
use crate::drill::score::Score;
use crate::drill::{self, Drill, Options};
use crate::event::{Issue, Trace};
use crate::input::{self, Input};
use crate::records::Records;
use crate::trace::Record;
use crate::trace::{self, Format};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use std::io::{self, BufWriter, IsTerminal as _};
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) const HELP: &str = "\
A trace is replayed untouched first: what the guard says now are the alarms that its users would
have had. Then an identifier that a call really copied (it stood in an earlier result or message,
before the model ever wrote it) is replaced by a slip, one at a time, and the call judged again.

Slips to a value that nobody had seen: substituted, swapped, dropped, doubled, two-edits, truncated,
look-alike, letter-case, other-prefix, float-rounding. To another that was seen: other-seen-near
(within two edits, or of the same family) and other-seen-far; nothing is wrong with those values but
where they stand, so only the records of the run can tell.

Places: identifier (the whole value of an argument whose name takes identifiers), whole (of another
argument), prose, code (also SQL and shell), path (a component of a URL or path). Shapes and places
take turns. A family is dense where another of its members was seen within one edit.

flagged      warned of, asked or blocked
stopped      asked or blocked
named right  of those flagged: the value that is said to have been meant is the original

Intervals are Wilson's, at 95 %, and take slips for independent: many slips into few conversations
say less than they seem to. The same traces and seed give the same report.

Examples:
  twinguard drill runs/                         would it have disturbed us, would it have helped?
  twinguard drill --policy ours.toml --list runs/
                                                every alarm, and every slip that was let through
  twinguard drill --max-stops-per-1000 0.5 --min-blocked 99 runs/
                                                as a gate in CI

Exit codes:
  0  drilled, and every limit that was given is kept
  1  drilled, and a limit is not kept
  2  something could not be read or run; it is named on stderr, and the rest was drilled";

/// Text that is drilled at once: enough for every core, little enough for memory.
const BATCH: usize = 16 << 20;
/// Input that takes long enough to show how far it is.
const LONG: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files, folders or globs; `-` or nothing is the standard input. JSON or JSON Lines, plain
    /// or as gzip or zstd; a file may hold many conversations
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// What the records are; found by their content when left out
    #[arg(long, value_name = "NAME", value_parser = formats())]
    trace_format: Option<&'static Format>,

    /// A policy, as JSON or TOML
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// How to write the report
    #[arg(long, value_enum, default_value_t = Output::Human)]
    format: Output,

    /// Another seed draws other slips
    #[arg(long, value_name = "N", default_value_t = Options::default().seed)]
    seed: u64,

    /// Slips for each conversation
    #[arg(long, value_name = "N", default_value_t = Options::default().per_trace)]
    per_trace: u32,

    /// List every alarm, and every slip that was let through (as JSON: every slip)
    #[arg(long)]
    list: bool,

    /// Fail when more calls than this of 1,000 untouched ones are asked about or blocked
    #[arg(long, value_name = "NUMBER")]
    max_stops_per_1000: Option<f64>,

    /// Fail when less than this is blocked of the never-seen values in arguments that take
    /// identifiers
    #[arg(long, value_name = "PERCENT")]
    min_blocked: Option<f64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// For people: tables
    Human,
    /// For programs: one JSON object
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    super::must_be_there(&arguments.paths)?;
    let guard = Guard::new()?;
    let policy = policy::load(&guard, arguments.policy.as_deref())?;
    let options = Options { seed: arguments.seed, per_trace: arguments.per_trace };
    let (inputs, issues) = input::find(&arguments.paths);
    let mut run = Run {
        guard,
        policy,
        format: arguments.trace_format,
        options,
        score: Score::default(),
        unreadable: false,
        bar: bar(&inputs),
        batch: Vec::new(),
        bytes: 0,
    };
    issues.iter().for_each(|issue| run.issue(issue));
    run.all(&inputs);
    if run.score.traces == 0 && !run.unreadable {
        let file = inputs.first().map(Input::name).unwrap_or_default();
        run.issue(&Issue { file, line: None, message: "no conversation in here, so nothing was drilled".to_owned() });
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Output::Human => drill::human::write(&mut out, &run.score, &options, arguments.list)?,
        Output::Json => drill::json::write(&mut out, &run.score, &options, arguments.list)?,
    }
    let kept = is_kept(&run.score, arguments);
    Ok(if run.unreadable { 2 } else { u8::from(!kept) })
}

/// Whether the limits are kept; says which is not.
fn is_kept(score: &Score, arguments: &Arguments) -> bool {
    let mut kept = true;
    if let Some(most) = arguments.max_stops_per_1000 {
        let found = score.stops_per_1000();
        if found > most {
            complain(&format!("{found:.2} of 1,000 untouched calls are stopped, more than --max-stops-per-1000 {most}"));
            kept = false;
        }
    }
    if let Some(least) = arguments.min_blocked {
        let [_, _, blocked, _] = score.core().shares();
        let found = blocked.value() * 100.0;
        if blocked.of == 0 {
            complain("--min-blocked cannot be told: no call here copies an identifier into an argument that takes some");
            kept = false;
        } else if found < least {
            complain(&format!("{found:.1} % of the slips in identifier arguments are blocked, less than --min-blocked {least}"));
            kept = false;
        }
    }
    kept
}

struct Run {
    guard: Guard,
    policy: String,
    format: Option<&'static Format>,
    options: Options,
    score: Score,
    unreadable: bool,
    bar: ProgressBar,
    /// What was read and not yet drilled, in order.
    batch: Vec<Result<Record, Issue>>,
    bytes: usize,
}

impl Run {
    fn all(&mut self, inputs: &[Input]) {
        for input in inputs {
            let reader = match input.open(Arc::default()) {
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
                    self.flush();
                }
            }
        }
        self.flush();
        self.bar.finish_and_clear();
    }

    /// Drills what was read, side by side, and counts it in the order in which it was read.
    fn flush(&mut self) {
        self.bytes = 0;
        let batch = mem::take(&mut self.batch);
        let Self { guard, policy, format, options, bar, .. } = &*self;
        let one = |item: Result<Record, Issue>| -> Result<Vec<Result<Drill, Issue>>, Issue> {
            let record = item?;
            let traces = trace::read(&record, *format)?;
            let drilled = traces.into_par_iter().map(|trace| drilled(guard, policy, &trace, options)).collect();
            bar.inc(record.text.len() as u64);
            Ok(drilled)
        };
        let outcomes: Vec<_> = batch.into_par_iter().map(one).collect();
        for outcome in outcomes {
            match outcome {
                Ok(drills) => drills.into_iter().for_each(|drill| self.take(drill)),
                Err(issue) => self.issue(&issue),
            }
        }
    }

    fn take(&mut self, drill: Result<Drill, Issue>) {
        match drill {
            Ok(drill) => {
                drill.issues.iter().for_each(|issue| self.issue(issue));
                self.score.add(drill);
            }
            Err(issue) => self.issue(&issue),
        }
    }

    fn issue(&mut self, issue: &Issue) {
        self.unreadable = true;
        self.bar.suspend(|| complain_of(issue));
    }
}

fn drilled(guard: &Guard, policy: &str, trace: &Trace, options: &Options) -> Result<Drill, Issue> {
    drill::drill(guard, policy, trace, options).map_err(|error| Issue {
        file: trace.file.clone(),
        line: Some(trace.line),
        message: format!("trace `{}`: {error}", trace.id),
    })
}

/// A progress bar for long input, where somebody sits at the terminal. What is packed is longer
/// than its file, so the bar may arrive early; it never says less than was done.
fn bar(inputs: &[Input]) -> ProgressBar {
    let size: u64 = inputs.iter().map(Input::size).sum();
    if size < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(size);
    if let Ok(style) = ProgressStyle::with_template("drilling {bar:30} {bytes} of {total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    bar
}
