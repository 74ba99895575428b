"""Stops near-twin identifiers in a model's tool calls before they run.

A `Guard` holds the component; each conversation is a `Session`. Show the session every tool
result, and ask it before every tool call:

>>> from twinguard import Guard
>>> with Guard().session() as session:
...     _ = session.observe({"accounts": [{"id": "acct_7H9j3"}]}, tool="search_customer")
...     verdict = session.check("refund", {"account_id": "acct_7H9j2", "amount": "40.00"})
>>> verdict.allowed
False
>>> print(verdict.findings[0].nearest[0].edit)
the last character is `2`, seen was `3`
"""

from twinguard._errors import (
    Blocked,
    GuardFailed,
    InvalidInput,
    InvalidPolicy,
    InvalidSnapshot,
    LimitExceeded,
    SessionClosed,
    TwinguardError,
)
from twinguard._guard import Guard, Session
from twinguard._twinguard import __version__
from twinguard._verdict import (
    Decision,
    Effect,
    Finding,
    Identifier,
    Neighbour,
    Observation,
    Observed,
    Relation,
    Sighting,
    Source,
    Verdict,
)
from twinguard._verify import (
    FindingLine,
    IssueLine,
    Line,
    NeighbourLine,
    SightingLine,
    StoppedLine,
    TraceLine,
    UncheckedLine,
    verify,
)

__all__ = [
    "Blocked",
    "Decision",
    "Effect",
    "Finding",
    "FindingLine",
    "Guard",
    "GuardFailed",
    "Identifier",
    "InvalidInput",
    "InvalidPolicy",
    "InvalidSnapshot",
    "IssueLine",
    "LimitExceeded",
    "Line",
    "Neighbour",
    "NeighbourLine",
    "Observation",
    "Observed",
    "Relation",
    "Session",
    "SessionClosed",
    "Sighting",
    "SightingLine",
    "Source",
    "StoppedLine",
    "TraceLine",
    "TwinguardError",
    "UncheckedLine",
    "Verdict",
    "__version__",
    "verify",
]
