/** What runs in the worker: answers one question after the other. */

import { parentPort } from "node:worker_threads";
import { Guard } from "./index.js";
import type { Session } from "./session.js";
import { type Answer, type Question, toPlain } from "./worker-protocol.js";

if (parentPort === null) throw new Error("this module runs in a worker; import `twinguard/worker`");
const port = parentPort;

let session: Session | undefined;

port.on("message", (question: Question) => port.postMessage(reply(question)));
// Compiles, so that the first question does not wait for it, and says that it is ready.
new Guard();
port.postMessage({ value: undefined, failure: undefined } satisfies Answer);

function reply(question: Question): Answer {
  try {
    const value = answer(question);
    return { value, failure: session?.failure };
  } catch (error) {
    return { error: toPlain(error), failure: session?.failure };
  }
}

function open(): Session {
  if (session === undefined) throw new Error("no session is open");
  return session;
}

function answer(question: Question): unknown {
  switch (question.ask) {
    case "open": {
      const guard = new Guard(question.policy, question.limits);
      session = question.snapshot === undefined ? guard.session() : guard.restore(question.snapshot);
      return undefined;
    }
    case "checkOnce": {
      const { tool, arguments: args, ...options } = question.call;
      return new Guard(question.policy, question.limits).checkOnce(question.seen, tool, args, options);
    }
    case "observe": {
      const { content, ...options } = question.what;
      return open().observe(content, options);
    }
    case "check": {
      const { tool, arguments: args, ...options } = question.call;
      return open().check(tool, args, options);
    }
    case "checkText":
      return open().checkText(question.text);
    case "identify":
      return open().identify(question.text);
    case "snapshot":
      return open().snapshot();
    case "close":
      session = undefined;
      return undefined;
  }
}
