//! The command that shows a finding again.

use std::borrow::Cow;
use std::path::PathBuf;
use twinguard_trace::event::Trace;

/// What the user said besides the files, as it has to be said again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// `--trace-format`.
    pub trace_format: Option<String>,
    /// `--mapping`.
    pub mapping: Option<String>,
    /// `--policy`.
    pub policy: Option<PathBuf>,
}

impl Replay {
    /// The command for one conversation, quoted for a POSIX shell. It names the file as the user did,
    /// so it is for the same folder; what came through a pipe has to come through it again.
    #[must_use]
    pub fn command(&self, trace: &Trace) -> String {
        let mut words = vec!["twinguard".to_owned(), "verify".to_owned()];
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        self.trace_format.iter().for_each(|name| option("--trace-format", name.clone()));
        self.mapping.iter().for_each(|file| option("--mapping", file.clone()));
        self.policy.iter().for_each(|file| option("--policy", file.display().to_string()));
        option("--trace", trace.id.clone());
        // Else it would be taken for an option.
        words.extend(trace.file.starts_with('-').then(|| "--".to_owned()));
        words.push(if trace.file == "stdin" { "-".to_owned() } else { trace.file.clone() });
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// As a shell has to read it. Nothing can quote a zero byte, and no argument has one.
fn quoted(word: &str) -> Cow<'_, str> {
    shlex::try_quote(word).unwrap_or_else(|_| Cow::Owned(quoted(&word.replace('\0', "")).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_what_was_meant() {
        let trace = |id: &str, file: &str| Trace { id: id.to_owned(), file: file.to_owned(), ..Trace::default() };
        let plain = Replay::default();
        assert_eq!(plain.command(&trace("run-1", "runs/a.jsonl")), "twinguard verify --trace run-1 runs/a.jsonl");
        assert_eq!(plain.command(&trace("run-1", "stdin")), "twinguard verify --trace run-1 -");
        let replay = Replay { trace_format: Some("otel".into()), mapping: None, policy: Some("my policy.toml".into()) };
        let command = replay.command(&trace("it's $(rm -rf) `x`", "-a b.jsonl"));
        assert!(command.starts_with("twinguard verify --trace-format otel --policy 'my policy.toml' --trace "), "{command}");
        let words = ["twinguard", "verify", "--trace-format", "otel", "--policy", "my policy.toml"];
        let rest = ["--trace", "it's $(rm -rf) `x`", "--", "-a b.jsonl"];
        assert_eq!(shlex::split(&command).unwrap(), [&words[..], &rest[..]].concat());
    }
}
