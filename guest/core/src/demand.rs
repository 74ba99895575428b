//! What the policy demands of an argument: that its values were seen (`must_be_seen`), and where
//! (`from`). An identifier planted in an e-mail or a web page was seen, too.
//!
//! The relation of one seen elsewhere is `misfield`: a real identifier that does not belong here.

use crate::{
    asked::Asked,
    extract::{Mention, Place},
    model::{Decision, Relation},
    policy::Origins,
    record::Doubt,
    seen,
    verdict::{Context, Judgement},
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// Holds the judgements of a call to the demands on their arguments.
pub fn demand(context: &Context<'_>, asked: &Asked, judged: &mut [(Mention, Vec<Judgement>)]) {
    for (mention, judgements) in judged {
        if !context.policy.must_be_seen(context.tool, &mention.slot) {
            continue;
        }
        let origins = context.policy.origins(context.tool, &mention.slot).map(|origins| Wanted { context, asked, origins });
        // As a whole value anything counts; inside a text only what is an identifier.
        for judgement in judgements.iter_mut().filter(|judgement| mention.place == Place::Whole || judgement.counts) {
            if !judgement.was_seen() {
                refuse_unseen(context, origins.as_ref(), mention, judgement);
            } else if let Some(wanted) = &origins {
                let standing = wanted.standing(judgement);
                if standing != Standing::Counts {
                    refuse_elsewhere(wanted, standing, mention, judgement);
                }
            }
        }
    }
}

fn refuse_unseen(context: &Context<'_>, origins: Option<&Wanted<'_>>, mention: &Mention, judgement: &mut Judgement) {
    if let Some(wanted) = origins {
        // Nobody is led to a planted identifier by being told that it is the nearest.
        judgement.nearest.retain(|near| wanted.of_text(context.ledger.token_text(near.id)) == Standing::Counts);
    }
    if judgement.nearest.is_empty() && judgement.relation != Relation::Invalid {
        judgement.relation = Relation::Unseen;
        judgement.seen = None;
    }
    let stated = context.policy.stated_at(context.tool, &mention.slot, Relation::Unseen, context.effect);
    judgement.decision = judgement.decision.max(stated.unwrap_or(Decision::Block));
    judgement.counts = true;
}

fn refuse_elsewhere(wanted: &Wanted<'_>, standing: Standing, mention: &Mention, judgement: &mut Judgement) {
    let &Context { policy, tool, effect, .. } = wanted.context;
    let decision = policy.stated_at(tool, &mention.slot, Relation::Misfield, effect).unwrap_or(Decision::Block);
    if decision < judgement.decision {
        return;
    }
    judgement.relation = Relation::Misfield;
    judgement.decision = decision;
    judgement.nearest = Vec::new();
    judgement.counts = true;
    judgement.doubt = Some(Doubt::Elsewhere { origins: wanted.origins.to_string(), is_echo: standing == Standing::Echo });
}

/// How a seen text stands to the origins that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Counts,
    /// Only where a result repeats what it was asked for.
    Echo,
    Elsewhere,
}

/// The origins that count for one argument, and what it takes to tell.
#[derive(Clone, Copy, Debug)]
struct Wanted<'s> {
    context: &'s Context<'s>,
    asked: &'s Asked,
    origins: &'s Origins,
}

impl Wanted<'_> {
    fn standing(&self, judgement: &Judgement) -> Standing {
        let text = judgement.seen.as_deref().unwrap_or(&judgement.written);
        let standing = self.of_text(text);
        if judgement.relation != Relation::Derived || standing == Standing::Counts || judgement.seen.is_some() {
            return standing;
        }
        // Joined from seen parts: each that identifies something must come from there.
        let mut parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.bytes().any(|byte| byte.is_ascii_digit())).peekable();
        let is_known = parts.peek().is_some();
        if is_known && parts.all(|part| self.of_text(part) == Standing::Counts) { Standing::Counts } else { standing }
    }

    fn of_text(&self, text: &str) -> Standing {
        let ledger = self.context.ledger;
        let mut spellings: Vec<&str> = seen::same(ledger, text, &self.context.policy.kinds).collect();
        spellings.push(text);
        let was_asked = |turn: u32| spellings.iter().any(|spelling| self.asked.holds(turn, spelling));
        let mut standing = Standing::Elsewhere;
        let mut repeating: Option<u32> = None;
        for spelling in &spellings {
            let in_origins = |source, tool: &Option<String>, pointer: &str| self.origins.counts(source, tool.as_deref(), pointer);
            for sighting in ledger.all_standings(spelling).filter(|s| in_origins(s.provenance.source, &s.provenance.tool, s.pointer)) {
                let turn = sighting.provenance.turn;
                // One result may say it a thousand times.
                if repeating != Some(turn) && !was_asked(turn) {
                    return Standing::Counts;
                }
                repeating = Some(turn);
                standing = Standing::Echo;
            }
        }
        standing
    }
}
