import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Agent, MCPServerStdio, RunState, run, setTracingDisabled, ToolCallError, tool, Usage } from "@openai/agents";
import { Guard } from "twinguard";
import { Conversation, guardOptions, guardTools, inputGuardrail, outputGuardrail, TooManyBlocks } from "twinguard/openai-agents";
import { z } from "zod";
import { everyScenario, incompleteResults, Shop } from "./play.mjs";

/** @typedef {import("./scenarios.mjs").Call} Call */
/** @typedef {import("./play.mjs").Stage} Stage */
/** @typedef {import("@openai/agents").AgentInputItem} AgentInputItem */
/** @typedef {import("@openai/agents").Model} Model */

setTracingDisabled(true);

/**
 * A model that gives these answers, one a turn.
 *
 * @param {Call[][]} answers
 * @returns {Model}
 */
function scripted(answers) {
  let turn = 0;
  let calls = 0;
  /** @returns {Promise<import("@openai/agents").ModelResponse>} */
  const answer = async () => {
    const written = answers[turn++] ?? [];
    if (written.length === 0) {
      return {
        usage: new Usage(),
        output: [{ type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: "Done." }] }],
      };
    }
    return {
      usage: new Usage(),
      output: written.map((call) => ({
        type: "function_call",
        callId: `call_${++calls}`,
        name: call.tool,
        arguments: typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments),
        status: "completed",
      })),
    };
  };
  return {
    getResponse: answer,
    /** @returns {AsyncGenerator<import("@openai/agents").StreamEvent>} */
    async *getStreamedResponse() {
      const { output } = await answer();
      yield { type: "response_started" };
      yield {
        type: "response_done",
        response: {
          id: `resp_${turn}`,
          output: /** @type {any} */ (output),
          usage: { requests: 1, inputTokens: 1, outputTokens: 1, totalTokens: 2 },
        },
      };
    },
  };
}

/** @param {Shop} shop */
function toolsOf(shop) {
  return [
    tool({
      name: "search_customer",
      description: "Finds a customer by name.",
      parameters: z.object({ name: z.string() }),
      execute: async (input) => shop.search_customer(input),
    }),
    tool({
      name: "refund",
      description: "Refunds an order to an account.",
      parameters: z.object({ order_id: z.string(), account_id: z.string(), amount: z.string() }),
      execute: async (input) => shop.refund(input),
    }),
  ];
}

/**
 * What the model was told about the calls that did not run.
 *
 * @param {AgentInputItem[]} history
 */
function refusalsIn(history) {
  return history.flatMap((item) => {
    if (item.type !== "function_call_result") return [];
    const text = typeof item.output === "object" && "text" in item.output ? item.output.text : String(item.output);
    return text.startsWith("{") ? [] : [text]; // the shop's own answers are objects
  });
}

/**
 * Plays a scenario, answering every approval that is asked for.
 *
 * @param {Stage} stage
 * @param {boolean} stream
 */
async function play({ scenario, session, options, shop }, stream) {
  const conversation = new Conversation(session, options);
  const agent = new Agent({
    name: "Support",
    ...(scenario.system === undefined ? {} : { instructions: scenario.system }),
    model: scripted(scenario.answers),
    tools: guardTools(conversation, toolsOf(shop)),
  });
  /** @param {string | RunState<any, any>} input */
  const go = async (input) => {
    if (!stream) return await run(agent, input, guardOptions(conversation));
    const streamed = await run(agent, input, { ...guardOptions(conversation), stream: true });
    await streamed.completed;
    return streamed;
  };
  try {
    let result = await go(scenario.user);
    while (result.interruptions.length > 0) {
      for (const interruption of result.interruptions) {
        if (scenario.approve) result.state.approve(interruption);
        else result.state.reject(interruption);
      }
      result = await go(result.state);
    }
    return { refused: refusalsIn(result.history), stopped: false };
  } catch (error) {
    assert.ok(error instanceof ToolCallError && error.error instanceof TooManyBlocks, `${error}`);
    assert.match(error.message, /twinguard ended this run/);
    return { refused: [], stopped: true };
  }
}

everyScenario("run", (stage) => play(stage, false));
everyScenario("run, streamed", (stage) => play(stage, true));

/** @param {string} account_id */
const refund = (account_id) => ({ tool: "refund", arguments: { order_id: "ORD-55-204817", account_id, amount: "40.00" } });
const search = { tool: "search_customer", arguments: { name: "Ada Lovelace" } };
const request = "Refund order ORD-55-204817 of Ada Lovelace.";

