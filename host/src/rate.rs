//! How often a model fails to copy an identifier: substitutions per 10,000 copied, and how sure that is.
//!
//! An identifier of a call's arguments is **copied** when it has an original: something that was shown
//! before the call and that it is, or should have been. It is **substituted** when it is not what the
//! original was.
//!
//! | relation | counts as |
//! |---|---|
//! | `exact`, `equivalent`, `derived`, `misfield`, `collision` | copied: the value was shown, or is made of what was |
//! | `twin`, `confusable`, `recased`, `truncated`, `reprefixed`, `rounded` | copied and substituted: another value was shown |
//! | `crossed` | copied and substituted: the value was shown, and a record says that another one belongs here |
//! | `introduced`, `sibling`, `invalid`, `unseen` | neither: there is no original |
//!
//! A near miss that the guard allows where it stands (a new name in a text) is neither, and so is a
//! credential, because only hashes of those are kept. What a near miss is worth is the policy's to say, so
//! rates are comparable only under the same policy.
//!
//! The intervals, and the test of [`compare`], take identifiers for independent. Those of one
//! conversation are not quite: a few long conversations say less than the number of their identifiers.
//!
//! ```
//! use twinguard::rate::{By, Rates};
//! use twinguard::trace::{event::Trace, verify};
//! use twinguard_core::session::Session;
//!
//! let mut rates = Rates::default();
//! rates.add(&verify::verify(&mut Session::open("").unwrap(), Trace::default()));
//! assert_eq!(rates.overall().copied, 0); // nothing was called, so nothing is known
//! assert_eq!(rates.overall().interval(), (0.0, 10_000.0));
//! assert!(rates.rows(By::Model).is_empty());
//! ```

pub mod share;
pub mod band;
pub mod compare;
pub mod filter;
pub mod view;

use band::Group;
use share::Share;
use std::collections::BTreeMap;
use twinguard_core::credential::SHOWN as SECRET;
use twinguard_core::model::{Decision, Finding, Relation};
use twinguard_trace::verify::{Judged, Report};

/// What rates are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The model that wrote the call.
    Model,
    /// Who served it; where the record does not say, who makes a model of that name.
    Provider,
    /// The tool that was called.
    Tool,
    /// The kind of the original.
    Kind,
    /// How a substituted identifier stands to the original. Each is a share of all that was copied.
    Relation,
    /// Characters of the original.
    Length,
    /// Bytes of text that the model had been shown when it wrote the call.
    Depth,
    /// Messages since the original was last shown.
    Distance,
    /// The ISO week in which the call was written.
    Week,
}

impl By {
    /// Every one, in the order of reports.
    pub const ALL: &'static [Self] =
        &[Self::Model, Self::Provider, Self::Tool, Self::Kind, Self::Relation, Self::Length, Self::Depth, Self::Distance, Self::Week];

    /// What reports call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Tool => "tool",
            Self::Kind => "kind",
            Self::Relation => "relation",
            Self::Length => "length",
            Self::Depth => "depth",
            Self::Distance => "distance",
            Self::Week => "week",
        }
    }
}

/// Identifiers that were copied, and those of them that came out as something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Identifiers that have an original.
    pub copied: u64,
    /// Those that are not what it was.
    pub substituted: u64,
}

impl Rate {
    /// Substitutions per 10,000 copied; 0 of nothing.
    ///
    /// ```
    /// let rate = twinguard::rate::Rate { copied: 2_000, substituted: 1 };
    /// assert_eq!(rate.per_10_000(), 5.0);
    /// ```
    #[must_use]
    pub fn per_10_000(self) -> f64 {
        self.share().value() * 10_000.0
    }

    /// The interval that holds the true rate 95 times in 100, per 10,000 ([`Share::interval`]).
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        let (low, high) = self.share().interval();
        (low * 10_000.0, high * 10_000.0)
    }

    fn share(self) -> Share {
        Share { hits: self.substituted, of: self.copied }
    }

    fn count(&mut self, is_substituted: bool) {
        self.copied += 1;
        self.substituted += u64::from(is_substituted);
    }
}

