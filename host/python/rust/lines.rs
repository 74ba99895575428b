//! `twinguard verify --format jsonl` as an iterator.

use crate::argument;
use crate::error::{invalid, raised};
use pyo3::prelude::*;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::{mem, vec};
use twinguard::Guard;
use twinguard::input::{self, Input};
use twinguard::trace::event::{Issue, Trace};
use twinguard::trace::format::{self, Format};
use twinguard::trace::records::Records;
use twinguard::trace::report::jsonl::Jsonl;
use twinguard::trace::report::{Render as _, Shown};
use twinguard::trace::verify::{self, Report};

/// The lines of all conversations in the inputs, read as they are asked for.
#[pyclass(frozen, module = "twinguard._twinguard")]
pub(crate) struct Lines {
    reading: Mutex<Reading>,
}

#[pymethods]
impl Lines {
    #[new]
    fn new(
        py: Python<'_>,
        paths: Vec<Bound<'_, PyAny>>,
        policy: &Bound<'_, PyAny>,
        trace_format: &Bound<'_, PyAny>,
        all: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let paths = paths.iter().map(|path| argument::text(path, "paths")).collect::<PyResult<Vec<_>>>()?;
        if paths.is_empty() {
            return Err(invalid("`paths` is empty: name a file, a folder or a glob".to_owned()));
        }
        let policy = argument::policy(policy)?;
        let format = argument::optional_text(trace_format, "trace_format")?.map(|name| named(&name)).transpose()?;
        let shown = Shown { all: argument::truth(all, "all")? };
        let guard = py.detach(|| {
            let guard = Guard::new()?;
            guard.session(&policy)?; // a wrong policy is told at once
            Ok(guard)
        });
        let guard = guard.map_err(|error| raised(&error))?;
        let (inputs, issues) = py.detach(|| input::find(&paths));
        let first = inputs.first().map(Input::name);
        let mut reading =
            Reading { guard, policy, format, shown, first, inputs: inputs.into_iter(), records: None, ready: VecDeque::new(), empty: true };
        reading.tell(issues);
        Ok(Self { reading: Mutex::new(reading) })
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.reading.lock().unwrap_or_else(PoisonError::into_inner).next())
    }
}

fn named(name: &str) -> PyResult<&'static Format> {
    let unknown = || invalid(format!("`trace_format`: there is no `{name}`; expected one of {}", format::names().join(", ")));
    format::named(name).ok_or_else(unknown)
}

struct Reading {
    guard: Guard,
    policy: String,
    format: Option<&'static Format>,
    shown: Shown,
    /// What the first input is called, should nothing be in any.
    first: Option<String>,
    inputs: vec::IntoIter<Input>,
    /// What is left of the input that is being read.
    records: Option<Records>,
    /// Lines that nobody has asked for yet.
    ready: VecDeque<String>,
    /// Neither a conversation nor an issue was found so far.
    empty: bool,
}

impl Reading {
    fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            match self.records.as_mut().map(Iterator::next) {
                Some(Some(Ok(record))) => match format::read(&record, self.format) {
                    Ok(traces) => traces.into_iter().for_each(|trace| self.judge(trace)),
                    Err(issue) => self.tell([issue]),
                },
                Some(Some(Err(issue))) => self.tell([issue]),
                Some(None) => self.records = None,
                None => self.open_next()?,
            }
        }
    }

    /// `None` when there is nothing more to open and nothing more to say.
    fn open_next(&mut self) -> Option<()> {
        let Some(input) = self.inputs.next() else {
            // Silence must not be taken for a clean bill.
            let file = self.first.take().filter(|_| mem::take(&mut self.empty))?;
            self.tell([Issue { file, line: None, message: "no conversation in here, so nothing was verified".to_owned() }]);
            return Some(());
        };
        match input.open(Arc::default()) {
            Ok(reader) => self.records = Some(Records::new(&input.name(), reader, self.format)),
            Err(issue) => self.tell([issue]),
        }
        Some(())
    }

    fn judge(&mut self, trace: Trace) {
        let mut report = match self.guard.session(&self.policy) {
            Ok(mut session) => verify::verify(&mut session, trace),
            Err(error) => Report::unopened(trace).because(&error),
        };
        self.empty = false;
        self.tell(mem::take(&mut report.trace.issues));
        let mut lines = Vec::new();
        // Memory does not refuse to be written to.
        let _ = Jsonl::new(&mut lines, self.shown).trace(&report);
        self.ready.extend(String::from_utf8_lossy(&lines).lines().map(str::to_owned));
    }

    fn tell(&mut self, issues: impl IntoIterator<Item = Issue>) {
        for Issue { file, line, message } in issues {
            self.empty = false;
            let line = IssueLine { r#type: "issue", file: &file, line, message: &message };
            // Nor does a struct of strings refuse to be JSON.
            self.ready.extend(serde_json::to_string(&line));
        }
    }
}

/// What the command line writes to the standard error output.
#[derive(Serialize)]
struct IssueLine<'a> {
    r#type: &'static str,
    file: &'a str,
    line: Option<u64>,
    message: &'a str,
}