test("one agent serves many conversations, each with its own session, from the run's context", async () => {
  /** @typedef {{ session: import("twinguard").Session }} Context */
  const guard = new Guard();
  const source = (/** @type {Context} */ { session }) => session;
  const shop = new Shop();
  const tools = guardTools(source, toolsOf(shop));
  const told = [];
  for (const account of ["acct_4Kd8w", "acct_4Kd8v"]) {
    /** @type {Agent<Context>} */
    const agent = new Agent({ name: "Support", model: scripted([[refund("acct_4Kd8w")]]), tools });
    const result = await run(agent, `Refund to account ${account}.`, { ...guardOptions(source), context: { session: guard.session() } });
    told.push(refusalsIn(result.history).length);
  }
  assert.deepEqual(told, [0, 1]);
  assert.deepEqual(shop.ran, ["refund acct_4Kd8w"]);
});

test("a run that waits for approval goes on in another process", async () => {
  const guard = new Guard({ decisions: { twin: "ask" } });
  const shop = new Shop();
  /** @param {import("twinguard").Session} session @param {Model} model */
  const agentOf = (session, model) => new Agent({ name: "Support", model, tools: guardTools(session, toolsOf(shop)) });
  const first = guard.session();
  const asked = await run(agentOf(first, scripted([[search], [refund("acct_7H9j2")]])), request, guardOptions(first));
  const [interruption] = asked.interruptions;
  assert.ok(interruption);
  assert.match(Conversation.of(first).outcomeOf("call_2")?.message ?? "", /acct_7H9j3/);

  const snapshot = first.snapshot();
  const second = guard.restore(snapshot);
  const agent = agentOf(second, scripted([[]]));
  const state = await RunState.fromString(agent, asked.state.toString());
  for (const item of state.getInterruptions()) state.approve(item);
  await run(agent, state, guardOptions(second));
  assert.deepEqual(shop.ran, ["search_customer Ada Lovelace", "refund acct_7H9j2"]);
});

test("an approval holds for arguments that the schema completed", async () => {
  const session = new Guard({ decisions: { twin: "ask" } }).session();
  const close = tool({
    name: "close_account",
    description: "Closes.",
    parameters: z.object({ account_id: z.string(), reason: z.string().default("none given") }),
    execute: async ({ account_id }) => `closed ${account_id}`,
  });
  const model = scripted([[{ tool: "close_account", arguments: { account_id: "acct_7H9j2" } }]]);
  const agent = new Agent({ name: "Support", model, tools: guardTools(session, [close]) });
  const asked = await run(agent, "Close account acct_7H9j3.", guardOptions(session));
  for (const interruption of asked.interruptions) asked.state.approve(interruption);
  const result = await run(agent, asked.state, guardOptions(session));
  assert.deepEqual(refusalsIn(result.history), ["closed acct_7H9j2"]);
});

test("approval and guardrail are one refusal, whatever the schema adds to the arguments", async () => {
  const conversation = new Conversation(new Guard().session(), { maxBlocks: 2 });
  conversation.observe("Close account acct_7H9j3.", { source: "user-message" });
  /** @type {string[]} */
  const closed = [];
  const close = tool({
    name: "close_account",
    description: "Closes.",
    parameters: z.object({ account_id: z.string(), reason: z.string().default("none given") }),
    execute: async ({ account_id }) => void closed.push(account_id),
  });
  const model = scripted(["acct_7H9j2", "acct_7H9j3"].map((account_id) => [{ tool: "close_account", arguments: { account_id } }]));
  await run(new Agent({ name: "Support", model, tools: guardTools(conversation, [close]) }), "Close it.");
  assert.deepEqual(closed, ["acct_7H9j3"]);
});

test("a new session learns from the history, and a refusal in it does not vouch for the value it quotes", async () => {
  const guard = new Guard();
  const shop = new Shop();
  const one = guard.session();
  const before = await run(
    new Agent({ name: "Support", model: scripted([[search], [refund("acct_7H9j2")]]), tools: guardTools(one, toolsOf(shop)) }),
    request,
    guardOptions(one),
  );
  const two = guard.session();
  const after = await run(
    new Agent({
      name: "Support",
      model: scripted([[refund("acct_7H9j2")], [refund("acct_7H9j3")]]),
      tools: guardTools(two, toolsOf(shop)),
    }),
    [...before.history, { role: "user", content: "Try again." }],
    guardOptions(two),
  );
  assert.equal(refusalsIn(after.history).length, 2);
  assert.deepEqual(shop.ran, ["search_customer Ada Lovelace", "refund acct_7H9j3"]);
});

test("without the options results are read all the same", async () => {
  const shop = new Shop();
  const model = scripted([[search], [refund("acct_7H9j2")], [refund("acct_7H9j3")]]);
  const result = await run(new Agent({ name: "Support", model, tools: guardTools(new Guard().session(), toolsOf(shop)) }), request);
  assert.match(refusalsIn(result.history)[0] ?? "", /acct_7H9j3/);
  assert.deepEqual(shop.ran, ["search_customer Ada Lovelace", "refund acct_7H9j3"]);
});

