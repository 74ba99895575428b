import { Worker } from "node:worker_threads";
import { GuardFailed } from "./errors.js";
import { reason } from "./json.js";
import { type Answer, fromPlain, type Question } from "./worker-protocol.js";

/** Said to whoever waits for an answer when the worker is gone. */
const LOST = "this session has lost its memory, only a new conversation can be checked again";

/** For loading and compiling, which no question is to blame for: a tenth of a second as a rule. */
const START_MS = 30_000;

/** A worker that answers one question at a time, each within a time limit. */
export class Thread {
  // Without the flags of this program, such as `--input-type`, which mean other modules.
  readonly #worker = new Worker(new URL("./worker-thread.js", import.meta.url), { execArgv: [] });
  /** Settles when the last question that was asked has its answer. */
  #last: Promise<unknown>;
  #waiting: { readonly answer: (answer: Answer) => void; readonly fail: (why: GuardFailed) => void } | undefined;
  #failure: GuardFailed | undefined;
  /** Why the session inside cannot be trusted. */
  #sessionFailure: string | undefined;

  constructor() {
    this.#worker.on("message", (answer: Answer) => this.#waiting?.answer(answer));
    this.#worker.on("error", (error) => this.#fail(`the worker failed: ${reason(error)}`));
    this.#worker.on("exit", (code) => this.#fail(`the worker ended with code ${code}`));
    // Its first message says that it is ready.
    this.#last = this.#wait(START_MS, `no start within ${START_MS} ms`, () => undefined).catch(() => undefined);
  }

  /** Why no answer can be trusted any more, if none can. */
  get failure(): string | undefined {
    return this.#failure?.message ?? this.#sessionFailure;
  }

  /** Whether it can be asked again. */
  get alive(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Asks when what was asked before has its answer; the time runs from then on.
   *
   * @throws {@link GuardFailed} when the worker was ended for its time or failed, now or before; and
   *   whatever the operation throws.
   */
  async ask(question: Question, timeoutMs: number): Promise<unknown> {
    const send = () => this.#worker.postMessage(question);
    const answer = this.#last.then(() => this.#wait(timeoutMs, `no answer within ${timeoutMs} ms; raise \`timeoutMs\``, send));
    this.#last = answer.catch(() => undefined);
    const told = await answer;
    this.#sessionFailure = told.failure;
    if ("error" in told) throw fromPlain(told.error);
    return told.value;
  }

  /** Ends the worker, whatever it does. Whoever waits hears why. */
  async end(why: string): Promise<void> {
    this.#fail(why);
    await this.#worker.terminate();
  }

  /** The next message after `begin`. The program does not end meanwhile, and may at other times. */
  #wait(timeoutMs: number, late: string, begin: () => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const timer = setTimeout(() => {
        // A message may have come while this thread itself was busy; it is read before immediates.
        setImmediate(() => {
          if (this.#waiting === waiting) void this.end(late);
        });
      }, timeoutMs);
      const settled = () => {
        clearTimeout(timer);
        this.#waiting = undefined;
        this.#worker.unref();
      };
      const waiting = {
        answer: (answer: Answer) => {
          settled();
          resolve(answer);
        },
        fail: (why: GuardFailed) => {
          settled();
          reject(why);
        },
      };
      this.#waiting = waiting;
      this.#worker.ref();
      begin();
    });
  }

  #fail(why: string): void {
    this.#failure ??= new GuardFailed(`the guard failed: ${why}; ${LOST}`);
    this.#waiting?.fail(this.#failure);
  }
}
