//! Builds what runs inside WebAssembly hosts from the guest's sources, for host/build.rs and
//! `cargo xtask guest`.
//!
//! Equal sources give equal bytes, wherever the folder lies and whatever the outer build was told.

mod target;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use wasmparser::{BinaryReaderError, ExternalKind, Parser, Payload};
use wit_component::{ComponentEncoder, DecodedWasm};

/// Names the guard's component to take, where it was built elsewhere: its file.
pub const GIVEN: &str = "TWINGUARD_COMPONENT";

/// One thing that is built for WebAssembly hosts.
#[derive(Debug)]
pub struct Guest {
    /// Its package in the workspace.
    pub package: &'static str,
    /// What its file is called.
    pub file: &'static str,
    form: Form,
    /// Everything it may ask of a host.
    imports: &'static [&'static str],
    /// Everything it offers, sorted.
    exports: &'static [&'static str],
}

#[derive(Debug, PartialEq)]
enum Form {
    /// Carries its contract, in WIT.
    Component,
    /// A plain module: the host and it agree by name.
    Module,
}

/// The guard, what every host loads.
pub const GUARD: Guest = Guest {
    package: "twinguard-guest",
    file: "twinguard.wasm",
    form: Form::Component,
    imports: &[],
    exports: &["twinguard:guard/guard@0.1.0"],
};

/// Everything there is to build.
pub const GUESTS: &[Guest] = &[
    GUARD,
    Guest {
        package: "twinguard-verifier",
        file: "verifier.wasm",
        form: Form::Component,
        imports: &[],
        exports: &["twinguard:guard/verifier@0.1.0"],
    },
    Guest {
        package: "twinguard-extism",
        file: "twinguard.extism.wasm",
        form: Form::Module,
        imports: &["extism:host/env"], // how an Extism plug-in gets its input and gives its output
        exports: &["check", "check_once", "check_text", "close", "identify", "observe", "open", "restore", "snapshot"],
    },
];

/// What the guard is made of, relative to the workspace: when to build it again.
pub const SOURCES: &[&str] = &[
    "guest/component/Cargo.toml",
    "guest/component/src",
    "guest/core/Cargo.toml",
    "guest/core/src",
    "wit",
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
];

/// The guard's bytes: those of the file that `TWINGUARD_COMPONENT` names, or else [built](build).
///
/// # Errors
/// As [`build`], and when the named file cannot be read.
pub fn guard(workspace: &Path, target_dir: &Path) -> Result<Vec<u8>, String> {
    let Some(file) = env::var_os(GIVEN) else { return build(&GUARD, workspace, target_dir) };
    let file = Path::new(&file);
    let component = fs::read(file).map_err(|error| format!("cannot read `{}` ({GIVEN}): {error}", file.display()))?;
    verify(&GUARD, &component)?;
    Ok(component)
}

/// Builds a guest of `workspace`, with everything in between in a `guest-wasm` folder of
/// `target_dir`.
///
/// # Errors
/// In words that end with the way out: the target is missing, the guest does not compile, or the
/// result does not import and export what it should.
pub fn build(guest: &Guest, workspace: &Path, target_dir: &Path) -> Result<Vec<u8>, String> {
    let module = module(guest, workspace, &target_dir.join("guest-wasm"))?;
    let built = if guest.form == Form::Component { encode(&module)? } else { module };
    verify(guest, &built)?;
    Ok(built)
}

/// What a guest imports and what it exports.
#[derive(Debug)]
pub struct Surface {
    /// Everything a host would have to provide: interfaces, or a module's namespaces.
    pub imports: Vec<String>,
    /// Everything a host can use: interfaces, or a module's functions.
    pub exports: Vec<String>,
}

/// Reads what a component or a module imports and exports, sorted.
///
/// # Errors
/// When the bytes are neither.
pub fn surface(guest: &[u8]) -> Result<Surface, String> {
    let mut surface = if Parser::is_core_wasm(guest) { of_module(guest) } else { of_component(guest) }?;
    for names in [&mut surface.imports, &mut surface.exports] {
        names.sort_unstable();
        names.dedup();
    }
    Ok(surface)
}

