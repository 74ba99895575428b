//! The guard behind limits: opens sessions, and turns whatever goes wrong into a verdict.

mod component;
mod linked;

use crate::Error;
use component::Component;
use linked::Linked;
use std::sync::Arc;
use std::{fmt, result};
use twinguard_core::model::{Decision, Identifier, Observation, Observed, ToolCall, Verdict};

/// The component itself, for hosts of other kinds. Programs that never use it do not carry it.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guard.wasm"));

type Result<T> = result::Result<T, Error>;

/// Something that holds the memory of one conversation. The outer error is a failure: why, and that the memory
/// is lost. The inner one is a refusal, as `wit/guard.wit` has it.
trait Memory: Send {
    fn observe(&mut self, fuel: u64, what: &Observation) -> Answer<Result<Observed>>;
    fn check(&mut self, fuel: u64, call: &ToolCall) -> Answer<Result<Verdict>>;
    fn check_text(&mut self, fuel: u64, text: &str) -> Answer<Result<Verdict>>;
    fn identify(&mut self, fuel: u64, text: &str) -> Answer<Vec<Identifier>>;
    fn snapshot(&mut self, fuel: u64) -> Answer<Vec<u8>>;
}

type Answer<T> = result::Result<T, String>;

/// What a failure costs, for `poisoned` and for messages.
fn lost(why: &str) -> String {
    format!("{why}; this session has lost its memory, only a new conversation can be checked again")
}

/// What a verdict is when the guard itself fails: out of fuel, out of memory, or a bug.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The call must not run. An agent that cannot be guarded stops.
    #[default]
    Block,
    /// The call may run, and the verdict's message says that nothing was checked. For hosts that
    /// would rather be unguarded than stand still; choose it in writing.
    Allow,
}

/// What one session may use up, and what its verdicts are once it has failed.
///
/// ```
/// use twinguard::{Guard, Limits};
///
/// # fn main() -> Result<(), twinguard::Error> {
/// let guard = Guard::with(Limits { memory_bytes: 64 << 20, ..Limits::default() })?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fuel of every operation, about one unit for each instruction of the component; the same
    /// work always takes the same fuel.
    pub fuel: u64,
    /// Fuel added for every byte that the operation is given, and for every byte that the session
    /// was given before: what was observed is indexed when a check first needs it.
    pub fuel_per_byte: u64,
    /// Memory of one session. It holds the ledger, and several times the largest text.
    pub memory_bytes: usize,
    /// The largest text, checked before it is copied into the component. The policy has a limit
    /// of its own, `limits.text_bytes`; the smaller one counts.
    pub text_bytes: usize,
    /// What a verdict is when the guard itself fails.
    pub on_failure: OnFailure,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 10_000_000_000, // about a second
            fuel_per_byte: 5_000, // five times what observing a megabyte of JSON takes
            memory_bytes: 512 << 20,
            text_bytes: 16 << 20,
            on_failure: OnFailure::Block,
        }
    }
}

/// What judges: the component, or the core. Cheap to clone, and shared by every session and thread.
#[derive(Clone)]
pub struct Guard {
    shared: Arc<Shared>,
}

struct Shared {
    runs: Runs,
    limits: Limits,
}

enum Runs {
    Component(Component),
    Linked,
}

impl Guard {
    /// Loads the embedded component under the default [`Limits`]. Takes about a millisecond:
    /// nothing is compiled.
    ///
    /// # Errors
    /// [`Error::Component`] when this machine lacks instructions that the component was compiled
    /// for, or cannot run WebAssembly at all.
    pub fn new() -> Result<Self> {
        Self::with(Limits::default())
    }

    /// As [`Guard::new`], under limits of your own.
    ///
    /// # Errors
    /// As [`Guard::new`].
    pub fn with(limits: Limits) -> Result<Self> {
        Ok(Self { shared: Arc::new(Shared { runs: Runs::Component(Component::load()?), limits }) })
    }

