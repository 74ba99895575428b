//! What callers pass: checked here, so that a wrong one is the same typed error everywhere.

use crate::error::invalid;
use crate::json::{self, SURROGATE, type_name};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::fmt::Display;

/// A text.
pub(crate) fn text(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    let Ok(text) = value.cast::<PyString>() else {
        return Err(invalid(format!("`{name}` must be a str, not {}", type_name(value))));
    };
    text.to_str().map(str::to_owned).map_err(|_| invalid(format!("`{name}`: {SURROGATE}")))
}

/// A text, or `None`.
pub(crate) fn optional_text(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<String>> {
    if value.is_none() { Ok(None) } else { text(value, name).map(Some) }
}

/// A text as it is, and any other value as JSON.
pub(crate) fn content(value: &Bound<'_, PyAny>, name: &str, most: usize) -> PyResult<String> {
    if value.is_instance_of::<PyString>() { text(value, name) } else { json::text(value, name, most) }
}

/// An object: a dict, or JSON text.
pub(crate) fn object(value: &Bound<'_, PyAny>, name: &str, most: usize) -> PyResult<String> {
    if value.is_instance_of::<PyDict>() || value.is_instance_of::<PyString>() {
        return content(value, name, most);
    }
    Err(invalid(format!("`{name}` must be a dict or JSON text, not {}", type_name(value))))
}

/// A policy: an object, or `None` for the defaults.
pub(crate) fn policy(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_none() { Ok(String::new()) } else { object(value, "policy", usize::MAX) }
}

/// One of the names that an enum has.
pub(crate) fn named<T: Copy>(value: &Bound<'_, PyAny>, name: &str, all: &[T], name_of: fn(T) -> &'static str) -> PyResult<T> {
    let given = text(value, name)?;
    let found = all.iter().copied().find(|one| name_of(*one) == given);
    found.ok_or_else(|| {
        let known: Vec<_> = all.iter().map(|one| format!("`{}`", name_of(*one))).collect();
        invalid(format!("`{name}`: there is no `{given}`; expected {}", known.join(", ")))
    })
}

/// A whole number; `None` takes the default.
pub(crate) fn number<'py, T>(value: &Bound<'py, PyAny>, name: &str, default: T, most: impl Display) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    if value.is_none() {
        return Ok(default);
    }
    value.extract::<T>().map_err(|_| invalid(format!("`{name}` must be an int from 0 to {most}, or None for the default")))
}

/// A truth value.
pub(crate) fn truth(value: &Bound<'_, PyAny>, name: &str) -> PyResult<bool> {
    value.extract().map_err(|_| invalid(format!("`{name}` must be a bool, not {}", type_name(value))))
}
