"""Conversations that every adapter must handle alike, as data.

A scenario is what a stubborn, sloppy or honest model says turn by turn, and what must come of it:
which calls ran, what the model was told of the others, and whether the run was stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twinguard import Guard

LISTING = json.dumps({"customers": [{"name": "Ada", "accounts": [{"id": "acct_7H9j3"}]}]})
BULK = json.dumps({"customers": [{"id": f"acct_{number:012x}"} for number in range(40_000)]})

SEEN, TWIN = {"account_id": "acct_7H9j3"}, {"account_id": "acct_7H9j2"}
TYPED, MISTYPED = {"account_id": "acct_9QxT2mzL"}, {"account_id": "acct_9QxT2mzK"}


@dataclass(frozen=True)
class Call:
    """One call of the model."""

    tool: str
    arguments: dict[str, Any]


SEARCH = Call("search_customer", {"name": "Ada"})
RIGHT, WRONG = Call("refund", SEEN), Call("refund", TWIN)


@dataclass(frozen=True)
class Scenario:
    """What the model is told and says, and what must come of it."""

    name: str
    answers: tuple[tuple[Call, ...], ...]
    """The calls of each answer of the model; after the last it says `done`."""
    ran: tuple[Call, ...]
    """The calls whose tool ran, parallel ones in any order."""
    told: tuple[str, ...] = ()
    """Pieces of text that must stand in what the model was shown in place of a result."""
    stopped: bool = False
    warned: int = 0
    user: str = "Refund Ada's last order."
    system: str = "You are a support agent."
    listing: str = LISTING
    guard: Callable[[], Guard] = field(default=Guard)


SCENARIOS = (
    Scenario(
        "a_twin_is_stopped_and_the_model_corrects_itself",
        answers=((SEARCH,), (WRONG,), (RIGHT,)),
        ran=(SEARCH, RIGHT),
        told=("the last character is `2`, seen was `3`",),
    ),
    Scenario("an_honest_call_passes", answers=((SEARCH,), (RIGHT,)), ran=(SEARCH, RIGHT)),
    Scenario(
        "what_the_user_typed_is_known",
        answers=((Call("refund", MISTYPED),), (Call("refund", TYPED),)),
        ran=(Call("refund", TYPED),),
        told=("a message of the user",),
        user="Refund account acct_9QxT2mzL, please.",
    ),
    Scenario(
        "what_the_system_prompt_says_is_known",
        answers=((Call("refund", MISTYPED),), (Call("refund", TYPED),)),
        ran=(Call("refund", TYPED),),
        told=("the system prompt",),
        system="You are a support agent. Test refunds go to acct_9QxT2mzL.",
    ),
    Scenario(
        "of_two_parallel_calls_the_right_one_runs",
        answers=((SEARCH,), (WRONG, RIGHT)),
        ran=(SEARCH, RIGHT),
        told=("the last character is `2`, seen was `3`",),
    ),
    Scenario(
        "a_stubborn_model_is_stopped_at_the_third_time",
        answers=((SEARCH,), (WRONG,), (WRONG,), (WRONG,), (RIGHT,)),
        ran=(SEARCH,),
        told=("Read that record again", "Do not try it again"),
        stopped=True,
    ),
    Scenario(
        "the_same_slip_in_three_parallel_calls_counts_once",
        answers=((SEARCH,), (WRONG, WRONG, WRONG), (RIGHT,)),
        ran=(SEARCH, RIGHT),
        told=("the last character is `2`, seen was `3`",),
    ),
    Scenario(
        "a_warning_runs_and_is_told",
        answers=((SEARCH,), (WRONG,)),
        ran=(SEARCH, WRONG),
        warned=1,
        guard=lambda: Guard({"decisions": {"twin": "warn"}}),
    ),
    Scenario(
        "a_guard_out_of_memory_stops_every_call",
        answers=((SEARCH,), (RIGHT,), (SEARCH,), (RIGHT,)),
        ran=(SEARCH,),
        told=("failed",),
        stopped=True,
        listing=BULK,
        guard=lambda: Guard(memory_bytes=4 << 20),
    ),
)

ASKING = Guard({"decisions": {"twin": "ask"}})
"""A guard under which a twin needs a person."""


@dataclass
class Ran:
    """What came of a scenario."""

    calls: list[Call] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """Every tool message the model was shown, results and errors."""
    warnings: list[object] = field(default_factory=list)
    stopped: bool = False

    def tools(self, listing: str = LISTING) -> tuple[Callable[[str], str], Callable[[str], str]]:
        """The two tools of every scenario; they write down that they ran."""

        def search_customer(name: str) -> str:
            """Finds a customer."""
            self.calls.append(Call("search_customer", {"name": name}))
            return listing

        def refund(account_id: str) -> str:
            """Pays the money back."""
            self.calls.append(Call("refund", {"account_id": account_id}))
            return "refunded"

        return search_customer, refund


def judge(scenario: Scenario, ran: Ran) -> None:
    """Asserts that what came of a scenario is what must."""
    assert sorted(map(repr, ran.calls)) == sorted(map(repr, scenario.ran))
    results = {scenario.listing, "refunded"}
    errors = [text for text in ran.told if text not in results]
    for piece in scenario.told:
        assert any(piece in text for text in errors), f"{piece!r} is in none of {errors}"
    if not scenario.told:
        assert not errors
    assert ran.stopped == scenario.stopped
    assert len(ran.warnings) == scenario.warned
