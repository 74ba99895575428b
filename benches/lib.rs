//! Benchmarks. Under `cargo test` each runs once, so they never rot.
