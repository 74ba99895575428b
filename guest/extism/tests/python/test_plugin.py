"""The Extism plug-in through the `extism` package, on libextism: as Go's and Java's native SDKs,
.NET, Ruby, PHP, Elixir, C and others load it.

    cargo xtask guest && cargo run -p twinguard-tests --bin verdicts
    pip install -r requirements.txt && python -m unittest
"""

import base64
import json
import os
import resource
import unittest
from pathlib import Path
from typing import Any, Iterator

import extism  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[4]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WASM = (TARGET / "twinguard.extism.wasm").read_bytes()

SEEN = "acct_7H9j3kQ2"
TWIN = "acct_7H9j2kQ2"


class Guard:
    """One instance of the plug-in."""

    def __init__(self, **limits: Any) -> None:
        self.plugin = extism.Plugin({"wasm": [{"data": WASM}], **limits})

    def __call__(self, function: str, **parameters: Any) -> Any:
        return json.loads(self.plugin.call(function, json.dumps(parameters)))

    def judge(self, function: str, **parameters: Any) -> Any:
        """A verdict, whatever happens: what cannot be checked must not run."""
        try:
            return self(function, **parameters)
        except extism.Error as why:
            message = f"twinguard could not check this, so it must not run: {why}"
            return {"decision": "block", "findings": [], "message": message, "repaired": None}

    def shown(self, session: str) -> "Guard":
        """With a session that has seen one account."""
        self("open", session=session)
        self("observe", session=session, what={"tool": "find", "content": json.dumps({"id": SEEN})})
        return self

    def refund(self, session: str, account: str) -> str:
        call = {"tool": "refund", "arguments": json.dumps({"account_id": account})}
        return str(self("check", session=session, call=call)["decision"])


def members(line: str) -> dict[str, str]:
    """The members of a JSON object, each value as the text that it was written in."""
    decode = json.JSONDecoder().raw_decode

    def next_to(at: int) -> int:
        return len(line) - len(line[at:].lstrip(" ,:"))

    found = {}
    at = line.index("{") + 1
    while line[at := next_to(at)] != "}":
        key, at = decode(line, at)
        start = next_to(at)
        _, at = decode(line, start)
        found[key] = line[start:at]
    return found


def text(raw: str) -> str:
    """A JSON string is a text; anything else is its own JSON text, digits and all."""
    return json.loads(raw) if raw.startswith('"') else raw


def cases() -> Iterator[tuple[str, int, dict[str, str]]]:
    data = ROOT / "tests" / "data"
    for file in [*sorted((data / "sessions").glob("*.jsonl")), data / "known-misses.jsonl"]:
        for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
            if line.strip():
                yield file.name, number, members(line)


class Conformance(unittest.TestCase):
    def test_every_case_gives_the_verdict_of_the_rust_host(self) -> None:
        lines = (TARGET / "verdicts.jsonl").read_text(encoding="utf-8").split("\n")
        verdicts = [json.loads(line) for line in lines if line]
        expected: dict[tuple[str, int], Any] = {(verdict["file"], verdict["line"]): verdict["verdict"] for verdict in verdicts}
        guard, session, judged = Guard(), "", 0
        for file, number, line in cases():
            place = f"{file}:{number}"
            named: dict[str, Any] = {key: json.loads(line[key]) for key in ("tool", "call_id", "source", "effect", "incomplete") if key in line}
            if "case" in line:
                session = place
                guard("open", session=session, policy=line.get("policy", ""))
                continue
            if "observe" in line:
                try:
                    guard("observe", session=session, what={"content": text(line["observe"]), **named})
                except extism.Error as error:
                    self.assertIn("limit exceeded", str(error), place)  # part of its case
                continue
            if "check" in line:
                call = {"tool": "tool", "arguments": text(line["check"]), **named}
                verdict = guard.judge("check", session=session, call=call)
            else:
                verdict = guard.judge("check_text", session=session, text=json.loads(line["check_text"]))
            expect = json.loads(line["expect"])
            self.assertEqual(verdict["decision"], expect if isinstance(expect, str) else expect["decision"], place)
            self.assertEqual(verdict, expected.pop((file, number)), place)
            judged += 1
        self.assertFalse(expected, "the Rust host judged lines that this test did not reach")
        self.assertGreater(judged, 200)


