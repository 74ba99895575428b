//! Recorded conversations to measure with, as JSON Lines:
//!
//! ```text
//! $ cargo run --release --package twinguard-benches --example traces -- MEGABYTES [SEED] > traces.jsonl
//! ```
//!
//! Each is a support agent's: a system prompt, a user, and calls whose results are several kilobytes
//! of records, of an article or of a log. One conversation in fifty holds a twin. The same seed gives
//! the same bytes.

use std::env;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let numbers: Result<Vec<u64>, _> = env::args().skip(1).map(|word| word.parse()).collect();
    let (megabytes, seed) = match numbers.as_deref() {
        Ok([megabytes]) => (*megabytes, 1),
        Ok([megabytes, seed]) => (*megabytes, *seed),
        _ => {
            eprintln!("error: expected MEGABYTES [SEED]");
            return ExitCode::from(2);
        }
    };
    match write(megabytes * 1_000_000, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(bytes: u64, seed: u64) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let (mut written, mut number) = (0, 0);
    while written < bytes {
        // A state of its own for each, so that one conversation can be made without the others.
        let line = Conversation::new(seed, number).line();
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
        number += 1;
    }
    out.flush()
}

/// splitmix64
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[usize::try_from(self.below(alphabet.len() as u64)).unwrap_or(0)])).collect()
    }
}

const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const WORDS: &[&str] = &[
    "the",
    "order",
    "was",
    "sent",
    "to",
    "a",
    "customer",
    "who",
    "asked",
    "for",
    "another",
    "size",
    "and",
    "paid",
    "by",
    "card",
    "before",
    "delivery",
    "our",
    "warehouse",
    "has",
    "confirmed",
    "that",
    "parcel",
    "left",
    "on",
    "time",
    "please",
    "see",
    "return",
    "policy",
    "within",
    "thirty",
    "days",
    "of",
    "purchase",
    "refund",
    "is",
    "made",
    "same",
    "account",
    "unless",
    "agreed",
    "otherwise",
    "with",
    "support",
];
const NAMES: &[&str] = &["Ada Nowak", "Yusuf Demir", "Mei Chen", "Sofia Rossi", "Liam Byrne", "Noor Haddad", "Ivan Petrov", "Zoë Keller"];
const STATES: &[&str] = &["delivered", "pending", "processed", "cancelled", "returned"];
const LEVELS: &[&str] = &["INFO", "INFO", "INFO", "DEBUG", "WARN"];

/// What a result tells of, and a later call may name.
struct Order {
    id: String,
    account: String,
    payment: String,
}

struct Conversation {
    random: Random,
    number: u64,
    messages: Vec<String>,
    orders: Vec<Order>,
    calls: u64,
}

