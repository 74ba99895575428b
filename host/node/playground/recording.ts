/** The conversations of one file: read and judged at once, marked when somebody looks. */

import {
  type Conversation,
  type Finding,
  type FindingLine,
  Guard,
  type Identifier,
  type IssueLine,
  type Line,
  readTraces,
  type Sighting,
  type SightingLine,
  type Step,
  type StoppedLine,
  type TraceFile,
  TwinguardError,
  type UncheckedLine,
  verifyTraces,
} from "twinguard/browser";
import type { StepView, Summary } from "./protocol.js";
import { Transcript } from "./view.js";

/** As many in one text as anybody looks at. */
const MOST_MARKS = 5_000;

type Called = FindingLine | UncheckedLine | StoppedLine;

/** One conversation and what the verifier says of its calls. */
interface Entry {
  readonly conversation: Conversation;
  readonly lines: readonly Called[];
  readonly summary: Summary;
}

export class Recording {
  readonly issues: readonly IssueLine[];
  readonly #entries: readonly Entry[];

  constructor(file: TraceFile) {
    const { conversations, issues } = readTraces(file);
    const lines = verifyTraces(file, { all: true });
    this.#entries = entries(file.name, conversations, lines);
    // Both ways to read a file stumble over the same lines of it.
    const judged = lines.filter((line) => line.type === "issue");
    const key = (issue: IssueLine) => JSON.stringify([issue.line, issue.message]);
    const known = new Set(issues.map(key));
    this.issues = [...issues, ...judged.filter((issue) => !known.has(key(issue)))];
  }

  get summaries(): Summary[] {
    return this.#entries.map(({ summary }) => summary);
  }

  /** A conversation, ready to be shown. */
  steps(index: number): StepView[] {
    const entry = this.#entries[index];
    if (entry === undefined) throw new Error(`there is no conversation ${index}`);
    return steps(entry);
  }
}

/** Each conversation with its lines: they come in the same order, and a `trace` line ends each. */
function entries(file: string, conversations: readonly Conversation[], lines: readonly Line[]): Entry[] {
  const ended: { lines: Called[]; trace: Extract<Line, { type: "trace" }> }[] = [];
  let open: Called[] = [];
  for (const line of lines) {
    if (line.type === "trace") {
      ended.push({ lines: open, trace: line });
      open = [];
    } else if (line.type !== "issue") open.push(line);
  }
  return conversations.map((conversation, index) => {
    const { lines = [], trace } = ended[index] ?? {};
    const judged = trace?.trace === conversation.id ? trace : undefined;
    const calls = judged?.calls ?? conversation.steps.filter(({ side }) => side === "called").length;
    const { identifiers = 0, decision = null } = judged ?? {};
    const summary = { id: conversation.id, file, model: conversation.model ?? null, calls, identifiers, decision };
    return { conversation, lines: judged === undefined ? [] : lines, summary };
  });
}

function steps({ conversation, lines }: Entry): StepView[] {
  const transcript = new Transcript();
  // Parallel calls may share all that a line says of them; the text then tells whose it is.
  const byKey = new Map<string, number[]>();
  for (const { turn, source, tool = null, callId = null, text } of conversation.steps) {
    const index = transcript.add({ turn, source, tool, callId, text });
    const key = keyOf(turn, source, tool, callId);
    byKey.set(key, [...(byKey.get(key) ?? []), index]);
  }
  const said = conversation.steps.map(() => ({ findings: [] as Finding[], notes: [] as (UncheckedLine | StoppedLine)[] }));
  for (const line of lines) {
    const candidates = byKey.get(keyOf(line.turn, "call", line.tool, line.call_id)) ?? [];
    if (line.type !== "finding") {
      const lacks = (index: number) => !said[index]?.notes.some(({ type }) => type === line.type);
      said[candidates.find(lacks) ?? -1]?.notes.push(line);
      continue;
    }
    const finding = fromLine(line);
    const { pointer, span, written: text, kind, relation } = line;
    const step = candidates.find((index) => transcript.mark(index, { pointer, span, text, kind, relation, finding })) ?? candidates[0];
    if (step !== undefined) said[step]?.findings.push(finding);
  }
  for (const [index, identifiers] of identify(conversation.steps).entries()) {
    const judged = new Set(said[index]?.findings.map(({ pointer, span }) => `${span.start} ${span.end} ${pointer}`));
    for (const { span, ...identifier } of identifiers) {
      const known = judged.has(`${span.start} ${span.end} ${identifier.pointer}`);
      if (!known) transcript.mark(index, { ...identifier, span: [span.start, span.end] });
    }
  }
  const views = said.map(({ findings }, index) => transcript.findings(index, findings));
  return conversation.steps.map(({ side }: Step, index) => {
    const findings = views[index] ?? [];
    const notes = said[index]?.notes ?? [];
    const decision = side === "shown" ? null : gravest([...notes, ...findings]);
    return transcript.step(index, findings, { decision, note: notes.map(({ message }) => message).join("\n") });
  });
}

/**
 * The identifiers of every step. Asked of a session for this one conversation: to explain a whole
 * file takes several times as long as to judge it.
 */
function identify(steps: readonly Step[]): (readonly Identifier[])[] {
  const session = new Guard().session();
  return steps.map(({ side, source, tool, callId, text }) => {
    try {
      if (source === "call") session.check(tool ?? "", text, { callId });
      else session.observe(text, { source, tool, callId });
      return session.identify(text).slice(0, side === "shown" ? MOST_MARKS : undefined);
    } catch (error) {
      // Beyond a limit, or of no use any more: the text is shown without marks.
      if (error instanceof TwinguardError) return [];
      throw error;
    }
  });
}

const ORDER = ["allow", "warn", "ask", "block"] as const;

function gravest(findings: readonly { readonly decision: (typeof ORDER)[number] }[]): (typeof ORDER)[number] {
  return ORDER[Math.max(0, ...findings.map(({ decision }) => ORDER.indexOf(decision)))] ?? "allow";
}

function keyOf(turn: number, source: string, tool: string | null, callId: string | null): string {
  return JSON.stringify([turn, source, tool, callId]);
}

function fromLine({ span: [start, end], nearest, pointer, written, kind, relation, decision, coincidence, message }: FindingLine): Finding {
  const sighting = ({ call_id, tool, ...rest }: SightingLine): Sighting => ({
    ...rest,
    tool: tool ?? undefined,
    callId: call_id ?? undefined,
  });
  return {
    pointer,
    span: { start, end },
    written,
    kind,
    relation,
    decision,
    coincidence,
    nearest: nearest.map(({ seen_in, ...neighbour }) => ({ ...neighbour, seenIn: seen_in.map(sighting) })),
    message,
  };
}
