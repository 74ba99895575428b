//! The command itself: arguments and files in; output and exit code out.
//!
//! `tests/data/cli/*.toml` holds cases; `TWINGUARD_BLESS=1` rewrites what they expect. Inputs that
//! are too large for a file are made here.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A case file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The fact that the case shows.
    name: String,
    /// The arguments, the command's name left out. It runs in a folder of its own.
    args: Vec<String>,
    #[serde(default)]
    stdin: String,
    /// Files made in that folder, by path.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Files of the repository copied there, under their last name.
    #[serde(default)]
    copy: Vec<String>,
    #[serde(default)]
    exit: i32,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An empty folder of this name, new for every run.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn twinguard(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinguard"));
    command.current_dir(folder).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("CLICOLOR");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(case: &Case, folder: &Path) -> Output {
    for (name, text) in &case.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for path in &case.copy {
        fs::copy(root().join(path), folder.join(Path::new(path).file_name().unwrap())).unwrap();
    }
    let mut child = twinguard(folder).args(&case.args).stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(case.stdin.as_bytes()); // it may not want to read
    child.wait_with_output().unwrap()
}

#[test]
fn every_case_does_what_it_says() {
    let bless = std::env::var_os("TWINGUARD_BLESS").is_some();
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("tests/data/cli")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut failures = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
        let source = fs::read_to_string(path).unwrap();
        let cases: Cases = toml::from_str(&source).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut blessed: toml_edit::DocumentMut = source.parse().unwrap();
        for (n, case) in cases.case.iter().enumerate() {
            let stem = path.file_stem().unwrap().to_string_lossy();
            let output = run(case, &folder(&format!("{stem}-{n}")));
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let found = (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr));
            if found != (case.exit, case.stdout.clone(), case.stderr.clone()) {
                failures.push(format!("{stem}: {}\nexit {}\n{}{}", case.name, found.0, found.1, found.2));
            }
            expect(&mut blessed, n, "exit", i64::from(found.0).into());
            expect(&mut blessed, n, "stdout", found.1.into());
            expect(&mut blessed, n, "stderr", found.2.into());
        }
        if bless {
            fs::write(path, blessed.to_string()).unwrap();
        }
    }
    assert!(bless || failures.is_empty(), "TWINGUARD_BLESS=1 rewrites what is expected\n\n{}", failures.join("\n"));
}

/// Sets a field of the nth case; one that says nothing is left out.
fn expect(document: &mut toml_edit::DocumentMut, n: usize, field: &str, value: toml_edit::Value) {
    let cases = document.get_mut("case").and_then(toml_edit::Item::as_array_of_tables_mut).unwrap();
    let case = cases.get_mut(n).unwrap();
    if value.as_str() == Some("") || value.as_integer() == Some(0) {
        case.remove(field);
    } else {
        case.insert(field, toml_edit::Item::Value(value));
    }
}

/// A record of one call whose argument is this JSON, after a result that showed `acct_7H9j3`.
fn record(id: &str, arguments: &str, result: &str) -> String {
    let arguments = serde_json::to_string(arguments).unwrap();
    let result = serde_json::to_string(result).unwrap();
    format!(
        r#"{{"id":"{id}","messages":[{{"role":"tool","tool_call_id":"c0","content":{result}}},{{"role":"assistant","tool_calls":[{{"id":"c1","function":{{"name":"refund","arguments":{arguments}}}}}]}}]}}"#
    )
}

const TWIN: &str = r#"{"account_id":"acct_7H9j2"}"#;
const SEEN: &str = r#"{"accounts":[{"id":"acct_7H9j3"}]}"#;

