"""The command `twinguard`: the same program as the native one."""

from __future__ import annotations

import signal
import sys

from twinguard import _twinguard


def main() -> int:
    """Runs the command with the process's arguments and returns its exit code."""
    # Ctrl-C ends the command at once, as it does everywhere. Python's own handler would only note
    # it and wait until the work is done.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _twinguard.run_command(["twinguard", *sys.argv[1:]])
