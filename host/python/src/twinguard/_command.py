"""The command `twinguard`: the same program as the native one."""

from __future__ import annotations

import signal
import sys
import sysconfig
from pathlib import Path

from twinguard import _twinguard


def main() -> int:
    """Runs the command with the process's arguments and returns its exit code."""
    # Ctrl-C ends the command at once, as it does everywhere. Python's own handler would only note
    # it and wait until the work is done.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _twinguard.run_command([_place(), *sys.argv[1:]])


def _place() -> str:
    """Where the command lies, for what calls it again: the hooks of `twinguard init`."""
    called = Path(sys.argv[0]).absolute()
    if called.stem != "twinguard":  # `python -m twinguard`
        called = Path(sysconfig.get_path("scripts"), "twinguard")
    return str(called)
