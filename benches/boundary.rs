//! What the boundary costs: the same operations on the native core and on the component, side by
//! side. Metering (fuel) is on, as it is for everybody.
#![expect(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

use divan::{Bencher, counter::BytesCount};
use twinguard::{Guard, Limits, Observation, Source, ToolCall};
use twinguard_core::session::Session as Core;

fn main() {
    divan::main();
}

/// Bytes of an observed text.
const SIZES: [usize; 2] = [10 << 10, 1 << 20];

/// A result in JSON, one account after another, about `bytes` long.
fn listing(bytes: usize) -> Observation {
    let mut content = String::from("[");
    let mut n = 0_u64;
    while content.len() < bytes {
        n += 1;
        let random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        content.push_str(&format!(r#"{{"id":"acct_{random:016x}","name":"Customer {n}","note":"opened by hand, never closed"}},"#));
    }
    content.push_str("null]");
    Observation { source: Source::ToolResult, tool: Some("list_accounts".into()), call_id: None, content, incomplete: false }
}

fn call(account: u64) -> ToolCall {
    let random = account.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let arguments = format!(r#"{{"account_id":"acct_{random:016x}","cents":4200,"reason":"the customer asked for it"}}"#);
    ToolCall { tool: "refund".into(), call_id: None, arguments, effect: None }
}

#[divan::bench]
fn open_core(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Core::open("").unwrap());
}

#[divan::bench]
fn open_component(bencher: Bencher<'_, '_>) {
    let guard = Guard::new().unwrap();
    bencher.bench(|| guard.session("").unwrap());
}

#[divan::bench]
fn load_component() -> Guard {
    Guard::with(Limits::default()).unwrap()
}

#[divan::bench]
fn check_core(bencher: Bencher<'_, '_>) {
    let mut session = Core::open("").unwrap();
    session.observe(&listing(10 << 10)).unwrap();
    let call = call(7);
    bencher.bench_local(|| session.check(&call).unwrap());
}

#[divan::bench]
fn check_component(bencher: Bencher<'_, '_>) {
    let mut session = Guard::new().unwrap().session("").unwrap();
    session.observe(&listing(10 << 10)).unwrap();
    let call = call(7);
    bencher.bench_local(|| session.check(&call));
}

#[divan::bench(args = SIZES)]
fn observe_core(bencher: Bencher<'_, '_>, bytes: usize) {
    let listing = listing(bytes);
    bencher.counter(BytesCount::new(listing.content.len())).with_inputs(|| Core::open("").unwrap()).bench_local_values(|mut session| {
        session.observe(&listing).unwrap();
        session // dropped outside of the measurement
    });
}

#[divan::bench(args = SIZES)]
fn observe_component(bencher: Bencher<'_, '_>, bytes: usize) {
    let listing = listing(bytes);
    let guard = Guard::new().unwrap();
    bencher.counter(BytesCount::new(listing.content.len())).with_inputs(|| guard.session("").unwrap()).bench_local_values(|mut session| {
        session.observe(&listing).unwrap();
        session
    });
}
