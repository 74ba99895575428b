"""What a check costs in Python, against the same check by the Rust host: in this process, on this
build, the two by turns, so that whatever else the machine does hits both.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import pytest

from twinguard import Guard, Session, _twinguard

TIMES = 20
ROUNDS = 40
BOUND = 3.0


def account(number: int) -> str:
    return f"acct_{number * 0x9E3779B97F4A7C15 % 2**64:016x}"


LISTING = [
    {"id": account(n), "name": f"Customer {n}", "note": "opened by hand"} for n in range(100)
]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"query": "the weather in Lund"}, id="nothing to find"),
        pytest.param({"account_id": account(7), "cents": 4200, "reason": "asked"}, id="a seen one"),
        pytest.param({"account_id": account(7)[:-1] + "g", "cents": 4200}, id="a twin"),
        pytest.param({"ids": [account(n) for n in range(40)]}, id="forty seen ones"),
    ],
)
def test_a_check_costs_at_most_three_times_the_rust_hosts(
    guard: Guard, arguments: dict[str, Any], record_property: Any
) -> None:
    text = json.dumps(arguments)

    def session() -> Session:
        # A fresh one each time: checks without results pile up, and cost more and more.
        session = guard.session()
        session.observe(LISTING, tool="list_accounts")
        session.check("refund", arguments)
        return session

    def rust() -> float:
        return _twinguard._seconds_of_a_check(session()._native, "refund", text, TIMES)

    def python(given: dict[str, Any] | str) -> float:
        check = session().check
        begin = time.perf_counter()
        for _ in range(TIMES):
            check("refund", given)
        return time.perf_counter() - begin

    rounds = [(rust(), python(arguments), python(text)) for _ in range(ROUNDS)]
    of_rust, of_dicts, of_texts = (
        statistics.median(costs) / TIMES * 1e6 for costs in zip(*rounds, strict=True)
    )
    told = (
        f"Rust {of_rust:.1f} µs, Python {of_dicts:.1f} µs with a dict, {of_texts:.1f} µs with text"
    )
    print(told)
    record_property("cost", told)
    assert max(of_dicts, of_texts) < BOUND * of_rust, told
