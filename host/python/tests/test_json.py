"""Values as the guard reads them: what `json.dumps` writes, and nothing lost on the way."""

from __future__ import annotations

import enum
import json
from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinguard import _twinguard

texts = st.text(st.characters(exclude_categories=["Cs"]))
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    plain | texts,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(texts | plain, inner)
    ),
)


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(values)
def test_a_value_reads_as_json_writes_it(value: object) -> None:
    assert _twinguard._json(value) == dumped(value)


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(st.recursive(plain | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_nothing_is_lost(value: object) -> None:
    assert repr(json.loads(_twinguard._json(value))) == repr(value)


class Colour(str, enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    LARGE = 2**70


class Half(float):
    def __repr__(self) -> str:
        return "a half"


class Pair(NamedTuple):
    left: str
    right: int


@pytest.mark.parametrize(
    "value",
    [
        2**53 + 1,
        -(2**63) - 1,
        10**400,
        0.1,
        1e22,
        -0.0,
        5e-324,
        '\x00\x1f\x7f\u2028 é \U0001f600 "\\/',
        {"b": 1, "a": 2},
        {1: "a", False: "b", None: "c", 2.5: "d"},
        {1: "twice", "1": "twice"},
        Colour.RED,
        {Colour.RED: Colour.RED},
        Size.LARGE,
        {Size.LARGE: Size.LARGE},
        [Half(0.5)],
        Pair("a", 1),
        OrderedDict(z=1, a=2),
        defaultdict(list, {"a": [1]}),
    ],
)
def test_subclasses_and_edges_read_as_json_writes_them(value: Any) -> None:
    assert _twinguard._json(value) == dumped(value)


def test_the_same_value_twice_is_no_cycle() -> None:
    shared: list[int] = [1]
    assert _twinguard._json({"a": shared, "b": [shared, shared]}) == '{"a":[1],"b":[[1],[1]]}'
