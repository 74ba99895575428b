// What every engine must be able to do: check, verify a file, and end a worker for its time. Run by Node,
// Deno and Bun; a failed assertion ends it with code 1.

import assert from "node:assert/strict";
import { Guard, verify } from "twinguard";
import { WorkerGuard } from "twinguard/worker";

const example = new URL("../../../examples/refund.jsonl", import.meta.url);

const session = new Guard().session();
session.observe({ id: "acct_7H9j3", order: 9007199254740993n });
assert.equal(session.check("refund", { id: "acct_7H9j2" }).decision, "block");
assert.equal(session.check("refund", { order: 9007199254740993n }).findings[0]?.relation, "exact");

const types = [];
for await (const line of verify(example)) types.push(line.type);
assert.deepEqual(types, ["finding", "trace", "trace"]);

const guard = new WorkerGuard(null, { timeoutMs: 1_000 });
const [slow, other] = [await guard.session(), await guard.session()];
await other.observe({ id: "acct_7H9j3" });
// As arguments this takes longer than anyone waits.
const flood = Array.from({ length: 1_000_000 }, (_, at) => `item_${(at * 2654435761) % 4294967296}`).join(" ");
const verdict = await slow.check("write", { text: flood });
assert.match(verdict.message, /no answer within 1000 ms/);
assert.equal((await slow.check("get", {})).decision, "block");
assert.equal((await other.check("refund", { id: "acct_7H9j3" })).decision, "allow");
assert.equal((await other.check("refund", { id: "acct_7H9j2" })).decision, "block");
await guard.close();
console.log("a check, a file, a worker: as they should be");
