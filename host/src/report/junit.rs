//! JUnit XML, as continuous integration reads it: a suite for each file, a case for each trace.
//!
//! A case has one `failure` however many findings it has, because the schema allows one and Jenkins reads
//! one; its text holds all of them.

use super::human::plain;
use super::{Render, Summary, one_line};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::fmt::Write as _;
use std::io::{self, Write};
use twinguard_core::model::Decision;
use twinguard_trace::event::Issue;
use twinguard_trace::verify::Report;

/// Writes `--format junit`. The cases of one file are held in memory, because their number stands
/// before them.
pub struct Junit<W: Write> {
    out: Writer<W>,
    fail_on: Decision,
    begun: bool,
    suite: Option<Suite>,
}

/// The cases of one file.
struct Suite {
    file: String,
    cases: Vec<Event<'static>>,
    tests: u64,
    failures: u64,
    errors: u64,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`. What is worth `fail_on` or more is a failure.
    pub fn new(out: W, fail_on: Decision) -> Self {
        Self { out: Writer::new_with_indent(out, b' ', 2), fail_on, begun: false, suite: None }
    }

    /// The suite of this file, after the one before is written.
    fn suite(&mut self, file: &str) -> io::Result<&mut Suite> {
        if self.suite.as_ref().is_none_or(|suite| suite.file != file) {
            self.close()?;
        }
        Ok(self.suite.get_or_insert_with(|| Suite { file: file.to_owned(), cases: Vec::new(), tests: 0, failures: 0, errors: 0 }))
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            self.out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
            self.out.write_event(Event::Start(BytesStart::new("testsuites").with_attributes([("name", "twinguard")])))?;
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        self.begin()?;
        let Some(Suite { file, cases, tests, failures, errors }) = self.suite.take() else { return Ok(()) };
        let [tests, failures, errors] = [tests, failures, errors].map(|count| count.to_string());
        let (name, counts) = (xml(&file), [("tests", tests.as_str()), ("failures", &failures), ("errors", &errors), ("skipped", "0")]);
        let start = BytesStart::new("testsuite").with_attributes([("name", name.as_str())]).with_attributes(counts);
        self.out.write_event(Event::Start(start))?;
        cases.into_iter().try_for_each(|event| self.out.write_event(event))?;
        self.out.write_event(Event::End(BytesEnd::new("testsuite")))
    }
}

impl Suite {
    /// One case, with what went wrong as an element of this name, type, message and text.
    fn case(&mut self, name: &str, wrong: Option<[&str; 4]>, also: &str) {
        let (name, class) = (xml(name), xml(&self.file));
        let start = BytesStart::new("testcase").with_attributes([("name", name.as_str()), ("classname", &class), ("time", "0")]);
        self.tests += 1;
        if wrong.is_none() && also.is_empty() {
            self.cases.push(Event::Empty(start));
            return;
        }
        self.cases.push(Event::Start(start));
        if let Some([element, kind, message, text]) = wrong {
            let message = xml(message);
            let start = BytesStart::new(element.to_owned()).with_attributes([("type", kind), ("message", &message)]);
            self.text(start, text);
        }
        if !also.is_empty() {
            self.text(BytesStart::new("system-out"), also);
        }
        self.cases.push(Event::End(BytesEnd::new("testcase")));
    }

    fn text(&mut self, start: BytesStart<'static>, text: &str) {
        let end = start.to_end().into_owned();
        let lines: Vec<String> = text.trim_matches('\n').lines().map(xml).collect();
        self.cases.push(Event::Start(start));
        self.cases.push(Event::Text(BytesText::new(&lines.join("\n")).into_owned()));
        self.cases.push(Event::End(end));
    }
}

impl<W: Write> Render for Junit<W> {
    fn trace(&mut self, report: &Report) -> io::Result<()> {
        let fail_on = self.fail_on;
        // What fails, its first line, and what is only worth knowing.
        let (mut failed, mut also, mut first, mut count) = (String::new(), String::new(), None, 0_u64);
        let mut tell = |decision: Decision, what: &str, message: &str, text: &str| {
            if decision == Decision::Allow {
                return;
            }
            if decision < fail_on {
                let _ = writeln!(also, "{}", text.trim_matches('\n'));
                return;
            }
            count += 1;
            first.get_or_insert_with(|| (what.to_owned(), message.to_owned()));
            let _ = writeln!(failed, "{}\n", text.trim_matches('\n'));
        };
        if report.judged.is_empty() {
            // No session could be opened; the reason is among the issues.
            tell(report.decision, "unchecked", "not checked", "not checked");
        }
        for judged in &report.judged {
            if let Some(stop) = judged.stop {
                let text = format!("  warn: message cut off, turn {}\n    {}", judged.turn, stop.message());
                tell(Decision::Warn, "stopped", &stop.message(), &text);
            }
            if judged.unchecked() {
                let text = format!("  {}: not checked, turn {}\n    {}", judged.decision, judged.turn, judged.message);
                tell(judged.decision, "unchecked", &judged.message, &text);
            }
            for finding in judged.findings.iter().filter(|finding| finding.decision > Decision::Allow) {
                tell(finding.decision, finding.relation.name(), &finding.message, &plain(judged, finding));
            }
        }
        let suite = self.suite(&report.trace.file)?;
        let wrong = first.as_ref().map(|(kind, message)| {
            suite.failures += 1;
            let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
            (kind.as_str(), format!("{message}{more}"))
        });
        let wrong = wrong.as_ref().map(|(kind, message)| ["failure", kind, message, &failed]);
        suite.case(&report.trace.id, wrong, &also);
        Ok(())
    }

    fn issue(&mut self, issue: &Issue) -> io::Result<()> {
        let suite = self.suite(&issue.file)?;
        suite.errors += 1;
        let name = issue.line.map_or_else(|| "file".to_owned(), |line| format!("line {line}"));
        suite.case(&name, Some(["error", "unreadable", &issue.message, &issue.message]), "");
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.close()?;
        self.out.write_event(Event::End(BytesEnd::new("testsuites")))?;
        self.out.get_mut().write_all(b"\n")?;
        self.out.get_mut().flush()
    }
}

/// Text of strangers without what XML 1.0 has no way to write.
fn xml(text: &str) -> String {
    one_line(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
