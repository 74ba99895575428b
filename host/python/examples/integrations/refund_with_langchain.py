"""A support agent of LangChain slips once, is told, and corrects itself.

The model is LangChain's own fake one, so this runs offline. Prints:

    model asks for refund acct_7H9j2
    model is told: `acct_7H9j2` in `/account_id` was never shown in this conversation. The nearest
    model asks for refund acct_7H9j3
    refund runs for acct_7H9j3
    Ada has her money back.
"""

from collections.abc import Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langchain_core.runnables import Runnable

from twinguard import Guard
from twinguard.integrations.langchain import TwinguardMiddleware


class Model(GenericFakeChatModel):
    """The fake model, which also takes tools."""

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, AIMessage]:
        return self


def says(tool: str, **arguments: str) -> AIMessage:
    return AIMessage("", tool_calls=[ToolCall(name=tool, args=arguments, id=str(arguments))])


def search_customer(name: str) -> str:
    """Finds a customer."""
    return '{"name": "Ada", "account_id": "acct_7H9j3"}'


def refund(account_id: str) -> str:
    """Pays the money back."""
    print("refund runs for", account_id)
    return "refunded"


script = [
    says("search_customer", name="Ada"),
    says("refund", account_id="acct_7H9j2"),
    says("refund", account_id="acct_7H9j3"),
    AIMessage("Ada has her money back."),
]
agent = create_agent(
    Model(messages=iter(script)),
    [search_customer, refund],
    middleware=[TwinguardMiddleware(Guard())],
)
for update in agent.stream(
    {"messages": [{"role": "user", "content": "Refund Ada's order."}]}, stream_mode="updates"
):
    for message in next(iter(update.values()))["messages"]:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                if call["name"] == "refund":
                    print("model asks for refund", call["args"]["account_id"])
            if message.content:
                print(message.content)
        elif isinstance(message, ToolMessage) and message.status == "error":
            print("model is told:", str(message.content)[:79])
