//! The host's errors as Python's exceptions, which are declared in Python.

use pyo3::PyErr;
use twinguard::Error;

/// Imported by name: the classes are documented and typed where Python's tools see them.
mod exceptions {
    pyo3::import_exception!(twinguard._errors, GuardFailed);
    pyo3::import_exception!(twinguard._errors, InvalidInput);
    pyo3::import_exception!(twinguard._errors, InvalidPolicy);
    pyo3::import_exception!(twinguard._errors, InvalidSnapshot);
    pyo3::import_exception!(twinguard._errors, LimitExceeded);
    pyo3::import_exception!(twinguard._errors, SessionClosed);
}

use exceptions::{GuardFailed, InvalidInput, InvalidPolicy, InvalidSnapshot, LimitExceeded, SessionClosed};

pub(crate) fn raised(error: &Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::InvalidPolicy(_) | Error::UnreadablePolicy(_) => InvalidPolicy::new_err(message),
        Error::InvalidSnapshot(_) => InvalidSnapshot::new_err(message),
        Error::LimitExceeded(_) => LimitExceeded::new_err(message),
        // The component cannot run here, or failed; so does whatever later versions add.
        _ => GuardFailed::new_err(message),
    }
}

pub(crate) fn invalid(message: String) -> PyErr {
    InvalidInput::new_err(message)
}

pub(crate) fn invalid_at(message: String, pointer: String) -> PyErr {
    InvalidInput::new_err((message, pointer))
}

pub(crate) fn closed() -> PyErr {
    SessionClosed::new_err("the session is closed; open another one for a new conversation, or close it later")
}

/// A thread panicked inside a session: what the session holds can no longer be trusted.
pub(crate) fn panicked() -> PyErr {
    GuardFailed::new_err("the guard failed: an earlier operation of this session panicked; please report that as a bug")
}
