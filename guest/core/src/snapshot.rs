//! A session as bytes: what it observed and what it concluded, in a form of its own with a version.
//!
//! The indexes are not in it. They are built again from the texts, so a damaged or hostile snapshot
//! can at worst hold wrong texts, never a wrong index.

use crate::model::Error;
use alloc::{format, string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// Goes before the content, so that other bytes are told from a snapshot at once.
const MAGIC: &[u8; 8] = b"twinguar";
/// Changes with the fields below.
const VERSION: u8 = 2;

/// One observed text: source, tool, call id, turn, and its leaves as pointer, text and
/// whether it is a member's name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Text {
    pub source: String,
    pub tool: Option<String>,
    pub call_id: Option<String>,
    pub turn: u32,
    pub leaves: Vec<(String, String, bool)>,
}

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
    pub is_full: bool,
    pub is_incomplete: bool,
    pub texts: Vec<Text>,
    pub introduced: Vec<String>,
    pub suspects: Vec<(String, u32)>,
    pub secrets: Vec<u64>,
    pub tools: Vec<Text>,
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
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        // Writing to a vector cannot fail.
        bytes.extend(postcard::to_allocvec(self).unwrap_or_default());
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
        match postcard::take_from_bytes(content) {
            Ok((snapshot, [])) => Ok(snapshot),
            Ok((_, rest)) => Err(Error::InvalidSnapshot(format!("{} bytes follow its end", rest.len()))),
            Err(error) => Err(Error::InvalidSnapshot(format!("it is damaged: {error}"))),
        }
    }
}
