//! Rates as JSON. The form is a promise: it is copied here, field by field.

use super::band::Group;
use super::compare::{ALPHA, Comparison, Test, least};
use super::{By, Rate, Rates};
use serde::Serialize;

/// Everything that is known of rates, as a program reads it.
///
/// ```
/// use twinguard::rate::{Rates, view::View};
///
/// let view = serde_json::to_value(View::new(&Rates::default(), &[])).unwrap();
/// assert_eq!(view["overall"]["high"], 10_000.0); // of nothing, nothing is known
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct View<'a> {
    /// Over everything.
    pub overall: RateView,
    /// Rates by one thing each, in the order that was asked for.
    pub by: Vec<ByView<'a>>,
}

/// Rates by one thing.
#[derive(Clone, Debug, Serialize)]
pub struct ByView<'a> {
    /// What by: [`By::name`].
    pub by: &'static str,
    /// A row for each group.
    pub rows: Vec<RowView<'a>>,
}

/// The rate of one group.
#[derive(Clone, Debug, Serialize)]
pub struct RowView<'a> {
    /// What the group is called.
    pub name: &'a str,
    /// Its rate.
    #[serde(flatten)]
    pub rate: RateView,
}

/// A rate, per 10,000, with the ends of its interval at 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RateView {
    /// Identifiers that have an original.
    pub copied: u64,
    /// Those that are not what it was.
    pub substituted: u64,
    /// Of 10,000.
    pub per_10000: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl<'a> View<'a> {
    /// The rates by each of these.
    #[must_use]
    pub fn new(rates: &'a Rates, by: &[By]) -> Self {
        let one = |by: &By| ByView { by: by.name(), rows: rates.rows(*by).into_iter().map(RowView::from).collect() };
        Self { overall: rates.overall().into(), by: by.iter().map(one).collect() }
    }
}

impl<'a> From<(&'a Group, Rate)> for RowView<'a> {
    fn from((group, rate): (&'a Group, Rate)) -> Self {
        Self { name: group.name(), rate: rate.into() }
    }
}

impl From<Rate> for RateView {
    fn from(rate: Rate) -> Self {
        let (low, high) = rate.interval();
        let Rate { copied, substituted } = rate;
        Self { copied, substituted, per_10000: rounded(rate.per_10_000()), low: rounded(low), high: rounded(high) }
    }
}

/// What there is to say of two sets, as a program reads it.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonView<'a> {
    /// The test by which they are compared.
    pub test: &'static str,
    /// How the tests of groups are corrected for being many.
    pub correction: &'static str,
    /// Differences that would be rarer than this by chance are told.
    pub alpha: f64,
    /// How many tests the correction is for.
    pub tests: usize,
    /// Over everything.
    pub overall: TestView,
    /// In words.
    pub words: String,
    /// The least that the second set would have had to substitute for a rise to be told.
    pub detectable: Option<RateView>,
    /// By one thing each.
    pub by: Vec<TestsView<'a>>,
}

/// The tests by one thing.
#[derive(Clone, Debug, Serialize)]
pub struct TestsView<'a> {
    /// What by: [`By::name`].
    pub by: &'static str,
    /// A row for each group that is in both sets.
    pub rows: Vec<TestRowView<'a>>,
}

/// The test of one group.
#[derive(Clone, Debug, Serialize)]
pub struct TestRowView<'a> {
    /// What the group is called.
    pub name: &'a str,
    /// Its test, corrected.
    #[serde(flatten)]
    pub test: TestView,
}

/// Two rates, and whether they differ.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TestView {
    /// The first set's.
    pub a: RateView,
    /// The second set's.
    pub b: RateView,
    /// The probability of such rates, or farther ones, without a difference.
    pub p: f64,
    /// Whether it is below `alpha`.
    pub differs: bool,
}

impl<'a> ComparisonView<'a> {
    /// The comparison of two sets that are called so.
    #[must_use]
    pub fn new(comparison: &'a Comparison, a: &str, b: &str) -> Self {
        let Comparison { overall, by, tests } = comparison;
        let rows = |rows: &'a [(String, Test)]| rows.iter().map(|(name, test)| TestRowView { name, test: test.into() }).collect();
        Self {
            test: "fisher-exact-two-sided",
            correction: "holm",
            alpha: ALPHA,
            tests: *tests,
            overall: overall.into(),
            words: overall.words(a, b),
            detectable: least(overall.a, overall.b).map(RateView::from),
            by: by.iter().map(|(by, tests)| TestsView { by: by.name(), rows: rows(tests) }).collect(),
        }
    }
}

impl From<&Test> for TestView {
    fn from(test: &Test) -> Self {
        Self { a: test.a.into(), b: test.b.into(), p: test.p, differs: test.differs() }
    }
}

/// To the fourth decimal: more would only show how floats are printed.
#[must_use]
pub fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}
