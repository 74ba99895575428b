//! Calls tools one after the other, as a model would.

#[expect(unsafe_code, reason = "generated from wit/tools.wit")]
mod bindings {
    wit_bindgen::generate!({ path: ["../../../wit", "../wit"], world: "example:shop/agent" });
    export!(Agent);
    use super::Agent;
}

struct Agent;

impl bindings::Guest for Agent {
    fn run(calls: Vec<(String, String)>) -> Vec<Result<String, String>> {
        calls.iter().map(|(tool, arguments)| bindings::example::shop::tools::call(tool, arguments)).collect()
    }
}