test("the caller's own filter, approval and guardrails count", async () => {
  const shop = new Shop();
  const session = new Guard().session();
  const [find, pay] = toolsOf(shop);
  assert.ok(find && pay);
  /** @type {string[]} */
  const asked = [];
  const cautious = {
    ...pay,
    needsApproval: async () => {
      asked.push("approval");
      return true;
    },
  };
  const tools = guardTools(session, [find, cautious]);
  const model = scripted([[refund("acct_4Kd8v")], [refund("acct_4Kd8w")]]);
  const result = await run(new Agent({ name: "Support", model, tools }), "Refund to the house account.", {
    ...guardOptions(session, {
      callModelInputFilter: async ({ modelData }) => ({ ...modelData, instructions: "The house account is acct_4Kd8w." }),
    }),
  });
  // Only what the guard lets pass is a person's time worth.
  assert.deepEqual(asked, ["approval"]);
  assert.equal(result.interruptions.length, 1);
  assert.match(refusalsIn(result.history)[0] ?? "", /acct_4Kd8w/);
  assert.deepEqual(shop.ran, []);
});

test("a number that the SDK's parser rounds is refused: the tool would get the rounded one", async () => {
  /** @type {number[]} */
  const ran = [];
  const session = new Guard().session();
  const open = tool({
    name: "open_order",
    description: "Opens.",
    parameters: z.object({ order_id: z.number() }),
    execute: async ({ order_id }) => void ran.push(order_id),
  });
  const model = scripted([[{ tool: "open_order", arguments: /** @type {any} */ ('{"order_id": 9007199254740993}') }]]);
  const agent = new Agent({ name: "Support", model, tools: guardTools(session, [open]) });
  const result = await run(agent, "Open order 9007199254740993.", guardOptions(session));
  assert.deepEqual(ran, []);
  assert.match(refusalsIn(result.history)[0] ?? "", /9007199254740993/);
});

test("the SDK asks about arguments that are not JSON, and approved they still run nothing", async () => {
  const shop = new Shop();
  const session = new Guard().session();
  const model = scripted([[{ tool: "refund", arguments: /** @type {any} */ ('{"account_id": ') }]]);
  const agent = new Agent({ name: "Support", model, tools: guardTools(session, toolsOf(shop)) });
  const result = await run(agent, request, guardOptions(session));
  assert.equal(result.interruptions.length, 1);
  for (const interruption of result.interruptions) result.state.approve(interruption);
  await run(agent, result.state, guardOptions(session));
  assert.deepEqual(shop.ran, []);
});

test("an MCP server's tools are guarded by the two guardrails; what should be asked is refused", async () => {
  for (const [policy, words] of /** @type {const} */ ([
    [undefined, /acct_7H9j3/],
    [{ decisions: { twin: "ask" } }, /needs a person's approval/],
  ])) {
    const session = new Guard(policy).session();
    const server = new MCPServerStdio({
      name: "shop",
      command: process.execPath,
      args: [fileURLToPath(new URL("shop-server.mjs", import.meta.url))],
      toolInputGuardrails: [inputGuardrail(session)],
      toolOutputGuardrails: [outputGuardrail(session)],
    });
    await server.connect();
    try {
      const model = scripted([[search], [refund("acct_7H9j2")], [refund("acct_7H9j3")]]);
      const agent = new Agent({ name: "Support", model, mcpServers: [server] });
      const result = await run(agent, request, guardOptions(session));
      assert.match(refusalsIn(result.history).find((text) => !text.startsWith("[")) ?? "", words);
      const [ran] = await server.callTool("ran", {});
      assert.deepEqual(JSON.parse(/** @type {any} */ (ran).text), ["search_customer Ada Lovelace", "refund acct_7H9j3"]);
    } finally {
      await server.close();
    }
  }
});

test("every form of the SDK's items is read; what the assistant wrote is not", async () => {
  const outputs = [
    "account acct_7H9j3",
    { type: "text", text: "acct_7H9j3" },
    [
      { type: "input_text", text: "acct_7H9j3" },
      { type: "input_image", image: "https://example.com/i.png" },
    ],
  ];
  for (const output of outputs) {
    const session = new Guard().session();
    const incomplete = incompleteResults(session);
    /** @type {AgentInputItem[]} */
    const input = [
      { type: "function_call", callId: "call_1", name: "search", arguments: "{}", status: "completed" },
      { type: "function_call_result", callId: "call_1", name: "search", status: "completed", output: /** @type {any} */ (output) },
      { role: "user", content: [{ type: "input_text", text: "Order ORD-55-204817" }] },
      { role: "system", content: "The house account is acct_4Kd8w." },
      { role: "assistant", status: "completed", content: [{ type: "output_text", text: "To acct_9Xx2v, then." }] },
    ];
    await run(new Agent({ name: "Support", model: scripted([]) }), input, guardOptions(session));
    const seen = ["acct_7H9j3", "ORD-55-204817", "acct_4Kd8w", "acct_9Xx2v"].map((id) => session.identify(id)[0]?.relation === "exact");
    assert.deepEqual(seen, [true, true, true, false]);
    assert.deepEqual(incomplete, [Array.isArray(output)]);
  }
});
