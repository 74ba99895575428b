//! `twinguard drill`.

use super::batch::{Load, Work};
use super::{Failure, Source, complain, complain_of, policy};
use crate::Guard;
use crate::drill::score::Score;
use crate::drill::{self, Drill, Options};
use crate::input::{self, Input};
use clap::{Args, ValueEnum};
use std::io::{self, BufWriter};
use twinguard_trace::event::{Issue, Trace};

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

/// Input that takes long enough to show how far it is.
const LONG: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,

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

    #[command(flatten)]
    load: Load,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// For people: tables
    Human,
    /// For programs: one JSON object
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    arguments.source.must_be_there()?;
    let guard = Guard::linked();
    let policy = policy::load(&guard, arguments.source.policy.as_deref())?;
    let options = Options { seed: arguments.seed, per_trace: arguments.per_trace };
    let (inputs, issues) = input::find(&arguments.source.paths);
    issues.iter().for_each(complain_of);
    let mut unreadable = !issues.is_empty();
    let mut score = Score::default();
    let one = |trace: Trace| drilled(&guard, &policy, &trace, &options);
    let work = Work { doing: "drilling", long: LONG, format: arguments.source.format(), load: &arguments.load, one };
    work.run(&inputs, |outcome| {
        match outcome.flatten() {
            Ok(drill) => {
                drill.issues.iter().for_each(complain_of);
                unreadable |= !drill.issues.is_empty();
                score.add(drill);
            }
            Err(issue) => {
                complain_of(&issue);
                unreadable = true;
            }
        }
        Ok(())
    })?;
    if score.traces == 0 && !unreadable {
        let file = inputs.first().map(Input::name).unwrap_or_default();
        complain_of(&Issue { file, line: None, message: "no conversation in here, so nothing was drilled".to_owned() });
    }
    if score.traces == 0 {
        return Ok(2); // an empty report would look like a clean one
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Output::Human => drill::human::write(&mut out, &score, &options, arguments.list)?,
        Output::Json => drill::json::write(&mut out, &score, &options, arguments.list)?,
    }
    let kept = is_kept(&score, arguments);
    Ok(if unreadable { 2 } else { u8::from(!kept) })
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

fn drilled(guard: &Guard, policy: &str, trace: &Trace, options: &Options) -> Result<Drill, Issue> {
    drill::drill(guard, policy, trace, options).map_err(|error| Issue {
        file: trace.file.clone(),
        line: Some(trace.line),
        message: format!("trace `{}`: {error}", trace.id),
    })
}
