/**
 * The same for browsers and bundlers: nothing of Node, and the component's code is loaded by you.
 *
 * @example
 * ```ts
 * import { Guard, loadGuard } from "twinguard/browser";
 *
 * await loadGuard();
 * const session = new Guard().session();
 * ```
 * @packageDocumentation
 */

import { guardSlot, MEMORY_BYTES, verifierSlot } from "./component.js";
import { GuardFailed, InvalidInput } from "./errors.js";
import { reason } from "./json.js";

export * from "./surface.js";
export * from "./traces.js";

/** Where code comes from: its bytes, or where to fetch them. */
export type Code = ArrayBuffer | Uint8Array<ArrayBuffer> | Response | URL | string;

/**
 * Fetches and compiles the guard; await it once, before the first {@link Guard}.
 *
 * @param code - Default: `component/guard.core.wasm` beside this module, which bundlers carry along
 *   as an asset. The package exports the file as `twinguard/guard.wasm`; its bytes can be inlined.
 * @throws {@link GuardFailed} when it cannot be fetched or compiled. {@link InvalidInput} when these
 *   are other bytes.
 */
export async function loadGuard(code: Code = new URL("./component/guard.core.wasm", import.meta.url)): Promise<void> {
  const bytes = await read(code);
  guardSlot.from(() => bytes);
  await guardSlot.get().compile(MEMORY_BYTES);
}

/**
 * Fetches the trace verifier; await it once, before {@link verifyTraces}, {@link explainTraces} or
 * {@link readTraces}.
 *
 * @param code - As for {@link loadGuard}, with `component/verifier.core.wasm` and
 *   `twinguard/verifier.wasm`.
 * @throws As {@link loadGuard}.
 */
export async function loadVerifier(code: Code = new URL("./component/verifier.core.wasm", import.meta.url)): Promise<void> {
  const bytes = await read(code);
  verifierSlot.from(() => bytes);
  await verifierSlot.get().compile(2 ** 32);
}

async function read(code: Code): Promise<Uint8Array<ArrayBuffer>> {
  if (code instanceof Uint8Array) return code;
  if (code instanceof ArrayBuffer) return new Uint8Array(code);
  try {
    const response = code instanceof Response ? code : await fetch(code);
    if (!response.ok) throw new Error(`${response.url} answers ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    const place = code instanceof Response ? code.url : String(code);
    throw new GuardFailed(`\`${place}\` cannot be fetched: ${reason(error)}; give another URL, or the bytes`, { cause: error });
  }
}
