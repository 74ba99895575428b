"""One conversation of an agent with its tools, whichever framework runs it.

An adapter translates what its framework hands over into events, `Shown` and `Called`, and lets a
`Conversation` follow them. Before a tool runs it asks `Conversation.check`, whose `Outcome` says
what to do. Everything that must not go wrong is in here once: each message is observed once and in
order, the retry cap is kept, and a failure of our own never lets a call through.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from twinguard import Blocked, Guard, GuardFailed, InvalidInput, LimitExceeded, Source, Verdict

logger = logging.getLogger("twinguard")

OnWarn = Callable[[Verdict], None]
"""Called with every verdict whose decision is `warn`, before the call runs."""

MAX_BLOCKS = 3
"""How often one value may be stopped in one place before the run is stopped, unless told
otherwise."""


@dataclass(frozen=True)
class Shown:
    """Something the model was shown.

    `content` is text, or any value that JSON can hold. `incomplete` says that the model saw more
    than this: a picture beside the text, messages that a summary replaced.
    """

    source: Source
    content: Any
    tool: str | None = None
    call_id: str | None = None
    incomplete: bool = False


@dataclass(frozen=True)
class Called:
    """A call the model made, as the history of the framework tells it.

    `turn` names the model's answer that held it: a value that stands in several calls of one answer
    counts as stopped once, for the model had no chance to correct itself in between.
    """

    tool: str
    arguments: str | Mapping[str, Any]
    call_id: str | None = None
    turn: Hashable = None


Event = Shown | Called


class Action(Enum):
    """What an adapter does with a call."""

    RUN = "run"
    """Run the tool."""
    ASK = "ask"
    """Run the tool once a person has agreed."""
    REFUSE = "refuse"
    """Do not run the tool; the message is its error, and the model goes on."""
    STOP = "stop"
    """Do not run the tool, and stop the run: the model does not correct itself."""


@dataclass(frozen=True)
class Outcome:
    """What to do with a call, and why. `verdict` is `None` only where the guard itself failed."""

    action: Action
    message: str = ""
    verdict: Verdict | None = None

    def error(self) -> Exception:
        """What to raise in a framework that is stopped by an exception."""
        return Blocked(self.verdict) if self.verdict is not None else GuardFailed(self.message)


class Conversation:
    """The guard's memory of one conversation.

    Safe to use from several threads. Nothing in here raises: what goes wrong is remembered, and
    every check from then on refuses and says why.

    Example:
        >>> from twinguard import Guard
        >>> conversation = Conversation(Guard())
        >>> conversation.follow([Shown("tool-result", {"id": "acct_7H9j3"}, "search", "c1")])
        >>> conversation.check("refund", {"account_id": "acct_7H9j3"}, call_id="c2").action
        <Action.RUN: 'run'>
        >>> conversation.check("refund", {"account_id": "acct_7H9j2"}, call_id="c3").action
        <Action.REFUSE: 'refuse'>
    """

    def __init__(
        self,
        guard: Guard,
        *,
        max_blocks: int = MAX_BLOCKS,
        on_warn: OnWarn | None = None,
        announces: bool = True,
        can_ask: bool = True,
    ) -> None:
        """Opens a session of `guard`; `announces` is false where a warning is told elsewhere, and
        `can_ask` where no person can ever be asked."""
        self._max_blocks = at_least_one("max_blocks", max_blocks)
        self._session = guard.session()
        self._on_warn = on_warn
        self._announces = announces
        self._can_ask = can_ask
        self._lock = threading.RLock()
        self._known: set[bytes] = set()
        self._open: OrderedDict[bytes, _Judged] = OrderedDict()
        self._blocks: dict[tuple[str, str, str], _Count] = {}
        self._failure: str | None = None

    @property
    def is_new(self) -> bool:
        """Nothing was shown yet: a guard that saw nothing of a conversation cannot judge its
        calls."""
        return not self._known

    def follow(self, events: Iterable[Event]) -> None:
        """Observes what is new in a history; what was followed before is passed over.

        Frameworks hand over the whole history again and again, so this takes all of it. A call that
        was never checked, because it was made before this process began, is replayed: what it
        introduced is known again, and so is how often it was stopped.
        """
        with self._lock:
            try:
                for event in events:
                    self._follow(event)
            except Exception as error:  # whatever it is, the ledger has a hole from here on
                logger.exception("twinguard could not follow the conversation")
                self._failure = self._failure or f"{type(error).__name__}: {error}"

    def check(
        self,
        tool: str,
        arguments: str | Mapping[str, Any],
        call_id: str | None = None,
        *,
        turn: Hashable = None,
        can_ask: bool = True,
    ) -> Outcome:
        """Judges a call before it runs.

        Asking again about the same call, as frameworks do around an approval, gives the same answer
        and counts once. The message of a refusal is written for the model. Where no person can be
        asked about this call, `ask` is a refusal, and counts as one.
        """
        with self._lock:
            try:
                return self._check(Called(tool, arguments, call_id, turn), can_ask)
            except Exception as error:  # an exception of ours must never let the call through
                logger.exception("twinguard could not check a call of %s", tool)
                return self._failed(f"{type(error).__name__}: {error}")

    def _follow(self, event: Event) -> None:
        digest = _digest(event)
        if isinstance(event, Called):
            if digest not in self._known:
                self._judge(event, digest)
            return
        # Ours, not the tool's: the values it names were seen elsewhere, or are the wrong one
        # itself. Looked at again although known, for a call id that comes twice has its second
        # answer here.
        judged = self._answered(event)
        if digest in self._known:
            return
        self._known.add(digest)
        content = (
            "" if judged is not None and judged.was_refused_with(event.content) else event.content
        )
        self._observe(event, content)

    def _observe(self, event: Shown, content: Any) -> None:
        try:
            self._session.observe(
                content, event.source, event.tool, event.call_id, event.incomplete
            )
        except (LimitExceeded, GuardFailed) as error:
            # The session remembers this by itself, and its verdicts say so.
            logger.warning("twinguard did not read a text: %s", error)
        except InvalidInput as error:
            logger.warning("twinguard could not read a text: %s", error)
            self._session.observe("", event.source, event.tool, event.call_id, incomplete=True)

    def _answered(self, event: Shown) -> _Judged | None:
        if event.call_id is None:
            return None
        for digest, judged in reversed(self._open.items()):
            if judged.call.call_id == event.call_id:
                return self._open.pop(digest)
        return None

    def _check(self, call: Called, can_ask: bool) -> Outcome:
        if self._failure is not None:
            return self._failed(self._failure)
        digest = _digest(call)
        judged = self._open.get(digest) if call.call_id is not None else None
        judged = judged or self._judge(call, digest, can_ask)
        if self._announces and not judged.is_announced and judged.verdict.decision == "warn":
            judged.is_announced = True
            logger.warning("%s: %s", call.tool, judged.outcome.message)
            if self._on_warn is not None:
                self._on_warn(judged.verdict)
        return judged.outcome

    def _judge(self, call: Called, digest: bytes, can_ask: bool = True) -> _Judged:
        arguments = call.arguments if isinstance(call.arguments, str) else dict(call.arguments)
        verdict = self._session.check(call.tool, arguments, call_id=call.call_id)
        outcome = Outcome(_ACTIONS[verdict.decision], verdict.message, verdict)
        if outcome.action is Action.ASK and not (can_ask and self._can_ask):
            outcome = without_approval(outcome)
        if outcome.action is Action.REFUSE and self._count(call, verdict) >= self._max_blocks:
            outcome = Outcome(Action.STOP, outcome.message, verdict)
        self._known.add(digest)
        judged = _Judged(call, verdict, outcome)
        self._open[digest] = judged
        while len(self._open) > _OPEN_CALLS:
            self._open.popitem(last=False)
        return judged

    def _count(self, call: Called, verdict: Verdict) -> int:
        """How often the most stubborn value of this call has been stopped now."""
        stopped = [
            (call.tool, each.pointer, each.written)
            for each in verdict.findings
            if each.decision == verdict.decision
        ]
        counts = [self._blocks.setdefault(place, _Count()) for place in stopped or [_UNCHECKED]]
        return max(count.add(call.turn) for count in counts)

    def _failed(self, why: str) -> Outcome:
        message = (
            "The guard that checks identifiers before a call failed, so the call was not run "
            f"({why}). Stop, and tell a person."
        )
        times = self._blocks.setdefault(_UNCHECKED, _Count()).add(None)
        return Outcome(Action.STOP if times >= self._max_blocks else Action.REFUSE, message)


Key = TypeVar("Key", bound=Hashable)


class Conversations(Generic[Key]):
    """The conversations of one agent by the framework's own key for them, the most recently used
    ones.

    At most `limit` are held; beyond that the least recently used one is dropped. Only for adapters
    that can rebuild a dropped one from the history, so that forgetting never means a fresh start.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        max_blocks: int,
        on_warn: OnWarn | None,
        max_conversations: int,
        can_ask: bool = True,
    ) -> None:
        """Takes what a `Conversation` takes, and how many are held."""
        self._guard = guard
        self._max_blocks = at_least_one("max_blocks", max_blocks)
        self._on_warn = on_warn
        self._can_ask = can_ask
        self._limit = at_least_one("max_conversations", max_conversations)
        self._lock = threading.Lock()
        self._held: OrderedDict[Key, Conversation] = OrderedDict()

    def open(self) -> Conversation:
        """A new conversation that is not held."""
        return Conversation(
            self._guard,
            max_blocks=self._max_blocks,
            on_warn=self._on_warn,
            can_ask=self._can_ask,
        )

    def get(self, key: Key) -> Conversation:
        """The conversation of this key, or a new one."""
        with self._lock:
            conversation = self._held.pop(key, None) or self.open()
            self._held[key] = conversation
            if len(self._held) > self._limit:
                self._held.popitem(last=False)
            return conversation


