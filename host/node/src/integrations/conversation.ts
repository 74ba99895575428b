/**
 * What every adapter shares: it tells a session each text once, asks it about each call once, and
 * ends a run that keeps writing the same wrong value.
 *
 * @module
 */
import { GuardFailed, LimitExceeded, TwinguardError } from "../errors.js";
import { reason, toJson } from "../json.js";
import type { Session } from "../session.js";
import type { Effect, Finding, ObserveOptions } from "../types.js";
import type { Verdict } from "../verdict.js";

/** A call that the model wants to make. */
export interface Call {
  /** The tool's name. */
  tool: string;
  /** The arguments as the tool will get them, or their JSON text. */
  arguments: unknown;
  /** The identifier under which the framework reports the call's result. */
  callId?: string | undefined;
  /** What the call does to the world; the policy decides when it is left out. */
  effect?: Effect | undefined;
}

/** What an adapter does with a call. */
export interface Outcome {
  /**
   * - `run`: run the tool.
   * - `ask`: run it only when a person approved it.
   * - `refuse`: do not run it, hand `message` to the model as the tool's error.
   * - `stop`: do not run it, end the run: the model wrote this value too often.
   */
  readonly action: "run" | "ask" | "refuse" | "stop";
  /** For the model (`refuse`) or for a person (`ask`, `stop`); empty for `run` without a warning. */
  readonly message: string;
  /** The guard's verdict; missing when the call could not be checked at all. */
  readonly verdict?: Verdict | undefined;
}

/** Something a person should read, though it stopped nothing. */
export interface Warning {
  /** One paragraph: what was found and where. */
  readonly message: string;
  /** The call that ran in spite of it. */
  readonly call?: Call;
  /** The verdict behind it. */
  readonly verdict?: Verdict | undefined;
}

/** How a {@link Conversation} behaves. */
export interface ConversationOptions {
  /**
   * How often one value may be blocked in one argument before the run ends. The guard's message
   * asks the model to stop from the second time on; this is for the models that do not.
   * A whole number from 1; 3 by default.
   */
  maxBlocks?: number;
  /** Takes the warnings. `console.warn` by default. */
  onWarn?: (warning: Warning) => void;
  /** What a tool does to the world, for tools whose names do not tell. */
  effect?: (tool: string) => Effect | undefined;
}

/** The run was ended because the model kept writing a value that had been blocked. */
export class TooManyBlocks extends TwinguardError {
  override readonly name = "TooManyBlocks";
  /** The last of the refusals. */
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super(outcome.message);
    this.outcome = outcome;
  }
}

const conversations = new WeakMap<Session, Conversation>();

/**
 * One conversation as the adapters see it: a session, and what of the conversation it already knows.
 *
 * Adapters read the whole history at every step, so `observe` and `recall` ignore what they were
 * told before. Nothing here throws for a failing guard: a call that could not be checked is refused.
 *
 * @example
 * ```ts
 * const conversation = new Conversation(guard.session(), { maxBlocks: 2 });
 * conversation.observe("Refund order ORD-55-204817, please.", { source: "user-message" });
 * conversation.judge({ tool: "refund", arguments: { order_id: "ORD-55-204871" } }).action; // "refuse"
 * ```
 */
export class Conversation {
  /** The session that remembers. */
  readonly session: Session;
  readonly #maxBlocks: number;
  readonly #onWarn: (warning: Warning) => void;
  readonly #effect: (tool: string) => Effect | undefined;
  /** Keys of the texts and calls that the session was told of. */
  readonly #known = new Set<string>();
  /** Calls without a result yet, by call id. */
  readonly #open = new Map<string, { key: string; outcome: Outcome }>();
  /** How often a value was blocked, by tool, place and value, and in which turn it was last. */
  readonly #blocks = new Map<string, { count: number; turn: unknown }>();
  #turn: unknown;
  #broken: string | undefined;

  /**
   * @param session - One session for one conversation.
   * @param options - Limits and callbacks.
   * @throws RangeError when `maxBlocks` is not a whole number from 1.
   */
  constructor(session: Session, options: ConversationOptions = {}) {
    const { maxBlocks = 3, onWarn = ({ message }) => console.warn(`twinguard: ${message}`), effect = () => undefined } = options;
    if (!Number.isInteger(maxBlocks) || maxBlocks < 1) {
      throw new RangeError(`maxBlocks is ${maxBlocks}, it must be a whole number from 1`);
    }
    this.session = session;
    this.#maxBlocks = maxBlocks;
    this.#onWarn = onWarn;
    this.#effect = effect;
    conversations.set(session, this);
  }

  /** The conversation of a session: always the same one for the same session. */
  static of(source: Session | Conversation): Conversation {
    return source instanceof Conversation ? source : (conversations.get(source) ?? new Conversation(source));
  }

