//! Which hooks are at work: a file for each, locked by its process. When a process is killed, the
//! system opens the lock and the file stays: that is how the next one learns that an event was lost.
//!
//! A lock, and no process id: an id says nothing in another container, and is used again.

use super::{Key, make_private, private_file};
use crate::Error;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process;

/// A hook at work. Without [`Marker::done`] its event counts as lost.
#[derive(Debug)]
pub struct Marker {
    path: PathBuf,
    file: File,
}

/// What a hook left that died at its work.
#[derive(Debug, PartialEq, Eq)]
pub struct Orphan {
    path: PathBuf,
    /// Dialect, session and sub-agent; `None` when it died before it had read its payload.
    pub whose: Option<[String; 3]>,
}

impl Marker {
    /// Says that a hook is at work. To be called before anything is read.
    ///
    /// # Errors
    /// [`Error::Store`] when the folder cannot be written.
    pub fn begin(folder: &Path) -> Result<Self, Error> {
        let folder = folder.join("at-work");
        let work = || -> io::Result<Self> {
            let name = format!("{}-{:016x}", process::id(), RandomState::new().hash_one(process::id()));
            let draft = folder.join(format!(".{name}"));
            let file = match private_file().open(&draft) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    make_private(&folder)?;
                    private_file().open(&draft)?
                }
                opened => opened?,
            };
            file.lock()?;
            // Only now can others see it: a file that is seen and not locked is an orphan.
            let path = folder.join(name);
            fs::rename(draft, &path)?;
            Ok(Self { path, file })
        };
        work().map_err(|error| {
            Error::Store(format!("`{}` cannot be written: {error}; name another folder with {}", folder.display(), super::FOLDER))
        })
    }

    /// Says which conversation the event is of.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be written.
    pub fn name(&mut self, key: &Key) -> Result<(), Error> {
        let line = serde_json::to_string(&[key.dialect, &key.session, &key.agent]).unwrap_or_default();
        // One write: who finds the file finds the whole line, or none.
        self.file.write_all(line.as_bytes()).map_err(|error| Error::Store(format!("`{}` cannot be written: {error}", self.path.display())))
    }

    /// The event is kept, or was none.
    pub fn done(self) {
        // If it stays, a later check says `incomplete` once too often.
        let _ = fs::remove_file(&self.path);
    }
}

impl Orphan {
    /// Finds the hooks that died. Each is found by one process only; until that one forgets it, or
    /// dies as well.
    pub fn find(folder: &Path) -> Vec<(Self, File)> {
        let Ok(entries) = fs::read_dir(folder.join("at-work")) else { return Vec::new() };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        paths.filter_map(Self::at).collect()
    }

    fn at(path: PathBuf) -> Option<(Self, File)> {
        if path.file_name()?.as_encoded_bytes().starts_with(b".") {
            return None;
        }
        let mut file = File::options().read(true).write(true).open(&path).ok()?;
        file.try_lock().ok()?;
        // Between being listed and being locked it may have ended in good order.
        if !path.exists() {
            return None;
        }
        let mut line = String::new();
        file.read_to_string(&mut line).ok()?;
        Some((Self { path, whose: serde_json::from_str(&line).ok() }, file))
    }

    /// It has been written down.
    pub fn forget(self) {
        let _ = fs::remove_file(self.path);
    }
}
