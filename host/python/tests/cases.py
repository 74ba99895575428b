"""The case files that every host is held to: `tests/data/sessions/*.jsonl` of the repository.

`tests/cases.rs` describes them. Here a line keeps the text of every field, since a parser on the
way would change its numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecoder
from pathlib import Path
from typing import Any

_decoder = JSONDecoder()


@dataclass(frozen=True)
class Line:
    """One line of a case file."""

    file: Path
    number: int
    fields: dict[str, str]
    """The JSON text of every field."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.number}"

    def get(self, name: str, default: Any = None) -> Any:
        """A field as a value."""
        return json.loads(self.fields[name]) if name in self.fields else default

    def text(self, name: str) -> str:
        """A field as the guard reads it: a string is a text, anything else is its own JSON."""
        value = self.get(name)
        return value if isinstance(value, str) else self.fields[name]


def files(root: Path) -> list[Path]:
    """All case files of the repository."""
    data = root / "tests" / "data"
    return [*sorted((data / "sessions").glob("*.jsonl")), data / "known-misses.jsonl"]


def read(file: Path) -> Iterator[Line]:
    """The lines of a case file."""
    for number, text in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if text.strip():
            yield Line(file, number, _fields(text))


def _fields(text: str) -> dict[str, str]:
    fields = {}
    position = text.index("{") + 1
    while (quote := text.find('"', position)) >= 0:
        name, colon = _decoder.raw_decode(text, quote)
        begin = text.index(":", colon) + 1
        begin += len(text[begin:]) - len(text[begin:].lstrip())
        _, position = _decoder.raw_decode(text, begin)
        fields[name] = text[begin:position]
    assert json.loads(text).keys() == fields.keys(), text
    return fields


def judge(line: Line, verdict: dict[str, Any]) -> None:
    """Holds a verdict (as JSON) to what the line expects."""
    expected = line.get("expect")
    if isinstance(expected, str):
        expected = {"decision": expected}
    told = f"{line.place}\n{json.dumps(verdict, indent=2, ensure_ascii=False)}"
    assert verdict["decision"] == expected["decision"], told
    assert expected.get("message", "") in verdict["message"], told
    assert verdict["repaired"] == expected.get("repaired"), told
    asked = {"relation", "pointer", "kind", "nearest", "written"} & expected.keys()
    if not asked:
        return
    finding = _finding(verdict["findings"], expected.get("written"))
    nearest = finding["nearest"]
    finding = {**finding, "nearest": nearest[0]["value"] if nearest else ""}
    assert {name: finding[name] for name in asked} == {name: expected[name] for name in asked}, told


def _finding(findings: list[dict[str, Any]], written: str | None) -> dict[str, Any]:
    if written is not None:
        return next(finding for finding in findings if finding["written"] == written)
    gravity = ["allow", "warn", "ask", "block"]
    return max(findings, key=lambda finding: gravity.index(finding["decision"]))
