//! The guard and its sessions.

use crate::error::{closed, invalid, panicked, raised};
use crate::json::type_name;
use crate::{argument, verdict};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use twinguard::{Effect, Limits, Observation, OnFailure, Source, ToolCall};

/// `twinguard._guard.Guard`, without its words.
#[pyclass(frozen, module = "twinguard._twinguard")]
pub(crate) struct Guard {
    guard: twinguard::Guard,
    policy: String,
}

#[pymethods]
impl Guard {
    #[new]
    fn new(
        py: Python<'_>,
        policy: &Bound<'_, PyAny>,
        fuel: &Bound<'_, PyAny>,
        memory_bytes: &Bound<'_, PyAny>,
        text_bytes: &Bound<'_, PyAny>,
        on_failure: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let name_of = |choice| match choice {
            OnFailure::Block => "block",
            OnFailure::Allow => "allow",
        };
        let default = Limits::default();
        let limits = Limits {
            fuel: argument::number(fuel, "fuel", default.fuel, u64::MAX)?,
            memory_bytes: argument::number(memory_bytes, "memory_bytes", default.memory_bytes, usize::MAX)?,
            text_bytes: argument::number(text_bytes, "text_bytes", default.text_bytes, usize::MAX)?,
            on_failure: argument::named(on_failure, "on_failure", &[OnFailure::Block, OnFailure::Allow], name_of)?,
            ..default
        };
        let policy = argument::policy(policy)?;
        py.detach(|| {
            let guard = twinguard::Guard::with(limits)?;
            // A wrong policy is told where it is given, not in the middle of a conversation.
            guard.session(&policy)?;
            Ok(Self { guard, policy })
        })
        .map_err(|error| raised(&error))
    }

    fn session(&self, py: Python<'_>) -> PyResult<Session> {
        self.open(py, |guard| guard.guard.session(&guard.policy))
    }

    fn restore(&self, py: Python<'_>, snapshot: &Bound<'_, PyAny>) -> PyResult<Session> {
        let Ok(snapshot) = snapshot.cast::<PyBytes>() else {
            return Err(invalid(format!("`snapshot` must be bytes, not {}", type_name(snapshot))));
        };
        let snapshot = snapshot.as_bytes();
        self.open(py, |guard| guard.guard.restore(&guard.policy, snapshot))
    }

    fn check_once<'py>(
        &self,
        py: Python<'py>,
        seen: &Bound<'py, PyList>,
        tool: &Bound<'py, PyAny>,
        arguments: &Bound<'py, PyAny>,
        call_id: &Bound<'py, PyAny>,
        effect: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let most = self.guard.limits().text_bytes;
        let seen = seen.iter().enumerate().map(|(index, one)| {
            let name = format!("seen[{index}]");
            if !one.is_instance(verdict::observation_class(py)?)? {
                return Err(invalid(format!("`{name}` must be an Observation, not {}", type_name(&one))));
            }
            let (content, source, tool) = (one.getattr("content")?, one.getattr("source")?, one.getattr("tool")?);
            observation(&content, &source, &tool, &one.getattr("call_id")?, &one.getattr("incomplete")?, &format!("{name}.content"), most)
        });
        let seen = seen.collect::<PyResult<Vec<_>>>()?;
        let call = call(tool, arguments, call_id, effect, most)?;
        let answer = py.detach(|| self.guard.check_once(&self.policy, &seen, &call));
        verdict::verdict(py, &answer.map_err(|error| raised(&error))?)
    }
}

impl Guard {
    fn open<F>(&self, py: Python<'_>, open: F) -> PyResult<Session>
    where
        F: FnOnce(&Self) -> Result<twinguard::Session, twinguard::Error> + Send,
    {
        let session = py.detach(|| open(self)).map_err(|error| raised(&error))?;
        Ok(Session { text_bytes: self.guard.limits().text_bytes, session: Mutex::new(Some(session)) })
    }
}

/// `twinguard._guard.Session`, without its words.
#[pyclass(frozen, module = "twinguard._twinguard")]
pub(crate) struct Session {
    text_bytes: usize,
    /// `None` once it is closed.
    session: Mutex<Option<twinguard::Session>>,
}

#[pymethods]
impl Session {
    fn observe<'py>(
        &self,
        py: Python<'py>,
        content: &Bound<'py, PyAny>,
        source: &Bound<'py, PyAny>,
        tool: &Bound<'py, PyAny>,
        call_id: &Bound<'py, PyAny>,
        incomplete: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let what = observation(content, source, tool, call_id, incomplete, "content", self.text_bytes)?;
        let observed = self.enter(py, |session| session.observe(&what))?;
        verdict::observed(py, observed.map_err(|error| raised(&error))?)
    }