    /// Runs the very code that the component was built from, linked into this program: the same verdicts in about
    /// half of the time, without the walls around a component. A panic poisons its session, as a trap does; but of the
    /// [`Limits`] only `text_bytes` and `on_failure` count, and the bounds are those of the policy:
    /// `limits.ledger_bytes` for memory, `limits.comparisons` for time.
    ///
    /// ```
    /// use twinguard::{Decision, Guard, ToolCall};
    ///
    /// # fn main() -> Result<(), twinguard::Error> {
    /// let call = ToolCall { tool: "list".into(), call_id: None, arguments: "{}".into(), effect: None };
    /// assert_eq!(Guard::linked().session("")?.check(&call), Guard::new()?.session("")?.check(&call));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn linked() -> Self {
        Self::linked_with(Limits::default())
    }

    /// As [`Guard::linked`], under limits of your own.
    #[must_use]
    pub fn linked_with(limits: Limits) -> Self {
        Self { shared: Arc::new(Shared { runs: Runs::Linked, limits }) }
    }

    /// The limits every session of this guard has.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Opens a session, for one conversation, under a policy given as JSON; `""` takes the
    /// defaults.
    ///
    /// # Errors
    /// [`Error::InvalidPolicy`]; [`Error::LimitExceeded`] when the policy is larger than a text
    /// may be; [`Error::Failed`] when the limits are too small to open anything.
    pub fn session(&self, policy: &str) -> Result<Session> {
        self.within_limits(policy.len(), "the policy")?;
        let limits = self.limits();
        let memory = match &self.shared.runs {
            Runs::Component(component) => component.open(limits, policy),
            Runs::Linked => Linked::open(policy),
        };
        Ok(Session::of(self, memory?, policy.len()))
    }

    /// Continues a session from its [snapshot](Session::snapshot), under a policy given as JSON.
    ///
    /// # Errors
    /// As [`Guard::session`], and [`Error::InvalidSnapshot`].
    pub fn restore(&self, policy: &str, snapshot: &[u8]) -> Result<Session> {
        self.within_limits(policy.len(), "the policy")?;
        let limits = self.limits();
        let memory = match &self.shared.runs {
            Runs::Component(component) => component.restore(limits, policy, snapshot),
            Runs::Linked => Linked::restore(policy, snapshot),
        };
        Ok(Session::of(self, memory?, policy.len() + snapshot.len()))
    }

    /// Opens a session, observes, checks one call and forgets.
    ///
    /// # Errors
    /// As [`Guard::session`] and [`Session::observe`]. An error is no verdict: the call must not
    /// run.
    pub fn check_once(&self, policy: &str, seen: &[Observation], call: &ToolCall) -> Result<Verdict> {
        self.within_limits(policy.len(), "the policy")?;
        self.within_limits(call.arguments.len(), "the arguments")?;
        for observation in seen {
            self.within_limits(observation.content.len(), "the observed text")?;
        }
        match &self.shared.runs {
            Runs::Component(component) => component.check_once(self.limits(), policy, seen, call),
            Runs::Linked => linked::check_once(policy, seen, call),
        }
    }

    fn within_limits(&self, bytes: usize, what: &str) -> Result<()> {
        let limit = self.shared.limits.text_bytes;
        if bytes <= limit {
            return Ok(());
        }
        Err(Error::LimitExceeded(format!("{what} has {bytes} bytes, at most {limit} are read; raise `Limits::text_bytes`")))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("limits", &self.shared.limits).finish_non_exhaustive()
    }
}

/// The memory of one conversation; of a component, in an instance of its own.
///
/// A failure of the guard poisons its session: what it had observed can no longer be trusted, so
/// this and every later verdict is what [`Limits::on_failure`] says. It never starts afresh.
pub struct Session {
    guard: Guard,
    memory: Box<dyn Memory>,
    /// Bytes of all texts, and of the snapshot, that it was given.
    taken: usize,
    poisoned: Option<String>,
    refused: Refused,
}

/// Observations that [`Limits::text_bytes`] kept from the memory. Those that the policy's own
/// limits refuse, it remembers by itself.
#[derive(Default)]
struct Refused {
    count: u32,
    first: String,
}

impl Session {
    /// Remembers every identifier in what the model was shown.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] when the text is too large: nothing was learned from it, and
    /// every later verdict says `incomplete`. [`Error::Failed`] when the guard failed, now or
    /// before: the session is poisoned. An error can be left alone, since verdicts tell of it.
    pub fn observe(&mut self, what: &Observation) -> Result<Observed> {
        let texts = [Some(&what.content), what.tool.as_ref(), what.call_id.as_ref()];
        let bytes = texts.into_iter().flatten().map(String::len).sum();
        if let Err(refusal) = self.admit(bytes, "the observed text") {
            if let Error::LimitExceeded(why) = &refusal {
                self.refused.add(why);
                // The memory hears of it, so that findings and snapshots know, and so that
                // the call has had its result.
                let unread = Observation { content: String::new(), incomplete: true, ..what.clone() };
                self.offer(0, &unread)?;
            }
            return Err(refusal);
        }
        self.offer(bytes, what)
    }

    /// Judges a call before it runs. Never fails: a call that could not be checked is blocked,
    /// and the verdict's message names the cause and the way out.
    pub fn check(&mut self, call: &ToolCall) -> Verdict {
        let bytes = call.arguments.len() + call.tool.len();
        let answer = self.admit(bytes, "the call").and_then(|()| self.run(bytes, |memory, fuel| memory.check(fuel, call))?);
        self.verdict(answer)
    }

