//! The tables of kinds and values against their data: one file a row, one row a file; then laws that
//! hold for any text.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use twinguard_core::check_digit;
use twinguard_core::kind::{KINDS, Kind, kind_of};
use twinguard_core::value::{VALUES, value_of};

/// `data/kinds/<kind>.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindData {
    /// Texts of this kind, at least five.
    fits: Vec<String>,
    /// Texts of another kind, which may be named.
    not: Vec<Other>,
    /// Spellings of the same identifier, both of this kind.
    same: Vec<(String, String)>,
    /// Spellings of the same identifier, of which the second is of another kind.
    #[serde(default)]
    same_across: Vec<(String, String)>,
    /// Seen and written: both of this kind, and not the same identifier.
    twins: Vec<(String, String)>,
    /// Texts whose check digits hold, and texts whose do not; both where the kind has any.
    #[serde(default)]
    valid: Vec<String>,
    #[serde(default)]
    invalid: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Other {
    Text(String),
    Named(NamedOther),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedOther {
    text: String,
    is: String,
}

/// `data/values/<value>.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueData {
    /// Texts of this shape, at least four.
    fits: Vec<String>,
    /// Texts of another shape, or of none.
    not: Vec<String>,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

fn read<T: DeserializeOwned>(folder_name: &str, name: &str) -> T {
    let path = folder(folder_name).join(name).with_extension("toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{folder_name}/{name}.toml: {error}"));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{folder_name}/{name}.toml: {error}"))
}

/// The rows' names are the files' names, each once.
fn rows_are_files(folder_name: &str, rows: &[&str]) {
    let files: BTreeSet<String> = std::fs::read_dir(folder(folder_name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .inspect(|path| assert_eq!(path.extension().unwrap(), "toml", "{}", path.display()))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let names: BTreeSet<String> = rows.iter().map(|row| (*row).to_owned()).collect();
    assert_eq!(names.len(), rows.len(), "a name stands twice");
    assert_eq!(names, files, "rows left, files of data/{folder_name} right");
}

/// What does not hold, one line each.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn unless(&mut self, holds: bool, say: impl FnOnce() -> String) {
        if !holds {
            self.0.push(say());
        }
    }

    fn report(self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }
}

fn canonical(text: &str) -> String {
    (kind_of(text).canonical)(text)
}

#[test]
fn every_kind_has_data_and_all_data_a_kind() {
    rows_are_files("kinds", &KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>());
}

#[test]
fn every_value_has_data_and_all_data_a_value() {
    rows_are_files("values", &VALUES.iter().map(|value| value.name).collect::<Vec<_>>());
}

#[test]
fn kinds_are_what_their_data_says() {
    let mut wrong = Wrong::default();
    for kind in KINDS {
        check_kind(kind, &read("kinds", kind.name), &mut wrong);
    }
    wrong.report();
}

