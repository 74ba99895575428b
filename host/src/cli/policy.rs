//! `twinguard policy`, and the `--policy` of other commands.

use super::Failure;
use crate::policy::{self, Flaw, Form};
use crate::{Error, Guard};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstream::{AutoStream, ColorChoice};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// The policy as JSON; no file means the defaults. A policy that is wrong is wrong before anything is
/// read.
pub(super) fn load(guard: &Guard, path: Option<&Path>) -> Result<String, Failure> {
    let Some(path) = path else { return Ok(String::new()) };
    let json = policy::read(path)?;
    guard.session(&json)?;
    Ok(json)
}

/// Shows every mistake in a policy file under the line that it stands in.
pub(super) fn check(path: &Path, color: ColorChoice) -> Result<u8, Failure> {
    let is_stdin = path.as_os_str() == "-";
    let text = if is_stdin { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
    let name = if is_stdin { "the standard input".to_owned() } else { path.display().to_string() };
    let text = text.map_err(|error| Error::UnreadablePolicy(format!("`{name}` cannot be read: {error}")))?;
    let mut out = AutoStream::new(io::stdout().lock(), color);
    match policy::parse(&text, Form::of(path, &text)) {
        Ok(json) => {
            // The component has the last word.
            Guard::new()?.session(&json)?;
            writeln!(out, "{}: a valid policy", crate::report::one_line(&name))?;
            Ok(0)
        }
        Err(flaws) => {
            for flaw in &flaws {
                writeln!(out, "{}\n", Renderer::styled().render(&[snippet(&name, &text, flaw)]))?;
            }
            let count = if flaws.len() == 1 { "1 mistake".to_owned() } else { format!("{} mistakes", flaws.len()) };
            writeln!(out, "{count}; `twinguard policy default` prints a valid policy that explains every key")?;
            Ok(1)
        }
    }
}

fn snippet<'t>(name: &'t str, text: &'t str, flaw: &'t Flaw) -> Group<'t> {
    let place = Snippet::source(text).path(name).annotation(AnnotationKind::Primary.span(flaw.span.clone()));
    Level::ERROR.primary_title(flaw.message.as_str()).element(place)
}

/// Prints the default policy.
pub(super) fn print_default() -> Result<u8, Failure> {
    io::stdout().lock().write_all(policy::DEFAULT.as_bytes())?;
    Ok(0)
}
