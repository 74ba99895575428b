//! `twinguard init` and `twinguard doctor`, in a home of their own.

use super::{folder, twinguard};
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// Runs a command in a home; its exit code and what it said.
fn run(home: &Path, args: &[&str]) -> (i32, String) {
    let mut command = twinguard(&home.join("state"));
    for variable in ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_STATE_HOME"] {
        command.env_remove(variable);
    }
    let output = command.env("HOME", home).current_dir(home).args(args).stdin(Stdio::null()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn hooks_are_set_up_tried_and_taken_out_for_every_agent() {
    for (agent, file) in [
        ("claude-code", ".claude/settings.json"),
        ("codex", ".codex/config.toml"),
        ("gemini", ".gemini/settings.json"),
        ("cursor", ".cursor/hooks.json"),
    ] {
        let home = folder(&format!("setup-{agent}"));
        let (code, said) = run(&home, &["doctor", "--agent", agent]);
        assert_eq!(code, 2, "{said}");
        let (code, said) = run(&home, &["init", "--agent", agent]);
        assert!(code == 2 && said.contains("--yes") && !home.join(file).exists(), "nobody was asked: {said}");
        let (code, said) = run(&home, &["init", "--agent", agent, "--yes"]);
        assert!(code == 0 && said.contains("+++") && said.contains("hook --dialect"), "{said}");
        let written = fs::read_to_string(home.join(file)).unwrap();
        let (code, said) = run(&home, &["init", "--yes"]);
        assert!(code == 0 && said.contains("is as it should be"), "{said}");
        assert_eq!(fs::read_to_string(home.join(file)).unwrap(), written);
        let (code, said) = run(&home, &["doctor"]);
        assert!(code == 0 && said.contains("stops a twin and lets the right call pass"), "{said}");

        fs::write(home.join(file), written.replace("/twinguard hook", "/gone/twinguard hook")).unwrap();
        let (code, said) = run(&home, &["doctor"]);
        assert!(code == 1 && said.contains(&format!("`twinguard init --agent {agent}` sets it right")), "{said}");
        let (code, _) = run(&home, &["init", "--yes"]);
        assert_eq!((code, fs::read_to_string(home.join(file)).unwrap()), (0, written));

        let (code, said) = run(&home, &["init", "--remove", "--yes"]);
        assert!(code == 0 && !fs::read_to_string(home.join(file)).unwrap().contains("twinguard"), "{said}");
    }
}

#[test]
fn a_project_has_settings_of_its_own() {
    let home = folder("setup-project");
    fs::write(home.join("strict.toml"), "must_be_seen = [\"refund*/account_id\"]\n").unwrap();
    let (code, said) = run(&home, &["init", "--agent", "claude-code", "--project", "--yes", "--policy", "strict.toml"]);
    assert_eq!(code, 0, "{said}");
    let written = fs::read_to_string(home.join(".claude/settings.json")).unwrap();
    assert!(written.contains("\"command\": \"twinguard hook --dialect claude-code --policy strict.toml\""), "{written}");
    let (code, said) = run(&home, &["init", "--agent", "claude-code", "--yes", "--policy", "none.toml"]);
    assert!(code == 2 && said.contains("none.toml"), "{said}");
    fs::write(home.join(".claude/settings.json"), "{\"hooks\": ").unwrap();
    let (code, said) = run(&home, &["init", "--agent", "claude-code", "--yes"]);
    assert!(code == 2 && said.contains("nothing was changed"), "{said}");
    assert_eq!(fs::read_to_string(home.join(".claude/settings.json")).unwrap(), "{\"hooks\": ");
}
