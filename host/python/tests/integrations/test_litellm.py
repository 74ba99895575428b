"""The adapter in LiteLLM: its proxy, asked over HTTP by a client that runs the tools, and its
library.

The model behind it is a stand-in for the Messages API on this machine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import litellm
import pytest
from fastapi.testclient import TestClient
from litellm.proxy.proxy_server import app, initialize
from messages_api import MessagesApi, tool_use
from scenarios import ASKING, RIGHT, SCENARIOS, SEARCH, WRONG, Call, Ran, Scenario, judge

from twinguard import Guard, InvalidPolicy
from twinguard.integrations.litellm import TwinguardGuardrail

SYSTEM = "You are a support agent."
KEY = "sk-of-this-test"
CONFIG = f"""
model_list:
  - model_name: stand-in
    litellm_params: {{model: anthropic/stand-in, api_key: none, api_base: os.environ/STAND_IN_URL}}
guardrails:
  - guardrail_name: from-the-file
    litellm_params:
      guardrail: twinguard.integrations.litellm.TwinguardGuardrail
      mode: post_call
      policy: {{must_be_seen: ["refund/account_id"]}}
general_settings: {{master_key: {KEY}}}
"""
start_proxy: Any = initialize  # it has no types
TOOLS = [
    {"name": "search_customer", "parameters": {"name": {"type": "string"}}},
    {"name": "refund", "parameters": {"account_id": {"type": "string"}}},
]


class Stopped(Exception):
    """The proxy refused to hand the answer on."""


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Client]]:
    """Starts the proxy in front of a model with a script, with one guardrail switched on."""
    apis: list[MessagesApi] = []
    registered = list(litellm.callbacks)

    def start(guardrail: TwinguardGuardrail | None, *answers: Sequence[Call]) -> Client:
        script = [[tool_use(call.tool, call.arguments) for call in each] for each in answers]
        api = MessagesApi(SYSTEM, script)
        apis.append(api.__enter__())
        monkeypatch.setenv("STAND_IN_URL", api.url)
        config = tmp_path / "config.yaml"
        config.write_text(CONFIG)
        asyncio.run(start_proxy(config=str(config)))
        if guardrail is not None:
            litellm.callbacks.append(guardrail)
        return Client(api)

    yield start
    for api in apis:
        api.__exit__(None, None, None)
    litellm.callbacks = registered


class Client:
    """An agent on the client's side of the proxy: asks, runs the tools, and asks again."""

    def __init__(self, api: MessagesApi) -> None:
        self.api = api
        self._http = TestClient(app, headers={"Authorization": f"Bearer {KEY}"})

    def chat(self, ran: Ran, scenario: Scenario, *, stream: bool = False, **more: Any) -> None:
        """A whole conversation over `/chat/completions`."""
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": f"{SYSTEM} {scenario.system}"},
            {"role": "user", "content": scenario.user},
        ]
        tools = [
            {"type": "function", "function": {**each, "parameters": schema(each["parameters"])}}
            for each in TOOLS
        ]
        while True:
            body = {"model": "stand-in", "messages": messages, "tools": tools, **more}
            message = self._answer("/chat/completions", {**body, "stream": stream}, stream)
            if not message.get("tool_calls"):
                return
            messages.append(message)
            for call in message["tool_calls"]:
                result = execute(ran, scenario, call["function"])
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})

    def responses(self, ran: Ran, scenario: Scenario) -> None:
        """The same over `/responses`."""
        items: list[dict[str, Any]] = [{"role": "user", "content": scenario.user}]
        tools = [
            {"type": "function", **each, "parameters": schema(each["parameters"])} for each in TOOLS
        ]
        instructions = f"{SYSTEM} {scenario.system}"
        while True:
            body = {"model": "stand-in", "input": items, "instructions": instructions}
            answer = self._post("/responses", {**body, "tools": tools})
            calls = [each for each in answer["output"] if each["type"] == "function_call"]
            if not calls:
                return
            for call in calls:
                call_id = call["call_id"]
                result = execute(ran, scenario, call)
                items.append(call)
                items.append({"type": "function_call_output", "call_id": call_id, "output": result})

    def anthropic(self, ran: Ran, scenario: Scenario) -> None:
        """The same over `/v1/messages`."""
        messages: list[dict[str, Any]] = [{"role": "user", "content": scenario.user}]
        tools = [
            {"name": each["name"], "input_schema": schema(each["parameters"])} for each in TOOLS
        ]
        system = f"{SYSTEM} {scenario.system}"
        while True:
            body = {"model": "stand-in", "max_tokens": 100, "messages": messages, "tools": tools}
            answer = self._post("/v1/messages", {**body, "system": system})
            calls = [each for each in answer["content"] if each["type"] == "tool_use"]
            if not calls:
                return
            results = [
                {
                    "type": "tool_result",
                    "tool_use_id": call["id"],
                    "content": execute(ran, scenario, call),
                }
                for call in calls
            ]
            messages += [
                {"role": "assistant", "content": answer["content"]},
                {"role": "user", "content": results},
            ]

    def raw(self, path: str, body: dict[str, Any]) -> str:
        """The text of an answer."""
        return self._http.post(path, json=body).text

    def told(self) -> list[str]:
        """The results the model was sent; those of the proxy's own tries are in no later
        request."""
        texts = []
        for message in chain.from_iterable(each["messages"] for each in self.api.requests):
            for block in message["content"] if isinstance(message["content"], list) else []:
                if block["type"] == "tool_result":
                    content = block["content"]
                    is_text = isinstance(content, str)
                    texts.append(content if is_text else "".join(x["text"] for x in content))
        return texts

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self._http.post(path, json=body)
        if response.status_code == 400:
            raise Stopped(response.text)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    def _answer(self, path: str, body: dict[str, Any], stream: bool) -> dict[str, Any]:
        if not stream:
            message: dict[str, Any] = self._post(path, body)["choices"][0]["message"]
            return message
        chunks = []
        with self._http.stream("POST", path, json=body) as response:
            for line in response.iter_lines():
                data = line.removeprefix("data: ")
                if response.status_code == 400 or '"error"' in data:
                    raise Stopped(data)
                if data and data != "[DONE]":
                    chunks.append(litellm.ModelResponseStream(**json.loads(data)))
        whole = litellm.stream_chunk_builder(chunks)
        assert whole is not None
        streamed: dict[str, Any] = whole.model_dump()["choices"][0]["message"]
        return streamed


