/**
 * The guard for clients of the Model Context Protocol: `Client` of `@modelcontextprotocol/client` 2
 * and of `@modelcontextprotocol/sdk` 1.
 *
 * {@link guardClient} gives a client that checks each `tools/call` before it leaves, and reads what
 * comes back: results of tools, resources and prompts. A blocked call is answered by a result with
 * `isError: true` and the guard's message, as the protocol wants errors that a model can correct.
 *
 * @module
 */
import type { Session } from "../session.js";
import type { Effect, ObserveOptions } from "../types.js";
import type { Verdict } from "../verdict.js";
import { Conversation, TooManyBlocks } from "./conversation.js";

export { Conversation, type ConversationOptions, TooManyBlocks, type Warning } from "./conversation.js";

/** What the wrapper needs of a client; both SDKs' classes have it. */
export interface McpClient {
  callTool(params: CallParams, ...rest: never[]): Promise<unknown>;
  listTools(...rest: never[]): Promise<unknown>;
  readResource(...rest: never[]): Promise<unknown>;
  getPrompt(...rest: never[]): Promise<unknown>;
  request(request: never, ...rest: never[]): Promise<unknown>;
}

interface CallParams {
  name: string;
  arguments?: Record<string, unknown> | undefined;
}

/** How {@link guardClient} behaves. */
export interface GuardClientOptions {
  /**
   * Asks a person whether a call may run that the guard would not decide alone: `verdict.message`
   * says why. Without it such a call is refused, and the model told to ask the user.
   */
  approve?: (call: { name: string; arguments: Record<string, unknown> }, verdict: Verdict) => boolean | Promise<boolean>;
}

/**
 * Guards a client. The given one stays as it is; use the returned one in its place.
 *
 * The first call lists the server's tools, when nobody has: their descriptions are shown to the
 * model, their names become names that a call may have, and their annotations (`readOnlyHint`,
 * `destructiveHint`) say what a call does. A server that lies there only makes the guard ask less
 * often, a twin is blocked all the same.
 *
 * The protocol does not show what the user typed. Several servers, and the user's words, share one
 * conversation:
 *
 * @example
 * ```ts
 * const conversation = new Conversation(guard.session());
 * const shop = guardClient(shopClient, conversation);
 * const mail = guardClient(mailClient, conversation);
 * conversation.observe("Refund order ORD-55-204817.", { source: "user-message" });
 * const result = await shop.callTool({ name: "refund", arguments: { order_id: "ORD-55-204817" } });
 * ```
 *
 * @throws {@link TooManyBlocks}, from `callTool`, when one value was blocked `maxBlocks` times.
 */
