// The table of findings: filtered, sorted, a page at a time. Only the rows of that page are elements.

const PAGE = 50;
/** Choices of a filter; beyond them is the search. */
const MOST_CHOICES = 300;

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {((row: Row) => string | number) | null} by - What it is sorted by; `null` for one that is not.
 * @property {(row: Row) => Child[]} cell
 * @property {string} [style]
 */

/** @type {Column[]} */
const COLUMNS = [
  {
    name: "Decision",
    by: (row) => DECISIONS.indexOf(row.decision),
    cell: (row) => [h("span", { class: `badge ${row.decision}` }, row.decision)],
  },
  {
    name: "Relation",
    by: (row) => row.relation,
    cell: (row) => [h("span", { title: MEANING[row.relation] }, row.relation)],
    style: "word",
  },
  { name: "Written, and seen", by: (row) => whole(row.written), cell: drawValues, style: "values" },
  {
    name: "Tool",
    by: (row) => row.tool,
    cell: (row) => [h("span", {}, row.tool), row.pointer !== "" && h("span", { class: "quiet below" }, row.pointer)],
    style: "tool",
  },
  { name: "Model", by: (row) => row.model, cell: (row) => [row.model], style: "model" },
  { name: "Kind", by: (row) => row.kind, cell: (row) => [row.kind], style: "word" },
  { name: "When", by: (row) => row.at, cell: (row) => [drawTime(row.at)], style: "when" },
  {
    name: "Conversation",
    by: (row) => row.index,
    cell: (row) => [h("span", {}, row.trace), h("span", { class: "quiet below" }, `turn ${row.turn}`)],
    style: "trace",
  },
];

/** Filters, and the field of a row each looks at. */
const FILTERS = /** @type {const} */ ({
  "by-decision": "decision",
  "by-relation": "relation",
  "by-model": "model",
  "by-tool": "tool",
  "by-kind": "kind",
});

const view = {
  /** @type {Row[]} */
  rows: [],
  page: 0,
  column: 0,
  isDescending: false,
  /** @type {Set<number>} */
  open: new Set(),
};

function startTable() {
  part("head", HTMLTableRowElement).append(...COLUMNS.map(drawHead));
  for (const [id, field] of Object.entries(FILTERS)) {
    const select = part(id, HTMLSelectElement);
    select.append(h("option", { value: "" }, "all"), ...choices(field));
    select.addEventListener("change", () => refresh());
  }
  part("search", HTMLInputElement).addEventListener("input", () => refresh());
  const form = part("filters", HTMLFormElement);
  form.addEventListener("submit", (event) => event.preventDefault());
  // The fields are empty only after this event.
  form.addEventListener("reset", () => setTimeout(refresh));
  part("previous", HTMLButtonElement).addEventListener("click", () => turnTo(view.page - 1));
  part("next", HTMLButtonElement).addEventListener("click", () => turnTo(view.page + 1));
  const page = part("page", HTMLInputElement);
  page.addEventListener("change", () => turnTo(Math.round(page.valueAsNumber || 1) - 1));
  refresh();
}

/** @param {Column} column @param {number} at */
function drawHead({ name, by, style }, at) {
  if (by === null) return h("th", { scope: "col", class: style }, name);
  const button = h("button", { type: "button", class: "sort" }, name, h("span", { class: "arrow", "aria-hidden": "true" }));
  button.addEventListener("click", () => {
    view.isDescending = view.column === at && !view.isDescending;
    view.column = at;
    refresh();
    announce(`Sorted by ${name.toLowerCase()}, ${view.isDescending ? "descending" : "ascending"}.`);
  });
  return h("th", { scope: "col", class: style }, button);
}

/** @param {"decision" | "relation" | "model" | "tool" | "kind"} field */
function choices(field) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const row of rows) counts.set(row[field], (counts.get(row[field]) ?? 0) + 1);
  counts.delete("");
  const rank = (/** @type {string} */ value) => (field === "decision" ? DECISIONS.indexOf(value) : 0);
  const sorted = [...counts].sort(([a, m], [b, n]) => rank(a) - rank(b) || n - m || (a < b ? -1 : 1));
  return sorted.slice(0, MOST_CHOICES).map(([value, n]) => h("option", { value }, `${value} (${NUMBER.format(n)})`));
}

/** Shows only what has this value. @param {string} filter @param {string} value */
function choose(filter, value) {
  part("filters", HTMLFormElement).reset();
  const select = part(filter, HTMLSelectElement);
  // Where there are very many, the list may lack this one.
  if (![...select.options].some((option) => option.value === value)) select.append(h("option", { value }, value));
  select.value = value;
  setTimeout(() => {
    refresh();
    select.scrollIntoView({ block: "center" });
    select.focus();
  });
}

