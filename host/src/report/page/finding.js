// One finding: the conversation around it, a postmortem, and the same as Markdown.

/**
 * A value whose differing characters are marked: for the eye, and in words that only a screen reader
 * comes upon.
 *
 * @param {string[]} pieces
 * @param {"written" | "seen"} side
 * @param {string[] | null} others - The other side; without one nothing differs.
 */
function marked(pieces, side, others) {
  if (others === null) return h("code", { class: "value" }, ...pieces);
  const shown = pieces.map((piece, at) => {
    if (at % 2 === 0) return piece;
    const says = piece === "" ? "something is missing here" : "differs";
    return h("mark", { class: side }, piece === "" ? "·" : piece, h("span", { class: "hidden" }, ` (${says}) `));
  });
  return h("code", { class: "value" }, ...shown);
}

/** @param {Row} row @param {Detail} detail */
function drawDetail(row, detail) {
  const title = `finding-${row.index + 1}-title`;
  return h(
    "section",
    { class: `detail ${row.decision}`, "aria-labelledby": title },
    h("h3", { id: title }, ...prose(detail.postmortem.title)),
    detail.message !== "" && h("p", { class: "message" }, ...prose(detail.message)),
    h("div", { class: "columns" }, drawConversation(row, detail), drawPostmortem(row, detail)),
  );
}

/** @param {Row} row @param {Detail} detail */
function drawConversation(row, detail) {
  const steps = detail.conversation.flatMap((step) => {
    const skipped = step.skipped > 0 && h("li", { class: "skipped" }, `${counted(step.skipped, "event")} left out`);
    return [skipped, drawStep(row, step)].filter((item) => item !== false);
  });
  return h(
    "section",
    { class: "conversation" },
    h("h4", {}, "The conversation"),
    h("p", { class: "quiet" }, h("code", {}, row.trace), ` in ${detail.file}, line ${detail.line}`),
    h("ol", { class: "steps" }, ...steps),
  );
}

/** @type {Record<string, string>} */
const ROLES = { seen: "here the value stood", call: "here it was written", answer: "the tool’s answer", before: "" };

/** @param {Row} row @param {Step} step */
function drawStep(row, { turn, role, title, before, after }) {
  const side = role === "call" ? "written" : "seen";
  const value = side === "written" ? row.written : (row.seen ?? row.written);
  const others = row.seen === null ? null : side === "written" ? row.seen : row.written;
  const isMarked = after !== undefined;
  return h(
    "li",
    { class: `step ${role}` },
    h(
      "p",
      { class: "who" },
      h("strong", {}, title),
      h("span", { class: "quiet" }, ` turn ${turn}${ROLES[role] ? ` · ${ROLES[role]}` : ""}`),
    ),
    h("pre", {}, before, isMarked && h("span", { class: `spot ${side}` }, marked(value, side, others)), after),
  );
}

/** @param {Row} row @param {Detail} detail */
function drawPostmortem(row, detail) {
  const { shown, wrote, outcome, steps } = detail.postmortem;
  const copy = h("button", { type: "button", class: "strong" }, "Copy as Markdown");
  copy.addEventListener("click", () => hand(copy, markdown(row, detail)));
  const copyCommand = h("button", { type: "button", class: "small" }, "Copy the command");
  copyCommand.addEventListener("click", () => hand(copyCommand, detail.replay));
  return h(
    "section",
    { class: "postmortem" },
    h("div", { class: "bar" }, h("h4", {}, "Postmortem"), copy),
    shown.length > 0 && h("h5", {}, "What the model was shown"),
    row.seen !== null && h("p", { class: "big" }, marked(row.seen, "seen", row.written)),
    ...shown.map((line) => h("p", {}, ...prose(line))),
    h("h5", {}, "What it wrote"),
    whole(row.written) !== "" && h("p", { class: "big" }, marked(row.written, "written", row.seen)),
    h("p", {}, ...prose(wrote)),
    h("h5", {}, "What would have happened"),
    ...outcome.map((line) => h("p", {}, ...prose(line))),
    h("h5", {}, "Where it went wrong"),
    h(
      "table",
      { class: "ladder" },
      h("caption", { class: "hidden" }, "Every step from the source to the guard, and how it did"),
      h(
        "tbody",
        {},
        ...steps.map(([name, how]) =>
          h("tr", { class: name.includes("inference") && "here" }, h("th", { scope: "row" }, name), h("td", {}, ...prose(how))),
        ),
      ),
    ),
    h("h5", {}, "To replay it"),
    h("pre", { class: "command" }, detail.replay),
    copyCommand,
  );
}