class Sessions(unittest.TestCase):
    def test_each_has_its_own_memory(self) -> None:
        guard = Guard().shown("a").shown("b")
        guard("observe", session="b", what={"content": TWIN})
        self.assertEqual([guard.refund("a", TWIN), guard.refund("b", TWIN)], ["block", "warn"])  # b: a collision

    def test_a_snapshot_continues_in_another_instance(self) -> None:
        snapshot = Guard().shown("a")("snapshot", session="a")["snapshot"]
        other = Guard()
        self.assertEqual(other("restore", session="b", snapshot=snapshot), {})
        self.assertEqual(other("snapshot", session="b")["snapshot"], snapshot)
        self.assertEqual([other.refund("b", SEEN), other.refund("b", TWIN)], ["allow", "block"])

    def test_identify_and_check_text_change_nothing(self) -> None:
        guard = Guard().shown("a")
        before = guard("snapshot", session="a")
        (found,) = guard("identify", session="a", text=f"Paid to {SEEN}.")
        self.assertEqual((found["text"], found["span"], found["relation"]), (SEEN, [8, 21], "exact"))
        self.assertEqual(found["seen_in"][0]["pointer"], "/id")
        self.assertNotEqual(guard("check_text", session="a", text=f"Paid to {TWIN}.")["decision"], "allow")
        self.assertEqual(guard("snapshot", session="a"), before)

    def test_check_once_needs_no_session(self) -> None:
        seen = [{"source": "user-message", "content": f"My account is {SEEN}"}]
        for account, decision in [(SEEN, "allow"), (TWIN, "block")]:
            call = {"tool": "refund", "arguments": json.dumps({"account_id": account})}
            self.assertEqual(Guard()("check_once", seen=seen, call=call)["decision"], decision)

    def test_a_policy_is_an_object_or_its_text(self) -> None:
        policy = {"decisions": {"twin": "ask"}}
        for form in (policy, json.dumps(policy)):
            guard = Guard()
            guard("open", session="a", policy=form)
            guard("observe", session="a", what={"content": SEEN})
            self.assertEqual(guard.refund("a", TWIN), "ask")


    def test_closed_ones_leave_nothing_behind(self) -> None:
        guard = Guard()

        def most_memory() -> int:
            for _ in range(2500):
                guard.shown("a")("close", session="a")
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        before = most_memory()
        self.assertLess(most_memory() - before, 1024)  # kilobytes


