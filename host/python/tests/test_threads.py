"""One session from many threads, and other threads while a session works."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from twinguard import Guard, SessionClosed

SEEN = {"accounts": [{"id": "acct_7H9j3"}]}


def test_a_session_takes_one_thread_after_the_other(guard: Guard) -> None:
    session = guard.session()
    session.observe(SEEN)

    def work(number: int) -> list[str]:
        decisions: list[str] = []
        for turn in range(50):
            session.observe({"id": f"ord_{number}k{turn}Qz7Lw"}, tool="search")
            decisions.append(session.check("refund", {"account_id": "acct_7H9j2"}).decision)
            decisions.append(session.check("refund", {"account_id": "acct_7H9j3"}).decision)
        return decisions

    with ThreadPoolExecutor(4) as threads:
        for decisions in threads.map(work, range(4)):
            assert decisions == ["block", "allow"] * 50
    # Every event was counted once, and nothing was lost: 601 events, the last is number 600.
    turns = set()
    for number in range(4):
        for turn in range(50):
            (found,) = session.identify(f"ord_{number}k{turn}Qz7Lw")
            turns.add(found.seen_in[0].turn)
    assert len(turns) == 200
    assert max(turns) <= 600


def test_closing_waits_for_what_has_begun_and_stops_the_rest(guard: Guard) -> None:
    session = guard.session()
    begun = threading.Event()

    def work() -> int:
        for number in range(1_000_000):
            begun.set()
            try:
                assert session.check("refund", {"account_id": "acct_7H9j3"}).allowed
            except SessionClosed:
                return number
        raise AssertionError

    with ThreadPoolExecutor(2) as threads:
        working = [threads.submit(work) for _ in range(2)]
        begun.wait()
        session.close()
        assert all(one.result(60) >= 0 for one in working)
    assert session.closed


def test_other_threads_run_while_a_session_works(guard: Guard) -> None:
    text = "order 4711 for Ada, acct_7H9j3, opened by hand. " * 50_000

    def longest_wait() -> float:
        """The longest time, as a share of the work's, in which this thread was held up."""
        session, done = guard.session(), threading.Event()
        durations = []

        def work() -> None:
            begin = time.perf_counter()
            session.observe(text)
            durations.append(time.perf_counter() - begin)
            done.set()

        worker = threading.Thread(target=work)
        worker.start()
        longest, last = 0.0, time.perf_counter()
        while not done.is_set():
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        worker.join()
        return longest / durations[0]

    # With the interpreter's lock held it would be all of it, every time.
    assert any(longest_wait() < 0.5 for _ in range(5))


def test_sessions_work_side_by_side(guard: Guard) -> None:
    def converse(number: int) -> tuple[str, str]:
        with guard.session() as session:
            session.observe({"id": f"acct_7H9j{number % 10}Kx"})
            right = session.check("refund", {"account_id": f"acct_7H9j{number % 10}Kx"})
            wrong = session.check("refund", {"account_id": f"acct_7H9j{number % 10}Ky"})
        return right.decision, wrong.decision

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(converse, range(200))) == {("allow", "block")}
