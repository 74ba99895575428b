"""The guard in a host that knows nothing of it: the plain `wasmtime` package and the component.

Any program that runs WebAssembly components can do the same; the contract is `wit/guard.wit`. In
Python the package `twinguard` does it better (typed, twenty times quicker per call), so this is
here to be read, and to be copied into other languages.

    pip install wasmtime
    python any_host.py twinguard.wasm
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, TypedDict, cast

from wasmtime import Config, Engine, Store, WasmtimeError
from wasmtime.component import Component, Instance, Linker, Record, Variant

INTERFACE = "twinguard:guard/guard@0.1.0"
FUEL = 10_000_000_000  # of every operation, about a second ...
FUEL_PER_BYTE = 5_000  # ... and more for every byte that the session was given
MEMORY_BYTES = 512 << 20  # of one session


class Verdict(TypedDict):
    """The record `verdict` of the contract; `findings` hold the record `finding`, a span as a
    tuple."""

    decision: Literal["allow", "warn", "ask", "block"]
    findings: list[dict[str, Any]]
    message: str
    repaired: str | None


class GuardError(Exception):
    """The variant `error` of the contract: its case and what it says."""


class Host:
    """The compiled component; share it between sessions."""

    def __init__(self, path: Path) -> None:
        """Compiles the component at `path`, which takes a second or two."""
        config = Config()
        config.consume_fuel = True
        self._engine = Engine(config)
        self._component = Component(self._engine, path.read_bytes())

    def session(self, policy: str = "") -> Session:
        """Opens a session under a policy in JSON; raises `GuardError` when that is wrong."""
        store = Store(self._engine)
        store.set_limits(memory_size=MEMORY_BYTES)
        store.set_fuel(FUEL)
        # The linker is empty: the component imports nothing.
        return Session(store, Linker(self._engine).instantiate(store, self._component), policy)


class Session:
    """One conversation, in an instance of its own. For one thread."""

    def __init__(self, store: Store, instance: Instance, policy: str) -> None:
        """Not for you: `Host.session` opens a session."""
        self._store = store
        self._instance = instance
        self._interface = instance.get_export_index(store, INTERFACE)
        self._bytes = 0
        self._failure: str | None = None
        self._handle = _value(self._call("[static]session.open", policy, text=policy))

    def observe(
        self,
        content: str,
        *,
        source: str = "tool-result",
        tool: str | None = None,
        call_id: str | None = None,
        incomplete: bool = False,
    ) -> dict[str, Any]:
        """Remembers what the model was shown; raises `GuardError` when nothing was learned."""
        what = _record(
            source=source, tool=tool, call_id=call_id, content=content, incomplete=incomplete
        )
        observed = _value(self._call("[method]session.observe", self._handle, what, text=content))
        return cast(dict[str, Any], _plain(observed))

    def check(
        self, tool: str, arguments: str, *, call_id: str | None = None, effect: str | None = None
    ) -> Verdict:
        """Judges a call before it runs, its arguments given as JSON text. Never raises: what could
        not be checked is blocked."""
        call = _record(tool=tool, call_id=call_id, arguments=arguments, effect=effect)
        return self._judge("[method]session.check", call, arguments)

    def check_text(self, text: str) -> Verdict:
        """Judges a text that the assistant is about to show to the user, as `check` does."""
        return self._judge("[method]session.check-text", text, text)

    def _judge(self, function: str, what: object, text: str) -> Verdict:
        try:
            return cast(
                Verdict, _plain(_value(self._call(function, self._handle, what, text=text)))
            )
        except Exception as error:  # whatever it was, the call was not checked
            message = f"twinguard could not check this, so it must not run: {error}"
            return {"decision": "block", "findings": [], "message": message, "repaired": None}

    def _call(self, name: str, *arguments: object, text: str = "") -> Any:
        """Calls an export. A trap (no fuel, no memory, a bug) leaves the session without a memory
        that can be trusted: it answers no more, and is never replaced by a fresh one."""
        if self._failure is not None:
            raise GuardError(self._failure)
        self._bytes += len(text.encode())
        try:
            self._store.set_fuel(FUEL + FUEL_PER_BYTE * self._bytes)
            index = self._instance.get_export_index(self._store, name, self._interface)
            function = self._instance.get_func(self._store, index) if index else None
            if function is None:
                raise GuardError(
                    f"the component exports no `{name}`; is it of version {INTERFACE}?"
                )
            answer = function(self._store, *arguments)
            function.post_return(self._store)
            return answer
        except WasmtimeError as error:
            self._failure = f"the guard failed: {error}"
            raise GuardError(self._failure) from error


def _record(**fields: object) -> Record:
    """A record's fields are attributes, under the names that the contract gives them."""
    record = Record()
    for name, value in fields.items():
        setattr(record, name.replace("_", "-"), value)
    return record


def _value(result: Any) -> Any:
    """What a `result` holds. The package tags one only where its two sides have the same Python
    type, so an error may come as `Variant("err", …)` or bare."""
    if not isinstance(result, Variant):
        return result
    if result.tag == "ok":
        return result.payload
    error: Any = result.payload if result.tag == "err" else result
    raise GuardError(f"{error.tag.replace('-', ' ')}: {error.payload}")


def _plain(value: Any) -> Any:
    """Records as dicts in snake case, spans as tuples."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, Record):
        return value
    fields = {name.replace("-", "_"): _plain(field) for name, field in vars(value).items()}
    return (fields["start"], fields["end"]) if fields.keys() == {"start", "end"} else fields


def main() -> None:
    """Shows a twin being stopped, with the component that the command line names."""
    session = Host(Path(sys.argv[1])).session()
    session.observe('{"accounts": [{"id": "acct_7H9j3"}]}', tool="search_customer")
    verdict = session.check("refund", '{"account_id": "acct_7H9j2", "amount": "40.00"}')
    print(verdict["decision"])
    print(verdict["message"])


if __name__ == "__main__":
    main()