fn check_kind(kind: &Kind, data: &KindData, wrong: &mut Wrong) {
    let name = kind.name;
    wrong.unless(data.fits.len() >= 5, || format!("{name}: fewer than five texts under `fits`"));
    wrong.unless(data.not.len() >= 2, || format!("{name}: fewer than two texts under `not`"));
    for text in &data.fits {
        wrong.unless(kind_of(text).name == name, || format!("{name}: `{text}` is {}", kind_of(text).name));
        let once = (kind.canonical)(text);
        wrong.unless((kind.canonical)(&once) == once, || format!("{name}: `{text}`, canonical `{once}`, has another canonical form"));
    }
    for other in &data.not {
        let (text, expected) = match other {
            Other::Text(text) => (text, None),
            Other::Named(other) => (&other.text, Some(other.is.as_str())),
        };
        let found = kind_of(text).name;
        wrong.unless(found != name && expected.is_none_or(|expected| expected == found), || {
            format!("{name}: not `{text}`, which is {found}")
        });
    }
    for (one, other) in &data.same {
        for text in [one, other] {
            wrong.unless(kind_of(text).name == name, || format!("{name}: same `{text}` is {}", kind_of(text).name));
        }
    }
    for (one, other) in &data.same_across {
        wrong.unless(kind_of(one).name == name, || format!("{name}: same `{one}` is {}", kind_of(one).name));
        wrong.unless(kind_of(other).name != name, || format!("{name}: `{other}` is of this kind, so it belongs under `same`"));
    }
    for (one, other) in data.same.iter().chain(&data.same_across) {
        let (left, right) = (canonical(one), canonical(other));
        wrong.unless(left == right, || format!("{name}: `{one}` is `{left}`, `{other}` is `{right}`"));
    }
    for (seen, written) in &data.twins {
        for text in [seen, written] {
            wrong.unless(kind_of(text).name == name, || format!("{name}: twin `{text}` is {}", kind_of(text).name));
        }
        wrong.unless(canonical(seen) != canonical(written), || {
            format!("{name}: twins `{seen}` and `{written}` are both `{}`", canonical(seen))
        });
    }
    match kind.check {
        Some(holds) => {
            wrong.unless(!data.valid.is_empty() && !data.invalid.is_empty(), || format!("{name}: no `valid` or no `invalid`"));
            for text in &data.valid {
                wrong.unless((kind.fits)(text) && holds(text), || format!("{name}: `{text}` is not valid"));
            }
            for text in &data.invalid {
                wrong.unless((kind.fits)(text) && !holds(text), || format!("{name}: `{text}` is not an invalid {name}"));
            }
        }
        None => wrong.unless(data.valid.is_empty() && data.invalid.is_empty(), || format!("{name}: has no check digits")),
    }
}

#[test]
fn values_are_what_their_data_says() {
    let mut wrong = Wrong::default();
    for value in VALUES {
        let (name, data): (_, ValueData) = (value.name, read("values", value.name));
        wrong.unless(data.fits.len() >= 4 && data.not.len() >= 4, || format!("{name}: fewer than four texts a side"));
        for text in &data.fits {
            wrong.unless((value.fits)(text), || format!("{name}: `{text}` does not fit"));
            wrong.unless(value_of(text).is_some(), || format!("{name}: `{text}` is no value"));
        }
        for text in &data.not {
            wrong.unless(!(value.fits)(text), || format!("{name}: `{text}` fits"));
        }
    }
    wrong.report();
}

/// A value is never judged, so an identifier that passes for one is lost. Kinds of which some may be
/// values are left out: `task_11`, `#1001`, `report_1.pdf`.
#[test]
fn identifiers_are_not_values() {
    const ALSO_VALUES: [&str; 5] = ["prefixed", "name", "file", "path", "token"];
    let mut wrong = Wrong::default();
    for kind in KINDS.iter().filter(|kind| !ALSO_VALUES.contains(&kind.name)) {
        let data: KindData = read("kinds", kind.name);
        for text in data.fits.iter().chain(data.twins.iter().flat_map(|(seen, written)| [seen, written])) {
            let value = value_of(text).map(|value| value.name);
            let rewritten = kind.name == "integer" && matches!(value, Some("thousands" | "decimal"));
            wrong.unless(value.is_none() || rewritten, || format!("{}: `{text}` is also the value {value:?}", kind.name));
        }
    }
    wrong.report();
}

/// Texts near enough to the shapes that they often fit: any text, and every text of the data with one
/// character replaced, dropped or doubled.
fn near_shapes() -> impl Strategy<Value = String> {
    let known: Vec<String> = KINDS
        .iter()
        .flat_map(|kind| {
            let data: KindData = read("kinds", kind.name);
            data.fits.into_iter().chain(data.same.into_iter().flat_map(|(one, other)| [one, other]))
        })
        .chain(VALUES.iter().flat_map(|value| read::<ValueData>("values", value.name).fits))
        .collect();
    let edited = (proptest::sample::select(known), any::<prop::sample::Index>(), 0..3u8, any::<char>(), "[ -~]").prop_map(
        |(text, at, how, any_symbol, plain)| {
            let mut symbols: Vec<char> = text.chars().collect();
            if symbols.is_empty() {
                return any_symbol.to_string();
            }
            let at = at.index(symbols.len());
            match how {
                0 => symbols[at] = any_symbol,
                1 => symbols[at] = plain.chars().next().unwrap_or(' '),
                _ => symbols.insert(at, symbols[at]),
            }
            symbols.into_iter().collect()
        },
    );
    prop_oneof![2 => edited, 1 => any::<String>(), 1 => "[ -~]{0,40}", 1 => "[%0-9a-fA-F/.:]{0,24}", 1 => "[0-9 .,:+()/-]{0,24}"]
}

