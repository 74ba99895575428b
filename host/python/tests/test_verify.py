"""Recorded conversations through `verify`: the lines of the command, while they are read."""

from __future__ import annotations

import gzip
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from twinguard import InvalidInput, InvalidPolicy, Line, verify


def lines_of(command: Path, *arguments: str | Path) -> list[Any]:
    done = subprocess.run(
        [command, "verify", "--format", "jsonl", *arguments], capture_output=True, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_lines_are_those_of_the_command(root: Path, command: Path) -> None:
    traces = root / "tests" / "data" / "traces"
    folders = sorted(path for path in traces.iterdir() if path.is_dir())
    assert folders
    for shown, flags in ((False, []), (True, ["--all"])):
        for paths in (
            [root / "examples" / "refund.jsonl"],
            *([folder] for folder in folders),
            folders,
        ):
            *lines, summary = lines_of(command, *flags, *paths)
            told = [line for line in verify(paths, all=shown) if line["type"] != "issue"]
            assert told == lines
            assert summary["traces"] == sum(line["type"] == "trace" for line in told)


def test_the_types_name_every_field(root: Path, tmp_path: Path) -> None:
    paths = [root / "examples" / "refund.jsonl", too_long(tmp_path), cut_off(tmp_path)]
    lines: list[Line] = [*verify(paths, all=True)]
    types = {}
    for kind in get_args(Line):
        hints = get_type_hints(kind)
        types[get_args(hints["type"])[0]] = hints
    assert {line["type"] for line in lines} == types.keys()
    for line in lines:
        fits(line, types[line["type"]])


def fits(value: Any, hints: dict[str, Any]) -> None:
    """Holds a JSON object to a `TypedDict`."""
    assert list(value) == list(hints)
    for name, hint in hints.items():
        field = value[name]
        if get_origin(hint) is Literal:
            assert field in get_args(hint)
        elif get_origin(hint) is list and (inner := get_args(hint)[0]) is not int:
            for item in field:
                fits(item, get_type_hints(inner))
        else:
            assert isinstance(field, list if get_origin(hint) is list else hint)


def test_paths_may_be_one_or_many_files_folders_and_globs(root: Path, tmp_path: Path) -> None:
    text = (root / "examples" / "refund.jsonl").read_bytes()
    plain = tmp_path / "runs.jsonl"
    plain.write_bytes(text)
    (tmp_path / "more.jsonl.gz").write_bytes(gzip.compress(text))

    def traces(paths: Any) -> int:
        return sum(line["type"] == "trace" for line in verify(paths))

    assert traces(plain) == 2
    assert traces(str(plain)) == 2
    assert traces(tmp_path) == 4
    assert traces(f"{tmp_path}/*.gz") == 2
    assert traces([plain, tmp_path]) == 6
    assert traces(path for path in (plain, str(plain))) == 4


def test_what_cannot_be_read_is_a_line_and_the_rest_is_verified(root: Path, tmp_path: Path) -> None:
    good = (root / "examples" / "refund.jsonl").read_text("utf-8")
    (tmp_path / "broken.jsonl").write_text('{"id": \n' + good)
    (tmp_path / "latin1.jsonl").write_bytes('{"id": "é"}'.encode("latin-1"))
    missing = tmp_path / "missing.jsonl"
    lines = list(verify([tmp_path, missing]))
    issues = [line for line in lines if line["type"] == "issue"]
    assert [(Path(line["file"]).name, line["line"]) for line in issues] == [
        ("missing.jsonl", None),
        ("broken.jsonl", 1),
        ("latin1.jsonl", 1),
    ]
    assert issues[0]["message"].startswith("no such file or folder; give ")
    assert sum(line["type"] == "trace" for line in lines) == 2


def test_nothing_found_is_an_issue_and_not_silence(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("[]", "utf-8")
    (line,) = verify(empty)
    assert line["type"] == "issue"
    assert line["message"] == "no conversation in here, so nothing was verified"


def too_long(folder: Path) -> Path:
    """A conversation with a call that is longer than anything that is read."""
    arguments = json.dumps({"note": "x" * (17 << 20)})
    call = {"id": "c1", "function": {"name": "write", "arguments": arguments}}
    run = {"id": "long", "messages": [{"role": "assistant", "tool_calls": [call]}]}
    file = folder / "long.jsonl"
    file.write_text(json.dumps(run), "utf-8")
    return file


def cut_off(folder: Path) -> Path:
    """A conversation with a call of a message that reached the limit on its length."""
    call = {"id": "c1", "function": {"name": "cancel", "arguments": "{}"}}
    said = {"role": "assistant", "finish_reason": "length", "tool_calls": [call]}
    file = folder / "cut.jsonl"
    file.write_text(json.dumps({"id": "cut", "messages": [said]}), "utf-8")
    return file


def test_a_call_of_a_message_that_was_cut_off_is_told(tmp_path: Path) -> None:
    stopped, trace = verify(cut_off(tmp_path))
    assert stopped["type"] == "stopped"
    assert (stopped["tool"], stopped["stop"], stopped["decision"]) == ("cancel", "length", "warn")
    assert trace["type"] == "trace"
    assert trace["decision"] == "warn"


def test_a_call_that_could_not_be_checked_is_told(tmp_path: Path) -> None:
    issue, unchecked, trace = verify(too_long(tmp_path))
    assert issue["type"] == "issue"
    assert issue["message"].startswith("message 0 of trace `long`: twinguard could not check this")
    assert unchecked["type"] == "unchecked"
    assert (unchecked["tool"], unchecked["decision"]) == ("write", "block")
    assert trace["type"] == "trace"
    assert (trace["calls"], trace["decision"]) == (1, "block")


def test_mistakes_are_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="unknown key `repairs`"):
        verify(tmp_path, policy={"repairs": True})
    with pytest.raises(InvalidInput, match=r"expected one of .*openai-chat"):
        verify(tmp_path, trace_format="openai")


def test_a_format_may_be_named(root: Path) -> None:
    named = list(verify(root / "examples" / "refund.jsonl", trace_format="openai-chat"))
    assert named == list(verify(root / "examples" / "refund.jsonl"))


def test_lines_come_while_the_file_is_still_written(root: Path, tmp_path: Path) -> None:
    first, second = (root / "examples" / "refund.jsonl").read_text("utf-8").splitlines()
    pipe = tmp_path / "pipe.jsonl"
    subprocess.run(["mkfifo", pipe], check=True)  # noqa: S607
    go_on = threading.Event()

    def write() -> None:
        with pipe.open("w") as out:
            print(first, file=out, flush=True)
            go_on.wait(30)
            print(second, file=out)

    writer = threading.Thread(target=write)
    writer.start()
    lines: Iterator[Line] = verify(pipe)
    seen = [next(lines), next(lines)]
    go_on.set()
    seen += lines
    writer.join()
    assert [line["type"] for line in seen] == ["finding", "trace", "trace"]


def test_an_iterator_may_be_left_and_shared(root: Path) -> None:
    lines = verify([root / "examples" / "refund.jsonl"] * 50)
    next(lines)
    taken: list[Line] = []
    threads = [threading.Thread(target=lambda: taken.extend(lines)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 50 * 3 - 1
    next(verify(root / "examples" / "refund.jsonl"))
