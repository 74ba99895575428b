//! The proxy between a client and servers of the Model Context Protocol.
//!
//! ```text
//! client ──► wire ──► Conversation::client ──► wire ──► server     checked before it leaves
//! client ◄── wire ◄── Conversation::server ◄── wire ◄── server     observed before it arrives
//! ```
//!
//! [`conversation`] knows the protocol and moves no byte; [`stdio`], [`several`] and [`http`] move
//! bytes and know of the protocol only where messages end.
//!
//! Frames are relayed as the bytes they came as. The official SDK (`rmcp`) reads messages into its
//! own types: what its version does not know, a new method or field, a number beyond 64 bits, would
//! be refused or written anew. So here only the messages named in [`conversation`] are looked into,
//! through raw JSON, and the SDKs stand where they serve as judges: as the real clients and servers
//! of the tests.

mod frame;
mod shown;
mod schema;
mod reply;
pub mod conversation;
mod wire;
pub mod stdio;
pub mod several;
pub mod http;

pub(crate) use conversation::log;
pub use conversation::{Conversation, Options};

/// Does the last work before a signal ends this process: a client ends us with one, servers that do
/// not care for a closed pipe would outlive it, and spans would be lost.
#[cfg(unix)]
fn at_a_signal(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            work();
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn at_a_signal(_work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    Ok(())
}