def schema(properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def execute(ran: Ran, scenario: Scenario, call: dict[str, Any]) -> str:
    search, refund = ran.tools(scenario.listing)
    given = call["input"] if "input" in call else json.loads(call["arguments"])
    return {"search_customer": search, "refund": refund}[call["name"]](*given.values())


def adapted(scenario: Scenario) -> Scenario:
    """What a gateway makes of it: it judges whole answers, so none of a stopped one's calls run."""
    if scenario.name == "of_two_parallel_calls_the_right_one_runs":
        return replace(scenario, answers=(*scenario.answers, (RIGHT,)))
    if scenario.name == "a_guard_out_of_memory_stops_every_call":
        return replace(scenario, answers=scenario.answers[:2] * 2)
    return scenario


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_the_model_is_asked_again(scenario: Scenario, proxy: Callable[..., Client]) -> None:
    ran, scenario = Ran(), adapted(scenario)
    guardrail = TwinguardGuardrail(scenario.guard(), on_warn=ran.warnings.append, default_on=True)
    client = proxy(guardrail, *scenario.answers)
    try:
        client.chat(ran, scenario)
    except Stopped:
        ran.stopped = True
    ran.told = client.told()
    judge(scenario, ran)


HONEST = next(each for each in SCENARIOS if each.name == "an_honest_call_passes")


@pytest.mark.parametrize("endpoint", ["chat", "streamed", "responses", "anthropic"])
@pytest.mark.parametrize("wrong", [True, False])
def test_every_endpoint_stops_an_answer_with_an_error(
    endpoint: str, wrong: bool, proxy: Callable[..., Client]
) -> None:
    ran = Ran()
    guardrail = TwinguardGuardrail(Guard(), on_block="error", default_on=True)
    client = proxy(guardrail, (SEARCH,), (WRONG,) if wrong else (RIGHT,))
    go: dict[str, Callable[..., None]] = {
        "chat": client.chat,
        "streamed": lambda *given: client.chat(*given, stream=True),
        "responses": client.responses,
        "anthropic": client.anthropic,
    }
    if wrong:
        with pytest.raises(Stopped, match="the last character is `2`, seen was `3`"):
            go[endpoint](ran, HONEST)
        assert ran.calls == [SEARCH]
    else:
        go[endpoint](ran, HONEST)
        assert ran.calls == [SEARCH, RIGHT]


HISTORY = "Refund Ada. Her account is acct_7H9j3."
STREAMED: dict[str, tuple[dict[str, Any], str]] = {
    "/chat/completions": (
        {"messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": HISTORY}]},
        "tool_calls",
    ),
    "/responses": ({"instructions": SYSTEM, "input": HISTORY}, "function_call"),
    "/v1/messages": (
        {"system": SYSTEM, "messages": [{"role": "user", "content": HISTORY}], "max_tokens": 9},
        "tool_use",
    ),
}


