// Opens and closes sessions, and ends with code 1 when memory grows: `node test/leak.mjs [SESSIONS]`.
//
// The collector runs when it likes, so the memory goes up and down by tens of megabytes. What counts
// is the least of a tenth of the run: of the second one, when everything is warm, and of the last.

import process from "node:process";
import { Guard } from "twinguard";

const sessions = Number(process.argv[2] ?? 100_000);
/** A leak of 300 bytes a session is more. */
const ALLOWED = 24_000_000;

const guard = new Guard();
/** @type {number[]} */
const least = [];
const started = performance.now();
for (let tenth = 0; tenth < 10; tenth++) {
  let low = Number.POSITIVE_INFINITY;
  for (let opened = 0; opened < sessions / 10; opened++) {
    const session = guard.session();
    session.observe("acct_7H9j3");
    session.close();
    if (opened % 50 === 0) low = Math.min(low, process.memoryUsage.rss());
  }
  least.push(low);
  // What other programs do between two conversations.
  await new Promise((resolve) => setImmediate(resolve));
}
const each = (performance.now() - started) / sessions;
const megabytes = least.map((bytes) => Math.round(bytes / 1e6));
console.log(`${sessions} sessions, ${each.toFixed(2)} ms each, least memory of each tenth in MB: ${megabytes.join(" ")}`);
process.exitCode = (least.at(-1) ?? Number.NaN) - (least[1] ?? Number.NaN) < ALLOWED ? 0 : 1;
