/**
 * Values to JSON text, digit for digit, or an error that says where. `JSON.stringify` will not do:
 * it throws on a `bigint`, turns `NaN` into `null` and a `Map` into `{}`, and the guard would then
 * judge something else than what the tool gets.
 *
 * @module
 */

import { InvalidInput } from "./errors.js";

/**
 * Levels of nesting that are followed, so that the stack suffices. JSON text may be nested as deep as
 * the policy's `limits.depth` allows.
 */
const MAX_DEPTH = 1_000;

/** A number as JSON writes it (RFC 8259). */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What `JSON.rawJSON` makes, where the engine has it. */
const { isRawJSON } = JSON as unknown as { isRawJSON?: (value: unknown) => value is { rawJSON: string } };

/**
 * Writes a value as JSON without loss: a `bigint`, a `JSON.rawJSON` and a number of the package
 * `lossless-json` keep their digits. As in `JSON.stringify`, `toJSON` is asked, and an object's
 * `undefined` members are left out.
 *
 * @param what - How errors call the value: `the arguments`.
 * @param most - Where writing ends: what comes out is then longer than this, and to be refused by
 *   its length. A small value that holds another one many times over may unfold without end.
 * @throws {@link InvalidInput} for what JSON cannot hold, with its JSON Pointer.
 */
export function toJson(value: unknown, what: string, most: number): string {
  const writer = new Writer(what, most);
  try {
    return writer.write(value);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    // A getter, a proxy or a `toJSON` of the caller's threw.
    throw new InvalidInput(`${what}${at(writer.path)} cannot be read: ${reason(error)}`, pointer(writer.path), { cause: error });
  }
}

/**
 * Refuses text with a lone surrogate, which UTF-8 cannot hold: the guard would see a replacement
 * character in its place, and the tool something else.
 *
 * @throws {@link InvalidInput}
 */
export function wellFormed(text: string, what: string, path: readonly string[] = []): string {
  if (text.isWellFormed()) return text;
  throw new InvalidInput(`${what}${at(path)} has a lone surrogate; cut text between characters, not inside one`, pointer(path));
}

/** What a thrown thing has to say, whatever was thrown. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class Writer {
  /** Where in the value the writer is. */
  readonly path: string[] = [];
  readonly #what: string;
  /** The containers around it. */
  readonly #open: object[] = [];
  /** Characters that may still be written. */
  #left: number;

  constructor(what: string, most: number) {
    this.#what = what;
    this.#left = most;
  }

  write(value: unknown): string {
    switch (typeof value) {
      case "string":
        return this.#piece(JSON.stringify(wellFormed(value, this.#what, this.path)));
      case "boolean":
      case "bigint":
        return this.#piece(String(value));
      case "number":
        if (Number.isFinite(value)) return this.#piece(JSON.stringify(value));
        return this.#refuse(`is ${value}, which JSON cannot hold; give a number, a string or null`);
      case "object":
        return value === null ? this.#piece("null") : this.#compound(value);
      default:
        return this.#refuse(`is ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}, which JSON cannot hold`);
    }
  }

  /** Counts what is written; the marks between the pieces count one each. */
  #piece(text: string): string {
    this.#left -= text.length + 1;
    return text;
  }

  #compound(value: object): string {
    if (isRawJSON?.(value)) return this.#piece(value.rawJSON);
    if ("isLosslessNumber" in value && value.isLosslessNumber === true) return this.#piece(this.#digits(String(value)));
    if (this.#open.includes(value)) this.#refuse("holds itself; JSON has no cycles");
    if (this.#open.length >= MAX_DEPTH) this.#refuse(`is nested deeper than ${MAX_DEPTH} levels`, this.path.slice(0, 8));
    this.#open.push(value);
    const text = this.#contents(value);
    this.#open.pop();
    return text;
  }

  #contents(value: object): string {
    if ("toJSON" in value && typeof value.toJSON === "function") return this.write(value.toJSON(this.path.at(-1) ?? ""));
    const members: string[] = [];
    if (Array.isArray(value)) {
      // By index, since `map` would pass over the holes.
      for (let index = 0; index < value.length && this.#left >= 0; index++) members.push(this.#member(value[index], String(index)));
      this.#piece("");
      return `[${members.join(",")}]`;
    }
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    // Of any other built-in JSON would hold `{}`, or its indices as keys.
    if (kind !== "Object" && !(Symbol.toStringTag in value && isRecord(value))) {
      this.#refuse(`is a ${kind}, which JSON cannot hold; make it an object or an array`);
    }
    for (const [key, item] of Object.entries(value)) {
      if (this.#left < 0) break;
      if (item === undefined) continue;
      const name = this.#piece(JSON.stringify(wellFormed(key, this.#what, this.path)));
      members.push(`${name}:${this.#member(item, key)}`);
    }
    this.#piece("");
    return `{${members.join(",")}}`;
  }

  #member(item: unknown, key: string): string {
    this.path.push(key);
    const text = this.write(item);
    this.path.pop();
    return text;
  }

  #digits(text: string): string {
    return NUMBER.test(text) ? text : this.#refuse(`is no JSON number: \`${text.slice(0, 40)}\``);
  }

  #refuse(why: string, path: readonly string[] = this.path): never {
    throw new InvalidInput(`${this.#what}${at(path)} ${why}`, pointer(path));
  }
}

/** A module's namespace or an object of a class that only named itself, not a built-in. */
function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function at(path: readonly string[]): string {
  return path.length === 0 ? "" : `, \`${pointer(path)}\`,`;
}

function pointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
