//! The fire drill: it repeats itself, its numbers add up, and each slip is the slip it is called.
//!
//! `tests/data/drill/runs.jsonl` holds conversations of our own, one a line.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use twinguard::drill::corrupt::{Shape, corrupt};
use twinguard::drill::random::Random;
use twinguard::drill::score::Score;
use twinguard::drill::{self, Drill, Options, Place};
use twinguard::rate::share::Share;
use twinguard::trace::event::{Trace, What};
use twinguard::trace::format::{self, Record};
use twinguard::trace::records::Records;
use twinguard::trace::verify;
use twinguard::{Decision, Guard};
use twinguard_core::confusable::looks_like;
use twinguard_core::distance::distance;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/drill/runs.jsonl")
}

fn traces() -> Vec<Trace> {
    let text = fs::read(data()).unwrap();
    let records: Vec<Record> = Records::new("runs.jsonl", Box::new(&*text.leak()), None).map(Result::unwrap).collect();
    records.iter().flat_map(|record| format::read(record, None).unwrap()).collect()
}

fn drilled(options: &Options) -> Vec<Drill> {
    let guard = Guard::new().unwrap();
    traces().iter().map(|trace| drill::drill(&guard, "", trace, options).unwrap()).collect()
}

fn twinguard(arguments: &[&str], threads: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twinguard")).args(arguments).env("RAYON_NUM_THREADS", threads).output().unwrap()
}

/// Identifiers of every kind that slips are tried on.
const SAMPLES: &[&str] = &[
    "acct_7H9j3",
    "#W4820175",
    "credit_card_8853416",
    "725653563933458432",
    "9007199254740993",
    "3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "550e8400-e29b-41d4-a716-446655440000",
    "mia_li_3668",
    "EUJUY6",
    "HAT136",
    "nora.beck41@example.com",
    "jb-77120-k4",
    "Müller_4711",
    "00000",
    "A1",
];

#[test]
fn every_slip_is_what_it_is_called() {
    let mut done = [0; Shape::ALL.len()];
    for seed in 0..200 {
        for text in SAMPLES {
            for (n, shape) in Shape::ALL.into_iter().enumerate() {
                let Some(changed) = corrupt(shape, text, &["gift_card"], &mut Random::new(seed)) else { continue };
                done[n] += 1;
                let edits = distance(text, &changed, 3);
                let length = changed.chars().count().cast_signed() - text.chars().count().cast_signed();
                let tail = |text: &str| text.rsplit(['_', '-']).next().map(str::to_owned);
                let holds = match shape {
                    Shape::Substituted => edits == Some(1) && length == 0,
                    Shape::Swapped => edits == Some(1) && length == 0 && sorted(text) == sorted(&changed),
                    Shape::Dropped => edits == Some(1) && length == -1,
                    Shape::Doubled => edits == Some(1) && length == 1,
                    Shape::TwoEdits => edits == Some(2),
                    Shape::Truncated => text.starts_with(&changed) && length <= -2 && changed.chars().count() >= 4,
                    Shape::LookAlike => edits == Some(1) && looks_like(text, &changed),
                    Shape::LetterCase => text.eq_ignore_ascii_case(&changed),
                    Shape::OtherPrefix => tail(text) == tail(&changed) && changed.starts_with("gift_card"),
                    Shape::FloatRounding => text.parse::<f64>().unwrap() == changed.parse::<f64>().unwrap(),
                    Shape::OtherSeenNear | Shape::OtherSeenFar => false,
                };
                assert!(holds && changed != **text, "{shape}: `{text}` became `{changed}`");
            }
        }
    }
    let never: Vec<&str> =
        Shape::ALL.into_iter().zip(done).filter(|(shape, done)| (*done == 0) != shape.is_seen()).map(|(shape, _)| shape.name()).collect();
    assert_eq!(never, Vec::<&str>::new());
}

fn sorted(text: &str) -> Vec<char> {
    let mut characters: Vec<char> = text.chars().collect();
    characters.sort_unstable();
    characters
}

