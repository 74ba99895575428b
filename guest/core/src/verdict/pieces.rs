//! A path or URL that was never seen as a whole: by its pieces.

use super::{Context, Judgement};
use crate::{
    extract::{Mention, Place},
    field::words_of_name,
    kind::kind_of,
    model::{Decision, Effect, Relation},
    shape::{counter_step, is_dated_step, is_other_format},
    slot::Role,
    twin::Neighbour,
    value::value_of,
};
use alloc::vec::Vec;
use core::ops::Range;

impl Context<'_> {
    /// A path or URL that was never seen as a whole: by its pieces.
    pub(super) fn judge_pieces(&self, mention: &Mention) -> Vec<Judgement> {
        let text = mention.text.as_str();
        let place = match () {
            () if text.contains("://") => Place::Url,
            () if text.contains(['/', '\\']) => Place::Path,
            () if mention.place == Place::Whole => Place::Prose,
            () => mention.place,
        };
        if let Some(slip) = self.slip_of_whole(mention) {
            return Vec::from([slip]);
        }
        let mut judgements: Vec<Judgement> = Vec::new();
        for range in &mention.pieces {
            let piece = text.get(range.clone()).unwrap_or_default();
            let standing =
                if piece.len() < 2 { Some((Relation::Exact, None)) } else { self.standing(&Mention { place, ..mention.clone() }, piece) };
            match standing {
                Some((relation, seen)) => judgements.push(Judgement { seen, ..self.judgement(mention, range.clone(), relation) }),
                None => {
                    let judgement = self.judge_unseen(mention, range.clone(), place);
                    let named = self.misnamed_folder(mention, range.clone());
                    judgements.push(named.filter(|named| named.decision > judgement.decision).unwrap_or(judgement));
                }
            }
        }
        if judgements.iter().any(|judgement| judgement.decision > Decision::Allow) {
            judgements.retain(|judgement| judgement.decision > Decision::Allow);
            // Where the whole value is a slip of one whole seen value, say that: it is what the
            // reader has to put back.
            let nearest = if mention.place == Place::Whole { self.nearest(mention, text) } else { Vec::new() };
            if let Some(judgement) = judgements.iter().max_by_key(|judgement| judgement.decision)
                && let Some(original) = nearest.first()
                && matches!(original.relation, Relation::Twin | Relation::Confusable | Relation::Recased | Relation::Truncated)
            {
                let kind = kind_of(text).name.into();
                return Vec::from([Judgement { range: 0..text.len(), written: text.into(), nearest, kind, ..judgement.clone() }]);
            }
            return judgements;
        }
        let all_seen = judgements.iter().all(|judgement| judgement.relation != Relation::Unseen);
        let relation = if all_seen { Relation::Derived } else { Relation::Unseen };
        Vec::from([self.judgement(mention, 0..text.len(), relation)])
    }

    /// An identifier of several pieces (`712020:fad7da74-…`, `traefik:4.16.6`) in an argument that may take
    /// identifiers: a slip of a whole seen one, unless all of its pieces were seen, or say when or
    /// which release.
    fn slip_of_whole(&self, mention: &Mention) -> Option<Judgement> {
        let text = mention.text.as_str();
        // What is to be replaced is there already.
        let is_replaced = words_of_name(&mention.field).any(|word| word.eq_ignore_ascii_case("old"));
        let is_strict = mention.place == Place::Whole
            && (mention.role == Role::Identifier && self.takes_identifiers(mention)
                || mention.role == Role::Other && !self.creates(mention)
                || is_replaced
                || kind_of(text).name == "arn");
        let is_stamp = |piece: &str| value_of(piece).is_some_and(|value| matches!(value.name, "date" | "datetime" | "decimal" | "version"));
        let is_known = |range: &Range<usize>| {
            text.get(range.clone()).is_some_and(|piece| self.ledger.contains(piece) || !is_replaced && is_stamp(piece))
        };
        if !is_strict || text.contains('/') || mention.pieces.iter().all(is_known) {
            return None;
        }
        let nearest = self.nearest(mention, text);
        let best = nearest.first()?;
        let (relation, cap) = self.weigh_whole(mention, text, best);
        Some(self.slip(mention, 0..text.len(), relation, cap, nearest.clone()))
    }

    /// A piece of a path that is one or two letters off one that was seen in the very same folder.
    /// Folders are used, files are created: a folder counts more than the last piece, and the last
    /// piece counts only where the call reads it.
    fn misnamed_folder(&self, mention: &Mention, range: Range<usize>) -> Option<Judgement> {
        const SHORTEST_NAME: usize = 5;
        let text = mention.text.as_str();
        let piece = text.get(range.clone())?;
        let before = text.get(..range.start)?;
        if !text.contains('/') || piece.chars().count() < SHORTEST_NAME || value_of(piece).is_some() {
            return None;
        }
        let is_last = range.end == text.len();
        let nearest: Vec<Neighbour> = self
            .nearest(mention, piece)
            .into_iter()
            .filter(|neighbour| {
                let seen = self.ledger.token_text(neighbour.id);
                let after = text.get(range.end..).unwrap_or_default();
                // Under the same parent, or with the same rest of the path behind it.
                let is_placed = !before.is_empty() && self.ledger.contains(&[before, seen].concat())
                    || after.len() > 1 && self.ledger.contains(&[before, seen, after].concat());
                // A file that is read must be there, and a listing names it without its folder.
                let is_read =
                    is_last && self.effect == Some(Effect::Reads) && kind_of(seen).name == "file" && kind_of(piece).name == "file";
                // Nor does the rest of a command say that it makes the file; a misspelt word in its name does not look so.
                let is_misspelt =
                    is_last && mention.place == Place::Code && kind_of(piece).name == "file" && self.misspells_a_word(piece, seen);
                let is_placed = is_placed || is_read && piece.len() >= 8 || is_misspelt;
                let is_slip = neighbour.distance as usize * 4 <= piece.len()
                    || neighbour.relation == Relation::Truncated && !is_last && !before.is_empty();
                is_slip && is_placed && counter_step(piece, seen).is_none() && !is_dated_step(piece, seen) && !is_other_format(piece, seen)
            })
            .collect();
        let best = nearest.first()?;
        let cap = match (is_last, self.effect) {
            (false, _) if mention.place == Place::Whole => Decision::Block,
            (false, _) => Decision::Ask,
            (true, Some(Effect::Reads)) => Decision::Ask,
            (true, _) => Decision::Warn,
        };
        Some(self.slip(mention, range, best.relation, cap, nearest.clone()))
    }
}
