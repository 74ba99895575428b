//! Running other programs, and where things lie.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub type Result<T = ()> = std::result::Result<T, String>;

pub fn unusable(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}

pub fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    Ok(root.ok_or("xtask stands alone")?.to_owned())
}

/// This program lies in the target folder, in `debug`.
pub fn target_dir() -> Result<PathBuf> {
    let program = env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let folder = program.ancestors().nth(2).ok_or("this program lies in no target folder")?;
    Ok(folder.to_owned())
}

pub fn tool() -> impl AsRef<OsStr> {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs cargo at the root of the tree. Nothing here is built twice, so what cargo would keep for the
/// next time, a gigabyte, is not kept.
pub fn cargo(arguments: &[&str]) -> Result {
    run(Command::new(tool()).args(arguments).env("CARGO_INCREMENTAL", "0"))
}

/// Runs a command at the root of the tree.
pub fn run(command: &mut Command) -> Result {
    run_in(&root()?, command)
}

/// Runs a command in a folder of the tree.
pub fn run_in(folder: &Path, command: &mut Command) -> Result {
    match command.current_dir(folder).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` in `{}` ended with {status}", words(command), folder.display())),
        Err(error) => Err(format!("cannot run `{}`: {error}", words(command))),
    }
}

pub fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
