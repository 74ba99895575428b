"""`examples/any_host.py` where it differs from the package: errors and failures of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import any_host
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def host(component: Path) -> any_host.Host:
    return any_host.Host(component)


def test_it_runs_as_a_program(component: Path) -> None:
    program = [sys.executable, str(EXAMPLES / "any_host.py"), str(component)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    decision, message = done.stdout.splitlines()
    assert decision == "block"
    assert "the last character is `2`, seen was `3`" in message


def test_errors_of_the_component_are_raised_by_name(host: any_host.Host) -> None:
    with pytest.raises(any_host.GuardError, match=r"^invalid policy: `/repairs`: unknown key"):
        host.session('{"repairs": true}')


def test_a_trap_blocks_that_call_and_every_later_one(
    host: any_host.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = host.session()
    session.observe('{"id": "acct_7H9j3"}')
    monkeypatch.setattr(any_host, "FUEL", 10)
    monkeypatch.setattr(any_host, "FUEL_PER_BYTE", 0)
    verdict = session.check("refund", '{"account_id": "acct_7H9j3"}')
    assert verdict["decision"] == "block"
    assert "all fuel consumed" in verdict["message"]
    monkeypatch.undo()
    assert session.check("refund", '{"account_id": "acct_7H9j3"}')["decision"] == "block"
    assert session.check_text("hello")["decision"] == "block"
    with pytest.raises(any_host.GuardError, match="the guard failed"):
        session.observe("x")


def test_spent_memory_blocks_too(host: any_host.Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(any_host, "MEMORY_BYTES", 4 << 20)
    session = host.session()
    with pytest.raises(any_host.GuardError, match="the guard failed"):
        session.observe(" ".join(f"acct_{number:020}" for number in range(100_000)))
    assert session.check("refund", "{}")["decision"] == "block"


def test_texts_beyond_the_limit_are_refused_and_remembered(host: any_host.Host) -> None:
    session = host.session()
    long = "x" * (17 << 20)
    with pytest.raises(any_host.GuardError, match="limit exceeded"):
        session.observe(long)
    assert session.check("refund", long)["decision"] == "block"
    verdict = session.check("refund", '{"account_id": "acct_7H9j2"}')
    assert "incomplete" in verdict["message"]


def test_half_a_surrogate_pair_never_passes(host: any_host.Host) -> None:
    assert host.session().check("refund", '{"account_id": "\ud800"}')["decision"] == "block"
