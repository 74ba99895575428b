//! The proxy's conversations as data: what becomes of every frame, in both directions. Real clients
//! and servers, on both transports, are in `tests/mcp/node` and `tests/mcp/python`.
#![expect(clippy::expect_used, reason = "a test ends by panicking")]

use serde::Deserialize;
use serde_json::value::RawValue;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use twinguard::mcp::conversation::{Conversation, Options, Outcome};
use twinguard::{Guard, Limits};

/// One step of a conversation: a frame, and what becomes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Begins a new conversation.
    case: Option<String>,
    /// Begins the conversation anew, under this policy.
    policy: Option<Box<RawValue>>,
    /// What the client sends, as it stands here or in a string.
    client: Option<Box<RawValue>>,
    client_text: Option<String>,
    /// What the server sends.
    server: Option<Box<RawValue>>,
    server_text: Option<String>,
    /// The client's result for the question just asked.
    reply: Option<Box<RawValue>>,
    gives: Option<String>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
}

fn conversation(policy: &str) -> Conversation {
    let guard = Guard::new().expect("the component runs here");
    let options = Options { guard, policy: policy.to_owned(), audit: None, exporter: None, redaction: None };
    Conversation::open(&Arc::new(options), "test").expect("the policy is valid")
}

/// What became of a frame of the client: its kind, and the text that goes anywhere.
fn told(outcome: Outcome<'_>, question: &mut String) -> (&'static str, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("frames are UTF-8");
    match outcome {
        Outcome::Forward(frame) => (if matches!(frame, std::borrow::Cow::Borrowed(_)) { "forward" } else { "rewritten" }, text(&frame)),
        Outcome::Answer(frame) => ("answer", text(&frame)),
        Outcome::Ask(name, frame) => {
            *question = name;
            ("ask", text(&frame))
        }
        Outcome::Resume(name, outcome) => {
            assert_eq!(name, *question);
            match told(*outcome, question) {
                // The call that waited, as it was.
                ("rewritten", text) => ("forward", text),
                other => other,
            }
        }
        Outcome::Cancelled(name) => {
            assert_eq!(name, *question);
            ("cancelled", String::new())
        }
        Outcome::Swallow => ("swallow", String::new()),
    }
}

#[test]
fn every_frame_becomes_what_it_should() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mcp/frames.jsonl");
    let text = fs::read_to_string(path).unwrap();
    let (mut conversation_, mut question, mut state, mut case) = (conversation(""), String::new(), String::new(), String::new());
    let mut steps = 0;
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let place = format!("frames.jsonl:{} ({case})", at + 1);
        let step: Step = serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}"));
        if let Some(name) = step.case {
            (conversation_, case) = (conversation(""), name);
            continue;
        }
        if let Some(policy) = step.policy {
            conversation_ = conversation(policy.get());
            continue;
        }
        let client = step.client.map(|raw| raw.get().replace("$STATE", &state)).or(step.client_text);
        let reply = step.reply.map(|raw| format!(r#"{{"jsonrpc":"2.0","id":"{question}","result":{}}}"#, raw.get()));
        let (gives, frame) = if let Some(frame) = client.or(reply) {
            told(conversation_.client(0, frame.as_bytes()), &mut question)
        } else {
            let frame = step.server.map(|raw| raw.get().to_owned()).or(step.server_text).expect("a step has a frame");
            let gives = conversation_.server(0, frame.as_bytes());
            (if *gives == *frame.as_bytes() { "same" } else { "rewritten" }, String::from_utf8(gives.into_owned()).unwrap())
        };
        assert_eq!(Some(gives), step.gives.as_deref(), "{place}: {frame}");
        step.contains.iter().for_each(|part| assert!(frame.contains(part.as_str()), "{place}: {part} is missing in {frame}"));
        step.lacks.iter().for_each(|part| assert!(!frame.contains(part.as_str()), "{place}: {part} is in {frame}"));
        if let Some((_, rest)) = frame.split_once(r#""requestState":""#) {
            state = rest.split('"').next().unwrap_or_default().to_owned();
        }
        if !frame.is_empty() {
            serde_json::from_str::<serde_json::Value>(&frame)
                .map(drop)
                .or_else(|error| if gives == "same" { Ok(()) } else { Err(error) })
                .unwrap();
        }
        steps += 1;
    }
    assert!(steps > 50, "{steps} steps");
}

/// A guard that has failed has lost its memory: from then on no call leaves.
#[test]
fn a_failed_guard_stops_every_call() {
    let guard = Guard::with(Limits { memory_bytes: 6 << 20, ..Limits::default() }).unwrap();
    let options = Arc::new(Options { guard, policy: String::new(), audit: None, exporter: None, redaction: None });
    let mut conversation = Conversation::open(&options, "test").unwrap();
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find","arguments":{}}}"#;
    assert!(matches!(conversation.client(0, call), Outcome::Forward(_)));
    let ids: Vec<_> = (0..400_000).map(|n| format!("acct_{n:08}")).collect();
    let result = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{{"type":"text","text":"{}"}}]}}}}"#, ids.join(" "));
    // What was too much for the guard still reaches the client.
    assert_eq!(*conversation.server(0, result.as_bytes()), *result.as_bytes());
    let Outcome::Answer(answer) = conversation.client(0, call) else { panic!("the call was not stopped") };
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains(r#""isError":true"#) && answer.contains("must not run"), "{answer}");
}

/// A decision that must be accounted for and cannot be is no decision to run.
#[cfg(target_os = "linux")]
#[test]
fn a_call_that_cannot_be_recorded_is_stopped() {
    let audit = twinguard::audit::Audit::open(Path::new("/dev/full"), false).unwrap();
    let options =
        Arc::new(Options { guard: Guard::new().unwrap(), policy: String::new(), audit: Some(audit), exporter: None, redaction: None });
    let mut conversation = Conversation::open(&options, "test").unwrap();
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find","arguments":{}}}"#;
    let Outcome::Answer(answer) = conversation.client(0, call) else { panic!("the call was not stopped") };
    assert!(String::from_utf8(answer).unwrap().contains("audit log"));
}
