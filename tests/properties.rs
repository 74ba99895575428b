//! Laws that hold for every input: distance, near entries, edits in words, skeletons, chance.

use aho_corasick::{AhoCorasick, MatchKind};
use proptest::{collection::vec, prelude::*, sample::Index};
use twinguard_core::{
    coincidence::chance,
    columns::{Columns, Near},
    confusable::{looks_like, mixed_scripts, skeleton, skeleton_hash_input},
    distance::distance,
    edit::{describe, differing},
    mask::Echoes,
};

/// Texts of few different characters, so that near ones are common.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{0,12}",
        "[0-3]{0,20}",
        "acct_[0-9A-Za-z]{4,6}",
        "[abàб€𝄞]{0,12}",
        "[0-9a-f]{8}-[0-9a-f]{4}",
        "[ab]{60,150}",
        "[abб]{60,90}",
        ".{0,20}",
    ]
}

/// A few random edits of a text: insert, delete, replace, or swap neighbours.
fn edited(text: &str, edits: &[(u8, Index, char)]) -> String {
    let mut symbols: Vec<char> = text.chars().collect();
    for (edit, at, symbol) in edits {
        let at = at.index(symbols.len() + 1);
        match edit % 4 {
            0 => symbols.insert(at, *symbol),
            1 if at < symbols.len() => drop(symbols.remove(at)),
            2 if at < symbols.len() => symbols[at] = *symbol,
            3 if at + 1 < symbols.len() => symbols.swap(at, at + 1),
            _ => {}
        }
    }
    symbols.into_iter().collect()
}

fn edits(most: usize) -> impl Strategy<Value = Vec<(u8, Index, char)>> {
    let symbol = prop_oneof![Just('a'), Just('0'), Just('7'), Just('б'), Just('𝄞')];
    vec((any::<u8>(), any::<Index>(), symbol), 0..=most)
}

/// Two texts, near to each other as often as not.
fn pair() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        (text(), text()),
        (text(), edits(5)).prop_map(|(text, edits)| {
            let other = edited(&text, &edits);
            (text, other)
        }),
    ]
}

fn oracle(a: &str, b: &str, limit: u32) -> Option<u32> {
    u32::try_from(strsim::osa_distance(a, b)).ok().filter(|&edits| edits <= limit)
}

