/**
 * Recorded conversations, from bytes: what the verifier component says of them. Opens no file.
 *
 * @module
 */

import type * as wit from "./component/interfaces/twinguard-guard-verifier.js";
import { verifierSlot } from "./component.js";
import { InvalidInput, InvalidPolicy } from "./errors.js";
import { known, policyText, record, string } from "./input.js";
import { reason } from "./json.js";
import type { Decision, Policy, Relation, Source } from "./types.js";

/** Where a value was seen, in a line. `turn` is the index of its message in the record. */
export interface SightingLine {
  readonly source: Source;
  readonly tool: string | null;
  readonly call_id: string | null;
  readonly turn: number;
  readonly pointer: string;
}

/** A seen identifier near the written one. The fields are those of {@link Neighbour}. */
export interface NeighbourLine {
  readonly value: string;
  readonly distance: number;
  readonly edit: string;
  readonly seen_in: readonly SightingLine[];
}

/** What tells which call of which conversation a line is about. */
interface CallLine {
  /** The record's own name, else `FILE#INDEX`. */
  readonly trace: string;
  /** The model that wrote the call, where the record says so. */
  readonly model: string | null;
  /** Index of the call's message in the record, from 0; parallel calls share one. */
  readonly turn: number;
  readonly call_id: string | null;
  readonly tool: string;
}

/** One identifier of a call and what is known of it. The other fields are those of {@link Finding}. */
export interface FindingLine extends CallLine {
  readonly type: "finding";
  readonly pointer: string;
  /** First byte, and one past the last. */
  readonly span: readonly [start: number, end: number];
  readonly written: string;
  readonly kind: string;
  readonly relation: Relation;
  readonly decision: Decision;
  readonly coincidence: number;
  readonly nearest: readonly NeighbourLine[];
  readonly message: string;
}

/** A call that could not be checked, so that no finding tells of it. */
export interface UncheckedLine extends CallLine {
  readonly type: "unchecked";
  readonly decision: Decision;
  readonly message: string;
}

/**
 * A call of a message that ended before the model was done, whatever its identifiers are: the last
 * one may be cut, so nothing should have run it.
 */
export interface StoppedLine extends CallLine {
  readonly type: "stopped";
  /** What ended the message. */
  readonly stop: "length" | "content-filter" | "refusal";
  readonly decision: Decision;
  readonly message: string;
}

/** One conversation, after its findings, with the gravest decision on any of its calls. */
export interface TraceLine {
  readonly type: "trace";
  readonly trace: string;
  readonly model: string | null;
  readonly calls: number;
  readonly identifiers: number;
  readonly decision: Decision;
}

/**
 * Something that could not be read, or not be verified; everything else was. Input with an issue
 * must not be taken for clean.
 */
export interface IssueLine {
  readonly type: "issue";
  readonly file: string;
  /** Counted from 1. */
  readonly line: number | null;
  readonly message: string;
}

/** One identifier of a conversation and where it was seen by then. */
export interface IdentifierLine {
  readonly type: "identifier";
  readonly trace: string;
  readonly turn: number;
  /** A call's arguments are `call`. */
  readonly source: Source | "call";
  readonly tool: string | null;
  readonly call_id: string | null;
  readonly pointer: string;
  readonly span: readonly [start: number, end: number];
  readonly text: string;
  readonly kind: string;
  readonly canonical: string;
  readonly relation: Relation;
  readonly seen_in: readonly SightingLine[];
}

/** What a verification yields: the lines of `twinguard verify --format jsonl`, and its issues. */
export type Line = FindingLine | UncheckedLine | StoppedLine | TraceLine | IssueLine;

/** A file of conversations, read and unpacked. */
export interface TraceFile {
  /** What to call it in issues, and in traces without a name of their own. */
  readonly name: string;
  /** JSON, JSON Lines or an array of records: UTF-8 bytes or text. */
  readonly content: Uint8Array | string;
  /** The format ({@link traceFormats} lists them), where it should not be found by content. */
  readonly traceFormat?: string | undefined;
}

/** How to judge. */
export interface VerifyOptions {
  /** As for {@link Guard}. */
  readonly policy?: Policy | null | undefined;
  /** The format of a file that does not name its own ({@link traceFormats}). Default: found by content. */
  readonly traceFormat?: string | undefined;
  /** Also yield the findings that are allowed. Default: `false`. */
  readonly all?: boolean | undefined;
}

/** One step of a conversation. */
export interface Step {
  /** Index of its message in the record, from 0; lines count the same way. */
  readonly turn: number;
  /** The model was shown a text, or called a tool. */
  readonly side: "shown" | "called";
  /** What was shown, or `call`. */
  readonly source: Source | "call";
  /** The tool that was called, or whose result it is. */
  readonly tool?: string | undefined;
  /** Pairs a call with its result. */
  readonly callId?: string | undefined;
  /** What was shown, or the arguments as the model wrote them. */
  readonly text: string;
}

