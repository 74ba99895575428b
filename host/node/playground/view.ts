/** From what the guard says to what the page shows: identifiers get their places, sightings their steps. */

import { diffChars } from "diff";
import type { Finding, Relation, Sighting, Source } from "twinguard/browser";
import { Locator, type Range } from "./locate.js";
import type { DiffPart, FindingView, Mark, NearView, SightingView, StepView } from "./protocol.js";
import { setOut } from "./set-out.js";

/** What happened, as the conversation has it. */
export interface Event {
  readonly turn: number;
  readonly source: Source | "call";
  readonly tool: string | null;
  readonly callId: string | null;
  readonly text: string;
}

/** An identifier of a step, with its finding where the guard judged it. */
export interface Found {
  readonly pointer: string;
  readonly span: readonly [start: number, end: number];
  readonly text: string;
  readonly kind: string;
  readonly relation: Relation;
  readonly finding?: Finding;
}

/** What was said of a step besides its identifiers. */
export type Said = Partial<Pick<StepView, "decision" | "note" | "repaired">>;

/** A value compared with itself or with a text of a book's length is shown without marks. */
const LONGEST_COMPARED = 2_000;
const MOST_EDITS = 64;

/** A step in the making. */
class Draft {
  readonly locator: Locator;
  readonly marks: (Mark & { readonly value: string })[] = [];
  constructor(readonly event: Event) {
    this.locator = new Locator(event.text);
  }
}

/** A conversation that grows step by step, in the order in which the model lived it. */
export class Transcript {
  readonly #drafts: Draft[] = [];

  /** Adds a step and finds its identifiers in it. */
  add(event: Event): number {
    return this.#drafts.push(new Draft(event)) - 1;
  }

  /** Marks an identifier. @returns Whether it was found in the text. */
  mark(step: number, found: Found): boolean {
    const draft = this.#drafts[step];
    const range = draft?.locator.find(found.pointer, found.span, found.text);
    if (draft === undefined || range === undefined) return false;
    const [nearest] = found.finding?.nearest ?? [];
    const parts = nearest === undefined ? [] : compare(nearest.value, found.text).filter(({ side }) => side !== "seen");
    const { text: value, kind, relation } = found;
    draft.marks.push({ ...range, value, kind, relation, decision: found.finding?.decision ?? null, parts });
    return true;
  }

  /** The findings of a call with the steps in which their values were seen. */
  findings(step: number, findings: readonly Finding[]): FindingView[] {
    return findings.map(({ written, kind, relation, decision, pointer, message, nearest }) => ({
      written,
      kind,
      relation,
      decision,
      pointer,
      message,
      mark: this.#markOf(step, written, relation),
      nearest: nearest.map(
        ({ value, edit, distance, seenIn }): NearView => ({
          value,
          edit,
          parts: distance === 0 && value === written ? [] : compare(value, written),
          seenIn: seenIn.map((sighting) => this.#sighting(value, sighting)),
        }),
      ),
    }));
  }

  /** A step as it is shown. Ask when every finding has its sightings: they add marks. */
  step(index: number, findings: readonly FindingView[], said: Said): StepView {
    const { event, marks } = this.#drafts[index] as Draft;
    const order = [...marks.keys()].sort((a, b) => (marks[a] as Mark).start - (marks[b] as Mark).start);
    const { text, places } = setOut(
      event.text,
      order.map((at) => marks[at] as Mark),
    );
    const place = new Map(order.map((at, position) => [at, places[position] as Range]));
    return {
      ...event,
      text,
      marks: marks.map(({ value: _, ...mark }, at) => ({ ...mark, ...(place.get(at) as Range) })),
      decision: said.decision ?? null,
      findings,
      note: said.note ?? "",
      repaired: said.repaired ?? null,
    };
  }

  #markOf(step: number, value: string, relation: Relation): number | null {
    const marks = this.#drafts[step]?.marks ?? [];
    const at = marks.findIndex((mark) => mark.value === value && mark.relation === relation);
    return at < 0 ? null : at;
  }

  #sighting(value: string, { source, tool, callId, turn }: Sighting): SightingView {
    const step = this.#drafts.findIndex(
      ({ event }) =>
        event.turn === turn && event.source === source && (callId === undefined ? event.tool === (tool ?? null) : event.callId === callId),
    );
    const label = `${place(source, tool)}, turn ${turn}`;
    const draft = this.#drafts[step];
    if (draft === undefined) return { label, step: null, mark: null };
    const known = draft.marks.findIndex((mark) => mark.value === value);
    if (known >= 0) return { label, step, mark: known };
    // Part of a longer text there: a path, a sentence.
    const range = draft.locator.search(value);
    if (range === undefined) return { label, step, mark: null };
    return { label, step, mark: draft.marks.push({ ...range, value, kind: "", relation: "exact", decision: null, parts: [] }) - 1 };
  }
}

/** Where a text came from, in words. */
export function place(source: Source | "call", tool: string | null | undefined): string {
  switch (source) {
    case "tool-result":
      return `result of ${tool ?? "a tool"}`;
    case "user-message":
      return "user message";
    case "system-prompt":
      return "system prompt";
    case "host":
      return "the host's list";
    case "call":
      return `call of ${tool ?? "a tool"}`;
  }
}

function compare(seen: string, written: string): DiffPart[] {
  if (seen === written) return [];
  const whole: DiffPart[] = [
    { text: seen, side: "seen" },
    { text: written, side: "written" },
  ];
  if (seen.length > LONGEST_COMPARED || written.length > LONGEST_COMPARED) return whole;
  const changes = diffChars(seen, written, { maxEditLength: MOST_EDITS });
  if (changes === undefined) return whole;
  return changes.map(({ value, added, removed }) => ({ text: value, side: added ? "written" : removed ? "seen" : "both" }));
}
