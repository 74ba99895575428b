// What the proxy adds to a call, measured side by side.

import assert from "node:assert/strict";
import { test } from "node:test";
import { first } from "./clients.mjs";
import { everything, freePort, guarded, listening, listeningProxy } from "./peers.mjs";

const ROUNDS = 300;
const median = (times) => times.sort((one, other) => one - other)[times.length >> 1];

/** Medians of both, in milliseconds, their calls taking turns so that both see the same machine. */
async function measured(direct, proxied) {
  const times = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, client] of [direct, proxied].entries()) {
      const start = performance.now();
      await client.callTool({ name: "echo", arguments: { message: "order ORD-55-204817" } });
      if (round >= ROUNDS / 6) times[at].push(performance.now() - start);
    }
  }
  return times.map(median);
}

/** At most so many milliseconds: the best of some tries, since other programs share the machine. */
async function adds(context, transport, most, direct, proxied) {
  const tries = [];
  for (let at = 0; at < 10; at++) {
    const [without, behind] = await measured(direct, proxied);
    context.diagnostic(`${transport}: ${without.toFixed(3)} ms without, ${behind.toFixed(3)} ms through the proxy`);
    tries.push(behind - without);
    if (behind - without <= most) return;
  }
  assert.fail(`adds ${tries.map((time) => time.toFixed(3)).join(", ")} ms`);
}

// Two more processes to wake, one for each direction.
test("stdio: the proxy adds at most 0.2 ms to a call", async (context) => {
  await adds(context, "stdio", 0.2, await first(context, everything()), await first(context, guarded(everything())));
});

// Two more HTTP exchanges, of about 4 ms that the SDKs take for one.
test("HTTP: the proxy adds at most 2 ms to a call", async (context) => {
  const port = await freePort();
  await listening(context, everything("streamableHttp"), port, { PORT: String(port) });
  const direct = await first(context, new URL(`http://127.0.0.1:${port}/mcp`));
  await adds(context, "HTTP", 2, direct, await first(context, await listeningProxy(context, port)));
});
