//! Whether two sets really differ: two models, before and after a failover, last week and this.
//!
//! One test over everything, and one for each group that both sets have. Each is Fisher's exact test
//! (R. A. Fisher, The design of experiments, 1935), two-sided, which is right however few substitutions
//! there are. The tests of the groups are many, so that one in twenty would find a difference by chance;
//! their probabilities are corrected by S. Holm's step-down method (A simple sequentially rejective
//! multiple test procedure, 1979). A group without a substitution in either set cannot differ whatever
//! the truth is, so it is no test and costs the others nothing.

use super::band::Group;
use super::{By, Rate, Rates};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Differences that would be rarer than this by chance are told.
pub const ALPHA: f64 = 0.05;

/// Two rates of which one is asked whether it differs from the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// The first set's.
    pub a: Rate,
    /// The second set's.
    pub b: Rate,
    /// How probable rates that are this far apart, or farther, would be if there were no difference;
    /// corrected where several were asked at once.
    pub p: f64,
}

impl Test {
    fn new(a: Rate, b: Rate) -> Self {
        Self { a, b, p: exact(a, b) }
    }

    /// Whether the sets differ, as far as can be told.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.p < ALPHA
    }

    /// What the test says, in words that call the sets so.
    #[must_use]
    pub fn words(&self, a: &str, b: &str) -> String {
        let Self { a: first, b: second, p } = *self;
        if first.copied == 0 || second.copied == 0 {
            let empty = if first.copied == 0 { a } else { b };
            return format!("cannot tell: nothing was copied in {empty}");
        }
        let (of_a, of_b) = (first.per_10_000(), second.per_10_000());
        let both = format!("{of_a:.2} of 10,000 in {a}, {of_b:.2} in {b}; p = {}", probability(p));
        if self.differs() {
            let more = if of_a > of_b { a } else { b };
            return format!("they differ: more is substituted in {more} ({both})");
        }
        let hint = match least(first, second) {
            Some(least) => format!(
                "with this many identifiers {b} would have to substitute {} or more of its {} before a rise could be told ({:.2} of 10,000)",
                least.substituted,
                least.copied,
                least.per_10_000()
            ),
            None => format!("{b} has too few identifiers for any rise to be told"),
        };
        format!("cannot tell: no difference is shown, which does not say that there is none ({both}); {hint}")
    }
}

/// What there is to say of two sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Over everything, one test.
    pub overall: Test,
    /// By each of these, a row for every group that is in both sets. Corrected together.
    pub by: Vec<(By, Vec<(String, Test)>)>,
    /// How many tests the correction is for.
    pub tests: usize,
}

/// Compares two sets, over everything and by each of these.
///
/// ```
/// use twinguard::rate::{Rates, compare::compare};
///
/// let nothing = compare(&Rates::default(), &Rates::default(), &[]);
/// assert!(!nothing.overall.differs());
/// assert_eq!(nothing.overall.words("before", "after"), "cannot tell: nothing was copied in before");
/// ```
#[must_use]
pub fn compare(a: &Rates, b: &Rates, by: &[By]) -> Comparison {
    let mut by: Vec<(By, Vec<(String, Test)>)> = by.iter().map(|by| (*by, rows(a, b, *by))).collect();
    let mut family: Vec<&mut Test> = by.iter_mut().flat_map(|(_, rows)| rows).map(|(_, test)| test).collect();
    family.retain(|test| test.a.substituted + test.b.substituted > 0);
    let tests = family.len();
    correct(&mut family);
    Comparison { overall: Test::new(a.overall(), b.overall()), by, tests }
}

