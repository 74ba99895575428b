//! The façade and only state: observe what the model was shown, check what it wants to do.

use crate::{
    credential::{self, is_credential, is_secret_field},
    crosscheck::crosscheck,
    extract::{self, Mention, Place},
    introduced::Introduced,
    leaf::{self, Form, Leaf},
    ledger::{Ledger, Provenance},
    message::{self, Circumstances},
    model::{Decision, Error, Finding, Identifier, Observation, Observed, Relation, Source, ToolCall, Verdict},
    policy::Policy,
    slot::{Held, Slots},
    snapshot::{Pending, Snapshot, Text},
    token::{self, Grain, Sink, is_boundary},
    verdict::{Context, Judgement},
};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use alloc::{
    borrow::{Cow, ToOwned},
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::Range;

/// Marks that tools and agents leave where they cut a result. The ledger then lacks what the model
/// may still have seen elsewhere.
const CUT_MARKS: &[&str] = &[
    "[truncated", "(truncated", "<truncated", "...truncated", "output truncated", "content truncated", "truncated output", "characters truncated",
    "lines truncated", "tokens truncated", "<persisted-output", "[output omitted", "[content omitted", "characters omitted", "lines omitted", "omitted for brevity",
];
/// Calls without a result that are remembered; more are never answered.
const MOST_PENDING: usize = 256;

/// The memory of one conversation.
///
/// ```
/// use twinguard_core::{model::*, session::Session};
/// let mut session = Session::open("").unwrap();
/// session.observe(&Observation {
///     source: Source::ToolResult,
///     tool: Some("search_customer".into()),
///     call_id: None,
///     content: r#"{"accounts": [{"id": "acct_7H9j3"}]}"#.into(),
///     incomplete: false,
/// }).unwrap();
/// let verdict = session.check(&ToolCall {
///     tool: "refund".into(),
///     call_id: None,
///     arguments: r#"{"account_id": "acct_7H9j2"}"#.into(),
///     effect: None,
/// }).unwrap();
/// assert_eq!(verdict.decision, Decision::Block);
/// assert_eq!(verdict.findings[0].nearest[0].value, "acct_7H9j3");
/// ```
#[derive(Debug)]
pub struct Session {
    policy: Policy,
    ledger: Ledger,
    introduced: Introduced,
    /// Values that were stopped or warned about, and how often.
    suspects: BTreeMap<String, u32>,
    secrets: BTreeSet<u64>,
    slots: Slots,
    pending: Vec<Pending>,
    turn: u32,
    /// A text was cut, or refused by a limit.
    is_incomplete: bool,
    cut_marks: AhoCorasick,
}

impl Session {
    /// Opens a session under a policy given as JSON; `""` takes the defaults.
    ///
    /// # Errors
    /// [`Error::InvalidPolicy`].
    pub fn open(policy: &str) -> Result<Self, Error> {
        let policy = Policy::parse(policy)?;
        let cut_marks = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(CUT_MARKS);
        Ok(Self {
            ledger: Ledger::new(policy.limits.ledger_bytes, policy.seed),
            introduced: Introduced::default(),
            suspects: BTreeMap::new(),
            secrets: BTreeSet::new(),
            slots: Slots::default(),
            pending: Vec::new(),
            turn: 0,
            is_incomplete: false,
            cut_marks: cut_marks.map_err(|error| Error::InvalidPolicy(format!("{error}")))?,
            policy,
        })
    }

    /// Remembers every identifier in what the model was shown.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for a text beyond a limit of the policy; nothing was learned from it,
    /// and later verdicts say `incomplete`.
    pub fn observe(&mut self, what: &Observation) -> Result<Observed, Error> {
        let turn = self.turn;
        self.turn = self.turn.saturating_add(1);
        if !self.policy.trusts(what.source) {
            return Ok(Observed::default());
        }
        if let Err(error) = self.fits(&what.content) {
            self.ledger.mark_full();
            return Err(error);
        }
        let is_cut = what.incomplete || (what.source == Source::ToolResult && self.cut_marks.is_match(&what.content));
        self.is_incomplete |= is_cut;
        let echoes = self.echoes(what);
        self.ledger.begin(Provenance { source: what.source, tool: what.tool.clone(), call_id: what.call_id.clone(), turn });
        let mut observed = Observed::default();
        let Self { ledger, policy, secrets, .. } = self;
        let depth = policy.limits.depth;
        let walked = leaf::walk_outlined(&what.content, depth, &mut |leaf| {
            let text = without_secrets(leaf, ledger, secrets);
            let text = match &echoes {
                Some(echoes) => Cow::Owned(without_echoes(&text, echoes)),
                None => text,
            };
            let custom: Vec<Range<usize>> = policy.kinds.iter().flat_map(|kind| kind.pattern.find_iter(&text).map(|found| found.range())).collect();
            let (count, new) = ledger.add(leaf.pointer, &text, leaf.form == Form::Key, &custom);
            observed.identifiers = observed.identifiers.saturating_add(count);
            observed.new = observed.new.saturating_add(new);
        });
        if walked.is_err() {
            self.ledger.mark_full();
            return Err(self.too_deep());
        }
        observed.incomplete = is_cut || self.ledger.is_full();
        Ok(observed)
    }

    /// Judges a call before it runs. The call counts as made.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for arguments beyond a limit of the policy: the call was not checked
    /// and must not run.
    pub fn check(&mut self, call: &ToolCall) -> Result<Verdict, Error> {
        self.turn = self.turn.saturating_add(1);
        let mentions = self.mentions(&call.arguments)?;
        self.ledger.index();
        let effect = call.effect.or_else(|| self.policy.effect(&call.tool));
        let context = self.context(&call.tool, effect);
        let mut judged: Vec<(Mention, Vec<Judgement>)> = mentions
            .into_iter()
            .map(|mention| {
                let judgements = context.judge(&mention);
                (mention, judgements)
            })
            .collect();
        crosscheck(&context, &mut judged);
        let mut verdict = self.verdict(&judged);
        if self.policy.repair {
            verdict.repaired = repaired(&call.arguments, &verdict);
        }
        self.remember(call, &judged);
        Ok(verdict)
    }

    /// Judges a text that the assistant is about to show to the user. Changes nothing.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`].
    pub fn check_text(&mut self, text: &str) -> Result<Verdict, Error> {
        let mentions = self.mentions(text)?;
        self.ledger.index();
        let context = self.context("", None);
        let judged: Vec<(Mention, Vec<Judgement>)> = mentions
            .into_iter()
            .map(|mut mention| {
                // No argument takes it, so its surroundings are all there is.
                if mention.place == Place::Whole {
                    mention.place = Place::Prose;
                }
                let judgements = context.judge(&mention);
                (mention, judgements)
            })
            .collect();
        Ok(self.verdict(&judged))
    }

    /// Lists the identifiers of a text and where each was seen. Changes nothing. A text beyond a
    /// limit has none.
    #[must_use]
    pub fn identify(&mut self, text: &str) -> Vec<Identifier> {
        let mentions = self.mentions(text).unwrap_or_default();
        self.ledger.index();
        let context = self.context("", None);
        let mut identifiers = Vec::new();
        for mention in mentions {
            for judgement in context.judge(&mention) {
                if !judgement.counts {
                    continue;
                }
                let seen = judgement.seen.as_deref().unwrap_or(&judgement.written);
                identifiers.push(Identifier {
                    pointer: mention.pointer.clone(),
                    span: span(&mention, &judgement.range),
                    canonical: if judgement.written == credential::SHOWN { credential::SHOWN.into() } else { (crate::kind::kind_of(&judgement.written).canonical)(&judgement.written) },
                    seen_in: self.ledger.sightings(seen),
                    text: judgement.written,
                    kind: judgement.kind,
                    relation: judgement.relation,
                });
            }
        }
        identifiers
    }

    /// The whole memory of the session as bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let text = |(provenance, leaves): (&Provenance, Vec<(&str, &str, bool)>)| Text {
            source: provenance.source.name().into(),
            tool: provenance.tool.clone(),
            call_id: provenance.call_id.clone(),
            turn: provenance.turn,
            leaves: leaves.into_iter().map(|(pointer, leaf, is_key)| (pointer.to_owned(), leaf.to_owned(), is_key)).collect(),
        };
        Snapshot {
            turn: self.turn,
            is_full: self.ledger.is_full(),
            is_incomplete: self.is_incomplete,
            texts: self.ledger.texts().map(text).collect(),
            introduced: self.introduced.iter().map(ToString::to_string).collect(),
            suspects: self.suspects.iter().map(|(value, &times)| (value.clone(), times)).collect(),
            secrets: self.secrets.iter().copied().collect(),
            seed: self.policy.seed,
            slots: self.slots.entries().map(|(is_place, key, held)| (is_place, key.to_owned(), held.seen, held.new)).collect(),
            pending: self.pending.clone(),
        }
        .to_bytes()
    }

    /// Continues a session from its snapshot under a policy given as JSON. The seed of the hashes
    /// stays the snapshot's: the hashes of secrets were made with it.
    ///
    /// # Errors
    /// [`Error::InvalidPolicy`], [`Error::InvalidSnapshot`].
    pub fn restore(policy: &str, snapshot: &[u8]) -> Result<Self, Error> {
        let mut session = Self::open(policy)?;
        let snapshot = Snapshot::from_bytes(snapshot)?;
        session.policy.seed = snapshot.seed;
        session.ledger = Ledger::new(session.policy.limits.ledger_bytes, snapshot.seed);
        for text in snapshot.texts {
            let source = Source::from_name(&text.source).ok_or_else(|| Error::InvalidSnapshot(format!("`{}` is no source", text.source)))?;
            session.ledger.begin(Provenance { source, tool: text.tool, call_id: text.call_id, turn: text.turn });
            for (pointer, leaf, is_key) in text.leaves {
                let custom: Vec<Range<usize>> = session.policy.kinds.iter().flat_map(|kind| kind.pattern.find_iter(&leaf).map(|found| found.range())).collect();
                session.ledger.add(&pointer, &leaf, is_key, &custom);
            }
        }
        if snapshot.is_full {
            session.ledger.mark_full();
        }
        session.turn = snapshot.turn;
        session.is_incomplete = snapshot.is_incomplete;
        for name in &snapshot.introduced {
            session.introduced.insert(name);
        }
        session.suspects = snapshot.suspects.into_iter().collect();
        session.secrets = snapshot.secrets.into_iter().collect();
        session.pending = snapshot.pending;
        for (is_place, key, seen, new) in snapshot.slots {
            session.slots.put(is_place, key, Held { seen, new });
        }
        Ok(session)
    }

    fn fits(&self, text: &str) -> Result<(), Error> {
        let limit = self.policy.limits.text_bytes;
        if text.len() > limit {
            return Err(Error::LimitExceeded(format!("a text of {} bytes, `limits.text_bytes` is {limit}; raise it in the policy, or hand the text over in parts", text.len())));
        }
        Ok(())
    }

    fn too_deep(&self) -> Error {
        Error::LimitExceeded(format!("JSON nested deeper than {} levels, `limits.depth`; raise it in the policy", self.policy.limits.depth))
    }

    fn mentions(&self, text: &str) -> Result<Vec<Mention>, Error> {
        self.fits(text)?;
        let mut mentions = Vec::new();
        let kinds = &self.policy.kinds;
        leaf::walk(text, self.policy.limits.depth, &mut |leaf| mentions.extend(extract::mentions(leaf, kinds))).map_err(|leaf::TooDeep| self.too_deep())?;
        Ok(mentions)
    }

    fn context<'s>(&'s self, tool: &'s str, effect: Option<crate::model::Effect>) -> Context<'s> {
        Context { ledger: &self.ledger, introduced: &self.introduced, secrets: &self.secrets, slots: &self.slots, policy: &self.policy, tool, effect }
    }

    /// What the call that this result answers wrote without having seen it, ready to be found.
    fn echoes(&mut self, what: &Observation) -> Option<AhoCorasick> {
        if what.source != Source::ToolResult {
            return None;
        }
        let answered = |pending: &Pending| match &what.call_id {
            Some(id) => pending.call_id.as_ref() == Some(id),
            None => what.tool.as_ref() == Some(&pending.tool),
        };
        let index = self.pending.iter().position(answered)?;
        let written = self.pending.remove(index).written;
        if written.is_empty() {
            return None;
        }
        AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).build(written).ok()
    }

    fn verdict(&self, judged: &[(Mention, Vec<Judgement>)]) -> Verdict {
        let mut findings = Vec::new();
        for (mention, judgements) in judged {
            for judgement in judgements {
                if judgement.counts || judgement.decision > Decision::Allow {
                    findings.push(self.finding(mention, judgement));
                }
            }
        }
        let most = self.policy.limits.findings;
        let left_out = findings.len().saturating_sub(most);
        if left_out > 0 {
            // Stable, so equal decisions stay in the order of the arguments.
            findings.sort_by_key(|finding| core::cmp::Reverse(finding.decision));
            findings.truncate(most);
        }
        let decision = findings.iter().map(|finding| finding.decision).max().unwrap_or(Decision::Allow);
        let mut messages: Vec<&str> = Vec::new();
        for finding in &findings {
            if finding.decision == decision && decision > Decision::Allow && !messages.contains(&finding.message.as_str()) {
                messages.push(&finding.message);
            }
        }
        let mut message = messages.join("\n");
        let mut note = |text: &str| {
            if !message.is_empty() {
                message.push('\n');
            }
            message.push_str(text);
        };
        if self.ledger.is_full() {
            note("incomplete: a limit was reached, so this session does not hold everything the model saw; values it lacks count as unseen.");
        }
        if left_out > 0 {
            note(&format!("incomplete: {left_out} less grave findings are left out (`limits.findings`)."));
        }
        Verdict { decision, findings, message, repaired: None }
    }

    fn finding(&self, mention: &Mention, judgement: &Judgement) -> Finding {
        let nearest = message::neighbours(&self.ledger, judgement);
        let circumstances = Circumstances {
            is_repeated: self.suspects.contains_key(&judgement.written),
            is_incomplete: self.is_incomplete || self.ledger.is_full(),
        };
        let message = if judgement.decision > Decision::Allow { message::message(judgement, &mention.pointer, &nearest, circumstances) } else { String::new() };
        Finding {
            pointer: mention.pointer.clone(),
            span: span(mention, &judgement.range),
            written: judgement.written.clone(),
            kind: judgement.kind.clone(),
            relation: judgement.relation,
            decision: judgement.decision,
            coincidence: judgement.coincidence,
            nearest,
            message,
        }
    }

    /// What the call leaves behind: its new names, its suspects, what its slots held, and what its
    /// own result may not vouch for.
    fn remember(&mut self, call: &ToolCall, judged: &[(Mention, Vec<Judgement>)]) {
        let mut written: BTreeSet<String> = BTreeSet::new();
        for (mention, judgements) in judged {
            let was_seen = |judgement: &Judgement| judgement.doubt.is_some() || matches!(judgement.relation, Relation::Exact | Relation::Equivalent | Relation::Derived);
            if mention.place == Place::Whole && !judgements.is_empty() {
                self.slots.note(&call.tool, &mention.slot, &mention.field, judgements.iter().all(was_seen));
            }
            for judgement in judgements.iter().filter(|judgement| !was_seen(judgement) && judgement.written != credential::SHOWN) {
                written.insert(judgement.written.clone());
                if judgement.decision > Decision::Allow {
                    *self.suspects.entry(judgement.written.clone()).or_default() += 1;
                } else if judgement.counts && judgement.relation != Relation::Introduced {
                    self.introduced.insert(&judgement.written);
                    // Later calls use the pieces of a new path by themselves.
                    for piece in mention.pieces.iter().filter_map(|range| mention.text.get(range.clone())) {
                        if piece.len() > 2 && !self.ledger.contains(piece) {
                            self.introduced.insert(piece);
                        }
                    }
                }
            }
        }
        if self.pending.len() == MOST_PENDING {
            self.pending.remove(0);
        }
        self.pending.push(Pending { tool: call.tool.clone(), call_id: call.call_id.clone(), written: written.into_iter().filter(|text| text.len() > 2).collect() });
    }
}

