// The official conformance suite passes through the proxy as without it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { folder, freePort, listening, listeningProxy } from "./peers.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What our server, written with the official SDK, does not offer: a schema with `$defs`. */
const NOT_OFFERED = "json-schema json-schema-2020-12-tool-found: FAILURE";

/** Every check of every scenario: what it found. */
async function results(context, url) {
  const path = await folder(context);
  const args = [here("node_modules/.bin/conformance"), "server", "--url", url, "--suite", "all", "--output-dir", path];
  await promisify(execFile)(process.execPath, args, { cwd: path, maxBuffer: 1 << 26 }).catch((error) => error);
  const checks = [];
  for (const file of await readdir(path, { recursive: true })) {
    if (!file.endsWith("checks.json")) continue;
    // Folders end with the time of the run.
    const scenario = file.replace(/^server-/, "").replace(/-\d{4}-.*/, "");
    for (const { id, status } of JSON.parse(await readFile(join(path, file), "utf8"))) checks.push(`${scenario} ${id}: ${status}`);
  }
  return checks.sort();
}

test("the conformance suite", { timeout: 300_000 }, async (context) => {
  const port = await freePort();
  await listening(context, [process.execPath, here("conformance-server.mjs"), String(port)], port);
  const direct = await results(context, `http://localhost:${port}/mcp`);
  const proxy = await listeningProxy(context, port);
  const proxied = await results(context, `http://localhost:${proxy.port}/mcp`);
  const passed = direct.filter((check) => check.endsWith("SUCCESS"));
  context.diagnostic(`${passed.length} of ${direct.length} checks succeed without the proxy`);
  assert.deepEqual(direct.filter((check) => check.endsWith("FAILURE")), [NOT_OFFERED]);
  assert.ok(passed.length >= 30, passed.join("\n"));
  assert.deepEqual(proxied, direct);
});
