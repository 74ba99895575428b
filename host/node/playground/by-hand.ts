/** The part of the page where everybody is their own agent: one live session, fed by two forms. */

import type { Effect, Source } from "twinguard/browser";
import { byId, clip, count } from "./dom.js";
import { Engine, Stopped } from "./engine.js";
import type { Jobs, StepView } from "./protocol.js";
import { TranscriptView } from "./transcript.js";

export function byHand(): void {
  const status = byId("hand-status", HTMLElement);
  const problem = byId("hand-problem", HTMLElement);
  const stop = byId("hand-stop", HTMLButtonElement);
  const policy = byId("policy", HTMLTextAreaElement);
  const source = byId("source", HTMLSelectElement);
  const shownTool = byId("shown-tool", HTMLInputElement);
  const content = byId("content", HTMLTextAreaElement);
  const tool = byId("tool", HTMLInputElement);
  const args = byId("arguments", HTMLTextAreaElement);
  const effect = byId("effect", HTMLSelectElement);
  const empty = byId("hand-empty", HTMLElement);
  const engine = new Engine("guard");
  const view = new TranscriptView(byId("hand-steps", HTMLOListElement), "h");
  /** Whether the worker holds a session, and which: an answer of one before is not shown. */
  let open = false;
  let generation = 0;

  async function session(): Promise<void> {
    if (open) return;
    await engine.ask("open", policy.value);
    open = true;
  }

  function forget(): void {
    open = false;
    generation++;
    view.show([]);
    empty.hidden = false;
  }

  /** Runs what a button asks for; what goes wrong is told below the forms. */
  async function run(action: () => Promise<string>): Promise<void> {
    const own = generation;
    problem.textContent = "";
    stop.hidden = false;
    try {
      const done = await action();
      if (own === generation) status.textContent = done;
    } catch (error) {
      if (error instanceof Stopped) forget();
      problem.textContent = error instanceof Stopped ? "Stopped. The session is gone; start again." : (error as Error).message;
    } finally {
      stop.hidden = true;
    }
  }

  /** Asks for a step and shows it. */
  async function step<J extends "observe" | "check">(job: J, input: Jobs[J][0]): Promise<StepView> {
    const own = generation;
    await session();
    const made = await engine.ask(job, input);
    if (own === generation) {
      empty.hidden = true;
      view.append(made);
    }
    return made;
  }

  byId("observe", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    void run(async () => {
      const { turn, note } = await step("observe", {
        source: source.value as Source,
        tool: shownTool.value.trim(),
        content: content.value,
      });
      return `Turn ${turn}: ${note}.`;
    });
  });

  byId("check", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    void run(async () => {
      const { turn, decision, findings } = await step("check", {
        tool: tool.value.trim() || "tool",
        arguments: args.value,
        effect: (effect.value || null) as Effect | null,
      });
      const messages = findings.map(({ message }) => message).filter((message) => message !== "");
      const about = messages.length > 0 ? messages.join(" ") : count(findings.length, "identifier");
      return `Turn ${turn}: ${decision}. ${clip(about, 1_000)}`;
    });
  });

  byId("policy-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    forget();
    void run(async () => {
      await session();
      return "A new session, under this policy.";
    });
  });

  byId("reset", HTMLButtonElement).addEventListener("click", () => {
    forget();
    void run(async () => {
      await session();
      return "A new session; everything before is forgotten.";
    });
  });

  stop.addEventListener("click", () => engine.stop());
  // Only results come from tools.
  source.addEventListener("change", () => {
    shownTool.disabled = source.value !== "tool-result";
  });
}
