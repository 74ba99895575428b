//! A session as bytes: what it observed and what it concluded, in a form of its own with a version.
//!
//! Reading one has to be quick: a hook is a process that reads the whole memory for one check. So the ledger is
//! in it as it stands, not as texts to be read again, and a checksum tells damage before anything is believed.
//! Who can write snapshots can make a session believe anything, whatever their form: keep them like a memory.

use crate::{ledger::Image, model::Error};
use alloc::{format, string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// Goes before the content, so that other bytes are told from a snapshot at once.
const MAGIC: &[u8; 8] = b"twinguar";
/// Changes with the fields below, those of [`Image`], and what their numbers mean.
const VERSION: u8 = 3;

/// A call whose result is still awaited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub tool: String,
    pub call_id: Option<String>,
    /// What the model wrote in it that had not been seen.
    pub written: Vec<String>,
    /// All it wrote, where somebody asks where identifiers come from.
    pub asked: Vec<String>,
}

/// Everything a session knows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub turn: u32,
    pub is_incomplete: bool,
    pub ledger: Image,
    /// The patterns of the user's own kinds that the ledger was filled under.
    pub kinds: Vec<String>,
    pub introduced: Vec<String>,
    pub suspects: Vec<(String, u32)>,
    pub secrets: Vec<u64>,
    pub tools: Image,
    pub asked: Vec<(u32, Vec<String>)>,
    pub seed: u64,
    pub slots: Vec<(bool, String, u32, u32)>,
    pub last_values: Vec<(String, String)>,
    pub pending: Vec<Pending>,
}

impl Snapshot {
    /// The bytes of a snapshot.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing to a vector cannot fail.
        let content = postcard::to_allocvec(self).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(crc32fast::hash(&content).to_le_bytes());
        bytes.extend(content);
        bytes
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// [`Error::InvalidSnapshot`] for anything that [`Snapshot::to_bytes`] did not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let content = bytes.strip_prefix(MAGIC).ok_or_else(|| Error::InvalidSnapshot(String::from("it does not begin like one")))?;
        let (&version, content) =
            content.split_first().ok_or_else(|| Error::InvalidSnapshot(String::from("it ends after its first bytes")))?;
        if version != VERSION {
            return Err(Error::InvalidSnapshot(format!("it has version {version}, this build reads version {VERSION}")));
        }
        let (checksum, content) =
            content.split_first_chunk().ok_or_else(|| Error::InvalidSnapshot(String::from("it ends after its first bytes")))?;
        if u32::from_le_bytes(*checksum) != crc32fast::hash(content) {
            return Err(Error::InvalidSnapshot(String::from("it is damaged: its checksum does not hold")));
        }
        match postcard::take_from_bytes(content) {
            Ok((snapshot, [])) => Ok(snapshot),
            Ok((_, rest)) => Err(Error::InvalidSnapshot(format!("{} bytes follow its end", rest.len()))),
            Err(error) => Err(Error::InvalidSnapshot(format!("it is damaged: {error}"))),
        }
    }
}
