// Rates as dots with their intervals. A chart is a table whose second column is drawn, so the table
// that stands for it is the chart itself.

/** @type {Record<string, { title: string, about?: string, filter?: string }>} */
const CHARTS = {
  model: { title: "By model", filter: "by-model" },
  tool: { title: "By tool", filter: "by-tool" },
  kind: { title: "By kind of identifier", filter: "by-kind" },
  relation: { title: "By what came out", about: "Each is a share of all that was copied.", filter: "by-relation" },
  provider: { title: "By provider" },
  length: { title: "By length of the identifier" },
  depth: { title: "By text shown before the call" },
  distance: { title: "By messages since it was last shown" },
};
/** Those that stand open. */
const FIRST = ["model", "tool", "kind", "relation"];
/** Rows of a chart before somebody asks for all. */
const MOST_ROWS = 10;
const WEEK_HEIGHT = 208;

/** @param {Totals["rates"]} rates @param {(filter: string, value: string) => void} choose */
function drawCharts(rates, choose) {
  const [first, more] = [part("charts", HTMLElement), part("more-charts", HTMLElement)];
  /** @type {string[]} */
  const others = [];
  for (const chart of rates.by) {
    if (chart.rows.length === 0) continue;
    if (chart.by === "week") {
      const weeks = chart.rows.filter(({ name }) => name !== NOT_SAID);
      if (weeks.length > 0) first.prepend(drawWeeks(chart, weeks, rates.overall));
      continue;
    }
    const about = CHARTS[chart.by];
    if (!about) continue;
    const isFirst = FIRST.includes(chart.by);
    if (!isFirst) others.push(about.title.replace(/^By /, ""));
    (isFirst ? first : more).append(drawRows(chart, about, rates.overall, choose));
  }
  const box = part("more", HTMLElement);
  box.hidden = others.length === 0;
  box.querySelector("summary")?.replaceChildren(`More: by ${others.join(", ")}`);
}

/**
 * @param {Chart} chart
 * @param {{ title: string, about?: string, filter?: string }} about
 * @param {Rate} overall
 * @param {(filter: string, value: string) => void} choose
 */
function drawRows(chart, { title, about, filter }, overall, choose) {
  const isOrdered = filter === undefined && chart.by !== "provider";
  // The surest of the bad ones first.
  const sorted = isOrdered ? chart.rows : chart.rows.toSorted((a, b) => b.per_10000 - a.per_10000 || b.copied - a.copied);
  const top = scale(chart.rows, overall);
  const body = h("tbody");
  /** @param {number} most */
  const draw = (most) =>
    body.replaceChildren(
      ...sorted.slice(0, most).map((row) => {
        const canFilter = filter !== undefined && row.substituted > 0;
        const name = canFilter
          ? h("button", { type: "button", class: "link name", title: "Show these findings" }, row.name)
          : h("span", { class: "name" }, row.name);
        if (canFilter) name.addEventListener("click", () => choose(filter, row.name));
        return h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "plot" }, drawInterval(row, overall, top)), ...numbers(row));
      }),
    );
  draw(MOST_ROWS);
  const all = h("button", { type: "button", class: "small" }, `Show all ${sorted.length}`);
  all.addEventListener("click", () => {
    draw(sorted.length);
    const next = body.children[MOST_ROWS]?.querySelector("button") ?? body.parentElement;
    if (next instanceof HTMLElement) next.focus();
    all.remove();
  });
  const id = `chart-${chart.by}`;
  return h(
    "section",
    { class: "chart", "aria-labelledby": id },
    h("h3", { id }, title),
    about && h("p", { class: "quiet" }, about),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        { tabindex: -1, "aria-labelledby": id },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, chart.by),
            h("td", { class: "plot" }, h("div", { class: "fit" }, drawAxis(top))),
            ...heads(),
          ),
        ),
        body,
      ),
    ),
    sorted.length > MOST_ROWS && all,
  );
}

function heads() {
  return ["per 10,000", "95 % interval", "of copied"].map((name) => h("th", { scope: "col", class: "number" }, name));
}

/** @param {Rate} rate */
function numbers({ per_10000, low, high, substituted, copied }) {
  return [
    h("td", { class: "number" }, h("strong", {}, rounded(per_10000))),
    h("td", { class: "number" }, `${rounded(low)} – ${rounded(high)}`),
    h("td", { class: "number" }, `${NUMBER.format(substituted)} of ${NUMBER.format(copied)}`),
  ];
}

/**
 * The end of the axis: a round number beyond every rate, and beyond every interval that is not so
 * wide that the others would be lost beside it.
 *
 * @param {readonly Rate[]} shown
 * @param {Rate} overall
 */
