//! `twinguard-guest-build WORKSPACE TARGET-DIR FOLDER` writes every guest into a folder, and says
//! what it is. `cargo xtask guest` is the short way to it.

use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};
use twinguard_guest_build::{GUESTS, Guest, Surface};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [workspace, target_dir, folder] = arguments.as_slice() else {
        eprintln!("error: give the workspace, a target folder and one to write to; or run `cargo xtask guest`");
        return ExitCode::from(2);
    };
    let (workspace, target_dir) = (Path::new(workspace), Path::new(target_dir));
    match GUESTS.iter().try_for_each(|guest| write(guest, workspace, target_dir, Path::new(folder))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn write(guest: &Guest, workspace: &Path, target_dir: &Path, folder: &Path) -> Result<(), String> {
    let bytes = twinguard_guest_build::build(guest, workspace, target_dir)?;
    let file = folder.join(guest.file);
    fs::write(&file, &bytes).map_err(|error| format!("cannot write `{}`: {error}", file.display()))?;
    let Surface { imports, exports } = twinguard_guest_build::surface(&bytes)?;
    let or_none = |names: Vec<String>| if names.is_empty() { "none".into() } else { names.join(", ") };
    println!("file     {}", file.display());
    println!("bytes    {}", bytes.len());
    println!("sha256   {:x}", Sha256::digest(&bytes));
    println!("imports  {}", or_none(imports));
    println!("exports  {}", or_none(exports));
    println!();
    Ok(())
}
