// A server with what the official conformance suite calls.

import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CompleteRequestSchema, ElicitResultSchema, CreateMessageResultSchema, SetLevelRequestSchema, SubscribeRequestSchema, UnsubscribeRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";
const text = (text) => ({ content: [{ type: "text", text }] });
const image = { type: "image", data: PNG, mimeType: "image/png" };
const embedded = (uri) => ({ type: "resource", resource: { uri, mimeType: "text/plain", text: "This is an embedded resource content." } });

function build() {
  const server = new McpServer(
    { name: "conformance", version: "1.0.0" },
    { capabilities: { logging: {}, completions: {}, resources: { subscribe: true }, tools: {}, prompts: {} } },
  );
  const tool = (name, run, inputSchema = {}) => server.registerTool(name, { description: name, inputSchema }, run);
  tool("test_simple_text", () => text("This is a simple text response for testing."));
  tool("test_image_content", () => ({ content: [image] }));
  tool("test_audio_content", () => ({ content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }] }));
  tool("test_embedded_resource", () => ({ content: [embedded("test://embedded-resource")] }));
  tool("test_multiple_content_types", () => ({ content: [...text("Multiple content types test:").content, image, embedded("test://mixed-content-resource")] }));
  tool("test_error_handling", () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  tool("test_tool_with_logging", async (_, { sendNotification }) => {
    for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await sendNotification({ method: "notifications/message", params: { level: "info", data } });
      await sleep(50);
    }
    return text("Tool with logging executed successfully");
  });
  tool("test_tool_with_progress", async (_, { sendNotification, _meta }) => {
    for (const progress of [0, 50, 100]) {
      await sendNotification({ method: "notifications/progress", params: { progressToken: _meta?.progressToken ?? 0, progress, total: 100 } });
      await sleep(50);
    }
    return text("done");
  });
  tool(
    "test_sampling",
    async ({ prompt }, { sendRequest }) => {
      const params = { messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens: 100 };
      const { content } = await sendRequest({ method: "sampling/createMessage", params }, CreateMessageResultSchema);
      return text(`LLM response: ${content.text}`);
    },
    { prompt: z.string() },
  );
  const elicit = async (sendRequest, message, properties, required = []) => {
    const params = { message, requestedSchema: { type: "object", properties, required } };
    const { action, content } = await sendRequest({ method: "elicitation/create", params }, ElicitResultSchema);
    return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
  };
  tool("test_elicitation", ({ message }, { sendRequest }) => elicit(sendRequest, message, { response: { type: "string" } }, ["response"]), { message: z.string() });
  tool("test_elicitation_sep1034_defaults", (_, { sendRequest }) =>
    elicit(sendRequest, "Please review the defaults", {
      name: { type: "string", default: "John Doe" },
      age: { type: "integer", default: 30 },
      score: { type: "number", default: 95.5 },
      status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
      verified: { type: "boolean", default: true },
    }),
  );
  const titled = [["value1", "First Option"], ["value2", "Second Option"], ["value3", "Third Option"]].map(([value, title]) => ({ const: value, title }));
  const plain = ["option1", "option2", "option3"];
  tool("test_elicitation_sep1330_enums", (_, { sendRequest }) =>
    elicit(sendRequest, "Please choose", {
      untitledSingle: { type: "string", enum: plain },
      titledSingle: { type: "string", oneOf: titled },
      legacyEnum: { type: "string", enum: plain, enumNames: ["Option One", "Option Two", "Option Three"] },
      untitledMulti: { type: "array", items: { type: "string", enum: plain } },
      titledMulti: { type: "array", items: { anyOf: titled } },
    }),
  );
  tool("test_reconnection", async (_, { closeSSEStream }) => {
    closeSSEStream?.();
    await sleep(200);
    return text("Reconnection test completed successfully");
  });

  const read = (uri, body) => ({ contents: [{ uri, ...body }] });
  server.registerResource("text", "test://static-text", { mimeType: "text/plain" }, () => read("test://static-text", { mimeType: "text/plain", text: "This is the content of the static text resource." }));
  server.registerResource("binary", "test://static-binary", { mimeType: "image/png" }, () => read("test://static-binary", { mimeType: "image/png", blob: PNG }));
  server.registerResource("watched", "test://watched-resource", {}, () => read("test://watched-resource", { text: "Watched" }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, { mimeType: "application/json" }, (uri, { id }) =>
    read(uri.href, { mimeType: "application/json", text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }),
  );

  const message = (content) => ({ messages: [{ role: "user", content }] });
  const prompt = (name, run, argsSchema) => server.registerPrompt(name, { description: name, ...(argsSchema && { argsSchema }) }, run);
  prompt("test_simple_prompt", () => message({ type: "text", text: "This is a simple prompt for testing." }));
  prompt("test_prompt_with_arguments", ({ arg1, arg2 }) => message({ type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` }), { arg1: z.string(), arg2: z.string() });
  prompt("test_prompt_with_embedded_resource", ({ resourceUri }) => message(embedded(resourceUri)), { resourceUri: z.string() });
  prompt("test_prompt_with_image", () => message(image));

  const done = (schema, answer = {}) => server.server.setRequestHandler(schema, () => answer);
  done(SetLevelRequestSchema);
  done(SubscribeRequestSchema);
  done(UnsubscribeRequestSchema);
  done(CompleteRequestSchema, { completion: { values: ["paris", "park"], total: 2, hasMore: false } });
  return server;
}

/** Plays events again for a client that was cut off. */
class Events {
  #events = [];
  async storeEvent(stream, message) {
    this.#events.push([stream, message]);
    return `${stream}_${this.#events.length}`;
  }
  async getStreamIdForEventId(id) {
    return id.slice(0, id.lastIndexOf("_"));
  }
  async replayEventsAfter(last, { send }) {
    const at = last.lastIndexOf("_");
    const stream = last.slice(0, at);
    for (let next = Number(last.slice(at + 1)); next < this.#events.length; next++) {
      const [of, message] = this.#events[next];
      if (of === stream && Object.keys(message).length > 0) await send(`${stream}_${next + 1}`, message);
    }
    return stream;
  }
}

const sessions = new Map();
const app = createMcpExpressApp();
app.all("/mcp", async (request, response) => {
  let transport = sessions.get(request.headers["mcp-session-id"]);
  if (!transport && request.method === "POST" && request.body.method === "initialize") {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new Events(),
      retryInterval: 300,
      onsessioninitialized: (id) => sessions.set(id, transport),
    });
    await build().connect(transport);
  }
  if (!transport) return response.status(400).json({ jsonrpc: "2.0", id: null, error: { code: -32000, message: "no session" } });
  await transport.handleRequest(request, response, request.body);
});
app.listen(Number(process.argv[2]), "127.0.0.1");
