//! A gate: exports the tools that it imports, and asks the guard before each call.

use bindings::example::shop::tools;
use bindings::twinguard::guard::guard::{Decision, Observation, Session, Source, ToolCall};

#[expect(unsafe_code, reason = "generated from wit/tools.wit and wit/guard.wit")]
mod bindings {
    wit_bindgen::generate!({ path: ["../../../wit", "../wit"], world: "example:shop/gate", generate_all });
    export!(Gate with_types_in self);
    use super::Gate;
}

struct Gate;

thread_local! {
    /// One instance of the composition is one conversation.
    static SESSION: Result<Session, String> = Session::open("").map_err(|error| format!("the guard does not open: {error}"));
}

impl bindings::exports::example::shop::tools::Guest for Gate {
    fn call(tool: String, arguments: String) -> Result<String, String> {
        SESSION.with(|session| guarded(session.as_ref().map_err(String::clone)?, tool, arguments))
    }
}

fn guarded(session: &Session, tool: String, arguments: String) -> Result<String, String> {
    let call = ToolCall { tool, call_id: None, arguments, effect: None };
    // Whatever could not be checked must not run.
    let verdict = session.check(&call).map_err(|error| error.to_string())?;
    if verdict.decision >= Decision::Ask {
        return Err(verdict.message); // there is nobody to ask here
    }
    let ToolCall { tool, arguments, .. } = call;
    let result = tools::call(&tool, &arguments);
    let (Ok(content) | Err(content)) = result.clone();
    let shown = Observation { source: Source::ToolResult, tool: Some(tool), call_id: None, content, incomplete: false };
    // A text beyond the limits teaches nothing, and every later verdict says so.
    let _ = session.observe(&shown);
    result
}
