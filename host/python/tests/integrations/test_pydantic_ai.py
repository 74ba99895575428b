"""The adapter in Pydantic AI, run by its own agents with its `FunctionModel`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any, Literal

import pytest
from pydantic_ai import (
    Agent,
    DeferredToolRequests,
    DeferredToolResults,
    ModelMessage,
    RunContext,
    ToolApproved,
    ToolDefinition,
    ToolDenied,
)
from pydantic_ai.capabilities import AbstractCapability, HandleDeferredToolCalls
from pydantic_ai.messages import (
    CompactionPart,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from scenarios import ASKING, RIGHT, SCENARIOS, SEARCH, TWIN, WRONG, Call, Ran, Scenario, judge

from twinguard import Blocked, Guard
from twinguard.integrations.pydantic_ai import TwinguardCapability

Mode = Literal["sync", "async", "streamed"]
MODES = ("sync", "async", "streamed")
IDS = count()


class Script:
    """What a model says, and the messages it was last shown."""

    def __init__(self, *answers: tuple[Call, ...]) -> None:
        self.answers = list(answers)
        self.shown: list[ModelMessage] = []

    def model(self) -> FunctionModel:
        return FunctionModel(self._answer, stream_function=self._stream)

    def _next(self, messages: list[ModelMessage]) -> tuple[Call, ...]:
        self.shown = list(messages)
        return self.answers.pop(0) if self.answers else ()

    def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        calls = self._next(messages)
        if not calls:
            return ModelResponse([TextPart("done")])
        return ModelResponse(
            [ToolCallPart(each.tool, each.arguments, f"call_{next(IDS)}") for each in calls]
        )

    async def _stream(
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | dict[int, DeltaToolCall]]:
        calls = self._next(messages)
        if not calls:
            yield "done"
        for index, part in enumerate(
            ToolCallPart(each.tool, each.arguments, f"call_{next(IDS)}") for each in calls
        ):
            yield {
                index: DeltaToolCall(
                    part.tool_name, part.args_as_json_str(), tool_call_id=part.tool_call_id
                )
            }

    def told(self) -> list[str]:
        return told(self.shown)


def told(messages: Sequence[ModelMessage]) -> list[str]:
    return [
        part.model_response_str(wrap_if_error=False)
        for message in messages
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]


def run(agent: Agent[Any, Any], prompt: str | None, mode: Mode = "sync", **options: Any) -> Any:
    """The result of a run."""
    if mode == "sync":
        return agent.run_sync(prompt, **options)

    async def go() -> Any:
        if mode == "async":
            return await agent.run(prompt, **options)
        result = None
        async with agent.run_stream_events(prompt, **options) as events:
            async for event in events:
                result = getattr(event, "result", result)
        return result

    return asyncio.run(go())


def agent_of(
    ran: Ran, script: Script, guard: Guard, *more: AbstractCapability[Any], **options: Any
) -> Agent[None, str | DeferredToolRequests]:
    capability = TwinguardCapability(guard, on_warn=ran.warnings.append, **options)
    return Agent(
        script.model(),
        output_type=[str, DeferredToolRequests],
        tools=list(ran.tools()),
        capabilities=[capability, *more],
    )


@pytest.mark.parametrize("prompt_as", ["instructions", "system_prompt"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_scenario(scenario: Scenario, mode: Mode, prompt_as: str) -> None:
    ran, script = Ran(), Script(*scenario.answers)
    agent = Agent(
        script.model(),
        tools=list(ran.tools(scenario.listing)),
        capabilities=[TwinguardCapability(scenario.guard(), on_warn=ran.warnings.append)],
        instructions=scenario.system if prompt_as == "instructions" else None,
        system_prompt=scenario.system if prompt_as == "system_prompt" else (),
    )
    try:
        run(agent, scenario.user, mode)
    except Blocked as stop:
        ran.stopped = stop.verdict.decision == "block"
    ran.told = script.told()
    judge(scenario, ran)


@pytest.mark.parametrize("approval", [True, ToolApproved(), False, ToolDenied("Not this one.")])
@pytest.mark.parametrize("mode", MODES)
def test_ask_is_a_deferred_tool_call(approval: Any, mode: Mode) -> None:
    ran, script = Ran(), Script((SEARCH,), (WRONG, RIGHT))
    agent = agent_of(ran, script, ASKING)
    paused = run(agent, "Refund Ada.", mode)
    requests = paused.output
    assert isinstance(requests, DeferredToolRequests)
    [request] = requests.approvals
    assert request.args_as_dict() == TWIN
    assert "the last character is `2`" in requests.metadata[request.tool_call_id]["twinguard"]
    assert ran.calls == [SEARCH, RIGHT]
    finished = run(
        agent,
        None,
        mode,
        message_history=paused.all_messages(),
        deferred_tool_results=DeferredToolResults(approvals={request.tool_call_id: approval}),
    )
    assert finished.output == "done"
    approves = approval is True or isinstance(approval, ToolApproved)
    assert ran.calls == [SEARCH, RIGHT, *([WRONG] if approves else [])]
    if isinstance(approval, ToolDenied):
        assert "Not this one." in script.told()


def test_an_approval_goes_to_another_process() -> None:
    ran, script = Ran(), Script((SEARCH,), (WRONG,))
    paused = run(agent_of(ran, script, ASKING), "Refund Ada.")
    results = DeferredToolResults(approvals={paused.output.approvals[0].tool_call_id: True})
    elsewhere = agent_of(ran, script, ASKING)
    run(elsewhere, None, message_history=paused.all_messages(), deferred_tool_results=results)
    assert ran.calls == [SEARCH, WRONG]


def test_a_handler_in_the_agent_can_approve() -> None:
    ran, script = Ran(), Script((SEARCH,), (WRONG,))

    async def approve(
        ctx: RunContext[Any], requests: DeferredToolRequests
    ) -> DeferredToolResults | None:
        return requests.build_results(approve_all=True)

    agent = agent_of(ran, script, ASKING, HandleDeferredToolCalls(handler=approve))
    assert run(agent, "Refund Ada.").output == "done"
    assert ran.calls == [SEARCH, WRONG]


def test_ask_can_be_refused_where_nobody_can_be_asked() -> None:
    ran, script = Ran(), Script((SEARCH,), (WRONG,))
    run(agent_of(ran, script, ASKING, on_ask="refuse"), "Refund Ada.")
    assert ran.calls == [SEARCH]
    assert any("cannot be given here" in text for text in script.told())


def test_an_edited_approval_is_checked_as_it_will_run() -> None:
    ran, script = Ran(), Script((SEARCH,), (WRONG,))
    agent = agent_of(ran, script, ASKING)
    paused = run(agent, "Refund Ada.")
    call_id = paused.output.approvals[0].tool_call_id
    edited = ToolApproved(override_args=RIGHT.arguments)
    results = DeferredToolResults(approvals={call_id: edited})
    run(agent, None, message_history=paused.all_messages(), deferred_tool_results=results)
    assert ran.calls == [SEARCH, RIGHT]


def test_a_forgotten_conversation_is_learned_again_from_its_history() -> None:
    ran, script = Ran(), Script((SEARCH,), (WRONG,))
    agent = agent_of(ran, script, Guard(), max_conversations=1, max_blocks=2)
    history = run(agent, "Refund Ada.").all_messages()
    run(agent, "Hello.")
    script.answers = [(RIGHT,), (WRONG,)]
    with pytest.raises(Blocked):  # the second time, the first one was before it was forgotten
        run(agent, "Again.", message_history=history)
    assert ran.calls == [SEARCH, RIGHT]


def test_what_a_summary_says_vouches_for_nothing() -> None:
    ran, script = Ran(), Script((SEARCH,), (WRONG,))
    summary = ModelRequest([CompactionPart("Ada's account is acct_7H9j2.")])
    run(agent_of(ran, script, Guard()), "Go on.", message_history=[summary])
    assert ran.calls == [SEARCH]
    assert any("Some results were cut" in text for text in script.told())


def test_a_call_that_another_capability_rewrites_is_checked_as_written() -> None:
    class Rewriting(AbstractCapability[Any]):
        async def before_tool_execute(
            self,
            ctx: RunContext[Any],
            *,
            call: ToolCallPart,
            tool_def: ToolDefinition,
            args: dict[str, Any],
        ) -> dict[str, Any]:
            return (
                {**args, "account_id": args["account_id"].strip()} if "account_id" in args else args
            )

    ran, script = Ran(), Script((SEARCH,), (WRONG,), (RIGHT,))
    run(agent_of(ran, script, Guard(), Rewriting()), "Refund Ada.")
    assert ran.calls == [SEARCH, RIGHT]
