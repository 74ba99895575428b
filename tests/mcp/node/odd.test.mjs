// Servers and clients that misbehave: a clear error, no hang, and no call that was not checked.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { first } from "./clients.mjs";
import { PROXY, everything, folder, freePort, guarded, listening, listeningProxy, odd } from "./peers.mjs";

/** The proxy as a process whose frames are written and read by hand. */
function raw(context, command) {
  const [program, ...args] = guarded(command);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  context.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
  });
  return { child, said: () => said, send: (text) => child.stdin.write(text), ended: once(child, "exit") };
}

const HELLO = `${JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } } })}\n`;
const call = (id, name, args = {}) => `${JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } })}\n`;

test("malformed frames are answered, and never reach the server", async (context) => {
  const log = join(await folder(context), "frames");
  const { child, send, ended } = raw(context, odd("slow", log));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  send(HELLO);
  assert.equal(JSON.parse((await answers.next()).value).id, 0);
  for (const text of ["{", "null", '{"jsonrpc":"2.0","id":1,"method":"x","method":"tools/call"}', Buffer.from([0xff, 0xfe, 0x7b]), '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}']) {
    child.stdin.write(text);
    send("\n");
    assert.ok(JSON.parse((await answers.next()).value).error.message.includes("twinguard cannot read"));
  }
  send('{ "jsonrpc":"2.0", "id": 7 , "method":"future/method", "params":{"big":12345678901234567890} }\r\n');
  assert.equal((await answers.next()).value, '{"jsonrpc":"2.0","id":7,"result":{}}');
  child.stdin.end();
  assert.deepEqual(await ended, [0, null]);
  const frames = (await readFile(log, "utf8")).trim().split("\n");
  assert.deepEqual(frames, [HELLO.trim(), '{ "jsonrpc":"2.0", "id": 7 , "method":"future/method", "params":{"big":12345678901234567890} }']);
});

test("a server that dies in a call: an error for that call, and its exit code", async (context) => {
  const { child, send, ended } = raw(context, odd("dies"));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  send(HELLO);
  await answers.next();
  send(call(1, "dies"));
  const { id, error } = JSON.parse((await answers.next()).value);
  assert.equal(id, 1);
  assert.match(error.message, /ended \(exit status: 3\) before it answered/);
  assert.deepEqual(await ended, [3, null]);
});

test("a server that cannot be started", async (context) => {
  const { said, ended } = raw(context, ["no-such-program"]);
  assert.deepEqual(await ended, [2, null]);
  assert.match(said(), /`no-such-program` cannot be started/);
});

for (const transport of ["stdio", "HTTP"]) {
  test(`${transport}: a result of 50 MB arrives whole, and the guard says what it did not read`, async (context) => {
    let target = guarded(odd("huge"));
    if (transport === "HTTP") {
      const port = await freePort();
      await listening(context, [process.execPath, new URL("odd-http.mjs", import.meta.url).pathname, String(port)], port);
      target = await listeningProxy(context, port);
    }
    const client = await first(context, target);
    const bytes = 50 << 20;
    const { content } = await client.callTool({ name: "huge", arguments: { bytes } }, undefined, { timeout: 120_000 });
    assert.equal(content[0].text.length, bytes);
    const next = await client.callTool({ name: "huge", arguments: { bytes: 1 } });
    assert.equal(next.content[0].text, "x");
  });
}

test("noise of the server passes, and the answer after it arrives", async (context) => {
  const client = await first(context, guarded(odd("babbles")), { onerror: () => {} });
  assert.equal((await client.callTool({ name: "babbles", arguments: {} })).content[0].text, "after the noise");
});

test("a slow server is waited for", async (context) => {
  const client = await first(context, guarded(odd("slow")));
  assert.equal((await client.callTool({ name: "slow", arguments: { ms: 3000 } })).content[0].text, "at last");
});

test("progress arrives, and a call that is cancelled is cancelled at the server", async (context) => {
  const long = { name: "trigger-long-running-operation", arguments: { duration: 0.4, steps: 4 } };
  const heard = [];
  const everybody = await first(context, guarded(everything()));
  await everybody.callTool(long, undefined, { onprogress: ({ progress, total }) => heard.push(`${progress} of ${total}`) });
  // The last one comes with the result, and this client no longer listens then.
  assert.deepEqual(heard.slice(0, 3), ["1 of 4", "2 of 4", "3 of 4"]);

  const log = join(await folder(context), "frames");
  const client = await first(context, guarded(odd("slow", log)));
  const stop = new AbortController();
  const called = client.callTool({ name: "slow", arguments: { ms: 60_000 } }, undefined, { signal: stop.signal });
  const logged = async (method) => {
    while (!(await readFile(log, "utf8")).includes(`"${method}"`)) await sleep(20);
  };
  await logged("tools/call");
  stop.abort();
  await assert.rejects(called);
  await logged("notifications/cancelled");
});

