//! What is built, installed and tested outside cargo. Each step begins with what it needs installed,
//! so that a new machine needs only rustup, python3 and node.

use crate::shell::{Result, cargo, root, run, run_in, target_dir, tool, unusable};
use std::env::{self, consts::EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the wheel that users get, and installs it where nothing else is.
pub fn python() -> Result {
    let package = root()?.join("host/python");
    let folder = target_dir()?.join("python");
    let python = environment("package", &package.join("requirements-dev.txt"))?;
    // Optimised, since one of the tests is about time. The folder may hold a wheel of another version.
    let wheels = folder.join("wheels");
    if wheels.exists() {
        fs::remove_dir_all(&wheels).map_err(|error| unusable(&wheels, &error))?;
    }
    let mut build = Command::new(&python);
    build.args(["-m", "maturin", "build", "--release", "--out"]).arg(&wheels).arg("--manifest-path").arg(package.join("Cargo.toml"));
    run(build.arg("--interpreter").arg(&python).arg("--target-dir").arg(target_dir()?))?;
    // From that folder alone: the index has a package of every name.
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-index", "--find-links"]);
    run(install.arg(&wheels).arg("twinguard"))?;
    // The frameworks do not fit into one environment with each other, so the adapters and what needs an
    // engine have their own.
    let wheel = fs::read_dir(&wheels).map_err(|error| unusable(&wheels, &error))?.flatten().next().ok_or("no wheel was built")?;
    let mut adapters = Command::new(&python);
    adapters.arg(package.join("tests/integrations/run.py")).arg(wheel.path()).arg(folder.join("adapters"));
    run(&mut adapters)?;
    let checks: [&[&str]; 4] = [&["ruff", "format", "--check", "."], &["ruff", "check", "."], &["mypy"], &["pytest", "--quiet"]];
    checks.iter().try_for_each(|check| {
        let mut command = Command::new(&python);
        run_in(&package, command.arg("-m").args(*check).env("CARGO_TARGET_DIR", target_dir()?))
    })
}

pub fn node() -> Result {
    // Compiled before it is timed.
    cargo(&["build", "--release", "--package", "twinguard-benches", "--example", "check"])?;
    let package = root()?.join("host/node");
    npm(&package, &["ci", "--no-audit", "--no-fund"])?;
    // Packing builds, as from a clean clone.
    npm(&package, &["pack"])?;
    npm(&package, &["run", "check"])?;
    npm(&package, &["test"])
}

/// After `node`, which builds the package.
pub fn playground() -> Result {
    chromium()?;
    npm(&root()?.join("host/node"), &["run", "test:playground"])
}

/// After `node`, which installs the browser's driver.
pub fn report() -> Result {
    chromium()?;
    // Optimised: it writes pages of 50,000 findings.
    cargo(&["build", "--release", "--package", "twinguard"])?;
    let program = target_dir()?.join("release").join(format!("twinguard{EXE_SUFFIX}"));
    let mut test = Command::new(npm_name());
    run_in(&root()?.join("host/node"), test.args(["run", "test:report"]).env("TWINGUARD", &program))
}

/// A browser for the tests, and the fonts that the pictures of the pages were taken with.
fn chromium() -> Result {
    const NAMED: &str = "TWINGUARD_CHROMIUM";
    if env::var_os(NAMED).is_some() || Path::new("/usr/bin/chromium").exists() {
        return Ok(());
    }
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        run(apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
            .map_err(|error| format!("{error}; install Chromium yourself, or name one in {NAMED}"))
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--quiet", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core", "fonts-liberation"])
}

/// The official clients, servers, inspector and conformance suite around the MCP proxy.
pub fn mcp() -> Result {
    // Optimised, since one of the tests is about time.
    cargo(&["build", "--release", "--package", "twinguard"])?;
    let proxy = target_dir()?.join("release").join(format!("twinguard{EXE_SUFFIX}"));
    let tests = root()?.join("tests/mcp");
    let python = environment("mcp", &tests.join("python/requirements.txt"))?;
    let node = tests.join("node");
    npm(&node, &["ci", "--no-audit", "--no-fund"])?;
    let mut test = Command::new(npm_name());
    run_in(&node, test.arg("test").env("TWINGUARD", &proxy).env("TWINGUARD_PYTHON", &python))?;
    let mut test = Command::new(&python);
    run_in(&tests.join("python"), test.args(["-W", "ignore", "-m", "unittest", "test_proxy", "test_telemetry"]).env("TWINGUARD", &proxy))
}

pub fn extism() -> Result {
    let tests = root()?.join("guest/extism/tests");
    let python = environment("extism", &tests.join("python/requirements.txt"))?;
    run_in(&tests.join("python"), Command::new(python).args(["-m", "unittest"]))?;
    let node = tests.join("node");
    npm(&node, &["ci", "--no-audit", "--no-fund"])?;
    npm(&node, &["test"])
}

pub fn hosts() -> Result {
    let folder = root()?.join("tests/hosts");
    let mut build = Command::new(tool());
    build.args(["build", "--locked", "--bins", "-p", "wasmtime-cli", "-p", "wac-cli", "-p", "twinguard-hosts"]);
    run(build.arg("--manifest-path").arg(folder.join("Cargo.toml")).arg("--target-dir").arg(target_dir()?.join("hosts")))?;
    // Not `ci`: that refuses a lock file without the packages of platforms that a registry lacks.
    npm(&folder, &["install", "--no-save", "--no-audit", "--no-fund"])?;
    let python = environment("hosts", &folder.join("requirements.txt"))?;
    run_in(&folder, Command::new(python).args(["-m", "unittest"]))
}

/// A Python of its own with these requirements, in the target folder; gives the interpreter.
fn environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let folder = target_dir()?.join("python").join(name);
    let python = folder.join("bin/python");
    if !python.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
            .map_err(|error| format!("{error}; Python 3.10 or later with `venv` is needed (Debian: python3-venv)"))?;
    }
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))?;
    Ok(python)
}

/// Runs npm in a folder of the tree.
fn npm(folder: &Path, arguments: &[&str]) -> Result {
    run_in(folder, Command::new(npm_name()).args(arguments))
}

fn npm_name() -> &'static str {
    // On Windows it is a script, which is only found by its whole name.
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}
