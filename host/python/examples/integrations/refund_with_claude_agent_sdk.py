"""Claude Code, driven by the Claude Agent SDK, slips once, is told, and corrects itself.

The model is a stand-in on this machine, so this runs offline. Prints:

    model asks for refund acct_7H9j2
    model is told: `acct_7H9j2` in `/account_id` was never shown in this conversation. The nearest
    model asks for refund acct_7H9j3
    refund runs for acct_7H9j3
    done
"""

import asyncio
import tempfile
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
    create_sdk_mcp_server,
    tool,
)
from messages_api import MessagesApi, tool_use

from twinguard import Guard
from twinguard.integrations.claude_agent_sdk import TwinguardHooks

SEARCH, REFUND = "mcp__crm__search_customer", "mcp__crm__refund"
SYSTEM = "You are a support agent."


@tool("search_customer", "Finds a customer.", {"name": str})
async def search_customer(arguments: dict[str, Any]) -> dict[str, Any]:
    found = '{"name": "Ada", "account_id": "acct_7H9j3"}'
    return {"content": [{"type": "text", "text": found}]}


@tool("refund", "Pays the money back.", {"account_id": str})
async def refund(arguments: dict[str, Any]) -> dict[str, Any]:
    print("refund runs for", arguments["account_id"])
    return {"content": [{"type": "text", "text": "refunded"}]}


def show(message: object) -> None:
    blocks = message.content if isinstance(message, AssistantMessage | UserMessage) else []
    for block in blocks:
        if isinstance(block, ToolUseBlock) and block.name == REFUND:
            print("model asks for refund", block.input["account_id"])
        elif isinstance(block, ToolResultBlock) and block.is_error:
            print("model is told:", str(block.content).partition("error: ")[2][:79])
        elif isinstance(block, TextBlock) and isinstance(message, AssistantMessage):
            print(block.text)


async def main() -> None:
    script = [
        [tool_use(SEARCH, {"name": "Ada"})],
        [tool_use(REFUND, {"account_id": "acct_7H9j2"})],
        [tool_use(REFUND, {"account_id": "acct_7H9j3"})],
    ]
    with tempfile.TemporaryDirectory() as folder, MessagesApi(SYSTEM, script) as api:
        options = ClaudeAgentOptions(
            system_prompt=SYSTEM,
            mcp_servers={"crm": create_sdk_mcp_server("crm", tools=[search_customer, refund])},
            allowed_tools=[SEARCH, REFUND],
            setting_sources=[],
            cwd=folder,
            env=api.environment(f"{folder}/config"),
        )
        async with ClaudeSDKClient(TwinguardHooks(Guard()).protect(options)) as client:
            await client.query("Refund Ada's order.")
            async for message in client.receive_response():
                show(message)


asyncio.run(main())
