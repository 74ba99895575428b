// Sessions in workers: the same verdicts, and an end to what takes too long.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Guard } from "twinguard";
import {
  GuardFailed,
  InvalidInput,
  InvalidPolicy,
  InvalidSnapshot,
  LimitExceeded,
  SessionClosed,
  Verdict,
  WorkerGuard,
} from "twinguard/worker";

const CUSTOMER = { accounts: [{ id: "acct_7H9j3" }] };

/** A guard that is closed at the end of a test. @param {import("node:test").TestContext} t @param {ConstructorParameters<typeof WorkerGuard>} options */
function closing(t, ...options) {
  const guard = new WorkerGuard(...options);
  t.after(() => guard[Symbol.asyncDispose]());
  return guard;
}

/** As arguments it takes longer than anyone waits here. */
const FLOOD = Array.from({ length: 1_000_000 }, (_, at) => `item_${(at * 2654435761) % 4294967296}`).join(" ");

test("a worker gives what a session gives", async (t) => {
  const guard = closing(t);
  const session = await guard.session();
  const here = new Guard().session();
  assert.deepEqual(await session.observe(CUSTOMER, { tool: "search" }), here.observe(CUSTOMER, { tool: "search" }));
  const verdict = await session.check("refund", { account_id: "acct_7H9j2", cents: 4200n }, { callId: "c1", effect: "changes" });
  assert.ok(verdict instanceof Verdict);
  assert.deepEqual(verdict, here.check("refund", { account_id: "acct_7H9j2", cents: 4200n }, { callId: "c1", effect: "changes" }));
  assert.deepEqual(await session.checkText("acct_7H9j2"), here.checkText("acct_7H9j2"));
  assert.deepEqual(await session.identify("acct_7H9j3"), here.identify("acct_7H9j3"));
  assert.deepEqual(await session.snapshot(), here.snapshot());
  const later = await guard.restore(here.snapshot());
  assert.deepEqual(await later.snapshot(), here.snapshot());
  const seen = [{ content: CUSTOMER, tool: "search" }];
  assert.equal((await guard.checkOnce(seen, "refund", { account_id: "acct_7H9j2" })).decision, "block");
});

test("what takes too long is blocked and ends its session, which blocks from then on, and no other", async (t) => {
  const guard = closing(t, null, { timeoutMs: 1_000 });
  const [slow, other] = [await guard.session(), await guard.session()];
  await other.observe(CUSTOMER);
  const started = performance.now();
  for (const call of [() => slow.check("write", { text: FLOOD }), () => slow.check("get", {}), () => slow.checkText("x")]) {
    const verdict = await call();
    assert.equal(verdict.decision, "block");
    assert.match(
      verdict.message,
      /could not check this, so it must not run: the guard failed: no answer within 1000 ms; raise `timeoutMs`/,
    );
  }
  assert.ok(performance.now() - started < 4_000, "it was ended, not waited for");
  assert.match(slow.failure ?? "", /no answer within 1000 ms/);
  for (const call of [() => slow.observe("x"), () => slow.identify("x"), () => slow.snapshot()]) await assert.rejects(call, GuardFailed);
  assert.equal((await other.check("refund", { account_id: "acct_7H9j3" })).decision, "allow");
  assert.equal((await other.check("refund", { account_id: "acct_7H9j2" })).decision, "block");
  await slow.close();
});

test("a failed session lets calls pass only where that was chosen in writing, and checkOnce never does", async (t) => {
  const guard = closing(t, null, { timeoutMs: 1_000, onFailure: "allow" });
  const session = await guard.session();
  const verdict = await session.check("write", { text: FLOOD });
  assert.equal(verdict.decision, "allow");
  assert.match(verdict.message, /did not check this/);
  await assert.rejects(guard.checkOnce([], "write", { text: FLOOD }), GuardFailed);
});

test("a caller that is busy itself is no reason to end a worker", async (t) => {
  const guard = closing(t, null, { timeoutMs: 500 });
  const session = await guard.session();
  const answer = session.observe(CUSTOMER);
  await new Promise((resolve) => setImmediate(resolve));
  const until = performance.now() + 1_500;
  while (performance.now() < until);
  assert.deepEqual(await answer, new Guard().session().observe(CUSTOMER));
});

test("operations keep the order in which they were asked for, and their own time each", async (t) => {
  const guard = closing(t);
  const session = await guard.session();
  const [, known, , unknown] = await Promise.all([
    session.observe({ id: "acct_7H9j3" }),
    session.check("refund", { id: "acct_7H9j3" }),
    session.observe({ id: "ORD-55-204817" }),
    session.check("cancel", { id: "ORD-55-204871" }),
  ]);
  assert.equal(known.findings[0]?.relation, "exact");
  assert.equal(unknown.decision, "block");
});

test("errors keep their class across the worker", async (t) => {
  const guard = closing(t, null, { textBytes: 1000 });
  const session = await guard.session();
  await assert.rejects(session.observe("x".repeat(1001)), LimitExceeded);
  assert.match((await session.check("get", { id: "acct_7H9j3" })).message, /incomplete: 1 text was not read/);
  await assert.rejects(session.check("refund", { id: Number.NaN }), (error) => error instanceof InvalidInput && error.pointer === "/id");
  await assert.rejects(guard.restore(new Uint8Array(10)), InvalidSnapshot);
  await assert.rejects(new WorkerGuard("{").session(), InvalidPolicy);
  assert.throws(() => new WorkerGuard(null, { timeoutMs: 0 }), InvalidInput);
  await session.close();
  await session.close();
  assert.equal(session.closed, true);
  await assert.rejects(session.check("refund", {}), SessionClosed);
});

test("a closed session's worker serves the next one, which knows nothing of it", async (t) => {
  const guard = closing(t);
  for (let round = 0; round < 50; round++) {
    const session = await guard.session();
    assert.deepEqual(await session.observe(CUSTOMER), new Guard().session().observe(CUSTOMER));
    await session.close();
  }
});

test("a closed guard ends its workers, and their sessions block", async () => {
  const guard = new WorkerGuard();
  const session = await guard.session();
  await guard.close();
  assert.equal((await session.check("refund", {})).decision, "block");
});

test("an open worker does not keep a program from ending", () => {
  const program = `
    import { WorkerGuard } from "twinguard/worker";
    const session = await new WorkerGuard().session();
    console.log((await session.check("get", { id: "acct_7H9j3" })).decision);
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: import.meta.dirname, timeout: 60_000 });
  assert.equal(String(output), "allow\n");
});