    /// Judges a text that the assistant is about to show to the user. Changes nothing, and fails
    /// as [`Session::check`] does.
    pub fn check_text(&mut self, text: &str) -> Verdict {
        let answer =
            self.admit(text.len(), "the text").and_then(|()| self.run(text.len(), |memory, fuel| memory.check_text(fuel, text))?);
        self.verdict(answer)
    }

    /// Lists the identifiers of a text and where each was seen. Changes nothing.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] when the text is too large, [`Error::Failed`] when the guard
    /// failed, now or before.
    pub fn identify(&mut self, text: &str) -> Result<Vec<Identifier>> {
        self.admit(text.len(), "the text")?;
        self.run(text.len(), |memory, fuel| memory.identify(fuel, text))
    }

    /// The whole memory of the session as bytes, for [`Guard::restore`]. Equal sessions give
    /// equal bytes.
    ///
    /// # Errors
    /// [`Error::Failed`] when the guard failed, now or before.
    pub fn snapshot(&mut self) -> Result<Vec<u8>> {
        self.run(0, |memory, fuel| memory.snapshot(fuel))
    }

    /// Why this session can no longer be trusted, if it cannot.
    #[must_use]
    pub fn poisoned(&self) -> Option<&str> {
        self.poisoned.as_deref()
    }

    fn of(guard: &Guard, memory: Box<dyn Memory>, taken: usize) -> Self {
        Self { guard: guard.clone(), memory, taken, poisoned: None, refused: Refused::default() }
    }

    fn offer(&mut self, bytes: usize, what: &Observation) -> Result<Observed> {
        self.run(bytes, |memory, fuel| memory.observe(fuel, what))?
    }

    /// Refuses what is too large before it is handed over.
    fn admit(&self, bytes: usize, what: &str) -> Result<()> {
        // A poisoned session says so, whatever the size of the text.
        match &self.poisoned {
            Some(why) => Err(Error::Failed(why.clone())),
            None => self.guard.within_limits(bytes, what),
        }
    }

    /// INVARIANT: the only way into the memory after it was opened, and a failure closes it.
    fn run<T>(&mut self, bytes: usize, operation: impl FnOnce(&mut dyn Memory, u64) -> Answer<T>) -> Result<T> {
        if let Some(why) = &self.poisoned {
            return Err(Error::Failed(why.clone()));
        }
        self.taken = self.taken.saturating_add(bytes);
        let fuel = self.guard.limits().fuel_for(self.taken);
        operation(self.memory.as_mut(), fuel).map_err(|why| {
            let why = lost(&why);
            self.poisoned = Some(why.clone());
            Error::Failed(why)
        })
    }

    fn verdict(&self, answer: Result<Verdict>) -> Verdict {
        let mut verdict = match answer {
            Ok(verdict) => verdict,
            Err(error) => self.unchecked(&error),
        };
        if self.refused.count > 0 {
            if !verdict.message.is_empty() {
                verdict.message.push('\n');
            }
            verdict.message.push_str(&self.refused.to_string());
        }
        verdict
    }

    /// The verdict on what could not be checked.
    fn unchecked(&self, error: &Error) -> Verdict {
        // `OnFailure` speaks of a guard that failed. A call beyond a limit is the call's doing:
        // could it pass, a model would only have to write enough.
        let failed = matches!(error, Error::Failed(_));
        let (decision, message) = match self.guard.limits().on_failure {
            OnFailure::Allow if failed => {
                (Decision::Allow, format!("twinguard did not check this, and `on_failure = allow` lets it pass: {error}"))
            }
            _ => (Decision::Block, format!("twinguard could not check this, so it must not run: {error}")),
        };
        Verdict { decision, findings: Vec::new(), message, repaired: None }
    }
}

#[cfg(feature = "cli")]
impl twinguard_trace::verify::Judge for Session {
    type Error = Error;

    fn observe(&mut self, what: &Observation) -> Result<()> {
        Session::observe(self, what).map(drop)
    }

    fn check(&mut self, call: &ToolCall) -> Verdict {
        Session::check(self, call)
    }

    fn identify(&mut self, text: &str) -> Result<Vec<Identifier>> {
        Session::identify(self, text)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("poisoned", &self.poisoned).finish_non_exhaustive()
    }
}

impl Refused {
    fn add(&mut self, why: &str) {
        if self.count == 0 {
            self.first = why.into();
        }
        self.count = self.count.saturating_add(1);
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, first } = self;
        let texts = if *count == 1 { "text was" } else { "texts were" };
        write!(f, "incomplete: {count} {texts} not read, so an unseen value may have stood there ({first})")
    }
}

impl Limits {
    fn fuel_for(&self, bytes: usize) -> u64 {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.fuel.saturating_add(self.fuel_per_byte.saturating_mul(bytes))
    }
}
