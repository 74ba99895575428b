/** What the page and its workers say to each other: plain data, ready to be shown. */

import type { Decision, Effect, Relation, Source } from "twinguard/browser";

/** A place where a value was seen. */
export interface SightingView {
  /** "result of search_customer, turn 3". */
  readonly label: string;
  /** Index of the step it stood in, and of the mark in that step; `null` where there is none. */
  readonly step: number | null;
  readonly mark: number | null;
}

/** One stretch of a comparison. */
export interface DiffPart {
  readonly text: string;
  readonly side: "both" | "seen" | "written";
}

/** A seen value near the written one. */
export interface NearView {
  readonly value: string;
  /** The difference in words; empty when equal. */
  readonly edit: string;
  readonly parts: readonly DiffPart[];
  readonly seenIn: readonly SightingView[];
}

/** One identifier of a call and what the guard says of it. */
export interface FindingView {
  readonly written: string;
  readonly kind: string;
  readonly relation: Relation;
  readonly decision: Decision;
  readonly pointer: string;
  readonly message: string;
  /** Index of its mark in the step; `null` where it could not be found in the text. */
  readonly mark: number | null;
  readonly nearest: readonly NearView[];
}

/** An identifier in a step's text: UTF-16 units, `end` exclusive. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
  readonly relation: Relation;
  /** What the guard decided on it; `null` in what the model was shown. */
  readonly decision: Decision | null;
  /** The written stretches, where it differs from a seen value. */
  readonly parts: readonly DiffPart[];
}

/** One step of a conversation. */
export interface StepView {
  readonly turn: number;
  readonly source: Source | "call";
  readonly tool: string | null;
  readonly callId: string | null;
  /** What was shown, or the arguments; JSON is set out in lines. */
  readonly text: string;
  /** In the order of the text; they do not overlap. */
  readonly marks: readonly Mark[];
  /** The decision on a call; `null` for what was shown. */
  readonly decision: Decision | null;
  readonly findings: readonly FindingView[];
  /** What there is to say besides the findings: a call that could not be checked, a text not read. */
  readonly note: string;
  /** The arguments as the policy lets the guard repair them. */
  readonly repaired: string | null;
}

/** A conversation in the list. */
export interface Summary {
  readonly id: string;
  readonly file: string;
  readonly model: string | null;
  readonly calls: number;
  readonly identifiers: number;
  /** The gravest decision on any call; `null` when it could not be judged. */
  readonly decision: Decision | null;
}

/** Something that could not be read. */
export interface IssueView {
  readonly file: string;
  readonly line: number | null;
  readonly message: string;
}

/** What the form says of a text the model was shown. */
export interface ObserveForm {
  readonly source: Source;
  readonly tool: string;
  readonly content: string;
}

/** What the form says of a call. */
export interface CheckForm {
  readonly tool: string;
  readonly arguments: string;
  readonly effect: Effect | null;
}

/** The jobs of a worker: what each is given, and what it gives. */
export interface Jobs {
  /** Reads and judges files. */
  load: [files: readonly File[], loaded: { readonly conversations: readonly Summary[]; readonly issues: readonly IssueView[] }];
  /** A conversation of those files, by its place in the list. */
  show: [index: number, steps: readonly StepView[]];
  /** Opens a session under a policy, JSON text; forgets the one before. */
  open: [policy: string, nothing: undefined];
  /** Shows a text to the session. */
  observe: [what: ObserveForm, step: StepView];
  /** Asks the session about a call. */
  check: [call: CheckForm, step: StepView];
}

export type Job = keyof Jobs;

/** What a worker is told: first its code, packed, then one job after the other. */
export type Order =
  | { readonly guard?: Uint8Array<ArrayBuffer>; readonly verifier?: Uint8Array<ArrayBuffer> }
  | { readonly [J in Job]: { readonly id: number; readonly job: J; readonly input: Jobs[J][0] } }[Job];

/** What a worker says: how far it is, the end of a job, or that it is of no use. */
export type Reply =
  | { readonly failure: string }
  | { readonly id: number; readonly progress: string }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };
