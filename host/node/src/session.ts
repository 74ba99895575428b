// For `Symbol.dispose` in the declarations, whatever the program that uses them is compiled for.
/// <reference lib="esnext.disposable" preserve="true" />

import type * as wit from "./component/interfaces/twinguard-guard-guard.js";
import { guardSlot } from "./component.js";
import { GuardFailed, InvalidPolicy, InvalidSnapshot, LimitExceeded, SessionClosed, type TwinguardError } from "./errors.js";
import { type Limits, shown, string, toolCall, within } from "./input.js";
import { reason } from "./json.js";
import type { CheckOptions, Identifier, Observed, ObserveOptions } from "./types.js";
import { Verdict } from "./verdict.js";

/** The session inside, and what it holds. */
interface Inside {
  readonly session: wit.Session;
  readonly memoryBytes: () => number;
}

/**
 * The memory of one conversation, in an instance of the component of its own.
 *
 * Feed it every source in the order in which the model saw it ({@link observe}), ask before every
 * tool call ({@link check}), and run the tool only when the verdict lets you.
 *
 * **Failing closed.** When the guard fails (out of memory, a bug), what it had observed can no
 * longer be trusted: this and every later verdict is what `onFailure` says, and {@link failure}
 * tells why. It never goes on with an empty memory.
 */
export class Session {
  readonly #limits: Limits;
  #inside: Inside | undefined;
  #failure: GuardFailed | undefined;
  /** Texts that `textBytes` kept from the component, which remembers its own refusals itself. */
  readonly #refused: string[] = [];

  private constructor(limits: Limits, inside: Inside) {
    this.#limits = limits;
    this.#inside = inside;
  }

  /** @internal Opens a session in a fresh instance. */
  static start(limits: Limits, open: (exports: typeof wit) => wit.Session): Session {
    const { exports, memoryBytes } = guardSlot.get().instance(limits.memoryBytes);
    const session = attempt(() => open(exports.guard), memoryBytes, limits);
    return new Session(limits, { session, memoryBytes });
  }

