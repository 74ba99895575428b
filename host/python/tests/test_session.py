"""The surface, as its documentation has it."""

from __future__ import annotations

import copy
import dataclasses
import multiprocessing
import pickle
import re
from pathlib import Path
from typing import get_args

import pytest

import twinguard
from twinguard import Blocked, Guard, InvalidPolicy, InvalidSnapshot, Observation, SessionClosed

SEEN = {"accounts": [{"id": "acct_7H9j3", "owner": "Ada"}]}
RIGHT = {"account_id": "acct_7H9j3", "cents": 4200}
TWIN = {"account_id": "acct_7H9j2", "cents": 4200}


def test_a_verdict_tells_everything(guard: Guard) -> None:
    with guard.session() as session:
        observed = session.observe(SEEN, tool="search", call_id="c1")
        assert observed.identifiers == observed.new > 0
        assert not observed.incomplete
        again = guard.restore(session.snapshot()).observe(SEEN)
        assert (again.identifiers, again.new) == (observed.identifiers, 0)
        verdict = session.check("refund", TWIN, call_id="c2", effect="changes")
    assert verdict.decision == "block"
    assert not verdict.allowed
    assert verdict.repaired is None
    (finding,) = verdict.findings
    assert (finding.pointer, finding.span, finding.written) == (
        "/account_id",
        (0, 10),
        "acct_7H9j2",
    )
    assert (finding.kind, finding.relation, finding.decision) == ("prefixed", "twin", "block")
    assert 0 < finding.coincidence < 1e-3
    assert finding.message == verdict.message
    (neighbour,) = finding.nearest
    assert (neighbour.value, neighbour.distance) == ("acct_7H9j3", 1)
    assert neighbour.edit == "the last character is `2`, seen was `3`"
    expected = twinguard.Sighting("tool-result", "search", "c1", 0, "/accounts/0/id")
    assert neighbour.seen_in == (expected,)


def test_an_honest_call_passes_and_raises_nothing(guard: Guard) -> None:
    session = guard.session()
    session.observe(SEEN)
    verdict = session.check("refund", RIGHT)
    assert verdict.decision == "allow"
    assert verdict.message == ""
    assert verdict.findings[0].relation == "exact"
    verdict.raise_for_block()


def test_a_verdict_raises_only_when_it_is_asked_to(guard: Guard) -> None:
    session = guard.session()
    session.observe(SEEN)
    verdict = session.check("refund", TWIN)
    with pytest.raises(Blocked) as caught:
        verdict.raise_for_block(confirmed=True)
    assert caught.value.verdict is verdict
    assert str(caught.value) == verdict.message
    assert pickle.loads(pickle.dumps(caught.value)).verdict == verdict  # noqa: S301


@pytest.mark.parametrize(
    ("decision", "alone", "confirmed"),
    [("allow", True, True), ("warn", True, True), ("ask", False, True), ("block", False, False)],
)
def test_an_ask_passes_only_when_confirmed(
    decision: twinguard.Decision, alone: bool, confirmed: bool
) -> None:
    verdict = twinguard.Verdict(decision, (), "", None)
    assert verdict.allowed == alone
    for answer, passes in ((False, alone), (True, confirmed)):
        try:
            verdict.raise_for_block(confirmed=answer)
        except Blocked:
            assert not passes
        else:
            assert passes


def test_verdicts_are_values(guard: Guard) -> None:
    def judged() -> twinguard.Verdict:
        session = guard.session()
        session.observe(SEEN)
        return session.check("refund", TWIN)

    verdict = judged()
    assert verdict == judged()
    assert hash(verdict) == hash(judged())
    assert pickle.loads(pickle.dumps(verdict)) == verdict  # noqa: S301
    assert copy.deepcopy(verdict) == verdict
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.decision = "allow"  # type: ignore[misc]


def test_a_tool_result_may_be_a_value_or_its_text(guard: Guard) -> None:
    value, text = guard.session(), guard.session()
    value.observe(SEEN)
    text.observe('{"accounts":[{"id":"acct_7H9j3","owner":"Ada"}]}')
    assert value.snapshot() == text.snapshot()


def test_big_integers_keep_their_digits(guard: Guard) -> None:
    session = guard.session()
    session.observe({"message_id": 1234567890123456789012345})
    seen = session.check("delete", {"message_id": 1234567890123456789012345})
    assert (seen.findings[0].written, seen.decision) == ("1234567890123456789012345", "allow")
    # What a float would make of it is told apart.
    session.observe({"user_id": 9007199254740993})
    rounded = session.check("delete", {"user_id": 9007199254740992})
    assert (rounded.findings[0].relation, rounded.decision) == ("rounded", "block")


def test_sources_count_and_the_assistants_words_do_not(guard: Guard) -> None:
    session = guard.session()
    session.observe("Cancel ORD-55-204817, please.", source="user-message")
    assert session.check("cancel_order", {"order_id": "ORD-55-204817"}).allowed
    listed = guard.session()
    listed.observe("acct_7H9j3", source="host")
    found = listed.check("refund", RIGHT).findings[0]
    assert found.nearest[0].seen_in[0].source == "host"


