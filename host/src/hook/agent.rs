//! The agents whose hooks `twinguard init` can set up: where their settings lie, and what goes in.

use crate::hook::{self, Dialect};
use std::env;
use std::path::{Path, PathBuf};

/// One agent.
#[derive(Debug)]
pub struct Agent {
    /// What `--agent` calls it; also the name of its dialect.
    pub name: &'static str,
    /// As its makers write it.
    pub title: &'static str,
    /// The variable that moves the user's folder, where there is one.
    variable: &'static str,
    /// The folder, below the user's home and below a project.
    folder: &'static str,
    /// The file in it.
    file: &'static str,
    /// How hooks stand in that file.
    pub form: Form,
    /// The events, and what each is for.
    pub events: &'static [Event],
    /// What the user still has to do, or should know.
    pub note: &'static str,
}

/// An event that a hook is set up for.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The agent's name for it.
    pub name: &'static str,
    /// Whether it is about tools, so that a matcher has to say which: all.
    pub has_tools: bool,
    /// Whether it is the one that can stop a call.
    pub is_check: bool,
}

const fn of_tool(name: &'static str) -> Event {
    Event { name, has_tools: true, is_check: false }
}

const fn check(name: &'static str) -> Event {
    Event { name, has_tools: true, is_check: true }
}

const fn other(name: &'static str) -> Event {
    Event { name, has_tools: false, is_check: false }
}

/// How hooks stand in a file of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON: groups with a matcher, and hooks in them.
    Groups {
        /// How long a hook may take, in the agent's own unit.
        timeout: u32,
        /// The name of the matcher that takes every tool.
        every_tool: &'static str,
    },
    /// TOML, with the groups of [`Form::Groups`].
    Toml {
        /// In seconds.
        timeout: u32,
    },
    /// JSON: plain hooks, with a version above them.
    Flat,
}

/// Every agent.
pub const AGENTS: &[Agent] = &[
    Agent {
        name: "claude-code",
        title: "Claude Code",
        variable: "CLAUDE_CONFIG_DIR",
        folder: ".claude",
        file: "settings.json",
        form: Form::Groups { timeout: 30, every_tool: "*" },
        events: &[
            check("PreToolUse"),
            of_tool("PostToolUse"),
            of_tool("PostToolUseFailure"),
            other("UserPromptSubmit"),
            other("SessionStart"),
            other("SubagentStart"),
        ],
        note: "Sessions that are open keep their old hooks: start them again.",
    },
    Agent {
        name: "codex",
        title: "Codex CLI",
        variable: "CODEX_HOME",
        folder: ".codex",
        file: "config.toml",
        form: Form::Toml { timeout: 30 },
        events: &[check("PreToolUse"), of_tool("PostToolUse"), other("UserPromptSubmit"), other("SessionStart"), other("SubagentStart")],
        note: "Codex runs new hooks only after you have trusted them: type /hooks in it.",
    },
    Agent {
        name: "gemini",
        title: "Gemini CLI",
        variable: "",
        folder: ".gemini",
        file: "settings.json",
        form: Form::Groups { timeout: 30_000, every_tool: ".*" },
        events: &[check("BeforeTool"), of_tool("AfterTool"), other("BeforeAgent"), other("SessionStart")],
        note: "Gemini CLI asks once before it runs the hooks of a project.",
    },
    Agent {
        name: "cursor",
        title: "Cursor",
        variable: "",
        folder: ".cursor",
        file: "hooks.json",
        form: Form::Flat,
        events: &[check("preToolUse"), of_tool("postToolUse"), of_tool("postToolUseFailure"), other("beforeSubmitPrompt")],
        note: "Cursor reads the file when it is saved; its settings list the hooks and what they said.",
    },
];

/// Whose settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This user's, in every project.
    User,
    /// This folder's, for everybody who works in it.
    Project,
}

impl Agent {
    /// The agent of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        AGENTS.iter().find(|agent| agent.name == name)
    }

    /// Its dialect.
    #[must_use]
    pub fn dialect(&self) -> Option<&'static Dialect> {
        hook::named(self.name)
    }

    /// Where its settings lie; `None` when nothing says where the user's files are.
    #[must_use]
    pub fn settings(&self, scope: Scope) -> Option<PathBuf> {
        Some(self.folder(scope)?.join(self.file))
    }

    /// The folder that holds them.
    #[must_use]
    pub fn folder(&self, scope: Scope) -> Option<PathBuf> {
        if scope == Scope::Project {
            return Some(Path::new(self.folder).to_owned());
        }
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let moved = if self.variable.is_empty() { None } else { variable(self.variable) };
        moved.or_else(|| Some(variable("HOME").or_else(|| variable("USERPROFILE"))?.join(self.folder)))
    }
}

/// The command that an agent runs, as its shell reads it.
#[must_use]
pub fn command(program: &str, agent: &Agent, policy: Option<&Path>) -> String {
    let mut command = format!("{} hook --dialect {}", shell_word(program), agent.name);
    if let Some(policy) = policy {
        command.push_str(" --policy ");
        command.push_str(&shell_word(&policy.display().to_string()));
    }
    command
}

/// Whether a command is one that [`command`] made, wherever the program lay.
#[must_use]
pub fn is_ours(command: &str) -> bool {
    let (program, rest) = match command.split_once(" hook ") {
        Some(parts) => parts,
        None => return false,
    };
    let name = program.trim_matches(['\'', '"']).rsplit(['/', '\\']).next().unwrap_or_default();
    name.trim_end_matches(".exe") == "twinguard" && rest.contains("--dialect")
}

/// A word as a POSIX shell reads it back.
fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,\\".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_has_a_dialect() {
        assert!(AGENTS.iter().all(|agent| agent.dialect().is_some()));
    }

    #[test]
    fn a_command_is_recognised_wherever_the_program_lies() {
        let agent = &AGENTS[0];
        for program in ["twinguard", "/opt/bin/twinguard", "/home/ada l'ovelace/twinguard"] {
            let command = command(program, agent, Some(Path::new("my policy.toml")));
            assert!(is_ours(&command) && command.ends_with("--policy 'my policy.toml'"), "{command}");
        }
        assert!(!is_ours("other hook --dialect codex") && !is_ours("twinguard verify x"));
    }
}