export function guardClient<C extends McpClient>(client: C, source: Session | Conversation, options: GuardClientOptions = {}): C {
  const guarded = new GuardedCalls(client, Conversation.of(source), options);
  return new Proxy(client, {
    get(target, name) {
      if (Object.hasOwn(guarded, name)) return Reflect.get(guarded, name);
      if (UNGUARDED.has(name)) throw new Error(`twinguard does not check tasks: use the unguarded client for \`${String(name)}\``);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Where version 1 calls tools as tasks, past every check. */
const UNGUARDED: ReadonlySet<PropertyKey> = new Set(["experimental", "requestStream"]);

/** Pages of a server's list of tools that are read. */
const MAX_PAGES = 64;

let calls = 0;

/** The methods that take the place of the client's own; one name, one method. */
class GuardedCalls {
  readonly #client: McpClient;
  readonly #conversation: Conversation;
  readonly #approve: GuardClientOptions["approve"];
  readonly #effects = new Map<string, Effect | undefined>();
  #listed: Promise<unknown> | undefined;

  constructor(client: McpClient, conversation: Conversation, { approve }: GuardClientOptions) {
    this.#client = client;
    this.#conversation = conversation;
    this.#approve = approve;
  }

  callTool = (params: CallParams, ...rest: never[]) => this.#checked(params, () => this.#client.callTool(params, ...rest));

  listTools = (...args: never[]) => this.#read("tools/list", () => this.#client.listTools(...args));

  readResource = (...args: never[]) => this.#read("resources/read", () => this.#client.readResource(...args));

  getPrompt = (...args: never[]) => this.#read("prompts/get", () => this.#client.getPrompt(...args));

  /** Would be the way around the four above. */
  request = (request: never, ...rest: never[]) => {
    const { method, params } = request as { method: string; params: CallParams };
    const send = () => this.#client.request(request, ...rest);
    return method === "tools/call" ? this.#checked(params, send) : this.#read(method, send);
  };

  async #checked(params: CallParams, send: () => Promise<unknown>): Promise<unknown> {
    this.#listed ??= this.#listAll();
    await this.#listed;
    const { name } = params;
    const callId = `mcp-${++calls}`; // unique beyond this client: a conversation may have several
    const call = { tool: name, arguments: params.arguments ?? {}, callId, effect: this.#effects.get(name) };
    const { action, message, verdict } = this.#conversation.judge(call, this.#approve !== undefined);
    if (action === "stop") throw new TooManyBlocks({ action, message, verdict });
    if (action === "refuse") return refusal(message);
    if (action === "ask" && !(verdict && (await this.#approved(call, verdict)))) {
      return refusal(`A person was asked, and did not approve this call.\n${message}`);
    }
    const result = await send();
    this.#conversation.reading(() => this.#observe(result, { tool: name, callId }));
    return result;
  }

  async #approved(call: { tool: string; arguments: Record<string, unknown> }, verdict: Verdict): Promise<boolean> {
    return (await this.#approve?.({ name: call.tool, arguments: call.arguments }, verdict)) === true;
  }

  async #read(method: string, send: () => Promise<unknown>): Promise<unknown> {
    const result = await send();
    this.#conversation.reading(() => {
      if (method === "tools/list") this.#readTools(result as ToolList);
      if (method === "resources/read") this.#observe(result, { tool: method });
      if (method === "prompts/get") this.#readPrompt(result as PromptResult);
    });
    return result;
  }

  /** Lists the server's tools. One that cannot list them leaves effects to the policy. */
  async #listAll(): Promise<void> {
    let cursor: string | undefined;
    try {
      for (let page = 0; page < MAX_PAGES; page++) {
        const list = (await this.listTools(...((cursor === undefined ? [] : [{ cursor }]) as never[]))) as ToolList;
        cursor = list.nextCursor;
        if (cursor === undefined) return;
      }
    } catch {
      // No list, no hints: the guard judges by the tool's name.
    }
  }

  #readTools(list: ToolList): void {
    this.#listed ??= Promise.resolve();
    this.#conversation.observe(JSON.stringify({ tools: list.tools.map(({ name }) => ({ name })) }), { source: "host" });
    for (const tool of list.tools) {
      this.#effects.set(tool.name, effectOf(tool.annotations));
      this.#conversation.observe(JSON.stringify(tool), { source: "system-prompt" });
    }
  }

  /** A prompt's messages take the user's place in the conversation; an assistant's are no source. */
  #readPrompt({ messages }: PromptResult): void {
    for (const { role, content } of messages) {
      if (role === "user") this.#observe(content, { source: "user-message" });
    }
  }

  #observe(result: unknown, about: ObserveOptions): void {
    const { seen, incomplete } = withoutBytes(result);
    this.#conversation.observe(JSON.stringify(seen), { ...about, incomplete });
  }
}

interface ToolList {
  tools: { name: string; annotations?: Annotations }[];
  nextCursor?: string;
}

interface Annotations {
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
}

interface PromptResult {
  messages: { role: string; content: unknown }[];
}

function refusal(text: string): { content: { type: "text"; text: string }[]; isError: true } {
  return { content: [{ type: "text", text }], isError: true };
}

/** `destructiveHint` means something only for a tool that changes things, whichever it says. */
function effectOf(annotations: Annotations | undefined): Effect | undefined {
  if (annotations?.readOnlyHint === true) return "reads";
  return annotations?.readOnlyHint === false || annotations?.destructiveHint !== undefined ? "changes" : undefined;
}

/** A result, or a part of one, without the base64 of its pictures, sound and binary resources. */
function withoutBytes(result: unknown): { seen: unknown; incomplete: boolean } {
  let incomplete = false;
  const strip = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(strip);
    const { data, blob, ...rest } = value as Record<string, unknown>;
    if (data !== undefined || blob !== undefined) incomplete = true;
    // Nowhere else: what a tool calls `data` in its structured content is its own.
    for (const key of ["content", "contents", "resource"]) {
      if (key in rest) rest[key] = strip(rest[key]);
    }
    return rest;
  };
  return { seen: strip(result), incomplete };
}
