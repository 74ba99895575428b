//! `--checkpoint`: a run that was ended in the middle goes on where its report stands.

use super::batch::Place;
use super::{Failure, Verify};
use crate::guard::COMPONENT;
use crate::input::Input;
use crate::report::Summary;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant, UNIX_EPOCH};
use twinguard_core::model::{Decision, Relation};

/// Most of what is done twice after a kill.
const EVERY: Duration = Duration::from_secs(1);
/// The first state is saved after so many records, that even a short run has one.
const FIRST: u64 = 64;

/// The state of a run, and where it is kept.
pub(super) struct Checkpoint {
    path: PathBuf,
    output: Output,
    saved: Saved,
    last: Instant,
    records: u64,
}

/// What a run is, so that none goes on with another's report. All but the version are hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    version: String,
    policy: String,
    options: String,
    inputs: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Saved {
    run: Run,
    /// The input that is being read, and the records of it that were handed on.
    input: usize,
    records: u64,
    /// Bytes of the report by then.
    output: u64,
    unreadable: bool,
    counts: Counts,
}

/// A [`Summary`] under outside names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counts {
    traces: u64,
    calls: u64,
    identifiers: u64,
    stopped: u64,
    by_decision: BTreeMap<String, u64>,
    by_relation: BTreeMap<String, u64>,
    gravest: Option<String>,
}

impl Checkpoint {
    /// Begins a run, or goes on with one. `None` when none was asked for.
    pub fn open(arguments: &Verify, policy: &str, inputs: &[Input]) -> Result<Option<Self>, Failure> {
        let (Some(path), Some(output)) = (&arguments.checkpoint, &arguments.output) else { return Ok(None) };
        if !arguments.is_jsonl() {
            let way_out = "--checkpoint needs --format jsonl: other reports are written as a whole at their end";
            return Err(Failure::Message(way_out.to_owned()));
        }
        if inputs.iter().any(|input| input.size().is_none()) {
            return Err(Failure::Message("--checkpoint needs inputs that can be read again: name files instead of a pipe".to_owned()));
        }
        let run = Run {
            version: format!("{} {}", env!("CARGO_PKG_VERSION"), hash(COMPONENT)),
            policy: hash(policy.as_bytes()),
            options: hash(options(arguments).as_bytes()),
            inputs: hash(inputs.iter().map(state).collect::<String>().as_bytes()),
        };
        let begun = match fs::read_to_string(path) {
            Ok(text) => Some(saved(path, &text, &run)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::Message(format!("`{}` cannot be read: {error}", path.display()))),
        };
        let file = match &begun {
            Some(saved) => continued(output, saved.output, path)?,
            None => File::create(output).map_err(|error| Failure::Message(format!("`{}` cannot be written: {error}", output.display())))?,
        };
        let output = Output(Rc::new(RefCell::new(BufWriter::new(file))));
        let fresh = Saved { run, input: 0, records: 0, output: 0, unreadable: false, counts: Counts::default() };
        Ok(Some(Self { path: path.clone(), output, saved: begun.unwrap_or(fresh), last: Instant::now(), records: 0 }))
    }

    /// Where the report goes.
    pub fn output(&self) -> Output {
        self.output.clone()
    }

    /// What was done before: up to where, what came of it, and whether something was unreadable.
    pub fn before(&self) -> (Place, Summary, bool) {
        let place = Place { input: self.saved.input, records: self.saved.records };
        (place, self.saved.counts.summary(), self.saved.unreadable)
    }

    /// Notes that everything up to here is in the report; saves it now and then.
    pub fn reached(&mut self, place: Place, summary: &Summary, unreadable: bool) -> io::Result<()> {
        self.records += 1;
        if self.records != FIRST && self.last.elapsed() < EVERY {
            return Ok(());
        }
        self.saved.input = place.input;
        self.saved.records = place.records;
        self.saved.unreadable = unreadable;
        self.saved.counts = Counts::of(summary);
        // The report first: a state must never be ahead of it.
        self.saved.output = self.output.save()?;
        let draft = with_ending(&self.path, "tmp");
        let mut file = File::create(&draft)?;
        serde_json::to_writer(&mut file, &self.saved)?;
        file.sync_data()?;
        fs::rename(&draft, &self.path)?;
        self.last = Instant::now();
        Ok(())
    }

