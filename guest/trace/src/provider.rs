//! Who serves a model, where the record does not say.

/// Names of models and who makes them. The first row of which a word of the name begins so decides.
const MAKERS: &[(&str, &str)] = &[
    ("claude", "anthropic"),
    ("gpt", "openai"),
    ("chatgpt", "openai"),
    ("codex", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("gemini", "google"),
    ("gemma", "google"),
    ("codellama", "meta"),
    ("llama", "meta"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("ministral", "mistral"),
    ("magistral", "mistral"),
    ("codestral", "mistral"),
    ("devstral", "mistral"),
    ("pixtral", "mistral"),
    ("deepseek", "deepseek"),
    ("qwen", "qwen"),
    ("qwq", "qwen"),
    ("grok", "xai"),
    ("command", "cohere"),
    ("kimi", "moonshot"),
    ("glm", "zhipu"),
    ("nova", "amazon"),
    ("titan", "amazon"),
    ("phi", "microsoft"),
];

/// The maker of a model, by its name: whoever serves it by another way has to say so in the record.
/// `None` for a name that the table does not know.
///
/// Gateways put words around a name (`openai/gpt-4o`, `us.anthropic.claude-sonnet-4-v1:0`,
/// `ft:gpt-4o-mini:org`), so every word of it is looked at.
///
/// ```
/// use twinguard_trace::provider::of_model;
///
/// assert_eq!(of_model("gpt-4.1-mini"), Some("openai"));
/// assert_eq!(of_model("us.anthropic.claude-sonnet-4-v1:0"), Some("anthropic"));
/// assert_eq!(of_model("our-own-7b"), None);
/// ```
#[must_use]
pub fn of_model(model: &str) -> Option<&'static str> {
    let name = model.to_ascii_lowercase();
    name.split(['/', '.', ':', '@']).find_map(maker)
}

fn maker(word: &str) -> Option<&'static str> {
    // `o1` is a model, `o1ympic` is none; `llama3` and `gpt4` are.
    let begins = |start: &str| word.strip_prefix(start).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    MAKERS.iter().find(|(start, _)| begins(start)).map(|(_, maker)| *maker)
}
