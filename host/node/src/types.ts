/**
 * The words of the contract, `wit/guard.wit`: plain data, the same in every host.
 *
 * @module
 */

/**
 * Where a text came from. What the assistant wrote (its prose, its thinking, its tool arguments)
 * is never a source: models write the wrong identifier in their thoughts first.
 *
 * - `tool-result`: the result of a tool call. Always trusted, except for what it merely echoes from
 *   its own call's arguments.
 * - `user-message`: what the user typed. A tool's listing outranks it.
 * - `system-prompt`: the system prompt, tool descriptions included.
 * - `host`: values the host itself vouches for, an allow-list.
 */
export type Source = "tool-result" | "user-message" | "system-prompt" | "host";

/** What a call does to the world: it only looks something up, or it changes something. */
export type Effect = "reads" | "changes";

/**
 * What to do with a call, from harmless to harmful.
 *
 * - `allow`: run it.
 * - `warn`: run it and record the finding.
 * - `ask`: run it only after a person (or another authority) has confirmed it.
 * - `block`: do not run it; hand the message to the model as the tool's error.
 */
export type Decision = "allow" | "warn" | "ask" | "block";

/**
 * How a written identifier stands to what was seen.
 *
 * - `exact`: literally seen. `equivalent`: seen in another legitimate spelling. `derived`: made of
 *   seen parts. `introduced`: first written by the model, near to nothing seen, and used since.
 * - `twin`: never seen, and one to three edits away from one that was.
 * - `confusable`, `recased`, `truncated`, `reprefixed`, `rounded`: a seen one with look-alike
 *   characters, in another case, cut, under another type prefix, or as a 64-bit float has it.
 * - `invalid`: unseen, and its check digits fail.
 * - `misfield`: seen, but only ever under other fields. `crossed`: seen, but the record of another
 *   identifier in the call says otherwise. `collision`: seen, and so was a twin of it.
 * - `sibling`: an unseen member of a dense family. `unseen`: nothing like it was seen.
 */
export type Relation =
  | "exact"
  | "equivalent"
  | "derived"
  | "introduced"
  | "twin"
  | "confusable"
  | "recased"
  | "truncated"
  | "reprefixed"
  | "rounded"
  | "invalid"
  | "misfield"
  | "collision"
  | "crossed"
  | "sibling"
  | "unseen";

/** A range of UTF-8 bytes, `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One literal appearance of an identifier in a source. */
export interface Sighting {
  /** The kind of source it stood in. */
  readonly source: Source;
  /** The tool whose result it was. */
  readonly tool?: string | undefined;
  /** The call whose result it was. */
  readonly callId?: string | undefined;
  /** Which event of the session it was: every `observe` and every `check` counts one, from 0. */
  readonly turn: number;
  /** JSON Pointer (RFC 6901) of the value that held it; empty for plain text. */
  readonly pointer: string;
}

/** A seen identifier that the written one was compared with. */
export interface Neighbour {
  /** The seen identifier as it stood in the source. */
  readonly value: string;
  /** Edits between the two: insert, delete, replace, swap of neighbours. 0 for the same. */
  readonly distance: number;
  /** The difference in words: ``the last character is `2`, seen was `3` ``. Empty when equal. */
  readonly edit: string;
  /**
   * Where it was seen, earliest first, at most eight; of one that is allowed as it is, the first and
   * the latest place.
   */
  readonly seenIn: readonly Sighting[];
}

