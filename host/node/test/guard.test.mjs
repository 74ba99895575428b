// The surface: what each operation gives, and that a session that failed blocks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Blocked, Guard, GuardFailed, InvalidPolicy, InvalidSnapshot, LimitExceeded, Verdict } from "twinguard";

const CUSTOMER = { customers: [{ name: "Ada", accounts: [{ id: "acct_7H9j3" }] }] };

/** A session that has seen one account. @param {Guard} guard */
function seen(guard = new Guard()) {
  const session = guard.session();
  session.observe(CUSTOMER, { tool: "search_customer", callId: "call_1" });
  return session;
}

test("a twin is blocked, and the verdict says what was seen and where", () => {
  const verdict = seen().check("refund", { account_id: "acct_7H9j2", amount: "40.00" }, { callId: "call_2" });
  assert.equal(verdict.decision, "block");
  assert.equal(verdict.allowed, false);
  assert.equal(verdict.repaired, undefined);
  const [finding] = verdict.findings;
  assert.equal(finding?.pointer, "/account_id");
  assert.deepEqual(finding?.span, { start: 0, end: 10 });
  assert.equal(finding?.relation, "twin");
  assert.deepEqual(finding?.nearest[0], {
    value: "acct_7H9j3",
    distance: 1,
    edit: "the last character is `2`, seen was `3`",
    seenIn: [{ source: "tool-result", tool: "search_customer", callId: "call_1", turn: 0, pointer: "/customers/0/accounts/0/id" }],
  });
  assert.match(verdict.message, /Read that record again/);
});

test("the seen value is allowed, as a value and as JSON text", () => {
  const session = seen();
  assert.equal(session.check("refund", { account_id: "acct_7H9j3" }).allowed, true);
  assert.equal(session.check("refund", '{"account_id": "acct_7H9j3"}').allowed, true);
});

test("an observation tells what it added", () => {
  const session = new Guard().session();
  assert.deepEqual(session.observe("ORD-55-204817"), { identifiers: 1, new: 1, incomplete: false });
  assert.deepEqual(session.observe("ORD-55-204817"), { identifiers: 1, new: 0, incomplete: false });
});

test("integers beyond 2^53 keep every digit", () => {
  const session = new Guard().session();
  session.observe({ id: 9007199254740993n });
  assert.equal(session.check("get", { id: 9007199254740993n }).findings[0]?.relation, "exact");
  // What a program that went through a float would have written.
  assert.equal(session.check("get", '{"id": 9007199254740992}').findings[0]?.relation, "rounded");
});

test("an identifier that begins with a byte order mark keeps it on its way out", () => {
  const verdict = seen().check("refund", { account_id: "\uFEFFacct_7H9j3" });
  assert.equal(verdict.decision, "block");
  assert.equal(verdict.findings[0]?.relation, "confusable");
  assert.equal(verdict.findings[0]?.written, "\uFEFFacct_7H9j3");
});

test("text and identifiers are judged without being remembered", () => {
  const session = seen();
  const before = session.snapshot();
  assert.equal(session.checkText("I refunded acct_7H9j2.").findings[0]?.relation, "twin");
  const [found] = session.identify("acct_7H9j3");
  assert.equal(found?.relation, "exact");
  assert.equal(found?.kind, "prefixed");
  assert.equal(found?.seenIn[0]?.tool, "search_customer");
  assert.deepEqual(session.snapshot(), before);
});

test("a snapshot goes on where the session stood", () => {
  const guard = new Guard();
  const session = seen(guard);
  const later = guard.restore(session.snapshot());
  assert.deepEqual(later.snapshot(), session.snapshot());
  assert.equal(later.check("refund", { account_id: "acct_7H9j2" }).decision, "block");
});

test("checkOnce gives the verdict of a session", () => {
  const guard = new Guard();
  const once = guard.checkOnce([{ content: CUSTOMER, tool: "search_customer", callId: "call_1" }], "refund", { account_id: "acct_7H9j2" });
  assert.ok(once instanceof Verdict);
  assert.deepEqual(once, seen(guard).check("refund", { account_id: "acct_7H9j2" }));
});

test("a policy is an object or JSON text, and changes decisions", () => {
  for (const policy of [{ decisions: { twin: "ask" } }, '{"decisions": {"twin": "ask"}}']) {
    const verdict = seen(new Guard(policy)).check("refund", { account_id: "acct_7H9j2" });
    assert.equal(verdict.decision, "ask");
    assert.equal(verdict.allowed, false);
  }
  const repairing = seen(new Guard({ repair: true })).check("refund", { account_id: "acct_7H9j2" });
  assert.equal(repairing.repaired, '{"account_id":"acct_7H9j3"}');
});

