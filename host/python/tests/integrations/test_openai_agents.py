"""The adapter in the OpenAI Agents SDK, run by the SDK's own runner with its scripted model."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any, Literal

import pytest
from agents import (
    Agent,
    AgentHooks,
    FunctionTool,
    RunConfig,
    Runner,
    RunResult,
    RunResultStreaming,
    Tool,
    ToolInputGuardrailTripwireTriggered,
    function_tool,
    handoff,
)
from agents.mcp import MCPServer
from agents.testing import ScriptedModel, assistant_message, function_call
from agents.tool import WebSearchTool
from mcp.types import CallToolResult, TextContent
from mcp.types import Tool as McpTool
from pydantic import BaseModel
from scenarios import ASKING, RIGHT, SCENARIOS, SEARCH, WRONG, Call, Ran, Scenario, judge

from twinguard import Guard, TwinguardError, Verdict
from twinguard.integrations.openai_agents import GuardedConversation


class Reason(BaseModel):
    """An argument that the SDK builds a model of."""

    text: str = "none"


Mode = Literal["async", "sync", "streamed"]
IDS = count()
QUIET = RunConfig(tracing_disabled=True)


def script(*answers: tuple[Call, ...]) -> ScriptedModel:
    steps = [
        [function_call(call.tool, call.arguments, call_id=f"call_{next(IDS)}") for call in calls]
        for calls in answers
    ]
    return ScriptedModel([*steps, [assistant_message("done")]])


def tools(ran: Ran, listing: str | None = None) -> list[Any]:
    return [function_tool(each) for each in (ran.tools(listing) if listing else ran.tools())]


def run(agent: Agent[Any], given: Any, mode: Mode = "async") -> RunResult | RunResultStreaming:
    if mode == "sync":
        return Runner.run_sync(agent, given, run_config=QUIET)

    async def go() -> RunResult | RunResultStreaming:
        if mode == "async":
            return await Runner.run(agent, given, run_config=QUIET)
        streamed = Runner.run_streamed(agent, given, run_config=QUIET)
        async for _ in streamed.stream_events():
            pass
        return streamed

    return asyncio.run(go())


def told(model: ScriptedModel) -> list[str]:
    last = model.last_call
    assert last is not None
    return [item["output"] for item in last.input if item.get("type") == "function_call_output"]


@pytest.mark.parametrize("mode", ["async", "sync", "streamed"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_scenario(scenario: Scenario, mode: Mode) -> None:
    ran, model = Ran(), script(*scenario.answers)
    conversation = GuardedConversation(scenario.guard(), on_warn=ran.warnings.append)
    agent = Agent(
        name="support",
        instructions=scenario.system,
        model=model,
        tools=tools(ran, scenario.listing),
    )
    try:
        run(conversation.protect(agent), scenario.user, mode)
    except ToolInputGuardrailTripwireTriggered as stop:
        ran.stopped = isinstance(stop.output.output_info, Verdict)
    ran.told = told(model)
    judge(scenario, ran)


@pytest.mark.parametrize("approve", [True, False])
@pytest.mark.parametrize("mode", ["async", "sync", "streamed"])
def test_ask_is_the_approval_of_the_sdk(approve: bool, mode: Mode) -> None:
    ran, model = Ran(), script((SEARCH,), (WRONG,))
    conversation = GuardedConversation(ASKING)
    agent = conversation.protect(Agent(name="support", model=model, tools=tools(ran)))
    paused = run(agent, "Refund Ada.", mode)
    assert ran.calls == [SEARCH]
    [interruption] = paused.interruptions
    state = paused.to_state()
    if approve:
        state.approve(interruption)
    else:
        state.reject(interruption)
    finished = run(agent, state, mode)
    assert finished.final_output == "done"
    assert ran.calls == ([SEARCH, WRONG] if approve else [SEARCH])
    assert ("refunded" in told(model)) is approve


def test_a_run_resumed_by_another_process_asks_for_the_call_again() -> None:
    ran, model = Ran(), script((SEARCH,), (WRONG,), (RIGHT,))
    agent = GuardedConversation(ASKING).protect(Agent(name="a", model=model, tools=tools(ran)))
    state = run(agent, "Refund Ada.").to_state()
    state.approve(state.get_interruptions()[0])
    elsewhere = GuardedConversation(ASKING).protect(Agent(name="a", model=model, tools=tools(ran)))

    async def resume() -> None:
        again = await type(state).from_json(elsewhere, state.to_json())
        again.approve(again.get_interruptions()[0])
        await Runner.run(elsewhere, again, run_config=QUIET)

    asyncio.run(resume())
    assert ran.calls == [SEARCH, RIGHT]
    assert any("Make the same call again" in text for text in told(model))


def test_a_new_object_learns_the_conversation_from_its_history() -> None:
    ran = Ran()
    first = script((SEARCH,))
    agent = Agent(name="support", model=first, tools=tools(ran))
    history = run(GuardedConversation(Guard()).protect(agent), "Find Ada.").to_input_list()
    second = script((WRONG,), (RIGHT,))
    later = GuardedConversation(Guard()).protect(agent.clone(model=second))
    run(later, [*history, {"role": "user", "content": "Now the refund."}])
    assert ran.calls == [SEARCH, RIGHT]


def test_tools_whose_arguments_the_sdk_rebuilds_ask_for_no_approval_of_their_own() -> None:
    paid: list[str] = []

    @function_tool(strict_mode=False)
    def pay(account_id: str, reason: Reason, currency: str = "EUR") -> str:
        paid.append(f"{account_id} {reason.text} {currency}")
        return "paid"

    model = script((Call("pay", {"account_id": "acct_9QxT2mzL", "reason": {}}),))
    agent = GuardedConversation(Guard()).protect(Agent(name="a", model=model, tools=[pay]))
    assert not run(agent, "Pay acct_9QxT2mzL.").interruptions
    assert paid == ["acct_9QxT2mzL none EUR"]


def test_a_tool_that_asks_by_itself_goes_on_asking() -> None:
    ran = Ran()
    asked: list[str] = []

    async def always(context: object, arguments: dict[str, Any], call_id: str) -> bool:
        asked.append(call_id)
        return True

    search, refund = ran.tools()
    own: list[Tool] = [
        function_tool(search, needs_approval=True),
        function_tool(refund, needs_approval=always),
    ]
    model = script((SEARCH,))
    agent = GuardedConversation(Guard()).protect(Agent(name="a", model=model, tools=own))
    assert len(run(agent, "Find Ada.").interruptions) == 1
    model = script((Call("refund", {"account_id": "acct_9QxT2mzL"}),))
    paused = run(agent.clone(model=model), "Refund acct_9QxT2mzL.")
    assert len(paused.interruptions) == 1
    assert asked
    assert not ran.calls


def test_the_agents_own_hooks_are_still_called() -> None:
    heard: list[str] = []

    class Hooks(AgentHooks[Any]):
        async def on_start(self, *_: Any) -> None:
            heard.append("start")

        async def on_end(self, *_: Any) -> None:
            heard.append("end")

        async def on_llm_start(self, *_: Any) -> None:
            heard.append("llm_start")

        async def on_llm_end(self, *_: Any) -> None:
            heard.append("llm_end")

        async def on_tool_start(self, *_: Any) -> None:
            heard.append("tool_start")

        async def on_tool_end(self, *_: Any) -> None:
            heard.append("tool_end")

    ran, model = Ran(), script((SEARCH,))
    agent = Agent(name="a", model=model, tools=tools(ran), hooks=Hooks())
    run(GuardedConversation(Guard()).protect(agent), "Find Ada.")
    assert heard == [
        *("start", "llm_start", "llm_end", "tool_start", "tool_end"),
        *("llm_start", "llm_end", "end"),
    ]


def test_agents_that_hand_off_in_a_circle_share_what_they_saw() -> None:
    ran = Ran()
    search, refund = tools(ran)
    clerk = Agent(name="clerk", model=script((WRONG,), (RIGHT,)), tools=[refund])
    finder = Agent(name="finder", tools=[search], handoffs=[clerk])
    clerk.handoffs = [finder]
    finder.model = script((SEARCH,), (Call("transfer_to_clerk", {}),))
    run(GuardedConversation(Guard()).protect(finder), "Refund Ada.")
    assert ran.calls == [SEARCH, RIGHT]


class Crm(MCPServer):
    """An MCP server in this process."""

    name = "crm"

    def __init__(self, ran: Ran, **options: Any) -> None:
        super().__init__(**options)
        self.tools = {each.__name__: each for each in ran.tools()}

    async def connect(self) -> None:
        pass

    async def cleanup(self) -> None:
        pass

    async def list_tools(self, *_: Any, **__: Any) -> list[McpTool]:
        schema = {"type": "object", "properties": {}}
        return [McpTool(name=name, input_schema=schema) for name in self.tools]

    async def call_tool(self, tool_name: str, arguments: Any, *_: Any) -> CallToolResult:
        text = self.tools[tool_name](*arguments.values())
        return CallToolResult(content=[TextContent(type="text", text=text)])

    async def list_prompts(self) -> Any:
        raise NotImplementedError

    async def get_prompt(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def test_a_shared_mcp_server_asks_the_conversation_that_calls() -> None:
    ran = Ran()
    server = Crm(ran)
    agent = Agent(name="a", mcp_servers=[server])
    seen = GuardedConversation(Guard()).protect(agent.clone(model=script((SEARCH,), (WRONG,))))
    unseen = GuardedConversation(Guard()).protect(agent.clone(model=script((WRONG,))))
    unguarded = agent.clone(model=script((WRONG,)))
    run(seen, "Refund Ada.")
    assert ran.calls == [SEARCH]
    run(unseen, "Refund acct_7H9j2.")
    assert ran.calls == [SEARCH, WRONG]
    run(unguarded, "Refund Ada.")
    assert ran.calls == [SEARCH, WRONG, WRONG]
    assert len(server.tool_input_guardrails or []) == 1


@pytest.mark.parametrize("approves", [True, False])
def test_a_call_of_an_mcp_server_is_approved_by_the_servers_rule(approves: bool) -> None:
    ran, model = Ran(), script((SEARCH,), (WRONG,))
    rule = {"refund": "always"} if approves else None
    agent = Agent(name="a", model=model, mcp_servers=[Crm(ran, require_approval=rule)])
    guarded = GuardedConversation(ASKING).protect(agent)
    result = run(guarded, "Refund Ada.")
    if approves:
        state = result.to_state()
        state.approve(result.interruptions[0])
        run(guarded, state)
        assert ran.calls == [SEARCH, WRONG]
    else:
        assert ran.calls == [SEARCH]
        assert any("cannot be given here" in text for text in told(model))


def test_what_cannot_be_guarded_is_refused_by_name() -> None:
    conversation = GuardedConversation(Guard())
    with pytest.raises(TwinguardError, match="web_search"):
        conversation.protect(Agent(name="a", tools=[WebSearchTool()]))
    GuardedConversation(Guard(), unguarded=["web_search"]).protect(
        Agent(name="a", tools=[WebSearchTool()])
    )
    other = Agent(name="other", tools=tools(Ran()))
    with pytest.raises(TwinguardError, match="`other`"):
        conversation.protect(Agent(name="a", handoffs=[handoff(other)]))
    with pytest.raises(TwinguardError, match="`other`"):
        conversation.protect(Agent(name="a", tools=[other.as_tool("ask_other", "Asks.")]))
    guarded = conversation.protect(other)
    conversation.protect(
        Agent(name="b", handoffs=[handoff(guarded)], tools=[guarded.as_tool("ask_other", "Asks.")])
    )


def test_protecting_twice_is_protecting_once() -> None:
    conversation = GuardedConversation(Guard())
    agent = Agent(name="a", tools=tools(Ran()))
    guarded = conversation.protect(agent)
    assert conversation.protect(agent) is guarded
    assert conversation.protect(guarded) is guarded
    original = agent.tools[0]
    assert isinstance(original, FunctionTool)
    assert not original.tool_input_guardrails
