// A `check` on Node costs at most five times what it costs in the Rust host. Both are measured side by
// side, in turns, so that other work on the machine disturbs both.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Guard } from "twinguard";

const MOST = 5;
const CALLS = 500;
const ROUNDS = 4;
const TURNS = 5;

const root = fileURLToPath(new URL("../../../", import.meta.url));

const seen = { customers: [{ id: "cus_Nf81kQ2", accounts: [{ id: "acct_7H9j3" }], orders: ["ORD-55-204817", "ORD-55-204818"] }] };
const args = { account_id: "acct_7H9j3", order_id: "ORD-55-204817", amount: "40.00", currency: "EUR", notify: true };

/** Nanoseconds of one call in the fastest round. */
function rust() {
  const words = [JSON.stringify(seen), "refund", JSON.stringify(args), String(CALLS), String(ROUNDS)];
  const cargo = ["run", "--release", "--quiet", "--package", "twinguard-benches", "--example", "check", "--", ...words];
  return Number(execFileSync("cargo", cargo, { cwd: root, encoding: "utf8" }));
}

/** The same here, with the arguments as the object that a program has. */
function node() {
  const session = new Guard().session();
  session.observe(seen);
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < CALLS; call++) assert.equal(session.check("refund", args).decision, "allow");
    fastest = Math.min(fastest, Number(process.hrtime.bigint() - start) / CALLS);
  }
  return fastest;
}

test(`a check costs at most ${MOST} times what it costs in Rust`, (t) => {
  const [ours, theirs] = [[node()], [rust()]];
  for (let turn = 1; turn < TURNS; turn++) {
    ours.push(node());
    theirs.push(rust());
  }
  const [here, there] = [Math.min(...ours), Math.min(...theirs)];
  t.diagnostic(`Node ${(here / 1000).toFixed(1)} µs, Rust ${(there / 1000).toFixed(1)} µs, ${(here / there).toFixed(2)} times`);
  assert.ok(here <= MOST * there, `Node ${here} ns, Rust ${there} ns`);
});
