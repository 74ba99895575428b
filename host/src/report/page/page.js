// The page: totals at the top, colours, and the start of everything.

/** @param {Totals} totals */
function drawHero(totals) {
  const { overall } = totals.rates;
  part("rate", HTMLElement).textContent = overall.copied === 0 ? "—" : rounded(overall.per_10000);
  part("interval", HTMLElement).textContent =
    overall.copied === 0
      ? "No call copied an identifier, so nothing is known of how often one comes out wrong."
      : `${counted(overall.substituted, "substitution")} in ${NUMBER.format(overall.copied)} identifiers copied; 95 % interval ${rounded(overall.low)} to ${rounded(overall.high)}`;
  /** @type {[string, Child][]} */
  const counts = [
    ["traces", NUMBER.format(totals.traces)],
    ["calls", NUMBER.format(totals.calls)],
    ["identifiers", NUMBER.format(totals.identifiers)],
  ];
  for (const decision of DECISIONS) {
    const n = totals.by_decision[decision];
    if (n !== undefined && n > 0) counts.push([decision, h("span", { class: `badge ${decision}` }, NUMBER.format(n))]);
  }
  if (totals.stopped > 0) counts.push(["calls cut off", NUMBER.format(totals.stopped)]);
  part("counts", HTMLElement).append(...counts.map(([name, n]) => h("div", {}, h("dt", {}, name), h("dd", {}, n))));
  document.title = `${counted(rows.length, "finding")} in ${counted(totals.traces, "trace")} · twinguard`;
}

/** What could not be read. @param {Totals} totals */
function drawIssues({ unread, issues }) {
  if (unread === 0) return;
  part("issues-title", HTMLElement).textContent = `${counted(unread, "part")} of the input could not be read, or not as it should be`;
  part("issues-list", HTMLElement).append(...issues.map((issue) => h("li", {}, ...prose(issue))));
  if (unread > issues.length) part("issues-list", HTMLElement).append(h("li", {}, `and ${NUMBER.format(unread - issues.length)} more`));
  part("issues", HTMLElement).hidden = false;
}

/** Light or dark, whatever the system says. */
function startTheme() {
  const KEY = "twinguard-report-theme";
  const root = document.documentElement;
  const button = part("theme", HTMLButtonElement);
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset["theme"] ?? (system.matches ? "dark" : "light")) === "dark";
  const label = () => {
    button.textContent = isDark() ? "Light colours" : "Dark colours";
  };
  const kept = stored(() => localStorage.getItem(KEY));
  if (kept === "dark" || kept === "light") root.dataset["theme"] = kept;
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    root.dataset["theme"] = theme;
    stored(() => localStorage.setItem(KEY, theme));
    label();
  });
  system.addEventListener("change", label);
  label();
  button.hidden = false;
}

/** A browser may keep nothing for files. @template T @param {() => T} ask */
function stored(ask) {
  try {
    return ask();
  } catch {
    return null;
  }
}

startTheme();
readRows();
const totals = readTotals();
drawHero(totals);
drawIssues(totals);
drawCharts(totals.rates, choose);
startTable();
for (const id of ["hero", "rates", "findings"]) part(id, HTMLElement).hidden = false;
if (totals.rates.overall.copied === 0) part("rates", HTMLElement).hidden = true;
openNamed();
addEventListener("hashchange", openNamed);
// For whoever measures how long a large file takes.
requestAnimationFrame(() => performance.mark("shown"));
