"""Everything that can be raised. A verdict is never an error, unless it is asked to be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinguard._verdict import Verdict


class TwinguardError(Exception):
    """What every error of this package is."""


class InvalidInput(TwinguardError, ValueError):
    """A value that JSON or UTF-8 cannot hold, or an argument of the wrong type: a cycle, NaN, half
    of a surrogate pair, bytes, a set, a name that does not exist.

    Nothing was observed or checked, so the call it came from must not run.
    """

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message, pointer)
        self.pointer = pointer
        """JSON Pointer (RFC 6901) of the culprit in the value that was given; empty when that is
        the value itself."""

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidPolicy(TwinguardError, ValueError):
    """The policy is not valid JSON, or names something that does not exist; says where."""


class InvalidSnapshot(TwinguardError, ValueError):
    """The snapshot is damaged or from an incompatible version. Observe the conversation again in a
    new session."""


class LimitExceeded(TwinguardError, ValueError):
    """A text is beyond a limit. Nothing was learned from it, and later verdicts of the session say
    `incomplete`."""


class GuardFailed(TwinguardError, RuntimeError):
    """The guard failed while it worked: out of fuel, out of memory, or a bug. The session it
    happened in blocks from then on."""


class SessionClosed(TwinguardError, RuntimeError):
    """The session was closed before. Nothing was checked, so the call must not run."""


class Blocked(TwinguardError):
    """A call that must not run, raised by `Verdict.raise_for_block`. Its text is the verdict's
    message, ready to be the tool's error."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict
        """The whole verdict."""

    def __str__(self) -> str:
        return self.verdict.message
