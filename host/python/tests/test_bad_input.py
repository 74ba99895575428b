"""What nobody should pass: a typed error that names the place, never a crash, never an allow."""

from __future__ import annotations

import datetime
import decimal
import enum
import threading
from collections.abc import Callable
from typing import Any

import pytest

import twinguard
from twinguard import Guard, GuardFailed, InvalidInput, LimitExceeded, Observation, Session

SEEN = {"accounts": [{"id": "acct_7H9j3"}]}
TWIN = {"account_id": "acct_7H9j2"}


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {"id": "acct_7H9j3", "inner": [{}]}
    value["inner"][0]["again"] = value
    return value


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("value", "pointer", "told"),
    [
        (cyclic(), "/inner/0/again", "the value holds itself"),
        ({"a": [1, float("nan")]}, "/a/1", "NaN is not a number in JSON"),
        ({"a": float("inf")}, "/a", "inf is not a number in JSON"),
        ({"a": float("-inf")}, "/a", "-inf is not a number in JSON"),
        ({"a/b": {"~": "\ud800"}}, "/a~1b/~0", "half of a surrogate pair"),
        ({"a": {"\udc00": 1}}, "/a", "half of a surrogate pair"),
        ({"a": b"acct_7H9j3"}, "/a", "JSON has no values of type bytes; decode it"),
        ({"a": bytearray(b"x")}, "/a", "JSON has no values of type bytearray; decode it"),
        ({"a": ({"acct_7H9j3"},)}, "/a/0", "JSON has no values of type set; give a list"),
        ({"a": decimal.Decimal("1.10")}, "/a", "JSON has no values of type Decimal; give a"),
        ({"a": datetime.date(2026, 1, 1)}, "/a", "JSON has no values of type date; give a"),
        ({"a": enum.Enum("Colour", "RED").RED}, "/a", "JSON has no values of type Colour"),  # type: ignore[attr-defined]
        ({"a": Unprintable()}, "/a", "JSON has no values of type Unprintable"),
        ({"a": {Unprintable(): 1}}, "/a", "a key of type Unprintable; keys in JSON are strings"),
        ({"a": {(1, 2): 3}}, "/a", "a key of type tuple; keys in JSON are strings"),
        ({"a": {float("nan"): 3}}, "/a", "NaN is not a number in JSON"),
        ({"a": {1: {None: {True: b""}}}}, "/a/1/None/True", "JSON has no values of type bytes"),
        ({"a": 10**5000}, "/a", "an integer that Python does not write out"),
        (deep(600), "/a" * 501, "nested more than 500 deep"),
        (deep(100_000), "/a" * 501, "nested more than 500 deep"),
    ],
    ids=lambda part: part[:30] if isinstance(part, str) else "value",  # not all have a `str`
)
def test_what_json_cannot_hold_is_refused_with_its_place(
    guard: Guard, value: dict[str, Any], pointer: str, told: str
) -> None:
    session = guard.session()
    session.observe(SEEN)
    before = session.snapshot()
    for name, use in (
        ("arguments", lambda: session.check("refund", value)),
        ("content", lambda: session.observe(value)),
        ("seen[0].content", lambda: guard.check_once([Observation(value)], "refund", TWIN)),
        ("policy", lambda: Guard(value)),
        ("policy", lambda: twinguard.verify("runs.jsonl", policy=value)),
    ):
        with pytest.raises(InvalidInput) as caught:
            use()
        assert caught.value.pointer == pointer
        shown = pointer if len(pointer) <= 200 else pointer[:200] + "…"
        assert str(caught.value).startswith(f"`{name}`, at `{shown}`: {told}")
    assert session.snapshot() == before


