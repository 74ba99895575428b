//! `cargo run -p twinguard-tests --bin verdicts` writes what the Rust host makes of every case, as
//! `verdicts.jsonl` in the target folder. The tests of the other hosts compare theirs with it:
//!
//! ```text
//! {"file": "relations.jsonl", "line": 12, "verdict": {…}}     for every `check` and `check_text`
//! ```

use serde::Serialize;
use std::error::Error;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};
use twinguard::{Guard, Verdict};
use twinguard_tests::cases::{self, Step};
use twinguard_trace::form;

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: usize,
    verdict: form::Verdict<'a>,
}

fn main() -> ExitCode {
    match write() {
        Ok((count, file)) => {
            println!("{count} verdicts in {}", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(usize, PathBuf), Box<dyn Error>> {
    // This program lies in the target folder, in `debug`.
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("this program lies in no target folder")?;
    let path = target.join("verdicts.jsonl");
    let mut out = BufWriter::new(fs::File::create(&path)?);
    let mut count = 0;
    for judged in cases::sessions()?.into_iter().chain([cases::known_misses()]) {
        let file = judged.file_name().unwrap_or_default().to_string_lossy();
        judge(&judged, |line, verdict| {
            count += 1;
            serde_json::to_writer(&mut out, &Line { file: &file, line, verdict: form::Verdict::from(verdict) })?;
            Ok(out.write_all(b"\n")?)
        })?;
    }
    out.flush()?;
    Ok((count, path))
}

/// Gives every verdict of a case file, with its line.
fn judge(file: &std::path::Path, mut write: impl FnMut(usize, &Verdict) -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let guard = Guard::new()?;
    let mut session = guard.session("")?;
    for line in cases::read(file)? {
        let verdict = match line.step {
            Step::Begin { policy, .. } => {
                session = guard.session(&policy)?;
                continue;
            }
            Step::Observe(what) => {
                // A text that is refused is part of its case: the verdicts then say `incomplete`.
                let _ = session.observe(&what);
                continue;
            }
            Step::Check(call, _) => session.check(&call),
            Step::CheckText(text, _) => session.check_text(&text),
        };
        write(line.number, &verdict)?;
    }
    Ok(())
}
