// OpenAI Agents SDK: a model writes `acct_7H9j2` where it read `acct_7H9j3`, is told, and corrects
// itself. Runs offline, with a stand-in for the model: node openai-agents.mjs
import { Agent, run, setTracingDisabled, tool, Usage } from "@openai/agents";
import { Guard } from "twinguard";
import { guardOptions, guardTools } from "twinguard/openai-agents";
import { z } from "zod";

setTracingDisabled(true); // traces would go to OpenAI

const tools = [
  tool({
    name: "search_customer",
    description: "Finds a customer by name.",
    parameters: z.object({ name: z.string() }),
    execute: async () => ({ name: "Ada Lovelace", accounts: [{ id: "acct_7H9j3" }] }),
  }),
  tool({
    name: "refund",
    description: "Refunds an order to an account.",
    parameters: z.object({ order_id: z.string(), account_id: z.string() }),
    execute: async ({ account_id }) => `refunded to ${account_id}`,
  }),
];

const guard = new Guard(); // one for the program
const session = guard.session(); // one for each conversation

const agent = new Agent({
  name: "Support",
  instructions: "You refund orders.",
  tools: guardTools(session, tools),
  model: standIn(
    ["search_customer", { name: "Ada Lovelace" }],
    ["refund", { order_id: "ORD-55-204817", account_id: "acct_7H9j2" }],
    ["refund", { order_id: "ORD-55-204817", account_id: "acct_7H9j3" }],
  ),
});
const result = await run(agent, "Refund order ORD-55-204817 of Ada Lovelace.", guardOptions(session));

for (const item of result.newItems) {
  if (item.type !== "tool_call_output_item" || item.rawItem.type !== "function_call_result") continue;
  console.log(`${item.rawItem.name}: ${typeof item.output === "string" ? item.output : JSON.stringify(item.output)}`);
}

/**
 * A model that makes these calls, one a turn, and then says that it is done.
 *
 * @param {...[tool: string, input: object]} calls
 * @returns {import("@openai/agents").Model}
 */
function standIn(...calls) {
  let turn = 0;
  return {
    getResponse: async () => {
      const call = calls[turn++];
      if (call !== undefined) {
        const [name, input] = call;
        return {
          usage: new Usage(),
          output: [{ type: "function_call", callId: `call_${turn}`, name, arguments: JSON.stringify(input), status: "completed" }],
        };
      }
      return {
        usage: new Usage(),
        output: [{ type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: "Done." }] }],
      };
    },
    getStreamedResponse: () => {
      throw new Error("this stand-in does not stream");
    },
  };
}
