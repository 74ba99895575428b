/** The part of the page that reads recorded conversations. */

import { byId, clip, count, h } from "./dom.js";
import { Engine, packed, Stopped } from "./engine.js";
import type { IssueView, Summary } from "./protocol.js";
import { moved } from "./tabs.js";
import { TranscriptView } from "./transcript.js";
import { gunzip } from "./unpack.js";

const ORDER = ["allow", "warn", "ask", "block"];
const LONGEST_NAME = 120;
const MOST_ISSUES = 200;

export function traces(): void {
  const status = byId("traces-status", HTMLElement);
  const stop = byId("traces-stop", HTMLButtonElement);
  const result = byId("traces-result", HTMLElement);
  const list = byId("conversations", HTMLElement);
  const filter = byId("telling", HTMLInputElement);
  const input = byId("files", HTMLInputElement);
  const drop = byId("drop", HTMLElement);
  const engine = new Engine("guard", "verifier");
  const view = new TranscriptView(byId("steps", HTMLOListElement), "t");
  let conversations: readonly Summary[] = [];
  /** The files and the conversation that were asked for last; earlier answers are not shown any more. */
  let latestFiles = 0;
  let latestChoice = 0;

  async function load(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    // Whatever was under way is no longer wanted.
    const own = ++latestFiles;
    latestChoice++;
    engine.stop();
    status.textContent = "Starting …";
    stop.hidden = false;
    result.hidden = true;
    byId("legend", HTMLElement).hidden = true;
    list.replaceChildren();
    try {
      const loaded = await engine.ask("load", files, (progress) => {
        if (own === latestFiles) status.textContent = progress;
      });
      if (own !== latestFiles) return;
      conversations = loaded.conversations;
      issues(loaded.issues);
      status.textContent = summary(conversations, loaded.issues.length);
      result.hidden = false;
      byId("reading", HTMLElement).hidden = conversations.length === 0;
      filter.checked = false;
      entries();
      const gravest = conversations.reduce(
        (best, { decision }, index) => (rank(decision) > rank(conversations[best]?.decision) ? index : best),
        0,
      );
      if (conversations.length > 0) await choose(gravest, false);
    } catch (error) {
      if (own === latestFiles) tell(error);
    } finally {
      if (own === latestFiles) stop.hidden = true;
    }
  }

  async function choose(index: number, announced: boolean): Promise<void> {
    const own = ++latestChoice;
    for (const option of options()) {
      const chosen = option.dataset["index"] === String(index);
      option.setAttribute("aria-selected", String(chosen));
      option.tabIndex = chosen ? 0 : -1;
    }
    const { id, model, calls, identifiers, file } = conversations[index] as Summary;
    stop.hidden = false;
    try {
      const steps = await engine.ask("show", index);
      if (own !== latestChoice) return;
      const about = [model, count(calls, "call"), count(identifiers, "identifier"), file].filter((word) => word !== null);
      byId("conversation-title", HTMLElement).textContent = clip(id, LONGEST_NAME);
      byId("conversation-about", HTMLElement).textContent = about.map((word) => clip(word, LONGEST_NAME)).join(" · ");
      view.show(steps);
      overview(steps.flatMap(({ findings }, step) => findings.map((finding) => ({ ...finding, step }))));
      if (announced) status.textContent = `Showing ${clip(id, LONGEST_NAME)}.`;
    } catch (error) {
      if (own === latestChoice) tell(error);
    } finally {
      if (own === latestChoice) stop.hidden = true;
    }
  }

  /** Links to what there is to look at. */
  function overview(findings: readonly { step: number; mark: number | null; decision: string; relation: string; written: string }[]): void {
    const telling = findings.filter(({ decision }) => decision !== "allow").sort((a, b) => rank(b.decision) - rank(a.decision));
    const links = telling.slice(0, 20).map(({ step, mark, decision, relation, written }) => {
      const anchor = h("a", { href: "#" }, h("code", {}, clip(written, 60)));
      anchor.addEventListener("click", (event) => {
        event.preventDefault();
        view.jump(step, mark, anchor);
      });
      return h("li", {}, h("span", { class: `badge ${decision}` }, decision), ` ${relation} `, anchor);
    });
    const rest = telling.length - links.length;
    if (rest > 0) links.push(h("li", { class: "quiet" }, `and ${rest} more`));
    byId("overview", HTMLElement).replaceChildren(...links);
    byId("nothing", HTMLElement).hidden = links.length > 0;
  }

  function entries(): void {
    const several = new Set(conversations.map(({ file }) => file)).size > 1;
    const shown = [...conversations.entries()].filter(([, { decision }]) => !filter.checked || decision !== "allow");
    list.replaceChildren(...shown.map(([index, conversation]) => entry(conversation, index, several)));
    const [first] = options();
    if (first !== undefined) first.tabIndex = 0;
    byId("none-telling", HTMLElement).hidden = shown.length > 0;
  }

  function entry({ id, model, calls, decision, file }: Summary, index: number, several: boolean): HTMLElement {
    const about = [model, count(calls, "call"), several ? file : null].filter((word) => word !== null);
    const option = h(
      "div",
      { role: "option", tabindex: "-1", "aria-selected": "false", "data-index": String(index) },
      h("span", { class: `badge ${decision ?? "block"}` }, decision ?? "not judged"),
      h("span", { class: "name" }, clip(id, LONGEST_NAME)),
      h("span", { class: "quiet" }, about.map((word) => clip(word, LONGEST_NAME)).join(" · ")),
    );
    option.addEventListener("click", () => void choose(index, true));
    option.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        void choose(index, true);
        return;
      }
      const all = options();
      const to = moved(event.key, all.indexOf(option), all.length, "ArrowUp", "ArrowDown");
      if (to === undefined) return;
      event.preventDefault();
      option.tabIndex = -1;
      const next = all[to] as HTMLElement;
      next.tabIndex = 0;
      next.focus();
    });
    return option;
  }

  function options(): HTMLElement[] {
    return [...list.querySelectorAll<HTMLElement>('[role="option"]')];
  }

  function tell(error: unknown): void {
    const stopped = error instanceof Stopped;
    // What the worker held went with it.
    if (stopped) result.hidden = true;
    status.textContent = stopped
      ? "Stopped, and forgotten: choose the files again."
      : `That did not work: ${error instanceof Error ? error.message : String(error)}`;
  }

  filter.addEventListener("change", () => {
    entries();
    status.textContent = count(options().length, "conversation");
  });
  stop.addEventListener("click", () => engine.stop());
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    // So that the same file can be chosen again.
    input.value = "";
    void load(files);
  });
  byId("example-button", HTMLButtonElement).addEventListener("click", async () => {
    void load([new File([await gunzip(packed("example"))], "refund.jsonl")]);
  });
  // On all of the page: a file that misses its target must not take the place of the page.
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) drop.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    byId("traces-tab", HTMLElement).click();
    void load([...(event.dataTransfer?.files ?? [])]);
  });
}

