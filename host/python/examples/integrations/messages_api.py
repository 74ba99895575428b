"""A stand-in for the Anthropic Messages API on this machine, so that Claude Code runs offline.

It answers every request of the main agent with the next line of a script, and every other one
(sub-agents, titles) with one fixed text.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import TracebackType
from typing import Any

Block = dict[str, Any]
_NUMBERS = count()


def tool_use(name: str, arguments: Mapping[str, Any]) -> Block:
    """A call the scripted model makes."""
    return {
        "type": "tool_use",
        "id": f"toolu_{next(_NUMBERS)}",
        "name": name,
        "input": dict(arguments),
    }


class MessagesApi:
    """Serves on the loopback interface while its `with` block runs.

    `marker` is a piece of the main agent's system prompt, by which its requests are told apart.
    """

    def __init__(self, marker: str, answers: Sequence[Sequence[Block]], aside: str = "ok") -> None:
        self.left = [list(answer) for answer in answers]
        """The answers not given yet. After the last the model says `done`."""
        self.requests: list[Mapping[str, Any]] = []
        """What the main agent's model was sent."""
        self.is_finished = False
        """The model got to say `done`."""
        self._marker = marker
        self._aside = aside
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def environment(self, config_folder: str) -> dict[str, str]:
        """What makes Claude Code talk to this server, keep its files in that folder, and nothing
        else."""
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "offline",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CONFIG_DIR": config_folder,
            "MAX_MCP_OUTPUT_TOKENS": "10000000",
        }

    def __enter__(self) -> MessagesApi:
        """Starts to serve."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: Mapping[str, Any]) -> list[Block]:
        if self._marker not in json.dumps(request.get("system", "")):
            return [{"type": "text", "text": self._aside}]
        self.requests.append(request)
        if self.left:
            return self.left.pop(0)
        self.is_finished = True
        return [{"type": "text", "text": "done"}]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_HEAD(self) -> None:
                self._send(b"", "text/plain")

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                request = json.loads(self.rfile.read(length) or b"{}")
                if "count_tokens" in self.path:
                    self._send(b'{"input_tokens": 1}', "application/json")
                    return
                blocks = api._answer(request)
                if request.get("stream"):
                    self._send(_stream(blocks).encode(), "text/event-stream")
                else:
                    self._send(json.dumps(_message(blocks)).encode(), "application/json")

            def _send(self, body: bytes, content_type: str) -> None:
                self.send_response(200)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def _message(blocks: Sequence[Block]) -> dict[str, Any]:
    calls = any(block["type"] == "tool_use" for block in blocks)
    return {
        "id": "msg_stand_in",
        "type": "message",
        "role": "assistant",
        "model": "stand-in",
        "content": list(blocks),
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def _stream(blocks: Sequence[Block]) -> str:
    """The same message as server-sent events."""
    message = _message(blocks)
    events: list[dict[str, Any]] = [
        {
            "type": "message_start",
            "message": {**message, "content": [], "stop_reason": None},
        }
    ]
    for index, block in enumerate(blocks):
        start: Block
        if block["type"] == "text":
            start = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            start = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        events += [
            {"type": "content_block_start", "index": index, "content_block": start},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events += [
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
