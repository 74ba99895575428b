"""What engines must know before they start, and what the tests share."""

from __future__ import annotations

import logging
import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray.data
from ray.cluster_utils import Cluster

# Nothing is sent anywhere.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["DAFT_ANALYTICS_ENABLED"] = "0"
os.environ["DO_NOT_TRACK"] = "true"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parents[4]


@pytest.fixture(scope="session")
def traces(root: Path) -> Path:
    """Files in every format."""
    return root / "tests" / "data" / "traces"


@pytest.fixture(scope="session")
def command() -> Path:
    """The command that came with the wheel."""
    return Path(sysconfig.get_path("scripts"), "twinguard")


@pytest.fixture(scope="session")
def cluster(root: Path) -> Iterator[None]:
    """Two nodes of Ray, as small as they can be. Their processes stand at the root, for the
    documentation's paths."""
    os.chdir(root)
    node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 << 20}
    cluster = Cluster(True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    ray.init(cluster.address, log_to_driver=False, logging_level=logging.WARNING)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # Tasks, for so few files.
    context.read_op_min_num_blocks = 6
    yield
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]
