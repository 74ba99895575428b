//! A component with tools: nothing here knows of the guard.

#[expect(unsafe_code, reason = "generated from wit/tools.wit")]
mod bindings {
    wit_bindgen::generate!({ path: ["../../../wit", "../wit"], world: "example:shop/shop" });
    export!(Shop with_types_in self);
    use super::Shop;
}

struct Shop;

impl bindings::exports::example::shop::tools::Guest for Shop {
    fn call(tool: String, arguments: String) -> Result<String, String> {
        match tool.as_str() {
            "search_customer" => Ok(r#"{"name": "Ada", "account": "acct_7H9j3kQ2"}"#.into()),
            "refund" => Ok(format!("paid: {arguments}")),
            _ => Err(format!("there is no tool `{tool}`")),
        }
    }
}
