//! Clients and a server over streamable HTTP.
//!
//! Every request goes to the server's origin with its own method, path, headers and body, and every
//! response comes back as it is: sessions, event streams, resumption by `Last-Event-ID`, deletion.
//! A conversation belongs to a session (`Mcp-Session-Id`); clients of a server without sessions share
//! one.

mod conversations;
mod events;
mod headers;

use super::conversation::{Conversation, Options, Outcome, Stream, log};
use super::reply;
use conversations::{Conversations, Shared, locked};
use events::{Events, Waiting};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, channel::Channel};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, Failure>;

/// Bytes of one request, several times what a guard reads.
const MOST_BODY: usize = 64 << 20;
/// Bytes that are read within a millisecond or two.
const QUICK: usize = 32 << 10;
/// For a connection to the server. An answer may take as long as the client waits for it.
const CONNECT: Duration = Duration::from_secs(30);
/// Before trying again to accept, when there are no more file handles.
const BREATH: Duration = Duration::from_millis(50);

struct Proxy {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    upstream: Uri,
    listen: SocketAddr,
    conversations: Conversations,
    /// Requests that wait for a person, by the question's name.
    waiting: Mutex<HashMap<String, Waiting>>,
    streams: AtomicU64,
}

/// Listens until the process is ended.
///
/// # Errors
/// When the URL is none, the address is taken, or the system has no certificates for `https`.
pub fn run(options: &Arc<Options>, listen: SocketAddr, upstream: &str) -> io::Result<()> {
    let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidInput, format!("`--upstream {upstream}`: {why}"));
    let url: Uri = upstream.parse().map_err(|error| invalid(format!("{error}")))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) || url.authority().is_none_or(|host| host.as_str().contains('@')) {
        return Err(invalid("a URL like https://example.com/mcp is wanted".to_owned()));
    }
    let shared = Arc::clone(options);
    super::at_a_signal(move || shared.end())?;
    // One worker: a request that changes threads on its way waits for each of them to wake up, which takes longer
    // than all that is done with it. What takes long by itself gets a thread of its own, see `unhurried`.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(serve(options, listen, url))
}

async fn serve(options: &Arc<Options>, listen: SocketAddr, upstream: Uri) -> io::Result<()> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().wrap_connector(tcp);
    let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
    let listener =
        TcpListener::bind(listen).await.map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
    let listen = listener.local_addr()?;
    log(&format!("listening on http://{listen}{}", upstream.path()));
    let proxy = Arc::new(Proxy {
        client,
        upstream,
        listen,
        conversations: Conversations::new(Arc::clone(options)),
        waiting: Mutex::new(HashMap::new()),
        streams: AtomicU64::new(0),
    });
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                log(&format!("a client cannot be accepted: {error}"));
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            let service = service_fn(|request| async { Ok::<_, Infallible>(proxy.handle(request).await) });
            let served =
                hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            // A client that goes away in the middle is nothing to tell of.
            let _ = served.await;
        });
    }
}

