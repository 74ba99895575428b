use wasmtime::component::{Component, Linker, bindgen};
use wasmtime::{Config, Engine, Result, Store};

bindgen!({ path: "../../wit", world: "pre-tool-hook" });
use exports::twinguard::guard::guard::{Observation, Source, ToolCall};

fn main() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let component = Component::from_file(&engine, "target/twinguard.wasm")?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000_000_000)?; // about a second; set it again before every call

    // Nothing is linked, because nothing is imported.
    let hook = PreToolHook::instantiate(&mut store, &component, &Linker::new(&engine))?;
    let session = hook.twinguard_guard_guard().session();
    let open = session.call_open(&mut store, "")??;
    let what = Observation {
        source: Source::ToolResult,
        tool: Some("search_customer".into()),
        call_id: None,
        content: r#"{"id": "acct_7H9j3kQ2"}"#.into(),
        incomplete: false,
    };
    session.call_observe(&mut store, open, &what)??;
    for account in ["acct_7H9j3kQ2", "acct_7H9j2kQ2"] {
        let arguments = format!(r#"{{"account_id": "{account}"}}"#);
        let call = ToolCall { tool: "refund".into(), call_id: None, arguments, effect: None };
        let verdict = session.call_check(&mut store, open, &call)??;
        println!("{account}: {:?}", verdict.decision);
    }
    Ok(())
}
