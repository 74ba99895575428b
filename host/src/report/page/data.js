// What the page carries: rows to sort and filter, and packed details behind them.

/**
 * Written and seen are pieces that are the same and that differ, in turn.
 *
 * @typedef {object} Row
 * @property {number} index - In the order of the input.
 * @property {string} decision
 * @property {string} relation
 * @property {string} tool
 * @property {string} pointer
 * @property {string[]} written
 * @property {string[] | null} seen
 * @property {string} model
 * @property {string} kind
 * @property {string} at
 * @property {string} trace
 * @property {number} turn
 * @property {string} text - What a search looks at; made when somebody searches.
 */

/**
 * @typedef {{ turn: number, skipped: number, role: string, title: string, before: string, after?: string }} Step
 * @typedef {{ title: string, shown: string[], wrote: string, outcome: string[], steps: [string, string][] }} Postmortem
 * @typedef {{ file: string, line: number, call_id: string | null, message: string, conversation: Step[], postmortem: Postmortem, replay: string }} Detail
 * @typedef {{ copied: number, substituted: number, per_10000: number, low: number, high: number }} Rate
 * @typedef {{ by: string, rows: (Rate & { name: string })[] }} Chart
 */

/**
 * @typedef {object} Totals
 * @property {number} traces
 * @property {number} calls
 * @property {number} identifiers
 * @property {number} stopped
 * @property {Record<string, number>} by_decision
 * @property {Record<string, number>} by_relation
 * @property {number} unread
 * @property {string[]} issues
 * @property {{ overall: Rate, by: Chart[] }} rates
 */

/** What no record says. */
const NOT_SAID = "not said";
/** Graver ones first. */
const DECISIONS = ["block", "ask", "warn", "allow"];

/** @type {Record<string, string>} */
const MEANING = {
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
  stopped: "the message with the call was cut off",
  unchecked: "the guard could not check the call",
};

/** @type {Row[]} */
const rows = [];
/** Of every part: the first of its rows, and where its details stand. @type {{ start: number, packed: Element }[]} */
const parts = [];
/** Parts that were opened last. @type {Map<number, Promise<Detail[]>>} */
const opened = new Map();
const MOST_OPENED = 16;

function readRows() {
  const packed = document.querySelectorAll("script.details");
  document.querySelectorAll("script.rows").forEach((script, at) => {
    const details = packed[at];
    if (details) parts.push({ start: rows.length, packed: details });
    for (const row of JSON.parse(script.textContent ?? "[]")) {
      const [decision, relation, tool, pointer, written, seen, model, kind, day, trace, turn] = row;
      rows.push({
        index: rows.length,
        decision,
        relation,
        tool,
        pointer,
        written,
        seen,
        model: model ?? NOT_SAID,
        kind,
        at: day ?? "",
        trace,
        turn,
        text: "",
      });
    }
  });
}

/** @returns {Totals} */
function readTotals() {
  return JSON.parse(part("totals", HTMLScriptElement).text);
}

/** What stands behind a row. @param {Row} row */
async function detailOf(row) {
  const at = parts.findLastIndex(({ start }) => start <= row.index);
  const place = parts[at];
  if (!place) throw new Error("the file ends before this finding");
  const details = opened.get(at) ?? unpack(place.packed.textContent ?? "");
  opened.delete(at);
  opened.set(at, details);
  for (const old of opened.keys()) if (opened.size > MOST_OPENED) opened.delete(old);
  const detail = (await details)[row.index - place.start];
  if (!detail) throw new Error("the file lacks the details of this finding");
  return detail;
}

/** @param {string} packed @returns {Promise<Detail[]>} */
function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

/** @param {string[]} pieces */
function whole(pieces) {
  return pieces.join("");
}

/** What a search looks at. @param {Row} row */
function textOf(row) {
  if (row.text === "") {
    const { decision, relation, tool, pointer, written, seen, model, kind, at, trace } = row;
    row.text = [trace, whole(written), seen ? whole(seen) : "", tool, pointer, model, kind, at, relation, decision]
      .join("\n")
      .toLowerCase();
  }
  return row.text;
}