proptest! {
    // A failure becomes a line of data, not a file of seeds.
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_canonical_forms_are_final(text in near_shapes()) {
        let _ = value_of(&text);
        for value in VALUES {
            let _ = (value.fits)(&text);
        }
        prop_assert!((kind_of(&text).fits)(&text));
        for kind in KINDS {
            let _ = (kind.fits)(&text);
            let _ = kind.check.map(|holds| holds(&text));
            let once = (kind.canonical)(&text);
            prop_assert_eq!((kind.canonical)(&once), once.clone(), "canonical of {}", kind.name);
        }
        for check in [check_digit::bech32, check_digit::base58check, check_digit::eip55, check_digit::gtin, check_digit::isbn10] {
            let _ = check(&text);
        }
    }

    #[test]
    fn kinds_that_need_punctuation_fit_nothing_without(text in near_shapes(), plain in "[0-9A-Za-z_-]{0,24}") {
        let bare: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
        for kind in KINDS.iter().filter(|kind| kind.punctuated) {
            prop_assert!(!(kind.fits)(&bare) && !(kind.fits)(&plain), "{}: `{}` or `{}`", kind.name, bare, plain);
        }
    }

    #[test]
    fn luhn_catches_every_wrong_digit(digits in "[0-9]{1,30}", at in any::<prop::sample::Index>(), add in 1..10u8) {
        let Some(whole) = ('0'..='9').map(|last| format!("{digits}{last}")).find(|whole| check_digit::luhn(whole)) else {
            return Err(TestCaseError::fail("some last digit must hold"));
        };
        let mut bytes = whole.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = (bytes[at] - b'0' + add) % 10 + b'0';
        prop_assert!(!check_digit::luhn(&String::from_utf8(bytes).unwrap()));
    }

    #[test]
    fn mod97_catches_every_wrong_digit_and_every_swap(digits in "[0-9]{1,28}", at in any::<prop::sample::Index>(), add in 1..10u8) {
        let Some(whole) = (0..97).map(|last| format!("{digits}{last:02}")).find(|whole| check_digit::mod97(whole)) else {
            return Err(TestCaseError::fail("some check digits must hold"));
        };
        let mut wrong = whole.clone().into_bytes();
        let place = at.index(wrong.len());
        wrong[place] = (wrong[place] - b'0' + add) % 10 + b'0';
        prop_assert!(!check_digit::mod97(&String::from_utf8(wrong).unwrap()));

        let mut swapped = whole.clone().into_bytes();
        let place = at.index(swapped.len() - 1);
        swapped.swap(place, place + 1);
        let swapped = String::from_utf8(swapped).unwrap();
        prop_assert!(swapped == whole || !check_digit::mod97(&swapped));
    }

    #[test]
    fn an_iban_catches_every_wrong_letter(bank in "[A-Z]{4}", account in "[0-9]{14}", at in 0..4usize, add in 1..26u8) {
        let Some(whole) = (2..99).map(|check| format!("GB{check:02}{bank}{account}")).find(|whole| check_digit::iban(whole)) else {
            return Err(TestCaseError::fail("some check digits must hold"));
        };
        let mut wrong = whole.into_bytes();
        wrong[4 + at] = (wrong[4 + at] - b'A' + add) % 26 + b'A';
        prop_assert!(!check_digit::iban(&String::from_utf8(wrong).unwrap()));
    }
}
