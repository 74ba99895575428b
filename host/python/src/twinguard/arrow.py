"""Recorded conversations in tables: an Arrow batch in, its findings out.

For engines that hand a function one batch after the other: Spark's `mapInArrow`, Daft, DuckDB,
Polars, or a program with pyarrow alone. `twinguard.ray` is the same for Ray Data.

A row of the input holds what a file would hold for `twinguard.verify`: one record, or as many as
JSON Lines have, as text or as bytes (plain, gzip or zstd), or a record as a nested value. A format
that spreads a conversation over many lines needs them in one row. The output has the columns of
`SCHEMA`, at least one row for every row of the input, and the rows of a conversation one behind the
other. What cannot be read is a row of type `issue` and no exception.

Needs `pip install "twinguard[arrow]"`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

from twinguard import _twinguard
from twinguard._errors import InvalidInput
from twinguard._verify import IssueLine, Line, line

try:
    import pyarrow as pa
except ImportError as error:
    raise ImportError(
        f'`twinguard.arrow` could not import pyarrow ({error}); pip install "twinguard[arrow]"'
    ) from error

__all__ = ["SCHEMA", "verify_batch", "verify_batches"]

_ROWS = 4096
"""Rows of a batch of the output: few enough for memory, whatever the input is."""


def _type(hint: Any) -> pa.DataType:
    """The Arrow type of a field of a line. Spark knows no unsigned numbers and no large strings."""
    if is_typeddict(hint):
        return pa.struct([pa.field(name, _type(of)) for name, of in get_type_hints(hint).items()])
    if get_origin(hint) is list:
        return pa.list_(_type(get_args(hint)[0]))
    if get_origin(hint) is Literal:
        return pa.string()
    plain: dict[Any, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    (there,) = (of for of in get_args(hint) or (hint,) if of is not NoneType)
    return plain[there]


SCHEMA: pa.Schema = pa.schema(
    {
        name: _type(hint)
        for of in (IssueLine, *get_args(Line))
        for name, hint in get_type_hints(of).items()
    }
)
"""The columns of the output: every field of every line that `twinguard.verify` yields, by its name
there. `type` says which kind of line a row is; what such a line has no field for is null. `file` is
what the row of the input is called, on every row; null where it has no name."""


def verify_batch(
    batch: pa.RecordBatch | pa.Table,
    *,
    column: str = "text",
    file: str | None = None,
    policy: dict[str, Any] | str | None = None,
    trace_format: str | None = None,
    all: bool = False,  # noqa: A002 (as on the command line)
) -> pa.Table:
    """Judges every tool call in the conversations of a table, each in a session of its own.

    Args:
        batch: The table.
        column: The column with the conversations.
        file: A column that says what each row is called: a path, a key. It is in the column `file`
            of the output, and in the names of conversations that have none (`run-7.json#0`;
            `row#0` without it).
        policy: As for `Guard`.
        trace_format: As for `verify`.
        all: Also the findings that are allowed.

    Raises:
        InvalidPolicy: At once, before anything is read.
        InvalidInput: At once: a column that is not there, or an unknown `trace_format`.

    >>> import json, pyarrow
    >>> call = {"id": "c1", "function": {"name": "cancel", "arguments": '{"id": "ORD-55-204871"}'}}
    >>> told = {"role": "user", "content": "Cancel ORD-55-204817."}
    >>> run = {"id": "run-1", "messages": [told, {"role": "assistant", "tool_calls": [call]}]}
    >>> table = pyarrow.table({"text": [json.dumps(run), "no trace"]})
    >>> lines = verify_batch(table)
    >>> lines.select(["type", "trace", "written", "relation"]).to_pylist()[0]
    {'type': 'finding', 'trace': 'run-1', 'written': 'ORD-55-204871', 'relation': 'twin'}
    >>> lines["type"].to_pylist()
    ['finding', 'trace', 'issue']
    """
    batches = verify_batches(
        [batch], column=column, file=file, policy=policy, trace_format=trace_format, all=all
    )
    return pa.Table.from_batches(batches, SCHEMA)


def verify_batches(
    batches: Iterable[pa.RecordBatch | pa.Table],
    *,
    column: str = "text",
    file: str | None = None,
    policy: dict[str, Any] | str | None = None,
    trace_format: str | None = None,
    all: bool = False,  # noqa: A002 (as on the command line)
) -> Iterator[pa.RecordBatch]:
    """The same for one batch after the other, for engines that work so.

    The batches of the output are cut by their own length and may be more or fewer than those of the
    input; without input there are none. Arguments and errors are those of `verify_batch`, and a
    column that is not there is told of with the batch it should be in. In Spark:

    ```python
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = from_arrow_schema(twinguard.arrow.SCHEMA)
    lines = spark.read.text("runs.jsonl").mapInArrow(
        lambda batches: twinguard.arrow.verify_batches(batches, column="value"), schema
    )
    ```

    >>> import pyarrow
    >>> batch = pyarrow.RecordBatch.from_pydict({"key": ["a", "b"], "value": ["[]", None]})
    >>> for lines in verify_batches([batch, batch], column="value", file="key"):
    ...     print(lines.num_rows, lines["file"].to_pylist(), set(lines["type"].to_pylist()))
    4 ['a', 'b', 'a', 'b'] {'issue'}
    """
    verifier = _twinguard.Verifier(policy, trace_format, all)
    return _batches(each for batch in batches for each in _judged(verifier, batch, column, file))


def _judged(
    verifier: _twinguard.Verifier, batch: pa.RecordBatch | pa.Table, column: str, file: str | None
) -> Iterator[tuple[str | None, Line]]:
    names = None if file is None else _column(batch, file)
    for index, cell in enumerate(_column(batch, column)):
        key = None if names is None else names[index].as_py()
        name = None if key is None else str(key)
        for each in _lines(verifier, name or "row", cell.as_py()):
            yield name, each


def _lines(verifier: _twinguard.Verifier, name: str, content: object) -> Iterator[Line]:
    try:
        if content is not None:
            return map(line, verifier.content(name, content))
        message = "null; expected a conversation, so nothing was verified"
    except InvalidInput as error:
        message = f"no JSON: {error}"
    return iter([{"type": "issue", "file": name, "line": None, "message": message}])


def _column(batch: pa.RecordBatch | pa.Table, name: str) -> pa.Array[Any] | pa.ChunkedArray[Any]:
    if batch.schema.get_field_index(name) < 0:
        there = ", ".join(f"`{each}`" for each in batch.schema.names)
        raise InvalidInput(f"there is no column `{name}`; the table has {there}")
    return batch.column(name)


def _batches(lines: Iterable[tuple[str | None, Line]]) -> Iterator[pa.RecordBatch]:
    """Lines as rows of the output, each with the name of the input it is from."""
    lines = iter(lines)
    while piece := list(islice(lines, _ROWS)):
        rows = [{**each, "file": name} for name, each in piece]
        yield pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
