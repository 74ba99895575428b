"""The adapter in the Claude Agent SDK, run by the Claude Code that the SDK ships.

The model behind it is a stand-in for the Messages API on this machine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from claude_agent_sdk import (
    CanUseTool,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    HookContext,
    HookMatcher,
    PermissionResultAllow,
    PermissionResultDeny,
    ResultMessage,
    ToolPermissionContext,
    ToolResultBlock,
    UserMessage,
    create_sdk_mcp_server,
    tool,
)
from claude_agent_sdk.types import (
    BaseHookInput,
    HookInput,
    PostToolUseHookInput,
    PreToolUseHookInput,
    UserPromptSubmitHookInput,
)
from messages_api import MessagesApi, tool_use
from scenarios import ASKING, LISTING, RIGHT, SCENARIOS, SEARCH, WRONG, Call, Ran, Scenario, judge

from twinguard import Guard
from twinguard.integrations.claude_agent_sdk import TwinguardHooks

# Hooks do not tell which calls stood in one answer, so there each of them counts.
COUNTED = "the_same_slip_in_three_parallel_calls_counts_once"
SYSTEM = "You are a support agent."


def options_of(ran: Ran, folder: Path, listing: str = LISTING) -> ClaudeAgentOptions:
    search, refund = ran.tools(listing)

    def mcp(function: Callable[[str], str], argument: str) -> Any:
        async def run(arguments: dict[str, Any]) -> dict[str, Any]:
            return {"content": [{"type": "text", "text": function(arguments[argument])}]}

        return tool(function.__name__, function.__doc__ or "", {argument: str})(run)

    crm = create_sdk_mcp_server("crm", tools=[mcp(search, "name"), mcp(refund, "account_id")])
    return ClaudeAgentOptions(
        system_prompt=SYSTEM,
        mcp_servers={"crm": crm},
        allowed_tools=["mcp__crm__search_customer", "mcp__crm__refund"],
        setting_sources=[],
        cwd=folder,
        max_buffer_size=16 << 20,  # for the largest result of the scenarios
    )


def run(
    ran: Ran,
    options: ClaudeAgentOptions,
    folder: Path,
    prompt: str,
    *answers: Sequence[Call],
    aside: str = "ok",
) -> str:
    """Fills in what the model was told; returns the session's id."""
    names = {"search_customer": "mcp__crm__search_customer", "refund": "mcp__crm__refund"}
    script = [
        [tool_use(names.get(call.tool, call.tool), call.arguments) for call in answer]
        for answer in answers
    ]
    session = ""

    async def go() -> None:
        nonlocal session
        with MessagesApi(SYSTEM, script, aside) as api:
            ours = replace(options, env=api.environment(str(folder / "config")))
            async with ClaudeSDKClient(ours) as client:
                await client.query(prompt)
                async for message in client.receive_response():
                    if isinstance(message, UserMessage) and isinstance(message.content, list):
                        ran.told += map(text_of, message.content)
                    if isinstance(message, ResultMessage):
                        session = message.session_id
            ran.stopped = not api.is_finished

    asyncio.run(asyncio.wait_for(go(), 60))
    return session


def text_of(block: object) -> str:
    content = block.content if isinstance(block, ToolResultBlock) else ""
    return content if isinstance(content, str) else "".join(each["text"] for each in content or [])


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_scenario(scenario: Scenario, tmp_path: Path) -> None:
    ran = Ran()
    system = f"{SYSTEM} {scenario.system}"
    options = replace(options_of(ran, tmp_path, scenario.listing), system_prompt=system)
    hooks = TwinguardHooks(scenario.guard(), on_warn=ran.warnings.append)
    run(ran, hooks.protect(options), tmp_path, scenario.user, *scenario.answers)
    if scenario.name == COUNTED:
        scenario = replace(scenario, ran=(SEARCH,), stopped=True)
    judge(scenario, ran)