  /**
   * Remembers a text the model was shown, unless it was told of it before.
   *
   * @param content - The whole text as the model gets it.
   * @param about - Where it came from; `incomplete` when the model was shown more than this text.
   */
  observe(content: string, about: ObserveOptions): void {
    const { source = "tool-result", tool, callId } = about;
    // A call that has its result is over. What the result quotes of the call's own wrong values, our
    // refusal above all, the session does not take for seen.
    if (source === "tool-result" && callId !== undefined) this.#open.delete(callId);
    const key = keyOf(source, tool, callId, content);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.reading(() => this.#tell(content, about));
  }

  /**
   * Judges a call before it runs. Asked again about a call that has no result yet, it gives the
   * same answer, so every hook of a framework may ask.
   *
   * @param call - The call; give it the framework's call id, which pairs it with its result.
   * @param canAsk - Whether a person can be asked. If not, `ask` becomes `refuse`.
   */
  judge(call: Call, canAsk = true): Outcome {
    const key = keyOfCall(call, this.session.textBytes);
    const open = call.callId === undefined ? undefined : this.#open.get(call.callId);
    if (open?.key === key) return open.outcome;
    const outcome = this.#decide(call, canAsk);
    if (outcome.action === "run" && outcome.message !== "") {
      this.#warn({ message: outcome.message, call, verdict: outcome.verdict });
    }
    return this.#keep(call, key, outcome);
  }

  /**
   * Takes note of a call from the history that ran, or did not, before this conversation was
   * watched. What it wrote without having seen it must not become seen through its own result.
   */
  recall(call: Call): void {
    const key = keyOfCall(call, this.session.textBytes);
    if (!this.#known.has(key)) this.#keep(call, key, this.#decide(call, true));
  }

  /** What was decided about a call that has no result yet: what an approval dialog should show. */
  outcomeOf(callId: string): Outcome | undefined {
    return this.#open.get(callId)?.outcome;
  }

  /**
   * Says that the calls from here on belong to one answer of the model. Calls of the same answer
   * count once towards `maxBlocks`, for the model has not seen a refusal between them. Without
   * turns every call counts.
   *
   * @param identity - The same for all calls of one answer: the messages it answers, for example.
   */
  beginTurn(identity: object): void {
    this.#turn = identity;
  }

  /**
   * Runs `read`, which takes messages apart and observes them. When it fails the model has seen
   * something that the session has not, and every later call is refused.
   */
  reading(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#broken ??= `the conversation could not be read: ${reason(error)}`;
    }
  }

  #decide(call: Call, canAsk: boolean): Outcome {
    const verdict = this.#check(call);
    if (typeof verdict === "string") {
      return this.#refuse(call, { action: "refuse", message: verdict }, [keyOf(call.tool)]);
    }
    const { allowed, decision, findings, message } = verdict;
    if (decision === "ask" && canAsk) return { action: "ask", message, verdict };
    if (allowed) return { action: "run", message, verdict };
    const keyOfFinding = ({ pointer, written }: Finding) => keyOf(call.tool, pointer, written);
    const keys = new Set(findings.filter((finding) => finding.decision === decision).map(keyOfFinding));
    const text = decision === "ask" ? `${message}\n${NOBODY_TO_ASK}` : message;
    return this.#refuse(call, { action: "refuse", message: text, verdict }, keys.size > 0 ? keys : [keyOf(call.tool)]);
  }

  /** The verdict, or why there is none. */
  #check({ tool, arguments: args, callId, effect }: Call): Verdict | string {
    try {
      if (this.#broken !== undefined) return unchecked(this.#broken);
      return this.session.check(tool, args, { callId, effect: effect ?? this.#effect(tool) });
    } catch (error) {
      return unchecked(reason(error));
    }
  }

  /** Counts a refusal for each value; one value too often makes it a `stop`. */
  #refuse(call: Call, refusal: Outcome, keys: Iterable<string>): Outcome {
    let most = 0;
    for (const key of keys) {
      const block = this.#blocks.get(key) ?? { count: 0, turn: undefined };
      if (block.turn === undefined || block.turn !== this.#turn) block.count += 1;
      block.turn = this.#turn;
      this.#blocks.set(key, block);
      most = Math.max(most, block.count);
    }
    if (most < this.#maxBlocks) return refusal;
    const why = refusal.verdict
      ? `${call.tool} was called with the same blocked value ${most} times. Ask a person which value is meant.`
      : `${most} calls of ${call.tool} could not be checked.`;
    return { ...refusal, action: "stop", message: `twinguard ended this run: ${why}\n${refusal.message}` };
  }

  #keep(call: Call, key: string, outcome: Outcome): Outcome {
    this.#known.add(key);
    if (call.callId !== undefined) this.#open.set(call.callId, { key, outcome });
    return outcome;
  }

  #tell(text: string, about: ObserveOptions): void {
    const readable = text.toWellFormed();
    try {
      this.session.observe(readable, readable === text ? about : { ...about, incomplete: true });
    } catch (error) {
      // The session remembers these by itself, and its verdicts say so.
      if (!(error instanceof LimitExceeded || error instanceof GuardFailed)) throw error;
      this.#warn({ message: error.message });
    }
  }

  #warn(warning: Warning): void {
    try {
      this.#onWarn(warning);
    } catch {
      // A broken log is no reason to stop a call that may run.
    }
  }
}

const NOBODY_TO_ASK =
  "This call needs a person's approval, and nobody can be asked here. Tell the user what you want to do and with which values.";

function unchecked(why: string): string {
  return `twinguard could not check this call, so it must not run: ${why}`;
}

function keyOf(...parts: (string | undefined)[]): string {
  return JSON.stringify(parts);
}

function keyOfCall({ tool, arguments: args, callId }: Call, textBytes: number): string {
  try {
    return keyOf("call", tool, callId, toJson(args, "the arguments", textBytes));
  } catch {
    return keyOf("call", tool, callId); // not JSON: `check` refuses it and says why
  }
}
