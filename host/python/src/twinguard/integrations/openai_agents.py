"""OpenAI Agents SDK: guardrails on every function tool, and an agent hook that watches what the
model is shown.

Example:
    >>> from agents import Agent, function_tool
    >>> from twinguard import Guard
    >>> @function_tool
    ... def refund(account_id: str) -> str:
    ...     '''Pays the money back.'''
    ...     return "done"
    >>> conversation = GuardedConversation(Guard())
    >>> agent = conversation.protect(Agent(name="support", tools=[refund]))
    >>> [guardrail.get_name() for guardrail in agent.tools[0].tool_input_guardrails]
    ['twinguard']

The guarded agent runs as any other: `await Runner.run(agent, "…")`, `run_sync`, `run_streamed`.
Hold one `GuardedConversation` for each conversation. When the history comes along with every run (a
session of the SDK, `to_input_list()`), a new one learns it from there. Where the server keeps the
history (`previous_response_id`, `conversation_id`), only the object that was there from the
beginning knows it.

`ask` becomes the SDK's tool approval: the run is interrupted, and goes on after `state.approve(…)`
or `state.reject(…)`. Tools of MCP servers have the server's own rule for approvals: there, `ask` is
an error that tells the model to talk to the user, unless a person approved the call. The retry cap
raises `ToolInputGuardrailTripwireTriggered`, whose `output.output_info` is the verdict.

Not covered: tools that OpenAI runs itself (web search, file search, hosted MCP …) never ask here
before they run, nor do the computer, shell and patch tools. `protect` refuses an agent that has
one, unless its name is listed in `unguarded`. A handoff's own input is not
checked.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from twinguard import Guard, TwinguardError
from twinguard.integrations._conversation import (
    MAX_BLOCKS,
    Action,
    Called,
    Conversation,
    Event,
    OnWarn,
    Outcome,
    Shown,
    flatten,
    without_approval,
)
from twinguard.integrations._missing import missing

try:
    from agents import (
        Agent,
        AgentHooks,
        FunctionTool,
        Handoff,
        RunContextWrapper,
        ToolGuardrailFunctionOutput,
        ToolInputGuardrail,
        ToolInputGuardrailData,
    )
    from agents.items import TResponseInputItem
    from agents.tool_context import ToolContext
except ImportError as error:
    raise missing("openai_agents", "openai-agents", error) from error

TContext = TypeVar("TContext")


class GuardedConversation:
    """Guards the agents of one conversation."""

    def __init__(
        self,
        guard: Guard,
        *,
        max_blocks: int = MAX_BLOCKS,
        on_warn: OnWarn | None = None,
        unguarded: Collection[str] = (),
    ) -> None:
        """`unguarded` names the tools that may stay without a guard because the SDK offers none for
        them."""
        self._conversation = Conversation(guard, max_blocks=max_blocks, on_warn=on_warn)
        self._unguarded = frozenset(unguarded)
        self._protected: dict[int, tuple[Agent[Any], Agent[Any]]] = {}
        self._requests = 0
        self._guardrail: ToolInputGuardrail[Any] = ToolInputGuardrail(self._check, name="twinguard")

    def protect(self, agent: Agent[TContext]) -> Agent[TContext]:
        """A copy of the agent whose tools are guarded, and of the agents it hands off to. Its MCP
        servers get a guardrail themselves, since their tools are made anew for every run; agents
        that are not guarded may go on using the same servers.

        Set the agent's own hooks before. An agent that is used as a tool reads a history of its
        own: protect it before `as_tool()`.

        Raises:
            TwinguardError: A tool or a handoff that cannot be guarded; names it.
        """
        known = self._protected.get(id(agent))
        if known is not None:
            return known[1]
        guarded = agent.clone(tools=[self._protect_tool(tool) for tool in agent.tools], handoffs=[])
        # Known before its handoffs are: agents may hand off to each other in a circle.
        self._protected[id(agent)] = (agent, guarded)
        self._protected[id(guarded)] = (guarded, guarded)
        guarded.hooks = _Watch(self, agent.hooks)
        guarded.handoffs = [self._protect_handoff(handoff) for handoff in agent.handoffs]
        for server in agent.mcp_servers:
            guardrails = server.tool_input_guardrails or []
            if _OF_A_SERVER not in guardrails:
                server.tool_input_guardrails = [*guardrails, _OF_A_SERVER]
        return guarded

    def _protect_tool(self, tool: Any) -> Any:
        if not isinstance(tool, FunctionTool):
            if tool.name in self._unguarded:
                return tool
            raise TwinguardError(
                f"the tool `{tool.name}` of type {type(tool).__name__} cannot be guarded: the SDK "
                "runs guardrails for function tools only; remove it, or name it in `unguarded` to "
                "run it unchecked"
            )
        nested = tool._agent_instance  # the SDK has no public way to tell
        if (
            nested is not None
            and id(nested) not in self._protected
            and tool.name not in self._unguarded
        ):
            raise TwinguardError(
                f"the tool `{tool.name}` runs the agent `{nested.name}`, which is not guarded; "
                "call `protect(…)` on that agent before `as_tool()`, or name the tool in "
                "`unguarded`"
            )
        guarded = copy.copy(tool)
        # Last, so that it sees the arguments after every other guardrail had its say.
        guarded.tool_input_guardrails = [*(tool.tool_input_guardrails or ()), self._guardrail]
        if tool.needs_approval is not True:
            guarded.needs_approval = self._approval(tool)
            guarded.on_invoke_tool = _plain(tool.on_invoke_tool)
        return guarded

    def _protect_handoff(self, handoff: Any) -> Any:
        if isinstance(handoff, Agent):
            return self.protect(handoff)
        target = (
            handoff._agent_ref()
            if isinstance(handoff, Handoff) and handoff._agent_ref is not None
            else None
        )
        if target is not None and id(target) in self._protected:
            return handoff
        raise TwinguardError(
            f"the handoff to `{getattr(handoff, 'agent_name', handoff)}` leads to an agent that is "
            "not guarded; make it as `handoff(conversation.protect(agent))`"
        )

    def _approval(
        self, tool: FunctionTool
    ) -> Callable[[RunContextWrapper[Any], dict[str, Any], str], Any]:
        """The tool's own question whether a person must agree, or ours."""
        own = tool.needs_approval

        async def needs_approval(
            context: RunContextWrapper[Any], arguments: dict[str, Any], call_id: str
        ) -> bool:
            if callable(own) and await own(context, arguments, call_id):
                return True
            return self._judge(tool.name, arguments, call_id).action is Action.ASK

        return needs_approval

    def _judge(
        self,
        tool: str,
        arguments: str | Mapping[str, Any],
        call_id: str,
        *,
        can_ask: bool = True,
    ) -> Outcome:
        if self._conversation.is_new:
            return Outcome(
                Action.REFUSE,
                "The guard has not seen this conversation, so the call could not be checked. "
                "Make the same call again.",
            )
        return self._conversation.check(
            tool, arguments, call_id, turn=self._requests, can_ask=can_ask
        )

    def _check(self, data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        call = data.context
        # A tool of ours was asked about before, and that answer stands. One of a server is judged
        # here first, when it is too late to ask.
        approved = _is_approved(call)
        outcome = self._judge(
            call.tool_name, call.tool_arguments, call.tool_call_id, can_ask=approved
        )
        if outcome.action is Action.RUN or (outcome.action is Action.ASK and approved):
            return ToolGuardrailFunctionOutput.allow(outcome.verdict)
        if outcome.action is Action.STOP:
            return ToolGuardrailFunctionOutput.raise_exception(outcome.verdict or outcome.message)
        if outcome.action is Action.ASK:
            outcome = without_approval(outcome)
        return ToolGuardrailFunctionOutput.reject_content(outcome.message, outcome.verdict)

    def _watch(self, system_prompt: str | None, items: Sequence[TResponseInputItem]) -> None:
        self._requests += 1
        self._conversation.follow(_events(system_prompt, items))


def _is_approved(call: ToolContext[Any]) -> bool:
    return call.is_tool_approved(call.tool_name, call.tool_call_id) is True


def _plain(
    invoke: Callable[[ToolContext[Any], str], Any],
) -> Callable[[ToolContext[Any], str], Any]:
    """The same function in a plain coat.

    For its own decorated tools the SDK does not ask a `needs_approval` function when validation
    changes the arguments (a default filled in, a model built) and wants an approval at once. Our
    question is about the arguments as they were written, so it may be asked always.
    """

    async def on_invoke_tool(context: ToolContext[Any], arguments: str) -> Any:
        return await invoke(context, arguments)

    return on_invoke_tool


class _Watch(AgentHooks[Any]):
    """Shows the guard what the model is about to be shown, then hands on to the agent's own
    hooks."""

    def __init__(self, conversation: GuardedConversation, inner: AgentHooks[Any] | None) -> None:
        self.conversation = conversation
        self._inner = inner or AgentHooks()

    async def on_llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[TResponseInputItem],
    ) -> None:
        self.conversation._watch(system_prompt, input_items)
        await self._inner.on_llm_start(context, agent, system_prompt, input_items)

    async def on_llm_end(self, *arguments: Any) -> None:
        await self._inner.on_llm_end(*arguments)

    async def on_start(self, *arguments: Any) -> None:
        await self._inner.on_start(*arguments)

    async def on_end(self, *arguments: Any) -> None:
        await self._inner.on_end(*arguments)

    async def on_handoff(self, *arguments: Any, **named: Any) -> None:
        await self._inner.on_handoff(*arguments, **named)

    async def on_tool_start(self, *arguments: Any) -> None:
        await self._inner.on_tool_start(*arguments)

    async def on_tool_end(self, *arguments: Any) -> None:
        await self._inner.on_tool_end(*arguments)