/// A ledger's worst and ordinary days: random, one-edit mutants, shared prefixes, sequences.
fn entries() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        vec(text(), 0..40),
        (text(), vec(edits(3), 0..60)).prop_map(|(text, all)| all.iter().map(|edits| edited(&text, edits)).collect()),
        (0_u32..100_000, 1_usize..60)
            .prop_map(|(from, count)| { (from..).take(count).map(|number| format!("ORD-2024-{number:06}")).collect() }),
        vec("[0-9a-f]{4}", 1..60).prop_map(|tails| { tails.iter().map(|tail| format!("arn:aws:iam::123456789012:role/{tail}")).collect() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn distance_is_the_oracles_and_obeys_its_limit((a, b) in pair(), limit in 0_u32..9) {
        prop_assert_eq!(distance(&a, &b, limit), oracle(&a, &b, limit));
    }

    #[test]
    fn distance_without_a_limit_is_the_oracles((a, b) in pair()) {
        prop_assert_eq!(distance(&a, &b, u32::MAX), oracle(&a, &b, u32::MAX));
    }

    #[test]
    fn distance_is_symmetric((a, b) in pair(), limit in 0_u32..9) {
        prop_assert_eq!(distance(&a, &b, limit), distance(&b, &a, limit));
    }

    #[test]
    fn texts_longer_than_a_word_are_compared_exactly(
        base in "[abc]{100,140}", near in edits(6), limit in 1_u32..9,
    ) {
        // Changed ends leave nothing to trim, so the band does the work.
        let other = format!("x{}y", edited(&base, &near));
        prop_assert_eq!(distance(&base, &other, limit), oracle(&base, &other, limit));
    }

    #[test]
    fn an_edit_is_described_exactly_when_there_is_one((written, seen) in pair()) {
        let words = describe(&written, &seen);
        prop_assert_eq!(words.is_empty(), written == seen);
        prop_assert!(!words.chars().any(|symbol| symbol.is_control()), "{:?}", words);
    }

    #[test]
    fn differing_ranges_are_in_order_on_character_boundaries((written, seen) in pair()) {
        let ranges = differing(&written, &seen);
        prop_assert_eq!(ranges.is_empty(), written == seen);
        let mut end = 0;
        for range in ranges {
            prop_assert!(range.start >= end && range.end >= range.start);
            prop_assert!(written.get(range.clone()).is_some());
            end = range.end;
        }
    }

    #[test]
    fn a_skeleton_is_its_own_skeleton(text in ".{0,30}") {
        let once = skeleton(&text);
        prop_assert_eq!(skeleton(&once), once.clone());
        let mut streamed = Vec::new();
        skeleton_hash_input(&text, |byte| streamed.push(byte));
        prop_assert_eq!(streamed, once.into_bytes());
        let _ = mixed_scripts(&text);
    }

    #[test]
    fn look_alikes_have_one_skeleton((a, b) in pair()) {
        if looks_like(&a, &b) {
            prop_assert_eq!(skeleton(&a), skeleton(&b));
            prop_assert!(looks_like(&b, &a) && a != b);
        }
    }

    #[test]
    fn echoes_are_found_as_an_automaton_finds_them(texts in vec("[ab]{1,4}|[aбc]{1,6}", 0..12), text in "[abcб -]{0,40}") {
        let oracle = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts).unwrap();
        let expected: Vec<_> = oracle.find_iter(&text).map(|found| found.range()).collect();
        let found = Echoes::of(texts).map_or_else(Vec::new, |echoes| echoes.occurrences(&text));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn chance_is_a_probability_that_grows_with_what_was_seen(
        seen in 0_u64..1 << 40, more in 0_u64..1 << 40, alphabet in 0_u32..70,
        length in 0_u32..100, limit in 0_u32..12,
    ) {
        let few = chance(seen, alphabet, length, limit);
        let many = chance(seen + more, alphabet, length, limit);
        prop_assert!((0.0..=1.0).contains(&few));
        prop_assert!(few <= many);
        prop_assert!(few <= chance(seen, alphabet, length, limit + 1) * (1.0 + 1e-9));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn near_entries_are_the_oracles(
        entries in entries(), which in any::<Index>(), edits in edits(3), limit in 0_u32..5,
        stranger in text(), at_home in any::<bool>(),
    ) {
        let query = match entries.get(which.index(entries.len() + 1)) {
            Some(entry) if at_home => edited(entry, &edits),
            _ => stranger,
        };
        let mut columns = Columns::default();
        for (id, text) in (0..).zip(&entries) {
            columns.insert(id, text);
        }
        let near = columns.near(&query, limit, |id| &entries[id as usize]);
        let mut expected: Vec<Near> = (0..)
            .zip(&entries)
            .filter_map(|(id, text)| {
                Some(Near { id, distance: oracle(&query, text, limit)? })
            })
            .collect();
        expected.sort_unstable_by_key(|near| (near.distance, near.id));
        prop_assert_eq!(near, expected);
    }
}

#[test]
fn hostile_texts_are_compared_in_linear_time() {
    // Quadratic work would be 10^12 steps here.
    let a = "ab".repeat(500_000);
    let b = "ba".repeat(500_000);
    assert_eq!(distance(&a, &b, 3), Some(2));
    assert_eq!(distance(&a, &format!("{}{}", "b".repeat(500_000), "a".repeat(500_000)), 3), None);
    assert!(!describe(&a, &b).is_empty());
    assert!(describe(&a, &b).len() < 300);
}

/// Chances computed and simulated elsewhere, of 100, 1 000, 10 000 and 1 000 000 seen texts.
/// Columns: alphabet, length, limit, then the four.
const CHANCES: &[(u32, u32, u32, [f64; 4])] = &[
    (10, 4, 1, [0.32, 0.98, 1.0, 1.0]),
    (10, 5, 1, [0.05, 0.38, 0.99, 1.0]),
    (10, 5, 2, [0.64, 1.0, 1.0, 1.0]),
    (10, 6, 1, [6e-3, 0.06, 0.44, 1.0]),
    (10, 6, 2, [0.14, 0.79, 1.0, 1.0]),
    (10, 7, 1, [7e-4, 7e-3, 0.07, 1.0]),
    (10, 7, 2, [0.02, 0.20, 0.89, 1.0]),
    (10, 8, 1, [8e-5, 8e-4, 8e-3, 0.54]),
    (10, 8, 2, [3e-3, 0.03, 0.26, 1.0]),
    (10, 10, 1, [1e-6, 1e-5, 1e-4, 0.01]),
    (10, 10, 2, [5e-5, 5e-4, 5e-3, 0.38]),
    (10, 12, 1, [1e-8, 1e-7, 1e-6, 1e-4]),
    (10, 12, 2, [7e-7, 7e-6, 7e-5, 7e-3]),
    (10, 16, 1, [2e-12, 2e-11, 2e-10, 2e-8]),
    (10, 16, 2, [1e-10, 1e-9, 1e-8, 1e-6]),
    (16, 7, 1, [4e-5, 4e-4, 4e-3, 0.34]),
    (16, 7, 2, [2e-3, 0.02, 0.19, 1.0]),
    (16, 8, 1, [3e-6, 3e-5, 3e-4, 0.03]),
    (16, 8, 2, [2e-4, 2e-3, 0.02, 0.83]),
    (16, 12, 1, [7e-11, 7e-10, 7e-9, 7e-7]),
    (16, 12, 2, [6e-9, 6e-8, 6e-7, 6e-5]),
    (36, 6, 1, [1e-5, 1e-4, 1e-3, 0.09]),
    (36, 6, 2, [9e-4, 9e-3, 0.09, 1.0]),
    (36, 8, 1, [1e-8, 1e-7, 1e-6, 1e-4]),
    (36, 8, 2, [1e-6, 1e-5, 1e-4, 0.01]),
    (62, 6, 1, [7e-7, 7e-6, 7e-5, 7e-3]),
    (62, 6, 2, [1e-4, 1e-3, 0.01, 0.64]),
    (62, 8, 1, [2e-10, 2e-9, 2e-8, 2e-6]),
    (62, 8, 2, [5e-8, 5e-7, 5e-6, 5e-4]),
];

#[test]
fn chances_match_those_computed_elsewhere() {
    for &(alphabet, length, limit, expected) in CHANCES {
        for (seen, expected) in [100, 1_000, 10_000, 1_000_000].into_iter().zip(expected) {
            let ours = chance(seen, alphabet, length, limit);
            // The list gives one or two digits: half a unit of the last, and 4 % for the formula.
            let unit = if expected >= 0.02 { 0.01 } else { 10_f64.powf(expected.log10().floor()) };
            let slack = unit * 0.501 + expected * 0.04;
            assert!((ours - expected).abs() <= slack, "{alphabet}^{length} k{limit} N={seen}: {ours}");
        }
    }
}

/// How many texts of the same length are near, counted by enumeration.
#[test]
fn the_number_of_neighbours_matches_a_count() {
    for (alphabet, length, limit, counted) in [
        (10, 4, 1, 38.7),
        (10, 4, 2, 608.9),
        (10, 5, 2, 1_039.6),
        (10, 7, 1, 68.4),
        (10, 7, 2, 2_282.0),
        (10, 10, 2, 5_005.0),
        (16, 7, 1, 110.6),
        (16, 7, 2, 5_640.0),
        (16, 12, 2, 18_293.0),
        (36, 6, 2, 19_983.0),
    ] {
        let texts = f64::from(alphabet).powi(length);
        // With one text seen and a chance far below 1, the chance is the share of its neighbours.
        let share = chance(1, alphabet.try_into().unwrap(), length.try_into().unwrap(), limit);
        let ours = -(-share).ln_1p() * texts;
        assert!((ours / counted - 1.0).abs() < 0.04, "{alphabet}^{length} k{limit}: {ours}");
    }
}

#[test]
fn edits_are_told_in_plain_words() {
    for (written, seen, words) in [
        ("acct_7H9j2", "acct_7H9j3", "the last character is `2`, seen was `3`"),
        ("Xcct_7", "acct_7", "the first character is `X`, seen was `a`"),
        ("acct_7X9j3", "acct_7H9j3", "character 7 is `X`, seen was `H`"),
        ("acct_79Hj3", "acct_7H9j3", "`9` and `H` are swapped (characters 7 and 8)"),
        ("acct_7Hj3", "acct_7H9j3", "`9` is missing after `acct_7H`"),
        ("acct_7H9j", "acct_7H9j3", "the last character `3` is missing"),
        ("cct_7H9j3", "acct_7H9j3", "the first character `a` is missing"),
        ("acct_7H99j3", "acct_7H9j3", "`9` is doubled (characters 8 and 9)"),
        ("acct_7Hx9j3", "acct_7H9j3", "an extra `x` at character 8"),
        ("cus_1003", "cus_10003", "`0` stands 2 times from character 6, seen was 3 times"),
        ("cus_13", "cus_113", "`1` stands once at character 5, seen was 2 times"),
        ("acct_7H", "acct_7H9j3", "the tail `9j3` is cut off"),
        ("550e84…0000", "550e8400-0000", "the middle `00-` is left out"),
        ("550e84...", "550e8400-0000", "the tail `00-0000` is left out"),
        ("acct_xH9j2", "acct_7H9j3", "character 6 is `x`, seen was `7`; the last character is `2`, seen was `3`"),
        ("acct_12xy56", "acct_123456", "characters 8 and 9 are `xy`, seen was `34`"),
        ("credit_card_5634230", "gift_card_5634230", "the prefix is `credit_card_`, seen was `gift_card_`"),
        ("cust_7H9j3", "acct_7H9j3", "the prefix is `cust_`, seen was `acct_`"),
        ("acct_7h9j3", "acct_7H9j3", "only letter case differs: `h` for `H` at character 7"),
        ("\u{430}cct_7", "acct_7", "`\u{430}` (U+0430, Cyrillic) at character 1 stands for its look-alike `a`"),
        ("cus_l9", "cus_19", "`l` at character 5 stands for its look-alike `1`"),
        ("acct\u{200b}_7", "acct_7", "an invisible U+200B stands at character 5"),
        ("mia_il_3668", "mia_li_3668", "`i` and `l` are swapped (characters 5 and 6)"),
    ] {
        assert_eq!(describe(written, seen), words, "{written} for {seen}");
    }
}
