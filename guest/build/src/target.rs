//! Is the standard library of the guest's target installed?

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// What the guest is compiled for: WebAssembly without an operating system, so that there is
/// nothing it could import.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The folder of the target's standard library, or how to install it.
pub fn installed() -> Result<PathBuf, String> {
    let folder = PathBuf::from(ask(&["--print", "target-libdir", "--target", TARGET])?);
    if folder.is_dir() { Ok(folder) } else { Err(format!("the target `{TARGET}` is not installed; run `rustup target add {TARGET}`")) }
}

/// What the compiler answers to a question.
pub fn ask(question: &[&str]) -> Result<String, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(&rustc)
        .args(question)
        .output()
        .map_err(|error| format!("cannot run `{}`: {error}; install Rust with rustup", rustc.display()))?;
    if !answer.status.success() {
        let why = String::from_utf8_lossy(&answer.stderr);
        return Err(format!("`{} {}` failed: {}", rustc.display(), question.join(" "), why.trim()));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}