def _check_for_server(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
    # One server may serve agents of many conversations; the one that calls knows its own.
    watch = data.agent.hooks
    if isinstance(watch, _Watch):
        return watch.conversation._check(data)
    return ToolGuardrailFunctionOutput.allow()


_OF_A_SERVER: ToolInputGuardrail[Any] = ToolInputGuardrail(_check_for_server, name="twinguard")


def _events(system_prompt: str | None, items: Sequence[TResponseInputItem]) -> Iterator[Event]:
    """The history as the Responses API writes it."""
    if system_prompt:
        yield Shown("system-prompt", system_prompt)
    tools: dict[str, str] = {}
    for item in items:
        fields: Mapping[str, Any] = item if isinstance(item, Mapping) else item.model_dump()
        kind, call_id = fields.get("type", "message"), fields.get("call_id")
        if kind in ("function_call", "custom_tool_call"):
            tools[str(call_id)] = fields["name"]
            yield Called(fields["name"], fields.get("arguments", fields.get("input", "")), call_id)
        elif str(kind).endswith("_call_output"):
            content, incomplete = flatten(fields.get("output"))
            yield Shown("tool-result", content, tools.get(str(call_id)), call_id, incomplete)
        elif kind == "mcp_call" and fields.get("output") is not None:
            yield Called(fields["name"], fields.get("arguments", ""), fields.get("id"))
            yield Shown("tool-result", fields["output"], fields["name"], fields.get("id"))
        elif kind == "message" and fields.get("role") in _SOURCES:
            content, incomplete = flatten(fields.get("content"))
            yield Shown(_SOURCES[fields["role"]], content, incomplete=incomplete)


_SOURCES: dict[str, Any] = {
    "user": "user-message",
    "system": "system-prompt",
    "developer": "system-prompt",
}
