/**
 * The shop as an MCP server: `register` puts it on a server of either SDK; run as a program it
 * serves over its standard input and output.
 */
import { pathToFileURL } from "node:url";
import { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
import { Shop } from "./play.mjs";
import { CUSTOMERS } from "./scenarios.mjs";

/**
 * What both versions' `McpServer` have in common.
 *
 * @typedef {{ registerTool: Function, registerResource: Function, registerPrompt: Function }} Server
 */

/**
 * @param {Server} server
 * @param {Shop} shop
 */
export function register(server, shop) {
  const text = (/** @type {unknown} */ value) => ({ type: "text", text: JSON.stringify(value) });
  server.registerTool(
    "search_customer",
    { description: "Finds a customer by name.", inputSchema: z.object({ name: z.string() }), annotations: { readOnlyHint: true } },
    async (/** @type {{ name: string }} */ input) => ({ content: [text(shop.search_customer(input))] }),
  );
  server.registerTool(
    "refund",
    {
      description: "Refunds an order to an account.",
      inputSchema: z.object({ order_id: z.string(), account_id: z.string(), amount: z.string() }),
      annotations: { destructiveHint: true },
    },
    async (/** @type {{ order_id: string, account_id: string, amount: string }} */ input) => ({ content: [text(shop.refund(input))] }),
  );
  server.registerTool("ran", { description: "Lists the calls that ran.", inputSchema: z.object({}) }, async () => ({
    content: [text(shop.ran)],
  }));
  server.registerTool(
    "statement",
    {
      description: "The statement of an account, in every form that content has.",
      inputSchema: z.object({}),
      outputSchema: z.object({ data: z.string() }),
    },
    async () => ({
      content: [
        { type: "text", text: "Account acct_text7Q1" },
        { type: "resource_link", name: "statement", uri: "shop://statements/stmt_link4Zk2" },
        { type: "resource", resource: { uri: "shop://statements/1", mimeType: "text/plain", text: "Paid by txn_embed9W3" } },
        { type: "image", mimeType: "image/png", data: "dHhuX2ltYWdlOFczIA==" },
      ],
      structuredContent: { data: "inv_struct5T8" },
    }),
  );
  server.registerResource("customers", "shop://customers", { description: "All customers" }, async (/** @type {URL} */ uri) => ({
    contents: [
      { uri: uri.href, mimeType: "application/json", text: JSON.stringify(CUSTOMERS) },
      { uri: `${uri.href}/photo`, mimeType: "image/png", blob: "AAAA" },
    ],
  }));
  server.registerPrompt("refund", { description: "Asks for a refund." }, async () => ({
    messages: [
      { role: "user", content: { type: "text", text: "Refund order ORD-55-204817 to account acct_4Kd8w." } },
      { role: "assistant", content: { type: "text", text: "To account acct_9Xx2v, then?" } },
    ],
  }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const server = new McpServer({ name: "shop", version: "1.0.0" });
  register(server, new Shop());
  await server.connect(new StdioServerTransport());
}