def at_least_one(name: str, value: int) -> int:
    """The value of an option that counts something.

    Raises:
        ValueError: It is 0 or less.
    """
    if value < 1:
        raise ValueError(f"{name} is {value}; it must be at least 1")
    return value


def without_approval(outcome: Outcome) -> Outcome:
    """What becomes of a call that needs a person where no person can be asked."""
    return Outcome(
        Action.REFUSE,
        f"{outcome.message} The call needs a person's confirmation, which cannot be given here. "
        "Tell the user what you wanted to do and why it was stopped, and do not try it again "
        "unless they change the request.",
        outcome.verdict,
    )


def flatten(content: Any) -> tuple[Any, bool]:
    """The readable part of a message's content, and whether the model saw more than that.

    Takes what chat formats hold: a text, or a list of texts and blocks whose `text` is shown. Other
    blocks (pictures, sound, files) cannot be read.
    """
    if not isinstance(content, list):
        return content, False
    texts, incomplete = [], False
    for block in content:
        text = (
            block
            if isinstance(block, str)
            else block.get("text")
            if isinstance(block, Mapping)
            else None
        )
        if isinstance(text, str):
            texts.append(text)
        else:
            incomplete = True
    return "\n".join(texts), incomplete


@dataclass
class _Judged:
    call: Called
    verdict: Verdict
    outcome: Outcome
    is_announced: bool = False

    def was_refused_with(self, content: Any) -> bool:
        refused = self.outcome.action is not Action.RUN and bool(self.outcome.message)
        return refused and isinstance(content, str) and self.outcome.message in content


@dataclass
class _Count:
    times: int = 0
    turns: set[Hashable] = field(default_factory=set)

    def add(self, turn: Hashable) -> int:
        if turn is None or turn not in self.turns:
            self.times += 1
            self.turns.add(turn)
        return self.times


# Calls that wait for their result. Only a conversation whose results never come back reaches this.
_OPEN_CALLS = 10_000

# A call that could not be checked names no value; all of them count as one.
_UNCHECKED = ("", "", "")

_ACTIONS = {"allow": Action.RUN, "warn": Action.RUN, "ask": Action.ASK, "block": Action.REFUSE}


def _digest(event: Event) -> bytes:
    parts: tuple[str | None, ...]
    if isinstance(event, Shown):
        content = event.content if isinstance(event.content, str) else _canonical(event.content)
        parts = ("shown", event.source, event.tool, event.call_id, content)
    else:
        parts = ("called", event.tool, event.call_id, _canonical(event.arguments))
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _canonical(value: Any) -> str:
    """The same text for a call's arguments, whether the framework hands over JSON or what it parsed
    to."""
    try:
        if isinstance(value, str):
            value = json.loads(value)
        return json.dumps(value, sort_keys=True, default=repr)
    except (ValueError, TypeError, RecursionError):
        return repr(value)
