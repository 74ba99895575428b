/** A finding, as a card below its call. */

import type { Relation } from "twinguard/browser";
import { clip, h } from "./dom.js";
import type { DiffPart, FindingView, NearView, SightingView } from "./protocol.js";

/** Longer values are for programs to read. */
const LONGEST_VALUE = 400;
const LONGEST_MESSAGE = 2_000;
const MOST_SHOWN = 200;

/** What a relation means, in a few words. */
const MEANING: Readonly<Record<Relation, string>> = {
  exact: "shown as it is written",
  equivalent: "shown in another spelling",
  derived: "made of shown parts",
  introduced: "the model's own name",
  twin: "never shown, and close to a value that was",
  confusable: "a shown value with look-alike characters",
  recased: "a shown value in another case",
  truncated: "a shown value, cut",
  reprefixed: "a shown value under another prefix",
  rounded: "a shown number, rounded by a 64-bit float",
  invalid: "never shown, and its check digits fail",
  misfield: "shown, but only under other fields",
  collision: "shown, and so was a near twin of it",
  crossed: "shown, but a record of the call says otherwise",
  sibling: "an unseen member of a dense family",
  unseen: "nothing like it was shown",
};

/** Leads to a place in the transcript. */
export type Jump = (step: number, mark: number | null, from: HTMLElement) => void;

/** The findings of a call: the telling ones as cards, the others in a list that opens. */
export function findingsOf(findings: readonly FindingView[], step: number, jump: Jump): HTMLElement[] {
  const telling = findings.filter(({ decision }) => decision !== "allow");
  const allowed = findings.filter(({ decision }) => decision === "allow");
  const parts: HTMLElement[] = [];
  if (telling.length > 0) parts.push(some("findings", telling, (finding) => card(finding, step, jump)));
  if (allowed.length > 0) {
    const title = allowed.length === 1 ? "1 identifier allowed" : `${allowed.length} identifiers allowed`;
    parts.push(
      h(
        "details",
        { class: "allowed" },
        h("summary", {}, title),
        some("plain", allowed, (finding) => allowedItem(finding, jump)),
      ),
    );
  }
  return parts;
}

/** The differing characters of one of the two values, each in an element of its own. */
export function difference(parts: readonly DiffPart[], side: "seen" | "written"): (string | HTMLElement)[] {
  return parts
    .filter((part) => part.side === side || part.side === "both")
    .map((part) =>
      part.side === "both"
        ? clip(part.text, LONGEST_VALUE)
        : h(side === "seen" ? "ins" : "del", {}, visible(clip(part.text, LONGEST_VALUE))),
    );
}

function card(finding: FindingView, step: number, jump: Jump): HTMLElement {
  const { decision, relation, kind, pointer, written, message, mark } = finding;
  const [nearest] = finding.nearest;
  const parts = nearest?.parts ?? [];
  const where = pointer === "" ? "the text" : clip(pointer, LONGEST_VALUE);
  const place = mark === null ? h("code", {}, where) : link(where, step, mark, jump, "code");
  return h(
    "li",
    { class: `finding ${decision}` },
    h(
      "p",
      { class: "relation" },
      h("span", { class: `badge ${decision}` }, decision),
      h("strong", {}, relation),
      h("span", { class: "quiet" }, `${MEANING[relation] ?? ""} · ${kind} in `, place),
    ),
    h(
      "dl",
      {},
      h("dt", {}, "written"),
      h("dd", {}, h("code", {}, ...(parts.length > 0 ? difference(parts, "written") : [visible(clip(written, LONGEST_VALUE))]))),
      ...finding.nearest.flatMap((near) => neighbour(near, jump)),
      message !== "" && h("dt", {}, "message"),
      message !== "" && h("dd", { class: "message" }, ...prose(clip(message, LONGEST_MESSAGE))),
    ),
  );
}

function neighbour(near: NearView, jump: Jump): HTMLElement[] {
  const { value, edit, parts } = near;
  return [
    h("dt", {}, "seen"),
    h(
      "dd",
      {},
      h("code", {}, ...(parts.length > 0 ? difference(parts, "seen") : [visible(clip(value, LONGEST_VALUE))])),
      edit !== "" && h("span", { class: "quiet" }, " ", ...prose(clip(edit, LONGEST_VALUE))),
      h("span", { class: "sightings" }, "in ", ...sightings(near.seenIn, jump)),
    ),
  ];
}

function allowedItem({ written, relation, nearest }: FindingView, jump: Jump): HTMLElement {
  const seenIn = nearest[0]?.seenIn ?? [];
  return h(
    "li",
    {},
    h("code", {}, visible(clip(written, LONGEST_VALUE))),
    h("span", { class: "quiet" }, ` ${relation}${seenIn.length > 0 ? ", seen in " : ""}`),
    ...sightings(seenIn, jump),
  );
}

function sightings(all: readonly SightingView[], jump: Jump): (HTMLElement | string)[] {
  return all.flatMap(({ label, step, mark }, index) => [
    index > 0 ? ", " : "",
    step === null ? clip(label, LONGEST_VALUE) : link(clip(label, LONGEST_VALUE), step, mark, jump),
  ]);
}

function link(text: string, step: number, mark: number | null, jump: Jump, inner: "code" | "span" = "span"): HTMLElement {
  const anchor = h("a", { href: "#" }, h(inner, {}, text));
  anchor.addEventListener("click", (event) => {
    event.preventDefault();
    jump(step, mark, anchor);
  });
  return anchor;
}

/** The guard puts values between backticks. */
function prose(message: string): (string | HTMLElement)[] {
  return message.split("`").map((part, index) => (index % 2 === 1 ? h("code", {}, visible(part)) : part));
}

function some(style: string, findings: readonly FindingView[], item: (finding: FindingView) => HTMLElement): HTMLElement {
  const shown = findings.slice(0, MOST_SHOWN).map(item);
  const rest = findings.length - shown.length;
  return h("ul", { class: style }, ...shown, rest > 0 && h("li", { class: "quiet" }, `and ${rest} more`));
}

/** Characters that nobody sees, by their number: they are what a twin may differ in. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u00a0\u2000-\u200a\u202f\u205f\u3000]/gu,
    (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}
