//! Builds the component from the guest (or takes the one `TWINGUARD_COMPONENT` names), and
//! compiles it ahead of time for the target of this build: nobody who runs it waits for that.

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, process};
use wasmtime::Engine;

#[path = "src/engine.rs"]
mod engine;

fn main() {
    if let Err(error) = build() {
        // One line each, so that the way out is not lost in the log.
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
        process::exit(1);
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    // Asked now, not when this program was compiled: a target folder may be shared by two checkouts.
    let host = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = host.parent().ok_or("the host stands alone")?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/engine.rs");
    println!("cargo::rerun-if-env-changed={}", twinguard_guest_build::GIVEN);
    match env::var_os(twinguard_guest_build::GIVEN) {
        Some(given) => println!("cargo::rerun-if-changed={}", given.display()),
        None => {
            for source in twinguard_guest_build::SOURCES {
                println!("cargo::rerun-if-changed={}", workspace.join(source).display());
            }
        }
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let target_dir = target_dir(&out);
    let component = twinguard_guest_build::guard(workspace, target_dir)?;
    let compiled = compile(&component, workspace, target_dir)?;
    fs::write(out.join("guard.wasm"), component)?;
    fs::write(out.join("guard.cwasm"), compiled)?;
    Ok(())
}

/// Compiles the component, unless a build of another profile or with other features did.
fn compile(component: &[u8], workspace: &Path, target_dir: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let target = env::var("TARGET")?;
    let mut config = engine::config();
    // Named even when it is this very machine: otherwise the code would use every instruction
    // this CPU has, and would run nowhere else.
    config
        .target(&target)
        .map_err(|error| format!("cannot compile the component for `{target}`: {error}; build on a machine of that kind"))?;
    if target.starts_with("x86_64") {
        // SAFETY: the flag changes which instructions are emitted, and the runtime refuses code
        // that needs one its CPU lacks. Every x86-64 since 2009 has these (popcnt above all).
        #[expect(unsafe_code, reason = "compiler flags are unsafe as a whole: some disable checks")]
        unsafe {
            config.cranelift_flag_enable("x86-64-v2");
        }
    }
    let mut key = DefaultHasher::new();
    (component, &target, format!("{config:?}"), compiler(workspace)?).hash(&mut key);
    let cache = target_dir.join("guest-wasm");
    let cached = cache.join(format!("{:016x}.cwasm", key.finish()));
    if let Ok(compiled) = fs::read(&cached) {
        return Ok(compiled);
    }
    let compiled = Engine::new(&config)?.precompile_component(component)?;
    // Renamed into place, so that no other build reads half of it.
    let draft = cached.with_extension(process::id().to_string());
    fs::create_dir_all(&cache)?;
    fs::write(&draft, &compiled)?;
    fs::rename(&draft, &cached)?;
    Ok(compiled)
}

/// Which compiler this is: its packages in the lock file.
fn compiler(workspace: &Path) -> Result<String, Box<dyn Error>> {
    let lock = fs::read_to_string(workspace.join("Cargo.lock"))?;
    let packages = lock.split("[[package]]").map(str::trim);
    let names = ["name = \"wasmtime", "name = \"cranelift", "name = \"regalloc2"];
    Ok(packages.filter(|package| names.iter().any(|name| package.starts_with(name))).collect())
}

/// The outer build's target folder, which cargo marks; its `guest-wasm` is then shared by every
/// profile. Without a mark, this build's own folder does.
fn target_dir(out: &Path) -> &Path {
    out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).unwrap_or(out)
}
