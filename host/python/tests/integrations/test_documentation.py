"""What is printed of the adapters runs: the docstrings, and the examples with what they print.

The frameworks do not fit into one environment; each run takes what is installed, and fails when
nothing is.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
FRAMEWORKS = {
    "openai_agents": "agents",
    "langchain": "langchain",
    "pydantic_ai": "pydantic_ai",
    "claude_agent_sdk": "claude_agent_sdk",
    "litellm": "litellm",
}
HERE = [name for name, module in FRAMEWORKS.items() if find_spec(module)]
ABSENT = [name for name in FRAMEWORKS if name not in HERE]


@pytest.mark.parametrize("name", ["_conversation", "_missing", *HERE])
def test_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(f"twinguard.integrations.{name}")
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", HERE)
def test_an_example_prints_what_it_says(name: str) -> None:
    example = ROOT / "examples" / "integrations" / f"refund_with_{name}.py"
    says = ast.get_docstring(ast.parse(example.read_text("utf-8"))) or ""
    expected = textwrap.dedent(says.partition("Prints:\n\n")[2])
    ran = subprocess.run(
        [sys.executable, str(example)], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.stdout.splitlines() == expected.splitlines(), ran.stderr


@pytest.mark.parametrize("name", HERE)
def test_the_readme_names_the_adapter_its_extra_and_its_example(name: str) -> None:
    example = f"[example](examples/integrations/refund_with_{name}.py)"
    (row,) = (line for line in README.splitlines() if example in line)
    extra, adapter = re.findall(r"`([\w.-]+)`", row)[:2]
    assert extra == name.replace("_", "-")
    module, _, called = adapter.partition(".")
    assert callable(getattr(importlib.import_module(f"twinguard.integrations.{module}"), called))


def test_the_readme_shows_what_an_example_prints() -> None:
    example = ROOT / "examples" / "integrations" / "refund_with_langchain.py"
    says = ast.get_docstring(ast.parse(example.read_text("utf-8"))) or ""
    assert f"```text\n{textwrap.dedent(says.partition('Prints:')[2]).strip()}\n```" in README


@pytest.mark.parametrize("name", ABSENT)
def test_an_adapter_without_its_framework_says_what_to_install(name: str) -> None:
    extra = name.replace("_", "-")
    with pytest.raises(ImportError, match=rf'pip install "twinguard\[{extra}\]"'):
        importlib.import_module(f"twinguard.integrations.{name}")


def test_something_is_installed() -> None:
    assert HERE