/** The postmortem as a document of its own. @param {Row} row @param {Detail} detail */
function markdown(row, detail) {
  const { title, shown, wrote, outcome, steps } = detail.postmortem;
  const about = [
    [
      "conversation",
      `${span(row.trace)}, ${span(detail.file)} line ${detail.line}, turn ${row.turn}${detail.call_id ? `, ${span(detail.call_id)}` : ""}`,
    ],
    ["model", span(row.model)],
    ["when", row.at === "" ? NOT_SAID : span(row.at)],
    ["found by", `twinguard: ${row.decision}, ${row.relation} (${MEANING[row.relation] ?? ""})`],
  ];
  const texts = detail.conversation.map(({ turn, role, title, before, after }) => {
    const value = role === "call" ? row.written : (row.seen ?? row.written);
    const text = after === undefined ? before : `${before}${whole(value)}${after}`;
    return `Turn ${turn}, ${line(title)}${ROLES[role] ? ` (${ROLES[role]})` : ""}:\n\n${fenced(text, "")}`;
  });
  return [
    `# Postmortem: ${line(title)}`,
    about.map(([name, value]) => `- ${name}: ${value}`).join("\n"),
    ...(shown.length > 0 ? ["## What the model was shown", shown.map((one) => `- ${line(one)}`).join("\n")] : []),
    "## What it wrote",
    line(wrote),
    detail.message === "" ? "" : `> ${line(detail.message)}`,
    "## What would have happened",
    outcome.map(line).join("\n\n"),
    "## Where it went wrong",
    ["| step | how it did |", "|---|---|", ...steps.map(([name, how]) => `| ${strong(name)} | ${line(how).replaceAll("|", "\\|")} |`)].join(
      "\n",
    ),
    "## To replay it",
    fenced(detail.replay, "sh"),
    "## The conversation, in excerpts",
    ...texts,
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

/** @param {string} name */
function strong(name) {
  return name.includes("inference") ? `**${name}**` : name;
}

/** One line of Markdown: what stands between backticks is code, nothing else is markup. @param {string} text */
function line(text) {
  return text
    .replace(/\s+/g, " ")
    .split("`")
    .map((piece, at, all) => (at % 2 === 1 && at < all.length - 1 ? `\`${piece}\`` : piece.replace(/[\\<>*_[\]#]/g, "\\$&")))
    .join("");
}

/** Code in a line, whatever it holds. @param {string} text */
function span(text) {
  const ticks = "`".repeat(longest(text) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${ticks}${pad}${text.replace(/\s+/g, " ")}${pad}${ticks}`;
}

/** A block of code, whatever it holds. @param {string} text @param {string} language */
function fenced(text, language) {
  const ticks = "`".repeat(Math.max(3, longest(text) + 1));
  return `${ticks}${language}\n${text}\n${ticks}`;
}

/** The longest run of backticks. @param {string} text */
function longest(text) {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

/** Puts a text into the clipboard, and says so. @param {HTMLButtonElement} button @param {string} text */
async function hand(button, text) {
  const isDone = await copied(text);
  const label = button.textContent ?? "";
  announce(isDone ? "Copied." : "This browser does not let the page copy.");
  if (button.dataset["was"] !== undefined) return;
  button.dataset["was"] = label;
  button.textContent = isDone ? "Copied" : "Not copied";
  setTimeout(() => {
    button.textContent = label;
    delete button.dataset["was"];
  }, 2000);
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed, or not there in a page from a disk: the old way.
    const field = h("textarea", { class: "hidden", "aria-hidden": "true", tabindex: -1 });
    field.value = text;
    const before = document.activeElement;
    document.body.append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    if (before instanceof HTMLElement) before.focus();
    return isDone;
  }
}

/** Tells a screen reader. @param {string} text */
function announce(text) {
  part("announce", HTMLElement).textContent = text;
}
