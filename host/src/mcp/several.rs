//! Several servers that look like one.
//!
//! - Lists are whole: of every server that has the ability, all pages. A tool, prompt or resource
//!   that two servers name alike is called `SERVER__NAME`, on both sides; any other keeps its name,
//!   so that policies and permissions written for one server hold.
//! - A call goes to the server whose tool it names. What names nothing known is tried at one server
//!   after the other, until one does not answer with an error.
//! - Identifiers of the client's requests stay; those of servers' requests get the server's number,
//!   since two of them may choose the same.

mod merge;

use super::frame::{Frame, Id};
use super::reply;
use super::wire::{Route, To};
use merge::{Gathered, List};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use twinguard_trace::json::Json;

/// Pages of one list that are asked of one server.
const MOST_PAGES: u32 = 64;

/// Where frames of a client with several servers go.
#[derive(Debug)]
pub(super) struct Several {
    names: Vec<String>,
    alive: Vec<bool>,
    /// By list and exposed name: the server, and what it calls it itself.
    known: HashMap<(List, String), (usize, String)>,
    /// Requests that all of some servers answer.
    gathering: HashMap<Id, Gathering>,
    /// Requests for further pages: the server's list they belong to.
    pages: HashMap<Id, Id>,
    /// Requests that one server answers, and who may be tried next.
    sent: HashMap<Id, Sent>,
    count: u64,
}

#[derive(Debug)]
struct Gathering {
    id: Box<RawValue>,
    what: Gathered,
    waiting: BTreeMap<usize, u32>,
    results: Vec<(usize, String)>,
    error: Option<String>,
}

#[derive(Debug)]
struct Sent {
    frame: Vec<u8>,
    server: usize,
    others: Vec<usize>,
}

impl Several {
    pub fn new(names: Vec<String>) -> Self {
        let alive = vec![true; names.len()];
        let (known, gathering, pages, sent) = (HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new());
        Self { names, alive, known, gathering, pages, sent, count: 0 }
    }

    fn living(&self) -> Vec<usize> {
        (0..self.names.len()).filter(|at| self.alive.get(*at) == Some(&true)).collect()
    }

    fn to_all<'a>(&self, frame: &[u8]) -> Vec<To<'a>> {
        self.living().into_iter().map(|at| To::Server(at, Cow::Owned(frame.to_vec()))).collect()
    }

    /// Asks every server, and answers when all have.
    fn gather<'a>(&mut self, frame: &[u8], id: &RawValue, key: Id, what: Gathered) -> Vec<To<'a>> {
        let waiting: BTreeMap<_, _> = self.living().into_iter().map(|at| (at, 0)).collect();
        if waiting.is_empty() {
            return vec![To::Client(Cow::Owned(reply::error(Some(id), reply::GONE, "every server has ended")))];
        }
        self.gathering.insert(key, Gathering { id: id.to_owned(), what, waiting, results: Vec::new(), error: None });
        self.to_all(frame)
    }

    /// Sends a request to one server, and to the others in turn when it does not know what is meant.
    fn send<'a>(&mut self, frame: Vec<u8>, id: &RawValue, key: Id, mut servers: Vec<usize>) -> Vec<To<'a>> {
        servers.retain(|at| self.alive.get(*at) == Some(&true));
        if servers.is_empty() {
            return vec![To::Client(Cow::Owned(reply::error(Some(id), reply::GONE, "the server for this request has ended")))];
        }
        let server = servers.remove(0);
        self.sent.insert(key, Sent { frame: frame.clone(), server, others: servers });
        vec![To::Server(server, Cow::Owned(frame))]
    }

