/**
 * The guard for the Vercel AI SDK (`ai` 7): `generateText`, `streamText` and `ToolLoopAgent`.
 *
 * {@link guardSettings} takes the settings of one of them and gives them back guarded: it reads
 * what each step shows the model, and answers for every tool call through `toolApproval`, so that
 * a blocked call comes back to the model as a denied one, with the guard's message as its reason,
 * and `ask` becomes the SDK's own approval. {@link guardTools} guards tools alone, for places that
 * take nothing else.
 *
 * @module
 */
import type {
  FilePart,
  GenericToolApprovalFunction,
  ImagePart,
  Instructions,
  ModelMessage,
  OnLanguageModelCallStartCallback,
  SystemModelMessage,
  ToolApprovalConfiguration,
  ToolApprovalStatus,
  ToolExecutionOptions,
  ToolResultPart,
  ToolSet,
} from "ai";
import type { Session } from "../session.js";
import { Conversation, type Outcome, TooManyBlocks } from "./conversation.js";

export { Conversation, type ConversationOptions, TooManyBlocks, type Warning } from "./conversation.js";

/** The settings that are read or completed here; all others pass through. */
interface Hooks {
  tools?: ToolSet | undefined;
  toolApproval?: ToolApprovalConfiguration<ToolSet, unknown> | undefined;
  onLanguageModelCallStart?: OnLanguageModelCallStartCallback | undefined;
}

type Approval = GenericToolApprovalFunction<ToolSet, Record<string, never>, unknown>;
type ApprovalOptions = Parameters<Approval>[0];

/**
 * Guards one call of `generateText` or `streamText`, or an agent of one conversation.
 *
 * The settings' own `toolApproval` and their tools' `needsApproval` still count, for the calls that
 * the guard lets pass. When one value was blocked `maxBlocks` times the run fails with
 * {@link TooManyBlocks}.
 *
 * A conversation over several calls, or after an approval, goes on with the same session. Over
 * several processes, give each a new one: the messages bring the history along.
 *
 * @param source - The conversation's session, or a {@link Conversation} with options.
 * @param settings - The settings, handed on as they are but for the two hooks.
 *
 * @example
 * ```ts
 * const { text } = await generateText(
 *   guardSettings(guard.session(), { model, tools, prompt, stopWhen: isStepCount(10) }),
 * );
 * ```
 */
export function guardSettings<S extends object>(source: Session | Conversation, settings: S): S {
  const conversation = Conversation.of(source);
  const own: Hooks = settings; // the function that takes the result checks its types
  const toolApproval: Approval = async (options) => {
    const { toolName, toolCallId, input } = options.toolCall;
    read(conversation, options.messages);
    const outcome = conversation.judge({ tool: toolName, arguments: input, callId: toolCallId });
    if (outcome.action === "stop") throw new TooManyBlocks(outcome);
    if (outcome.action === "refuse") return { type: "denied", reason: outcome.message };
    const status = await ownApproval(own, options);
    const denied = status === "denied" || (typeof status === "object" && status.type === "denied");
    return outcome.action === "ask" && !denied ? { type: "user-approval", reason: outcome.message } : status;
  };
  const onLanguageModelCallStart: OnLanguageModelCallStartCallback = async (event) => {
    conversation.reading(() => {
      readInstructions(conversation, event.instructions);
      for (const tool of event.tools ?? []) conversation.observe(JSON.stringify(tool), { source: "system-prompt" });
    });
    read(conversation, event.messages);
    await own.onLanguageModelCallStart?.(event);
  };
  return { ...settings, toolApproval, onLanguageModelCallStart };
}

/**
 * Guards tools alone: a blocked call is a tool error with the guard's message, `ask` is the tool's
 * `needsApproval`. It sees the messages but not the instructions; tell the session of those
 * yourself. Tools without `execute` run elsewhere and are only asked about.
 *
 * Do not set `toolApproval` for these tools: it takes the place of `needsApproval`, and what should
 * be asked is then refused.
 *
 * @example
 * ```ts
 * const session = guard.session();
 * session.observe(instructions, { source: "system-prompt" });
 * const { text } = await generateText({ model, instructions, prompt, tools: guardTools(session, tools) });
 * ```
 */
export function guardTools<T extends ToolSet>(source: Session | Conversation, tools: T): T {
  const conversation = Conversation.of(source);
  return Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, guardTool(conversation, name, tool)])) as T;
}

