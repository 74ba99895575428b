//! Slots: where an identifier stands in a call, what the argument's name says of it, and what the
//! same slot held before.
//!
//! The prior beats everything else: in an argument that takes identifiers, honest values are ones
//! that were seen 99 to 100 times in 100, so a near miss there is a corruption whatever chance says.
//! An argument that has only ever held new values belongs to a tool that creates, whatever its name.

use crate::field::words_of_name;
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
};

/// What an argument's name says about its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Names one thing: `account_id`, `order`, `sha`.
    Identifier,
    /// Measures or orders something: `amount`, `limit`, `start_date`.
    Quantity,
    /// Names a file, a folder or a page: often a new one.
    Location,
    /// Text for people: `message`, `reason`.
    Prose,
    /// Text for machines: `command`, `sql`, `patch`.
    Code,
    /// Says nothing.
    Other,
}

const IDENTIFIERS: &[&str] = &[
    "id",
    "ids",
    "uid",
    "uuid",
    "guid",
    "pk",
    "account",
    "accounts",
    "acct",
    "order",
    "orders",
    "payment",
    "payments",
    "code",
    "codes",
    "sha",
    "commit",
    "revision",
    "ref",
    "refs",
    "reference",
    "hash",
    "digest",
    "iban",
    "bic",
    "number",
    "no",
    "num",
    "nr",
    "nummer",
    "numero",
    "número",
    "numéro",
    "番号",
    "card",
    "user",
    "customer",
    "reservation",
    "booking",
    "ticket",
    "case",
    "invoice",
    "transaction",
    "txn",
    "sku",
    "tracking",
    "trackingnumber",
    "email",
    "emails",
    "phone",
    "username",
    "handle",
    "login",
    "serial",
    "vin",
    "isbn",
    "ean",
    "asin",
    "arn",
    "subscription",
    "contract",
    "policy",
    "claim",
    "shipment",
    "parcel",
    "device",
    "imei",
    "mac",
    "ip",
    "wallet",
    "recipient",
    "payee",
    "beneficiary",
    "sender",
    "assignee",
    "attendees",
    "key",
    "slug",
    "issue",
    "member",
    "employee",
    "patient",
    "pnr",
];
const QUANTITIES: &[&str] = &[
    "amount",
    "amounts",
    "limit",
    "offset",
    "page",
    "size",
    "count",
    "quantity",
    "qty",
    "total",
    "price",
    "cost",
    "date",
    "time",
    "timestamp",
    "day",
    "days",
    "month",
    "year",
    "start",
    "end",
    "from",
    "until",
    "since",
    "before",
    "after",
    "min",
    "max",
    "width",
    "height",
    "depth",
    "length",
    "line",
    "lines",
    "duration",
    "timeout",
    "timestep",
    "percent",
    "percentage",
    "rate",
    "score",
    "ratio",
    "weight",
    "age",
    "latitude",
    "longitude",
    "lat",
    "lon",
    "lng",
    "temperature",
    "top",
    "n",
    "k",
    "x",
    "y",
    "z",
    "dob",
    "zip",
    "index",
    "position",
    "row",
    "column",
    "col",
    "baggages",
];
const LOCATIONS: &[&str] = &[
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "filepath",
    "dir",
    "directory",
    "folder",
    "cwd",
    "url",
    "urls",
    "uri",
    "link",
    "href",
    "destination",
    "target",
    "source",
    "root",
];
const PROSE: &[&str] = &[
    "message",
    "text",
    "body",
    "content",
    "contents",
    "summary",
    "reason",
    "description",
    "thought",
    "thoughts",
    "note",
    "notes",
    "comment",
    "comments",
    "title",
    "subject",
    "query",
    "question",
    "answer",
    "prompt",
    "explanation",
    "instructions",
    "details",
    "name",
    "label",
    "keywords",
    "q",
];
const CODE: &[&str] = &[
    "command",
    "cmd",
    "bash",
    "shell",
    "sql",
    "code",
    "script",
    "patch",
    "diff",
    "expression",
    "snippet",
    "replace",
    "replacement",
    "search",
    "regex",
    "pattern",
    "old",
    "new",
    "str",
    "string",
    "statement",
    "source",
    "program",
    "input",
];

/// Words in which a final `id` is no identifier.
const ENDING_IN_ID: &[&str] = &[
    "android", "avoid", "bid", "covid", "fluid", "grid", "hybrid", "invalid", "liquid", "paid", "postpaid", "prepaid", "rapid", "rigid",
    "solid", "unpaid", "valid", "void",
];

/// Whether a word runs into what it numbers: `colisid`, `trackingnumber`, `zipcode`.
fn is_run_together(word: &str) -> bool {
    let ends = |ending: &str| word.len() > ending.len() + 2 && word.ends_with(ending);
    (ends("id") && !ENDING_IN_ID.contains(&word)) || ends("number") || ends("nummer") || ends("番号") || ends("uuid")
}

