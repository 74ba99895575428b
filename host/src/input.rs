//! Paths to bytes: files, folders and globs, plain or compressed, and the standard input.

mod archive;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use twinguard_trace::event::Issue;

/// What a file in a folder has to be called to be read. A file that is named itself, or by a
/// glob, may be called anything.
const EXTENSIONS: &[&str] = &["json", "jsonl", "ndjson", "traj", "eval"];
const COMPRESSED: &[&str] = &["gz", "zst"];

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const ZIP: &[u8] = b"PK\x03\x04";
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const OTHER_ARCHIVE: &str =
    "a zip archive without a log of inspect-ai in it; expected JSON or JSON Lines, plain or as gzip or zstd: unpack it first";
/// Large enough to hold the start of anything, small enough to be read at once.
const BUFFER: usize = 256 << 10;

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// How it is called in messages and in the names of unnamed traces.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Bytes on disk; `None` where nobody knows.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            // What cannot be read has nothing to wait for.
            Self::File(path) => path.metadata().map_or(Some(0), |about| about.is_file().then_some(about.len())),
        }
    }

    /// Opens it, and unpacks gzip and zstd whatever the file is called. `progress` counts the
    /// bytes read from disk.
    ///
    /// # Errors
    /// When it cannot be read, or is no text at all.
    pub fn open(&self, progress: Arc<AtomicU64>) -> Result<Box<dyn BufRead + Send>, Issue> {
        let issue = |message| Issue { file: self.name(), line: None, message };
        let raw: Box<dyn Read + Send> = match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::File(path) => Box::new(File::open(path).map_err(|error| issue(unreadable(&error)))?),
        };
        let raw = Counted { raw, progress: Arc::clone(&progress) };
        let (head, reader) = peek(Box::new(raw)).map_err(|error| issue(unreadable(&error)))?;
        if head.starts_with(ZIP) {
            let samples = self.samples(reader, progress).map_err(|error| issue(unreadable(&error)))?;
            let reader = samples.ok_or_else(|| issue(OTHER_ARCHIVE.to_owned()))?;
            return Ok(Box::new(BufReader::with_capacity(BUFFER, reader)));
        }
        let unpacked: Box<dyn Read + Send> = if head.starts_with(GZIP) {
            Box::new(MultiGzDecoder::new(reader))
        } else if head.starts_with(ZSTD) {
            Box::new(Frames { reader, decoder: FrameDecoder::new(), open: false })
        } else {
            return text(&head, reader).map_err(issue);
        };
        let (head, reader) = peek(unpacked).map_err(|error| issue(unreadable(&error)))?;
        text(&head, reader).map_err(issue)
    }
}

impl Input {
    /// The samples of a zip archive, whose list of members stands at its end; `None` when it is no log.
    fn samples(&self, mut opened: Peeked, progress: Arc<AtomicU64>) -> io::Result<Option<archive::Samples>> {
        let source: Box<dyn archive::Source> = match self {
            Self::File(path) if path.is_file() => Box::new(Counted { raw: File::open(path)?, progress }),
            // A pipe cannot go to its end and back.
            _ => {
                let mut whole = Vec::new();
                opened.read_to_end(&mut whole)?;
                Box::new(Cursor::new(whole))
            }
        };
        archive::Samples::open(source)
    }
}

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
                    EXTENSIONS.join(", .")
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

fn is_trace(path: &Path) -> bool {
    let among = |path: &Path, list: &[&str]| {
        path.extension().and_then(OsStr::to_str).is_some_and(|ending| list.iter().any(|known| ending.eq_ignore_ascii_case(known)))
    };
    if among(path, COMPRESSED) {
        return among(Path::new(path.file_stem().unwrap_or_default()), EXTENSIONS);
    }
    among(path, EXTENSIONS)
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

type Peeked = BufReader<Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>>;

/// The first bytes, and a reader that still has them. One `fill_buf` would not do: a pipe may
/// hand over a single byte.
fn peek(mut reader: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Peeked)> {
    let mut head = Vec::new();
    if let Err(error) = reader.by_ref().take(1024).read_to_end(&mut head) {
        if head.is_empty() {
            return Err(error);
        }
        // What came before the damage is worth reading.
        reader = Box::new(Damaged(Some(error)));
    }
    let whole = Cursor::new(head.clone()).chain(reader);
    Ok((head, BufReader::with_capacity(BUFFER, whole)))
}

/// Tells of an error when its time has come.
struct Damaged(Option<io::Error>);

impl Read for Damaged {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Refuses what is certainly no text, with the way out.
fn text(head: &[u8], mut reader: Peeked) -> Result<Box<dyn BufRead + Send>, String> {
    if head.starts_with(ZIP) {
        return Err("a packed zip archive; expected JSON or JSON Lines, plain or as gzip or zstd: unpack it first".to_owned());
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err("UTF-16 text; expected UTF-8: convert it first, as with `iconv -f UTF-16 -t UTF-8`".to_owned());
    }
    if head.contains(&0) {
        return Err("binary data; expected JSON or JSON Lines, plain or as gzip or zstd".to_owned());
    }
    if head.starts_with(UTF8_MARK) {
        // `head` came from this buffer's start, so the mark is there to be skipped.
        let there = reader.fill_buf().map_or(0, <[u8]>::len);
        reader.consume(UTF8_MARK.len().min(there));
    }
    Ok(Box::new(reader))
}

/// Counts what passes.
struct Counted<R> {
    raw: R,
    progress: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.progress.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.raw.seek(to)
    }
}

/// All frames of a zstd file; ruzstd decodes one.
struct Frames<R> {
    reader: R,
    decoder: FrameDecoder,
    open: bool,
}

impl<R: BufRead> Frames<R> {
    /// Starts the next frame that holds data; `false` at the end.
    fn start(&mut self) -> io::Result<bool> {
        loop {
            if self.reader.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.init(&mut self.reader) {
                Ok(()) => {
                    self.open = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.reader.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.open = false;
        match self.decoder.get_checksum_from_data() {
            Some(stated) if self.decoder.get_calculated_checksum() != Some(stated) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of the zstd data is wrong"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.open && !self.start()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.reader, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.finish()?;
        }
    }
}
