//! How far it is, where somebody sits at the terminal and it takes long.

use crate::input::Input;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of input that take long enough to show how far it is, where each trace is verified once.
pub(super) const LONG: u64 = 16 << 20;

/// Counts what was read of the inputs as they lie there, packed or not, and shows it.
pub(super) struct Progress {
    bar: ProgressBar,
    read: Arc<AtomicU64>,
    /// Bytes after which a bar is shown whose end nobody knows.
    waits_for: Option<u64>,
}

impl Progress {
    /// Of inputs that are worked on in a word such as `verifying`; `long` is how many bytes of input
    /// are worth a bar.
    pub fn new(doing: &str, long: u64, inputs: &[Input]) -> Self {
        let read = Arc::default();
        let size: Option<u64> = inputs.iter().map(Input::size).sum();
        if size.is_some_and(|size| size < long) || !io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), read, waits_for: None };
        }
        let (bar, shape) = match size {
            Some(size) => {
                (ProgressBar::new(size), format!("{doing} {{bar:30}} {{bytes}} of {{total_bytes}}, {{bytes_per_sec}}, {{eta}} left"))
            }
            // A pipe: nobody knows how long it is.
            None => (ProgressBar::hidden(), format!("{doing} {{spinner}} {{bytes}}, {{bytes_per_sec}}")),
        };
        if let Ok(style) = ProgressStyle::with_template(&shape) {
            bar.set_style(style);
        }
        Self { bar, read, waits_for: size.is_none().then_some(long) }
    }

    /// What counts the bytes.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Shows what was read by now.
    pub fn show(&mut self) {
        let read = self.read.load(Ordering::Relaxed);
        self.bar.set_position(read);
        if self.waits_for.is_some_and(|long| read > long) {
            self.waits_for = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away while something else is written.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.bar.is_hidden() { write() } else { self.bar.suspend(write) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
