//! The command line: arguments in, exit codes out.

mod batch;
mod checkpoint;
mod doctor;
mod drill;
mod explain;
mod hook;
mod init;
mod mapping;
#[cfg(feature = "mcp")]
mod mcp;
mod policy;
mod progress;
mod rate;
mod sessions;
mod verify;

use anstream::ColorChoice;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use twinguard_core::model::Decision;
use twinguard_trace::event::Issue;
use twinguard_trace::format::{self, Format};

/// Stops near-twin identifiers in a model's tool calls.
///
/// A language model reads `acct_7H9j3` in a tool result and writes `acct_7H9j2` in the refund call.
/// twinguard remembers every identifier that literally appeared in what the model was shown,
/// compares the identifiers of every call with them, and stops the near twins.
#[derive(Debug, Parser)]
#[command(name = "twinguard", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colour; `auto` means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge every tool call in recorded conversations
    #[command(after_long_help = VERIFY_HELP)]
    Verify(Verify),
    /// Show which identifiers are found in conversations, or in any text
    #[command(after_long_help = EXPLAIN_HELP)]
    Explain(Explain),
    /// Tell how often models fail to copy an identifier, by model, tool, kind, week and more
    #[command(after_long_help = rate::HELP)]
    Rate(rate::Arguments),
    /// Try the guard on recorded conversations: its false alarms, and what it would have caught
    #[command(after_long_help = drill::HELP)]
    Drill(drill::Arguments),
    /// Answer one event of an agent: stop a twin before the tool runs
    #[command(after_long_help = hook::HELP)]
    Hook(hook::Arguments),
    /// Sends the span of a hook that has answered, which stands on the standard input
    #[cfg(feature = "mcp")]
    #[command(hide = true)]
    SendSpan,
    /// Set up the hooks of an agent
    #[command(after_long_help = init::HELP)]
    Init(init::Arguments),
    /// Try whether the hooks that are set up work
    #[command(after_long_help = doctor::HELP)]
    Doctor(doctor::Arguments),
    /// Look at what the hooks keep between events, and forget it
    #[command(subcommand, after_long_help = sessions::HELP)]
    Sessions(sessions::Command),
    /// Stand between a client and servers of the Model Context Protocol
    #[cfg(feature = "mcp")]
    #[command(after_long_help = mcp::HELP)]
    Mcp(mcp::Arguments),
    /// Check a policy file, or print the default policy
    #[command(subcommand)]
    Policy(Policy),
}

