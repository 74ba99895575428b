//! The core as this program has it linked in, for work where speed counts.

use super::{Answer, Memory, Result};
use crate::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use twinguard_core::model::{self, Identifier, Observation, Observed, ToolCall, Verdict};
use twinguard_core::session::{self, Session};

/// A session of the core.
pub(super) struct Linked {
    session: Session,
}

impl Linked {
    pub(super) fn open(policy: &str) -> Result<Box<dyn Memory>> {
        Ok(Box::new(Self { session: caught(|| Session::open(policy)).map_err(Error::Failed)?? }))
    }

    pub(super) fn restore(policy: &str, snapshot: &[u8]) -> Result<Box<dyn Memory>> {
        Ok(Box::new(Self { session: caught(|| Session::restore(policy, snapshot)).map_err(Error::Failed)?? }))
    }

    fn run<T>(&mut self, operation: impl FnOnce(&mut Session) -> T) -> Answer<T> {
        caught(|| operation(&mut self.session))
    }
}

/// The core has no panic that is known of. After one its session is used no more, so nobody sees it half changed.
fn caught<T>(operation: impl FnOnce() -> T) -> Answer<T> {
    catch_unwind(AssertUnwindSafe(operation)).map_err(|_| "the guard panicked; please report this text as a bug".to_owned())
}

pub(super) fn check_once(policy: &str, seen: &[Observation], call: &ToolCall) -> Result<Verdict> {
    Ok(caught(|| session::check_once(policy, seen, call)).map_err(Error::Failed)??)
}

impl Memory for Linked {
    fn observe(&mut self, _: u64, what: &Observation) -> Answer<Result<Observed>> {
        self.run(|session| Ok(session.observe(what)?))
    }

    fn check(&mut self, _: u64, call: &ToolCall) -> Answer<Result<Verdict>> {
        self.run(|session| Ok(session.check(call)?))
    }

    fn check_text(&mut self, _: u64, text: &str) -> Answer<Result<Verdict>> {
        self.run(|session| Ok(session.check_text(text)?))
    }

    fn identify(&mut self, _: u64, text: &str) -> Answer<Vec<Identifier>> {
        self.run(|session| session.identify(text))
    }

    fn snapshot(&mut self, _: u64) -> Answer<Vec<u8>> {
        self.run(Session::snapshot)
    }
}

impl From<model::Error> for Error {
    fn from(error: model::Error) -> Self {
        match error {
            model::Error::InvalidPolicy(why) => Self::InvalidPolicy(why),
            model::Error::InvalidSnapshot(why) => Self::InvalidSnapshot(why),
            model::Error::LimitExceeded(why) => Self::LimitExceeded(why),
        }
    }
}
