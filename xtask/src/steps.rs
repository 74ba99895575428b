//! What the commands are made of.

use crate::shell::{Result, cargo, root, run, target_dir, tool, unusable, words};
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

pub fn guests() -> Result {
    let target = target_dir()?;
    build_guests(&root()?, &target, &target)
}

pub fn reproduce() -> Result {
    let here = target_dir()?;
    guests()?;
    // Another folder, with a longer name, and nothing of the first build to start from.
    let elsewhere = here.join("reproduce/a-checkout-at-another-place");
    if elsewhere.exists() {
        fs::remove_dir_all(&elsewhere).map_err(|error| unusable(&elsewhere, &error))?;
    }
    copy_sources(&root()?, &elsewhere)?;
    build_guests(&elsewhere, &elsewhere.join("target"), &elsewhere)?;
    let built = fs::read_dir(&elsewhere).map_err(|error| unusable(&elsewhere, &error))?.flatten();
    for there in built.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "wasm")) {
        let here = here.join(there.file_name().unwrap_or_default());
        let read = |file: &Path| fs::read(file).map_err(|error| unusable(file, &error));
        if read(&here)? != read(&there)? {
            return Err(format!("`{}` and `{}` differ: what in them depends on the place?", here.display(), there.display()));
        }
    }
    // 200 MB, and only in the way of the next run.
    fs::remove_dir_all(&elsewhere).map_err(|error| unusable(&elsewhere, &error))
}

/// What the Rust host makes of every case, for the other hosts to agree with.
pub fn verdicts() -> Result {
    cargo(&["run", "--package", "twinguard-tests", "--bin", "verdicts"])
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

/// Builds the guests of a workspace with the program that knows how.
fn build_guests(workspace: &Path, target: &Path, folder: &Path) -> Result {
    // With the same packages selected as by the tests, so that cargo finds all of it built.
    cargo(&["build", "--workspace", "--bins"])?;
    let builder = target_dir()?.join("debug").join(format!("twinguard-guest-build{EXE_SUFFIX}"));
    run(Command::new(builder).args([workspace, target, folder]))
}

/// Copies what cargo needs: manifests, sources and the contract, without output and test data.
fn copy_sources(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to).map_err(|error| unusable(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| unusable(from, &error))?.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            let skipped = ["target", ".git", ".venv", "data", "node_modules", "node"];
            if !skipped.iter().any(|folder| name == *folder) {
                copy_sources(&path, &to.join(name))?;
            }
        } else if path.extension().is_some_and(|ending| ["rs", "toml", "lock", "wit"].iter().any(|known| ending == *known)) {
            fs::copy(&path, to.join(name)).map_err(|error| unusable(&path, &error))?;
        }
    }
    Ok(())
}

fn has_target(target: &str) -> Result<bool> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir", "--target", target]).current_dir(root()?);
    let answer = ask.output().map_err(|error| format!("cannot run `{}`: {error}", words(&ask)))?;
    Ok(Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_dir())
}
