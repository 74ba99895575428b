# The extension, written in Rust (`rust/`). Private: `twinguard` is its documented surface.

from collections.abc import Iterator
from typing import Any, final

from twinguard._verdict import Identifier, Observation, Observed, Verdict

__all__ = [
    "Guard",
    "Lines",
    "Session",
    "Verifier",
    "__version__",
    "_json",
    "_seconds_of_a_check",
    "find",
    "run_command",
]
__version__: str

@final
class Guard:
    def __new__(
        cls,
        policy: dict[str, Any] | str | None,
        fuel: int | None,
        memory_bytes: int | None,
        text_bytes: int | None,
        on_failure: str,
    ) -> Guard: ...
    def session(self) -> Session: ...
    def restore(self, snapshot: bytes) -> Session: ...
    def check_once(
        self,
        seen: list[Observation],
        tool: str,
        arguments: dict[str, Any] | str,
        call_id: str | None,
        effect: str | None,
    ) -> Verdict: ...

@final
class Session:
    def observe(
        self,
        content: object,
        source: str,
        tool: str | None,
        call_id: str | None,
        incomplete: bool,
    ) -> Observed: ...
    def check(
        self,
        tool: str,
        arguments: dict[str, Any] | str,
        call_id: str | None,
        effect: str | None,
    ) -> Verdict: ...
    def check_text(self, text: str) -> Verdict: ...
    def identify(self, text: str) -> list[Identifier]: ...
    def snapshot(self) -> bytes: ...
    def failure(self) -> str | None: ...
    def closed(self) -> bool: ...
    def close(self) -> None: ...

@final
class Verifier:
    def __new__(
        cls,
        policy: dict[str, Any] | str | None,
        trace_format: str | None,
        all: bool,
    ) -> Verifier: ...
    def paths(self, paths: list[str]) -> Lines: ...
    def content(self, name: str, content: object) -> Lines: ...

@final
class Lines(Iterator[str]):
    def __next__(self) -> str: ...

def find(paths: list[str]) -> tuple[list[str], list[str]]: ...
def run_command(arguments: list[str]) -> int: ...

# For the tests alone: a value as the guard reads it, and the cost of a check without Python.
def _json(value: object) -> str: ...
def _seconds_of_a_check(session: Session, tool: str, arguments: str, times: int) -> float: ...
