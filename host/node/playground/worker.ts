/** What runs beside the page: reads, judges and marks, so that the page never waits. */

import { Guard, type Identifier, InvalidInput, type IssueLine, loadGuard, loadVerifier, type Session } from "twinguard/browser";
import type { CheckForm, Job, Jobs, ObserveForm, Order, Reply, StepView } from "./protocol.js";
import { Recording } from "./recording.js";
import { gunzip, read } from "./unpack.js";
import { Transcript } from "./view.js";

type Run<J extends Job> = (input: Jobs[J][0], progress: (text: string) => void) => Promise<Jobs[J][1]> | Jobs[J][1];

let recordings: readonly Recording[] = [];
let session: Session | undefined;
let transcript = new Transcript();
/** Every text and every call counts one, as the session counts. */
let turn = 0;

const jobs: { readonly [J in Job]: Run<J> } = {
  async load(files, progress) {
    const read: Recording[] = [];
    const issues: IssueLine[] = [];
    for (const [index, file] of files.entries()) {
      progress(files.length === 1 ? `Judging ${file.name} …` : `Judging ${file.name}, file ${index + 1} of ${files.length} …`);
      const recording = await open(file).catch((error: unknown) => cause(error));
      if (recording instanceof Recording) {
        read.push(recording);
        issues.push(...recording.issues);
      } else issues.push({ type: "issue", file: file.name, line: null, message: recording });
    }
    recordings = read;
    return { conversations: recordings.flatMap(({ summaries }) => summaries), issues };
  },

  show(index) {
    let before = 0;
    for (const recording of recordings) {
      const count = recording.summaries.length;
      if (index < before + count) return recording.steps(index - before);
      before += count;
    }
    throw new Error(`there is no conversation ${index}`);
  },

  open(policy) {
    session?.close();
    session = new Guard(policy.trim()).session();
    transcript = new Transcript();
    turn = 0;
    return undefined;
  },

  observe({ source, tool, content }: ObserveForm) {
    const by = source === "tool-result" && tool !== "" ? tool : null;
    let note: string;
    let identifiers: readonly Identifier[] = [];
    try {
      const { incomplete } = current().observe(content, { source, tool: by ?? undefined });
      identifiers = current().identify(content);
      note = `${count(identifiers.length, "identifier")}${incomplete ? "; not everything could be kept" : ""}`;
    } catch (error) {
      // What cannot be a text is no event; one that was refused is, and later verdicts say so.
      if (error instanceof InvalidInput) throw error;
      note = `Not read: ${cause(error)}`;
    }
    const index = transcript.add({ turn: turn++, source, tool: by, callId: null, text: content });
    for (const { span, ...identifier } of identifiers) transcript.mark(index, { ...identifier, span: [span.start, span.end] });
    return transcript.step(index, [], { note });
  },

  check({ tool, arguments: args, effect }: CheckForm): StepView {
    const verdict = current().check(tool, args, { effect: effect ?? undefined });
    const index = transcript.add({ turn: turn++, source: "call", tool, callId: null, text: args });
    for (const finding of verdict.findings) {
      const { span, written: text, pointer, kind, relation } = finding;
      transcript.mark(index, { pointer, text, kind, relation, span: [span.start, span.end], finding });
    }
    const told = verdict.message.split("\n").filter((line) => !verdict.findings.some(({ message }) => message.includes(line)));
    return transcript.step(index, transcript.findings(index, verdict.findings), {
      decision: verdict.decision,
      note: told.join("\n"),
      repaired: verdict.repaired ?? null,
    });
  },
};

const scope = self as unknown as {
  postMessage(reply: Reply): void;
  onmessage: ((event: MessageEvent<Order>) => void) | null;
};

/** Jobs wait for the code and for each other. */
let before: Promise<unknown> = Promise.resolve();

scope.onmessage = ({ data }) => {
  before = before.then(() => ("job" in data ? work(data) : start(data)));
};

/** A component that cannot be loaded is told by the jobs that need it. */
async function start({ guard, verifier }: Exclude<Order, { job: Job }>): Promise<void> {
  try {
    if (guard !== undefined) await loadGuard(await gunzip(guard));
    if (verifier !== undefined) await loadVerifier(await gunzip(verifier));
  } catch (error) {
    scope.postMessage({ failure: cause(error) });
  }
}

async function work({ id, job, input }: Extract<Order, { job: Job }>): Promise<void> {
  try {
    const run = jobs[job] as Run<Job>;
    const answer = await run(input, (progress) => scope.postMessage({ id, progress }));
    scope.postMessage({ id, answer });
  } catch (error) {
    scope.postMessage({ id, error: cause(error) });
  }
}

async function open(file: File): Promise<Recording> {
  return new Recording({ name: file.name, content: await read(file) });
}

function current(): Session {
  if (session === undefined) throw new Error("no session is open");
  return session;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function cause(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
