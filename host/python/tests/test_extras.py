"""Modules that need another package: they say which extra brings it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["arrow", "ray"])
def test_an_absent_package_is_told_with_its_extra(module: str) -> None:
    program = [sys.executable, "-c", f"import twinguard.{module}"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No module named 'pyarrow'" in done.stderr  # it is in `tests/engines` alone
    assert done.stderr.rstrip().endswith(f'pip install "twinguard[{module}]"')
