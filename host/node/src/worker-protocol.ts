/** What the two sides of a worker say to each other: one question, then one answer. */

import type * as wit from "./component/interfaces/twinguard-guard-guard.js";
import { GuardFailed, InvalidInput, InvalidPolicy, InvalidSnapshot, LimitExceeded, SessionClosed, type TwinguardError } from "./errors.js";
import type { Limits } from "./input.js";
import { reason } from "./json.js";
import type { Observation } from "./types.js";

/** What is asked of a worker, which holds at most one session. */
export type Question =
  | { readonly ask: "open"; readonly policy: string; readonly limits: Limits; readonly snapshot?: Uint8Array }
  | {
      readonly ask: "checkOnce";
      readonly policy: string;
      readonly limits: Limits;
      readonly seen: readonly Observation[];
      readonly call: wit.ToolCall;
    }
  | { readonly ask: "observe"; readonly what: wit.Observation }
  | { readonly ask: "check"; readonly call: wit.ToolCall }
  | { readonly ask: "checkText" | "identify"; readonly text: string }
  | { readonly ask: "snapshot" | "close" };

/** What comes back. `failure` is that of the session, whatever the answer. */
export type Answer = { readonly failure: string | undefined } & ({ readonly value: unknown } | { readonly error: PlainError });

/** An error without its class, which no message keeps. */
interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly pointer: string;
}

const BY_NAME: Readonly<Record<string, new (message: string) => TwinguardError>> = {
  InvalidPolicy,
  InvalidSnapshot,
  LimitExceeded,
  SessionClosed,
};

/** Takes an error apart for the way. */
export function toPlain(error: unknown): PlainError {
  const name = error instanceof Error ? error.name : "GuardFailed";
  return { name, message: reason(error), pointer: error instanceof InvalidInput ? error.pointer : "" };
}

/** Makes it an error of this package again; one that is none is a failure of the guard. */
export function fromPlain({ name, message, pointer }: PlainError): TwinguardError {
  if (name === "InvalidInput") return new InvalidInput(message, pointer);
  return new (BY_NAME[name] ?? GuardFailed)(message);
}