/// Opens a session, observes, checks one call and forgets.
///
/// # Errors
/// As [`Session::open`], [`Session::observe`] and [`Session::check`].
pub fn check_once(policy: &str, seen: &[Observation], call: &ToolCall) -> Result<Verdict, Error> {
    let mut session = Session::open(policy)?;
    for observation in seen {
        session.observe(observation)?;
    }
    session.check(call)
}

/// A range of a mention's text as a range of the value that holds it.
fn span(mention: &Mention, range: &Range<usize>) -> Range<u32> {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    if range.len() == mention.text.len() {
        return mention.span.clone();
    }
    mention.span.start.saturating_add(narrow(range.start))..mention.span.start.saturating_add(narrow(range.end))
}

/// The leaf with its secrets blanked; their hashes go to `secrets`.
fn without_secrets<'t>(leaf: &Leaf<'t>, ledger: &Ledger, secrets: &mut BTreeSet<u64>) -> Cow<'t, str> {
    if leaf.form != Form::Key && is_secret_field(leaf.field()) {
        secrets.insert(ledger.digest(leaf.text));
        return Cow::Borrowed("");
    }
    let mut found = Secrets { text: leaf.text, ranges: Vec::new() };
    token::scan(leaf.text, &mut found);
    if found.ranges.is_empty() {
        return Cow::Borrowed(leaf.text);
    }
    for range in &found.ranges {
        secrets.insert(ledger.digest(leaf.text.get(range.clone()).unwrap_or_default()));
    }
    Cow::Owned(blanked(leaf.text, &found.ranges))
}