function guardTool(conversation: Conversation, name: string, tool: ToolSet[string]): ToolSet[string] {
  const { execute, needsApproval } = tool;
  const judge = (
    input: unknown,
    { toolCallId, messages }: Pick<ToolExecutionOptions<never>, "toolCallId" | "messages">,
    canAsk: boolean,
  ): Outcome => {
    read(conversation, messages);
    return conversation.judge({ tool: name, arguments: input, callId: toolCallId }, canAsk);
  };
  return {
    ...tool,
    needsApproval: async (input: unknown, options: Parameters<Extract<typeof needsApproval, (...args: never) => unknown>>[1]) => {
      const outcome = judge(input, options, true);
      if (outcome.action === "stop") throw new TooManyBlocks(outcome);
      if (outcome.action !== "run") return outcome.action === "ask";
      return typeof needsApproval === "function" ? await needsApproval(input, options) : (needsApproval ?? false);
    },
    ...(execute === undefined
      ? {}
      : {
          execute: (input: unknown, options: ToolExecutionOptions<never>) => {
            // `needsApproval` was asked before; an `ask` that comes this far was approved.
            const outcome = judge(input, options, false);
            if (outcome.action === "stop") throw new TooManyBlocks(outcome);
            if (outcome.action === "refuse") throw new Error(outcome.message);
            return execute(input, options);
          },
        }),
  } as unknown as ToolSet[string];
}

/** What the caller's own settings say about a call, as the SDK would resolve them. */
async function ownApproval(settings: Hooks, options: ApprovalOptions): Promise<ToolApprovalStatus> {
  const { toolCall, messages, toolsContext, runtimeContext } = options;
  const { toolName, toolCallId, input } = toolCall;
  const own = settings.toolApproval;
  if (typeof own === "function") return await own(options);
  const toolContext = (toolsContext as Record<string, unknown> | undefined)?.[toolName];
  const forTool = own !== undefined && Object.hasOwn(own, toolName) ? own[toolName] : undefined;
  if (forTool != null) {
    return typeof forTool === "function" ? await forTool(input, { toolCallId, messages, toolContext, runtimeContext } as never) : forTool;
  }
  const needsApproval =
    settings.tools !== undefined && Object.hasOwn(settings.tools, toolName) ? settings.tools[toolName]?.needsApproval : undefined;
  const needed =
    typeof needsApproval === "function"
      ? await needsApproval(input, { toolCallId, messages, context: toolContext as never })
      : needsApproval;
  return needed ? "user-approval" : undefined;
}

/** Tells a conversation of the messages the model is shown. They stay the same for one answer. */
function read(conversation: Conversation, messages: readonly ModelMessage[]): void {
  conversation.reading(() => {
    for (const message of messages) {
      conversation.beginTurn(message);
      readMessage(conversation, message);
    }
  });
  conversation.beginTurn(messages);
}

function readMessage(conversation: Conversation, message: ModelMessage): void {
  const isUser = message.role === "user"; // what the assistant wrote is no source
  if (typeof message.content === "string") {
    if (message.role !== "assistant") conversation.observe(message.content, { source: isUser ? "user-message" : "system-prompt" });
    return;
  }
  for (const part of message.content) {
    switch (part.type) {
      case "text":
        if (isUser) conversation.observe(part.text, { source: "user-message" });
        break;
      case "image":
      case "file":
        if (isUser) conversation.observe(textOfFile(part), { source: "user-message", incomplete: true });
        break;
      case "tool-call":
        conversation.recall({ tool: part.toolName, arguments: part.input, callId: part.toolCallId });
        break;
      case "tool-result": {
        const { text, incomplete } = textOfOutput(part.output);
        conversation.observe(text, { tool: part.toolName, callId: part.toolCallId, incomplete });
        break;
      }
    }
  }
}

/** What the model gets to read of a result, and whether it gets more than that. */
function textOfOutput(output: ToolResultPart["output"]): { text: string; incomplete: boolean } {
  switch (output.type) {
    case "text":
    case "error-text":
      return { text: output.value, incomplete: false };
    case "execution-denied":
      // The guard's own reason, or the words of the person who denied.
      return { text: output.reason ?? "", incomplete: false };
    case "content": {
      const texts = output.value.map((item) => (item.type === "text" ? item.text : ""));
      const incomplete = output.value.some((item) => item.type !== "text");
      return { text: texts.length === 1 ? (texts[0] ?? "") : JSON.stringify(texts), incomplete };
    }
    default:
      return { text: JSON.stringify(output.value), incomplete: false };
  }
}

function readInstructions(conversation: Conversation, instructions: Instructions | undefined): void {
  if (instructions === undefined) return;
  const messages: (string | SystemModelMessage)[] = Array.isArray(instructions) ? instructions : [instructions];
  for (const message of messages) {
    conversation.observe(typeof message === "string" ? message : message.content, { source: "system-prompt" });
  }
}

/** The text of a file that carries it as text; the bytes of others are not read. */
function textOfFile(part: ImagePart | FilePart): string {
  const data: unknown = part.type === "file" ? part.data : undefined;
  const isText = typeof data === "object" && data !== null && "type" in data && data.type === "text" && "text" in data;
  return isText ? String(data.text) : "";
}
