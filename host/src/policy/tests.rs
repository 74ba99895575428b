use super::*;
use serde_json::Value;
use twinguard_core::model::Relation;

fn flaws(text: &str, form: Form) -> Vec<String> {
    let told =
        |flaw: &Flaw| format!("{}:{} `{}` {}", flaw.line, flaw.column, text.get(flaw.span.clone()).unwrap_or_default(), flaw.message);
    parse(text, form).unwrap_err().iter().map(told).collect()
}

#[test]
fn the_default_in_toml_is_the_default_policy() {
    let json = parse(DEFAULT, Form::Toml).unwrap();
    let debug = |text: &str| format!("{:?}", Policy::read(text).unwrap());
    assert_eq!(debug(&json), debug(""));
}

#[test]
fn every_example_in_the_default_is_valid() {
    // `#key = …` is an example, `# Words …` explain.
    let is_example =
        |line: &&str| line.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '"' || c == '['));
    let examples = DEFAULT.lines().filter(is_example).count();
    let text: String = DEFAULT.lines().map(|line| format!("{}\n", if is_example(&line) { &line[1..] } else { line })).collect();
    let json = parse(&text, Form::Toml).unwrap_or_else(|flaws| unreachable!("{flaws:#?}"));
    assert!(examples > 10 && json.contains("crm."), "{json}");
}

#[test]
fn mistakes_in_toml_have_their_places() {
    let text = "repairs = true\n\n[decisions]\ntwin = \"stop\"\n\n[[arguments]]\ntool = \"réfund*\"\nfrom = \"crm.*\"\n[[arguments]]\nargument = \"/id\"\n[limits]\ndepth = 0\n";
    assert_eq!(
        flaws(text, Form::Toml),
        [
            "1:1 `repairs` unknown key `repairs`, did you mean `repair`?",
            "4:8 `\"stop\"` unknown decision `stop`, expected one of `allow`, `warn`, `ask`, `block`",
            "8:8 `\"crm.*\"` expected a list, found a text",
            "9:1 `[[arguments]]` it says nothing about these arguments; add one of `must_be_seen`, `from`, `exempt`, `decisions`",
            "12:9 `0` expected a whole number from 1 to 100000, found `0`",
        ]
    );
    assert_eq!(
        flaws("a = = 1\nb = 2\nb = 3\n", Form::Toml),
        ["1:5 `=` no TOML: extra `=`, expected nothing", "3:1 `b` no TOML: duplicate key"]
    );
    assert_eq!(flaws("seed = 2026-01-01", Form::Toml), ["1:8 `2026-01-01` a policy holds no dates; write a text in quotes"]);
}