impl Proxy {
    async fn handle(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        if let Err(why) = headers::comes_from_here(&head, self.listen) {
            return plain(StatusCode::FORBIDDEN, &why);
        }
        let path = head.uri.path();
        if path != self.upstream.path() {
            // How a client finds out where to log in.
            let is_metadata = head.method == Method::GET && path.starts_with("/.well-known/");
            if !is_metadata {
                return plain(StatusCode::NOT_FOUND, &format!("the server's path is {}", self.upstream.path()));
            }
            return self.send(&head, Bytes::new()).await.map_or_else(|why| plain(StatusCode::BAD_GATEWAY, &why), pass);
        }
        if head.headers.contains_key(CONTENT_ENCODING) {
            return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "twinguard reads no compressed requests");
        }
        let body = match Limited::new(body, MOST_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return plain(StatusCode::PAYLOAD_TOO_LARGE, &format!("a request may have {MOST_BODY} bytes")),
        };
        let conversation = match self.conversations.of(&head.headers, &body) {
            Ok(conversation) => conversation,
            Err(error) => return plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        };
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        if body.is_empty() {
            let response = self.relay(&head, body, &conversation, stream).await;
            if head.method == Method::DELETE && response.status().is_success() {
                self.conversations.forget(&head.headers);
            }
            return response;
        }
        let outcome = unhurried(body.len(), || locked(&conversation).client(stream, &body));
        match outcome {
            Outcome::Forward(Cow::Borrowed(_)) => self.relay(&head, body.clone(), &conversation, stream).await,
            Outcome::Forward(Cow::Owned(frame)) => self.relay(&head, frame.into(), &conversation, stream).await,
            Outcome::Answer(frame) => answer(frame),
            Outcome::Ask(name, question) => {
                let (mut out, body) = Channel::new(1);
                let _ = out.send_data(events::event(&question)).await;
                locked(&self.waiting).insert(name, Waiting { head, out, conversation, stream });
                event_stream(body.map_err(|never: Infallible| match never {}).boxed_unsync())
            }
            Outcome::Resume(name, outcome) => {
                if let Some(waiting) = locked(&self.waiting).remove(&name) {
                    tokio::spawn(Arc::clone(self).resume(waiting, *outcome));
                }
                empty(StatusCode::ACCEPTED)
            }
            Outcome::Cancelled(name) => {
                locked(&self.waiting).remove(&name);
                empty(StatusCode::ACCEPTED)
            }
            Outcome::Swallow => empty(StatusCode::ACCEPTED),
        }
    }

    /// Sends a request on, and looks at what comes back.
    async fn relay(&self, head: &Parts, body: Bytes, conversation: &Shared, stream: Stream) -> Response<Body> {
        let response = match self.send(head, body).await {
            Ok(response) => response,
            Err(why) => {
                log(&why);
                let frames = locked(conversation).stream_ended(stream, &why);
                return failed(StatusCode::BAD_GATEWAY, frames, &why);
            }
        };
        self.conversations.opened(response.headers(), conversation);
        if let Some(encoding) = response.headers().get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
            let why = format!("the server compressed its answer ({encoding:?}) though it was asked not to, and twinguard cannot read that");
            let frames = locked(conversation).stream_ended(stream, &why);
            return failed(StatusCode::BAD_GATEWAY, frames, &why);
        }
        let (mut head, body) = response.into_parts();
        headers::remove_hops(&mut head.headers);
        let kind = headers::media_type(&head.headers);
        if kind == "text/event-stream" {
            return Response::from_parts(head, Events::new(body, Arc::clone(conversation), stream).boxed_unsync());
        }
        // Whatever it says it is: a client may read a result in it.
        if body.is_end_stream() {
            return Response::from_parts(head, body.map_err(Failure::from).boxed_unsync());
        }
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                let why = format!("the server's answer broke off: {error}");
                let frames = locked(conversation).stream_ended(stream, &why);
                return failed(StatusCode::BAD_GATEWAY, frames, &why);
            }
        };
        let body = if kind == "application/json" {
            match unhurried(body.len(), || locked(conversation).server(stream, &body)) {
                Cow::Borrowed(_) => body.clone(),
                Cow::Owned(rewritten) => rewritten.into(),
            }
        } else {
            body
        };
        events::settle_later(conversation, body.len());
        head.headers.remove(hyper::header::CONTENT_LENGTH);
        Response::from_parts(head, full(body))
    }

    async fn send(&self, head: &Parts, body: Bytes) -> Result<Response<Incoming>, String> {
        let failed = |why: &dyn std::fmt::Display| format!("the server {} cannot be reached: {why}", self.upstream);
        let mut url = self.upstream.clone().into_parts();
        url.path_and_query = head.uri.path_and_query().cloned();
        let url = Uri::from_parts(url).map_err(|error| failed(&error))?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = url;
        *request.headers_mut() = headers::onward(&head.headers);
        self.client.request(request).await.map_err(|error| {
            let source: &dyn std::error::Error = &error;
            failed(&source.source().map_or_else(|| error.to_string(), ToString::to_string))
        })
    }

    /// Goes on with a request whose client has been listening to an event stream of ours.
    async fn resume(self: Arc<Self>, waiting: Waiting, outcome: Outcome<'static>) {
        let Waiting { head, mut out, conversation, stream } = waiting;
        let frame = match outcome {
            Outcome::Forward(frame) => frame.into_owned(),
            Outcome::Answer(frame) => {
                let _ = out.send_data(events::event(&frame)).await;
                return;
            }
            _ => return,
        };
        let response = self.relay(&head, frame.into(), &conversation, stream).await;
        let is_events = headers::media_type(response.headers()) == "text/event-stream";
        let mut body = response.into_body();
        if !is_events {
            let Ok(whole) = body.collect().await else { return };
            let _ = out.send_data(events::event(&whole.to_bytes())).await;
            return;
        }
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(data) = frame.into_data() else { continue };
            if out.send_data(data).await.is_err() {
                return; // the client has gone
            }
        }
    }
}

/// Does what may take long without holding up the other connections.
fn unhurried<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes > QUICK { tokio::task::block_in_place(work) } else { work() }
}

fn pass(response: Response<Incoming>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    headers::remove_hops(&mut head.headers);
    Response::from_parts(head, body.map_err(Failure::from).boxed_unsync())
}

fn full(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

fn with_type(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    response
}

fn plain(status: StatusCode, why: &str) -> Response<Body> {
    with_type(status, "text/plain; charset=utf-8", full(format!("twinguard: {why}\n").into()))
}

/// A frame of our own. What could not even be read has no id, and is the client's mistake.
fn answer(frame: Vec<u8>) -> Response<Body> {
    let status = if frame.starts_with(br#"{"jsonrpc":"2.0","id":null"#) { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    with_type(status, "application/json", full(frame.into()))
}

fn failed(status: StatusCode, frames: Vec<Vec<u8>>, why: &str) -> Response<Body> {
    let frame = frames.into_iter().next().unwrap_or_else(|| reply::error(None, reply::GONE, why));
    with_type(status, "application/json", full(frame.into()))
}

fn event_stream(body: Body) -> Response<Body> {
    let mut response = with_type(StatusCode::OK, "text/event-stream", body);
    response.headers_mut().insert(hyper::header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
