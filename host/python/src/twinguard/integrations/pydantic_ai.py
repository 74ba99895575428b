"""Pydantic AI: a capability that watches every request and checks every tool call.

Example:
    >>> from pydantic_ai import Agent
    >>> from pydantic_ai.models.test import TestModel
    >>> from twinguard import Guard
    >>> agent = Agent(TestModel(), capabilities=[TwinguardCapability(Guard())])
    >>> agent.run_sync("Hello").output
    'success (no tool calls)'

`ask` becomes a deferred tool call that needs approval: name `DeferredToolRequests` among the
agent's output types and pass its results back, or resolve it with Pydantic AI's
`HandleDeferredToolCalls`. The guard's message is in the request's metadata, under `twinguard`. A
call that was approved for another reason counts as approved. The retry cap raises
`twinguard.Blocked` out of the run.

A block is a `ToolFailed`: the model is shown the message, and the tool's retries are not used up.

Conversations are told apart by `conversation_id`. One that this process has forgotten, or never
knew, is learned again from the message history.

Not covered: output tools, which are answers and not actions; tools that the provider runs itself,
which are read but cannot be checked before they run. In a realtime session only the message history
is watched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    Shown,
)
from twinguard.integrations._missing import missing

try:
    from pydantic_ai import ApprovalRequired, RunContext, ToolDefinition, ToolFailed
    from pydantic_ai.capabilities import AbstractCapability, CapabilityOrdering
    from pydantic_ai.messages import (
        BaseToolCallPart,
        BaseToolReturnPart,
        CompactionPart,
        InstructionDeltaPart,
        ModelMessage,
        ModelRequest,
        SystemPromptPart,
        TextContent,
        ToolCallPart,
        UserPromptPart,
    )
    from pydantic_ai.models import ModelRequestContext
except ImportError as error:
    raise missing("pydantic_ai", "pydantic-ai", error) from error


class TwinguardCapability(AbstractCapability[Any]):
    """Checks every tool call of an agent; one object serves all its conversations."""

    def __init__(
        self,
        guard: Guard,
        *,
        max_blocks: int = MAX_BLOCKS,
        on_warn: OnWarn | None = None,
        on_ask: Literal["approval", "refuse"] = "approval",
        max_conversations: int = 1000,
    ) -> None:
        """Opens sessions of `guard` as conversations appear.

        Args:
            guard: Holds the policy and the limits.
            max_blocks: The time a value is stopped in the same place that stops the run.
            on_warn: Called with every verdict whose decision is `warn`.
            on_ask: `refuse` is for agents whose output cannot be `DeferredToolRequests`: `ask`
                becomes an error that tells the model to talk to the user.
            max_conversations: How many are held; the least recently used one is forgotten.
        """
        self._conversations = Conversations[str](
            guard,
            max_blocks=max_blocks,
            on_warn=on_warn,
            max_conversations=max_conversations,
            can_ask=on_ask != "refuse",
        )

    @classmethod
    def get_serialization_name(cls) -> str | None:
        """None: a guard cannot be written in a spec."""
        return None

    def get_ordering(self) -> CapabilityOrdering:
        """Innermost, so that it sees the request and the call as they are carried out."""
        return CapabilityOrdering(position="innermost")

    async def before_model_request(
        self, ctx: RunContext[Any], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Shows the guard what the model is about to be shown."""
        instructions = request_context.model_request_parameters.instruction_parts or []
        conversation = self._conversation(ctx)
        conversation.follow(Shown("system-prompt", part.content) for part in instructions)
        conversation.follow(_events(request_context.messages))
        return request_context

    async def before_tool_execute(
        self,
        ctx: RunContext[Any],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
    ) -> dict[str, Any]:
        """Lets the call through, or says why not.

        Raises:
            ToolFailed: The call must not run; carries the guard's message.
            ApprovalRequired: A person must agree first.
            Blocked: A value was stopped for the last time; carries the verdict.
        """
        conversation = self._conversation(ctx)
        conversation.follow(_events(ctx.messages))
        arguments = call.args if call.args is not None else "{}"
        outcome = conversation.check(
            call.tool_name, arguments, call.tool_call_id, turn=(ctx.run_id, ctx.run_step)
        )
        if outcome.action is Action.STOP:
            raise outcome.error()
        if outcome.action is Action.REFUSE:
            raise ToolFailed(outcome.message)
        if outcome.action is Action.ASK and not ctx.tool_call_approved:
            raise ApprovalRequired({"twinguard": outcome.message})
        return args

    def _conversation(self, ctx: RunContext[Any]) -> Conversation:
        return self._conversations.get(ctx.conversation_id or ctx.run_id or "")


def _events(messages: Sequence[ModelMessage]) -> Iterator[Event]:
    for message in messages:
        if isinstance(message, ModelRequest) and message.instructions:
            yield Shown("system-prompt", message.instructions)
        for part in message.parts:
            if isinstance(part, BaseToolCallPart):
                arguments = part.args if part.args is not None else "{}"
                turn = (message.run_id, message.timestamp)
                yield Called(part.tool_name, arguments, part.tool_call_id, turn)
            elif isinstance(part, BaseToolReturnPart):
                # In the words the model gets, without the fence around an error.
                content = part.model_response_str(wrap_if_error=False)
                shown = Shown("tool-result", content, part.tool_name, part.tool_call_id)
                yield shown if not part.files else _beside_files(shown)
            elif isinstance(part, UserPromptPart):
                yield _prompt(part)
            elif isinstance(part, SystemPromptPart | InstructionDeltaPart):
                yield Shown("system-prompt", part.content or "")
            elif isinstance(part, CompactionPart):
                # A model wrote it, so it vouches for nothing; it stands for messages that did.
                yield Shown("user-message", "", incomplete=True)


def _prompt(part: UserPromptPart) -> Shown:
    items = [part.content] if isinstance(part.content, str) else part.content
    texts = [item.content if isinstance(item, TextContent) else item for item in items]
    read = [text for text in texts if isinstance(text, str)]
    return Shown("user-message", "\n".join(read), incomplete=len(read) < len(texts))


def _beside_files(shown: Shown) -> Shown:
    return Shown(shown.source, shown.content, shown.tool, shown.call_id, incomplete=True)
