// For `Symbol.dispose` in the declarations, whatever the program that uses them is compiled for.
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The guard with a limit of time: each session in a worker thread of its own, which is ended when an
 * operation takes too long. For input and policies that nobody vouches for, since an engine of
 * JavaScript counts no fuel.
 *
 * @example
 * ```ts
 * import { WorkerGuard } from "twinguard/worker";
 *
 * const guard = new WorkerGuard(null, { timeoutMs: 2_000 });
 * const session = await guard.session();
 * await session.observe({ id: "acct_7H9j3" }, { tool: "search" });
 * const verdict = await session.check("refund", { account_id: "acct_7H9j2" });
 * console.log(verdict.decision); // block
 * await guard.close();
 * ```
 * @packageDocumentation
 */

import { GuardFailed, InvalidInput, SessionClosed } from "./errors.js";
import { type Limits, limits, observations, policyText, shown, string, toolCall, whole } from "./input.js";
import { unchecked } from "./session.js";
import { Thread } from "./thread.js";
import type { CheckOptions, GuardOptions, Identifier, Observation, Observed, ObserveOptions, Policy } from "./types.js";
import { Verdict } from "./verdict.js";
import type { Question } from "./worker-protocol.js";

export * from "./surface.js";

/** {@link GuardOptions}, and the time that an operation may take. */
export interface WorkerGuardOptions extends GuardOptions {
  /**
   * Milliseconds for one operation, 1 to 2,147,483,647. Neither the start of a worker counts, nor
   * the wait for operations before it. Default: 5000.
   */
  readonly timeoutMs?: number | undefined;
}

/** The longest that a timer waits. */
const MOST_MS = 2 ** 31 - 1;

/** As {@link Guard}, with sessions in workers and promises in place of answers. */
export class WorkerGuard {
  readonly #policy: string;
  readonly #limits: Limits;
  readonly #timeoutMs: number;
  readonly #threads = new Set<Thread>();
  /** The worker of a session that was closed serves the next one. */
  #idle: Thread | undefined;

  /**
   * Starts nothing yet: a wrong policy is told by the first session.
   *
   * @throws {@link InvalidInput} for an option that is no such number or name, or a policy that JSON
   *   cannot hold.
   */
  constructor(policy?: Policy | null, options: WorkerGuardOptions = {}) {
    this.#limits = limits(options, ["timeoutMs"]);
    this.#policy = policyText(policy, this.#limits);
    this.#timeoutMs = whole(options.timeoutMs ?? 5_000, "timeoutMs", 1, MOST_MS);
  }

  /**
   * Opens a session in a worker of its own.
   *
   * @throws As {@link Guard} and {@link Guard.session}; {@link GuardFailed} also when it takes too
   *   long.
   */
  session(): Promise<WorkerSession> {
    return this.#start({ ask: "open", policy: this.#policy, limits: this.#limits });
  }

  /** Continues a session from its snapshot. @throws As {@link session} and {@link Guard.restore}. */
  async restore(snapshot: Uint8Array): Promise<WorkerSession> {
    if (!(snapshot instanceof Uint8Array)) throw new InvalidInput("the snapshot: give the Uint8Array that `snapshot` returned");
    return this.#start({ ask: "open", policy: this.#policy, limits: this.#limits, snapshot });
  }

