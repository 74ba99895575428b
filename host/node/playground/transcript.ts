/** A conversation as a list of steps, every identifier marked. */

import type { Relation } from "twinguard/browser";
import { count, h, number } from "./dom.js";
import { difference, findingsOf, type Jump } from "./finding.js";
import type { Mark, StepView } from "./protocol.js";

/** Steps made at a time: few enough for a frame, so that a long conversation does not hold up the page. */
const BATCH = 40;
/** Longer texts open on demand. */
const LONGEST_CLOSED = 4_000;
/** What an identifier is to the guard that counts as shown. */
const SEEN: readonly Relation[] = ["exact", "equivalent", "derived"];

export class TranscriptView {
  readonly #list: HTMLOListElement;
  readonly #prefix: string;
  #steps: StepView[] = [];
  #made = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param prefix - What the ids of its elements begin with. */
  constructor(list: HTMLOListElement, prefix: string) {
    this.#list = list;
    this.#prefix = prefix;
  }

  /** Shows other steps: the first ones at once, the others bit by bit. */
  show(steps: readonly StepView[]): void {
    clearTimeout(this.#timer);
    this.#steps = [...steps];
    this.#made = 0;
    this.#list.replaceChildren();
    this.#more();
  }

  append(step: StepView): void {
    this.#steps.push(step);
    this.#make(this.#steps.length);
  }

  /** Goes to an identifier, and offers the way back. */
  readonly jump: Jump = (step, mark, from) => {
    this.#make(step + 1);
    const item = document.getElementById(`${this.#prefix}${step}`);
    if (item === null) return;
    let target = mark === null ? null : document.getElementById(`${this.#prefix}${step}-${mark}`);
    if (target === null && mark !== null) {
      // Beyond where a long text is cut.
      item.querySelector<HTMLElement>("button.open")?.click();
      target = document.getElementById(`${this.#prefix}${step}-${mark}`);
    }
    this.#offerWayBack(item, from);
    land(target ?? item);
  };

  #offerWayBack(item: HTMLElement, from: HTMLElement): void {
    for (const old of this.#list.querySelectorAll("button.back")) old.remove();
    if (item.contains(from)) return;
    const button = h("button", { type: "button", class: "back quiet-button" }, "Back to where you were");
    button.addEventListener("click", () => {
      button.remove();
      land(from);
    });
    item.querySelector("header")?.append(button);
  }

  #more(): void {
    this.#make(this.#made + BATCH);
    if (this.#made < this.#steps.length) this.#timer = setTimeout(() => this.#more());
  }

  #make(until: number): void {
    const from = this.#made;
    this.#made = Math.max(from, Math.min(until, this.#steps.length));
    this.#list.append(...this.#steps.slice(from, this.#made).map((step, index) => this.#step(step, from + index)));
  }

  #step(step: StepView, index: number): HTMLElement {
    const id = `${this.#prefix}${index}`;
    const { decision, note, repaired } = step;
    return h(
      "li",
      { id, class: `step ${step.source === "call" ? `call ${decision}` : "shown"}`, tabindex: "-1" },
      h(
        "header",
        {},
        h("h3", {}, title(step)),
        h("span", { class: "quiet" }, `turn ${step.turn}${step.callId === null ? "" : ` · ${step.callId.slice(0, 80)}`}`),
        decision !== null && decision !== "allow" && h("span", { class: `badge ${decision}` }, decision),
        decision === "allow" && h("span", { class: "quiet" }, "allowed"),
      ),
      ...text(step, id),
      note !== "" && h("p", { class: "note" }, note.slice(0, LONGEST_CLOSED)),
      ...findingsOf(step.findings, index, this.jump),
      repaired !== null && h("div", {}, h("p", { class: "quiet" }, "Repaired arguments"), h("pre", {}, repaired.slice(0, LONGEST_CLOSED))),
    );
  }
}

function title({ source, tool }: StepView): string {
  const name = (tool ?? "a tool").slice(0, 120);
  const titles = {
    call: `Call of ${name}`,
    "tool-result": `Result of ${name}`,
    "user-message": "User",
    "system-prompt": "System prompt",
    host: "The host's list",
  };
  return titles[source];
}

function text(step: StepView, id: string): HTMLElement[] {
  if (step.text === "") return [h("p", { class: "quiet" }, "(empty)")];
  const body = h("pre", {}, ...pieces(step, id, LONGEST_CLOSED));
  if (step.text.length <= LONGEST_CLOSED) return [body];
  const hidden = step.marks.filter(({ end }) => end > LONGEST_CLOSED).length;
  const label = `Show all ${number(step.text.length)} characters${hidden > 0 ? `, ${count(hidden, "more identifier")}` : ""}`;
  const open = h("button", { type: "button", class: "open quiet-button" }, label);
  open.addEventListener("click", () => {
    const focused = document.activeElement === open;
    body.replaceChildren(...pieces(step, id, step.text.length));
    open.remove();
    if (!focused) return;
    body.tabIndex = -1;
    body.focus({ preventScroll: true });
  });
  return [body, open];
}

/** The text up to a length, its identifiers in elements. */
function pieces({ text, marks }: StepView, id: string, until: number): (string | HTMLElement)[] {
  const parts: (string | HTMLElement)[] = [];
  let at = 0;
  const order = [...marks.entries()].sort(([, a], [, b]) => a.start - b.start);
  for (const [index, mark] of order) {
    // A path and a name in it: the first one stands for both.
    if (mark.start < at) continue;
    if (mark.end > until) break;
    parts.push(text.slice(at, mark.start), marked(text.slice(mark.start, mark.end), mark, `${id}-${index}`));
    at = mark.end;
  }
  parts.push(text.slice(at, until));
  if (until < text.length) parts.push(" …");
  return parts;
}

function marked(raw: string, { kind, relation, decision, parts }: Mark, id: string): HTMLElement {
  const written = parts.map((part) => part.text).join("");
  const inner = parts.length > 0 && written === raw ? difference(parts, "written") : [raw];
  const telling = decision !== null && decision !== "allow";
  // What a result merely repeats from its own call.
  const echo = decision === null && !SEEN.includes(relation);
  const style = telling ? `telling ${decision}` : echo ? "echo" : undefined;
  const about = [kind, echo ? "not taken as seen: an echo of the call" : decision === null ? "" : relation].filter((word) => word !== "");
  return h("mark", { id, tabindex: "-1", class: style, title: about.join(", ") || undefined }, ...inner);
}

function land(target: HTMLElement): void {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
}
