//! The guard's component in wasmtime: each conversation in an instance of its own, on measured fuel and in bounded
//! memory.

use super::{Answer, Limits, Memory, Result, lost};
use crate::bindings::{self, PreToolHook, PreToolHookPre, wit};
use crate::{Error, engine};
use std::result;
use twinguard_core::model::{Identifier, Observation, Observed, ToolCall, Verdict};
use wasmtime::component::{Component as Compiled, Linker, ResourceAny};
use wasmtime::{Engine, ResourceLimiter, Store, Trap};

/// The component, compiled by build.rs for the target this library was built for.
const COMPILED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guard.cwasm"));

/// The loaded component.
pub(super) struct Component {
    engine: Engine,
    component: PreToolHookPre<Bounds>,
}

impl Component {
    pub(super) fn load() -> Result<Self> {
        let unfit = |error: wasmtime::Error| Error::Component(format!("{error:#}"));
        let engine = Engine::new(&engine::config()).map_err(unfit)?;
        // SAFETY: `deserialize` trusts its bytes to be what a wasmtime compiler wrote. These come
        // from build.rs, out of this very binary. Code of another wasmtime version, of other
        // settings, or for other instructions than this machine has is refused with an error.
        #[expect(unsafe_code, reason = "loading compiled code is unsafe unless its origin is known")]
        let component = unsafe { Compiled::deserialize(&engine, COMPILED) }.map_err(unfit)?;
        // INVARIANT: the linker is empty. The component has nothing to call but its own code.
        let component = Linker::new(&engine).instantiate_pre(&component).and_then(PreToolHookPre::new).map_err(unfit)?;
        Ok(Self { engine, component })
    }

    pub(super) fn open(&self, limits: &Limits, policy: &str) -> Result<Box<dyn Memory>> {
        self.start(limits, policy.len(), |hook, store| hook.twinguard_guard_guard().session().call_open(store, policy))
    }

    pub(super) fn restore(&self, limits: &Limits, policy: &str, snapshot: &[u8]) -> Result<Box<dyn Memory>> {
        self.start(limits, policy.len() + snapshot.len(), |hook, store| {
            hook.twinguard_guard_guard().session().call_restore(store, policy, snapshot)
        })
    }

    pub(super) fn check_once(&self, limits: &Limits, policy: &str, seen: &[Observation], call: &ToolCall) -> Result<Verdict> {
        let observed: usize = seen.iter().map(|observation| observation.content.len()).sum();
        let (hook, mut store) = self.instantiate(limits, policy.len() + call.arguments.len() + observed)?;
        let seen: Vec<_> = seen.iter().map(bindings::observation).collect();
        match hook.twinguard_guard_guard().call_check_once(&mut store, policy, &seen, bindings::call(call)) {
            Ok(verdict) => Ok(verdict?.into()),
            Err(error) => Err(Error::Failed(lost(&cause(&error, &store)))),
        }
    }

    fn start(
        &self,
        limits: &Limits,
        bytes: usize,
        open: impl FnOnce(&PreToolHook, &mut Store<Bounds>) -> wasmtime::Result<result::Result<ResourceAny, wit::Error>>,
    ) -> Result<Box<dyn Memory>> {
        let (hook, mut store) = self.instantiate(limits, bytes)?;
        match open(&hook, &mut store) {
            Ok(handle) => Ok(Box::new(Instance { handle: handle?, store, hook })),
            Err(error) => Err(Error::Failed(lost(&cause(&error, &store)))),
        }
    }

    fn instantiate(&self, limits: &Limits, bytes: usize) -> Result<(PreToolHook, Store<Bounds>)> {
        let mut store = Store::new(&self.engine, Bounds { limits: limits.clone(), exhausted: false });
        store.limiter(|bounds| bounds);
        store.set_fuel(limits.fuel_for(bytes)).map_err(|error| Error::Failed(format!("{error:#}")))?;
        match self.component.instantiate(&mut store) {
            Ok(hook) => Ok((hook, store)),
            Err(error) => Err(Error::Failed(lost(&cause(&error, &store)))),
        }
    }
}

/// One instance and the session in it.
struct Instance {
    store: Store<Bounds>,
    hook: PreToolHook,
    handle: ResourceAny,
}

impl Instance {
    fn run<T>(
        &mut self,
        fuel: u64,
        operation: impl FnOnce(wit::GuestSession<'_>, &mut Store<Bounds>, ResourceAny) -> wasmtime::Result<T>,
    ) -> Answer<T> {
        let answer =
            self.store.set_fuel(fuel).and_then(|()| operation(self.hook.twinguard_guard_guard().session(), &mut self.store, self.handle));
        answer.map_err(|error| cause(&error, &self.store))
    }
}

impl Memory for Instance {
    fn observe(&mut self, fuel: u64, what: &Observation) -> Answer<Result<Observed>> {
        let observed = self.run(fuel, |session, store, handle| session.call_observe(store, handle, bindings::observation(what)))?;
        Ok(observed.map(Into::into).map_err(Into::into))
    }

    fn check(&mut self, fuel: u64, call: &ToolCall) -> Answer<Result<Verdict>> {
        let verdict = self.run(fuel, |session, store, handle| session.call_check(store, handle, bindings::call(call)))?;
        Ok(verdict.map(Into::into).map_err(Into::into))
    }

    fn check_text(&mut self, fuel: u64, text: &str) -> Answer<Result<Verdict>> {
        let verdict = self.run(fuel, |session, store, handle| session.call_check_text(store, handle, text))?;
        Ok(verdict.map(Into::into).map_err(Into::into))
    }

    fn identify(&mut self, fuel: u64, text: &str) -> Answer<Vec<Identifier>> {
        let found = self.run(fuel, |session, store, handle| session.call_identify(store, handle, text))?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    fn snapshot(&mut self, fuel: u64) -> Answer<Vec<u8>> {
        self.run(fuel, |session, store, handle| session.call_snapshot(store, handle))
    }
}

/// What one instance may allocate.
#[derive(Debug)]
struct Bounds {
    limits: Limits,
    exhausted: bool,
}

impl ResourceLimiter for Bounds {
    fn memory_growing(&mut self, _now: usize, desired: usize, _most: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limits.memory_bytes {
            // An error stops the instance here. `Ok(false)` would let the guest see the refusal
            // and abort, which looks like any other bug.
            self.exhausted = true;
            return Err(wasmtime::Error::msg("out of memory"));
        }
        Ok(true)
    }

    fn table_growing(&mut self, now: usize, desired: usize, _most: Option<usize>) -> wasmtime::Result<bool> {
        Ok(now == 0 || desired <= now) // the component's tables are as large as they are born
    }
}

/// Why an instance failed, and the way out.
fn cause(error: &wasmtime::Error, store: &Store<Bounds>) -> String {
    let Bounds { limits, exhausted } = store.data();
    if *exhausted {
        return format!("out of memory ({} bytes); raise `Limits::memory_bytes`", limits.memory_bytes);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => format!("out of fuel ({} and {} a byte); raise `Limits::fuel`", limits.fuel, limits.fuel_per_byte),
        Some(trap) => format!("{trap}; please report this text as a bug"),
        None => format!("{error:#}; please report this text as a bug"),
    }
}
