//! The extension module behind the Python package `twinguard`: the host library, with Python
//! values on its outside. Its surface is private; `src/twinguard/` is the documented one.
//!
//! INVARIANT: the interpreter's lock is released while the guard works and while a file is read,
//! and a session's own lock is only ever waited for without it. Otherwise two threads could wait
//! for each other.

// `cargo test --all-targets` links a test program even for a crate without tests, and this one has
// no interpreter to link with.
#![cfg(not(test))]

mod error;
mod json;
mod argument;
mod verdict;
mod guard;
mod lines;

use pyo3::prelude::*;
use std::ffi::OsString;
use std::io::{self, Write as _};

/// The module, as Python loads it.
#[pymodule]
mod _twinguard {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::guard::{Guard, Session, seconds_of_a_check};
    #[pymodule_export]
    use super::json::json;
    #[pymodule_export]
    use super::lines::{Lines, Verifier, find};
    #[pymodule_export]
    use super::run_command;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// The command `twinguard`; the first argument is its own name. Returns the exit code.
#[pyfunction]
fn run_command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| {
        let code = twinguard::cli::run_from(arguments);
        // The interpreter ends this process, and knows nothing of what Rust still holds back.
        let _ = io::stdout().flush();
        code
    })
}