#[test]
fn a_small_number_is_no_float_and_a_short_hash_no_slip() {
    let mut random = Random::new(1);
    assert_eq!(corrupt(Shape::FloatRounding, "9007199254740992", &[], &mut random), None); // 2^53
    assert_eq!(corrupt(Shape::FloatRounding, "9007199254740993", &[], &mut random).as_deref(), Some("9007199254740992"));
    for seed in 0..500 {
        let cut = corrupt(Shape::Truncated, "3b18e512dba79e4c8300dd08aeb37f8e728b8dad", &[], &mut Random::new(seed));
        assert!(cut.is_none_or(|cut| cut.len() > 16));
    }
}

/// The examples of R. G. Newcombe, "Two-sided confidence intervals for the single proportion" (1998),
/// table I, method 3.
#[test]
fn intervals_are_wilsons() {
    for (hits, of, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)] {
        let (found_low, found_high) = Share { hits, of }.interval();
        assert!((found_low - low).abs() < 5e-5 && (found_high - high).abs() < 5e-5, "{hits} of {of}: {found_low} {found_high}");
        let (mirrored_low, mirrored_high) = Share { hits: of - hits, of }.interval();
        assert!((mirrored_low - 1.0 + found_high).abs() < 1e-12 && (mirrored_high - 1.0 + found_low).abs() < 1e-12);
    }
    assert_eq!(Share { hits: 0, of: 0 }.interval(), (0.0, 1.0)); // of nothing nothing is known
}

/// A drill of a snapshot must say what a replay of the changed trace says.
#[test]
fn a_slip_is_judged_as_if_the_model_had_made_it() {
    let guard = Guard::new().unwrap();
    let mut judged = 0;
    for trace in traces() {
        let drill = drill::drill(&guard, "", &trace, &Options { per_trace: 40, seed: 3 }).unwrap();
        for slip in &drill.injections {
            let mut changed = trace.clone();
            let is_it = |event: &&mut twinguard::trace::event::Event| {
                event.turn == slip.turn
                    && matches!(&event.what, What::Called(call) if call.tool == slip.tool && call.arguments.contains(&slip.original))
            };
            let What::Called(call) = &mut changed.events.iter_mut().find(is_it).unwrap().what else { continue };
            assert_eq!(call.arguments.matches(&slip.original).count(), 1);
            call.arguments = call.arguments.replace(&slip.original, &slip.changed);
            let (id, arguments) = (call.call_id.clone(), call.arguments.clone());
            let report = verify::verify(&mut guard.session("").unwrap(), changed);
            let verdict = report.judged.iter().find(|judged| judged.call_id == id);
            assert_eq!(verdict.map_or(Decision::Allow, |verdict| verdict.decision), slip.call_decision, "{arguments}");
            judged += 1;
        }
    }
    assert!(judged > 80, "{judged}");
}

#[test]
fn numbers_add_up() {
    let mut score = Score::default();
    drilled(&Options { per_trace: 20, ..Options::default() }).into_iter().for_each(|drill| score.add(drill));
    assert_eq!((score.traces, score.calls.all), (4, 14));
    assert_eq!(score.by_tool.values().map(|calls| calls.all).sum::<u64>(), 14);
    assert_eq!(score.injections.len() as u64, score.unseen.all.all + score.seen.all.all);
    for slips in [&score.unseen, &score.seen] {
        for (side, rows) in slips.sides() {
            let all: u64 = rows.iter().map(|(_, tally)| tally.all).sum();
            assert!(all == slips.all.all || side.contains("15 bits") && all < slips.all.all, "{side}");
            assert!(rows.iter().all(|(_, tally)| tally.blocked <= tally.stopped
                && tally.stopped <= tally.flagged
                && tally.flagged <= tally.all
                && tally.named <= tally.flagged));
        }
    }
    let alarms = score.calls.warn + score.calls.stopped();
    assert_eq!(score.places().iter().map(|(_, calls)| calls.warn + calls.stopped()).sum::<u64>(), alarms);
    assert_eq!(score.unseen.by_place.keys().copied().collect::<Vec<_>>(), Place::ALL);
}

