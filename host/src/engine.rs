//! What the compiler (in build.rs) and the runtime (in the library) must agree on.
//!
//! build.rs includes this file too: it compiles the component ahead of time, the library only
//! loads the machine code, and wasmtime refuses code whose settings are not the engine's own.

use wasmtime::Config;

/// Room for the guest's frames on the caller's own stack. Small enough for the 1 MiB main thread
/// of Windows; the guest keeps its data on a stack inside its memory.
const STACK_BYTES: usize = 512 << 10;

/// The settings on which compiled code depends.
pub fn config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true) // deterministic, unlike a clock: a replay gives the same verdicts
        .max_wasm_stack(STACK_BYTES)
        // The component is stripped, so a backtrace would hold bare offsets, and their table
        // would be a third of the compiled code.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false);
    config
}