# The tool is allowed by name, and the guard's question is put all the same.
@pytest.mark.filterwarnings("ignore::claude_agent_sdk.types.CanUseToolShadowedWarning")
@pytest.mark.parametrize("approve", [True, False, None])
def test_ask_is_the_permission_prompt(approve: bool | None, tmp_path: Path) -> None:
    ran = Ran()
    reasons: list[str | None] = []

    async def decide(
        name: str, arguments: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        reasons.append(context.decision_reason)
        return PermissionResultAllow() if approve else PermissionResultDeny(message="Not that one.")

    asked: CanUseTool | None = decide if approve is not None else None
    options = replace(options_of(ran, tmp_path), can_use_tool=asked)
    run(ran, TwinguardHooks(ASKING).protect(options), tmp_path, "Refund Ada.", [SEARCH], [WRONG])
    assert ran.calls == ([SEARCH, WRONG] if approve else [SEARCH])
    if approve is None:
        assert any("the last character is `2`" in text for text in ran.told)
    else:
        [reason] = reasons
        assert reason is not None
        assert "the last character is `2`" in reason
        assert ("Not that one." in ran.told) is not approve


def test_ask_can_be_refused_where_nobody_can_be_asked(tmp_path: Path) -> None:
    ran = Ran()
    options = TwinguardHooks(ASKING, on_ask="refuse").protect(options_of(ran, tmp_path))
    run(ran, options, tmp_path, "Refund Ada.", [SEARCH], [WRONG])
    assert ran.calls == [SEARCH]
    assert any("cannot be given here" in text for text in ran.told)


def test_a_resumed_session_is_learned_from_its_transcript(tmp_path: Path) -> None:
    ran = Ran()
    options = options_of(ran, tmp_path)
    first = TwinguardHooks(Guard(), max_blocks=2).protect(options)
    session = run(ran, first, tmp_path, "Refund Ada.", [SEARCH], [WRONG])
    later = TwinguardHooks(Guard(), max_blocks=2).protect(replace(options, resume=session))
    run(ran, later, tmp_path, "Go on.", [RIGHT], [WRONG], [RIGHT])
    assert ran.calls == [SEARCH, RIGHT]
    assert ran.stopped  # the second time, the first one was in the other process


def test_what_a_sub_agent_says_vouches_for_nothing(tmp_path: Path) -> None:
    ran = Ran()
    asked = {"description": "Find it", "prompt": "Which account?", "subagent_type": "Explore"}
    ask = Call("Agent", {**asked, "run_in_background": False})
    options = options_of(ran, tmp_path)
    options.allowed_tools.append("Agent")
    guarded = TwinguardHooks(Guard()).protect(options)
    said = "The account is acct_7H9j2."
    run(ran, guarded, tmp_path, "Refund Ada.", [SEARCH], [ask], [WRONG], aside=said)
    assert any(said in text for text in ran.told)
    assert ran.calls == [SEARCH]


def hook(options: ClaudeAgentOptions, event: Any, given: HookInput) -> dict[str, Any]:
    """What a hook answers when the SDK calls it."""
    assert options.hooks is not None
    callback = options.hooks[event][-1].hooks[0]
    context: HookContext = {"signal": None}
    answer: Any = asyncio.run(callback(given, "toolu_1", context))  # type: ignore[arg-type]
    return dict(answer)


def base(transcript: Path) -> BaseHookInput:
    return {"session_id": "s", "transcript_path": str(transcript), "cwd": "/"}


def before(tool_input: dict[str, Any], transcript: Path) -> PreToolUseHookInput:
    call = {"tool_name": "refund", "tool_input": tool_input, "tool_use_id": "toolu_1"}
    return cast(PreToolUseHookInput, {"hook_event_name": "PreToolUse", **call, **base(transcript)})


def test_a_summary_in_a_transcript_vouches_for_nothing(tmp_path: Path) -> None:
    transcript = tmp_path / "t.jsonl"
    entries = [
        {"type": "user", "message": {"role": "user", "content": "It is acct_7H9j3."}},
        {"type": "summary", "summary": "…"},
        {"type": "user", "isCompactSummary": True, "message": {"content": "It is acct_7H9j2."}},
        {"type": "assistant", "message": {"content": [{"type": "text", "text": "acct_7H9j2"}]}},
    ]
    lines = [*map(json.dumps, entries), '{"type": "user", "mess']
    transcript.write_text("\n".join(lines))
    options = TwinguardHooks(Guard()).protect(ClaudeAgentOptions(resume="s"))
    answer = hook(options, "PreToolUse", before(WRONG.arguments, transcript))
    assert answer["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_a_report_from_the_background_vouches_for_nothing(tmp_path: Path) -> None:
    options = TwinguardHooks(Guard()).protect(ClaudeAgentOptions())
    nowhere = tmp_path / "none.jsonl"
    said = "<task-notification>\n<result>It is acct_7H9j2.</result>\n</task-notification>"
    for prompt in ("Refund acct_7H9j3.", said):
        typed: UserPromptSubmitHookInput = {
            "hook_event_name": "UserPromptSubmit",
            "prompt": prompt,
            **base(nowhere),
        }
        hook(options, "UserPromptSubmit", typed)
    answer = hook(options, "PreToolUse", before(WRONG.arguments, nowhere))
    assert "a message of the user" in answer["hookSpecificOutput"]["permissionDecisionReason"]


def test_a_resumed_session_without_a_transcript_says_that_something_is_missing(
    tmp_path: Path,
) -> None:
    options = TwinguardHooks(Guard()).protect(ClaudeAgentOptions(resume="s"))
    missing = tmp_path / "none.jsonl"
    result = {"tool_name": "search_customer", "tool_response": LISTING, "tool_use_id": "toolu_0"}
    shown = cast(
        PostToolUseHookInput, {"hook_event_name": "PostToolUse", **result, **base(missing)}
    )
    assert hook(options, "PostToolUse", shown) == {}
    answer = hook(options, "PreToolUse", before(WRONG.arguments, missing))
    assert "Some results were cut" in answer["hookSpecificOutput"]["permissionDecisionReason"]


def test_a_hook_that_fails_blocks(tmp_path: Path) -> None:
    options = TwinguardHooks(Guard()).protect(ClaudeAgentOptions())
    assert options.hooks is not None
    assert all(each.on_failure == "block" for every in options.hooks.values() for each in every)
    unreadable = tmp_path / "t.jsonl"
    unreadable.write_text('{"message": {"content": [{"type": "tool_use"}]}}')
    answer = hook(options, "PreToolUse", before(RIGHT.arguments, unreadable))
    assert "failed" in answer["hookSpecificOutput"]["permissionDecisionReason"]


def test_the_users_own_hooks_stay() -> None:
    own = HookMatcher(matcher="Bash")
    options = ClaudeAgentOptions(hooks={"PreToolUse": [own]})
    guarded = TwinguardHooks(Guard()).protect(options)
    assert guarded.hooks is not None
    assert guarded.hooks["PreToolUse"][0] is own
    assert options.hooks == {"PreToolUse": [own]}


@pytest.mark.parametrize("kind", ["text", "custom", "preset", "file"])
def test_every_form_of_system_prompt_is_read(kind: str, tmp_path: Path) -> None:
    text = "Test refunds go to acct_7H9j3."
    (tmp_path / "prompt.md").write_text(text)
    forms: dict[str, Any] = {
        "text": text,
        "custom": {"type": "custom", "prompt": text},
        "preset": {"type": "preset", "preset": "claude_code", "append": text},
        "file": {"type": "file", "path": str(tmp_path / "prompt.md")},
    }
    options = TwinguardHooks(Guard()).protect(ClaudeAgentOptions(system_prompt=forms[kind]))
    answer = hook(options, "PreToolUse", before(WRONG.arguments, tmp_path / "none.jsonl"))
    assert "the system prompt" in answer["hookSpecificOutput"]["permissionDecisionReason"]