test("a client that never reads stops the server by full pipes, and costs no memory", async (context) => {
  const { child, send } = raw(context, odd("floods"));
  child.stdout.pause();
  send(HELLO);
  send(call(1, "floods"));
  const memory = async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, "utf8"))[1]);
  await sleep(1500);
  const before = await memory();
  await sleep(1500);
  assert.ok((await memory()) - before < 4096, "kilobytes in a second and a half");
  // It still hears that the client has gone.
  child.stdout.destroy();
  child.stdin.end();
  await once(child, "exit");
});

test("a server that ignores the end of its input ends with the proxy", async (context) => {
  const { child, send, ended } = raw(context, odd("stays"));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  send(HELLO);
  await answers.next();
  send(call(1, "stays"));
  const pid = Number(JSON.parse((await answers.next()).value).result.content[0].text);
  child.kill("SIGTERM");
  await ended;
  await sleep(100);
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

/** One request by hand; `fetch` would not send these headers. */
function http(url, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, async (response) => {
      const parts = [];
      for await (const part of response) parts.push(part);
      resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() });
    });
    sent.on("error", reject).end(body);
  });
}

const JSON_POST = { method: "POST", headers: { "content-type": "application/json", accept: "application/json, text/event-stream" } };

test("HTTP: sessions, resumption and deletion pass; pages of other origins do not", async (context) => {
  const port = await freePort();
  await listening(context, everything("streamableHttp"), port, { PORT: String(port) });
  const url = await listeningProxy(context, port);
  const opened = await http(url, { ...JSON_POST, body: HELLO });
  const session = opened.headers["mcp-session-id"];
  assert.equal(opened.status, 200);
  assert.ok(session);
  const headers = { ...JSON_POST.headers, "mcp-session-id": session };
  assert.equal((await http(url, { method: "POST", headers, body: '{"jsonrpc":"2.0","method":"notifications/initialized"}' })).status, 202);
  const called = await http(url, { method: "POST", headers, body: call(1, "echo", { message: "resume me" }) });
  const [, last] = /^id: (.*)$/m.exec(called.text);
  assert.match(called.text, /Echo: resume me/);
  // From the stream's first event on, the server plays the rest again.
  const before = last.replace(/_.*/, "_0");
  const again = new AbortController();
  const replay = await fetch(url, { headers: { accept: "text/event-stream", "mcp-session-id": session, "last-event-id": before }, signal: again.signal });
  assert.equal(replay.status, 200);
  again.abort();
  assert.equal((await http(url, { method: "DELETE", headers })).status, 200);
  assert.equal((await http(url, { method: "POST", headers, body: call(2, "echo", { message: "x" }) })).status, 400);

  assert.equal((await http(url, { ...JSON_POST, headers: { ...JSON_POST.headers, origin: "https://evil.example" }, body: HELLO })).status, 403);
  assert.equal((await http(url, { ...JSON_POST, headers: { ...JSON_POST.headers, host: "evil.example" }, body: HELLO })).status, 403);
  assert.equal((await http(url, { ...JSON_POST, body: "{" })).status, 400);
  assert.equal((await http(url, { ...JSON_POST, headers: { ...JSON_POST.headers, "content-encoding": "gzip" }, body: "x" })).status, 415);
  assert.equal((await http(new URL("/other", url), { ...JSON_POST, body: call(3, "echo") })).status, 404);
});

test("HTTP: a server that is not there, or goes away", async (context) => {
  const url = await listeningProxy(context, await freePort());
  const { status, text } = await http(url, { ...JSON_POST, body: call(1, "echo") });
  assert.equal(status, 502);
  assert.equal(JSON.parse(text).id, 1);
  assert.match(JSON.parse(text).error.message, /cannot be reached/);
});

test("wrong arguments of the command are explained", async () => {
  for (const [args, said] of [
    [[], /no server/],
    [["--server", "crm"], /NAME=COMMAND/],
    [["--listen", "127.0.0.1:0", "--upstream", "ftp://x"], /a URL like/],
    [["--redact", "--", "x"], /--audit/],
  ]) {
    const child = spawn(PROXY, ["mcp", ...args]);
    let text = "";
    child.stderr.on("data", (data) => {
      text += data;
    });
    const [code] = await once(child, "exit");
    assert.equal(code, 2, args.join(" "));
    assert.match(text, said);
  }
});