struct Secrets<'t> {
    text: &'t str,
    ranges: Vec<Range<usize>>,
}

impl Sink for Secrets<'_> {
    fn word(&mut self, _: Range<usize>) {}
    fn token(&mut self, range: Range<usize>, _: Grain) {
        if self.text.get(range.clone()).is_some_and(is_credential) {
            self.ranges.push(range);
        }
    }
}

fn without_echoes(text: &str, echoes: &AhoCorasick) -> String {
    let is_whole = |range: &Range<usize>| is_boundary(text, range.start) && is_boundary(text, range.end);
    let ranges: Vec<Range<usize>> = echoes.find_iter(text).map(|found| found.range()).filter(is_whole).collect();
    blanked(text, &ranges)
}

/// The text with NUL in place of every byte in the ranges: nothing joins across it, and the places
/// of the rest stay.
fn blanked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut blank = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        if range.start < from {
            continue;
        }
        blank.push_str(text.get(from..range.start).unwrap_or_default());
        blank.extend(core::iter::repeat_n('\0', range.len()));
        from = range.end;
    }
    blank.push_str(text.get(from..).unwrap_or_default());
    blank
}

/// The arguments with the one unambiguous slip put right: one finding above `allow`, one neighbour,
/// and the written value once in the text.
fn repaired(arguments: &str, verdict: &Verdict) -> Option<String> {
    let mut stopped = verdict.findings.iter().filter(|finding| finding.decision > Decision::Allow);
    let (finding, None) = (stopped.next()?, stopped.next()) else { return None };
    let [original] = finding.nearest.as_slice() else { return None };
    let is_slip = matches!(
        finding.relation,
        Relation::Twin | Relation::Confusable | Relation::Recased | Relation::Truncated | Relation::Reprefixed | Relation::Rounded
    );
    let mut places = arguments.match_indices(finding.written.as_str());
    let (at, _) = places.next()?;
    let is_plain = |text: &str| !text.contains(['"', '\\']) && !text.contains(char::is_control);
    if !is_slip || places.next().is_some() || !is_plain(&original.value) {
        return None;
    }
    let end = at + finding.written.len();
    Some(format!("{}{}{}", arguments.get(..at)?, original.value, arguments.get(end..)?))
}
