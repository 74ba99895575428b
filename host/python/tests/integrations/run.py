"""Tests the adapters against their frameworks, and `twinguard.arrow` and `twinguard.ray` in their
engines: `python run.py WHEEL FOLDER`.

WHEEL is the built package, FOLDER is where the environments are made, once; frameworks are
installed there again only after the requirements changed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1]
ENGINES = HERE.with_name("engines")
SHARED = ["scenarios.py", "test_conversation.py", "test_documentation.py", "run.py"]
ENVIRONMENTS = {
    "requirements.txt": ["openai_agents", "langchain", "pydantic_ai", "claude_agent_sdk"],
    "requirements-litellm.txt": ["litellm"],
}


def main(wheel: Path, folder: Path) -> None:
    """Runs everything, and stops at the first failure."""
    for requirements, adapters in ENVIRONMENTS.items():
        python = environment(folder / Path(requirements).stem, HERE / requirements)
        run(python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", wheel)
        tests = [HERE / name for name in SHARED]
        tests += [HERE / f"test_{name}.py" for name in adapters]
        examples = [PACKAGE / f"examples/integrations/refund_with_{name}.py" for name in adapters]
        sources = PACKAGE.glob("src/twinguard/integrations/_*.py")
        modules = [PACKAGE / f"src/twinguard/integrations/{name}.py" for name in adapters]
        cache = folder / f"mypy-{Path(requirements).stem}"
        run(python, "-m", "mypy", "--cache-dir", cache, *sources, *modules, *tests, *examples)
        run(python, "-m", "pytest", "-p", "no:cacheprovider", *tests)
    python = environment(folder / "engines", ENGINES / "requirements.txt")
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", wheel)
    modules = [PACKAGE / f"src/twinguard/{name}.py" for name in ("arrow", "ray")]
    cache = folder / "mypy-engines"
    run(python, "-m", "mypy", "--cache-dir", cache, *modules, *ENGINES.glob("*.py"))
    run(python, "-m", "pytest", "-p", "no:cacheprovider", ENGINES)


def environment(folder: Path, requirements: Path) -> Path:
    """The interpreter of an environment that holds what the requirements say."""
    constraints = requirements.with_name(requirements.name.replace("requirements", "constraints"))
    said = hashlib.sha256(requirements.read_bytes() + constraints.read_bytes()).hexdigest()
    python, stamp = folder / "bin" / "python", folder / "installed"
    if not stamp.is_file() or stamp.read_text() != said:
        venv.create(folder, with_pip=True, clear=True)
        run(python, "-m", "pip", "install", "-q", "-r", requirements)
        stamp.write_text(said)
    return python


def run(*command: str | Path) -> None:
    """Runs a command in the package's folder, for its configuration."""
    done = subprocess.run([str(each) for each in command], cwd=PACKAGE, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
