//! Many traces at once: read in order, worked on side by side, handed on in order.

use super::progress::Progress;
use crate::input::Input;
use clap::Args;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use twinguard_trace::event::{Issue, Trace};
use twinguard_trace::format::{self, Format, Record};
use twinguard_trace::records::Records;

/// Text that is read but not yet handed on, in bytes: enough for every core, little enough for memory.
/// A larger record is worked on alone.
const IN_FLIGHT: usize = 32 << 20;
/// What a record takes beside its text until it is handed on, about.
const BESIDE: usize = 4 << 10;
/// Less than this is done before threads are started.
const SMALL: u64 = 64 << 10;

#[derive(Debug, Args)]
pub(super) struct Load {
    /// Traces that are worked on at the same time; one for every core when left out. The report is
    /// the same whatever the number
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// The largest record that is read; larger ones are named and left out
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=2048))]
    max_record: u32,
}

impl Load {
    fn jobs(&self) -> usize {
        self.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }

    pub fn largest(&self) -> usize {
        usize::try_from(self.max_record).unwrap_or(usize::MAX).saturating_mul(1 << 20)
    }
}

/// What is done with the traces.
pub(super) struct Work<'w, W> {
    /// In one word, for the progress bar: `verifying`.
    pub doing: &'w str,
    /// Bytes of input that take long enough to show how far it is.
    pub long: u64,
    /// What the records are, where the user said so.
    pub format: Option<&'static Format>,
    /// How much at once.
    pub load: &'w Load,
    /// What is done with one trace.
    pub one: W,
}

/// How far the work is: the input that is read, and how many of its records were handed on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub input: usize,
    pub records: u64,
}

/// What is handed on.
pub(super) enum Step<T> {
    /// What came of a trace.
    One(T),
    /// What could not be read.
    Bad(Issue),
    /// All up to here was handed on.
    Reached(Place),
}

/// What comes of a record: something of each of its traces.
type Outcome<T> = (Place, Result<Vec<T>, Issue>);

impl<W> Work<'_, W> {
    /// Does it with every trace of the inputs. `take` gets what comes of them, and what could not be
    /// read, in the order of the inputs, whatever was done first.
    pub fn run<T: Send>(&self, inputs: &[Input], mut take: impl FnMut(Result<T, Issue>) -> io::Result<()>) -> io::Result<()>
    where
        W: Fn(Trace) -> T + Sync,
    {
        self.run_from(Place::default(), inputs, |step| match step {
            Step::One(one) => take(Ok(one)),
            Step::Bad(issue) => take(Err(issue)),
            Step::Reached(_) => Ok(()),
        })
    }

    /// The same, of what stands behind a place, with every place that is reached.
    pub fn run_from<T: Send>(&self, from: Place, inputs: &[Input], mut take: impl FnMut(Step<T>) -> io::Result<()>) -> io::Result<()>
    where
        W: Fn(Trace) -> T + Sync,
    {
        let mut progress = Progress::new(self.doing, self.long, inputs);
        let counter = progress.counter();
        let items = inputs.iter().enumerate().skip(from.input).flat_map(|(input, opened)| {
            let done = if input == from.input { from.records } else { 0 };
            let places = (1..).map(move |records| Place { input, records });
            places.zip(self.records(opened, &counter)).skip(usize::try_from(done).unwrap_or(usize::MAX))
        });
        let mut hand_on = |progress: &mut Progress, outcomes: Vec<Outcome<T>>| {
            progress.show();
            progress.aside(|| {
                outcomes.into_iter().try_for_each(|(place, outcome)| {
                    match outcome {
                        Ok(done) => done.into_iter().try_for_each(|one| take(Step::One(one)))?,
                        Err(issue) => take(Step::Bad(issue))?,
                    }
                    take(Step::Reached(place))
                })
            })
        };
        let size: Option<u64> = inputs.iter().map(Input::size).sum();
        let jobs = self.load.jobs();
        if jobs == 1 || size.is_some_and(|size| size < SMALL) {
            for (place, item) in items {
                hand_on(&mut progress, vec![(place, self.work(item, false))])?;
            }
            return Ok(());
        }
        // The thread that is here reads and hands on; those of the pool do the rest.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(io::Error::other)?;
        let (send, receive) = mpsc::channel();
        let stopped = AtomicBool::new(false);
        let mut order = Order::default();
        pool.in_place_scope_fifo(|scope| {
            let all = || -> io::Result<()> {
                for (place, item) in items {
                    let bytes = BESIDE + item.as_ref().map_or(0, |record| record.text.len());
                    while order.in_flight > 0 && order.in_flight + bytes > IN_FLIGHT {
                        let Ok(done) = receive.recv() else { break };
                        hand_on(&mut progress, order.put(done))?;
                    }
                    while let Ok(done) = receive.try_recv() {
                        hand_on(&mut progress, order.put(done))?;
                    }
                    let (number, send, stopped) = (order.started(bytes), send.clone(), &stopped);
                    scope.spawn_fifo(move |_| {
                        if !stopped.load(Ordering::Relaxed) {
                            // Nobody listens any more where the report cannot be written.
                            let _ = send.send(Done { number, bytes, outcome: (place, self.work(item, true)) });
                        }
                    });
                }
                while order.in_flight > 0 {
                    let Ok(done) = receive.recv() else { break };
                    hand_on(&mut progress, order.put(done))?;
                }
                Ok(())
            };
            let outcome = all();
            stopped.store(outcome.is_err(), Ordering::Relaxed);
            outcome
        })
    }

    fn records(&self, input: &Input, counter: &Arc<AtomicU64>) -> Box<dyn Iterator<Item = Result<Record, Issue>>> {
        match input.open(Arc::clone(counter)) {
            Ok(reader) => Box::new(Records::new(&input.name(), reader, self.format).at_most(self.load.largest())),
            Err(issue) => Box::new([Err(issue)].into_iter()),
        }
    }

    /// What comes of one record; its traces side by side where they may be.
    fn work<T: Send>(&self, item: Result<Record, Issue>, side_by_side: bool) -> Result<Vec<T>, Issue>
    where
        W: Fn(Trace) -> T + Sync,
    {
        let traces = format::read(&item?, self.format)?;
        Ok(if side_by_side && traces.len() > 1 {
            traces.into_par_iter().map(&self.one).collect()
        } else {
            traces.into_iter().map(&self.one).collect()
        })
    }
}

/// A record that was worked on.
struct Done<T> {
    number: u64,
    bytes: usize,
    outcome: Outcome<T>,
}

/// Brings what was done back into the order in which it was started.
struct Order<T> {
    started: u64,
    handed_on: u64,
    waiting: BTreeMap<u64, (usize, Outcome<T>)>,
    in_flight: usize,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self { started: 0, handed_on: 0, waiting: BTreeMap::new(), in_flight: 0 }
    }
}

impl<T> Order<T> {
    fn started(&mut self, bytes: usize) -> u64 {
        self.in_flight += bytes;
        self.started += 1;
        self.started - 1
    }

    /// What can be handed on now.
    fn put(&mut self, done: Done<T>) -> Vec<Outcome<T>> {
        self.waiting.insert(done.number, (done.bytes, done.outcome));
        let mut ready = Vec::new();
        while let Some((bytes, outcome)) = self.waiting.remove(&self.handed_on) {
            self.handed_on += 1;
            self.in_flight -= bytes;
            ready.push(outcome);
        }
        ready
    }
}