    fn check<'py>(
        &self,
        py: Python<'py>,
        tool: &Bound<'py, PyAny>,
        arguments: &Bound<'py, PyAny>,
        call_id: &Bound<'py, PyAny>,
        effect: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = call(tool, arguments, call_id, effect, self.text_bytes)?;
        verdict::verdict(py, &self.enter(py, |session| session.check(&call))?)
    }

    fn check_text<'py>(&self, py: Python<'py>, text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let text = argument::text(text, "text")?;
        verdict::verdict(py, &self.enter(py, |session| session.check_text(&text))?)
    }

    fn identify<'py>(&self, py: Python<'py>, text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let text = argument::text(text, "text")?;
        let found = self.enter(py, |session| session.identify(&text))?.map_err(|error| raised(&error))?;
        PyList::new(py, found.iter().map(|one| verdict::identifier(py, one)).collect::<PyResult<Vec<_>>>()?)
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.enter(py, twinguard::Session::snapshot)?.map_err(|error| raised(&error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn failure(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.enter(py, |session| session.poisoned().map(str::to_owned))
    }

    fn closed(&self, py: Python<'_>) -> bool {
        py.detach(|| self.session.lock().is_ok_and(|session| session.is_none()))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.session.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Session {
    /// Does something with the open session, without the interpreter's lock.
    fn enter<T: Send>(&self, py: Python<'_>, act: impl FnOnce(&mut twinguard::Session) -> T + Send) -> PyResult<T> {
        py.detach(|| match self.session.lock() {
            Ok(mut session) => session.as_mut().map(act).ok_or_else(closed),
            Err(_) => Err(panicked()),
        })
    }
}

/// For the tests: what a check costs without Python, so that the two can be compared in one process
/// and on the same code. The seconds of `times` checks of one call.
#[pyfunction]
#[pyo3(name = "_seconds_of_a_check")]
pub(crate) fn seconds_of_a_check(py: Python<'_>, session: &Session, tool: String, arguments: String, times: u32) -> PyResult<f64> {
    let call = ToolCall { tool, call_id: None, arguments, effect: None };
    session.enter(py, |session| {
        let begin = Instant::now();
        for _ in 0..times {
            std::hint::black_box(session.check(std::hint::black_box(&call)));
        }
        begin.elapsed().as_secs_f64()
    })
}

fn observation(
    content: &Bound<'_, PyAny>,
    source: &Bound<'_, PyAny>,
    tool: &Bound<'_, PyAny>,
    call_id: &Bound<'_, PyAny>,
    incomplete: &Bound<'_, PyAny>,
    name: &str,
    most: usize,
) -> PyResult<Observation> {
    Ok(Observation {
        source: argument::named(source, "source", Source::ALL, Source::name)?,
        tool: argument::optional_text(tool, "tool")?,
        call_id: argument::optional_text(call_id, "call_id")?,
        content: argument::content(content, name, most)?,
        incomplete: argument::truth(incomplete, "incomplete")?,
    })
}

fn call(
    tool: &Bound<'_, PyAny>,
    arguments: &Bound<'_, PyAny>,
    call_id: &Bound<'_, PyAny>,
    effect: &Bound<'_, PyAny>,
    most: usize,
) -> PyResult<ToolCall> {
    Ok(ToolCall {
        tool: argument::text(tool, "tool")?,
        call_id: argument::optional_text(call_id, "call_id")?,
        arguments: argument::object(arguments, "arguments", most)?,
        effect: if effect.is_none() { None } else { Some(argument::named(effect, "effect", Effect::ALL, Effect::name)?) },
    })
}
