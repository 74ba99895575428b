//! The façade and only state: observe what the model was shown, check what it wants to do.

use crate::{
    asked::Asked,
    credential,
    crosscheck::{crosscheck, rank_originals, spare_variants},
    demand::demand,
    extract::{self, Mention, Place},
    field::words_of_name,
    introduced::Introduced,
    leaf::{self, Form},
    ledger::{Image, Ledger, Provenance},
    mask::{Echoes, without_echoes, without_secrets},
    message::{self, Circumstances},
    model::{Decision, Error, Finding, Identifier, Observation, Observed, Relation, Source, ToolCall, Verdict},
    policy::{CustomKind, Policy},
    repair::repaired,
    slot::{Held, Slots},
    snapshot::{Pending, Snapshot},
    twin,
    verdict::{Context, Judgement},
};
use alloc::{
    borrow::ToOwned,
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{
    cell::{Cell, RefCell},
    ops::Range,
};

/// Marks that tools and agents leave where they cut a result, in any letter case. The ledger then lacks what the
/// model may still have seen elsewhere.
const CUT_MARKS: &[&str] = &[
    "[truncated",
    "(truncated",
    "<truncated",
    "...truncated",
    "output truncated",
    "content truncated",
    "truncated output",
    "characters truncated",
    "lines truncated",
    "tokens truncated",
    "<persisted-output",
    "[output omitted",
    "[content omitted",
    "characters omitted",
    "lines omitted",
    "omitted for brevity",
];
/// Every mark has one of these words: as long as none was seen, no text needs a search.
const CUT_WORDS: &[&str] = &["truncated", "Truncated", "TRUNCATED", "persisted", "Persisted", "PERSISTED", "omitted", "Omitted", "OMITTED"];
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
    asked: Asked,
    /// The tools the host says there are; empty when it never said.
    tools: Ledger,
    slots: Slots,
    pending: Vec<Pending>,
    turn: u32,
    /// A text was cut, or refused by a limit.
    is_incomplete: bool,
}

