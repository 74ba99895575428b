"""What is printed runs: `docs/ray.md`, and what the README has that needs an engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
TEXTS = [ROOT / "docs" / "ray.md", ROOT / "host" / "python" / "README.md"]
PROGRAMS = [
    program
    for text in TEXTS
    for program in re.findall(r"^```python\n(.*?)^```", text.read_text("utf-8"), re.M | re.S)
    # Spark is not installed here.
    if re.search(r"twinguard\.(ray|arrow)", program) and "pyspark" not in program
]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_the_examples_run(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(program, "ray.md", "exec"), {"__name__": "ray.md"})  # noqa: S102
