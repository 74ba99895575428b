"""Memory after a hundred thousand conversations."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: the peak of this one may lie far above anything that leaks.
PROGRAM = """
import resource, sys
from twinguard import Guard

guard = Guard()

def converse(number, close):
    session = guard.session()
    session.observe({"id": f"acct_{number}Kx7"})
    assert session.check("refund", {"account_id": f"acct_{number}Kx8"}).decision == "block"
    if close:
        session.close()

def peak():
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes // (1024 if sys.platform == "darwin" else 1)

for number in range(500):
    converse(number, close=number % 2)
before = peak()
for number in range(2_000):
    converse(number, close=number % 2)
for number in range(98_000):
    with guard.session():
        pass
print(peak() - before)
"""


def test_100_000_sessions_leave_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    # One leaked page each would be 400 MB, one leaked word each 0.8 MB.
    assert int(done.stdout) < 2048, f"{done.stdout} KB more"
