//! Many drills to numbers: how often, by what, and how sure that is.

use super::corrupt::Shape;
use super::{Alarm, Drill, Injection, Place};
use crate::rate::share::Share;
use std::collections::BTreeMap;
use twinguard_core::model::Decision;

/// Bodies that say less are short numbers and words, where a near miss in a text is often chance.
pub const LONG_BODY: f64 = 15.0;

/// What came of some slips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Slips.
    pub all: u64,
    /// The guard said something.
    pub flagged: u64,
    /// It asked or blocked.
    pub stopped: u64,
    /// It blocked.
    pub blocked: u64,
    /// It said something, and named the original.
    pub named: u64,
}

impl Tally {
    /// The shares in the order of the fields; the last is of those flagged.
    #[must_use]
    pub fn shares(&self) -> [Share; 4] {
        let of = self.all;
        [
            Share { hits: self.flagged, of },
            Share { hits: self.stopped, of },
            Share { hits: self.blocked, of },
            Share { hits: self.named, of: self.flagged },
        ]
    }

    fn add(&mut self, injection: &Injection) {
        let is_flagged = injection.decision > Decision::Allow;
        self.all += 1;
        self.flagged += u64::from(is_flagged);
        self.stopped += u64::from(injection.decision >= Decision::Ask);
        self.blocked += u64::from(injection.decision >= Decision::Block);
        self.named += u64::from(is_flagged && injection.is_named_right);
    }
}

/// Calls by the gravest decision on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// All calls.
    pub all: u64,
    /// Those at `warn`.
    pub warn: u64,
    /// Those at `ask`.
    pub ask: u64,
    /// Those at `block`.
    pub block: u64,
}

impl Calls {
    /// Those that would not simply have run.
    #[must_use]
    pub fn stopped(&self) -> u64 {
        self.ask + self.block
    }

    fn add(&mut self, decision: Decision) {
        match decision {
            Decision::Allow => {}
            Decision::Warn => self.warn += 1,
            Decision::Ask => self.ask += 1,
            Decision::Block => self.block += 1,
        }
    }
}

/// Slips of one sort, seen from several sides.
#[derive(Clone, Debug, Default)]
pub struct Slips {
    /// All of them.
    pub all: Tally,
    /// By where the identifier stands.
    pub by_place: BTreeMap<Place, Tally>,
    /// Likewise, only bodies of at least [`LONG_BODY`] bits.
    pub by_place_long: BTreeMap<Place, Tally>,
    /// By the slip.
    pub by_shape: BTreeMap<Shape, Tally>,
    /// By the kind of the original.
    pub by_kind: BTreeMap<&'static str, Tally>,
    /// By whether the original's family is dense: `sparse`, `dense`.
    pub by_density: BTreeMap<bool, Tally>,
    /// By whether the call holds other identifiers.
    pub by_company: BTreeMap<bool, Tally>,
}

impl Slips {
    fn add(&mut self, injection: &Injection) {
        self.all.add(injection);
        self.by_place.entry(injection.place).or_default().add(injection);
        if injection.bits >= LONG_BODY {
            self.by_place_long.entry(injection.place).or_default().add(injection);
        }
        self.by_shape.entry(injection.shape).or_default().add(injection);
        self.by_kind.entry(injection.kind).or_default().add(injection);
        self.by_density.entry(injection.is_dense).or_default().add(injection);
        self.by_company.entry(injection.has_others).or_default().add(injection);
    }

    /// Every side with its rows, as reports name them.
    #[must_use]
    pub fn sides(&self) -> Vec<(&'static str, Vec<(&'static str, Tally)>)> {
        fn rows<K: Copy + Ord>(map: &BTreeMap<K, Tally>, name: impl Fn(K) -> &'static str) -> Vec<(&'static str, Tally)> {
            map.iter().map(|(key, tally)| (name(*key), *tally)).collect()
        }
        vec![
            ("place", rows(&self.by_place, Place::name)),
            ("place, bodies of 15 bits and more", rows(&self.by_place_long, Place::name)),
            ("shape", rows(&self.by_shape, Shape::name)),
            ("kind", rows(&self.by_kind, |kind| kind)),
            ("family", rows(&self.by_density, |is_dense| if is_dense { "dense" } else { "sparse" })),
            ("call", rows(&self.by_company, |has_others| if has_others { "other identifiers" } else { "no other" })),
        ]
    }
}

/// What came of every trace.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Traces replayed.
    pub traces: u64,
    /// Identifiers in their calls.
    pub identifiers: u64,
    /// Calls as they were made.
    pub calls: Calls,
    /// Likewise by tool.
    pub by_tool: BTreeMap<String, Calls>,
    /// Likewise by where the gravest finding stands; `all` counts every call.
    pub by_place: BTreeMap<Place, Calls>,
    /// Every finding on them, in order.
    pub alarms: Vec<Alarm>,
    /// Slips that put in a value that nobody had seen.
    pub unseen: Slips,
    /// Slips that put in another seen value.
    pub seen: Slips,
    /// Every slip with the trace's name, in order.
    pub injections: Vec<(String, Injection)>,
}

impl Score {
    /// Counts one more trace.
    pub fn add(&mut self, drill: Drill) {
        self.traces += 1;
        for call in drill.calls {
            self.identifiers += call.identifiers;
            for calls in [&mut self.calls, self.by_tool.entry(call.tool).or_default()] {
                calls.all += 1;
                calls.add(call.decision);
            }
            if let Some(gravest) = call.alarms.iter().rev().max_by_key(|alarm| alarm.decision) {
                self.by_place.entry(gravest.place).or_default().add(gravest.decision);
            }
            self.alarms.extend(call.alarms);
        }
        for injection in drill.injections {
            let slips = if injection.shape.is_seen() { &mut self.seen } else { &mut self.unseen };
            slips.add(&injection);
            self.injections.push((drill.id.clone(), injection));
        }
    }

    /// The calls by place, with every call as their whole.
    #[must_use]
    pub fn places(&self) -> Vec<(Place, Calls)> {
        self.by_place.iter().map(|(place, calls)| (*place, Calls { all: self.calls.all, ..*calls })).collect()
    }

    /// The alarms, the gravest first, those as grave in the order of the input.
    #[must_use]
    pub fn worst(&self) -> Vec<&Alarm> {
        let mut worst: Vec<&Alarm> = self.alarms.iter().collect();
        worst.sort_by_key(|alarm| std::cmp::Reverse(alarm.decision));
        worst
    }

    /// Calls of 1,000 that would not simply have run.
    #[must_use]
    pub fn stops_per_1000(&self) -> f64 {
        Share { hits: self.calls.stopped(), of: self.calls.all }.value() * 1000.0
    }

    /// The slips into arguments that take identifiers, as values nobody had seen: the guard's own
    /// ground, where everything should be blocked.
    #[must_use]
    pub fn core(&self) -> Tally {
        self.unseen.by_place.get(&Place::Identifier).copied().unwrap_or_default()
    }
}
