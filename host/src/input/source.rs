//! Bytes that can be read from any place on: tables and archives list what they hold at their end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Something of which any part can be read.
pub(super) trait Ranges: Send + Sync {
    /// How many bytes it has.
    fn size(&self) -> u64;

    /// Fills the buffer from `at` on, as far as it goes in one step; 0 only at the end.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A file on this machine.
pub(super) struct OnDisk {
    file: Mutex<File>,
    size: u64,
}

impl OnDisk {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file: Mutex::new(file), size })
    }
}

impl Ranges for OnDisk {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read(buffer)
    }
}

impl Ranges for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        self.get(at..).unwrap_or_default().read(buffer)
    }
}

/// Counts what is read.
pub(super) struct Counted<R> {
    pub raw: R,
    pub progress: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    fn count(&self, read: usize) -> usize {
        self.progress.fetch_add(read as u64, Ordering::Relaxed);
        read
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        Ok(self.count(read))
    }
}

impl Ranges for Counted<Arc<dyn Ranges>> {
    fn size(&self) -> u64 {
        self.raw.size()
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.count(self.raw.read_at(at, buffer)?))
    }
}

/// A place in something that can be read from any place on.
pub(super) struct At {
    source: Arc<dyn Ranges>,
    at: u64,
}

impl At {
    pub fn start(source: Arc<dyn Ranges>) -> Self {
        Self { source, at: 0 }
    }

    #[cfg(feature = "tables")]
    pub fn place(source: Arc<dyn Ranges>, at: u64) -> Self {
        Self { source, at }
    }
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read_at(self.at, buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for At {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let found = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = found.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        Ok(self.at)
    }
}
