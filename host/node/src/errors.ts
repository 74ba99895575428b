/**
 * What can go wrong. A verdict is never an error, and an error is never permission: where one is
 * thrown, the call must not run.
 *
 * @module
 */

import type { Verdict } from "./verdict.js";

/** What every error of this package is. Its message names the input, the place and the way out. */
export class TwinguardError extends Error {
  override readonly name: string = "TwinguardError";
}

/** The policy is not valid JSON, or names something that does not exist; says where. */
export class InvalidPolicy extends TwinguardError {
  override readonly name = "InvalidPolicy";
}

/** The snapshot is damaged or from an incompatible version. */
export class InvalidSnapshot extends TwinguardError {
  override readonly name = "InvalidSnapshot";
}

/**
 * A text is beyond a limit. Nothing was learned from it; the session goes on, and every later
 * verdict says `incomplete`.
 */
export class LimitExceeded extends TwinguardError {
  override readonly name = "LimitExceeded";
}

/**
 * The guard itself failed: out of memory, out of time, or a bug. The session it happened in has
 * lost its memory, and every later verdict of it is what `onFailure` says.
 */
export class GuardFailed extends TwinguardError {
  override readonly name = "GuardFailed";
}

/** The session was closed, and has forgotten everything. Open another one. */
export class SessionClosed extends TwinguardError {
  override readonly name = "SessionClosed";
}

/**
 * A value that is no JSON or not of the type that is asked for: cyclic, `NaN`, `Infinity`, a lone
 * surrogate, a function, a `Map`.
 */
export class InvalidInput extends TwinguardError {
  override readonly name = "InvalidInput";
  /** JSON Pointer (RFC 6901) of the offending value in what was given; empty for the whole. */
  readonly pointer: string;

  constructor(message: string, pointer = "", options?: ErrorOptions) {
    super(message, options);
    this.pointer = pointer;
  }
}

/** Thrown by {@link Verdict.throwForBlock} for a call that must not run as it is. */
export class Blocked extends TwinguardError {
  override readonly name = "Blocked";
  /** The verdict that stopped the call. */
  readonly verdict: Verdict;

  constructor(verdict: Verdict) {
    super(verdict.message);
    this.verdict = verdict;
  }
}
