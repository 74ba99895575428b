import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as v2 from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioClientTransport2 } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioClientTransport1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { InMemoryTransport as InMemoryTransport1 } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server as Server1 } from "@modelcontextprotocol/sdk/server/index.js";
import { McpServer as McpServer1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { CallToolRequestSchema, CallToolResultSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { McpServer as McpServer2 } from "@modelcontextprotocol/server";
import { Guard } from "twinguard";
import { Conversation, guardClient, TooManyBlocks } from "twinguard/mcp";
import { everyScenario, incompleteResults, Shop } from "./play.mjs";
import { register } from "./shop-server.mjs";

/** @typedef {import("twinguard/mcp").McpClient & { close(): Promise<void> }} McpClient */

const PROGRAM = { command: process.execPath, args: [fileURLToPath(new URL("shop-server.mjs", import.meta.url))] };
const WHO = { name: "test", version: "1.0.0" };

/**
 * A client of each version over each transport, connected to a shop.
 *
 * @type {Record<string, (shop: Shop) => Promise<McpClient>>}
 */
const CLIENTS = {
  "sdk 1, in memory": async (shop) => {
    const [here, there] = InMemoryTransport1.createLinkedPair();
    const server = new McpServer1(WHO);
    register(server, shop);
    const client = new Client1(WHO);
    await Promise.all([server.connect(there), client.connect(here)]);
    return client;
  },
  "client 2, in memory": async (shop) => {
    const [here, there] = v2.InMemoryTransport.createLinkedPair();
    const server = new McpServer2(WHO);
    register(server, shop);
    const client = new v2.Client(WHO);
    await Promise.all([server.connect(there), client.connect(here)]);
    return client;
  },
  "sdk 1, stdio": async () => {
    const client = new Client1(WHO);
    await client.connect(new StdioClientTransport1(PROGRAM));
    return client;
  },
  "client 2, stdio": async () => {
    const client = new v2.Client(WHO);
    await client.connect(new StdioClientTransport2(PROGRAM));
    return client;
  },
};

/**
 * The text of a result.
 *
 * @param {unknown} result
 * @returns {string}
 */
function textOf(result) {
  const { content } = /** @type {{ content: { text: string }[] }} */ (result);
  return content.map(({ text }) => text).join("\n");
}

for (const [name, connect] of Object.entries(CLIENTS)) {
  everyScenario(
    `mcp, ${name}`,
    async ({ scenario, session, options, shop }) => {
      const conversation = new Conversation(session, options);
      const bare = await connect(shop);
      const { approve } = scenario;
      const client = guardClient(bare, conversation, approve === undefined ? {} : { approve: () => approve });
      if (scenario.system !== undefined) conversation.observe(scenario.system, { source: "system-prompt" });
      conversation.observe(scenario.user, { source: "user-message" });
      /** @type {string[]} */
      const refused = [];
      let stopped = false;
      try {
        for (const answer of scenario.answers) {
          const results = await Promise.all(answer.map((call) => client.callTool({ name: call.tool, arguments: call.arguments })));
          for (const result of results) if (/** @type {{ isError?: boolean }} */ (result).isError) refused.push(textOf(result));
        }
      } catch (error) {
        assert.ok(error instanceof TooManyBlocks, `${error}`);
        stopped = true;
      }
      // Over stdio the shop is another process's.
      shop.ran = JSON.parse(textOf(await bare.callTool({ name: "ran", arguments: {} })));
      await bare.close();
      return { refused, stopped };
    },
    { turns: false },
  );
}

/** @param {unknown} [policy] */
async function shop(policy) {
  const shop = new Shop();
  const session = new Guard(/** @type {any} */ (policy)).session();
  const bare = await CLIENTS["client 2, in memory"]?.(shop);
  assert.ok(bare);
  return { shop, session, bare, client: guardClient(bare, session) };
}

/** @param {string} account_id */
const refund = (account_id) => ({ name: "refund", arguments: { order_id: "ORD-55-204817", account_id, amount: "40.00" } });
const search = { name: "search_customer", arguments: { name: "Ada Lovelace" } };

/**
 * @param {import("twinguard").Session} session
 * @param {string} id
 */
const isSeen = (session, id) => session.identify(id)[0]?.relation === "exact";

test("a result is read in every form that content has", async () => {
  for (const connect of [CLIENTS["sdk 1, in memory"], CLIENTS["client 2, in memory"]]) {
    const session = new Guard().session();
    const bare = await connect?.(new Shop());
    assert.ok(bare);
    const incomplete = incompleteResults(session);
    const client = guardClient(bare, session);
    await client.callTool({ name: "statement", arguments: {} });
    await client.callTool(search);
    assert.deepEqual(incomplete, [true, false], "the model gets more of a result with an image than its text");
    for (const id of ["acct_text7Q1", "stmt_link4Zk2", "txn_embed9W3", "inv_struct5T8"]) assert.ok(isSeen(session, id), id);
    assert.ok(!isSeen(session, "dHhuX2ltYWdlOFczIA"), "the bytes of an image are no text");
  }
});

test("what a resource holds is known, and what a prompt has the user say, not the assistant", async () => {
  const { session, client } = await shop();
  await client.readResource(.../** @type {never[]} */ ([{ uri: "shop://customers" }]));
  assert.ok(isSeen(session, "acct_7H9j3"));
  await client.getPrompt(.../** @type {never[]} */ ([{ name: "refund" }]));
  assert.ok(isSeen(session, "acct_4Kd8w"));
  assert.ok(!isSeen(session, "acct_9Xx2v"));
});

test("annotations say what a call does", async () => {
  const { session, client } = await shop();
  /** @type {unknown[]} */
  const effects = [];
  const check = session.check.bind(session);
  session.check = (tool, args, options) => {
    effects.push(options?.effect);
    return check(tool, args, options);
  };
  for (const call of [search, refund("acct_7H9j3"), { name: "ran", arguments: {} }]) await client.callTool(call);
  assert.deepEqual(effects, ["reads", "changes", undefined]);
});

test("`request` is no way around the guard", async () => {
  for (const connect of [CLIENTS["sdk 1, in memory"], CLIENTS["client 2, in memory"]]) {
    const session = new Guard().session();
    const counter = new Shop();
    const bare = await connect?.(counter);
    assert.ok(bare);
    const client = guardClient(bare, session);
    const schema = connect === CLIENTS["sdk 1, in memory"] ? [CallToolResultSchema] : [];
    /** @param {unknown} params */
    const call = (params) => client.request(/** @type {never} */ ({ method: "tools/call", params }), .../** @type {never[]} */ (schema));
    await call(search);
    const result = /** @type {{ isError?: boolean }} */ (await call(refund("acct_7H9j2")));
    assert.equal(result.isError, true);
    assert.match(textOf(result), /acct_7H9j3/);
    assert.deepEqual(counter.ran, ["search_customer Ada Lovelace"]);
  }
});

test("tasks, which are not checked, cannot be called through the guarded client", async () => {
  const client = await CLIENTS["sdk 1, in memory"]?.(new Shop());
  assert.ok(client);
  assert.throws(() => /** @type {any} */ (guardClient(client, new Guard().session())).experimental, /does not check tasks/);
});

test("the rest of the client works as before", async () => {
  const client = new v2.Client(WHO);
  const [here, there] = v2.InMemoryTransport.createLinkedPair();
  const server = new McpServer2(WHO);
  register(server, new Shop());
  await Promise.all([server.connect(there), client.connect(here)]);
  const guarded = guardClient(client, new Guard().session());
  assert.equal(guarded.getServerVersion()?.name, "test");
  assert.equal((await guarded.listTools()).tools.length, 4);
  assert.ok(guarded instanceof v2.Client);
  await guarded.close();
});

test("ask: without anybody to ask the call is refused, and the model is told to ask", async () => {
  const { shop: counter, client } = await shop({ decisions: { twin: "ask" } });
  await client.callTool(search);
  const result = await client.callTool(refund("acct_7H9j2"));
  assert.match(textOf(result), /needs a person's approval.*Tell the user/);
  assert.deepEqual(counter.ran, ["search_customer Ada Lovelace"]);
});

test("ask: an approval that fails is no approval", async () => {
  const { shop: counter, session, bare } = await shop({ decisions: { twin: "ask" } });
  const client = guardClient(bare, session, {
    approve: async () => {
      throw new Error("nobody is there");
    },
  });
  await client.callTool(search);
  await assert.rejects(client.callTool(refund("acct_7H9j2")), /nobody is there/);
  assert.deepEqual(counter.ran, ["search_customer Ada Lovelace"]);
});

test("the list of tools is read to its last page, and a server without one still works", async () => {
  for (const pages of [2, 0]) {
    const [here, there] = InMemoryTransport1.createLinkedPair();
    const server = new Server1(WHO, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, async ({ params }) => {
      if (pages === 0) throw new Error("no list today");
      const inputSchema = { type: /** @type {const} */ ("object") };
      if (params?.cursor === undefined) return { tools: [{ name: "first", inputSchema }], nextCursor: "2" };
      return { tools: [{ name: "second", description: "Opens account acct_page2Z.", inputSchema }] };
    });
    server.setRequestHandler(CallToolRequestSchema, async () => ({ content: [{ type: "text", text: "opened" }] }));
    const client = new Client1(WHO);
    await Promise.all([server.connect(there), client.connect(here)]);
    const session = new Guard().session();
    assert.equal(textOf(await guardClient(client, session).callTool({ name: "first", arguments: {} })), "opened");
    assert.equal(isSeen(session, "acct_page2Z"), pages === 2);
    await client.close();
  }
});