#[test]
fn mistakes_in_json_have_their_places() {
    let text = "{\n  \"decisions\": {\"twins\": \"block\"},\n  \"kinds\": [{\"name\": \"x\", \"pattern\": \"(\"}],\n  \"kinds\": []\n}";
    assert_eq!(
        flaws(text, Form::Json),
        ["2:17 `\"twins\"` unknown key `twins`, did you mean `twin`?", "4:3 `\"kinds\"` duplicate key; only the last one would count"]
    );
    assert_eq!(flaws("{\n \"repair\": true,\n}", Form::Json), ["3:1 `}` no JSON: trailing comma"]);
    assert_eq!(flaws("[]", Form::Json), ["1:1 `[]` expected a table, found a list"]);
}
/// The names that the parser would have liked better than one that does not exist.
fn known(policy: &str) -> Vec<String> {
    let flaws = Policy::read(policy).unwrap_err();
    let told = flaws.iter().find_map(|flaw| flaw.message.split_once(", expected one of ")).unwrap_or_default().1;
    told.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_schema_has_the_keys_that_the_parser_knows() {
    let schema = schema();
    let relations = Relation::ALL.iter().map(|relation| relation.name()).collect::<Vec<_>>().join("|");
    let variants = format!("^({relations})-in-(changes|reads)$");
    assert!(schema["$defs"]["decisions"]["patternProperties"].get(variants).is_some());
    for (place, policy) in [
        ("", r#"{"@@@@@@@@@": 1}"#),
        ("/$defs/argument", r#"{"arguments": [{"@@@@@@@@@": 1}]}"#),
        ("/$defs/kind", r#"{"kinds": [{"@@@@@@@@@": 1, "name": "a", "pattern": "a"}]}"#),
        ("/$defs/decisions", r#"{"decisions": {"@@@@@@@@@": "ask"}}"#),
        ("/properties/limits", r#"{"limits": {"@@@@@@@@@": 1}}"#),
        ("/properties/sources", r#"{"sources": {"@@@@@@@@@": true}}"#),
    ] {
        let object = schema.pointer(place).unwrap();
        assert_eq!(object["additionalProperties"], false, "{place}");
        let keys = object["properties"].as_object().unwrap().keys().filter(|key| !key.contains("-in-"));
        let mut known = known(policy);
        known.sort();
        assert_eq!(keys.cloned().collect::<Vec<_>>(), known, "{place}");
    }
    for (place, policy) in [
        ("/$defs/decision/enum", r#"{"decisions": {"twin": "@@@@@@@@@"}}"#),
        ("/properties/effects/additionalProperties/enum", r#"{"effects": {"a": "@@@@@@@@@"}}"#),
    ] {
        let mut known = known(policy);
        known.sort();
        let mut names: Vec<String> =
            schema.pointer(place).unwrap().as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        names.sort();
        assert_eq!(names, known, "{place}");
    }
}

#[test]
fn the_schema_states_the_defaults_and_bounds_that_hold() {
    let schema = schema();
    let defaults = |object: &Value| -> Value {
        let stated =
            object["properties"].as_object().unwrap().iter().filter_map(|(key, of)| Some((key.clone(), of.get("default")?.clone())));
        stated.collect::<serde_json::Map<_, _>>().into()
    };
    let mut policy = defaults(&schema);
    policy["decisions"] = defaults(&schema["$defs"]["decisions"]);
    policy["limits"] = defaults(&schema["properties"]["limits"]);
    policy["sources"] = defaults(&schema["properties"]["sources"]);
    assert_eq!(format!("{:?}", Policy::read(&policy.to_string()).unwrap()), format!("{:?}", Policy::read("").unwrap()));
    for (key, of) in schema["properties"]["limits"]["properties"].as_object().unwrap() {
        let accepts = |value: u64| Policy::read(&format!(r#"{{"limits": {{"{key}": {value}}}}}"#)).is_ok();
        let (least, most) = (of["minimum"].as_u64().unwrap(), of["maximum"].as_u64().unwrap());
        assert!(accepts(least) && accepts(most) && !accepts(least - 1) && !accepts(most + 1), "{key}");
    }
    for (key, of) in schema["properties"].as_object().unwrap() {
        for example in of.get("examples").and_then(Value::as_array).into_iter().flatten() {
            let policy = Value::from_iter([(key.clone(), example.clone())]);
            assert!(Policy::read(&policy.to_string()).is_ok(), "{policy}");
        }
    }
}

#[test]
fn the_documentation_and_the_default_name_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.md");
    let page = fs::read_to_string(path).unwrap();
    let schema = schema();
    for place in [
        "/properties",
        "/$defs/argument/properties",
        "/$defs/kind/properties",
        "/$defs/decisions/properties",
        "/properties/limits/properties",
        "/properties/sources/properties",
    ] {
        for key in schema.pointer(place).unwrap().as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{key}`")), "docs/policy.md does not name `{key}`");
            let is_always = ["$schema", "tool-result"].contains(&key.as_str());
            assert!(is_always || DEFAULT.contains(key.as_str()), "the default does not name `{key}`");
        }
    }
}

#[test]
fn every_policy_in_the_documentation_is_valid() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.md");
    let page = fs::read_to_string(path).unwrap();
    let mut blocks = 0;
    for (fence, form) in [("```toml\n", Form::Toml), ("```json\n", Form::Json)] {
        for block in page.split(fence).skip(1) {
            let text = block.split("```").next().unwrap_or_default();
            assert!(parse(text, form).is_ok(), "{text}\n{:#?}", parse(text, form));
            blocks += 1;
        }
    }
    assert!(blocks > 4);
}
