/** A worker with its code, which lies in the page. */

import type { Job, Jobs, Order, Reply } from "./protocol.js";
import { gunzip } from "./unpack.js";

/** Said to whoever waits for a job that was stopped. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly progress: (text: string) => void;
}

type Component = "guard" | "verifier";

export class Engine {
  readonly #components: readonly Component[];
  readonly #waiting = new Map<number, Waiting>();
  #worker: Promise<Worker> | undefined;
  #next = 0;

  /** @param components - What its jobs need. Starts with the first of them. */
  constructor(...components: readonly Component[]) {
    this.#components = components;
  }

  /**
   * @param progress - Hears how far the job is.
   * @throws Error with what the worker says. {@link Stopped}.
   */
  async ask<J extends Job>(job: J, input: Jobs[J][0], progress: (text: string) => void = () => {}): Promise<Jobs[J][1]> {
    const id = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject, progress }));
    this.#worker ??= this.#start();
    this.#worker.then(
      (worker) => worker.postMessage({ id, job, input } as Order),
      (error: Error) => this.#fail(error),
    );
    return (await answer) as Jobs[J][1];
  }

  /** Ends the worker; what it held is gone, and the next job starts another. */
  stop(): void {
    this.#fail(new Stopped("stopped"));
  }

  async #start(): Promise<Worker> {
    const code = new Blob([await gunzip(packed("worker"))], { type: "text/javascript" });
    const url = URL.createObjectURL(code);
    const worker = new Worker(trusted(url));
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#hear(data);
    worker.onerror = (event) => this.#fail(new Error(`the worker failed: ${event.message || "it could not be started"}`));
    worker.postMessage(Object.fromEntries(this.#components.map((name) => [name, packed(name)])) satisfies Order);
    return worker;
  }

  #hear(reply: Reply): void {
    if ("failure" in reply) {
      this.#fail(new Error(`the component cannot be loaded: ${reply.failure}`));
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    if ("progress" in reply) {
      waiting?.progress(reply.progress);
      return;
    }
    this.#waiting.delete(reply.id);
    if ("error" in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.answer);
  }

  #fail(error: Error): void {
    this.#worker?.then(
      (worker) => worker.terminate(),
      () => {},
    );
    this.#worker = undefined;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(error);
  }
}

/** What the page carries under a name, as gzip. */
export function packed(name: string): Uint8Array<ArrayBuffer> {
  const base64 = document.getElementById(name)?.textContent ?? "";
  return Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
}

/** The one place that makes a script of something: the page's policy allows no other. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as unknown as {
    trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } };
  };
  policy ??= trustedTypes?.createPolicy("worker", { createScriptURL: (own: string) => own });
  return policy === undefined ? url : policy.createScriptURL(url);
}

let policy: { createScriptURL(url: string): string } | undefined;
