import { guardSlot } from "./component.js";
import { InvalidInput } from "./errors.js";
import { type Limits, limits, observations, policyText, toolCall, within } from "./input.js";
import { attempt, Session } from "./session.js";
import type { CheckOptions, GuardOptions, Observation, Policy } from "./types.js";
import { Verdict } from "./verdict.js";

/**
 * The guard under one policy: opens sessions, one for each conversation.
 *
 * @example
 * ```ts
 * import { Guard } from "twinguard";
 *
 * const guard = new Guard();
 * const session = guard.session();
 * session.observe({ accounts: [{ id: "acct_7H9j3" }] }, { tool: "search_customer" });
 * const verdict = session.check("refund", { account_id: "acct_7H9j2" });
 * console.log(verdict.decision); // block
 * session.close();
 * ```
 */
export class Guard {
  readonly #policy: string;
  readonly #limits: Limits;

  /**
   * Reads the policy and compiles the component, which takes a few tens of milliseconds once in a
   * program.
   *
   * @param policy - An object or JSON text, as `docs/policy.md` tells. Default: the default policy.
   * @throws {@link InvalidPolicy} when the policy is wrong; the message says where.
   * @throws {@link InvalidInput} for an option that is no such number or name.
   * @throws {@link LimitExceeded} when the policy is larger than `textBytes`.
   * @throws {@link GuardFailed} when the component cannot run under limits this small.
   */
  constructor(policy?: Policy | null, options: GuardOptions = {}) {
    this.#limits = limits(options);
    this.#policy = policyText(policy, this.#limits);
    this.session().close();
  }

  /**
   * Opens a session with an empty memory. Takes about a millisecond. A process of Node holds about
   * 10,000 open ones; a {@link Session.snapshot} puts one aside.
   *
   * @throws {@link GuardFailed} when there is no memory for another one.
   */
  session(): Session {
    return Session.start(this.#limits, ({ Session }) => Session.open(this.#policy));
  }

  /**
   * Continues a session from its snapshot, under this guard's policy and limits.
   *
   * @throws {@link InvalidSnapshot} when it is damaged or from an incompatible version.
   * @throws {@link InvalidInput} when it is no `Uint8Array`.
   * @throws {@link GuardFailed} when there is no memory for it.
   * @example `const later = guard.restore(session.snapshot());`
   */
  restore(snapshot: Uint8Array): Session {
    if (!(snapshot instanceof Uint8Array)) throw new InvalidInput("the snapshot: give the Uint8Array that `snapshot` returned");
    return Session.start(this.#limits, ({ Session }) => Session.restore(this.#policy, snapshot));
  }

  /**
   * Opens a session, observes, checks one call and forgets.
   *
   * @param seen - What the model was shown, in that order.
   * @param tool - The tool's name; the rest is as in {@link Session.check}.
   * @throws {@link LimitExceeded}, {@link GuardFailed}, {@link InvalidInput}: no verdict was
   *   reached, so the call must not run.
   * @example
   * ```ts
   * const seen = [{ content: { id: "acct_7H9j3" }, tool: "search" }];
   * guard.checkOnce(seen, "refund", { account_id: "acct_7H9j2" }).allowed; // false
   * ```
   */
  checkOnce(seen: Iterable<Observation>, tool: string, args: unknown, options: CheckOptions = {}): Verdict {
    const call = toolCall(tool, args, options, this.#limits);
    within(this.#limits, [call.arguments, call.tool], "the call");
    const shown = observations(seen, this.#limits);
    const { exports, memoryBytes } = guardSlot.get().instance(this.#limits.memoryBytes);
    return new Verdict(attempt(() => exports.guard.checkOnce(this.#policy, shown, call), memoryBytes, this.#limits));
  }
}
