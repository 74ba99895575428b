"""LiteLLM: a guardrail over the tool calls in a model's answers, for the proxy and for the library.

In the proxy's configuration:

    guardrails:
      - guardrail_name: twinguard
        litellm_params:
          guardrail: twinguard.integrations.litellm.TwinguardGuardrail
          mode: post_call
          default_on: true
          policy: {must_be_seen: ["refund*/account_id"]}

A gateway runs no tools, so it works on whole answers. One with a call that must not run never
reaches the client. On chat completions that are not streamed, the model is asked again, with the
guard's message as that call's result, until it corrects itself or the same value was stopped
`max_blocks` times. Then, and everywhere else, the request fails with status 400 and the guard's
message; it also fails at LiteLLM's own limit, `max_agentic_loops` (3). A stream is held back until
it was checked. `ask` counts as `block`: nobody can be asked.

Nothing is kept between requests. What the model was shown is read from each request, so every
client of the proxy has its conversations for itself, and any number of proxies may stand side by
side.

Example:
    >>> from twinguard import Guard
    >>> guardrail = TwinguardGuardrail(Guard(), default_on=True)
    >>> guardrail.event_hook
    'post_call'

Covered, with their streams: `/chat/completions`, `/responses` and `/v1/messages` of the proxy, as
far as its translations for guardrails reach; `litellm.acompletion(…, guardrails=["twinguard"])`
without a stream, where the guardrail is in `litellm.callbacks`. Not covered: `litellm.completion`,
which has no such hook; streams of the library; realtime and pass-through endpoints; tools that the
provider runs itself. Where a request leaves its history to the server (`previous_response_id`),
findings say that something is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from twinguard import Guard
from twinguard.integrations._conversation import (
    MAX_BLOCKS,
    Action,
    Called,
    Conversation,
    Event,
    OnWarn,
    Outcome,
    Shown,
    at_least_one,
    flatten,
)
from twinguard.integrations._missing import missing

try:
    from litellm.exceptions import GuardrailRaisedException
    from litellm.integrations.custom_guardrail import CustomGuardrail
    from litellm.llms import load_guardrail_translation_mappings
    from litellm.types.guardrails import GuardrailEventHooks
    from litellm.types.integrations.custom_logger import AgenticLoopPlan, AgenticLoopRequestPatch
    from litellm.types.utils import CallTypes, GenericGuardrailAPIInputs
except ImportError as error:
    raise missing("litellm", "litellm", error) from error

_NOT_RUN = (
    "Not run, because another call of the same answer was stopped. "
    "Make this call again if it is still right."
)


class TwinguardGuardrail(CustomGuardrail):
    """Checks the tool calls of every answer; one object serves all requests."""

    # What has been sent cannot be taken back: hold a stream until it was checked.
    streaming_buffer_until_moderated = True

    def __init__(
        self,
        guard: Guard | None = None,
        *,
        policy: dict[str, Any] | str | None = None,
        max_blocks: int = MAX_BLOCKS,
        on_warn: OnWarn | None = None,
        on_block: Literal["retry", "error"] = "retry",
        **litellm_params: Any,  # LiteLLM's own, handed through
    ) -> None:
        """Makes a guard from the policy, unless one is given.

        Args:
            guard: Holds the policy and the limits.
            policy: For configuration files, in place of `guard`.
            max_blocks: The time a value is stopped in the same place that the model is not asked
                again.
            on_warn: Called with every verdict whose decision is `warn`.
            on_block: `error` never asks the model again.
            litellm_params: As `CustomGuardrail` takes them: `guardrail_name` (`twinguard` unless
                given), `event_hook` (`post_call` unless given), `default_on`.

        Raises:
            InvalidPolicy: The policy is wrong; the message says where.
            ValueError: Both a guard and a policy.
        """
        if guard is not None and policy is not None:
            raise ValueError("give a guard or a policy, not both: a guard has a policy already")
        litellm_params.setdefault("guardrail_name", "twinguard")
        litellm_params.setdefault("event_hook", GuardrailEventHooks.post_call.value)
        super().__init__(**litellm_params)
        self._guard = guard or Guard(policy)
        self._max_blocks = at_least_one("max_blocks", max_blocks)
        self._on_warn = on_warn
        self._on_block = on_block

    async def apply_guardrail(
        self,
        inputs: GenericGuardrailAPIInputs,
        request_data: dict[str, Any],
        input_type: Literal["request", "response"],
        logging_obj: Any = None,
    ) -> GenericGuardrailAPIInputs:
        """Lets an answer through, or raises.

        Raises:
            GuardrailRaisedException: A call in it must not run; status 400, the guard's message.
        """
        calls = [_called(each) for each in _dictionaries(inputs.get("tool_calls"))]
        if input_type == "response" and calls:
            call_type = getattr(logging_obj, "call_type", None)
            messages = _messages(request_data, call_type)
            outcomes = self._judge(calls, messages, request_data, announces=True)
            said = [each.message for each in outcomes if each.action is not Action.RUN]
            if said:
                raise GuardrailRaisedException(
                    guardrail_name=self.guardrail_name,
                    message="\n\n".join(said),
                    should_wrap_with_default_message=False,
                    blocked_content=True,
                )
        return inputs

    async def async_should_run_agentic_loop(  # noqa: PLR0917 (LiteLLM's signature)
        self,
        response: Any,  # LiteLLM's signature
        model: str,
        messages: list[dict[str, Any]],
        tools: list[dict[str, Any]] | None,
        stream: bool,
        custom_llm_provider: str,
        kwargs: dict[str, Any],
    ) -> tuple[bool, dict[str, Any]]:
        """Whether to ask the model again: a call of its answer was stopped, not for the last
        time."""
        event = GuardrailEventHooks.post_call
        if self._on_block == "error" or not self.should_run_guardrail(kwargs, event):
            return False, {}
        choices = getattr(response, "choices", None) or []
        answers = [
            choice.message for choice in choices if getattr(choice.message, "tool_calls", None)
        ]
        if len(choices) != 1 or not answers:
            return False, {}
        calls = [_called(each) for each in _dictionaries(answers[0].tool_calls)]
        # An answer that goes out is judged again by `apply_guardrail`, which announces.
        outcomes = self._judge(calls, messages, kwargs, announces=False)
        actions = {each.action for each in outcomes}
        if actions == {Action.RUN} or Action.STOP in actions:
            return False, {}
        results = [
            {"role": "tool", "tool_call_id": call.call_id, "content": outcome.message or _NOT_RUN}
            for call, outcome in zip(calls, outcomes, strict=True)
        ]
        return True, {"messages": [*messages, answers[0].model_dump(exclude_none=True), *results]}

    async def async_build_agentic_loop_plan(  # noqa: PLR0917 (LiteLLM's signature)
        self,
        tools: dict[str, Any],
        model: str,
        messages: list[dict[str, Any]],
        response: object,
        anthropic_messages_provider_config: object,
        anthropic_messages_optional_request_params: dict[str, Any],
        logging_obj: object,
        stream: bool,
        kwargs: dict[str, Any],
    ) -> AgenticLoopPlan:
        """The request with the stopped calls answered."""
        patch = AgenticLoopRequestPatch(messages=tools["messages"])
        return AgenticLoopPlan(run_agentic_loop=True, request_patch=patch)

    def _judge(
        self,
        calls: Sequence[Called],
        messages: Sequence[Mapping[str, Any]] | None,
        request: Mapping[str, Any],
        *,
        announces: bool,
    ) -> list[Outcome]:
        conversation = Conversation(
            self._guard,
            max_blocks=self._max_blocks,
            on_warn=self._on_warn,
            announces=announces,
            can_ask=False,
        )
        if messages is None:
            why = "The request's history could not be read, so no call can be checked."
            return [Outcome(Action.STOP, why)] * len(calls)
        conversation.follow(_events(messages))
        if request.get("previous_response_id") or request.get("conversation"):
            conversation.follow([Shown("user-message", "", incomplete=True)])
        return [
            conversation.check(call.tool, call.arguments, call.call_id, turn="answer")
            for call in calls
        ]


def _messages(request: dict[str, Any], call_type: str | None) -> Sequence[Mapping[str, Any]] | None:
    """The request's history as chat messages, whichever endpoint it came to; `None` if
    unreadable."""
    if call_type is None:
        call_type = (
            CallTypes.aresponses.value if "input" in request else CallTypes.acompletion.value
        )
    try:
        mappings: Any = load_guardrail_translation_mappings()  # type: ignore[no-untyped-call]
        translation = mappings[CallTypes(call_type)]()
    except (KeyError, ValueError):
        return None
    messages: Sequence[Mapping[str, Any]] | None = translation.get_structured_messages(request)
    return messages


def _dictionaries(calls: Iterable[Any] | None) -> Iterator[Mapping[str, Any]]:
    return (each if isinstance(each, Mapping) else each.model_dump() for each in calls or ())


def _called(call: Mapping[str, Any], turn: int | None = None) -> Called:
    function = call.get("function") or {}
    return Called(function.get("name") or "", function.get("arguments") or "", call.get("id"), turn)


def _events(messages: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
    tools: dict[str, str] = {}
    for turn, message in enumerate(messages):
        role, call_id = message.get("role"), message.get("tool_call_id")
        content, incomplete = flatten(message.get("content"))
        if role == "assistant":
            for each in message.get("tool_calls") or ():
                call = _called(each, turn)
                tools[str(call.call_id)] = call.tool
                yield call
        elif role in ("tool", "function"):
            tool = tools.get(str(call_id)) or message.get("name")
            yield Shown("tool-result", content, tool, call_id, incomplete)
        elif role == "user":
            yield Shown("user-message", content, incomplete=incomplete)
        elif role in ("system", "developer"):
            yield Shown("system-prompt", content, incomplete=incomplete)
