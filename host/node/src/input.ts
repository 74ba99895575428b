/**
 * What callers give, checked and turned into what the component takes. JavaScript callers have no
 * compiler that holds them to the types.
 *
 * @module
 */

import type * as wit from "./component/interfaces/twinguard-guard-guard.js";
import { MEMORY_BYTES } from "./component.js";
import { InvalidInput, LimitExceeded } from "./errors.js";
import { toJson, wellFormed } from "./json.js";
import { PAGE } from "./memory.js";
import type { CheckOptions, GuardOptions, Observation, ObserveOptions, Policy } from "./types.js";

const SOURCES = ["tool-result", "user-message", "system-prompt", "host"] as const;
const EFFECTS = ["reads", "changes"] as const;
const ON_FAILURE = ["block", "allow"] as const;

/** What 32-bit addresses reach. */
const MOST_MEMORY = 65_536 * PAGE;

/** The largest text unless it is said otherwise: as in the Rust host. */
const TEXT_BYTES = 16 * 1024 * 1024;

/** Guard options with nothing left open. */
export type Limits = { readonly [Key in keyof GuardOptions]-?: NonNullable<GuardOptions[Key]> };

type TextLimit = Pick<Limits, "textBytes">;

/**
 * @param more - Options besides those of {@link GuardOptions}, which somebody else reads.
 * @throws {@link InvalidInput} for a limit that is no such number, or an unknown name.
 */
export function limits(options: GuardOptions, more: readonly string[] = []): Limits {
  known(options, "the options", ["memoryBytes", "textBytes", "onFailure", ...more]);
  return {
    memoryBytes: whole(options.memoryBytes ?? MEMORY_BYTES, "memoryBytes", PAGE, MOST_MEMORY),
    textBytes: whole(options.textBytes ?? TEXT_BYTES, "textBytes", 0, MOST_MEMORY),
    onFailure: oneOf(ON_FAILURE, options.onFailure ?? "block", "onFailure"),
  };
}

/**
 * A policy as the JSON text that the component reads; `""` takes the defaults.
 *
 * @throws {@link LimitExceeded} when it is longer than a text may be.
 */
export function policyText(policy: Policy | null | undefined, limits: TextLimit = { textBytes: TEXT_BYTES }): string {
  if (policy === undefined || policy === null) return "";
  const text = textOf(typeof policy === "string" ? policy : record(policy, "the policy"), "the policy", limits);
  within(limits, [text], "the policy");
  return text;
}

/** An observation as the component takes it. A text beyond the limit is still to be refused. */
export function observation(what: Observation, limits: TextLimit): wit.Observation {
  known(what, "the observation", ["content", "source", "tool", "callId", "incomplete"]);
  return {
    source: oneOf(SOURCES, what.source ?? "tool-result", "source"),
    content: textOf(what.content, "the content", limits),
    incomplete: flag(what.incomplete ?? false, "incomplete"),
    ...optional("tool", what.tool),
    ...optional("callId", what.callId),
  };
}

/** The same of its parts. */
export function shown(content: unknown, options: ObserveOptions, limits: TextLimit): wit.Observation {
  return observation({ ...record(options, "the options"), content }, limits);
}

/** Several of them, in their order. */
export function observations(seen: Iterable<Observation>, limits: Limits): wit.Observation[] {
  // `Array.from` takes a number for an empty list, and nothing would have been seen.
  if (typeof seen !== "object" || seen === null || !(Symbol.iterator in seen)) {
    throw new InvalidInput(`seen is ${described(seen)}; give a list of observations`);
  }
  return Array.from(seen, (what) => {
    const one = observation(what, limits);
    within(limits, [one.content, one.tool, one.callId], "the observed text");
    return one;
  });
}

/** A call as the component takes it. Arguments beyond the limit are still to be refused. */
export function toolCall(tool: string, args: unknown, options: CheckOptions, limits: TextLimit): wit.ToolCall {
  known(options, "the options", ["callId", "effect"]);
  return {
    tool: string(tool, "tool"),
    arguments: textOf(args, "the arguments", limits),
    ...optional("callId", options.callId),
    ...(options.effect == null ? {} : { effect: oneOf(EFFECTS, options.effect, "effect") }),
  };
}

/** @throws {@link InvalidInput} when it is no string, or one that UTF-8 cannot hold. */
export function string(value: unknown, what: string): string {
  if (typeof value === "string") return wellFormed(value, what);
  throw new InvalidInput(`${what} is ${described(value)}; give a string`);
}

/** @throws {@link InvalidInput} when it is no whole number within the bounds. */
export function whole(value: unknown, what: string, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidInput(`${what} is ${described(value)}; give a whole number from ${least} to ${most}`);
}

/** @throws {@link InvalidInput} when it is no object. */
export function record<T>(value: T, what: string): T {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new InvalidInput(`${what}: ${described(value)} was given; give an object`);
}

/** Bytes of a text in UTF-8. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Of a surrogate pair each half counts two of the four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}

/** @throws {@link LimitExceeded} when the texts together are larger than one may be. */
export function within(limits: TextLimit, texts: readonly (string | undefined)[], what: string): void {
  const most = limits.textBytes;
  // A UTF-16 unit is at most three bytes, so most texts need no counting.
  const units = texts.reduce((sum, text) => sum + (text ?? "").length, 0);
  if (units * 3 <= most) return;
  const bytes = texts.reduce((sum, text) => sum + utf8Length(text ?? ""), 0);
  if (bytes <= most) return;
  throw new LimitExceeded(`limit exceeded: ${what} has ${bytes} bytes, at most ${most} are read; raise \`textBytes\``);
}

/** A name that nobody reads is a mistake, and what it should have said would be lost. */
export function known(options: object, what: string, names: readonly string[]): void {
  const stranger = Object.keys(record(options, what)).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new InvalidInput(`${what}: there is no \`${stranger}\`; expected ${names.join(", ")}`);
}

function textOf(value: unknown, what: string, { textBytes }: TextLimit): string {
  return typeof value === "string" ? wellFormed(value, what) : toJson(value, what, textBytes);
}

function optional<Key extends string>(key: Key, value: unknown): { [K in Key]?: string } {
  if (value === undefined || value === null) return {};
  return { [key]: string(value, key) } as { [K in Key]?: string };
}

function flag(value: unknown, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw new InvalidInput(`${what} is ${described(value)}; give true or false`);
}

function oneOf<T extends string>(known: readonly T[], value: unknown, what: string): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new InvalidInput(`${what} is ${described(value)}; expected ${known.join(", ")}`);
}

function described(value: unknown): string {
  if (typeof value === "string") return `\`${value.slice(0, 40)}\``;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return value === null ? "null" : Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}