#[derive(Debug, Subcommand)]
enum Policy {
    /// Name every mistake in a policy file, with its place
    #[command(after_long_help = POLICY_CHECK_HELP)]
    Check {
        /// The policy, as TOML or JSON; `-` is the standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the default policy as TOML, every key explained
    Default,
}

const POLICY_CHECK_HELP: &str = "\
Examples:
  twinguard policy default > twinguard.toml     a policy to start from
  twinguard policy check twinguard.toml         what is wrong with it

Exit codes:
  0  valid
  1  mistakes
  2  it could not be read";

const VERIFY_HELP: &str = "\
Examples:
  twinguard verify runs/                        every trace file in a folder
  twinguard verify 'logs/2026-*/*.jsonl.gz'     a glob; gzip and zstd are unpacked
  some-agent --print-trace | twinguard verify   the standard input
  twinguard verify --format jsonl --all runs/   every identifier, for other programs
  twinguard verify --format html runs/ > report.html
                                                one page for a browser: rates, findings, postmortems
  twinguard verify --format sarif runs/ > twinguard.sarif
                                                for code scanning; also junit and markdown
  twinguard verify --write-baseline known.json runs/
  twinguard verify --baseline known.json runs/  from then on, only what is new
  twinguard verify s3://logs/agents/2026-03/    a folder of an object store
  twinguard verify --format jsonl --checkpoint state --output report.jsonl runs/
                                                hours of it: after a kill, the same command goes on

Exit codes:
  0  no finding at or above --fail-on that the baseline does not know, or a baseline was written
  1  findings
  2  something could not be read or run; it is named on stderr, and the rest was verified

The plainest format is one conversation a line, as OpenAI chat messages:
  {\"id\": \"run-1\", \"model\": \"gpt-4o\", \"messages\": [{\"role\": \"user\", \"content\": \"…\"}, …]}";

const EXPLAIN_HELP: &str = "\
Examples:
  twinguard explain run.json                    what a conversation showed, and what was called
  curl -s https://example.com/orders | twinguard explain
                                                what would be remembered of a tool's result

Exit codes:
  0  explained
  2  something could not be read";

#[derive(Debug, Args)]
struct Source {
    /// Files, folders, globs or URLs of object stores; `-` or nothing is the standard input. JSON or JSON
    /// Lines, plain or as gzip or zstd, Parquet or Arrow; a file may hold many conversations
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// What the records are; found by their content when left out
    #[arg(long, value_name = "NAME", value_parser = formats())]
    trace_format: Option<&'static Format>,

    /// Where records of your own keep roles, calls and results, as TOML (docs/traces.md)
    #[arg(long, value_name = "FILE", conflicts_with = "trace_format", value_parser = mapping::load)]
    mapping: Option<&'static Format>,

    /// A policy, as JSON or TOML
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Source {
    /// What the records are, where the user said so.
    fn format(&self) -> Option<&'static Format> {
        self.trace_format.or(self.mapping)
    }

    /// Nobody types a trace: who gave no path at a terminal has forgotten it.
    fn must_be_there(&self) -> Result<(), Failure> {
        if self.paths.is_empty() && io::stdin().is_terminal() {
            return Err(Failure::Message(
                "nothing to read: name a file, a folder or a glob, or pipe something in (`-` reads what you type)".to_owned(),
            ));
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
struct Verify {
    #[command(flatten)]
    source: Source,

    /// How to write the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    format: ReportFormat,

    /// The mildest decision that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Ask, value_name = "DECISION")]
    fail_on: FailOn,

    /// Also report identifiers that are allowed
    #[arg(long)]
    all: bool,

    /// Only the conversation of this name
    #[arg(long, value_name = "NAME")]
    trace: Option<String>,

    /// Leave out what an earlier run has found, as often as it was found then
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write down everything that is found, for --baseline; the exit code is then 0
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,

    #[command(flatten)]
    load: batch::Load,

    /// Keep the state of a long run here: the same command goes on where it was ended, and the report
    /// is the same. Needs --format jsonl and --output
    #[arg(long, value_name = "FILE", requires = "output", conflicts_with_all = ["trace", "baseline", "write_baseline"])]
    checkpoint: Option<PathBuf>,

    /// Where the report of a run with --checkpoint goes
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    output: Option<PathBuf>,
}

impl Verify {
    fn is_jsonl(&self) -> bool {
        matches!(self.format, ReportFormat::Jsonl)
    }
}

#[derive(Debug, Args)]
struct Explain {
    #[command(flatten)]
    source: Source,

    /// How to write the report
    #[arg(long, value_enum, default_value_t = Output::Human)]
    format: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// For people: the call, the difference, and where the seen value stood
    Human,
    /// For programs: one JSON object a line
    Jsonl,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReportFormat {
    /// For people: the call, the difference, and where the seen value stood
    Human,
    /// For programs: one JSON object a line
    Jsonl,
    /// For code-review tools: SARIF 2.1.0
    Sarif,
    /// For continuous integration: JUnit XML, a case for each conversation
    Junit,
    /// For the comment on a pull request
    Markdown,
    /// For a browser: one page with rates, a table to sort and filter, and postmortems
    Html,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    Warn,
    Ask,
    Block,
}

impl FailOn {
    fn decision(self) -> Decision {
        match self {
            Self::Warn => Decision::Warn,
            Self::Ask => Decision::Ask,
            Self::Block => Decision::Block,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Why the whole command could not run, with the way out.
#[derive(Debug)]
enum Failure {
    Message(String),
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        Self::Message(error.to_string())
    }
}

/// Runs the command with the process's arguments. Wrong arguments end the process with 2.
#[must_use]
pub fn run() -> ExitCode {
    ExitCode::from(run_from(env::args_os()))
}

/// Runs the command with these arguments, the first of which is its own name, or its place where
/// the process is another program that carries this one. Returns the exit code.
#[must_use]
pub fn run_from(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        // An agent would take the 2 for an answer about its tool.
        Err(answer) if answer.use_stderr() && arguments.get(1).is_some_and(|name| name == "hook") => {
            return hook::misused(&arguments, &answer);
        }
        Err(answer) => {
            // Help and the version are answers too, with code 0.
            let _ = answer.print();
            return if answer.use_stderr() { 2 } else { 0 };
        }
    };
    let choice = match cli.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
    let place = arguments.first().map(PathBuf::from).filter(|place| place.is_absolute());
    let outcome = match cli.command {
        Command::Verify(arguments) => verify::run(&arguments, choice),
        Command::Explain(arguments) => explain::run(&arguments, choice),
        Command::Rate(arguments) => rate::run(&arguments),
        Command::Drill(arguments) => drill::run(&arguments),
        #[cfg(feature = "mcp")]
        Command::Mcp(arguments) => mcp::run(&arguments),
        Command::Hook(arguments) => return hook::run(arguments, place.as_deref()),
        #[cfg(feature = "mcp")]
        Command::SendSpan => crate::telemetry::hand_over::take_over().map(|()| 0).map_err(Failure::from),
        Command::Init(arguments) => init::run(&arguments, place.as_deref()),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Sessions(command) => sessions::run(&command),
        Command::Policy(Policy::Check { file }) => policy::check(&file, choice),
        Command::Policy(Policy::Default) => policy::print_default(),
    };
    match outcome {
        Ok(code) => code,
        // Whoever read the report has stopped reading, as `head` does: end as SIGPIPE would.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 141,
        Err(Failure::Output(error)) => {
            complain(&format!("the report cannot be written: {error}"));
            2
        }
        Err(Failure::Message(message)) => {
            complain(&message);
            2
        }
    }
}

/// Says what went wrong. If even that cannot be written, the exit code still tells.
fn complain(message: &str) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let mut line = crate::report::one_line(message);
    line.insert_str(0, &format!("{style}error{style:#}: "));
    let _ = writeln!(anstream::stderr(), "{line}");
}

fn complain_of(issue: &Issue) {
    complain(&issue.to_string());
}

/// The width of the terminal that the report goes to.
fn columns() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(100, |(width, _)| usize::from(width.0))
}

fn formats() -> impl clap::builder::TypedValueParser<Value = &'static Format> {
    let values = format::FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(values).try_map(|name| format::named(&name).ok_or("no such format"))
}