def test_a_text_is_judged_and_its_identifiers_are_listed(guard: Guard) -> None:
    session = guard.session()
    session.observe(SEEN)
    before = session.snapshot()
    assert not session.check_text("I refunded acct_7H9j2.").allowed
    found = session.identify("acct_7H9j3 and ada@example.com")
    assert [(one.text, one.kind, one.relation, one.span) for one in found] == [
        ("acct_7H9j3", "prefixed", "exact", (0, 10)),
        ("ada@example.com", "email", "unseen", (15, 30)),
    ]
    assert found[0].seen_in[0].pointer == "/accounts/0/id"
    assert session.snapshot() == before


def test_a_session_goes_on_from_its_snapshot(guard: Guard) -> None:
    with guard.session() as session:
        session.observe(SEEN)
        snapshot = session.snapshot()
    assert isinstance(snapshot, bytes)
    restored = guard.restore(snapshot)
    assert restored.snapshot() == snapshot
    assert restored.check("refund", TWIN).decision == "block"
    assert restored.check("refund", RIGHT).decision == "allow"
    with pytest.raises(InvalidSnapshot, match="observe the conversation again"):
        guard.restore(snapshot[:-1])


def test_one_call_may_be_checked_without_a_session(guard: Guard) -> None:
    seen = (Observation(SEEN, tool="search"), Observation("Thanks!", source="user-message"))
    assert guard.check_once(iter(seen), "refund", TWIN).decision == "block"
    assert guard.check_once(seen, "refund", '{"account_id": "acct_7H9j3"}').decision == "allow"
    session = guard.session()
    for one in seen:
        session.observe(one.content, one.source, one.tool, one.call_id, one.incomplete)
    assert session.check("refund", TWIN) == guard.check_once(seen, "refund", TWIN)


@pytest.mark.parametrize("policy", [{"repair": True}, '{"repair": true}'])
def test_a_policy_may_be_a_dict_or_its_text(policy: dict[str, bool] | str) -> None:
    session = Guard(policy).session()
    session.observe(SEEN)
    assert (
        session.check("refund", '{"account_id":"acct_7H9j2"}').repaired
        == '{"account_id":"acct_7H9j3"}'
    )


def test_a_wrong_policy_is_told_where_it_is_given() -> None:
    with pytest.raises(
        InvalidPolicy, match="`/repairs`: unknown key `repairs`, did you mean `repair`"
    ):
        Guard({"repairs": True})


def test_a_closed_session_answers_nothing(guard: Guard) -> None:
    with guard.session() as session:
        assert not session.closed
    assert session.closed
    assert repr(session) == "<twinguard.Session, closed>"
    session.close()
    for use in (
        lambda: session.observe("x"),
        lambda: session.check("refund", RIGHT),
        lambda: session.check_text("x"),
        lambda: session.identify("x"),
        session.snapshot,
        lambda: session.failure,
        session.__enter__,
    ):
        with pytest.raises(SessionClosed, match="the session is closed"):
            use()


def test_a_block_closes_its_session_even_when_it_fails(guard: Guard) -> None:
    with pytest.raises(ZeroDivisionError), guard.session() as session:
        raise ZeroDivisionError
    assert session.closed


def test_sessions_know_nothing_of_each_other(guard: Guard) -> None:
    one, other = guard.session(), guard.session()
    one.observe(SEEN)
    assert one.check("refund", TWIN).decision == "block"
    assert other.check("refund", TWIN).decision == "allow"


def test_a_guard_outlives_a_fork(guard: Guard) -> None:
    # Servers fork their workers after loading what these share.
    session = guard.session()
    session.observe(SEEN)
    receive, send = multiprocessing.Pipe(duplex=False)

    def work() -> None:
        fresh = guard.session()
        fresh.observe(SEEN)
        send.send([one.check("refund", TWIN).decision for one in (session, fresh)])

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    assert receive.poll(30)
    assert receive.recv() == ["block", "block"]
    child.join()
    assert session.check("refund", TWIN).decision == "block"


def test_the_names_are_those_of_the_contract(root: Path) -> None:
    contract = (root / "wit" / "guard.wit").read_text("utf-8")
    code = re.sub(r"///?.*", "", contract)
    enums = {
        name: re.findall(r"[\w-]+", body)
        for name, body in re.findall(r"enum (\w+) {(.*?)}", code, re.S)
    }
    records = {
        name: re.findall(r"([\w-]+):", body)
        for name, body in re.findall(r"record ([\w-]+) {(.*?)}", code, re.S)
    }
    assert enums == {
        "source": list(get_args(twinguard.Source)),
        "effect": list(get_args(twinguard.Effect)),
        "decision": list(get_args(twinguard.Decision)),
        "relation": list(get_args(twinguard.Relation)),
    }
    for record in (
        twinguard.Sighting,
        twinguard.Neighbour,
        twinguard.Finding,
        twinguard.Verdict,
        twinguard.Observed,
        twinguard.Identifier,
    ):
        fields = [field.name.replace("_", "-") for field in dataclasses.fields(record)]
        assert fields == records[record.__name__.lower()]