    /// The run is done, and its report whole: nothing is left to go on with.
    pub fn done(self) -> io::Result<()> {
        self.output.save()?;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// What of the arguments decides on the report.
fn options(arguments: &Verify) -> String {
    let source = &arguments.source;
    let format = source.format().map(|format| (format.name, format.mapping()));
    format!("{:?} {:?} {:?} {format:?}", arguments.all, arguments.output, arguments.load.largest())
}

/// What tells an input from what it was before.
fn state(input: &Input) -> String {
    let changed = match input {
        Input::File(path) => path.metadata().and_then(|about| about.modified()).ok(),
        _ => None,
    };
    let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|time| time.as_nanos());
    format!("{:?} {:?} {changed:?}\n", input.name(), input.size())
}

fn saved(path: &Path, text: &str, run: &Run) -> Result<Saved, Failure> {
    let file = path.display();
    let wrong = |why: &str| Failure::Message(format!("`{file}` {why}; repeat the command that began it, or remove the file to begin anew"));
    let saved: Saved = serde_json::from_str(text).map_err(|error| wrong(&format!("is no checkpoint ({error})")))?;
    let parts = [
        ("version of twinguard", &saved.run.version, &run.version),
        ("policy", &saved.run.policy, &run.policy),
        ("set of options", &saved.run.options, &run.options),
        ("state of the inputs", &saved.run.inputs, &run.inputs),
    ];
    match parts.iter().find(|(_, then, now)| then != now) {
        Some((what, ..)) => Err(wrong(&format!("was made with another {what}"))),
        None => Ok(saved),
    }
}

/// The report up to what was saved; what was written after that is done again.
fn continued(output: &Path, length: u64, path: &Path) -> Result<File, Failure> {
    let (name, checkpoint) = (output.display(), path.display());
    let opened = OpenOptions::new().write(true).open(output).and_then(|mut file| {
        let whole = file.metadata()?.len() >= length;
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok((file, whole))
    });
    match opened {
        Ok((file, true)) => Ok(file),
        Ok((_, false)) => {
            Err(Failure::Message(format!("`{name}` is shorter than `{checkpoint}` says: remove the checkpoint to begin anew")))
        }
        Err(error) => Err(Failure::Message(format!("`{name}` cannot be continued: {error}; remove `{checkpoint}` to begin anew"))),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Counts {
    fn of(summary: &Summary) -> Self {
        Self {
            traces: summary.traces,
            calls: summary.calls,
            identifiers: summary.identifiers,
            stopped: summary.stopped,
            by_decision: summary.by_decision.iter().map(|(decision, count)| (decision.name().to_owned(), *count)).collect(),
            by_relation: summary.by_relation.iter().map(|(relation, count)| (relation.name().to_owned(), *count)).collect(),
            gravest: summary.gravest.map(|decision| decision.name().to_owned()),
        }
    }

    fn summary(&self) -> Summary {
        Summary {
            traces: self.traces,
            calls: self.calls,
            identifiers: self.identifiers,
            stopped: self.stopped,
            by_decision: self.by_decision.iter().filter_map(|(name, count)| Some((Decision::from_name(name)?, *count))).collect(),
            by_relation: self.by_relation.iter().filter_map(|(name, count)| Some((Relation::from_name(name)?, *count))).collect(),
            gravest: self.gravest.as_deref().and_then(Decision::from_name),
        }
    }
}

/// The report's file, for the one who writes it and the one who asks how far it is.
#[derive(Clone)]
pub(super) struct Output(Rc<RefCell<BufWriter<File>>>);

impl Output {
    /// Everything on disk; returns how much that is.
    fn save(&self) -> io::Result<u64> {
        let mut out = self.0.borrow_mut();
        out.flush()?;
        out.get_ref().sync_data()?;
        out.stream_position()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}