#[test]
fn what_is_corrupted_was_copied_and_what_comes_of_it_is_new() {
    let traces = traces();
    for (trace, drill) in traces.iter().zip(drilled(&Options { per_trace: 60, seed: 5 })) {
        for slip in drill.injections {
            let shown = |text: &str| {
                let before = trace.events.iter().take_while(|event| event.turn < slip.turn);
                before.filter(|event| matches!(&event.what, What::Shown(shown) if shown.content.contains(text))).count()
            };
            assert!(shown(&slip.original) > 0, "{slip:?}");
            assert_ne!(slip.original, slip.changed);
            if slip.shape.is_seen() {
                assert!(shown(&slip.changed) > 0, "{slip:?}");
            }
        }
        // What the model named itself, and a result repeats, was copied from nowhere.
        assert!(trace.id != "invented" || drill.calls.len() == 2);
    }
    assert!(drilled(&Options::default()).iter().find(|drill| drill.id == "invented").unwrap().injections.is_empty());
}

#[test]
fn a_number_stays_a_number() {
    let drills = drilled(&Options { per_trace: 60, seed: 2 });
    let slips = || drills.iter().flat_map(|drill| &drill.injections).filter(|slip| slip.tool == "delete_message");
    assert!(slips().count() > 5);
    assert!(slips().all(|slip| slip.changed.bytes().all(|byte| byte.is_ascii_digit())));
    let rounded = slips().find(|slip| slip.shape == Shape::FloatRounding).unwrap();
    assert_eq!((rounded.changed.as_str(), rounded.decision), ("725653563933458400", Decision::Block));
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let path = data();
    let path = path.to_str().unwrap();
    for format in ["human", "json"] {
        let arguments = ["drill", "--format", format, "--list", path, path];
        let one = twinguard(&arguments, "1");
        assert_eq!(one.status.code(), Some(0));
        assert_eq!(one.stdout, twinguard(&arguments, "4").stdout);
        let other = twinguard(&["drill", "--format", format, "--list", "--seed", "2", path, path], "1");
        assert_ne!(one.stdout, other.stdout);
    }
}

/// What is drawn for a trace does not depend on what else is drilled, nor on where it lies.
#[test]
fn a_trace_is_drilled_the_same_in_any_company() {
    let slips = |drills: Vec<Drill>| drills.into_iter().find(|drill| drill.id == "shop").unwrap().injections;
    let guard = Guard::new().unwrap();
    let alone = traces().into_iter().find(|trace| trace.id == "shop").unwrap();
    let alone = Trace { file: "elsewhere".to_owned(), ..alone };
    let options = Options::default();
    assert_eq!(slips(drilled(&options)), slips(vec![drill::drill(&guard, "", &alone, &options).unwrap()]));
}

#[test]
fn limits_decide_the_exit_code() {
    let path = data();
    let path = path.to_str().unwrap();
    let code = |more: &[&str]| twinguard(&[&["drill"], more, &[path]].concat(), "2").status.code();
    assert_eq!(code(&["--max-stops-per-1000", "0", "--min-blocked", "50"]), Some(0));
    assert_eq!(code(&["--min-blocked", "101"]), Some(1));
    assert_eq!(code(&["--min-blocked", "1", "--per-trace", "0"]), Some(1)); // nothing shows it
    assert_eq!(twinguard(&["drill", "no-such-file.jsonl"], "1").status.code(), Some(2));
    assert_eq!(twinguard(&["drill", "no-such-file.jsonl", path], "1").status.code(), Some(2));
}

#[test]
fn the_json_holds_what_the_tables_hold() {
    let path = data();
    let output = twinguard(&["drill", "--format", "json", "--list", "--per-trace", "20", path.to_str().unwrap()], "2");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["type"], &report["version"]), (&"drill".into(), &1.into()));
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap();
    assert_eq!(number("/untouched/calls/all"), 14);
    assert_eq!(report["slips"].as_array().unwrap().len() as u64, number("/never_seen/all/all") + number("/other_seen/all/all"));
    let places = report["never_seen"]["by_place"].as_object().unwrap();
    assert_eq!(places.values().map(|tally| tally["all"].as_u64().unwrap()).sum::<u64>(), number("/never_seen/all/all"));
    let human = twinguard(&["drill", "--per-trace", "20", path.to_str().unwrap()], "2");
    let human = String::from_utf8(human.stdout).unwrap();
    assert!(human.contains(&format!("A value that nobody had seen: {}", number("/never_seen/all/all"))));
}
