//! Asks for the wasm target first of all: this script depends on nothing, so a missing target is
//! told within seconds, not after the compiler that needs its output has been built.

use std::{env, process};

#[path = "src/target.rs"]
mod target;

fn main() {
    println!("cargo::rerun-if-env-changed=TWINGUARD_COMPONENT");
    if env::var_os("TWINGUARD_COMPONENT").is_some() {
        return; // a component that was built elsewhere needs no target here
    }
    match target::installed() {
        Ok(folder) => println!("cargo::rerun-if-changed={}", folder.display()),
        Err(why) => {
            println!("cargo::error={why}");
            process::exit(1);
        }
    }
}
