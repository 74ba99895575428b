"""Recorded conversations on a cluster, with Ray Data.

`verify` judges the conversations in a dataset, `verify_files` those in files. Both give a dataset
with the columns of `twinguard.arrow.SCHEMA`: the lines of `twinguard.verify`, whichever machine and
process they came from, those of one conversation in order one behind the other. What a killed
process or a lost machine had is done again elsewhere, without end unless `max_retries` is given.

Needs `pip install "twinguard[ray]"`, on every machine of the cluster.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from twinguard import _twinguard
from twinguard._errors import InvalidInput
from twinguard._verify import IssueLine, Line, line, texts

try:
    import pyarrow as pa
    import ray.data
except ImportError as error:
    raise ImportError(
        f'`twinguard.ray` could not import Ray Data ({error}); pip install "twinguard[ray]"'
    ) from error

from twinguard.arrow import _batches, verify_batches

__all__ = ["verify", "verify_files"]


def verify(
    dataset: ray.data.Dataset,
    *,
    column: str = "text",
    file: str | None = None,
    policy: dict[str, Any] | str | None = None,
    trace_format: str | None = None,
    all: bool = False,  # noqa: A002 (as on the command line)
    **options: Any,
) -> ray.data.Dataset:
    """Judges every tool call in the conversations of a dataset.

    Args:
        dataset: One row for every conversation or file, as text, bytes or nested values.
        column: The column with the conversations.
        file: A column that says what each row is called: a path, a key.
        policy: As for `Guard`.
        trace_format: As for `twinguard.verify`.
        all: Also the findings that are allowed.
        options: For `Dataset.map_batches`: `num_cpus`, `memory`, `max_retries` …

    Raises:
        InvalidPolicy: At once, before anything is read.
        InvalidInput: At once: an unknown `trace_format`. A column that is not there ends the run.

    One record a line, from anywhere that Ray reads:

    ```python
    lines = twinguard.ray.verify(ray.data.read_text("s3://bucket/runs/"))
    lines.filter(expr=col("type") == "finding").write_parquet("s3://bucket/findings/")
    ```

    Whole files, for formats that need all lines of a file:

    ```python
    files = ray.data.read_binary_files("s3://bucket/sessions/", include_paths=True)
    lines = twinguard.ray.verify(files, column="bytes", file="path")
    ```
    """
    given: dict[str, Any] = {"policy": policy, "trace_format": trace_format, "all": all}
    _twinguard.Verifier(**given)  # a wrong argument is told here, not by a task
    given |= {"column": column, "file": file}
    return dataset.map_batches(_verified, fn_kwargs=given, **_WHOLE_BLOCKS, **options)


def verify_files(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    policy: dict[str, Any] | str | None = None,
    trace_format: str | None = None,
    all: bool = False,  # noqa: A002 (as on the command line)
    **options: Any,
) -> ray.data.Dataset:
    """Judges every tool call in the conversations of files.

    Files are found where this is called and read where the tasks run, by their absolute path, so
    both need to see them: one machine, or storage that all machines share. One task reads a file
    from its start to its end, one conversation at a time in memory. For other storage, read with
    Ray and call `verify`.

    Args:
        paths: Files, folders and globs, one or many, as for `twinguard.verify`.
        policy: As for `Guard`.
        trace_format: As for `twinguard.verify`.
        all: Also the findings that are allowed.
        options: For `Dataset.map_batches`: `num_cpus`, `memory`, `max_retries` …

    Raises:
        InvalidPolicy: At once, before anything is read.
        InvalidInput: At once: no path, a path that is none, the standard input, or an unknown
            `trace_format`.

    What cannot be read, or is not there, is a row of type `issue`.

    ```python
    lines = twinguard.ray.verify_files("/shared/traces")
    print(lines.filter(expr=col("type") == "issue").count(), "files were not read to their end")
    ```
    """
    given: dict[str, Any] = {"policy": policy, "trace_format": trace_format, "all": all}
    _twinguard.Verifier(**given)
    asked = texts(paths)
    if "-" in asked:
        raise InvalidInput("`-`: tasks have no standard input; name files, folders or globs")
    files, issues = _twinguard.find(asked)
    # Issues go the same way, for all lines to be rows of one dataset.
    items: list[dict[str, str | None]]
    items = [{"file": str(Path(file).absolute()), "issue": None} for file in files]
    items += [{"file": cast(IssueLine, line(text))["file"], "issue": text} for text in issues]
    dataset = ray.data.from_items(items)
    return dataset.map_batches(_verified_files, fn_kwargs=given, **_WHOLE_BLOCKS, **options)


_WHOLE_BLOCKS: dict[str, Any] = {"batch_format": "pyarrow", "batch_size": None}
"""Tables of Arrow. A block is what a task gets, and what is done again when it is lost."""


def _verified(block: Any, **given: Any) -> Iterator[pa.Table]:
    return _tables(verify_batches([block], **given))


def _verified_files(block: Any, **given: Any) -> Iterator[pa.Table]:
    verifier = _twinguard.Verifier(**given)

    def lines() -> Iterator[tuple[str | None, Line]]:
        for item in block.to_pylist():
            file, issue = item["file"], item["issue"]
            for text in verifier.paths([file]) if issue is None else [issue]:
                yield file, line(text)

    return _tables(_batches(lines()))


def _tables(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    return (pa.Table.from_batches([batch]) for batch in batches)