/** One conversation, in the order in which the model lived it. */
export interface Conversation {
  /** The `trace` of its lines. */
  readonly id: string;
  /** The model that wrote the calls, where the record says so. */
  readonly model?: string | undefined;
  /** What happened, first to last. */
  readonly steps: readonly Step[];
}

/** Every kind of record that can be read: its name, and what writes it. */
export function traceFormats(): readonly { readonly name: string; readonly about: string }[] {
  return verifierSlot.get().instance(MEMORY_BYTES).exports.verifier.formats();
}

/**
 * Judges every call of every conversation in a file, each in a session of its own.
 *
 * @returns Of each conversation its findings, its unchecked calls, its calls of messages that were
 *   cut off, and then its `trace` line; the issues of the file at the end. A failure of the verifier is an issue too.
 * @throws {@link InvalidPolicy} when the policy is wrong, {@link LimitExceeded} when it is longer than
 *   16 MiB. {@link InvalidInput} when there is no such format.
 * @example
 * ```ts
 * const lines = verifyTraces({ name: file.name, content: new Uint8Array(await file.arrayBuffer()) });
 * ```
 */
export function verifyTraces(file: TraceFile, options: VerifyOptions = {}): Line[] {
  known(options, "the options", ["policy", "traceFormat", "all"]);
  const policy = policyText(options.policy);
  const named = { ...record(file, "the file"), traceFormat: file.traceFormat ?? options.traceFormat };
  return ask<Exclude<Line, IssueLine>>(named, (verifier, from) => verifier.verify(policy, from, options.all === true));
}

/**
 * Lists every identifier of every conversation in a file and where it was seen by then.
 *
 * @throws As {@link verifyTraces}.
 */
export function explainTraces(file: TraceFile, options: Pick<VerifyOptions, "policy"> = {}): (IdentifierLine | IssueLine)[] {
  known(options, "the options", ["policy"]);
  const policy = policyText(options.policy);
  return ask<IdentifierLine>(file, (verifier, from) => verifier.explain(policy, from));
}

/**
 * The conversations of a file themselves, to be shown to people.
 *
 * @throws {@link InvalidInput} when there is no such format.
 */
export function readTraces(file: TraceFile): { conversations: readonly Conversation[]; issues: readonly IssueLine[] } {
  const outcome = run(file, (verifier, from) => verifier.conversations(from));
  if ("failure" in outcome) return { conversations: [], issues: [outcome.failure] };
  const [conversations, issues] = outcome.answer;
  return { conversations: conversations as readonly Conversation[], issues: issues.map(issueLine) };
}

/** 4 GiB, all there is: a file is held whole, and nobody else's memory hangs on it. */
const MEMORY_BYTES = 2 ** 32;

type Verifier = typeof wit;

function ask<T extends { readonly type: string }>(
  file: TraceFile,
  question: (verifier: Verifier, from: wit.TraceFile) => wit.Outcome,
): (T | IssueLine)[] {
  const outcome = run(file, question);
  if ("failure" in outcome) return [outcome.failure];
  const { lines, issues } = outcome.answer;
  return [...lines.map((line) => JSON.parse(line) as T), ...issues.map(issueLine)];
}

/** Asks in a fresh instance, so that a failure on one file is an issue of that file only. */
function run<T>(file: TraceFile, question: (verifier: Verifier, from: wit.TraceFile) => T): { answer: T } | { failure: IssueLine } {
  const name = string(record(file, "the file").name, "the file's name");
  const content = typeof file.content === "string" ? new TextEncoder().encode(string(file.content, "the content")) : file.content;
  if (!(content instanceof Uint8Array)) throw new InvalidInput("the content: give a Uint8Array or a string");
  const { exports, memoryBytes } = verifierSlot.get().instance(MEMORY_BYTES);
  const from: wit.TraceFile = { name, content };
  if (file.traceFormat != null) from.traceFormat = format(file.traceFormat, exports.verifier);
  try {
    return { answer: question(exports.verifier, from) };
  } catch (error) {
    if (typeof error === "string") throw new InvalidPolicy(`invalid policy: ${error}; \`twinguard policy default\` prints a valid one`);
    const message = `the verifier failed: ${reason(error)}, holding ${memoryBytes()} bytes; split the file, or report it as a bug`;
    return { failure: { type: "issue", file: name, line: null, message } };
  }
}

function format(name: unknown, verifier: Verifier): string {
  const names = verifier.formats().map((format) => format.name);
  const found = names.find((one) => one === name);
  if (found !== undefined) return found;
  throw new InvalidInput(`there is no format \`${String(name)}\`; expected ${names.join(", ")}, or none to find it by content`);
}

function issueLine({ file, line, message }: wit.Issue): IssueLine {
  return { type: "issue", file, line: line === undefined ? null : Number(line), message };
}
