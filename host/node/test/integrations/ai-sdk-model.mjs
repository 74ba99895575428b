import { MockLanguageModelV4, simulateReadableStream } from "ai/test";

/** @typedef {import("./scenarios.mjs").Call} Call */
/** @typedef {Awaited<ReturnType<MockLanguageModelV4["doGenerate"]>>} Generated */
/** @typedef {Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never} StreamPart */

/** @type {Generated["usage"]} */
const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/**
 * @param {Generated["content"][number]} part
 * @returns {StreamPart[]}
 */
function streamed(part) {
  if (part.type === "tool-call") return [part];
  if (part.type !== "text") throw new TypeError(`no such answer: ${part.type}`);
  const id = "0";
  return [
    { type: "text-start", id },
    { type: "text-delta", id, delta: "Done." },
    { type: "text-end", id },
  ];
}

/**
 * A model that gives these answers, one a step.
 *
 * @param {Call[][]} answers
 */
export function scripted(answers) {
  let step = 0;
  let calls = 0;
  /** @returns {{ content: Generated["content"], finishReason: Generated["finishReason"] }} */
  const answer = () => {
    const content = (answers[step++] ?? []).map((call) => ({
      type: /** @type {const} */ ("tool-call"),
      toolCallId: `call_${++calls}`,
      toolName: call.tool,
      input: typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments),
    }));
    if (content.length > 0) return { content, finishReason: { unified: "tool-calls", raw: undefined } };
    return { content: [{ type: "text", text: "Done." }], finishReason: { unified: "stop", raw: undefined } };
  };
  return new MockLanguageModelV4({
    doGenerate: async () => ({ ...answer(), usage, warnings: [] }),
    doStream: async () => {
      const { content, finishReason } = answer();
      /** @type {StreamPart[]} */
      const chunks = [{ type: "stream-start", warnings: [] }, ...content.flatMap(streamed), { type: "finish", finishReason, usage }];
      return { stream: simulateReadableStream({ chunks }) };
    },
  });
}
