//! Where frames go.

use std::borrow::Cow;
use std::io::{self, BufRead};

/// A frame and its way.
#[derive(Debug)]
pub(super) enum To<'a> {
    /// To the server of this number.
    Server(usize, Cow<'a, [u8]>),
    /// To the client.
    Client(Cow<'a, [u8]>),
}

/// Knows which server a frame is for.
pub(super) trait Route: Send {
    /// Where a frame of the client goes.
    fn client<'a>(&mut self, frame: Cow<'a, [u8]>) -> Vec<To<'a>>;
    /// Where a frame of this server goes.
    fn server<'a>(&mut self, from: usize, frame: Cow<'a, [u8]>) -> Vec<To<'a>>;
    /// What to say when this server has ended, but not all have.
    fn ended(&mut self, server: usize, why: &str) -> Vec<To<'static>>;
}

/// One client, one server: every byte as it came.
#[derive(Debug)]
pub(super) struct Direct;

impl Route for Direct {
    fn client<'a>(&mut self, frame: Cow<'a, [u8]>) -> Vec<To<'a>> {
        vec![To::Server(0, frame)]
    }

    fn server<'a>(&mut self, _from: usize, frame: Cow<'a, [u8]>) -> Vec<To<'a>> {
        vec![To::Client(frame)]
    }

    fn ended(&mut self, _server: usize, _why: &str) -> Vec<To<'static>> {
        Vec::new()
    }
}

/// The next line with its end, `None` at the end of the input.
pub(super) fn next_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    Ok((!line.is_empty()).then_some(line))
}

/// A frame as a line.
pub(super) fn line(frame: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if frame.ends_with(b"\n") {
        return frame;
    }
    let mut frame = frame.into_owned();
    frame.push(b'\n');
    Cow::Owned(frame)
}
