//! How fast near identifiers are found, beside what a plain loop over `strsim` takes.
//! As a test it runs every case once: `cargo test --bench core`.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use divan::{Bencher, black_box, counter::ItemsCount};
use std::sync::LazyLock;
use twinguard_core::{columns::Columns, distance::distance};

fn main() {
    divan::main();
}

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const LIMITS: [u32; 2] = [1, 2];

/// Reproducible noise: Steele, Lea and Flood's splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        let mut symbol = || char::from(alphabet[self.next() as usize % alphabet.len()]);
        (0..length).map(|_| symbol()).collect()
    }

    /// A quarter each: UUID, prefixed base62, long number, order number.
    fn id(&mut self) -> String {
        const DIGITS: &[u8] = b"0123456789";
        const BASE62: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        match self.next() % 4 {
            0 => {
                let hex = self.text(b"0123456789abcdef", 32);
                let part = |from, to| &hex[from..to];
                format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
            }
            1 => {
                let length = 8 + self.next() as usize % 9;
                format!("acct_{}", self.text(BASE62, length))
            }
            2 => {
                let length = 10 + self.next() as usize % 7;
                self.text(DIGITS, length)
            }
            _ => format!("#W{}", self.text(DIGITS, 7)),
        }
    }

    fn twin(&mut self, id: &str) -> String {
        let mut symbols: Vec<char> = id.chars().collect();
        let at = self.next() as usize % (symbols.len() - 1);
        match self.next() % 4 {
            0 => symbols.insert(at, '7'),
            1 => drop(symbols.remove(at)),
            2 => symbols[at] = if symbols[at] == '4' { '9' } else { '4' },
            _ => symbols.swap(at, at + 1),
        }
        symbols.into_iter().collect()
    }
}

struct Seen {
    ids: Vec<String>,
    columns: Columns,
    twins: Vec<String>,
    strangers: Vec<String>,
}

static SEEN: LazyLock<Vec<Seen>> = LazyLock::new(|| SIZES.map(Seen::new).into());

impl Seen {
    fn new(size: usize) -> Self {
        let (mut random, mut queries) = (Random(42), Random(7));
        let ids: Vec<String> = (0..size).map(|_| random.id()).collect();
        let mut columns = Columns::default();
        for (id, text) in (0..).zip(&ids) {
            columns.insert(id, text);
        }
        let twins = (0..256)
            .map(|_| {
                let which = queries.next() as usize % ids.len();
                queries.twin(&ids[which])
            })
            .collect();
        let strangers = (0..256).map(|_| queries.id()).collect();
        Self { ids, columns, twins, strangers }
    }

    fn of(size: usize) -> &'static Self {
        &SEEN[SIZES.iter().position(|&known| known == size).unwrap()]
    }

    fn queries(&self, class: &str) -> &[String] {
        if class == "twin" { &self.twins } else { &self.strangers }
    }
}

/// Queries against everything seen; compare the items per second, each of which is one query.
#[divan::bench(args = cases(&SIZES))]
fn near(bencher: Bencher, &(size, limit, class): &(usize, u32, &str)) {
    let seen = Seen::of(size);
    let queries = seen.queries(class);
    bencher.counter(ItemsCount::new(queries.len())).bench_local(|| {
        let near = |query| seen.columns.near(black_box(query), limit, |id| &seen.ids[id as usize]).len();
        queries.iter().map(|query| near(query)).sum::<usize>()
    });
}

/// The same by brute force, for as many queries as patience allows.
#[divan::bench(args = cases(&SIZES[..2]), sample_count = 5, sample_size = 1)]
fn near_strsim(bencher: Bencher, &(size, limit, class): &(usize, u32, &str)) {
    let seen = Seen::of(size);
    let queries = &seen.queries(class)[..16];
    bencher.counter(ItemsCount::new(queries.len())).bench_local(|| {
        let is_near = |query: &str, id: &str| strsim::osa_distance(black_box(query), id) <= limit as usize;
        queries.iter().map(|query| seen.ids.iter().filter(|id| is_near(query, id)).count()).sum::<usize>()
    });
}

fn cases(sizes: &'static [usize]) -> Vec<(usize, u32, &'static str)> {
    let each = |&size| LIMITS.map(|limit| ["miss", "twin"].map(|class| (size, limit, class)));
    sizes.iter().flat_map(each).flatten().collect()
}

const PAIRS: [&str; 4] = ["uuid-twin", "uuid-stranger", "account-twin", "kilobyte-twin"];

fn pair(name: &str) -> (String, String) {
    let mut random = Random(3);
    let mut uuid = || loop {
        let id = random.id();
        if id.len() == 36 {
            return id;
        }
    };
    match name {
        "uuid-twin" => ("550e8400-e29b-41d4-a716-446655440000".into(), "550e8400-e29b-14d4-a716-446655404000".into()),
        "uuid-stranger" => (uuid(), uuid()),
        "account-twin" => ("acct_7H9j3k2m".into(), "acct_7H9i3k2n".into()),
        _ => (format!("x{}y", "ab".repeat(500)), format!("y{}x", "ab".repeat(500))),
    }
}

/// One pair, up to two edits.
#[divan::bench(args = PAIRS)]
fn pair_distance(bencher: Bencher, name: &str) {
    let (a, b) = pair(name);
    bencher.bench_local(|| distance(black_box(&a), black_box(&b), 2));
}

/// The same by brute force.
#[divan::bench(args = PAIRS)]
fn pair_distance_strsim(bencher: Bencher, name: &str) {
    let (a, b) = pair(name);
    bencher.bench_local(|| strsim::osa_distance(black_box(&a), black_box(&b)) <= 2);
}