  /** Opens a session, observes, checks one call and forgets. @throws As {@link Guard.checkOnce}. */
  async checkOnce(seen: Iterable<Observation>, tool: string, args: unknown, options: CheckOptions = {}): Promise<Verdict> {
    const call = toolCall(tool, args, options, this.#limits);
    const texts = observations(seen, this.#limits);
    const thread = this.#thread();
    try {
      const question: Question = { ask: "checkOnce", policy: this.#policy, limits: this.#limits, seen: texts, call };
      return new Verdict((await thread.ask(question, this.#timeoutMs)) as Verdict);
    } finally {
      this.#release(thread);
    }
  }

  /** Ends every worker. Sessions that are still open block from then on. */
  async close(): Promise<void> {
    const threads = [...this.#threads];
    this.#threads.clear();
    this.#idle = undefined;
    await Promise.all(threads.map((thread) => thread.end("its `WorkerGuard` was closed")));
  }

  /** As {@link close}, for `await using guard = new WorkerGuard();`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(question: Question): Promise<WorkerSession> {
    const thread = this.#thread();
    try {
      await thread.ask(question, this.#timeoutMs);
    } catch (error) {
      this.#release(thread);
      throw error;
    }
    return new WorkerSession(thread, this.#limits, this.#timeoutMs, () => this.#release(thread));
  }

  #thread(): Thread {
    const thread = this.#idle ?? new Thread();
    this.#idle = undefined;
    this.#threads.add(thread);
    return thread;
  }

  #release(thread: Thread): void {
    if (thread.alive && this.#idle === undefined && this.#threads.has(thread)) {
      this.#idle = thread;
    } else {
      this.#threads.delete(thread);
      void thread.end("its session was closed");
    }
  }
}

/** As {@link Session}, in a worker. Operations run one after the other, in the order of the calls. */
export class WorkerSession {
  readonly #thread: Thread;
  readonly #limits: Limits;
  readonly #timeoutMs: number;
  readonly #release: () => void;
  #closed = false;
  #failure: string | undefined;

  /** @internal */
  constructor(thread: Thread, limits: Limits, timeoutMs: number, release: () => void) {
    this.#thread = thread;
    this.#limits = limits;
    this.#timeoutMs = timeoutMs;
    this.#release = release;
  }

  /** As {@link Session.observe}. @throws {@link GuardFailed} also when it takes too long. */
  async observe(content: unknown, options: ObserveOptions = {}): Promise<Observed> {
    return (await this.#ask({ ask: "observe", what: shown(content, options, this.#limits) })) as Observed;
  }

  /** As {@link Session.check}: a call that takes too long is blocked, and so is every later one. */
  async check(tool: string, args: unknown, options: CheckOptions = {}): Promise<Verdict> {
    return this.#verdict({ ask: "check", call: toolCall(tool, args, options, this.#limits) });
  }

  /** As {@link Session.checkText}. */
  async checkText(text: string): Promise<Verdict> {
    return this.#verdict({ ask: "checkText", text: string(text, "the text") });
  }

  /** As {@link Session.identify}. */
  async identify(text: string): Promise<readonly Identifier[]> {
    return (await this.#ask({ ask: "identify", text: string(text, "the text") })) as readonly Identifier[];
  }

  /** As {@link Session.snapshot}. */
  async snapshot(): Promise<Uint8Array> {
    return (await this.#ask({ ask: "snapshot" })) as Uint8Array;
  }

  /** Why this session can no longer be trusted; `undefined` while all is well. */
  get failure(): string | undefined {
    // Its worker may serve another session by now.
    return this.#closed ? this.#failure : this.#thread.failure;
  }

  /** Whether the session was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Forgets everything, once the operations before it are done. Closing twice does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#failure = this.#thread.failure;
    this.#closed = true;
    try {
      await this.#thread.ask({ ask: "close" }, this.#timeoutMs);
    } catch (error) {
      // It has failed before, and there is nothing left to forget.
      if (!(error instanceof GuardFailed)) throw error;
    } finally {
      this.#release();
    }
  }

  /** As {@link close}, for `await using session = await guard.session();`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ask(question: Question): Promise<unknown> {
    if (this.#closed) throw new SessionClosed("this session was closed, and has forgotten everything; open another one");
    return this.#thread.ask(question, this.#timeoutMs);
  }

  async #verdict(question: Question): Promise<Verdict> {
    try {
      return new Verdict((await this.#ask(question)) as Verdict);
    } catch (error) {
      if (error instanceof GuardFailed) return unchecked(error, this.#limits);
      throw error;
    }
  }
}
