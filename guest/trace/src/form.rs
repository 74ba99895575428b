//! The JSON forms of what `wit/guard.wit` declares, for hosts that speak JSON: field names in
//! snake case, enums by their names, a span as `[start, end]`. The forms are a promise; they are
//! copied here field by field and do not follow the core's types.
//!
//! ```
//! use twinguard_core::{model::Observation, session::Session};
//! use twinguard_trace::form;
//!
//! let mut session = Session::open("").unwrap();
//! let what: form::Observation = serde_json::from_str(r#"{"tool": "find", "content": "acct_7H9j3kQ2"}"#).unwrap();
//! session.observe(&Observation::from(what)).unwrap();
//! let found = session.identify("acct_7H9j3kQ2");
//! let found = serde_json::to_string(&form::Identifier::from(&found[0])).unwrap();
//! assert!(found.starts_with(r#"{"pointer":"","span":[0,13],"text":"acct_7H9j3kQ2","kind":"prefixed""#));
//! ```

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _};
use twinguard_core::model;

/// An observation as a host writes it. Only `content` must be there: `source` is `tool-result`
/// unless it says otherwise.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Where it came from.
    #[serde(default = "tool_result", deserialize_with = "source")]
    pub source: model::Source,
    /// The tool whose result it is.
    #[serde(default)]
    pub tool: Option<String>,
    /// Pairs a result with its call.
    #[serde(default)]
    pub call_id: Option<String>,
    /// The whole text.
    pub content: String,
    /// The host knows that this is not all the model saw.
    #[serde(default)]
    pub incomplete: bool,
}

/// A call as a host writes it. `arguments` is JSON text, never JSON itself: a parser on the way
/// would change its numbers.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// The identifier its result will carry.
    #[serde(default)]
    pub call_id: Option<String>,
    /// JSON text, numbers as the model wrote them.
    pub arguments: String,
    /// `reads` or `changes`, when the host knows.
    #[serde(default, deserialize_with = "effect")]
    pub effect: Option<model::Effect>,
}

fn tool_result() -> model::Source {
    model::Source::ToolResult
}

fn source<'de, D: Deserializer<'de>>(from: D) -> Result<model::Source, D::Error> {
    let name = std::borrow::Cow::<str>::deserialize(from)?;
    model::Source::from_name(&name).ok_or_else(|| {
        let known: Vec<_> = model::Source::ALL.iter().map(|source| source.name()).collect();
        D::Error::custom(format!("`{name}` is no source; expected {}", known.join(", ")))
    })
}

fn effect<'de, D: Deserializer<'de>>(from: D) -> Result<Option<model::Effect>, D::Error> {
    let Some(name) = Option::<std::borrow::Cow<str>>::deserialize(from)? else { return Ok(None) };
    let known = model::Effect::from_name(&name);
    known.map(Some).ok_or_else(|| D::Error::custom(format!("`{name}` is no effect; expected reads or changes")))
}

impl From<Observation> for model::Observation {
    fn from(what: Observation) -> Self {
        let Observation { source, tool, call_id, content, incomplete } = what;
        Self { source, tool, call_id, content, incomplete }
    }
}

impl From<ToolCall> for model::ToolCall {
    fn from(call: ToolCall) -> Self {
        let ToolCall { tool, call_id, arguments, effect } = call;
        Self { tool, call_id, arguments, effect }
    }
}

/// What an observation added.
#[derive(Debug, Serialize)]
pub struct Observed {
    identifiers: u32,
    new: u32,
    incomplete: bool,
}

impl From<model::Observed> for Observed {
    fn from(observed: model::Observed) -> Self {
        let model::Observed { identifiers, new, incomplete } = observed;
        Self { identifiers, new, incomplete }
    }
}

/// One appearance in a source.
#[derive(Debug, Serialize)]
pub struct Sighting<'a> {
    source: &'static str,
    tool: Option<&'a str>,
    call_id: Option<&'a str>,
    turn: u32,
    pointer: &'a str,
}

impl<'a> From<&'a model::Sighting> for Sighting<'a> {
    fn from(sighting: &'a model::Sighting) -> Self {
        let model::Sighting { source, tool, call_id, turn, pointer } = sighting;
        Self { source: source.name(), tool: tool.as_deref(), call_id: call_id.as_deref(), turn: *turn, pointer }
    }
}

/// A seen identifier near the written one.
#[derive(Debug, Serialize)]
pub struct Neighbour<'a> {
    value: &'a str,
    distance: u32,
    edit: &'a str,
    seen_in: Vec<Sighting<'a>>,
}

impl<'a> From<&'a model::Neighbour> for Neighbour<'a> {
    fn from(neighbour: &'a model::Neighbour) -> Self {
        let model::Neighbour { value, distance, edit, seen_in } = neighbour;
        Self { value, distance: *distance, edit, seen_in: seen_in.iter().map(Sighting::from).collect() }
    }
}

/// One identifier of a call and what is known of it.
#[derive(Debug, Serialize)]
pub struct Finding<'a> {
    pointer: &'a str,
    span: [u32; 2],
    written: &'a str,
    kind: &'a str,
    relation: &'static str,
    decision: &'static str,
    coincidence: f64,
    nearest: Vec<Neighbour<'a>>,
    message: &'a str,
}

impl<'a> From<&'a model::Finding> for Finding<'a> {
    fn from(finding: &'a model::Finding) -> Self {
        Self {
            pointer: &finding.pointer,
            span: [finding.span.start, finding.span.end],
            written: &finding.written,
            kind: &finding.kind,
            relation: finding.relation.name(),
            decision: finding.decision.name(),
            coincidence: finding.coincidence,
            nearest: finding.nearest.iter().map(Neighbour::from).collect(),
            message: &finding.message,
        }
    }
}

/// The answer to a check.
#[derive(Debug, Serialize)]
pub struct Verdict<'a> {
    decision: &'static str,
    findings: Vec<Finding<'a>>,
    message: &'a str,
    repaired: Option<&'a str>,
}

impl<'a> From<&'a model::Verdict> for Verdict<'a> {
    fn from(verdict: &'a model::Verdict) -> Self {
        let model::Verdict { decision, findings, message, repaired } = verdict;
        let findings = findings.iter().map(Finding::from).collect();
        Self { decision: decision.name(), findings, message, repaired: repaired.as_deref() }
    }
}

/// One identifier found in a text.
#[derive(Debug, Serialize)]
pub struct Identifier<'a> {
    pointer: &'a str,
    span: [u32; 2],
    text: &'a str,
    kind: &'a str,
    canonical: &'a str,
    relation: &'static str,
    seen_in: Vec<Sighting<'a>>,
}

impl<'a> From<&'a model::Identifier> for Identifier<'a> {
    fn from(identifier: &'a model::Identifier) -> Self {
        Self {
            pointer: &identifier.pointer,
            span: [identifier.span.start, identifier.span.end],
            text: &identifier.text,
            kind: &identifier.kind,
            canonical: &identifier.canonical,
            relation: identifier.relation.name(),
            seen_in: identifier.seen_in.iter().map(Sighting::from).collect(),
        }
    }
}