function issues(all: readonly IssueView[]): void {
  const items = all
    .slice(0, MOST_ISSUES)
    .map(({ file, line, message }) =>
      h("li", {}, h("code", {}, `${clip(file, LONGEST_NAME)}${line === null ? "" : `, line ${line}`}`), ` ${clip(message, 1_000)}`),
    );
  if (all.length > items.length) items.push(h("li", {}, `and ${all.length - items.length} more`));
  byId("issues-list", HTMLElement).replaceChildren(...items);
  byId("issues", HTMLElement).hidden = all.length === 0;
}

function summary(conversations: readonly Summary[], unread: number): string {
  const calls = conversations.reduce((sum, one) => sum + one.calls, 0);
  const read = [count(conversations.length, "conversation"), count(calls, "call")].join(", ");
  const gravest = [null, "block", "ask", "warn"].flatMap((decision) => {
    const amount = conversations.filter((one) => one.decision === decision).length;
    return amount > 0 ? `${decision ?? "not judged"} in ${amount}` : [];
  });
  const found = gravest.length > 0 ? gravest.join(", ") : "nothing to report";
  return `${read}; ${found}${unread > 0 ? `; ${count(unread, "place")} could not be read` : ""}.`;
}

/** What could not be judged counts as the gravest. */
function rank(decision: string | null | undefined): number {
  return decision == null ? ORDER.length : ORDER.indexOf(decision);
}
