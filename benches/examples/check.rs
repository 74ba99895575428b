//! What one `check` costs in the Rust host, for the tests that hold other hosts against it:
//!
//! ```text
//! $ cargo run --release --package twinguard-benches --example check -- OBSERVED TOOL ARGUMENTS CALLS ROUNDS
//! 12345
//! ```
//!
//! Opens a session, observes one text, and checks the same call so many times in each of so many
//! rounds. Prints the nanoseconds of one call in the fastest round, which other work on the machine
//! has disturbed least.

use std::env;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;
use twinguard::{Decision, Guard, Observation, Source, ToolCall};

fn main() -> ExitCode {
    match measure(env::args().skip(1).collect()) {
        Ok(nanoseconds) => {
            println!("{nanoseconds}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: Vec<String>) -> Result<u128, Box<dyn std::error::Error>> {
    let [content, tool, arguments, calls, rounds] = <[String; 5]>::try_from(arguments)
        .map_err(|given| format!("expected OBSERVED TOOL ARGUMENTS CALLS ROUNDS, {} words were given", given.len()))?;
    let (calls, rounds): (u32, u32) = (calls.parse()?, rounds.parse()?);
    let mut session = Guard::new()?.session("")?;
    session.observe(&Observation { source: Source::ToolResult, tool: None, call_id: None, content, incomplete: false })?;
    let call = ToolCall { tool, call_id: None, arguments, effect: None };
    let mut fastest = u128::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..calls {
            if black_box(session.check(black_box(&call))).decision != Decision::Allow {
                return Err("the call should be allowed".into());
            }
        }
        fastest = fastest.min(start.elapsed().as_nanos() / u128::from(calls));
    }
    Ok(fastest)
}
