//! What the HTML report carries: the rows of its table, what stands behind them, and the totals, as the
//! page reads them. What it looks like and what it does, `host/node/test/report` tests in a browser.
//!
//! `TWINGUARD_BLESS=1` rewrites `tests/data/html/page.json`.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/html")
}

fn page(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinguard"));
    let output = command.current_dir(data()).args(["verify", "--format", "html"]).args(arguments).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), ""));
    String::from_utf8(output.stdout).unwrap()
}

/// The texts of all elements that begin so.
fn elements<'a>(page: &'a str, start: &str) -> Vec<&'a str> {
    page.split(start).skip(1).map(|rest| rest.split_once("</script>").unwrap().0).collect()
}

/// All that the page's script gets to read.
fn carried(page: &str) -> Value {
    let joined = |parts: Vec<Value>| parts.into_iter().flat_map(|part| part.as_array().unwrap().clone()).collect::<Vec<_>>();
    let rows = elements(page, r#"<script type="application/json" class="rows">"#);
    let details = elements(page, r#"<script type="application/gzip" class="details">"#);
    let unpack = |packed: &str| serde_json::from_reader(GzDecoder::new(BASE64_STANDARD.decode(packed).unwrap().as_slice())).unwrap();
    let totals = elements(page, r#"<script type="application/json" id="totals">"#);
    assert_eq!((rows.len(), totals.len()), (details.len(), 1));
    json!({
        "rows": joined(rows.into_iter().map(|rows| serde_json::from_str(rows).unwrap()).collect()),
        "details": joined(details.into_iter().map(unpack).collect()),
        "totals": serde_json::from_str::<Value>(totals[0]).unwrap(),
    })
}

#[test]
fn the_page_carries_what_was_found() {
    let expected = data().join("page.json");
    let found = carried(&page(&["traces.jsonl"]));
    assert_eq!(found["rows"].as_array().unwrap().len(), found["details"].as_array().unwrap().len());
    if std::env::var_os("TWINGUARD_BLESS").is_some() {
        fs::write(&expected, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    }
    let expected: Value = serde_json::from_str(&fs::read_to_string(expected).unwrap()).unwrap();
    for part in ["rows", "details"] {
        let of = |value: &Value| value[part].as_array().unwrap().clone();
        for (n, (found, expected)) in of(&found).iter().zip(&of(&expected)).enumerate() {
            assert_eq!(found, expected, "TWINGUARD_BLESS=1 rewrites what is expected of {part}, {n}");
        }
    }
    assert_eq!(found, expected, "TWINGUARD_BLESS=1 rewrites what is expected");
}

#[test]
fn no_secret_is_in_it_and_no_trace_ends_an_element() {
    let page = page(&["traces.jsonl"]);
    assert!(!carried(&page).to_string().contains("hunter2"));
    assert!(!carried(&page).to_string().contains("0123456789abcdef"));
    // The data, the details, the totals and the script: one part of each.
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (4, 4));
    assert!(!page.contains("<!--") && !page.contains("<img"));
}

#[test]
fn the_same_traces_give_the_same_bytes() {
    assert!(page(&["traces.jsonl"]) == page(&["traces.jsonl"]));
}

#[test]
fn the_command_in_it_says_what_was_said() {
    let found = carried(&page(&["--trace-format", "openai-chat", "--policy", "a policy.toml", "--trace", "twin-answered", "traces.jsonl"]));
    let command = "twinguard verify --trace-format openai-chat --policy 'a policy.toml' --trace twin-answered traces.jsonl";
    assert_eq!(found["details"][0]["replay"], command);
    assert_eq!(found["details"].as_array().unwrap().len(), 1);
    assert_eq!(found["totals"]["traces"], 1);
}
