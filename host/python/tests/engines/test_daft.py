"""Daft, one row after the other: a function that gives as many rows as it likes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import daft
import expected
import pyarrow as pa

from twinguard.arrow import SCHEMA, verify_batch


def test_rows_give_what_their_files_give(traces: Path) -> None:
    of = daft.DataType.from_arrow_type(pa.struct(list(SCHEMA)))

    @daft.func(return_dtype=of, unnest=True)
    def lines(content: bytes, path: str) -> Iterator[dict[str, Any]]:
        row = pa.table({"text": [content], "path": [path]})
        yield from verify_batch(row, file="path").to_pylist()

    paths = expected.files(traces)
    files = daft.from_pydict(
        {"path": [str(path) for path in paths], "bytes": [path.read_bytes() for path in paths]}
    )
    rows = files.select(lines(files["bytes"], files["path"])).to_arrow().to_pylist()
    assert expected.by_file(rows) == expected.lines(paths)