/// One identifier that was copied, rightly or not.
#[derive(Clone, Copy, Debug)]
pub struct Copied<'a> {
    /// The report on its conversation.
    pub report: &'a Report,
    /// Its call.
    pub judged: &'a Judged,
    /// What is known of it.
    pub finding: &'a Finding,
    /// It is not what its original was.
    pub is_substituted: bool,
}

impl<'a> Copied<'a> {
    /// `None` for an identifier that has no original.
    fn new(report: &'a Report, judged: &'a Judged, finding: &'a Finding) -> Option<Self> {
        let is_substituted = match finding.relation {
            Relation::Exact | Relation::Equivalent | Relation::Derived | Relation::Misfield | Relation::Collision => false,
            Relation::Twin
            | Relation::Confusable
            | Relation::Recased
            | Relation::Truncated
            | Relation::Reprefixed
            | Relation::Rounded
            | Relation::Crossed => true,
            Relation::Introduced | Relation::Sibling | Relation::Invalid | Relation::Unseen => return None,
        };
        let is_counted = finding.written != SECRET && (!is_substituted || finding.decision > Decision::Allow);
        is_counted.then_some(Self { report, judged, finding, is_substituted })
    }

    /// What it should have been.
    #[must_use]
    pub fn original(&self) -> &'a str {
        self.finding.nearest.first().map_or(&self.finding.written, |near| &near.value)
    }

    /// What it is counted under; `None` for the relation of what was copied rightly.
    #[must_use]
    pub fn group(&self, by: By) -> Option<Group> {
        let Self { report, judged, finding, is_substituted } = *self;
        Some(match by {
            By::Model => Group::named(report.model(judged)),
            By::Provider => Group::named(report.provider(judged)),
            By::Tool => Group::named(Some(&judged.tool)),
            By::Kind => Group::named(Some(&finding.kind)),
            By::Relation => Group::named(is_substituted.then(|| finding.relation.name()).map(Some)?),
            By::Length => band::length(self.original()),
            By::Depth => band::depth(judged.shown),
            By::Distance => band::distance(judged, finding),
            By::Week => band::week(report.at(judged)),
        })
    }
}

/// Every identifier of a report that was copied, in order.
pub fn copied(report: &Report) -> impl Iterator<Item = Copied<'_>> {
    let findings = report.judged.iter().flat_map(|judged| judged.findings.iter().map(move |finding| (judged, finding)));
    findings.filter_map(move |(judged, finding)| Copied::new(report, judged, finding))
}

/// Rates over many reports. Memory grows with the number of models, tools and weeks, not with that of
/// reports, and the rows come in one order however the reports came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    overall: Rate,
    groups: BTreeMap<By, BTreeMap<Group, Rate>>,
}

impl Rates {
    /// Counts what one report says. It needs the findings that are allowed, too.
    pub fn add(&mut self, report: &Report) {
        copied(report).for_each(|copied| self.count(&copied));
    }

    /// Counts one identifier.
    pub fn count(&mut self, copied: &Copied<'_>) {
        self.overall.count(copied.is_substituted);
        for by in By::ALL {
            let Some(group) = copied.group(*by) else { continue };
            self.groups.entry(*by).or_default().entry(group).or_default().count(copied.is_substituted);
        }
    }

    /// Over everything.
    #[must_use]
    pub fn overall(&self) -> Rate {
        self.overall
    }

    /// One row a group: names in the order of the alphabet, bands from small to large, what no record
    /// says last.
    #[must_use]
    pub fn rows(&self, by: By) -> Vec<(&Group, Rate)> {
        let rows = self.groups.get(&by).into_iter().flatten().map(|(group, rate)| (group, *rate));
        match by {
            // Any copy could have come out as any of them.
            By::Relation => rows.map(|(group, rate)| (group, Rate { copied: self.overall.copied, ..rate })).collect(),
            _ => rows.collect(),
        }
    }
}
