//! Rates as JSON. The form is a promise: it is copied here, field by field.

use super::band::Group;
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

/// To the fourth decimal: more would only show how floats are printed.
#[must_use]
pub fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}
