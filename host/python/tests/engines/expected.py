"""What one machine says, to compare the engines with."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import twinguard

FIELDS = {
    get_args(get_type_hints(of)["type"])[0]: get_type_hints(of) for of in get_args(twinguard.Line)
}


def files(folder: Path) -> list[Path]:
    """The files of a folder that are traces."""
    found, issues = twinguard._twinguard.find([str(folder)])
    assert found
    assert not issues
    return [Path(file) for file in found]


def lines(paths: Iterable[Path], **options: Any) -> dict[str, list[Any]]:
    """What every file gives on its own, in order."""
    return {str(path): list(twinguard.verify(path, **options)) for path in paths}


def by_file(rows: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows of a table as the lines they were, by their file, in the order of the table."""
    found = defaultdict(list)
    for row in rows:
        fields = FIELDS[row["type"]]
        rest = {name for name, value in row.items() if name not in fields and value is not None}
        assert rest <= {"file"}
        found[row["file"]].append({name: row[name] for name in fields})
    return dict(found)


def findings(lines: Iterable[Any]) -> set[str]:
    """The findings among them, as a set."""
    return {json.dumps(line, sort_keys=True) for line in lines if line["type"] == "finding"}
