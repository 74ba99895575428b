/**
 * The guard for the OpenAI Agents SDK (`@openai/agents`).
 *
 * {@link guardTools} puts a tool input guardrail, a tool output guardrail and an approval policy on
 * function tools: a blocked call comes back to the model with the guard's message as the tool's
 * output, and `ask` becomes an interruption of the run, to be approved or rejected.
 * {@link guardOptions} lets the guard read what the user typed, the instructions and the history.
 *
 * Only function tools, MCP servers among them, can be guarded: shell, computer and patch tools have
 * no guardrails, and hosted tools run elsewhere.
 *
 * @module
 */
import type {
  AgentInputItem,
  CallModelInputFilter,
  FunctionTool,
  RunContext,
  Tool,
  ToolGuardrailFunctionOutput,
  ToolInputGuardrailDefinition,
  ToolInputGuardrailFunction,
  ToolOutputGuardrailDefinition,
} from "@openai/agents";
import type { Session } from "../session.js";
import type { ObserveOptions } from "../types.js";
import { Conversation, type Outcome, TooManyBlocks } from "./conversation.js";

export { Conversation, type ConversationOptions, TooManyBlocks, type Warning } from "./conversation.js";

/**
 * Where the conversation is to be found: a session, a {@link Conversation} with options, or, for
 * agents that serve many conversations, a function of the run's own context.
 */
export type ConversationSource<TContext> = Session | Conversation | ((context: TContext) => Session | Conversation);

/**
 * Guards function tools. Other tools pass through unguarded.
 *
 * When one value was blocked `maxBlocks` times the run fails with the SDK's `ToolCallError`, whose
 * `error` is {@link TooManyBlocks}.
 *
 * The approval policy is a function, so the SDK asks a person, too, about a call whose arguments
 * are not even JSON.
 *
 * @param source - The conversation, or how to find it.
 * @param tools - The agent's tools; they are copied, not changed.
 *
 * @example
 * ```ts
 * const session = guard.session();
 * const agent = new Agent({ name: "Support", tools: guardTools(session, [search, refund]) });
 * const result = await run(agent, "Refund order ORD-55-204817.", guardOptions(session));
 * ```
 */
export function guardTools<TContext>(source: ConversationSource<TContext>, tools: readonly Tool<TContext>[]): Tool<TContext>[] {
  return tools.map((tool) => (tool.type === "function" ? guardTool(source, tool) : tool));
}

/**
 * Adds to a run's options the filter through which the guard reads each input of the model. A
 * filter of the options' own runs first.
 *
 * @example
 * ```ts
 * await run(agent, input, guardOptions(session, { maxTurns: 20 }));
 * ```
 */
export function guardOptions<TContext, O extends { callModelInputFilter?: CallModelInputFilter }>(
  source: ConversationSource<TContext>,
  options: O = {} as O,
): O & { callModelInputFilter: CallModelInputFilter } {
  const own = options.callModelInputFilter;
  const callModelInputFilter: CallModelInputFilter = async (args) => {
    const modelData = own === undefined ? args.modelData : await own(args);
    const conversation = conversationOf(source, args.context as TContext);
    conversation.beginTurn({});
    conversation.reading(() => {
      if (modelData.instructions !== undefined) conversation.observe(modelData.instructions, { source: "system-prompt" });
      for (const item of modelData.input) readItem(conversation, item);
    });
    return modelData;
  };
  // A filter that only reads needs no copies.
  callModelInputFilter.preserveInputIdentity = own === undefined || own.preserveInputIdentity === true;
  return { ...options, callModelInputFilter };
}

/** The guardrail that checks a call: for `toolInputGuardrails` of an MCP server. */
export function inputGuardrail<TContext>(source: ConversationSource<TContext>): ToolInputGuardrailDefinition<TContext> {
  return { type: "tool_input", name: "twinguard", run: judge(source) };
}

/** The guardrail that reads a result: for `toolOutputGuardrails` of an MCP server. */
export function outputGuardrail<TContext>(source: ConversationSource<TContext>): ToolOutputGuardrailDefinition<TContext> {
  return {
    type: "tool_output",
    name: "twinguard",
    run: async ({ context, toolCall, output }) => {
      const conversation = conversationOf(source, context.context);
      conversation.reading(() => observe(conversation, output ?? String(output), { tool: toolCall.name, callId: toolCall.callId }));
      return { behavior: { type: "allow" } };
    },
  };
}

