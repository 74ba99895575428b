//! Honest sessions must stay quiet. `tests/data/honest` holds sessions that agents played against live
//! systems (shops, banks, offices, clusters, real shells) without slips of the pen; every alarm on them is false,
//! or nearly so, and stands in `alarms.jsonl` with its reason. A rule that adds one has to say why.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Trace, identifier and decision.
type Alarms = BTreeSet<(String, String, String)>;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/honest")
}

fn alarms<'l>(lines: impl Iterator<Item = &'l Value>) -> Alarms {
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    lines.map(|line| (text(line, "trace"), text(line, "written"), text(line, "decision"))).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn honest_sessions_give_the_alarms_that_are_listed() {
    let known = lines(&fs::read_to_string(data().join("alarms.jsonl")).unwrap());
    assert!(known.iter().all(|line| line["reason"].as_str().is_some_and(|reason| !reason.is_empty())), "each alarm has its reason");
    // Not the folder, which holds the list, too.
    let sets =
        fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "gz"));
    let output = Command::new(env!("CARGO_BIN_EXE_twinguard")).args(["verify", "--format", "jsonl"]).args(sets).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = lines(&String::from_utf8(output.stdout).unwrap());
    let summary = told.last().unwrap();
    assert_eq!((summary["traces"].as_u64(), summary["calls"].as_u64()), (Some(747), Some(8044)));
    let found = alarms(told.iter().filter(|line| line["type"] == "finding"));
    let known = alarms(known.iter());
    let (new, gone): (Vec<_>, Vec<_>) = (found.difference(&known).collect(), known.difference(&found).collect());
    assert!(new.is_empty() && gone.is_empty(), "new: {new:#?}\nno more: {gone:#?}\n(`{}`)", data().join("alarms.jsonl").display());
}
