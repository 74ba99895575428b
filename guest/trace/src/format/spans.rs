//! Traces of programs: spans of models, tools and agents, put back into conversations.
//!
//! Every span of a model repeats the conversation so far, a span of a tool tells again what the
//! messages tell, and the spans of several agents stand side by side. What one model lived is one
//! conversation; in it, everything happened once, in the order of time.

use super::Place;
use super::once::Once;
use crate::event::{Event, Trace, What};
use std::collections::{HashMap, HashSet};
use twinguard_core::model::{Observation, Source, ToolCall};

/// One span, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Span {
    pub id: String,
    pub parent: Option<String>,
    /// The trace it is of, and the session that several traces go on in.
    pub trace: String,
    pub session: Option<String>,
    /// When it began and ended. Compared as text, so all of a file have to be written alike.
    pub start: String,
    pub end: String,
    pub what: Did,
}

/// What happened in a span.
#[derive(Debug, Default)]
pub(super) enum Did {
    /// A model was asked, and answered.
    Asked(Trace),
    /// A tool ran.
    Ran(Run),
    /// An agent worked. What it says of its messages is a whole conversation.
    Worked(Trace),
    /// Something else: only its place in the tree matters.
    #[default]
    Other,
}

/// One run of a tool.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub tool: String,
    pub call_id: Option<String>,
    /// As JSON, or as plain text.
    pub arguments: Option<String>,
    pub result: Option<String>,
}

/// A moment in which something becomes known.
enum Moment {
    Whole,
    Called,
    Answered,
}

/// The conversations that the spans tell of, in the order in which they began.
pub(super) fn conversations(place: &Place<'_>, spans: &[Span]) -> Vec<Trace> {
    // Only some spans of a trace name its session.
    let named = spans.iter().filter_map(|span| Some((span.trace.clone(), span.session.clone()?)));
    let mut all = All { parents: parents(spans), sessions: named.collect(), ..All::default() };
    let mut moments: Vec<(String, usize, Moment)> = Vec::new();
    // An exporter that is not sure sends a span again.
    let mut sent: HashSet<(&str, &str)> = HashSet::new();
    for (index, span) in spans.iter().enumerate() {
        if !span.id.is_empty() && !sent.insert((&span.trace, &span.id)) {
            continue;
        }
        match &span.what {
            Did::Asked(_) => moments.push((span.start.clone(), index, Moment::Whole)),
            // By then its models have told what happened, and when.
            Did::Worked(_) => moments.push((span.end.clone(), index, Moment::Whole)),
            Did::Ran(_) => {
                moments.push((span.start.clone(), index, Moment::Called));
                let end = if span.end.is_empty() { &span.start } else { &span.end };
                moments.push((end.clone(), index, Moment::Answered));
            }
            Did::Other => {}
        }
    }
    moments.sort_by(|one, other| one.0.cmp(&other.0)); // stable: what is written first came first
    for (_, index, moment) in moments {
        let Some(span) = spans.get(index) else { continue };
        match (&span.what, moment) {
            (Did::Asked(trace) | Did::Worked(trace), _) => all.merge(place, span, trace),
            (Did::Ran(run), Moment::Called) => all.of_run(place, span, run).into_iter().for_each(|one| one.called(&span.id, run)),
            (Did::Ran(run), _) => all.of_run(place, span, run).into_iter().for_each(|one| one.answered(&span.id, run)),
            (Did::Other, _) => {}
        }
    }
    all.conversations.into_iter().map(|conversation| conversation.trace).collect()
}

/// Of every span the parent, and whether the span is one that a conversation lives in.
fn parents(spans: &[Span]) -> HashMap<String, (Option<String>, bool)> {
    let is_scope = |span: &Span| matches!(span.what, Did::Ran(_) | Did::Worked(_));
    spans.iter().map(|span| (span.id.clone(), (span.parent.clone(), is_scope(span)))).collect()
}

#[derive(Default)]
struct All {
    sessions: HashMap<String, String>,
    parents: HashMap<String, (Option<String>, bool)>,
    conversations: Vec<Conversation>,
    /// By group and scope, and by group and first words.
    by_scope: HashMap<(String, String), usize>,
    by_words: HashMap<(String, String), usize>,
    /// By group and call id: the conversation that a call was made in.
    by_call: HashMap<(String, String), usize>,
}

/// One conversation in the making.
#[derive(Default)]
struct Conversation {
    trace: Trace,
    once: Once,
    turns: u32,
    /// The session, or the trace.
    group: String,
    /// Ids of calls that no span of a tool has claimed, per tool: such spans often name no call.
    open: HashMap<String, Vec<Option<String>>>,
    /// The calls that spans of tools have claimed.
    claimed: HashMap<String, Option<String>>,
}

impl All {
    /// What all spans of a conversation and of its sub-agents share.
    fn group(&self, span: &Span) -> String {
        self.sessions.get(&span.trace).unwrap_or(&span.trace).clone()
    }

    /// The agent or the tool that a span works for. A trace may lack the spans in between.
    fn scope(&self, span: &Span, own: bool) -> String {
        if own {
            return span.id.clone();
        }
        let mut at = span.parent.clone();
        for _ in 0..self.parents.len() {
            let Some(id) = at else { break };
            match self.parents.get(&id) {
                Some((_, true)) => return id,
                Some((parent, _)) => at = parent.clone(),
                None => break,
            }
        }
        String::new()
    }

