"""What all adapters share, without any framework."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from scenarios import ASKING, LISTING, SEEN, TWIN

from twinguard import Blocked, Guard, GuardFailed, Verdict
from twinguard.integrations._conversation import (
    Action,
    Called,
    Conversation,
    Conversations,
    Event,
    Shown,
    flatten,
)

SEARCHED: list[Event] = [
    Shown("user-message", "Refund Ada."),
    Called("search_customer", {"name": "Ada"}, "call_1"),
    Shown("tool-result", LISTING, "search_customer", "call_1"),
]


def after_search(guard: Guard | None = None, **options: Any) -> Conversation:
    conversation = Conversation(guard or Guard(), **options)
    conversation.follow(SEARCHED)
    return conversation


def test_a_history_is_followed_once() -> None:
    one, two = after_search(), after_search()
    for _ in range(3):
        two.follow(SEARCHED)
    assert one._session.snapshot() == two._session.snapshot()


def test_asking_again_about_a_call_counts_once() -> None:
    conversation = after_search(max_blocks=2)
    for _ in range(5):
        assert conversation.check("refund", TWIN, "call_2").action is Action.REFUSE
    assert conversation.check("refund", TWIN, "call_3").action is Action.STOP


def test_json_and_what_it_parses_to_are_one_call() -> None:
    conversation = after_search(max_blocks=2)
    conversation.check("refund", TWIN, "call_2")
    again = conversation.check("refund", '{"account_id":\n"acct_7H9j2"}', "call_2")
    assert again.action is Action.REFUSE


def test_an_answered_call_id_may_come_again() -> None:
    conversation = after_search()
    assert conversation.check("refund", TWIN, "call_2").action is Action.REFUSE
    conversation.follow([Shown("tool-result", "an error", "refund", "call_2")])
    conversation.follow([Shown("user-message", "Ah, acct_7H9j2 it is!")])
    assert conversation.check("refund", TWIN, "call_2").action is Action.RUN


def test_a_refusal_vouches_for_nothing() -> None:
    conversation = after_search()
    refusal = conversation.check("refund", TWIN, "call_2").message
    conversation.follow([Shown("tool-result", f"Error: {refusal}", "refund", "call_2")])
    outcome = conversation.check("refund", SEEN, "call_3")
    assert outcome.verdict is not None
    [finding] = outcome.verdict.findings
    assert [each.tool for each in finding.nearest[0].seen_in] == ["search_customer"]


def test_a_replayed_history_counts_what_was_stopped() -> None:
    refusal = after_search().check("refund", TWIN, "call_2").message
    conversation = after_search(max_blocks=2)
    conversation.follow(
        [
            Called("refund", TWIN, "call_2"),
            Shown("tool-result", refusal, "refund", "call_2"),
        ]
    )
    assert conversation.check("refund", TWIN, "call_3").action is Action.STOP


def test_a_question_that_nobody_can_be_asked_is_a_refusal_and_counts() -> None:
    for conversation, options in (
        (after_search(ASKING, max_blocks=2, can_ask=False), {}),
        (after_search(ASKING, max_blocks=2), {"can_ask": False}),
    ):
        refused = conversation.check("refund", TWIN, "call_2", **options)
        assert refused.action is Action.REFUSE
        assert "cannot be given here" in refused.message
        assert conversation.check("refund", TWIN, "call_3", **options).action is Action.STOP
    conversation = after_search(ASKING, max_blocks=1)
    for number in range(3):
        assert conversation.check("refund", TWIN, f"call_2{number}").action is Action.ASK


def test_one_answer_counts_a_value_once() -> None:
    conversation = after_search(max_blocks=2)
    for number in range(3):
        outcome = conversation.check("refund", TWIN, f"call_2{number}", turn="first")
        assert outcome.action is Action.REFUSE
    assert conversation.check("refund", TWIN, "call_3", turn="second").action is Action.STOP


def test_a_warning_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Verdict] = []
    guard = Guard({"decisions": {"twin": "warn"}})
    conversation = after_search(guard, on_warn=told.append)
    with caplog.at_level(logging.WARNING, "twinguard"):
        for _ in range(2):
            assert conversation.check("refund", TWIN, "call_2").action is Action.RUN
    assert len(told) == len(caplog.records) == 1


def test_a_failing_on_warn_stops_the_call() -> None:
    def fail(verdict: Verdict) -> None:
        raise RuntimeError("no pager")

    conversation = after_search(Guard({"decisions": {"twin": "warn"}}), on_warn=fail)
    outcome = conversation.check("refund", TWIN, "call_2")
    assert outcome.action is Action.REFUSE
    assert "no pager" in outcome.message


def test_a_text_that_cannot_be_read_makes_the_rest_incomplete() -> None:
    conversation = after_search()
    conversation.follow([Shown("tool-result", "half a pair: \ud800", "read", "call_2")])
    assert "Some results were cut" in conversation.check("refund", TWIN, "call_3").message


def test_a_history_that_cannot_be_followed_stops_every_call() -> None:
    def broken() -> Iterator[Event]:
        yield from SEARCHED
        raise KeyError("role")

    conversation = Conversation(Guard(), max_blocks=2)
    conversation.follow(broken())
    first = conversation.check("refund", SEEN, "call_2")
    assert first.action is Action.REFUSE
    assert "KeyError" in first.message
    second = conversation.check("refund", SEEN, "call_3")
    assert second.action is Action.STOP
    assert isinstance(second.error(), GuardFailed)


@pytest.mark.parametrize("arguments", [{"id": float("nan")}, {"id": "\ud800"}, {"id": object()}])
def test_arguments_that_json_cannot_hold_are_refused(arguments: dict[str, Any]) -> None:
    assert after_search().check("refund", arguments, "call_2").action is Action.REFUSE


def test_a_closed_session_refuses() -> None:
    conversation = after_search()
    conversation._session.close()
    assert conversation.check("refund", SEEN, "call_2").action is Action.REFUSE


def test_the_error_of_a_stop_carries_the_verdict() -> None:
    outcome = after_search(max_blocks=1).check("refund", TWIN, "call_2")
    error = outcome.error()
    assert isinstance(error, Blocked)
    assert error.verdict is outcome.verdict


def test_threads_count_every_call_once() -> None:
    conversation = after_search(max_blocks=10)

    def check(number: int) -> Action:
        return conversation.check("refund", TWIN, f"call_{number}").action

    with ThreadPoolExecutor(8) as pool:
        actions = list(pool.map(check, range(2, 22)))
    assert actions.count(Action.REFUSE) == 9
    assert actions.count(Action.STOP) == 11


def test_the_least_recently_used_conversation_is_forgotten() -> None:
    held = Conversations[str](Guard(), max_blocks=3, on_warn=None, max_conversations=2)
    first, second = held.get("a"), held.get("b")
    assert held.get("a") is first
    held.get("c")
    assert held.get("a") is first
    assert held.get("b") is not second


def test_options_that_count_are_at_least_one() -> None:
    with pytest.raises(ValueError, match="max_blocks is 0"):
        Conversation(Guard(), max_blocks=0)
    with pytest.raises(ValueError, match="max_conversations is 0"):
        Conversations[str](Guard(), max_blocks=3, on_warn=None, max_conversations=0)


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("text", ("text", False)),
        ({"a": 1}, ({"a": 1}, False)),
        (["one", {"type": "text", "text": "two"}], ("one\ntwo", False)),
        ([{"type": "text", "text": "one"}, {"type": "image", "data": "…"}], ("one", True)),
        ([], ("", False)),
        (None, (None, False)),
    ],
)
def test_content_is_flattened(content: object, read: tuple[object, bool]) -> None:
    assert flatten(content) == read
