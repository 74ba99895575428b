// A server that misbehaves in the way its argument says; it speaks just enough of the protocol.

import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [way, log] = process.argv.slice(2);
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const text = (text) => ({ content: [{ type: "text", text }] });

const calls = {
  dies: () => process.exit(3),
  huge: (id, { bytes }) => send({ id, result: text("x".repeat(bytes)) }),
  babbles: (id) => {
    process.stdout.write('this is no JSON\n{"jsonrpc":"2.0","id":\n\n');
    send({ id, result: text("after the noise") });
  },
  slow: (id, { ms }) => setTimeout(() => send({ id, result: text("at last") }), ms),
  // For ever, or until nobody reads.
  floods: (id) => {
    const next = () => {
      while (process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x".repeat(1000) } })}\n`));
      process.stdout.once("drain", next);
    };
    send({ id, result: text("flooding") });
    next();
  },
  stays: (id) => {
    setInterval(() => {}, 1000); // does not end when its input does
    send({ id, result: text(String(process.pid)) });
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  if (log) appendFileSync(log, `${line}\n`);
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize") {
    const { protocolVersion } = params;
    send({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "odd", version: "1" } } });
  } else if (method === "tools/list") {
    send({ id, result: { tools: [{ name: way, inputSchema: { type: "object" } }] } });
  } else if (method === "tools/call") {
    calls[way](id, params.arguments ?? {});
  } else if (id !== undefined) {
    send({ id, result: {} });
  }
});
