//! What is packed, and what is no text.

use super::{BUFFER, UTF8_MARK, ZIP};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

pub(super) type Peeked = BufReader<Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>>;

/// The first bytes, and a reader that still has them. One `fill_buf` would not do: a pipe may
/// hand over a single byte.
pub(super) fn peek(mut reader: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Peeked)> {
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
pub(super) fn text(head: &[u8], mut reader: Peeked) -> Result<Box<dyn BufRead + Send>, String> {
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

/// All frames of a zstd file; ruzstd decodes one.
pub(super) struct Frames<R> {
    reader: R,
    decoder: FrameDecoder,
    open: bool,
}

impl<R: BufRead> Frames<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, decoder: FrameDecoder::new(), open: false }
    }

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
