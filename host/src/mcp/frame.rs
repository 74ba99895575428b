//! One JSON-RPC message, its parts left as they are spelt.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The parts that tell what a message is. A part that stands twice is an error: the peer might read
/// the other one.
#[derive(Debug, Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub params: Option<&'a RawValue>,
    #[serde(borrow)]
    pub result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

/// Who a request's answer is for: equal identifiers are equal however they are spelt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Text(String),
    Number(serde_json::Number),
    Odd(serde_json::Value),
}

/// What a request's `params` are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Params<'a> {
    /// Of a tool, or of a prompt.
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    pub meta: Option<&'a RawValue>,
    #[serde(borrow)]
    pub capabilities: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestId")]
    pub request_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "inputResponses")]
    pub input_responses: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestState")]
    pub request_state: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "taskId")]
    pub task_id: Option<Cow<'a, str>>,
}

/// Whether a frame holds several messages: a batch, which versions before 2025-06-18 know.
pub(super) fn is_batch(frame: &[u8]) -> bool {
    frame.trim_ascii_start().starts_with(b"[")
}

/// The messages of a batch.
pub(super) fn batch(frame: &[u8]) -> serde_json::Result<Vec<&RawValue>> {
    serde_json::from_slice(frame)
}

impl<'a> Frame<'a> {
    pub fn parse(frame: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(frame)
    }

    pub fn id(&self) -> Option<Id> {
        self.id.and_then(id)
    }

    pub fn params(&self) -> serde_json::Result<Params<'a>> {
        match self.params {
            Some(params) => serde_json::from_str(params.get()),
            None => Ok(Params::default()),
        }
    }

    /// Whether it answers a request.
    pub fn is_response(&self) -> bool {
        self.method.is_none() && (self.result.is_some() || self.error.is_some())
    }
}

pub(super) fn id(raw: &RawValue) -> Option<Id> {
    serde_json::from_str(raw.get()).ok()
}
