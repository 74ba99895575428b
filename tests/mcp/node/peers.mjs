// The real peers of the proxy, and ways to start them.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** An environment variable that the test step sets. */
function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`cargo xtask mcp\`, which builds and installs what the tests need`);
  return value;
}

export const PROXY = needed("TWINGUARD");
export const PYTHON = needed("TWINGUARD_PYTHON");

/** Commands of servers. */
export const everything = (mode = "stdio") => [process.execPath, here("node_modules/@modelcontextprotocol/server-everything/dist/index.js"), mode];
export const filesystem = (folder) => [process.execPath, here("node_modules/@modelcontextprotocol/server-filesystem/dist/index.js"), folder];
export const crm = (...args) => [PYTHON, here("../python/crm.py"), ...args];
export const odd = (...args) => [process.execPath, here("odd-server.mjs"), ...args];

/** The same command behind the proxy. */
export const guarded = (command, options = []) => [PROXY, "mcp", ...options, "--", ...command];

/** A folder that is removed when the test ends. */
export async function folder(context) {
  const path = await mkdtemp(join(tmpdir(), "twinguard-mcp-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A policy file in that folder. */
export async function policy(folder, policy) {
  const path = join(folder, "policy.json");
  await writeFile(path, JSON.stringify(policy));
  return path;
}

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts a program that listens on a port; it is ended with the test. */
export async function listening(context, [program, ...args], port, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
  });
  context.after(() => child.kill("SIGKILL"));
  for (let tries = 0; tries < 400; tries++) {
    if (child.exitCode !== null) throw new Error(`${program} ${args.join(" ")} ended:\n${said}`);
    try {
      await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1000) });
      return child;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`${program} ${args.join(" ")} does not listen on ${port}:\n${said}`);
}

/** The proxy over HTTP in front of a server on `port`; gives its URL. */
export async function listeningProxy(context, upstreamPort, options = []) {
  const port = await freePort();
  await listening(context, [PROXY, "mcp", "--listen", `127.0.0.1:${port}`, "--upstream", `http://127.0.0.1:${upstreamPort}/mcp`, ...options], port);
  return new URL(`http://127.0.0.1:${port}/mcp`);
}
