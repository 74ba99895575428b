// What no caller should give: each gets an error of a type, never a crash, never an allow.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Guard, InvalidInput, LimitExceeded, SessionClosed, TwinguardError, verifyTraces } from "twinguard";
import { Conversation } from "twinguard/conversation";
import { WorkerGuard } from "twinguard/worker";

const cyclic = { list: /** @type {unknown[]} */ ([]) };
cyclic.list.push({ back: cyclic });
let deep = /** @type {unknown} */ (1);
for (let level = 0; level < 100_000; level++) deep = [deep];
const throws = Object.defineProperty({}, "id", {
  enumerable: true,
  get() {
    throw new Error("not today");
  },
});

/** What JSON cannot hold, and the place that the error names. @type {readonly [what: string, value: unknown, pointer: string][]} */
const NOT_JSON = [
  ["NaN", { a: { b: [1, Number.NaN] } }, "/a/b/1"],
  ["Infinity", { "a/b": Number.POSITIVE_INFINITY }, "/a~1b"],
  ["a cycle", cyclic, "/list/0/back"],
  ["a lone surrogate", { id: "acct_\uD800" }, "/id"],
  ["a lone surrogate in a key", { "acct_\uDC00": 1 }, ""],
  ["a lone surrogate in JSON text", '{"id": "acct_\uD800"}', ""],
  ["a function", { id: () => "acct_7H9j3" }, "/id"],
  ["a symbol", { id: Symbol("acct_7H9j3") }, "/id"],
  ["undefined", undefined, ""],
  ["a hole in an array", { ids: Array(2) }, "/ids/0"],
  ["a Map", { ids: new Map([["a", "acct_7H9j3"]]) }, "/ids"],
  ["a Set", new Set(["acct_7H9j3"]), ""],
  ["a typed array", { bytes: new Uint8Array(3) }, "/bytes"],
  ["an Error", { error: new Error("acct_7H9j3") }, "/error"],
  ["nesting without end", deep, "/0/0/0/0/0/0/0/0"],
  ["a getter that throws", throws, ""],
  ["a date that is none", { at: { toJSON: () => Number.NaN } }, "/at"],
  ["a number that is none", { id: { isLosslessNumber: true, toString: () => "1,acct" } }, "/id"],
];

for (const [what, value, pointer] of NOT_JSON) {
  test(`${what} is refused as arguments and as content, with its place`, () => {
    const session = new Guard().session();
    /** @param {unknown} error */
    const refused = (error) => {
      assert.ok(error instanceof InvalidInput, String(error));
      assert.equal(error.pointer, pointer);
      return true;
    };
    assert.throws(() => session.check("refund", value), refused);
    assert.throws(() => session.observe(value), refused);
    assert.throws(() => new Guard().checkOnce([], "refund", value), refused);
    // Nothing of it was taken: the session is as it was.
    assert.deepEqual(session.snapshot(), new Guard().session().snapshot());
  });
}

test("what JSON can hold is written as JSON writes it", () => {
  const session = new Guard().session();
  const id = "acct_7H9j3";
  session.observe({ id });
  const values = [
    { at: new Date(0), id },
    { id, missing: undefined },
    Object.assign(Object.create(null), { id }),
    { list: [null, true, -0, 1e21, "€ \u2028", id] },
    { id: { isLosslessNumber: true, toString: () => "12345678901234567890.10" }, other: id },
  ];
  for (const value of values) assert.equal(session.check("refund", value).decision, "allow", JSON.stringify(value));
});

/** Arguments of the wrong type. Each line is one call that no compiler would take. @type {readonly [string, (session: any, guard: any) => unknown][]} */
const WRONG_TYPES = [
  ["a number as tool", (session) => session.check(7, {})],
  ["no tool", (session) => session.check(undefined, {})],
  ["a tool with a lone surrogate", (session) => session.check("\uD800", {})],
  ["a source that does not exist", (session) => session.observe("x", { source: "assistant" })],
  ["an effect that does not exist", (session) => session.check("refund", {}, { effect: "deletes" })],
  ["a number as call id", (session) => session.check("refund", {}, { callId: 1 })],
  ["a text as incomplete", (session) => session.observe("x", { incomplete: "no" })],
  ["options that are none", (session) => session.check("refund", {}, "call_1")],
  ["a source in place of options", (session) => session.observe("x", "user-message")],
  ["an option in another spelling", (session) => session.check("refund", {}, { call_id: "c1" })],
  ["a limit in another spelling", () => new Guard(null, /** @type {any} */ ({ on_failure: "allow" }))],
  ["a value as text", (session) => session.checkText({ id: "acct_7H9j3" })],
  ["a value to identify", (session) => session.identify(7)],
  ["a text as snapshot", (_, guard) => guard.restore("snapshot")],
  ["a number as what was seen", (_, guard) => guard.checkOnce(5, "refund", {})],
  ["a text as what was seen", (_, guard) => guard.checkOnce("acct_7H9j3", "refund", {})],
  ["an array as policy", () => new Guard(/** @type {any} */ ([]))],
  ["a number as policy", () => new Guard(/** @type {any} */ (7))],
  ["a policy with NaN", () => new Guard({ limits: { text_bytes: Number.NaN } })],
  ["a limit below nothing", () => new Guard(null, { textBytes: -1 })],
  ["half a byte", () => new Guard(null, { memoryBytes: 1e6 + 0.5 })],
  ["an `onFailure` that does not exist", () => new Guard(null, { onFailure: /** @type {any} */ ("ignore") })],
];

