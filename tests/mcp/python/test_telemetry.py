"""Spans of hooks and of the proxy at a collector: a receiver that reads what arrives with OpenTelemetry's
own types, and Rotel, a collector that people run.

Wants ``TWINGUARD``, the command's path, and the packages of ``requirements.txt``.
"""

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import rotel
from mcp import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from test_proxy import CRM, PROXY, SEEN, TWIN, free_port, guarded, listening, stdio

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


class Receiver(ThreadingHTTPServer):
    """Speaks OTLP over HTTP; ``status`` 0 hangs."""

    daemon_threads = True
    block_on_close = False  # it may hang

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = status
        self.requests: list[tuple[str, dict[str, str], ExportTraceServiceRequest]] = []
        self.raw = b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[Span]:
        batches = [scope for _, _, body in self.requests for spans in body.resource_spans for scope in spans.scope_spans]
        return [span for batch in batches for span in batch.spans]

    def wait(self, count: int) -> list[Span]:
        until(lambda: len(self.spans()) >= count)
        return sorted(self.spans(), key=lambda span: span.start_time_unix_nano)


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.status == 0:
            time.sleep(60)
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.server.status == 200:
            self.server.raw += body
            self.server.requests.append((self.path, dict(self.headers.items()), ExportTraceServiceRequest.FromString(body)))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiver(status: int = 200) -> Iterator[Receiver]:
    with Receiver(status) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("it never held")
        time.sleep(0.02)


def attributes(of: Any) -> dict[str, str]:
    return {one.key: one.value.string_value for one in of.attributes}