class BadInput(unittest.TestCase):
    """An error with the reason, and the sessions are as they were."""

    def refused(self, guard: Guard, why: str, function: str, given: str | bytes) -> None:
        with self.assertRaises(extism.Error) as caught:
            guard.plugin.call(function, given)
        self.assertIn(why, str(caught.exception))

    def test_what_is_no_input(self) -> None:
        guard = Guard().shown("a")
        for function in ("open", "observe", "check", "check_text", "identify", "snapshot", "restore", "close", "check_once"):
            self.refused(guard, f"`{function}` cannot read its input: EOF", function, "")
            for given in ("{", "7", "null", "{}", '{"session": 7}', '{"session": "a", "typo": 1}', b'{"session": "\xff"}', "[" * 10_000):
                self.refused(guard, f"`{function}` cannot read its input", function, given)
        self.assertEqual([guard.refund("a", SEEN), guard.refund("a", TWIN)], ["allow", "block"])

    def test_what_is_no_call(self) -> None:
        guard = Guard().shown("a")
        wrong = {
            "missing field `tool`": '{"arguments": "{}"}',
            "missing field `arguments`": '{"tool": "t"}',
            "expected a string": '{"tool": "t", "arguments": {}}',  # JSON in JSON would lose the model's own digits
            "`deletes` is no effect": '{"tool": "t", "arguments": "{}", "effect": "deletes"}',
            "unknown field `callid`": '{"tool": "t", "arguments": "{}", "callid": "c"}',
            "hex escape": '{"tool": "t", "arguments": "\\ud800"}',  # half a character
        }
        for why, call in wrong.items():
            self.refused(guard, why, "check", f'{{"session": "a", "call": {call}}}')
            self.refused(guard, why, "check_once", f'{{"seen": [], "call": {call}}}')
        self.refused(guard, "`model` is no source", "observe", '{"session": "a", "what": {"source": "model", "content": ""}}')

    def test_arguments_that_are_no_json_are_judged_as_text(self) -> None:
        guard = Guard().shown("a")
        for arguments in (TWIN, f'{{"account_id": "{TWIN}"', f'{{"account_id": "\\ud800", "to": "{TWIN}"}}'):
            verdict = guard("check", session="a", call={"tool": "refund", "arguments": arguments})
            self.assertNotEqual(verdict["decision"], "allow", arguments)

    def test_sessions_that_are_not_open(self) -> None:
        guard = Guard().shown("a")
        self.refused(guard, "session `a` is open already", "open", '{"session": "a"}')
        self.refused(guard, "no session `b` is open", "snapshot", '{"session": "b"}')
        guard("close", session="a")
        for function in ("close", "snapshot"):
            self.refused(guard, "no session `a` is open", function, '{"session": "a"}')
        with self.assertRaisesRegex(extism.Error, "no session `a` is open"):
            guard.refund("a", SEEN)
        guard("open", session="a")  # the name is free, the memory gone
        self.assertEqual(guard("identify", session="a", text=SEEN)[0]["relation"], "unseen")

    def test_policies_and_snapshots(self) -> None:
        guard = Guard()
        for policy in ('"{"', "7", '{"no_such_setting": 1}'):
            self.refused(guard, "invalid policy", "open", f'{{"session": "a", "policy": {policy}}}')
        for snapshot in ("?", "YQ", base64.b64encode(b"not a snapshot").decode(), ""):
            self.refused(guard, "invalid snapshot", "restore", json.dumps({"session": "a", "snapshot": snapshot}))
        self.refused(guard, "no session `a` is open", "close", '{"session": "a"}')

    def test_a_text_beyond_the_limit(self) -> None:
        guard = Guard().shown("a")
        huge = "x" * (17 << 20)
        texts: dict[str, dict[str, Any]] = {
            "observe": {"what": {"content": huge}},
            "check": {"call": {"tool": "refund", "arguments": huge}},
            "check_text": {"text": huge},
        }
        for function, parameters in texts.items():
            self.refused(guard, "limit exceeded", function, json.dumps({"session": "a", **parameters}))
        self.assertEqual(guard.refund("a", TWIN), "block")
        verdict = guard("check_text", session="a", text=TWIN)
        self.assertIn("incomplete", verdict["message"])


class Failures(unittest.TestCase):
    """Whatever ends a call halfway ends the instance: an error for good, and never a verdict."""

    MANY = " ".join(f"acct_{number * 7919:016x}" for number in range(400_000))

    def fails_for_good(self, why: str, **limits: Any) -> None:
        guard = Guard(**limits).shown("a")
        self.assertEqual(guard.refund("a", SEEN), "allow")
        with self.assertRaisesRegex(extism.Error, why):
            guard("observe", session="a", what={"content": self.MANY})
        for _ in range(2):
            with self.assertRaisesRegex(extism.Error, "failed in an earlier call"):
                guard.refund("a", SEEN)
        with self.assertRaisesRegex(extism.Error, "failed in an earlier call"):
            guard("open", session="b")

    def test_a_time_limit(self) -> None:
        self.fails_for_good("timeout", timeout_ms=100)

    def test_a_memory_limit(self) -> None:
        self.fails_for_good("oom|unreachable", memory={"max_pages": 400})


if __name__ == "__main__":
    unittest.main()
