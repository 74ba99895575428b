import assert from "node:assert/strict";
import { test } from "node:test";
import { Guard } from "twinguard";
import { Conversation } from "twinguard/conversation";

const SEEN = '{"accounts": [{"id": "acct_7H9j3"}]}';
const wrong = { tool: "refund", arguments: { account_id: "acct_7H9j2" } };
const right = { tool: "refund", arguments: { account_id: "acct_7H9j3" } };

/** @param {import("twinguard/conversation").ConversationOptions} [options] @param {Record<string, unknown>} [policy] */
function conversation(options, policy) {
  const conversation = new Conversation(new Guard(policy).session(), options);
  conversation.observe(SEEN, { tool: "search" });
  return conversation;
}

test("a session has one conversation", () => {
  const session = new Guard().session();
  const conversation = Conversation.of(session);
  assert.equal(Conversation.of(session), conversation);
  assert.equal(Conversation.of(conversation), conversation);
  const own = new Conversation(session, { maxBlocks: 1 });
  assert.equal(Conversation.of(session), own);
});

test("a retry cap is a whole number from 1", () => {
  for (const maxBlocks of [0, -1, 1.5, Number.NaN]) assert.throws(() => conversation({ maxBlocks }), RangeError);
});

test("asked twice about one open call it gives one answer, and counts once", () => {
  const talk = conversation({ maxBlocks: 2 });
  const call = { ...wrong, callId: "call_1" };
  assert.equal(talk.judge(call), talk.judge(call));
  assert.equal(talk.outcomeOf("call_1")?.action, "refuse");
  assert.equal(talk.judge({ ...wrong, callId: "call_2" }).action, "stop");
});

test("other arguments under the id of an open call are another call", () => {
  const talk = conversation();
  assert.equal(talk.judge({ ...right, callId: "call_1" }).action, "run");
  assert.equal(talk.judge({ ...wrong, callId: "call_1" }).action, "refuse");
});

test("a model that gives every call the same id does not loop for ever", () => {
  const talk = conversation({ maxBlocks: 5 });
  const actions = Array.from({ length: 5 }, () => {
    const { action, message } = talk.judge({ ...wrong, callId: "call_0" });
    talk.observe(message, { tool: "refund", callId: "call_0" });
    return action;
  });
  assert.deepEqual(actions, ["refuse", "refuse", "refuse", "refuse", "stop"]);
});

test("a blocked value that is seen later is right", () => {
  const talk = conversation();
  assert.equal(talk.judge(wrong).action, "refuse");
  talk.observe('{"id": "acct_7H9j2"}', { tool: "search" });
  assert.equal(talk.judge(wrong).action, "run");
});

test("a text is observed once", () => {
  const talk = conversation();
  let observed = 0;
  const observe = talk.session.observe.bind(talk.session);
  talk.session.observe = (...args) => {
    observed += 1;
    return observe(...args);
  };
  for (let i = 0; i < 3; i++) talk.observe("order ORD-55-204817", { source: "user-message" });
  assert.equal(observed, 1);
});

test("a text beyond the limits is warned of, and later verdicts say that something is missing", () => {
  /** @type {string[]} */
  const warnings = [];
  const talk = conversation({ onWarn: ({ message }) => warnings.push(message) }, { limits: { text_bytes: 100 } });
  talk.observe("x".repeat(101), { tool: "search" });
  assert.equal(warnings.length, 1);
  assert.match(talk.judge(wrong).message, /incomplete/);
});

test("half a character in a tool's result is no reason to lose the rest", () => {
  const talk = conversation();
  talk.observe("\ud800 order ORD-55-204817", { tool: "search" });
  assert.equal(talk.judge({ tool: "open", arguments: { order_id: "ORD-55-204871" } }).action, "refuse");
  assert.equal(talk.judge({ tool: "open", arguments: { order_id: "ORD-55-204817" } }).action, "run");
});

test("messages that cannot be read let nothing through", () => {
  const talk = conversation();
  talk.reading(() => {
    throw new Error("no such part");
  });
  const { action, message } = talk.judge(right);
  assert.equal(action, "refuse");
  assert.match(message, /could not check this call, so it must not run: the conversation could not be read: no such part/);
});

test("arguments that are not JSON are refused, and say where", () => {
  const talk = conversation({ maxBlocks: 9 });
  /** @type {Record<string, unknown>} */
  const cyclic = {};
  cyclic["self"] = cyclic;
  for (const args of [cyclic, { account_id: Number.NaN }, { account_id: new Map() }, { account_id: "acct_\ud800" }]) {
    const { action, message } = talk.judge({ tool: "refund", arguments: args });
    assert.equal(action, "refuse");
    assert.match(message, /must not run: the arguments/);
  }
});

test("a broken log stops nothing", () => {
  const talk = conversation(
    {
      onWarn: () => {
        throw new Error("disk full");
      },
    },
    { decisions: { twin: "warn" } },
  );
  assert.equal(talk.judge(wrong).action, "run");
});

test("what a tool does can be the host's to say", () => {
  const talk = conversation({ effect: (tool) => (tool === "refund" ? "reads" : undefined) });
  /** @type {unknown[]} */
  const effects = [];
  const check = talk.session.check.bind(talk.session);
  talk.session.check = (tool, args, options) => {
    effects.push(options?.effect);
    return check(tool, args, options);
  };
  talk.judge(right);
  talk.judge({ ...right, effect: "changes" });
  talk.judge({ ...right, tool: "open" });
  assert.deepEqual(effects, ["reads", "changes", undefined]);
});
