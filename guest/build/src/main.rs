//! `twinguard-guest-build WORKSPACE TARGET-DIR FILE` writes the component to a file, and says what
//! it is. `cargo xtask guest` is the short way to it.

use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [workspace, target_dir, file] = arguments.as_slice() else {
        eprintln!("error: give the workspace, a target folder and a file; or run `cargo xtask guest`");
        return ExitCode::from(2);
    };
    match write(Path::new(workspace), Path::new(target_dir), Path::new(file)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn write(workspace: &Path, target_dir: &Path, file: &Path) -> Result<(), String> {
    let component = twinguard_guest_build::component(workspace, target_dir)?;
    fs::write(file, &component).map_err(|error| format!("cannot write `{}`: {error}", file.display()))?;
    let twinguard_guest_build::Surface { imports, exports } = twinguard_guest_build::surface(&component)?;
    let or_none = |names: Vec<String>| if names.is_empty() { "none".into() } else { names.join(", ") };
    println!("file     {}", file.display());
    println!("bytes    {}", component.len());
    println!("sha256   {:x}", Sha256::digest(&component));
    println!("imports  {}", or_none(imports));
    println!("exports  {}", or_none(exports));
    Ok(())
}
