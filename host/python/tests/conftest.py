"""What the tests share: where things are, and what has to be built before."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from twinguard import Guard

ROOT = Path(__file__).resolve().parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def guard() -> Guard:
    """A guard with the default policy."""
    return Guard()


@pytest.fixture(scope="session")
def command() -> Path:
    """The command that came with the wheel."""
    return Path(sysconfig.get_path("scripts"), "twinguard")


@pytest.fixture(scope="session")
def component() -> Path:
    """The component, for hosts of other kinds."""
    return built("twinguard.wasm", "cargo xtask guest")


@pytest.fixture(scope="session")
def rust_verdicts() -> Path:
    """What the Rust host says to every case."""
    return built("verdicts.jsonl", "cargo run --package twinguard-tests --bin verdicts")


def built(name: str, command: str) -> Path:
    """A file in the target folder."""
    path = TARGET / name
    assert path.is_file(), f"{path} is not there; make it with `{command}`"
    return path