@pytest.mark.parametrize("wrong", [True, False])
@pytest.mark.parametrize("path", STREAMED)
def test_nothing_of_a_stopped_call_is_streamed(
    path: str, wrong: bool, proxy: Callable[..., Client]
) -> None:
    client = proxy(TwinguardGuardrail(Guard(), default_on=True), (WRONG if wrong else RIGHT,))
    body, sign_of_a_call = STREAMED[path]
    text = client.raw(path, {"model": "stand-in", "stream": True, **body})
    assert (sign_of_a_call in text) is not wrong
    assert ("the last character is `2`, seen was `3`" in text) is wrong


def test_a_guardrail_from_the_configuration_file(proxy: Callable[..., Client]) -> None:
    ran = Ran()
    client = proxy(None, (SEARCH,), (WRONG,), (RIGHT,))
    client.chat(ran, HONEST, guardrails=["from-the-file"])
    assert ran.calls == [SEARCH, RIGHT]
    assert any("the last character is `2`" in text for text in client.told())


def test_a_request_that_does_not_name_the_guardrail_is_left_alone(
    proxy: Callable[..., Client],
) -> None:
    ran = Ran()
    client = proxy(TwinguardGuardrail(Guard()), (SEARCH,), (WRONG,))
    client.chat(ran, HONEST)
    assert ran.calls == [SEARCH, WRONG]


def test_ask_counts_as_block(proxy: Callable[..., Client]) -> None:
    ran = Ran()
    client = proxy(TwinguardGuardrail(ASKING, default_on=True), (SEARCH,), (WRONG,), (RIGHT,))
    client.chat(ran, HONEST)
    assert ran.calls == [SEARCH, RIGHT]
    assert any("cannot be given here" in text for text in client.told())


@pytest.mark.parametrize("wrong", [True, False])
def test_the_library_without_the_proxy(
    wrong: bool, proxy: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = proxy(TwinguardGuardrail(Guard(), on_block="error"), (WRONG,) if wrong else (RIGHT,))

    async def ask() -> Any:
        return await litellm.acompletion(
            model="anthropic/stand-in",
            api_base=client.api.url,
            api_key="none",
            messages=[
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": "Refund acct_7H9j3."},
            ],
            guardrails=["twinguard"],
        )

    if wrong:
        with pytest.raises(Exception, match="the last character is `2`"):
            asyncio.run(ask())
    else:
        answer = asyncio.run(ask())
        assert answer.choices[0].message.tool_calls[0].function.name == "refund"


def test_a_history_that_cannot_be_read_stops_every_call() -> None:
    guardrail = TwinguardGuardrail(Guard())
    function = {"name": "refund", "arguments": json.dumps(RIGHT.arguments)}
    call: Any = {"id": "call_1", "type": "function", "function": function}

    class Log:
        call_type = "a call type of the future"

    with pytest.raises(Exception, match="history could not be read"):
        asyncio.run(guardrail.apply_guardrail({"tool_calls": [call]}, {}, "response", Log()))


def test_what_cannot_be_configured_is_refused() -> None:
    with pytest.raises(InvalidPolicy):
        TwinguardGuardrail(policy={"decisions": {"twin": "perhaps"}})
    with pytest.raises(ValueError, match="not both"):
        TwinguardGuardrail(Guard(), policy={})
    with pytest.raises(ValueError, match="max_blocks is 0"):
        TwinguardGuardrail(max_blocks=0)
