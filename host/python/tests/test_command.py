"""The command that comes with the wheel: every case of the native one, exit codes and signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli

import twinguard

COLOUR = ("NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in COLOUR}


def run(
    case: dict[str, Any], command: list[str | Path], root: Path, folder: Path
) -> tuple[Any, ...]:
    """Runs a case of `tests/data/cli`, whose form `tests/cli.rs` describes."""
    folder.mkdir()
    for name, text in case.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for path in case.get("copy", []):
        shutil.copy(root / path, folder)
    done = subprocess.run(
        [*command, *case["args"]],
        cwd=folder,
        input=case.get("stdin", "").encode(),
        capture_output=True,
        check=False,
        env=ENVIRONMENT,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_every_case_of_the_native_command_holds(root: Path, command: Path, tmp_path: Path) -> None:
    count = 0
    for file in sorted((root / "tests" / "data" / "cli").glob("*.toml")):
        for case in tomli.loads(file.read_text("utf-8"))["case"]:
            count += 1
            expected = (case.get("exit", 0), case.get("stdout", ""), case.get("stderr", ""))
            assert run(case, [command], root, tmp_path / str(count)) == expected, case["name"]
    assert count > 50


def test_the_module_is_the_command_too(root: Path, command: Path) -> None:
    for arguments in (
        ["--version"],
        ["--help"],
        ["verify", "--nonsense"],
        [],
        ["policy", "default"],
    ):
        ways = [
            subprocess.run([*way, *arguments], capture_output=True, check=False, cwd=root)
            for way in ([command], [sys.executable, "-m", "twinguard"])
        ]
        told = [(done.returncode, done.stdout, done.stderr) for done in ways]
        assert told[0] == told[1]
        assert told[0][0] == (2 if arguments in ([], ["verify", "--nonsense"]) else 0)


def test_the_version_is_the_packages(command: Path) -> None:
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"twinguard {twinguard.__version__}\n"


def test_hooks_call_the_command_and_not_the_interpreter(command: Path, tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    for way in ([command], [sys.executable, "-m", "twinguard"]):
        subprocess.run(
            [*way, "init", "--agent", "claude-code", "--yes"],
            check=True,
            cwd=tmp_path,
            env={**ENVIRONMENT, "HOME": str(tmp_path)},
            capture_output=True,
        )
        settings = (tmp_path / ".claude" / "settings.json").read_text("utf-8")
        assert f"{command} hook" in settings
        (tmp_path / ".claude" / "settings.json").unlink()


def test_ctrl_c_ends_it_at_once(command: Path) -> None:
    with subprocess.Popen([command, "verify", "-"], stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        # It waits for input that never comes, inside the extension.
        child.stdin.write(b'{"messages": [')
        child.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1)
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == -signal.SIGINT


def test_a_reader_that_stops_reading_ends_it_quietly(
    root: Path, command: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs.jsonl"
    runs.write_text((root / "examples" / "refund.jsonl").read_text("utf-8") * 200, "utf-8")
    pipe = subprocess.PIPE
    with subprocess.Popen([command, "verify", runs], stdout=pipe, stderr=pipe) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(64)
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 141


def test_arguments_that_are_no_text_reach_it_as_they_are(command: Path, tmp_path: Path) -> None:
    name = b"run\xff.jsonl"
    with open(os.fsencode(tmp_path) + b"/" + name, "wb"):  # noqa: PTH123 (a path of bytes)
        pass
    done = subprocess.run([command, "verify", name], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
