/**
 * Stops near-twin identifiers in a model's tool calls before they run: for Node, Deno and Bun.
 *
 * A {@link Guard} holds the component; each conversation is a {@link Session}. Show the session
 * every tool result, and ask it before every tool call.
 *
 * @example
 * ```ts
 * import { Guard } from "twinguard";
 *
 * const session = new Guard().session();
 * session.observe({ accounts: [{ id: "acct_7H9j3" }] }, { tool: "search_customer" });
 * const verdict = session.check("refund", { account_id: "acct_7H9j2", amount: "40.00" });
 * console.log(verdict.allowed); // false
 * console.log(verdict.findings[0]?.nearest[0]?.edit); // the last character is `2`, seen was `3`
 * ```
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { guardSlot, verifierSlot } from "./component.js";

const bytes = (name: string) => () => new Uint8Array(readFileSync(new URL(`./component/${name}.core.wasm`, import.meta.url)));
guardSlot.from(bytes("guard"));
verifierSlot.from(bytes("verifier"));

export * from "./surface.js";
export * from "./traces.js";
export { verify } from "./verify.js";