for (const [what, act] of WRONG_TYPES) {
  test(`${what} is refused`, () => {
    const guard = new Guard();
    assert.throws(() => act(guard.session(), guard), InvalidInput);
  });
}

test("a string of ten megabytes is read, and the twin beside it is found", () => {
  const session = new Guard().session();
  session.observe(`${"lorem ipsum ".repeat(900_000)} acct_7H9j3`);
  const verdict = session.check("refund", { account_id: "acct_7H9j2", note: "x".repeat(10_000_000) });
  assert.equal(verdict.decision, "block");
  assert.equal(verdict.findings[0]?.relation, "twin");
});

test("a string beyond the limit is refused as content, and blocks as arguments", () => {
  const session = new Guard().session();
  assert.throws(() => session.observe("x".repeat(17 << 20)), LimitExceeded);
  const verdict = session.check("refund", { note: "x".repeat(17 << 20) });
  assert.equal(verdict.decision, "block");
  assert.match(verdict.message, /limit exceeded: the call has 17825\d+ bytes/);
});

test("a small value that unfolds to a text without end is refused, and blocks as arguments", async () => {
  let value = /** @type {unknown} */ ("acct_7H9j3");
  for (let level = 0; level < 60; level++) value = level % 2 === 0 ? [value, value] : { a: value, b: value };
  const limits = { textBytes: 100_000 };
  const guard = new Guard(null, limits);
  const session = guard.session();
  assert.throws(() => session.observe(value), LimitExceeded);
  assert.equal(session.check("refund", value).decision, "block");
  assert.equal(new Conversation(session).judge({ tool: "refund", arguments: value }).action, "refuse");
  assert.throws(() => guard.checkOnce([{ content: value }], "refund", {}), LimitExceeded);
  assert.throws(() => new Guard(/** @type {any} */ ({ exempt: value }), limits), LimitExceeded);
  assert.throws(() => verifyTraces({ name: "x", content: "" }, { policy: { exempt: value } }), LimitExceeded);
  const workers = new WorkerGuard(null, limits);
  const far = await workers.session();
  await assert.rejects(far.observe(value), LimitExceeded);
  assert.equal((await far.check("refund", value)).decision, "block");
  await workers.close();
});

test("a text of just the largest size is read, and one character more is refused", () => {
  for (const value of [["x".repeat(10), "y"], { a: "x".repeat(10), b: 1 }, [[], {}, [1]], "x".repeat(10), 1234567]) {
    const textBytes = typeof value === "string" ? value.length : JSON.stringify(value).length;
    new Guard(null, { textBytes }).session().observe(value);
    assert.throws(() => new Guard(null, { textBytes: textBytes - 1 }).session().observe(value), LimitExceeded);
  }
});

test("ten megabytes that are more than the memory holds are blocked", () => {
  const session = new Guard(null, { memoryBytes: 64 << 20 }).session();
  const verdict = session.check("write", { note: "id ".repeat(3_000_000) });
  assert.equal(verdict.decision, "block");
  assert.match(verdict.message, /raise `memoryBytes`/);
});

test("a closed session says so, whatever it is asked", () => {
  const session = new Guard().session();
  session.close();
  session.close();
  assert.equal(session.closed, true);
  const asked = [
    () => session.observe("x"),
    () => session.check("refund", {}),
    () => session.check("refund", "x".repeat(20 << 20)),
    () => session.checkText("x"),
    () => session.identify("x"),
    () => session.snapshot(),
  ];
  for (const ask of asked) assert.throws(ask, SessionClosed);
});

test("a session is closed at the end of its block", () => {
  const session = new Guard().session();
  session[Symbol.dispose]();
  assert.throws(() => session.check("refund", {}), TwinguardError);
});

test("a session cannot be used from another thread", async () => {
  const session = new Guard().session();
  session.observe({ id: "acct_7H9j3" });
  const source = `
    const { parentPort, workerData: session } = require("node:worker_threads");
    try { parentPort.postMessage({ allowed: session.check("refund", { id: "acct_7H9j2" }).allowed }); }
    catch (error) { parentPort.postMessage({ error: error.name }); }
  `;
  const worker = new Worker(source, { eval: true, workerData: session });
  const answer = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  assert.deepEqual(answer, { error: "TypeError" });
  assert.equal(session.check("refund", { id: "acct_7H9j2" }).decision, "block");
});
