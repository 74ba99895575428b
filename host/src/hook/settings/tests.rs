use super::*;
use crate::hook::agent::AGENTS;

const COMMAND: &str = "/opt/twinguard hook --dialect x";

fn agent(name: &str) -> &'static Agent {
    Agent::named(name).unwrap()
}

#[test]
fn to_install_twice_is_to_install_once_and_to_remove_is_to_undo() {
    for agent in AGENTS {
        let installed_once = changed(agent, "", Change::Install(COMMAND)).unwrap();
        assert_eq!(changed(agent, &installed_once, Change::Install(COMMAND)).unwrap(), installed_once, "{}", agent.name);
        let found = installed(agent, &installed_once).unwrap();
        assert!(found.iter().all(|(_, commands)| *commands == [COMMAND]), "{}: {found:?}", agent.name);

        let moved = changed(agent, &installed_once, Change::Install("/usr/bin/twinguard hook --dialect x")).unwrap();
        assert!(!moved.contains("/opt/"), "{moved}");
        assert_eq!(moved.matches("/usr/bin").count(), agent.events.len());

        let removed = changed(agent, &installed_once, Change::Remove).unwrap();
        assert!(!removed.contains("twinguard") && !removed.contains("hooks"), "{}: {removed}", agent.name);
    }
}

#[test]
fn what_is_not_ours_stays_as_it_is() {
    let settings = "{\n  // mine\n  \"zeta\": 1.50,\n  \"alpha\": [1, 2],\n  \"hooks\": {\n    \"PreToolUse\": [\n      { \"matcher\": \"Bash\", \"hooks\": [{ \"type\": \"command\", \"command\": \"lint.sh\" }] }\n    ],\n    \"Stop\": []\n  }\n}\n";
    let agent = agent("claude-code");
    let installed = changed(agent, settings, Change::Install(COMMAND)).unwrap();
    for kept in [
        "// mine\n  \"zeta\": 1.50,\n  \"alpha\": [1, 2],",
        "{ \"matcher\": \"Bash\", \"hooks\": [{ \"type\": \"command\", \"command\": \"lint.sh\" }] }",
        "\"Stop\": []",
    ] {
        assert!(installed.contains(kept), "{installed}");
    }
    let removed = changed(agent, &installed, Change::Remove).unwrap();
    assert!(removed.contains("lint.sh") && removed.contains("\"Stop\": []") && !removed.contains("twinguard"), "{removed}");
    assert_eq!(changed(agent, settings, Change::Remove).unwrap(), settings);
}

#[test]
fn comments_in_toml_stay() {
    let settings = "# mine\nmodel = \"o9\" # the good one\n\n[[hooks.PreToolUse]] # lint\nmatcher = \"Bash\"\nhooks = [{ type = \"command\", command = \"lint.sh\" }]\n\n[profiles.x]\na = 1\n";
    let agent = agent("codex");
    let installed = changed(agent, settings, Change::Install(COMMAND)).unwrap();
    for kept in ["# mine\nmodel = \"o9\" # the good one\n", "[[hooks.PreToolUse]] # lint\nmatcher = \"Bash\"\n", "[profiles.x]\na = 1\n"] {
        assert!(installed.contains(kept), "{installed}");
    }
    assert_eq!(changed(agent, &installed, Change::Remove).unwrap(), settings);
}

#[test]
fn a_file_that_is_wrong_is_left_alone() {
    assert!(changed(agent("claude-code"), "{\"a\":", Change::Install(COMMAND)).unwrap_err().starts_with("no JSON"));
    assert!(changed(agent("cursor"), "[]", Change::Install(COMMAND)).unwrap_err().starts_with("no JSON object"));
    assert!(
        changed(agent("gemini"), "{\"hooks\": 1}", Change::Install(COMMAND))
            .unwrap_err()
            .contains("`hooks` is not what Gemini CLI expects")
    );
    assert!(changed(agent("codex"), "a = ", Change::Install(COMMAND)).unwrap_err().starts_with("no TOML"));
    assert!(changed(agent("codex"), "hooks = 1", Change::Install(COMMAND)).unwrap_err().contains("`hooks`"));
}
