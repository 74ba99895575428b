/** What every entry of this package exports. */

export {
  Blocked,
  GuardFailed,
  InvalidInput,
  InvalidPolicy,
  InvalidSnapshot,
  LimitExceeded,
  SessionClosed,
  TwinguardError,
} from "./errors.js";
export { Guard } from "./guard.js";
export type { Session } from "./session.js";
export * from "./types.js";
export { Verdict } from "./verdict.js";
