//! Arguments to inputs: files, folders, globs and URLs.

use super::{Input, unreadable};
use std::ffi::OsStr;
use std::path::Path;
use twinguard_trace::event::Issue;

/// What a file in a folder has to be called to be read. A file that is named itself, or by a
/// glob, may be called anything.
const EXTENSIONS: &[&str] = &["json", "jsonl", "ndjson", "traj", "eval"];
/// The same, of tables.
const TABLES: &[&str] = if cfg!(feature = "tables") { &["parquet", "arrow"] } else { &[] };
const COMPRESSED: &[&str] = &["gz", "zst"];

/// The files that the arguments name, in the order of the arguments, a folder's and a glob's
/// files sorted. Without arguments it is the standard input.
///
/// What does not exist, or matches nothing, becomes an issue.
#[must_use]
pub fn find(paths: &[String]) -> (Vec<Input>, Vec<Issue>) {
    let (mut inputs, mut issues) = (Vec::new(), Vec::new());
    for path in paths {
        if path == "-" {
            inputs.push(Input::Stdin);
            continue;
        }
        let before = (inputs.len(), issues.len());
        let plain = Path::new(path);
        if plain.exists() {
            walk(plain, &mut inputs, &mut issues);
        } else if path.contains("://") {
            #[cfg(feature = "stores")]
            super::store::find(path, &mut inputs, &mut issues);
            #[cfg(not(feature = "stores"))]
            issues.push(Issue {
                file: path.clone(),
                line: None,
                message: "this build knows no URLs; build with the feature `stores`, or name a file".to_owned(),
            });
        } else if path.contains(['*', '?', '[']) {
            expand(path, &mut inputs, &mut issues);
        } else {
            issues.push(Issue {
                file: path.clone(),
                line: None,
                message: "no such file or folder; give a file, a folder, a glob, or `-` for the standard input".to_owned(),
            });
        }
        if before == (inputs.len(), issues.len()) {
            let message = if plain.is_dir() {
                format!(
                    "no traces in this folder; files ending in .{} are read (also with .gz or .zst after it), others when they are named",
                    [EXTENSIONS, TABLES].concat().join(", .")
                )
            } else {
                "this glob matches nothing; quote it so that the shell leaves it alone, and mind where it starts".to_owned()
            };
            issues.push(Issue { file: path.clone(), line: None, message });
        }
    }
    if paths.is_empty() {
        inputs.push(Input::Stdin);
    }
    (inputs, issues)
}

fn expand(pattern: &str, inputs: &mut Vec<Input>, issues: &mut Vec<Issue>) {
    let issue = |message| Issue { file: pattern.to_owned(), line: None, message };
    match glob::glob(pattern) {
        Ok(paths) => {
            for path in paths {
                match path {
                    Ok(path) => walk(&path, inputs, issues),
                    Err(error) => issues.push(issue(unreadable(error.error()))),
                }
            }
        }
        Err(error) => issues.push(issue(format!("no valid glob: {error}"))),
    }
}

/// A file is taken as it is; of a folder, what looks like a trace and is not hidden.
fn walk(path: &Path, inputs: &mut Vec<Input>, issues: &mut Vec<Issue>) {
    if !path.is_dir() {
        inputs.push(Input::File(path.to_owned()));
        return;
    }
    let files = walkdir::WalkDir::new(path)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b"."));
    for entry in files {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_trace(entry.path()) => {
                inputs.push(Input::File(entry.into_path()));
            }
            Ok(_) => {}
            // A link to a folder above: what it leads to is read where it stands.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => issues.push(Issue {
                file: error.path().unwrap_or(path).display().to_string(),
                line: None,
                message: error.io_error().map_or_else(|| error.to_string(), unreadable),
            }),
        }
    }
}

pub(super) fn is_trace(path: &Path) -> bool {
    let among = |path: &Path, list: &[&str]| {
        path.extension().and_then(OsStr::to_str).is_some_and(|ending| list.iter().any(|known| ending.eq_ignore_ascii_case(known)))
    };
    if among(path, COMPRESSED) {
        return among(Path::new(path.file_stem().unwrap_or_default()), EXTENSIONS);
    }
    among(path, EXTENSIONS) || among(path, TABLES)
}
