"""The official Python client through the proxy, over both transports.

Wants ``TWINGUARD``, the command's path, and the packages of ``requirements.txt``.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import ElicitResult

PROXY = os.environ["TWINGUARD"]
CRM = [sys.executable, str(Path(__file__).with_name("crm.py"))]
EVERYTHING = [
    "node",
    str(Path(__file__).parent.with_name("node") / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"),
]
SEEN, TWIN = "acct_7H9j3kQ2", "acct_7H9j3kQ3"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def stdio(command: list[str], log: str) -> Any:
    env = {**os.environ, "CRM_LOG": log}
    return stdio_client(StdioServerParameters(command=command[0], args=command[1:], env=env))


@asynccontextmanager
async def listening(command: list[str], port: int, **env: str) -> AsyncIterator[str]:
    process = subprocess.Popen(command, env={**os.environ, **env}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            await asyncio.sleep(0.05)
        else:
            raise TimeoutError(f"{command} does not listen on {port}")
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


def guarded(command: list[str], *options: str) -> list[str]:
    return [PROXY, "mcp", *options, "--", *command]


@asynccontextmanager
async def proxy(upstream: str) -> AsyncIterator[str]:
    port = free_port()
    async with listening([PROXY, "mcp", "--listen", f"127.0.0.1:{port}", "--upstream", upstream], port) as url:
        yield url


async def told(answer: Any) -> Any:
    """The answer, or the error: both must be the same through the proxy."""
    try:
        return json.loads((await answer).model_dump_json())
    except MCPError as error:
        return {"error": str(error)}


async def crm_tour(client: Client) -> list[Any]:
    return [
        await told(client.list_tools()),
        await told(client.list_prompts()),
        await told(client.list_resource_templates()),
        await told(client.call_tool("search_customer", {"name": "Ada"})),
        await told(client.call_tool("refund", {"account_id": SEEN, "cents": 4200})),
        await told(client.call_tool("fail", {"reason": "on purpose"})),
        await told(client.call_tool("refund", {})),
        await told(client.get_prompt("dunning", {"name": "Ada"})),
        await told(client.read_resource("crm://accounts/Ada")),
        await told(client.read_resource("crm://nothing")),
    ]


async def everything_tour(client: Client) -> list[Any]:
    return [
        await told(client.list_tools()),
        await told(client.list_resources()),
        await told(client.call_tool("echo", {"message": "hi"})),
        await told(client.call_tool("get-tiny-image", {})),
        await told(client.call_tool("get-structured-content", {"location": "Chicago"})),
        await told(client.call_tool("get-resource-links", {"count": 2})),
        await told(client.get_prompt("args-prompt", {"city": "Bern"})),
    ]


class Through(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = str(self.folder / "calls.jsonl")

    def arrived(self) -> list[str]:
        calls = [json.loads(line) for line in Path(self.log).read_text(encoding="utf-8").splitlines()]
        return [call.get("account_id", call["tool"]) for call in calls]

    async def test_stdio_fastmcp(self) -> None:
        tours = []
        for command in (CRM, guarded(CRM)):
            async with Client(stdio(command, self.log)) as client:
                tours.append(await crm_tour(client))
        self.assertEqual(tours[0], tours[1])

    async def test_stdio_everything(self) -> None:
        tours = []
        for command in ([*EVERYTHING, "stdio"], guarded([*EVERYTHING, "stdio"])):
            async with Client(stdio(command, self.log)) as client:
                tours.append(await everything_tour(client))
        self.assertEqual(tours[0], tours[1])

    async def test_http_fastmcp(self) -> None:
        port = free_port()
        async with listening([*CRM, str(port)], port) as direct, proxy(direct) as behind:
            tours = []
            for url in (direct, behind):
                async with Client(url) as client:
                    tours.append(await crm_tour(client))
        self.assertEqual(tours[0], tours[1])

    async def test_http_everything(self) -> None:
        port = free_port()
        command = [*EVERYTHING, "streamableHttp"]
        async with listening(command, port, PORT=str(port)) as direct, proxy(direct) as behind:
            tours = []
            for url in (direct, behind):
                async with Client(url) as client:
                    tours.append(await everything_tour(client))
        self.assertEqual(tours[0], tours[1])

    async def test_a_twin_is_stopped(self) -> None:
        port = free_port()
        async with listening([*CRM, str(port)], port, CRM_LOG=self.log) as direct, proxy(direct) as behind:
            for server in (behind, stdio(guarded(CRM), self.log)):
                Path(self.log).write_text("", encoding="utf-8")
                async with Client(server) as client:
                    await client.call_tool("search_customer", {"name": "Ada"})
                    stopped = await client.call_tool("refund", {"account_id": TWIN})
                    self.assertTrue(stopped.is_error)
                    self.assertIn(SEEN, stopped.content[0].text)
                    self.assertFalse((await client.call_tool("refund", {"account_id": SEEN})).is_error)
                self.assertEqual(self.arrived(), ["search_customer", SEEN])

    async def test_a_person_is_asked_in_every_version(self) -> None:
        policy = self.folder / "policy.json"
        policy.write_text('{"decisions": {"twin": "ask"}}', encoding="utf-8")
        for mode in ("auto", "legacy"):
            Path(self.log).write_text("", encoding="utf-8")
            answers = [ElicitResult(action="accept", content={"run": True}), ElicitResult(action="decline")]

            async def elicit(context: Any, params: Any, answers: list[ElicitResult] = answers) -> ElicitResult:
                self.assertIn(SEEN, params.message)
                return answers.pop(0)

            server = stdio(guarded(CRM, "--policy", str(policy)), self.log)
            async with Client(server, elicitation_callback=elicit, mode=mode) as client:
                await client.call_tool("search_customer", {"name": "Ada"})
                self.assertFalse((await client.call_tool("refund", {"account_id": TWIN})).is_error)
                refused = await client.call_tool("refund", {"account_id": "acct_7H9j3kQ4"})
                self.assertTrue(refused.is_error)
                self.assertIn("did not confirm", refused.content[0].text)
                version = client.protocol_version
            self.assertEqual(answers, [])
            self.assertEqual(self.arrived(), ["search_customer", TWIN], version)


if __name__ == "__main__":
    unittest.main()