test("throwForBlock throws for a block, and for an ask that nobody confirmed", () => {
  const block = seen().check("refund", { account_id: "acct_7H9j2" });
  assert.throws(
    () => block.throwForBlock({ confirmed: true }),
    (error) => error instanceof Blocked && error.verdict === block && error.message === block.message,
  );
  const ask = seen(new Guard({ decisions: { twin: "ask" } })).check("refund", { account_id: "acct_7H9j2" });
  assert.throws(() => ask.throwForBlock(), Blocked);
  ask.throwForBlock({ confirmed: true });
  seen().check("refund", { account_id: "acct_7H9j3" }).throwForBlock();
});

test("a wrong policy is refused when the guard is made, and says where", () => {
  assert.throws(() => new Guard({ decisions: { twinn: "ask" } }), { name: "InvalidPolicy", message: /twinn/ });
  assert.throws(() => new Guard("{"), InvalidPolicy);
});

test("a damaged snapshot is refused", () => {
  const guard = new Guard();
  const bytes = seen(guard).snapshot();
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  for (const damaged of [bytes, new Uint8Array(0), new Uint8Array(100)]) {
    assert.throws(() => guard.restore(damaged), InvalidSnapshot);
  }
});

test("a text beyond the limit is refused, and every later verdict says so", () => {
  const session = seen(new Guard(null, { textBytes: 1000 }));
  assert.throws(() => session.observe("x".repeat(1001)), LimitExceeded);
  // 400 characters, 1200 bytes.
  assert.throws(() => session.observe("€".repeat(400)), LimitExceeded);
  const known = session.check("refund", { account_id: "acct_7H9j3" });
  assert.equal(known.decision, "allow");
  assert.match(known.message, /incomplete: 2 texts were not read/);
});

test("a call beyond the limit is blocked, whatever `onFailure` says", () => {
  const session = seen(new Guard(null, { textBytes: 1000, onFailure: "allow" }));
  const verdict = session.check("write", { text: "x".repeat(1000) });
  assert.equal(verdict.decision, "block");
  assert.match(verdict.message, /must not run: limit exceeded/);
  assert.equal(session.check("refund", { account_id: "acct_7H9j3" }).decision, "allow");
});

/** More than four megabytes of memory hold. */
const FLOOD = Array.from({ length: 60_000 }, (_, index) => `acct_${(index * 7919).toString(36)}Zq${index}`).join("\n");

test("a session that runs out of memory blocks from then on, and touches no other", () => {
  const guard = new Guard(null, { memoryBytes: 4 << 20 });
  const [doomed, other] = [seen(guard), seen(guard)];
  assert.throws(() => doomed.observe(FLOOD), GuardFailed);
  assert.match(doomed.failure ?? "", /raise `memoryBytes`/);
  for (const verdict of [doomed.check("refund", { account_id: "acct_7H9j3" }), doomed.checkText("acct_7H9j3")]) {
    assert.equal(verdict.decision, "block");
    assert.match(verdict.message, /could not check this, so it must not run: the guard failed/);
  }
  assert.throws(() => doomed.observe("more"), GuardFailed);
  assert.throws(() => doomed.identify("acct_7H9j3"), GuardFailed);
  assert.throws(() => doomed.snapshot(), GuardFailed);
  assert.equal(other.failure, undefined);
  assert.equal(other.check("refund", { account_id: "acct_7H9j3" }).decision, "allow");
});

test("a failed session lets calls pass only where that was chosen in writing, and says so", () => {
  const session = seen(new Guard(null, { memoryBytes: 4 << 20, onFailure: "allow" }));
  assert.throws(() => session.observe(FLOOD), GuardFailed);
  const verdict = session.check("refund", { account_id: "acct_7H9j2" });
  assert.equal(verdict.decision, "allow");
  assert.match(verdict.message, /did not check this/);
});

test("an instance that cannot be made is a failure, not a session", () => {
  assert.throws(() => new Guard(null, { memoryBytes: 64 << 10 }), GuardFailed);
});

test("two thousand sessions are open at once, each with its own memory", () => {
  const guard = new Guard();
  const sessions = Array.from({ length: 2000 }, () => guard.session());
  for (const [index, session] of sessions.entries()) session.observe({ id: `acct_7H9j3kQ${index}` });
  assert.equal(sessions[7]?.check("refund", { id: "acct_7H9j3kQ7" }).findings[0]?.relation, "exact");
  assert.notEqual(sessions[8]?.check("refund", { id: "acct_7H9j3kQ7" }).findings[0]?.relation, "exact");
});
