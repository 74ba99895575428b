//! A hook's span, sent by a process that outlives the hook: the agent gets its answer and the hook's
//! end as if there were no collector.
//!
//! That process has nobody to complain to. What went wrong lies in the store's folder, and a later
//! hook tells it, once until an export has succeeded again.

use super::Span;
use super::export::{Exporter, patience};
use crate::store;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The hidden command of the process that sends.
pub const COMMAND: &str = "send-span";

/// Processes that send at once. While a collector hangs, spans beyond them are dropped.
const MOST: usize = 16;

/// Starts the process, and gives it the span. Gives what went wrong with an earlier one, if nobody
/// was told yet.
///
/// # Errors
/// When no process can be started.
pub fn hand_over(span: &Span, program: &Path, folder: &Path) -> io::Result<Option<String>> {
    let (failed, told) = notes(folder);
    let earlier = fs::read_to_string(&failed).ok().filter(|_| fs::rename(&failed, told).is_ok());
    let mut command = Command::new(program);
    command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    apart(&mut command);
    let mut child = command.spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(&serde_json::to_vec(span)?)?;
    }
    Ok(earlier)
}

/// The other end: reads a span from the standard input, sends it, and notes what became of it.
///
/// # Errors
/// When there is no span, or nothing can be noted.
pub fn take_over() -> io::Result<()> {
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    let span: Span = serde_json::from_slice(&text)?;
    let folder = store::folder().map_err(io::Error::other)?;
    store::make_private(&place(&folder))?;
    let (failed, told) = notes(&folder);
    let outcome = match slot(&folder) {
        Some(_held) => send(&span),
        None => Err(format!("{MOST} spans are on their way already, and the collector does not take them")),
    };
    match outcome {
        Ok(()) => {
            let _ = fs::remove_file(failed);
            let _ = fs::remove_file(told);
            Ok(())
        }
        Err(_) if told.exists() => Ok(()),
        Err(why) => store::private_file().truncate(true).open(failed)?.write_all(why.as_bytes()),
    }
}

fn send(span: &Span) -> Result<(), String> {
    let outcome = Arc::new(Mutex::new(Ok(()))); // so it stays for a span that nobody wants: a trace may be sampled
    let heard = Arc::clone(&outcome);
    let exporter = Exporter::open(move |became| {
        *heard.lock().unwrap_or_else(PoisonError::into_inner) = became.map_err(str::to_owned);
    })?;
    exporter.export(span);
    // The exporter keeps to its own time twice at most: the last try may begin at its end.
    let ended = exporter.end(patience() * 2);
    outcome.lock().unwrap_or_else(PoisonError::into_inner).clone().and(ended)
}

/// Of an agent that ends a hook's processes with it, this one is none.
fn apart(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(command, 0x0000_0008); // DETACHED_PROCESS
}

fn place(folder: &Path) -> PathBuf {
    folder.join("otlp")
}

/// What went wrong, before and after somebody was told.
fn notes(folder: &Path) -> (PathBuf, PathBuf) {
    (place(folder).join("failed"), place(folder).join("told"))
}

/// One of the places for those who send, kept until it is dropped or its process dies.
fn slot(folder: &Path) -> Option<File> {
    (0..MOST).find_map(|at| {
        let file = store::private_file().open(place(folder).join(format!("sending-{at}"))).ok()?;
        file.try_lock().ok().map(|()| file)
    })
}
