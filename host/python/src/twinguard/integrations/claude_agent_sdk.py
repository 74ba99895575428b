"""Claude Agent SDK: hooks around every tool call.

Example:
    >>> from claude_agent_sdk import ClaudeAgentOptions
    >>> from twinguard import Guard
    >>> options = TwinguardHooks(Guard()).protect(ClaudeAgentOptions(system_prompt="Be brief."))
    >>> sorted(options.hooks)
    ['PostToolUse', 'PostToolUseFailure', 'PreToolUse', 'UserPromptSubmit']

`ask` becomes the permission prompt of Claude Code, with the guard's message as its reason: the SDK
calls `can_use_tool`, and where there is none the call is denied. The retry cap ends the turn with
`continue: false`; the guard's message is its reason. All hooks are registered with
`on_failure="block"`, so that a hook that fails or takes too long stops the call.

Sessions are told apart by `session_id`; sub-agents share their session's memory, and since their
answer is a model's text, it vouches for nothing. A session that this process has forgotten, or
never knew because it was resumed, is learned again from its transcript; what sub-agents had seen is
not in there.

Not covered: what the model reads without a hook (CLAUDE.md, skills, the built-in prompt) is unknown
to the guard. Tool inputs reach a hook parsed, so that a decimal like `1.10` arrives as `1.1`;
integers keep every digit. Tools that the API runs itself, such as web search, have no hook.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
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
    flatten,
)
from twinguard.integrations._missing import missing

try:
    from claude_agent_sdk import ClaudeAgentOptions, HookContext, HookMatcher
    from claude_agent_sdk.types import (
        HookEvent,
        HookInput,
        PreToolUseHookSpecificOutput,
        SyncHookJSONOutput,
    )
except ImportError as error:
    raise missing("claude_agent_sdk", "claude-agent-sdk", error) from error

# Their result is what another model said.
_SUBAGENTS = frozenset({"Agent", "Task"})


class TwinguardHooks:
    """Checks every tool call of Claude Code; one object serves all its sessions."""

    def __init__(
        self,
        guard: Guard,
        *,
        max_blocks: int = MAX_BLOCKS,
        on_warn: OnWarn | None = None,
        on_ask: Literal["ask", "refuse"] = "ask",
        max_conversations: int = 1000,
    ) -> None:
        """Opens sessions of `guard` as those of Claude Code appear.

        Args:
            guard: Holds the policy and the limits.
            max_blocks: The time a value is stopped in the same place that stops the run.
            on_warn: Called with every verdict whose decision is `warn`.
            on_ask: `refuse` makes of `ask` an error that tells the model to talk to the user.
            max_conversations: How many are held; the least recently used one is forgotten.
        """
        self._conversations = Conversations[str](
            guard,
            max_blocks=max_blocks,
            on_warn=on_warn,
            max_conversations=max_conversations,
            can_ask=on_ask != "refuse",
        )

    def protect(self, options: ClaudeAgentOptions) -> ClaudeAgentOptions:
        """The options with the hooks added, and their system prompt known to the guard."""
        bound = _Bound(self._conversations, options)
        hooks = {event: list(matchers) for event, matchers in (options.hooks or {}).items()}
        for event, hook in bound.hooks().items():
            hooks.setdefault(event, []).append(HookMatcher(hooks=[hook], on_failure="block"))
        return dataclasses.replace(options, hooks=hooks)


class _Bound:
    """The hooks of one set of options."""

    def __init__(self, conversations: Conversations[str], options: ClaudeAgentOptions) -> None:
        self._conversations = conversations
        self._system = _system_prompt(options.system_prompt)
        self._resumes = bool(options.resume or options.continue_conversation)

    def hooks(self) -> dict[HookEvent, Any]:
        return {
            "UserPromptSubmit": self._watch,
            "PostToolUse": self._watch,
            "PostToolUseFailure": self._watch,
            "PreToolUse": self._check,
        }

    async def _watch(
        self, event: HookInput, tool_use_id: str | None, context: HookContext
    ) -> SyncHookJSONOutput:
        self._conversation(event).follow(_shown(event))
        return {}

    async def _check(
        self, event: HookInput, tool_use_id: str | None, context: HookContext
    ) -> SyncHookJSONOutput:
        if event["hook_event_name"] != "PreToolUse":
            return {}
        conversation = self._conversation(event)
        outcome = conversation.check(event["tool_name"], event["tool_input"], event["tool_use_id"])
        if outcome.action is Action.RUN:
            # Nothing, rather than `allow`: that would skip the permissions of Claude Code.
            return {}
        answer: PreToolUseHookSpecificOutput = {
            "hookEventName": "PreToolUse",
            "permissionDecision": "ask" if outcome.action is Action.ASK else "deny",
            "permissionDecisionReason": outcome.message,
        }
        if outcome.action is Action.STOP:
            return {
                "continue_": False,
                "stopReason": outcome.message,
                "hookSpecificOutput": answer,
            }
        return {"hookSpecificOutput": answer}

    def _conversation(self, event: HookInput) -> Conversation:
        conversation = self._conversations.get(event["session_id"])
        if conversation.is_new:
            conversation.follow(self._beginning(Path(event["transcript_path"])))
        return conversation

    def _beginning(self, transcript: Path) -> Iterator[Event]:
        """What a session that is new to this process holds already."""
        yield Shown("system-prompt", self._system)
        if transcript.is_file():
            with transcript.open(encoding="utf-8", errors="replace") as lines:
                yield from _history(lines)
        elif self._resumes:
            yield Shown("user-message", "", incomplete=True)


def _system_prompt(prompt: Any) -> str:  # text, a preset, a file, or nothing
    if isinstance(prompt, Mapping):
        if prompt.get("type") == "file":
            return Path(prompt["path"]).read_text(encoding="utf-8")
        return str(prompt.get("prompt") or prompt.get("append") or "")
    return prompt or ""


def _shown(event: HookInput) -> Iterator[Event]:
    if event["hook_event_name"] == "UserPromptSubmit":
        yield _prompt(event["prompt"])
    elif event["hook_event_name"] == "PostToolUse":
        yield _result(event["tool_response"], event["tool_name"], event["tool_use_id"])
    elif event["hook_event_name"] == "PostToolUseFailure":
        yield _result(event["error"], event["tool_name"], event["tool_use_id"])


def _prompt(text: str) -> Shown:
    # A sub-agent in the background reports in the user's place, and what it says is a model's word.
    return Shown("user-message", "" if text.lstrip().startswith("<task-notification>") else text)


def _result(content: Any, tool: str | None, call_id: str) -> Shown:  # each tool has its own shape
    text, incomplete = flatten(content)
    if tool in _SUBAGENTS:
        text = ""
    return Shown("tool-result", text, tool, call_id, incomplete)


def _history(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a transcript: one JSON object a line, of which many are no messages."""
    tools: dict[str, str] = {}
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # the last line may be half written
        message = entry.get("message") if isinstance(entry, dict) else None
        if not isinstance(message, dict) or entry.get("isCompactSummary"):
            continue
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        for block in blocks:
            if block.get("type") == "tool_use":
                tools[block["id"]] = block["name"]
                yield Called(block["name"], block["input"], block["id"])
            elif block.get("type") == "tool_result":
                call_id = block["tool_use_id"]
                yield _result(block.get("content"), tools.get(call_id), call_id)
            elif block.get("type") == "text" and entry.get("type") == "user":
                yield _prompt(block["text"])