function guardTool<TContext>(source: ConversationSource<TContext>, tool: FunctionTool<TContext>): FunctionTool<TContext> {
  const needsApproval: typeof tool.needsApproval = async (context, input, callId) => {
    const conversation = conversationOf(source, context.context as TContext);
    const { action } = conversation.judge({ tool: tool.name, arguments: input, callId });
    // What is refused needs nobody's approval: the guardrail turns it down.
    return action === "ask" || (action === "run" && (await tool.needsApproval(context, input, callId)));
  };
  return {
    ...tool,
    needsApproval,
    inputGuardrails: [inputGuardrail(source), ...(tool.inputGuardrails ?? [])],
    outputGuardrails: [...(tool.outputGuardrails ?? []), outputGuardrail(source)],
  };
}

function judge<TContext>(source: ConversationSource<TContext>): ToolInputGuardrailFunction<TContext> {
  return async ({ context, toolCall }) => {
    const { name, callId } = toolCall;
    const conversation = conversationOf(source, context.context);
    // The approval policy came first and decided; an `ask` that comes this far was approved. The
    // SDK sees to it that both speak of the same call.
    const outcome =
      conversation.outcomeOf(callId) ??
      conversation.judge({ tool: name, arguments: argumentsOf(toolCall.arguments), callId }, isApproved(context, name, callId));
    return answer(outcome);
  };
}

function answer(outcome: Outcome): ToolGuardrailFunctionOutput {
  const { action, message, verdict } = outcome;
  switch (action) {
    case "run":
    case "ask":
      return { behavior: { type: "allow" } };
    case "refuse":
      return { behavior: { type: "rejectContent", message }, outputInfo: { message, findings: verdict?.findings } };
    case "stop":
      // Ends the run as `throwException` would, and says why.
      throw new TooManyBlocks(outcome);
  }
}

function isApproved<TContext>(context: RunContext<TContext>, toolName: string, callId: string): boolean {
  return context.isToolApproved({ toolName, callId }) === true;
}

/** The arguments as the tool will parse them, or the text itself, which is then checked as prose. */
function argumentsOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function conversationOf<TContext>(source: ConversationSource<TContext>, context: TContext): Conversation {
  return Conversation.of(typeof source === "function" ? source(context) : source);
}

function readItem(conversation: Conversation, item: AgentInputItem): void {
  switch (item.type) {
    case undefined:
    case "message":
      // What the assistant wrote is no source.
      if (item.role !== "assistant")
        observe(conversation, item.content, { source: item.role === "user" ? "user-message" : "system-prompt" });
      break;
    case "function_call":
      conversation.recall({ tool: item.name, arguments: argumentsOf(item.arguments), callId: item.callId });
      break;
    case "function_call_result":
      observe(conversation, item.output, { tool: item.name, callId: item.callId });
      break;
    case "shell_call_output":
    case "apply_patch_call_output":
    case "program_output":
      observe(conversation, item.output, { tool: item.type, callId: item.callId });
      break;
    case "hosted_tool_call":
      observe(conversation, item.output, { tool: item.name });
      break;
  }
}

/** Observes content in any of the SDK's forms: a text, one part, a list of parts, another value. */
function observe(conversation: Conversation, content: unknown, about: ObserveOptions): void {
  if (content === undefined) return;
  const parts: unknown[] = Array.isArray(content) && content.every(isPart) ? content : [content];
  const texts = parts.map(textOf);
  const incomplete = parts.some((part) => isPart(part) && !("text" in part));
  conversation.observe(texts.length === 1 ? (texts[0] ?? "") : JSON.stringify(texts), { ...about, incomplete });
}

const PARTS = new Set(["text", "input_text", "image", "input_image", "file", "input_file", "audio"]);

function isPart(value: unknown): value is { type: string } {
  return typeof value === "object" && value !== null && "type" in value && PARTS.has(String(value.type));
}

/** What the model gets to read of a part or a value; nothing of pictures, files and sound. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (isPart(value)) return "text" in value ? String(value.text) : "";
  return JSON.stringify(value) ?? String(value);
}
