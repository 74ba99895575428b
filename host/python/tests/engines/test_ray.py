"""On a real cluster: several processes on two nodes, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import expected
import pyarrow as pa
import pytest
import ray
import ray.data
from ray.data.expressions import col

import twinguard.ray
from twinguard import InvalidInput, InvalidPolicy

pytestmark = pytest.mark.usefixtures("cluster")


def test_files_give_what_one_machine_finds(traces: Path, command: Path) -> None:
    rows = twinguard.ray.verify_files(traces).take_all()
    paths = expected.files(traces)
    # Every line of every file, in the order of the file.
    assert expected.by_file(rows) == expected.lines(paths)
    alone = [str(command), "verify", "--format", "jsonl", str(traces)]
    done = subprocess.run(alone, capture_output=True, check=False)
    told = map(json.loads, done.stdout.splitlines())
    found = expected.findings(line for lines in expected.by_file(rows).values() for line in lines)
    assert found == expected.findings(told)
    assert found


def test_a_killed_process_changes_nothing(root: Path, tmp_path: Path) -> None:
    refunds = (root / "examples" / "refund.jsonl").read_text("utf-8").splitlines()
    texts = [refunds[n % 2].replace("refund-", f"{n}-") for n in range(48)]
    marked, processes = tmp_path / "marked", tmp_path / "processes"
    processes.mkdir()

    def until_killed(block: Any) -> Iterator[pa.Table]:
        """In one process with `verify`, which has judged the first half when the second comes."""
        (processes / f"{ray.get_runtime_context().get_node_id()}-{os.getpid()}").touch()
        half = block.num_rows // 2
        yield block.slice(0, half)
        if "20" in block["key"].to_pylist() and not marked.exists():
            written = marked.with_suffix(".new")
            written.write_text(str(os.getpid()))
            written.rename(marked)
            time.sleep(600)
        yield block.slice(half)

    def kill() -> None:
        while not marked.exists():
            time.sleep(0.1)
        os.kill(int(marked.read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    items = [{"key": str(n), "text": text} for n, text in enumerate(texts)]
    blocks = ray.data.from_items(items, override_num_blocks=6)
    dataset = blocks.map_batches(until_killed, batch_format="pyarrow", batch_size=None)
    rows = twinguard.ray.verify(dataset, file="key").take_all()
    killer.join()

    names = [path.name.split("-") for path in processes.iterdir()]
    assert len({node for node, _ in names}) == 2
    assert marked.read_text() in {process for _, process in names}
    assert len(names) >= 3
    for n, text in enumerate(texts):
        (tmp_path / str(n)).write_text(text)
    alone = expected.lines(tmp_path / str(n) for n in range(len(texts)))
    assert expected.by_file(rows) == {Path(file).name: lines for file, lines in alone.items()}


def test_files_may_be_read_by_ray(traces: Path) -> None:
    files = ray.data.read_binary_files(str(traces / "tau-bench"), include_paths=True)
    rows = twinguard.ray.verify(files, column="bytes", file="path", num_cpus=0.5).take_all()
    assert expected.by_file(rows) == expected.lines(expected.files(traces / "tau-bench"))


def test_a_bad_file_is_told_of_and_the_others_are_verified(root: Path, tmp_path: Path) -> None:
    good, cut, none = tmp_path / "good.jsonl", tmp_path / "cut.json.gz", tmp_path / "none.json"
    good.write_bytes((root / "examples" / "refund.jsonl").read_bytes())
    cut.write_bytes(b"\x1f\x8b\x08 and no more")
    gone = tmp_path / "gone.json"
    gone.symlink_to(none)
    found = expected.by_file(twinguard.ray.verify_files([tmp_path, none, gone]).take_all())
    assert [line["type"] for line in found[str(good)]] == ["finding", "trace", "trace"]
    assert {file: lines[0]["type"] for file, lines in found.items() if file != str(good)} == {
        str(cut): "issue",
        str(none): "issue",
        str(gone): "issue",
    }


def test_mistakes_are_told_before_anything_runs(traces: Path) -> None:
    dataset = ray.data.from_items([{"text": "[]"}])
    with pytest.raises(InvalidPolicy, match="unknown key `repairs`"):
        twinguard.ray.verify(dataset, policy={"repairs": True})
    with pytest.raises(InvalidInput, match=r"expected one of .*openai-chat"):
        twinguard.ray.verify_files(traces, trace_format="openai")
    with pytest.raises(InvalidInput, match="tasks have no standard input"):
        twinguard.ray.verify_files("-")
    with pytest.raises(InvalidInput, match="`paths` is empty"):
        twinguard.ray.verify_files([])


def test_a_column_that_is_not_there_ends_the_run() -> None:
    dataset = ray.data.from_items([{"text": "[]"}])
    with pytest.raises(InvalidInput, match="no column `trace`; the table has `text`"):
        twinguard.ray.verify(dataset, column="trace").take_all()


def test_no_rows_give_no_rows() -> None:
    dataset = ray.data.from_items([{"text": "[]"}]).filter(expr=col("text") != "[]")
    assert twinguard.ray.verify(dataset).take_all() == []