  /**
   * Remembers every identifier in what the model was shown.
   *
   * @param content - The text exactly as the model saw it (JSON, tables, shell output, prose), or a
   *   value that JSON can hold, which is written as JSON without loss.
   * @throws {@link LimitExceeded} when the text is too large: nothing was learned from it, and every
   *   later verdict says `incomplete`.
   * @throws {@link InvalidInput} when the content holds what JSON or UTF-8 cannot; names the place.
   * @throws {@link GuardFailed} when the guard failed, now or before. {@link SessionClosed}.
   * @example `session.observe({ order: 9007199254740993n }, { tool: "get_order", callId: "call_1" });`
   */
  observe(content: unknown, options: ObserveOptions = {}): Observed {
    const what = shown(content, options, this.#limits);
    try {
      this.#admit([what.content, what.tool, what.callId], "the observed text");
    } catch (error) {
      if (error instanceof LimitExceeded) {
        this.#refused.push(error.message);
        // The component hears of it, so that findings and snapshots know, and so that the call has
        // had its result.
        this.#run((session) => session.observe({ ...what, content: "", incomplete: true }));
      }
      throw error;
    }
    return this.#run((session) => session.observe(what));
  }

  /**
   * Judges a call before it runs. A call that could not be checked is blocked, and the verdict's
   * message names the cause and the way out. The call counts as made: what it newly introduces is
   * known from here on, and its result is expected under its call id.
   *
   * @param args - The arguments as JSON text, best as the model wrote it, or as a value; a `bigint`
   *   keeps its digits. Text that is not JSON is checked as plain text.
   * @throws {@link InvalidInput} when the arguments hold what JSON cannot; names the place. The call
   *   must not run. {@link SessionClosed}.
   * @example
   * ```ts
   * const verdict = session.check("refund", { account_id: "acct_7H9j2" }, { callId: "call_2" });
   * if (!verdict.allowed) return verdict.message; // the tool's error
   * ```
   */
  check(tool: string, args: unknown, options: CheckOptions = {}): Verdict {
    const call = toolCall(tool, args, options, this.#limits);
    return this.#verdict([call.arguments, call.tool], "the call", (session) => session.check(call));
  }

  /**
   * Judges a text that the assistant is about to show to the user. Changes nothing, and fails as
   * {@link check} does.
   *
   * @throws {@link InvalidInput} when it is no string, or one with a lone surrogate.
   *   {@link SessionClosed}.
   * @example `if (!session.checkText(answer).allowed) answer = await askAgain();`
   */
  checkText(text: string): Verdict {
    const whole = string(text, "the text");
    return this.#verdict([whole], "the text", (session) => session.checkText(whole));
  }

  /**
   * Lists the identifiers of a text and where each was seen. Changes nothing.
   *
   * @throws {@link InvalidInput}, {@link LimitExceeded}, {@link GuardFailed}, {@link SessionClosed}.
   * @example `session.identify("mail ada@example.com")[0]?.kind; // "email"`
   */
  identify(text: string): readonly Identifier[] {
    const whole = string(text, "the text");
    this.#admit([whole], "the text");
    return this.#run((session) => session.identify(whole));
  }

  /**
   * The whole memory of the session as bytes, for {@link Guard.restore} in this process or
   * another. Equal sessions give equal bytes.
   *
   * @throws {@link GuardFailed}, {@link SessionClosed}.
   * @example `await writeFile("chat-17", session.snapshot());`
   */
  snapshot(): Uint8Array {
    return this.#run((session) => session.snapshot());
  }

  /** @internal The largest text, for those who write values down before they ask. */
  get textBytes(): number {
    return this.#limits.textBytes;
  }

  /** Why this session can no longer be trusted; `undefined` while all is well. */
  get failure(): string | undefined {
    return this.#failure?.message;
  }

  /** Whether the session was closed. */
  get closed(): boolean {
    return this.#inside === undefined;
  }

  /** Forgets everything. The memory is freed when it is next collected. Closing twice does nothing. */
  close(): void {
    this.#inside = undefined;
  }

  /** As {@link close}, for `using session = guard.session();`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Refuses what is too large before it is copied into the component. */
  #admit(texts: readonly (string | undefined)[], what: string): void {
    if (this.#inside === undefined) throw closed();
    // A failed session says so, whatever the size of the text.
    if (this.#failure !== undefined) throw this.#failure;
    within(this.#limits, texts, what);
  }

  /** INVARIANT: the only way into the component after it was opened, and a failure closes it. */
  #run<T>(operation: (session: wit.Session) => T): T {
    const inside = this.#inside;
    if (inside === undefined) throw closed();
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return attempt(() => operation(inside.session), inside.memoryBytes, this.#limits);
    } catch (error) {
      if (error instanceof GuardFailed) this.#failure = error;
      throw error;
    }
  }

  #verdict(texts: readonly string[], what: string, judge: (session: wit.Session) => wit.Verdict): Verdict {
    let verdict: wit.Verdict | Verdict;
    try {
      this.#admit(texts, what);
      verdict = this.#run(judge);
    } catch (error) {
      if (error instanceof SessionClosed) throw error;
      verdict = unchecked(error, this.#limits);
    }
    const message = [verdict.message, this.#incomplete()].filter((part) => part !== "").join("\n");
    return new Verdict({ ...verdict, message, repaired: verdict.repaired });
  }

  #incomplete(): string {
    const [first] = this.#refused;
    if (first === undefined) return "";
    const texts = this.#refused.length === 1 ? "text was" : "texts were";
    return `incomplete: ${this.#refused.length} ${texts} not read, so an unseen value may have stood there (${first})`;
  }
}

/** The verdict on what could not be checked. */
export function unchecked(error: unknown, limits: Limits): Verdict {
  // `onFailure` speaks of a guard that failed. A call beyond a limit is the call's doing: could it
  // pass, a model would only have to write enough.
  const passes = limits.onFailure === "allow" && error instanceof GuardFailed;
  const message = passes
    ? `twinguard did not check this, and \`onFailure: "allow"\` lets it pass: ${reason(error)}`
    : `twinguard could not check this, so it must not run: ${reason(error)}`;
  return new Verdict({ decision: passes ? "allow" : "block", findings: [], message });
}

/**
 * Runs something in an instance. What the contract calls an error is thrown as the class of its
 * name; anything else is a failure of the guard.
 */
export function attempt<T>(operation: () => T, memoryBytes: () => number, limits: Limits): T {
  try {
    return operation();
  } catch (error) {
    throw isAnswer(error) ? answer(error) : failed(error, memoryBytes(), limits);
  }
}

function answer({ tag, val }: wit.Error): TwinguardError {
  switch (tag) {
    case "invalid-policy":
      return new InvalidPolicy(`invalid policy: ${val}; \`twinguard policy default\` prints a valid one`);
    case "invalid-snapshot":
      return new InvalidSnapshot(`invalid snapshot: ${val}; observe the conversation again in a new session`);
    case "limit-exceeded":
      return new LimitExceeded(`limit exceeded: ${val}`);
  }
}

function isAnswer(error: unknown): error is wit.Error {
  return typeof error === "object" && error !== null && "tag" in error && "val" in error;
}

/** Why an instance failed, and the way out. The engine does not say which limit it was. */
function failed(error: unknown, held: number, limits: Limits): GuardFailed {
  const memory = `its memory was ${held} of at most ${limits.memoryBytes} bytes`;
  const wayOut = "raise `memoryBytes` if it was full, else please report this text as a bug";
  const end = "this session has lost its memory, only a new conversation can be checked again";
  return new GuardFailed(`the guard failed: ${reason(error)}; ${memory}; ${wayOut}; ${end}`, { cause: error });
}

function closed(): SessionClosed {
  return new SessionClosed("this session was closed, and has forgotten everything; open another one");
}
