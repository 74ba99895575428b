//! Event streams: passed event by event, as they came.

use super::conversations::{Shared, locked};
use super::{Failure, Stream, unhurried};
use http_body_util::channel::Sender;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::http::request::Parts;
use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A request that waits for a person. Its client listens to an event stream of ours.
pub(super) struct Waiting {
    pub head: Parts,
    pub out: Sender<Bytes, Infallible>,
    pub conversation: Shared,
    pub stream: Stream,
}

/// The body of a response that is an event stream. It is read only as fast as the client reads.
pub(super) struct Events {
    body: Incoming,
    conversation: Shared,
    stream: Stream,
    /// The beginning of an event.
    rest: Vec<u8>,
    /// How far no end of it was found.
    searched: usize,
}

impl Events {
    pub fn new(body: Incoming, conversation: Shared, stream: Stream) -> Self {
        Self { body, conversation, stream, rest: Vec::new(), searched: 0 }
    }

    /// The events that are complete by now, looked at.
    fn complete(&mut self) -> Bytes {
        let mut out = Vec::new();
        let mut start = 0;
        while let Some(end) = end_of_event(&self.rest, start, self.searched.max(start)) {
            let event = self.rest.get(start..end).unwrap_or_default();
            out.extend_from_slice(&self.looked_at(event));
            start = end;
            self.searched = end;
        }
        self.rest.drain(..start);
        // An end may be cut in two: `\r\n\r` and `\n`.
        self.searched = self.rest.len().saturating_sub(3);
        out.into()
    }

    fn looked_at<'a>(&self, event: &'a [u8]) -> Cow<'a, [u8]> {
        let data = data(event);
        if data.is_empty() {
            return Cow::Borrowed(event);
        }
        match locked(&self.conversation).server(self.stream, &data) {
            Cow::Borrowed(_) => Cow::Borrowed(event),
            Cow::Owned(rewritten) => Cow::Owned(with_data(event, &rewritten)),
        }
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.rest.extend_from_slice(&data);
                    let events = self.complete();
                    if !events.is_empty() {
                        settle_later(&self.conversation, events.len());
                        return Poll::Ready(Some(Ok(Frame::data(events))));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                // What no blank line ends is no event, and clients drop it.
                None if self.rest.is_empty() => return Poll::Ready(None),
                None => {
                    let rest = std::mem::take(&mut self.rest);
                    return Poll::Ready(Some(Ok(Frame::data(rest.into()))));
                }
            }
        }
    }
}

/// Has what was shown, of so many bytes, read into the ledger once it is on its way: the task that sends it goes on
/// before a new one begins.
pub(super) fn settle_later(conversation: &Shared, bytes: usize) {
    let conversation = Arc::clone(conversation);
    drop(tokio::spawn(async move { unhurried(bytes, || locked(&conversation).settle()) }));
}

/// The end of the event that starts at `start`: after its blank line.
fn end_of_event(text: &[u8], start: usize, searched: usize) -> Option<usize> {
    let mut at = searched.saturating_sub(3).max(start);
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'\n', b'\r', rest)) {
        at += found;
        let after = after_break(text, at)?;
        let second = text.get(after)?;
        if matches!(second, b'\n' | b'\r') {
            return after_break(text, after);
        }
        at = after;
    }
    None
}

/// Past a line break; `None` when it may go on in what has not come yet.
fn after_break(text: &[u8], at: usize) -> Option<usize> {
    match (text.get(at)?, text.get(at + 1)) {
        (b'\r', Some(b'\n')) => Some(at + 2),
        (b'\r', None) => None,
        _ => Some(at + 1),
    }
}

fn lines(event: &[u8]) -> impl Iterator<Item = &[u8]> {
    event.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The message of an event: its `data` lines.
fn data(event: &[u8]) -> Vec<u8> {
    let lines = lines(event).filter_map(|line| line.strip_prefix(b"data:"));
    let lines: Vec<_> = lines.map(|line| line.strip_prefix(b" ").unwrap_or(line)).collect();
    lines.join(b"\n".as_slice())
}

/// The same event with another message.
fn with_data(event: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines(event).filter(|line| !line.is_empty() && !line.starts_with(b"data:")) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    for line in data.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

/// An event of our own.
pub(super) fn event(frame: &[u8]) -> Bytes {
    with_data(b"event: message", frame).into()
}
