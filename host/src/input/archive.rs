//! Logs of inspect-ai as zip archives (`.eval`): one record a sample, so that one at a time is held.

use super::Frames;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::vec;
use twinguard_trace::json::Json;
use zip::{CompressionMethod, ZipArchive};

/// What an archive is read from.
pub(super) trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

/// The head of the log: written at the end of a run, and at its beginning.
const HEADS: &[&str] = &["header.json", "_journal/start.json"];
/// More than this is no sample of a conversation, but a bomb.
const LARGEST: u64 = 1 << 30;

/// The samples of a log as JSON Lines.
pub(super) struct Samples {
    archive: ZipArchive<Box<dyn Source>>,
    /// The beginning of every record.
    head: String,
    left: vec::IntoIter<usize>,
    record: Cursor<Vec<u8>>,
}

impl Samples {
    /// Opens an archive; `None` when it is no log.
    pub fn open(source: Box<dyn Source>) -> io::Result<Option<Self>> {
        let mut archive = ZipArchive::new(source)?;
        let Some(at) = HEADS.iter().find_map(|name| archive.index_for_name(name)) else { return Ok(None) };
        let head = head(&member(&mut archive, at)?)?;
        let is_sample = |name: &str| name.starts_with("samples/") && name.ends_with(".json");
        let named = |at: &usize| matches!(archive.name_for_index(*at), Some(Ok(name)) if is_sample(&name));
        let samples: Vec<usize> = (0..archive.len()).filter(named).collect();
        Ok(Some(Self { archive, head, left: samples.into_iter(), record: Cursor::default() }))
    }
}

/// What every record begins with: the parts of the head that tell of the samples. The rest may be
/// longer than a sample.
fn head(text: &[u8]) -> io::Result<String> {
    let text = std::str::from_utf8(text).map_err(invalid)?;
    let fields = Json::parse(text).map_err(invalid)?.fields();
    let eval = fields.get("eval").map(Json::fields).unwrap_or_default();
    let pick = |name: &str| eval.get(name).map(|value| format!("\"{name}\":{}", value.text()));
    let eval: Vec<String> = ["model", "created"].into_iter().filter_map(pick).collect();
    let version = fields.get("version").map_or("2", Json::text);
    Ok(format!("{{\"version\":{version},\"eval\":{{{}}},\"samples\":[", eval.join(",")))
}

impl Read for Samples {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.record.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(at) = self.left.next() else { return Ok(0) };
            let sample = member(&mut self.archive, at)?;
            self.record = Cursor::new([self.head.as_bytes(), &sample, b"]}\n"].concat());
        }
    }
}

/// One member, unpacked. The zip library finds it; unpacking is done by what unpacks files, because
/// inspect-ai packs with zstd, for which the library would need a C compiler.
fn member(archive: &mut ZipArchive<Box<dyn Source>>, at: usize) -> io::Result<Vec<u8>> {
    let packed = archive.by_index_raw(at)?;
    let (name, method, crc) = (packed.name()?.into_owned(), packed.compression(), packed.crc32());
    let packed = BufReader::new(packed);
    let mut unpacked: Box<dyn Read + '_> = match method {
        CompressionMethod::Stored => Box::new(packed),
        CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(packed)),
        CompressionMethod::ZSTD => Box::new(Frames::new(packed)),
        other => return Err(invalid(format!("`{name}` is packed with {other}; expected stored, deflate or zstd"))),
    };
    let mut text = Vec::new();
    unpacked.by_ref().take(LARGEST).read_to_end(&mut text)?;
    let mut found = Crc::new();
    found.update(&text);
    if found.sum() == crc {
        Ok(text)
    } else {
        Err(invalid(format!("`{name}` is damaged: its checksum is wrong, or it is larger than {} MiB", LARGEST >> 20)))
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