/** After every change of a filter or of the order. */
function refresh() {
  const asked = part("search", HTMLInputElement).value.toLowerCase().trim();
  const wanted = Object.entries(FILTERS)
    .map(([id, field]) => ({ field, value: part(id, HTMLSelectElement).value }))
    .filter(({ value }) => value !== "");
  view.rows = rows.filter(
    (row) => wanted.every(({ field, value }) => row[field] === value) && (asked === "" || textOf(row).includes(asked)),
  );
  const by = COLUMNS[view.column]?.by ?? ((row) => row.index);
  const sign = view.isDescending ? -1 : 1;
  view.rows.sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    return x === y ? a.index - b.index : x < y ? -sign : sign;
  });
  document.querySelectorAll("#head th").forEach((head, at) => {
    const isSorted = at === view.column;
    if (isSorted) head.setAttribute("aria-sort", view.isDescending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
  const is = view.rows.length === rows.length;
  part("status", HTMLElement).textContent =
    rows.length === 0
      ? totals.rates.overall.substituted > 0
        ? "Nothing new: what the baseline knows is left out."
        : "Nothing to report: every identifier of every call is one that was shown, or nobody's."
      : is
        ? `${counted(rows.length, "finding")}.`
        : `${NUMBER.format(view.rows.length)} of ${counted(rows.length, "finding")}.`;
  turnTo(0);
}

/** @param {number} page */
function turnTo(page) {
  const pages = Math.max(1, Math.ceil(view.rows.length / PAGE));
  view.page = Math.max(0, Math.min(pages - 1, page));
  const first = view.page * PAGE;
  part("rows", HTMLTableSectionElement).replaceChildren(...view.rows.slice(first, first + PAGE).flatMap(drawRow));
  part("pages", HTMLElement).hidden = pages === 1;
  const field = part("page", HTMLInputElement);
  field.value = String(view.page + 1);
  field.max = String(pages);
  part("of", HTMLElement).textContent = `of ${NUMBER.format(pages)}`;
  // A button that is off would lose the focus.
  part("previous", HTMLButtonElement).setAttribute("aria-disabled", String(view.page === 0));
  part("next", HTMLButtonElement).setAttribute("aria-disabled", String(view.page === pages - 1));
}

/** A row, and the one with its details where it is open. @param {Row} row */
function drawRow(row) {
  const line = h("tr", { class: "finding", id: `row-${row.index + 1}` });
  line.append(
    ...COLUMNS.map(({ cell, style }, at) =>
      at === 2 ? h("th", { scope: "row", class: style }, drawOpener(row, line)) : h("td", { class: style }, ...cell(row)),
    ),
  );
  // The whole row is a target for a mouse; for everybody else it is the button.
  line.addEventListener("click", (event) => {
    const isElsewhere = event.target instanceof Element && event.target.closest("button") === null;
    if (isElsewhere && getSelection()?.isCollapsed !== false) line.querySelector("button")?.click();
  });
  return view.open.has(row.index) ? [line, drawDetailRow(row)] : [line];
}

/** @param {Row} row @param {HTMLTableRowElement} line */
function drawOpener(row, line) {
  const id = `finding-${row.index + 1}`;
  const isOpen = view.open.has(row.index);
  const button = h(
    "button",
    { type: "button", class: "opener", "aria-expanded": String(isOpen), "aria-controls": isOpen && id },
    ...drawValues(row),
  );
  button.addEventListener("click", () => {
    if (view.open.delete(row.index)) {
      line.nextElementSibling?.remove();
      button.setAttribute("aria-expanded", "false");
      button.removeAttribute("aria-controls");
      return;
    }
    view.open.add(row.index);
    line.after(drawDetailRow(row));
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-controls", id);
    remember(id);
  });
  return button;
}

/** @param {Row} row */
function drawDetailRow(row) {
  const cell = h("td", { colspan: COLUMNS.length }, h("p", { class: "quiet" }, "Unpacking …"));
  detailOf(row).then(
    (detail) => cell.replaceChildren(drawDetail(row, detail)),
    (error) => cell.replaceChildren(h("p", { class: "quiet" }, `The details cannot be read: ${error.message}`)),
  );
  return h("tr", { class: "opened", id: `finding-${row.index + 1}` }, cell);
}

/** @param {Row} row */
function drawValues(row) {
  if (whole(row.written) === "") return [h("span", { class: "quiet" }, row.relation === "stopped" ? "the whole call" : "the call")];
  return [
    h("span", { class: "hidden" }, "written "),
    marked(row.written, "written", row.seen),
    row.seen !== null && h("span", { class: "hidden" }, ", seen "),
    row.seen !== null && h("span", { class: "below" }, marked(row.seen, "seen", row.written)),
  ];
}

/** The day, and the time below it, of what looks like a time. @param {string} at */
function drawTime(at) {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?/.exec(at) ?? [];
  if (day === undefined) return at;
  return h("time", { datetime: day, title: at }, day, time !== undefined && h("span", { class: "quiet below" }, time));
}

/** The address of a finding that was opened, to be sent to somebody with the file. @param {string} id */
function remember(id) {
  try {
    history.replaceState(null, "", `#${id}`);
  } catch {
    // Some browsers refuse it for files; nothing depends on it.
  }
}

/** Opens the finding that the address names. */
function openNamed() {
  const number = Number(/^#finding-(\d+)$/.exec(location.hash)?.[1]);
  const at = view.rows.findIndex(({ index }) => index === number - 1);
  if (at < 0) return;
  view.open.add(number - 1);
  turnTo(Math.floor(at / PAGE));
  const line = part(`row-${number}`, HTMLTableRowElement);
  line.scrollIntoView({ block: "start" });
  line.querySelector("button")?.focus();
}