    /// The conversation of a span: the one that began with the same words, else the one of the
    /// same agent, so that a conversation whose beginning was summed up goes on.
    fn find(&mut self, place: &Place<'_>, span: &Span, words: Option<String>) -> usize {
        let group = self.group(span);
        let own = matches!(span.what, Did::Worked(_));
        let scope = (group.clone(), self.scope(span, own));
        let words = words.map(|words| (group.clone(), words));
        let known = words.as_ref().and_then(|words| self.by_words.get(words)).or_else(|| self.by_scope.get(&scope)).copied();
        let at = known.unwrap_or_else(|| {
            let is_first = self.conversations.iter().all(|other| other.group != group);
            let within = if scope.1.is_empty() { &span.id } else { &scope.1 };
            let id = if is_first { group.clone() } else { format!("{group}/{within}") };
            self.conversations.push(Conversation::new(place, group, id));
            self.conversations.len() - 1
        });
        self.by_scope.entry(scope).or_insert(at);
        if let Some(words) = words {
            self.by_words.entry(words).or_insert(at);
        }
        at
    }

    fn merge(&mut self, place: &Place<'_>, span: &Span, told: &Trace) {
        if told.events.is_empty() && told.written.is_empty() {
            return;
        }
        let at = self.find(place, span, first_words(told));
        let group = self.group(span);
        let Some(conversation) = self.conversations.get_mut(at) else { return };
        for id in conversation.merge(told) {
            self.by_call.insert((group.clone(), id), at);
        }
    }

    fn of_run(&mut self, place: &Place<'_>, span: &Span, run: &Run) -> Option<&mut Conversation> {
        let by_call = run.call_id.as_ref().and_then(|id| self.by_call.get(&(self.group(span), id.clone()))).copied();
        let at = by_call.unwrap_or_else(|| self.find(place, span, None));
        self.conversations.get_mut(at)
    }
}

/// What a conversation began with, which all its requests repeat.
fn first_words(told: &Trace) -> Option<String> {
    let said = |source: Source| {
        told.events.iter().find_map(|event| match &event.what {
            What::Shown(shown) if shown.source == source => Some(shown.content.as_str()),
            _ => None,
        })
    };
    Some(format!("{}\n{}", said(Source::SystemPrompt).unwrap_or_default(), said(Source::UserMessage)?))
}

impl Conversation {
    fn new(place: &Place<'_>, group: String, id: String) -> Self {
        let id = if id.is_empty() { place.name() } else { id };
        let trace = Trace { id, file: place.file.to_owned(), line: place.line, ..Trace::default() };
        Self { trace, group, ..Self::default() }
    }

    /// Takes what is new in what a model was asked and answered; returns the ids of new calls.
    fn merge(&mut self, told: &Trace) -> Vec<String> {
        let Trace { model, provider, at, written, events, issues, .. } = told;
        self.once.again();
        let mut turns: HashMap<u32, u32> = HashMap::new();
        let mut ids = Vec::new();
        for Event { turn, what } in events {
            if !self.once.is_new(what) {
                continue;
            }
            if let What::Called(ToolCall { call_id, tool, .. }) = what {
                self.open.entry(tool.clone()).or_default().push(call_id.clone());
                ids.extend(call_id.clone());
            }
            let next = self.turns;
            let turn = *turns.entry(*turn).or_insert(next);
            self.turns = self.turns.max(turn + 1);
            self.trace.events.push(Event { turn, what: what.clone() });
        }
        let own = model.clone().filter(|model| self.trace.model.as_ref().is_some_and(|first| first != model));
        let trace = &mut self.trace;
        trace.model = trace.model.take().or_else(|| model.clone());
        trace.provider = trace.provider.take().or_else(|| provider.clone());
        trace.at = trace.at.take().or_else(|| at.clone());
        for (turn, about) in written {
            if let Some(turn) = turns.get(turn) {
                trace.written.entry(*turn).or_insert_with(|| about.clone());
            }
        }
        // The last message is the model's.
        if let (Some(model), Some(turn)) = (own, turns.values().max()) {
            trace.written.entry(*turn).or_default().model.get_or_insert(model);
        }
        let new = issues.iter().filter(|issue| !trace.issues.contains(issue)).cloned().collect::<Vec<_>>();
        trace.issues.extend(new);
        ids
    }

    /// A tool ran. Where no message is known to have called it, the span tells of the call, too.
    fn called(&mut self, span: &str, run: &Run) {
        let open = self.open.entry(run.tool.clone()).or_default();
        if let Some(at) = open.iter().position(|id| run.call_id.is_none() || *id == run.call_id) {
            self.claimed.insert(span.to_owned(), open.remove(at));
            return;
        }
        if let Some(arguments) = run.arguments.clone() {
            let call = ToolCall { tool: run.tool.clone(), call_id: run.call_id.clone(), arguments, effect: None };
            self.push(What::Called(call));
        }
    }

    fn answered(&mut self, span: &str, run: &Run) {
        let Some(content) = run.result.clone() else { return };
        let call_id = run.call_id.clone().or_else(|| self.claimed.remove(span).flatten());
        let tool = Some(run.tool.clone());
        self.push(What::Shown(Observation { source: Source::ToolResult, tool, call_id, content, incomplete: false }));
    }

    fn push(&mut self, what: What) {
        if self.once.add(&what) {
            self.trace.events.push(Event { turn: self.turns, what });
            self.turns += 1;
        }
    }
}

/// A time that can be compared as text with others of its file: ISO without its zone, whatever
/// the number of digits after the point, or a count.
pub(super) fn time(text: &str) -> String {
    let text = text.trim_end_matches('Z');
    let text = text.strip_suffix("+00:00").unwrap_or(text);
    text.replace(' ', "T")
}

/// JSON as it is, and a JSON string as the JSON that it holds, or as the text that it is.
pub(super) fn plain(json: &str) -> String {
    match crate::json::Json::parse(json).ok().and_then(crate::json::Json::string) {
        Some(text) if crate::json::Json::parse(&text).is_ok() => text.into_owned(),
        _ => json.to_owned(),
    }
}