impl Role {
    /// What the name of an argument says.
    ///
    /// ```
    /// # use twinguard_core::slot::Role;
    /// assert_eq!(Role::of("accountId"), Role::Identifier);
    /// assert_eq!(Role::of("max_results"), Role::Quantity);
    /// assert_eq!(Role::of("file_path"), Role::Location);
    /// ```
    #[must_use]
    pub fn of(name: &str) -> Self {
        let lower: alloc::vec::Vec<String> = words_of_name(name).map(str::to_lowercase).collect();
        // `invoices` are named as an invoice is.
        let holds = |list: &[&str], word: &String| {
            list.contains(&word.as_str()) || list == IDENTIFIERS && word.strip_suffix('s').is_some_and(|one| list.contains(&one))
        };
        let last = lower.last();
        let any = |list: &[&str]| lower.iter().any(|word| holds(list, word));
        let ends = |list: &[&str]| last.is_some_and(|word| holds(list, word));
        // The last word names the thing (`order_date` is a date), the others qualify it; a `number`
        // is whatever it numbers (`line_number`, `order_number`).
        match () {
            () if ends(&["number", "no", "num", "nr", "index"]) && any(QUANTITIES) => Self::Quantity,
            () if ends(&["id", "ids", "uuid", "guid", "sha", "hash", "iban", "email", "phone", "username"]) => Self::Identifier,
            // A `locator` by itself finds something in a page.
            () if ends(&["locator"]) && any(&["record", "booking", "reservation"]) => Self::Identifier,
            () if ends(QUANTITIES) => Self::Quantity,
            () if ends(LOCATIONS) => Self::Location,
            // `code` alone is source text more often than a booking's.
            () if lower.len() == 1 && ends(CODE) => Self::Code,
            () if ends(IDENTIFIERS) => Self::Identifier,
            () if last.is_some_and(|word| is_run_together(word)) => Self::Identifier,
            () if ends(PROSE) => Self::Prose,
            () if ends(CODE) => Self::Code,
            () if any(QUANTITIES) => Self::Quantity,
            () if any(LOCATIONS) => Self::Location,
            () if any(IDENTIFIERS) => Self::Identifier,
            () if any(PROSE) => Self::Prose,
            () => Self::Other,
        }
    }
}

/// What a slot held so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Values that had been seen in a source.
    pub seen: u32,
    /// Values that had not.
    pub new: u32,
}

/// The history of every slot of a session.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    by_place: BTreeMap<String, Held>,
    by_name: BTreeMap<String, Held>,
    /// The value that each place held last.
    last: BTreeMap<String, String>,
}

impl Slots {
    /// What this argument of this tool held.
    #[must_use]
    pub fn at(&self, tool: &str, pointer: &str) -> Held {
        self.by_place.get(&place(tool, pointer)).copied().unwrap_or_default()
    }

    /// What arguments of this name held in any tool.
    #[must_use]
    pub fn named(&self, field: &str) -> Held {
        self.by_name.get(field).copied().unwrap_or_default()
    }

    /// What this argument of this tool held last.
    #[must_use]
    pub fn last(&self, tool: &str, pointer: &str) -> Option<&str> {
        self.last.get(&place(tool, pointer)).map(String::as_str)
    }

    /// Every last value, in order, for a snapshot.
    pub fn last_values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.last.iter().map(|(place, value)| (place.as_str(), value.as_str()))
    }

    /// Puts back one of [`Slots::last_values`].
    pub fn put_last(&mut self, place: String, value: String) {
        self.last.insert(place, value);
    }

    /// Notes one value.
    pub fn note(&mut self, tool: &str, pointer: &str, field: &str, value: &str, was_seen: bool) {
        /// Longer values are no identifiers that anybody counts up.
        const LONGEST: usize = 64;
        if value.len() <= LONGEST {
            self.last.insert(place(tool, pointer), value.to_string());
        }
        for held in [self.by_place.entry(place(tool, pointer)).or_default(), self.by_name.entry(field.to_string()).or_default()] {
            let count = if was_seen { &mut held.seen } else { &mut held.new };
            *count = count.saturating_add(1);
        }
    }

    /// Everything, in order, for a snapshot.
    pub fn entries(&self) -> impl Iterator<Item = (bool, &str, Held)> {
        let places = self.by_place.iter().map(|(key, &held)| (true, key.as_str(), held));
        places.chain(self.by_name.iter().map(|(key, &held)| (false, key.as_str(), held)))
    }

    /// Puts back what [`Slots::entries`] gave.
    pub fn put(&mut self, is_place: bool, key: String, held: Held) {
        let map = if is_place { &mut self.by_place } else { &mut self.by_name };
        map.insert(key, held);
    }
}

/// A tool and a pointer whose array positions do not count.
fn place(tool: &str, pointer: &str) -> String {
    let mut key = format!("{tool} ");
    for segment in pointer.split('/').skip(1) {
        let is_index = !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
        key.push('/');
        key.push_str(if is_index { "*" } else { segment });
    }
    key
}