function scale(shown, overall) {
  const most = Math.max(overall.per_10000, ...shown.map(({ per_10000 }) => per_10000));
  const widest = Math.max(overall.high, ...shown.map(({ high }) => high));
  const needed = most > 0 ? Math.min(widest, most * 2.2) : Math.min(widest, overall.high * 2);
  const step = 10 ** Math.floor(Math.log10(needed || 1));
  const round = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((times) => times * step >= needed) ?? 10;
  return round * step;
}

/** @param {number} value @param {number} top */
function percent(value, top) {
  return `${Math.min(100, (100 * value) / top).toFixed(2)}%`;
}

/** @param {Rate} rate @param {Rate} overall @param {number} top */
function drawInterval({ per_10000, low, high }, overall, top) {
  const all = percent(overall.per_10000, top);
  return svg(
    "svg",
    { class: "interval", "aria-hidden": "true", focusable: "false" },
    svg("line", { class: "ground", x1: "0%", x2: "100%", y1: 12, y2: 12 }),
    svg("line", { class: "overall", x1: all, x2: all, y1: 0, y2: 24 }),
    svg("line", { class: "bar", x1: percent(low, top), x2: percent(high, top), y1: 12, y2: 12 }),
    // It goes on beyond the edge.
    high > top && svg("svg", { x: "100%", y: 12, overflow: "visible" }, svg("path", { class: "beyond", d: "M-5 -5 L0 0 L-5 5" })),
    svg("circle", { cx: percent(per_10000, top), cy: 12, r: 4.5 }),
  );
}

/** @param {number} top */
function drawAxis(top) {
  const tick = (/** @type {number} */ value, /** @type {string} */ anchor) =>
    svg("text", { x: percent(value, top), y: 14, "text-anchor": anchor, class: anchor === "middle" && "minor" }, NUMBER.format(value));
  return svg(
    "svg",
    { class: "interval axis", "aria-hidden": "true", focusable: "false" },
    tick(0, "start"),
    tick(top / 2, "middle"),
    tick(top, "end"),
  );
}

/**
 * Weeks from left to right; the table that says the same opens below.
 *
 * @param {Chart} chart
 * @param {Chart["rows"]} weeks
 * @param {Rate} overall
 */
function drawWeeks(chart, weeks, overall) {
  const top = scale(weeks, overall);
  const [floor, ceiling] = [WEEK_HEIGHT - 28, 12];
  const y = (/** @type {number} */ value) => floor - (Math.min(value, top) / top) * (floor - ceiling);
  const x = (/** @type {number} */ at) => `${(((at + 0.5) / weeks.length) * 100).toFixed(2)}%`;
  const every = Math.ceil(weeks.length / 12);
  const grid = [0, top / 2, top].map((value) =>
    svg("g", {}, svg("line", { class: "grid", x1: "0%", x2: "100%", y1: y(value), y2: y(value) })),
  );
  const marks = weeks.map((week, at) =>
    svg(
      "g",
      {},
      svg("title", {}, `${week.name}: ${rounded(week.per_10000)} per 10,000, ${rounded(week.low)} to ${rounded(week.high)}`),
      svg("line", { class: "bar", x1: x(at), x2: x(at), y1: y(week.low), y2: y(week.high) }),
      svg("circle", { cx: x(at), cy: y(week.per_10000), r: 4.5 }),
      at % every === 0 &&
        svg(
          "text",
          { x: x(at), y: WEEK_HEIGHT - 8, "text-anchor": "middle", class: (at / every) % 3 !== 0 && "minor" },
          week.name.replace(/^\d\d(\d\d)-/, "’$1 "),
        ),
    ),
  );
  const line = y(overall.per_10000);
  const id = "chart-week";
  return h(
    "section",
    { class: "chart wide", "aria-labelledby": id },
    h("h3", { id }, "By week"),
    h(
      "div",
      { class: "weeks" },
      h("div", { class: "scale", "aria-hidden": "true" }, ...[top, top / 2, 0].map((value) => h("span", {}, NUMBER.format(value)))),
      svg(
        "svg",
        {
          class: "week",
          height: WEEK_HEIGHT,
          role: "img",
          "aria-label": "Substitutions per 10,000 by week; the table below has the numbers",
        },
        ...grid,
        svg("line", { class: "overall", x1: "0%", x2: "100%", y1: line, y2: line }),
        ...marks,
      ),
    ),
    h(
      "details",
      {},
      h("summary", {}, "The same as a table"),
      h(
        "table",
        { "aria-labelledby": id },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "week"), ...heads())),
        h("tbody", {}, ...chart.rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.name), ...numbers(row)))),
      ),
    ),
  );
}
