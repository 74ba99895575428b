"""Tables in, tables out: the same lines as from files, whatever the columns are made of."""

from __future__ import annotations

import doctest
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import expected
import pyarrow as pa
import pytest

import twinguard
from twinguard import InvalidInput, InvalidPolicy, arrow
from twinguard.arrow import SCHEMA, verify_batch, verify_batches


@pytest.fixture
def refunds(root: Path) -> list[str]:
    """One record with a finding, and one without."""
    return (root / "examples" / "refund.jsonl").read_text("utf-8").splitlines()


def test_the_columns_are_the_fields_of_all_lines(root: Path) -> None:
    fields = {name for of in get_args(twinguard.Line) for name in get_type_hints(of)}
    assert set(SCHEMA.names) == fields
    documented = (root / "docs" / "ray.md").read_text("utf-8")
    for field in SCHEMA:
        assert f"| `{field.name}` | {plain(field.type)} |" in documented


def plain(of: Any) -> str:
    """A type in the words of the documentation."""
    if pa.types.is_list(of):
        return f"list of {plain(of.value_type)}"
    return "struct" if pa.types.is_struct(of) else str(of)


def test_rows_give_what_their_files_give(traces: Path) -> None:
    paths = expected.files(traces)
    for shown in (False, True):
        table = pa.table(
            {"path": [str(path) for path in paths], "bytes": [path.read_bytes() for path in paths]}
        )
        lines = verify_batch(table, column="bytes", file="path", all=shown)
        assert lines.schema == SCHEMA
        assert expected.by_file(lines.to_pylist()) == expected.lines(paths, all=shown)


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
def test_text_may_be_held_in_any_way(refunds: list[str], kind: Any) -> None:
    as_text = pa.array([*refunds, None])
    column = pa.chunked_array([as_text.cast(kind), as_text.cast(kind)])
    found = verify_batch(pa.table({"text": column}))
    types = ["finding", "trace", "trace", "issue"]
    assert found["type"].to_pylist() == types * 2


def test_a_record_may_be_nested(refunds: list[str]) -> None:
    # As a table of conversations has them. What a message lacks is null there.
    records = [json.loads(record) for record in refunds]
    as_text = verify_batch(pa.table({"text": refunds}))
    assert verify_batch(pa.table({"text": pa.array(records)})) == as_text
    messages = pa.array([record["messages"] for record in records])
    found = verify_batch(pa.table({"messages": messages}), column="messages")
    assert found["written"].to_pylist() == as_text["written"].to_pylist()


def test_what_is_packed_is_unpacked(refunds: list[str], traces: Path) -> None:
    packed = gzip.compress("\n".join(refunds).encode())
    archive = next(traces.rglob("*.eval")).read_bytes()
    found = verify_batch(pa.table({"text": [packed, archive], "key": [1, 2]}), file="key")
    types = [(row["file"], row["type"]) for row in found.to_pylist()]
    assert types[:3] == [("1", "finding"), ("1", "trace"), ("1", "trace")]
    assert ("2", "trace") in types


def test_a_bad_row_is_told_of_and_the_others_are_verified(refunds: list[str]) -> None:
    bad = ["", "[]", "no JSON", '{"cut": "off', '{"a": 1}', "\x00", None]
    table = pa.table({"text": [*bad, *refunds], "key": list("abcdefg12")})
    found = verify_batch(table, file="key").to_pylist()
    assert [row["file"] for row in found] == [*"abcdefg", "1", "1", "2"]
    assert [row["type"] for row in found] == ["issue"] * 7 + ["finding", "trace", "trace"]
    assert all(row["message"] for row in found[:7])
    assert found[6]["message"] == "null; expected a conversation, so nothing was verified"
    for column in (pa.array([1, 2]), pa.array([True, None]), pa.array([[1], [2]])):
        told = verify_batch(pa.table({"text": column}))
        assert set(told["type"].to_pylist()) == {"issue"}


def test_a_value_that_json_cannot_hold_is_an_issue() -> None:
    day = pa.array([{"day": 0}], pa.struct([("day", pa.date32())]))
    (told,) = verify_batch(pa.table({"text": day})).to_pylist()
    assert told["type"] == "issue"
    assert "at `/day`" in told["message"]


def test_conversations_without_a_name_are_named_after_their_row(refunds: list[str]) -> None:
    nameless = json.dumps(json.loads(refunds[0])["messages"])
    table = pa.table({"text": [nameless, nameless], "key": ["a", None]})
    assert set(verify_batch(table)["trace"].to_pylist()) == {"row#0"}
    found = verify_batch(table, file="key")
    assert found["trace"].to_pylist() == ["a#0", "a#0", "row#0", "row#0"]
    assert found["file"].to_pylist() == ["a", "a", None, None]


def test_mistakes_are_told_before_anything_is_read(refunds: list[str]) -> None:
    table = pa.table({"text": refunds})
    with pytest.raises(InvalidInput, match="no column `trace`; the table has `text`"):
        verify_batch(table, column="trace")
    with pytest.raises(InvalidInput, match="no column `path`"):
        verify_batch(table, file="path")

    def unread() -> Iterator[pa.Table]:
        raise AssertionError
        yield table

    with pytest.raises(InvalidPolicy, match="unknown key `repairs`"):
        verify_batches(unread(), policy={"repairs": True})
    with pytest.raises(InvalidInput, match=r"expected one of .*openai-chat"):
        verify_batches(unread(), trace_format="openai")


def test_batches_are_read_and_written_one_by_one() -> None:
    taken = []

    def batches() -> Iterator[pa.RecordBatch]:
        for n in range(6):
            taken.append(n)
            yield pa.RecordBatch.from_pydict({"text": ["[]"] * 3000})

    out = verify_batches(batches())
    assert next(out).num_rows == 4096
    assert taken == [0, 1]
    assert sum(batch.num_rows for batch in out) == 6 * 3000 - 4096
    assert list(verify_batches([])) == []
    assert verify_batch(pa.table({"text": pa.array([], pa.string())})) == SCHEMA.empty_table()


def test_examples_in_docstrings_run() -> None:
    assert doctest.testmod(arrow).failed == 0
