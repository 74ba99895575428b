"""The guard and its sessions. The work is done by the extension; this is its typed surface."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Literal

from twinguard import _twinguard
from twinguard._errors import InvalidInput
from twinguard._verdict import Effect, Identifier, Observation, Observed, Source, Verdict


class Guard:
    """The component behind limits, loaded once and shared by every session and thread.

    Example:
        >>> guard = Guard()
        >>> with guard.session() as session:
        ...     _ = session.observe({"accounts": [{"id": "acct_7H9j3"}]}, tool="search")
        ...     verdict = session.check("refund", {"account_id": "acct_7H9j2"})
        >>> verdict.decision, verdict.findings[0].relation
        ('block', 'twin')
    """

    __slots__ = ("_native",)

    def __init__(
        self,
        policy: dict[str, Any] | str | None = None,
        *,
        fuel: int | None = None,
        memory_bytes: int | None = None,
        text_bytes: int | None = None,
        on_failure: Literal["block", "allow"] = "block",
    ) -> None:
        """Loads the component, some milliseconds, and checks the policy.

        Args:
            policy: As a dict or as JSON text; `None` takes the defaults. A TOML file becomes a
                dict by `tomllib.load`.
            fuel: What every operation may use up, about one unit for each instruction; default
                10,000,000,000, about a second. Fuel for the size of the texts is added to it. The
                same work always takes the same fuel.
            memory_bytes: Memory of one session; default 536,870,912 (512 MiB). It holds what was
                seen, and several times the largest text.
            text_bytes: The largest text that is read; default 16,777,216 (16 MiB). The policy has
                a limit of its own, `limits.text_bytes`; the smaller one counts.
            on_failure: What a verdict is when the guard itself fails (out of fuel, out of memory,
                a bug): `block`, or `allow` for programs that would rather be unguarded than stand
                still. A call beyond a limit is blocked either way.

        Raises:
            InvalidPolicy: The policy is wrong; the message says where.
            InvalidInput: A limit that is no such number, or a policy that JSON cannot hold.
            LimitExceeded: The policy is longer than `text_bytes`.
            GuardFailed: The component cannot run on this machine, or under limits this small.
        """
        self._native = _twinguard.Guard(policy, fuel, memory_bytes, text_bytes, on_failure)

    def session(self) -> Session:
        """Opens a session, for one conversation.

        Raises:
            GuardFailed: The limits are too small to open anything.

        >>> with Guard().session() as session:
        ...     session.closed
        False
        >>> session.closed
        True
        """
        return Session(self._native.session())

    def restore(self, snapshot: bytes) -> Session:
        """Continues a session from its snapshot, under this guard's policy and limits.

        Raises:
            InvalidSnapshot: It is damaged, or from an incompatible version.
            InvalidInput: It is not `bytes`.
            GuardFailed: The limits are too small for it.

        >>> guard = Guard()
        >>> session = guard.session()
        >>> _ = session.observe({"id": "acct_7H9j3"})
        >>> restored = guard.restore(session.snapshot())
        >>> restored.check("refund", {"account_id": "acct_7H9j2"}).decision
        'block'
        """
        return Session(self._native.restore(snapshot))

    def check_once(
        self,
        seen: Iterable[Observation],
        tool: str,
        arguments: dict[str, Any] | str,
        call_id: str | None = None,
        effect: Effect | None = None,
    ) -> Verdict:
        """Opens a session, observes, checks one call and forgets.

        Args:
            seen: What the model was shown, in that order.
            tool: As in `Session.check`, and so are the others.

        Raises:
            InvalidInput: As `Session.observe` and `Session.check` raise it.
            LimitExceeded: A text is beyond a limit. Unlike in a session no verdict is given on the
                rest, so the call must not run.
            GuardFailed: The guard failed, so the call must not run.

        >>> seen = [Observation({"id": "acct_7H9j3"}, tool="search")]
        >>> Guard().check_once(seen, "refund", {"account_id": "acct_7H9j2"}).decision
        'block'
        """
        if not isinstance(seen, Iterable):
            raise InvalidInput(f"`seen` must hold Observations, not {type(seen).__name__}")
        return self._native.check_once(list(seen), tool, arguments, call_id, effect)

    def __repr__(self) -> str:
        return "<twinguard.Guard>"


class Session:
    """The memory of one conversation, opened by `Guard.session` or `Guard.restore`.

    Feed it every source in the order in which the model saw it (`observe`), ask before every tool
    call (`check`), and run the tool only when the verdict lets you.

    **Threads.** A session may be used from any thread. Its operations run one at a time: a second
    thread waits, without the interpreter's lock, until the first is done. The order of what was
    observed matters, so most programs keep a session in one thread. Different sessions run side by
    side.

    **Failing closed.** When the guard fails (out of fuel, out of memory, a bug), this session
    blocks that call and every later one, and says why; see `failure`. It never goes on with an
    empty memory.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _twinguard.Session) -> None:
        """Not for you: `Guard.session` opens a session."""
        self._native = native

    def observe(
        self,
        content: object,
        source: Source = "tool-result",
        tool: str | None = None,
        call_id: str | None = None,
        incomplete: bool = False,
    ) -> Observed:
        """Remembers every identifier in what the model was shown.

        Args:
            content: The text exactly as the model saw it, or any value that JSON can hold: dicts,
                lists, tuples, strings, numbers, booleans, `None`. Values are written as
                `json.dumps` would, every digit of an integer included.
            source: Where it came from. Assistant text and tool arguments are never a source.
            tool: The tool's name, for a tool result.
            call_id: Pairs a result with its call. Without one, a result is paired with the oldest
                unanswered call of the same tool.
            incomplete: The model saw more, or less, than this (cut, summarised, moved to a file).
                "Unseen" is then less certain, and findings say so.

        Raises:
            InvalidInput: The content holds what JSON cannot; names the place.
            LimitExceeded: The text is too large. Nothing was learned from it, and later verdicts
                say `incomplete`.
            GuardFailed: The guard failed, now or before; this session blocks from now on.
            SessionClosed: The session was closed.

        >>> session = Guard().session()
        >>> session.observe({"id": "acct_7H9j3"}, tool="search").incomplete
        False
        """
        return self._native.observe(content, source, tool, call_id, incomplete)

    def check(
        self,
        tool: str,
        arguments: dict[str, Any] | str,
        call_id: str | None = None,
        effect: Effect | None = None,
    ) -> Verdict:
        """Judges a call before it runs.

        The call counts as made: what it newly introduces is known from here on, and its result is
        expected under its call id. A call that could not be checked is blocked, and the verdict's
        message says why; that is no error.

        Args:
            tool: The tool's name.
            arguments: A dict, or the JSON text as the model wrote it. The text is better where you
                have it: `json.loads` rounds decimals. Text that is not JSON is checked as plain
                text.
            call_id: The identifier the call's result will carry.
            effect: What the call does, when you know. Otherwise the policy and then the tool's
                name decide.

        Raises:
            InvalidInput: The arguments are neither, or hold what JSON cannot; names the place. The
                call must not run.
            SessionClosed: The session was closed. The call must not run.

        >>> Guard().session().check("get_order", {"order_id": "ORD-55-204817"}).allowed
        True
        """
        return self._native.check(tool, arguments, call_id, effect)

    def check_text(self, text: str) -> Verdict:
        """Judges a text that the assistant is about to show to the user. Changes nothing.

        Raises:
            InvalidInput: It is no string, or holds half of a surrogate pair.
            SessionClosed: The session was closed.

        >>> session = Guard().session()
        >>> _ = session.observe({"id": "acct_7H9j3"})
        >>> session.check_text("I refunded acct_7H9j2.").findings[0].relation
        'twin'
        """
        return self._native.check_text(text)

    def identify(self, text: str) -> list[Identifier]:
        """Lists the identifiers of a text and where each was seen. Changes nothing.

        Raises:
            InvalidInput: It is no string, or holds half of a surrogate pair.
            LimitExceeded: The text is too large.
            GuardFailed: The guard failed, now or before.
            SessionClosed: The session was closed.

        >>> [found.kind for found in Guard().session().identify("mail ada@example.com")]
        ['email']
        """
        return self._native.identify(text)

    def snapshot(self) -> bytes:
        """The whole memory of the session, for `Guard.restore` in this process or another. Equal
        sessions give equal bytes.

        Raises:
            GuardFailed: The guard failed, now or before.
            SessionClosed: The session was closed.

        >>> guard = Guard()
        >>> snapshot = guard.session().snapshot()
        >>> guard.restore(snapshot).snapshot() == snapshot
        True
        """
        return self._native.snapshot()

    @property
    def failure(self) -> str | None:
        """Why this session can no longer be trusted, if it cannot; `None` while all is well.

        Raises:
            SessionClosed: The session was closed.

        >>> Guard().session().failure is None
        True
        """
        return self._native.failure()

    @property
    def closed(self) -> bool:
        """Whether the session was closed."""
        return self._native.closed()

    def close(self) -> None:
        """Frees the session's memory. Waits for an operation that another thread has begun.
        Closing twice does nothing."""
        self._native.close()

    def __enter__(self) -> Session:
        """The session itself; leaving the block closes it.

        Raises:
            SessionClosed: The session was closed.
        """
        self._native.failure()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<twinguard.Session{', closed' if self.closed else ''}>"
