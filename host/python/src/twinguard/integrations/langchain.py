"""LangChain agents and LangGraph: a middleware around every tool call.

Example:
    >>> from langchain.agents import create_agent
    >>> from langchain_core.language_models import FakeListChatModel
    >>> from twinguard import Guard
    >>> agent = create_agent(
    ...     FakeListChatModel(responses=["done"]), middleware=[TwinguardMiddleware(Guard())]
    ... )
    >>> agent.invoke({"messages": [("user", "Hello")]})["messages"][-1].content
    'done'

List it last: the last middleware is the innermost, and sees the arguments as the tool will get
them. A graph of your own takes the same object: `ToolNode(tools, wrap_tool_call=m.wrap_tool_call,
awrap_tool_call=m.awrap_tool_call)`; there the system prompt is known as far as it stands in the
messages.

`ask` becomes an interrupt of LangGraph, so the agent needs a checkpointer. Its value is the
`ToolApprovalRequest` of LangChain's own `HumanInTheLoopMiddleware`; resume with `{"type":
"approve"}` or `{"type": "reject", "message": "…"}`. The retry cap raises `twinguard.Blocked` out of
the agent.

Conversations are told apart by thread and subgraph, and without a checkpointer by their first
message. A conversation that this process has forgotten, or never knew, is learned again from the
state's messages. What a summary replaced there is lost to it, and findings say that something is
missing.

Not covered: arguments reach a middleware parsed, so that a decimal like `1.10` arrives as `1.1`;
integers keep every digit. Tools that the provider runs itself are read, but cannot be checked
before they run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from typing import Any, Literal

from twinguard import Guard
from twinguard.integrations._conversation import (
    MAX_BLOCKS,
    Action,
    Called,
    Conversation,
    Conversations,
    Event,
    OnWarn,
    Outcome,
    Shown,
    flatten,
)
from twinguard.integrations._missing import missing

try:
    from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
    from langchain.agents.middleware.types import ToolCallRequest
    from langchain_core.messages import (
        AIMessage,
        AnyMessage,
        HumanMessage,
        SystemMessage,
        ToolMessage,
    )
    from langgraph.types import Command, interrupt
except ImportError as error:
    raise missing("langchain", "langchain", error) from error

ToolResult = ToolMessage | Command[Any]


class TwinguardMiddleware(AgentMiddleware[Any, Any, Any]):
    """Checks every tool call of an agent; one object serves all its conversations."""

    def __init__(
        self,
        guard: Guard,
        *,
        max_blocks: int = MAX_BLOCKS,
        on_warn: OnWarn | None = None,
        on_ask: Literal["interrupt", "refuse"] = "interrupt",
        max_conversations: int = 1000,
    ) -> None:
        """Opens sessions of `guard` as conversations appear.

        Args:
            guard: Holds the policy and the limits.
            max_blocks: The time a value is stopped in the same place that stops the run.
            on_warn: Called with every verdict whose decision is `warn`.
            on_ask: `refuse` is for agents without a checkpointer: `ask` becomes an error that
                tells the model to talk to the user.
            max_conversations: How many are held; the least recently used one is forgotten.
        """
        super().__init__()

        self._conversations = Conversations[Hashable](
            guard,
            max_blocks=max_blocks,
            on_warn=on_warn,
            max_conversations=max_conversations,
            can_ask=on_ask != "refuse",
        )

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelResponse[Any]:
        """Shows the guard what the model is about to be shown."""
        self._watch(request)
        return handler(request)

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """As `wrap_model_call`."""
        self._watch(request)
        return await handler(request)

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolResult]
    ) -> ToolResult:
        """Runs the tool, or returns the guard's message as its error.

        Raises:
            Blocked: A value was stopped for the last time; carries the verdict.
        """
        return self._refusal(request) or handler(request)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolResult]]
    ) -> ToolResult:
        """As `wrap_tool_call`."""
        return self._refusal(request) or await handler(request)

    def _watch(self, request: ModelRequest[Any]) -> None:
        conversation = self._conversation(request.runtime, request.state["messages"])
        system = [request.system_message] if request.system_message else []
        conversation.follow(_events([*system, *request.messages]))

    def _refusal(self, request: ToolCallRequest) -> ToolMessage | None:
        """The error to return in place of running the tool, if it must not run."""
        state, call = request.state, request.tool_call
        messages = state if isinstance(state, list) else state["messages"]
        conversation = self._conversation(request.runtime, messages)
        conversation.follow(_events(messages))
        turn = next((each.id for each in reversed(messages) if isinstance(each, AIMessage)), None)
        outcome = conversation.check(call["name"], call["args"], call["id"], turn=turn)
        if outcome.action is Action.STOP:
            raise outcome.error()
        if outcome.action is Action.ASK:
            outcome = _confirmed(request, outcome)
        if outcome.action is Action.RUN:
            return None
        return ToolMessage(
            outcome.message, name=call["name"], tool_call_id=call["id"], status="error"
        )

    def _conversation(self, runtime: Any, messages: Sequence[AnyMessage]) -> Conversation:
        # `Runtime` and `ToolRuntime` are unrelated classes with the same field.
        info = getattr(runtime, "execution_info", None)
        thread = info.thread_id if info is not None else None
        first = messages[0].id if messages else None
        if thread is None and first is None:
            return self._conversations.open()
        # The last part names the node; what stands before it, the subgraph the agent is.
        subgraph = info.checkpoint_ns.rpartition("|")[0] if info is not None else ""
        return self._conversations.get((thread or first, subgraph))


def _confirmed(request: ToolCallRequest, outcome: Outcome) -> Outcome:
    """What a person says to a call; the run stops here until they have."""
    call = request.tool_call
    answer = interrupt(
        {
            "type": "tool_approval",
            "tool_call_id": call["id"],
            "name": call["name"],
            "args": call["args"],
            "description": outcome.message,
        }
    )
    kind = answer.get("type") if isinstance(answer, dict) else None
    if kind == "approve":
        return Outcome(Action.RUN, verdict=outcome.verdict)
    why = answer.get("message") if kind == "reject" else None
    said = f"A person rejected this call: {why}" if why else "A person did not approve this call."
    return Outcome(Action.REFUSE, f"{outcome.message} {said}", outcome.verdict)


def _events(messages: Sequence[AnyMessage]) -> Iterator[Event]:
    tools: dict[str, str] = {}
    for message in messages:
        content, incomplete = flatten(message.content)
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                tools[str(call["id"])] = call["name"]
                yield Called(call["name"], call["args"], call["id"], message.id)
            for block in message.content_blocks:
                if block["type"] == "server_tool_result":
                    yield Shown("tool-result", block.get("output"), call_id=block["tool_call_id"])
        elif isinstance(message, ToolMessage):
            tool = message.name or tools.get(message.tool_call_id)
            yield Shown("tool-result", content, tool, message.tool_call_id, incomplete)
        elif isinstance(message, SystemMessage):
            yield Shown("system-prompt", content, incomplete=incomplete)
        elif message.additional_kwargs.get("lc_source") == "summarization":
            # A model wrote it, so it vouches for nothing; it stands for messages that did.
            yield Shown("user-message", "", incomplete=True)
        elif isinstance(message, HumanMessage):
            yield Shown("user-message", content, incomplete=incomplete)
