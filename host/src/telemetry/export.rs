//! Spans to a collector, by the official SDK: its queue and thread, its encoding, its variables.

use super::Span;
use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status, TracerProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter as Otlp, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use std::collections::HashMap;
use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, future, io, thread};
use tokio::runtime::{Builder, Handle};

/// Bytes of a collector's answer, which says little.
const MOST_ANSWER: usize = 1 << 20;

/// What is told when an export has succeeded or failed.
type Heard = dyn Fn(Result<(), &str>) + Send + Sync;

/// Sends spans, from a thread of its own.
#[derive(Debug)]
pub struct Exporter {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Exporter {
    /// Sends to the collector that the environment names. `heard` is told what becomes of every export.
    ///
    /// # Errors
    /// What of the environment cannot be followed, with the way out.
    pub fn open(heard: impl Fn(Result<(), &str>) + Send + Sync + 'static) -> Result<Self, String> {
        let why = Arc::new(Mutex::new(String::new()));
        let wire = Otlp::builder().with_http().with_timeout(patience()).with_http_client(client(&why)?);
        let inner = wire.build().map_err(|error| error.to_string())?;
        let exporter = Reporting { inner, why, heard: Box::new(heard) };
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
        let scope = InstrumentationScope::builder("twinguard").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Self { tracer: provider.tracer_with_scope(scope), provider })
    }

    /// Puts a span into the queue. Never waits: a span that finds it full is dropped.
    pub fn export(&self, span: &Span) {
        let text = |name: &'static str, value: &str| KeyValue::new(name, value.to_owned());
        let maybe = |name, value: &Option<String>| value.as_deref().map(|value| text(name, value));
        let mut attributes = vec![
            text("gen_ai.operation.name", "execute_tool"),
            text("gen_ai.tool.name", &span.tool),
            text("gen_ai.conversation.id", &span.conversation),
            text("twinguard.decision", &span.decision),
            text("twinguard.decided_by", &span.by),
        ];
        attributes.extend(maybe("gen_ai.tool.call.id", &span.call_id));
        let is_stopped = span.decision == "block";
        if is_stopped {
            let stops = span.findings.iter().find(|found| found.decision == "block");
            attributes.push(text("error.type", stops.map_or("_OTHER", |found| &found.relation)));
        }
        let builder = SpanBuilder::from_name(format!("execute_tool {}", span.tool))
            .with_kind(SpanKind::Internal)
            .with_start_time(span.began)
            .with_attributes(attributes);
        let carried: HashMap<_, _> = span.parent.iter().map(|parent| ("traceparent".to_owned(), parent.clone())).collect();
        let mut sent = builder.start_with_context(&self.tracer, &TraceContextPropagator::new().extract(&carried));
        let ended = span.began.checked_add(span.took).unwrap_or(span.began);
        for found in &span.findings {
            let mut attributes = vec![
                text("twinguard.decision", &found.decision),
                text("twinguard.relation", &found.relation),
                text("twinguard.kind", &found.kind),
                text("twinguard.pointer", &found.pointer),
            ];
            attributes.extend(maybe("twinguard.written", &found.written));
            attributes.extend(maybe("twinguard.nearest", &found.nearest));
            sent.add_event_with_timestamp("twinguard.finding", ended, attributes);
        }
        if is_stopped {
            sent.set_status(Status::error("stopped by twinguard"));
        }
        sent.end_with_timestamp(ended);
    }

    /// Sends what is in the queue, and waits for that at most so long. What becomes of it is heard by
    /// whom [`Exporter::open`] was given.
    ///
    /// # Errors
    /// When it took longer, or this is not the first time.
    pub fn end(&self, longest: Duration) -> Result<(), String> {
        self.provider.shutdown_with_timeout(longest).map_err(|error| told(&error))
    }
}

/// How long one export may take, from `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT` or `OTEL_EXPORTER_OTLP_TIMEOUT`.
pub(super) fn patience() -> Duration {
    let milliseconds = |name| env::var(name).ok().and_then(|value| value.parse().ok());
    let asked = milliseconds(opentelemetry_otlp::OTEL_EXPORTER_OTLP_TRACES_TIMEOUT)
        .or_else(|| milliseconds(opentelemetry_otlp::OTEL_EXPORTER_OTLP_TIMEOUT));
    asked.map_or(opentelemetry_otlp::OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT, Duration::from_millis)
}

