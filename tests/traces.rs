//! Every trace format: a folder of records and the events they become.
//!
//! `tests/data/traces/FORMAT/NAME.json` (or `.jsonl`, `.traj`, `.eval`) is read by content, and must give
//! what `NAME.expected.json` says. `TWINGUARD_BLESS=1` rewrites the expected files.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twinguard::input::Input;
use twinguard::trace::event::{Event, Issue, Stop, Trace, What, Written};
use twinguard::trace::format::{self, Record};
use twinguard::trace::json::Json;
use twinguard::trace::records::Records;
use twinguard::trace::verify::{Report, verify};
use twinguard_core::model::{Decision, Relation};
use twinguard_core::session::Session;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/traces")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_format_has_data_and_every_folder_a_format() {
    let formats: BTreeSet<String> = format::names().into_iter().map(str::to_owned).collect();
    let folders: BTreeSet<String> = sorted(&data()).iter().map(|path| name(path)).collect();
    assert_eq!(formats, folders);
}

#[test]
fn every_record_becomes_its_events() {
    let bless = std::env::var_os("TWINGUARD_BLESS").is_some();
    for folder in sorted(&data()) {
        for path in sorted(&folder).into_iter().filter(|path| !name(path).ends_with(".expected.json")) {
            let found = format!("{:#}\n", read(&path, &name(&folder)));
            let expected = path.with_extension("expected.json");
            if bless {
                fs::write(&expected, &found).unwrap();
            }
            let wanted = fs::read_to_string(&expected).unwrap_or_default();
            assert!(found == wanted, "{}: TWINGUARD_BLESS=1 rewrites it\n{found}", path.display());
        }
    }
}

/// A file of one format read as another is refused, or has nothing in it, but never panics.
#[test]
fn any_file_can_be_read_as_any_format() {
    for path in sorted(&data()).iter().flat_map(|folder| sorted(folder)) {
        for format in format::names() {
            let format = format::named(format);
            let reader = Input::File(path.clone()).open(Arc::default()).unwrap();
            for record in Records::new("file", reader, format).flatten() {
                let _ = format::read(&record, format);
            }
        }
    }
}

/// The smallest record of each format, as the documents show it, is found as what it is.
#[test]
fn every_documented_record_is_of_its_format() {
    let text = fs::read_to_string(data().join("../../../docs/traces.md")).unwrap();
    let (_, sections) = text.split_once("## The formats").unwrap();
    let mut documented = BTreeSet::new();
    for section in sections.split("\n### `").skip(1) {
        let name = section.split('`').next().unwrap();
        let record = section.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let records = Records::new(name, Box::new(Cursor::new(record.as_bytes().to_vec())), None);
        let found: Vec<_> = records
            .map(Result::unwrap)
            .map(|record| {
                assert!(format::read(&record, None).unwrap().iter().any(|trace| !trace.events.is_empty()), "{name}");
                format::detect(Json::parse(std::str::from_utf8(&record.text).unwrap()).unwrap()).unwrap().name
            })
            .collect();
        assert_eq!(found, [name]);
        documented.insert(name);
    }
    assert_eq!(documented, format::names().into_iter().collect());
}

/// Every format shows what it is for: a conversation without a twin, and one with.
#[test]
fn every_format_has_a_clean_trace_and_one_with_a_twin() {
    for folder in sorted(&data()) {
        let traces = sorted(&folder).into_iter().filter(|path| !name(path).ends_with(".expected.json")).flat_map(|path| {
            let reader = Input::File(path.clone()).open(Arc::default()).unwrap();
            let records: Vec<Record> = Records::new(&name(&path), reader, None).flatten().collect();
            records.into_iter().flat_map(|record| format::read(&record, None).unwrap())
        });
        let reports: Vec<Report> = traces.map(|trace| verify(&mut Session::open("").unwrap(), trace)).collect();
        let twins =
            |report: &Report| report.judged.iter().flat_map(|call| &call.findings).filter(|found| found.relation == Relation::Twin).count();
        assert!(reports.iter().any(|report| twins(report) > 0), "{}: no trace with a twin", folder.display());
        let is_clean = |report: &Report| report.calls > 0 && report.decision == Decision::Allow;
        assert!(reports.iter().any(is_clean), "{}: no clean trace", folder.display());
    }
}

fn read(path: &Path, format: &str) -> Value {
    let reader = Input::File(path.to_owned()).open(Arc::default()).unwrap();
    let read = |record: Result<Record, Issue>| {
        let record = match record {
            Ok(record) => record,
            Err(issue) => return vec![json!(issue.to_string())],
        };
        let text = String::from_utf8(record.text.clone()).unwrap();
        let detected = format::detect(Json::parse(&text).unwrap()).map(|format| format.name);
        // A record without any tool is the same in both.
        assert!(detected == Some(format) || (detected, format) == (Some("openai-chat"), "anthropic"), "{}: {detected:?}", path.display());
        format::read(&record, None).unwrap().iter().map(of_trace).collect()
    };
    Records::new(&name(path), reader, None).flat_map(read).collect()
}

fn of_trace(trace: &Trace) -> Value {
    let mut value = json!({
        "id": trace.id,
        "model": trace.model,
        "events": trace.events.iter().map(of_event).collect::<Vec<_>>(),
        "issues": trace.issues.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    // Most records say nothing of these.
    for (name, said) in [("provider", &trace.provider), ("at", &trace.at)] {
        said.iter().for_each(|said| value[name] = json!(said));
    }
    if !trace.written.is_empty() {
        value["written"] = trace.written.iter().map(|(turn, written)| of_written(*turn, written)).collect();
    }
    value
}

fn of_written(turn: u32, written: &Written) -> Value {
    json!({"turn": turn, "model": written.model, "stop": written.stop.map(Stop::name), "at": written.at})
}

fn of_event(Event { turn, what }: &Event) -> Value {
    match what {
        What::Shown(shown) => json!({
            "turn": turn,
            "shown": shown.content,
            "source": shown.source.name(),
            "tool": shown.tool,
            "call_id": shown.call_id,
            "incomplete": shown.incomplete,
        }),
        What::Called(call) => json!({
            "turn": turn,
            "called": call.tool,
            "call_id": call.call_id,
            "arguments": call.arguments,
        }),
    }
}
