//! `twinguard explain`.

use super::{Explain, Failure, Output, columns, complain_of, policy};
use crate::Guard;
use crate::input::{self, Input};
use crate::report::Shown;
use crate::report::human::Human;
use crate::report::jsonl::Jsonl;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, BufWriter, Cursor, Read as _, Write};
use twinguard_trace::event::{Issue, Trace};
use twinguard_trace::format::{self, Format};
use twinguard_trace::records::Records;
use twinguard_trace::verify::{self, Explained};

/// The most that is read of one input; people read what comes out.
const LARGEST: u64 = 64 << 20;

pub(super) fn run(arguments: &Explain, color: ColorChoice) -> Result<u8, Failure> {
    let source = &arguments.source;
    source.must_be_there()?;
    let guard = Guard::new()?;
    let policy = policy::load(&guard, source.policy.as_deref())?;
    let (inputs, mut issues) = input::find(&source.paths);
    let mut writer = Writer::new(arguments.format, color);
    for input in inputs {
        let text = match read(&input) {
            Ok(text) => text,
            Err(issue) => {
                issues.push(issue);
                continue;
            }
        };
        let (traces, bad) = traces(&input.name(), &text, source.format());
        if traces.is_empty() && source.format().is_none() {
            let text = String::from_utf8_lossy(&text);
            writer.write(&input.name(), &[verify::explain_text(&mut guard.session(&policy)?, &text)?])?;
            continue;
        }
        issues.extend(bad);
        for trace in traces {
            issues.extend(trace.issues.iter().cloned());
            let id = trace.id.clone();
            writer.write(&id, &verify::explain(&mut guard.session(&policy)?, trace)?)?;
        }
    }
    writer.flush()?;
    issues.iter().for_each(complain_of);
    Ok(if issues.is_empty() { 0 } else { 2 })
}

fn read(input: &Input) -> Result<Vec<u8>, Issue> {
    let issue = |message| Issue { file: input.name(), line: None, message };
    let mut text = Vec::new();
    let reader = input.open(std::sync::Arc::default())?;
    reader.take(LARGEST + 1).read_to_end(&mut text).map_err(|error| issue(format!("cannot be read: {error}")))?;
    if text.len() as u64 > LARGEST {
        return Err(issue(format!("larger than {} MiB; explain a part of it", LARGEST >> 20)));
    }
    Ok(text)
}

/// The conversations in a text; none when it is no record of any.
fn traces(name: &str, text: &[u8], format: Option<&'static Format>) -> (Vec<Trace>, Vec<Issue>) {
    let (mut traces, mut issues) = (Vec::new(), Vec::new());
    for item in Records::new(name, Box::new(Cursor::new(text.to_vec())), format) {
        match item.and_then(|record| format::read(&record, format)) {
            Ok(found) => traces.extend(found),
            Err(issue) => issues.push(issue),
        }
    }
    (traces, issues)
}

enum Writer {
    Human(Human<Box<dyn Write>>),
    Jsonl(Jsonl<Box<dyn Write>>),
}

impl Writer {
    fn new(format: Output, color: ColorChoice) -> Self {
        let out = io::stdout().lock();
        let shown = Shown { all: true };
        match format {
            Output::Human => {
                let out = BufWriter::new(AutoStream::new(out, color));
                Self::Human(Human::new(Box::new(out), shown, columns()))
            }
            Output::Jsonl => Self::Jsonl(Jsonl::new(Box::new(BufWriter::new(out)), shown)),
        }
    }

    fn write(&mut self, name: &str, explained: &[Explained]) -> io::Result<()> {
        match self {
            Self::Human(human) => human.explained(name, explained),
            Self::Jsonl(jsonl) => jsonl.explained(name, explained),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Human(human) => human.flush(),
            Self::Jsonl(jsonl) => jsonl.flush(),
        }
    }
}