fn of_component(component: &[u8]) -> Result<Surface, String> {
    // Not a search for import sections: those of the modules nested inside are its own affair.
    match wit_component::decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => {
            let world = &resolve.worlds[world];
            Ok(Surface {
                imports: world.imports.keys().map(|key| resolve.name_world_key(key)).collect(),
                exports: world.exports.keys().map(|key| resolve.name_world_key(key)).collect(),
            })
        }
        Ok(DecodedWasm::WitPackage(..)) => Err("not a component but a WIT package".into()),
        Err(error) => Err(format!("not a component: {error:#}")),
    }
}

fn of_module(module: &[u8]) -> Result<Surface, String> {
    let broken = |error: BinaryReaderError| format!("not a module: {error}");
    let mut surface = Surface { imports: Vec::new(), exports: Vec::new() };
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(broken)? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    surface.imports.push(import.map_err(broken)?.module.into());
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(broken)?;
                    if export.kind == ExternalKind::Func {
                        surface.exports.push(export.name.into());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(surface)
}

/// INVARIANT: no host ever sees a guest that imports more than its form of host must give.
fn verify(guest: &Guest, built: &[u8]) -> Result<(), String> {
    let Guest { file, imports: allowed, exports: promised, .. } = guest;
    let Surface { imports, exports } = surface(built)?;
    if imports != *allowed {
        return Err(format!("{file} must import {allowed:?} alone, but it imports {imports:?}; remove from guest/ what asks for it"));
    }
    if exports != *promised {
        return Err(format!("{file} must export {promised:?} alone, but it exports {exports:?}"));
    }
    Ok(())
}

/// Wraps a core module, whose custom section carries the contract, into a component.
fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| format!("cannot make a component of the guest: {error:#}"))
}

/// Compiles the guest with a cargo of its own, and gives the core module.
fn module(guest: &Guest, workspace: &Path, target_dir: &Path) -> Result<Vec<u8>, String> {
    target::installed()?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args(["build", "--locked", "--package", guest.package])
        .args(["--target", target::TARGET, "--profile", "guest", "--target-dir"])
        .arg(target_dir)
        .current_dir(workspace);
    for (name, _) in env::vars_os().filter(|(name, _)| leaks(name)) {
        build.env_remove(name);
    }
    build.env("RUSTC_WRAPPER", ""); // also over a wrapper in some cargo configuration
    build.env("CARGO_ENCODED_RUSTFLAGS", flags(workspace)?);
    let status = build.status().map_err(|error| format!("cannot run cargo for the guest: {error}"))?;
    if !status.success() {
        return Err("the guest does not compile: see cargo's own errors".into());
    }
    let file = target_dir.join(target::TARGET).join("guest").join(guest.package.replace('-', "_")).with_extension("wasm");
    fs::read(&file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))
}

/// Whether a variable says how the *outer* build is done: its flags (coverage, sanitizers), its
/// profile, its lints. How crates are fetched is the same for both.
fn leaks(name: &OsStr) -> bool {
    const FETCHING: [&str; 6] = ["CARGO_HOME", "CARGO_MAKEFLAGS", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"];
    let name = name.to_string_lossy();
    let building = ["CARGO_", "RUSTC", "RUSTFLAGS", "RUSTDOCFLAGS"].iter().any(|start| name.starts_with(start));
    building && !FETCHING.iter().any(|start| name.starts_with(start))
}

/// The guest's compiler flags. They replace those of any cargo configuration.
fn flags(workspace: &Path) -> Result<OsString, String> {
    // Every current host has vectors of 128 bits, and memchr is 12 times faster with them.
    let mut flags = OsString::from("-Ctarget-feature=+simd128");
    // A panic carries the path of its source file, even in a stripped module. Give every path a
    // name that does not depend on the machine.
    for (from, to) in places(workspace)? {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    Ok(flags)
}

fn places(workspace: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let mut places = vec![(workspace.to_owned(), "/twinguard".to_owned())];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    if let Some(home) = home.or_else(|| Some(env::home_dir()?.join(".cargo"))) {
        // One folder for each registry, and its name depends on the registry's address.
        let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
        places.extend(registries.map(|registry| (registry.path(), "/registry".to_owned())));
    }
    // Where rustup installed the standard library's sources, paths lead there instead of to the
    // name that the library was compiled under.
    let about = target::ask(&["-vV"])?;
    let commit = about.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
    let sources = Path::new(&target::ask(&["--print", "sysroot"])?).join("lib/rustlib/src/rust");
    places.push((sources, format!("/rustc/{commit}")));
    Ok(places)
}
