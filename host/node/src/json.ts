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
 * @throws {@link InvalidInput} for what JSON cannot hold, with its JSON Pointer.
 */
export function toJson(value: unknown, what: string): string {
  const path: string[] = [];
  try {
    return write(value, what, path, []);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    // A getter, a proxy or a `toJSON` of the caller's threw.
    throw new InvalidInput(`${what}${at(path)} cannot be read: ${reason(error)}`, pointer(path), { cause: error });
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

function write(value: unknown, what: string, path: string[], open: object[]): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(wellFormed(value, what, path));
    case "boolean":
      return String(value);
    case "bigint":
      return String(value);
    case "number":
      if (Number.isFinite(value)) return JSON.stringify(value);
      return refuse(what, path, `is ${value}, which JSON cannot hold; give a number, a string or null`);
    case "object":
      return value === null ? "null" : compound(value, what, path, open);
    default:
      return refuse(what, path, `is ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}, which JSON cannot hold`);
  }
}

function compound(value: object, what: string, path: string[], open: object[]): string {
  if (isRawJSON?.(value)) return value.rawJSON;
  if ("isLosslessNumber" in value && value.isLosslessNumber === true) return digits(String(value), what, path);
  if (open.includes(value)) refuse(what, path, "holds itself; JSON has no cycles");
  if (open.length >= MAX_DEPTH) refuse(what, path.slice(0, 8), `is nested deeper than ${MAX_DEPTH} levels`);
  open.push(value);
  const text = contents(value, what, path, open);
  open.pop();
  return text;
}

function contents(value: object, what: string, path: string[], open: object[]): string {
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return write(value.toJSON(path.at(-1) ?? ""), what, path, open);
  }
  const members: string[] = [];
  if (Array.isArray(value)) {
    // By index, since `map` would pass over the holes.
    for (let index = 0; index < value.length; index++) members.push(member(value[index], String(index), what, path, open));
    return `[${members.join(",")}]`;
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  // Of any other built-in JSON would hold `{}`, or its indices as keys.
  if (kind !== "Object" && !(Symbol.toStringTag in value && isRecord(value))) {
    refuse(what, path, `is a ${kind}, which JSON cannot hold; make it an object or an array`);
  }
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const name = JSON.stringify(wellFormed(key, what, path));
    members.push(`${name}:${member(item, key, what, path, open)}`);
  }
  return `{${members.join(",")}}`;
}

function member(item: unknown, key: string, what: string, path: string[], open: object[]): string {
  path.push(key);
  const text = write(item, what, path, open);
  path.pop();
  return text;
}

/** A module's namespace or an object of a class that only named itself, not a built-in. */
function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function digits(text: string, what: string, path: string[]): string {
  return NUMBER.test(text) ? text : refuse(what, path, `is no JSON number: \`${text.slice(0, 40)}\``);
}

function refuse(what: string, path: readonly string[], why: string): never {
  throw new InvalidInput(`${what}${at(path)} ${why}`, pointer(path));
}

function at(path: readonly string[]): string {
  return path.length === 0 ? "" : `, \`${pointer(path)}\`,`;
}

function pointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
