// The MCP inspector's command line, with and without the proxy.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { crm, everything, folder, freePort, guarded, listening, listeningProxy } from "./peers.mjs";

const INSPECTOR = fileURLToPath(new URL("node_modules/.bin/mcp-inspector", import.meta.url));

async function inspect(config, args) {
  const all = [INSPECTOR, "--cli", "--config", config, "--server", "it", ...args];
  const { stdout } = await promisify(execFile)(process.execPath, all).catch((error) => error);
  return stdout;
}

async function configured(context, server) {
  const path = join(await folder(context), "mcp.json");
  await writeFile(path, JSON.stringify({ mcpServers: { it: server } }));
  return path;
}

const stdio = ([command, ...args]) => ({ type: "stdio", command, args });

const ASKED = [
  ["--method", "tools/list"],
  ["--method", "tools/call", "--tool-name", "echo", "--tool-arg", "message=hi"],
  ["--method", "tools/call", "--tool-name", "get-structured-content", "--tool-arg", "location=Chicago"],
  ["--method", "prompts/list"],
  ["--method", "prompts/get", "--prompt-name", "args-prompt", "--prompt-args", "city=Bern"],
  ["--method", "resources/list"],
  ["--method", "resources/templates/list"],
];

test("the inspector over stdio", async (context) => {
  const [direct, proxied] = [await configured(context, stdio(everything())), await configured(context, stdio(guarded(everything())))];
  for (const args of ASKED) {
    const expected = await inspect(direct, args);
    assert.ok(expected.length > 20, args.join(" "));
    assert.equal(await inspect(proxied, args), expected, args.join(" "));
  }
});

test("the inspector over HTTP", async (context) => {
  const port = await freePort();
  await listening(context, everything("streamableHttp"), port, { PORT: String(port) });
  const http = (url) => ({ type: "streamable-http", url: String(url) });
  const direct = await configured(context, http(`http://127.0.0.1:${port}/mcp`));
  const proxied = await configured(context, http(await listeningProxy(context, port)));
  for (const args of ASKED.slice(0, 4)) {
    const expected = await inspect(direct, args);
    assert.ok(expected.length > 20, args.join(" "));
    assert.equal(await inspect(proxied, args), expected, args.join(" "));
  }
});

test("the inspector is told of a twin", async (context) => {
  const config = await configured(context, stdio(guarded(crm())));
  // Each run is a conversation of its own; what it has seen is the server's instructions.
  const call = (id) => inspect(config, ["--method", "tools/call", "--tool-name", "refund", "--tool-arg", `account_id=${id}`]);
  assert.match(await call("acct_0Xk5vTn8"), /refunded 100 to acct_0Xk5vTn8/);
  const stopped = JSON.parse(await call("acct_0Xk5vTn9"));
  assert.equal(stopped.isError, true);
  assert.match(stopped.content[0].text, /acct_0Xk5vTn8/);
});
