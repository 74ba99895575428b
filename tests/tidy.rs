//! What the tree promises: modules in pipeline order, no paths of one machine, no file too long to
//! read. (That every table row has its data, and every data file its row, `kinds.rs` and `traces.rs`
//! see to.)
#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files below `folder` with this ending, sorted, build output left out.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if entry.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
                open.push(entry);
            } else if name.ends_with(ending) {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// The modules that a source text names behind `crate::`.
fn used(source: &str) -> BTreeSet<String> {
    let ident = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = BTreeSet::new();
    for (at, _) in source.match_indices("crate::") {
        // `pub(crate)` and other crates' paths end in another way.
        let rest = &source[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(ident(rest));
            continue;
        };
        let mut depth = 0;
        let mut item = String::new();
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    names.insert(ident(&item));
                    item.clear();
                    continue;
                }
                _ => {}
            }
            item.push(c);
        }
        names.insert(ident(&item));
    }
    names
}

/// A module uses only those listed above it in `lib.rs`: nothing flows back.
#[test]
fn modules_use_only_modules_above_them() {
    for krate in ["guest/core/src", "guest/trace/src", "host/src"] {
        let folder = root().join(krate);
        let lib = fs::read_to_string(folder.join("lib.rs")).unwrap();
        let modules: Vec<String> = lib
            .lines()
            .filter_map(|line| line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod ")))
            .filter_map(|rest| rest.strip_suffix(';'))
            .map(str::to_owned)
            .collect();
        assert!(modules.len() > 3, "{krate}: lib.rs lists its modules one a line");
        for (position, module) in modules.iter().enumerate() {
            let mut sources = vec![folder.join(format!("{module}.rs"))];
            if folder.join(module).is_dir() {
                sources.extend(files(&folder.join(module), ".rs"));
            }
            for source in sources {
                let text = fs::read_to_string(&source).unwrap();
                for name in used(&text) {
                    let Some(other) = modules.iter().position(|other| *other == name) else { continue };
                    assert!(other <= position, "{}: `{module}` uses `{name}`, which stands below it in lib.rs", source.display());
                }
            }
        }
    }
}

/// A user has none of the paths of the machine something was written on.
#[test]
fn no_machine_path_stands_in_the_tree() {
    let forbidden = ["/work/", "/root/", "../shared"]; // this file, which names them, is left out below
    for ending in [".rs", ".toml", ".md", ".yml", ".wit", ".jsonl", ".mjs", ".py"] {
        for file in files(&root(), ending).iter().filter(|file| !file.ends_with("tests/tidy.rs")) {
            // Some test data is broken on purpose.
            let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
            for path in forbidden {
                assert!(!text.contains(path), "{} names `{path}`", file.display());
            }
        }
    }
}

/// One subject a file, readable in one sitting.
#[test]
fn no_source_file_is_too_long_to_read() {
    for file in files(&root(), ".rs") {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        let is_generated = file.ends_with("confusable/table.rs");
        assert!(lines <= 600 || is_generated, "{} has {lines} lines: two subjects?", file.display());
    }
}
