// The official TypeScript clients, both generations, behind the few methods that the tests use.

import * as next from "@modelcontextprotocol/client";
import { StdioClientTransport as NextStdio } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const INFO = { name: "tests", version: "1.0.0" };
const clean = (env) => Object.fromEntries(Object.entries({ ...process.env, ...env }).filter(([, value]) => value !== undefined));

/** More than the largest result of the tests: beyond its limit, 10 MB by default, this client hangs up. */
const MOST = 100 << 20;

/** A client of the SDK's first generation. `elicit` answers questions, when the client can be asked. */
export async function first(context, target, { elicit, env = {}, onerror } = {}) {
  const client = new Client(INFO, { capabilities: elicit ? { elicitation: {} } : {} });
  if (elicit) client.setRequestHandler(ElicitRequestSchema, elicit);
  if (onerror) client.onerror = onerror;
  const transport =
    target instanceof URL
      ? new StreamableHTTPClientTransport(target)
      : new StdioClientTransport({ command: target[0], args: target.slice(1), env: clean(env), stderr: "pipe", maxBufferSize: MOST });
  await client.connect(transport);
  context.after(() => client.close());
  return client;
}

/** A client of the second generation, which also speaks 2026-07-28. */
export async function second(context, target, { elicit, env = {} } = {}) {
  const client = new next.Client(INFO, { capabilities: elicit ? { elicitation: {} } : {} });
  if (elicit) client.setRequestHandler("elicitation/create", elicit);
  const transport =
    target instanceof URL
      ? new next.StreamableHTTPClientTransport(target)
      : new NextStdio({ command: target[0], args: target.slice(1), env: clean(env), stderr: "pipe" });
  await client.connect(transport);
  context.after(() => client.close());
  return client;
}

export const CLIENTS = { "SDK 1": first, "SDK 2": second };