/// The program's name, unless the environment gives it another.
fn resource() -> Resource {
    let found = Resource::builder().build();
    let is_named = found.iter().any(|(key, value)| key.as_str() == "service.name" && !value.as_str().starts_with("unknown_service"));
    if is_named { found } else { Resource::builder().with_service_name("twinguard").build() }
}

/// The exporter, and somebody who hears what becomes of its work: the SDK itself tells nobody.
struct Reporting {
    inner: Otlp,
    why: Arc<Mutex<String>>,
    heard: Box<Heard>,
}

impl SpanExporter for Reporting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.inner.export(batch).await;
        match &outcome {
            Ok(()) => (self.heard)(Ok(())),
            Err(error) => {
                let why = std::mem::take(&mut *self.why.lock().unwrap_or_else(PoisonError::into_inner));
                (self.heard)(Err(&if why.is_empty() { told(error) } else { why }));
            }
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl fmt::Debug for Reporting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reporting")
    }
}

fn told(error: &OTelSdkError) -> String {
    match error {
        OTelSdkError::InternalFailure(why) => why.clone(),
        other => other.to_string(),
    }
}

/// What the exporter sends by. Certificates are only looked for where they are needed.
fn client(why: &Arc<Mutex<String>>) -> Result<Sender, String> {
    const TRACES: &str = opentelemetry_otlp::OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
    const ALL: &str = opentelemetry_otlp::OTEL_EXPORTER_OTLP_ENDPOINT;
    let speaks = |name| env::var(name).ok().filter(|value| !value.is_empty());
    if speaks("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| speaks("OTEL_EXPORTER_OTLP_PROTOCOL")).is_some_and(|name| name == "grpc") {
        return Err("gRPC is not spoken here; set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL to `http/protobuf`, and \
                    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to the collector's URL for it, as http://localhost:4318/v1/traces"
            .to_owned());
    }
    let failed = |error: io::Error| error.to_string();
    let runtime = runtime().map_err(failed)?;
    let why = Arc::clone(why);
    let url = speaks(TRACES).or_else(|| speaks(ALL)).unwrap_or_default();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let client = Client::builder(TokioExecutor::new());
    let client = if url.starts_with("https:") {
        let tls = HttpsConnectorBuilder::new().with_native_roots().map_err(failed)?;
        Wire::Tls(client.build(tls.https_or_http().enable_http1().wrap_connector(tcp)))
    } else {
        Wire::Plain(client.build(tcp))
    };
    Ok(Sender { client, runtime, why })
}

/// What hyper runs on. Its thread lives as long as the process: nobody waits for it at the end.
fn runtime() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name("otlp".to_owned()).spawn(move || runtime.block_on(future::pending::<()>()))?;
    Ok(handle)
}

#[derive(Clone, Debug)]
enum Wire {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

#[derive(Debug)]
struct Sender {
    client: Wire,
    runtime: Handle,
    /// Why the last request failed; the exporter says only that it did.
    why: Arc<Mutex<String>>,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, url, longest) = (self.client.clone(), request.uri().to_string(), patience());
        let exchange = async move {
            let request = request.map(Full::new);
            let answer = match client {
                Wire::Plain(client) => client.request(request).await,
                Wire::Tls(client) => client.request(request).await,
            };
            let (head, body) = answer.map_err(|error| cause(&error))?.into_parts();
            let body = Limited::new(body, MOST_ANSWER).collect().await.map_err(|error| error.to_string())?;
            Ok::<_, String>(Response::from_parts(head, body.to_bytes()))
        };
        let timed = async move { tokio::time::timeout(longest, exchange).await.map_err(|_| format!("no answer in {longest:?}"))? };
        // The exporter's thread is none of the runtime's.
        let answer = self.runtime.spawn(timed).await.map_err(|error| error.to_string()).and_then(|answer| answer);
        let failed = match &answer {
            Ok(answer) if answer.status().is_success() => return Ok(answer.clone()),
            Ok(answer) => format!("{url}: {}", answer.status()),
            Err(why) => format!("{url}: {why}"),
        };
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = failed;
        answer.map_err(HttpError::from)
    }
}

/// The innermost cause, which is the one that says something.
fn cause(error: &Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| error.to_string(), ToString::to_string)
}
