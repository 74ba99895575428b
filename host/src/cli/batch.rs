//! Many traces at once: read in order, worked on side by side, handed on in order.

use crate::input::Input;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use std::io::{self, IsTerminal as _};
use std::mem;
use std::sync::Arc;
use twinguard_trace::event::{Issue, Trace};
use twinguard_trace::format::{self, Format, Record};
use twinguard_trace::records::Records;

/// Text that is worked on at once: enough for every core, little enough for memory.
const BATCH: usize = 16 << 20;
/// Less than this is done before threads are started.
const SMALL: usize = 64 << 10;

/// What is done with the traces.
pub(super) struct Work<'w, W> {
    /// In one word, for the progress bar: `verifying`.
    pub doing: &'w str,
    /// Bytes of input that take long enough to show how far it is.
    pub long: u64,
    /// What the records are, where the user said so.
    pub format: Option<&'static Format>,
    /// What is done with one trace.
    pub one: W,
}

impl<W> Work<'_, W> {
    /// Does it with every trace of the inputs. `take` gets what comes of them, and what could not be
    /// read, in the order of the inputs, whatever was done first.
    pub fn run<T: Send>(&self, inputs: &[Input], mut take: impl FnMut(Result<T, Issue>) -> io::Result<()>) -> io::Result<()>
    where
        W: Fn(Trace) -> T + Sync,
    {
        let bar = self.bar(inputs);
        let mut batch: Vec<Result<Record, Issue>> = Vec::new();
        let mut bytes = 0;
        for input in inputs {
            let reader = match input.open(Arc::default()) {
                Ok(reader) => reader,
                Err(issue) => {
                    batch.push(Err(issue));
                    continue;
                }
            };
            for item in Records::new(&input.name(), reader, self.format) {
                bytes += item.as_ref().map_or(0, |record| record.text.len());
                batch.push(item);
                if bytes > BATCH {
                    self.flush(mem::take(&mut batch), mem::take(&mut bytes), &bar, &mut take)?;
                }
            }
        }
        self.flush(batch, bytes, &bar, &mut take)?;
        bar.finish_and_clear();
        Ok(())
    }

    fn flush<T: Send>(
        &self,
        batch: Vec<Result<Record, Issue>>,
        bytes: usize,
        bar: &ProgressBar,
        take: &mut impl FnMut(Result<T, Issue>) -> io::Result<()>,
    ) -> io::Result<()>
    where
        W: Fn(Trace) -> T + Sync,
    {
        let read = |item: Result<Record, Issue>| -> Result<Vec<T>, Issue> {
            let record = item?;
            let traces = format::read(&record, self.format)?;
            let done = if traces.len() > 1 {
                traces.into_par_iter().map(&self.one).collect()
            } else {
                traces.into_iter().map(&self.one).collect()
            };
            bar.inc(record.text.len() as u64);
            Ok(done)
        };
        let small = bytes < SMALL || batch.len() < 2;
        let outcomes: Vec<Result<Vec<T>, Issue>> =
            if small { batch.into_iter().map(read).collect() } else { batch.into_par_iter().map(read).collect() };
        bar.suspend(|| {
            outcomes.into_iter().try_for_each(|outcome| match outcome {
                Ok(done) => done.into_iter().try_for_each(|one| take(Ok(one))),
                Err(issue) => take(Err(issue)),
            })
        })
    }

    /// A progress bar for long input, where somebody sits at the terminal. What is packed is longer
    /// than its file, so the bar may arrive early; it never says less than was done.
    fn bar(&self, inputs: &[Input]) -> ProgressBar {
        let size: u64 = inputs.iter().map(Input::size).sum();
        if size < self.long || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(size);
        if let Ok(style) = ProgressStyle::with_template(&format!("{} {{bar:30}} {{bytes}} of {{total_bytes}}, {{eta}} left", self.doing)) {
            bar.set_style(style);
        }
        bar
    }
}
