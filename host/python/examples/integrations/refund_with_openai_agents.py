"""A support agent of the OpenAI Agents SDK slips once, is told, and corrects itself.

The model is the SDK's own scripted one, so this runs offline. Prints:

    model asks for refund acct_7H9j2
    model is told: `acct_7H9j2` in `/account_id` was never shown in this conversation. The nearest
    model asks for refund acct_7H9j3
    refund runs for acct_7H9j3
    Ada has her money back.
"""

import asyncio
import json

from agents import Agent, RunConfig, Runner, ToolCallItem, ToolCallOutputItem, function_tool
from agents.testing import ScriptedModel, assistant_message, function_call

from twinguard import Guard
from twinguard.integrations.openai_agents import GuardedConversation


@function_tool
def search_customer(name: str) -> str:
    """Finds a customer."""
    return '{"name": "Ada", "account_id": "acct_7H9j3"}'


@function_tool
def refund(account_id: str) -> str:
    """Pays the money back."""
    print("refund runs for", account_id)
    return "refunded"


async def main() -> None:
    model = ScriptedModel(
        [
            [function_call("search_customer", {"name": "Ada"}, call_id="call_1")],
            [function_call("refund", {"account_id": "acct_7H9j2"}, call_id="call_2")],
            [function_call("refund", {"account_id": "acct_7H9j3"}, call_id="call_3")],
            [assistant_message("Ada has her money back.")],
        ]
    )
    agent = Agent(name="support", model=model, tools=[search_customer, refund])

    guarded = GuardedConversation(Guard()).protect(agent)
    streamed = Runner.run_streamed(
        guarded, "Refund Ada's order.", run_config=RunConfig(tracing_disabled=True)
    )

    async for event in streamed.stream_events():
        item = event.item if event.type == "run_item_stream_event" else None
        if isinstance(item, ToolCallItem) and "refund" in str(item.raw_item):
            arguments = json.loads(getattr(item.raw_item, "arguments", "{}"))
            print("model asks for refund", arguments["account_id"])
        elif isinstance(item, ToolCallOutputItem) and "never shown" in str(item.output):
            print("model is told:", str(item.output)[:79])
    print(streamed.final_output)


asyncio.run(main())
