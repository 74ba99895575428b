//! `twinguard hook` as agents run it: one process for every event.
//!
//! `tests/data/hook/DIALECT/*.jsonl` holds sessions, one a file. `TWINGUARD_BLESS=1` rewrites what they
//! expect:
//!
//! ```text
//! {"case": "what holds", "args": ["--on-failure", "allow"], "files": {"name": "text"}}
//! {"payload": {…} or "raw text", "reply": {…} or null, "exit": 0}
//! ```
//!
//! `$DIR` in a payload is the folder of the files.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "hook/processes.rs"]
mod processes;
#[path = "hook/setup.rs"]
mod setup;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An empty folder of this name, new for every run.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hook").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn twinguard(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinguard"));
    command.env("TWINGUARD_STATE", state).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a hook to its end.
fn hook(state: &Path, args: &[&str], payload: &str) -> Output {
    let mut child = twinguard(state).arg("hook").args(args).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(payload.as_bytes()); // it may not want to read
    child.wait_with_output().unwrap()
}

/// What it said, when it ended with 0.
fn said(state: &Path, payload: &str) -> String {
    let output = hook(state, &[], payload);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Claude Code's payload of a result.
fn result(session: &str, id: &str, text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(
        r#"{{"session_id":"{session}","hook_event_name":"PostToolUse","tool_name":"find","tool_use_id":"{id}","tool_response":{text}}}"#
    )
}

/// Claude Code's payload of a call.
fn call(session: &str, id: &str, account: &str) -> String {
    format!(
        r#"{{"session_id":"{session}","hook_event_name":"PreToolUse","tool_name":"refund","tool_use_id":"{id}","tool_input":{{"account_id":"{account}"}}}}"#
    )
}

/// Claude Code's payload of a user's message, with which a session begins.
fn prompt(session: &str, text: &str) -> String {
    format!(r#"{{"session_id":"{session}","hook_event_name":"UserPromptSubmit","prompt":{}}}"#, serde_json::to_string(text).unwrap())
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Head {
    case: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Event {
    payload: Box<RawValue>,
    #[serde(default)]
    reply: Value,
    #[serde(default)]
    exit: i32,
}

#[test]
fn every_dialect_is_answered_in_its_own_words() {
    let bless = std::env::var_os("TWINGUARD_BLESS").is_some();
    let data = root().join("tests/data/hook");
    let mut folders: Vec<PathBuf> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let names: Vec<String> = folders.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let mut dialects: Vec<&str> = twinguard::hook::DIALECTS.iter().map(|dialect| dialect.name).collect();
    dialects.sort_unstable();
    assert_eq!(names, dialects, "a row in DIALECTS is a folder in tests/data/hook");
    let mut failures = Vec::new();
    for path in folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path()) {
        let source = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&data).unwrap().display().to_string();
        let mut lines = source.lines();
        let head: Head = serde_json::from_str(lines.next().unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let here = folder(&name.replace(['/', '\\'], "-"));
        for (file, text) in &head.files {
            fs::write(here.join(file), text).unwrap();
        }
        let args: Vec<String> = head.args.iter().map(|arg| arg.replace("$DIR", &here.display().to_string())).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut blessed = vec![serde_json::to_string(&head).unwrap()];
        for (n, line) in lines.enumerate() {
            let mut event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}, line {}: {error}", n + 2));
            let text = serde_json::from_str::<String>(event.payload.get()).unwrap_or_else(|_| event.payload.get().to_owned());
            let output = hook(&here.join("state"), &args, &text.replace("$DIR", &here.display().to_string()));
            let stdout = String::from_utf8(output.stdout).unwrap().replace(&here.display().to_string(), "$DIR");
            let reply: Value = if stdout.is_empty() { Value::Null } else { serde_json::from_str(&stdout).unwrap() };
            let exit = output.status.code().unwrap_or(-1);
            if (&reply, exit) != (&event.reply, event.exit) {
                failures.push(format!(
                    "{name}, line {}: {}\nexit {exit}, {stdout}{}",
                    n + 2,
                    head.case,
                    String::from_utf8_lossy(&output.stderr)
                ));
            }
            (event.reply, event.exit) = (reply, exit);
            blessed.push(serde_json::to_string(&event).unwrap());
        }
        if bless {
            fs::write(&path, blessed.join("\n") + "\n").unwrap();
        }
    }
    assert!(bless || failures.is_empty(), "TWINGUARD_BLESS=1 rewrites what is expected\n\n{}", failures.join("\n"));
}

/// Whatever goes wrong here is answered; the exit code is 2 only where nobody knows whom to answer.
#[test]
fn our_own_failure_blocks_unless_it_is_told_to_allow() {
    let state = folder("failure").join("state");
    let twin = call("s", "c", "acct_7H9j3");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let wrong: &[&[&str]] =
        &[&["--no-such-flag"], &["--dialect", "nobody"], &["--policy"], &["--policy", "/no/such/file"], &["--keep", "7"]];
    for args in wrong {
        let output = hook(&state, args, &twin);
        assert_eq!(
            (output.status.code(), text(&output.stdout).contains(r#""permissionDecision":"deny""#)),
            (Some(0), true),
            "{args:?}: {output:?}"
        );
        let output = hook(&state, &[args, ["--on-failure", "allow"].as_slice()].concat(), &twin);
        assert_eq!((output.status.code(), text(&output.stdout).contains("deny")), (Some(0), false), "{args:?}: {output:?}");
        assert!(text(&output.stdout).contains("unchecked"), "{args:?}: {output:?}");
    }
    for payload in ["", "{", "[]", "7", "{}", r#"{"hook_event_name":"PreToolUse"}"#] {
        let output = hook(&state, &[], payload);
        assert_eq!(output.status.code(), Some(2), "{payload}: {output:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{payload}: Codex runs the tool after a 2 without a word");
        assert_eq!(hook(&state, &["--on-failure", "allow"], payload).status.code(), Some(0));
    }
    // A folder that cannot be one.
    let file = folder("failure-file").join("file");
    fs::write(&file, "").unwrap();
    let output = hook(&file, &[], &twin);
    assert!(text(&output.stdout).contains("deny") && text(&output.stdout).contains("cannot write down what happens"), "{output:?}");
    let output = hook(&file, &[], &result("s", "c", "x"));
    assert_eq!((output.status.code(), text(&output.stdout).contains("systemMessage")), (Some(0), true), "{output:?}");
    // Other commands keep their own code for wrong arguments.
    assert_eq!(twinguard(&state).args(["verify", "--no-such-flag"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn secrets_are_not_kept_in_clear_and_files_are_the_owners() {
    let here = folder("secrets");
    let state = here.join("state");
    // Put together here, so that no scanner takes this file for a leak.
    let secret = ["sk", "-proj-0123456789abcdefABCDEF"].concat();
    said(&state, &prompt("s", &format!("use {secret} and the password below\npassword: hunter2-hunter2\n")));
    said(&state, &result("s", "c", &format!(r#"{{"api_key": "K7f9-aaaa-bbbb", "note": "{{\"token\": \"{secret}\"}}"}}"#)));
    let spoken = format!(
        r#"{{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"login","tool_input":{{"key":"{secret}","pin":471199}}}}"#
    );
    assert_eq!(said(&state, &spoken), "", "a secret that was shown may be passed on");
    let mut all = Vec::new();
    for path in
        [state.clone(), state.join("at-work")].iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path())
    {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
        if path.is_file() {
            all.extend(fs::read(path).unwrap());
        }
    }
    for text in [&secret, "hunter2-hunter2", "K7f9-aaaa-bbbb", "471199"] {
        assert!(!all.windows(text.len()).any(|window| window == text.as_bytes()), "{text} is in the store");
    }
}

#[test]
fn sessions_are_listed_shown_and_forgotten() {
    let state = folder("sessions").join("state");
    said(&state, &prompt("one", "refund acct_7H9j3"));
    assert!(said(&state, &call("one", "c", "acct_7H9j2")).contains("deny"));
    said(&state, &prompt("two", "hello"));
    let sessions = |args: &[&str]| {
        let output = twinguard(&state).arg("sessions").args(args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (_, list) = sessions(&["list"]);
    assert!(list.contains("one (claude-code): 2 events, 1 calls, 1 stopped, ") && list.lines().count() == 2, "{list}");
    let (_, shown) = sessions(&["show", "one"]);
    assert!(
        shown.contains("user-message : refund acct_7H9j3") && shown.contains("call refund c block: {\"account_id\":\"acct_7H9j2\"}"),
        "{shown}"
    );
    assert_eq!(sessions(&["forget", "--older-than", "1d"]), (0, "forgotten: 0\n".to_owned()));
    assert_eq!(sessions(&["forget", "one"]), (0, "forgotten: 1\n".to_owned()));
    assert_eq!(sessions(&["show", "one"]).0, 1);
    let store: Vec<u8> = fs::read_dir(&state)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .flat_map(|path| fs::read(path).unwrap())
        .collect();
    assert!(!store.windows(10).any(|window| window == b"acct_7H9j3"), "forgotten on disk as well");
    assert_eq!(sessions(&["forget", "--all"]), (0, "forgotten: 1\n".to_owned()));
    assert!(sessions(&["list"]).1.starts_with("no sessions are kept"));
}

#[test]
fn every_decision_is_a_line_of_the_audit_log() {
    let here = folder("audit");
    let (state, log) = (here.join("state"), here.join("audit.jsonl"));
    let args = ["--audit", log.to_str().unwrap()];
    said(&state, &prompt("s", "refund acct_7H9j3"));
    hook(&state, &args, &call("s", "c1", "acct_7H9j2"));
    hook(&state, &args, &call("s", "c2", "acct_7H9j3"));
    let lines: Vec<Value> = fs::read_to_string(&log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decisions: Vec<&str> = lines.iter().map(|line| line["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["block", "allow"]);
    assert_eq!((lines[0]["session"].as_str(), lines[0]["call_id"].as_str()), (Some("s"), Some("c1")));
    // Who must account for every decision stops what cannot be written down.
    let output = hook(&state, &["--audit", here.to_str().unwrap()], &call("s", "c3", "acct_7H9j3"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("the audit log"), "{output:?}");
}
