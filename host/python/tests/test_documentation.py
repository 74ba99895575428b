"""What is printed runs: the examples in docstrings, the README and `examples/`."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import twinguard

HERE = Path(__file__).parents[1]
README = (HERE / "README.md").read_text("utf-8")
MODULES = [
    name
    for _, name, _ in pkgutil.iter_modules(twinguard.__path__)
    if name not in {"__main__", "_twinguard", "arrow", "integrations", "ray"}
]


@pytest.mark.parametrize("name", ["", *MODULES])
def test_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(f"twinguard.{name}".rstrip("."))
    assert doctest.testmod(module).failed == 0


def test_every_public_name_is_documented() -> None:
    for name in ("Guard", "Session", "Verdict", "Finding", "Observation", "verify"):
        assert getattr(twinguard, name).__doc__


def test_the_types_of_the_extension_are_its_own() -> None:
    program = [sys.executable, "-m", "mypy.stubtest", "twinguard._twinguard"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def blocks(language: str, readme: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", readme, re.M | re.S)


def test_the_quick_start_runs_as_printed(tmp_path: Path) -> None:
    program, *_ = blocks("python")
    output, *_ = blocks("text")
    file = tmp_path / "quick_start.py"
    file.write_text(program, "utf-8")
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True)
    assert done.stdout == output
    # The copy in `examples` is the same program.
    assert (HERE / "examples" / "quick_start.py").read_text("utf-8") == program


# What needs an engine runs in `tests/engines`.
PLAIN = [each for each in blocks("python")[1:] if not re.search(r"twinguard\.(arrow|ray)", each)]


@pytest.mark.parametrize("program", PLAIN, ids=range(len(PLAIN)))
def test_the_other_examples_of_the_readme_run(
    program: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    exec(compile(program, "README.md", "exec"), {"__name__": "readme"})  # noqa: S102


def test_the_first_page_shows_what_runs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = blocks("python", (root / "README.md").read_text("utf-8"))
    exec(compile(program, "README.md", "exec"), {"__name__": "readme"})  # noqa: S102
    assert f"# {capsys.readouterr().out}" in program


def test_the_commands_of_the_readme_run(root: Path, command: Path) -> None:
    (session,) = blocks("console")
    lines = session.splitlines()
    assert lines[0] == "$ twinguard verify examples/refund.jsonl"
    done = subprocess.run(
        [command, *lines[0].split()[2:]], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.splitlines()[: len(lines) - 2] == lines[1:-1]
    assert lines[-1] == "…"
