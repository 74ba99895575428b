"""LiteLLM asks a model again that slipped, and hands on the answer in which it corrected itself.

The model is a stand-in on this machine, so this runs offline. Prints:

    model was told: `acct_7H9j2` in `/account_id` was never shown in this conversation. The nearest
    the caller gets: refund {"account_id": "acct_7H9j3"}
"""

import asyncio

import litellm
from messages_api import MessagesApi, tool_use

from twinguard import Guard
from twinguard.integrations.litellm import TwinguardGuardrail

SYSTEM = "You are a support agent."
FUNCTION = {"name": "refund", "parameters": {"type": "object", "properties": {}}}


async def main() -> None:
    litellm.suppress_debug_info = True
    litellm.callbacks = [TwinguardGuardrail(Guard())]
    script = [
        [tool_use("refund", {"account_id": "acct_7H9j2"})],
        [tool_use("refund", {"account_id": "acct_7H9j3"})],
    ]
    with MessagesApi(SYSTEM, script) as api:
        answer = await litellm.acompletion(
            model="anthropic/stand-in",
            api_base=api.url,
            api_key="none",
            messages=[
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": "Refund account acct_7H9j3, please."},
            ],
            tools=[{"type": "function", "function": FUNCTION}],
            guardrails=["twinguard"],
        )
    told = api.requests[-1]["messages"][-1]["content"][0]["content"]
    print("model was told:", str(told)[:79])
    call = answer.choices[0].message.tool_calls[0].function
    print("the caller gets:", call.name, call.arguments)


asyncio.run(main())
