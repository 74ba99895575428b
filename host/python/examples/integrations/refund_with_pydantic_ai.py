"""A support agent of Pydantic AI slips once, is told, and corrects itself.

The model is Pydantic AI's `FunctionModel`, so this runs offline. Prints:

    model asks for refund acct_7H9j2
    model is told: `acct_7H9j2` in `/account_id` was never shown in this conversation. The nearest
    model asks for refund acct_7H9j3
    refund runs for acct_7H9j3
    Ada has her money back.
"""

from pydantic_ai import Agent, ModelMessage
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from twinguard import Guard
from twinguard.integrations.pydantic_ai import TwinguardCapability

script: list[ToolCallPart | TextPart] = [
    ToolCallPart("search_customer", {"name": "Ada"}),
    ToolCallPart("refund", {"account_id": "acct_7H9j2"}),
    ToolCallPart("refund", {"account_id": "acct_7H9j3"}),
    TextPart("Ada has her money back."),
]


def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    for part in messages[-1].parts:
        if isinstance(part, ToolReturnPart) and part.outcome == "failed":
            print("model is told:", str(part.content)[:79])
    says = script.pop(0)
    if isinstance(says, ToolCallPart) and says.tool_name == "refund":
        print("model asks for refund", says.args_as_dict()["account_id"])
    return ModelResponse([says])


agent = Agent(FunctionModel(model), capabilities=[TwinguardCapability(Guard())])


@agent.tool_plain
def search_customer(name: str) -> str:
    """Finds a customer."""
    return '{"name": "Ada", "account_id": "acct_7H9j3"}'


@agent.tool_plain
def refund(account_id: str) -> str:
    """Pays the money back."""
    print("refund runs for", account_id)
    return "refunded"


print(agent.run_sync("Refund Ada's order.").output)
