// Vercel AI SDK: a model writes `acct_7H9j2` where it read `acct_7H9j3`, is told, and corrects
// itself. Runs offline, with the SDK's own stand-in for a model: node ai-sdk.mjs
import { generateText, isStepCount, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { Guard } from "twinguard";
import { guardSettings } from "twinguard/ai-sdk";
import { z } from "zod";

const tools = {
  search_customer: tool({
    description: "Finds a customer by name.",
    inputSchema: z.object({ name: z.string() }),
    execute: async () => ({ name: "Ada Lovelace", accounts: [{ id: "acct_7H9j3" }] }),
  }),
  refund: tool({
    description: "Refunds an order to an account.",
    inputSchema: z.object({ order_id: z.string(), account_id: z.string() }),
    execute: async ({ account_id }) => `refunded to ${account_id}`,
  }),
};

const guard = new Guard(); // one for the program
const session = guard.session(); // one for each conversation

const { steps } = await generateText(
  guardSettings(session, {
    model: standIn(
      ["search_customer", { name: "Ada Lovelace" }],
      ["refund", { order_id: "ORD-55-204817", account_id: "acct_7H9j2" }],
      ["refund", { order_id: "ORD-55-204817", account_id: "acct_7H9j3" }],
    ),
    tools,
    prompt: "Refund order ORD-55-204817 of Ada Lovelace.",
    stopWhen: isStepCount(10),
  }),
);

for (const { content } of steps) {
  for (const part of content) {
    if (part.type === "tool-result") console.log(`${part.toolName}: ran`);
    if (part.type === "tool-approval-response") console.log(`${part.toolCall.toolName}: refused. ${part.reason}`);
  }
}

/**
 * A model that makes these calls, one a step, and then says that it is done.
 *
 * @param {...[tool: string, input: object]} calls
 */
function standIn(...calls) {
  const usage = {
    inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 0, text: 0, reasoning: 0 },
  };
  return new MockLanguageModelV4({
    doGenerate: async ({ prompt }) => {
      const call = calls.shift();
      const toolCallId = `call_${prompt.length}`;
      return call === undefined
        ? { content: [{ type: "text", text: "Done." }], finishReason: { unified: "stop", raw: undefined }, usage, warnings: [] }
        : {
            content: [{ type: "tool-call", toolCallId, toolName: call[0], input: JSON.stringify(call[1]) }],
            finishReason: { unified: "tool-calls", raw: undefined },
            usage,
            warnings: [],
          };
    },
  });
}
