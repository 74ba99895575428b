//! What the commands are made of.

use std::env::{self, consts::EXE_SUFFIX};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T = ()> = std::result::Result<T, String>;

/// Asked first: the build itself can only ask when the compiler it needs besides is built.
pub fn target() -> Result {
    const TARGET: &str = "wasm32-unknown-unknown";
    if has_target(TARGET)? { Ok(()) } else { Err(format!("run `rustup target add {TARGET}`")) }
}

pub fn format() -> Result {
    cargo(&["fmt", "--all", "--check"]).map_err(|error| format!("{error}; `cargo fmt --all` formats"))
}

pub fn clippy() -> Result {
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

pub fn test() -> Result {
    cargo(&["test", "--workspace", "--all-targets"])
}

pub fn doc_tests() -> Result {
    cargo(&["test", "--workspace", "--doc"])
}

pub fn doc() -> Result {
    let mut doc = Command::new(tool());
    doc.args(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    run(&mut doc)
}

pub fn no_std() -> Result {
    // This target has no standard library at all, so nothing can slip in through a dependency.
    const TARGET: &str = "wasm32v1-none";
    if !has_target(TARGET)? {
        run(Command::new("rustup").args(["target", "add", TARGET]))?;
    }
    cargo(&["build", "--package", "twinguard-core", "--target", TARGET])
}

pub fn guest() -> Result {
    build_component(&root()?, &target_dir()?, &target_dir()?.join("twinguard.wasm"))
}

pub fn reproduce() -> Result {
    let (root, target) = (root()?, target_dir()?);
    let here = target.join("twinguard.wasm");
    build_component(&root, &target, &here)?;
    // Another folder, with a longer name, and nothing of the first build to start from.
    let elsewhere = target.join("reproduce/a-checkout-at-another-place");
    if elsewhere.exists() {
        fs::remove_dir_all(&elsewhere).map_err(|error| unusable(&elsewhere, &error))?;
    }
    copy_sources(&root, &elsewhere)?;
    let there = elsewhere.join("twinguard.wasm");
    build_component(&elsewhere, &elsewhere.join("target"), &there)?;
    let read = |file: &Path| fs::read(file).map_err(|error| unusable(file, &error));
    if read(&here)? != read(&there)? {
        return Err(format!("`{}` and `{}` differ: what in them depends on the place?", here.display(), there.display()));
    }
    // 170 MB, and only in the way of the next run.
    fs::remove_dir_all(&elsewhere).map_err(|error| unusable(&elsewhere, &error))
}

pub fn bless() -> Result {
    let mut test = Command::new(tool());
    test.args(["test", "--workspace", "--all-targets"]);
    run(test.env("TWINGUARD_BLESS", "1").env("BLESS", "1"))
}

pub fn deny() -> Result {
    let tools = target_dir()?.join("tools");
    let installed = tools.join("bin").join(format!("cargo-deny{EXE_SUFFIX}"));
    let on_path = Command::new("cargo-deny").arg("--version").output().is_ok_and(|answer| answer.status.success());
    if !on_path && !installed.is_file() {
        let mut install = Command::new(tool());
        install.args(["install", "cargo-deny", "--locked", "--root"]).arg(&tools);
        run(&mut install)?;
    }
    let program = if on_path { PathBuf::from("cargo-deny") } else { installed };
    // Advisories change from day to day, and a commit that passed yesterday should pass today.
    run(Command::new(program).args(["--all-features", "check", "licenses", "bans", "sources"]))
}

/// Builds the component of a workspace with the program that knows how.
fn build_component(workspace: &Path, target: &Path, file: &Path) -> Result {
    // With the same packages selected as by the tests, so that cargo finds all of it built.
    cargo(&["build", "--workspace", "--bins"])?;
    let builder = target_dir()?.join("debug").join(format!("twinguard-guest-build{EXE_SUFFIX}"));
    run(Command::new(builder).args([workspace, target, file]))
}

/// Copies what cargo needs: manifests, sources and the contract, without output and test data.
fn copy_sources(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to).map_err(|error| unusable(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| unusable(from, &error))?.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            let skipped = ["target", ".git", "data", "node_modules", "python", "node"];
            if !skipped.iter().any(|folder| name == *folder) {
                copy_sources(&path, &to.join(name))?;
            }
        } else if path.extension().is_some_and(|ending| ["rs", "toml", "lock", "wit"].iter().any(|known| ending == *known)) {
            fs::copy(&path, to.join(name)).map_err(|error| unusable(&path, &error))?;
        }
    }
    Ok(())
}

fn unusable(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}

fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    Ok(root.ok_or("xtask stands alone")?.to_owned())
}

/// This program lies in the target folder, in `debug`.
fn target_dir() -> Result<PathBuf> {
    let program = env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let folder = program.ancestors().nth(2).ok_or("this program lies in no target folder")?;
    Ok(folder.to_owned())
}

fn tool() -> impl AsRef<OsStr> {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn cargo(arguments: &[&str]) -> Result {
    run(Command::new(tool()).args(arguments))
}

fn run(command: &mut Command) -> Result {
    let status = command.current_dir(root()?).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` ended with {status}", words(command))),
        Err(error) => Err(format!("cannot run `{}`: {error}", words(command))),
    }
}

fn has_target(target: &str) -> Result<bool> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir", "--target", target]).current_dir(root()?);
    let answer = ask.output().map_err(|error| format!("cannot run `{}`: {error}", words(&ask)))?;
    Ok(Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_dir())
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
