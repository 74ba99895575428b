"""Recorded conversations: every call in them, judged by what was shown before it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias, TypedDict, cast

from twinguard import _twinguard
from twinguard._errors import InvalidInput
from twinguard._verdict import Decision, Relation, Source


class SightingLine(TypedDict):
    """One appearance in a source. `turn` is the index of its message in the record, from 0."""

    source: Source
    tool: str | None
    call_id: str | None
    turn: int
    pointer: str


class NeighbourLine(TypedDict):
    """A seen identifier near the written one. The fields are those of `twinguard.Neighbour`."""

    value: str
    distance: int
    edit: str
    seen_in: list[SightingLine]


class FindingLine(TypedDict):
    """One identifier of a call and what is known of it. The fields beyond the first six are those
    of `twinguard.Finding`."""

    type: Literal["finding"]
    trace: str
    model: str | None
    turn: int
    call_id: str | None
    tool: str
    pointer: str
    span: list[int]
    written: str
    kind: str
    relation: Relation
    decision: Decision
    coincidence: float
    nearest: list[NeighbourLine]
    message: str


class UncheckedLine(TypedDict):
    """A call that could not be checked, so that no finding tells of it: spent fuel, a limit."""

    type: Literal["unchecked"]
    trace: str
    model: str | None
    turn: int
    call_id: str | None
    tool: str
    decision: Decision
    message: str


class StoppedLine(TypedDict):
    """A call of a message that ended before the model was done, whatever its identifiers are: the
    last one may be cut, so nothing should have run it. `stop` says what ended the message."""

    type: Literal["stopped"]
    trace: str
    model: str | None
    turn: int
    call_id: str | None
    tool: str
    stop: Literal["length", "content-filter", "refusal"]
    decision: Decision
    message: str


class TraceLine(TypedDict):
    """One conversation, after its findings: how many calls and identifiers it had, and the gravest
    decision on any call."""

    type: Literal["trace"]
    trace: str
    model: str | None
    calls: int
    identifiers: int
    decision: Decision


class IssueLine(TypedDict):
    """Something that could not be read, or not be verified; everything else was. `line` counts
    from 1. Input with an issue must not be taken for clean."""

    type: Literal["issue"]
    file: str
    line: int | None
    message: str


Line: TypeAlias = FindingLine | UncheckedLine | StoppedLine | TraceLine | IssueLine
"""What `verify` yields; `line["type"]` tells which."""


def verify(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    policy: dict[str, Any] | str | None = None,
    trace_format: str | None = None,
    all: bool = False,  # noqa: A002 (as on the command line)
) -> Iterator[Line]:
    """Judges every tool call in recorded conversations, each in a session of its own.

    Yields the lines of `twinguard verify --format jsonl`, without its summary, while it reads: one
    conversation at a time is held in memory. Of each conversation come its issues, its findings,
    its unchecked calls, its calls of messages that were cut off, and then its `trace` line.

    Args:
        paths: Files, folders and globs, one or many, as on the command line; `-` is the standard
            input. JSON or JSON Lines, plain or as gzip or zstd; a file may hold many
            conversations, and the format is found by content.
        policy: As for `Guard`.
        trace_format: What the records are (`twinguard verify --help` lists the names), where it
            should not be found by content.
        all: Also yield the findings that are allowed.

    Raises:
        InvalidPolicy: At once, before anything is read.
        InvalidInput: At once: no path, a path that is none, or an unknown `trace_format`.

    What cannot be read is no exception but a line of type `issue`, so that one damaged file does
    not hide what is in the others.

    >>> import json, pathlib, tempfile
    >>> call = {"id": "c1", "function": {"name": "cancel", "arguments": '{"id": "ORD-55-204871"}'}}
    >>> told = {"role": "user", "content": "Cancel ORD-55-204817."}
    >>> run = {"id": "run-1", "messages": [told, {"role": "assistant", "tool_calls": [call]}]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "runs.jsonl")
    ...     _ = file.write_text(json.dumps(run))
    ...     for line in verify(file):
    ...         if line["type"] == "finding":
    ...             print(line["written"], line["relation"])
    ORD-55-204871 twin
    """
    verifier = _twinguard.Verifier(policy, trace_format, all)
    return map(line, verifier.paths(texts(paths)))


def texts(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    """The paths as texts, whether they are one or many."""
    named = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    if not isinstance(named, Iterable):
        raise InvalidInput(f"`paths` must hold paths, not {type(named).__name__}")
    return [_path(path) for path in named]


def line(text: str) -> Line:
    """A line as it is written, read."""
    # The form of these lines is fixed, and `tests/test_verify.py` holds the types above to it.
    return cast(Line, json.loads(text))


def _path(path: str | os.PathLike[str]) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidInput(f"`paths` must hold paths, not {type(path).__name__}")
    return os.fspath(path)
