//! Paths to bytes: files, folders, globs and URLs, plain or packed, texts or tables, and the standard
//! input.

mod archive;
mod find;
mod packed;
mod source;
#[cfg(feature = "stores")]
mod store;
#[cfg(feature = "tables")]
mod table;

pub use find::find;
#[cfg(feature = "stores")]
pub use store::Object;

use flate2::bufread::MultiGzDecoder;
use packed::{Frames, Peeked, peek, text};
use source::{At, Counted, Ranges};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use twinguard_trace::event::Issue;

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const ZIP: &[u8] = b"PK\x03\x04";
/// Parquet, and the two forms of Arrow: a file, and a stream of messages.
const TABLES: &[&[u8]] = &[b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"];
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const OTHER_ARCHIVE: &str =
    "a zip archive without a log of inspect-ai in it; expected JSON or JSON Lines, plain or as gzip or zstd: unpack it first";
/// Large enough to hold the start of anything, small enough to be read at once.
const BUFFER: usize = 256 << 10;

/// Something to read.
#[derive(Clone, Debug)]
pub enum Input {
    /// The standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// Bytes that are in memory already, as a row of a table is.
    Memory {
        /// What they are called.
        name: String,
        /// What a file would hold: plain or packed.
        bytes: Arc<[u8]>,
    },
    /// An object of a store that a URL names.
    #[cfg(feature = "stores")]
    Object(Object),
}

impl Input {
    /// How it is called in messages and in the names of unnamed traces.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Memory { name, .. } => name.clone(),
            #[cfg(feature = "stores")]
            Self::Object(object) => object.url().to_owned(),
        }
    }

    /// Bytes as it lies there; `None` where nobody knows.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            // What cannot be read has nothing to wait for.
            Self::File(path) => path.metadata().map_or(Some(0), |about| about.is_file().then_some(about.len())),
            Self::Memory { bytes, .. } => Some(bytes.len() as u64),
            #[cfg(feature = "stores")]
            Self::Object(object) => Some(object.size()),
        }
    }

    /// Opens it, and unpacks gzip and zstd whatever the file is called. The rows of a table become
    /// lines. `progress` counts the bytes that are read of it as it lies there.
    ///
    /// # Errors
    /// When it cannot be read, or is nothing that could hold traces.
    pub fn open(&self, progress: Arc<AtomicU64>) -> Result<Box<dyn BufRead + Send>, Issue> {
        let issue = |message| Issue { file: self.name(), line: None, message };
        let cannot = |error: io::Error| issue(unreadable(&error));
        let source = self.source(&progress).map_err(cannot)?;
        let raw: Box<dyn Read + Send> = match (&source, self) {
            (Some(source), _) => Box::new(At::start(Arc::clone(source))),
            // A pipe with a name.
            (None, Self::File(path)) => Box::new(Counted { raw: File::open(path).map_err(cannot)?, progress }),
            _ => Box::new(Counted { raw: io::stdin(), progress }),
        };
        let (head, reader) = peek(raw).map_err(cannot)?;
        if head.starts_with(ZIP) {
            let whole = At::start(whole(source, reader).map_err(cannot)?);
            let samples = archive::Samples::open(Box::new(BufReader::with_capacity(BUFFER, whole))).map_err(cannot)?;
            let reader = samples.ok_or_else(|| issue(OTHER_ARCHIVE.to_owned()))?;
            return Ok(Box::new(BufReader::with_capacity(BUFFER, reader)));
        }
        if TABLES.iter().any(|magic| head.starts_with(magic)) {
            #[cfg(not(feature = "tables"))]
            return Err(issue("a table; this build reads none: build with the feature `tables`, or write JSON Lines".to_owned()));
            #[cfg(feature = "tables")]
            {
                let rows = whole(source, reader).and_then(|whole| table::Rows::open(&head, whole)).map_err(cannot)?;
                return Ok(Box::new(BufReader::with_capacity(BUFFER, rows)));
            }
        }
        let unpacked: Box<dyn Read + Send> = if head.starts_with(GZIP) {
            Box::new(MultiGzDecoder::new(reader))
        } else if head.starts_with(ZSTD) {
            Box::new(Frames::new(reader))
        } else {
            return text(&head, reader).map_err(issue);
        };
        let (head, reader) = peek(unpacked).map_err(cannot)?;
        text(&head, reader).map_err(issue)
    }

    /// Where any part of it can be read; `None` for pipes.
    fn source(&self, progress: &Arc<AtomicU64>) -> io::Result<Option<Arc<dyn Ranges>>> {
        let raw: Arc<dyn Ranges> = match self {
            Self::Stdin => return Ok(None),
            Self::File(path) if !path.metadata()?.is_file() => return Ok(None),
            Self::File(path) => Arc::new(source::OnDisk::open(path)?),
            Self::Memory { bytes, .. } => Arc::new(bytes.to_vec()),
            #[cfg(feature = "stores")]
            Self::Object(object) => Arc::new(object.clone()),
        };
        Ok(Some(Arc::new(Counted { raw, progress: Arc::clone(progress) })))
    }
}

/// What lists its parts at its end: where it lies, or in memory where it came through a pipe, which cannot
/// go to its end and back.
fn whole(source: Option<Arc<dyn Ranges>>, mut opened: Peeked) -> io::Result<Arc<dyn Ranges>> {
    if let Some(source) = source {
        return Ok(source);
    }
    let mut whole = Vec::new();
    opened.read_to_end(&mut whole)?;
    Ok(Arc::new(whole))
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}
