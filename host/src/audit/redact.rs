//! Findings without the identifiers in them.

use super::private;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fmt::{self, Write as _};
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use twinguard_core::model::{Finding, Neighbour, Sighting};

/// Bytes of the key: those of the hash.
const KEY: usize = 32;
/// Bytes of a hash that are written: 96 bits, with which a collision takes 10^14 identifiers.
const SHOWN: usize = 12;

/// A secret under which identifiers are hashed.
pub struct Redaction {
    keyed: Hmac<Sha256>,
}

impl Redaction {
    /// With the key beside a log, in `PATH.key`, made when there is none.
    ///
    /// # Errors
    /// When the key can be neither read nor made.
    pub fn beside(log: &Path) -> io::Result<Self> {
        let mut path = log.as_os_str().to_owned();
        path.push(".key");
        let key = key(&PathBuf::from(path))?;
        let keyed = Hmac::new_from_slice(&key).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { keyed })
    }

    /// The same finding, told without any identifier: values are hashes, and words about the
    /// difference between two of them are left out.
    pub(super) fn finding(&self, finding: &Finding) -> Finding {
        Finding {
            pointer: self.pointer(&finding.pointer),
            written: self.hash(&finding.written),
            nearest: finding.nearest.iter().map(|neighbour| self.neighbour(neighbour)).collect(),
            message: String::new(),
            ..finding.clone()
        }
    }

    fn neighbour(&self, neighbour: &Neighbour) -> Neighbour {
        let seen_in = neighbour.seen_in.iter().map(|sighting| Sighting { pointer: self.pointer(&sighting.pointer), ..sighting.clone() });
        Neighbour {
            value: self.hash(&neighbour.value),
            distance: neighbour.distance,
            edit: String::new(), // it names the characters that differ
            seen_in: seen_in.collect(),
        }
    }

    pub(crate) fn pointer(&self, pointer: &str) -> String {
        hidden(pointer, |segment| self.hash(segment))
    }

    pub(crate) fn hash(&self, value: &str) -> String {
        let mut mac = self.keyed.clone();
        mac.update(value.as_bytes());
        let mut shown = String::from("hmac:");
        for byte in mac.finalize().into_bytes().iter().take(SHOWN) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "{byte:02x}");
        }
        shown
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redaction")
    }
}

/// A pointer without identifiers. A key can be one too: names of fields and places in lists stay, and the
/// rest is hidden.
pub(crate) fn hidden(pointer: &str, hide: impl Fn(&str) -> String) -> String {
    let is_plain = |segment: &str| {
        let digits = segment.bytes().filter(u8::is_ascii_digit).count();
        digits == 0 || (digits == segment.len() && digits <= 4)
    };
    let segment = |segment: &str| if is_plain(segment) { segment.to_owned() } else { hide(segment) };
    pointer.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// The key in this file. Of several processes that find none, one makes it, and all of them read it.
fn key(path: &Path) -> io::Result<[u8; KEY]> {
    if !path.exists() {
        let mut key = [0; KEY];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        // Complete before it has its name, so that nobody reads half a key.
        let mut mine = path.as_os_str().to_owned();
        mine.push(format!(".{}", std::process::id()));
        let mine = PathBuf::from(mine);
        private(OpenOptions::new().write(true).create(true).truncate(true)).open(&mine)?.write_all(&key)?;
        let linked = fs::hard_link(&mine, path);
        fs::remove_file(&mine)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let mut key = Vec::new();
    OpenOptions::new().read(true).open(path)?.read_to_end(&mut key)?;
    key.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is no key of {KEY} bytes", path.display())))
}
