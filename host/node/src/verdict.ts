import { Blocked } from "./errors.js";
import type { Decision, Finding } from "./types.js";

/**
 * The answer to a check.
 *
 * @example
 * ```ts
 * const verdict = session.check("refund", { account_id: "acct_7H9j2" });
 * if (!verdict.allowed) return { isError: true, text: verdict.message };
 * ```
 */
export class Verdict {
  /** The highest decision among the findings. */
  readonly decision: Decision;
  /**
   * One finding for every identifier in the call, allowed ones included; the gravest first where
   * the policy's `limits.findings` (default 1000) cuts the list.
   */
  readonly findings: readonly Finding[];
  /**
   * The messages of the findings with the highest decision, ready to be the tool's error. Says
   * `incomplete` when the session could not hold everything. Empty when there is nothing to say.
   */
  readonly message: string;
  /**
   * The arguments as JSON text with the one unambiguous twin replaced. Only when the policy opts
   * in (`repair`).
   */
  readonly repaired: string | undefined;

  /** Not for you: a check gives one. */
  constructor(verdict: Pick<Verdict, "decision" | "findings" | "message"> & { readonly repaired?: string | undefined }) {
    this.decision = verdict.decision;
    this.findings = verdict.findings;
    this.message = verdict.message;
    this.repaired = verdict.repaired;
  }

  /** Whether the call may run without anybody's word: the decision is `allow` or `warn`. */
  get allowed(): boolean {
    return this.decision === "allow" || this.decision === "warn";
  }

  /**
   * Throws unless the call may run.
   *
   * @param options - `confirmed`: a person has looked at this very call and wants it; then an `ask`
   *   passes as well. A `block` never does.
   * @throws {@link Blocked}, which carries this verdict.
   * @example `session.check("refund", args).throwForBlock();`
   */
  throwForBlock(options: { readonly confirmed?: boolean } = {}): void {
    if (this.allowed || (options.confirmed === true && this.decision === "ask")) return;
    throw new Blocked(this);
  }
}
