//! What the guard says, as the frozen dataclasses of `twinguard._verdict`. The order of the
//! arguments is the order of their fields.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};
use twinguard::{Finding, Identifier, Neighbour, Observed, Sighting, Verdict};

const MODULE: &str = "twinguard._verdict";

pub(crate) fn verdict<'py>(py: Python<'py>, verdict: &Verdict) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let Verdict { decision, findings, message, repaired } = verdict;
    let findings = tuple(py, findings, finding)?;
    CLASS.import(py, MODULE, "Verdict")?.call1((decision.name(), findings, message, repaired.as_deref()))
}

fn finding<'py>(py: Python<'py>, finding: &Finding) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let Finding { pointer, span, written, kind, relation, decision, coincidence, nearest, message } = finding;
    let nearest = tuple(py, nearest, neighbour)?;
    let (relation, decision) = (relation.name(), decision.name());
    CLASS.import(py, MODULE, "Finding")?.call1((
        pointer,
        (span.start, span.end),
        written,
        kind,
        relation,
        decision,
        *coincidence,
        nearest,
        message,
    ))
}

fn neighbour<'py>(py: Python<'py>, neighbour: &Neighbour) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let Neighbour { value, distance, edit, seen_in } = neighbour;
    CLASS.import(py, MODULE, "Neighbour")?.call1((value, *distance, edit, tuple(py, seen_in, sighting)?))
}

fn sighting<'py>(py: Python<'py>, sighting: &Sighting) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let Sighting { source, tool, call_id, turn, pointer } = sighting;
    CLASS.import(py, MODULE, "Sighting")?.call1((source.name(), tool.as_deref(), call_id.as_deref(), *turn, pointer))
}

pub(crate) fn observed<'py>(py: Python<'py>, observed: Observed) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let Observed { identifiers, new, incomplete } = observed;
    CLASS.import(py, MODULE, "Observed")?.call1((identifiers, new, incomplete))
}

pub(crate) fn identifier<'py>(py: Python<'py>, identifier: &Identifier) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let Identifier { pointer, span, text, kind, canonical, relation, seen_in } = identifier;
    let seen_in = tuple(py, seen_in, sighting)?;
    CLASS.import(py, MODULE, "Identifier")?.call1((pointer, (span.start, span.end), text, kind, canonical, relation.name(), seen_in))
}

/// The class of `Guard.check_once`'s observations.
pub(crate) fn observation_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, MODULE, "Observation")
}

fn tuple<'py, T>(
    py: Python<'py>,
    items: &[T],
    convert: fn(Python<'py>, &T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let items = items.iter().map(|item| convert(py, item)).collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(py, items)
}
