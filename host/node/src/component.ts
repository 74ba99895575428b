/**
 * The components as WebAssembly has them: one module of code, compiled once, and two tiny ones
 * that tie its ends together. Every session is an instance of its own, so that a failure in one
 * touches no other.
 *
 * @module
 */

import * as guardBindings from "./component/guard.js";
import type * as guard from "./component/interfaces/twinguard-guard-guard.js";
import type * as verifier from "./component/interfaces/twinguard-guard-verifier.js";
import * as verifierBindings from "./component/verifier.js";
import { GuardFailed, InvalidInput } from "./errors.js";
import { reason } from "./json.js";
import { limitMemory, PAGE } from "./memory.js";

/** What one session may allocate unless it is said otherwise: as much as in the Rust host. */
export const MEMORY_BYTES = 512 * 1024 * 1024;

/** What jco writes for a component. */
interface Bindings<Exports> {
  readonly instantiate: (
    module: (name: string) => WebAssembly.Module,
    imports: Record<string, never>,
    instance: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
  ) => Exports;
  /** The tiny modules by name, in base64. */
  readonly parts: Readonly<Record<string, string>>;
}

/** An instance, and how much memory it holds by now. */
export interface Instance<Exports> {
  readonly exports: Exports;
  readonly memoryBytes: () => number;
}

/** A component that makes instances. */
export class Component<Exports> {
  readonly #bindings: Bindings<Exports>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #parts: ReadonlyMap<string, WebAssembly.Module> | undefined;
  /** By the most pages of memory, which stand in the module. */
  readonly #compiled = new Map<number, WebAssembly.Module>();

  /** @param bytes - The main module, as the file beside the bindings has it. */
  constructor(bindings: Bindings<Exports>, bytes: Uint8Array<ArrayBuffer>) {
    this.#bindings = bindings;
    this.#bytes = bytes;
  }

  /**
   * A fresh instance with a memory of its own. Takes about half a millisecond, the first one as
   * long as compiling takes.
   *
   * @throws {@link GuardFailed} when there is no memory for it.
   */
  instance(memoryBytes: number): Instance<Exports> {
    try {
      return this.#instance(memoryBytes);
    } catch (error) {
      const message = `no instance of the component could be made: ${reason(error)}; close sessions that are done`;
      throw new GuardFailed(message, { cause: error });
    }
  }

  /**
   * Compiles without holding up the event loop, as a page should.
   *
   * @throws {@link GuardFailed}, {@link InvalidInput} when these are not its bytes.
   */
  async compile(memoryBytes: number): Promise<void> {
    const pages = Math.floor(memoryBytes / PAGE);
    const limited = limitMemory(this.#bytes, pages);
    try {
      this.#compiled.set(pages, await WebAssembly.compile(limited));
    } catch (error) {
      throw new GuardFailed(`the component cannot be compiled: ${reason(error)}`, { cause: error });
    }
  }

  #instance(memoryBytes: number): Instance<Exports> {
    const main = this.#main(Math.floor(memoryBytes / PAGE));
    this.#parts ??= new Map(Object.entries(this.#bindings.parts).map(([name, base64]) => [name, tiny(base64)]));
    const parts = this.#parts;
    let memory: WebAssembly.Memory | undefined;
    const exports = this.#bindings.instantiate(
      (name) => parts.get(name) ?? main,
      {},
      (module, imports) => {
        const instance = new WebAssembly.Instance(module, imports);
        if (instance.exports["memory"] instanceof WebAssembly.Memory) memory = instance.exports["memory"];
        return instance;
      },
    );
    return { exports, memoryBytes: () => memory?.buffer.byteLength ?? 0 };
  }

  #main(pages: number): WebAssembly.Module {
    const known = this.#compiled.get(pages);
    if (known !== undefined) return known;
    const module = new WebAssembly.Module(limitMemory(this.#bytes, pages));
    this.#compiled.set(pages, module);
    return module;
  }
}

/** Where a component's bytes come from. */
type Load = () => Uint8Array<ArrayBuffer>;

/** The component of one kind that this program uses, from the moment it is needed. */
class Slot<Exports> {
  readonly #bindings: Bindings<Exports>;
  readonly #load: string;
  #bytes: Load | undefined;
  #component: Component<Exports> | undefined;

  constructor(bindings: Bindings<Exports>, load: string) {
    this.#bindings = bindings;
    this.#load = load;
  }

  /** Says where the bytes are; they are read when they are first needed. */
  from(bytes: Load): void {
    this.#bytes = bytes;
    this.#component = undefined;
  }

  /** @throws {@link InvalidInput} when nobody said where the bytes are. */
  get(): Component<Exports> {
    if (this.#component !== undefined) return this.#component;
    if (this.#bytes === undefined) throw new InvalidInput(`the component is not loaded; await ${this.#load}() first`);
    this.#component = new Component(this.#bindings, this.#bytes());
    return this.#component;
  }
}

/** The guard. */
export const guardSlot = new Slot<{ readonly guard: typeof guard }>(guardBindings, "loadGuard");
/** The trace verifier. */
export const verifierSlot = new Slot<{ readonly verifier: typeof verifier }>(verifierBindings, "loadVerifier");

function tiny(base64: string): WebAssembly.Module {
  return new WebAssembly.Module(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
}