    /// The server that knows this name, and the frame with its own name for it.
    fn route<'a>(&mut self, frame: &[u8], parsed: &Frame<'_>, id: &RawValue, key: Id, list: List) -> Vec<To<'a>> {
        let name = parsed.params.map(Json::from).and_then(|params| list.name_in(params));
        let known = name.and_then(|name| Some((self.known.get(&(list, name.clone()))?.clone(), name)));
        match known {
            Some(((server, own), name)) if own == name => self.send(frame.to_vec(), id, key, vec![server]),
            Some(((server, own), _)) => {
                let renamed = merge::renamed(frame, list, &own).unwrap_or_else(|| frame.to_vec());
                self.send(renamed, id, key, vec![server])
            }
            None => match self.prefixed(frame, parsed, list) {
                Some((server, renamed)) => self.send(renamed, id, key, vec![server]),
                None => self.send(frame.to_vec(), id, key, self.living()),
            },
        }
    }

    /// The server whose name stands before a name that no list has shown yet, and the frame without it.
    fn prefixed(&self, frame: &[u8], parsed: &Frame<'_>, list: List) -> Option<(usize, Vec<u8>)> {
        let name = list.name_in(Json::from(parsed.params?))?;
        let (server, own) = name.split_once("__")?;
        let server = self.names.iter().position(|name| name == server)?;
        Some((server, merge::renamed(frame, list, own)?))
    }

    /// A server's answer to a request that all were asked.
    fn collect<'a>(&mut self, from: usize, key: &Id, parsed: &Frame<'_>) -> Vec<To<'a>> {
        let Some(gathering) = self.gathering.get_mut(key) else { return Vec::new() };
        let Some(pages) = gathering.waiting.get_mut(&from) else { return Vec::new() };
        match (parsed.result, parsed.error) {
            (Some(result), _) => {
                gathering.results.push((from, result.get().to_owned()));
                let cursor = Json::from(result).fields().get("nextCursor").map(|cursor| cursor.text().to_owned());
                if let (Gathered::List(list), Some(cursor), true) = (gathering.what, cursor, *pages < MOST_PAGES) {
                    *pages += 1;
                    self.count += 1;
                    let id = format!("twinguard-page-{}", self.count);
                    self.pages.insert(Id::Text(id.clone()), key.clone());
                    let next = format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"{}","params":{{"cursor":{cursor}}}}}"#, list.method());
                    return vec![To::Server(from, Cow::Owned(next.into_bytes()))];
                }
            }
            (None, error) => gathering.error = error.map(|error| error.get().to_owned()),
        }
        gathering.waiting.remove(&from);
        if gathering.waiting.is_empty() { self.gathered(key) } else { Vec::new() }
    }

    /// All have answered. Those that could not are left out, unless nobody could.
    fn gathered<'a>(&mut self, key: &Id) -> Vec<To<'a>> {
        let Some(mut gathering) = self.gathering.remove(key) else { return Vec::new() };
        // In the order in which they were named, whoever was faster; pages of one stay in theirs.
        gathering.results.sort_by_key(|(server, _)| *server);
        let id = gathering.id.get();
        let frame = match (gathering.results.is_empty(), &gathering.error) {
            (true, Some(error)) => format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#),
            (true, None) => return vec![To::Client(Cow::Owned(reply::error(Some(&gathering.id), reply::GONE, "every server has ended")))],
            (false, _) => {
                let result = match gathering.what {
                    Gathered::List(list) => self.merged_list(list, &gathering.results),
                    Gathered::Greeting => merge::greeting(&self.names, &gathering.results),
                    Gathered::Nothing => "{}".to_owned(),
                };
                format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
            }
        };
        vec![To::Client(Cow::Owned(frame.into_bytes()))]
    }

    fn merged_list(&mut self, list: List, results: &[(usize, String)]) -> String {
        self.known.retain(|(of, _), _| *of != list);
        let (text, known) = merge::lists(list, &self.names, results);
        self.known.extend(known.into_iter().map(|(exposed, own)| ((list, exposed), own)));
        text
    }
}

impl Route for Several {
    fn client<'a>(&mut self, frame: Cow<'a, [u8]>) -> Vec<To<'a>> {
        let Ok(parsed) = Frame::parse(&frame) else {
            // Only batches get here: the conversation has answered everything else that is no message.
            return vec![To::Client(Cow::Owned(reply::error(None, reply::INVALID, "several servers behind one proxy take no batches")))];
        };
        let Some((id, key)) = parsed.id.zip(parsed.id()) else { return self.to_all(&frame) };
        let Some(method) = parsed.method.as_deref() else {
            // An answer to a server's request: its number stands before its own id.
            let Some((server, own)) = merge::own_id(&key) else { return Vec::new() };
            return merge::with_id(&frame, &own).map(|frame| To::Server(server, Cow::Owned(frame))).into_iter().collect();
        };
        match method {
            "initialize" | "server/discover" => self.gather(&frame, id, key, Gathered::Greeting),
            "ping" | "logging/setLevel" => self.gather(&frame, id, key, Gathered::Nothing),
            "tools/call" => self.route(&frame, &parsed, id, key, List::Tools),
            "prompts/get" => self.route(&frame, &parsed, id, key, List::Prompts),
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => self.route(&frame, &parsed, id, key, List::Resources),
            _ => match List::of(method) {
                Some(list) => self.gather(&frame, id, key, Gathered::List(list)),
                None => self.send(frame.to_vec(), id, key, self.living()),
            },
        }
    }

    fn server<'a>(&mut self, from: usize, frame: Cow<'a, [u8]>) -> Vec<To<'a>> {
        let Ok(parsed) = Frame::parse(&frame) else { return vec![To::Client(frame)] };
        let Some((id, key)) = parsed.id.zip(parsed.id()) else { return vec![To::Client(frame)] };
        if !parsed.is_response() {
            return merge::with_id(&frame, &merge::foreign_id(from, id)).map(|frame| To::Client(Cow::Owned(frame))).into_iter().collect();
        }
        if let Some(list) = self.pages.remove(&key) {
            return self.collect(from, &list, &parsed);
        }
        if self.gathering.contains_key(&key) {
            return self.collect(from, &key, &parsed);
        }
        if let Some(Sent { frame: asked, others, .. }) = self.sent.remove(&key)
            && parsed.error.is_some()
            && !others.is_empty()
        {
            return self.send(asked, id, key, others);
        }
        vec![To::Client(frame)]
    }

    fn ended(&mut self, server: usize, why: &str) -> Vec<To<'static>> {
        if let Some(alive) = self.alive.get_mut(server) {
            *alive = false;
        }
        let lost: Vec<Id> = self.sent.iter().filter(|(_, sent)| sent.server == server).map(|(key, _)| key.clone()).collect();
        let mut ways = Vec::new();
        for key in lost {
            let Some(sent) = self.sent.remove(&key) else { continue };
            let id = Frame::parse(&sent.frame).ok().and_then(|frame| frame.id);
            ways.push(To::Client(Cow::Owned(reply::error(id, reply::GONE, why))));
        }
        let waiting: Vec<Id> =
            self.gathering.iter().filter(|(_, all)| all.waiting.contains_key(&server)).map(|(key, _)| key.clone()).collect();
        for key in waiting {
            let Some(gathering) = self.gathering.get_mut(&key) else { continue };
            gathering.waiting.remove(&server);
            if gathering.waiting.is_empty() {
                ways.extend(self.gathered(&key));
            }
        }
        ways
    }
}
