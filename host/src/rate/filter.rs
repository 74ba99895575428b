//! Which identifiers are counted: `model=gpt-4o`, `week>=2026-W09`.

use super::band::Group;
use super::{By, Copied};

/// One condition on what an identifier is counted under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    by: By,
    relation: Operator,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Below,
    NotBelow,
}

/// Longer ones first, so that each is read whole.
const OPERATORS: &[(&str, Operator)] = &[("!=", Operator::IsNot), (">=", Operator::NotBelow), ("<", Operator::Below), ("=", Operator::Is)];

impl Filter {
    /// Reads a condition: what by ([`By::name`]), `=`, `!=`, `<` or `>=`, and a group's name as reports
    /// give it. The last two are by the order of the alphabet, which is that of weeks.
    ///
    /// `None` for a text that is none: it may be a path.
    ///
    /// ```
    /// use twinguard::rate::filter::Filter;
    ///
    /// assert!(Filter::parse("week>=2026-W09").is_some());
    /// assert!(Filter::parse("runs/a=b.jsonl").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let by = By::ALL
            .iter()
            .filter(|by| **by != By::Relation)
            .find(|by| text.strip_prefix(by.name()).is_some_and(|rest| OPERATORS.iter().any(|(sign, _)| rest.starts_with(sign))))?;
        let rest = text.strip_prefix(by.name())?;
        let (name, relation) = OPERATORS.iter().find_map(|(sign, operator)| Some((rest.strip_prefix(sign)?, *operator)))?;
        Some(Self { by: *by, relation, name: name.to_owned() })
    }

    /// Whether the identifier is counted. What no record says is neither below nor above anything.
    #[must_use]
    pub fn takes(&self, copied: &Copied<'_>) -> bool {
        let Some(group) = copied.group(self.by) else { return false };
        let said = |group: &Group| !group.is_unsaid();
        match self.relation {
            Operator::Is => group.name() == self.name,
            Operator::IsNot => group.name() != self.name,
            Operator::Below => said(&group) && group.name() < self.name.as_str(),
            Operator::NotBelow => said(&group) && group.name() >= self.name.as_str(),
        }
    }
}