impl Conversation {
    fn new(seed: u64, number: u64) -> Self {
        let random = Random(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        Self { random, number, messages: Vec::new(), orders: Vec::new(), calls: 0 }
    }

    fn line(mut self) -> String {
        let system = format!("You are a support agent. Use the tools; copy identifiers exactly. {}", self.prose(60));
        self.say("system", &system);
        let wish = self.prose(25);
        self.say("user", &format!("Hello, my name is {}. {wish}", NAMES[usize::try_from(self.number % 8).unwrap_or(0)]));
        let email = format!("{}@example.com", self.random.text(b"abcdefghijklmnop", 8));
        self.call("find_customer", &format!("{{\"email\": \"{email}\"}}"));
        let records = self.records(4);
        self.result(&records);
        let slips = self.number % 50 == 49;
        let rounds = 3 + self.random.below(6);
        for round in 0..rounds {
            self.round(slips && round + 1 == rounds);
        }
        let thanks = self.prose(20);
        self.say("assistant", &thanks);
        format!(
            "{{\"id\":\"run-{}\",\"model\":\"{}\",\"messages\":[{}]}}\n",
            self.number,
            ["gpt-5.2", "claude-sonnet-4-5", "gemini-3-pro"][usize::try_from(self.number % 3).unwrap_or(0)],
            self.messages.join(",")
        )
    }

    /// A call that names what an earlier result held, and its result.
    fn round(&mut self, slips: bool) {
        let known = self.orders.len() as u64;
        let chosen = usize::try_from(self.random.below(known)).unwrap_or(0);
        let Order { id, account, payment } = &self.orders[chosen];
        let (id, mut account, payment) = (id.clone(), account.clone(), payment.clone());
        if slips {
            let last = account.pop().unwrap_or('0');
            account.push(if last == 'x' { 'y' } else { 'x' });
        }
        let kind = if slips { 0 } else { self.random.below(10) };
        match kind {
            0..4 => self.call(
                "refund",
                &format!("{{\"order_id\": \"{id}\", \"account_id\": \"{account}\", \"payment_id\": \"{payment}\", \"amount\": \"40.00\"}}"),
            ),
            4..7 => self.call("get_order", &format!("{{\"order_id\": \"{id}\"}}")),
            _ => self.call("search", &format!("{{\"query\": \"return of order {id}\", \"limit\": 10}}")),
        }
        let result = match kind {
            0..6 => {
                let count = 4 + self.random.below(16);
                self.records(count)
            }
            6..9 => self.article(),
            _ => self.log(),
        };
        self.result(&result);
    }

    fn records(&mut self, count: u64) -> String {
        let mut rows = Vec::new();
        for _ in 0..count {
            let order = Order {
                id: format!("ORD-{}-{}", self.random.text(DIGITS, 2), self.random.text(DIGITS, 6)),
                account: format!("acct_{}", self.random.text(ALPHANUMERIC, 14)),
                payment: uuid(&mut self.random),
            };
            let note = self.prose(12);
            rows.push(format!(
                "{{\"order_id\": \"{}\", \"account\": {{\"id\": \"{}\", \"holder\": \"{}\"}}, \"payment_id\": \"{}\", \"status\": \"{}\", \
                 \"created_at\": \"2026-{:02}-{:02}T{:02}:{:02}:00Z\", \"total\": {}.{:02}, \"items\": [{{\"sku\": \"{}\", \"quantity\": {}, \
                 \"name\": \"{}\"}}], \"note\": \"{note}\"}}",
                order.id,
                order.account,
                self.random.pick(NAMES),
                order.payment,
                self.random.pick(STATES),
                1 + self.random.below(12),
                1 + self.random.below(28),
                self.random.below(24),
                self.random.below(60),
                self.random.below(900),
                self.random.below(100),
                self.random.text(DIGITS, 10),
                1 + self.random.below(4),
                self.random.pick(WORDS),
            ));
            self.orders.push(order);
        }
        format!("{{\"count\": {count}, \"orders\": [{}]}}", rows.join(", "))
    }

    fn article(&mut self) -> String {
        let mut text = String::from("# Returns\n");
        for part in 0..4 + self.random.below(12) {
            let _ = write!(text, "\n## {part}. {}\n\n{}\n", self.prose(4), self.prose(70));
        }
        text
    }

    fn log(&mut self) -> String {
        let mut text = String::new();
        for line in 0..10 + self.random.below(60) {
            let request = self.random.text(HEX, 12);
            let _ = writeln!(
                text,
                "2026-03-02 11:{:02}:{:02} {} shop.orders request={request} {}",
                line % 60,
                self.random.below(60),
                self.random.pick(LEVELS),
                self.prose(8)
            );
        }
        text
    }

    fn prose(&mut self, words: usize) -> String {
        let mut text = String::new();
        for word in 0..words {
            if word > 0 {
                text.push_str(if word % 14 == 0 { ". " } else { " " });
            }
            text.push_str(self.random.pick(WORDS));
        }
        text
    }

    fn say(&mut self, role: &str, text: &str) {
        self.messages.push(format!("{{\"role\":\"{role}\",\"content\":{}}}", quoted(text)));
    }

    fn call(&mut self, tool: &str, arguments: &str) {
        self.calls += 1;
        self.messages.push(format!(
            "{{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{{\"id\":\"call_{}\",\"type\":\"function\",\"function\":\
             {{\"name\":\"{tool}\",\"arguments\":{}}}}}]}}",
            self.calls,
            quoted(arguments)
        ));
    }

    fn result(&mut self, text: &str) {
        self.messages.push(format!("{{\"role\":\"tool\",\"tool_call_id\":\"call_{}\",\"content\":{}}}", self.calls, quoted(text)));
    }
}

fn uuid(random: &mut Random) -> String {
    let parts = [8, 4, 4, 4, 12].map(|length| random.text(HEX, length));
    parts.join("-")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
