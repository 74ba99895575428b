//! Putting the one unambiguous slip of a call right, where the policy asks for it.

use crate::model::{Decision, Relation, Verdict};
use alloc::{format, string::String};

/// The arguments with the one unambiguous slip put right: one finding above `allow`, one neighbour,
/// and the written value once in the text.
#[must_use]
pub fn repaired(arguments: &str, verdict: &Verdict) -> Option<String> {
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
