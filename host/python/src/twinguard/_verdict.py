"""What the guard says: verdicts, findings, and where a value was seen.

All of it is plain frozen data: comparable, hashable, picklable, and ready for
`dataclasses.asdict`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from twinguard._errors import Blocked

Decision: TypeAlias = Literal["allow", "warn", "ask", "block"]
"""What to do with a call, from harmless to harmful: run it; run it and record the finding; run it
only after a person has confirmed it; do not run it."""

Source: TypeAlias = Literal["tool-result", "user-message", "system-prompt", "host"]
"""Where a text came from. `host` stands for values that the program itself vouches for. What the
assistant wrote is never a source."""

Effect: TypeAlias = Literal["reads", "changes"]
"""What a call does to the world: it looks something up, or it creates, changes, sends or
deletes."""

Relation: TypeAlias = Literal[
    "exact",
    "equivalent",
    "derived",
    "introduced",
    "twin",
    "confusable",
    "recased",
    "truncated",
    "reprefixed",
    "rounded",
    "invalid",
    "misfield",
    "collision",
    "crossed",
    "sibling",
    "unseen",
]
"""How a written identifier stands to what was seen:

| relation | meaning |
|---|---|
| `exact` | literally seen |
| `equivalent` | seen in another legitimate spelling: the case of a UUID, a number as a string |
| `derived` | made of seen parts: a path joined from pieces, a unique prefix of a hash |
| `introduced` | first written by the model, near to nothing seen, and used since |
| `twin` | never seen, one to three edits from one that was |
| `confusable` | differs from a seen one only by look-alike or invisible characters |
| `recased` | differs only in letter case, where case matters |
| `truncated` | a seen one with its tail cut or its middle left out |
| `reprefixed` | the body of a seen one under another type prefix |
| `rounded` | what a 64-bit float makes of a seen integer beyond 2^53 |
| `invalid` | unseen, and its own check digits fail |
| `misfield` | seen, but only under other fields, or not where the policy wants it to have been |
| `collision` | seen, and so is a twin of it |
| `crossed` | seen, but the record of another identifier in the call names a different one |
| `sibling` | an unseen member of a dense family, where nearness says nothing |
| `unseen` | nothing like it was seen |
"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One literal appearance of an identifier in a source."""

    source: Source
    """The kind of source it stood in."""
    tool: str | None
    """The tool whose result it was."""
    call_id: str | None
    """The call whose result it was."""
    turn: int
    """Which event of the session it was: every `observe` and every `check` counts one, from 0."""
    pointer: str
    """JSON Pointer (RFC 6901) of the value that held it; empty for plain text."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A seen identifier that the written one was compared with."""

    value: str
    """The seen identifier as it stood in the source."""
    distance: int
    """Edits between the two: insert, delete, replace, swap of neighbours. 0 for the identifier
    itself."""
    edit: str
    """The difference in words; empty when equal."""
    seen_in: tuple[Sighting, ...]
    """Where it was seen, earliest first, at most eight; of one that is allowed as it is, the first
    and the latest place."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One identifier of a call and what is known of it."""

    pointer: str
    """JSON Pointer (RFC 6901) into the call's arguments; empty when they are one plain text."""
    span: tuple[int, int]
    """First byte, and one past the last, of the identifier in the value at `pointer`: in the UTF-8
    of the string, or in the text of a number. For an object's key, in the key."""
    written: str
    """The identifier as written, or `[credential]` where the value looks like a secret."""
    kind: str
    """The identifier's kind: `uuid`, `prefixed`, `order`, … An open set."""
    relation: Relation
    """How it stands to what was seen."""
    decision: Decision
    """What the policy makes of that here."""
    coincidence: float
    """Chance, from 0 to 1, that an unrelated fresh identifier of this shape would have a seen
    neighbour this near. 0 where the question does not arise."""
    nearest: tuple[Neighbour, ...]
    """The nearest seen identifiers, best first, at most six."""
    message: str
    """One paragraph for the model and for people: what was written, what was seen and where, and
    what to do. Empty when the decision is `allow`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a check."""

    decision: Decision
    """The highest decision among the findings; `block` when the call could not be checked."""
    findings: tuple[Finding, ...]
    """One for every identifier in the call, allowed ones included; the gravest first where the
    policy's `limits.findings` (default 1000) cuts the list. Empty when the call could not be
    checked."""
    message: str
    """The messages of the findings with the highest decision, ready to be the tool's error. Empty
    when there is nothing to say."""
    repaired: str | None
    """The arguments as JSON text with the one unambiguous twin replaced. Only when the policy opts
    in (`repair`), otherwise `None`."""

    @property
    def allowed(self) -> bool:
        """Whether the call may run as it is: the decision is `allow` or `warn`."""
        return self.decision in ("allow", "warn")

    def raise_for_block(self, *, confirmed: bool = False) -> None:
        """Raises unless the call may run.

        `confirmed` says that a person has looked at this very call and wants it: then an `ask`
        passes as well. A `block` never does.

        Raises:
            Blocked: when the decision is `block`, or `ask` without confirmation.

        >>> Verdict("ask", (), "Is it ORD-1 that you mean?", None).raise_for_block()
        Traceback (most recent call last):
        twinguard._errors.Blocked: Is it ORD-1 that you mean?
        >>> Verdict("ask", (), "Is it ORD-1 that you mean?", None).raise_for_block(confirmed=True)
        """
        if not (self.allowed or (confirmed and self.decision == "ask")):
            raise Blocked(self)


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observation added."""

    identifiers: int
    """Identifiers the text held."""
    new: int
    """Those the session had not known."""
    incomplete: bool
    """The session, or this text, does not hold everything the model saw."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier found in a text."""

    pointer: str
    """JSON Pointer (RFC 6901) of the value that holds it; empty for plain text."""
    span: tuple[int, int]
    """First byte, and one past the last, in the UTF-8 of that value."""
    text: str
    """The identifier as written, or `[credential]`."""
    kind: str
    """Its kind."""
    canonical: str
    """The form under which equal identifiers are equal."""
    relation: Relation
    """How it stands to what this session has seen."""
    seen_in: tuple[Sighting, ...]
    """Where it was seen, earliest first, at most eight; empty when it was not."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One text the model was shown, for `Guard.check_once`. The fields are the arguments of
    `Session.observe`."""

    content: object
    """The text, or any value that JSON can hold."""
    source: Source = "tool-result"
    """Where it came from."""
    tool: str | None = None
    """The tool's name, for a tool result."""
    call_id: str | None = None
    """Pairs a result with its call."""
    incomplete: bool = False
    """The program knows that the model saw more, or less, than this."""