@pytest.mark.parametrize(
    "content", [b"x", {"x"}, float("nan"), "\ud800", object(), 10**5000], ids=type
)
def test_a_value_that_is_wrong_as_a_whole_has_no_pointer(guard: Guard, content: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        guard.session().observe(content)
    assert caught.value.pointer == ""
    assert str(caught.value).startswith("`content`: ")


def wrong(use: Callable[..., object], *arguments: object, **named: object) -> Callable[[], object]:
    return lambda: use(*arguments, **named)


def test_wrong_types_and_names_are_told_by_name(guard: Guard) -> None:
    session = guard.session()
    attempts: list[tuple[Callable[[], object], str]] = [
        (wrong(session.check, 3, TWIN), "`tool` must be a str, not int"),
        (wrong(session.check, None, TWIN), "`tool` must be a str, not NoneType"),
        (wrong(session.check, "\ud800", TWIN), "`tool`: half of a surrogate pair"),
        (wrong(session.check, "t", None), "`arguments` must be a dict or JSON text, not NoneType"),
        (wrong(session.check, "t", [TWIN]), "`arguments` must be a dict or JSON text, not list"),
        (wrong(session.check, "t", b"{}"), "`arguments` must be a dict or JSON text, not bytes"),
        (wrong(session.check, "t", '{"a": "\udfff"}'), "`arguments`: half of a surrogate pair"),
        (wrong(session.check, "t", TWIN, call_id=7), "`call_id` must be a str, not int"),
        (
            wrong(session.check, "t", TWIN, effect="deletes"),
            "`effect`: there is no `deletes`; expected `reads`, `changes`",
        ),
        (wrong(session.check, "t", TWIN, effect=1), "`effect` must be a str, not int"),
        (
            wrong(session.observe, "x", source="assistant"),
            "`source`: there is no `assistant`; expected `tool-result`, ",
        ),
        (wrong(session.observe, "x", tool=b"t"), "`tool` must be a str, not bytes"),
        (wrong(session.observe, "x", incomplete="no"), "`incomplete` must be a bool, not str"),
        (wrong(session.check_text, {"a": 1}), "`text` must be a str, not dict"),
        (wrong(session.check_text, "\ud800"), "`text`: half of a surrogate pair"),
        (wrong(session.identify, None), "`text` must be a str, not NoneType"),
        (wrong(guard.restore, "snapshot"), "`snapshot` must be bytes, not str"),
        (wrong(guard.check_once, None, "t", TWIN), "`seen` must hold Observations, not NoneType"),
        (wrong(guard.check_once, ["x"], "t", TWIN), "`seen[0]` must be an Observation, not str"),
        (wrong(Guard, ["policy"]), "`policy` must be a dict or JSON text, not list"),
        (wrong(Guard, fuel=-1), "`fuel` must be an int from 0 to 18446744073709551615, or None"),
        (wrong(Guard, fuel=2**64), "`fuel` must be an int from 0 to 18446744073709551615, or None"),
        (wrong(Guard, memory_bytes="1 GB"), "`memory_bytes` must be an int from 0 to "),
        (wrong(Guard, text_bytes=1.5), "`text_bytes` must be an int from 0 to "),
        (
            wrong(Guard, on_failure="ask"),
            "`on_failure`: there is no `ask`; expected `block`, `allow`",
        ),
        (wrong(twinguard.verify, []), "`paths` is empty: name a file, a folder or a glob"),
        (wrong(twinguard.verify, b"runs.jsonl"), "`paths` must hold paths, not int"),
        (wrong(twinguard.verify, 3), "`paths` must hold paths, not int"),
        (wrong(twinguard.verify, [None]), "`paths` must hold paths, not NoneType"),
        (wrong(twinguard.verify, "\udc80.jsonl"), "`paths`: half of a surrogate pair"),
        (
            wrong(twinguard.verify, "x", trace_format="csv"),
            "`trace_format`: there is no `csv`; expected one of ",
        ),
        (wrong(twinguard.verify, "x", all="yes"), "`all` must be a bool, not str"),
    ]
    for attempt, told in attempts:
        with pytest.raises(InvalidInput) as caught:
            attempt()
        assert str(caught.value).startswith(told)


def test_long_texts_are_read_to_their_end_or_blocked(guard: Guard) -> None:
    def filler(length: int) -> str:
        return "nothing to see here. " * (length // 21 + 1)

    session = guard.session()
    session.observe(filler(10_000_000) + "acct_7H9j3", tool="read_file")
    assert session.check("refund", TWIN).findings[0].relation == "twin"
    for length in (50_000, 10_000_000):
        session = guard.session()
        session.observe(SEEN)
        verdict = session.check("refund", {"note": filler(length), "account_id": "acct_7H9j2"})
        assert verdict.decision == "block"
        # What it could not read in its time, it says it did not check.
        assert verdict.findings or "could not check this" in verdict.message


def test_texts_beyond_the_limit_are_refused_and_remembered(guard: Guard) -> None:
    session = guard.session()
    with pytest.raises(LimitExceeded, match="the observed text has 17000000 bytes"):
        session.observe("x" * 17_000_000)
    with pytest.raises(LimitExceeded, match="the observed text has"):
        session.observe(["x" * 10_000_000, "y" * 10_000_000])
    verdict = session.check("refund", {"note": "x" * 17_000_000})
    assert verdict.decision == "block"
    assert "could not check this, so it must not run: limit exceeded" in verdict.message
    assert "incomplete: 2 texts were not read" in session.check("refund", TWIN).message
    with pytest.raises(LimitExceeded):
        guard.check_once([Observation("x" * 17_000_000)], "refund", TWIN)


def test_a_thread_with_little_stack_reads_the_deepest_value(guard: Guard) -> None:
    decisions: list[str] = []

    def work() -> None:
        session = guard.session()
        session.observe(SEEN)
        decisions.append(session.check("refund", {**TWIN, "note": deep(490)}).decision)

    before = threading.stack_size(128 << 10)
    try:
        thread = threading.Thread(target=work)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert decisions == ["block"]


def test_a_small_value_that_unfolds_to_a_huge_text_is_refused() -> None:
    guard = Guard(text_bytes=100_000)
    value: Any = "acct_7H9j3"
    for _ in range(60):
        value = [value, value]
    with pytest.raises(LimitExceeded):
        guard.session().observe(value)
    assert guard.session().check("refund", {"a": value}).decision == "block"


@pytest.mark.parametrize("limits", [{"fuel": 30_000_000}, {"memory_bytes": 3 << 20}])
def test_a_guard_that_fails_blocks_from_then_on(limits: dict[str, int]) -> None:
    hard = [f"acct_{number:020}" for number in range(20_000)]

    def fail(session: Session) -> None:
        try:
            session.observe(hard)
        except GuardFailed:
            return
        for number in range(1000):
            session.check("refund", {"ids": [f"acct_{number:019}x" for number in range(2000)]})
            if session.failure:
                return

    session = Guard(**limits).session()  # type: ignore[arg-type]
    fail(session)
    assert session.failure is not None
    assert "this session has lost its memory" in session.failure
    verdict = session.check("get_weather", {"city": "Lund"})
    assert verdict.decision == "block"
    assert "twinguard could not check this, so it must not run: the guard failed" in verdict.message
    for use in (lambda: session.observe("x"), lambda: session.identify("x"), session.snapshot):
        with pytest.raises(GuardFailed, match="the guard failed"):
            use()
    lenient = Guard(on_failure="allow", **limits).session()  # type: ignore[arg-type]
    fail(lenient)
    assert lenient.check("get_weather", {"city": "Lund"}).decision == "allow"
    assert "did not check this" in lenient.check("get_weather", {}).message


def test_limits_too_small_to_work_under_are_told_at_once() -> None:
    with pytest.raises(GuardFailed, match="out of fuel"):
        Guard(fuel=0, policy="")
    with pytest.raises(GuardFailed, match="out of memory"):
        Guard(memory_bytes=0)