fn verify(name: &str, text: &str) -> (i32, String, String) {
    let folder = folder(name);
    fs::write(folder.join("runs.jsonl"), text).unwrap();
    let output = twinguard(&folder).args(["verify", "--format", "jsonl", "runs.jsonl"]).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn a_line_of_100_mb_is_named_and_the_rest_is_verified() {
    let huge = record("huge", "{}", &"x".repeat(100 << 20));
    let (code, stdout, stderr) = verify("huge", &format!("{huge}\n{}\n", record("small", TWIN, SEEN)));
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("`runs.jsonl`, line 1: message 0 of trace `huge`: limit exceeded"), "{stderr}");
    assert!(stdout.contains(r#""trace":"small","model":null,"calls":1,"identifiers":1,"decision":"block""#), "{stdout}");
}

#[test]
fn nesting_10_000_deep_neither_overflows_nor_passes() {
    let deep = |leaf: &str| format!("{}{leaf}{}", r#"{"a":["#.repeat(10_000), "]}".repeat(10_000));
    let records = [record("arguments", &deep(r#""acct_7H9j2""#), SEEN), record("result", TWIN, &deep(r#""acct_7H9j3""#))];
    let whole = format!(r#"{{"id":"record","extra":{},"messages":[]}}"#, deep("1"));
    let (code, stdout, stderr) = verify("deep", &format!("{}\n{}\n{whole}\n", records[0], records[1]));
    assert!(stdout.contains(r#""trace":"arguments","model":null,"calls":1"#), "{stdout}");
    assert!(stdout.contains(r#""trace":"record","model":null,"calls":0"#), "{stdout}{stderr}");
    assert!(!stdout.contains(r#""trace":"arguments","model":null,"calls":1,"identifiers":1,"decision":"allow""#), "{stdout}");
    assert_eq!(code, 2, "{stderr}");
}

#[test]
fn a_reader_that_stops_reading_ends_it_quietly() {
    let folder = folder("pipe");
    let lines: String = (0..3000).map(|n| record(&format!("run-{n}"), TWIN, SEEN) + "\n").collect();
    fs::write(folder.join("runs.jsonl"), lines).unwrap();
    let mut child = twinguard(&folder).args(["verify", "runs.jsonl"]).spawn().unwrap();
    let mut first = [0; 64];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(141));
}

#[test]
fn what_is_read_side_by_side_is_written_in_order() {
    let lines: String = (0..500).map(|n| record(&format!("run-{n}"), TWIN, SEEN) + "\n").collect();
    let (code, stdout, _) = verify("order", &lines);
    let traces: Vec<&str> = stdout.lines().filter(|line| line.starts_with(r#"{"type":"trace""#)).collect();
    assert_eq!((code, traces.len()), (1, 500));
    assert!(traces.iter().enumerate().all(|(n, line)| line.contains(&format!(r#""trace":"run-{n}""#))));
    let folder = folder("jobs");
    fs::write(folder.join("runs.jsonl"), lines).unwrap();
    let with = |jobs: &str| {
        let arguments = ["verify", "--format", "jsonl", "--jobs", jobs, "runs.jsonl"];
        String::from_utf8(twinguard(&folder).args(arguments).output().unwrap().stdout).unwrap()
    };
    for jobs in ["1", "2", "7"] {
        assert_eq!(with(jobs), stdout, "--jobs {jobs}");
    }
}

#[test]
fn a_record_beyond_the_limit_is_left_out_and_the_rest_is_verified() {
    let folder = folder("large");
    let large = record("large", "{}", &"x".repeat(3 << 20));
    fs::write(folder.join("runs.jsonl"), format!("{large}\n{}\n", record("small", TWIN, SEEN))).unwrap();
    let output = twinguard(&folder).args(["verify", "--format", "jsonl", "--max-record", "1", "runs.jsonl"]).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("`runs.jsonl`, line 1: a record is larger than 1 MiB, so it is left out"), "{stderr}");
    assert!(stdout.contains(r#""trace":"small""#) && !stdout.contains(r#""trace":"large""#), "{stdout}");
}

#[test]
fn a_killed_run_goes_on_and_gives_the_same_report() {
    let folder = folder("killed");
    // Two files, so that one is done or begun when the run is killed.
    let lines = |from: usize| -> String { (from..from + 1500).map(|n| record(&format!("run-{n}"), TWIN, SEEN) + "\n").collect() };
    fs::write(folder.join("a.jsonl"), format!("no JSON\n{}", lines(0))).unwrap();
    fs::write(folder.join("b.jsonl"), lines(1500)).unwrap();
    let whole = twinguard(&folder).args(["verify", "--format", "jsonl", "a.jsonl", "b.jsonl"]).output().unwrap();
    let kept = |format: &str| {
        let mut command = twinguard(&folder);
        command.args(["verify", "--format", format, "--checkpoint", "state.json", "--output", "report.jsonl", "a.jsonl", "b.jsonl"]);
        command
    };
    let state = folder.join("state.json");
    let mut killed = 0;
    let last = loop {
        let before = fs::read_to_string(&state).unwrap_or_default();
        let mut child = kept("jsonl").spawn().unwrap();
        // Each time as soon as it has saved something, and the third time not at all.
        while killed < 3 && child.try_wait().unwrap().is_none() {
            if fs::read_to_string(&state).is_ok_and(|now| now != before) {
                child.kill().unwrap();
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let ended = child.wait_with_output().unwrap();
        if ended.status.code().is_some() {
            break ended;
        }
        killed += 1;
    };
    assert_eq!(killed, 3);
    assert_eq!(last.status.code(), Some(2), "{}", String::from_utf8_lossy(&last.stderr));
    assert!(fs::read(folder.join("report.jsonl")).unwrap() == whole.stdout, "{killed} kills");
    assert!(!state.exists());
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let folder = folder("refused");
    let runs = folder.join("runs.jsonl");
    let line = record("run", TWIN, SEEN) + "\n";
    fs::write(&runs, line.repeat(3000)).unwrap();
    let kept = |more: &[&str]| {
        let mut command = twinguard(&folder);
        command.args(["verify", "--format", "jsonl", "--checkpoint", "state.json", "--output", "report.jsonl", "runs.jsonl"]).args(more);
        command
    };
    let mut child = kept(&[]).spawn().unwrap();
    while !folder.join("state.json").exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    let refused = |more: &[&str], why: &str| {
        let output = kept(more).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && stderr.contains(why), "{stderr}");
    };
    refused(&["--all"], "`state.json` was made with another set of options; repeat the command that began it");
    fs::write(folder.join("policy.toml"), "[limits]\ntext_bytes = 1000000\n").unwrap();
    refused(&["--policy", "policy.toml"], "was made with another policy");
    fs::write(&runs, line.repeat(2999)).unwrap();
    refused(&[], "was made with another state of the inputs");
    fs::write(folder.join("state.json"), "{}").unwrap();
    refused(&[], "is no checkpoint");
}

/// As much of S3 as it takes to list a bucket and to read its objects.
fn bucket(objects: Vec<(&'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move |mut stream: TcpStream| -> io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let asked = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let target = asked.split(' ').nth(1).unwrap_or_default();
        let object = objects.iter().find(|(key, _)| target == format!("/logs/{key}"));
        let dated = "ETag: \"1\"\r\nLast-Modified: Mon, 02 Mar 2026 11:00:00 GMT\r\nConnection: close";
        if let Some((_, text)) = object {
            let range = headers.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
            let (from, to) = match range.as_deref().and_then(|range| range.split_once('-')) {
                Some((from, to)) => (from.parse().unwrap(), to.parse::<usize>().unwrap() + 1),
                None => (0, text.len()),
            };
            let (part, size) = (&text[from..to], text.len());
            write!(
                stream,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {from}-{}/{size}\r\n{dated}\r\n\r\n",
                part.len(),
                to - 1
            )?;
            return if asked.starts_with("HEAD") { Ok(()) } else { stream.write_all(part.as_bytes()) };
        }
        if !target.contains("list-type=2") {
            return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n{dated}\r\n\r\n");
        }
        let entry = |(key, text): &(&str, String)| {
            let size = text.len();
            format!("<Contents><Key>{key}</Key><LastModified>2026-03-02T11:00:00.000Z</LastModified><Size>{size}</Size></Contents>")
        };
        let listed: String = objects.iter().map(entry).collect();
        let body = format!("<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>");
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{dated}\r\n\r\n{body}", body.len())
    };
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(answer(stream))));
    format!("http://{address}")
}

#[test]
fn a_folder_of_a_bucket_is_read() {
    let lines: String = (0..2000).map(|n| record(&format!("run-{n}"), TWIN, SEEN) + "\n").collect();
    let endpoint =
        bucket(vec![("runs/a.jsonl", lines.clone()), ("runs/b.json", "not JSON".to_owned()), ("runs/notes.md", "no".to_owned())]);
    let verified = |place: &str| {
        let mut command = twinguard(&folder("bucket"));
        command.envs([("AWS_ENDPOINT", endpoint.as_str()), ("AWS_ALLOW_HTTP", "true"), ("AWS_REGION", "x")]);
        command.envs([("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
        let output = command.args(["verify", "--format", "jsonl", place]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (_, wanted, _) = verify("not-in-a-bucket", &lines);
    let (code, found, complaints) = verified("s3://logs/runs");
    assert_eq!(
        (code, complaints.as_str()),
        (Some(2), "error: `s3://logs/runs/b.json`, line 1: no JSON: expected `{` or `[`, found `n`; this line is left out\n")
    );
    assert!(found == wanted);
    let (code, found, complaints) = verified("s3://logs/runs/a.jsonl");
    assert!(code == Some(1) && found == wanted, "{complaints}");
    let (code, _, complaints) = verified("s3://logs/elsewhere/*.jsonl");
    assert!(code == Some(2) && complaints.contains("`s3://logs/elsewhere/*.jsonl`: no traces here"), "{complaints}");
}
