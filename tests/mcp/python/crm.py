"""A small customer database behind FastMCP: what the twins of the tests are twins of.

``crm.py`` serves standard input and output, ``crm.py PORT`` streamable HTTP. Every call that really
arrives is appended to the file that ``CRM_LOG`` names.
"""

import json
import os
import sys

from fastmcp import Context, FastMCP

server = FastMCP("crm", instructions="Accounts of a shop. The house account is acct_0Xk5vTn8.")


def arrived(tool: str, **arguments: object) -> None:
    if path := os.environ.get("CRM_LOG"):
        with open(path, "a", encoding="utf-8") as log:
            log.write(json.dumps({"tool": tool, **arguments}) + "\n")


@server.tool(annotations={"readOnlyHint": True})
def search_customer(name: str) -> dict[str, list[dict[str, str]]]:
    """Finds a customer's accounts."""
    arrived("search_customer", name=name)
    return {"accounts": [{"id": "acct_7H9j3kQ2", "name": name}]}


@server.tool(annotations={"readOnlyHint": False, "destructiveHint": True})
def refund(account_id: str, cents: int = 100) -> str:
    """Pays money back."""
    arrived("refund", account_id=account_id, cents=cents)
    return f"refunded {cents} to {account_id}"


@server.tool
def fail(reason: str) -> str:
    """Fails."""
    raise ValueError(reason)


@server.tool
async def count(to: int, context: Context) -> int:
    """Counts, and tells how far it is."""
    for at in range(to):
        await context.report_progress(at, to)
    return to


@server.resource("crm://accounts/{name}")
def accounts(name: str) -> str:
    """The accounts of one customer."""
    return json.dumps({"accounts": [{"id": "acct_7H9j3kQ2", "name": name}]})


@server.prompt
def dunning(name: str) -> str:
    """A reminder to pay."""
    return f"Write to {name} about invoice inv_8Kd02mXq."


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
    else:
        server.run(show_banner=False)
