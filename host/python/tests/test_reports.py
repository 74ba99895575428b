"""Reports for others, read as they read them: by a schema, a reader of JUnit, one of Markdown."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from junitparser import JUnitXml, TestSuite
from markdown_it import MarkdownIt

RUNS = """\
{"id": "twin & <co> | @you `[x](y)`", "model": "gpt-4o", "messages": [
  {"role": "user", "content": "Refund ORD-55-204817 \\u0000 and ORD-77-318842."},
  {"role": "assistant", "tool_calls": [
    {"id": "call_1", "function": {"name": "refund",
      "arguments": "{\\"id\\": \\"ORD-55-204871\\"}"}},
    {"id": "call_2", "function": {"name": "refund",
      "arguments": "{\\"id\\": \\"ORD-77-318824\\"}"}}]}]}
{"id": "clean", "messages": [{"role": "user", "content": "é ORD-55-204817"}, {"role": "assistant",
  "finish_reason": "length", "tool_calls": [
    {"id": "call_3", "function": {"name": "refund",
      "arguments": "{\\"id\\": \\"ORD-55-204817\\"}"}}]}]}
nonsense
"""


def report(command: Path, folder: Path, name: str, *more: str) -> str:
    """What the command says of a trace with two twins, a clean one, and a line that is none."""
    (folder / "a run.jsonl").write_text(RUNS, "utf-8")
    done = subprocess.run(
        [command, "verify", "--format", name, *more, "a run.jsonl"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("more", [[], ["--all"]])
def test_sarif_fits_its_schema(root: Path, command: Path, tmp_path: Path, more: list[str]) -> None:
    schema = json.loads((root / "tests" / "data" / "sarif" / "schema.json").read_text("utf-8"))
    sarif = json.loads(report(command, tmp_path, "sarif", *more))
    assert [error.message for error in Draft4Validator(schema).iter_errors(sarif)] == []
    [run] = sarif["runs"]
    [invocation] = run["invocations"]
    assert not invocation["executionSuccessful"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_sarif_points_at_the_identifier(command: Path, tmp_path: Path) -> None:
    [run] = json.loads(report(command, tmp_path, "sarif", "--all"))["runs"]
    lines = RUNS.split("\n")

    def marked(result: dict[str, Any]) -> str:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "a%20run.jsonl"
        region = place["region"]
        columns = slice(region["startColumn"] - 1, region["endColumn"] - 1)
        line: str = lines[region["startLine"] - 1]
        return line[columns]

    written = [result["properties"].get("written", "refund") for result in run["results"]]
    assert written == ["ORD-55-204871", "ORD-77-318824", "refund", "ORD-55-204817"]
    assert [marked(result) for result in run["results"]] == written


@pytest.mark.parametrize(("fail_on", "failures"), [("warn", 2), ("block", 1)])
def test_junit_counts_what_it_holds(
    command: Path, tmp_path: Path, fail_on: str, failures: int
) -> None:
    [suite] = JUnitXml.fromstring(report(command, tmp_path, "junit", "--fail-on", fail_on).encode())
    assert isinstance(suite, TestSuite)
    cases = list(suite)
    assert [case.name for case in cases] == ["twin & <co> | @you `[x](y)`", "clean", "line 12"]
    assert (suite.tests, suite.failures, suite.errors) == (3, failures, 1)
    [failure] = cases[0].result
    assert failure.type == "twin"
    assert "(and 1 more)" in failure.message
    assert "ORD-55-204871" in failure.text
    assert "ORD-77-318824" in failure.text


def test_markdown_shows_strangers_as_text(command: Path, tmp_path: Path) -> None:
    text = report(command, tmp_path, "markdown")
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tags = {tag.split()[0] for tag in re.findall(r"<([a-z0-9]+[^>]*)>", html)}
    assert tags <= {
        *("h3", "p", "ul", "li", "code", "pre", "details", "summary"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    # Mentions and links are looked for in text outside of code.
    outside = re.sub(r"<(code|pre)>.*?</\1>", "", html, flags=re.DOTALL)
    assert "@" not in outside
    assert "[" not in outside
    blocks = re.findall(r"<pre>(.*?)</pre>", html, flags=re.DOTALL)
    assert len(blocks) == 3
    assert all("<" not in block for block in blocks)
