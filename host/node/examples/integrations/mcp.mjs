// MCP: the calls that a model would make through a client. It writes `acct_7H9j2` where it read
// `acct_7H9j3`, is told, and corrects itself. Runs offline, with a server of its own: node mcp.mjs
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Guard } from "twinguard";
import { Conversation, guardClient } from "twinguard/mcp";

const guard = new Guard(); // one for the program
const conversation = new Conversation(guard.session()); // one for each conversation

const client = new Client({ name: "example", version: "1.0.0" });
await client.connect(
  new StdioClientTransport({ command: process.execPath, args: [fileURLToPath(new URL("mcp-server.mjs", import.meta.url))] }),
);
const shop = guardClient(client, conversation, {
  // What the guard would rather not decide alone. Here nobody is asked.
  approve: (call, verdict) => {
    console.log(`${call.name} needs a word: ${verdict.message}`);
    return false;
  },
});

conversation.observe("Refund order ORD-55-204817 of Ada Lovelace.", { source: "user-message" });
for (const [name, input] of /** @type {const} */ ([
  ["search_customer", { name: "Ada Lovelace" }],
  ["refund", { order_id: "ORD-55-204817", account_id: "acct_7H9j2" }],
  ["refund", { order_id: "ORD-55-204817", account_id: "acct_7H9j3" }],
])) {
  const { content, isError } = await shop.callTool({ name, arguments: input });
  const [part] = content;
  console.log(`${name}: ${isError ? "refused. " : ""}${part?.type === "text" ? part.text : ""}`);
}
await shop.close();