/// A test for every group that has a name in both sets.
fn rows(a: &Rates, b: &Rates, by: By) -> Vec<(String, Test)> {
    // A slip that never happened is a share of all that was copied, too.
    let zero = |rates: &Rates| (by == By::Relation).then(|| Rate { substituted: 0, ..rates.overall() });
    let mut pairs: BTreeMap<&Group, [Option<Rate>; 2]> = BTreeMap::new();
    for (side, rates) in [a, b].into_iter().enumerate() {
        for (group, rate) in rates.rows(by).into_iter().filter(|(group, _)| !group.is_unsaid()) {
            let pair = pairs.entry(group).or_insert_with(|| [zero(a), zero(b)]);
            pair.get_mut(side).into_iter().for_each(|slot| *slot = Some(rate));
        }
    }
    let test = |(group, pair): (&Group, [Option<Rate>; 2])| match pair {
        [Some(a), Some(b)] => Some((group.name().to_owned(), Test::new(a, b))),
        _ => None,
    };
    pairs.into_iter().filter_map(test).collect()
}

/// Holm: the smallest counts as many times as there are tests, the next once less, and none for less than
/// one before it.
fn correct(family: &mut [&mut Test]) {
    family.sort_by(|one, other| one.p.partial_cmp(&other.p).unwrap_or(Ordering::Equal));
    let (mut left, mut before) = (family.len(), 0.0_f64);
    for test in family {
        before = before.max((test.p * left as f64).min(1.0));
        test.p = before;
        left -= 1;
    }
}

/// Fisher's exact test, two-sided: of all ways to deal the substitutions to the two sets, the share that
/// is no likelier than the one that was found.
///
/// The ways are weighed relative to the likeliest, each from its neighbour, so that no factorial is
/// needed and nothing overflows; what underflows weighs nothing.
///
/// ```
/// use twinguard::rate::{Rate, compare::exact};
///
/// let rate = |substituted, copied| Rate { copied, substituted };
/// assert!((exact(rate(3, 4), rate(1, 4)) - 0.485_714_285_7).abs() < 1e-9); // Fisher's lady tasting tea
/// assert_eq!(exact(rate(0, 10), rate(0, 20)), 1.0);
/// ```
#[must_use]
pub fn exact(a: Rate, b: Rate) -> f64 {
    /// Two ways that are equally likely differ in the last digits of a float.
    const EQUAL: f64 = 1.0 + 1e-7;
    let dealt = a.substituted + b.substituted;
    let least = dealt.saturating_sub(b.copied);
    let most = dealt.min(a.copied);
    // How much likelier it is that the first set got one more.
    let step = |got: u64| {
        let [got, dealt, of_a, of_b] = [got, dealt, a.copied, b.copied].map(|count| count as f64);
        (of_a - got) * (dealt - got) / ((got + 1.0) * (of_b - dealt + got + 1.0))
    };
    let all = (a.copied + b.copied) as f64;
    // The likeliest way, by the mode of the hypergeometric distribution; lossless, as both are counts.
    let mode = if all == 0.0 { 0.0 } else { ((dealt + 1) as f64 * (a.copied + 1) as f64 / (all + 2.0)).floor() };
    let mode = (mode as u64).clamp(least, most);
    let mut weights = vec![(mode, 1.0)];
    let mut weight = 1.0;
    for got in mode..most {
        weight *= step(got);
        weights.push((got + 1, weight));
    }
    weight = 1.0;
    for got in (least..mode).rev() {
        weight /= step(got);
        weights.push((got, weight));
    }
    let found = weights.iter().find(|(got, _)| *got == a.substituted).map_or(0.0, |(_, weight)| *weight);
    // The small ones first, so that they count.
    weights.sort_by(|(_, one), (_, other)| one.partial_cmp(other).unwrap_or(Ordering::Equal));
    let sum = |weights: &mut dyn Iterator<Item = f64>| weights.fold(0.0, |sum, weight| sum + weight);
    let extreme = sum(&mut weights.iter().map(|(_, weight)| *weight).filter(|weight| *weight <= found * EQUAL));
    (extreme / sum(&mut weights.iter().map(|(_, weight)| *weight))).min(1.0)
}

