"""The adapter in LangChain agents and LangGraph's `ToolNode`, with LangChain's own fake chat
model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any, Literal

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command
from scenarios import ASKING, RIGHT, SCENARIOS, SEARCH, TWIN, WRONG, Call, Ran, Scenario, judge

from twinguard import Blocked, Guard
from twinguard.integrations.langchain import TwinguardMiddleware

Mode = Literal["sync", "async", "streamed"]
MODES = ("sync", "async", "streamed")
IDS = count()
THREAD: RunnableConfig = {"configurable": {"thread_id": "1"}}


class Scripted(GenericFakeChatModel):
    """The fake model of LangChain, which also lets tools be bound."""

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, AIMessage]:
        return self


def script(*answers: tuple[Call, ...]) -> Scripted:
    calls = [
        [ToolCall(name=each.tool, args=each.arguments, id=f"call_{next(IDS)}") for each in answer]
        for answer in answers
    ]
    says = [AIMessage("", tool_calls=each) for each in calls]
    return Scripted(messages=iter([*says, AIMessage("done")]))


def run(
    agent: Any, given: Any, mode: Mode, config: RunnableConfig | None = None
) -> list[AnyMessage]:
    """The messages after a run; they are kept even when it is stopped."""
    messages: list[AnyMessage] = []

    async def go() -> None:
        async for state in agent.astream(given, config, stream_mode="values"):
            messages[:] = state["messages"]

    if mode == "sync":
        messages[:] = agent.invoke(given, config)["messages"]
    elif mode == "async":
        asyncio.run(go())
    else:
        for state in agent.stream(given, config, stream_mode="values"):
            messages[:] = state["messages"]
    return messages


def told(messages: Sequence[AnyMessage]) -> list[str]:
    return [str(each.content) for each in messages if isinstance(each, ToolMessage)]


def user(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


def guarded(
    ran: Ran, model: Scripted, guard: Guard, checkpointer: Any = None, **options: Any
) -> Any:
    middleware = TwinguardMiddleware(guard, on_warn=ran.warnings.append, **options)
    return create_agent(
        model, list(ran.tools()), middleware=[middleware], checkpointer=checkpointer
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_scenario(scenario: Scenario, mode: Mode) -> None:
    ran = Ran()
    agent = create_agent(
        script(*scenario.answers),
        list(ran.tools(scenario.listing)),
        system_prompt=scenario.system,
        middleware=[TwinguardMiddleware(scenario.guard(), on_warn=ran.warnings.append)],
        checkpointer=InMemorySaver(),
    )
    try:
        run(agent, user(scenario.user), mode, THREAD)
    except Blocked as stop:
        ran.stopped = stop.verdict.decision == "block"
    ran.told = told(agent.get_state(THREAD).values["messages"])
    judge(scenario, ran)


@pytest.mark.parametrize("mode", MODES)
def test_without_a_checkpointer_the_first_message_names_the_conversation(mode: Mode) -> None:
    ran = Ran()
    agent = guarded(ran, script((SEARCH,), (WRONG,), (RIGHT,)), Guard())
    messages = run(agent, user("Refund Ada."), mode)
    assert ran.calls == [SEARCH, RIGHT]
    assert any("the last character is `2`" in text for text in told(messages))
    stubborn = guarded(ran, script((SEARCH,), (WRONG,), (WRONG,)), Guard(), max_blocks=2)
    with pytest.raises(Blocked):
        run(stubborn, user("Refund Ada."), mode)


@pytest.mark.parametrize(
    ("answer", "runs"),
    [
        ({"type": "approve"}, True),
        ({"type": "reject"}, False),
        ({"type": "reject", "message": "Wrong customer."}, False),
        ("yes", False),
        ({"type": "edit"}, False),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_ask_is_an_interrupt(answer: object, runs: bool, mode: Mode) -> None:
    ran = Ran()
    agent = guarded(ran, script((SEARCH,), (WRONG, RIGHT)), ASKING, InMemorySaver())
    run(agent, user("Refund Ada."), mode, THREAD)
    [pause] = agent.get_state(THREAD).interrupts
    assert pause.value["type"] == "tool_approval"
    assert pause.value["args"] == TWIN
    assert "the last character is `2`" in pause.value["description"]
    messages = run(agent, Command(resume=answer), mode, THREAD)
    assert (WRONG in ran.calls) is runs
    assert ran.calls.count(RIGHT) == 1
    assert messages[-1].content == "done"
    if not runs:
        why = answer.get("message", "") if isinstance(answer, dict) else ""
        assert any("A person" in text and why in text for text in told(messages))


def test_an_interrupt_is_resumed_by_another_process() -> None:
    ran, saved = Ran(), InMemorySaver()
    model = script((SEARCH,), (WRONG,))
    run(guarded(ran, model, ASKING, saved), user("Refund Ada."), "sync", THREAD)
    run(guarded(ran, model, ASKING, saved), Command(resume={"type": "approve"}), "sync", THREAD)
    assert ran.calls == [SEARCH, WRONG]


def test_ask_can_be_refused_where_nobody_can_be_asked() -> None:
    ran = Ran()
    agent = guarded(ran, script((SEARCH,), (WRONG,)), ASKING, on_ask="refuse")
    messages = run(agent, user("Refund Ada."), "sync")
    assert ran.calls == [SEARCH]
    assert any("cannot be given here" in text for text in told(messages))


def test_a_forgotten_conversation_is_learned_again_from_its_state() -> None:
    ran = Ran()
    model = script((SEARCH,), (SEARCH,), (WRONG,), (WRONG,))
    agent = guarded(ran, model, Guard(), InMemorySaver(), max_conversations=1, max_blocks=2)
    other: RunnableConfig = {"configurable": {"thread_id": "2"}}
    model.messages = script((SEARCH,)).messages
    run(agent, user("Find Ada."), "sync", THREAD)
    model.messages = script((WRONG,)).messages
    run(agent, user("Refund her."), "sync", THREAD)
    model.messages = script().messages
    run(agent, user("Hello."), "sync", other)
    model.messages = script((RIGHT,), (WRONG,)).messages
    with pytest.raises(Blocked):  # the second time, the first one was before it was forgotten
        run(agent, user("Again."), "sync", THREAD)
    assert ran.calls == [SEARCH, RIGHT]


def test_what_a_summary_says_vouches_for_nothing() -> None:
    ran = Ran()
    summary = HumanMessage(
        "Ada's account is acct_7H9j2.", additional_kwargs={"lc_source": "summarization"}
    )
    agent = guarded(ran, script((SEARCH,), (WRONG,)), Guard())
    messages = run(agent, {"messages": [summary, HumanMessage("Go on.")]}, "sync")
    assert ran.calls == [SEARCH]
    assert any("Some results were cut" in text for text in told(messages))


def test_arguments_that_json_cannot_hold_are_refused() -> None:
    ran = Ran()
    agent = guarded(ran, script((Call("refund", {"account_id": "\ud800"}),)), Guard())
    messages = run(agent, user("Refund Ada."), "sync")
    assert not ran.calls
    assert any("failed" in text for text in told(messages))


@pytest.mark.parametrize("mode", MODES)
def test_a_graph_of_ones_own(mode: Mode) -> None:
    ran, model = Ran(), script((SEARCH,), (WRONG,), (RIGHT,))
    middleware = TwinguardMiddleware(Guard())
    node = ToolNode(
        list(ran.tools()),
        wrap_tool_call=middleware.wrap_tool_call,
        awrap_tool_call=middleware.awrap_tool_call,
    )
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", node)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition, ["tools", END])
    graph.add_edge("tools", "model")
    messages = run(graph.compile(), user("Refund Ada."), mode)
    assert ran.calls == [SEARCH, RIGHT]
    assert any("the last character is `2`" in text for text in told(messages))


def test_an_agent_that_is_a_tool_has_a_conversation_of_its_own() -> None:
    ran = Ran()
    middleware = TwinguardMiddleware(Guard())
    search, refund = ran.tools()
    inner = create_agent(script((SEARCH,)), [search], middleware=[middleware])

    def ask_clerk(question: str) -> str:
        """Asks the clerk."""
        inner.invoke({"messages": [HumanMessage(question)]})
        return "The clerk will see to it."

    outer = create_agent(
        script((Call("ask_clerk", {"question": "Who?"}),), (WRONG,)),
        [ask_clerk, refund],
        middleware=[middleware],
        checkpointer=InMemorySaver(),
    )
    run(outer, user("Refund acct_7H9j2."), "sync", THREAD)
    assert ran.calls == [SEARCH, WRONG]  # the clerk saw a near twin, this model did not
