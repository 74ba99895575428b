//! Headers that a proxy answers for.

use hyper::HeaderMap;
use hyper::Uri;
use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use hyper::http::request::Parts;
use std::net::{IpAddr, SocketAddr};

/// Removes what speaks of one connection only (RFC 9110, 7.6.1).
pub(super) fn remove_hops(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&[CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE]) {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
}

/// A client's headers as the server gets them: its own host, and nothing compressed, since we have
/// to read the answer.
pub(super) fn onward(headers: &HeaderMap) -> HeaderMap {
    let mut onward = headers.clone();
    remove_hops(&mut onward);
    for name in [HOST, CONTENT_LENGTH] {
        onward.remove(name);
    }
    onward.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    onward
}

/// What a body is, without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let whole = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A proxy for this machine alone is not for web pages that a browser on it shows, whatever name
/// they give it (DNS rebinding).
pub(super) fn comes_from_here(head: &Parts, listen: SocketAddr) -> Result<(), String> {
    if !listen.ip().is_loopback() {
        return Ok(());
    }
    for name in [HOST, ORIGIN] {
        let Some(value) = head.headers.get(&name) else { continue };
        let host = value.to_str().ok().and_then(|value| {
            let url: Uri = value.parse().ok()?;
            url.host().map(str::to_owned)
        });
        if !host.as_deref().is_some_and(is_here) {
            return Err(format!("`{name}: {}` is not this machine", String::from_utf8_lossy(value.as_bytes())));
        }
    }
    Ok(())
}

fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
