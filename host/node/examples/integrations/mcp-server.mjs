// A small MCP server for `mcp.mjs`, over standard input and output.
import { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const server = new McpServer({ name: "shop", version: "1.0.0" });

server.registerTool(
  "search_customer",
  { description: "Finds a customer by name.", inputSchema: z.object({ name: z.string() }), annotations: { readOnlyHint: true } },
  async ({ name }) => ({ content: [{ type: "text", text: JSON.stringify({ name, accounts: [{ id: "acct_7H9j3" }] }) }] }),
);

server.registerTool(
  "refund",
  {
    description: "Refunds an order to an account.",
    inputSchema: z.object({ order_id: z.string(), account_id: z.string() }),
    annotations: { destructiveHint: true },
  },
  async ({ account_id }) => ({ content: [{ type: "text", text: `refunded to ${account_id}` }] }),
);

await server.connect(new StdioServerTransport());