class Telemetry(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.state = self.folder / "state"

    def environment(self, **otel: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_") and name != "TRACEPARENT"}
        return {**kept, "TWINGUARD_STATE": str(self.state), **otel}

    def hook(self, event: str, *options: str, session: str = "s1", **otel: str) -> subprocess.CompletedProcess[str]:
        payload = {"hook_event_name": event, "session_id": session, "tool_name": "refund", "tool_use_id": "toolu_1"}
        if event == "PreToolUse":
            payload["tool_input"] = {"account_id": otel.pop("account")}
        else:
            payload["prompt"] = f"refund {SEEN}"
        return subprocess.run(
            [PROXY, "hook", *options],
            input=json.dumps(payload),
            env=self.environment(**otel),
            capture_output=True,
            text=True,
            check=True,
        )

    def check(self, account: str, *options: str, **otel: str) -> subprocess.CompletedProcess[str]:
        return self.hook("PreToolUse", *options, account=account, **otel)

    def test_a_hook_sends_a_span_of_every_check(self) -> None:
        with receiver() as collector:
            otel = {
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=k1",
                "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
                "TRACEPARENT": TRACEPARENT,
            }
            self.hook("UserPromptSubmit", **otel)
            self.assertEqual(self.check(SEEN, **otel).stdout, "")
            self.assertIn("deny", self.check(TWIN, **otel).stdout)
            allowed, blocked = collector.wait(2)
            path, headers, request = collector.requests[0]
        self.assertEqual((path, headers["x-api-key"]), ("/v1/traces", "k1"))
        self.assertEqual(headers["content-type"], "application/x-protobuf")
        resource = attributes(request.resource_spans[0].resource)
        self.assertEqual((resource["service.name"], resource["deployment.environment.name"]), ("twinguard", "test"))
        self.assertEqual(request.resource_spans[0].scope_spans[0].scope.name, "twinguard")
        told = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "refund",
            "gen_ai.tool.call.id": "toolu_1",
            "gen_ai.conversation.id": "s1",
            "twinguard.decided_by": "guard",
        }
        for span in (allowed, blocked):
            self.assertEqual((span.name, span.kind), ("execute_tool refund", Span.SPAN_KIND_INTERNAL))
            self.assertEqual((span.trace_id.hex(), span.parent_span_id.hex()), (TRACE, PARENT))
            self.assertLess(span.start_time_unix_nano, span.end_time_unix_nano)
        self.assertEqual(attributes(allowed), {**told, "twinguard.decision": "allow"})
        self.assertEqual((len(allowed.events), allowed.status.code), (0, Status.STATUS_CODE_UNSET))
        self.assertEqual(attributes(blocked), {**told, "twinguard.decision": "block", "error.type": "twin"})
        self.assertEqual(blocked.status.code, Status.STATUS_CODE_ERROR)
        (event,) = blocked.events
        finding = {"decision": "block", "relation": "twin", "kind": "prefixed", "pointer": "/account_id"}
        self.assertEqual(event.name, "twinguard.finding")
        self.assertEqual(attributes(event), {f"twinguard.{name}": value for name, value in finding.items()})
        self.assertNotIn(b"7H9j3k", collector.raw)

    def test_redacted_identifiers_are_the_hashes_of_the_audit_log(self) -> None:
        log = self.folder / "audit.jsonl"
        with receiver() as collector:
            otel = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/v1/traces", "OTEL_SERVICE_NAME": "agent"}
            self.hook("UserPromptSubmit", **otel)
            self.check(TWIN, "--redact", "--audit", str(log), **otel)
            ((event,),) = [span.events for span in collector.wait(1)]
            self.check(TWIN, "--redact", session="s1", **otel)
            self.assertTrue(attributes(collector.wait(2)[1].events[0])["twinguard.written"].startswith("hmac:"))
            self.assertEqual(attributes(collector.requests[0][2].resource_spans[0].resource)["service.name"], "agent")
        (finding,) = json.loads(log.read_text())["findings"]
        sent = attributes(event)
        self.assertEqual(sent["twinguard.written"], finding["written"])
        self.assertEqual(sent["twinguard.nearest"], finding["nearest"][0]["value"])
        self.assertNotIn(b"7H9j3k", collector.raw)

    def test_nothing_is_sent_unless_the_environment_asks_for_it(self) -> None:
        with receiver() as collector:
            all_of_it = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
            self.check(SEEN)
            self.check(SEEN, **all_of_it, OTEL_SDK_DISABLED="true")
            self.check(SEEN, **all_of_it, OTEL_TRACES_EXPORTER="none")
            home = {**self.environment(**all_of_it), "HOME": str(self.folder), "CLAUDE_CONFIG_DIR": ""}
            for command in (["init", "--agent", "claude-code", "--yes"], ["doctor", "--agent", "claude-code"]):
                subprocess.run([PROXY, *command], env=home, cwd=self.folder, capture_output=True, check=True)
            self.check(SEEN, session="last", **all_of_it)
            (span,) = collector.wait(1)
            self.assertEqual(attributes(span)["gen_ai.conversation.id"], "last")

    def test_a_failed_export_is_told_once_and_changes_no_verdict(self) -> None:
        for status, otel in (
            (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}", "OTEL_EXPORTER_OTLP_TIMEOUT": "500"}),
            (400, {}),
            (200, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}),
        ):
            self.state = self.folder / f"state {status}"
            note = self.state / "otlp"
            with self.subTest(status=status, **otel), receiver(status or 200) as collector:
                otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **otel}
                self.hook("UserPromptSubmit", **otel)
                self.assertIn("deny", self.check(TWIN, **otel).stdout)
                until((note / "failed").exists)
                told = [self.check(SEEN, **otel) for _ in range(3)]
                self.assertEqual([one.stdout for one in told], [""] * 3)
                said = ["a span was not exported" in one.stderr for one in told]
                self.assertEqual(said, [True, False, False], told)
                collector.status = 200
                self.check(SEEN, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
                until(lambda: not (note / "told").exists())

    def test_a_hook_waits_for_no_collector(self) -> None:
        self.hook("UserPromptSubmit")

        def median(otel: dict[str, str]) -> float:
            times = []
            for _ in range(11):
                began = time.monotonic()
                self.check(SEEN, **otel)
                times.append(time.monotonic() - began)
                time.sleep(0.05)  # calls of an agent do not come one on the other
            return statistics.median(times)

        with receiver(status=0) as hanging:
            off = median({})
            absent = median({"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"})
            hangs = median({"OTEL_EXPORTER_OTLP_ENDPOINT": hanging.url, "OTEL_EXPORTER_OTLP_TIMEOUT": "3000"})
        print(f"one check: {off * 1000:.1f} ms; collector absent {absent * 1000:.1f} ms, hanging {hangs * 1000:.1f} ms", file=sys.stderr)
        # The bound is that nobody waits; the rest of the margin is for machines that do other work.
        self.assertLess(max(absent, hangs), off + 0.1)

    async def test_the_proxy_sends_spans_over_both_transports(self) -> None:
        port = free_port()
        with receiver() as collector:
            os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
            self.addCleanup(os.environ.pop, "OTEL_EXPORTER_OTLP_ENDPOINT")
            async with listening([*CRM, str(port)], port) as direct:
                mine = free_port()
                http = subprocess.Popen(
                    [PROXY, "mcp", "--listen", f"127.0.0.1:{mine}", "--upstream", direct], stderr=subprocess.PIPE, text=True
                )
                assert http.stderr and "listening" in http.stderr.readline()
                for server in (f"http://127.0.0.1:{mine}/mcp", stdio(guarded(CRM), str(self.folder / "calls"))):
                    collector.requests.clear()
                    async with Client(server) as client:
                        await client.call_tool("search_customer", {"name": "Ada"}, meta={"traceparent": TRACEPARENT})
                        self.assertTrue((await client.call_tool("refund", {"account_id": TWIN})).is_error)
                    if isinstance(server, str):
                        http.terminate()  # what is in the queue is sent before it ends
                        http.wait(timeout=5)
                    shown, stopped = collector.wait(2)
                    self.assertEqual([span.name for span in (shown, stopped)], ["execute_tool search_customer", "execute_tool refund"])
                    self.assertEqual((shown.trace_id.hex(), shown.parent_span_id.hex()), (TRACE, PARENT))
                    self.assertEqual(attributes(stopped)["twinguard.decision"], "block")
                    self.assertEqual(attributes(stopped.events[0])["twinguard.pointer"], "/account_id")
                http.stderr.close()
        self.assertNotIn(b"7H9j3k", collector.raw)

    async def test_the_proxy_waits_for_no_collector(self) -> None:
        with receiver(status=0) as collector:
            otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "10", "OTEL_BSP_MAX_QUEUE_SIZE": "4"}
            command = [PROXY, "mcp", "--", *CRM]
            proxy = subprocess.Popen(
                command,
                env=self.environment(**otel),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            assert proxy.stdin and proxy.stdout

            def ask(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
                assert proxy.stdin and proxy.stdout
                proxy.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n")
                proxy.stdin.flush()
                return json.loads(proxy.stdout.readline())

            client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            ask(0, "initialize", client)
            proxy.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
            began = time.monotonic()
            ask(1, "tools/call", {"name": "search_customer", "arguments": {"name": "Ada"}})
            for number in range(2, 40):
                answer = ask(number, "tools/call", {"name": "refund", "arguments": {"account_id": TWIN}})
                self.assertTrue(answer["result"]["isError"])
            self.assertLess(time.monotonic() - began, 5, "full queue, and a collector that hangs")
            proxy.stdin.close()
            self.assertEqual(proxy.wait(timeout=15), 0)
            proxy.stdout.close()

    def test_rotel_takes_them_and_passes_them_on(self) -> None:
        http, grpc = free_port(), free_port()
        agent = Path(rotel.__file__).with_name("rotel-agent")
        with receiver() as behind:
            command = [str(agent), "start", "--pid-file", str(self.folder / "pid"), "--exporter", "otlp", "--batch-timeout", "100ms"]
            command += ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
            command += ["--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", behind.url]
            collector = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{http}"}
                self.hook("UserPromptSubmit", **otel)
                self.check(TWIN, **otel)  # tried again until Rotel listens
                (span,) = behind.wait(1)
            finally:
                collector.terminate()
                collector.wait()
        self.assertEqual((span.name, attributes(span.events[0])["twinguard.relation"]), ("execute_tool refund", "twin"))


if __name__ == "__main__":
    unittest.main()