/// The least that the second set would have had to substitute for a rise to be told.
#[must_use]
pub fn least(a: Rate, b: Rate) -> Option<Rate> {
    let with = |substituted| Rate { copied: b.copied, substituted };
    let is_told = |substituted| exact(a, with(substituted)) < ALPHA && with(substituted).per_10_000() > a.per_10_000();
    if b.copied == 0 || !is_told(b.copied) {
        return None;
    }
    // Farther apart is never less telling.
    let (mut too_few, mut enough) = (0, b.copied);
    while too_few + 1 < enough {
        let middle = too_few + (enough - too_few) / 2;
        if is_told(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Some(with(enough))
}

/// As people write it: `0.0123`, `below 0.0001`.
#[must_use]
pub fn probability(p: f64) -> String {
    if p < 1e-4 { "below 0.0001".to_owned() } else { format!("{p:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(substituted: u64, copied: u64) -> Rate {
        Rate { copied, substituted }
    }

    /// Straight from the definition, with factorials.
    fn by_factorials(a: Rate, b: Rate) -> f64 {
        let ln = |n: u64| (1..=n).map(|k| (k as f64).ln()).sum::<f64>();
        let choose = |n: u64, k: u64| ln(n) - ln(k) - ln(n - k);
        let dealt = a.substituted + b.substituted;
        let of = |got: u64| (choose(a.copied, got) + choose(b.copied, dealt - got) - choose(a.copied + b.copied, dealt)).exp();
        let ways = dealt.saturating_sub(b.copied)..=dealt.min(a.copied);
        let found = of(a.substituted);
        ways.map(of).filter(|way| *way <= found * (1.0 + 1e-7)).sum::<f64>().min(1.0)
    }

    #[test]
    fn the_test_is_the_one_of_the_definition() {
        for (of_a, of_b) in [(1, 1), (5, 9), (12, 7), (40, 300)] {
            for a in 0..=of_a.min(12) {
                for b in 0..=of_b.min(30) {
                    let (a, b) = (rate(a, of_a), rate(b, of_b));
                    let (found, expected) = (exact(a, b), by_factorials(a, b));
                    assert!((found - expected).abs() < 1e-9, "{a:?} {b:?}: {found} {expected}");
                    assert!((found - exact(b, a)).abs() < 1e-9, "{a:?} {b:?}: which is first does not matter");
                }
            }
        }
    }

    #[test]
    fn large_counts_neither_overflow_nor_vanish() {
        assert!(exact(rate(900, 1_000_000), rate(1_500, 1_000_000)) < 1e-30);
        let alike = exact(rate(1_000, 1_000_000), rate(1_010, 1_000_000));
        assert!((0.8..0.9).contains(&alike), "{alike}");
    }

    /// The worked example of the method: 0.01, 0.04, 0.03, 0.005 of four tests.
    #[test]
    fn several_tests_are_corrected_by_holm() {
        let mut tests = [0.01, 0.04, 0.03, 0.005].map(|p| Test { a: rate(1, 2), b: rate(1, 2), p });
        correct(&mut tests.iter_mut().collect::<Vec<_>>());
        let found = tests.map(|test| (test.p * 1e6).round() / 1e6);
        assert_eq!(found, [0.03, 0.06, 0.06, 0.02]);
    }

    #[test]
    fn few_data_say_what_they_cannot_say() {
        let test = Test::new(rate(0, 100), rate(2, 100));
        assert!(!test.differs());
        let words = test.words("A", "B");
        assert!(words.starts_with("cannot tell") && words.contains("substitute 6 or more of its 100"), "{words}");
        assert_eq!(least(rate(0, 100), rate(2, 100)), Some(rate(6, 100)));
        assert_eq!(least(rate(0, 1), rate(0, 1)), None);
        assert!(Test::new(rate(0, 1), rate(1, 1)).words("A", "B").ends_with("too few identifiers for any rise to be told"));
    }
}
