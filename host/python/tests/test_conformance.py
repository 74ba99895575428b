"""Every case, by every way into the guard: the same verdicts as the Rust host's, word for word."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import any_host
import cases
import pytest

import twinguard
from twinguard import Guard

Verdict = dict[str, Any]


class Conversation(Protocol):
    """What every way of running the guard can do."""

    def observe(self, line: cases.Line) -> None: ...
    def check(self, line: cases.Line) -> Verdict: ...
    def check_text(self, text: str) -> Verdict: ...


class Package:
    """The package, arguments and results given as text."""

    def __init__(self, policy: str) -> None:
        self.session = Guard(policy).session()

    def observe(self, line: cases.Line) -> None:
        keys = ("source", "tool", "call_id", "incomplete")
        options = {key: line.get(key) for key in keys if key in line.fields}
        content = self.given(line, "observe")
        # A text that is refused is part of its case: verdicts then say `incomplete`.
        with contextlib.suppress(twinguard.LimitExceeded):
            self.session.observe(content, **options)

    def check(self, line: cases.Line) -> Verdict:
        arguments, tool = self.given(line, "check"), line.get("tool", "tool")
        return plain(self.session.check(tool, arguments, line.get("call_id"), line.get("effect")))

    def check_text(self, text: str) -> Verdict:
        return plain(self.session.check_text(text))

    def given(self, line: cases.Line, name: str) -> Any:
        return line.text(name)


class Values(Package):
    """The package, given dicts wherever Python's JSON keeps their text."""

    def __init__(self, policy: str) -> None:
        super().__init__(policy)
        # A dict is written without spaces, and messages about limits count the bytes.
        self.measured = "limits" in policy

    def check(self, line: cases.Line) -> Verdict:
        verdict = super().check(line)
        if verdict["repaired"] is not None and self.given(line, "check") != line.text("check"):
            # As compact as every value that was written here, and not as in the case.
            verdict["repaired"] = json.dumps(json.loads(verdict["repaired"]), ensure_ascii=False)
        return verdict

    def given(self, line: cases.Line, name: str) -> Any:
        value = line.get(name)
        kept = json.dumps(value, ensure_ascii=False) == line.fields[name]
        if (
            kept
            and not self.measured
            and isinstance(value, dict | list if name == "observe" else dict)
        ):
            given.add(name)
            return value
        return line.text(name)


given: set[str] = set()


class Carried(Package):
    """The package, the session put to bytes and back before every event."""

    def __init__(self, policy: str) -> None:
        self.guard = Guard(policy)
        self.session = self.guard.session()

    def given(self, line: cases.Line, name: str) -> Any:
        snapshot = self.session.snapshot()
        self.session.close()
        self.session = self.guard.restore(snapshot)
        return line.text(name)


class AnyHost:
    """The component in the plain `wasmtime` package."""

    def __init__(self, host: any_host.Host, policy: str) -> None:
        self.session = host.session(policy)

    def observe(self, line: cases.Line) -> None:
        keys = ("source", "tool", "call_id", "incomplete")
        options = {key: line.get(key) for key in keys if key in line.fields}
        with contextlib.suppress(any_host.GuardError):
            self.session.observe(line.text("observe"), **options)

    def check(self, line: cases.Line) -> Verdict:
        tool, options = (
            line.get("tool", "tool"),
            {key: line.get(key) for key in ("call_id", "effect")},
        )
        return jsonlike(self.session.check(tool, line.text("check"), **options))

    def check_text(self, text: str) -> Verdict:
        return jsonlike(self.session.check_text(text))


def plain(verdict: twinguard.Verdict) -> Verdict:
    return jsonlike(dataclasses.asdict(verdict))


def jsonlike(value: object) -> Verdict:
    return cast(Verdict, json.loads(json.dumps(value)))


@pytest.fixture(scope="session")
def host(component: Path) -> any_host.Host:
    return any_host.Host(component)


@pytest.fixture(params=["package", "values", "carried", "any host"])
def begin(request: pytest.FixtureRequest) -> Callable[[str], Conversation]:
    """Opens a conversation under a policy."""
    if request.param == "any host":
        host = request.getfixturevalue("host")
        return lambda policy: AnyHost(host, policy)
    ways: dict[str, type[Package]] = {"package": Package, "values": Values, "carried": Carried}
    return ways[request.param]


def test_every_case_gets_the_verdict_that_rust_gives(
    root: Path, rust_verdicts: Path, begin: Callable[[str], Conversation]
) -> None:
    rust = {}
    for line in map(json.loads, rust_verdicts.read_text("utf-8").splitlines()):
        rust[line["file"], line["line"]] = line["verdict"]
    for file in cases.files(root):
        conversation: Conversation | None = None
        for line in cases.read(file):
            if "case" in line.fields:
                conversation = begin(line.fields.get("policy", ""))
                continue
            assert conversation is not None, line.place
            if "observe" in line.fields:
                conversation.observe(line)
                continue
            if "check" in line.fields:
                verdict = conversation.check(line)
            else:
                verdict = conversation.check_text(line.get("check_text"))
            cases.judge(line, verdict)
            assert verdict == rust.pop((file.name, line.number)), line.place
    assert not rust, "cases that were not run"


def test_dicts_were_given_as_dicts() -> None:
    # Otherwise the way through values would be the way through text under another name.
    assert given == {"observe", "check"}