impl Session {
    /// Opens a session under a policy given as JSON; `""` takes the defaults.
    ///
    /// # Errors
    /// [`Error::InvalidPolicy`].
    pub fn open(policy: &str) -> Result<Self, Error> {
        let policy = Policy::parse(policy)?;
        Ok(Self {
            ledger: Ledger::new(policy.limits.ledger_bytes, policy.seed),
            introduced: Introduced::default(),
            suspects: BTreeMap::new(),
            secrets: BTreeSet::new(),
            asked: Asked::default(),
            tools: Ledger::new(policy.limits.ledger_bytes, policy.seed),
            slots: Slots::default(),
            pending: Vec::new(),
            turn: 0,
            is_incomplete: false,
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
        if what.source == Source::Host {
            self.learn_tools(what, turn);
        }
        let echoes = self.echoes(what, turn);
        self.ledger.begin(Provenance { source: what.source, tool: what.tool.clone(), call_id: what.call_id.clone(), turn });
        let mut observed = Observed::default();
        let Self { ledger, policy, secrets, .. } = self;
        let depth = policy.limits.depth;
        let walked = leaf::walk_outlined(&what.content, depth, &mut |leaf| {
            let text = without_secrets(leaf, ledger, secrets);
            let text = match &echoes {
                Some(echoes) => without_echoes(text, echoes),
                None => text,
            };
            let (count, new) = ledger.add(leaf.pointer, &text, leaf.form == Form::Key, &custom_ranges(&text, &policy.kinds));
            observed.identifiers = observed.identifiers.saturating_add(count);
            observed.new = observed.new.saturating_add(new);
        });
        if walked.is_err() {
            self.ledger.mark_full();
            return Err(self.too_deep());
        }
        let is_cut = what.incomplete || what.source == Source::ToolResult && is_cut(&what.content, &self.ledger);
        self.is_incomplete |= is_cut;
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
        let mut judged = self.judged(&context, mentions)?;
        rank_originals(&context, &mut judged);
        spare_variants(&context, &mut judged);
        crosscheck(&context, &mut judged);
        demand(&context, &self.asked, &mut judged);
        let mut findings = self.findings(&judged);
        findings.splice(0..0, self.judge_tool(&call.tool));
        let mut verdict = self.verdict(findings);
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
        let mut mentions = self.mentions(text)?;
        // No argument takes it, so its surroundings are all there is.
        for mention in mentions.iter_mut().filter(|mention| mention.place == Place::Whole) {
            mention.place = Place::Prose;
        }
        self.ledger.index();
        let context = self.context("", None);
        let judged = self.judged(&context, mentions)?;
        Ok(self.verdict(self.findings(&judged)))
    }

    /// Lists the identifiers of a text and where each was seen. Changes nothing. A text beyond a
    /// limit has none.
    #[must_use]
    pub fn identify(&mut self, text: &str) -> Vec<Identifier> {
        let mentions = self.mentions(text).unwrap_or_default();
        self.ledger.index();
        let context = self.context("", None);
        let mut identifiers = Vec::new();
        for (mention, judgements) in self.judged(&context, mentions).unwrap_or_default() {
            for judgement in judgements {
                if !judgement.counts {
                    continue;
                }
                let seen = judgement.seen.as_deref().unwrap_or(&judgement.written);
                identifiers.push(Identifier {
                    pointer: mention.pointer.clone(),
                    span: span(&mention, &judgement.range),
                    canonical: if judgement.written == credential::SHOWN {
                        credential::SHOWN.into()
                    } else {
                        (crate::kind::kind_of(&judgement.written).canonical)(&judgement.written)
                    },
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
    pub fn snapshot(&mut self) -> Vec<u8> {
        // So that who restores it need not.
        self.ledger.index();
        Snapshot {
            turn: self.turn,
            is_incomplete: self.is_incomplete,
            ledger: self.ledger.image(),
            kinds: patterns(&self.policy.kinds),
            introduced: self.introduced.iter().map(ToString::to_string).collect(),
            suspects: self.suspects.iter().map(|(value, &times)| (value.clone(), times)).collect(),
            secrets: self.secrets.iter().copied().collect(),
            tools: self.tools.image(),
            asked: self.asked.entries().map(|(turn, texts)| (turn, texts.to_vec())).collect(),
            seed: self.policy.seed,
            slots: self.slots.entries().map(|(is_place, key, held)| (is_place, key.to_owned(), held.seen, held.new)).collect(),
            last_values: self.slots.last_values().map(|(place, value)| (place.to_owned(), value.to_owned())).collect(),
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
        let limit = session.policy.limits.ledger_bytes;
        let ledger = |image: Image| {
            let strange = || Error::InvalidSnapshot("it names a source that there is not".to_owned());
            Ledger::from_image(image, limit, snapshot.seed).ok_or_else(strange)
        };
        session.ledger = ledger(snapshot.ledger)?;
        session.tools = ledger(snapshot.tools)?;
        let kinds = &session.policy.kinds;
        // Under another policy other texts are tokens, or fewer fit.
        if snapshot.kinds != patterns(kinds) || session.ledger.bytes() > limit {
            session.ledger = reread(&session.ledger, kinds, limit, snapshot.seed);
        }
        session.turn = snapshot.turn;
        session.is_incomplete = snapshot.is_incomplete;
        for name in &snapshot.introduced {
            session.introduced.insert(name);
        }
        session.suspects = snapshot.suspects.into_iter().collect();
        session.secrets = snapshot.secrets.into_iter().collect();
        session.pending = snapshot.pending;
        for (turn, texts) in snapshot.asked {
            if !session.asked.note(turn, texts) {
                session.ledger.mark_full();
            }
        }
        for (is_place, key, seen, new) in snapshot.slots {
            session.slots.put(is_place, key, Held { seen, new });
        }
        for (place, value) in snapshot.last_values {
            session.slots.put_last(place, value);
        }
        Ok(session)
    }

    fn fits(&self, text: &str) -> Result<(), Error> {
        let limit = self.policy.limits.text_bytes;
        if text.len() > limit {
            return Err(Error::LimitExceeded(format!(
                "a text of {} bytes, `limits.text_bytes` is {limit}; raise it in the policy, or hand the text over in parts",
                text.len()
            )));
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
        leaf::walk(text, self.policy.limits.depth, &mut |leaf| mentions.extend(extract::mentions(leaf, kinds)))
            .map_err(|leaf::TooDeep| self.too_deep())?;
        Ok(mentions)
    }

    fn judged(&self, context: &Context<'_>, mentions: Vec<Mention>) -> Result<Vec<(Mention, Vec<Judgement>)>, Error> {
        let limit = self.policy.limits.comparisons;
        let judge = |mention: Mention| {
            let judgements = context.judge(&mention);
            if context.compared.get() > limit {
                return Err(Error::LimitExceeded(format!(
                    "to compare the new names of this text with the {} that were shown takes more than {limit} comparisons, `limits.comparisons`; raise it in the policy, or hand the names over in smaller calls",
                    self.ledger.len()
                )));
            }
            Ok((mention, judgements))
        };
        mentions.into_iter().map(judge).collect()
    }

    fn context<'s>(&'s self, tool: &'s str, effect: Option<crate::model::Effect>) -> Context<'s> {
        Context {
            ledger: &self.ledger,
            introduced: &self.introduced,
            secrets: &self.secrets,
            slots: &self.slots,
            policy: &self.policy,
            tool,
            tool_words: words_of_name(tool).map(str::to_lowercase).collect(),
            effect,
            dense: RefCell::default(),
            compared: Cell::default(),
        }
    }

    /// What the call that this result answers wrote without having seen it, ready to be found.
    fn echoes(&mut self, what: &Observation, turn: u32) -> Option<Echoes> {
        if what.source != Source::ToolResult {
            return None;
        }
        let answered = |pending: &Pending| match &what.call_id {
            Some(id) => pending.call_id.as_ref() == Some(id),
            None => what.tool.as_ref() == Some(&pending.tool),
        };
        let index = self.pending.iter().position(answered)?;
        let Pending { written, asked, .. } = self.pending.remove(index);
        if !self.asked.note(turn, asked) {
            self.ledger.mark_full();
        }
        Echoes::of(written)
    }

    /// Takes the names out of a list of tools: MCP's `tools/list`, or the `tools` of a request.
    fn learn_tools(&mut self, what: &Observation, turn: u32) {
        let mut names: Vec<(String, String)> = Vec::new();
        // Too deep a list is refused where the text itself is read.
        let _ = leaf::walk(&what.content, self.policy.limits.depth, &mut |leaf| {
            let is_name = leaf.form == Form::String && leaf.field() == "name";
            if is_name
                && leaf.pointer.split('/').any(|segment| segment == "tools")
                && !leaf.pointer.contains("/parameters/")
                && !leaf.pointer.contains("chema/")
            {
                names.push((leaf.pointer.into(), leaf.text.into()));
            }
        });
        self.tools.begin(Provenance { source: what.source, tool: None, call_id: None, turn });
        for (pointer, name) in names {
            self.tools.add(&pointer, &name, false, &[]);
        }
        self.tools.index();
    }

    /// A tool whose name is a slip of one there is: a model drops the hash of `search__a1b2c3`.
    fn judge_tool(&self, tool: &str) -> Option<Finding> {
        if self.tools.is_empty() || self.tools.exact(tool).is_some() {
            return None;
        }
        let nearest = twin::nearest(&self.tools, tool, "", true);
        let relation = nearest.first().map_or(Relation::Unseen, |best| best.relation);
        let judgement = Judgement::of_tool(tool, relation, self.policy.decision(relation), nearest);
        let nearest = message::neighbours(&self.tools, &judgement);
        let message = if judgement.decision > Decision::Allow { message::of_tool(tool, &nearest) } else { String::new() };
        let length = u32::try_from(tool.len()).unwrap_or(u32::MAX);
        Some(Finding {
            pointer: String::new(),
            span: 0..length,
            written: tool.into(),
            kind: judgement.kind,
            relation,
            decision: judgement.decision,
            coincidence: 0.0,
            nearest,
            message,
        })
    }

    fn findings(&self, judged: &[(Mention, Vec<Judgement>)]) -> Vec<Finding> {
        let told = |judgement: &&Judgement| judgement.counts || judgement.decision > Decision::Allow;
        let each =
            judged.iter().flat_map(|(mention, judgements)| judgements.iter().filter(told).map(move |judgement| (mention, judgement)));
        each.map(|(mention, judgement)| self.finding(mention, judgement)).collect()
    }

    fn verdict(&self, mut findings: Vec<Finding>) -> Verdict {
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
            note(
                "incomplete: a limit was reached, so this session does not hold everything the model saw; values it lacks count as unseen.",
            );
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
        let message = if judgement.decision > Decision::Allow {
            message::message(judgement, &mention.pointer, &nearest, circumstances)
        } else {
            String::new()
        };
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
        let is_secret = |mention: &Mention| credential::is_credential(&mention.text) || credential::is_secret_field(&mention.field);
        let mut written: BTreeSet<String> = BTreeSet::new();
        for (mention, judgements) in judged {
            // What was stopped was never taken: it says nothing of what the argument takes. Otherwise
            // a model would only have to repeat itself until wrong values look customary.
            let is_stopped = judgements.iter().any(|judgement| judgement.decision >= Decision::Ask);
            if mention.place == Place::Whole && !judgements.is_empty() && !is_stopped {
                let value = if is_secret(mention) { "" } else { mention.text.as_str() };
                self.slots.note(&call.tool, &mention.slot, &mention.field, value, judgements.iter().all(Judgement::was_seen));
            }
            for judgement in judgements.iter().filter(|judgement| !judgement.was_seen() && judgement.written != credential::SHOWN) {
                // A word that was searched for is no name that the model made up.
                if !judgement.written.chars().all(char::is_alphabetic) {
                    written.insert(judgement.written.clone());
                }
                if judgement.decision > Decision::Allow && !judgement.is_new {
                    *self.suspects.entry(judgement.written.clone()).or_default() += 1;
                } else if (judgement.counts || judgement.is_new) && judgement.relation != Relation::Introduced {
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
        // Kept only for those who ask where an identifier comes from; secrets never.
        let told =
            |(mention, _): &&(Mention, Vec<Judgement>)| self.policy.asks_where_from() && mention.text.len() > 2 && !is_secret(mention);
        let asked: BTreeSet<String> = judged.iter().filter(told).map(|(mention, _)| mention.text.clone()).collect();
        if self.pending.len() == MOST_PENDING {
            self.pending.remove(0);
        }
        self.pending.push(Pending {
            tool: call.tool.clone(),
            call_id: call.call_id.clone(),
            asked: asked.into_iter().collect(),
            written: written.into_iter().filter(|text| text.len() > 2).collect(),
        });
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

/// The ledger that the same texts make under other kinds or another limit.
fn reread(old: &Ledger, kinds: &[CustomKind], limit: usize, seed: u64) -> Ledger {
    let mut ledger = Ledger::new(limit, seed);
    for (provenance, leaves) in old.texts() {
        ledger.begin(provenance.clone());
        for (pointer, leaf, is_key) in leaves {
            ledger.add(pointer, leaf, is_key, &custom_ranges(leaf, kinds));
        }
    }
    if old.is_full() {
        ledger.mark_full();
    }
    ledger
}

/// Whether a text that the ledger has read says of itself that a part of it is missing.
fn is_cut(text: &str, ledger: &Ledger) -> bool {
    CUT_WORDS.iter().any(|word| ledger.contains(word)) && {
        let text = text.to_ascii_lowercase();
        CUT_MARKS.iter().any(|mark| text.contains(mark))
    }
}

/// The patterns of the user's own kinds.
fn patterns(kinds: &[CustomKind]) -> Vec<String> {
    kinds.iter().map(|kind| kind.pattern.as_str().to_owned()).collect()
}

/// Where the user's own kinds stand in a text.
fn custom_ranges(text: &str, kinds: &[CustomKind]) -> Vec<Range<usize>> {
    kinds.iter().flat_map(|kind| kind.pattern.find_iter(text).map(|found| found.range())).collect()
}

/// A range of a mention's text as a range of the value that holds it.
fn span(mention: &Mention, range: &Range<usize>) -> Range<u32> {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    if range.len() == mention.text.len() {
        return mention.span.clone();
    }
    mention.span.start.saturating_add(narrow(range.start))..mention.span.start.saturating_add(narrow(range.end))
}