/** One identifier of a call and what is known of it. */
export interface Finding {
  /** JSON Pointer (RFC 6901) into the call's arguments; empty when they are one plain text. */
  readonly pointer: string;
  /**
   * UTF-8 bytes of the identifier in the value at `pointer`: in the decoded string, or in the text
   * of a number. For an object's key, in the key.
   */
  readonly span: Span;
  /** The identifier as written, or `[credential]` where the value looks like a secret. */
  readonly written: string;
  /** The identifier's kind: `uuid`, `prefixed`, `order`, … (kebab-case, open set). */
  readonly kind: string;
  /** How it stands to what was seen. */
  readonly relation: Relation;
  /** What the policy makes of that here. */
  readonly decision: Decision;
  /**
   * Chance, from 0 to 1, that an unrelated fresh identifier of this shape would have a seen
   * neighbour this near. 0 where the question does not arise.
   */
  readonly coincidence: number;
  /** The nearest seen identifiers, best first, at most six. */
  readonly nearest: readonly Neighbour[];
  /**
   * One paragraph for the model and for people: what was written, what was seen and where, and
   * what to do. Empty when the decision is `allow`.
   */
  readonly message: string;
}

/** What an observation added. */
export interface Observed {
  /** Identifiers the text held. */
  readonly identifiers: number;
  /** Those that had not been known. */
  readonly new: number;
  /** The session, or this text, does not hold everything the model saw. */
  readonly incomplete: boolean;
}

/** One identifier found in a text. */
export interface Identifier {
  /** JSON Pointer (RFC 6901) of the value that holds it; empty for plain text. */
  readonly pointer: string;
  /** UTF-8 bytes in that value. */
  readonly span: Span;
  /** The identifier as written, or `[credential]`. */
  readonly text: string;
  /** Its kind. */
  readonly kind: string;
  /** The form under which equal identifiers are equal. */
  readonly canonical: string;
  /** How it stands to what this session saw. */
  readonly relation: Relation;
  /** Where it was seen, earliest first, at most eight; empty when it was not. */
  readonly seenIn: readonly Sighting[];
}

/**
 * A policy: an object or JSON text in the form of `docs/policy.md`. Nothing, or `""`, takes the
 * defaults.
 *
 * @example `{ decisions: { twin: "ask" }, limits: { text_bytes: 1_000_000 } }`
 */
export type Policy = string | Readonly<Record<string, unknown>>;

/** What is known of a text besides its words. */
export interface ObserveOptions {
  /** Where it came from. Default: `tool-result`. */
  readonly source?: Source | undefined;
  /** The tool's name, for a tool result. */
  readonly tool?: string | undefined;
  /**
   * What pairs a result with its call. Without it a result is paired with the oldest unanswered
   * call of the same tool.
   */
  readonly callId?: string | undefined;
  /**
   * The model saw more, or less, than this text (cut, summarised, moved to a file). Default:
   * `false`.
   */
  readonly incomplete?: boolean | undefined;
}

/** One text the model was shown, for {@link Guard.checkOnce}. */
export interface Observation extends ObserveOptions {
  /** The whole text, or a value that JSON can hold, which is written as JSON without loss. */
  readonly content: unknown;
}

/** What is known of a call besides its tool and arguments. */
export interface CheckOptions {
  /** The identifier its result will carry. */
  readonly callId?: string | undefined;
  /** What the call does. Without it the policy, and then the tool's name, decide. */
  readonly effect?: Effect | undefined;
}

/** What sessions may use up, and what their verdicts are when the guard itself fails. */
export interface GuardOptions {
  /**
   * Memory of one session in bytes, rounded down to 64 KiB; at most 4 GiB. It holds what was seen,
   * and several times the largest text. Default: 512 MiB.
   */
  readonly memoryBytes?: number | undefined;
  /**
   * The largest text in UTF-8 bytes, checked before it is copied into the component. The policy
   * has a limit of its own, `limits.text_bytes`; the smaller one counts. Default: 16 MiB.
   */
  readonly textBytes?: number | undefined;
  /**
   * What a verdict is when the guard itself fails (out of memory, out of time, a bug). `block`, the
   * default: an agent that cannot be guarded stops. `allow`: the call runs, and the verdict's
   * message says that nothing was checked.
   */
  readonly onFailure?: "block" | "allow" | undefined;
}
